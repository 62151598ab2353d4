"""A twin's line keeps in step with a plant of another seed, by what the plant tells alone."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from plant_support import HOUR, MINUTE, of_line, panelled, scenario_of

from linetwin.line import stock
from linetwin.line.leading import LedDriver
from linetwin.line.streams import Streams
from linetwin.twin.events import PlantEvent
from linetwin.twin.following.follower import Follower, Passed, Passing
from linetwin.twin.following.joining import Making, Standing, join, stocked
from linetwin.twin.following.leader import PlantLeader, Tally
from linetwin.twin.plant.carrying import Carrier
from linetwin.twin.plant.requests import Clerk
from linetwin.twin.plant.telling import Telling
from linetwin.twin.plant.unserved import UnservedPlant

if TYPE_CHECKING:
    from collections.abc import Iterator

    from linetwin.line.world import Sink, World
    from linetwin.scenario.resolved import Scenario

JOINS, ENDS, SAVED = 3 * HOUR, 14 * HOUR, 8 * HOUR
Step = tuple[int, list[PlantEvent]]


def make_led(scenario: Scenario, sink: Sink) -> World:
    """Return a line on doubles in which nothing fails by itself."""
    driver = LedDriver(Streams(scenario.seed))
    world: World = of_line("line_support").make_world(scenario, sink, driver)
    return world


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    """The pilot line, filled, that records every minute."""
    changes = {"order_cells": None, "duration_ticks": ENDS, "recording_ticks": 5 * MINUTE}
    return scenario_of(start="filled", **changes)


class Plant:
    """A plant that has been played to its end; `steps`: tick and events, minute by minute."""

    def __init__(self, scenario: Scenario) -> None:
        self.world, panel, self.truth, model = panelled(scenario)
        stock.fill(self.world)
        nodes = [tag.node for tag in model.tags()]
        plant = UnservedPlant(self.world, panel, Carrier(nodes, (), scenario.seed), Clerk(model))
        telling = Telling(model)
        self.first = list(telling.first())
        self.steps: list[Step] = []
        told, heard, due = plant.begin(), [], 0
        while told is not None:
            heard += telling.events(told.changes, told.tick)
            if told.tick >= due:
                self.steps.append((told.tick, heard))
                heard, due = [], told.tick + MINUTE
            told = plant.step()
        self.steps.append((self.world.now, heard))

    def before(self, tick: int) -> Iterator[PlantEvent]:
        """Yield all that was told until a tick."""
        yield from self.first
        for at, events in self.steps:
            if at <= tick:
                yield from events

    def given_since(self, tick: int) -> Counter[str]:
        """Return lots handed over since a tick, by station, from the plant's own tables."""
        seen = {
            (row["station"], row["lot"])
            for row in self.truth.of("events")
            if row["event"] == "give" and row["tick"] > tick
        }
        return Counter(station for station, _ in seen)


class Pair:
    """A twin that joined a plant of another seed and followed it; `saved`: in two halves."""

    def __init__(
        self, scenario: Scenario, plant: Plant, *, saved: bool = False, joins: int = JOINS
    ) -> None:
        self.plant, self.apart, self.passed = plant, [], list[Passed]()
        self.lagging: set[str] = set()
        other = replace(scenario, seed=scenario.seed + 1)
        standing = Standing()
        standing.note(plant.before(joins))
        self.follower = join(other, standing, Making(make_led))
        self.follower.on_pass = self.passed.append
        self.joined = standing.tick
        for tick, events in plant.steps:
            if tick <= joins:
                continue
            self.follower.advance(events, tick)
            leader = self.follower.leader
            self.apart.append(leader.apart())
            self.lagging |= leader.lagging().keys()
            self.lagging |= {name for name, told in leader.told.items() if told.made and told.apart}
            if saved and tick >= SAVED:
                saved = False
                self._again(stocked(other, standing)[0])

    def _again(self, scenario: Scenario) -> None:
        """Go on from a saved state in a line newly made."""
        blob, passing = self.follower.save(), Passing()
        self.follower = Follower(make_led(scenario, passing), passing)
        self.follower.on_pass = self.passed.append
        self.follower.load(blob)
        assert self.follower.save() == blob


@pytest.fixture(scope="module")
def plant(scenario: Scenario) -> Plant:
    """Return the plant."""
    return Plant(scenario)


@pytest.fixture(scope="module")
def pair(scenario: Scenario, plant: Plant) -> Pair:
    """Return plant and twin."""
    return Pair(scenario, plant)


def test_a_station_hands_over_when_the_plants_did(pair: Pair) -> None:
    """Every buffer holds what the plant's holds, to a lot; tanks to a twentieth of a batch."""
    world = pair.follower.world
    for path, buffer in pair.plant.world.buffers.items():
        assert abs(buffer.level - world.buffers[path].level) <= 1, path
    for path, tank in pair.plant.world.tanks.items():
        assert world.tanks[path].level == pytest.approx(tank.level, abs=1.5), path


def test_lots_are_counted_as_the_plants_tables_count_them(pair: Pair) -> None:
    """Since it joined each station of the twin has handed over as many lots, to one."""
    truth = pair.plant.given_since(pair.joined)
    mine = Counter(each.station for each in pair.passed if each.what == "give")
    led = [each.name for each in pair.follower.world.equipment() if each.config.gives]
    assert sum(truth[name] for name in led) > 100
    for name in led:
        assert abs(truth[name] - mine[name]) <= 1, name


def test_it_is_seldom_behind_and_catches_up(pair: Pair) -> None:
    """No station is ever more than two lots behind, nor behind for a tenth of the time."""
    behind: Counter[str] = Counter()
    for each in pair.apart:
        assert max(each.values(), default=0) <= 2, each
        behind.update(each)
    for name, minutes in behind.items():
        assert minutes < 0.1 * len(pair.apart), name


def test_a_lot_has_the_plants_name(pair: Pair) -> None:
    """A roll is known by the name under which the plant's own tables have it."""
    known = {row["lot"] for row in pair.plant.truth.of("events") if row["event"] == "give"}
    named = [each for each in pair.passed if each.what == "give" and each.plant_lot]
    assert len(named) > 100
    assert {each.plant_lot for each in named} <= known


def test_saved_and_continued_it_is_the_same(scenario: Scenario, plant: Plant, pair: Pair) -> None:
    """A follower that was saved on the way ends with the same bits."""
    again = Pair(scenario, plant, saved=True)
    assert again.passed == pair.passed
    assert again.follower.save() == pair.follower.save()


@pytest.mark.parametrize("hours", [8.5, 9.9])
def test_a_batch_is_as_far_as_the_plants_whenever_the_twin_joins(
    scenario: Scenario, plant: Plant, hours: float
) -> None:
    """No station is late after its first lot; the next batch is begun with the plant's."""
    late = Pair(scenario, plant, joins=round(hours * HOUR))
    assert not late.lagging
    begun = [
        (row["tick"], row["station"])
        for row in plant.truth.of("events")
        if row["station"].endswith(".mixer") and row["event"] == "take"
    ]
    mine = [
        (each.tick, each.station)
        for each in late.passed
        if each.station.endswith(".mixer") and each.what == "take" and each.tick > late.joined
    ]
    for tick, station in mine:
        assert min(abs(tick - at) for at, name in begun if name == station) <= 2 * MINUTE
    given = [
        each for each in late.passed if each.station == "cathode.mixer" and each.what == "give"
    ]
    assert given


def test_materials_balance_with_what_was_assimilated(pair: Pair) -> None:
    """What a tank's level was brought to is booked, so nothing comes from nowhere."""
    world = pair.follower.world
    slurry = {
        material
        for path in world.tanks
        for batch in world.tanks[path].batches
        for material in world.lots[batch].content
    }
    assert slurry
    booked = {material: world.ledger.total(material, "assimilated") for material in slurry}
    assert any(booked.values())


# ------------------------------------------------------------------------------------- counting
@given(st.lists(st.sampled_from(["name", "count", "both", "reset", "lost"]), max_size=30))
def test_lots_are_counted_through_losses_and_resets(what: list[str]) -> None:
    """Names or counter alone, both, a reset counter, a name lost: no lot is counted twice."""
    tally, lots, counter, named = Tally(), 0, 7.0, 0
    tally.take_count(counter)
    for each in what:
        if each == "reset":
            counter = 0.0
            tally.take_count(counter)
            continue
        lots += 1
        counter += 1.0
        if each in {"count", "both"}:
            tally.take_count(counter)
        if each in {"name", "both"}:
            named += 1
            tally.take_name(f"lot-{lots}", joined=True)
    assert named <= max(tally.lots, 0) <= lots
    tally.take_count(counter)
    if "reset" not in what:
        assert tally.lots == lots


def test_a_state_that_nobody_mapped_says_nothing() -> None:
    """An unknown code is no state of the plant: the machine is not stopped by it."""
    leader = PlantLeader(["a"], ["a"], [])
    leader.note(PlantEvent(0, "a", "state", value=9.0))
    assert leader.stop("a") == "plant: Aborted"
    leader.note(PlantEvent(1, "a", "state"))
    assert leader.stop("a") == "plant: Aborted"
    leader.note(PlantEvent(2, "a", "state", value=6.0))
    assert leader.stop("a") == ""


# ------------------------------------------------------------------------------ names of lots
def told(kind: str, tick: int, value: float = 0.0, text: str = "") -> PlantEvent:
    """Return what station `a` tells."""
    return PlantEvent(tick, "a", kind, value=value, text=text)  # type: ignore[arg-type]


@pytest.mark.parametrize("first", ["name", "count"])
def test_names_are_right_again_after_lots_that_nobody_heard_of(first: str) -> None:
    """Ten lots pass while the twin is away: the next have the plant's names, in either order."""
    leader = PlantLeader(["a"], ["a"], [])
    leader.note(told("given", 0, 50.0))
    leader.joined = True
    for number in (51, 52, *range(63, 67)):
        pair = [told("lot_out", number * HOUR, text=f"plant-{number}")]
        pair.insert(first == "name", told("given", number * HOUR, float(number)))
        for each in pair:
            leader.note(each)
        while leader.apart():
            leader.gave("a", f"own-{leader.of('a').made}")
        expected = f"plant-{number}"
        assert leader.plant_name("a") == expected
        assert leader.plant_lot("b", f"own-{number - 51}") == expected
        saved = leader.save()
        leader = PlantLeader(["a"], ["a"], [])
        leader.load(saved)
    assert leader.plant_lot("a", "own-5") == ""


def test_a_lot_in_work_has_the_name_under_which_the_plant_began_it(pair: Pair) -> None:
    """By the plant's own tables: the n-th lot that each station has handed over since it joined."""
    leader, right, known = pair.follower.leader, 0, 0
    kinds = ("coater", "calender", "slitter", "notcher")
    for station in (f"{electrode}.{kind}" for electrode in ("cathode", "anode") for kind in kinds):
        taken = [
            row["lot"]
            for row in pair.plant.truth.of("events")
            if (row["station"], row["event"]) in {(station, "take"), (station, "give")}
        ]
        since = [
            row["lot"]
            for row in pair.plant.truth.of("events")
            if (row["station"], row["event"]) == (station, "give") and row["tick"] > pair.joined
        ]
        own = [e.lot for e in pair.passed if (e.station, e.what) == (station, "give")]
        for mine, lot in zip(own, since, strict=False):
            name = leader.plant_lot(station, mine)
            assert name in {"", *taken}
            known += bool(name)
            right += name == lot
    assert known > 20
    assert right == known
