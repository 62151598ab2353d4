"""The figures of the report that run over time: what stations did, how full buffers were."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from linetwin.results import display, timeline
from linetwin.results.figures import Figure

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from linetwin.results.kpis import Facts
    from linetwin.results.rows import Rows

# What a station does, as the Gantt shows it; PackML states and causes fall into these.
ACTIVITIES: dict[str, str] = {
    "working": "#2f9e8f",
    "setting up": "#d9b44a",
    "starved": "#8fb8de",
    "blocked": "#b594d1",
    "micro-stop": "#e58a4e",
    "failed": "#cf4a55",
    "maintenance": "#5f6fb5",
    "off shift": "#9aa3ad",
}
GANTT_COLUMNS = 900


def _time(facts: Facts) -> tuple[float, str]:
    """Return ticks per unit, and the unit, in which times are drawn."""
    return (86_400_000, "d") if facts.end > 2 * 86_400_000 else (3_600_000, "h")


def gantt(facts: Facts, groups: Mapping[str, Sequence[str]]) -> Figure:
    """Draw what each group of stations did when; a column shows what filled most of it.

    `groups`: name -> stations; of several machines the column shows what most of them did.
    """
    per_unit, unit = _time(facts)
    edges = np.linspace(0, facts.end, GANTT_COLUMNS + 1)
    names = list(ACTIVITIES)
    rows = []
    for members in groups.values():
        shares = np.zeros((len(names), GANTT_COLUMNS))
        for spans in (facts.spans_at[member] for member in members if member in facts.spans_at):
            for activity, own in spans.by("activity").items():
                if activity in ACTIVITIES:
                    shares[names.index(activity)] += _covered(own, edges)
        # A stop is short against a column: it shows from a tenth of it on.
        shares[names.index("failed")] *= 5
        best = shares.argmax(axis=0)
        rows.append(
            [int(b) if m > 0 else None for b, m in zip(best, shares.max(axis=0), strict=True)]
        )
    steps = len(names)
    colours = [
        [(number + side) / steps, colour]
        for number, colour in enumerate(ACTIVITIES.values())
        for side in (0, 1)
    ]
    text = [[names[cell] if cell is not None else "done" for cell in row] for row in rows]
    trace = {
        "type": "heatmap",
        "z": rows,
        "text": text,
        "x": display.digits((edges / per_unit).tolist(), 6),
        "y": [
            display.name(group) + (f" ({len(each)})" if len(each) > 1 else "")
            for group, each in groups.items()
        ],
        "zmin": -0.5,
        "zmax": steps - 0.5,
        "colorscale": colours,
        "showscale": False,
        "ygap": 3,
        "hoverongaps": False,
        "hovertemplate": f"%{{y}}<br>%{{x:.2f}} {unit}: %{{text}}<extra></extra>",
    }
    layout = {
        "xaxis": {"title": {"text": f"time from the start in {unit}"}},
        "yaxis": {"autorange": "reversed", "automargin": True},
    }
    caption = (
        f"Each column is {display.duration(facts.end / 1000 / GANTT_COLUMNS)} wide and shows what "
        "filled most of it; a failure shows from a fifth of a column on. Of a group of machines, "
        "their number behind it, it shows what most did. Empty: order done."
    )
    return Figure("gantt", "What the stations did", caption, [trace], layout, 90 + 24 * len(rows))


def _covered(spans: Rows, edges: np.ndarray) -> np.ndarray:
    """Return how long [ms] intervals cover each bin."""
    return np.diff(timeline.covered_until(spans, edges))


def buffer_levels(facts: Facts) -> Figure | None:
    """Draw how full each buffer was; None where no levels were recorded."""
    per_unit, unit = _time(facts)
    edges = np.linspace(0, max(facts.end, 1), 401)
    names, rows, texts = [], [], []
    for path, about, ticks, recorded in facts.levels:
        capacity = about.get("capacity") or recorded.max()
        at = np.clip(np.searchsorted(ticks, (edges[:-1] + edges[1:]) / 2, "right") - 1, 0, None)
        level = recorded[at]
        names.append(display.name(path))
        rows.append(display.digits((level / (capacity or 1.0)).tolist(), 3))
        texts.append(
            [f"{display.plain(float(v))} of {display.plain(float(capacity))}" for v in level]
        )
    if not names:
        return None
    trace = {
        "type": "heatmap",
        "z": rows,
        "text": texts,
        "x": display.digits((edges / per_unit).tolist(), 6),
        "y": names,
        "zmin": 0,
        "zmax": 1,
        "colorscale": [[0, "rgba(63,127,191,0.06)"], [1, "rgba(63,127,191,1)"]],
        "showscale": False,
        "ygap": 3,
        "hovertemplate": f"%{{y}}<br>%{{x:.2f}} {unit}: %{{text}}<extra></extra>",
    }
    layout = {
        "xaxis": {"title": {"text": f"time from the start in {unit}"}},
        "yaxis": {"autorange": "reversed", "automargin": True},
    }
    caption = "The darker, the fuller; solid is full. Levels at the recording instants."
    return Figure(
        "buffers", "How full the buffers were", caption, [trace], layout, 90 + 24 * len(rows)
    )
