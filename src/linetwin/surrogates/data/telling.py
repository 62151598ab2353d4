"""The words and tables in which a review of a dataset is told, on the screen and on the page."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from linetwin.surrogates.data.dataset import ColumnSpec, Dataset
    from linetwin.surrogates.data.review import Review

COLUMN_HEADS: Final = (
    "column", "role", "unit", "rows", "missing", "distinct", "least", "median", "greatest",
)  # fmt: skip
COLUMN_TEXTS: Final = 3
GAUGE_HEADS: Final = (
    "gauge of", "bias", "linearity", "repeatability", "reproducibility", "%GRR", "ndc",
)  # fmt: skip
STUDY_HEADS: Final = ("gauge study", "value", "95 %, from", "to")
WEIGHTS: Final = {
    "wrong": "Wrong: mend before learning",
    "doubtful": "To be looked at",
    "note": "To be known",
}


def subject_of(data: Dataset) -> str:
    """Say how much there is, and of what kind."""
    parts = [f"{len(data.frame):,} rows", f"{len(data.features)} features"]
    parts.append(f"targets: {', '.join(data.targets) or 'none'}")
    groups = [f"{name} ({data.frame[name].nunique():,})" for name in data.groups]
    parts.append(f"groups: {', '.join(groups) or 'none'}")
    return "; ".join(parts)


def origin_of(data: Dataset) -> list[str]:
    """Say where the data are from, what may be done with them, and what was left out."""
    said = [f"source: {data.source}", f"licence: {data.licence}", f"SHA-256 {data.digest}"]
    if data.simulated:
        said.append("simulated: scores say nothing about a real line")
    return said + [f"left out: {count:,} {why}" for why, count in data.left_out.items() if count]


def column_rows(found: Review) -> list[tuple[str, ...]]:
    """Return a row for each column: numbers with their span, texts with their levels."""
    data, covered = found.data, {each.name: each for each in found.covered}
    rows: list[tuple[str, ...]] = []
    for name, spec in data.columns.items():
        each = covered.get(name)
        if each is None:
            texts = data.frame[name]
            told = int((texts != "").sum())
            rows.append((name, spec.role, "", f"{told:,}", f"{len(texts) - told:,}",
                         f"{texts.nunique():,}", "", "", ""))  # fmt: skip
            continue
        span = (_plain(spec, value) for value in (each.low, each.median, each.high))
        unit = spec.shown_unit
        rows.append((name, spec.role, unit, f"{each.count:,}", f"{each.missing:,}",
                     f"{each.distinct:,}", *span))  # fmt: skip
    return rows


def gauge_rows(found: Review) -> list[tuple[str, ...]]:
    """Return a row for each gauge."""
    rows: list[tuple[str, ...]] = []
    for each in found.gauges:
        spec = found.data.columns[each.name]
        terms = (
            "not known" if value is None else spec.shown_difference(value)
            for value in (each.bias, each.repeatability, each.reproducibility)
        )
        bias, repeatability, reproducibility = terms
        linearity = "not known" if each.linearity is None else f"{each.linearity:.2g}"
        classes = "" if each.categories is None else str(each.categories)
        share = f"{each.share:.0%}"
        rows.append((each.name, bias, linearity, repeatability, reproducibility, share, classes))
    return rows


def study_rows(found: Review) -> list[tuple[str, ...]]:
    """Return the estimates of the gauge studies, with their intervals."""
    rows: list[tuple[str, ...]] = []
    for name, gauge in found.data.gauges.items():
        study, spec = gauge.study, found.data.columns[name]
        if study is None:
            continue
        estimates = {
            "bias": study.bias, "repeatability": study.repeatability,
            "reproducibility": study.reproducibility, "gauge": study.gauge,
            "parts": study.part, "readings": study.total,
        }  # fmt: skip
        rows += [
            (f"{name}: {what}", *(spec.shown_difference(number) for number in estimate))
            for what, estimate in estimates.items()
            if estimate is not None
        ]
        if study.linearity is not None:
            rows.append((f"{name}: linearity", *(f"{number:.2g}" for number in study.linearity)))
        rows.append((f"{name}: %GRR", *(f"{number:.1%}" for number in study.share)))
        rows.append((f"{name}: ndc", *(_count(number) for number in study.categories)))
    return rows


def finding_rows(found: Review) -> list[tuple[str, str]]:
    """Return heading and text of each finding, the gravest first."""
    return [(WEIGHTS[each.weight], each.text) for each in found.findings]


def _count(number: float) -> str:
    return f"{number:.0f}" if math.isfinite(number) else "unlimited"


def _plain(spec: ColumnSpec, value: float) -> str:
    return f"{spec.in_shown(value):.4g}"
