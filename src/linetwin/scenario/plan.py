"""What is to be simulated, and how long."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from linetwin.quantities import Quantity, vocabulary
from linetwin.scenario.values import read_scalar, read_value

if TYPE_CHECKING:
    from linetwin.scenario.problems import Place, Problems
    from linetwin.scenario.resolved import Value
    from linetwin.scenario.schema import ScenarioFile
    from linetwin.scenario.validation import Checked
    from linetwin.scenario.written import Written

TICKS_PER_SECOND = 1000
_LONGEST_S = 50.0 * 365.25 * 86_400.0
_LIMIT_S = 90.0 * 86_400.0
_SPAN = Quantity("time", "s", "simulated time", display="d", minimum=0.001, maximum=_LONGEST_S)
_INSTANT = Quantity("time", "s", "simulated time", display="d", minimum=0.0, maximum=_LONGEST_S)
_EITHER = "write order: {cells: 1000} or duration: 7 d"


@dataclass(frozen=True)
class Plan:
    """Order or duration (exactly one is not None), and times in ticks of 1 ms."""

    order_cells: int | None
    duration_ticks: int | None
    limit_ticks: int
    recording_ticks: int
    window_ticks: tuple[int, int] | None = None
    good_energy_per_day: Value | None = None


def read_plan(scenario: Checked[ScenarioFile], problems: Problems) -> Plan:
    """Return what is to be simulated."""
    model, place = scenario.model, scenario.document.place
    order = model.order.cells if model.order else None
    cut = scenario.is_cut("order") or scenario.is_cut("duration")
    if order is not None and model.duration is not None:
        problems.add(place(("duration",)), "both order and duration are given", _EITHER)
    if order is None and model.duration is None and not cut:
        problems.add(place(()), "neither order nor duration is given", _EITHER)
    if model.duration is not None and model.limit is not None:
        hint = "leave limit out; a duration ends by itself"
        problems.add(place(("limit",)), "limit belongs to an order", hint)
    duration = _ticks(model.duration, _SPAN, place(("duration",)), problems)
    limit = _ticks(model.limit, _SPAN, place(("limit",)), problems)
    interval_place = place(("recording", "interval"))
    interval = _ticks(model.recording.interval, _SPAN, interval_place, problems)
    whole = duration or limit or round(_LIMIT_S * TICKS_PER_SECOND)
    if interval is not None and interval > whole:
        problems.add(interval_place, "longer than the run", "such as 5 min")
    return Plan(
        order,
        duration,
        whole,
        interval or whole,
        _window(scenario, whole, problems),
        _good_energy(scenario, problems),
    )


def _window(
    scenario: Checked[ScenarioFile], whole: int, problems: Problems
) -> tuple[int, int] | None:
    """Return from and until of the time over which steady-state figures are taken."""
    window, place = scenario.model.window, scenario.document.place
    if window is None:
        return None
    begin = _ticks(window.begin, _INSTANT, place(("window", "from")), problems)
    end = _ticks(window.end, _SPAN, place(("window", "until")), problems)
    if begin is None or end is None:
        return None
    if end <= begin:
        hint = "until must be later than from"
        problems.add(place(("window", "until")), "ends before it begins", hint)
    if begin >= whole:
        days = whole / TICKS_PER_SECOND / 86_400
        hint = f"the run takes {days:g} d at most"
        problems.add(place(("window", "from")), "begins after the run has ended", hint)
    return begin, end


def _good_energy(scenario: Checked[ScenarioFile], problems: Problems) -> Value | None:
    plan = scenario.model.plan
    if plan is None:
        return None
    name = "good_energy_per_day"
    place = scenario.document.place(("plan", name))
    return read_value(plan.good_energy_per_day, vocabulary()[name], place, problems)


def read_instant(written: Written, place: Place, problems: Problems) -> int | None:
    """Return a point of simulated time in ticks of 1 ms."""
    return _ticks(written, _INSTANT, place, problems)


def read_span(written: Written | None, place: Place, problems: Problems) -> int | None:
    """Return a time longer than nothing in ticks of 1 ms; None where none is written."""
    return _ticks(written, _SPAN, place, problems)


def _ticks(
    written: Written | None, quantity: Quantity, place: Place, problems: Problems
) -> int | None:
    """Return a time in ticks of 1 ms."""
    if written is None:
        return None
    seconds = read_scalar(written.value, quantity, place, problems)
    return round(float(seconds) * TICKS_PER_SECOND) if isinstance(seconds, float) else None
