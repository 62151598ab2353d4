"""The sections that are drawn: Pareto of defects, control charts, capability, reliability."""

from __future__ import annotations

from collections import Counter
from html import escape
from typing import TYPE_CHECKING, Any, Final

from linetwin.results import display
from linetwin.results.figures import Figure
from linetwin.results.page import Section
from linetwin.results.report_tables import table
from linetwin.surrogates.goals import spec_of
from linetwin.surrogates.review.page_limits import of_another
from linetwin.surrogates.review.risks import target_of
from linetwin.surrogates.review.statistics.limits import Limits
from linetwin.surrogates.review.streams import Stream

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

    from linetwin.surrogates.data.dataset import ColumnSpec
    from linetwin.surrogates.review.approving import Approved
    from linetwin.surrogates.review.assembling import Review
    from linetwin.surrogates.review.charting import Charted
    from linetwin.surrogates.review.statistics.charts import Chart

_RED, _BLUE, _GREY = "#cf4a55", "#3f7fbf", "#8a939b"
_MOST_DRAWN: Final = 16
_KINDS: Final = {
    "S": "standard deviation within the subgroup", "EWMA": "weighted mean (EWMA)",
    "p": "share of faulty cells", "p'": "share of faulty cells (Laney's p')",
}  # fmt: skip
_MOST_ALARMS: Final = 40
_FACTOR: Final = 1e-9
_DIGITS: Final = 7
"""Of what is drawn: a voltage moves in its fifth digit."""
_SURE: Final = 1e-9


def charts_section(found: Review) -> Section:
    """Return the control charts that alarm, or show a quantity as a whole, and all streams."""
    charts = found.charts
    alarms = Counter(each.stream for each in charts.alarms)
    drawn = _drawn(found, alarms)
    figures = tuple(
        _chart(f"chart-{number}", each, _shown_chart(each, found), found)
        for number, each in enumerate(drawn)
    )
    return Section(
        "charts", "Control charts", _streams(found, alarms), figures, _charts_intro(found),
        _alarm_table(found), paired=True,
    )  # fmt: skip


def _shown_chart(each: Charted, found: Review) -> Chart:
    """Return the chart with the surest alarm, else that of the location."""
    first = next((a.chart for a in found.charts.alarms if a.stream == each.stream.name), "")
    return next((chart for chart in each.charts if chart.kind == first), each.charts[0])


def _drawn(found: Review, alarms: Counter[str]) -> list[Charted]:
    """Return what is drawn: quantities as a whole, then lanes and channels that tell more.

    A lane whose alarms are all of subgroups that alarm on the whole tells nothing new.
    """
    every = [each for each in found.charts.charted if each.charts]
    every.sort(key=lambda each: (-alarms[each.stream.name], each.stream.name))
    whole = [each for each in every if _is_whole(each) and _tells(each, alarms)]
    names = {each.stream.name for each in whole}
    known = {alarm.label for alarm in found.charts.alarms if alarm.stream in names}
    new = {alarm.stream for alarm in found.charts.alarms if alarm.label not in known}
    parts = [each for each in every if not _is_whole(each) and each.stream.name in new]
    return [*whole, *parts][:_MOST_DRAWN]


def _tells(each: Charted, alarms: Counter[str]) -> bool:
    """Whether a chart is worth its room: one of a rare finding without an alarm is a flat line."""
    rare = not isinstance(each.stream, Stream) and each.stream.name.startswith("finding ")
    return not rare or alarms[each.stream.name] > 0


def _is_whole(each: Charted) -> bool:
    return not isinstance(each.stream, Stream) or each.stream.by in {"tray", "side", "residual"}


def _charts_intro(found: Review) -> str:
    approved = found.approved
    if approved is None:
        state = (
            "<b>Phase I</b>: the limits are those of this run itself, proposed, and approved by "
            "nobody. What lies outside is told, and is no alarm before the limits are approved "
            "(<code>surrogate approve-limits</code>)."
        )
    else:
        own = approved.is_logged(found.log)
        logged = "in the log of this run" if own else f"for {_others(approved.runs)}"
        state = (
            f"<b>Phase II</b>: limits approved by {escape(approved.by)} on "
            f"{escape(approved.at[:16].replace('T', ' '))} UTC, {logged}; SHA-256 "
            f"{approved.digest[:16]}."
        )
    together = (
        "of all points of all streams together at most 5 % of the signals are false on average "
        "(Benjamini and Hochberg)."
    )
    if of_another(found):
        together = f"streams are judged together (Benjamini and Hochberg). {of_another(found)}"
    return (
        f"{state} Subgroups: cells of a tray, {_stretch()} of a web; each lane and channel by "
        "itself. "
        f"{_left_out(approved)}"
        "Limits are prediction limits at a false alarm of 0.27 % a point, with the autocorrelation "
        f"of neighbouring subgroups in them; {together}"
    )


def _left_out(approved: Approved | None) -> str:
    if approved is None or approved.runs == 1:
        return ""
    return "Readings of scrapped cells are left out: they are counted in the shares of scrap. "


def _others(runs: int) -> str:
    return "another run" if runs == 1 else f"{runs} other runs"


def _stretch() -> str:
    from linetwin.surrogates.review.streams import STRETCH

    return f"stretches of {STRETCH} segments"


def _alarm_table(found: Review) -> str:
    """Return the alarms by subgroup, the surest first, and all of them folded."""
    alarms = found.charts.alarms
    word = "alarm" if found.charts.frozen else "signal of phase I"
    if not alarms:
        return f"<p>No {word} on {_judged(found):,} streams.</p>"
    specs = {each.stream.name: _spec(each) for each in found.charts.charted}
    rows = [
        [each.stream, each.chart, each.label, specs[each.stream].shown(each.value),
         _chance(each.chance), _chance(each.adjusted)]
        for each in alarms[:_MOST_ALARMS]
    ]  # fmt: skip
    counts = Counter(each.label for each in alarms)
    first = {each.label: row for each, row in zip(reversed(alarms[:_MOST_ALARMS]),
                                                  reversed(rows), strict=True)}  # fmt: skip
    by_label = [
        [label, f"{counts[label]:,}", *(first[label][k] for k in (0, 1, 3, 5))]
        for label in dict.fromkeys(each.label for each in alarms[:_MOST_ALARMS])
    ]
    own = ["subgroup", "#charts", "surest on", "chart", "#value", "#chance, for all points"]
    heads = ["stream", "chart", "subgroup", "#value", "#chance", "#chance, for all points"]
    more = len(alarms) - len(rows)
    left = f"<p class='soft'>and {more:,} more, less sure</p>" if more else ""
    if len(alarms) > 1:
        word = word.replace("alarm", "alarms").replace("signal", "signals")
    summary = f"All {len(alarms):,} {word} on {_judged(found):,} streams"
    return (
        f"{table(own, by_label)}<details><summary>{summary}</summary>{table(heads, rows)}{left}"
        "</details>"
    )


def _chance(value: float) -> str:
    return "< 1e-9" if value < _SURE else f"{value:.1e}"


def _judged(found: Review) -> int:
    return sum(bool(each.charts) for each in found.charts.charted)


def _spec(each: Charted) -> ColumnSpec:
    stream = each.stream
    if isinstance(stream, Stream):
        return spec_of(target_of(stream.quantity, stream.unit))
    return spec_of(target_of("share", "1"))


def _chart(name: str, each: Charted, chart: Chart, found: Review) -> Figure:
    spec = _spec(each)
    out = {alarm.label for alarm in found.charts.alarms
           if alarm.stream == each.stream.name and alarm.chart == chart.kind}  # fmt: skip
    x = list(range(1, len(chart.labels) + 1))

    def shown(values: Sequence[float] | np.ndarray) -> list[float | None]:
        return display.digits([spec.in_shown(float(value)) for value in values], _DIGITS)

    colours = [_RED if label in out else _BLUE for label in chart.labels]
    lines = [
        {"type": "scatter", "mode": "lines", "x": x, "y": shown(edge), "hoverinfo": "skip",
         "line": {"color": _RED, "width": 1, "dash": "dot", "shape": "hvh"}, "showlegend": False}
        for edge in (chart.low, chart.high)
    ]  # fmt: skip
    centre = {"type": "scatter", "mode": "lines", "x": [x[0], x[-1]], "showlegend": False,
              "y": shown([chart.centre] * 2), "line": {"color": _GREY, "width": 1},
              "hoverinfo": "skip"}  # fmt: skip
    points = {
        "type": "scatter", "mode": "lines+markers", "x": x, "y": shown(chart.points),
        "text": [escape(label) for label in chart.labels], "showlegend": False,
        "line": {"color": _BLUE, "width": 1}, "marker": {"size": 6, "color": colours},
        "hovertemplate": f"%{{text}}: %{{y}} {escape(spec.shown_unit)}<extra></extra>",
    }  # fmt: skip
    unit = spec.shown_unit or "share"
    layout = {
        "xaxis": {"title": {"text": "subgroup, in time"}},
        "yaxis": {"title": {"text": unit}},
    }
    caption = f"{_KINDS.get(chart.kind, chart.kind)}; {_limits_said(each, chart.kind)}"
    return Figure(name, each.stream.name, caption, [*lines, centre, points], layout, 280)


def _limits_said(each: Charted, kind: str) -> str:
    limits = each.limits
    if limits is None:
        return each.refused
    aside, count = limits.set_aside, f"{limits.subgroups} subgroups"
    reason = limits.reason if isinstance(limits, Limits) and kind != "S" else ""
    if limits.runs > 1:
        reason = f"{limits.runs} runs, whose levels differ"
    if kind == "S" and isinstance(limits, Limits):
        number = limits.spread_subgroups
        aside = limits.spread_set_aside
        count = f"the {f'{number} ' if number else ''}subgroups with 2 readings or more"
    told = f" but those set aside in phase I: {', '.join(aside)}" if aside else ""
    return f"limits from {count}{told}" + (f"; {reason}" if reason else "")


def _streams(found: Review, alarms: Counter[str]) -> str:
    rows = []
    for each in found.charts.charted:
        limits, spec = each.limits, _spec(each)
        gauge = ""
        if isinstance(each.stream, Stream):
            gauge = "stated" if each.stream.gauge is not None else "not stated"
        rows.append(
            [
                each.stream.name, gauge,
                f"{limits.subgroups:,}" if limits is not None else "",
                spec.shown(limits.centre) if limits is not None else "",
                _auto(limits), f"{alarms[each.stream.name]}" if each.charts else "",
                each.refused,
            ]
        )  # fmt: skip
    heads = [
        "stream",
        "gauge",
        "#subgroups",
        "#centre",
        "#autocorrelation",
        "#out",
        "no chart, for",
    ]
    told = "".join(f"<li>{escape(text)}</li>" for text in found.not_charted)
    listed = f"<ul class='lacks'>{told}</ul>" if told else ""
    return (
        f"{listed}<details><summary>All {len(rows):,} streams</summary>"
        f"<div class='long'>{table(heads, rows)}</div></details>"
    )


def _auto(limits: Any) -> str:  # noqa: ANN401 - limits of readings or of defects
    value = getattr(limits, "autocorrelation", None)
    return "" if value is None else f"{value.value:.2f}"
