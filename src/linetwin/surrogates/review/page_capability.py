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
    heads = ["read", "limits", "#readings", "#Cpk", "#Ppk", "#without gauge: Cpk", "#Ppk",
             "#gauge"]  # fmt: skip
    notes = "".join(f"<li>{escape(text)}</li>" for each in found.capable for text in _notes(each))
    listed = f"<ul class='lacks'>{notes}</ul>" if notes else ""
    told = f"{table(heads, rows)}{listed}" if rows else listed
    intro = (
        "Cpk rests on the scatter within subgroups, Ppk on all scatter: a process that drifts has "
        "a Ppk below its Cpk. In brackets 95 % intervals; gauge: its part in the spread, beside "
        "the indices without it. Where no gauge is stated there is no Cpk."
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
    return [
        each.name, limits, f"{found.readings:,}",
        "" if within is None else _interval(within.worst), _interval(found.overall.worst),
        _bare(found.corrected_within), _bare(found.corrected_overall),
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
    said = [] if found.stable else [f"{each.name}: not stable, subgroups lie apart"]
    quantiles = found.quantiles
    if quantiles is not None:
        own = f"Ppk by quantiles {_interval(quantiles.worst)}, {quantiles.how}"
        said.append(f"{each.name}: not normal, {own}")
    return said


def _interval(found: Estimate) -> str:
    if not math.isfinite(found.value):
        return "not known"
    value = 0.0 if abs(found.value) < _FACTOR else found.value
    return f"{value:.2f} ({found.low:.2f} to {found.high:.2f})"
