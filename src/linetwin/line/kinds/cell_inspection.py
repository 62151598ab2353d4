"""Inspection of stacks: HiPot test for shorts, X-ray for the overhang, resistance of the welds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from linetwin.line.kinds.cells import find, scrap_flagged, take_samples
from linetwin.line.kinds.tray_station import TrayStation

if TYPE_CHECKING:
    from linetwin.line.lots import Lot


class CellInspection(TrayStation):
    """Scraps what it finds; what it misses goes on, with its consequences."""

    operation = "inspect"

    def process(self, lot: Lot) -> None:
        """Inspect the cells, then take the laboratory's samples."""
        columns = lot.columns
        short = columns["leak_resistance"] < self.value("hipot_limit")
        bare = columns["overhang_margin"] < self.value("overhang_limit")
        flags = [
            (find(self, lot, "hard short", short), "hard short found by HiPot test"),
            (find(self, lot, "overhang", bare), "cathode edge without anode"),
        ]
        if "weld_resistance" in columns:
            cold = columns["weld_resistance"] > self.value("weld_limit")
            flags.append((find(self, lot, "cold weld", cold), "cold weld"))
        scrap_flagged(self, lot, flags)
        take_samples(self, lot)
