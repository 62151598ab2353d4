"""Soak: filled cells rest until the electrolyte has wetted them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from linetwin.line.chamber import Chamber
from linetwin.line.kinds.cells import scrap_flagged
from linetwin.line.kinds.filler import fill_phases, soak_phase
from linetwin.line.kinds.web import CONTENT

if TYPE_CHECKING:
    from linetwin.contracts import Columns
    from linetwin.line.lots import Lot


class Soak(Chamber):
    """Each place holds one tray for `soak_time`; one with dry cells stays for `resoak_time` more.

    The check of wetting is that of `measure("wetting_saturation", ...)`.
    """

    role = "cells"

    def admit(self, lot: Lot) -> tuple[int, float]:
        """Every tray stays the same time at first."""
        lot.columns.setdefault("rework_count", np.zeros(lot.items))
        return round(self.value("soak_time") * 1000), 0.0

    def discharge(self, lot: Lot, stayed_s: float) -> int:
        """Compute filling and wetting over the time the tray really stayed.

        Dry cells that have not been soaked again too often keep their tray for another round.
        """
        soak = soak_phase(lot, self.value("storage_temperature"), stayed_s)
        result = self.transform("filling", lot.name).apply({}, [*fill_phases(lot), soak])[-1]
        wetting = self.measure("wetting_saturation", result["wetting_saturation"])
        dry = wetting < self.value("wetting_limit")
        rounds = lot.columns["rework_count"]
        if (dry & (rounds < self.value("rework_limit"))).any():
            lot.columns["rework_count"] = rounds + dry
            lot.rework += 1
            self.world.log_event(
                self.name, "note", lot=lot.name, cause="soaked again", amount=float(dry.sum())
            )
            return round(self.value("resoak_time") * 1000)
        self.note_validity(result)
        self._evaporate(lot, result)
        for name in ("electrolyte_mass", "wetting_saturation", "fill_ratio"):
            lot.columns[name] = result[name]
        if (told := result["wetting_time"]).any():  # a model without it reads as zero
            lot.columns["wetting_time"] = told
        self.log_operation(lot.name, "soak", self.world.now - round(stayed_s * 1000))
        scrap_flagged(self, lot, [(dry, "not wetted")])
        return 0

    def _evaporate(self, lot: Lot, result: Columns) -> None:
        """Book what has evaporated since the dose."""
        material = self.config.materials["electrolyte"]
        evaporated = result["evaporated_electrolyte"]
        lot.columns[CONTENT + material] = lot.columns[CONTENT + material] - evaporated
        self.world.ledger.add(
            "material", material, self.name, "lost", float(evaporated.sum()), "kg"
        )
