"""Grading: second voltage, a current pulse for the resistance, then grade A, B or scrap."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from linetwin.line.kinds.cells import SOLD, find, write_cells
from linetwin.line.kinds.storing import storage_phase, storage_start, store_until_now
from linetwin.line.kinds.tray_station import TrayStation
from linetwin.line.kinds.web import CONTENT
from linetwin.line.materials import contents_of
from linetwin.line.station import Operation

if TYPE_CHECKING:
    from linetwin.contracts import Columns
    from linetwin.line.lots import Lot

PULSE_S = 10.0
REST_S = 1.0
GRADED = "graded_tray"
"""Kind of the lot that good cells leave on: their materials are accounted for."""
GRADES = ("A", "B", "scrap")
JUDGED = ("capacity", "dcir", "ocv_drift", "open_circuit_voltage")
"""What a grade is decided on, beside the signs of plating."""


class Grading(TrayStation):
    """Grades by measured values; drift and voltage are judged against the tray's median.

    A cell whose voltage is out of tolerance is measured again, `rework_limit` times at most. Its
    true grade, by true values, is written beside: what grading has missed can be counted.
    `state.job`: `again`, the number of cells to be measured again.
    """

    operation = "grade"

    def prepare(self) -> Operation | None:
        """Take a tray, or measure some cells again."""
        if "again" in self.job:
            return Operation("measure again", round(self.working_time(self.job["again"]) * 1000))
        return super().prepare()

    def complete(self) -> None:
        """Measure; grade once nothing has to be measured again."""
        lot = self.world.lots[self.job["tray"]]
        if "again" in self.job:
            del self.job["again"]
        else:
            self._measure(lot)
        doubtful = self._voltage(lot.columns, "measured_") > self.value("voltage_tolerance")
        doubtful &= lot.columns["rework_count"] < self.value("rework_limit")
        if doubtful.any():
            self._read_again(lot, doubtful)
            lot.rework += 1
            self.job["again"] = int(doubtful.sum())
            return
        super().complete()

    def process(self, lot: Lot) -> None:
        """Grade, and end the cells' way through the line."""
        plated = lot.columns["plated_capacity"] > self.value("plating_limit") * self.value(
            "nominal_capacity"
        )
        found = find(self, lot, "lithium plating", plated)
        grades, reasons = self.grade(lot.columns, "measured_", found)
        truth, _ = self.grade(lot.columns, "", plated)
        world, rows = self.world, np.arange(lot.items)
        write_cells(world, lot, rows, grades, self.name, reasons, true_grade=truth)
        scrap = np.array([grade == "scrap" for grade in grades], dtype=bool)
        for entry, chosen in (("scrap", scrap), ("cells", ~scrap)):
            contents = contents_of(lot, np.flatnonzero(chosen))
            world.ledger.book(contents, self.name, entry, world.material_units)
        world.counts["A"] += grades.count("A")
        world.counts["B"] += grades.count("B")
        world.counts["scrap at grading"] += grades.count("scrap")
        for grade in GRADES:
            if count := grades.count(grade):
                event = "scrap" if grade == "scrap" else "give"
                world.log_event(self.name, event, lot=lot.name, cause=grade, amount=float(count))
        self._release(lot, grades, truth)

    def _release(self, lot: Lot, grades: list[str], truth: list[str]) -> None:
        """Leave good cells on the tray, for binning; without it they have left the line."""
        kept = np.array([grade != "scrap" for grade in grades], dtype=bool)
        lot.columns["grade"] = np.array([float(GRADES.index(grade)) for grade in grades])
        lot.columns["true_grade"] = np.array([float(GRADES.index(grade)) for grade in truth])
        machines = [each.name for each in self.world.stations_of(self.config.kind)]
        lot.columns["graded_by"] = np.full(lot.items, float(machines.index(self.name)))
        lot.columns = {
            (SOLD + name.removeprefix(CONTENT) if name.startswith(CONTENT) else name): values[kept]
            for name, values in lot.columns.items()
        }
        lot.kind, lot.amount = GRADED, float(lot.items)

    def deliver(self) -> bool:
        """Hand good cells on, or end the tray where no more is done with them."""
        name = self.job.get("done")
        if name is None:
            return True
        lot = self.world.lots[name]
        if not lot.items or "cells" not in self.config.gives:
            if self.world.holds is not None:
                self.world.holds.gone(lot)
            self.world.end_lot(name, "used", self.name)
        elif not self.give("cells", name):
            return False
        del self.job["done"]
        return True

    def _measure(self, lot: Lot) -> None:
        """Second voltage and drift; resistance from the fall of voltage over a pulse [Ohm]."""
        temperature, columns = self.value("storage_temperature"), lot.columns
        columns.setdefault("rework_count", np.zeros(lot.items))
        second = store_until_now(self, lot, temperature)["voltage"]
        columns["open_circuit_voltage"] = second
        columns["measured_open_circuit_voltage"] = self.measure("open_circuit_voltage", second)
        self._drift(columns)
        current = self.value("pulse_rate") * self.value("nominal_capacity")
        phases = [
            storage_phase(lot, temperature, 0.0, REST_S),
            storage_phase(lot, temperature, current, PULSE_S),
        ]
        before, after = self.transform("ageing", lot.name).apply(storage_start(lot), phases)
        self.note_validity(after)
        columns["dcir"] = (before["voltage"] - after["voltage"]) / current
        columns["dcir"] += columns.get("weld_resistance", 0.0)
        columns["measured_dcir"] = self.measure("dcir", columns["dcir"])

    def _drift(self, columns: Columns) -> None:
        """Fall of the voltage between the two tests over the time between them [V/s]."""
        seconds = columns["storage_time"] - columns["first_storage_time"]
        for prefix in ("", "measured_"):
            fall = columns[f"{prefix}first_open_circuit_voltage"]
            fall = fall - columns[f"{prefix}open_circuit_voltage"]
            columns[f"{prefix}ocv_drift"] = fall / seconds

    def _read_again(self, lot: Lot, doubtful: np.ndarray) -> None:
        """Read the voltage of some cells once more; the new reading counts."""
        columns = lot.columns
        true = columns["open_circuit_voltage"][doubtful]
        columns["measured_open_circuit_voltage"] = columns["measured_open_circuit_voltage"].copy()
        columns["measured_open_circuit_voltage"][doubtful] = self.measure(
            "open_circuit_voltage", true
        )
        columns["rework_count"] = columns["rework_count"] + doubtful
        self._drift(columns)

    def _voltage(self, columns: Columns, prefix: str) -> np.ndarray:
        """Return how far each voltage lies from the tray's median [V]."""
        values = columns[f"{prefix}open_circuit_voltage"]
        distance: np.ndarray = np.abs(values - _median(values))
        return distance

    def grade(
        self, columns: Columns, prefix: str, plated: np.ndarray
    ) -> tuple[list[str], list[str]]:
        """Return grade and reasons of each cell; the worst finding decides, all are named."""
        capacity, dcir, drift = (columns[f"{prefix}{name}"] for name in JUDGED[:3])
        nominal = self.value("nominal_capacity")
        fast = drift - _median(drift) > self.value("drift_limit")
        odd = self._voltage(columns, prefix) > self.value("voltage_tolerance")
        findings = [
            (capacity < self.value("capacity_limit_b") * nominal, "scrap", "capacity"),
            (dcir > self.value("resistance_limit_b"), "scrap", "resistance"),
            (fast, "scrap", "self-discharge"),
            (plated, "scrap", "lithium plating"),
            (capacity < self.value("capacity_limit_a") * nominal, "B", "capacity"),
            (dcir > self.value("resistance_limit_a"), "B", "resistance"),
            (odd, "B", "open-circuit voltage"),
        ]
        grades, reasons = ["A"] * len(capacity), [""] * len(capacity)
        for wanted in ("scrap", "B"):
            for flag, grade, reason in findings:
                if grade != wanted:
                    continue
                for row in np.flatnonzero(flag):
                    if grades[row] == "A":
                        grades[row] = grade
                    if grades[row] == grade:
                        reasons[row] = f"{reasons[row]}; {reason}" if reasons[row] else reason
        return grades, reasons


def _median(values: np.ndarray) -> float:
    """Return the median of the readings that are there; NaN where all are missing."""
    there = values[~np.isnan(values)]
    return float(np.median(there)) if there.size else math.nan
