"""Holds: lots that are set aside on suspicion, with all that is made of them, until decided on.

From its beginning a hold keeps every open lot that contains what is held, and every one made later,
where it is: it is taken from no buffer and leaves no chamber; raw material stays on its shelf, and
from a tank with a batch on hold no further block is coated. Work under way is finished.
At its end the lots are released, or what the hold concerns in them is scrapped: cells one by one,
metres of a mother roll by the slitter, daughter rolls at once, the whole of a tank, since a blend
cannot be parted. A lot in a machine is decided on when it is handed over.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from linetwin.line.chamber import Chamber
from linetwin.line.descent import NEAR, Descent
from linetwin.line.kinds.cells import scrap_cells
from linetwin.line.kinds.grading import GRADED
from linetwin.line.kinds.web import mark, write_segments
from linetwin.line.materials import contents_of
from linetwin.line.unit import Unit

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from linetwin.line.lots import Lot
    from linetwin.line.world import World

ROLLS = ("mother_roll", "daughter_roll")
FINISHED = (GRADED, "box")
"""Lots whose cells have ended: they are beyond a hold."""
NOTHING = "hold found nothing"
"""Cause of the note on a hold that concerned no lot."""
RETRY_TICKS = 60_000
"""After this time a tank is looked at again from which a block was being coated [A]."""
SCRAPPED = "scrapped after a hold"
"""Defect of the segments of a mother roll that a hold has scrapped."""


class Holds(Unit):
    """Begins and ends the holds of a scenario.

    `state.job`: `phase` of each hold (waiting, active, released, scrapping) and `cells`, those
    that contain what is held; `found`, the holds that have concerned a lot.
    """

    def __init__(self, world: World) -> None:
        super().__init__("holds", world)
        self._configs = {str(n): hold for n, hold in enumerate(world.scenario.holds)}
        self.state.job = {"phase": dict.fromkeys(self._configs, "waiting"), "cells": {}}

    @property
    def _phases(self) -> dict[str, str]:
        phases: dict[str, str] = self.state.job["phase"]
        return phases

    @property
    def _descent(self) -> Descent:
        return Descent(self.world.scenario.holds, self.world.lots, self.state.job["cells"])

    def begin(self) -> None:
        """Ask to be woken at every beginning and end."""
        for hold in self._configs.values():
            for tick in (hold.start_tick, hold.end_tick):
                if tick is not None:
                    self.wake_at(tick)

    def advance(self) -> None:
        """Begin and end what is due; woken before, nothing is."""
        now = self.world.now
        for number, hold in self._configs.items():
            if self._phases[number] == "waiting" and hold.start_tick <= now:
                self._phases[number] = "active"
                for lot in self.world.lots.open_lots():
                    self._judge(lot)
            if self._phases[number] == "active" and hold.end_tick is not None:
                if hold.end_tick > now:
                    continue
                self._phases[number] = "scrapping" if hold.then == "scrap" else "released"
                for lot in self.world.lots.open_lots():
                    self._decide(lot)
        for tank in self.world.tanks.values():
            for batch in list(tank.batches):
                if batch in tank.batches:
                    self._decide(self.world.lots[batch])

    def pass_on(
        self, children: Sequence[str], parents: str | Sequence[str], details: Mapping[str, Any]
    ) -> None:
        """Note that children were made from parents (see `Descent.pass_on`)."""
        if details.get("relation", "made_from") == "made_from":
            self._descent.pass_on(children, parents, details)

    def handed_over(self, lot: Lot) -> None:
        """Decide on a lot that has just been put into a buffer."""
        self._decide(lot)
        if lot.name in self.world.lots:
            self._judge(lot)

    def tell_idle(self) -> None:
        """Write which holds have concerned nothing, when the run has ended."""
        for number, hold in self._configs.items():
            if number not in self.state.job.get("found", []):
                cause = f"{NOTHING}: {hold.lot}"
                self.world.log_event(self.name, "note", lot=hold.lot, cause=cause)

    def concerned(self, lot: Lot) -> np.ndarray:
        """Return which cells of a tray are on hold: Boolean, shape (items,)."""
        mask = np.zeros(lot.items, dtype=bool)
        for number in self._of(lot, "active"):
            mask |= self._descent.cells_of(number, lot)
        return mask

    def _of(self, lot: Lot, phase: str) -> list[str]:
        """Holds of a phase that concern a lot."""
        if lot.kind in FINISHED:
            return []
        descent = self._descent
        return [
            number
            for number, present in self._phases.items()
            if present == phase and descent.is_affected(number, lot)
        ]

    def _judge(self, lot: Lot) -> None:
        """Hold a lot for every active hold that concerns it; release it where there is none."""
        active = self._of(lot, "active")
        if active:
            found = self.state.job.get("found", [])
            self.state.job["found"] = sorted({*found, *active})
        reasons = [self._configs[number].reason for number in active]
        before, lot.held = lot.held, "; ".join(dict.fromkeys(reasons))
        if lot.held != before:
            event, cause = ("hold", lot.held) if lot.held else ("release", before)
            self.world.log_event(lot.place, event, lot=lot.name, cause=cause, amount=lot.amount)
        if before and not lot.held:
            self._wake(lot)

    def _decide(self, lot: Lot) -> None:
        """Scrap what a hold that has ended condemns, where the lot is at hand."""
        for number in self._of(lot, "scrapping"):
            if not self._is_at_hand(lot):
                return
            reason = self._configs[number].reason
            amount = self._scrap(number, lot, reason)
            if amount:
                cause = f"scrap: {reason}"
                self.world.log_event(
                    lot.place, "disposition", lot=lot.name, cause=cause, amount=amount
                )
            if lot.name not in self.world.lots:
                return
        if lot.held:
            self._judge(lot)

    def _scrap(self, number: str, lot: Lot, reason: str) -> float:
        """Scrap what a hold concerns of a lot; return how much, in the lot's unit."""
        if lot.kind == "tray":
            bad = self._descent.cells_of(number, lot)
            scrap_cells(self.world, lot, bad, lot.place, [reason] * int(bad.sum()))
            lot.sources.pop(number, None)
            if not lot.items:
                self._take_away(lot)
            return float(bad.sum())
        if lot.kind in ROLLS:
            return self._scrap_web(number, lot)
        if lot.place in self.world.tanks:
            return self._empty_tank(lot.place)
        left = lot.amount
        if lot.maker in self.world.supplies:
            left = self.world.supplies[lot.maker].discard(lot.name)
        self._take_away(lot)
        return left

    def _scrap_web(self, number: str, lot: Lot) -> float:
        columns, metres = lot.columns, self._descent.metres_of(number, lot)
        lot.sources.pop(number, None)
        bad = np.full(lot.items, not metres)
        for start, end in metres:
            bad |= (columns["end_m"] > start + NEAR) & (columns["start_m"] < end - NEAR)
        if lot.kind == "mother_roll" and metres:
            bad &= columns["defect"] == 0
        lengths = columns["end_m"] - columns["start_m"]
        amount = float(lengths[bad].sum())
        if lot.kind == "mother_roll":
            mark(lot, np.arange(lot.items), bad, SCRAPPED)
            if metres:
                return amount
            write_segments(self.world, lot, lot.place)
        units = self.world.material_units
        self.world.ledger.book(contents_of(lot, bad), lot.place, "scrap", units)
        lot.keep(~bad)
        lot.amount -= amount
        if not lot.items:
            self._take_away(lot)
        return amount

    def _empty_tank(self, path: str) -> float:
        """Scrap the blend in a tank; return its mass [kg]."""
        tank, lots = self.world.tanks[path], self.world.lots
        level = tank.level
        for batch in list(tank.batches):
            share = tank.discard(batch) / lots[batch].amount
            contents = {name: kg * share for name, kg in lots[batch].content.items()}
            self.world.ledger.book(contents, path, "scrap", self.world.material_units)
            self.world.end_lot(batch, "scrap", path)
        self.world.wake_finished()
        return level

    def _take_away(self, lot: Lot) -> None:
        """End a lot of which nothing is left, and free its place."""
        place = lot.place
        if place in self.world.buffers:
            self.world.buffers[place].remove(lot.name)
        unit = self.world.units.get(place)
        if isinstance(unit, Chamber):
            unit.withdraw(lot.name)
        self.world.end_lot(lot.name, "scrap", place)
        self.world.wake_finished()

    def _is_at_hand(self, lot: Lot) -> bool:
        """Whether a lot lies where it can be got at: not in a machine."""
        tank = self.world.tanks.get(lot.place)
        if tank is not None and tank.promised:
            self.wake_at(self.world.now + RETRY_TICKS)
            return False
        unit = self.world.units.get(lot.place)
        return unit is None or isinstance(unit, Chamber)

    def _wake(self, lot: Lot) -> None:
        """Wake whoever may go on now that a lot is free."""
        if lot.place in self.world.buffers:
            self.world.buffers[lot.place].wake_takers()
        elif lot.place in self.world.tanks:
            self.world.tanks[lot.place].wake_takers()
        elif lot.place in self.world.units:
            self.world.calendar.kick(lot.place)
