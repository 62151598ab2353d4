"""Limits of control charts: set in phase I, approved by a person, frozen in phase II.

Location of subgroups:
- `within`: X-bar chart whose scatter is that within subgroups. It needs subgroups that differ by
  no more than their readings do, and neighbours that do not go together.
- `between`: the subgroups' means are single values that scatter as they did in phase I, with
  their autocorrelation. Rolls, batches and trays differ, so this is the rule.
Limits are prediction limits: Student's t at the chance of a false alarm, with the degrees of
freedom and the uncertain mean of phase I, so that few subgroups make them wider, not worse.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from scipy import special, stats

from linetwin.errors import Problem, ScenarioError
from linetwin.surrogates.gauges import Estimate
from linetwin.surrogates.review.statistics.autocorrelation import (
    HIGHEST,
    Process,
    ewma_variance,
    process_of,
)
from linetwin.surrogates.review.statistics.charts import EWMA_WEIGHT, Chart, Subgroups, smoothed

if TYPE_CHECKING:
    from collections.abc import Mapping

FALSE_ALARM: Final = 0.0027
"""Chance of a point outside of its limits while nothing has changed: three sigma [V]."""
FEWEST: Final = 10
"""Subgroups below which no limits are set [A]; from 25 on they are as told with autocorrelation."""
CHARTS: Final = ("within", "between")
MOST_ASIDE: Final = 0.2
"""Share of subgroups set aside from which on phase I has no one state [A]."""
ASIDE_LEVEL: Final = 0.01
"""Chance that phase I without any disturbance sets something aside [A]."""
_NOT_SEEN: Final = 0.25
"""Chance of such differences between subgroups from which they are not seen, as for gauges [M]."""


@dataclass(frozen=True)
class Limits:
    """Frozen parameters of one stream's charts, in the unit of its readings.

    `chart`: within or between; `sigma`: standard deviation of a subgroup's mean (between) or of a
    reading (within), with `freedom`; `mean_variance`: variance of `centre` over `sigma` squared;
    `spread`: standard deviation within subgroups with `spread_freedom`, NaN of single readings;
    `set_aside`, `spread_set_aside`: subgroups that took no part, on the charts all the same;
    `data`: hash of the subgroups; `approved_by`, `approved_at`: empty until a person has approved.
    """

    stream: str
    chart: str
    reason: str
    centre: float
    sigma: float
    freedom: float
    mean_variance: float
    autocorrelation: Estimate
    spread: float
    spread_freedom: float
    subgroups: int
    readings: int
    set_aside: tuple[str, ...]
    spread_set_aside: tuple[str, ...]
    data: str
    false_alarm: float = FALSE_ALARM
    approved_by: str = ""
    approved_at: str = ""

    def record(self) -> dict[str, Any]:
        """Return the limits as plain values for a file or a log; no number is a NaN."""
        plain = asdict(self) | {"autocorrelation": list(self.autocorrelation)}
        return {name: None if value != value else value for name, value in plain.items()}  # noqa: PLR0124 - NaN

    @classmethod
    def of_record(cls, record: Mapping[str, Any]) -> Limits:
        """Return the limits of a record; ScenarioError where it is none."""
        try:
            plain: dict[str, Any] = {
                name: math.nan if value is None else value for name, value in record.items()
            }
            plain["autocorrelation"] = Estimate(*plain["autocorrelation"])
            for name in ("set_aside", "spread_set_aside"):
                plain[name] = tuple(plain[name])
            return cls(**plain)
        except (KeyError, TypeError) as error:
            message = f"these are no limits of a control chart: {error}"
            raise ScenarioError([Problem(message, "limits", "as approved")]) from error

    def approved(self, by: str, at: str) -> Limits:
        """Return the limits as approved by a person at a time (ISO 8601, UTC)."""
        return replace(self, approved_by=by, approved_at=at)


def phase_one(stream: str, groups: Subgroups, chart: str = "") -> Limits:
    """Return limits from subgroups in time, to be looked at and approved.

    `chart`: within, between, or empty for the one the subgroups allow. Outlying subgroups are
    set aside by Rosner's test and named. ScenarioError with fewer than 10 subgroups, without
    scatter, where a fifth or more would be set aside, or where the level drifts.
    """
    _check(stream, groups, chart)
    aside = outlying(groups.means)
    process = process_of(np.where(aside, math.nan, groups.means))
    spread, freedom, uneven = _within(groups)
    chosen, reason = _choose(groups, aside, process)
    if chart:
        chosen, reason = chart, "as asked"
    _refuse(stream, aside, process, spread if chosen == "within" else process.sigma)
    kept = ~aside
    total = int(groups.counts[kept].sum())
    within = chosen == "within"
    centre = float(np.average(groups.means[kept], weights=groups.counts[kept]))
    return Limits(
        stream, chosen, reason,
        centre=centre if within else process.mean,
        sigma=spread if within else process.sigma,
        freedom=freedom if within else process.freedom,
        mean_variance=1 / total if within else process.mean_variance,
        autocorrelation=process.autocorrelation,
        spread=spread,
        spread_freedom=freedom,
        subgroups=len(groups.labels),
        readings=int(groups.counts.sum()),
        set_aside=tuple(np.array(groups.labels)[aside].tolist()),
        spread_set_aside=tuple(np.array(groups.labels)[uneven].tolist()),
        data=data_hash(groups),
    )  # fmt: skip


def location_chart(limits: Limits, groups: Subgroups) -> Chart:
    """Return the chart of the subgroups' means against frozen limits."""
    own = 1 / groups.counts if limits.chart == "within" else np.ones(len(groups.labels))
    sigma = limits.sigma * np.sqrt(own + limits.mean_variance)
    kind = {"within": "X-bar", "between": "means as individuals"}[limits.chart]
    if limits.chart == "between" and (groups.counts == 1).all():
        kind = "individuals"
    return _student(kind, limits, groups, groups.means, sigma)


def ewma_chart(limits: Limits, groups: Subgroups, weight: float = EWMA_WEIGHT) -> Chart:
    """Return the chart of the weighted mean, begun at the centre, for small lasting shifts."""
    scale, size = limits.sigma, len(groups.labels)
    if limits.chart == "within":
        scale = limits.sigma / math.sqrt(float(stats.hmean(groups.counts)))
    phi = max(0.0, limits.autocorrelation.value) if limits.chart == "between" else 0.0
    own = ewma_variance(phi, weight, size) * scale**2
    error = (1 - (1 - weight) ** np.arange(1, size + 1)) ** 2
    sigma = np.sqrt(own + error * limits.mean_variance * limits.sigma**2)
    points = smoothed(groups.means, limits.centre, weight)
    return _student("EWMA", limits, groups, points, sigma)


def spread_chart(limits: Limits, groups: Subgroups) -> Chart | None:
    """Return the S chart against frozen limits (F distribution); None of single readings."""
    rows = np.flatnonzero(groups.counts > 1)
    if not (limits.spread > 0 and rows.size):
        return None
    own, freedom = groups.counts[rows] - 1, limits.spread_freedom
    points, tail = groups.deviations[rows], limits.false_alarm / 2
    ratio = (points / limits.spread) ** 2
    below = stats.f.cdf(ratio, own, freedom)
    chances = 2 * np.minimum(below, stats.f.sf(ratio, own, freedom))
    low, high = (
        limits.spread * np.sqrt(stats.f.ppf(share, own, freedom)) for share in (tail, 1 - tail)
    )
    labels = tuple(groups.labels[row] for row in rows)
    return Chart("S", labels, points, limits.spread, low, high, np.minimum(1.0, chances))


def outlying(points: np.ndarray, level: float = ASIDE_LEVEL) -> np.ndarray:
    """Return which of the points (n,) are outliers, by the generalised test of Rosner (1983 [V]).

    Up to a fifth of the points and one; many outliers do not hide each other.
    """
    values = np.asarray(points, dtype=np.float64)
    left, found, order = list(range(values.size)), 0, []
    result = np.zeros(values.size, dtype=np.bool_)
    if values.size < 3:  # noqa: PLR2004 - of two points none is the odd one
        return result
    steps = np.arange(1, max(1, math.ceil(MOST_ASIDE * values.size)) + 1)
    counts = values.size + 1 - steps
    quantiles = special.stdtrit(counts - 2, 1 - level / 2 / counts)
    bounds = (counts - 1) * quantiles / np.sqrt((counts - 2 + quantiles**2) * counts)
    for step, bound in zip(steps.tolist(), bounds.tolist(), strict=True):
        own = values[left]
        spread = float(own.std(ddof=1))
        if not spread > 0:
            break
        worst = int(np.argmax(np.abs(own - own.mean())))
        reached = abs(own[worst] - own.mean()) / spread
        order.append(left.pop(worst))
        if reached > bound:
            found = step
    result[order[:found]] = True
    return result


def data_hash(groups: Subgroups) -> str:
    """Return the SHA-256 of labels, counts, means and deviations."""
    digest = hashlib.sha256("\n".join(groups.labels).encode())
    for values in (groups.counts, groups.means, groups.deviations):
        digest.update(np.ascontiguousarray(values, dtype="<f8").tobytes())
    return digest.hexdigest()


def _student(
    kind: str, limits: Limits, groups: Subgroups, points: np.ndarray, sigma: np.ndarray
) -> Chart:
    half = float(special.stdtrit(limits.freedom, 1 - limits.false_alarm / 2)) * sigma
    chances = 2 * special.stdtr(limits.freedom, -np.abs(points - limits.centre) / sigma)
    centre = limits.centre
    return Chart(kind, groups.labels, points, centre, centre - half, centre + half, chances)


def _within(groups: Subgroups) -> tuple[float, float, np.ndarray]:
    """Return the pooled deviation within, its freedom, and whose deviations were set aside.

    Deviations are compared as their cube roots squared, which are near normal (Wilson, Hilferty).
    """
    many = groups.counts > 1
    uneven = np.zeros(many.size, dtype=np.bool_)
    if not many.any():
        return math.nan, 0.0, uneven
    if int(many.sum()) >= FEWEST:
        uneven[many] = outlying(np.cbrt(groups.deviations[many]) ** 2)
    used = many & ~uneven
    freedom = float((groups.counts[used] - 1).sum())
    squares = float(((groups.counts[used] - 1) * groups.deviations[used] ** 2).sum())
    return math.sqrt(squares / freedom), freedom, uneven


def _choose(groups: Subgroups, aside: np.ndarray, process: Process) -> tuple[str, str]:
    """Return the chart that the subgroups allow, and why."""
    if (groups.counts == 1).any():
        return "between", "single readings"
    kept = ~aside
    sizes, means = groups.counts[kept], groups.means[kept]
    centre = float(np.average(means, weights=sizes))
    between = float((sizes * (means - centre) ** 2).sum()) / (sizes.size - 1)
    freedom = float((sizes - 1).sum())
    within = float(((sizes - 1) * groups.deviations[kept] ** 2).sum()) / freedom
    if not within > 0:
        return "between", "readings of a subgroup are equal"
    chance = float(stats.f.sf(between / within, sizes.size - 1, freedom))
    if chance < _NOT_SEEN:
        return "between", f"subgroups differ by more than their readings do (chance {chance:.2g})"
    if process.autocorrelation.low > 0:
        value = process.autocorrelation.value
        return "between", f"neighbouring subgroups go together (autocorrelation {value:.2f})"
    return "within", "subgroups differ by no more than their readings do"


def _check(stream: str, groups: Subgroups, chart: str) -> None:
    count, problems = len(groups.labels), []
    if count < FEWEST:
        message = f"{stream}: {count} subgroups are too few for limits"
        problems.append(Problem(message, "limits", f"{FEWEST} or more"))
    if chart not in ("", *CHARTS):
        message = f"{stream}: '{chart}' is no chart of the location"
        problems.append(Problem(message, "chart", " or ".join(CHARTS)))
    elif chart == "within" and (groups.counts == 1).any():
        message = f"{stream}: a single reading has no scatter within its subgroup"
        problems.append(Problem(message, "chart", "between"))
    if problems:
        raise ScenarioError(problems)


def _refuse(stream: str, aside: np.ndarray, process: Process, sigma: float) -> None:
    if not sigma > 0:
        message = f"{stream}: readings do not scatter"
        raise ScenarioError([Problem(message, "limits", "a gauge of finer resolution")])
    if float(aside.mean()) >= MOST_ASIDE:
        message = f"{stream}: {int(aside.sum())} of {aside.size} subgroups lie apart"
        raise ScenarioError([Problem(message, "limits", "a phase I of one state")])
    if process.autocorrelation.value >= HIGHEST:
        message = f"{stream}: the subgroups drift, there is no level to hold them to"
        raise ScenarioError([Problem(message, "limits", "a longer phase I, or the drift's cause")])
