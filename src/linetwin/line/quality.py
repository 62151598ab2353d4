"""What a station inflicts, what its gauges read and what its inspections find.

True values are what the simulation knows; measured ones are what the plant would know, and what
decisions are made on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from linetwin.line.shifts import shift_number
from linetwin.scenario.resolved import address_part

if TYPE_CHECKING:
    from linetwin.line.equipment import Equipment
    from linetwin.scenario.resolved import Value

PERCENT = "%"
"""Unit of a gauge's term that counts in percent of the true value."""


def measure(
    station: Equipment, quantity: str, true: np.ndarray, *, shown: bool = True
) -> np.ndarray:
    """Return readings of a gauge: true + bias + offset of the shift + scatter of each reading.

    `shown`: whether people see them now; else `show` tells them later.
    """
    gauge = station.config.gauges.get(quantity)
    if gauge is None:
        return true
    true = np.asarray(true, dtype=np.float64)

    def term(name: str, written: Value) -> np.ndarray | float:
        live = station.value(f"{quantity}.{name}")
        return live / 100 * np.abs(true) if written.unit == PERCENT else live

    scatter = station.world.driver.normal(station.name, f"gauge {quantity}", true.size)
    readings: np.ndarray = (
        true
        + term("bias", gauge.bias)
        + term("reproducibility", gauge.reproducibility) * _of_shift(station, quantity)
        + term("repeatability", gauge.repeatability) * scatter.reshape(true.shape)
    )
    readings = station.world.disturbances.read(station.name, quantity, readings)
    if shown:
        show(station, quantity, readings)
    return readings


def show(station: Equipment, quantity: str, readings: np.ndarray) -> None:
    """Tell whoever listens what the station's gauge of `quantity` has read, if it has one."""
    world = station.world
    if quantity in station.config.gauges and world.on_reading is not None:
        world.on_reading(station.name, quantity, world.now, readings)


def _of_shift(station: Equipment, quantity: str) -> float:
    """Return the standard normal number of the present shift.

    One is drawn for every shift that has passed, measured in or not, so that two what-ifs meet the
    same operators.
    """
    offsets, shift = station.state.offsets, shift_number(station.world.now, station.calendar)
    last = int(offsets[quantity][0]) if quantity in offsets else -1
    if shift > last:
        draws = station.world.driver.normal(station.name, f"operator {quantity}", shift - last)
        offsets[quantity] = [float(shift), float(draws[-1])]
    return offsets[quantity][1]


def inspect(station: Equipment, defect: str, truth: np.ndarray) -> np.ndarray:
    """Return which items are found: a defect is missed, or a sound item refused, by chance."""
    if defect not in station.config.inspections:
        return truth
    truth = np.asarray(truth, dtype=bool)
    part = address_part(defect)
    draws = station.world.driver.uniform(station.name, f"inspection {defect}", truth.size)
    draws = draws.reshape(truth.shape)
    found: np.ndarray = np.where(
        truth,
        draws >= station.value(f"{part}.miss"),
        draws < station.value(f"{part}.false_alarm"),
    )
    return found


def inflict(station: Equipment, defect: str, count: int) -> np.ndarray:
    """Return which of `count` items get the defect, each by chance at the configured rate."""
    if defect not in station.config.defects:
        return np.zeros(count, dtype=bool)
    rate = station.value(f"{address_part(defect)}.rate")
    draws = station.world.driver.uniform(station.name, f"defect {defect}", count)
    hit: np.ndarray = draws < rate
    return hit
