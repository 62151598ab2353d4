"""Notcher: cuts tabs out of the bare edge of a lane; its tool wears and leaves its own burr.

Now and then a tab is out of place. Where its camera finds one, the metre is cut out; what it misses
is welded to one sheet less.
"""

from __future__ import annotations

import math

import numpy as np

from linetwin.line.kinds.cells import find
from linetwin.line.kinds.reel import ReelToReel
from linetwin.line.kinds.web import CONTENT
from linetwin.line.kinds.winding import (
    THREADING_M,
    contents,
    doubt,
    link_web,
    turn_over,
    wind_up,
    wound,
)
from linetwin.line.lots import Lot
from linetwin.line.materials import contents_of
from linetwin.line.station import Operation

DEFECT, MISPLACED = "misplaced tab", "misplaced_tabs"
"""The defect of a metre of web, and the column that counts those that were not found."""
BURR_SPREAD = 0.2
"""Standard deviation of the logarithm of the burr height along a cut [A]."""


class Notcher(ReelToReel):
    """One daughter roll at a time; the notched roll is a new lot, wound the other way."""

    operation = "notch"
    tool = "notch"
    life = "notching_tool_life"

    def tool_change(self) -> Operation | None:
        """A worn tool is changed between two rolls."""
        if self.wear(self.life) < 1:
            return None
        return Operation("tool", round(self.value("tool_change_time") * 1000), "Starting")

    def signals(self) -> dict[str, float]:
        """Share of the tool's life used up."""
        return {**super().signals(), "notching_tool_wear": self.wear(self.life)}

    def run_through(self, name: str) -> list[str]:
        """Cut the tabs: what lies between them is scrap foil; the higher burr stays."""
        world, plain = self.world, self.world.lots[name]
        misplaced = self._misplaced(plain)
        found = find(self, plain, DEFECT, misplaced > 0)
        if world.leader is not None and found.all():
            found[:] = False  # the leader hands it over: which metres are good is not known
        self._cut_out(plain, found)
        rows, downwards = wound(plain, np.flatnonzero(~found))
        if not rows.size:
            world.end_lot(name, "scrap", self.name)
            return []
        lot = Lot(f"{name}n", plain.kind, self.name, world.now, 0.0, "m", self.name)
        wind_up(plain, lot, rows)
        for quantity, values in plain.columns.items():
            lot.columns.setdefault(quantity, values[rows].copy())
        lot.columns[MISPLACED] = misplaced[rows]
        lot.properties = {**plain.properties, **lot.properties}
        doubt(lot, THREADING_M)
        turn_over(lot, self.value("swap_sides"))
        lot.rework = plain.rework
        world.lots.add(lot)
        self._cut_foil(lot)
        self._leave_burr(lot)
        link_web(world, lot, plain, rows, downwards=downwards)
        lane = int(plain.properties.get("lane", -1))
        self.log_operation(lot.name, "notch", self.job["since"], self.tool_name(), lane)
        world.end_lot(name, "used", self.name)
        return [lot.name]

    def _misplaced(self, lot: Lot) -> np.ndarray:
        """Return how many tabs are out of place in each segment: at most one a metre."""
        hit = np.flatnonzero(self.inflict(DEFECT, math.ceil(lot.amount))) + 0.5
        inside = np.searchsorted(lot.columns["end_m"], hit)
        return np.bincount(inside[inside < lot.items], minlength=lot.items).astype(float)

    def _cut_out(self, lot: Lot, found: np.ndarray) -> None:
        if not found.any():
            return
        lengths = lot.columns["end_m"] - lot.columns["start_m"]
        scrap = contents_of(lot, np.flatnonzero(found))
        self.world.ledger.book(scrap, self.name, "scrap", self.world.material_units)
        metres = float(lengths[found].sum())
        self.world.log_event(self.name, "scrap", lot=lot.name, cause=DEFECT, amount=metres)
        self.world.wake_finished()  # the coater may have thought it had made enough

    def _cut_foil(self, lot: Lot) -> None:
        foil, bare = self.config.materials["foil"], self.value("lane_bare_width")
        removed = bare / (bare + self.value("lane_width")) * (1 - self.value("tab_share"))
        amounts = contents(lot, np.arange(lot.items)).get(foil)
        if amounts is None or removed <= 0:
            return
        lot.columns[CONTENT + foil] = amounts * (1 - removed)
        scrap = {foil: float(amounts.sum() * removed)}
        self.world.ledger.book(scrap, self.name, "scrap", self.world.material_units)

    def _leave_burr(self, lot: Lot) -> None:
        self.job["run"] = float(self.job.get("run", 0.0)) + lot.amount
        draw = float(self.world.driver.normal(self.name, "burr", 1)[0])
        own = self.burr(self.wear(self.life)) * math.exp(BURR_SPREAD * draw)
        lot.properties["burr_height"] = max(own, lot.properties.get("burr_height", 0.0))
