"""Reliability: of the cells said to fail with 30 %, do 30 % fail; by predictor, as a diagram."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any, NamedTuple

from linetwin.results.figures import Figure
from linetwin.results.page import Section
from linetwin.surrogates.review.page_cells import fault

if TYPE_CHECKING:
    from collections.abc import Sequence

    from linetwin.surrogates.review.assembling import Review
    from linetwin.surrogates.review.risks import Told
    from linetwin.surrogates.review.statistics.reliability import Reliability

_BLUE, _GREY = "#3f7fbf", "#8a939b"


class Point(NamedTuple):
    """Cells of like risk: the mean that was said, the share that failed, its 95 % interval."""

    stated: float
    observed: float
    low: float
    high: float
    cells: int


def reliability_section(found: Review) -> Section:
    """Return the diagrams: of this run where its cells are new to the predictor, else held out."""
    figures: list[Figure] = []
    said: list[str] = []
    for number, told in enumerate(found.told):
        name, reliable = f"reliable-{number}", found.reliable[told.target]
        if not isinstance(reliable, str):
            figures.append(_seen(name, told, reliable))
            continue
        held_out = _held_out(name, told) if told.trained_here else None
        if held_out is None:
            said.append(f"{fault(told)}: no diagram, {reliable}")
        else:
            figures.append(held_out)
    listed = "".join(f"<li>{escape(text)}</li>" for text in said)
    intro = (
        "Said against seen: on the line a risk is what it says. Bars are 95 % intervals of the "
        "share that failed; cells of a tray, or of a held-out group fail together: that is in them."
    )
    return Section(
        "reliability", "Reliability", f"<ul class='lacks'>{listed}</ul>" if listed else "",
        tuple(figures), intro, paired=True,
    )  # fmt: skip


def _seen(name: str, told: Told, found: Reliability) -> Figure:
    """Return the diagram of a run's own cells."""
    points = [
        Point(each.stated, each.observed.value, each.observed.low, each.observed.high, each.count)
        for each in found.bins
    ]
    return _figure(name, told, points, _words(found))


def _words(found: Reliability) -> str:
    error = found.error
    sure = "no more than" if error.value <= found.error_by_chance else "more than"
    return (
        f"{found.cells:,} cells of {found.lots:,} trays that it was not trained on. Brier score "
        f"{found.brier:.3f} (of the rate alone {found.uncertainty:.3f}); calibration error "
        f"{error.value:.3f} ({error.low:.3f} to {error.high:.3f}), {sure} a calibrated predictor "
        f"shows of so few ({found.error_by_chance:.3f})"
    )


def _held_out(name: str, told: Told) -> Figure | None:
    """Return the diagram that the card has of held-out rows, turned to the fault; None without."""
    card = told.predictor.card
    if not card.calibrated:
        return None
    points = []
    for each in card.calibrated[1:]:  # the first is of all rows
        shares = (each.predicted, each.observed, each.low, each.high)
        if not told.bad:
            stated, observed, high, low = (1.0 - share for share in shares)
        else:
            stated, observed, low, high = shares
        points.append(Point(stated, observed, low, high, each.rows))
    caption = (
        f"Rows held out in training ({card.data.group}), as its card has them: this run's own "
        "cells were learnt from"
    )
    return _figure(name, told, points, caption) if points else None


def _figure(name: str, told: Told, points: Sequence[Point], caption: str) -> Figure:
    ideal: dict[str, Any] = {
        "type": "scatter", "mode": "lines", "x": [0, 100], "y": [0, 100], "hoverinfo": "skip",
        "line": {"color": _GREY, "dash": "dot", "width": 1}, "showlegend": False,
    }  # fmt: skip
    marks = {
        "type": "scatter", "mode": "markers", "showlegend": False,
        "x": [_percent(each.stated) for each in points],
        "y": [_percent(each.observed) for each in points],
        "error_y": {
            "type": "data", "symmetric": False, "thickness": 1, "width": 3,
            "array": [_percent(max(0.0, each.high - each.observed)) for each in points],
            "arrayminus": [_percent(max(0.0, each.observed - each.low)) for each in points],
        },
        "marker": {"size": 8, "color": _BLUE},
        "text": [f"{each.cells:,} cells" for each in points],
        "hovertemplate": "said %{x} %, failed %{y} %, %{text}<extra></extra>",
    }  # fmt: skip
    layout = {
        "xaxis": {"title": {"text": "risk that was said, %"}, "range": [-4, 104]},
        "yaxis": {"title": {"text": "share that failed, %"}, "range": [-4, 104]},
    }
    return Figure(name, fault(told), caption, [ideal, marks], layout, 340)


def _percent(share: float) -> float:
    return float(f"{100 * share:.4g}")
