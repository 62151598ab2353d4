"""What disturbs the line: values that are set for a time, deviations, faults of machines.

First the value that was set last holds; on it the deviations of that address act in the order in
which they were written. What a machine really does deviates in `present` and `inputs`, what is only
known of it in `read` and `signals`.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from linetwin.line.deviations import LiveCourse, SampledCourse
from linetwin.line.unit import Unit
from linetwin.scenario.deviations import (
    KNOWN_ONLY,
    MEASURED,
    Deviation,
    deviation_text,
    fault_text,
    seconds,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from linetwin.contracts import Columns, Phase, Transform
    from linetwin.line.world import Parameter, World
    from linetwin.scenario.deviations import Fault
    from linetwin.scenario.resolved import DisturbanceConfig

CUT = "cut at the end of its range: "
"""How the note begins that a deviation would have led out of what is plausible."""
SPEED = "web_speed"
CHANGING = ("drift", "noise")


class Disturbances(Unit):
    """Begins and ends what disturbs the line.

    `state.job`: `held`, address -> [value before all that are set, value that is set]; `history`,
    address -> [tick, value] as they were set, as far back as a delay looks; `on`, what acts now;
    `done`, faults that have struck; `shown`, address -> value last told; `cut`, addresses of which
    that has been told; `memory` of the deviations.
    """

    def __init__(self, world: World) -> None:
        super().__init__("disturbances", world)
        names = ("held", "history", "shown", "memory")
        self.state.job = {name: {} for name in names} | {"on": [], "done": [], "cut": []}
        self._courses: dict[str, LiveCourse] = {}
        self._sampled: dict[tuple[str, str], dict[str, SampledCourse]] = {}
        self._faults: dict[str, list[Fault]] = defaultdict(list)
        for fault in world.scenario.faults:
            self._faults[fault.station].append(fault)
        self._build()
        slow = {
            f"{fault.station}.{SPEED}" for fault in world.scenario.faults if fault.kind == "slow"
        }
        self.live = frozenset(self._courses) | (slow & world.parameters.keys())
        """Addresses of live values that deviate at some time."""

    def _build(self) -> None:
        """Put the deviations of each number together."""
        grouped: dict[tuple[str, str], list[Deviation]] = defaultdict(list)
        for deviation in self.world.scenario.deviations:
            grouped[deviation.address, deviation.subject].append(deviation)
        driver = self.world.driver
        for (address, subject), found in grouped.items():
            if subject == "value":
                was_set = self._was_set(address)
                self._courses[address] = LiveCourse(found, driver, self._memory, was_set)
                continue
            course = SampledCourse(found, driver, self._memory, missing=subject in KNOWN_ONLY)
            key = found[0].station, found[0].process or subject
            self._sampled.setdefault(key, {})[found[0].what] = course

    def _memory(self) -> dict[str, Any]:
        found: dict[str, Any] = self.state.job["memory"]
        return found

    def _was_set(self, address: str) -> Callable[[int], list[float]]:
        """Return what tells which value was set at a tick."""

        def at(tick: int) -> list[float]:
            for then, row in reversed(self.state.job["history"].get(address, [])):
                if then <= tick:
                    return list(row)
            return _row(self.world.parameters[address])

        return at

    def begin(self) -> None:
        """Ask to be woken at every beginning and end that is still to come."""
        scenario, shown = self.world.scenario, self.state.job["shown"]
        for address in self._courses:
            shown.setdefault(address, self.world.parameters[address])
        every: list[DisturbanceConfig | Deviation | Fault] = [*scenario.disturbances]
        every += [*scenario.deviations, *scenario.faults]
        for each in every:
            for tick in (each.start_tick, each.end_tick):
                if tick is not None and tick >= self.world.now:
                    self.wake_at(tick)

    def adopt(self) -> None:
        """Take up disturbances that a saved line did not know, or knew otherwise."""
        self.begin()
        self.world.calendar.kick(self.name)

    def advance(self) -> None:
        """Set what holds now; begin and end what is due."""
        for address in dict.fromkeys(change.address for change in self.world.scenario.disturbances):
            self._hold(address)
        for deviation in self.world.scenario.deviations:
            self._turn(deviation)
        for fault in self.world.scenario.faults:
            self._turn(fault)
        for address in self._courses:
            self._show(address)

    def _hold(self, address: str) -> None:
        """Set the value that began last; change it back where none holds any more."""
        changes, held = self.world.scenario.disturbances, self.state.job["held"]
        active = [
            (change.start_tick, number)
            for number, change in enumerate(changes)
            if change.address == address and _holds(change, self.world.now)
        ]
        if not active:
            if address in held:
                self.world.override(address, held.pop(address)[0])
            return
        value = changes[max(active)[1]].value
        wanted = list(value) if isinstance(value, tuple) else float(value)
        if address not in held:
            held[address] = [self.world.override(address, wanted), max(active)[1]]
        elif held[address][1] != max(active)[1] or self.world.parameters[address] != wanted:
            self.world.override(address, wanted)
            held[address][1] = max(active)[1]

    def deviates(self, address: str) -> bool:
        """Whether a live value deviates at some time from what is set."""
        return address in self._courses

    def was_set(self, address: str, before: Parameter, value: Parameter) -> None:
        """Note that a value was set, for delays."""
        course = self._courses.get(address)
        if course is None or not course.reach:
            return
        past = self.state.job["history"].setdefault(address, [[0, _row(before)]])
        past.append([self.world.now, _row(value)])
        self.wake_at(self.world.now + course.reach)
        while len(past) > 1 and past[1][0] <= self.world.now - course.reach:
            del past[0]

    def _turn(self, each: Deviation | Fault) -> None:
        """Begin or end one deviation or fault, and tell of it."""
        on, done, now = self.state.job["on"], self.state.job["done"], self.world.now
        key = _key(each)
        if not isinstance(each, Deviation) and each.is_instant:
            if each.start_tick <= now and key not in done:
                done.append(key)
                self._strike(each)
            return
        if each.acts_at(now) == (key in on):
            return
        if key in on:
            on.remove(key)
            self._tell(each, "ends")
        else:
            on.append(key)
            self._tell(each, "begins")
        if isinstance(each, Deviation):
            if each.address in self._courses:
                self._courses[each.address].latch(now)
            if each.subject != "value" or _is_nothing(each):
                return
        self.world.calendar.kick(each.station)

    def has_struck(self, fault: Fault) -> bool:
        """Whether a fault that strikes once has done so."""
        return _key(fault) in self.state.job["done"]

    def _strike(self, fault: Fault) -> None:
        """Let a tool break, or a failure come at once: it strikes when the machine works."""
        self._tell(fault, "strikes")
        station = self.world.station(fault.station)
        if fault.kind == "tool_break":
            station.break_tool()
        else:
            station.state.to_failure[fault.cause] = 0
        self.world.calendar.kick(fault.station)

    def _tell(self, each: Deviation | Fault, what: str) -> None:
        cause = f"{_address(each)}: {each.kind} {what}"
        self.world.log_event(each.station, "disturbance", cause=cause, amount=_amount(each))

    def _show(self, address: str) -> None:
        """Tell which value holds now, where it is another than was told last.

        Of one that drifts or scatters, and is another at every instant, what is set is told.
        """
        course, now = self._courses[address], self.world.now
        value = self.world.parameters[address]
        if not any(each.kind in CHANGING and each.acts_at(now) for each in course.deviations):
            value = self.present(address, value)
        shown = self.state.job["shown"]
        if value == shown[address]:
            return
        shown[address] = value
        amount = math.nan if isinstance(value, list) else value
        station = course.deviations[0].station
        self.world.log_event(station, "disturbance", cause=address, amount=amount)
        self.world.calendar.kick(station)

    def present(self, address: str, value: Parameter) -> Parameter:
        """Return what a live value really is now; `value` is what is set."""
        course, row = self._courses.get(address), _row(value)
        if course is not None:
            low, high = course.bounds
            after = course.at(self.world.now)
            row = [
                new if low <= new <= high or new == old else self._cut(address, new, low, high)
                for new, old in zip(after, row if len(row) == len(after) else after, strict=True)
            ]
        if address.endswith(f".{SPEED}"):
            speed = self.speed(address.removesuffix(f".{SPEED}"))
            row = [number * speed for number in row]
        return row if isinstance(value, list) else row[0]

    def _cut(self, address: str, number: float, low: float, high: float) -> float:
        """Return a number cut to its range; that it was is told once."""
        if address not in self.state.job["cut"]:
            self.state.job["cut"].append(address)
            self.world.log_event(self.name, "note", cause=f"{CUT}{address}", amount=number)
        return min(high, max(low, number))

    def inputs(
        self, station: str, process: str, values: dict[str, Any], slot: str = ""
    ) -> dict[str, Any]:
        """Return what a process model is really given; numbers, or arrays of shape (items,)."""
        courses = self._sampled.get((station, process))
        if courses is None:
            return values
        found = dict(values)
        for name, course in courses.items():
            if name not in found:
                continue
            true = np.asarray(found[name], dtype=np.float64)
            low, high = course.bounds
            given = course.pass_on(true, self.world.now, slot)
            outside = ((given < low) | (given > high)) & (given != true)
            if outside.any():
                self._cut(f"{station}.{process}.{name}", float(given[outside][0]), low, high)
                given = np.where(outside, np.clip(given, low, high), given)
            found[name] = float(given) if given.ndim == 0 else given
        return found

    def transform(self, station: str, kind: str, model: Transform) -> Transform:
        """Return a process model that is given its inputs as they deviate."""
        if (station, kind) not in self._sampled:
            return model
        return _Disturbed(self, station, kind, model)

    def read(self, station: str, quantity: str, readings: np.ndarray) -> np.ndarray:
        """Return what becomes of a gauge's readings; NaN where one is missing."""
        course = self._sampled.get((station, "reading"), {}).get(quantity)
        return readings if course is None else course.pass_on(readings, self.world.now)

    def recorded(
        self, stations: Sequence[str], true: Mapping[str, np.ndarray]
    ) -> dict[str, np.ndarray]:
        """Return the columns of signals that are not recorded as they are; a row per station."""
        found: dict[str, np.ndarray] = {}
        for (station, of), courses in self._sampled.items():
            for name, course in courses.items() if of == "signal" else ():
                row = stations.index(station)
                if name in true and not math.isnan(true[name][row]):
                    column = found.setdefault(MEASURED + name, np.full(len(stations), math.nan))
                    column[row] = course.pass_on(true[name][row], self.world.now)
        return found

    def stop(self, station: str) -> str:
        """Return why a machine is forced to stand still now, or ""."""
        if station not in self._faults:
            return ""
        causes = [
            fault.cause
            for fault in self._faults[station]
            if fault.kind == "stop" and not fault.is_instant and fault.acts_at(self.world.now)
        ]
        return causes[0] if causes else ""

    def speed(self, station: str) -> float:
        """Return the speed of a machine over that when it is sound."""
        return self._factor(station, "slow")

    def hazard(self, station: str) -> float:
        """Return how much more often than otherwise a machine fails now."""
        return self._factor(station, "hazard")

    def _factor(self, station: str, kind: str) -> float:
        if station not in self._faults:
            return 1.0
        return math.prod(
            fault.factor
            for fault in self._faults[station]
            if fault.kind == kind and fault.acts_at(self.world.now)
        )

    def report(self) -> list[dict[str, Any]]:
        """Return all that disturbs the line, for the manifest."""
        scenario = self.world.scenario
        values = [
            {
                "name": change.name, "address": change.address, "kind": "value",
                "acts_on": "value",
                "value": list(change.value) if isinstance(change.value, tuple) else change.value,
                "from": seconds(change.start_tick), "until": seconds(change.end_tick),
            }
            for change in scenario.disturbances
        ]  # fmt: skip
        values += map(deviation_text, scenario.deviations)
        return [*values, *map(fault_text, scenario.faults)]


class _Disturbed:
    """A process model that is given its inputs as they deviate."""

    def __init__(
        self, disturbances: Disturbances, station: str, kind: str, model: Transform
    ) -> None:
        self._disturbances, self._model = disturbances, model
        self._station, self._kind = station, kind

    def apply(
        self, start: Mapping[str, float | np.ndarray], phases: Sequence[Phase]
    ) -> list[Columns]:
        """Take items through phases whose conditions deviate as they do now."""
        given = [
            replace(
                phase,
                inputs=self._disturbances.inputs(
                    self._station, self._kind, dict(phase.inputs), f" phase {number}"
                ),
            )
            for number, phase in enumerate(phases)
        ]
        return self._model.apply(start, given)


def _key(each: Deviation | Fault) -> str:
    return f"{each.name}|{each.start_tick}|{_address(each)}"


def _address(each: Deviation | Fault) -> str:
    return each.address if isinstance(each, Deviation) else each.station


def _row(value: Parameter) -> list[float]:
    return list(value) if isinstance(value, list) else [value]


def _holds(change: DisturbanceConfig, now: int) -> bool:
    return change.start_tick <= now and (change.end_tick is None or now < change.end_tick)


def _is_nothing(deviation: Deviation) -> bool:
    """Whether a deviation adds nothing at all."""
    amounts = deviation.amounts
    return any(amounts.get(name) == 0 for name in ("offset", "rate", "deviation"))


def _amount(each: Deviation | Fault) -> float:
    """Return the number that says most of a disturbance, in the units of the manifest."""
    if not isinstance(each, Deviation):
        return each.factor if each.kind in {"slow", "hazard"} else math.nan
    numbers = [*each.amounts.values()]
    if isinstance(each.value, float):
        numbers = [each.value]
    return numbers[0] if numbers else math.nan
