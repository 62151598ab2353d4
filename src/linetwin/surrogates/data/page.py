"""The page of a dataset: what it covers, what is odd, noise and gauges; it needs no network."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from linetwin.results.figures import Figure
from linetwin.results.page import Section, page
from linetwin.results.report_tables import table
from linetwin.surrogates.data import telling
from linetwin.surrogates.data.review import NO_GAUGE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from linetwin.surrogates.data.checks.finding import Finding
    from linetwin.surrogates.data.dataset import ColumnSpec, Dataset
    from linetwin.surrogates.data.review import Review

_MOST_POINTS: Final = 3000
_MOST_GROUPS: Final = 12
_MOST_FIGURES: Final = 24
_BLUE: Final = "#3f7fbf"
_RED: Final = "#cf4a55"


def dataset_page(found: Review) -> str:
    """Return the page of a review."""
    data = found.data
    about = "".join(f"<p>{escape(text)}</p>"
                    for text in (telling.subject_of(data), *telling.origin_of(data)))  # fmt: skip
    header = f"<header><h1>{escape(data.title)}</h1>{about}</header>"
    return page(data.title, header, _answers(found), _sections(found))


def _answers(found: Review) -> str:
    counts = [
        f"{sum(each.weight == weight for each in found.findings)} {word}"
        for weight, word in (("wrong", "wrong"), ("doubtful", "to be looked at"))
    ]
    return (
        "<section class='answers'><p class='answer'>"
        f"<b>{escape(counts[0])}</b>, {escape(counts[1])}"
        "<small>before a model learns from these data</small></p></section>"
    )


def _sections(found: Review) -> list[Section]:
    data = found.data
    heads = [*telling.COLUMN_HEADS[: telling.COLUMN_TEXTS],
             *(f"#{head}" for head in telling.COLUMN_HEADS[telling.COLUMN_TEXTS :])]  # fmt: skip
    return [
        Section("findings", "Findings", _findings(found.findings)),
        Section("columns", "Columns", table(heads, telling.column_rows(found))),
        Section("gauges", "Gauges", _gauges(found)),
        Section("targets", "Targets over features", figures=tuple(_targets(data)), paired=True),
        Section(
            "planes",
            "Features together",
            figures=tuple(_planes(found)),
            intro="The red rectangle is the largest part without a row.",
            paired=True,
        ),
    ]


def _findings(findings: tuple[Finding, ...]) -> str:
    parts = []
    for weight, title in telling.WEIGHTS.items():
        texts = [each.text for each in findings if each.weight == weight]
        if texts:
            items = "".join(f"<li>{escape(text)}</li>" for text in texts)
            parts.append(f"<h3>{escape(title)}</h3><ul>{items}</ul>")
    return "".join(parts)


def _gauges(found: Review) -> str:
    rows, studies = telling.gauge_rows(found), telling.study_rows(found)
    if not rows:
        return f"<p>{escape(NO_GAUGE[0].upper() + NO_GAUGE[1:])}.</p>"
    heads = [telling.GAUGE_HEADS[0], *(f"#{head}" for head in telling.GAUGE_HEADS[1:])]
    told = table(heads, rows)
    if studies:
        first, *rest = telling.STUDY_HEADS
        told += table([first, *(f"#{head}" for head in rest)], studies)
    return told


def _targets(data: Dataset) -> Iterator[Figure]:
    """Draw each target over each feature, by group where there are few."""
    pairs = [(target, feature) for target in data.targets for feature in data.features]
    group = data.groups[0] if data.groups else ""
    for number, (target, feature) in enumerate(pairs[:_MOST_FIGURES]):
        layout = _layout(data.columns[feature], data.columns[target])
        yield Figure(
            f"target-{number}", f"{target} over {feature}", "",
            _clouds(data, (feature, target), group), layout, height=300,
        )  # fmt: skip


def _planes(found: Review) -> Iterator[Figure]:
    """Draw the pairs of features with the largest holes."""
    data = found.data
    for number, plane in enumerate(found.planes[:_MOST_FIGURES]):
        first, second = (data.columns[name] for name in plane.names)
        low, high = ([spec.in_shown(ends[k]) for spec, ends in
                      ((first, plane.first), (second, plane.second))]
                     for k in (0, 1))  # fmt: skip
        box = {
            "type": "rect", "x0": low[0], "x1": high[0], "y0": low[1], "y1": high[1],
            "line": {"color": _RED, "dash": "dot", "width": 1},
        }  # fmt: skip
        layout = _layout(first, second) | ({"shapes": [box]} if plane.empty else {})
        caption = f"rank correlation {plane.correlation:.2f}"
        clouds = _clouds(data, plane.names, "")
        title = f"{second.name} over {first.name}"
        yield Figure(f"plane-{number}", title, caption, clouds, layout, height=300)


def _clouds(data: Dataset, names: tuple[str, str], group: str) -> list[dict[str, Any]]:
    """Return the points of two columns; each group has a colour where there are few."""
    specs = [data.columns[name] for name in names]
    step = -(-len(data.frame) // _MOST_POINTS)
    rows = np.arange(0, len(data.frame), step)
    first, second = (
        np.array([spec.in_shown(value) for value in data.numbers(spec.name)[rows].tolist()])
        for spec in specs
    )
    there = np.isfinite(first) & np.isfinite(second)
    labels = data.frame[group].to_numpy()[rows] if group else np.full(len(rows), "")
    levels = list(dict.fromkeys(labels.tolist()))
    if not 1 < len(levels) <= _MOST_GROUPS:
        labels, levels = np.full(len(rows), ""), [""]
    named = np.array([data.row(row) for row in rows.tolist()], dtype=object)
    return [
        _cloud(first[mask], second[mask], named[mask].tolist(), level)
        for level in levels
        if (mask := there & (labels == level)).any()
    ]


def _cloud(x: np.ndarray, y: np.ndarray, rows: list[str], name: str) -> dict[str, Any]:
    shown: dict[str, Any] = {"name": escape(name)} if name else {"showlegend": False}
    marker = {"size": 6} if name else {"size": 6, "color": _BLUE}
    texts = [escape(row) for row in rows]
    return {"x": x.tolist(), "y": y.tolist(), "mode": "markers", "marker": marker, "text": texts,
            **shown}  # fmt: skip


def _layout(first: ColumnSpec, second: ColumnSpec) -> dict[str, Any]:
    axes = {}
    for axis, spec in (("xaxis", first), ("yaxis", second)):
        unit = spec.shown_unit
        axes[axis] = {"title": {"text": f"{spec.name}, {unit}" if unit else spec.name}}
    return axes
