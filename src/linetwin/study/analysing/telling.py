"""Where runs tell what is aimed at: one that fails, or gives no value, keeps nothing."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from linetwin.study.analysing.inferring import share_within

if TYPE_CHECKING:
    from collections.abc import Sequence

    from linetwin.study.analysing.observing import Observed

TOLD = 0.9
"""Chance with which a run is to tell what is aimed at, where no constraint asks for one [A]."""
NEAREST = 3
"""Points by which it is judged whether neighbours foretell one another [A]."""
_BY_PLACE = 0.7
"""Part of the misses of one share for all places, below which places are told apart [A]."""
_AS_GOOD = 1.1
"""Part of the least misses up to which fewer factors are as good [A]."""
_FEWEST = 2 * NEAREST
"""Points below which no place is told apart [A]."""
_PAIRS = 20
"""Factors up to which all pairs of them are tried [A]."""
_SLOPE = 10.0
"""Standard deviation of the log odds' change over half a span, before anything is seen [A]."""
_STEPS = 50
"""Newton steps at most: a few settle it [A]."""
_MOSTLY = 0.5
"""Share of its runs from which on a point counts as one that tells [A]."""
_FEW = 4
"""Factors up to which the nearest points are those by all of them, where no place is told [A]."""
_POINTS_EACH = 4
"""Points for each coefficient, from which on the curve may bend [A]."""


@dataclass(frozen=True)
class Telling:
    """The chance that a run tells what is aimed at.

    `points`: (points, factors), shares of spans; `shares`: of each point's runs that told;
    `factors`: numbers of those by which places are told apart, none where failures lie all over;
    `near`: those by which the nearest points are looked for, of which there are some always.
    """

    points: np.ndarray
    shares: np.ndarray
    factors: tuple[int, ...]
    near: tuple[int, ...]

    @property
    def narrowing(self) -> tuple[int, ...]:
        """Numbers of the factors by which a place may be one where runs fail."""
        return self.near if (self.shares < _MOSTLY).any() else self.factors

    @property
    def everywhere(self) -> float:
        """Share of all runs that told."""
        return float(self.shares.mean())

    def at(self, places: np.ndarray) -> np.ndarray:
        """Return the chance at places, shape (places, factors) -> (places,).

        The less of two: where failures follow the place, a logistic curve over the factors, with
        what its coefficients leave open averaged over, else the share of all runs; and the edge
        between the nearest point that tells and the nearest that does not, which may lie anywhere
        between them.
        """
        spread = np.full(len(places), self.everywhere)
        if self.factors:
            spread = self._curve(places[:, self.factors])
        return np.asarray(np.minimum(spread, self._edge(places[:, self.near])))

    def _edge(self, places: np.ndarray) -> np.ndarray:
        points, tells = self.points[:, self.near], self.shares >= _MOSTLY
        if tells.all() or not tells.any():
            return np.full(len(places), self.everywhere)
        (near, best), (far, worst) = (
            _nearest(points[each], self.shares[each], places) for each in (tells, ~tells)
        )
        between = near + far
        weight = np.divide(far, between, out=np.full(len(places), 0.5), where=between > 0)
        return np.asarray(weight * best + (1 - weight) * worst)

    def _curve(self, places: np.ndarray) -> np.ndarray:
        columns = self._columns(places)
        coefficients, covariance = self._fitted
        mean = columns @ coefficients
        variance = np.einsum("ij,jk,ik->i", columns, covariance, columns)
        return np.asarray(_chance(mean / np.sqrt(1 + np.pi * variance / 8)))  # MacKay 1992

    @cached_property
    def _fitted(self) -> tuple[np.ndarray, np.ndarray]:
        """Coefficients of the log odds, and their covariance; a point counts once (Newton)."""
        columns = self._columns(self.points[:, self.factors])
        prior = np.full(columns.shape[1], _SLOPE**-2)
        found, curved = np.zeros(columns.shape[1]), np.diag(prior)
        for _ in range(_STEPS):
            chance = _chance(columns @ found)
            weights = np.maximum(chance * (1 - chance), _TINY)
            slope = columns.T @ (self.shares - chance) - prior * found
            curved = (columns.T * weights) @ columns + np.diag(prior)
            step = np.linalg.solve(curved, slope)
            found = found + step * min(1.0, 1.0 / max(float(np.abs(step).max()), _TINY))
            if float(np.abs(step).max()) < _SETTLED:
                break
        return found, np.linalg.inv(curved)

    def _columns(self, places: np.ndarray) -> np.ndarray:
        """Return what the log odds may follow: with squares and products where points tell them."""
        coded = 2 * places - 1
        linear = [np.ones(len(places)), *coded.T]
        pairs = itertools.combinations_with_replacement(range(coded.shape[1]), 2)
        bent = [coded[:, a] * coded[:, b] for a, b in pairs]
        enough = len(self.shares) >= _POINTS_EACH * (len(linear) + len(bent))
        return np.column_stack([*linear, *bent] if enough else linear)


def is_rare(told: int, of: int) -> bool:
    """Whether clearly fewer than `TOLD` of runs tell what is aimed at (Wilson's interval)."""
    return share_within(told, of).high < TOLD


def telling_of(observed: Observed, figures: Sequence[str], matters: Sequence[int]) -> Telling:
    """Return where runs tell all of `figures`; `matters`: factors that these depend on."""
    made = observed.made
    told = made & np.all([np.isfinite(observed.values(name)) for name in figures], axis=0)
    known = made.any(axis=1) & np.isfinite(observed.shares).all(axis=1)
    shares = told[known].sum(axis=1) / made[known].sum(axis=1)
    return by_place(observed.shares[known], shares, matters)


def by_place(points: np.ndarray, shares: np.ndarray, matters: Sequence[int]) -> Telling:
    """Return the chance of telling, by the place where neighbours foretell it.

    By the fewest factors whose neighbours foretell as well as those of any do whether a point left
    out tells: one, two, those that matter, or all. None where one share for all does about as well.
    """
    near = tuple(sorted(matters))
    if not near or points.shape[1] <= _FEW:
        near = tuple(range(points.shape[1]))
    if len(shares) < _FEWEST or not np.ptp(shares):
        return Telling(points, shares, (), near)
    others = (shares.sum() - shares) / (len(shares) - 1)
    most = _BY_PLACE * float(np.sum((shares - others) ** 2))
    every = range(points.shape[1])
    tried = {*((n,) for n in every), tuple(every)} | ({tuple(sorted(matters))} - {()})
    if len(every) <= _PAIRS:
        tried |= set(itertools.combinations(every, 2))
    missed = {each: _missed(points[:, each], shares) for each in tried}
    least = min(missed.values())
    good = [each for each in tried if missed[each] <= min(_AS_GOOD * least + _TINY, most)]
    best = min(good, key=lambda each: (len(each), missed[each], each), default=())
    return Telling(points, shares, best, best or near)


def _missed(points: np.ndarray, shares: np.ndarray) -> float:
    """Return the sum of squares by which the nearest others miss each point's share."""
    from scipy.spatial import cKDTree

    _, near = cKDTree(points).query(points, k=NEAREST + 1)
    own = np.arange(len(points))[:, None]
    others = np.where(near == own, near[:, -1:], near)[:, :NEAREST]  # itself is no neighbour
    return float(np.sum((shares - shares[others].mean(axis=1)) ** 2))


def _nearest(
    points: np.ndarray, shares: np.ndarray, places: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the distance of each place to the nearest point, and that point's share."""
    from scipy.spatial import cKDTree

    distances, near = cKDTree(points).query(places)
    return np.asarray(distances), shares[near]


def _chance(odds: np.ndarray) -> np.ndarray:
    return np.asarray(1 / (1 + np.exp(-np.clip(odds, -_MOST, _MOST))))


_TINY, _SETTLED, _MOST = 1e-12, 1e-9, 500.0
