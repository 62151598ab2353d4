"""Capability: Cp and Cpk by the scatter within subgroups, Pp and Ppk by all scatter.

Without a gauge none is told: the spread could be the gauge's. What is told stands as measured;
with the gauge's variance taken out it stands beside, under its own name. Intervals of 95 %:
Cp, Pp by chi-square; Cpk, Ppk by Bissell (1990 [V]); for skewed data the quantiles take the place
of mean and sigma (ISO 22514-2, method of percentiles), with an interval by bootstrap over
subgroups. A drifting or shifting process has a Ppk below its Cpk: they are never mixed.
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
from linetwin.surrogates.review.statistics.outliers import outlying

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from linetwin.surrogates.gauges import Gauge
    from linetwin.surrogates.review.statistics.charts import Subgroups

FEWEST_READINGS: Final = 30
"""Readings below which no capability is told [M]."""
_NORMAL: Final = 0.01
"""Chance of such a shape from a normal distribution, below which it is taken as none [A]."""
_SHARES: Final = (0.00135, 0.5, 0.99865)
"""Quantiles in place of mean and three sigma of a normal distribution (ISO 22514-2 [V])."""
_POWERS: Final = np.round(np.arange(-3.0, 5.01, 0.05), 2)
"""Powers of the transform that are tried; 1 leaves the readings as they are."""
_MOST_TESTED: Final = 5000
"""Readings that the test of Shapiro and Wilk takes."""
_ENOUGH_FOR_QUANTILES: Final = 1000
"""Readings from which on quantiles of 0.135 % are told by themselves [A]."""
FEWEST_GROUPS: Final = 10
"""Subgroups or lots from which on they are what a bootstrap draws [A]."""
_DRAWS: Final = 200
_SEED: Final = 20_261_122


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
class ByQuantiles:
    """Ppk of a shape that is not normal, and `how` its quantiles were told."""

    worst: Estimate
    how: str


@dataclass(frozen=True)
class Capability:
    """Capability of a stream, as measured and beside it without the gauge.

    `within`: Cp, Cpk (None of single readings); `overall`: Pp, Ppk; `corrected_within`,
    `corrected_overall`: the same with the gauge's variance removed, None where it is all there is;
    `quantiles`: Ppk by quantiles, None where the readings pass as normal; `normal`: chance of
    their shape; `gauge_share`: of the gauge in the overall spread, of standard deviations;
    `bias`: of the gauge, not taken out; `stable`: no subgroup lies apart from the others.
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
    stable: bool


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
    bent = normal < _NORMAL
    return Capability(
        readings.size, mean, within,
        overall=index(centre, overall.sigma, overall.freedom, tolerance),
        corrected_within=_corrected(pooled, judge, centre, tolerance),
        corrected_overall=_corrected(overall, judge, centre, tolerance),
        quantiles=percentile_index(readings, names.tolist(), tolerance) if bent else None,
        normal=normal,
        gauge_share=judge.share(overall.sigma),
        bias=judge.bias,
        stable=not outlying(groups.means).any(),
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


def percentile_index(
    values: np.ndarray, labels: Sequence[str], tolerance: Tolerance
) -> ByQuantiles:
    """Return Ppk by median and the quantiles of 0.135 and 99.865 % of readings (n,).

    From 1,000 readings on the quantiles are those of the readings; of fewer, those of the normal
    distribution that a power transform (Yeo and Johnson 2000) makes of them. The interval is a
    bootstrap over subgroups, over readings where there are fewer than 10 of these.
    """
    enough = values.size >= _ENOUGH_FOR_QUANTILES
    tell = _of_readings if enough else _of_transformed(values)
    names = np.asarray(labels)
    members = [np.flatnonzero(names == kind) for kind in np.unique(names)]
    if len(members) < FEWEST_GROUPS:
        members = [np.array([row]) for row in range(values.size)]
    draws, drawn = np.random.default_rng(_SEED), []
    for _ in range(_DRAWS):
        picks = draws.integers(0, len(members), len(members))
        rows = np.concatenate([members[pick] for pick in picks])
        drawn.append(_by_quantiles(tell(values, rows), tolerance))
    low, high = np.quantile(drawn, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    best = _by_quantiles(tell(values, np.arange(values.size)), tolerance)
    how = "quantiles of the readings" if enough else "quantiles after a power transform"
    return ByQuantiles(Estimate(best, float(low), float(high)), how)


def _by_quantiles(quantiles: np.ndarray, tolerance: Tolerance) -> float:
    low, middle, high = quantiles.tolist()
    worst = math.inf
    if tolerance.high is not None:
        worst = (tolerance.high - middle) / (high - middle)
    if tolerance.low is not None:
        worst = min(worst, (middle - tolerance.low) / (middle - low))
    return float(worst)


def _of_readings(values: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return the three quantiles of some rows of the readings (n,)."""
    return np.asarray(np.quantile(values[rows], _SHARES))


def _of_transformed(values: np.ndarray) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """Return what tells the three quantiles of some rows by the likeliest of a grid of powers.

    All readings are transformed once by each power, so that a bootstrap only picks among them.
    """
    middle, scale = float(values.mean()), float(values.std())
    scores = (values - middle) / scale
    table = np.array([stats.yeojohnson(scores, power) for power in _POWERS])
    slope = np.sign(scores) * np.log1p(np.abs(scores))

    def quantiles(_: np.ndarray, rows: np.ndarray) -> np.ndarray:
        picked = table[:, rows]
        likelihood = -rows.size / 2 * np.log(picked.var(axis=1))
        likelihood += (_POWERS - 1) * slope[rows].sum()
        best = int(np.argmax(likelihood))
        wanted = picked[best].mean() + picked[best].std(ddof=1) * stats.norm.ppf(_SHARES)
        return middle + scale * _untransformed(wanted, float(_POWERS[best]))

    return quantiles


def _untransformed(scores: np.ndarray, power: float) -> np.ndarray:
    """Return the inverse of the transform of Yeo and Johnson; infinite beyond its range."""
    other = 2 - power
    with np.errstate(divide="ignore", invalid="ignore"):
        up = np.expm1(scores) if power == 0 else (power * scores + 1) ** (1 / power) - 1
        down = -np.expm1(-scores) if other == 0 else 1 - (1 - other * scores) ** (1 / other)
    up = np.where(np.isnan(up), math.inf, up)
    return np.where(scores >= 0, up, np.where(np.isnan(down), -math.inf, down))


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
