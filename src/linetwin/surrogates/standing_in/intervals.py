"""What a stand-in's intervals promise: by region, and by lots and points that were held out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from linetwin.predictors.stand_in_limits import WHERE
from linetwin.surrogates.learning.conforming import covered, half_width
from linetwin.surrogates.standing_in.fitting import PARTS

if TYPE_CHECKING:
    from linetwin.predictors.card import Covered

Halves = tuple[float, float, float]
"""Half-widths by region, see `stand_in.WHERE`."""


@dataclass(frozen=True)
class Intervals:
    """Held-out errors of shape (outputs, rows) on the outputs' scales, and what they promise.

    `groups`, `regions`, `parts`: of each row; the first `recorded` rows are a line's items, the
    others designed points. Where the line was seen, the wider counts of what both promise.
    """

    errors: np.ndarray
    groups: np.ndarray
    regions: np.ndarray
    parts: np.ndarray
    recorded: int
    coverage: float

    def halves(self, output: int) -> Halves:
        """Return the half-width in each region."""
        return self._halves(self.errors[output], np.ones(self.errors.shape[1], dtype=bool))

    def error(self, output: int) -> float:
        """Return the root mean square error."""
        return float(np.sqrt((self.errors[output] ** 2).mean()))

    def covered(self, chosen: np.ndarray) -> list[Covered]:
        """Return how many rows lay in intervals that other parts made, of the worst output.

        `chosen`: the outputs that count.
        """
        if not len(chosen):
            return []
        inside = np.zeros((len(chosen), self.errors.shape[1]), dtype=bool)
        for part in range(PARTS):
            own = self.parts == part
            for row, errors in enumerate(self.errors[chosen]):
                halves = np.array(self._halves(errors, ~own))
                inside[row, own] = np.abs(errors[own]) <= halves[self.regions[own]]
        recorded = self._recorded()
        return [
            covered(where, inside[inside[:, rows].mean(axis=1).argmin()][rows])
            for where, rows in (("recorded items", recorded), ("designed points", ~recorded))
        ]

    def _recorded(self) -> np.ndarray:
        return np.arange(self.errors.shape[1]) < self.recorded

    def _halves(self, errors: np.ndarray, rows: np.ndarray) -> Halves:
        """Return the half-widths by some rows; they do not fall on the way out."""
        recorded = self._recorded()
        last = self._half(errors, recorded & rows)
        found = []
        for region in range(len(WHERE)):
            own = ~recorded & (self.regions == region) & rows
            last = max(last, self._half(errors, own))
            found.append(last)
        return found[0], found[1], found[2]

    def _half(self, errors: np.ndarray, rows: np.ndarray) -> float:
        if not rows.any():
            return 0.0
        return half_width(errors[rows], self.groups[rows], self.coverage)[0]
