"""Watching innovations for a shift, and for being larger than they should be.

Both watches have one number: how many values pass on average between two false alarms (ARL). It
holds for independent normalised innovations; those of a filter whose states wander less
than it was told scatter less than 1, and alarm more rarely.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from scipy.optimize import brentq
from scipy.special import chdtr, chdtrc

REFERENCE = 0.5
"""Allowance of the cumulative sum: half the shift, in standard deviations, it is best at."""
_OVERSHOOT = 1.166
"""How far a sum jumps over its limit in effect, twice 0.583 (Siegmund 1985)."""
_LEAST_ARL = 20.0


@cache
def decision_limit(arl: float) -> float:
    """Return the limit at which a two-sided cumulative sum has this average run length.

    Siegmund's approximation (1985, Sequential Analysis); ValueError below 20.
    """
    if arl < _LEAST_ARL:
        message = f"an average run length of {arl:g} is too short: 20 at least"
        raise ValueError(message)

    def excess(limit: float) -> float:
        reach = 2 * REFERENCE * (limit + _OVERSHOOT)
        one_sided = (math.exp(reach) - reach - 1) / (2 * REFERENCE**2)
        return one_sided / 2 - arl

    return float(brentq(excess, 1e-3, 60.0))


@dataclass
class Run:
    """A cumulative sum in one direction; `values` of the run that has it, with their ticks."""

    total: float = 0.0
    values: list[list[float]] = field(default_factory=list)

    def add(self, value: float, tick: int) -> None:
        """Take one value in this direction; a sum that falls to nothing begins anew."""
        self.total = max(0.0, self.total + value - REFERENCE)
        self.values = [*self.values, [tick, value]] if self.total > 0 else []

    def shift(self, sign: float) -> Shift:
        """Return what an alarm tells: the run began by chance, the shift with its first large one.

        Large is half of the largest: what has moved what is expected makes the next ones smaller.
        """
        largest = max(value for _, value in self.values)
        since = next(tick for tick, value in self.values if value >= largest / 2)
        return Shift(int(since), sign * largest)


@dataclass(frozen=True)
class Shift:
    """What an alarm tells: values have shifted from a tick on.

    `size`: the largest value since, with its sign, in standard deviations.
    """

    since: int
    size: float


@dataclass
class Cusum:
    """Two cumulative sums (Page 1954) of normalised innovations: one for each direction."""

    arl: float
    up: Run = field(default_factory=Run)
    down: Run = field(default_factory=Run)

    def add(self, value: float, tick: int) -> Shift | None:
        """Take one value; return a shift for an alarm, after which both sums begin anew."""
        for run, sign in ((self.up, 1.0), (self.down, -1.0)):
            run.add(sign * value, tick)
            if run.total > decision_limit(self.arl):
                self.begin()
                return run.shift(sign)
        return None

    def begin(self) -> None:
        """Begin anew."""
        self.up, self.down = Run(), Run()

    def save(self) -> dict[str, Any]:
        """Return the sums as plain data."""
        return {
            name: {"total": run.total, "values": [list(each) for each in run.values]}
            for name, run in (("up", self.up), ("down", self.down))
        }

    def load(self, data: dict[str, Any]) -> None:
        """Continue from saved sums."""
        self.up, self.down = Run(**data["up"]), Run(**data["down"])


@dataclass
class Window:
    """Sums of squares over windows that do not overlap, each tested against chi-squared.

    `length`: updates in a window; `arl`: updates between two false alarms on average.
    """

    length: int
    arl: float
    total: float = 0.0
    degrees: int = 0
    count: int = 0
    level: float = math.nan
    """Share of windows that would be smaller than the last full one; NaN before the first."""

    def add(self, nis: float, degrees: int) -> bool:
        """Take one update of so many measurements; True where a full window is too large."""
        self.total, self.degrees, self.count = (
            self.total + nis,
            self.degrees + degrees,
            1 + self.count,
        )
        if self.count < self.length:
            return False
        self.level = float(chdtr(self.degrees, self.total))
        tail = float(chdtrc(self.degrees, self.total))
        self.total, self.degrees, self.count = 0.0, 0, 0
        return tail < min(0.5, self.length / self.arl)

    def save(self) -> dict[str, Any]:
        """Return the window as plain data."""
        return {
            "total": self.total,
            "degrees": self.degrees,
            "count": self.count,
            "level": self.level,
        }

    def load(self, data: dict[str, Any]) -> None:
        """Continue from a saved window."""
        self.total, self.degrees = data["total"], data["degrees"]
        self.count, self.level = data["count"], data["level"]
