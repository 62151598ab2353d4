"""Degasser: pierces the gas pocket under vacuum, draws the gas off and seals the cell for good."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from linetwin.line.kinds.cells import scrap_flagged
from linetwin.line.kinds.pouch_former import seal
from linetwin.line.kinds.tray_station import TrayStation
from linetwin.line.kinds.web import CONTENT

if TYPE_CHECKING:
    from linetwin.line.lots import Lot


class Degasser(TrayStation):
    """Some electrolyte leaves with the gas; cells are weighed before and after."""

    operation = "degas and seal"

    def fixed_time(self) -> float:
        """Evacuating takes the same time for any tray [s]."""
        return self.value("degassing_time")

    def process(self, lot: Lot) -> None:
        """Draw off the gas; weigh out cells that have too little electrolyte left."""
        columns = lot.columns
        columns["removed_gas"] = columns["gas_volume"]
        columns["gas_volume"] = np.zeros(lot.items)
        scatter = self.world.driver.normal(self.name, "electrolyte loss", lot.items)
        share = 1 + self.value("degassing_loss_deviation") * scatter
        share = np.clip(self.value("degassing_loss") * share, 0.0, 1.0)
        before = columns["electrolyte_mass"]
        self._lose(lot, before * share)
        weighed = self.measure("electrolyte_mass", columns["electrolyte_mass"])
        left = columns["fill_ratio"] * weighed / before
        columns["fill_ratio"] = columns["fill_ratio"] * (1 - share)
        columns["wetting_saturation"] = np.minimum(
            columns["wetting_saturation"], columns["fill_ratio"]
        )
        seal(self, lot)
        flags = [(left < self.value("fill_limit"), "too little electrolyte left")]
        scrap_flagged(self, lot, flags)

    def _lose(self, lot: Lot, loss: np.ndarray) -> None:
        """Take electrolyte out of the cells [kg] and book it."""
        material = self.config.materials["electrolyte"]
        lot.columns["electrolyte_loss"] = loss
        lot.columns["electrolyte_mass"] = lot.columns["electrolyte_mass"] - loss
        lot.columns[CONTENT + material] = lot.columns[CONTENT + material] - loss
        self.world.ledger.add("material", material, self.name, "lost", float(loss.sum()), "kg")
