"""What time it is in the plant: line time as UTC.

The rule: the source timestamp of a value is the instant at which the server opened, plus the line
time that has passed since. At pace 1 that is the wall clock; at a higher pace the plant's time runs
ahead of it, and so ahead of the server timestamps: a client that wants both has `Clock/begun`,
`Clock/line_time` and `Clock/pace`. What happened before the server opened lies before that instant.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True)
class PlantClock:
    """The server opened at `opened` (UTC), when the line stood at `tick`."""

    opened: datetime
    tick: int

    def at(self, tick: int) -> datetime:
        """Return the plant's UTC at a tick of the line."""
        return self.opened + timedelta(milliseconds=tick - self.tick)

    @property
    def begun(self) -> datetime:
        """The instant of line time 0."""
        return self.at(0)
