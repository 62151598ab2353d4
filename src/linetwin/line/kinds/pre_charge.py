"""Pre-charge: the first part of the first charge, which makes most of the gas."""

from __future__ import annotations

from typing import TYPE_CHECKING

from linetwin.contracts import Phase
from linetwin.line.kinds.cells import PENDING
from linetwin.line.kinds.charging import CHARGE, STATES, Charger

if TYPE_CHECKING:
    from linetwin.line.lots import Lot


class PreCharge(Charger):
    """Charges each cell at `pre_charge_rate` by `pre_charge_share` of its nominal capacity."""

    operation = "pre-charge"

    def admit(self, lot: Lot) -> tuple[int, float]:
        """Compute the charge; its results are the cells' once the tray has left."""
        nominal, rate = self.value("nominal_capacity"), self.value("pre_charge_rate")
        factors = self.current_factors(lot, self.occupy(lot))
        conditions = self.conditions(lot) | {
            "mode": CHARGE,
            "current_setpoint": rate * nominal * factors,
            "voltage_setpoint": self.value("upper_voltage"),
            "cutoff_current": rate * nominal,
        }
        seconds = self.value("pre_charge_share") / rate * 3600.0
        result = self.charge(lot, [Phase(conditions, seconds)])[-1]
        for name in (*STATES, "gas_volume", "anode_potential", "film_resistance"):
            lot.columns[PENDING + name] = result[name]
        power = float(result["charge_energy"].sum()) / self.value("charger_efficiency") / seconds
        return round(seconds * 1000), power
