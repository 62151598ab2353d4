"""From a feed's columns to plant events: what each signal of a mapping file means to the line.

A time of the plant becomes a tick of the line: nanoseconds of UTC since `origin`, the instant of
the line's tick 0 (a Monday, 00:00, at the plant).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from linetwin.scenario.mapped import UNDEFINED
from linetwin.scenario.units import display
from linetwin.twin.columns import BAD_TIME, NO_VALUE, Flag, Mark
from linetwin.twin.events import EventKind, PlantEvent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from linetwin.scenario.mapped import Mapping, SignalConfig
    from linetwin.scenario.resolved import Scenario
    from linetwin.twin.columns import Batch

NS_PER_TICK = 1_000_000
_IMPLAUSIBLE = Flag.OUT_OF_RANGE | Flag.TOO_FAST
_DOUBTS = {
    Flag.BAD: "bad, as its source says",
    Flag.NOT_A_NUMBER: "no number",
    Flag.RETAINED: "kept by its broker",
    Flag.SUSPENDED: "its station did not produce then",
    Flag.OUT_OF_ORDER: "older than a value that came before it",
    Flag.TOO_FAST: "faster than it can change",
}
"""Why a value is not learnt from, for people; that one is told twice is no doubt."""
_BAD_BY_FEED = {BAD_TIME: "its time cannot be read", NO_VALUE: "empty"}
"""Status -> why a value is bad, in words that tell more than that it is."""
_PASSING: dict[str, EventKind] = {"lot_in": "lot_in", "lot_out": "lot_out"}
_COUNTED: dict[str, EventKind] = {"taken": "taken", "given": "given"}


class Meaning:
    """Turns batches of a mapping's signals into plant events."""

    def __init__(self, mapping: Mapping, scenario: Scenario, origin: int) -> None:
        self.origin = origin
        self._meant = [_meaning(signal, scenario) for signal in mapping.signals]
        self._signals = mapping.signals

    def tick(self, time: int) -> int:
        """Return the tick of a time [ns UTC]."""
        return (time - self.origin) // NS_PER_TICK

    def events(self, batch: Batch) -> Iterator[PlantEvent]:
        """Yield an event for each row that means something to a line."""
        usable = batch.usable
        for row, number in enumerate(batch.came.signal.tolist()):
            meant = self._meant[number]
            if meant is None:
                continue
            kind, station, name = meant
            value, text = float(batch.value[row]), batch.came.texts.get(row, "")
            told = ""
            if kind == "measurement" and math.isnan(batch.came.raw[row]):
                told, text = text, ""  # it was the number itself, and no name of a lot
            if kind in {"state", "mode"} and value == UNDEFINED:
                value = math.nan
            doubt, flags = "", Flag(int(batch.flags[row]))
            changed = bool(kind == "measurement" and batch.came.marks[row] & Mark.CORRECTED)
            corrects = changed and bool(text)
            may_be_used = bool(usable[row]) and changed is corrects
            if kind == "measurement" and not may_be_used:
                doubt = _doubt(flags, self._signals[number], text)
                doubt = (doubt and _BAD_BY_FEED.get(int(batch.came.status[row]))) or doubt
                if told and flags & Flag.NOT_A_NUMBER:
                    doubt = f"'{told:.40}' is no number"
            if kind == "setpoint":
                may_be_used = may_be_used and _can_be_set(self._signals[number], value)
            yield PlantEvent(
                self.tick(int(batch.time[row])),
                station,
                kind,
                name,
                value,
                text,
                may_be_used,
                self.tick(int(batch.came.arrival[row])),
                doubt,
                corrects,
            )


def _can_be_set(signal: SignalConfig, value: float) -> bool:
    """Say whether a line can be set to a value: a web may stand, but nothing is coated by it."""
    return signal.quantity is None or value >= signal.quantity.minimum


def _doubt(flags: Flag, signal: SignalConfig, lot: str) -> str:
    """Return why a measurement is not learnt from, "" where that is the usual.

    Of one that names its lot whatever it is, for it is read once; else where it is implausible.
    """
    if flags & Flag.OUT_OF_RANGE and signal.quantity is not None:
        low, high = (display(each, signal.quantity) for each in (signal.minimum, signal.maximum))
        return f"outside its range, {low} to {high}"
    told = (words for flag, words in _DOUBTS.items() if flags & flag)
    return next(told, "") if lot or flags & _IMPLAUSIBLE else ""


def _meaning(signal: SignalConfig, scenario: Scenario) -> tuple[EventKind, str, str] | None:
    """Return kind, station and quantity of a signal's events; None where it means nothing."""
    station, _, name = signal.address.rpartition(".")
    match signal.kind:
        case "state" | "mode":
            return signal.kind, station, ""
        case "setpoint":
            return "setpoint", station, name
        case "lot":
            kind = _PASSING.get(name) or _by_role(scenario, station, name)
            return (kind, station, "") if kind else None
        case "counter" if name in _COUNTED:
            return _COUNTED[name], station, ""
        case _ if station in scenario.buffers:
            return "level", station, ""
        case _:
            return "measurement", station, name


def _by_role(scenario: Scenario, station: str, role: str) -> EventKind | None:
    """Return whether lots of a role come in or go out; None where they do both, or neither."""
    config = scenario.stations.get(station)
    if config is None:
        return None
    comes, goes = role in config.takes, role in config.gives
    if comes == goes:
        return None
    return "lot_in" if comes else "lot_out"
