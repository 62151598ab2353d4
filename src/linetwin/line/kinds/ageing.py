"""Ageing: cells rest between two voltage measurements, so that soft shorts show."""

from __future__ import annotations

from typing import TYPE_CHECKING

from linetwin.contracts import Phase
from linetwin.line.chamber import Chamber

if TYPE_CHECKING:
    import numpy as np

    from linetwin.line.lots import Lot

CELL_INPUTS = (
    "leak_resistance",
    "film_resistance",
    "electrode_area",
    "anode_coating_thickness",
    "cathode_coating_thickness",
    "anode_active_fraction",
    "cathode_active_fraction",
    "wetting_saturation",
)
STOICHIOMETRIES = ("anode_stoichiometry", "cathode_stoichiometry")


def storage_phase(lot: Lot, temperature: float, load: float | np.ndarray, seconds: float) -> Phase:
    """Return a stretch of storage, or of a test with `load` [A]."""
    conditions: dict[str, float | np.ndarray] = {name: lot.columns[name] for name in CELL_INPUTS}
    return Phase(conditions | {"storage_temperature": temperature, "load_current": load}, seconds)


class Ageing(Chamber):
    """Each place holds one tray: a first rest, OCV1, `ageing_time`, OCV2."""

    role = "cells"

    def admit(self, lot: Lot) -> tuple[int, float]:
        """Every tray stays the same time."""
        del lot
        return round((self.value("rest_time") + self.value("ageing_time")) * 1000), 0.0

    def discharge(self, lot: Lot, stayed_s: float) -> None:
        """Compute both voltages over the time the tray really stayed."""
        temperature, rest = self.value("storage_temperature"), self.value("rest_time")
        start = {name: lot.columns[name] for name in STOICHIOMETRIES}
        phases = [
            storage_phase(lot, temperature, 0.0, rest),
            storage_phase(lot, temperature, 0.0, stayed_s - rest),
        ]
        first, second = self.transform("ageing").apply(start, phases)
        self.note_validity(second)
        noise = self.world.driver.normal(self.name, "voltmeter", 2 * lot.items) * self.value(
            "voltage_error"
        )
        before = first["voltage"] + noise[: lot.items]
        after = second["voltage"] + noise[lot.items :]
        lot.columns["open_circuit_voltage"] = after
        lot.columns["ocv_drift"] = (before - after) / (stayed_s - rest)
        lot.columns["lost_capacity"] = second["lost_capacity"]
        for name in STOICHIOMETRIES:
            lot.columns[name] = second[name]
