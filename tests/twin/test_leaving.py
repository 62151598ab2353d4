"""A saved twin's line goes on by itself: what it foretells, and that nothing of it is lost."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from plant_support import HOUR, of_line, scenario_of
from test_following import JOINS, Plant, make_led

from linetwin.estimation.ensemble import Ensemble
from linetwin.line import run
from linetwin.line.drivers import ScriptedDriver
from linetwin.twin.advising.alone import Books, leave
from linetwin.twin.advising.kept import Kept, members_for
from linetwin.twin.following.joining import Making, Standing, join

if TYPE_CHECKING:
    from linetwin.scenario.resolved import Scenario

LEAVES, ENDS = 7 * HOUR, 12 * HOUR
SPEED = "cathode.coater.web_speed"


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    """The pilot line, filled."""
    return scenario_of(start="filled", order_cells=None, duration_ticks=ENDS)


@pytest.fixture(scope="module")
def plant(scenario: Scenario) -> Plant:
    """A plant, played to its end."""
    return Plant(scenario)


@pytest.fixture(scope="module")
def saved(scenario: Scenario, plant: Plant) -> Kept:
    """A twin of another seed that joined and followed the plant for hours."""
    other, standing = replace(scenario, seed=scenario.seed + 1), Standing()
    standing.note(plant.before(JOINS))
    follower = join(other, standing, Making(make_led))
    for tick, events in plant.steps:
        if JOINS < tick <= LEAVES:
            follower.advance(events, tick)
    members = Ensemble.begin({}, 2, np.random.default_rng(1))
    return Kept(follower.save(), members)


class Nothing:
    """A sink that keeps nothing."""

    def add(self, table: str, columns: object) -> None:
        """Take rows."""


class Alone:
    """A line that left its plant, and ran to an end."""

    def __init__(self, kept: Kept, ahead: Scenario, origin: Scenario, *asked: str) -> None:
        self.rows = of_line("line_support").Memory()
        books = Books(self.rows)
        self.world = of_line("line_support").make_world(ahead, books)
        self.otherwise = leave(self.world, kept, origin, asked)
        self.failing = {
            unit.name: dict(unit.state.to_failure)
            for unit in self.world.equipment()
            if unit.config.failures
        }
        books.open(self.world)
        while self.world.step():
            pass
        run.close(self.world)

    def given(self) -> Counter[str]:
        """Return how many lots each station handed over."""
        seen = {(r["station"], r["lot"]) for r in self.rows.rows["events"] if r["event"] == "give"}
        return Counter(station for station, _ in seen)


def ahead_of(scenario: Scenario, seed: int, *overrides: str) -> Scenario:
    """Return the scenario of a fork."""
    changes = {"start": "filled", "order_cells": None, "duration_ticks": ENDS}
    found = scenario_of(*overrides, **changes)
    return replace(found, seed=seed, window_ticks=(LEAVES, ENDS))


@pytest.fixture(scope="module")
def origin(scenario: Scenario) -> Scenario:
    """The twin's scenario."""
    return replace(scenario, seed=scenario.seed + 1)


@pytest.fixture(scope="module")
def alone(scenario: Scenario, saved: Kept, origin: Scenario) -> Alone:
    """The line as it is, left alone."""
    return Alone(saved, ahead_of(scenario, 7), origin)


def test_counts_of_the_next_hours_are_foretold(plant: Plant, alone: Alone) -> None:
    """Left alone for five hours each station hands over what the plant's does, to a fifth and two.

    The soak, whose lots were there when the twin joined, and what it feeds are left out: nobody
    told the twin when those lots came.
    """
    truth, found = plant.given_since(LEAVES), alone.given()
    unseen = {"cell.soak", "cell.degasser", "cell.pre_charge", "cell.formation"}
    assert sum(truth.values()) > 100
    for name in truth.keys() - unseen:
        assert abs(truth[name] - found[name]) <= 2 + 0.2 * truth[name], name


def test_what_a_led_line_lacks_is_drawn(alone: Alone) -> None:
    """Every machine that can fail will; its buffers hold what the line file says; nobody leads."""
    assert alone.failing
    for name, times in alone.failing.items():
        assert all(0 < ticks < ScriptedDriver.NEVER for ticks in times.values()), name
    world = alone.world
    assert world.leader is None
    for path, buffer in world.buffers.items():
        assert buffer.capacity == int(world.scenario.buffers[path].capacity)
    for path, tank in world.tanks.items():
        assert tank.capacity == world.scenario.buffers[path].capacity


def test_its_books_begin_with_what_is_in_the_line(alone: Alone) -> None:
    """Materials: stock and what was bought are what was lost, left over, or is in the line."""
    ledger = alone.rows.rows["ledger"]
    sums: dict[str, Counter[str]] = {}
    for row in ledger:
        if row["account"] == "material":
            entries = sums.setdefault(row["item"], Counter())
            entries[row["entry"]] += row["amount"]
    assert sum(each["stock"] for each in sums.values()) > 0
    for item, entries in sums.items():
        came = entries["in"] + entries["stock"]
        went = sum(entries[n] for n in ("cells", "scrap", "lost", "recovered", "in_process"))
        assert went == pytest.approx(came, rel=1e-9), item


def test_the_same_chance_gives_the_same_future(
    scenario: Scenario, saved: Kept, origin: Scenario, alone: Alone
) -> None:
    """A second fork has the same rows; one of a faster coater the same failures of the stacker."""
    again = Alone(saved, ahead_of(scenario, 7), origin)
    for table in ("events", "links", "ledger"):
        assert again.rows.rows[table] == alone.rows.rows[table], table
    change = f"{SPEED}=1.5 m/min"
    changed = Alone(saved, ahead_of(scenario, 7, change), origin, SPEED)
    assert changed.failing == alone.failing
    assert changed.world.parameters[SPEED] == pytest.approx(0.025)
    assert changed.given()["cathode.coater"] != 0


def test_replications_draw_members_each_once() -> None:
    """One future has the means; several draw members, all before one comes again."""
    kept = Kept(b"", Ensemble.begin({"a": 1.0}, 6, np.random.default_rng(1)))
    assert members_for(kept, 1, 1) == [None]
    drawn = members_for(kept, 9, 1)
    assert sorted(map(str, drawn[:6])) == list("012345")
    assert len(set(drawn[6:])) == 3
    assert drawn == members_for(kept, 9, 1)


def test_a_machine_that_the_plant_told_to_be_broken_is_repaired_first(
    scenario: Scenario, saved: Kept, origin: Scenario
) -> None:
    """One with work in hand is Aborted for its costliest failure until its crew has been there."""
    data = run.unseal(saved.line)
    told = data["mark"]["leader"]["told"]
    busy = [name for name, unit in data["units"].items() if unit["phase"] == "work"]
    broken = next(name for name in busy if scenario.stations[name].failures)
    told[broken]["state"] = "Aborted"
    world = of_line("line_support").make_world(ahead_of(scenario, 7), Nothing())
    leave(world, replace(saved, line=run.seal(data)), origin)
    state = world.units[broken].state
    failures = {each.cause: each for each in scenario.stations[broken].failures}
    assert state.failure == max(
        failures,
        key=lambda cause: (
            failures[cause].time_to_repair.number / failures[cause].time_between_failures.number
        ),
    )
    while state.mode != "Aborted":
        assert world.step()
    begun = world.now
    while state.mode == "Aborted":
        assert world.step()
    assert world.now > begun
    assert state.failure == ""
