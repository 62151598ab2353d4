"""Where runs tell what is aimed at: one that fails, or gives no value, keeps nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from linetwin.study.analysing.observing import Observed

NEAREST = 3
"""Points by which it is judged whether a run at a place between them would tell [A]."""
_BY_PLACE = 0.7
"""Part of the misses of one share for all places, below which places are told apart [A]."""
_FEWEST = 2 * NEAREST


@dataclass(frozen=True)
class Telling:
    """The chance that a run tells what is aimed at.

    `points`: (points, factors), `shares`: of each point's runs that told; `factors`: numbers of
    those by which places are told apart, none where failures lie all over.
    """

    points: np.ndarray
    shares: np.ndarray
    factors: tuple[int, ...]

    @property
    def everywhere(self) -> float:
        """Share of all runs that told."""
        return float(self.shares.mean())

    def at(self, places: np.ndarray) -> np.ndarray:
        """Return the chance at places, shape (places, factors) -> (places,).

        That of the nearest point, or of the three nearest together, whichever is less: beside
        where runs fail nothing is promised.
        """
        if not self.factors:
            return np.full(len(places), self.everywhere)
        near = _nearest(self.points[:, self.factors], places[:, self.factors], NEAREST)
        own = self.shares[near]
        return np.asarray(np.minimum(own[:, 0], own.mean(axis=1)))


def telling_of(observed: Observed, figures: Sequence[str], matters: Sequence[int]) -> Telling:
    """Return where runs tell all of `figures`; `matters`: factors that these depend on."""
    made = observed.made
    told = made & np.all([np.isfinite(observed.values(name)) for name in figures], axis=0)
    known = made.any(axis=1) & np.isfinite(observed.shares).all(axis=1)
    points, shares = observed.shares[known], told[known].sum(axis=1) / made[known].sum(axis=1)
    return Telling(points, shares, _apart(points, shares, list(matters)))


def _apart(points: np.ndarray, shares: np.ndarray, matters: list[int]) -> tuple[int, ...]:
    """Return the factors whose neighbours foretell best whether a point left out tells.

    Those that matter, or one more with them; none where one share for all does about as well.
    """
    if len(shares) < _FEWEST or not np.ptp(shares):
        return ()
    others = (shares.sum() - shares) / (len(shares) - 1)
    most = _BY_PLACE * float(np.sum((shares - others) ** 2))
    more = [[n] for n in range(points.shape[1]) if n not in matters]
    tried = [tuple(sorted([*matters, *each])) for each in ([], *more) if [*matters, *each]]
    missed = {each: _missed(points[:, each], shares) for each in tried}
    best = min(tried, key=lambda each: missed[each])
    return best if missed[best] < most else ()


def _missed(points: np.ndarray, shares: np.ndarray) -> float:
    """Return the sum of squares by which the nearest others miss each point's share."""
    near = _nearest(points, points, NEAREST + 1)[:, 1:]  # a point is its own nearest
    return float(np.sum((shares - shares[near].mean(axis=1)) ** 2))


def _nearest(points: np.ndarray, places: np.ndarray, count: int) -> np.ndarray:
    """Return numbers of the nearest points to places, shape (places, count)."""
    from scipy.spatial import cKDTree

    _, found = cKDTree(points).query(places, k=range(1, count + 1))
    return np.asarray(found)
