"""Whether a change that was made does what was foretold of it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from linetwin.estimation.scores import NORMAL_95

if TYPE_CHECKING:
    from linetwin.twin.writing.proposal import Expected

Verdict = Literal["as foretold", "not as foretold", "not known yet"]
LEAST_LOTS = 3
"""Lots made with the new set value whose readings are waited for [A]."""
_UNDER_WAY = 1
"""Lots that were in hand when it was changed: they are partly of the old one."""


@dataclass
class Watch:
    """Takes readings of lots; `begun`: lots that the station had handed over at the change."""

    expected: Expected
    begun: int
    readings: dict[int, float] = field(default_factory=dict)

    def take(self, given: int, value: float) -> None:
        """Take what the instrument shows after so many lots; the last reading of a lot counts."""
        if given > self.begun + _UNDER_WAY and math.isfinite(value):
            self.readings[given] = value

    @property
    def mean(self) -> float:
        """Mean of the lots' readings; NaN where there is none."""
        values = list(self.readings.values())
        return sum(values) / len(values) if values else math.nan

    @property
    def allowed(self) -> tuple[float, float]:
        """Between what the mean lies in 95 of 100 cases if all is as foretold.

        The readings' deviation is not divided by their number: the instrument's bias stays.
        """
        median, low, high = self.expected.then
        reach = math.hypot((high - low) / 2, NORMAL_95 * self.expected.deviation)
        return median - reach, median + reach

    def verdict(self) -> Verdict:
        """Return whether it came as foretold."""
        if len(self.readings) < LEAST_LOTS:
            return "not known yet"
        low, high = self.allowed
        return "as foretold" if low <= self.mean <= high else "not as foretold"
