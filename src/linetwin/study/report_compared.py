"""The sections of a study's page on alternatives."""

from __future__ import annotations

from typing import TYPE_CHECKING

from linetwin.results import display
from linetwin.results.page import Section
from linetwin.results.report_tables import table
from linetwin.study.report_words import estimate, figure_name, shown

if TYPE_CHECKING:
    from linetwin.study.report_findings import Findings


def alternatives_section(found: Findings) -> Section:
    """Return how the alternatives of a comparison stand, by what they are compared by."""
    told, observed = found.comparison, found.observed
    if told is None:
        return Section("alternatives", "Alternatives")
    scale = shown(observed, told.figure)
    rows = [
        [
            each.name,
            str(each.runs) if each.runs == each.made else f"{each.runs} of {each.made}",
            estimate(each.mean, scale),
            "" if each.name == told.best else estimate(each.behind, scale),
            each.fate,
        ]
        for each in told.alternatives
    ]
    heads = ["alternative", "#runs", f"#{figure_name(told.figure)}", "#worse than the best by", ""]
    intro = (
        "Differences are of runs with the same seed. Their intervals hold at every number of runs "
        "at once, so it was looked after each round and ended when it was clear; the chance that "
        f"the best alternative was dropped is at most {display.share(1 - told.confidence)} "
        "(anytime-valid t-test; exact for normal differences)."
    )
    return Section("alternatives", "Alternatives", table(heads, rows), intro=intro)


def beside_section(found: Findings) -> Section:
    """Return what alternatives differ in besides: every figure, against the first of them."""
    if not found.beside:
        return Section("beside", "Differences")
    observed, first = found.observed, found.observed.study.plan["name"].iloc[0]
    names = list(found.beside[0].differences)
    rows = []
    for each in found.beside:
        scale = shown(observed, each.figure)
        differences = (estimate(each.differences[n], scale, signed=True) for n in names)
        rows.append([figure_name(each.figure), estimate(each.mean, scale), *differences])
    heads = ["figure", f"#{first}", *(f"#{name} over {first}" for name in names)]
    intro = (
        f"Of runs with the same seed: by how much each alternative is above {first}, which stands "
        "first in the study. Intervals: 95 %, each by itself (t-interval of the mean difference); "
        "how many runs there are was decided by what the alternatives are compared by."
    )
    return Section("beside", f"Differences from {first}", table(heads, rows), intro=intro)
