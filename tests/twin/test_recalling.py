"""A plant remembers its counters, and a twin that joins late knows by them how long lots lie."""

from __future__ import annotations

import time
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from plant_support import HOUR, Running, guard_of, scenario_of

from linetwin.bench.in_process import NS_PER_TICK, written_mapping
from linetwin.cli.twin_feed import Beginning
from linetwin.cli.twin_recalling import Recalling
from linetwin.line import stock
from linetwin.twin.events import PlantEvent
from linetwin.twin.feed.process import FeedOrder
from linetwin.twin.following.joining import Standing
from linetwin.twin.following.meaning import Meaning
from linetwin.twin.opcua.health import Health
from linetwin.twin.plant import server as server_module
from linetwin.twin.security.certificates import read_certificate
from linetwin.twin.security.folders import SecurityFolder
from linetwin.twin.security.identity import Wish, create_identity
from linetwin.twin.security.trust import Trust

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SOAK = "cell.soak"
OPENS, HELD_AT = 2 * HOUR, 10 * HOUR
KEPT = 30


class Late:
    """A twin's client of a plant that is held; `origin`: the plant's line time 0 [ns UTC]."""

    def __init__(self, plant: Running, folder: Path) -> None:
        place = SecurityFolder(folder / "twin")
        identity = create_identity(place, Wish("twin"))
        Trust(place).add(read_certificate(plant.guard.identity.certificate_file))
        plant.guard.trust.add(read_certificate(identity.certificate_file))
        self.plant, self.scenario = plant, plant.scenario
        mapping = written_mapping(plant.model, plant.scenario, folder / "mapping.yaml")
        sources = {name: replace(each, played=True) for name, each in mapping.sources.items()}
        self.mapping = replace(mapping, sources=sources)
        self._order = FeedOrder(self.mapping.file, folder / "twin")

    def recall(self, endpoint: str) -> tuple[Standing, list[str]]:
        """Return what is known of the past, and what a person is told."""
        standing = Standing(tick=HELD_AT)
        (source,) = self.mapping.sources
        health = Health(source, "live", endpoint=endpoint, connections=1)
        recalling = Recalling(self.mapping, self.scenario, Beginning(self.mapping, self._order))
        clock = self.plant.server._clock
        assert clock is not None
        origin = round(clock.begun.timestamp() * 1e3) * NS_PER_TICK
        meaning = Meaning(self.mapping, self.scenario, origin)
        latest: Any = SimpleNamespace(health={source: health})
        return standing, recalling.recall(standing, meaning, latest)


@pytest.fixture(scope="module")
def late(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Late]:
    """A filled line that opened at 2 h and is held at 10 h, which remembers few values."""
    folder = tmp_path_factory.mktemp("late")
    scenario = scenario_of(start="filled", order_cells=None, duration_ticks=48 * HOUR)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(server_module, "REMEMBERED", KEPT)
        guard = guard_of(folder / "plant", anonymous=True)
        running = Running(scenario, guard, HELD_AT, opens=OPENS)
        stock.fill(running.world)
        running.begin()
        try:
            time.sleep(0.2)  # until the last values are published
            yield Late(running, folder)
        finally:
            running.end()


def test_what_the_plant_remembers_is_what_its_tables_say(late: Late) -> None:
    """Each remembered number of trays is that of the plant's own table at that time."""
    standing, words = late.recall(late.plant.endpoint)
    takes = [
        row["tick"]
        for row in late.plant.rows.of("events")
        if (row["station"], row["event"]) == (SOAK, "take")
    ]
    counts = standing._remembered[SOAK]
    assert 3 < len(counts) <= KEPT
    for tick, value in counts:
        assert value == sum(each <= tick + 1 for each in takes)
    assert counts[-1][1] == len(takes)
    ages, true = standing.ages(SOAK, 4), [HELD_AT - each for each in reversed(takes)][:4]
    assert all(a <= t + 2 and t - a < HOUR for a, t in zip(ages, true, strict=True))
    assert standing.last == {}  # what is remembered says nothing of how the plant stands
    count = sum(len(each) for each in standing._remembered.values())
    assert f" {count:,} past values of " in words[0]


def test_a_server_that_cannot_be_asked_leaves_a_doubt_that_is_told(late: Late) -> None:
    """No history: nothing is noted, and the chambers are named of which it is not known."""
    standing, words = late.recall("opc.tcp://127.0.0.1:9/plant")
    assert standing._remembered == {}
    (told,) = words
    assert told.startswith("not known how long lots have lain in ")
    assert "evenly up to their rest" in told


def test_history_that_comes_after_the_present_is_put_before_it() -> None:
    """Ages are the same whichever was heard first."""
    events = [PlantEvent(n * HOUR, SOAK, "taken", value=float(n)) for n in range(1, 6)]
    first, last = Standing(), Standing()
    first.note(events)
    last.note([events[-1], *events[:-1], events[-1]])
    first.tick = last.tick = 6 * HOUR
    assert first.ages(SOAK, 9) == last.ages(SOAK, 9) == tuple(n * HOUR for n in range(1, 6))
