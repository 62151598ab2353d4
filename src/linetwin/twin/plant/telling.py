"""What a virtual plant in the same process tells, as plant events: no server, no mapping file."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from linetwin.twin.events import PlantEvent
from linetwin.twin.plant.changes import Change
from linetwin.twin.plant.model import LINE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from linetwin.twin.events import EventKind
    from linetwin.twin.plant.model import InformationModel

_LOTS: dict[str, EventKind] = {
    "lot_in": "lot_in",
    "lot_out": "lot_out",
    "taken": "taken",
    "given": "given",
}


class Telling:
    """Turns changes of a plant's tags into plant events; tags that mean nothing to a twin are left.

    What is faulty (a missing value) says nothing: it is told as not usable, with NaN.
    """

    def __init__(self, model: InformationModel) -> None:
        self._meant: dict[str, tuple[EventKind, str, str]] = {}
        numbers = {each.tag.node: each for each in model.setpoints() if each.index is None}
        for machine in model.machines.values():
            for tag in machine.tags:
                station = tag.owner
                if tag.folder == "Status" and tag.name == "StateCurrent" and station != LINE:
                    self._meant[tag.node] = ("state", station, "")
                elif tag.folder == "Lots" and tag.name in _LOTS:
                    self._meant[tag.node] = (_LOTS[tag.name], station, "")
                elif tag.node in numbers:
                    path, _, name = numbers[tag.node].address.rpartition(".")
                    self._meant[tag.node] = ("setpoint", path, name)
                elif tag.folder == "Buffers":
                    self._meant[tag.node] = ("level", tag.name, "")
                elif tag.folder in {"Measurements", "Counters", "Order"}:
                    self._meant[tag.node] = ("measurement", station, tag.name)

        self._first = [
            Change(tag.node, 0, tag.constant)
            for tag in model.tags()
            if tag.node in self._meant and tag.constant is not None
        ]

    def first(self) -> Iterator[PlantEvent]:
        """Yield what tags show before anything has changed."""
        yield from self.events(self._first, 0)

    def events(self, changes: Iterable[Change], arrived: int) -> Iterator[PlantEvent]:
        """Yield an event for each change that means something."""
        for change in changes:
            meant = self._meant.get(change.node)
            if meant is None:
                continue
            kind, station, name = meant
            value, text = math.nan, ""
            if isinstance(change.value, str):
                text = change.value
            elif isinstance(change.value, (int, float)) and not change.fault:
                value = float(change.value)
            usable = not change.fault and (bool(text) or not math.isnan(value))
            yield PlantEvent(change.told_tick, station, kind, name, value, text, usable, arrived)
