"""The sections of what went wrong: Pareto of defects, and stations that stand out."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

import numpy as np

from linetwin.results import display
from linetwin.results.figures import Figure
from linetwin.results.page import Section
from linetwin.results.report_causes import causes
from linetwin.results.report_tables import table

if TYPE_CHECKING:
    from linetwin.surrogates.review.assembling import Review

_GREY: Final = "#8a939b"
_SEVERE: Final = {"safety": "#cf4a55", "function": "#c77d2e", "cosmetic": _GREY, "": "#3f7fbf"}
_PARETO: Final = 20


def pareto_section(found: Review) -> Section:
    """Return the defects by number of cells, with their share summed up."""
    cells = found.facts.cells
    cells = cells[~cells["cell"].isin(found.scrapped)]
    bad = cells[cells["status"].isin(("B", "scrap")) & cells["reason"].ne("")]
    gone = len(found.scrapped)
    left = (
        f"<p>{gone:,} cells scrapped on a prediction are not among them: nobody knows what they "
        "would have been. So what goes with findings is not told either.</p>"
        if gone
        else causes(found.kpis)
    )
    counts = Counter(zip(bad["station"], bad["reason"], strict=True)).most_common(_PARETO)
    if not counts:
        none = "<p>No cell was scrapped or of grade B.</p>"
        return Section("pareto", "Defects", none + left if gone else none)
    names = [f"{display.name(str(place))}: {reason}" for (place, reason), _ in counts]
    numbers = [count for _, count in counts]
    summed = np.cumsum(numbers) / len(bad)
    severe = [_severity(found, str(reason)) for (_, reason), _ in counts]
    bars = {
        "type": "bar", "orientation": "h", "y": names, "x": numbers, "name": "cells",
        "text": [f"{n:,} ({display.share(n / len(bad))})" for n in numbers],
        "textposition": "auto", "marker": {"color": [_SEVERE[each] for each in severe]},
        "hovertemplate": "%{y}<br>%{x} cells<extra></extra>",
    }  # fmt: skip
    line = {
        "type": "scatter", "mode": "lines+markers", "y": names, "name": "summed",
        "x": [float(f"{100 * each:.4g}") for each in summed], "xaxis": "x2",
        "line": {"color": _GREY}, "hovertemplate": "%{x} % up to here<extra></extra>",
    }  # fmt: skip
    layout = {
        "xaxis": {"title": {"text": "cells"}},
        "xaxis2": {"overlaying": "x", "side": "top", "range": [0, 105], "showgrid": False,
                   "ticksuffix": " %", "tickvals": [0, 25, 50, 75, 100]},
        "yaxis": {"autorange": "reversed", "automargin": True}, "showlegend": False,
        "margin": {"t": 40},
    }  # fmt: skip
    caption = "Red: safety, orange: function, grey: cosmetic, blue: no class in the policy."
    figure = Figure("pareto", "Cells by finding", caption, [bars, line], layout,
                    130 + 30 * len(names))  # fmt: skip
    return Section("pareto", "Defects", left, (figure,))


def _severity(found: Review, reason: str) -> str:
    """Return the gravest class of what a finding names."""
    of = {
        name.removeprefix("found_").replace("_", " "): each.severity
        for name, each in found.policy.characteristics.items()
        if name.startswith("found_")
    }
    words = reason.lower().replace("-", " ").split("; ")
    found_here = [of[each] for each in words if each in of]
    return next((each for each in _SEVERE if each in found_here), "")


def named_section(found: Review) -> Section:
    """Return the stations and lots that stand out by their readings, the likeliest first."""
    rows = [
        [
            display.name(each.station), each.lot, display.name(each.quantity),
            f"{each.strength:.1f}", each.said,
            f"may follow from {display.name(each.follows)}" if each.follows else "",
        ]
        for each in found.named
    ]  # fmt: skip
    heads = ["station", "lot", "quantity", "#times its limit", "what is read", ""]
    intro = (
        "Lots of this run held against each other, from readings alone: what gauges, inspections "
        "and machines tell. A candidate to look at, not a cause that was shown."
    )
    none = "<p>No station's lots stand out from the others of this run.</p>"
    return Section("named", "Stations that stand out", table(heads, rows) if rows else none,
                   intro=intro)  # fmt: skip
