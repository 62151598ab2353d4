"""OCV test: formed cells rest, then their open-circuit voltage is measured for the first time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from linetwin.line.chamber import Chamber
from linetwin.line.kinds.cells import take_samples
from linetwin.line.kinds.storing import store_until_now

if TYPE_CHECKING:
    from linetwin.line.lots import Lot


class OcvTest(Chamber):
    """Each place holds one tray for `rest_time` and the measurement of its cells."""

    role = "cells"

    def admit(self, lot: Lot) -> tuple[int, float]:
        """A tray rests; then its cells are measured one after another."""
        seconds = self.value("rest_time") + lot.items * self.value("cycle_time")
        return round(seconds * 1000), 0.0

    def discharge(self, lot: Lot, stayed_s: float) -> None:
        """Measure the voltages; the laboratory takes its samples."""
        result = store_until_now(self, lot, self.value("storage_temperature"))
        name = "first_open_circuit_voltage"
        lot.columns[name] = result["voltage"]
        lot.columns[f"measured_{name}"] = self.measure("open_circuit_voltage", result["voltage"])
        lot.columns["first_storage_time"] = lot.columns["storage_time"]
        self.log_operation(lot.name, "ocv 1", self.world.now - round(stayed_s * 1000))
        take_samples(self, lot)
