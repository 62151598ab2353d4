"""The figures of the report as plotly figures: plain data, thinned so that a page stays small.

Colours of text and grid are left to the page, which knows whether it is read light or dark.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from linetwin.results import display

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from linetwin.results.kpis import Facts

GRADE_COLOURS = {"A": "#2f9e8f", "B": "#d9b44a", "scrap": "#cf4a55"}
_SYMBOLS = {"a": "circle", "b": "x"}
SIDE_COLOURS = {"a": "#3f7fbf", "b": "#c77d2e"}
CARRIER_COLOURS = {
    "electricity": "#3f7fbf",
    "fuel": "#cf6a3c",
    "cooling water": "#6fb7c9",
    "compressed air": "#9a8fc4",
}
WEB_BINS = 700
HISTOGRAM_BINS = 40
_PARETO = 20


@dataclass(frozen=True)
class Figure:
    """One figure: plotly data and layout, what it says, and what a reader must know."""

    name: str
    title: str
    caption: str
    data: list[dict[str, Any]]
    layout: dict[str, Any] = field(default_factory=dict)
    height: int = 360


def web(
    facts: Facts, electrode: str, quantity: str, window: tuple[float, float] | None
) -> Figure | None:
    """Draw a quantity along all webs of an electrode, both sides, against its window."""
    columns = [
        f"{quantity}{side}" for side in ("_a", "_b") if f"{quantity}{side}" in facts.segments
    ]
    segments = facts.segments[facts.segments["web"] == electrode]
    if segments.empty or not columns:
        return None
    lengths = (segments["end_m"] - segments["start_m"]).to_numpy()
    position = np.cumsum(lengths) - lengths / 2
    shown = display.scale(quantity)
    good = (segments["status"] != "scrap").to_numpy()
    traces, everything = [], []
    for column in columns:
        values = segments[column].to_numpy() * shown.factor + shown.offset
        everything.append(values[good & np.isfinite(values)])
        for kept, mode in ((good, "lines"), (~good, "markers")):
            # What was cut out is a gap in the line, and the good web a gap between the dots.
            x, y = thinned(position, np.where(kept, values, np.nan))
            side = f"side {column[-1]}"
            traces.append(
                {
                    "type": "scatter",
                    "mode": mode,
                    "name": side if mode == "lines" else f"{side}, cut out",
                    "x": display.digits(x.tolist()),
                    "y": display.digits(y.tolist()),
                    "line": {"width": 1, "color": SIDE_COLOURS[column[-1]]},
                    "marker": {"size": 4, "color": "#cf4a55", "symbol": _SYMBOLS[column[-1]]},
                    "hovertemplate": f"%{{x:.0f}} m: %{{y}} {shown.unit}<extra></extra>",
                }
            )
    limits = [] if window is None else [edge * shown.factor + shown.offset for edge in window]
    layout: dict[str, Any] = {
        "xaxis": {
            "title": {"text": "metres of web, roll after roll"},
            "range": [0, float(lengths.sum())],
        },
        "yaxis": {
            "title": {"text": f"{display.name(quantity)} in {shown.unit or '1'}"},
            "range": _visible(np.concatenate(everything), limits),
        },
        "shapes": [_band("y", limits)] if limits else [],
        "legend": {"orientation": "h", "y": 1.14, "x": 0},
    }
    scrap = float(lengths[~good].sum() / lengths.sum())
    caption = (
        f"Shaded: the tolerance. {display.share(scrap)} of the web was cut out. Extremes are kept "
        "where metres are drawn together; metres of a start-up may lie off the picture."
    )
    title = f"{electrode.capitalize()}: {display.name(quantity)} along the web"
    return Figure(f"{electrode}-{quantity}", title, caption, traces, layout, 300)


def thinned(x: np.ndarray, y: np.ndarray, bins: int = WEB_BINS) -> tuple[np.ndarray, np.ndarray]:
    """Return at most two points per bin, its minimum and its maximum, in their order.

    A web that is short enough is returned as it is, NaN where it has gaps.
    """
    if len(x) <= 2 * bins:
        return x, y
    known = np.isfinite(y)
    x, y = x[known], y[known]
    # Where little is known there are fewer points than bins: none may be empty.
    starts = np.unique(np.linspace(0, len(x), bins + 1).astype(int))
    chosen: list[int] = []
    for first, last in pairwise(starts.tolist()):
        part = y[first:last]
        chosen += sorted({first + int(part.argmin()), first + int(part.argmax())})
    kept = np.array(chosen, dtype=np.intp)
    return x[kept], y[kept]


def _visible(values: np.ndarray, limits: Sequence[float]) -> list[float] | None:
    """Return a range that holds the window and all but the most extreme hundredth."""
    if not len(values):
        return None
    low, high = (float(v) for v in np.quantile(values, [0.01, 0.99]))
    if len(limits) == 2:  # noqa: PLR2004 - a window has two ends
        reach = limits[1] - limits[0]
        low, high = max(low, limits[0] - reach), min(high, limits[1] + reach)
        low, high = min(low, limits[0]), max(high, limits[1])
    pad = 0.08 * (high - low) or abs(high) * 0.02 or 1.0
    return [low - pad, high + pad]


def _band(axis: str, limits: Sequence[float]) -> dict[str, Any]:
    other = "x" if axis == "y" else "y"
    return {
        "type": "rect",
        "layer": "below",
        f"{other}ref": "paper",
        f"{other}0": 0,
        f"{other}1": 1,
        f"{axis}0": limits[0],
        f"{axis}1": limits[1],
        "fillcolor": "rgba(47,158,143,0.13)",
        "line": {"width": 0},
    }


def distribution(
    facts: Facts, quantity: str, title: str, limits: Mapping[str, float]
) -> Figure | None:
    """Draw the graded cells over a quantity, by grade; `limits`: label -> canonical value."""
    if quantity not in facts.graded:
        return None
    cells = facts.graded[facts.graded[quantity].notna()]
    if cells.empty:
        return None
    shown = display.scale(quantity)
    values = cells[quantity].to_numpy() * shown.factor + shown.offset
    low, high = float(values.min()), float(values.max())
    spread = (high - low) or abs(high) * 0.01 or 1.0
    edges = np.linspace(low - 0.02 * spread, high + 0.02 * spread, HISTOGRAM_BINS + 1)
    middles = display.digits(((edges[:-1] + edges[1:]) / 2).tolist(), 6)
    traces = []
    for grade, colour in GRADE_COLOURS.items():
        counts = np.histogram(values[(cells["status"] == grade).to_numpy()], edges)[0]
        if counts.any():
            traces.append(
                {
                    "type": "bar",
                    "name": grade if grade == "scrap" else f"grade {grade}",
                    "x": middles,
                    "y": counts.tolist(),
                    "marker": {"color": colour},
                    "hovertemplate": f"%{{x}} {shown.unit}: %{{y}}<extra></extra>",
                }
            )
    marks = {label: limit * shown.factor + shown.offset for label, limit in limits.items()}
    reach = [edges[0] - 0.5 * spread, edges[-1] + 0.5 * spread]
    near = {label: at for label, at in marks.items() if reach[0] <= at <= reach[1]}
    layout = {
        "barmode": "stack",
        "bargap": 0.04,
        "xaxis": {"title": {"text": f"{title.lower()} in {shown.unit or '1'}"}},
        "yaxis": {"title": {"text": "cells"}},
        "shapes": [_mark(at) for at in near.values()],
        "annotations": [
            {
                "x": at,
                "y": 1.0,
                "yref": "paper",
                "text": label,
                "showarrow": False,
                "yanchor": "bottom",
            }
            for label, at in near.items()
        ],
        "legend": {"orientation": "h", "y": -0.3, "x": 0},
    }
    far = [
        f"{label} at {display.plain(at)} {shown.unit}"
        for label, at in marks.items()
        if label not in near
    ]
    caption = f"{len(cells):,} graded cells. " + (
        f"Off the picture: {', '.join(far)}." if far else ""
    )
    return Figure(quantity, title, caption.strip(), traces, layout, 320)


def _mark(at: float) -> dict[str, Any]:
    line = {"width": 1.5, "dash": "dot", "color": "#8a8f98"}
    return {"type": "line", "yref": "paper", "y0": 0, "y1": 1, "x0": at, "x1": at, "line": line}


def defects(
    name: str, title: str, table: Mapping[str, Mapping[str, float]], unit: str
) -> Figure | None:
    """Draw a Pareto of defects; `table`: place -> reason -> `unit` (cells or m)."""
    rows = [(place, reason, n) for place, reasons in table.items() for reason, n in reasons.items()]
    if not rows:
        return None
    rows.sort(key=lambda row: -row[2])
    total = math.fsum(row[2] for row in rows)
    left = rows[_PARETO:]
    caption = (
        f"and {len(left):,} more with {display.share(math.fsum(r[2] for r in left) / total)} of it"
        if left
        else ""
    )
    rows = rows[:_PARETO]
    trace = {
        "type": "bar",
        "orientation": "h",
        "y": [f"{display.name(place)}: {reason}" for place, reason, _ in rows],
        "x": display.digits([row[2] for row in rows]),
        "text": [f"{display.plain(n)} ({display.share(n / total)})" for _, _, n in rows],
        "textposition": "auto",
        "marker": {"color": "#cf4a55"},
        "hovertemplate": f"%{{y}}<br>%{{x}} {unit}<extra></extra>",
    }
    layout = {
        "xaxis": {"title": {"text": unit}},
        "yaxis": {"autorange": "reversed", "automargin": True},
    }
    return Figure(name, title, caption, [trace], layout, 110 + 30 * len(rows))


def energy(by_station: Mapping[str, Mapping[str, float]]) -> Figure | None:
    """Draw energy bought by group of stations and carrier; `by_station`: group -> carrier -> J."""
    stations = [name for name, carriers in by_station.items() if sum(carriers.values()) > 0]
    if not stations:
        return None
    traces = [
        {
            "type": "bar",
            "orientation": "h",
            "name": carrier,
            "y": [display.name(station) for station in stations],
            "x": display.digits(
                [by_station[s].get(carrier, 0.0) / display.JOULE_PER_KWH for s in stations]
            ),
            "marker": {"color": colour},
            "hovertemplate": "%{y}: %{x} kWh<extra>%{fullData.name}</extra>",
        }
        for carrier, colour in CARRIER_COLOURS.items()
    ]
    layout = {
        "barmode": "stack",
        "xaxis": {"title": {"text": "kWh"}},
        "yaxis": {"autorange": "reversed", "automargin": True},
        "legend": {"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0},
    }
    caption = "Everything used in the run, idle hours included."
    return Figure(
        "energy",
        "Energy by group of stations and carrier",
        caption,
        traces,
        layout,
        120 + 26 * len(stations),
    )
