"""Where a predictor may be asked: inside of what it has seen, near it, or outside."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from scipy.spatial import cKDTree

INSIDE, NEAR, OUTSIDE = 0, 1, 2
WORDS: Final = ("inside", "near", "outside")
OVERHANG: Final = 0.1
"""Share of a feature's range [A] by which a point may leave it and still count as near."""
FARTHEST: Final = 2.0
"""Multiple of `reach` [A] up to which a point counts as near."""
MOST_POINTS: Final = 2_000
_AT_ONCE: Final = 2_048
_BLOCK: Final = 128
_FEW: Final = 5
"""Features up to which a tree of points is quicker than products [D: bench surrogate]."""
_QUANTILE: Final = 0.95
ROUNDING: Final = 1e-9
"""Of a range or a reach: what lies beyond an edge by less lies on it."""
_LEAST_REACH: Final = 1e-5
"""Of a range: nearer than this, points are the same, and distances are not told so finely."""


@dataclass(frozen=True)
class Domain:
    """Ranges of the features, and the training points in them, each range taken as 0 to 1.

    `low`, `high` of shape (features,), `points` of shape (points, features); `reach`: the distance
    to the nearest other point that 95 % of the points keep.
    """

    low: np.ndarray
    high: np.ndarray
    points: np.ndarray
    reach: float

    def judge(self, features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return INSIDE, NEAR or OUTSIDE of rows, and the factor by which intervals widen.

        `features`: shape (rows, features). What is not finite is outside.
        """
        finite = np.isfinite(features).all(axis=1)
        known = np.where(finite[:, None], features, self.low)
        scaled = (known - self.low) / (self.high - self.low)
        excess = np.maximum(np.maximum(-scaled, scaled - 1.0), 0.0).max(axis=1)
        excess = np.where(excess < ROUNDING, 0.0, excess)
        away = self.away(scaled)
        widened = away + excess / OVERHANG
        found = np.full(len(features), NEAR)
        found[(excess == 0.0) & (away <= 1.0 + ROUNDING)] = INSIDE
        far = (excess > OVERHANG * (1 + ROUNDING)) | (away > FARTHEST * (1 + ROUNDING))
        found[far | ~finite] = OUTSIDE
        return found, np.where(found == INSIDE, 1.0, widened)

    def beyond(self, features: np.ndarray) -> np.ndarray:
        """Return which feature of a row is farthest out of its range; -1 where none is.

        `features`: shape (rows, features); what is not finite is farthest out.
        """
        scaled = (features - self.low) / (self.high - self.low)
        excess = np.nan_to_num(np.maximum(-scaled, scaled - 1.0), nan=np.inf)
        return np.where(excess.max(axis=1) > ROUNDING, excess.argmax(axis=1), -1)

    def away(self, scaled: np.ndarray) -> np.ndarray:
        """Return how many times `reach` scaled rows are from the nearest point, 1 at least."""
        if self.points.shape[1] <= _FEW:
            found, _ = self._tree.query(scaled)
            return np.asarray(np.maximum(found / self.reach, 1.0))
        parts = [self._blocks(scaled[at : at + _AT_ONCE]) for at in range(0, len(scaled), _AT_ONCE)]
        return np.concatenate(parts) if parts else np.zeros(0)

    def _blocks(self, rows: np.ndarray) -> np.ndarray:
        """Return the same by products, which are quick; a row within reach asks no further."""
        points, squares = self._shuffled
        own = (rows**2).sum(axis=1)
        least = np.full(len(rows), np.inf)
        nearest = np.zeros(len(rows), dtype=int)
        left = np.arange(len(rows))
        for at in range(0, len(points), _BLOCK):
            part = rows[left] @ points[at : at + _BLOCK].T
            part *= -2.0
            part += squares[at : at + _BLOCK]
            which = part.argmin(axis=1)
            found = part[np.arange(len(left)), which] + own[left]
            better = found < least[left]
            least[left[better]] = found[better]
            nearest[left[better]] = which[better] + at
            left = left[least[left] > self.reach**2]
            if not len(left):
                break
        # products of near points cancel, differences do not
        apart = np.sqrt(((rows[left] - points[nearest[left]]) ** 2).sum(axis=1))
        away = np.ones(len(rows))
        away[left] = np.maximum(apart / self.reach, 1.0)
        return away

    @cached_property
    def _tree(self) -> cKDTree:
        return cKDTree(self.points)

    @cached_property
    def _shuffled(self) -> tuple[np.ndarray, np.ndarray]:
        """The points, neighbours apart, so that the first ones lie all over; and their squares."""
        points = self.points[np.random.default_rng(0).permutation(len(self.points))]
        return points, (points**2).sum(axis=1)


def domain_of(features: np.ndarray) -> Domain:
    """Return the domain of training rows, shape (rows, features), of which none is constant."""
    low, high = features.min(axis=0), features.max(axis=0)
    points = np.unique((features - low) / (high - low), axis=0)
    if len(points) > MOST_POINTS:
        points = points[np.linspace(0, len(points) - 1, MOST_POINTS).astype(int)]
    gaps = np.array([_to_others(points, row) for row in range(len(points))])
    return Domain(low, high, points, max(float(np.quantile(gaps, _QUANTILE)), _LEAST_REACH))


def _to_others(points: np.ndarray, row: int) -> float:
    found = ((points - points[row]) ** 2).sum(axis=1)
    found[row] = np.inf
    return float(np.sqrt(found.min()))
