"""What is to be simulated, how long, and what is disturbed on the way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from linetwin.errors import ScenarioError
from linetwin.quantities import Quantity
from linetwin.scenario.problems import nearest
from linetwin.scenario.resolved import DisturbanceConfig
from linetwin.scenario.values import read_scalar

if TYPE_CHECKING:
    from linetwin.scenario.addressing import Plant, Target
    from linetwin.scenario.document import KeyPath
    from linetwin.scenario.problems import Place, Problems
    from linetwin.scenario.schema import Disturbance, ScenarioFile, Written
    from linetwin.scenario.validation import Checked

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
    return Plan(order, duration, whole, interval or whole)


def read_disturbances(
    scenario: Checked[ScenarioFile], plant: Plant, problems: Problems
) -> tuple[DisturbanceConfig, ...]:
    """Return the disturbances in the order in which they were written."""
    found = []
    for index, written in enumerate(scenario.model.disturbances):
        path: KeyPath = ("disturbances", index)
        if written is not None:
            found.append(_disturbance(written, path, scenario, plant, problems))
        elif not scenario.is_cut(*path):
            place = scenario.document.place(path)
            problems.add(place, "an empty item", "address, value, from, until")
    return tuple(disturbance for disturbance in found if disturbance is not None)


def read_instant(written: Written, place: Place, problems: Problems) -> int | None:
    """Return a point of simulated time in ticks of 1 ms."""
    return _ticks(written, _INSTANT, place, problems)


def read_span(written: Written | None, place: Place, problems: Problems) -> int | None:
    """Return a time longer than nothing in ticks of 1 ms; None where none is written."""
    return _ticks(written, _SPAN, place, problems)


def _disturbance(
    written: Disturbance,
    path: KeyPath,
    scenario: Checked[ScenarioFile],
    plant: Plant,
    problems: Problems,
) -> DisturbanceConfig | None:
    def place(key: str) -> Place:
        return scenario.document.place((*path, key))

    start = _ticks(written.begin, _INSTANT, place("from"), problems)
    end = _ticks(written.end, _SPAN, place("until"), problems)
    if start is not None and end is not None and end <= start:
        problems.add(place("until"), "ends before it begins", "until must be later than from")
    target = _changeable(written.address, plant, place("address"), problems)
    if target is None or target.quantity is None:
        return None
    value = read_scalar(
        written.value, target.quantity, place("value"), problems, is_list=target.is_list
    )
    if value is None or start is None:
        return None
    return DisturbanceConfig(written.address, value, start, end)


def _changeable(address: str, plant: Plant, place: Place, problems: Problems) -> Target | None:
    """Return the target of an address whose value may change while the line runs."""
    try:
        target = plant.target(address)
    except ScenarioError as error:
        if not plant.is_broken(address):
            problems.adopt(error, place)
        return None
    if target.section == "parameters" and not target.is_list:
        return target
    parameters = plant.kinds[target.station].parameters
    hint = nearest(target.name, [name for name, each in parameters.items() if not each.is_list])
    message = f"{address} cannot change while the line runs; only a station's single value can"
    problems.add(place, message, hint)
    return None


def _ticks(
    written: Written | None, quantity: Quantity, place: Place, problems: Problems
) -> int | None:
    """Return a time in ticks of 1 ms."""
    if written is None:
        return None
    seconds = read_scalar(written.value, quantity, place, problems)
    return round(float(seconds) * TICKS_PER_SECOND) if isinstance(seconds, float) else None
