"""What the grader will see of a tray that has been charged, by the line's own ageing model.

The lot stays as it is. Which cell has more than others is the twin's own dice: all are as the
tray's median. How many of them leak is its dice as well, but what makes them leak is followed (the
wear of knives and notching tools): so their share is told apart, to be gathered over trays.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from linetwin.line.kinds.cells import settle
from linetwin.line.kinds.grading import PULSE_S, REST_S, Grading
from linetwin.line.kinds.storing import storage_phase, storage_start
from linetwin.line.lots import Lot

if TYPE_CHECKING:
    from linetwin.contracts import Columns
    from linetwin.line.equipment import Equipment
    from linetwin.line.world import Models, World

LEAST_SECONDS = 1.0
"""Between two voltage tests, where a line sets none."""


@dataclass(frozen=True)
class Way:
    """What a tray that has been charged meets: the first test, the store, the grader."""

    test: Equipment
    store: Equipment
    grader: Grading


@dataclass(frozen=True)
class Foreseen:
    """What the grader will see of each cell, shape (items,), and the share of cells that leak."""

    cells: Columns
    leaking: float


def way_of(world: World) -> Way | None:
    """Return the stations that a tray meets; None where the line lacks one."""
    tests, stores = world.stations_of("ocv_test"), world.stations_of("ageing")
    graders = [each for each in world.stations_of("grading") if isinstance(each, Grading)]
    if not (tests and stores and graders):
        return None
    return Way(tests[0], stores[0], graders[0])


def least_capacity(grader: Grading) -> float:
    """Return the least capacity of grade A [A.h]."""
    return grader.value("capacity_limit_a") * grader.value("nominal_capacity")


def foreseen(way: Way, models: Models, lot: Lot, tick: int) -> Foreseen:
    """Return what the grader will see of a tray, with the times that stations are set to."""
    grader = way.grader
    ahead = Lot("", lot.kind, "", 0, lot.amount, lot.unit, "", properties=lot.properties)
    ahead.columns = {name: values.copy() for name, values in lot.columns.items()}
    settle(ahead)
    columns = ahead.columns
    waited_s = (tick - columns["stored_at"]) / 1000 if "stored_at" in columns else 0.0
    tested = "first_storage_time" in columns
    if not tested:
        waited_s += way.test.value("rest_time") + ahead.items * way.test.value("cycle_time")
    temperature = grader.value("storage_temperature")
    current = grader.value("pulse_rate") * grader.value("nominal_capacity")
    stored_s = way.store.value("ageing_time")
    phases = [
        storage_phase(ahead, temperature, 0.0, waited_s),
        storage_phase(ahead, temperature, 0.0, stored_s),
        storage_phase(ahead, temperature, 0.0, REST_S),
        storage_phase(ahead, temperature, current, PULSE_S),
    ]
    ageing = models.transform(grader.config, "ageing")
    results = ageing.apply(storage_start(ahead), phases)
    first, rested, before, after = (each["voltage"] for each in results)
    if tested:
        first = columns["first_open_circuit_voltage"]
        stored_s = columns["storage_time"] + waited_s + stored_s - columns["first_storage_time"]
    drift = (first - rested) / np.maximum(stored_s, LEAST_SECONDS)
    cells = {
        "capacity": _alike(columns["capacity"]),
        "dcir": _alike((before - after) / current + columns.get("weld_resistance", 0.0)),
        "open_circuit_voltage": _alike(rested),
        "ocv_drift": np.zeros(ahead.items),
        "plated_capacity": columns["plated_capacity"],
    }
    return Foreseen(cells, _leaking(grader, drift))


def _leaking(grader: Grading, drift: np.ndarray) -> float:
    """Return the share of cells that the grader scraps for what they lose in store."""
    sound = {
        "capacity": np.full(len(drift), grader.value("nominal_capacity")),
        "dcir": np.zeros(len(drift)),
        "open_circuit_voltage": np.zeros(len(drift)),
        "ocv_drift": drift,
    }
    grades, _ = grader.grade(sound, "", np.zeros(len(drift), dtype=bool))
    return grades.count("scrap") / len(grades)


def _alike(values: np.ndarray) -> np.ndarray:
    """Return the median for every cell."""
    return np.full(len(values), float(np.median(values)))
