"""Calender: compacts both sides of a coated roll."""

from __future__ import annotations

from typing import Any

import numpy as np

from linetwin.contracts import Phase
from linetwin.line.dryer_air import COLD, ROOM_TEMPERATURE_K
from linetwin.line.kinds.web import mark
from linetwin.line.station import Operation, Station

KEPT = ("porosity", "coating_thickness", "conductivity_index")


class Calender(Station):
    """One roll at a time."""

    @property
    def job(self) -> dict[str, Any]:
        """`roll` in the machine and whether it is `threaded`."""
        return self.state.job

    def prepare(self) -> Operation | None:
        """Take a roll, thread it, run it through the gap."""
        if "roll" not in self.job:
            lot = self.take("rolls")
            if lot is None:
                return None
            self.job.update(roll=lot.name, threaded=False)
        if not self.job["threaded"]:
            return Operation("thread", round(self.value("changeover_time") * 1000), "Starting")
        self.job["speed"] = self.value("web_speed")
        return Operation(
            "calender", round(self.world.lots[self.job["roll"]].amount / self.job["speed"] * 1000)
        )

    def complete(self) -> None:
        """Compute the roll once it has run through."""
        if self.state.operation == "thread":
            self.job["threaded"] = True
            return
        self._compact()
        self.job["done"] = self.job.pop("roll")

    def deliver(self) -> bool:
        """Hand over the roll."""
        if "done" in self.job:
            if not self.give("rolls", self.job["done"]):
                return False
            del self.job["done"]
        return True

    def process_power(self) -> float:
        """Power of the rolls, as computed for the last roll [W]."""
        if self.state.mode != "Execute" or self.state.operation != "calender":
            return 0.0
        return float(self.job.get("roll_power", 0.0)) / self.value("drive_efficiency")

    def process_heat(self) -> float:
        """Heat that keeps the rolls at temperature, whether they turn or not [W]."""
        if self.state.mode in COLD:
            return 0.0
        warmer = max(0.0, self.value("roll_temperature") - ROOM_TEMPERATURE_K)
        return self.value("roll_loss_coefficient") * warmer

    def signals(self) -> dict[str, float]:
        """Speed of the web now."""
        running = self.state.mode == "Execute" and self.state.operation == "calender"
        return {"web_speed": self.job["speed"] if running else 0.0}

    def _compact(self) -> None:
        lot = self.world.lots[self.job["roll"]]
        rows = np.arange(lot.items)
        loading = np.concatenate([lot.columns["loading_a"], lot.columns["loading_b"]])
        before = lot.properties["initial_porosity"]
        inputs: dict[str, float | np.ndarray] = {
            "porosity_before": before,
            "coating_thickness_before": loading / (self.value("solids_density") * (1 - before)),
            "line_load": self.value("line_load"),
            "web_speed": self.job["speed"],
            "roll_temperature": self.value("roll_temperature"),
            "coating_width": self.value("coating_width"),
        }
        transform = self.transform("calendering")
        result = transform.apply({}, [Phase(inputs, self.value("relaxation_time"))])[-1]
        self.note_validity(result)
        for name in KEPT:
            lot.columns[f"{name}_a"], lot.columns[f"{name}_b"] = np.split(result[name], 2)
        self.job["roll_power"] = float(np.mean(result["rolling_power"]))
        target, tolerance = self.value("porosity_target"), self.value("porosity_tolerance")
        lowest = np.minimum(lot.columns["porosity_a"], lot.columns["porosity_b"])
        highest = np.maximum(lot.columns["porosity_a"], lot.columns["porosity_b"])
        mark(lot, rows, lowest < target - tolerance, "porosity below its window")
        mark(lot, rows, highest > target + tolerance, "porosity above its window")
