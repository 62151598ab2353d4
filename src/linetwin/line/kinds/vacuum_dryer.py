"""Vacuum dryer: takes the moisture out of daughter rolls."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from linetwin.contracts import Phase
from linetwin.line.chamber import Chamber

if TYPE_CHECKING:
    from linetwin.line.lots import Lot


class VacuumDryer(Chamber):
    """Each place holds one roll for `process_time`."""

    role = "rolls"

    def admit(self, lot: Lot) -> tuple[int, float]:
        """A roll comes in with the moisture of its electrode."""
        draw = float(self.world.driver.normal(self.name, "moisture", 1)[0])
        lot.properties["moisture"] = max(
            0.0, self.value("moisture") * (1 + self.value("lot_deviation") * draw)
        )
        return round(self.value("process_time") * 1000), self.value("place_power")

    def discharge(self, lot: Lot, stayed_s: float) -> None:
        """Compute the moisture left after the time the roll really stayed."""
        phase = Phase(
            {
                "chamber_temperature": self.value("chamber_temperature"),
                "chamber_pressure": self.value("chamber_pressure"),
            },
            stayed_s,
        )
        start = {"moisture": np.array([lot.properties["moisture"]])}
        result = self.transform("vacuum_drying").apply(start, [phase])[-1]
        self.note_validity(result)
        lot.properties["moisture"] = float(result["moisture"][0])
