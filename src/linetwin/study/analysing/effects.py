"""Main effects and interactions of two factors, by least squares on factors coded -1 to 1."""

from __future__ import annotations

import itertools
import math
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from linetwin.results.inference import CONFIDENCE, student_quantile
from linetwin.study.analysing.inferring import Estimate

if TYPE_CHECKING:
    from collections.abc import Sequence

SPARE = 4
"""Runs more than there are effects, before a fit with interactions tells anything [A]."""


class Effect(NamedTuple):
    """What one factor, or two together, do to a figure.

    `factors`: their numbers; `change`: of the figure from the low to the high end of the span; of
    two, half of how much the effect of one differs between the ends of the other.
    """

    factors: tuple[int, ...]
    change: Estimate


class Effects(NamedTuple):
    """All effects on a figure, largest first.

    `explained`: share of the variance of the points' means that they hold; `alone`: whether each
    factor was fitted by itself, for there are more of them than points allow.
    """

    effects: tuple[Effect, ...]
    explained: float
    alone: bool


def effects(shares: np.ndarray, values: np.ndarray) -> Effects:
    """Return the effects of factors; `shares`: (points, factors), `values`: (points, replications).

    Intervals hold what the fit leaves of the points' means, and how the effect differs from seed to
    seed, added: where the fit leaves noise of the seeds they are wider than 95 %, never narrower.
    NaN where neither is known.
    """
    known = np.isfinite(shares).all(axis=1) & np.isfinite(values).any(axis=1)
    coded, seen = 2.0 * shares[known] - 1.0, values[known]
    count = coded.shape[1]
    means = _means(seen)
    if len(means) < 2 or not np.ptp(means):  # noqa: PLR2004
        return Effects((), math.nan, alone=False)
    single: list[tuple[int, ...]] = [(number,) for number in range(count)]
    pairs: list[tuple[int, ...]] = list(itertools.combinations(range(count), 2))
    terms = single + pairs if len(means) >= 1 + len(single) + len(pairs) + SPARE else single
    if _saturated(coded, len(single) + len(pairs)):
        terms = single + pairs
    if len(means) < 1 + len(terms):
        return _alone(coded, seen, single)
    return _together(coded, seen, terms)


def _saturated(coded: np.ndarray, terms: int) -> bool:
    """Whether all factors stand at their ends and the points hold all pairs without a remainder."""
    ends = bool((np.abs(np.abs(coded) - 1.0) < _ALIKE).all())
    return ends and len(coded) >= 1 + terms


def _together(coded: np.ndarray, seen: np.ndarray, terms: Sequence[tuple[int, ...]]) -> Effects:
    columns = [np.prod(coded[:, list(term)], axis=1) for term in terms]
    design = np.column_stack([np.ones(len(coded)), *columns])
    rank = int(np.linalg.matrix_rank(design))
    if rank < design.shape[1]:
        if any(len(term) > 1 for term in terms):
            return _together(coded, seen, [term for term in terms if len(term) == 1])
        return _alone(coded, seen, terms)
    means = _means(seen)
    inverse = np.linalg.pinv(design)
    found = inverse @ means
    left = means - design @ found
    freedom = len(means) - rank
    spread = float(left @ left) / freedom if freedom else math.nan
    of_fit = (inverse**2).sum(axis=1) * spread
    of_seeds = _by_seed(inverse, seen)
    around = ((means - means.mean()) ** 2).sum()
    told = [
        Effect(term, _scaled(found[n], of_fit[n], freedom, *of_seeds[n]))
        for n, term in enumerate(terms, 1)
    ]
    return Effects(_sorted(told), 1.0 - float(left @ left / around), alone=False)


def _alone(coded: np.ndarray, seen: np.ndarray, terms: Sequence[tuple[int, ...]]) -> Effects:
    """Fit each factor by itself: what the others do is then noise to it.

    Intervals hold for all factors at once (Bonferroni), for one looks at the largest of many.
    """
    means, count = _means(seen), len(seen)
    around = coded - coded.mean(axis=0)
    squares = (around**2).sum(axis=0)
    varied = [term for term in terms if squares[term[0]] > 0]
    inverse = (around / np.where(squares > 0, squares, 1.0)).T
    slopes = inverse @ means
    left = ((means - means.mean()) ** 2).sum() - slopes**2 * squares
    of_seeds = _by_seed(inverse, seen)
    confidence = 1.0 - (1.0 - CONFIDENCE) / max(1, len(varied))
    told = []
    for term in varied:
        number, freedom = term[0], count - 2
        of_fit = float(left[number] / squares[number] / freedom) if freedom > 0 else math.nan
        noise = (max(0.0, of_fit), freedom, *of_seeds[number])
        told.append(Effect(term, _scaled(slopes[number], *noise, confidence=confidence)))
    return Effects(_sorted(told), math.nan, alone=True)


def _by_seed(inverse: np.ndarray, seen: np.ndarray) -> list[tuple[float, int]]:
    """Return the variance of the mean effect as it differs from seed to seed, and its freedom."""
    whole = seen[:, np.isfinite(seen).all(axis=0)]
    count = whole.shape[1]
    if count < 2:  # noqa: PLR2004
        return [(math.nan, 0)] * len(inverse)
    each = inverse @ whole
    return [(float(row.var(ddof=1)) / count, count - 1) for row in each]


def _scaled(
    half_change: float,
    of_fit: float,
    freedom: int,
    of_seeds: float,
    seeds: int,
    *,
    confidence: float = CONFIDENCE,
) -> Estimate:
    """Return an effect from -1 to 1 with its interval, degrees of freedom after Satterthwaite."""
    known = [(v, f) for v, f in ((of_fit, freedom), (of_seeds, seeds)) if f and math.isfinite(v)]
    change = 2.0 * float(half_change)
    variance = sum(v for v, _ in known)
    if not known:
        return Estimate(change)
    denominator = sum(v * v / f for v, f in known)
    enough = variance * variance / denominator if denominator else max(f for _, f in known)
    half = 2.0 * _quantile(max(1, int(enough)), confidence) * math.sqrt(variance)
    return Estimate(change, change - half, change + half)


@cache
def _quantile(freedom: int, confidence: float) -> float:
    return student_quantile(freedom, confidence)


def _means(seen: np.ndarray) -> np.ndarray:
    found: np.ndarray = np.nanmean(seen, axis=1)
    return found


def _sorted(told: Sequence[Effect]) -> tuple[Effect, ...]:
    return tuple(sorted(told, key=lambda each: -abs(each.change.value)))


_ALIKE = 1e-9
