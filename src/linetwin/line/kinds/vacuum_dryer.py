"""Vacuum dryer: takes the moisture out of daughter rolls."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from linetwin.contracts import Phase
from linetwin.line.chamber import Chamber
from linetwin.line.moisture import absorb, balanced, expose, room_of

if TYPE_CHECKING:
    from linetwin.line.lots import Lot


class VacuumDryer(Chamber):
    """Each place holds one roll for `process_time`."""

    role = "rolls"

    def admit(self, lot: Lot) -> tuple[int, float]:
        """A roll comes in with the water it has taken up since it was coated.

        One whose past nobody noted (stock at the run's start) is in balance with the air there.
        """
        draw = float(self.world.driver.normal(self.name, "moisture", 1)[0])
        reference = self.value("moisture") * (1 + self.value("lot_deviation") * draw)
        lot.properties["reference_moisture"] = max(0.0, reference)
        room = room_of(self, self.role)
        if "exposed_since" in lot.properties:
            lot.properties.setdefault("moisture", 0.0)
            absorb(self, lot, room, self.value("uptake_time"))
        else:
            lot.properties["moisture"] = balanced(self.world, lot, room)
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
        result = self.transform("vacuum_drying", lot.name).apply(start, [phase])[-1]
        self.note_validity(result)
        lot.properties["moisture"] = float(result["moisture"][0])
        expose(self, lot)
