"""Everything that is known of a dataset before a model learns from it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from linetwin.surrogates.data.checks.coverage import (
    Coverage,
    Plane,
    coverage_findings,
    coverages,
    planes,
)
from linetwin.surrogates.data.checks.finding import Finding
from linetwin.surrogates.data.checks.leakage import leakage_findings
from linetwin.surrogates.data.checks.levels import level_findings
from linetwin.surrogates.data.checks.outliers import outlier_findings
from linetwin.surrogates.data.checks.replicates import Noise, noise_findings, noises
from linetwin.surrogates.data.checks.scales import by_which_factor, scale_findings
from linetwin.surrogates.gauges import FEWEST_CATEGORIES, UNFIT, verdict

if TYPE_CHECKING:
    from linetwin.surrogates.data.dataset import ColumnSpec, Dataset

NO_GAUGE: Final = "no Cpk and no residual alarm without a gauge study"
_ORDER: Final = ("wrong", "doubtful", "note")
_FEW_ROWS: Final = 20


@dataclass(frozen=True)
class GaugeRow:
    """A gauge against what it reads: standard deviations in the canonical unit.

    `share`: of the gauge in the spread of the readings here; `categories`: ndc; None: no scatter.
    """

    name: str
    bias: float | None
    linearity: float | None
    repeatability: float | None
    reproducibility: float | None
    share: float
    categories: int | None
    verdict: str
    from_study: bool


@dataclass(frozen=True)
class Review:
    """What a dataset covers, how much of it is noise, how good its gauges are, what is odd."""

    data: Dataset
    covered: tuple[Coverage, ...]
    planes: tuple[Plane, ...]
    noises: tuple[Noise, ...]
    gauges: tuple[GaugeRow, ...]
    findings: tuple[Finding, ...]


def review(data: Dataset) -> Review:
    """Return the review of a dataset; findings with the gravest first."""
    covered, pairs, told = coverages(data), planes(data), noises(data)
    gauges = _gauges(data)
    findings = [
        *_of_size(data),
        *scale_findings(data),
        *leakage_findings(data),
        *level_findings(data),
        *outlier_findings(data),
        *coverage_findings(data, covered, pairs),
        *noise_findings(data, told),
        *_gauge_findings(data, gauges),
    ]
    findings.sort(key=lambda each: _ORDER.index(each.weight))
    return Review(data, tuple(covered), tuple(pairs), tuple(told), tuple(gauges), tuple(findings))


def content(found: Review) -> dict[str, Any]:
    """Return a review as JSON holds it, numbers in canonical units."""
    data = found.data
    return {
        "dataset": data.name,
        "title": data.title,
        "source": data.source,
        "licence": data.licence,
        "sha256": data.digest,
        "simulated": data.simulated,
        "rows": len(data.frame),
        "left_out": dict(data.left_out),
        "columns": {name: _column(spec) for name, spec in data.columns.items()},
        "coverage": [asdict(each) for each in found.covered],
        "planes": [asdict(each) for each in found.planes],
        "noise": [asdict(each) for each in found.noises],
        "gauges": [asdict(each) for each in found.gauges],
        "findings": [asdict(each) for each in found.findings],
    }


def _column(spec: ColumnSpec) -> dict[str, str]:
    named = {"role": spec.role, "unit": spec.unit, "source": spec.source, "read_as": spec.written}
    return {key: text for key, text in named.items() if text}


def _of_size(data: Dataset) -> list[Finding]:
    found = []
    if len(data.frame) < _FEW_ROWS:
        text = f"only {len(data.frame)} rows: scores and intervals will be wide"
        found.append(Finding("size", "note", text))
    if not data.groups:
        text = "no group is named: rows of one batch or roll may help to predict each other"
        found.append(Finding("leakage", "doubtful", text))
    lacking = {"feature": not data.features, "target": not data.targets}
    return found + [
        Finding("size", "doubtful", f"no column is a {role}: nothing to learn")
        for role, lacks in lacking.items()
        if lacks
    ]


def _gauges(data: Dataset) -> list[GaugeRow]:
    found = []
    for name, gauge in data.gauges.items():
        values = data.numbers(name)
        spread = float(np.nanstd(values, ddof=1)) if np.isfinite(values).sum() > 1 else 0.0
        share, classes = gauge.share(spread), gauge.categories(spread)
        found.append(
            GaugeRow(
                name, gauge.bias, gauge.linearity, gauge.repeatability, gauge.reproducibility,
                share, classes, verdict(share, classes), gauge.study is not None,
            )
        )  # fmt: skip
    return found


def _gauge_findings(data: Dataset, gauges: list[GaugeRow]) -> list[Finding]:
    # what a simulation says of itself was read by no gauge
    read = data.of_role("inspection") if data.simulated else data.of_role("target", "inspection")
    without = [n for n in read if data.columns[n].is_number and n not in data.gauges]
    found = []
    if without:
        text = f"{', '.join(without)}: {NO_GAUGE}"
        found.append(Finding("gauge", "note", text, tuple(without)))
    for each in gauges:
        classes = "" if each.categories is None else f", ndc {each.categories}"
        text = (
            f"gauge of {each.name}: {each.share:.0%} of the spread read here{classes}: "
            f"{each.verdict}"
        )
        poor = each.share > UNFIT or (each.categories or 0) < FEWEST_CATEGORIES
        found.append(Finding("gauge", "doubtful" if poor else "note", text, (each.name,)))
        found += _elsewhere(data, each.name)
    return found


def _elsewhere(data: Dataset, name: str) -> list[Finding]:
    """Tell a study of parts of which none lies where the data do: perhaps it has another unit."""
    spec, study, values = data.columns[name], data.gauges[name].study, data.numbers(name)
    known = values[np.isfinite(values)]
    if study is None or not known.size:
        return []
    if study.low <= known.max() and known.min() <= study.high:
        return []
    text = (
        f"gauge of {name}: its study read {spec.shown(study.low)} to {spec.shown(study.high)}, the "
        f"data lie between {spec.shown(known.min())} and {spec.shown(known.max())}: it tells "
        "nothing of these"
    )
    middle = (study.low + study.high) / 2
    words = by_which_factor(spec.unit, float(np.median(known)) / middle) if middle else ""
    return [Finding("unit", "wrong", text + f", or is off by {words}" * bool(words), (name,))]
