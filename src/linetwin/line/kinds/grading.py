"""Grading: a current pulse for the resistance, then grade A, B or scrap with reasons."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from linetwin.line.kinds.ageing import STOICHIOMETRIES, storage_phase
from linetwin.line.kinds.cells import write_cells
from linetwin.line.materials import contents_of
from linetwin.line.station import Operation, Station

if TYPE_CHECKING:
    from linetwin.line.lots import Lot

PULSE_S = 10.0
REST_S = 1.0


class Grading(Station):
    """One tray at a time; drift and voltage are judged against the tray's median."""

    @property
    def job(self) -> dict[str, Any]:
        """`tray` in the machine."""
        return self.state.job

    def prepare(self) -> Operation | None:
        """Take a tray."""
        if "tray" not in self.job:
            lot = self.take("cells")
            if lot is None:
                return None
            self.job["tray"] = lot.name
        cells = self.world.lots[self.job["tray"]].items
        return Operation("grade", round(cells * self.value("cycle_time") * 1000))

    def complete(self) -> None:
        """Measure, grade, and end the cells' way through the line."""
        lot = self.world.lots[self.job.pop("tray")]
        self._measure(lot)
        grades, reasons = self._grade(lot)
        world = self.world
        write_cells(world, lot, np.arange(lot.items), grades, self.name, reasons)
        scrap = np.array([grade == "scrap" for grade in grades])
        world.ledger.book(
            contents_of(lot, np.flatnonzero(scrap)), self.name, "scrap", world.material_units
        )
        world.ledger.book(
            contents_of(lot, np.flatnonzero(~scrap)), self.name, "cells", world.material_units
        )
        for grade in ("A", "B"):
            world.counts[grade] += grades.count(grade)
        world.counts["scrap at grading"] += grades.count("scrap")
        for grade in ("A", "B", "scrap"):
            if grades.count(grade):
                event = "scrap" if grade == "scrap" else "give"
                world.log_event(
                    self.name, event, lot=lot.name, cause=grade, amount=float(grades.count(grade))
                )
        world.end_lot(lot.name, "used", self.name)

    def deliver(self) -> bool:
        """Graded cells leave the line."""
        return True

    def _measure(self, lot: Lot) -> None:
        """Resistance from the fall of voltage over a pulse of ten seconds [Ohm]."""
        temperature = self.value("storage_temperature")
        current = self.value("pulse_rate") * self.value("nominal_capacity")
        start = {name: lot.columns[name] for name in STOICHIOMETRIES}
        phases = [
            storage_phase(lot, temperature, 0.0, REST_S),
            storage_phase(lot, temperature, current, PULSE_S),
        ]
        before, after = self.transform("ageing").apply(start, phases)
        self.note_validity(after)
        lot.columns["dcir"] = (before["voltage"] - after["voltage"]) / current

    def _grade(self, lot: Lot) -> tuple[list[str], list[str]]:
        """Return grade and reasons of each cell; the worst finding decides, all are named."""
        columns = lot.columns
        nominal = self.value("nominal_capacity")
        drift = columns["ocv_drift"] - np.median(columns["ocv_drift"])
        voltage = np.abs(
            columns["open_circuit_voltage"] - np.median(columns["open_circuit_voltage"])
        )
        findings = [
            (columns["capacity"] < self.value("capacity_limit_b") * nominal, "scrap", "capacity"),
            (columns["dcir"] > self.value("resistance_limit_b"), "scrap", "resistance"),
            (drift > self.value("drift_limit"), "scrap", "self-discharge"),
            (
                columns["plated_capacity"] > self.value("plating_limit") * nominal,
                "scrap",
                "lithium plating",
            ),
            (columns["capacity"] < self.value("capacity_limit_a") * nominal, "B", "capacity"),
            (columns["dcir"] > self.value("resistance_limit_a"), "B", "resistance"),
            (voltage > self.value("voltage_tolerance"), "B", "open-circuit voltage"),
        ]
        grades, reasons = ["A"] * lot.items, [""] * lot.items
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
