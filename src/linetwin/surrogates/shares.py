"""Shares and what is drawn from lots: exact binomial intervals, bootstrap over lots."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np
from scipy import stats

from linetwin.surrogates.gauges import CONFIDENCE, Estimate

if TYPE_CHECKING:
    from collections.abc import Callable

_SEED: Final = 20_261_122


def clopper_pearson(found: float, count: float, confidence: float = CONFIDENCE) -> Estimate:
    """Return a share with its exact two-sided interval; `count` may be an effective number."""
    tail = (1 - confidence) / 2
    low = float(stats.beta.ppf(tail, found, count - found + 1)) if found > 0 else 0.0
    return Estimate(found / count, low, upper_share(found, count, 1 - tail))


def upper_share(found: float, count: float, confidence: float = CONFIDENCE) -> float:
    """Return the exact one-sided upper bound of a share; of none found about 3 / count."""
    if found >= count:
        return 1.0
    return float(stats.beta.ppf(confidence, found + 1, count - found))


def effective_rows(weights: np.ndarray) -> float:
    """Return how many rows of equal weight tell as much: sum² / sum of squares (Kish 1965 [V])."""
    return float(weights.sum() ** 2 / (weights**2).sum())


def bootstrap(
    lots: np.ndarray, figure: Callable[[np.ndarray], float], draws: int
) -> tuple[float, float]:
    """Return the 95 % interval of a figure of rows, whole lots drawn, always the same draws.

    `figure` takes row numbers; rows of one lot stay together. Percentiles are those expanded for
    few lots (Hesterberg 2015 [V]). With one lot it is (NaN, NaN): what another would be is unknown.
    """
    kinds, places = np.unique(np.asarray(lots), return_inverse=True)
    if kinds.size == 1:
        return math.nan, math.nan
    members = [np.flatnonzero(places == kind) for kind in range(kinds.size)]
    generator = np.random.default_rng(_SEED)
    drawn = []
    for _ in range(draws):
        picks = generator.integers(0, kinds.size, kinds.size)
        drawn.append(figure(np.concatenate([members[pick] for pick in picks])))
    reach = float(stats.t.ppf((1 + CONFIDENCE) / 2, kinds.size - 1))
    tail = float(stats.norm.sf(reach * math.sqrt(kinds.size / (kinds.size - 1))))
    low, high = np.nanquantile(drawn, [tail, 1 - tail])
    return float(low), float(high)
