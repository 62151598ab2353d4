"""Slitter: cuts a mother roll into lanes, cuts defects out; its knife wears and leaves a burr.

Each lane gets its part of the loading across the web.
"""

from __future__ import annotations

import math

import numpy as np

from linetwin.line.kinds.cross_web import lane_deviation, lane_span, pressed_porosity
from linetwin.line.kinds.reel import ReelToReel
from linetwin.line.kinds.web import CONTENT, DEFECTS, kept_as_led, write_segments
from linetwin.line.kinds.winding import THREADING_M, contents, doubt, link_web, wind_up, wound
from linetwin.line.lots import Lot
from linetwin.line.materials import contents_of
from linetwin.line.moisture import inherited
from linetwin.line.station import Operation

BURR_SPREAD = 0.2
"""Standard deviation of the logarithm of the burr height along a cut [A]."""
HANDED_ON = ("sides_swapped", "position_uncertainty")
SIDES = "ab"


def of_both(sides: dict[str, np.ndarray]) -> np.ndarray:
    """Return the mean of both sides of the web, shape (segments,)."""
    found: np.ndarray = (sides["a"] + sides["b"]) / 2
    return found


class Slitter(ReelToReel):
    """One mother roll at a time."""

    operation = "slit"
    tool = "knife"
    life = "knife_life"

    def tool_change(self) -> Operation | None:
        """A worn knife is changed between two rolls."""
        if self.wear(self.life) < 1:
            return None
        return Operation("knife", round(self.value("knife_change_time") * 1000), "Starting")

    def signals(self) -> dict[str, float]:
        """Share of the knife's life used up."""
        return {**super().signals(), "knife_wear": self.wear(self.life)}

    def run_through(self, name: str) -> list[str]:
        """Make the daughter rolls."""
        world = self.world
        mother = world.lots[name]
        kept_as_led(world, mother)
        write_segments(world, mother, self.name)
        good = np.flatnonzero(mother.columns["defect"] == 0)
        lanes = int(self.value("lane_count"))
        burr = self._burr(mother.amount)
        done = []
        for lane in range(1, lanes + 1):
            if not len(good):
                break
            daughter = self._daughter(mother, good, lane)
            daughter.properties["burr_height"] = burr[lane - 1]
            done.append(daughter.name)
            tool = self.tool_name()
            self.log_operation(daughter.name, "slit", self.job["since"], tool, lane)
        self._book_scrap(mother, done)
        world.end_lot(mother.name, "used", self.name)
        world.wake_finished()
        return done

    def _share(self, material: str) -> float:
        """Part of the web's raw material that is in one lane: foil has bare edges, too."""
        lane, width = self.value("lane_width"), self.value("coating_width")
        if material == self._foil():
            lane, width = (
                lane + self.value("lane_bare_width"),
                width + self.value("bare_width"),
            )
        return lane / width

    def _foil(self) -> str:
        """Return the raw material that the web's foil is; "" where no coater says so."""
        coater = self.world.plan.coater_of(self.name.split(".")[0])
        return coater.materials["foil"] if coater is not None else ""

    def _burr(self, length: float) -> list[float]:
        """Burr height of each lane: grows with the knife's wear [m]."""
        self.job["run"] = float(self.job.get("run", 0.0)) + length
        mean = self.burr(self.wear(self.life))
        draws = self.world.driver.normal(self.name, "burr", int(self.value("lane_count")))
        return [mean * math.exp(BURR_SPREAD * float(draw)) for draw in draws]

    def _daughter(self, mother: Lot, good: np.ndarray, lane: int) -> Lot:
        """Cut one lane; it is wound up as it is cut, so what was cut last lies outside."""
        stretch = mother.properties.get("web_stretch", 0.0)
        rows, downwards = wound(mother, good)
        name, maker, now = f"{mother.name}.{lane}", self.name, self.world.now
        lot = Lot(name, "daughter_roll", maker, now, 0.0, "m", maker)
        wind_up(mother, lot, rows, stretch)
        self._fill(lot, mother, rows, lane)
        lot.properties.update(inherited(mother), lane=float(lane))
        for quantity in HANDED_ON:
            lot.properties[quantity] = mother.properties.get(quantity, 0.0)
        doubt(lot, THREADING_M)
        self.world.lots.add(lot)
        link_web(self.world, lot, mother, rows, downwards=downwards)
        return lot

    def _fill(self, lot: Lot, mother: Lot, rows: np.ndarray, lane: int) -> None:
        """Give a lane its loading, what follows from it, and its part of each raw material."""
        width = self.value("lane_width") / self.value("coating_width")
        span = lane_span(lane, int(self.value("lane_count")), width)
        whole = {name: values[rows] for name, values in mother.columns.items()}
        deviation = {side: lane_deviation(whole, side, span) for side in SIDES}
        laid = {side: whole[f"loading_{side}"] * (1 + deviation[side]) for side in SIDES}
        both = (whole["loading_a"] + whole["loading_b"]) / 2
        stretched = 1 + mother.properties.get("web_stretch", 0.0)
        lot.columns["loading"] = of_both(laid) / stretched
        for side in SIDES:
            lot.columns[f"loading_{side}"] = laid[side] / stretched
        lot.columns["porosity"] = of_both(
            {side: pressed_porosity(whole[f"porosity_{side}"], deviation[side]) for side in SIDES}
        )
        for quantity in ("coating_thickness", "adhesion_index"):
            lot.columns[quantity] = of_both({side: whole[f"{quantity}_{side}"] for side in SIDES})
        capacity = {side: whole[f"specific_capacity_factor_{side}"] * laid[side] for side in SIDES}
        coating = np.where(of_both(laid) > 0, of_both(laid), 1.0)
        lot.columns["specific_capacity_factor"] = of_both(capacity) / coating
        heavier = of_both(laid) / np.where(both > 0, both, 1.0)
        foil = self._foil()
        for material, amounts in contents(mother, rows).items():
            part = self._share(material)
            lot.columns[CONTENT + material] = amounts * (
                part if material == foil else part * heavier
            )

    def _book_scrap(self, mother: Lot, daughters: list[str]) -> None:
        """Segments cut out are scrap in full, good ones lose their trimmed edges."""
        defects = mother.columns["defect"].astype(int)
        scrap = contents_of(mother)
        for daughter in daughters:
            for material, amount in contents_of(self.world.lots[daughter]).items():
                scrap[material] -= amount
        self.world.ledger.book(scrap, self.name, "scrap", self.world.material_units)
        lengths = mother.columns["end_m"] - mother.columns["start_m"]
        metres = float(lengths[defects > 0].sum())
        if metres:
            self.world.log_event(
                self.name, "scrap", lot=mother.name, cause="web defects", amount=metres
            )
        for code in np.unique(defects[defects > 0]).tolist():
            self.world.log_event(
                self.name,
                "note",
                lot=mother.name,
                cause=f"cut out: {DEFECTS[code]}",
                amount=float(lengths[defects == code].sum()),
            )
