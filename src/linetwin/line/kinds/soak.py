"""Soak: filled cells rest until the electrolyte has wetted them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from linetwin.line.chamber import Chamber
from linetwin.line.kinds.cells import first_reason, scrap_cells
from linetwin.line.kinds.filler import fill_phases, soak_phase
from linetwin.line.kinds.web import CONTENT

if TYPE_CHECKING:
    from linetwin.line.lots import Lot


class Soak(Chamber):
    """Each place holds one tray for `soak_time`."""

    role = "cells"

    def admit(self, lot: Lot) -> tuple[int, float]:
        """Every tray stays the same time."""
        del lot
        return round(self.value("soak_time") * 1000), 0.0

    def discharge(self, lot: Lot, stayed_s: float) -> None:
        """Compute filling and wetting over the time the tray really stayed."""
        soak = soak_phase(lot, self.value("storage_temperature"), stayed_s)
        result = self.transform("filling").apply({}, [*fill_phases(lot), soak])[-1]
        self.note_validity(result)
        material = self.config.materials["electrolyte"]
        evaporated = result["evaporated_electrolyte"]
        lot.columns[CONTENT + material] -= evaporated
        self.world.ledger.add(
            "material", material, self.name, "lost", float(evaporated.sum()), "kg"
        )
        for name in ("electrolyte_mass", "wetting_saturation"):
            lot.columns[name] = result[name]
        bad = result["wetting_saturation"] < self.value("wetting_limit")
        reasons = first_reason([(bad, "not wetted")], lot.items)
        scrap_cells(self.world, lot, bad, self.name, [reason for reason in reasons if reason])
