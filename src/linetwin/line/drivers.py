"""Drivers answer what a station does not decide itself: how long, when it fails, how it varies.

A station never draws its own chance. The stochastic driver draws from named streams; the scripted
one plays a script, for tests and for replaying a recorded line.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Protocol

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from linetwin.line.streams import Streams, StreamState
    from linetwin.scenario.resolved import FailureConfig

TICKS_PER_SECOND = 1000


class Driver(Protocol):
    """What a station asks."""

    def duration(self, unit: str, operation: str, nominal_ticks: int) -> int:
        """Return how long an operation takes [ticks]."""
        ...

    def time_to_failure(self, unit: str, failure: FailureConfig) -> int:
        """Return the operating time until the next failure of this cause [ticks]."""
        ...

    def time_to_repair(self, unit: str, failure: FailureConfig) -> int:
        """Return the time the repair takes once a crew is there [ticks]."""
        ...

    def normal(self, unit: str, cause: str, size: int) -> np.ndarray:
        """Return `size` independent standard normal numbers that vary `cause`."""
        ...

    def uniform(self, unit: str, cause: str, size: int) -> np.ndarray:
        """Return `size` independent numbers, even between 0 and 1, that decide `cause`."""
        ...

    def save(self) -> dict[str, StreamState]:
        """Return the driver's state as plain data."""
        ...

    def load(self, state: dict[str, StreamState]) -> None:
        """Continue from a saved state."""
        ...


class StochasticDriver:
    """Draws from named random streams."""

    def __init__(self, streams: Streams) -> None:
        self._streams = streams

    def duration(self, unit: str, operation: str, nominal_ticks: int) -> int:
        """Return the nominal time: handling times are set, not drawn, in this issue's line."""
        del unit, operation
        return nominal_ticks

    def time_to_failure(self, unit: str, failure: FailureConfig) -> int:
        """Draw an exponential operating time [ticks]."""
        stream = self._streams.get(unit, failure.cause, "time_to_failure")
        mean = failure.time_between_failures.number * TICKS_PER_SECOND
        return max(1, round(stream.exponential(mean)))

    def time_to_repair(self, unit: str, failure: FailureConfig) -> int:
        """Draw a lognormal repair time of the given mean and coefficient of variation [ticks]."""
        stream = self._streams.get(unit, failure.cause, "time_to_repair")
        mean = failure.time_to_repair.number * TICKS_PER_SECOND
        variance = math.log1p(failure.time_to_repair_variation.number**2)
        return max(1, round(stream.lognormal(math.log(mean) - variance / 2, math.sqrt(variance))))

    def normal(self, unit: str, cause: str, size: int) -> np.ndarray:
        """Draw standard normal numbers."""
        return self._streams.get(unit, cause, "normal").standard_normal(size)

    def uniform(self, unit: str, cause: str, size: int) -> np.ndarray:
        """Draw numbers between 0 and 1."""
        return self._streams.get(unit, cause, "uniform").random(size)

    def save(self) -> dict[str, StreamState]:
        """Return the state of the streams."""
        return self._streams.save()

    def load(self, state: dict[str, StreamState]) -> None:
        """Continue the streams."""
        self._streams.load(state)


class ScriptedDriver:
    """Plays a script: lists of answers by (unit, what); silent ones never fail and never vary."""

    NEVER = 1 << 60

    def __init__(self, script: Mapping[tuple[str, str], Sequence[float]]) -> None:
        self._script = {f"{unit}|{what}": list(answers) for (unit, what), answers in script.items()}
        self._used: dict[str, int] = {}

    def _next(self, unit: str, what: str, otherwise: float) -> float:
        name = f"{unit}|{what}"
        position = self._used.get(name, 0)
        answers = self._script.get(name, [])
        if position >= len(answers):
            return otherwise
        self._used[name] = position + 1
        return answers[position]

    def duration(self, unit: str, operation: str, nominal_ticks: int) -> int:
        """Return the next scripted duration of `operation`, else the nominal one [ticks]."""
        return int(self._next(unit, f"duration.{operation}", nominal_ticks))

    def time_to_failure(self, unit: str, failure: FailureConfig) -> int:
        """Return the next scripted time to failure, else never [ticks]."""
        return int(self._next(unit, f"failure.{failure.cause}", self.NEVER))

    def time_to_repair(self, unit: str, failure: FailureConfig) -> int:
        """Return the next scripted time to repair, else one minute [ticks]."""
        return int(self._next(unit, f"repair.{failure.cause}", 60 * TICKS_PER_SECOND))

    def normal(self, unit: str, cause: str, size: int) -> np.ndarray:
        """Return scripted deviations, else zeros."""
        return np.array([self._next(unit, cause, 0.0) for _ in range(size)])

    def uniform(self, unit: str, cause: str, size: int) -> np.ndarray:
        """Return scripted numbers, else one half."""
        return np.array([self._next(unit, cause, 0.5) for _ in range(size)])

    def save(self) -> dict[str, StreamState]:
        """Return how far each list has been played."""
        return {name: [used] for name, used in self._used.items()}

    def load(self, state: dict[str, StreamState]) -> None:
        """Continue the script."""
        self._used = {name: int(values[0]) for name, values in state.items()}
