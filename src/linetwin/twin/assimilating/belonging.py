"""To which lot a reading belongs: to the one that it names, else to the one of its time.

A reading that names a lot which is not known is nobody's: it waits for a lot of that name. The lot
of its time may be another one, and what is learnt from a wrong lot is worse than nothing.
"""

from __future__ import annotations

import bisect
from collections import defaultdict
from dataclasses import astuple, dataclass
from typing import TYPE_CHECKING, Any

from linetwin.twin.lot_ids import normalised

if TYPE_CHECKING:
    from collections.abc import Mapping

KEPT = 1024
"""Lots that a station has given, and readings that wait of an instrument, that are kept."""


@dataclass(frozen=True)
class Heard:
    """A value that an instrument read at `tick`; `name`: the plant's lot that it names, or ""."""

    tick: int
    value: float
    arrived: int
    name: str = ""


@dataclass(frozen=True)
class Gone:
    """A lot that a station has handed over: its name in the twin's line, and in the plant."""

    tick: int
    lot: str
    plant_lot: str


class Belonging:
    """Knows the last lots of each station, and keeps readings that wait for theirs."""

    def __init__(self) -> None:
        self._gone: dict[str, list[Gone]] = defaultdict(list)
        self._waiting: dict[str, list[Heard]] = defaultdict(list)

    def gave(self, station: str, gone: Gone) -> None:
        """Note a lot that a station has handed over."""
        self._gone[station].append(gone)
        del self._gone[station][:-KEPT]

    def of(self, station: str, instrument: str, heard: Heard) -> Gone | None:
        """Return the lot that a reading belongs to; None where it has to wait for it."""
        gone = self._gone[station]
        if heard.name:
            spelling = normalised(heard.name)
            named = [each for each in gone if normalised(each.plant_lot) == spelling]
            if named:
                return named[-1]
        else:
            place = bisect.bisect_left(gone, heard.tick, key=lambda each: each.tick)
            if place < len(gone):
                return gone[place]
        self._waiting[instrument].append(heard)
        del self._waiting[instrument][:-KEPT]
        return None

    def met(self, instrument: str, gone: Gone) -> list[Heard]:
        """Return the readings that have waited for a lot which was handed over just now."""
        spelling = normalised(gone.plant_lot)
        own: list[Heard] = []
        others: list[Heard] = []
        for each in self._waiting[instrument]:
            mine = normalised(each.name) == spelling if each.name else each.tick <= gone.tick
            (own if mine else others).append(each)
        self._waiting[instrument] = others
        return own

    def plant_lot(self, station: str, lot: str) -> str:
        """Return the plant's name of a lot that a station handed over, "" where it is not known."""
        return next((e.plant_lot for e in reversed(self._gone[station]) if e.lot == lot), "")

    def unresolved(self, stations: Mapping[str, str]) -> dict[str, list[str]]:
        """Return the names that each instrument has read of lots which nobody knows.

        `stations`: of each instrument. One that a station may be at work on is none of them.
        """
        found = {}
        for instrument, station in stations.items():
            last = self._gone[station][-1].tick if self._gone[station] else -1
            waiting = self._waiting[instrument]
            if names := [each.name for each in waiting if each.name and each.tick <= last]:
                found[instrument] = list(dict.fromkeys(names))
        return found

    def save(self) -> dict[str, Any]:
        """Return everything as plain data."""
        return {
            "gone": {key: [list(astuple(e)) for e in each] for key, each in self._gone.items()},
            "waiting": {
                key: [list(astuple(e)) for e in each] for key, each in self._waiting.items()
            },
        }

    def load(self, data: dict[str, Any]) -> None:
        """Continue from saved data."""
        gone = {key: [Gone(*e) for e in each] for key, each in data["gone"].items()}
        waiting = {key: [Heard(*e) for e in each] for key, each in data["waiting"].items()}
        self._gone, self._waiting = defaultdict(list, gone), defaultdict(list, waiting)
