"""The section of ageing: after how many days a soft short shows against its tray."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from linetwin.errors import ScenarioError
from linetwin.results import display
from linetwin.results.figures import Figure
from linetwin.results.kpis_capability import gauge_of
from linetwin.results.page import Section
from linetwin.results.report_tables import table
from linetwin.surrogates.review.drifting import drifting
from linetwin.surrogates.review.statistics.ageing import (
    DAY,
    DriftTest,
    days_needed,
    largest_resistance,
    limit_factor,
    power_curve,
)
from linetwin.surrogates.review.statistics.capability import known
from linetwin.surrogates.review.statistics.limits import FALSE_ALARM
from linetwin.surrogates.review.streams import gauge_at

if TYPE_CHECKING:
    from linetwin.surrogates.review.assembling import Review

_LEAKS: Final = (20e3, 50e3, 100e3, 200e3)
"""Leaks that are drawn [Ohm] [A]: those the slope was computed for, and one beyond."""
_DAYS: Final = tuple(float(each) for each in np.geomspace(0.25, 28, 48))
_COLOURS: Final = ("#cf4a55", "#c77d2e", "#2f9e8f", "#3f7fbf")
_POWER: Final = 0.95
"""Chance at which a leak counts as found [A]."""
_MOST: Final = 25
_TICKS_PER_DAY: Final = DAY * 1000.0
_FIRST, _SECOND = "ocv_test", "grading"


def ageing_section(found: Review) -> Section:
    """Return the power of K-values against days, for the run's meter, tray and wait."""
    test, why = drift_test(found)
    beyond = _beyond(found)
    if test is None:
        return Section("ageing", "Ageing", f"<p>{why}</p>{beyond}" if why else beyond)
    days, factor = days_between(found), limit_factor(FALSE_ALARM, test.cells)
    rows = [
        [
            _ohms(leak),
            display.duration(DAY * days_needed(test, leak, factor, _POWER))
            if np.isfinite(days_needed(test, leak, factor, _POWER)) else "never",
            *([] if days is None else
              [display.share(float(power_curve(test, leak, [days], factor).power[0]))]),
        ]
        for leak in _LEAKS
    ]  # fmt: skip
    heads = ["leak", f"#found with {_POWER:.0%} after"]
    said = ""
    if days is not None:
        heads.append(f"#found after the {days:.1f} d of this run")
        most = _ohms(largest_resistance(test, days, factor, _POWER))
        said = f" After the {days:.1f} days of this run leaks up to {most} are found so."
    intro = (
        "K-value: fall of the open-circuit voltage between two readings over the days between; the "
        f"limit is the tray's median and {factor:.2f} of its robust sigma, at which "
        f"{FALSE_ALARM:.2%} of sound cells are called leaky. Scatter of the meter from the "
        f"scenario, {test.cells} cells in a tray; temperature, own discharge and relaxation of "
        f"cells are assumed [A].{said}"
    )
    content = f"{table(heads, rows)}{beyond}"
    return Section("ageing", "Ageing", content, (_figure(test, factor, days),), intro)


def _beyond(found: Review) -> str:
    """Return the cells that lie beyond the limit of their own tray."""
    told = drifting(found.data)
    if told is None:
        return ""
    outcomes = {cell.name: cell.outcome for cell in found.cells}
    rows = [
        [each.cell, each.tray, _drift(each.drift), _drift(each.median), _drift(each.limit),
         f"{each.sigmas:.1f}", outcomes.get(each.cell, "")]
        for each in told.beyond[:_MOST]
    ]  # fmt: skip
    more = f", of which the {_MOST} worst are shown" if len(told.beyond) > _MOST else ""
    few = f" Of {told.refused:,} trays there are too few readings." if told.refused else ""
    said = (
        f"<h3>Cells beyond the limit of their tray</h3><p>{len(told.beyond):,} of {told.cells:,} "
        f"cells on {told.trays:,} trays{more}; about {told.by_chance:.1f} sound ones would be.{few}"
        "</p>"
    )
    heads = ["cell", "tray", "#K-value", "#of the tray", "#its limit", "#sigma above", "so far"]
    return said + (table(heads, rows) if rows else "")


def _drift(value: float) -> str:
    return f"{value * DAY * 1e3:.3g} mV/d"


def drift_test(found: Review) -> tuple[DriftTest | None, str]:
    """Return what scatters K-values of this run, or why it cannot be told."""
    scenario, frame = found.facts.plan, found.data.frame
    grading = next((g for g in scenario.members if scenario.kind(g) == _SECOND), "")
    if not grading:
        return None, ""
    stated = gauge_of(found.facts, grading, "open_circuit_voltage")
    meter = gauge_at(stated, np.ones(1))
    why = known(meter)
    if why or meter is None:
        return None, f"The power of K-values is not told: {why}."
    trays = frame["tray"].value_counts() if "tray" in found.data.columns else None
    full = DriftTest().cells if trays is None else int(trays.median())
    try:
        limit_factor(FALSE_ALARM, full)
    except ScenarioError as error:
        return None, f"The power of K-values is not told: {error.problems[0].message}."
    return DriftTest(meter=meter.scatter, cells=full), ""


def days_between(found: Review) -> float | None:
    """Return the median days between the two readings of a tray; None where there were not both."""
    scenario = found.facts.plan
    done = found.run.objects("operations", ["lot", "station", "start", "end"])
    of = {kind: {s for s in scenario.stations if scenario.kind(s) == kind}
          for kind in (_FIRST, _SECOND)}  # fmt: skip
    first = done[done["station"].isin(of[_FIRST])].groupby("lot")["end"].min()
    second = done[done["station"].isin(of[_SECOND])].groupby("lot")["start"].min()
    waits = (second - first).dropna()
    return float(waits.median()) / _TICKS_PER_DAY if len(waits) else None


def _figure(test: DriftTest, factor: float, days: float | None) -> Figure:
    traces: list[dict[str, Any]] = []
    for leak, colour in zip(_LEAKS, _COLOURS, strict=True):
        power = power_curve(test, leak, _DAYS, factor).power
        traces.append(
            {
                "type": "scatter", "mode": "lines", "name": _ohms(leak),
                "x": display.digits(list(_DAYS)), "y": display.digits((100 * power).tolist()),
                "line": {"color": colour, "width": 2},
                "hovertemplate": "%{x} d: %{y} %<extra>" + _ohms(leak) + "</extra>",
            }
        )  # fmt: skip
    layout: dict[str, Any] = {
        "xaxis": {"title": {"text": "days between the readings"}, "type": "log",
                  "tickvals": [0.25, 0.5, 1, 2, 4, 7, 14, 28]},
        "yaxis": {"title": {"text": "found, %"}, "range": [0, 102]},
    }  # fmt: skip
    if days is not None:
        layout["shapes"] = [{"type": "line", "x0": days, "x1": days, "y0": 0, "y1": 100,
                             "line": {"color": "#8a939b", "dash": "dot", "width": 1}}]  # fmt: skip
    caption = "" if days is None else "Dotted: the days of this run."
    return Figure("ageing", "Leaks found against days of ageing", caption, traces, layout, 340)


def _ohms(value: float) -> str:
    return display.value(value, "leak_resistance", 3)
