"""Binning: good cells are sorted into classes and matched into boxes; a full box is shipped."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from linetwin.line.kinds.cells import cell_names
from linetwin.line.kinds.tray_station import TrayStation
from linetwin.line.kinds.web import link_many

if TYPE_CHECKING:
    from linetwin.line.lots import Lot


class Binning(TrayStation):
    """Classes of grade A are steps of measured capacity and resistance; grade B is one class.

    Cells of one class fill one box of `box_size` after another; those in a box that is not full
    are in store. `state.job["boxes"]`: class -> name of its open box.
    """

    operation = "sort"

    def process(self, lot: Lot) -> None:
        """Put the cells of the tray into the boxes of their classes."""
        names = np.array(cell_names(lot, np.arange(lot.items)), dtype=object)
        classes = self._classes(lot)
        for each in np.unique(classes):
            waiting = list(names[classes == each])
            while waiting:
                waiting = self._fill(str(each), waiting)

    def deliver(self) -> bool:
        """The tray is empty."""
        if "done" in self.job:
            self.world.end_lot(self.job.pop("done"), "used", self.name)
        return True

    def _classes(self, lot: Lot) -> np.ndarray:
        """Return the class of each cell, such as A+3/25: steps of capacity and of resistance."""
        above = lot.columns["measured_capacity"] / self.value("nominal_capacity") - 1.0
        capacity = np.floor(above / self.value("capacity_class_width")).astype(int)
        resistance = np.floor(
            lot.columns["measured_dcir"] / self.value("resistance_class_width")
        ).astype(int)
        sold_as_a = lot.columns["grade"] == 0
        return np.array(
            [
                f"A{high:+d}/{low:d}" if first else "B"
                for high, low, first in zip(capacity, resistance, sold_as_a, strict=True)
            ]
        )

    def _fill(self, each: str, cells: list[str]) -> list[str]:
        """Fill the open box of a class; ship it when full. Return the cells left over."""
        boxes: dict[str, str] = self.job.setdefault("boxes", {})
        if each not in boxes:
            boxes[each] = self.world.new_lot("box", "box", self.name, 0.0, "1").name
        box = self.world.lots[boxes[each]]
        room = int(self.value("box_size")) - int(box.amount)
        placed = cells[: max(room, 0)]
        link_many(
            self.world, placed, box.name, "box", relation="carried_in", amount=1.0, amount_unit="1"
        )
        box.amount += len(placed)
        if box.amount >= self.value("box_size"):
            self.world.log_event(
                self.name, "give", lot=box.name, cause=f"shipped {each}", amount=box.amount
            )
            self.world.counts["shipped"] += int(box.amount)
            self.world.end_lot(boxes.pop(each), "shipped", self.name)
        return cells[len(placed) :]
