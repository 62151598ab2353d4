"""The figures of a study's page as plotly figures: plain data, with intervals."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from linetwin.results import display
from linetwin.results.figures import Figure
from linetwin.study.report_words import (
    Shown,
    address_name,
    factor_value,
    figure_name,
    shown,
    titled,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from linetwin.study.analysing.effects import Effects
    from linetwin.study.analysing.following import Course, Swing
    from linetwin.study.analysing.inferring import Estimate
    from linetwin.study.analysing.observing import Observed
    from linetwin.study.analysing.screened import Screened
    from linetwin.study.analysing.sensitivity import Morris, Sobol

BLUE, ORANGE, GREEN, RED = "#3f7fbf", "#c77d2e", "#2f9e8f", "#cf4a55"
COLOURS = (BLUE, ORANGE, GREEN, RED, "#9a8fc4", "#6fb7c9")
_ROWS, _AXES, _APART = 12, 8, 1.3
LEGEND = {"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0}


def whiskers(
    names: Sequence[str], found: Sequence[Estimate], scale: Shown, colour: str, title: str
) -> dict[str, Any]:
    """Return dots with whiskers, a row a name."""
    values = [each.value * scale.factor for each in found]
    ups = [(each.high - each.value) * abs(scale.factor) for each in found]
    downs = [(each.value - each.low) * abs(scale.factor) for each in found]
    trace: dict[str, Any] = {
        "type": "scatter",
        "mode": "markers",
        "name": title,
        "y": list(names),
        "x": display.digits(values),
        "marker": {"color": colour, "size": 9},
        "hovertemplate": f"%{{y}}: %{{x}} {scale.unit}<extra></extra>",
    }
    if all(math.isfinite(each) for each in (*ups, *downs)):
        trace["error_x"] = {
            "type": "data",
            "symmetric": False,
            "array": display.digits(ups),
            "arrayminus": display.digits(downs),
            "color": colour,
            "thickness": 1.5,
        }
    return trace


def _rows(count: int, axis: str) -> tuple[dict[str, Any], int]:
    layout: dict[str, Any] = {
        "xaxis": {"title": {"text": axis}, "zeroline": True, "exponentformat": "none"},
        "yaxis": {"autorange": "reversed", "automargin": True, "type": "category"},
        "legend": LEGEND,
    }
    return layout, 130 + 36 * count


def effects_figure(observed: Observed, figure: str, found: Effects) -> Figure | None:
    """Draw the largest effects, of one factor and of two together."""
    if not found.effects:
        return None
    scale, chosen = shown(observed, figure), found.effects[:_ROWS]
    names = {e: _together(observed, e.factors) for e in chosen}
    traces = [
        whiskers([names[e] for e in part], [e.change for e in part], scale, colour, title)
        for part, colour, title in (
            ([e for e in chosen if len(e.factors) == 1], BLUE, "one factor"),
            ([e for e in chosen if len(e.factors) == 2], ORANGE, "two together"),  # noqa: PLR2004
        )
        if part
    ]
    layout, height = _rows(len(chosen), f"change of {titled(observed, figure)}")
    layout["yaxis"]["categoryorder"] = "array"
    layout["yaxis"]["categoryarray"] = [names[e] for e in chosen]
    caption = (
        "From the low to the high end of each factor's span; whiskers: intervals that hold for "
        "all effects at once with 95 %. Two "
        "together: half of how much the effect of one differs between the ends of the other."
    )
    if found.alone:
        caption += (
            " There are more factors than points: each is fitted alone, what the others do is "
            "noise to it."
        )
    elif math.isfinite(found.explained):
        what = "With squares they" if found.bent else "They"
        caption += f" {what} hold {display.share(found.explained)} of what differs."
    if found.lacking:
        caption += (
            " What they leave is more than seeds explain: the figure bends in other ways too, and "
            "the intervals are as wide as points left out show."
        )
    return Figure(
        _slug("effects", figure),
        f"Effects on {figure_name(figure)}",
        caption,
        traces,
        layout,
        height,
    )


def interactions_figure(observed: Observed, figure: str, found: Effects) -> Figure | None:
    """Draw what two factors do together as a matrix, main effects on its diagonal."""
    if not any(len(e.factors) == 2 for e in found.effects):  # noqa: PLR2004
        return None
    scale, numbers = shown(observed, figure), []
    for effect in found.effects:
        numbers += [n for n in effect.factors if n not in numbers]
    numbers = numbers[:_AXES]
    cells: list[list[float | None]] = [[None] * len(numbers) for _ in numbers]
    for effect in found.effects:
        a, b = effect.factors[0], effect.factors[-1]
        if a in numbers and b in numbers:
            value = display.digits([effect.change.value * scale.factor], 3)[0]
            for row, column in ((a, b), (b, a)):
                cells[numbers.index(row)][numbers.index(column)] = value
    names = [_name(observed, n) for n in numbers]
    largest = max(abs(v) for row in cells for v in row if v is not None)
    trace = {
        "type": "heatmap",
        "x": names,
        "y": names,
        "z": cells,
        "zmin": -largest,
        "zmax": largest,
        "colorscale": [[0, RED], [0.5, "rgba(128,128,128,0.12)"], [1, BLUE]],
        "texttemplate": "%{z}",
        "showscale": False,
        "hovertemplate": "%{y} x %{x}: %{z}<extra></extra>",
    }
    layout = {
        "yaxis": {"autorange": "reversed", "automargin": True},
        "xaxis": {"automargin": True, "tickangle": -30},
    }
    return Figure(
        _slug("interactions", figure),
        f"Interactions: {titled(observed, figure)}",
        "On the diagonal the effect of a factor alone, elsewhere of two together.",
        [trace],
        layout,
        200 + 34 * len(names),
    )


def sobol_figure(observed: Observed, figure: str, found: Sobol) -> Figure:
    """Draw first and total indices, by total index."""
    order = sorted(range(len(found.total)), key=lambda n: -found.total[n].value)[:_ROWS]
    names, plain = [_name(observed, n) for n in order], Shown(1.0, "")
    traces = [
        whiskers(names, [found.total[n] for n in order], plain, BLUE, "total"),
        whiskers(names, [found.first[n] for n in order], plain, ORANGE, "first"),
    ]
    layout, height = _rows(len(order), "share of the variance")
    caption = (
        "First: what a factor explains by itself. Total: with all it does together with others. "
        f"Whiskers: 95 % intervals by bootstrap over {found.samples:,} base samples."
    )
    return Figure(
        _slug("sobol", figure),
        f"Sobol indices of {figure_name(figure)}",
        caption,
        traces,
        layout,
        height,
    )


def morris_figures(observed: Observed, figure: str, found: Morris) -> list[Figure]:
    """Draw the screening: mean absolute effects, and against them how uneven effects are."""
    scale = shown(observed, figure)
    order = sorted(range(len(found.mu_star)), key=lambda n: -found.mu_star[n].value)
    top = order[:_ROWS]
    names = [_name(observed, n) for n in top]
    layout, height = _rows(len(top), f"mean absolute change of {titled(observed, figure)}")
    bars = Figure(
        _slug("morris", figure),
        f"What matters for {figure_name(figure)}",
        "mu*: mean absolute change from end to end of a factor's span, over "
        f"{found.trajectories:,} trajectories; whiskers: 95 % intervals by bootstrap.",
        [whiskers(names, [found.mu_star[n] for n in top], scale, BLUE, "mu*")],
        layout,
        height,
    )
    points = {
        "type": "scatter",
        "mode": "markers",
        "x": display.digits([found.mu_star[n].value * scale.factor for n in order]),
        "y": display.digits([found.sigma[n] * scale.factor for n in order]),
        "text": [_name(observed, n) for n in order],
        "marker": {"color": BLUE, "size": 8},
        "hovertemplate": "%{text}: %{x}, spread %{y}<extra></extra>",
    }
    far = {
        "xaxis": {"title": {"text": f"mu* of {titled(observed, figure)}"}, "rangemode": "tozero"},
        "yaxis": {"title": {"text": "sigma"}, "rangemode": "tozero"},
    }
    caption = (
        "Low: the effect is the same everywhere. High: it depends on the other factors, "
        "on where one is, or on chance."
    )
    spread = Figure(
        _slug("spread", figure),
        "How even the effects are",
        caption,
        [points],
        far,
        max(height, 320),
    )
    return [bars, spread]


def screened_figure(observed: Observed, figure: str, found: Screened) -> Figure | None:
    """Draw the factors that do most, each moved by itself in the end."""
    chosen = found.factors[:_ROWS]
    if not chosen:
        return None
    scale = shown(observed, figure)
    names = [_name(observed, number) for number, _ in chosen]
    dots = whiskers(names, [change for _, change in chosen], scale, BLUE, "change")
    layout, height = _rows(len(chosen), f"change of {titled(observed, figure)}")
    caption = (
        "From the low to the high end of the span, all others as the scenario has them; "
        f"{found.pairs} groups and factors were moved. Whiskers: what chance alone gives one of "
        "them in 95 % (Lenth); those that leave zero out matter."
    )
    title = f"What matters for {figure_name(figure)}"
    return Figure(_slug("screened", figure), title, caption, [dots], layout, height)


def tornado_figure(observed: Observed, figure: str, swings: Sequence[Swing]) -> Figure | None:
    """Draw the change to either side of the scenario, widest first."""
    chosen = [swing for swing in swings if swing.changes and swing.widest > 0][:_ROWS]
    if not chosen:
        return None
    scale = shown(observed, figure)
    ends: tuple[list[Any], list[Any]] = ([], [])
    for swing in chosen:
        factor = observed.factors[swing.factor]
        ordered = sorted(swing.changes, key=lambda change: str(change[0]))
        if all(isinstance(value, (int, float)) for value, _ in swing.changes):
            ordered = sorted(swing.changes, key=lambda change: float(change[0]))  # type: ignore[arg-type]
        for side, change in zip(ends, (ordered[0], ordered[-1]), strict=True):
            side.append((factor_value(factor, change[0]), change[1]))
    names = [_name(observed, swing.factor) for swing in chosen]
    traces = []
    for title, colour, side in zip(("lowest", "highest"), (ORANGE, BLUE), ends, strict=True):
        dots = whiskers(names, [found for _, found in side], scale, colour, title)
        bar = {"type": "bar", "orientation": "h", "text": [value for value, _ in side]}
        kept = {key: dots[key] for key in ("y", "x", "error_x", "name") if key in dots}
        traces.append(
            bar
            | kept
            | {
                "marker": {"color": colour},
                "textposition": "none",
                "hovertemplate": f"%{{y}} = %{{text}}: %{{x}} {scale.unit}<extra></extra>",
            }
        )
    layout, height = _rows(len(chosen), f"change of {titled(observed, figure)}")
    layout |= {"barmode": "overlay", "bargap": 0.35}
    caption = (
        "Each factor by itself, at the lowest and highest value tried, against the scenario as it "
        "is; whiskers: 95 % intervals of the paired difference. What factors do together is not "
        "seen this way."
    )
    return Figure(
        _slug("tornado", figure), f"Tornado: {figure_name(figure)}", caption, traces, layout, height
    )


def course_figure(observed: Observed, figure: str, course: Course) -> Figure:
    """Draw how estimates settled as runs were added."""
    scale = shown(observed, figure) if course.what != "total index" else Shown(1.0, "")
    traces = []
    for (name, line), colour in zip(course.lines.items(), COLOURS, strict=False):
        known = all(math.isfinite(e.high - e.low) for e in line)
        trace: dict[str, Any] = {
            "type": "scatter",
            "mode": "lines+markers",
            "name": address_name(name),
            "x": list(course.runs),
            "y": display.digits([e.value * scale.factor for e in line]),
            "line": {"color": colour, "width": 1.5},
        }
        if known:
            half = [(e.high - e.low) / 2 * abs(scale.factor) for e in line]
            trace["error_y"] = {"type": "data", "array": display.digits(half), "thickness": 1}
        traces.append(trace)
    layout = {
        "xaxis": {"title": {"text": "runs"}, "type": "log", "tickvals": _ticks(course.runs)},
        "yaxis": {"title": {"text": f"{course.what}{_in(scale)}"}},
        "legend": LEGEND | {"y": -0.25, "yanchor": "top"},
    }
    title = f"Convergence: {course.what} of {figure_name(figure)}"
    caption = "Each line with the runs up to there; whiskers: 95 % intervals."
    return Figure(_slug("course", figure), title, caption, traces, layout, 400)


def _together(observed: Observed, factors: Sequence[int]) -> str:
    if len(factors) == 1:
        return _name(observed, factors[0])
    return "<br>x ".join(_name(observed, n).replace("<br>", " ") for n in factors)


def _name(observed: Observed, number: int) -> str:
    """Return a factor for an axis: where it is on one line, what it is on the next."""
    where, _, what = observed.factors[number].address.rpartition(".")
    return f"{display.name(where)}<br>{display.name(what)}" if where else display.name(what)


def _ticks(runs: Sequence[int]) -> list[int]:
    """Return numbers of runs that stand far enough apart to be read on a logarithmic axis."""
    kept = [runs[-1]]
    for count in reversed(runs):
        if count * _APART < kept[-1]:
            kept.append(count)
    return kept[::-1]


def _in(scale: Shown) -> str:
    return f" in {scale.unit}" if scale.unit else ""


def _slug(kind: str, figure: str) -> str:
    return f"{kind}-{figure.replace('.', '-')}"
