"""Binning: good cells are sorted into classes and matched into boxes; a full box is shipped."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from linetwin.line.kinds.cells import cell_names
from linetwin.line.kinds.regrading import Part, packed, revoke_in_box
from linetwin.line.kinds.tray_station import TrayStation
from linetwin.line.kinds.web import link_many

if TYPE_CHECKING:
    from linetwin.line.lots import Lot
    from linetwin.line.station import Operation


class Binning(TrayStation):
    """Classes of grade A are steps of measured capacity and resistance; grade B is one class.

    Cells of one class fill one box of `box_size` after another; those in a box that is not full
    are in store. A box on hold is put aside: nothing is added to it, and it is not shipped.
    `state.job`: `boxes`, class -> name of its open box; `aside`, name -> class of boxes that were
    on hold; `inside`, name -> the cells of a box; `layouts`, names of their columns.
    """

    operation = "sort"

    def prepare(self) -> Operation | None:
        """Ship full boxes that are no longer on hold; then take a tray."""
        for name, each in list(self.job.get("aside", {}).items()):
            self._settle(each, self.world.lots[name])
        return super().prepare()

    def process(self, lot: Lot) -> None:
        """Put the cells of the tray into the boxes of their classes."""
        classes = self._classes(lot)
        columns, table = packed(lot)
        layouts: list[list[str]] = self.job.setdefault("layouts", [])
        if columns not in layouts:
            layouts.append(columns)
        layout = layouts.index(columns)
        for each in np.unique(classes):
            waiting = np.flatnonzero(classes == each)
            while waiting.size:
                box = self._open(str(each))
                room = int(self.value("box_size")) - int(box.amount)
                placed, waiting = waiting[:room], waiting[room:]
                names = cell_names(lot, placed)
                self._lay(box, names, [lot.name, layout, table[placed].tobytes()])
                numbers = box.columns.get("number", np.zeros(0))
                box.columns["number"] = np.append(numbers, lot.columns["number"][placed])
                if self.world.holds is not None:
                    self.world.holds.handed_over(box)
                if box.name in self.world.lots:
                    self._settle(str(each), box)

    def deliver(self) -> bool:
        """The tray is empty."""
        if "done" in self.job:
            self.world.end_lot(self.job.pop("done"), "used", self.name)
        return True

    def scrap(self, box: Lot, bad: np.ndarray, reason: str) -> dict[str, int]:
        """Scrap cells of a box (a Boolean mask); return grade -> how many had it.

        A box of which nothing is left ends.
        """
        inside: dict[str, list[Part]] = self.job["inside"]
        parts, layouts = inside[box.name], self.job["layouts"]
        inside[box.name], lost = revoke_in_box(self.world, parts, layouts, bad, reason)
        box.keep(~bad)
        box.amount = float(box.items)
        if not box.items:
            self._forget(box.name)
            self.world.end_lot(box.name, "scrap", self.name)
        return lost

    def _classes(self, lot: Lot) -> np.ndarray:
        """Return the class of each cell, such as A+3/25: steps of capacity and of resistance.

        One whose reading of either is missing belongs to none of them.
        """
        above = lot.columns["measured_capacity"] / self.value("nominal_capacity") - 1.0
        capacity = np.floor(above / self.value("capacity_class_width"))
        resistance = np.floor(lot.columns["measured_dcir"] / self.value("resistance_class_width"))
        sold_as_a = lot.columns["grade"] == 0
        return np.array(
            [
                _class(high, low) if first else "B"
                for high, low, first in zip(capacity, resistance, sold_as_a, strict=True)
            ]
        )

    def _open(self, each: str) -> Lot:
        """Return a box of a class that has room and is not on hold."""
        boxes: dict[str, str] = self.job.setdefault("boxes", {})
        aside: dict[str, str] = self.job.setdefault("aside", {})
        if each in boxes and self.world.is_held(boxes[each]):
            self._put_aside(each, boxes[each])
        if each not in boxes:
            free = [n for n, kind in aside.items() if kind == each and not self.world.is_held(n)]
            if free:
                del aside[free[0]]
            new = free[0] if free else self.world.new_lot("box", "box", self.name, 0.0, "1").name
            boxes[each] = new
        return self.world.lots[boxes[each]]

    def _lay(self, box: Lot, names: list[str], part: Part) -> None:
        """Put cells of a tray into a box."""
        link_many(
            self.world, names, box.name, "box", relation="carried_in", amount=1.0, amount_unit="1"
        )
        self.job.setdefault("inside", {}).setdefault(box.name, []).append(part)
        box.amount += len(names)

    def _settle(self, each: str, box: Lot) -> None:
        """Ship a box that is full; one on hold is put aside."""
        if box.held:
            self._put_aside(each, box.name)
        if box.held or box.amount < self.value("box_size"):
            return
        if self.world.holds is not None:
            self.world.holds.gone(box)
        self.world.log_event(
            self.name, "give", lot=box.name, cause=f"shipped {each}", amount=box.amount
        )
        self.world.counts["shipped"] += int(box.amount)
        self._forget(box.name)
        self.world.end_lot(box.name, "shipped", self.name)

    def _put_aside(self, each: str, name: str) -> None:
        """Let a box of a class be no longer the one that is filled."""
        if self.job["boxes"].get(each) == name:
            del self.job["boxes"][each]
        self.job["aside"][name] = each

    def _forget(self, name: str) -> None:
        """A box has left."""
        self.job["inside"].pop(name)
        self.job["aside"].pop(name, None)
        for each in [each for each, box in self.job["boxes"].items() if box == name]:
            del self.job["boxes"][each]


def _class(capacity: float, resistance: float) -> str:
    """Return the class of a cell of grade A from its steps."""
    if math.isnan(capacity) or math.isnan(resistance):
        return "A not measured"
    return f"A{int(capacity):+d}/{int(resistance):d}"
