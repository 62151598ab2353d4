"""The section of capability: Cpk and Ppk apart, and why there is none."""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING, Final

from linetwin.results import display
from linetwin.results.page import Section
from linetwin.results.report_tables import table
from linetwin.surrogates.goals import spec_of
from linetwin.surrogates.review.risks import target_of

if TYPE_CHECKING:
    from linetwin.surrogates.gauges import Estimate
    from linetwin.surrogates.review.assembling import Review
    from linetwin.surrogates.review.capable import Capable
    from linetwin.surrogates.review.statistics.capability import Capability, Index

_FACTOR: Final = 1e-9


def capability_section(found: Review) -> Section:
    """Return Cpk and Ppk, apart, with intervals; where there is no gauge, why there is none."""
    rows = [_row(each, each.found) for each in found.capable if each.found is not None]
    heads = ["read", "limits", "#readings", "#beyond the limits", "#Cpk", "#Ppk",
             "#without gauge: Cpk", "#Ppk", "#gauge"]  # fmt: skip
    notes = "".join(f"<li>{escape(text)}</li>" for each in found.capable for text in _notes(each))
    listed = f"<ul class='lacks'>{notes}</ul>" if notes else ""
    told = f"{table(heads, rows)}{listed}" if rows else listed
    intro = (
        "Cpk rests on the scatter within subgroups, Ppk on all scatter: a process that drifts has "
        "a Ppk below its Cpk. In brackets 95 % intervals; gauge: its part in the spread, beside "
        "the indices without it. Where no gauge is stated there is no Cpk. Where more readings "
        "lie beyond the limits than the indices can have, these are not to be used."
    )
    if gone := len(found.scrapped):
        intro += (
            f" {gone:,} cells scrapped on a prediction have no reading after it: what is read "
            "then (capacity, resistance) tells of the others, unweighted."
        )
    return Section("capability", "Capability", told, intro=intro)


def _row(each: Capable, found: Capability) -> list[str]:
    spec = spec_of(target_of(each.quantity, each.unit))
    low, high = ("" if edge is None else spec.shown(edge) for edge in (each.low, each.high))
    limits = f"{low} to {high}" if low and high else f"at least {low}" if low else f"at most {high}"
    within = found.within
    use = ", not to be used" if found.contradicted else ""
    return [
        each.name, limits, f"{found.readings:,}", _beyond(found),
        "" if within is None else f"{_interval(within.worst)}{use}",
        f"{_interval(found.overall.worst)}{use}",
        f"{_bare(found.corrected_within)}{use}", f"{_bare(found.corrected_overall)}{use}",
        display.share(min(1.0, found.gauge_share)),
    ]  # fmt: skip


def _bare(index: Index | None) -> str:
    """Return an index with the gauge's part of the spread taken out."""
    return "all is gauge" if index is None else f"{index.worst.value:.2f}"


def _notes(each: Capable) -> list[str]:
    """Return why there is no capability, or what must be known of it."""
    found = each.found
    if found is None:
        return [f"{each.name}: no Cpk, {each.refused}"]
    said = [_contradicted(found)] if found.contradicted else []
    quantiles = found.quantiles
    if quantiles is not None and quantiles.worst is not None:
        said.append(f"not normal, Ppk by quantiles {_interval(quantiles.worst)}, {quantiles.how}")
    elif quantiles is not None:
        said.append(f"not normal, no Ppk by quantiles: {quantiles.how}")
    if found.outside.refused:
        said.append(f"control charts have no limits: {found.outside.refused}")
    elif any(found.outside.points.values()):
        out = ", ".join(f"{many} on {kind}" for kind, many in found.outside.points.items() if many)
        said.append(
            f"of {found.outside.subgroups:,} subgroups {out} outside of the limits that these "
            "readings give by themselves (phase I; 0.27 % are by chance)"
        )
    return [f"{each.name}: {text}" for text in said]


def _contradicted(found: Capability) -> str:
    beyond, ppm = found.beyond, found.beyond.ppm
    lie = "lies" if beyond.count == 1 else "lie"
    return (
        f"Cpk and Ppk are not to be used: {beyond.count:,} of {found.readings:,} readings {lie} "
        f"beyond the limits, {_ppm(ppm.value)} ppm ({_ppm(ppm.low)} to {_ppm(ppm.high)}), where a "
        f"normal distribution with such a Ppk has {_ppm(beyond.foretold)} ppm at most"
    )


def _beyond(found: Capability) -> str:
    """Return how many readings lie beyond the limits, with their share and its interval."""
    ppm = found.beyond.ppm
    return f"{found.beyond.count:,}: {_ppm(ppm.value)} ppm ({_ppm(ppm.low)} to {_ppm(ppm.high)})"


def _ppm(value: float) -> str:
    return f"{value:,.0f}" if value >= 1 or not value else "less than 1"


def _interval(found: Estimate) -> str:
    if not math.isfinite(found.value):
        return "not known"
    value = 0.0 if abs(found.value) < _FACTOR else found.value
    return f"{value:.2f} ({found.low:.2f} to {found.high:.2f})"
