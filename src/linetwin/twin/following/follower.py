"""A follower: a line of its own that is kept in step with a plant, event by event.

The line runs up to what the plant has told, never beyond: `advance` is given the plant's events and
the tick up to which they are complete. An event that is older than the line is met at once.
"""

from __future__ import annotations

import heapq
import math
from dataclasses import astuple, dataclass
from typing import TYPE_CHECKING, Any

from linetwin.errors import SimulationError
from linetwin.line import run as engine
from linetwin.line.calendar import KICK
from linetwin.line.chamber import Chamber
from linetwin.twin.events import PlantEvent
from linetwin.twin.following.leader import PlantLeader

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from linetwin.line.world import Sink, World

SAME = 1e-6
"""Relative difference below which a set value is the one that holds already."""

UNLIMITED = 1 << 30
"""Lots that a buffer of a line that is led can hold: what the plant's holds fits."""


@dataclass(frozen=True)
class Passed:
    """A lot that a station of the twin's line has taken or handed over.

    `lot`: its name in the twin's line; `plant_lot`: in the plant, "" where it was not told.
    """

    tick: int
    station: str
    what: str
    lot: str
    plant_lot: str = ""


class Passing:
    """A sink that counts at once which lots pass, and hands all rows on where somebody wants them.

    A station may hand over several lots at one event: each must know of those before it.
    """

    def __init__(self, onward: Sink | None = None) -> None:
        self._onward = onward
        self.leader: PlantLeader | None = None
        self.passed: list[Passed] = []

    def add(self, table: str, columns: Mapping[str, Sequence[Any]]) -> None:
        """Note takes and gives."""
        if self._onward is not None:
            self._onward.add(table, columns)
        if table != "events" or self.leader is None:
            return
        names = ("tick", "station", "event", "lot")
        for tick, station, event, lot in zip(*(columns[name] for name in names), strict=True):
            if event == "take" and lot:
                self.leader.took(station, lot)
                self.passed.append(Passed(int(tick), station, event, lot))
            elif event == "give" and lot and self.leader.gave(station, lot):
                name = self.leader.plant_name(station)
                self.passed.append(Passed(int(tick), station, event, lot, name))


class Follower:
    """Keeps `world`, whose sink is `passing`, in step."""

    def __init__(self, world: World, passing: Passing) -> None:
        self.world = world
        self._passing = passing
        self.on_pass: Callable[[Passed], None] | None = None
        """Is told of every lot that passes, at the event by which it has passed."""
        stations = world.equipment()
        self.leader = PlantLeader(
            (each.name for each in stations if len(each.config.takes) == 1),
            (each.name for each in stations if each.config.gives),
            (each.name for each in stations if isinstance(each, Chamber)),
            (n.name for n in stations if not world.buffers.keys() & set(n.config.takes.values())),
        )
        self._waiting: list[tuple[int, int, PlantEvent]] = []
        self._number = 0
        self.late = 0
        """Events that told of a time which the line had passed already."""

    # ---------------------------------------------------------------------------- joining
    def join(self, events: Iterable[PlantEvent]) -> None:
        """Take how the plant stands now, and lead the line from here on; it has begun already."""
        for event in events:
            self._meet(event)
        self.leader.joined = True
        self._lead()
        for unit in self.world.equipment():
            self.world.calendar.kick(unit.name)

    def _lead(self) -> None:
        """Let the plant lead the line; what the plant's buffers hold fits into the twin's."""
        for tank in self.world.tanks.values():
            tank.capacity = math.inf
        for buffer in self.world.buffers.values():
            buffer.capacity = UNLIMITED
        self._passing.leader = self.leader
        self.world.leader = self.leader

    # ---------------------------------------------------------------------------- following
    def advance(self, events: Iterable[PlantEvent], until: int) -> None:
        """Meet the plant's events in the order of their time, and bring the line to `until`.

        Events later than `until` wait for their time.
        """
        for event in events:
            heapq.heappush(self._waiting, (event.tick, self._number, event))
            self._number += 1
        while self._waiting and self._waiting[0][0] <= until:
            tick, _, event = heapq.heappop(self._waiting)
            if tick < self.world.now:
                self.late += 1
            self._run(tick)
            if self._meet(event):
                self._wake(event.station, max(tick, self.world.now))
        self._run(until + 1)

    def alone(self, silent: bool) -> None:  # noqa: FBT001  what the plant is
        """Let stations go on by themselves while the plant is silent, and no longer."""
        if silent == self.leader.alone:
            return
        self.leader.alone = silent
        for unit in self.world.equipment():
            self.world.calendar.kick(unit.name)

    @property
    def now(self) -> int:
        """Tick up to which the line has run."""
        return self.world.now

    def _run(self, before: int) -> None:
        """Serve every event of the line that is due before a tick."""
        world = self.world
        while (tick := world.calendar.next_tick()) is not None and tick < before:
            if not world.step():
                raise SimulationError(f"the twin's line has ended: {world.ended}")
            self._tell()

    def _tell(self) -> None:
        """Tell who listens what has passed."""
        passed, self._passing.passed = self._passing.passed, []
        if self.on_pass is not None:
            for each in passed:
                self.on_pass(each)

    def _meet(self, event: PlantEvent) -> bool:
        """Take what the plant tells; return whether a station is to be woken."""
        if event.kind == "setpoint" and event.usable:
            self._set(event)
            return False
        if event.kind == "level" and event.usable:
            self._fill(event)
            return False
        return self.leader.note(event)

    def _wake(self, station: str, tick: int) -> None:
        if station in self.world.units:
            self.world.calendar.at(max(tick, self.world.now), station, KICK)

    def _set(self, event: PlantEvent) -> None:
        """Set what the plant has been set to."""
        before = self.world.parameters.get(event.address)
        if isinstance(before, float) and not math.isclose(before, event.value, rel_tol=SAME):
            self.world.override(event.address, event.value)

    def _fill(self, event: PlantEvent) -> None:
        """Bring a tank to the level that the plant tells: what is missing or too much is booked."""
        tank = self.world.tanks.get(event.station)
        if tank is None or not tank.level or not event.value > 0:
            return
        factor = event.value / tank.level
        for batch, mass in tank.scaled(factor).items():
            lot = self.world.lots[batch]
            shares = {name: kg / lot.amount * mass for name, kg in lot.content.items()}
            self.world.ledger.book(shares, tank.path, "assimilated", self.world.material_units)

    # ---------------------------------------------------------------------------- saving
    def save(self) -> bytes:
        """Return the whole state of line and leader."""
        mark = {
            "leader": self.leader.save(),
            "waiting": [astuple(event) for _, _, event in sorted(self._waiting)],
            "late": self.late,
        }
        return engine.save(self.world, mark)

    def load(self, blob: bytes) -> None:
        """Continue from a saved state, in a world newly made of the same scenario."""
        mark = engine.load(self.world, blob)
        self.leader.load(mark["leader"])
        self._lead()
        self.late = int(mark["late"])
        self._waiting, self._number = [], 0
        for fields in mark["waiting"]:
            event = PlantEvent(*fields)
            heapq.heappush(self._waiting, (event.tick, self._number, event))
            self._number += 1
