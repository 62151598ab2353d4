"""What a plant has told of its stations: by this the twin's line is led.

Lots are counted from the moment at which the twin joined. Where the plant tells nothing of a
station, that station runs for itself.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from linetwin.quantities.packml import STATES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from linetwin.twin.events import PlantEvent

STANDING = frozenset({"Aborted", "Aborting", "Stopped", "Stopping", "Held", "Holding", "Clearing"})
"""PackML states in which a machine stands still for a reason of its own."""
_NAMES = {number: name for name, number in STATES.items()}
NAMES_KEPT = 200
"""Names of the plant's lots that are kept of a station, the last ones."""
LOTS_KEPT = 2_000
"""Lots of the twin's line of which it is kept where they passed, the last ones."""
TOGETHER_TICKS = 1_000
"""A name and a counter that are told within this time are of one lot [A]."""


@dataclass
class Tally:
    """Lots that have passed since the twin joined, by their names and by a counter of the plant.

    Either may miss some: a name that came while the link was down, a counter that is not mapped.
    `named`, `counted`: lots since then; -1 where nothing was told. `base`: where the counter stood.
    `names`: by number; `lost`: lots whose names never came, as far as the counter has shown.
    `name_tick`, `count_tick`: when each changed last.
    """

    named: int = -1
    counted: int = -1
    name: str = ""
    base: float = 0.0
    last: float = math.nan
    names: dict[str, str] = field(default_factory=dict)
    lost: int = 0
    name_tick: int = -1
    count_tick: int = -1

    @property
    def lots(self) -> int:
        """The number of lots, -1 where nothing is known."""
        return max(self.named, self.counted)

    def take_name(self, name: str, tick: int = 0, *, joined: bool) -> None:
        """Note the name of the lot that passed last."""
        if name == self.name:
            return
        self._settle_before(tick)
        self.name, self.name_tick = name, tick
        self.named = max(self.named, 0) + (1 if joined else 0)
        if self.named + self.lost >= self.counted - 1:  # else names were lost: of which lot it is
            self._keep(self.named + self.lost)  # a counter that comes with it will say

    def take_count(self, count: float, tick: int = 0) -> None:
        """Note a counter; one that falls has been reset, and counts on from nothing."""
        self._settle_before(tick)
        before = self.counted
        if math.isnan(self.last):
            self.base, self.counted = count, 0
        elif count < self.last:
            self.base = -float(self.counted)
        self.last = count
        self.counted = max(self.counted, round(count - self.base))
        if self.counted != before:
            self.count_tick = tick

    def name_of(self, number: int) -> str:
        """Return the plant's name of a lot by its number since the twin joined, or ""."""
        self._settle()
        return self.names.get(str(number), "")

    def number_of(self, name: str) -> int | None:
        """Return the number of a lot by the plant's name; None where it is not known."""
        self._settle()
        return next((int(n) for n, each in self.names.items() if each == name), None)

    def _settle_before(self, tick: int) -> None:
        if tick > max(self.name_tick, self.count_tick) + TOGETHER_TICKS:
            self._settle()

    def _settle(self) -> None:
        """Give the last name its number: the counter's, where both were told of one lot.

        Either may come first, several may come at one time, and names of lots that passed while
        nobody listened are lost; so this waits until all of that time has come.
        """
        own = self.named + self.lost
        if self.named < 0 or self.counted < 0 or own == self.counted:
            return
        if abs(self.name_tick - self.count_tick) > TOGETHER_TICKS:
            return
        if self.names.get(str(own)) == self.name:
            del self.names[str(own)]
        self.lost = self.counted - self.named
        self._keep(self.counted)

    def _keep(self, number: int) -> None:
        self.names[str(number)] = self.name
        while len(self.names) > NAMES_KEPT:
            del self.names[next(iter(self.names))]


@dataclass
class Told:
    """What is known of one station; plain data.

    `taken`, `given`: of the plant; `used`, `made`: lots of the twin's own line since it joined.
    `own`: name of the lot that the twin's station handed over last. `anew`: lots that were in the
    plant's machine as the twin joined, which its own station has had to begin anew.
    """

    state: str = ""
    taken: Tally = field(default_factory=Tally)
    given: Tally = field(default_factory=Tally)
    used: int = 0
    made: int = 0
    own: str = ""
    anew: int = 0

    @property
    def apart(self) -> int:
        """Lots that the twin's station is behind; 0 where nothing is known."""
        return max(0, self.given.lots - self.made) if self.given.lots >= 0 else 0

    @property
    def lagging(self) -> int:
        """Lots that it is behind, without those that it is late with, having begun them anew."""
        return max(0, self.apart - max(0, self.anew - self.made))


class PlantLeader:
    """Leads a line by what its plant tells; `linetwin.line.leading.Leader`.

    `single`: stations that take lots from one place only; `giving`: those that hand lots on;
    `chambers`: those that hold many; `making`: those that begin lots of their own, of no other lot.
    """

    def __init__(
        self,
        single: Iterable[str],
        giving: Iterable[str],
        chambers: Iterable[str],
        making: Iterable[str] = (),
    ) -> None:
        self.told: dict[str, Told] = {}
        self.passed: dict[str, list[tuple[str, str, int]]] = {}
        """Lot of the twin's line -> station, what it did, and number of the lot there."""
        self.joined = False
        """Whether a name that is new is a lot more; before, names only say where the plant is."""
        self.alone = False
        """Whether the plant is silent: stations then take and hand over as they would by
        themselves, and wait for the plant where they are ahead when it speaks again."""
        self._single = frozenset(single)
        self._giving = frozenset(giving)
        self._chambers = frozenset(chambers)
        self._making = frozenset(making)

    def of(self, station: str) -> Told:
        """Return what is known of a station."""
        return self.told.setdefault(station, Told())

    # --------------------------------------------------------------------- what stations ask
    def stop(self, unit: str) -> str:
        """Why the plant's machine stands still; a station that is behind finishes first."""
        told = self.told.get(unit)
        if told is None or told.state not in STANDING or told.apart:
            return ""
        if unit in self._chambers and told.state != "Aborted":
            return ""
        return f"plant: {told.state}"

    def may_take(self, unit: str) -> bool:
        """Whether the plant's machine has taken a lot more, or has handed it over already."""
        told = self.told.get(unit)
        if self.alone or told is None or told.taken.lots < 0 or unit not in self._single:
            return True
        return told.used < told.taken.lots or told.apart > 0

    def may_give(self, unit: str) -> bool:
        """Whether the plant's machine has handed over a lot more."""
        told = self.told.get(unit)
        return self.alone or told is None or told.given.lots < 0 or told.apart > 0

    def is_behind(self, unit: str) -> bool:
        """Whether the plant's machine has handed over what is still being made here."""
        told = self.told.get(unit)
        return told is not None and told.apart > 0

    def has_begun(self, unit: str) -> bool:
        """Whether the plant's machine has begun a lot that the twin's has not begun."""
        told = self.told.get(unit)
        return not self.alone and told is not None and told.taken.lots > told.used

    # --------------------------------------------------------------------- what the plant tells
    def note(self, event: PlantEvent) -> bool:
        """Note an event; return whether it may change what the station does."""
        match event.kind:
            case "state" if not math.isnan(event.value):
                told = self.of(event.station)
                before, told.state = told.state, _NAMES.get(int(event.value), "")
                return before != told.state
            case "given" | "lot_out" if event.station not in self._giving:
                return False  # at the end of the line cells go out as they come
            case "taken" | "given" if not math.isnan(event.value):
                tally = self._tally(event)
                before_count = tally.lots
                tally.take_count(event.value, event.tick)
                return tally.lots != before_count
            case "lot_in" | "lot_out" if event.text:
                return self._name(event)
            case _:
                return False

    def _name(self, event: PlantEvent) -> bool:
        tally = self._tally(event)
        before = tally.lots
        tally.take_name(event.text, event.tick, joined=self.joined)
        return tally.lots != before

    def _tally(self, event: PlantEvent) -> Tally:
        told = self.of(event.station)
        return told.taken if event.kind in {"taken", "lot_in"} else told.given

    # --------------------------------------------------------------------- what the line does
    def took(self, station: str, lot: str) -> None:
        """Note that the twin's station has taken a lot."""
        told = self.of(station)
        told.used += 1
        if station in self._making:
            self._note_pass(lot, station, "begun", told.made + 1)
        elif station in self._single:
            self._note_pass(lot, station, "taken", told.used)

    def gave(self, station: str, lot: str) -> bool:
        """Note that the twin's station has handed over a lot; False where it was told of already.

        A station may tell several times of one lot: a grader does, once for each grade.
        """
        told = self.of(station)
        if told.own == lot:
            return False
        told.own = lot
        told.made += 1
        self._note_pass(lot, station, "given", told.made)
        return True

    def _note_pass(self, lot: str, station: str, what: str, number: int) -> None:
        self.passed.setdefault(lot, []).append((station, what, number))
        while len(self.passed) > LOTS_KEPT:
            del self.passed[next(iter(self.passed))]

    def plant_name(self, station: str) -> str:
        """Return the plant's name of the lot that the twin's station handed over last, or ""."""
        told = self.of(station)
        return told.given.name_of(told.made)

    def plant_lot(self, station: str, lot: str) -> str:
        """Return the plant's name of a lot of the twin's line, "" where it is not known.

        By the station where it is at work or was, else by the last before it that told a name.
        """
        passed = self.passed.get(lot, [])
        here = [each for each in passed if each[0] == station]
        elsewhere = [each for each in passed if each[0] != station]
        names = (self._called(*each) for each in (*reversed(here), *reversed(elsewhere)))
        return next((name for name in names if name), "")

    def _called(self, station: str, what: str, number: int) -> str:
        """Return what the plant calls the lot of this number at a station."""
        told = self.of(station)
        if what == "taken":
            return told.taken.name_of(number)
        if (name := told.given.name_of(number)) or what == "given":
            return name
        # Begun and not handed over: as many after the last that was as it was begun after it.
        last = told.given.lots
        begun = told.taken.number_of(told.given.name_of(last)) if last >= 0 else None
        return "" if begun is None else told.taken.name_of(begun + number - last)

    def apart(self) -> dict[str, int]:
        """Return stations that are behind the plant, and by how many lots."""
        return {name: told.apart for name, told in self.told.items() if told.apart}

    def lagging(self) -> dict[str, int]:
        """Return stations behind by more than what they began anew as the twin joined, in lots."""
        return {name: told.lagging for name, told in self.told.items() if told.lagging}

    def save(self) -> dict[str, Any]:
        """Return all that is known as plain data."""
        return {
            "joined": self.joined,
            "told": {n: asdict(told) for n, told in self.told.items()},
            "passed": {lot: [list(each) for each in at] for lot, at in self.passed.items()},
        }

    def load(self, data: dict[str, Any]) -> None:
        """Continue from saved data."""
        self.joined = bool(data["joined"])
        self.told = {name: _told(told) for name, told in data["told"].items()}
        self.passed = {
            lot: [(station, what, number) for station, what, number in at]
            for lot, at in data["passed"].items()
        }


def _told(data: dict[str, Any]) -> Told:
    """Return what was known of a station."""
    return Told(**data | {"taken": Tally(**data["taken"]), "given": Tally(**data["given"])})
