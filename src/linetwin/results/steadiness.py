"""Whether a window is steady: does work in process grow or fall in it, and how surely.

The mean change an hour of the cells in process, with an interval that knows that hours resemble
each other: the long-run variance of the changes after Newey and West (1987, from memory [M]) with
Bartlett weights over a day, and Student's t with one degree of freedom less than there are days.
It holds whether the level wanders (each change adds up) or returns (a rise is followed by a fall).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from linetwin.results.inference import student_quantile
from linetwin.results.shifts import open_until

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from linetwin.results.kpis import Facts

_HOUR_MS = 3_600_000
_DAY_H = 24
_FEWEST_DAYS = 3
_CLOSE = 0.05
"""Work in process is called steady where its trend is known to within this share of the output."""


class Trend(NamedTuple):
    """Mean change of a level a day, with half the 95 % interval; None for too short a window."""

    per_day: float
    half: float | None


def trend(levels: np.ndarray) -> Trend:
    """Return the trend of a level read each hour, shape (hours + 1,)."""
    changes = np.diff(np.asarray(levels, dtype=np.float64))
    count = len(changes)
    mean = float(changes.mean()) if count else 0.0
    days = count // _DAY_H
    if days < _FEWEST_DAYS:
        return Trend(mean * _DAY_H, None)
    around = changes - mean
    variance = float(around @ around) / count
    for lag in range(1, _DAY_H + 1):
        weight = 1.0 - lag / (_DAY_H + 1)
        variance += 2.0 * weight * float(around[lag:] @ around[:-lag]) / count
    error = math.sqrt(max(0.0, variance) / (count - _DAY_H))
    return Trend(mean * _DAY_H, student_quantile(days - 1) * error * _DAY_H)


def in_process(facts: Facts, ticks: np.ndarray) -> np.ndarray:
    """Return how many cells were started and not yet graded or scrapped at ticks."""
    started = np.sort(facts.cells["started"].to_numpy())
    ended = facts.cells["ended"].to_numpy()
    ended = np.sort(ended[ended >= 0])
    found: np.ndarray = np.searchsorted(started, ticks, "right") - np.searchsorted(
        ended, ticks, "right"
    )
    return found


def steadiness(facts: Facts, window: tuple[int, int]) -> dict[str, Any]:
    """Return trend and interval [1/d], verdict, and what the cells started would give [1/d].

    `verdict`: steady, grows, falls, or not told. `whole_weeks`: whether each day of the week
    counts alike in the window, which matters where shifts are not the same each day.
    """
    first, last = window
    even = all(_same_each_day(facts.plan.week(name)) for name in facts.plan.stations)
    weeks = (last - first) / (7 * _DAY_H * _HOUR_MS)
    found = trend(in_process(facts, np.arange(first, last + 1, _HOUR_MS)))
    days = (last - first) / _DAY_H / _HOUR_MS
    cells = facts.cells

    def rate(name: str, chosen: Any = None) -> float:  # noqa: ANN401 - a column of truths
        ticks = cells[name] if chosen is None else cells.loc[chosen, name]
        return float(((ticks > first) & (ticks <= last)).sum()) / days

    started, ended = rate("started"), rate("ended")
    good = rate("ended", cells["status"].isin(("A", "B")))
    return {
        "per_day": found.per_day,
        "half_interval": found.half,
        "verdict": _verdict(found, good),
        "same_each_day": even,
        "whole_weeks": weeks >= 1 and weeks == int(weeks),
        "cells_started_per_day": started,
        "cells_ended_per_day": ended,
        "good_cells_per_day": good,
        "good_cells_of_those_started_per_day": started * good / ended if ended else None,
    }


def _same_each_day(week: Sequence[tuple[int, int]] | None) -> bool:
    """Tell whether as much time is staffed on each day of the week."""
    if week is None:
        return True
    days = np.diff(open_until(week, np.arange(8) * _DAY_H * _HOUR_MS))
    return bool((days == days[0]).all())


def _verdict(found: Trend, good: float) -> str:
    if found.half is None:
        return "not told"
    if abs(found.per_day) > found.half:
        return "grows" if found.per_day > 0 else "falls"
    return "steady" if found.half <= _CLOSE * good else "not told"


def said(of: Mapping[str, Any]) -> str:
    """Say in a sentence whether work in process was steady, and what it means for the output.

    A warning stands before it where the window holds some days of the week more often than others.
    """
    if of["same_each_day"] or of["whole_weeks"]:
        return _trend_said(of)
    return (
        "The window holds no whole weeks, and shifts are not the same each day: its rates, energy "
        f"and cost lean to the days in it. {_trend_said(of)}"
    )


def _trend_said(of: Mapping[str, Any]) -> str:
    per_day, half = of["per_day"], of["half_interval"]
    reach = "" if half is None else f" (± {half:,.0f})"
    if of["verdict"] == "steady":
        return f"Steady: work in process changes by {per_day:+,.0f} cells a day{reach}."
    if of["verdict"] == "not told":
        why = "it swings too much"
        if half is None:
            why = "the window is shorter than three days"
        elif not of["same_each_day"]:
            why = "shifts are not the same each day, so a week by itself tells little"
        text = f"Not told whether steady: {why}; work in process changed by {per_day:+,.0f} cells a"
        text += f" day{reach}."
    else:
        still = "still grows" if per_day > 0 else "falls"
        text = f"Not steady: work in process {still} by {abs(per_day):,.0f} cells a day{reach}."
    lasting = of["good_cells_of_those_started_per_day"]
    if lasting is None:
        return text
    return (
        f"{text} {of['good_cells_per_day']:,.0f} good cells a day came out; what was started a day "
        f"would give {lasting:,.0f}."
    )
