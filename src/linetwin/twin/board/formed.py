"""Trays that have left formation, brought together with the capacities that the plant read there.

A plant tells one number, and not of which tray: it is the tray that left then.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass
from typing import Any

TOGETHER_TICKS = 60_000
"""Time by which the twin's tray and the plant's reading may differ [A: trays leave minutes
apart]."""
WAITING = 64
"""Trays and readings that wait for one another, the last ones."""


@dataclass(frozen=True)
class Tray:
    """A tray of the twin's line that has left formation."""

    tick: int
    name: str


@dataclass(frozen=True)
class Read:
    """A tray and what was read of it: mean capacity of its cells [A.h]."""

    tray: Tray
    capacity: float


class Formed:
    """Knows trays without a reading, and readings without a tray."""

    def __init__(self) -> None:
        self._trays: list[Tray] = []
        self._readings: list[tuple[int, float]] = []

    def gave(self, tray: Tray) -> list[Read]:
        """Note a tray that has left; return what has been read of trays and was not known yet."""
        self._trays = [*self._trays, tray][-WAITING:]
        return self._matched()

    def told(self, tick: int, capacity: float) -> list[Read]:
        """Note a reading; return what has been read of trays and was not known yet."""
        self._readings = [*self._readings, (tick, capacity)][-WAITING:]
        return self._matched()

    def _matched(self) -> list[Read]:
        found: list[Read] = []
        left: list[tuple[int, float]] = []
        for tick, capacity in self._readings:
            near = [each for each in self._trays if abs(each.tick - tick) <= TOGETHER_TICKS]
            if not near:
                left.append((tick, capacity))
                continue
            tray = min(near, key=lambda each: abs(each.tick - tick))
            self._trays.remove(tray)
            found.append(Read(tray, capacity))
        self._readings = left
        return found

    def save(self) -> dict[str, Any]:
        """Return everything as plain data."""
        return {
            "trays": [list(astuple(each)) for each in self._trays],
            "readings": [list(each) for each in self._readings],
        }

    def load(self, data: dict[str, Any]) -> None:
        """Continue from saved data."""
        self._trays = [Tray(*each) for each in data["trays"]]
        self._readings = [(tick, capacity) for tick, capacity in data["readings"]]
