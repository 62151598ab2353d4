"""Statistics of normalised innovations: what a person looks at to trust a filter.

If all holds they are independent, of mean 0 and standard deviation 1: of n of them the mean lies
within 2 / sqrt(n), the autocorrelation too, and the sum of squares is a chi-squared of n degrees.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy.special import chdtr, chdtri

KEPT = 48
"""Innovations that are kept: as many as there are rolls in about two days."""
ONE_IN = 0.01
"""Share of windows of innovations that exceed their limit if all holds."""


@dataclass(frozen=True)
class Statistics:
    """Of the last normalised innovations; NaN where there are too few to say.

    `samples`: how many. `autocorrelation`: from one to the next. `chi_squared`: sum of squares of
    the last window, of `degrees`; `level`: share of such sums that would be smaller if all held:
    above 0.99 readings are unlike what was predicted of them.
    """

    samples: int
    mean: float
    deviation: float
    autocorrelation: float
    chi_squared: float
    degrees: int
    level: float

    @property
    def limit(self) -> float:
        """Return what one sum of squares in a hundred exceeds if all holds; NaN without any."""
        return float(chdtri(self.degrees, ONE_IN)) if self.degrees else math.nan


@dataclass
class Record:
    """The last normalised innovations of one instrument; `window`: as many make one chi-squared."""

    window: int
    values: list[float] = field(default_factory=list)
    total: int = 0
    """Innovations ever."""
    tick: int = -1
    """Time of the last one; -1: none yet."""

    def add(self, value: float, tick: int) -> None:
        """Take one, and forget the oldest."""
        self.values.append(value)
        del self.values[:-KEPT]
        self.total, self.tick = self.total + 1, tick

    def statistics(self) -> Statistics:
        """Return what they come to."""
        values, last = np.array(self.values), np.array(self.values[-self.window :])
        count, degrees = len(values), len(last)
        if not count:
            return Statistics(0, math.nan, math.nan, math.nan, math.nan, 0, math.nan)
        away = values - values.mean()
        squares = float(away @ away)
        chi_squared = float(last @ last)
        return Statistics(
            samples=count,
            mean=float(values.mean()),
            deviation=math.sqrt(squares / (count - 1)) if count > 1 else math.nan,
            autocorrelation=float(away[1:] @ away[:-1]) / squares if squares > 0 else math.nan,
            chi_squared=chi_squared,
            degrees=degrees,
            level=float(chdtr(degrees, chi_squared)),
        )

    def save(self) -> dict[str, Any]:
        """Return the record as plain data."""
        return {"values": list(self.values), "total": self.total, "tick": self.tick}

    def load(self, data: dict[str, Any]) -> None:
        """Continue from a saved record."""
        self.values, self.total, self.tick = list(data["values"]), data["total"], data["tick"]
