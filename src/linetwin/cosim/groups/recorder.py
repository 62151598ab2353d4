"""What a group writes down at its communication points: a column for each recorded variable."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from linetwin.cosim.groups.slots import LONG
from linetwin.cosim.limits import MOST_NUMBERS
from linetwin.errors import FmuError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from linetwin.cosim.groups.slots import Slot


class Recorder:
    """Rows of numbers in the variables' own units; only rows that were written are ever shown.

    Whole numbers of 64 bits, which no float holds, lie among the `values` bit by bit.
    """

    def __init__(self, slots: Mapping[str, Slot], rows: int = 1024) -> None:
        """Record the values of `slots`, by column name; room for `rows` to begin with."""
        self.slots = dict(slots)
        self.rows = 0
        self.times = np.zeros(max(1, rows))
        self.values = np.zeros((len(self.slots), len(self.times)))

    def reserve(self, rows: int) -> bool:
        """Make room for so many more rows; True where the arrays have moved.

        FmuError where the table gets too large.
        """
        needed = self.rows + rows
        if needed * (len(self.slots) + 1) > MOST_NUMBERS:
            most = f"at most {MOST_NUMBERS:,} numbers"
            raise FmuError(f"{needed:,} rows of {len(self.slots) + 1} numbers: {most} are recorded")
        if needed <= len(self.times):
            return False
        room = max(needed, 2 * len(self.times))
        times, values = np.zeros(room), np.zeros((len(self.slots), room))
        times[: self.rows] = self.times[: self.rows]
        values[:, : self.rows] = self.values[:, : self.rows]
        self.times, self.values = times, values
        return True

    def note(self, time: float) -> None:
        """Write the present values down as those at `time` (s); `reserve` has made room."""
        self.times[self.rows] = time
        for column, slot in enumerate(self.slots.values()):
            if slot.cell.shown in LONG:
                bits = self.values[column].view(slot.cell.shown)
                bits[self.rows] = slot.cell.first[slot.column]
            else:
                self.values[column, self.rows] = slot.read()
        self.rows += 1

    def columns(self) -> dict[str, np.ndarray]:
        """Return copies of what was recorded, each of shape (rows,): whole numbers as such."""
        found = {}
        for written, (name, slot) in zip(self.values, self.slots.items(), strict=True):
            kind, rows = slot.cell.shown, written[: self.rows]
            found[name] = rows.view(kind).copy() if kind in LONG else rows.astype(kind)
        return found
