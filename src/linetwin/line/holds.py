"""Holds: lots that are set aside on suspicion, with all that is made of them, until decided on.

From its beginning a hold keeps every open lot that contains what is held, and every one made later,
where it is: it is taken from no buffer and leaves no chamber; raw material stays on its shelf, from
a tank with a batch on hold no further block is coated, and a box is not shipped. Work under way is
finished. What may contain it, as positions on a web are uncertain, is held alike under a reason of
its own, unless the hold says otherwise. Cells that have been shipped are told as escaped.
At its end the lots are released, or what the hold concerns in them is scrapped
(`disposition.py`): a lot in a machine is decided on when it is handed over.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from linetwin.line.descent import CARRIERS, PERHAPS, Descent, tracks_of
from linetwin.line.disposition import is_at_hand, scrap
from linetwin.line.unit import Unit
from linetwin.results.held import LEADS, NOTHING, POSSIBLE, STILL, names_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from linetwin.line.lots import Lot
    from linetwin.line.world import World

RETRY_TICKS = 60_000
"""After this time a tank is looked at again from which a block was being coated [A]."""


class Holds(Unit):
    """Begins and ends the holds of a scenario.

    `state.job`: `phase` of each track (waiting, active, released, scrapping) and `cells`, those
    that contain what is held; `held`, lot -> tracks that keep it; `gone`, track -> [lot, place,
    cells] that left the line before it began; `found`, the holds that have concerned a lot.
    """

    def __init__(self, world: World) -> None:
        super().__init__("holds", world)
        self._tracks = tracks_of(world.scenario.holds)
        self._names = names_of((hold.reason, hold.lot) for hold in world.scenario.holds)
        phases = dict.fromkeys(self._tracks, "waiting")
        self.state.job = {"phase": phases, "cells": {}, "held": {}, "gone": {}, "found": []}

    @property
    def _phases(self) -> dict[str, str]:
        phases: dict[str, str] = self.state.job["phase"]
        return phases

    @property
    def _descent(self) -> Descent:
        return Descent(self._tracks, self.world.lots, self.state.job["cells"])

    def begin(self) -> None:
        """Ask to be woken at every beginning and end."""
        for hold in self.world.scenario.holds:
            for tick in (hold.start_tick, hold.end_tick):
                if tick is not None:
                    self.wake_at(max(tick, self.world.now))

    def advance(self) -> None:
        """Begin and end what is due; woken before, nothing is."""
        now, lots = self.world.now, self.world.lots
        held = self.state.job["held"]
        self.state.job["held"] = {lot: tracks for lot, tracks in held.items() if lot in lots}
        due = [
            track
            for track, hold in self._tracks.items()
            if self._phases[track] == "waiting" and hold.start_tick <= now
        ]
        self._phases.update(dict.fromkeys(due, "active"))
        for track in due:
            for name, place, count in self.state.job["gone"].pop(track, []):
                self._recall(track, name, place, count)
        over = {
            track: "scrapping" if hold.then == "scrap" else "released"
            for track, hold in self._tracks.items()
            if self._phases[track] == "active"
            and hold.end_tick is not None
            and hold.end_tick <= now
        }
        if due:
            for lot in lots.open_lots():
                self._judge(lot)
        self._phases.update(over)
        for lot in lots.open_lots() if over else ():
            if lot.name in lots:
                self._decide(lot)
        for tank in self.world.tanks.values():
            for batch in list(tank.batches):
                if batch in tank.batches:
                    self._decide(lots[batch])

    def pass_on(
        self, children: Sequence[str], parents: str | Sequence[str], details: Mapping[str, Any]
    ) -> None:
        """Note that children were made from parents (see `Descent.pass_on`)."""
        if details.get("relation", "made_from") == "made_from":
            self._descent.pass_on(children, parents, details)

    def handed_over(self, lot: Lot) -> None:
        """Decide on a lot that has just been put into a buffer, or filled into a box."""
        self._decide(lot)
        if lot.name in self.world.lots:
            self._judge(lot)

    def gone(self, lot: Lot) -> None:
        """Note which cells of a lot leave the line: a hold that begins later has lost them."""
        for track in self._of(lot, "waiting"):
            row = [lot.name, self._place(lot), self._amount(track, lot)]
            self.state.job["gone"].setdefault(track, []).append(row)
        for track in self._of(lot, "active"):
            self._recall(track, lot.name, self._place(lot), self._amount(track, lot))

    def adopt(self, cells: Mapping[str, Any], gone: Mapping[str, Any]) -> None:
        """Take up holds that a saved line did not know; `cells` and `gone` of their tracks."""
        self.state.job["phase"] = dict.fromkeys(self._tracks, "waiting") | self._phases
        self.state.job["cells"].update(cells)
        self.state.job["gone"].update(gone)
        self.begin()

    def tell_end(self) -> None:
        """Write which holds have concerned nothing, and how many cells each still keeps."""
        kept: dict[str, float] = {}
        for name, tracks in self.state.job["held"].items():
            if name in self.world.lots and self.world.lots[name].kind in CARRIERS:
                for track in tracks:
                    number = track.removesuffix(PERHAPS)
                    amount = self._amount(track, self.world.lots[name])
                    kept[number] = kept.get(number, 0.0) + amount
        for number, hold in enumerate(self.world.scenario.holds):
            if str(number) not in self.state.job["found"]:
                cause = f"{NOTHING}: {hold.lot}"
                self.world.log_event(self.name, "note", lot=hold.lot, cause=cause)
            elif amount := kept.get(str(number), 0.0):
                cause = f"{STILL}{self._names[number]}"
                self.world.log_event(self.name, "note", lot=hold.lot, cause=cause, amount=amount)

    def reasons(self, lot: Lot) -> list[str]:
        """Return for each cell of a tray why it is on hold, or ""."""
        found = [""] * lot.items
        for track in self._of(lot, "active"):
            for row in self._descent.cells_of(track, lot).nonzero()[0]:
                found[row] = "; ".join(filter(None, (found[row], self._reason(track))))
        return found

    def _reason(self, track: str) -> str:
        name = self._names[int(track.removesuffix(PERHAPS))]
        return f"{name}{POSSIBLE}" if track.endswith(PERHAPS) else name

    def _of(self, lot: Lot, phase: str) -> list[str]:
        """Tracks of holds in a phase that concern a lot."""
        descent = self._descent
        return [
            track
            for track, present in self._phases.items()
            if present == phase and descent.is_affected(track, lot)
        ]

    def _amount(self, track: str, lot: Lot) -> float:
        """How much of a lot a track keeps: cells, or the whole of any other lot."""
        if lot.kind in CARRIERS:
            return float(self._descent.cells_of(track, lot).sum())
        return lot.amount

    def _place(self, lot: Lot) -> str:
        return lot.place or lot.maker

    def _recall(self, track: str, name: str, place: str, count: float) -> None:
        """Tell of cells that have left the line: they must be called back."""
        self._find(track)
        cause = f"{LEADS['recall']}{self._reason(track)}"
        self.world.log_event(place, "recall", lot=name, cause=cause, amount=count)

    def _find(self, track: str) -> None:
        found = {*self.state.job["found"], track.removesuffix(PERHAPS)}
        self.state.job["found"] = sorted(found)

    def _judge(self, lot: Lot) -> None:
        """Hold a lot for every active hold that concerns it; release it where there is none."""
        active = self._of(lot, "active")
        if lot.kind not in CARRIERS:  # a lot that surely contains it is not held twice
            active = [t for t in active if t.removesuffix(PERHAPS) == t or t[:-1] not in active]
        elif not self._holds_still(lot):
            active = []
        told, was = self.state.job["held"], lot.held
        before = told.pop(lot.name, [])
        lot.held = "; ".join(dict.fromkeys(map(self._reason, active)))
        if active:
            told[lot.name] = active
        for track in active:
            self._find(track)
            if track not in before:
                self._tell("hold", track, lot)
        for track in before:
            if track not in active and self._phases[track] == "released":
                self._tell("release", track, lot)
        if was and not lot.held:
            self._wake(lot)

    def _holds_still(self, lot: Lot) -> bool:
        """Whether cells are at rest; those in a machine are held when they are handed over."""
        return is_at_hand(self.world, lot)

    def _tell(self, event: str, track: str, lot: Lot) -> None:
        self._log(event, lot.place, lot.name, self._reason(track), self._amount(track, lot))

    def _log(self, event: str, place: str, lot: str, cause: str, amount: float) -> None:
        self.world.log_event(place, event, lot=lot, cause=cause, amount=amount)

    def _decide(self, lot: Lot) -> None:
        """Scrap what a hold that has ended condemns, where the lot is at hand."""
        for track in self._of(lot, "scrapping"):
            if not is_at_hand(self.world, lot):
                if lot.place in self.world.tanks:
                    self._try_again()
                return
            kept, place = self._amount(track, lot), lot.place
            amount = scrap(self.world, self._descent, track, lot, self._reason(track))
            if amount:
                if self._is_new(track, lot):
                    self._find(track)
                    self._log("hold", place, lot.name, self._reason(track), kept)
                cause = f"{LEADS['disposition']}{self._reason(track)}"
                self._log("disposition", place, lot.name, cause, amount)
            if lot.name not in self.world.lots:
                return
        if lot.held:
            self._judge(lot)

    def _try_again(self) -> None:
        """Look again in a while: one wake-up, however many batches are waited for."""
        now = self.world.now
        if int(self.state.job.get("again", 0)) <= now:
            self.state.job["again"] = now + RETRY_TICKS
            self.wake_at(now + RETRY_TICKS)

    def _is_new(self, track: str, lot: Lot) -> bool:
        """Note that a track keeps a lot; return whether that has not been told yet.

        A lot other than cells is held once, surely or perhaps.
        """
        told = self.state.job["held"].setdefault(lot.name, [])
        before = track in told or (lot.kind not in CARRIERS and track.removesuffix(PERHAPS) in told)
        if not before:
            told.append(track)
        return not before

    def _wake(self, lot: Lot) -> None:
        """Wake whoever may go on now that a lot is free."""
        if lot.place in self.world.buffers:
            self.world.buffers[lot.place].wake_takers()
        elif lot.place in self.world.tanks:
            self.world.tanks[lot.place].wake_takers()
        elif lot.place in self.world.units:
            self.world.calendar.kick(lot.place)
