"""A chamber that fails: nothing moves until it is repaired, and what is inside stays on for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from doubles import Doubles
from line_support import Memory, run_out
from small_line import ALWAYS, Worker, number, story, told

from linetwin.line import run
from linetwin.line.chamber import Chamber
from linetwin.line.drivers import ScriptedDriver
from linetwin.line.world import World
from linetwin.scenario.deviations import Fault
from linetwin.scenario.resolved import (
    BufferConfig,
    CalendarConfig,
    CrewConfig,
    FailureConfig,
    MaintenanceConfig,
    Scenario,
    StationConfig,
)

if TYPE_CHECKING:
    from linetwin.line.equipment import Equipment
    from linetwin.line.lots import Lot

SCRIPT = {("oven", "failure.heater"): [8_000], ("oven", "repair.heater"): [30_000]}


class Oven(Chamber):
    """Bakes parts for ten seconds; notes how long each was baked."""

    role = "parts"

    def admit(self, lot: Lot) -> tuple[int, float]:
        """Ten seconds at a kilowatt."""
        del lot
        return 10_000, 1000.0

    def discharge(self, lot: Lot, stayed_s: float) -> None:
        """Note the time."""
        self.world.log_event(self.name, "note", lot=lot.name, cause=f"baked {stayed_s:g} s")


def _station(
    path: str, takes: dict[str, str], gives: dict[str, str], **extra: object
) -> StationConfig:
    return StationConfig(
        path=path, kind=path, title="Execute", room="hall", calendar="always", crew="crew",
        takes=takes, gives=gives, materials={},
        parameters={"cycle_time": number(3), "parts": number(3, "1"), "parallel_places": number(2)},
        processes={}, machine=None, **{"failures": (), **extra},  # type: ignore[arg-type]
    )  # fmt: skip


def _line(
    script: dict[tuple[str, str], list[float]] = SCRIPT,
    service: float | None = None,
    faults: tuple[Fault, ...] = (),
) -> World:
    """Return a[3 s] -> oven (two places) -> b[3 s]; `service`: 20 s after so many s of use."""
    failure = FailureConfig("heater", number(1), number(60), number(0, "1"))
    extra: dict[str, object] = {"failures": (failure,)}
    if service is not None:
        extra = {"maintenance": (MaintenanceConfig("cleaning", number(service), number(20)),)}
    stations = [
        _station("a", {}, {"out": "raw"}),
        _station("oven", {"parts": "raw"}, {"parts": "baked"}, **extra),
        _station("b", {"in": "baked"}, {}),
    ]
    scenario = Scenario(
        name="oven", title="", description="", start="empty", seed=1, order_cells=None,
        duration_ticks=90_000, limit_ticks=90_000, recording_ticks=90_000,
        stations={config.path: config for config in stations},
        buffers={path: BufferConfig(path, "lots", "tray", 2.0) for path in ("raw", "baked")},
        materials={}, calendars={"always": CalendarConfig("always", ALWAYS)},
        crews={"crew": CrewConfig("crew", 1, "always")}, building=None, disturbances=(),
        text="oven", files=(), faults=faults,
    )  # fmt: skip

    def make(config: StationConfig, world: World) -> Equipment:
        return (Oven if config.kind == "oven" else Worker)(config, world)

    return World(scenario, Doubles(), ScriptedDriver(script), Memory(), make)


def _story(world: World) -> str:
    lines = story(world).splitlines()
    return "\n".join(line for line in lines if " oven " in line and " give " not in line)


def test_a_failed_chamber_keeps_what_is_inside_for_as_much_longer() -> None:
    """Eight seconds of baking, 30 s of repair, then the rest: each part is baked for 10 s."""
    world = _line()
    world.begin()
    run_out(world)
    assert _story(world) == told("""
        0 oven Suspended (starved)
        3 oven take part-0001
        3 oven Execute
        6 oven take part-0002
        11 oven failure heater
        11 oven Aborted (heater)
        41 oven repair heater
        41 oven Execute
        43 oven baked 10 s part-0001
        43 oven take part-0003
        46 oven baked 10 s part-0002
        53 oven baked 10 s part-0003
        53 oven Suspended (starved)
    """)


@pytest.mark.parametrize("frozen_at", [None, 5, 9, 15, 30, 45])
def test_a_chamber_that_is_stopped_keeps_what_is_inside(frozen_at: int | None) -> None:
    """Stopped from 8 s to 12 s: baked 10 s all the same. A failure at 13 s counts its own time.

    A stop that falls into the repair costs nothing; the story is that of a line that was frozen.
    """
    faults = (
        Fault("cut", "oven", "stop", 8_000, 12_000, "power cut"),
        Fault("again", "oven", "stop", 20_000, 30_000, "power cut"),
    )
    script = {("oven", "failure.heater"): [6_000], ("oven", "repair.heater"): [30_000]}
    world = _line(script, faults=faults)
    world.begin()
    before = ""
    if frozen_at is not None:
        while world.now < frozen_at * 1000:
            world.step()
        before, blob = story(world) + "\n", run.save(world, {})
        world = _line(script, faults=faults)
        run.load(world, blob)
    run_out(world)
    lines = [each for each in (before + story(world)).splitlines() if " oven " in each]
    told_of = [each for each in lines if " give " not in each and "disturbance" not in each]
    assert "\n".join(told_of) == told("""
        0 oven Suspended (starved)
        3 oven take part-0001
        3 oven Execute
        6 oven take part-0002
        8 oven Aborted (power cut)
        12 oven Execute
        13 oven failure heater
        13 oven Aborted (heater)
        43 oven repair heater
        43 oven Execute
        47 oven baked 10 s part-0001
        47 oven take part-0003
        50 oven baked 10 s part-0002
        57 oven baked 10 s part-0003
        57 oven Suspended (starved)
    """)


def test_a_failed_chamber_draws_no_power() -> None:
    """Its heaters are off."""
    world = _line()
    oven = world.units["oven"]
    assert isinstance(oven, Oven)
    world.begin()
    drawn = {}
    while world.step():
        drawn[world.now] = oven.process_power()
    assert (drawn[6000], drawn[11_000], drawn[41_000]) == (2000.0, 0.0, 2000.0)


@pytest.mark.parametrize("seconds", [5, 11, 20, 42])
def test_a_failed_chamber_can_be_frozen(seconds: int) -> None:
    """Before the failure, at it, during the repair and after it."""
    whole, frozen, thawed = _line(), _line(), _line()
    whole.begin()
    run_out(whole)
    frozen.begin()
    while frozen.calendar.next_tick() is not None and frozen.calendar.next_tick() <= seconds * 1000:  # type: ignore[operator]
        frozen.step()
    run.load(thawed, run.save(frozen, {}))
    run_out(thawed)
    assert run.save(thawed, {}) == run.save(whole, {})


def test_a_chamber_due_for_maintenance_takes_nothing_in_until_it_is_empty_and_served() -> None:
    """Due after 8 s of use, at 11 s: both parts are baked to the end, the third waits 20 s."""
    world = _line({}, service=8)
    world.begin()
    run_out(world)
    assert _story(world) == told("""
        0 oven Suspended (starved)
        3 oven take part-0001
        3 oven Execute
        6 oven take part-0002
        13 oven baked 10 s part-0001
        16 oven baked 10 s part-0002
        16 oven maintenance cleaning
        16 oven Stopped (maintenance: cleaning)
        36 oven take part-0003
        36 oven Execute
        46 oven baked 10 s part-0003
        46 oven maintenance cleaning
        46 oven Stopped (maintenance: cleaning)
        66 oven Suspended (starved)
    """)
    assert world.crews["crew"].busy == []


def test_a_chamber_under_maintenance_is_saved_and_restored() -> None:
    """Frozen in the middle of the service, it ends as if it had not been."""
    plain, frozen = _line({}, service=8), _line({}, service=8)
    plain.begin()
    frozen.begin()
    while frozen.units["oven"].state.phase != "serve":
        frozen.step()
    thawed = _line({}, service=8)
    run.load(thawed, run.save(frozen, {}))
    run_out(plain)
    run_out(thawed)
    assert _story(thawed) in _story(plain)
    assert run.save(thawed, {}) == run.save(plain, {})
