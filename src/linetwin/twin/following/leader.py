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


@dataclass
class Tally:
    """Lots that have passed since the twin joined, by their names and by a counter of the plant.

    Either may miss some: a name that came while the link was down, a counter that is not mapped.
    `named`, `counted`: lots since then; -1 where nothing was told. `base`: where the counter stood.
    """

    named: int = -1
    counted: int = -1
    name: str = ""
    base: float = 0.0
    last: float = math.nan

    @property
    def lots(self) -> int:
        """The number of lots, -1 where nothing is known."""
        return max(self.named, self.counted)

    def take_name(self, name: str, *, joined: bool) -> None:
        """Note the name of the lot that passed last."""
        if name == self.name:
            return
        self.name = name
        self.named = max(self.named, 0) + (1 if joined else 0)

    def take_count(self, count: float) -> None:
        """Note a counter; one that falls has been reset, and counts on from nothing."""
        if math.isnan(self.last):
            self.base, self.counted = count, 0
        elif count < self.last:
            self.base = -float(self.counted)
        self.last = count
        self.counted = max(self.counted, round(count - self.base))


@dataclass
class Told:
    """What is known of one station; plain data.

    `taken`, `given`: of the plant; `used`, `made`: lots of the twin's own line since it joined.
    `own`: name of the lot that the twin's station handed over last; `names`: the plant's names of
    the lots it has given, by number.
    """

    state: str = ""
    taken: Tally = field(default_factory=Tally)
    given: Tally = field(default_factory=Tally)
    used: int = 0
    made: int = 0
    own: str = ""
    names: dict[str, str] = field(default_factory=dict)

    @property
    def apart(self) -> int:
        """Lots that the twin's station is behind; 0 where nothing is known."""
        return max(0, self.given.lots - self.made) if self.given.lots >= 0 else 0


class PlantLeader:
    """Leads a line by what its plant tells; `linetwin.line.leading.Leader`.

    `single`: stations that take lots from one place only; `giving`: those that hand lots on;
    `chambers`: those that hold many.
    """

    def __init__(
        self, single: Iterable[str], giving: Iterable[str], chambers: Iterable[str]
    ) -> None:
        self.told: dict[str, Told] = {}
        self.joined = False
        """Whether a name that is new is a lot more; before, names only say where the plant is."""
        self.alone = False
        """Whether the plant is silent: stations then take and hand over as they would by
        themselves, and wait for the plant where they are ahead when it speaks again."""
        self._single = frozenset(single)
        self._giving = frozenset(giving)
        self._chambers = frozenset(chambers)

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
                tally.take_count(event.value)
                return tally.lots != before_count
            case "lot_in" | "lot_out" if event.text:
                return self._name(event)
            case _:
                return False

    def _name(self, event: PlantEvent) -> bool:
        tally, told = self._tally(event), self.of(event.station)
        before = tally.lots
        tally.take_name(event.text, joined=self.joined)
        if event.kind == "lot_out" and tally.lots > 0:
            told.names[str(tally.lots)] = event.text
            while len(told.names) > NAMES_KEPT:
                del told.names[next(iter(told.names))]
        return tally.lots != before

    def _tally(self, event: PlantEvent) -> Tally:
        told = self.of(event.station)
        return told.taken if event.kind in {"taken", "lot_in"} else told.given

    # --------------------------------------------------------------------- what the line does
    def took(self, station: str) -> None:
        """Note that the twin's station has taken a lot."""
        self.of(station).used += 1

    def gave(self, station: str, lot: str) -> bool:
        """Note that the twin's station has handed over a lot; False where it was told of already.

        A station may tell several times of one lot: a grader does, once for each grade.
        """
        told = self.of(station)
        if told.own == lot:
            return False
        told.own = lot
        told.made += 1
        return True

    def plant_name(self, station: str) -> str:
        """Return the plant's name of the lot that the twin's station handed over last, or ""."""
        told = self.of(station)
        return told.names.get(str(told.made), "")

    def apart(self) -> dict[str, int]:
        """Return stations that are behind the plant, and by how many lots."""
        return {name: told.apart for name, told in self.told.items() if told.apart}

    def save(self) -> dict[str, Any]:
        """Return all that is known as plain data."""
        return {"joined": self.joined, "told": {n: asdict(told) for n, told in self.told.items()}}

    def load(self, data: dict[str, Any]) -> None:
        """Continue from saved data."""
        self.joined = bool(data["joined"])
        self.told = {name: _told(told) for name, told in data["told"].items()}


def _told(data: dict[str, Any]) -> Told:
    """Return what was known of a station."""
    return Told(**data | {"taken": Tally(**data["taken"]), "given": Tally(**data["given"])})
