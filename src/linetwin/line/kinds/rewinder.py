"""Rewinder: turns a roll end for end, and the web over where it is set so."""

from __future__ import annotations

from linetwin.line.kinds.reel import ReelToReel
from linetwin.line.kinds.winding import note_threading, turn_over


class Rewinder(ReelToReel):
    """One mother roll at a time; it stays the same lot."""

    operation = "rewind"

    def run_through(self, name: str) -> list[str]:
        """The other end is outside now."""
        lot = self.world.lots[name]
        note_threading(lot)
        turn_over(lot, self.value("swap_sides"))
        self.log_operation(name, "rewind", self.job["since"])
        return [name]
