"""A wait on the path of an order is told, with what explains it."""

from __future__ import annotations

from typing import Any

from linetwin.results.waited import longest, told

DAY = 86_400.0


def found(waiting: float, *, held: bool = False, good: float = 0.9) -> dict[str, Any]:
    """Return key figures of an order of ten days in which the calender waited."""
    path = {
        "cell.ageing": {"working": 10 * DAY - waiting},
        "cathode.calender": {"waiting": waiting, "off shift": 0.0},
    }
    return {
        "order": {"critical_path": {"value": path}},
        "holds": {"holds": {"value": {"suspect": {}} if held else {}}},
        "quality": {"yield_of_webs": {"value": {"cathode": good, "anode": 0.9}}},
    }


def test_a_short_wait_or_no_path_is_no_news() -> None:
    """A twentieth of the time is where it begins; a line that starts filled has no path."""
    assert longest(found(0.4 * DAY)) is None
    assert told(found(0.0)) == ""
    assert told(found(0.0) | {"order": {"critical_path": {"value": None}}}) == ""


def test_a_wait_is_told_with_its_reasons() -> None:
    """Who, how long, what part; holds and lost web explain it where there are any."""
    said = "cathode calender waited 4 d on the critical path (40% of it) for what was not there"
    assert longest(found(4 * DAY)) == ("cathode.calender", 4 * DAY, 10 * DAY)
    assert told(found(4 * DAY)) == said
    assert told(found(4 * DAY, held=True)) == f"{said}: lots were on hold"
    both = told(found(4 * DAY, held=True, good=0.004))
    assert both == f"{said}: lots were on hold and 100% of the cathode web were cut out"
