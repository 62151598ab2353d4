"""A line that is stuck says so, and why; one that only rests does not."""

from __future__ import annotations

from dataclasses import replace

import pytest
from small_line import HOUR, Setting, draw

from linetwin.errors import SimulationError
from linetwin.line.world import World

DAY = 86_400_000
LIMIT = 40 * DAY


def _order(topology: str, setting: Setting) -> World:
    """Return a drawn line with an order that nobody fulfils: its stations make no cells."""
    drawn = draw(topology, setting)
    scenario = replace(drawn.scenario, order_cells=1, duration_ticks=None, limit_ticks=LIMIT)
    stations = {
        config.path: type(drawn.units[config.path]) for config in scenario.stations.values()
    }
    return World(
        scenario, drawn.models, drawn.driver, drawn.sink,
        lambda config, world: stations[config.path](config, world),  # type: ignore[call-arg, arg-type]
    )  # fmt: skip


def _run(world: World) -> None:
    world.begin()
    while world.step():
        pass


def test_a_stuck_line_says_who_waits_for_what() -> None:
    """The second station waits for a third part that the first does not make."""
    world = _order("a[10 s] -> (1) -> b[10 s]", Setting(parts=2))
    with pytest.raises(SimulationError, match=r"stuck: b starved \(before_b is empty\)"):
        _run(world)
    assert world.now == DAY


def test_a_blocked_station_names_the_full_buffer() -> None:
    """The last station never works: its people never come."""
    setting = Setting(
        parts=9, calendars={"never": ((7 * 24 * HOUR - 1, 7 * 24 * HOUR - 1),)},
        works_by={"b": "never"},
    )  # fmt: skip
    with pytest.raises(SimulationError, match=r"a blocked \(before_b is full\); b off shift"):
        _run(_order("a[10 s] -> (1) -> b[10 s]", setting))


def test_a_line_at_rest_is_not_stuck() -> None:
    """One hour of work a week: the order is given up at its limit, not before."""
    weekly = ((6 * 24 * HOUR, 6 * 24 * HOUR + HOUR),)
    setting = Setting(parts=5000, calendars={"weekly": weekly}, works_by={"a": "weekly"})
    world = _order("a[10 s]", setting)
    _run(world)
    assert (world.ended, world.now) == ("limit", LIMIT)
