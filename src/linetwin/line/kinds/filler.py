"""Filler: evacuates cells, doses electrolyte and lets the pressure in again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from linetwin.contracts import Phase
from linetwin.line.kinds.cells import give_material, scrap_flagged
from linetwin.line.kinds.tray_station import TrayStation
from linetwin.line.moisture import absorb, room_of

if TYPE_CHECKING:
    import numpy as np

    from linetwin.line.lots import Lot

ATMOSPHERE_PA = 101325.0
POROSITIES = ("anode_porosity", "cathode_porosity")
FILL_CONDITIONS = ("chamber_pressure", "evacuating_time", "dosing_time", "electrolyte_temperature")


def fill_phases(lot: Lot) -> list[Phase]:
    """Return the phases that the cells of a tray saw in the filler: evacuate, dose, vent."""
    inside = lot.properties
    common: dict[str, float | np.ndarray] = {
        "electrolyte_temperature": inside["electrolyte_temperature"],
        "pore_volume": lot.columns["pore_volume"],
        **{name: lot.columns[name] for name in POROSITIES},
    }
    rate = lot.columns["dosed_electrolyte"] / inside["dosing_time"]
    vacuum = inside["chamber_pressure"]
    return [
        Phase(
            {**common, "pressure_setpoint": vacuum, "electrolyte_dose_rate": 0.0},
            inside["evacuating_time"],
        ),
        Phase(
            {**common, "pressure_setpoint": vacuum, "electrolyte_dose_rate": rate},
            inside["dosing_time"],
        ),
    ]


def soak_phase(lot: Lot, temperature: float, seconds: float) -> Phase:
    """Return the rest at atmospheric pressure in which the electrolyte wets the cell."""
    conditions: dict[str, float | np.ndarray] = {
        "electrolyte_temperature": temperature,
        "pore_volume": lot.columns["pore_volume"],
        **{name: lot.columns[name] for name in POROSITIES},
        "pressure_setpoint": ATMOSPHERE_PA,
        "electrolyte_dose_rate": 0.0,
    }
    return Phase(conditions, seconds)


class Filler(TrayStation):
    """One tray at a time; cells are weighed before and after."""

    operation = "fill"

    def fixed_time(self) -> float:
        """Evacuating and dosing take the same time for any tray [s]."""
        return self.value("evacuating_time") + self.value("dosing_time")

    def process(self, lot: Lot) -> None:
        """Compute the filled cells; weigh out those that got too little."""
        absorb(self, lot, room_of(self, "cells"), self.value("uptake_time"))
        lot.properties.update({name: self.value(name) for name in FILL_CONDITIONS})
        self._dose(lot)
        result = self.transform("filling", lot.name).apply({}, fill_phases(lot))[-1]
        self.note_validity(result)
        lot.columns["fill_ratio"] = result["fill_ratio"]
        lot.columns["electrolyte_mass"] = result["electrolyte_mass"]
        weighed = self.measure("electrolyte_mass", result["electrolyte_mass"])
        filled = result["fill_ratio"] * weighed / result["electrolyte_mass"]
        scrap_flagged(self, lot, [(filled < self.value("fill_limit"), "too little electrolyte")])

    def _dose(self, lot: Lot) -> None:
        """Dose each cell, with the pump's scatter, from the electrolyte lots."""
        errors = self.world.driver.normal(self.name, "dose", lot.items)
        doses = self.value("electrolyte_dose") * (1 + self.value("dose_deviation") * errors)
        give_material(self, lot, "electrolyte", doses)
        lot.columns["dosed_electrolyte"] = doses
