"""A channel for the tests of cells: phases that the model may end itself."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from support import Fmu, Phases

if TYPE_CHECKING:
    from collections.abc import Mapping

LONG = 2e5  # s, longer than any phase that ends by itself
Values = dict[str, float]


class Cycler(Fmu):
    """An FMU whose steps may end early; each result has `phase_time` in s."""

    def __init__(self, name: str) -> None:
        super().__init__(name, early_return=True)

    def step(self, duration: float) -> None:
        """Advance by `duration` s, or to where the model ends the phase."""
        _, _, early, last = self._slave.doStep(self.time, duration)
        self.time = last if early else self.time + duration

    def run(
        self, start: Mapping[str, float], phases: Phases, values: Mapping[str, float] | None = None
    ) -> list[Values]:
        """Go through the phases, a step each."""
        self.start(start, phases[0][0], values or {})
        results = []
        for inputs, duration in phases:
            before = self.time
            self.set(inputs)
            self.step(duration)
            results.append(self.read() | {"phase_time": self.time - before})
        return results


@cache
def cycler(name: str) -> Cycler:
    """Return the FMU of a model on a channel, loaded once in a session."""
    return Cycler(name)


def charge(current: float, voltage: float = 4.2, **others: float) -> tuple[Values, float]:
    """Return a charge at `current` (A) to `voltage`, held to C/50."""
    common = {"mode": 1, "current_setpoint": current, "voltage_setpoint": voltage}
    return common | {"cutoff_current": 0.1} | others, LONG


def rest(seconds: float = 3600.0) -> tuple[Values, float]:
    """Return a rest."""
    return {"mode": 0}, seconds


def discharge(current: float, voltage: float = 2.8) -> tuple[Values, float]:
    """Return a discharge at `current` (A) down to `voltage`."""
    return {"mode": 2, "current_setpoint": current, "voltage_setpoint": voltage}, LONG
