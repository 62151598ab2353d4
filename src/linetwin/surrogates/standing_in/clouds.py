"""Where a line's own items lie within a box: along the axes of their scatter.

What varies in a line varies together (a thicker film carries more solvent), so its items fill a
small part of the box. There a stand-in is surer, and there most calls of another run lie.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.stats import qmc

MARGIN: Final = 1.0
"""Of the range of the lots' means: what is added to what was seen on either side [A]."""
WITHIN: Final = 0.25
"""The same of the range of all items [A]."""
FEW: Final = 6.0
"""Over the number of lots: what is added to `MARGIN` [A]."""
_THIN: Final = 0.05
"""Least margin along an axis, of the scatter of a variable."""
_TRIES: Final = 4


@dataclass(frozen=True)
class Cloud:
    """Items between `low` and `high`, shape (axes,), of `axes` times the scaled variables.

    `axes`: shape (axes, variables).
    """

    axes: np.ndarray
    low: np.ndarray
    high: np.ndarray

    def holds(self, scaled: np.ndarray) -> np.ndarray:
        """Tell which rows lie in it; `scaled`: shape (variables, rows)."""
        along = self.axes @ scaled
        good = (along >= self.low[:, None]) & (along <= self.high[:, None])
        return np.asarray(good.all(axis=0))

    def points(self, count: int, low: np.ndarray, high: np.ndarray) -> np.ndarray:
        """Return points on the variables' scales that fill it, shape (count or fewer, variables).

        `low`, `high`: on the same scales, the box that they do not leave.
        """
        evenly = qmc.LatinHypercube(len(self.low), rng=np.random.default_rng(7)).random(
            _TRIES * count
        )
        along = self.low + (self.high - self.low) * evenly
        found = np.linalg.solve(self.axes, along.T).T
        inside = ((found >= low) & (found <= high)).all(axis=1)
        return np.asarray(found[inside][:count])


def cloud_of(scaled: np.ndarray, lots: np.ndarray, share: float) -> Cloud:
    """Return where items lie, with a share of the margins; `scaled`: shape (variables, items).

    `lots`: number of each item's lot.
    """
    spread = scaled.std(axis=1)
    spread = np.where(spread > 0.0, spread, 1.0)
    centred = (scaled - scaled.mean(axis=1, keepdims=True)) / spread[:, None]
    axes = np.linalg.svd(centred @ centred.T)[0].T / spread
    along = axes @ scaled
    means = np.array([np.bincount(lots, each) / np.bincount(lots) for each in along])
    margins = share * margin_of(along, means)
    margins = np.maximum(margins, _THIN)
    return Cloud(axes, along.min(axis=1) - margins, along.max(axis=1) + margins)


def margin_of(values: np.ndarray, means: np.ndarray) -> np.ndarray:
    """Return how far another run's items may lie beyond those seen, shape (variables,).

    `values`: shape (variables, items); `means`: of the lots, shape (variables, lots).
    """
    few = MARGIN + FEW / means.shape[1]
    return np.asarray(few * np.ptp(means, axis=1) + WITHIN * np.ptp(values, axis=1))
