"""What is no snapshot of this line is refused with a reason."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from line_support import Memory, make_world, pilot

from linetwin.errors import SimulationError
from linetwin.line import run

if TYPE_CHECKING:
    from linetwin.line.world import World


@pytest.fixture(scope="module")
def world() -> World:
    """A line, well under way."""
    world = make_world(pilot(40), Memory())
    world.begin()
    for _ in range(500):
        world.step()
    return world


@pytest.fixture(scope="module")
def blob(world: World) -> bytes:
    """A snapshot of the line."""
    return run.save(world, {"events": {"parts": 1, "rows": 5}})


def test_the_mark_comes_back(world: World, blob: bytes) -> None:
    """Where the run folder stood is part of the snapshot."""
    again = make_world(world.scenario, Memory())
    assert run.load(again, blob) == {"events": {"parts": 1, "rows": 5}}
    assert (again.now, again.events) == (world.now, world.events)


def test_another_scenario_is_refused(world: World, blob: bytes) -> None:
    """A snapshot goes on in the scenario that it was taken of, and in no other."""
    other = pilot(40, "cathode.coater.web_speed=1.1 m/min")
    with pytest.raises(SimulationError, match="belongs to another scenario"):
        run.load(make_world(other, Memory()), blob)


def test_another_format_is_refused(world: World, blob: bytes) -> None:
    """The message names both formats."""
    data = run.unseal(blob) | {"format": 99}
    with pytest.raises(SimulationError, match=f"format 99; this version reads format {run.FORMAT}"):
        run.load(make_world(world.scenario, Memory()), run.seal(data))


@pytest.mark.parametrize("kind", ["units", "crews", "supplies", "buffers", "tanks", "models"])
def test_missing_and_surplus_parts_are_named(world: World, blob: bytes, kind: str) -> None:
    """A part that only the line or only the snapshot knows is named, and nothing is changed."""
    for spoil in ("missing", "surplus"):
        data: dict[str, Any] = run.unseal(blob)
        name = next(iter(data[kind]))
        if spoil == "missing":
            del data[kind][name]
        else:
            name = "nobody.knows"
            data[kind][name] = {}
        again = make_world(world.scenario, Memory())
        with pytest.raises(SimulationError, match=f"differ in {kind}: {name}"):
            run.load(again, run.seal(data))
        assert (again.now, len(again.calendar.save())) == (0, 0)


@given(garbage=st.binary(max_size=200))
@settings(max_examples=50)
def test_garbage_is_refused(world: World, garbage: bytes) -> None:
    """Any bytes that are no snapshot end in a message, never in a traceback."""
    with pytest.raises(SimulationError, match="no snapshot of linetwin, or it is damaged"):
        run.load(world, garbage)


@given(place=st.floats(0, 0.999999), flip=st.integers(1, 255))
@settings(max_examples=50)
def test_a_damaged_snapshot_is_refused(world: World, blob: bytes, place: float, flip: int) -> None:
    """One wrong byte anywhere is noticed, and so is a file cut short."""
    index = int(place * len(blob))
    damaged = bytearray(blob)
    damaged[index] ^= flip
    for wrong in (bytes(damaged), blob[:index]):
        with pytest.raises(SimulationError, match="no snapshot of linetwin, or it is damaged"):
            run.load(world, wrong)


def test_a_world_may_be_loaded_more_than_once(world: World, blob: bytes) -> None:
    """Loading replaces whatever was there: going back in one process is exact too."""
    again = make_world(replace(world.scenario), Memory())
    run.load(again, blob)
    for _ in range(50):
        again.step()
    run.load(again, blob)
    assert run.save(again, {"events": {"parts": 1, "rows": 5}}) == blob
