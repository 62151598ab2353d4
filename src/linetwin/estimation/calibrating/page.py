"""The page of a calibration: values, what the data cannot tell, fit, residuals and profiles."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from linetwin.estimation.calibrating import telling
from linetwin.results.figures import Figure
from linetwin.results.page import Section, page
from linetwin.results.report_tables import table

if TYPE_CHECKING:
    from linetwin.estimation.calibrating.intervals import Interval
    from linetwin.estimation.calibrating.solving import Calibration
    from linetwin.estimation.calibrating.task import Axis, Measured

_NOTHING: Final = "The data tell none of the parameters: no parameter file is written."
_MOST_GROUPS: Final = 12
_MOST_POINTS: Final = 4000
_BLUE: Final = "#3f7fbf"
_NUMBERS: Final = {"exponentformat": "power"}
"""Large numbers of an axis as 10^9: plotly's own B for it is no prefix of a unit."""
_RED: Final = "#cf4a55"
_COLOURS: Final = (
    _BLUE, "#c77d2e", "#2f9e8f", _RED, "#9a8fc4", "#d9b44a",
    "#6fb7c9", "#8a6d3b", "#7a9e2f", "#b05fa0", "#5c6b7a", "#cf6a3c",
)  # fmt: skip


def calibration_page(made: Calibration) -> str:
    """Return the page; it needs no network, and its tables no script."""
    title = made.task.file.title or made.task.file.name
    warnings = "".join(
        f"<p class='warning'>{escape(each)}</p>" for each in telling.warnings_of(made)
    )
    header = (
        f"<header><h1>{escape(title)}</h1><p>{escape(telling.subject_of(made))}</p></header>"
        f"{warnings}"
    )
    return page(title, header, _answers(made), _sections(made))


def _answers(made: Calibration) -> str:
    names = [axis.name for axis in made.task.axes]
    if not made.explains:
        return f"<section class='answers'><p class='answer'>{escape(_NOTHING)}</p></section>"
    told = sum(made.is_told(name) for name in names)
    rest = telling.half_open(made)
    first = (
        f"<p class='answer'><b>{told} of {len(names)}</b> parameters are told by these data"
        f"{escape(rest)}"
        f"<small>{escape(telling.interval_note(made))}</small></p>"
    )
    helpful = telling.helpful_sentences(made)
    second = ""
    if helpful:
        head = escape(telling.helpful_head(made))
        second = f"<p class='answer'>{head} <b>{escape(helpful[0])}</b></p>"
    return f"<section class='answers'>{first}{second}</section>"


def _sections(made: Calibration) -> list[Section]:
    numbers = ("parameter", "unit", "is", *(f"#{h}" for h in telling.parameter_heads(made)[3:]))
    heads = telling.score_heads(made)
    scores = (*heads[:2], *(f"#{head}" for head in heads[2:]))
    task = made.task
    data = [("file", task.data.file.name), ("SHA-256", task.data.digest)]
    data += [("model", task.subject.model), ("token", task.subject.token)]
    return [
        Section("parameters", "Parameters", table(numbers, telling.parameter_rows(made))),
        Section("open", "What the data cannot tell", _sentences(telling.open_sentences(made))),
        Section(
            "helpful",
            "What to measure",
            _sentences([telling.helpful_head(made), *telling.helpful_sentences(made)]),
        ),
        Section(
            "score",
            "Score",
            table(scores, telling.score_rows(made)),
            intro=escape(telling.SCORE_NOTE),
        ),
        Section("fit", "Measured and fitted", figures=tuple(_fits(made)), paired=True),
        Section("residuals", "Residuals", figures=tuple(_residuals(made)), paired=True),
        Section("profiles", "Profiles", figures=tuple(_profiles(made)), paired=True),
        Section("data", "Data and model", table(("what", "is"), data)),
    ]


def _sentences(texts: list[str]) -> str:
    return "".join(f"<p>{escape(text)}</p>" for text in texts if text)


def _of(made: Calibration, index: int) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Return what was measured, what is fitted, and the groups, of one output; logs undone."""
    own = np.flatnonzero(made.output_of == index)
    if len(own) > _MOST_POINTS:
        own = own[:: -(-len(own) // _MOST_POINTS)]
    measured, predicted = made.targets[own], made.predicted[own]
    groups = [made.task.groups[row] for row in made.row_of[own].tolist()]
    if made.task.outputs[index].log:
        return np.exp(measured), np.exp(predicted), groups
    return measured, predicted, groups


def _fits(made: Calibration) -> list[Figure]:
    found = []
    for index, output in enumerate(made.task.outputs):
        measured, predicted, groups = _of(made, index)
        ends = [
            float(min(measured.min(), predicted.min())),
            float(max(measured.max(), predicted.max())),
        ]
        line = {
            "x": ends, "y": ends, "mode": "lines", "showlegend": False, "hoverinfo": "skip",
            "line": {"color": "#888888", "width": 1},
        }  # fmt: skip
        data = [line, *_points(measured, predicted, groups)]
        axes = {**_NUMBERS, "type": "log" if output.log else "linear"}
        layout = {
            "xaxis": {"title": {"text": _axis(output, "measured")}, **axes},
            "yaxis": {"title": {"text": _axis(output, "fitted")}, **axes},
        }
        found.append(Figure(f"fit-{index}", output.name, "", data, layout))
    return found


def _residuals(made: Calibration) -> list[Figure]:
    found = []
    for index, output in enumerate(made.task.outputs):
        measured, predicted, groups = _of(made, index)
        errors = np.log(predicted / measured) if output.log else predicted - measured
        data = _points(predicted, errors, groups)
        what = "ln(fitted / measured)" if output.log else _axis(output, "fitted - measured")
        layout = {
            "xaxis": {
                "title": {"text": _axis(output, "fitted")},
                "type": "log" if output.log else "linear",
                **_NUMBERS,
            },
            "yaxis": {"title": {"text": what}, "zeroline": True, **_NUMBERS},
        }
        found.append(Figure(f"residual-{index}", output.name, "", data, layout))
    return found


def _points(x: np.ndarray, y: np.ndarray, groups: list[str]) -> list[dict[str, Any]]:
    """Return points, by group where there are few."""
    names = list(dict.fromkeys(groups))
    if not 1 < len(names) <= _MOST_GROUPS:
        return [_cloud(x, y, "", _BLUE)]
    return [
        _cloud(x[mask], y[mask], name, colour)
        for name, colour in zip(names, _COLOURS, strict=False)
        if (mask := np.array([group == name for group in groups])).any()
    ]


def _cloud(x: np.ndarray, y: np.ndarray, name: str, colour: str) -> dict[str, Any]:
    marker = {"size": 7, "color": colour}
    shown = {"name": escape(name)} if name else {"showlegend": False}
    return {"x": x.tolist(), "y": y.tolist(), "mode": "markers", "marker": marker, **shown}


def _profiles(made: Calibration) -> list[Figure]:
    return [
        _profile(made, index, axis, interval)
        for index, (axis, interval) in enumerate(zip(made.task.axes, made.intervals, strict=True))
        if interval.profile
    ]


def _profile(made: Calibration, index: int, axis: Axis, interval: Interval) -> Figure:
    places = np.array([at for at, _ in interval.profile])
    rises = [abs(rise) for _, rise in interval.profile]
    values = axis.value(places).tolist()
    data: list[dict[str, Any]] = [
        {
            "x": values, "y": rises, "mode": "lines+markers", "line": {"color": _BLUE},
            "showlegend": False,
        },
        {
            "x": [values[0], values[-1]], "y": [made.reach] * 2, "mode": "lines",
            "line": {"color": _RED, "dash": "dot", "width": 1}, "showlegend": False,
        },
    ]  # fmt: skip
    unit = "" if axis.unit == "1" else f", {axis.unit}"
    layout = {
        "xaxis": {
            "title": {"text": f"{axis.name}{unit}"},
            "type": "log" if axis.log else "linear",
            **_NUMBERS,
        },
        "yaxis": {"title": {"text": "standard deviations"}},
    }
    caption = f"{interval.state}; dotted: end of the interval"
    return Figure(f"profile-{index}", axis.name, caption, data, layout, height=280)


def _axis(output: Measured, what: str) -> str:
    unit = "" if output.unit == "1" else f", {output.unit}"
    return f"{what}{unit}"
