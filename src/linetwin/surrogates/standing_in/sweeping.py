"""Settings that a line keeps at one value, run at several: what follows from them is recorded too.

A web that runs faster takes less time over a segment and more slurry: a stand-in that knows it has
to know all of that together. So the line itself is run at values within the range, and between
each two neighbours there is a regime of its own.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import numpy as np

from linetwin.errors import Problem, ScenarioError
from linetwin.predictors.stand_in_asking import ALIKE
from linetwin.quantities import vocabulary
from linetwin.scenario.units import display

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from linetwin.scenario.resolved import StationConfig
    from linetwin.surrogates.standing_in.recording import Call

    Recorded = tuple[StationConfig, Call]

STEP: Final = 1.05
"""Ratio of neighbouring values, so that what follows from them stays together [A]."""
EVENLY: Final = 4
"""Steps of a range that begins at 0 or below [A]."""
MOST: Final = 40
"""Values at which a line is run at most."""


@dataclass(frozen=True)
class Sweep:
    """A quantity that is set at stations (paths, or groups), and its values, from low to high."""

    name: str
    stations: tuple[str, ...]
    values: tuple[float, ...]

    def settings(self, node: int) -> tuple[str, ...]:
        """Return what `--set` takes for a value."""
        value = f"{self.values[node]!r} {vocabulary()[self.name].unit}".removesuffix(" 1")
        return tuple(f"{station}.{self.name}={value}" for station in self.stations)

    def told(self, node: int) -> str:
        """Return a value as people read it."""
        return f"{self.name} {display(self.values[node], vocabulary()[self.name])}"


def sweeps_of(calls: Iterable[Recorded], ranges: Mapping[str, tuple[float, float]]) -> list[Sweep]:
    """Return the settings that have to be swept for ranges of what did not vary in a line.

    ScenarioError for a quantity that kept its value and that no station has as a setting.
    """
    by_station: dict[str, list[Recorded]] = {}
    for config, call in calls:
        by_station.setdefault(config.path, []).append((config, call))
    found, problems = [], []
    for name, (low, high) in ranges.items():
        set_at: dict[str, None] = {}
        kept: list[str] = []
        for path, own in by_station.items():
            config, values = own[0][0], list(_values(own, name))
            if any(last - first > ALIKE * max(abs(first), abs(last)) for first, last in values):
                continue
            if name in settings_of(config):
                set_at[config.group or path] = None
            elif values:
                kept.append(f"{display(values[0][0], vocabulary()[name])} at {path}")
        if kept:
            problems.append(_kept(name, kept))
        if set_at:
            found.append(Sweep(name, tuple(set_at), _spread(name, low, high)))
    if problems:
        raise ScenarioError(problems)
    return found


def settings_of(config: StationConfig) -> set[str]:
    """Return the quantities of a station that are set to one number."""
    return {
        name
        for name, value in config.parameters.items()
        if isinstance(value.value, float) and name in vocabulary()
    }


def parted(calls: Sequence[Recorded]) -> list[list[Recorded]]:
    """Return calls of one form in parts that are learnt apart.

    First those of the line as it is, then those of each two neighbouring values of a sweep.
    """
    parts = [[each for each in calls if not each[1].sweep]]
    for sweep in dict.fromkeys(call.sweep for _, call in calls if call.sweep):
        own = [each for each in calls if each[1].sweep == sweep]
        nodes = sorted({call.node for _, call in own})
        parts += [[each for each in own if each[1].node in pair] for pair in pairwise(nodes)]
    return [part for part in parts if part]


def _values(calls: Sequence[Recorded], name: str) -> Iterator[tuple[float, float]]:
    """Yield least and largest value of a quantity at each place of each form of call."""
    ends: dict[object, tuple[float, float]] = {}
    for _, call in calls:
        for place, given in enumerate([call.start, *[phase.inputs for phase in call.phases]]):
            if name in given:
                low, high = float(np.min(given[name])), float(np.max(given[name]))
                known = ends.get((call.form, place), (low, high))
                ends[call.form, place] = min(low, known[0]), max(high, known[1])
    yield from ends.values()


def _spread(name: str, low: float, high: float) -> tuple[float, ...]:
    """Return values from one end of a range to the other; ScenarioError for too many."""
    if low <= 0.0:
        return tuple(np.linspace(low, high, EVENLY + 1).tolist())
    steps = max(1, math.ceil(math.log(high / low) / math.log(STEP) - ALIKE))
    if steps >= MOST:
        message = f"the line would have to be run at {steps + 1} values of {name}"
        hint = f"ends of a ratio of at most {STEP ** (MOST - 1):.0f}"
        raise ScenarioError([Problem(message, "--range", hint)])
    values = np.geomspace(low, high, steps + 1).tolist()
    return (low, *values[1:-1], high)


def _kept(name: str, kept: Sequence[str]) -> Problem:
    message = f"{name} kept its value in the line ({', '.join(kept)}), and is no setting there"
    hint = "a range of the setting that it follows, or of what varies; else the FMU answers"
    return Problem(message, "--range", hint)
