"""Tab welder: joins the foils of a stack to its tabs; welds may stay cold, or spatter."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from linetwin.line.kinds.cells import give_material, soft_short
from linetwin.line.kinds.tray_station import TrayStation

if TYPE_CHECKING:
    from linetwin.line.lots import Lot

WELD_SPREAD = 0.2
"""Standard deviation of the logarithm of a sound weld's resistance [A]."""
COLD_SPREAD = 0.5
"""Standard deviation of the logarithm of what a cold weld adds [A]."""
SPATTER_SPREAD = 0.5
"""Standard deviation of the logarithm of the size of weld spatter, as of other particles [A]."""


class TabWelder(TrayStation):
    """A cold weld adds to the cell's resistance, spatter is a particle that may pierce.

    A sheet whose tab is out of place is not joined: the cell is as one with a cold weld [A].
    """

    operation = "weld"

    def process(self, lot: Lot) -> None:
        """Weld the tabs."""
        give_material(self, lot, "tabs", np.full(lot.items, self.value("tabs_per_cell")))
        self._weld(lot)
        self._spatter(lot)

    def _weld(self, lot: Lot) -> None:
        driver, count = self.world.driver, lot.items
        sound = self.value("contact_resistance") * np.exp(
            WELD_SPREAD * driver.normal(self.name, "weld", count)
        )
        cold = self.value("cold_weld_resistance") * np.exp(
            COLD_SPREAD * driver.normal(self.name, "cold weld", count)
        )
        missing = lot.columns.get("misplaced_tabs", np.zeros(count)) > 0
        lot.columns["weld_resistance"] = sound + (self.inflict("cold weld", count) | missing) * cold

    def _spatter(self, lot: Lot) -> None:
        """Add particles to the cells hit, and the leak of those large enough."""
        count = lot.items
        sizes = self.value("spatter_size") * np.exp(
            SPATTER_SPREAD * self.world.driver.normal(self.name, "spatter", count)
        )
        sizes = np.where(self.inflict("weld spatter", count), sizes, 0.0)
        leak = soft_short(
            sizes / self.value("particle_limit"),
            self.value("soft_short_resistance"),
            self.value("sound_resistance"),
        )
        lot.columns["particle_size"] = np.maximum(lot.columns["particle_size"], sizes)
        lot.columns["leak_resistance"] = np.minimum(lot.columns["leak_resistance"], leak)
