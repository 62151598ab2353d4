"""Charged cells in store: what happens to them until they are looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from linetwin.contracts import Phase
from linetwin.line.kinds.cells import settle

if TYPE_CHECKING:
    from linetwin.contracts import Columns
    from linetwin.line.equipment import Equipment
    from linetwin.line.lots import Lot

CELL_INPUTS = (
    "film_resistance",
    "electrode_area",
    "anode_coating_thickness",
    "cathode_coating_thickness",
    "anode_active_fraction",
    "cathode_active_fraction",
    "wetting_saturation",
)
STATES = ("anode_stoichiometry", "cathode_stoichiometry")
STORED_VOLTAGE = 3.7
"""Voltage for which the reaction of water is written as a leak [V] [A]."""
CHARGE_PER_WATER = 96485.33212 / 0.018015
"""Charge that a kilogram of water takes from the anode [C/kg]: H2O + e- -> OH- + H2/2."""


def storage_phase(lot: Lot, temperature: float, load: float, seconds: float | np.ndarray) -> Phase:
    """Return a stretch of storage, or of a test with `load` [A].

    Water that a leaky seal lets in discharges the anode: a leak beside that of a soft short.
    """
    conditions: dict[str, float | np.ndarray] = {name: lot.columns[name] for name in CELL_INPUTS}
    leak = lot.columns["leak_resistance"]
    if "moisture_ingress" in lot.columns:
        reaction = lot.columns["moisture_ingress"] * CHARGE_PER_WATER
        leak = 1.0 / (1.0 / leak + reaction / STORED_VOLTAGE)
    if "electrolyte_resistance_factor" in lot.columns:
        told = lot.columns["electrolyte_resistance_factor"]
        # a stacking model that does not tell it reads as zero: then the cell is as the reference
        conditions["electrolyte_resistance_factor"] = np.where(told > 0, told, 1.0)
    conditions |= {
        "leak_resistance": leak,
        "storage_temperature": temperature,
        "load_current": load,
    }
    return Phase(conditions, seconds)


def storage_start(lot: Lot) -> dict[str, float | np.ndarray]:
    """Return the state of cells in store, for the ageing model."""
    return {name: lot.columns[name] for name in (*STATES, "storage_time")}


def store_until_now(station: Equipment, lot: Lot, temperature: float) -> Columns:
    """Bring the cells of a tray to now, waiting in buffers included; return the model's outputs."""
    settle(lot)
    seconds = (station.world.now - lot.columns["stored_at"]) / 1000
    phase = storage_phase(lot, temperature, 0.0, seconds)
    result = station.transform("ageing", lot.name).apply(storage_start(lot), [phase])[-1]
    station.note_validity(result)
    for name in STATES:
        lot.columns[name] = result[name]
    lost = lot.columns.get("lost_capacity", np.zeros(lot.items))
    lot.columns["lost_capacity"] = lost + result["lost_capacity"]
    lot.columns["storage_time"] = lot.columns["storage_time"] + seconds
    lot.columns["stored_at"] = np.full(lot.items, float(station.world.now))
    return result
