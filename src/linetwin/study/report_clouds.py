"""Clouds of points on a study's page: parallel coordinates and the Pareto front."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from linetwin.results import display
from linetwin.results.figures import Figure
from linetwin.study.report_figures import BLUE, LEGEND, ORANGE
from linetwin.study.report_words import factor_scale, figure_name, short_names, shown, titled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from linetwin.study.analysing.observing import Observed
    from linetwin.study.analysing.optimum import Optimum

_FACTORS, _FIGURES, _LINES, _UPRIGHT = 6, 3, 400, 4
_LETTER = 5
"""Width of a slanted letter (px)."""
_SCALE = (ORANGE, "#c9a27d", "#9aa4ac", "#7196bb", BLUE)


class _Axis(NamedTuple):
    """An axis of the parallel coordinates; `texts`: of its ends, where they are no numbers."""

    label: str
    values: np.ndarray
    texts: tuple[str, str] | None = None


def parallel_figure(
    observed: Observed, factors: Sequence[int], figures: Sequence[str]
) -> Figure | None:
    """Draw points as lines through factors and figures, coloured by the first figure.

    Of plain lines: what plotly has for this needs WebGL, which many a browser is without.
    """
    chosen = factors[:_FACTORS]
    labels = short_names([observed.factors[number].address for number in chosen])
    axes = [_factor_axis(observed, n, label) for n, label in zip(chosen, labels, strict=True)]
    axes += [_figure_axis(observed, name) for name in figures[:_FIGURES]]
    values = np.array([axis.values for axis in axes])
    rows = np.flatnonzero(np.isfinite(values).all(axis=0))
    if len(rows) < 3 or len(axes) < 2:  # noqa: PLR2004 - two lines show no pattern
        return None
    shown_rows = rows[:: max(1, math.ceil(len(rows) / _LINES))]
    low, high = values[:, rows].min(axis=1), values[:, rows].max(axis=1)
    span = np.where(high > low, high - low, 1.0)
    heights = (values[:, shown_rows] - low[:, None]) / span[:, None]
    heights = np.where((high > low)[:, None], heights, 0.5)
    rank = heights[len(axes) - len(figures[:_FIGURES])]
    traces = [
        _lines(heights[:, group == number], colour)
        for group in [np.minimum((rank * len(_SCALE)).astype(int), len(_SCALE) - 1)]
        for number, colour in enumerate(_SCALE)
        if (group == number).any()
    ]
    notes = [
        note
        for number, axis in enumerate(axes)
        for note in _ends(number, axis, float(low[number]), float(high[number]))
    ]
    slanted = len(axes) > _UPRIGHT
    first = max(map(len, axes[0].label.split("<br>")))
    layout = {
        "xaxis": {
            "tickvals": list(range(len(axes))),
            "ticktext": [axis.label for axis in axes],
            "range": [-0.35, len(axes) - 0.65],
            "tickangle": -30 if slanted else 0,
            "automargin": True,
        },
        "yaxis": {"visible": False, "range": [-0.1, 1.1]},
        "annotations": notes,
        "showlegend": False,
        "hovermode": False,
        # a slanted label ends below its axis and reaches to the left of it
        "margin": {"l": 24 + (_LETTER * first if slanted else 0), "r": 24},
    }
    caption = (
        f"A line a point ({len(shown_rows):,} of {values.shape[1]:,}), from "
        f"orange where {figure_name(figures[0])} is low to blue where it is high; factors that "
        "matter most stand first."
    )
    return Figure("parallel", "All points", caption, traces, layout, 460)


def _lines(heights: np.ndarray, colour: str) -> dict[str, Any]:
    """Return points as one broken line; `heights`: (axes, points)."""
    count = len(heights)
    x: list[float | None] = []
    y: list[float | None] = []
    for column in heights.T:
        x += [*range(count), None]
        y += [*display.digits(column.tolist(), 3), None]
    return {
        "type": "scatter",
        "mode": "lines",
        "x": x,
        "y": y,
        "line": {"color": colour, "width": 1.2},
        "opacity": 0.75,
    }


def _ends(number: int, axis: _Axis, low: float, high: float) -> list[dict[str, Any]]:
    """Return what stands below and above an axis: its lowest and highest value."""
    common = {"x": number, "showarrow": False, "font": {"size": 11}}
    bottom, top = axis.texts or (display.plain(low), display.plain(high))
    return [
        common | {"y": 0.0, "yanchor": "top", "text": bottom},
        common | {"y": 1.0, "yanchor": "bottom", "text": top},
    ]


def front_figure(observed: Observed, found: Optimum, figures: Sequence[str]) -> Figure:
    """Draw the finalists' first two objectives with intervals, over all trials of the search."""
    scales = [shown(observed, name) for name in figures[:2]]
    searched = observed.written.replications
    clouds = [_means(observed.values(name)[:, :searched]) for name in figures[:2]]
    cloud = {
        "type": "scatter",
        "mode": "markers",
        "name": "trials of the search",
        "x": display.digits((clouds[0] * scales[0].factor).tolist()),
        "y": display.digits((clouds[1] * scales[1].factor).tolist()),
        "marker": {"color": "#9aa4ac", "size": 5, "opacity": 0.6},
        "hovertemplate": "%{x}, %{y}<extra></extra>",
    }
    front: dict[str, Any] = {
        "type": "scatter",
        "mode": "markers",
        "name": "run again with new seeds",
        "text": [f"point {each.point}" for each in found.finalists],
        "marker": {"color": BLUE, "size": 10},
        "hovertemplate": "%{text}: %{x}, %{y}<extra></extra>",
    }
    for axis, number in (("x", 0), ("y", 1)):
        told = [each.figures[number] for each in found.finalists]
        factor = scales[number].factor
        front[axis] = display.digits([each.value * factor for each in told])
        ups = [(each.high - each.value) * factor for each in told]
        front[f"error_{axis}"] = {"type": "data", "array": display.digits(ups), "thickness": 1.2}
    layout = {
        "xaxis": {"title": {"text": titled(observed, figures[0])}},
        "yaxis": {"title": {"text": titled(observed, figures[1])}},
        "legend": LEGEND,
    }
    caption = (
        "Whiskers: 95 % intervals of the mean over new seeds. The search's own figures are grey: "
        "of many trials the best look better than they are."
    )
    return Figure("front", "Pareto front", caption, [cloud, front], layout, 460)


def _factor_axis(observed: Observed, number: int, label: str) -> _Axis:
    factor = observed.factors[number]
    values = observed.study.points[factor.address]
    if factor.levels and isinstance(factor.levels[0], (str, tuple)):
        ends = (str(factor.levels[0]), str(factor.levels[-1]))
        return _Axis(label, observed.shares[:, number], ends)
    scale = factor_scale(factor)
    numbers = values.to_numpy(float)
    if isinstance(factor.base, (int, float)):
        numbers = np.where(np.isfinite(numbers), numbers, float(factor.base))
    return _Axis(_with_unit(label, scale.unit), numbers * scale.factor + scale.offset)


def _figure_axis(observed: Observed, name: str) -> _Axis:
    scale = shown(observed, name)
    values = _means(observed.values(name)) * scale.factor
    return _Axis(f"<b>{_with_unit(figure_name(name), scale.unit)}</b>", values)


def _with_unit(label: str, unit: str) -> str:
    return f"{label}<br>{unit}" if unit else label


def _means(values: np.ndarray) -> np.ndarray:
    known = np.isfinite(values)
    sums = np.where(known, values, 0.0).sum(axis=1)
    return np.where(known.any(axis=1), sums / np.maximum(known.sum(axis=1), 1), np.nan)
