"""Filler: evacuates cells, doses electrolyte and lets the pressure in again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from linetwin.contracts import Phase
from linetwin.line.kinds.cells import cell_names, first_reason, scrap_cells
from linetwin.line.kinds.web import CONTENT, link_many
from linetwin.line.station import Operation, Station

if TYPE_CHECKING:
    from linetwin.line.lots import Lot

ATMOSPHERE_PA = 101325.0
FILL_CONDITIONS = ("chamber_pressure", "evacuating_time", "dosing_time", "electrolyte_temperature")


def fill_phases(lot: Lot) -> list[Phase]:
    """Return the phases that the cells of a tray saw in the filler: evacuate, dose, vent."""
    inside = lot.properties
    common: dict[str, float | np.ndarray] = {
        "electrolyte_temperature": inside["electrolyte_temperature"],
        "pore_volume": lot.columns["pore_volume"],
        "anode_porosity": lot.columns["anode_porosity"],
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
        "anode_porosity": lot.columns["anode_porosity"],
        "pressure_setpoint": ATMOSPHERE_PA,
        "electrolyte_dose_rate": 0.0,
    }
    return Phase(conditions, seconds)


class Filler(Station):
    """One tray at a time."""

    @property
    def job(self) -> dict[str, Any]:
        """`tray` in the machine, or `done`."""
        return self.state.job

    def prepare(self) -> Operation | None:
        """Take a tray."""
        if "tray" not in self.job:
            lot = self.take("cells")
            if lot is None:
                return None
            self.job["tray"] = lot.name
        cells = self.world.lots[self.job["tray"]].items
        fixed = self.value("evacuating_time") + self.value("dosing_time")
        return Operation("fill", round((fixed + cells * self.value("cycle_time")) * 1000))

    def complete(self) -> None:
        """Compute the filled cells; weigh out those that got too little."""
        lot = self.world.lots[self.job.pop("tray")]
        lot.properties.update({name: self.value(name) for name in FILL_CONDITIONS})
        self._dose(lot)
        result = self.transform("filling").apply({}, fill_phases(lot))[-1]
        self.note_validity(result)
        lot.columns["fill_ratio"] = result["fill_ratio"]
        lot.columns["electrolyte_mass"] = result["electrolyte_mass"]
        flags = [(result["fill_ratio"] < self.value("fill_limit"), "too little electrolyte")]
        reasons = first_reason(flags, lot.items)
        bad = np.array([bool(reason) for reason in reasons])
        scrap_cells(self.world, lot, bad, self.name, [reason for reason in reasons if reason])
        self.job["done"] = lot.name

    def deliver(self) -> bool:
        """Hand over the tray."""
        if "done" in self.job:
            if not self.give("cells", self.job["done"]):
                return False
            del self.job["done"]
        return True

    def _dose(self, lot: Lot) -> None:
        """Dose each cell, with the pump's scatter, from the electrolyte lots."""
        errors = self.world.driver.normal(self.name, "dose", lot.items)
        doses = self.value("electrolyte_dose") * (1 + self.value("dose_deviation") * errors)
        material = self.config.materials["electrolyte"]
        names = cell_names(lot, np.arange(lot.items))
        drawn = self.world.supplies[material].draw_each(doses)
        link_many(
            self.world,
            [names[row] for row in drawn.rows],
            drawn.lots,
            "electrolyte",
            share=drawn.amounts / doses[drawn.rows],
            amount=drawn.amounts,
            amount_unit="kg",
        )
        lot.columns["dosed_electrolyte"] = doses
        lot.columns[CONTENT + material] = doses.copy()
