"""Capability: Cp and Cpk by the scatter within subgroups, Pp and Ppk by all scatter.

Without a gauge none is told: the spread could be the gauge's. What is told stands as measured;
with the gauge's variance taken out it stands beside, under its own name. Intervals of 95 %:
Cp, Pp by chi-square; Cpk, Ppk by Bissell (1990 [V]); for readings that are not normal quantiles
take the place of mean and sigma (`percentiles`). A drifting or shifting process has a Ppk below
its Cpk: they are never mixed. The indices foretell a share beyond the limits; that share is
counted too, and where more are beyond than the indices can have, these are not to be used.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from scipy import stats

from linetwin.errors import Problem, ScenarioError
from linetwin.surrogates.gauges import CONFIDENCE, Estimate
from linetwin.surrogates.review.statistics.charts import subgroups
from linetwin.surrogates.review.statistics.limits import (
    ewma_chart,
    location_chart,
    phase_one,
    spread_chart,
)
from linetwin.surrogates.review.statistics.percentiles import ByQuantiles, percentile_index
from linetwin.surrogates.review.statistics.thresholds import PPM
from linetwin.surrogates.shares import clopper_pearson

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from linetwin.surrogates.gauges import Gauge
    from linetwin.surrogates.review.statistics.charts import Subgroups

FEWEST_READINGS: Final = 30
"""Readings below which no capability is told [M]."""
_NORMAL: Final = 0.01
"""Chance of such a shape from a normal distribution, below which it is taken as none [A]."""
_MOST_TESTED: Final = 5000
"""Readings that the test of Shapiro and Wilk takes."""
_CONTRADICTED: Final = 0.01
"""Chance of so many readings beyond the limits under which the indices do not hold [A]."""


@dataclass(frozen=True)
class Tolerance:
    """Specification limits in the unit of the readings; either may be None, not both."""

    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Index:
    """One pair of indices: `spread` is Cp or Pp (None with one limit), `worst` is Cpk or Ppk.

    `sigma`: standard deviation they rest on, with `freedom`.
    """

    spread: Estimate | None
    worst: Estimate
    sigma: float
    freedom: float


@dataclass(frozen=True)
class Beyond:
    """Readings beyond the limits: their `count`, and share in `ppm`, its interval exact binomial.

    `foretold`: share in ppm that a normal distribution with a Ppk as low as the lower end of its
    interval has there at most: with the Ppk itself, 1 to 13 % of sound processes whose subgroups
    differ would have too many (drawn: 1,000 readings, 25 and 50 subgroups [D]), so none.
    """

    count: int
    ppm: Estimate
    foretold: float


@dataclass(frozen=True)
class Outside:
    """How many of the `subgroups` lie outside of the limits that these readings give by themselves.

    `points`: by kind of chart; `refused`: why phase I has no limits, with `points` empty.
    """

    subgroups: int
    points: Mapping[str, int]
    refused: str = ""


@dataclass(frozen=True)
class Capability:
    """Capability of a stream, as measured and beside it without the gauge.

    `within`: Cp, Cpk (None of single readings); `overall`: Pp, Ppk; `corrected_within`,
    `corrected_overall`: the same with the gauge's variance removed, None where it is all there is;
    `quantiles`: Ppk by quantiles, None where the readings pass as normal; `normal`: chance of
    their shape; `gauge_share`: of the gauge in the overall spread, of standard deviations;
    `bias`: of the gauge, not taken out; `beyond`: what lies beyond the limits; `contradicted`: more
    than a normal distribution has there, so that no index above holds but that by quantiles;
    `outside`: of the charts, phase I.
    """

    readings: int
    mean: float
    within: Index | None
    overall: Index
    corrected_within: Index | None
    corrected_overall: Index | None
    quantiles: ByQuantiles | None
    normal: float
    gauge_share: float
    bias: float | None
    beyond: Beyond
    contradicted: bool
    outside: Outside


def known(gauge: Gauge | None) -> str:
    """Return why nothing may be judged by this gauge; empty where it may.

    Bias, repeatability and reproducibility have to be known: else no Cpk and no residual alarm.
    """
    if gauge is None:
        return "no gauge is stated: its part in the spread is unknown"
    told = {
        "bias": gauge.bias,
        "repeatability": gauge.repeatability,
        "reproducibility": gauge.reproducibility,
    }
    lacking = [name for name, value in told.items() if value is None]
    verb = "is" if len(lacking) == 1 else "are"
    return f"of the gauge {' and '.join(lacking)} {verb} unknown" if lacking else ""


def require_gauge(gauge: Gauge | None, what: str, about: str) -> Gauge:
    """Return the gauge; ScenarioError naming the reason where `what` may not be told without."""
    reason = known(gauge)
    if reason or gauge is None:
        hint = "bias, repeatability and reproducibility of the gauge, or a crossed study"
        raise ScenarioError([Problem(f"no {what}: {reason}", about, hint)])
    return gauge


def capability(
    name: str,
    values: np.ndarray,
    labels: Sequence[str],
    tolerance: Tolerance,
    gauge: Gauge | None,
) -> Capability:
    """Return the capability of readings (n,) whose subgroups are `labels` (n).

    ScenarioError without a gauge, without a limit, with fewer than 30 readings or no scatter.
    """
    judge = require_gauge(gauge, "Cpk", name)
    given = np.asarray(values, dtype=np.float64)
    there = np.isfinite(given)
    readings, names = given[there], np.asarray(labels)[there]
    _check(name, readings, tolerance)
    groups = subgroups(readings, names.tolist())
    mean = float(readings.mean())
    pooled, overall = _scatter(readings, groups)
    centre = mean, overall.mean_error
    within = index(centre, pooled.sigma, pooled.freedom, tolerance) if pooled.sigma > 0 else None
    normal = normality(readings)
    limits = _or(tolerance.low, -math.inf), _or(tolerance.high, math.inf)
    bent = percentile_index(readings, names.tolist(), limits) if normal < _NORMAL else None
    whole = index(centre, overall.sigma, overall.freedom, tolerance)
    beyond = _beyond(readings, limits, whole.worst.low)
    chance = stats.binom.sf(beyond.count - 1, readings.size, beyond.foretold / PPM)
    return Capability(
        readings.size, mean, within,
        overall=whole,
        corrected_within=_corrected(pooled, judge, centre, tolerance),
        corrected_overall=_corrected(overall, judge, centre, tolerance),
        quantiles=bent,
        normal=normal,
        gauge_share=judge.share(overall.sigma),
        bias=judge.bias,
        beyond=beyond,
        contradicted=bool(chance < _CONTRADICTED),
        outside=_outside(name, groups),
    )  # fmt: skip


def index(centre: tuple[float, float], sigma: float, freedom: float, tolerance: Tolerance) -> Index:
    """Return the indices of a normal process with their intervals of 95 %.

    `centre`: mean and its standard error; `freedom`: of `sigma`. Cpk: the variance of Bissell,
    (error / 3 sigma)^2 + Cpk^2 / (2 freedom), which is his 1/(9 n) where readings are independent;
    with Student's t.
    """
    mean, error = centre
    above, below = _or(tolerance.high, math.inf) - mean, mean - _or(tolerance.low, -math.inf)
    worst = min(above, below) / (3 * sigma)
    reach = float(stats.t.ppf((1 + CONFIDENCE) / 2, freedom))
    reach *= math.sqrt((error / (3 * sigma)) ** 2 + worst**2 / (2 * freedom))
    spread = None
    if tolerance.low is not None and tolerance.high is not None:
        value = (tolerance.high - tolerance.low) / (6 * sigma)
        bounds = stats.chi2.ppf([(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2], freedom)
        low, high = (value * math.sqrt(bound / freedom) for bound in bounds)
        spread = Estimate(value, low, high)
    return Index(spread, Estimate(worst, worst - reach, worst + reach), sigma, freedom)


def normality(values: np.ndarray) -> float:
    """Return the chance of such a shape from a normal distribution (Shapiro and Wilk).

    Of more than 5,000 readings every k-th is looked at.
    """
    step = math.ceil(values.size / _MOST_TESTED)
    return float(stats.shapiro(values[::step]).pvalue)


def _beyond(readings: np.ndarray, limits: tuple[float, float], lowest: float) -> Beyond:
    low, high = limits
    count = int(((readings < low) | (readings > high)).sum())
    foretold = int(np.isfinite(limits).sum()) * float(stats.norm.sf(3 * lowest))
    ppm = Estimate(*(PPM * each for each in clopper_pearson(count, readings.size)))
    return Beyond(count, ppm, PPM * min(1.0, foretold))


def _outside(name: str, groups: Subgroups) -> Outside:
    """Return what the charts of the review say of these subgroups, by limits of their own."""
    try:
        limits = phase_one(name, groups)
    except ScenarioError as error:
        why = error.problems[0].message.removeprefix(f"{name}: ")
        return Outside(len(groups.labels), {}, why)
    charts = (chart(limits, groups) for chart in (location_chart, ewma_chart, spread_chart))
    points = {each.kind: int(each.out.sum()) for each in charts if each is not None}
    return Outside(len(groups.labels), points)


@dataclass(frozen=True)
class _Scatter:
    sigma: float
    freedom: float
    mean_error: float


def _scatter(readings: np.ndarray, groups: Subgroups) -> tuple[_Scatter, _Scatter]:
    """Return the scatter within subgroups (sigma 0 without any) and overall.

    Where subgroups differ, readings of one are not independent: the overall variance has the
    degrees of freedom of Satterthwaite, the mean the error that the subgroups' means tell.
    """
    count, kinds = readings.size, groups.means.size
    total = float(((readings - readings.mean()) ** 2).sum())
    sigma = math.sqrt(total / (count - 1))
    many = groups.counts > 1
    freedom = float((groups.counts[many] - 1).sum())
    inner = float(((groups.counts[many] - 1) * groups.deviations[many] ** 2).sum())
    error = sigma / math.sqrt(count)
    if kinds < 2 or not freedom or not inner > 0:  # noqa: PLR2004
        pooled = math.sqrt(inner / freedom) if freedom else 0.0
        return _Scatter(pooled, freedom, error), _Scatter(sigma, count - 1, error)
    outer = max(0.0, total - inner)
    own = total**2 / (outer**2 / (kinds - 1) + inner**2 / freedom)
    error = math.sqrt(max(outer / (kinds - 1), inner / freedom) / count)
    return (
        _Scatter(math.sqrt(inner / freedom), freedom, error),
        _Scatter(sigma, min(own, count - 1), error),
    )


def _corrected(
    measured: _Scatter, gauge: Gauge, centre: tuple[float, float], tolerance: Tolerance
) -> Index | None:
    """Return the indices of the pieces themselves: the gauge's variance is taken out.

    Degrees of freedom after Satterthwaite, the gauge taken as known; None where nothing is left.
    """
    left = measured.sigma**2 - gauge.scatter**2
    if not left > 0:
        return None
    freedom = max(1.0, measured.freedom * (left / measured.sigma**2) ** 2)
    return index(centre, math.sqrt(left), freedom, tolerance)


def _check(name: str, readings: np.ndarray, tolerance: Tolerance) -> None:
    problems = []
    if readings.size < FEWEST_READINGS:
        message = f"{readings.size} readings are too few for a capability"
        problems.append(Problem(message, name, f"{FEWEST_READINGS} or more"))
    elif not float(np.ptp(readings)) > 0:
        problems.append(Problem("the readings do not scatter", name, "a finer resolution"))
    if tolerance.low is None and tolerance.high is None:
        problems.append(Problem("no specification limit is stated", name, "one or two"))
    elif not _or(tolerance.low, -math.inf) < _or(tolerance.high, math.inf):
        problems.append(Problem("the limits are in the wrong order", name, "low below high"))
    if problems:
        raise ScenarioError(problems)


def _or(limit: float | None, none: float) -> float:
    return none if limit is None else limit
