"""Ageing: cells rest between two voltage measurements, so that soft shorts show."""

from __future__ import annotations

from typing import TYPE_CHECKING

from linetwin.line.chamber import Chamber
from linetwin.line.kinds.storing import store_until_now

if TYPE_CHECKING:
    from linetwin.line.lots import Lot


class Ageing(Chamber):
    """Each place holds one tray for `ageing_time`."""

    role = "cells"

    def admit(self, lot: Lot) -> tuple[int, float]:
        """Every tray stays the same time."""
        del lot
        return round(self.value("ageing_time") * 1000), 0.0

    def process_power(self) -> float:
        """Shelves draw nothing [W]."""
        return 0.0

    def discharge(self, lot: Lot, stayed_s: float) -> None:
        """Compute the cells over the time they really lay in store."""
        store_until_now(self, lot, self.value("storage_temperature"))
        self.log_operation(lot.name, "age", self.world.now - round(stayed_s * 1000))
