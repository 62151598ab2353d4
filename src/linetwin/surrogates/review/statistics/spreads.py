"""S chart: the scatter within subgroups, and whether it differs by more than chance gives.

Where it does not, limits are those of the F distribution. Where it does (tails that are heavier
than normal, rolls that scatter more than others) these would alarm falsely; then the deviations
are single values, as the means are: their logarithms, standardised by what normal readings would
give, with their own scatter and autocorrelation.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from scipy import special, stats

from linetwin.surrogates.review.statistics.autocorrelation import Process, process_of
from linetwin.surrogates.review.statistics.charts import Chart, Subgroups, c4
from linetwin.surrogates.review.statistics.orders import (
    Levels,
    chances,
    half_widths,
    levels_of,
    processes_of,
)
from linetwin.surrogates.review.statistics.outliers import outlying

if TYPE_CHECKING:
    from collections.abc import Sequence

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


def spread_of_runs(runs: Sequence[Subgroups]) -> tuple[Spread, Levels | None]:
    """Return the pooled scatter within, and its levels over two runs or more.

    Nothing is set aside: what sound runs do is usual. None where subgroups of all runs differ by
    no more than normal readings make them, or have single readings.
    """
    own = [(each.deviations[each.counts > 1], each.counts[each.counts > 1] - 1.0) for each in runs]
    deviations, freedom = (np.concatenate(part) for part in zip(*own, strict=True))
    if not deviations.size:
        return Spread(math.nan, 0.0, None), None
    total = float(freedom.sum())
    sigma = math.sqrt(float((freedom * deviations**2).sum()) / total)
    if min(each.size for each, _ in own) < _FEWEST or not sigma > 0:
        return Spread(sigma, total, None), None
    roots = _roots(deviations, sigma, freedom)
    if float(stats.chi2.sf(((roots - roots.mean()) ** 2).sum(), roots.size - 1)) >= _SEEN:
        return Spread(sigma, total, None), None
    scores = [_scores(each, sigma, many) for each, many in own]
    levels = levels_of(scores, processes_of(scores))
    return Spread(sigma, total, None), levels if levels.scale > 0 else None


def chart_of_levels(
    levels: Levels, sigma: float, groups: Subgroups, false_alarm: float | None
) -> Chart | None:
    """Return the S chart against the levels of several runs; None of single readings.

    `false_alarm` None: without its lines.
    """
    rows = np.flatnonzero(groups.counts > 1)
    if not rows.size:
        return None
    points, own, whole = groups.deviations[rows], groups.counts[rows] - 1.0, np.ones(rows.size)
    half = math.nan
    if false_alarm is not None:
        half = float(half_widths(levels, false_alarm, whole[:1], whole[:1])[0])
    told = chances(levels, _scores(points, sigma, own) - levels.centre)
    low, middle, high = (
        _deviations(levels.centre + reach, sigma, own) for reach in (-half, 0.0, half)
    )
    labels = tuple(groups.labels[row] for row in rows)
    return Chart("S", labels, points, float(np.mean(middle)), low, high, told)


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
