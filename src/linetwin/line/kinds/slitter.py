"""Slitter: cuts a mother roll into lanes, cuts defects out; its knife wears and leaves a burr."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from linetwin.line.kinds.web import CONTENT, link, write_segments
from linetwin.line.lots import Lot
from linetwin.line.station import Operation, Station

BURR_SPREAD = 0.2
"""Standard deviation of the logarithm of the burr height along a cut [A]."""


class Slitter(Station):
    """One mother roll at a time."""

    @property
    def job(self) -> dict[str, Any]:
        """`roll` in the machine, daughters `done`, metres the knife has `cut`."""
        return self.state.job

    def prepare(self) -> Operation | None:
        """Change a worn knife, take a roll, thread it, slit it."""
        if "roll" not in self.job:
            if self.job.get("cut", 0.0) >= self.value("knife_life"):
                return Operation("knife", round(self.value("knife_change_time") * 1000), "Starting")
            lot = self.take("rolls")
            if lot is None:
                return None
            self.job.update(roll=lot.name, threaded=False)
        if not self.job["threaded"]:
            return Operation("thread", round(self.value("changeover_time") * 1000), "Starting")
        length = self.world.lots[self.job["roll"]].amount
        return Operation("slit", round(length / self.value("web_speed") * 1000))

    def complete(self) -> None:
        """Make the daughter rolls."""
        match self.state.operation:
            case "knife":
                self.job["cut"] = 0.0
                self.world.log_event(self.name, "note", cause="new knife")
            case "thread":
                self.job["threaded"] = True
            case "slit":
                self._slit()

    def deliver(self) -> bool:
        """Hand over the daughter rolls, one by one."""
        while self.job.get("done"):
            if not self.give("rolls", self.job["done"][0]):
                return False
            self.job["done"].pop(0)
        return True

    def signals(self) -> dict[str, float]:
        """Share of the knife's life used up."""
        return {"knife_wear": self.job.get("cut", 0.0) / self.value("knife_life")}

    def _slit(self) -> None:
        world = self.world
        mother = world.lots[self.job.pop("roll")]
        write_segments(world, mother, self.name)
        good = np.flatnonzero(mother.columns["defect"] == 0)
        lanes = int(self.value("lane_count"))
        share = self.value("lane_width") / self.value("coating_width")
        burr = self._burr(mother.amount)
        self.job["done"] = []
        for lane in range(1, lanes + 1):
            if not len(good):
                break
            daughter = self._daughter(mother, good, lane, share)
            daughter.properties["burr_height"] = burr[lane - 1]
            self.job["done"].append(daughter.name)
        self._book_scrap(mother, good, lanes * share)
        world.end_lot(mother.name, "used", self.name)
        world.wake_finished()

    def _burr(self, length: float) -> list[float]:
        """Burr height of each lane: grows with the knife's wear [m]."""
        cut = float(self.job.get("cut", 0.0)) + length
        self.job["cut"] = cut
        wear = min(1.0, cut / self.value("knife_life"))
        mean = self.value("burr_new") + wear * (self.value("burr_worn") - self.value("burr_new"))
        draws = self.world.driver.normal(self.name, "burr", int(self.value("lane_count")))
        return [mean * math.exp(BURR_SPREAD * float(draw)) for draw in draws]

    def _daughter(self, mother: Lot, good: np.ndarray, lane: int, share: float) -> Lot:
        world = self.world
        lengths = mother.columns["end_m"][good] - mother.columns["start_m"][good]
        lot = world.lots.add(
            Lot(
                f"{mother.name}.{lane}",
                "daughter_roll",
                self.name,
                world.now,
                float(lengths.sum()),
                "m",
                self.name,
            )
        )
        columns = mother.columns
        lot.columns = {"start_m": columns["start_m"][good], "end_m": columns["end_m"][good]}
        for name in ("loading", "porosity", "coating_thickness", "adhesion_index"):
            lot.columns[name] = (columns[f"{name}_a"][good] + columns[f"{name}_b"][good]) / 2
        for name, values in columns.items():
            if name.startswith(CONTENT):
                lot.columns[name] = values[good] * share
        start, end = float(lot.columns["start_m"][0]), float(lot.columns["end_m"][-1])
        # A daughter keeps the metres of its mother: a cell's stretch resolves to its own segments.
        link(
            world,
            lot.name,
            mother.name,
            "web",
            amount=lot.amount,
            amount_unit="m",
            start_m=start,
            end_m=end,
            child_start_m=start,
            child_end_m=end,
        )
        return lot

    def _book_scrap(self, mother: Lot, good: np.ndarray, used_share: float) -> None:
        """Segments cut out are scrap in full, good ones lose their trimmed edges."""
        bad = np.setdiff1d(np.arange(mother.items), good)
        scrap: dict[str, float] = {}
        for name, values in mother.columns.items():
            if name.startswith(CONTENT):
                lost = values[bad].sum() + values[good].sum() * (1 - used_share)
                scrap[name.removeprefix(CONTENT)] = float(lost)
        self.world.ledger.book(scrap, self.name, "scrap", self.world.material_units)
        metres = float((mother.columns["end_m"][bad] - mother.columns["start_m"][bad]).sum())
        if metres:
            self.world.log_event(
                self.name, "scrap", lot=mother.name, cause="web defects", amount=metres
            )
