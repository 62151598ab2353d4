"""To which lot a reading belongs: to the one that it names, else to the one of its time.

A reading that names a lot which has not been handed over waits for a lot of that name. The lot of
its time may be another one, and what is learnt from a wrong lot is worse than nothing.
"""

from __future__ import annotations

import bisect
import math
import re
from collections import defaultdict
from dataclasses import astuple, dataclass
from typing import TYPE_CHECKING, Any

from linetwin.twin.assimilating.entries import Reading
from linetwin.twin.lot_ids import normalised

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_DIGITS = "[0-9]+"
KEPT = 1024
"""Lots that a station has given, and readings that wait of an instrument, that are kept."""


_Row = tuple[str, int, str]
"""Lot, tick and value of a row."""


@dataclass(frozen=True)
class Heard:
    """A value that an instrument read at `tick`; `name`: the plant's lot that it names, or ""."""

    tick: int
    value: float
    arrived: int
    name: str = ""


@dataclass(frozen=True)
class Gone:
    """A lot that a station has handed over: its name in the twin's line, and in the plant.

    `half_made`: whether it was at work there already when the twin joined.
    """

    tick: int
    lot: str
    plant_lot: str
    half_made: bool = False


@dataclass(frozen=True)
class Waiting:
    """Readings of an instrument that name a lot which has not been handed over.

    `lot`: as they name it; `can_come`: whether it is one that may be handed over yet.
    """

    instrument: str
    lot: str
    readings: int
    can_come: bool


class Belonging:
    """Knows the last lots of each station, and keeps readings that wait for theirs."""

    def __init__(self) -> None:
        self._gone: dict[str, list[Gone]] = defaultdict(list)
        self._waiting: dict[str, list[Heard]] = defaultdict(list)
        self._rows: dict[str, set[_Row]] = defaultdict(set)
        """Rows of each instrument that named their lots: a file may be read whole again."""
        self._most_rows = KEPT
        self._half_made: set[str] = set()

    def joined(self, half_made: Iterable[str]) -> None:
        """The next lot that each of these stations hands over was at work there at joining."""
        self._half_made = set(half_made)

    def told_before(self, instrument: str, heard: Heard, first: int) -> bool:
        """Note a row that names its lot; return whether lot, time and value were told before.

        Rows from before the tick `first` are forgotten: nothing is learnt from them any more.
        """
        own, row = self._rows[instrument], _row(heard)
        if row in own:
            return True
        own.add(row)
        if len(own) > self._most_rows:
            own.intersection_update([each for each in own if each[1] >= first])
            self._most_rows = max(self._most_rows, 2 * len(own))
        return False

    def gave(self, station: str, tick: int, lot: str, plant_lot: str) -> Gone:
        """Note a lot that a station has handed over."""
        gone = Gone(tick, lot, plant_lot, station in self._half_made)
        self._half_made.discard(station)
        self._gone[station].append(gone)
        del self._gone[station][:-KEPT]
        return gone

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

    def waiting_of(self, instrument: str) -> list[Heard]:
        """Return the readings of an instrument that name a lot and wait for it."""
        return [each for each in self._waiting[instrument] if each.name]

    def forget(self, instrument: str, wrong: Heard) -> None:
        """Forget a row that was wrong: by the name of its lot, time and value."""
        row = _row(wrong)
        self._rows[instrument].discard(row)
        self._waiting[instrument] = [e for e in self._waiting[instrument] if _row(e) != row]

    def waiting(self, stations: Mapping[str, str]) -> list[Waiting]:
        """Return the lots that readings name and wait for; `stations`: of each instrument."""
        found = []
        for instrument, station in stations.items():
            named: dict[str, list[Heard]] = defaultdict(list)
            for each in self._waiting[instrument]:
                if each.name:
                    named[each.name].append(each)
            gone = [(each.tick, normalised(each.plant_lot)) for each in self._gone[station]]
            found += [
                Waiting(instrument, name, len(own), _can_come(normalised(name), own[-1].tick, gone))
                for name, own in named.items()
            ]
        return found

    def save(self) -> dict[str, Any]:
        """Return everything as plain data."""
        return {
            "gone": {key: [list(astuple(e)) for e in each] for key, each in self._gone.items()},
            "waiting": {
                key: [list(astuple(e)) for e in each] for key, each in self._waiting.items()
            },
            "rows": {key: sorted(map(list, each)) for key, each in self._rows.items()},
            "most_rows": self._most_rows,
            "half_made": sorted(self._half_made),
        }

    def load(self, data: dict[str, Any]) -> None:
        """Continue from saved data."""
        gone = {key: [Gone(*e) for e in each] for key, each in data["gone"].items()}
        waiting = {key: [Heard(*e) for e in each] for key, each in data["waiting"].items()}
        self._gone, self._waiting = defaultdict(list, gone), defaultdict(list, waiting)
        rows = {key: {(*row,) for row in each} for key, each in data["rows"].items()}
        self._rows, self._most_rows = defaultdict(set, rows), data["most_rows"]
        self._half_made = set(data["half_made"])


def reading_of(instrument: str, gone: Gone, heard: Heard) -> Reading:
    """Return what an instrument read of a lot; one that names its lot is a row of its own."""
    rows, times = ((heard.value,), (heard.tick,)) if heard.name else ((), ())
    value, arrived, called = heard.value, heard.arrived, gone.plant_lot
    return Reading(gone.tick, instrument, gone.lot, value, arrived, 1, called, rows, times)


def _row(heard: Heard) -> _Row:
    """Return by what a row is known; one without a number has "" for it."""
    value = "" if math.isnan(heard.value) else repr(heard.value)
    return normalised(heard.name), heard.tick, value


def _can_come(name: str, tick: int, gone: Sequence[tuple[int, str]]) -> bool:
    """Whether a lot of a name may be handed over yet; `gone`: when and as what others were.

    Not one whose name is built as none of theirs is, nor one of a number before the last one's.
    Where names have no numbers, not one that was read before the last was handed over.
    """
    told = [each for each in gone if each[1]]
    if not told:
        return True
    alike = [other for _, other in told if _form(other) == _form(name)]
    if alike and _numbers(name):
        return _numbers(name) > _numbers(alike[-1])
    return not any(_numbers(other) for _, other in told) and tick > told[-1][0]


def _form(name: str) -> str:
    return re.sub(_DIGITS, "0", name)


def _numbers(name: str) -> list[tuple[int, str]]:
    """Return the numbers in a name in the order of size, however long they are."""
    plain = [each.lstrip("0") for each in re.findall(_DIGITS, name)]
    return [(len(each), each) for each in plain]
