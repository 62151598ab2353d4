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
from linetwin.surrogates.review.statistics.orders import Levels, chances, half_widths
from linetwin.surrogates.review.statistics.outliers import MOST_ASIDE, outlying
from linetwin.surrogates.review.statistics.spreads import (
    Spread,
    chart_of_levels,
    chart_of_spread,
    spread_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

FALSE_ALARM: Final = 0.0027
"""Chance of a point outside of its limits while nothing has changed: three sigma [V]."""
FEWEST: Final = 10
"""Subgroups below which no limits are set [A]; from 25 on they are as told with autocorrelation."""
CHARTS: Final = ("within", "between")
_NOT_SEEN: Final = 0.25
"""Chance of such differences between subgroups from which they are not seen, as for gauges [M]."""


@dataclass(frozen=True)
class Orders:
    """What several runs tell of a stream: levels of its means, weighted means and scatter within.

    `spread`: of the standardised logarithms of the deviations, None where runs and subgroups differ
    in it by no more than chance gives.
    """

    means: Levels
    smoothed: Levels
    spread: Levels | None = None


@dataclass(frozen=True)
class Limits:
    """Frozen parameters of one stream's charts, in the unit of its readings.

    `chart`: within or between; `sigma`: standard deviation of a subgroup's mean (between) or of a
    reading (within), with `freedom`; `mean_variance`: variance of `centre` over `sigma` squared;
    `spread`: standard deviation within subgroups with `spread_freedom`, NaN of single readings;
    `set_aside`, `spread_set_aside`: subgroups that took no part, on the charts all the same;
    `spread_scores`: their process where they differ by more than chance gives, see `spreads`;
    `spread_subgroups`: those with two readings or more, 0: not recorded;
    `orders`: of limits from several runs, else None; `data`: hash of the subgroups;
    `approved_by`, `approved_at`: empty until a person has approved.
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
    spread_scores: Process | None = None
    false_alarm: float = FALSE_ALARM
    approved_by: str = ""
    approved_at: str = ""
    spread_subgroups: int = 0
    orders: Orders | None = None

    @property
    def runs(self) -> int:
        """Number of runs that gave the limits."""
        return 1 if self.orders is None else self.orders.means.runs

    def record(self) -> dict[str, Any]:
        """Return the limits as plain values for a file or a log; no number is a NaN."""
        plain = asdict(self) | {"autocorrelation": list(self.autocorrelation)}
        if self.spread_scores is not None:
            told = list(self.spread_scores.autocorrelation)
            plain["spread_scores"] = asdict(self.spread_scores) | {"autocorrelation": told}
        return {name: None if value != value else value for name, value in plain.items()}  # noqa: PLR0124 - NaN

    @classmethod
    def of_record(cls, record: Mapping[str, Any]) -> Limits:
        """Return the limits of a record; ScenarioError where it is none."""
        try:
            plain: dict[str, Any] = {
                name: math.nan if value is None else value for name, value in record.items()
            }
            plain["autocorrelation"] = Estimate(*plain["autocorrelation"])
            scores = record.get("spread_scores")
            plain["spread_scores"] = None if scores is None else _process(scores)
            orders = record.get("orders")
            plain["orders"] = None if orders is None else _orders(orders)
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
    spread, uneven = spread_of(groups)
    chosen, reason = _choose(groups, aside, process)
    if chart:
        chosen, reason = chart, "as asked"
    _refuse(stream, aside, process, spread.sigma if chosen == "within" else process.sigma)
    kept = ~aside
    total = int(groups.counts[kept].sum())
    within = chosen == "within"
    centre = float(np.average(groups.means[kept], weights=groups.counts[kept]))
    return Limits(
        stream, chosen, reason,
        centre=centre if within else process.mean,
        sigma=spread.sigma if within else process.sigma,
        freedom=spread.freedom if within else process.freedom,
        mean_variance=1 / total if within else process.mean_variance,
        autocorrelation=process.autocorrelation,
        spread=spread.sigma,
        spread_freedom=spread.freedom,
        spread_scores=spread.scores,
        subgroups=len(groups.labels),
        readings=int(groups.counts.sum()),
        set_aside=tuple(np.array(groups.labels)[aside].tolist()),
        spread_set_aside=tuple(np.array(groups.labels)[uneven].tolist()),
        data=data_hash(groups),
        spread_subgroups=int((groups.counts > 1).sum()),
    )  # fmt: skip


def location_chart(limits: Limits, groups: Subgroups, *, lines: bool = True) -> Chart:
    """Return the chart of the subgroups' means against frozen limits.

    `lines`: whether limits are drawn; of several runs they take longer than the chances of points.
    """
    whole = np.ones(len(groups.labels))
    own = 1 / groups.counts if limits.chart == "within" else whole
    sigma = limits.sigma * np.sqrt(own + limits.mean_variance)
    kind = {"within": "X-bar", "between": "means as individuals"}[limits.chart]
    if limits.chart == "between" and (groups.counts == 1).all():
        kind = "individuals"
    if limits.orders is not None:
        return _of_levels((kind, lines), limits, groups, groups.means, (whole, whole))
    return _student(kind, limits, groups, groups.means, sigma)


def ewma_chart(
    limits: Limits, groups: Subgroups, weight: float = EWMA_WEIGHT, *, lines: bool = True
) -> Chart:
    """Return the chart of the weighted mean, begun at the centre, for small lasting shifts.

    `lines`: as in `location_chart`.
    """
    scale, size = limits.sigma, len(groups.labels)
    if limits.chart == "within":
        scale = limits.sigma / math.sqrt(float(stats.hmean(groups.counts)))
    phi = max(0.0, limits.autocorrelation.value) if limits.chart == "between" else 0.0
    own = ewma_variance(phi, weight, size) * scale**2
    error = (1 - (1 - weight) ** np.arange(1, size + 1)) ** 2
    points = smoothed(groups.means, limits.centre, weight)
    if limits.orders is not None:
        parts = own / scale**2, error
        return _of_levels(("EWMA", lines), limits, groups, points, parts)
    sigma = np.sqrt(own + error * limits.mean_variance * limits.sigma**2)
    return _student("EWMA", limits, groups, points, sigma)


def spread_chart(limits: Limits, groups: Subgroups, *, lines: bool = True) -> Chart | None:
    """Return the S chart against frozen limits; None of single readings; `lines` as above."""
    if limits.orders is not None and limits.orders.spread is not None:
        false_alarm = limits.false_alarm if lines else None
        return chart_of_levels(limits.orders.spread, limits.spread, groups, false_alarm)
    spread = Spread(limits.spread, limits.spread_freedom, limits.spread_scores)
    return chart_of_spread(spread, groups, limits.false_alarm)


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


def _of_levels(
    drawn: tuple[str, bool],
    limits: Limits,
    groups: Subgroups,
    points: np.ndarray,
    parts: tuple[np.ndarray, np.ndarray],
) -> Chart:
    """Return a chart of limits from several runs: of a kind, with its lines or without.

    `parts`: variances as in `orders.chances`.
    """
    assert limits.orders is not None  # noqa: S101 - its callers ask
    kind, lines = drawn
    levels = limits.orders.smoothed if kind == "EWMA" else limits.orders.means
    off, centre = points - levels.centre, levels.centre
    half = np.full(points.size, math.nan)
    if lines:
        half = half_widths(levels, limits.false_alarm, *parts)
    told = chances(levels, off, *parts)
    return Chart(kind, groups.labels, points, centre, centre - half, centre + half, told)


def _choose(groups: Subgroups, aside: np.ndarray, process: Process) -> tuple[str, str]:
    """Return the chart that the subgroups allow, and why."""
    alone = int((groups.counts == 1).sum())
    if alone:
        some = f"subgroups with a single reading: {alone:,} of {groups.counts.size:,}"
        return "between", "single readings" if alone == groups.counts.size else some
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


def _orders(record: Mapping[str, Any]) -> Orders:
    spread = record["spread"]
    return Orders(
        Levels(**record["means"]),
        Levels(**record["smoothed"]),
        None if spread is None else Levels(**spread),
    )


def _process(record: Mapping[str, Any]) -> Process:
    told = Estimate(*record["autocorrelation"])
    return Process(**{**record, "autocorrelation": told})


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
