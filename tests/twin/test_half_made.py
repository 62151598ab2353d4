"""A roll that was in a machine as the twin joined: no instrument's reading of it counts."""

from __future__ import annotations

from dataclasses import replace

import pytest
from plant_support import HOUR, MINUTE, scenario_of
from test_following import Plant
from test_twin_of_plant import parts_of, twin_scenario

from linetwin.scenario import load
from linetwin.twin import session
from linetwin.twin.assimilating.entries import Reading
from linetwin.twin.events import PlantEvent
from linetwin.twin.following.joining import Standing, half_made
from linetwin.twin.session import Session

ENDS = 13 * HOUR
COATER, CALENDER = "anode.coater", "anode.calender"


@pytest.fixture(scope="module")
def plant() -> Plant:
    """Return the shipped plant, on doubles."""
    found = replace(load("live_plant"), recording_ticks=10 * MINUTE, duration_ticks=ENDS)
    return Plant(found)


@pytest.fixture(autouse=True)
def _heard_of_every_ten_minutes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Records ten minutes apart, which keep the plant quick to play, are no silence of it."""
    monkeypatch.setattr(session, "DEAF_TICKS", HOUR)


def joined(plant: Plant, station: str, tick: int) -> Session:
    """Return a twin of one station that joins the plant at a tick.

    At the calender no coating is estimated, so that rolls are learnt from as they come.
    """
    scenario, standing = twin_scenario(), Standing()
    config = scenario.twin
    assert config is not None
    config = replace(
        config,
        estimates=tuple(each for each in config.estimates if each.station == station),
        instruments=tuple(each for each in config.instruments if each.station == station),
        predicts=tuple(each for each in config.predicts if each.station == station),
    )
    standing.note(plant.before(tick))
    return Session.join(parts_of(replace(scenario, twin=config)), standing)


def follow(twin: Session, plant: Plant, until: int) -> tuple[list[str], int, int]:
    """Follow the plant; return what is kept of rolls, and how many predictions and outcomes.

    Kept are instruments, "" for the roll itself.
    """
    begun = twin.followed
    for tick, events in plant.steps:
        if begun < tick <= until:
            twin.hear(events, tick)
    entries = twin.parts.assimilator._journal.entries
    kept = [each.instrument if isinstance(each, Reading) else "" for each in entries]
    return kept, len(twin.predictions()), len(twin.outcomes())


def passed(plant: Plant, station: str, what: str) -> list[int]:
    """Return when the plant's station took or handed over its rolls [ticks]."""
    rows = plant.truth.of("events")
    return [e["tick"] for e in rows if (e["station"], e["event"]) == (station, what)]


@pytest.mark.parametrize(("station", "minutes"), [(COATER, 20), (COATER, 100), (CALENDER, 20)])
def test_nothing_of_a_roll_that_was_at_work_counts_and_all_of_the_next_does(
    plant: Plant, station: str, minutes: int
) -> None:
    """By the plant's own tables: of the first roll nothing is kept, of the second everything.

    A twin that was saved and loaded while the first was at work goes on so.
    """
    begun = passed(plant, station, "take")[0] + minutes * MINUTE
    first, second = passed(plant, station, "give")[:2]
    assert begun < first
    twin = joined(plant, station, begun)
    saved = twin.save({})
    assert follow(twin, plant, first + 5 * MINUTE) == ([], 0, 0)
    again, _ = Session.load(parts_of(twin.parts.scenario), saved)
    kept, _, _ = follow(again, plant, second + 5 * MINUTE)
    learning = again.parts.assimilator
    assert learning.counts["half made"] >= 2
    assert sorted(kept) == ["", *sorted(each.name for each in learning.config.instruments)]


def test_a_machine_that_was_empty_has_no_half_made_lot() -> None:
    """As the plant tells; one of which it does not tell it may hold one. Chambers have none."""
    scenario, standing = scenario_of(), Standing(tick=HOUR)
    for path, inside in ((COATER, 1.0), (CALENDER, 0.0), ("cell.soak", 9.0)):
        standing.note([PlantEvent(HOUR, path, "measurement", "in_process", inside)])
    found = half_made(scenario, standing)
    assert COATER in found
    assert CALENDER not in found
    assert "cathode.coater" in found
    assert "cell.soak" not in found
    standing.note([PlantEvent(2 * HOUR, COATER, "given", "", 7.0)])
    assert COATER not in half_made(scenario, standing)
