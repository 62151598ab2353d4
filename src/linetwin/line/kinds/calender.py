"""Calender: compacts both sides of a coated roll and stretches it; its rolls wear."""

from __future__ import annotations

import numpy as np

from linetwin.contracts import Phase
from linetwin.line.dryer_air import COLD, ROOM_TEMPERATURE_K
from linetwin.line.kinds.reel import ReelToReel
from linetwin.line.kinds.web import mark
from linetwin.line.kinds.winding import STRETCH_DOUBT, doubt, note_threading, turn_over
from linetwin.line.station import Operation

KEPT = ("porosity", "coating_thickness", "conductivity_index")
GAUGED = ("porosity", "coating_thickness")


class Calender(ReelToReel):
    """One roll at a time. Worn rolls press less in the middle of the web."""

    operation = "calender"
    tool = "rolls"
    life = "roll_life"

    def begin(self) -> None:
        """Start with rolls as worn as the scenario says."""
        self.job["run"] = self.value("roll_wear_start") * self.value("roll_life")
        super().begin()

    def tool_change(self) -> Operation | None:
        """Rolls at the end of their life are changed for ground ones."""
        if self.wear(self.life) < 1:
            return None
        return Operation("rolls", round(self.value("grinding_time") * 1000), "Starting")

    def maintained(self, cause: str) -> None:
        """Maintenance of the rolls, by whatever cause, puts ground ones in."""
        super().maintained(cause)
        self.renew_tool()

    def run_through(self, name: str) -> list[str]:
        """Compute the roll; it is the same lot, longer than it says and wound the other way."""
        lot = self.world.lots[name]
        self._compact(name)
        stretch = self.value("web_stretch")
        lot.properties["web_stretch"] = stretch
        doubt(lot, STRETCH_DOUBT * stretch * lot.amount)
        turn_over(lot, self.value("swap_sides"))
        note_threading(lot)
        self.job["run"] = self.job.get("run", 0.0) + lot.amount
        self.log_operation(name, "calender", self.job["since"], self.tool_name())
        return [name]

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
        """Speed of the web now, and wear of the rolls."""
        return {**super().signals(), "roll_wear": self.wear(self.life)}

    def _compact(self, name: str) -> None:
        lot = self.world.lots[name]
        rows = np.arange(lot.items)
        loading = np.concatenate([lot.columns["loading_a"], lot.columns["loading_b"]])
        before = lot.properties["initial_porosity"]
        lost = self.value("roll_wear_loss") * self.wear(self.life)
        inputs: dict[str, float | np.ndarray] = {
            "porosity_before": before,
            "coating_thickness_before": loading / (self.value("solids_density") * (1 - before)),
            "line_load": self.value("line_load") * max(0.0, 1 - lost),
            "web_speed": self.job["speed"],
            "roll_temperature": self.value("roll_temperature"),
            "coating_width": self.value("coating_width"),
        }
        transform = self.transform("calendering", name)
        result = transform.apply({}, [Phase(inputs, self.value("relaxation_time"))])[-1]
        self.note_validity(result)
        for quantity in KEPT:
            lot.columns[f"{quantity}_a"], lot.columns[f"{quantity}_b"] = np.split(
                result[quantity], 2
            )
        self.job["roll_power"] = float(np.mean(result["rolling_power"]))
        for quantity in GAUGED:
            if quantity in self.config.gauges:
                for side in "ab":
                    seen = self.measure(quantity, lot.columns[f"{quantity}_{side}"])
                    lot.columns[f"measured_{quantity}_{side}"] = seen
        target, tolerance = self.value("porosity_target"), self.value("porosity_tolerance")
        seen_name = "measured_porosity" if "porosity" in self.config.gauges else "porosity"
        sides = [lot.columns[f"{seen_name}_{side}"] for side in "ab"]
        mark(lot, rows, np.minimum(*sides) < target - tolerance, "porosity below its window")
        mark(lot, rows, np.maximum(*sides) > target + tolerance, "porosity above its window")
        adhesion = np.fmin(*(lot.columns[f"adhesion_index_{side}"] for side in "ab"))
        mark(lot, rows, adhesion < self.value("adhesion_limit"), "delamination")
