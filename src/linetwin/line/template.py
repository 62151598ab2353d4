"""A short private run of a line, tapped: what lots look like at every place, and its pace.

The template run has the scenario's own models and settings, one machine of each group, streams of
its own, no failures, no shifts and no order but some trays; it writes nothing. Rare defects are
drawn more often there than in the line, and weighed for it (`line/rarities.py`): counts of cells
are sums of weights.
"""

from __future__ import annotations

import copy
import hashlib
import math
from collections import defaultdict
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from linetwin.line.chamber import Chamber
from linetwin.line.crew import WEEK_S
from linetwin.line.kinds import make_station
from linetwin.line.materials import contents_of
from linetwin.line.rarities import Rarities
from linetwin.line.streams import Streams
from linetwin.line.world import World

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import numpy as np

    from linetwin.line.lots import Lot
    from linetwin.scenario.resolved import Scenario, StationConfig, Value

CELLS, TRAYS = 1200, 2
"""Cells and full trays of the template run at least."""
PART = 0.01
"""Cells of the template run over those that the line's chambers can hold, where that is more: some
percent of what a week of the line takes to compute [D]."""
KEPT = 24
"""Rolls and batches kept of each place; of trays all are kept."""
RECENT = 8
"""Lots that can have come to one place since it was last looked at."""
DAY_TICKS = 86_400_000
LIMIT_TICKS = 120 * DAY_TICKS
"""A template run is given up after this time: what it has shown by then is used."""
ROLLS = ("mother_roll", "daughter_roll")
"""Kinds of lots that are web."""
FULL_ENOUGH = 0.5
"""Part of the fullest tray below which a tray is no example: the last of an order."""
AT_REST = {"Idle", "Suspended", "Stopped", "Complete", "Aborted", "Held"}
"""PackML states in which a station does nothing for its product."""


@dataclass(frozen=True)
class Template:
    """A lot as it lay at a place at `tick`; in a chamber its `entry` there, with the ticks due."""

    lot: Lot
    tick: int
    entry: tuple[Any, ...] = ()


@dataclass
class Tap:
    """What came to one place: some lots, and the sum of all up to the last that was full.

    `numbers`: those of the cells that came; `busy`: ticks in which the station before had worked
    by then.
    """

    templates: list[Template] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)
    kind: str = ""
    most: int = 0
    lots: int = 0
    cells: int = 0
    numbers: list[np.ndarray] = field(default_factory=list)
    busy: int = 0
    contents: dict[str, float] = field(default_factory=lambda: defaultdict(float))

    def is_full(self, lot: Lot) -> bool:
        """Whether a lot is as good an example as those before."""
        return lot.kind != "tray" or 0 < lot.items >= FULL_ENOUGH * self.most

    def examples(self) -> list[Template]:
        """Return the templates, but for trays that are hardly filled."""
        return [each for each in self.templates if self.is_full(each.lot)]


@dataclass
class _Listener:
    """A sink that adds up the time in which each station worked, and forgets the rest.

    `stirred`: whether something has happened since it was last looked at.
    """

    stirred: bool = False
    busy: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    _since: dict[str, tuple[int, str]] = field(default_factory=dict)

    def add(self, table: str, columns: Mapping[str, Sequence[Any]]) -> None:
        if table != "events":
            return
        self.stirred = True
        rows = zip(*(columns[name] for name in ("tick", "station", "event", "state")), strict=True)
        for tick, station, event, state in rows:
            if event == "state":
                since, before = self._since.get(station, (tick, "Idle"))
                self.busy[station] += 0 if before in AT_REST else tick - since
                self._since[station] = (tick, state)

    def until(self, station: str, tick: int) -> int:
        """Return the ticks in which a station has worked until now."""
        since, state = self._since.get(station, (tick, "Idle"))
        return self.busy[station] + (0 if state in AT_REST else tick - since)


@dataclass(frozen=True)
class Rate:
    """Cells a second that a line gives in steady state, and the family of stations that limits."""

    cells_per_s: float
    limited_by: str


class Templates:
    """A template run of a world's scenario, with the world's models."""

    def __init__(self, world: World) -> None:
        self._scenario = world.scenario
        self._listener = _Listener()
        self._cells_per_lot: dict[str, float] = {}
        digest = hashlib.sha256(f"{world.scenario.seed}|stock".encode()).digest()
        self.driver = Rarities(Streams(int.from_bytes(digest[:8], "little")))
        scenario = _simplified(world.scenario)
        self._world = World(scenario, world.models, self.driver, self._listener, make_station)
        self.driver.watch(self._world)
        self.taps: dict[str, Tap] = defaultdict(Tap)
        self._givers = {
            path: config.path
            for config in scenario.stations.values()
            for path in config.gives.values()
        }

    def run(self) -> None:
        """Run to the end, noting every lot that comes to a place."""
        self._world.begin()
        chambers = [each for each in self._world.equipment() if isinstance(each, Chamber)]
        while self._world.step():
            if not self._listener.stirred:
                continue
            self._listener.stirred = False
            for path, buffer in self._world.buffers.items():
                self._note(path, ((name, ()) for name in buffer.lots[-RECENT:]))
            for path, tank in self._world.tanks.items():
                self._note(path, ((name, ()) for name in tank.batches))
            for chamber in chambers:
                inside = chamber.places[-RECENT:]
                self._note(chamber.name, ((str(place[0]), tuple(place[1:])) for place in inside))

    def _note(self, path: str, lots: Iterable[tuple[str, tuple[Any, ...]]]) -> None:
        tap = self.taps[path]
        for name, entry in lots:
            if name in tap.seen:
                continue
            tap.seen.add(name)
            lot, now = self._world.lots[name], self._world.now
            tap.kind = lot.kind
            if lot.kind == "tray" or len(tap.templates) < KEPT:
                tap.templates.append(Template(copy.deepcopy(lot), now, entry))
            tap.most = max(tap.most, lot.items)
            if not tap.is_full(lot):
                continue
            for material, amount in {**lot.content, **contents_of(lot)}.items():
                tap.contents[material] += amount
            tap.lots += 1
            if lot.kind == "tray":
                tap.cells += lot.items
                tap.numbers.append(lot.columns["number"].copy())
            tap.busy = self._listener.until(self._givers.get(path, ""), now)

    def cells_per_lot(self, path: str) -> float:
        """Return how many cells a lot at this place is, or will be; 0 where none came there.

        Asked for each lot of the stock: found once, when the template run is over.
        """
        if path not in self._cells_per_lot:
            self._cells_per_lot[path] = self._mean_cells(path)
        return self._cells_per_lot[path]

    def _mean_cells(self, path: str) -> float:
        tap = self.taps[path]
        if not tap.lots:
            return 0.0
        if tap.cells:
            weight = sum(float(self.driver.weight(numbers).sum()) for numbers in tap.numbers)
            return weight / self.driver.mean_weight() / tap.lots
        needed = self._active_material_of_a_cell()
        shares = [
            amount * self._web_yield(tap, m) / needed[m]
            for m, amount in tap.contents.items()
            if m in needed
        ]
        return sum(shares) / len(shares) / tap.lots if shares else 0.0

    @cached_property
    def tray_size(self) -> int:
        """Cells on the fullest tray."""
        return max((tap.most for tap in self.taps.values() if tap.cells), default=0)

    @property
    def days(self) -> float:
        """How long the template run took, in days of the line."""
        return self._world.now / DAY_TICKS

    def unreached(self) -> list[str]:
        """Return the tanks and buffers to which no lot came, as the scenario lists them."""
        return [path for path in self._scenario.buffers if not self.taps[path].seen]

    def stay_s(self, path: str) -> float:
        """Return the mean time that a lot stays in a chamber [s]; 0 where none came there."""
        entries = [template.entry for template in self.taps[path].examples()]
        stays = [int(due) - int(entered) for due, entered, *_ in entries]
        return sum(stays) / len(stays) / 1000 if stays else 0.0

    def paces(self) -> dict[str, float]:
        """Return cells a second of each family of stations: work, shifts and failures counted."""
        found = {}
        for unit in self._world.equipment():
            config = unit.config
            machines = self._scenario.stations_of(config.family)
            if isinstance(unit, Chamber):
                rate = self._of_chamber(unit, machines)
            else:
                rate = self._of_station(unit.config, machines)
            if rate > 0:
                found[config.family] = rate
        return found

    def rate(self) -> Rate:
        """Return what the slowest family of stations gives."""
        paces = self.paces()
        family = min(paces, key=lambda each: paces[each], default="")
        return Rate(paces.get(family, math.inf), family)

    def _of_chamber(self, unit: Chamber, machines: list[StationConfig]) -> float:
        stay_s = self.stay_s(unit.name)
        places = sum(each.parameters["parallel_places"].number for each in machines)
        return places * self.cells_per_lot(unit.name) / stay_s if stay_s else 0.0

    def _of_station(self, config: StationConfig, machines: list[StationConfig]) -> float:
        at = next(iter((config.gives or config.takes).values()), "")
        made = self.cells_per_lot(at) * self.taps[at].lots
        busy = self.taps[at].busy if config.gives else self._listener.busy[config.path]
        busy_s = busy / 1000
        if not made or not busy_s:
            return 0.0
        working = sum(self._open_share(each) * _availability(each) for each in machines)
        return working * made / busy_s

    def _open_share(self, config: StationConfig) -> float:
        spans = self._scenario.calendars[config.calendar].open_s
        return sum(end - start for start, end in spans) / WEEK_S if spans else 1.0

    def _web_yield(self, tap: Tap, material: str) -> float:
        """Return which part of what lies in the lots of a place gets into the stacker's rolls.

        Much of a coated roll is cut out later. Of slurry the same part as of coated rolls: what is
        left in a tank at the end says nothing.
        """
        rolls = [
            each.contents[material]
            for each in self.taps.values()
            if each.kind in ROLLS and each.contents.get(material)
        ]
        if not rolls:
            return 1.0
        return min(rolls) / (tap.contents[material] if tap.kind in ROLLS else max(rolls))

    def _active_material_of_a_cell(self) -> dict[str, float]:
        """Return kg of each active material in a finished cell."""
        trays = [tap for tap in self.taps.values() if tap.cells]
        roles = [c.materials.get("active_material") for c in self._scenario.stations.values()]
        return {
            role: trays[-1].contents[role] / trays[-1].cells
            for role in roles
            if role and trays and trays[-1].contents[role]
        }


def _simplified(scenario: Scenario) -> Scenario:
    """Return the scenario of the template run."""
    first: dict[str, StationConfig] = {}
    for config in scenario.stations.values():
        plain = replace(config, machine=None, failures=(), micro_stops=(), maintenance=())
        first.setdefault(config.family, plain)
    return replace(
        scenario,
        start="empty",
        order_cells=_order(scenario),
        duration_ticks=None,
        limit_ticks=LIMIT_TICKS,
        recording_ticks=2 * LIMIT_TICKS,
        stations={config.path: config for config in first.values()},
        calendars={name: replace(each, open_s=()) for name, each in scenario.calendars.items()},
        disturbances=(),
        deviations=(),
        faults=(),
        holds=(),
        materials={path: replace(each, exceptions={}) for path, each in scenario.materials.items()},
    )


def _order(scenario: Scenario) -> int:
    """Return how many cells the template run makes."""
    stations = scenario.stations.values()
    tray = _largest(config.parameters.get("tray_size") for config in stations)
    trays = sum(
        config.parameters["parallel_places"].number
        for config in stations
        if "parallel_places" in config.parameters
        and any(scenario.buffers[path].holds == "tray" for path in config.takes.values())
    )
    return max(CELLS, TRAYS * int(tray), round(PART * trays * tray))


def _largest(values: Iterable[Value | None]) -> float:
    return max((value.number for value in values if value is not None), default=0.0)


def _availability(config: StationConfig) -> float:
    """Return the share of time in which a machine that is wanted can work."""
    lost = sum(
        each.time_to_repair.number / each.time_between_failures.number
        for each in (*config.failures, *(stop.failure for stop in config.micro_stops))
    )
    lost += sum(each.duration.number / each.interval.number for each in config.maintenance)
    return 1 / (1 + lost)
