"""S chart: the scatter within subgroups, and whether it differs by more than chance gives.

Where it does not, limits are those of the F distribution. Where it does (tails that are heavier
than normal, rolls that scatter more than others) these would alarm falsely; then the deviations
are single values, as the means are: their logarithms, standardised by what normal readings would
give, with their own scatter and autocorrelation.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import special, stats

from linetwin.surrogates.review.statistics.autocorrelation import Process, process_of
from linetwin.surrogates.review.statistics.charts import Chart, Subgroups, c4
from linetwin.surrogates.review.statistics.outliers import outlying

_SEEN: Final = 0.05
"""Chance under which deviations differ by more than normal readings do [M]."""
_FEWEST: Final = 10
"""Subgroups below which that is not asked [A]."""
_LEAST: Final = 1e-3
"""Deviation over the pooled one as which a smaller one counts: readings have a resolution [A]."""


@dataclass(frozen=True)
class Spread:
    """Standard deviation within subgroups: NaN of single readings.

    `scores`: process of the standardised logarithms where they scatter more than normal readings
    make them, else None.
    """

    sigma: float
    freedom: float
    scores: Process | None


def spread_of(groups: Subgroups) -> tuple[Spread, np.ndarray]:
    """Return the pooled scatter within, and whose deviations were set aside (subgroups,)."""
    many = groups.counts > 1
    uneven = np.zeros(many.size, dtype=np.bool_)
    if not many.any():
        return Spread(math.nan, 0.0, None), uneven
    freedom = groups.counts - 1.0
    middle = float(np.median(groups.deviations[many] / c4(groups.counts[many])))
    if int(many.sum()) >= _FEWEST and middle > 0:
        uneven[many] = outlying(_roots(groups.deviations[many], middle, freedom[many]))
    used = many & ~uneven
    total = float(freedom[used].sum())
    sigma = math.sqrt(float((freedom[used] * groups.deviations[used] ** 2).sum()) / total)
    if int(used.sum()) < _FEWEST or not sigma > 0:
        return Spread(sigma, total, None), uneven
    own = _roots(groups.deviations[used], sigma, freedom[used])
    if float(stats.chi2.sf(((own - own.mean()) ** 2).sum(), own.size - 1)) >= _SEEN:
        return Spread(sigma, total, None), uneven
    scores = _scores(groups.deviations[many], sigma, freedom[many])
    uneven[many] = outlying(scores)
    return Spread(sigma, total, process_of(np.where(uneven[many], math.nan, scores))), uneven


def chart_of_spread(spread: Spread, groups: Subgroups, false_alarm: float) -> Chart | None:
    """Return the S chart against a frozen scatter; None of single readings."""
    rows = np.flatnonzero(groups.counts > 1)
    if not (spread.sigma > 0 and rows.size):
        return None
    labels = tuple(groups.labels[row] for row in rows)
    points, own, tail = groups.deviations[rows], groups.counts[rows] - 1.0, false_alarm / 2
    if spread.scores is None:
        ratio = (points / spread.sigma) ** 2
        below = stats.f.cdf(ratio, own, spread.freedom)
        chances = 2 * np.minimum(below, stats.f.sf(ratio, own, spread.freedom))
        low, high = (
            spread.sigma * np.sqrt(stats.f.ppf(share, own, spread.freedom))
            for share in (tail, 1 - tail)
        )
        return Chart("S", labels, points, spread.sigma, low, high, np.minimum(1.0, chances))
    process = spread.scores
    error = process.sigma * math.sqrt(1 + process.mean_variance)
    half = float(special.stdtrit(process.freedom, 1 - tail)) * error
    off = np.abs(_scores(points, spread.sigma, own) - process.mean) / error
    chances = 2 * special.stdtr(process.freedom, -off)
    low, middle, high = (
        _deviations(process.mean + reach, spread.sigma, own) for reach in (-half, 0.0, half)
    )
    return Chart("S", labels, points, float(np.mean(middle)), low, high, np.asarray(chances))


def _roots(deviations: np.ndarray, sigma: float, freedom: np.ndarray) -> np.ndarray:
    """Return cube roots of the variance ratios, standardised: near normal (Wilson, Hilferty)."""
    part = 2 / (9 * freedom)
    return np.asarray((np.cbrt((deviations / sigma) ** 2) - (1 - part)) / np.sqrt(part))


def _scores(deviations: np.ndarray, sigma: float, freedom: np.ndarray) -> np.ndarray:
    """Return logarithms of the variance ratios, standardised as of normal readings."""
    ratio = np.maximum(deviations / sigma, _LEAST) ** 2
    mean = special.digamma(freedom / 2) - np.log(freedom / 2)
    return np.asarray((np.log(ratio) - mean) / np.sqrt(special.polygamma(1, freedom / 2)))


def _deviations(score: float, sigma: float, freedom: np.ndarray) -> np.ndarray:
    """Return the deviations that have this score; infinite where it bounds nothing."""
    mean = special.digamma(freedom / 2) - np.log(freedom / 2)
    spread = np.sqrt(special.polygamma(1, freedom / 2))
    with np.errstate(over="ignore"):  # a score of few subgroups may lie beyond all numbers
        return np.asarray(sigma * np.exp((score * spread + mean) / 2))
