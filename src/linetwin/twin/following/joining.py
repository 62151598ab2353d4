"""Joining a plant that is at work: a line is filled with what the plant has told of itself.

What lies in each buffer, tank and chamber is counted by the plant; of what kind it is, the template
run of the scenario says (`line/stock.py`). A lot that is in a machine waits in front of it in the
twin's line, and is taken at once; a batch is as far as the plant's would be that never stood still.
"""

from __future__ import annotations

import math
from bisect import insort
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from linetwin.line import stock
from linetwin.line.chamber import Chamber
from linetwin.line.kinds import KINDS
from linetwin.line.kinds.mixer import Mixer
from linetwin.twin.following.follower import UNLIMITED, Follower, Passing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from linetwin.line.world import Sink, World
    from linetwin.scenario.resolved import Scenario, StationConfig
    from linetwin.twin.events import EventKind, PlantEvent

ENDLESS = 1 << 52
"""Ticks that no twin lives to see: it ends when its user does."""
INSIDE = "in_process"
"""Name of the plant's counter of lots that are in a machine."""
TELLING = frozenset({"state", "taken", "given", "lot_in", "lot_out"})
"""Kinds of events by which a station is led."""
COUNTS_KEPT = 1_000
"""Values of a counter that are kept until the twin joins, the last ones."""


@dataclass
class Standing:
    """How a plant stands: the last event of each address. Of `tick` the latest.

    What lies in a place may have been told before lots passed; counters say how many did. What a
    server remembers of some counters says how long lots have lain, not how many lie anywhere: a
    place is reckoned from what came in and what went out, and of both as much must be known.
    """

    last: dict[tuple[str, str, str], PlantEvent] = field(default_factory=dict)
    tick: int = 0
    _counts: dict[tuple[str, str], list[tuple[int, float]]] = field(default_factory=dict)
    _remembered: dict[str, list[tuple[int, float]]] = field(default_factory=dict)

    def note(self, events: Iterable[PlantEvent]) -> None:
        """Take what is newer; of counters what is older, too."""
        for event in events:
            if not event.usable:
                continue
            key = event.kind, event.station, event.name
            known = self.last.get(key)
            if known is None or known.tick <= event.tick:
                self.last[key] = event
                self.tick = max(self.tick, event.tick)
            if event.kind in {"taken", "given"}:
                _keep(self._counts.setdefault((event.kind, event.station), []), event)

    def remember(self, events: Iterable[PlantEvent]) -> None:
        """Take what a server remembers of the counters `taken`."""
        for event in events:
            if event.usable and event.kind == "taken":
                _keep(self._remembered.setdefault(event.station, []), event)

    def stations(self) -> set[str]:
        """Return stations whose state or lots the plant tells."""
        return {event.station for event in self.last.values() if event.kind in TELLING}

    def levels(self) -> list[PlantEvent]:
        """Return what the plant tells to lie in buffers [lots] and tanks [kg]."""
        told = (event for event in self.last.values() if event.kind == "level")
        return [event for event in told if not math.isnan(event.value)]

    def inside(self) -> list[PlantEvent]:
        """Return how many lots the plant tells to be in machines and chambers."""
        told = (event for event in self.last.values() if event.name == INSIDE)
        return [event for event in told if not math.isnan(event.value)]

    def passed_since(self, tick: int, what: EventKind, station: str) -> int:
        """Return how many lots a station has taken or given after a tick, by its counter.

        A counter that was first heard of after it has counted one at least.
        """
        counts = self._counts.get((what, station), [])
        later = [value for at, value in counts if at > tick]
        if not later:
            return 0
        before = [value for at, value in counts if at <= tick]
        return max(0, round(later[-1] - (before[-1] if before else later[0] - 1)))

    def ages(self, station: str, count: int) -> tuple[int, ...]:
        """Return for how long the last lots that a station took have been there [ticks].

        Youngest first, at most `count`; of one that was taken before the plant was heard the
        counter tells when, as its last change; of those before it nothing is known. What is
        remembered of later than that was heard is of lots that are still to be followed in.
        """
        heard = self._counts.get(("taken", station), [])
        until = heard[-1][0] if heard else self.tick
        past = [each for each in self._remembered.get(station, []) if each[0] <= until]
        found: list[int] = []
        before = math.nan
        for tick, value in sorted(past + heard, key=lambda each: each[0]):
            rise = float(value > 0) if math.isnan(before) else value - before
            found += [self.tick - tick] * max(0, round(rise))
            before = value
        return tuple(reversed(found))[:count]

    def age(self, station: str) -> int:
        """Return how long ago a station took its last lot, by counter or name; 0: unknown.

        A clock that is ahead may tell it of a time to come.
        """
        ages = self.ages(station, 1)
        named = self.last.get(("lot_in", station, ""))
        age = ages[0] if ages else self.tick - named.tick if named is not None else 0
        return max(0, age)


def _keep(counts: list[tuple[int, float]], event: PlantEvent) -> None:
    """Put a counter's value where it belongs in time."""
    insort(counts, (event.tick, event.value), key=lambda each: each[0])
    del counts[:-COUNTS_KEPT]


def stocked(scenario: Scenario, standing: Standing) -> tuple[Scenario, dict[str, int]]:
    """Return a scenario that starts filled with what the plant has told; else as it says itself.

    And stations whose machines have a lot in them, which the twin's begin as it joins: how many
    lots are put in front of them, or begun of no other lot.
    """
    lots, shares = _levels(scenario, standing)
    waiting: dict[str, int] = {}
    ages: dict[str, tuple[int, ...]] = {}
    for event in standing.inside():
        config = scenario.stations.get(event.station)
        if config is None:
            continue
        path, count = config.path, _lots_inside(event, standing, config)
        sources = [each for each in config.takes.values() if each in lots]
        if issubclass(KINDS[config.kind], Chamber):
            lots[path], ages[path] = count, standing.ages(path, count)
        elif sources and count >= len(sources):  # a roll of each electrode, beside the tray
            waiting[path] = len(sources)
            for source in sources:
                lots[source] += 1
        elif count and not (buffers := scenario.buffers.keys() & set(config.takes.values())):
            waiting[path] = 1  # a batch under way: the twin's station begins it now
        elif count and all(scenario.buffers[each].kind == "tank" for each in buffers):
            waiting[path] = 0  # a roll under way: it is begun now, of what is in the tank
    stock_told = replace(scenario.stock, lots=lots, shares=shares, ages=ages)
    return replace(endless(scenario), start="filled", stock=stock_told), waiting


def _levels(scenario: Scenario, standing: Standing) -> tuple[dict[str, int], dict[str, float]]:
    """Return how many lots each buffer holds, and to what part each tank is full."""
    lots, shares = dict(scenario.stock.lots), dict(scenario.stock.shares)
    for event in standing.levels():
        buffer = scenario.buffers.get(event.station)
        if buffer is not None and buffer.kind == "tank":
            shares[event.station] = min(1.0, event.value / buffer.capacity)
        elif buffer is not None:
            lots[event.station] = _lots_in(event, standing, scenario)
    return lots, shares


def _lots_in(event: PlantEvent, standing: Standing, scenario: Scenario) -> int:
    """Return how many lots lie in a buffer, those reckoned that passed after its level was told.

    Where a counter on one side is of other places, too, what passed on the other says nothing.
    """
    found, path = round(event.value), event.station
    stations = scenario.stations.values()
    giving = [each for each in stations if path in each.gives.values()]
    taking = [each for each in stations if path in each.takes.values()]
    if any(len(each.gives) > 1 for each in giving) or any(len(each.takes) > 1 for each in taking):
        return found
    found += sum(standing.passed_since(event.tick, "given", each.path) for each in giving)
    found -= sum(standing.passed_since(event.tick, "taken", each.path) for each in taking)
    return max(0, found)


def half_made(scenario: Scenario, standing: Standing) -> set[str]:
    """Return stations in whose machines a lot was at work as the twin joined.

    It is the first that they hand over. What an instrument reads of it may be the mean of its last
    part only. Where the plant does not tell whether a machine is empty, it is taken not to be.
    """
    inside = {event.station: event for event in standing.inside()}
    return {
        path
        for path, each in scenario.stations.items()
        if not issubclass(KINDS[each.kind], Chamber)
        and (path not in inside or _lots_inside(inside[path], standing, each))
    }


def _lots_inside(event: PlantEvent, standing: Standing, config: StationConfig) -> int:
    """Return how many lots are in a machine, those reckoned that passed after it was told."""
    found = round(event.value)
    if len(config.takes) == 1 and len(config.gives) == 1:
        found += standing.passed_since(event.tick, "taken", config.path)
        found -= standing.passed_since(event.tick, "given", config.path)
    return max(0, found)


def endless(scenario: Scenario) -> Scenario:
    """Return a scenario that goes on for good, whatever it ordered."""
    return replace(scenario, order_cells=None, duration_ticks=ENDLESS, limit_ticks=ENDLESS)


@dataclass(frozen=True)
class Making:
    """How a twin's line is made: `world` of a scenario and a sink, as the commands make one."""

    world: Callable[[Scenario, Sink], World]
    onward: Sink | None = None


def join(scenario: Scenario, standing: Standing, making: Making) -> Follower:
    """Return a follower whose line stands as the plant does, at the plant's latest tick."""
    filled, waiting = stocked(scenario, standing)
    passing = Passing(making.onward)
    world = making.world(filled, passing)
    for buffer in world.buffers.values():
        buffer.capacity = UNLIMITED
    world.calendar.reset(standing.tick)
    stock.fill(world)
    world.begin()
    follower = Follower(world, passing)
    for station, count in waiting.items():
        begun = follower.leader.of(station)
        begun.used, begun.anew = -count, 1
        unit = world.station(station)
        if isinstance(unit, Mixer):
            unit.begin_ahead(standing.age(station))
    follower.join(standing.last.values())
    return follower
