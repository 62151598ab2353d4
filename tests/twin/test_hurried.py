"""A twin's station that is behind the plant's gains on it, but makes what it hands over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st
from plant_support import HOUR, MINUTE, of_line, scenario_of

from linetwin.line.kinds.cells import scrap_cells
from linetwin.line.kinds.slitter import Slitter
from linetwin.line.kinds.web import DEFECTS
from linetwin.line.leading import LedDriver
from linetwin.line.streams import Streams
from linetwin.quantities.packml import STATES
from linetwin.twin.events import PlantEvent
from linetwin.twin.following.joining import Making, Standing, join

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from linetwin.line.world import Sink, World
    from linetwin.scenario.resolved import Scenario
    from linetwin.twin.following.follower import Follower

MIXER, SLITTER = "anode.mixer", "anode.slitter"
DOUBLES = of_line("doubles")


class Stirred(DOUBLES.DoubleContinuous):  # type: ignore[misc,name-defined]
    """A slurry whose `specific_energy` is the work done on it: mass times speed times time."""

    work = 0.0

    def start(self, tick: int, inputs: Mapping[str, float]) -> None:
        """Begin with an empty vessel."""
        super().start(tick, inputs)
        self.work = 0.0

    def advance(self, tick: int, inputs: Mapping[str, float]) -> None:
        """Reckon the work since the last time; the mass has grown evenly."""
        before, seconds = self._mass, (tick - self._tick) / 1000
        speed = self._inputs["rotor_speed"]
        super().advance(tick, inputs)
        self.work += speed * seconds * (before + self._mass) / 2

    def read(self, names: Sequence[str]) -> dict[str, float]:
        """Return outputs."""
        found: dict[str, float] = super().read(names)
        return found | ({"specific_energy": self.work} if "specific_energy" in names else {})


class Models(DOUBLES.Doubles):  # type: ignore[misc,name-defined]
    """Doubles whose slurries are stirred."""

    def continuous(self, config: Any, kind: str) -> Any:  # noqa: ANN401  as the doubles
        """Return a stirred slurry."""
        return Stirred(kind) if kind == "mixing" else super().continuous(config, kind)


def make_led(scenario: Scenario, sink: Sink) -> World:
    """Return a led line in which doses do not scatter."""
    driver = LedDriver(Streams(scenario.seed), without_scatter=[MIXER])
    world: World = of_line("line_support").make_world(scenario, sink, driver, Models())
    return world


def events_of(station: str, kind: str, ticks: Sequence[int]) -> list[PlantEvent]:
    """Return a counter that rises by one at each of these."""
    return [
        PlantEvent(tick, station, kind, value=float(number))  # type: ignore[arg-type]
        for number, tick in enumerate(ticks, start=1)
    ]


def joined(scenario: Scenario, station: str) -> Follower:
    """Return a follower of a plant in which only this station works."""
    standing = Standing()
    standing.note(PlantEvent(0, station, kind, value=0.0) for kind in ("taken", "given"))
    stopped = (each for each in scenario.stations if each != station)
    standing.note(PlantEvent(0, each, "state", value=float(STATES["Aborted"])) for each in stopped)
    return join(scenario, standing, Making(make_led))


def recipe_of(follower: Follower) -> dict[str, float]:
    """Return the times [s] of a batch, the speeds of its tool, and the `work` on a kilogram."""
    names = ("dosing_time", "dispersing_time", "discharge_time", "dosing_rotor_speed")
    found = {
        name: value
        for name in (*names, "rotor_speed")
        if isinstance(value := follower.world.parameters[f"{MIXER}.{name}"], float)
    }
    dosing = found["dosing_rotor_speed"] * found["dosing_time"] / 2
    return found | {"work": dosing + found["rotor_speed"] * found["dispersing_time"]}


def batches_of(follower: Follower) -> list[tuple[int, float]]:
    """Return when each batch is handed over from now on, and the work on a kilogram of it."""
    found: list[tuple[int, float]] = []

    def note(passed: Any) -> None:  # noqa: ANN401  a lot that has passed
        if passed.station == MIXER and passed.what == "give":
            lot = follower.world.lots[passed.lot]
            found.append((passed.tick, lot.properties["specific_energy"] / lot.amount))

    follower.on_pass = note
    return found


@settings(max_examples=3, deadline=None, phases=[Phase.generate])
@given(st.lists(st.integers(60, 300), min_size=4, max_size=6))
def test_a_hurried_mixer_hands_over_each_batch_with_the_plants_and_whole(
    minutes: list[int],
) -> None:
    """Whenever the plant's mixer hands over the twin's does, and its slurry has the work on it."""
    scenario = scenario_of(f"{MIXER}.discharge_time=10 min", start="filled", order_cells=None)
    follower = joined(scenario, MIXER)
    given_at = [sum(minutes[: i + 1]) * MINUTE for i in range(len(minutes))]
    taken_at = [0, *(tick + 5 * MINUTE for tick in given_at)]
    found = batches_of(follower)
    told = events_of(MIXER, "given", given_at) + events_of(MIXER, "taken", taken_at)
    follower.advance(told, given_at[-1] + 8 * HOUR)
    assert [tick for tick, _ in found] == given_at
    for _, work in found:
        assert work == pytest.approx(recipe_of(follower)["work"], rel=1e-9)


@settings(max_examples=3, deadline=None, phases=[Phase.explicit, Phase.generate])
@example(-2, "taken")
@given(st.integers(-2, 360), st.sampled_from(["taken", "lot_in"]))
def test_a_batch_that_was_under_way_goes_on_from_there(minutes: int, told_by: str) -> None:
    """The twin joins so long after the plant's batch was begun; then the plant says no more.

    A batch of a time to come, by a clock that is ahead, begins now.
    """
    scenario = scenario_of(start="filled", order_cells=None)
    begun, joins = 10 * HOUR, 10 * HOUR + minutes * MINUTE
    standing = Standing()
    stopped = (each for each in scenario.stations if each != MIXER)
    standing.note(PlantEvent(0, each, "state", value=float(STATES["Aborted"])) for each in stopped)
    standing.note([
        PlantEvent(begun, MIXER, "taken", value=7.0)
        if told_by == "taken"
        else PlantEvent(begun, MIXER, "lot_in", text="AM-0007"),
        PlantEvent(begun, MIXER, "measurement", "in_process", 1.0),
    ])  # fmt: skip
    standing.tick = joins
    follower = join(scenario, standing, Making(make_led))
    found, recipe = batches_of(follower), recipe_of(follower)
    follower.alone(silent=True)
    follower.advance([], joins + 6 * HOUR)
    names = ("dosing_time", "dispersing_time", "discharge_time")
    ends = min(begun, joins) + sum(recipe[name] for name in names) * 1000
    assert found[0][0] == pytest.approx(max(ends, joins), abs=3)
    assert found[0][1] == pytest.approx(recipe["work"], rel=1e-6)


STREAK, START = (float(DEFECTS.index(e)) for e in ("streak of agglomerates", DEFECTS[1]))


@pytest.mark.parametrize("led", [True, False])
def test_a_roll_that_the_plant_slit_is_slit_though_the_twins_is_all_bad(led: bool) -> None:  # noqa: FBT001
    """What the coater's start spoilt is cut out, the rest goes on; without a leader it is scrap."""
    follower = joined(scenario_of(start="filled", order_cells=None), SLITTER)
    world, station = follower.world, follower.world.station(SLITTER)
    assert isinstance(station, Slitter)
    (source,) = station.config.takes.values()
    rolls = [world.lots[name] for name in world.buffers[source].lots]
    assert rolls
    for roll in rolls:
        roll.columns["defect"][:] = STREAK
        roll.columns["defect"][:5] = START
    lengths = [float(np.diff(roll.columns["end_m"]).sum()) for roll in rolls]
    if not led:
        world.leader = None
        assert station.run_through(rolls[0].name) == []
        return
    given: list[str] = []
    follower.on_pass = lambda each: given.append(each.lot) if each.what == "give" else None
    ticks = [number * HOUR for number in range(1, len(rolls) + 1)]
    both = [tick for tick in ticks for _ in range(2)]
    told = events_of(SLITTER, "taken", ticks) + events_of(SLITTER, "given", both)
    follower.advance(told, ticks[-1] + HOUR)
    assert follower.leader.apart() == {}
    assert len(given) == 2 * len(rolls)
    assert world.lots[given[0]].amount == pytest.approx(lengths[0], abs=5.0)


@pytest.mark.parametrize("led", [True, False])
def test_a_tray_that_the_plant_hands_on_is_never_empty(led: bool) -> None:  # noqa: FBT001
    """Cells that are all bad stay on their tray; some are taken off it as by any line."""
    world = joined(scenario_of(start="filled", order_cells=None), SLITTER).world
    if not led:
        world.leader = None
    tray = next(lot for lot in world.lots.open_lots() if lot.kind == "tray" and lot.items > 1)
    count, some = tray.items, np.arange(tray.items) == 0
    scrap_cells(world, tray, some, SLITTER, ["worn"])
    assert tray.items == count - 1
    scrap_cells(world, tray, np.ones(count - 1, dtype=bool), SLITTER, ["worn"] * (count - 1))
    assert tray.items == (count - 1 if led else 0)
