"""Main effects and interactions of two factors, by least squares on factors coded -1 to 1.

Squares are fitted with them, so that what is curved is not taken for an effect.
"""

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
MOST = 200
"""Replications up to which is told how many would tell an effect from chance [A]."""


class Effect(NamedTuple):
    """What one factor, or two together, do to a figure.

    `factors`: their numbers; `change`: of the figure from the low to the high end of the span; of
    two, half of how much the effect of one differs between the ends of the other. The interval
    holds for all effects of a figure at once.
    """

    factors: tuple[int, ...]
    change: Estimate


class Effects(NamedTuple):
    """All effects on a figure, largest first.

    `explained`: share of the variance of the points' means that they hold; `alone`: whether each
    factor was fitted by itself, for there are more of them than points allow; `lacking`: whether
    the fit leaves more than seeds explain (F-test of lack of fit, 5 %), None with one replication;
    `bent`: whether squares were fitted; `by_seed`: standard deviation by which an effect differs
    from seed to seed, pooled over effects, NaN with one replication; `points`, `freedom`: of the
    fit.
    """

    effects: tuple[Effect, ...]
    explained: float
    alone: bool
    lacking: bool | None = None
    bent: bool = False
    by_seed: float = math.nan
    points: int = 0
    freedom: int = 0

    def replications(self) -> int | None:
        """Return how many would tell the largest effect from chance, were it as large as it seems.

        By the interval that so many will have if seeds are all that the fit leaves (by points left
        out, in which noise stands points / freedom times), for all effects at once; None where
        chance is not known, or more than `MOST` are wanted.
        """
        if not (self.effects and math.isfinite(self.by_seed)):
            return None
        largest = abs(self.effects[0].change.value)
        confidence = 1.0 - (1.0 - CONFIDENCE) / len(self.effects)
        for count in range(2, MOST + 1):
            of_mean = self.by_seed**2 / count
            left_out = of_mean * self.points / self.freedom if self.freedom else 0.0
            told = [(left_out, self.freedom)] if self.freedom else []
            if _half([*told, (of_mean, count - 1)], confidence) <= largest:
                return count
        return None


def effects(shares: np.ndarray, values: np.ndarray) -> Effects:
    """Return the effects of factors; `shares`: (points, factors), `values`: (points, replications).

    Squares are fitted too where points allow, pairs where they allow both: what is curved is else
    taken for an effect. Intervals hold for all effects at once (Bonferroni). They hold what the fit
    leaves, as it is spread evenly or by points left out (jackknife, HC3 of MacKinnon and White
    1985), whichever is more, for what lacks in the form is no noise that averages out; and how the
    effect differs from seed to seed, added. NaN where neither is known.
    """
    known = np.isfinite(shares).all(axis=1) & np.isfinite(values).any(axis=1)
    coded, seen = 2.0 * shares[known] - 1.0, values[known]
    count = coded.shape[1]
    means = _means(seen)
    if len(means) < 2 or not np.ptp(means):  # noqa: PLR2004
        return Effects((), math.nan, alone=False)
    single: list[tuple[int, ...]] = [(number,) for number in range(count)]
    pairs: list[tuple[int, ...]] = list(itertools.combinations(range(count), 2))
    terms, bent = _form(coded, single, pairs)
    if len(means) < 1 + len(terms):
        return _alone(coded, seen, single)
    return _together(coded, seen, terms, bent)


def _form(
    coded: np.ndarray, single: list[tuple[int, ...]], pairs: list[tuple[int, ...]]
) -> tuple[list[tuple[int, ...]], list[tuple[int, ...]]]:
    """Return the effects to tell, and the squares to fit with them."""
    count = len(coded)
    levels = [len(np.unique(np.round(column, 9))) for column in coded.T]
    bent: list[tuple[int, ...]] = [(n, n) for n, of in enumerate(levels) if of > 2]  # noqa: PLR2004
    if _saturated(coded, len(single) + len(pairs)):
        return single + pairs, []
    spare = count - 1 - len(single) - SPARE
    if spare >= len(bent) + len(pairs):
        return single + pairs, bent
    return single, bent if spare >= len(bent) else []


def _saturated(coded: np.ndarray, terms: int) -> bool:
    """Whether all factors stand at their ends and the points hold all pairs without a remainder."""
    ends = bool((np.abs(np.abs(coded) - 1.0) < _ALIKE).all())
    return ends and len(coded) >= 1 + terms


def _together(
    coded: np.ndarray,
    seen: np.ndarray,
    terms: Sequence[tuple[int, ...]],
    bent: Sequence[tuple[int, ...]],
) -> Effects:
    columns = [np.prod(coded[:, list(term)], axis=1) for term in (*terms, *bent)]
    design = np.column_stack([np.ones(len(coded)), *columns])
    rank = int(np.linalg.matrix_rank(design))
    if rank < design.shape[1]:
        single = [term for term in terms if len(term) == 1]
        if bent or len(single) < len(terms):
            return _together(coded, seen, terms if bent else single, ())
        return _alone(coded, seen, terms)
    means = _means(seen)
    inverse = np.linalg.pinv(design)
    found = inverse @ means
    left = means - design @ found
    freedom = len(means) - rank
    spread = float(left @ left) / freedom if freedom else math.nan
    leverage = np.einsum("ij,ji->i", design, inverse)
    without = left / np.maximum(1.0 - leverage, _ALIKE)
    of_fit = np.maximum((inverse**2).sum(axis=1) * spread, inverse**2 @ without**2)
    of_seeds = _by_seed(inverse, seen)
    around = ((means - means.mean()) ** 2).sum()
    confidence = 1.0 - (1.0 - CONFIDENCE) / len(terms)
    told = [
        Effect(term, _scaled(found[n], of_fit[n], freedom, *of_seeds[n], confidence=confidence))
        for n, term in enumerate(terms, 1)
    ]
    held = 1.0 - float(left @ left / around)
    return Effects(
        _sorted(told),
        held,
        alone=False,
        lacking=_lacking(spread, freedom, seen),
        bent=bool(bent),
        by_seed=_pooled(of_seeds[1 : len(terms) + 1]),
        points=len(means),
        freedom=freedom,
    )


def _lacking(spread: float, freedom: int, seen: np.ndarray) -> bool | None:
    """Whether what is left of the means is more than points differ from seed to seed."""
    whole = seen[np.isfinite(seen).all(axis=1)]
    points, seeds = whole.shape
    if points < 2 or seeds < 2 or not freedom:  # noqa: PLR2004 - a variance needs two
        return None
    from scipy.stats import f

    apart = whole - whole.mean(axis=1, keepdims=True)
    apart = apart - apart.mean(axis=0)
    of_chance = (points - 1) * (seeds - 1)
    noise = float((apart**2).sum()) / of_chance / seeds
    least = max(noise * float(f.ppf(CONFIDENCE, freedom, of_chance)), _ALIKE**2 * whole.var())
    return bool(spread > least)


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
    by_seed = _pooled([of_seeds[term[0]] for term in varied])
    return Effects(
        _sorted(told), math.nan, alone=True, by_seed=by_seed, points=count, freedom=count - 2
    )


def _pooled(of_seeds: Sequence[tuple[float, int]]) -> float:
    """Return by how much an effect from end to end differs from seed to seed, over all effects."""
    single = [variance * (freedom + 1) for variance, freedom in of_seeds]
    return 2.0 * math.sqrt(sum(single) / len(single)) if single else math.nan


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
    confidence: float,
) -> Estimate:
    """Return an effect from -1 to 1 with its interval, degrees of freedom after Satterthwaite."""
    known = [(v, f) for v, f in ((of_fit, freedom), (of_seeds, seeds)) if f and math.isfinite(v)]
    change = 2.0 * float(half_change)
    if not known:
        return Estimate(change)
    half = 2.0 * _half(known, confidence)
    return Estimate(change, change - half, change + half)


def _half(parts: Sequence[tuple[float, int]], confidence: float) -> float:
    """Return half an interval of a sum; `parts`: variance and degrees of freedom of each."""
    variance = sum(v for v, _ in parts)
    denominator = sum(v * v / f for v, f in parts)
    enough = variance * variance / denominator if denominator else max(f for _, f in parts)
    return _quantile(max(1, int(enough)), confidence) * math.sqrt(variance)


@cache
def _quantile(freedom: int, confidence: float) -> float:
    return student_quantile(freedom, confidence)


def _means(seen: np.ndarray) -> np.ndarray:
    found: np.ndarray = np.nanmean(seen, axis=1)
    return found


def _sorted(told: Sequence[Effect]) -> tuple[Effect, ...]:
    return tuple(sorted(told, key=lambda each: -abs(each.change.value)))


_ALIKE = 1e-9
