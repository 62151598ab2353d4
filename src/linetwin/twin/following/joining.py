"""Joining a plant that is at work: a line is filled with what the plant has told of itself.

What lies in each buffer, tank and chamber is counted by the plant; of what kind it is, the template
run of the scenario says (`line/stock.py`). A lot that is in a machine waits in front of it in the
twin's line, and is taken at once.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from linetwin.line import stock
from linetwin.line.chamber import Chamber
from linetwin.line.kinds import KINDS
from linetwin.twin.following.follower import UNLIMITED, Follower, Passing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from linetwin.line.world import Sink, World
    from linetwin.scenario.resolved import Scenario
    from linetwin.twin.events import PlantEvent

ENDLESS = 1 << 52
"""Ticks that no twin lives to see: it ends when its user does."""
INSIDE = "in_process"
"""Name of the plant's counter of lots that are in a machine."""


@dataclass
class Standing:
    """How a plant stands: the last event of each address. Of `tick` the latest."""

    last: dict[tuple[str, str, str], PlantEvent] = field(default_factory=dict)
    tick: int = 0

    def note(self, events: Iterable[PlantEvent]) -> None:
        """Take what is newer."""
        for event in events:
            key = event.kind, event.station, event.name
            known = self.last.get(key)
            if event.usable and (known is None or known.tick <= event.tick):
                self.last[key] = event
                self.tick = max(self.tick, event.tick)

    def levels(self) -> dict[str, float]:
        """Return what the plant tells to lie in buffers [lots] and tanks [kg]."""
        return {
            event.station: event.value
            for event in self.last.values()
            if event.kind == "level" and not math.isnan(event.value)
        }

    def inside(self) -> dict[str, int]:
        """Return how many lots the plant tells to be in machines and chambers."""
        return {
            event.station: int(event.value)
            for event in self.last.values()
            if event.name == INSIDE and not math.isnan(event.value)
        }


def stocked(scenario: Scenario, standing: Standing) -> tuple[Scenario, dict[str, int]]:
    """Return a scenario that starts filled with what the plant has told; else as it says itself.

    And lots of the plant that are in a machine, by station: they are put in front of it, or begun.
    """
    lots, shares = dict(scenario.stock.lots), dict(scenario.stock.shares)
    for path, level in standing.levels().items():
        buffer = scenario.buffers.get(path)
        if buffer is not None and buffer.kind == "tank":
            shares[path] = min(1.0, level / buffer.capacity)
        elif buffer is not None:
            lots[path] = round(level)
    waiting: dict[str, int] = {}
    for path, count in standing.inside().items():
        config = scenario.stations.get(path)
        if config is None:
            continue
        sources = [each for each in config.takes.values() if each in lots]
        if issubclass(KINDS[config.kind], Chamber):
            lots[path] = count
        elif sources and count >= len(sources):  # a roll of each electrode, beside the tray
            waiting[path] = len(sources)
            for source in sources:
                lots[source] += 1
        elif count and not scenario.buffers.keys() & set(config.takes.values()):
            waiting[path] = 1  # a batch or roll under way: the twin's station begins it now
    stock_told = replace(scenario.stock, lots=lots, shares=shares)
    return replace(endless(scenario), start="filled", stock=stock_told), waiting


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
        follower.leader.of(station).used = -count
    follower.join(standing.last.values())
    return follower
