"""Clouds of points on a study's page: parallel coordinates and the Pareto front."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from linetwin.results import display
from linetwin.results.figures import Figure
from linetwin.study.report_figures import BLUE, LEGEND, ORANGE
from linetwin.study.report_words import factor_scale, figure_name, shown, titled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from linetwin.study.analysing.observing import Observed
    from linetwin.study.analysing.optimum import Optimum

_AXES, _LINES = 8, 400


def parallel_figure(
    observed: Observed, factors: Sequence[int], figures: Sequence[str]
) -> Figure | None:
    """Draw points as lines through factors and figures, coloured by the first figure."""
    means = {name: _means(observed.values(name)) for name in figures}
    axes = [_factor_axis(observed, number) for number in factors[:_AXES]]
    axes += [_figure_axis(observed, name, means[name]) for name in figures[:4]]
    known = np.all([np.isfinite(axis["values"]) for axis in axes], axis=0)
    rows = np.flatnonzero(known)
    if len(rows) < 3 or len(axes) < 2:  # noqa: PLR2004 - two lines show no pattern
        return None
    rows = rows[:: max(1, math.ceil(len(rows) / _LINES))]
    for axis in axes:
        axis["values"] = display.digits(np.asarray(axis["values"])[rows].tolist(), 5)
    colour = display.digits(means[figures[0]][rows].tolist(), 5)
    trace = {
        "type": "parcoords",
        "dimensions": axes,
        "line": {"color": colour, "colorscale": [[0, ORANGE], [0.5, "#9aa4ac"], [1, BLUE]]},
        "labelangle": -14,
        "labelside": "top",
    }
    layout = {"margin": {"l": 70, "r": 60, "t": 90, "b": 24}}
    caption = (
        f"A line a point ({len(rows):,} of {len(known):,}), blue where "
        f"{figure_name(figures[0])} is high. Drag along an axis to choose lines."
    )
    return Figure("parallel", "All points", caption, [trace], layout, 440)


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


def _factor_axis(observed: Observed, number: int) -> dict[str, Any]:
    factor = observed.factors[number]
    axis: dict[str, Any] = {"label": _short(factor.address)}
    values = observed.study.points[factor.address]
    if values.dtype == object or str(values.dtype).startswith(("str", "string")):
        axis["values"] = observed.shares[:, number]
        count = len(factor.levels)
        axis["tickvals"] = [n / (count - 1) for n in range(count)]
        axis["ticktext"] = [str(level) for level in factor.levels]
        return axis
    scale = factor_scale(factor)
    numbers = values.to_numpy(float)
    if isinstance(factor.base, (int, float)):
        numbers = np.where(np.isfinite(numbers), numbers, float(factor.base))
    axis["values"] = numbers * scale.factor + scale.offset
    axis["label"] += f" {scale.unit}".rstrip()
    return axis


def _figure_axis(observed: Observed, name: str, means: np.ndarray) -> dict[str, Any]:
    scale = shown(observed, name)
    return {"label": f"{_short(name)} {scale.unit}".rstrip(), "values": means * scale.factor}


def _means(values: np.ndarray) -> np.ndarray:
    known = np.isfinite(values)
    sums = np.where(known, values, 0.0).sum(axis=1)
    return np.where(known.any(axis=1), sums / np.maximum(known.sum(axis=1), 1), np.nan)


def _short(path: str) -> str:
    """Return the last part of an address or figure: axes stand close to one another."""
    return display.name(path.rsplit(".", 1)[-1])
