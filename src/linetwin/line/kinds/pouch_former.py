"""Pouch former: draws the pouch, puts the stack in and seals three sides; a gas pocket stays."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from linetwin.line.kinds.cells import give_material
from linetwin.line.kinds.tray_station import TrayStation

if TYPE_CHECKING:
    from linetwin.line.equipment import Equipment
    from linetwin.line.lots import Lot

LEAK_SPREAD = 1.0
"""Standard deviation of the logarithm of what leaky seals let in [A]."""


class PouchFormer(TrayStation):
    """One housing a cell; a leaky seal lets water in from now on."""

    operation = "form"

    def process(self, lot: Lot) -> None:
        """Form and seal the pouches."""
        give_material(self, lot, "housing", np.ones(lot.items))
        seal(self, lot)


def seal(station: Equipment, lot: Lot) -> None:
    """Seal the cells of a tray; a leaky seal lets in water [kg/s], beside what others let in."""
    count, columns = lot.items, lot.columns
    sizes = station.value("seal_leak_rate") * np.exp(
        LEAK_SPREAD * station.world.driver.normal(station.name, "seal leak", count)
    )
    leaks = np.where(station.inflict("leaky seal", count), sizes, 0.0)
    columns["moisture_ingress"] = columns.get("moisture_ingress", 0.0) + leaks
    columns.setdefault("sealed_at", np.full(count, float(station.world.now)))


def moisture_now(lot: Lot, now: int) -> np.ndarray:
    """Return the moisture of a tray's cells with what leaky seals have let in up to tick `now`.

    kg of water over kg of coating, both electrodes.
    """
    columns = lot.columns
    if "sealed_at" not in columns:
        return columns["moisture"]
    coating = columns["electrode_area"] * (columns["cathode_loading"] + columns["anode_loading"])
    water = columns["moisture_ingress"] * (now - columns["sealed_at"]) / 1000
    moist: np.ndarray = columns["moisture"] + water / coating
    return moist
