"""What a plant has told of itself becomes the line that a twin joins with."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest
from plant_support import HOUR, MINUTE, of_line, panelled, scenario_of

from linetwin.line import stock
from linetwin.line.chamber import Chamber
from linetwin.line.leading import LedDriver
from linetwin.line.streams import Streams
from linetwin.twin.events import PlantEvent
from linetwin.twin.following.joining import Making, Standing, join, stocked
from linetwin.twin.plant.carrying import Carrier
from linetwin.twin.plant.requests import Clerk
from linetwin.twin.plant.telling import Telling
from linetwin.twin.plant.unserved import UnservedPlant

if TYPE_CHECKING:
    from linetwin.line.world import Sink, World
    from linetwin.scenario.resolved import Scenario

JOINS = 7 * HOUR
REST = 3 * HOUR
"""Soak: every tray that lies there as the twin joins was heard of."""


def told(tick: int, station: str, kind: str, value: float, name: str = "") -> PlantEvent:
    """Return a number that the plant tells."""
    return PlantEvent(tick, station, kind, name, value)  # type: ignore[arg-type]


def test_lots_that_passed_after_a_level_was_told_are_reckoned() -> None:
    """A level of 10 min ago, and counters that have risen since: what lies there now."""
    standing = Standing()
    standing.note([
        told(0, "cell.welded", "level", 2.0),
        told(0, "cell.inspection", "measurement", 0.0, "in_process"),
        told(-5, "cell.tab_welder", "given", 7.0),
        told(60, "cell.inspection", "taken", 4.0),
        told(90, "cell.tab_welder", "given", 8.0),
        told(95, "cell.tab_welder", "given", 9.0),
    ])  # fmt: skip
    assert standing.passed_since(0, "given", "cell.tab_welder") == 2
    assert standing.passed_since(0, "taken", "cell.inspection") == 1
    assert standing.passed_since(90, "given", "cell.tab_welder") == 1
    filled, waiting = stocked(scenario_of(), standing)
    assert waiting == {"cell.inspection": 1}
    assert filled.stock.lots["cell.welded"] == 2 + 2 - 1 + 1  # one of them in front of its machine


def test_ages_are_known_as_far_back_as_the_counter_was_heard() -> None:
    """Youngest first; a counter that jumps took several; what was reset took none."""
    standing = Standing()
    for tick, value in ((10, 5.0), (20, 6.0), (30, 8.0), (35, 0.0), (40, 1.0)):
        standing.note([told(tick, "cell.ageing", "taken", value)])
    standing.tick = 100
    assert standing.ages("cell.ageing", 9) == (60, 70, 70, 80, 90)
    assert standing.ages("cell.ageing", 2) == (60, 70)
    assert standing.ages("cell.soak", 9) == ()


def test_a_place_is_reckoned_by_what_was_heard_not_by_what_is_remembered() -> None:
    """A full buffer has not changed for hours: its level is old, and five lots have passed it.

    A server remembers what went out of it, not what came in; all of it lies there still.
    """
    standing = Standing()
    standing.note([
        told(0, "cell.wetted", "level", 10.0),
        told(0, "cell.pre_charge", "measurement", 8.0, "in_process"),
        told(50, "cell.soak", "given", 28.0),
        told(50, "cell.pre_charge", "taken", 18.0),
        told(50, "cell.pre_charge", "given", 10.0),
    ])  # fmt: skip
    past = [told(10 * n, "cell.pre_charge", "taken", 13.0 + n) for n in range(1, 6)]
    standing.remember([*past, told(61, "cell.pre_charge", "taken", 19.0)])
    standing.tick = 60
    filled, _ = stocked(scenario_of(), standing)
    assert filled.stock.lots["cell.wetted"] == 10
    assert filled.stock.lots["cell.pre_charge"] == 8
    assert filled.stock.ages["cell.pre_charge"] == (10, 20, 30, 40, 50)
    assert standing.last["taken", "cell.pre_charge", ""].value == 18.0  # it goes on from there


def test_a_buffer_that_one_takes_from_beside_others_holds_what_was_told() -> None:
    """Rolls of both electrodes go into one counter of the stacker: of which is not known."""
    standing = Standing()
    standing.note([
        told(0, "anode.dry_rolls", "level", 8.0),
        told(50, "anode.vacuum_dryer", "given", 7.0),
        told(50, "cell.stacker", "taken", 9.0),
    ])  # fmt: skip
    assert stocked(scenario_of(), standing)[0].stock.lots["anode.dry_rolls"] == 8


def test_a_lot_begun_anew_is_late_and_no_other_is() -> None:
    """Behind by the roll that was in the coater as the twin joined; two are one too many."""
    scenario = scenario_of(start="filled", order_cells=None, duration_ticks=JOINS)
    standing = Standing(tick=HOUR)
    coater = "cathode.coater"
    for path in scenario.stations:
        inside = float(path == coater)
        standing.note([told(HOUR, path, "measurement", inside, "in_process")])
        standing.note([told(HOUR, path, "state", 6.0), told(HOUR, path, "given", 5.0)])
    leader = join(scenario, standing, Making(make_led)).leader
    assert leader.of("anode.coater").anew == 0
    for passed, apart, lagging in ((1, 1, 0), (2, 2, 1)):
        leader.note(told(HOUR + passed, coater, "given", 5.0 + passed))
        assert leader.apart() == {coater: apart}
        assert leader.lagging().get(coater, 0) == lagging
    leader.gave(coater, "roll")
    assert leader.apart() == leader.lagging() == {coater: 1}


# ---------------------------------------------------------------------------- beside the plant
def make_led(scenario: Scenario, sink: Sink) -> World:
    """Return a led line on doubles."""
    world: World = of_line("line_support").make_world(
        scenario, sink, LedDriver(Streams(scenario.seed))
    )
    return world


class Heard:
    """A plant that was heard from its beginning; `last`: by what its tags show when one joins."""

    def __init__(self) -> None:
        changes = {"order_cells": None, "duration_ticks": JOINS + REST, "recording_ticks": MINUTE}
        self.scenario = scenario_of("cell.soak.soak_time=3 h", start="filled", **changes)
        self.world, panel, self.truth, model = panelled(self.scenario)
        stock.fill(self.world)
        nodes = [tag.node for tag in model.tags()]
        plant = UnservedPlant(
            self.world, panel, Carrier(nodes, (), self.scenario.seed), Clerk(model)
        )
        telling = Telling(model)
        self.history, self.last = Standing(), Standing()
        self.history.note(telling.first())
        step = plant.begin()
        while step is not None:
            if step.tick <= JOINS:
                self.history.note(telling.events(step.changes, step.tick))
            step = plant.step()
        self.last.note(self.history.last.values())
        self.history.tick = self.last.tick = JOINS

    def left(self, station: str) -> list[int]:
        """Return when the plant's station handed lots over while they rested, from joining on."""
        return [
            row["tick"]
            for row in self.truth.of("events")
            if (row["station"], row["event"]) == (station, "give") and row["tick"] > JOINS
        ]

    def dues(self, standing: Standing, station: str) -> list[int]:
        """Return when lots of a twin that joins so are due."""
        unit = join(self.scenario, standing, Making(make_led)).world.station(station)
        assert isinstance(unit, Chamber)
        return sorted(int(place[1]) for place in unit.places)


@pytest.fixture(scope="module")
def heard() -> Heard:
    """Return a plant of ten hours."""
    return Heard()


def test_rests_end_when_the_plants_do(heard: Heard) -> None:
    """By the plant's own events: to a minute with its history; without it lots lie evenly."""
    errors = {}
    for name, standing in (("history", heard.history), ("last", heard.last)):
        due, left = heard.dues(standing, "cell.soak"), heard.left("cell.soak")
        assert abs(len(due) - len(left)) <= 1
        pairs = list(zip(due, left, strict=False))
        errors[name] = math.fsum(abs(a - b) for a, b in pairs) / len(pairs) / MINUTE
    assert errors["history"] < 1.0
    assert errors["last"] > 2 * errors["history"]


def test_an_empty_plant_whose_coater_stands_still_is_joined_as_it_is() -> None:
    """Nothing lies anywhere in the twin's line either, and its coater waits for the plant's."""
    scenario = scenario_of(start="filled", order_cells=None, duration_ticks=JOINS)
    standing = Standing(tick=HOUR)
    for path, buffer in scenario.buffers.items():
        standing.note([told(HOUR, path, "level", 0.0)])
        assert buffer.path == path
    for path in scenario.stations:
        aborted = path == "cathode.coater"
        standing.note([told(HOUR, path, "measurement", 0.0, "in_process")])
        standing.note([told(HOUR, path, "state", 9.0 if aborted else 6.0)])
        standing.note([told(HOUR, path, "given", 5.0), told(HOUR, path, "taken", 5.0)])
    follower = join(scenario, standing, Making(make_led))
    follower.advance([], 9 * HOUR)
    world = follower.world
    assert world.station("cathode.coater").state.mode == "Aborted"
    assert sum(buffer.level for buffer in world.buffers.values()) == 0
    assert follower.leader.apart() == {}
