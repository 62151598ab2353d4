"""The panel: what the line tells while it runs becomes changes of the model's tags.

It is a sink, so a plant shows exactly the numbers of its run folder and costs the line nothing. A
gauge's reading is the mean of the items that were read together; its truth is not shown, and
neither is that of a signal whose sensor is disturbed.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

import numpy as np

from linetwin.line.equipment import MAINTENANCE
from linetwin.line.kinds.grading import GRADES
from linetwin.line.shifts import shift_name
from linetwin.quantities.packml import STATES
from linetwin.results.schemas import MEASURED
from linetwin.scenario.hiding import STARVED_AFTER
from linetwin.twin.plant.changes import AlarmChange, Change, Fault
from linetwin.twin.plant.instruments import Instruments
from linetwin.twin.plant.model import LINE, MODES, Folder, node_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from linetwin.line.world import Sink, World
    from linetwin.scenario.resolved import Scenario
    from linetwin.twin.plant.model import InformationModel, Plain

FIXED = ("tick", "station", "packml_state")
PRODUCTION, MAINTENANCE_MODE = MODES


class Panel:
    """Takes the rows of a line's tables, and passes them on to `onward` where there is one.

    `starved_after`: how long a station may wait for material before it raises an alarm [ticks].
    """

    def __init__(
        self,
        model: InformationModel,
        scenario: Scenario,
        onward: Sink | None = None,
        starved_after: int = STARVED_AFTER,
    ) -> None:
        self._onward = onward
        self._starved_after = starved_after
        self._known = {tag.node: tag for tag in model.tags()}
        self._alarms = {alarm.node: False for alarm in model.alarms()}
        self._calendar = next(iter(scenario.calendars.values()))
        self._buffers = frozenset(scenario.buffers)
        self._hands_on = {path for path, each in scenario.stations.items() if each.gives}
        self._disturbed = {
            (each.station, each.what) for each in scenario.deviations if each.subject == "signal"
        }
        self._sums: dict[str, float] = defaultdict(float)
        self._starved: dict[str, int] = {}
        self._changes: list[Change] = []
        self._alarm_changes: list[AlarmChange] = []
        self._stations: list[str] = []
        self._rows: dict[str, list[tuple[int, str, bool]]] = {}
        self._sampled = False
        self._instruments = Instruments(scenario.plant.instruments, scenario.seed)
        self._given: list[tuple[str, str]] = []
        self._given_last: dict[str, str] = {}

    def add(self, table: str, columns: Mapping[str, Sequence[Any]]) -> None:
        """Note rows of a table, and pass them on."""
        if self._onward is not None:
            self._onward.add(table, columns)
        if table == "signals":
            self._signals(columns)
        elif table == "events":
            names = ("tick", "station", "event", "state", "lot", "cause", "amount")
            for row in zip(*(columns[name] for name in names), strict=True):
                self._event(*row)

    def read(self, station: str, quantity: str, tick: int, readings: np.ndarray) -> None:
        """Note what a gauge has read: shape (items,); what is NaN was not read."""
        found = readings[np.isfinite(readings)]
        value = float(found.mean()) if found.size else None
        self._tell(station, "Measurements", quantity, tick, value)

    def begin(self, world: World) -> None:
        """Note the states in which a line begins, and how it was set."""
        for unit in world.equipment():
            self._state(unit.name, world.now, unit.state.mode, unit.state.cause)

    def look(self, world: World) -> None:
        """Note what no table tells: readings of lots, and counts at recording instants.

        To be called after every event.
        """
        for station, name in self._given:
            if name in world.lots:
                for instrument, reading in self._instruments.read(station, world.lots[name]):
                    self._tell(station, "Measurements", instrument, world.now, reading)
        self._given.clear()
        if not self._sampled:
            return
        self._sampled = False
        now = world.now
        lots = world.lots.open_lots()
        inside = Counter([lot.place for lot in lots])
        cells = sum([lot.items for lot in lots if lot.kind == "tray"])
        self._tell(LINE, "Status", "cells_in_process", now, cells)
        for unit in world.equipment():
            self._tell(unit.name, "Counters", "in_process", now, inside[unit.name])
            due = [cause for cause, left in unit.state.to_service.items() if left <= 0]
            self._alarm(unit.name, "maintenance_due", now, ", ".join(due))
        self._order(world)
        for station, since in self._starved.items():
            if now - since >= self._starved_after:
                self._alarm(station, "starved", now, f"for {(now - since) / 60_000:.0f} min")

    def take(self) -> tuple[list[Change], list[AlarmChange]]:
        """Return what has changed since this was asked last, in the order in which it came."""
        found = self._changes, self._alarm_changes
        self._changes, self._alarm_changes = [], []
        return found

    def _order(self, world: World) -> None:
        counts, now = world.counts, world.now
        scrap = counts["scrap at grading"] + counts["scrap before grading"]
        told: dict[str, int] = {
            "started": counts["started"],
            "graded": world.graded(),
            "grade_a": counts["A"],
            "grade_b": counts["B"],
            "scrapped": scrap,
        }
        for name, count in told.items():
            self._tell(LINE, "Order", name, now, count)
        self._tell(LINE, "Status", "shift", now, shift_name(now, self._calendar))

    def _signals(self, columns: Mapping[str, Sequence[Any] | np.ndarray]) -> None:
        """Note a row per station, buffer, tank and building."""
        self._sampled = True
        stations, tick = columns["station"], int(columns["tick"][0])
        if stations != self._stations:
            self._stations = [*stations]
            self._rows.clear()
        if "electric_power" in columns:  # of a line without any machine there is none
            power = [each for each in _plain(columns["electric_power"]) if not math.isnan(each)]
            self._tell(LINE, "Energy", "electric_power", tick, sum(power))
        for name, column in columns.items():
            if name in FIXED or name.startswith(MEASURED):
                continue
            values, read = _plain(column), _plain(columns.get(f"{MEASURED}{name}", column))
            for row, node, is_disturbed in self._rows_of(name):
                if math.isnan(values[row]):
                    continue
                shown = read[row] if is_disturbed else values[row]
                if math.isnan(shown):
                    self._changes.append(Change(node, tick, None, "sensor"))
                else:
                    self._changes.append(Change(node, tick, shown))

    def _rows_of(self, name: str) -> list[tuple[int, str, bool]]:
        """Return row, tag and whether its sensor is disturbed, where a signal has a tag."""
        found = self._rows.get(name)
        if found is None:
            found = self._rows[name] = []
            for row, station in enumerate(self._stations):
                nodes = [node_of(station, "Measurements", name), node_of(station, "Energy", name)]
                if station in self._buffers:
                    nodes = [node_of(LINE, "Buffers", station)]
                is_disturbed = (station, name) in self._disturbed
                found += [(row, node, is_disturbed) for node in nodes if node in self._known]
        return found

    def _event(  # noqa: PLR0913, PLR0917  the columns of the table
        self, tick: int, station: str, event: str, state: str, lot: str, cause: str, amount: float
    ) -> None:
        match event:
            case "state":
                self._state(station, tick, state, cause)
            case "take":
                self._tell(station, "Lots", "lot_in", tick, lot)
                self._count(station, "Lots", "taken", tick, 1)
            case "give":
                self._tell(station, "Lots", "lot_out", tick, lot)
                if self._given_last.get(station) != lot:  # a grader tells each grade of a tray
                    self._given_last[station] = lot
                    self._count(station, "Lots", "given", tick, 1)
                if cause not in GRADES or station not in self._hands_on:  # else the tray follows
                    self._count(station, "Counters", "produced", tick, amount)
                if self._instruments.look_at(station):
                    self._given.append((station, lot))
            case "scrap":
                self._count(station, "Counters", "scrapped", tick, amount)

    def _state(self, station: str, tick: int, state: str, cause: str) -> None:
        mode = MAINTENANCE_MODE if cause.startswith(MAINTENANCE) else PRODUCTION
        self._tell(station, "Status", "StateCurrent", tick, STATES[state])
        self._tell(station, "Status", "StateText", tick, state)
        self._tell(station, "Status", "StopReason", tick, cause)
        self._tell(station, "Status", "UnitMode", tick, mode)
        self._tell(station, "Status", "UnitModeText", tick, MODES[mode])
        self._alarm(station, "failure", tick, cause if state == "Aborted" else "")
        if cause == "starved":
            self._starved.setdefault(station, tick)
        else:
            self._starved.pop(station, None)
            self._alarm(station, "starved", tick, "")

    def _count(self, station: str, folder: Folder, name: str, tick: int, amount: float) -> None:
        node = node_of(station, folder, name)
        self._sums[node] += amount
        total = self._sums[node]
        self._tell(station, folder, name, tick, total if folder == "Counters" else int(total))

    def _tell(self, owner: str, folder: Folder, name: str, tick: int, value: Plain) -> None:
        node = node_of(owner, folder, name)
        if node in self._known:
            fault: Fault = "sensor" if value is None else ""
            self._changes.append(Change(node, int(tick), value, fault))

    def _alarm(self, owner: str, name: str, tick: int, message: str) -> None:
        """Note that a condition is active, as the message says, or is not: ""."""
        node = node_of(owner, "Alarms", name)
        if self._alarms.get(node, bool(message)) != bool(message):
            self._alarms[node] = bool(message)
            self._alarm_changes.append(AlarmChange(node, int(tick), bool(message), message))


def _plain(values: Sequence[Any] | np.ndarray) -> Sequence[Any]:
    """Return values as Python's own: numbers of an array are slow to look at one by one."""
    return values.tolist() if isinstance(values, np.ndarray) else values
