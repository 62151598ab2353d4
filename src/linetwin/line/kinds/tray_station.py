"""A station that works on one tray at a time, cell by cell."""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import TYPE_CHECKING, Any

from linetwin.line.station import Operation, Station

if TYPE_CHECKING:
    from linetwin.line.lots import Lot


class TrayStation(Station):
    """Takes a tray, works `cycle_time` on each cell with `parallel_heads`, and hands it over.

    A kind says in `process` what becomes of the cells; `operation` names the work.
    `state.job`: `tray` in the machine, `since` (tick when it came) and, once worked on, `done`.
    """

    operation = "work"

    @abstractmethod
    def process(self, lot: Lot) -> None:
        """Work on the tray is done: compute what became of its cells."""

    @property
    def job(self) -> dict[str, Any]:
        """The tray in the machine."""
        return self.state.job

    def fixed_time(self) -> float:
        """Time that a tray takes beside that of its cells [s]."""
        return 0.0

    def prepare(self) -> Operation | None:
        """Take a tray."""
        if "tray" not in self.job:
            lot = self.take("cells")
            if lot is None:
                return None
            self.job["tray"], self.job["since"] = lot.name, self.world.now
        cells = self.world.lots[self.job["tray"]].items
        return Operation(self.operation, round(self.working_time(cells) * 1000))

    def working_time(self, cells: int) -> float:
        """Time for a tray of so many cells [s]."""
        rounds = math.ceil(cells / int(self.value("parallel_heads")))
        return self.fixed_time() + rounds * self.value("cycle_time")

    def complete(self) -> None:
        """Compute the cells; the tray waits to be handed over."""
        lot = self.world.lots[self.job["tray"]]
        self.process(lot)
        self.log_operation(lot.name, self.operation, int(self.job.pop("since")))
        self.job["done"] = self.job.pop("tray")

    def deliver(self) -> bool:
        """Hand over the tray."""
        if "done" in self.job:
            if not self.give("cells", self.job["done"]):
                return False
            del self.job["done"]
        return True
