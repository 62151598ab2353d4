"""A line saved after any event goes on in a fresh process as if nothing had happened.

The tests that drop a part of the saved state show that the comparison can fail.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pytest
from doubles import DoubleContinuous
from freezing import Frozen, at_random, check_all, freeze, outcome
from line_support import Memory, differences, in_memory, make_world, pilot, run_out

from linetwin.line import run
from linetwin.line.unit import UnitState

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from linetwin.line.world import World

CELLS = 40


@pytest.fixture(scope="module")
def frozen(tmp_path_factory: pytest.TempPathFactory) -> Frozen:
    """A small order, saved after six random events."""
    return freeze(tmp_path_factory.mktemp("frozen") / "run", CELLS, at_random(6, CELLS))


def is_coating(world: World) -> bool:
    """Whether a roll is being coated from the tank, not for the first time."""
    coater = world.units["cathode.coater"].state
    return (
        (coater.phase, coater.operation) == ("work", "coat")
        and coater.job["position"] > 0
        and world.tanks["cathode.tank"].level > 1
    )


MOMENTS: dict[str, Callable[[World], bool]] = {
    "mixing": lambda world: world.units["anode.mixer"].state.job.get("stage") == "disperse",
    "coating": is_coating,
    "repair": lambda world: bool(world.crews["maintenance"].busy),
    "store": lambda world: bool(world.buffers["cathode.dry_rolls"].lots),
    "stacking": lambda world: "tray" in world.units["cell.stacker"].state.job,
}


@pytest.fixture(scope="module")
def moments(tmp_path_factory: pytest.TempPathFactory) -> tuple[Frozen, dict[str, bytes]]:
    """An order, and snapshots of moments in which much depends on the state."""
    numbers: dict[str, int] = {}

    def wanted(world: World) -> bool:
        new = [name for name, is_now in MOMENTS.items() if name not in numbers and is_now(world)]
        numbers.update(dict.fromkeys(new, world.events))
        return bool(new)

    found = freeze(tmp_path_factory.mktemp("moments") / "run", 200, wanted)
    return found, {name: found.snapshots[number] for name, number in numbers.items()}


def test_saving_disturbs_nothing(frozen: Frozen, tmp_path: Path) -> None:
    """A run with snapshots writes the same tables as one without."""
    plain = freeze(tmp_path / "run", CELLS, lambda _: False)
    assert plain.events == frozen.events
    assert differences(frozen.folder, plain.folder) == []


def test_a_thawed_line_goes_on_alike(frozen: Frozen, tmp_path: Path) -> None:
    """Saved after random events and loaded in fresh processes: same events, same tables."""
    assert len(frozen.snapshots) == 6
    check_all(frozen, tmp_path)


@pytest.mark.slow
def test_a_thawed_baseline_goes_on_alike_after_a_hundred_events(tmp_path: Path) -> None:
    """The whole order of 1,000 cells, after each of 100 random events."""
    found = freeze(tmp_path / "run", 1000, at_random(100, 1000))
    assert len(found.snapshots) == 100
    check_all(found, tmp_path)


def test_after_any_event_of_a_short_stretch() -> None:
    """Every single event of a stretch with ties, saved and loaded in this process, saves alike."""
    world = make_world(pilot(CELLS), Memory())
    world.begin()
    for _ in range(400):
        world.step()
        blob = run.save(world, {})
        again = make_world(world.scenario, Memory())
        assert run.load(again, blob) == {}
        assert run.save(again, {}) == blob


def test_a_line_saved_at_its_end_has_ended() -> None:
    """A snapshot after the last event knows that the order is complete."""
    world, _ = in_memory(pilot(40))
    again = make_world(world.scenario, Memory())
    run.load(again, run.save(world, {}))
    assert again.ended == "order"
    assert not again.step()


def _new_machine(data: dict[str, Any]) -> None:
    machine = DoubleContinuous("machine")
    machine.start(0, {"packml_state": 4.0})
    data["models"]["cathode.coater/machine"] = machine.save()


def _new_slurry(data: dict[str, Any]) -> None:
    slurry = DoubleContinuous("mixing")
    slurry.start(0, {})
    data["models"]["anode.mixer/mixing"] = slurry.save()


def _new_coater(data: dict[str, Any]) -> None:
    data["units"]["cathode.coater"] = vars(UnitState("cathode.coater"))


def _no_recorder(data: dict[str, Any]) -> None:
    data["calendar"] = [entry for entry in data["calendar"] if entry[1] != "recorder"]


Fault = tuple[str, "Callable[[dict[str, Any]], object]"]
FAULTS: dict[str, Fault] = {
    "a station": ("coating", _new_coater),
    "a tank": (
        "coating",
        lambda data: data["tanks"]["cathode.tank"].update(batches={}),
    ),
    "a buffer": ("store", lambda data: data["buffers"]["cathode.dry_rolls"]["lots"].clear()),
    "who waits at a buffer": (
        "coating",
        lambda data: data["buffers"]["cell.stacked"]["takers"].clear(),
    ),
    "the crew": ("repair", lambda data: data["crews"]["maintenance"]["busy"].clear()),
    "a stream": (
        "coating",
        lambda data: data["driver"].pop("cathode.coater|pump ripple|normal"),
    ),
    "a machine model": ("coating", _new_machine),
    "a slurry model": ("mixing", _new_slurry),
    "a calendar entry": ("coating", _no_recorder),
    "a supply": (
        "stacking",
        lambda data: data["supplies"]["cell.separator"].update(lot="", remaining=0.0),
    ),
    "a lot": ("stacking", lambda data: data["lots"]["lots"].pop()),
    "the counters of names": ("stacking", lambda data: data["lots"]["counters"].clear()),
    "the ledger": ("coating", lambda data: data["ledger"][0].clear()),
    "the counts of cells": ("stacking", lambda data: data["counts"].clear()),
}


@pytest.mark.parametrize("dropped", FAULTS)
def test_the_comparison_fails_where_state_is_dropped(
    moments: tuple[Frozen, dict[str, bytes]], dropped: str, tmp_path: Path
) -> None:
    """The check finds out when a single part's state is not restored."""
    frozen, blobs = moments
    moment, drop = FAULTS[dropped]
    data = run.unseal(blobs[moment])
    drop(data)
    blob = run.seal(data)
    assert blob != blobs[moment]
    assert outcome(frozen, blob, tmp_path / "run") != []


@pytest.mark.parametrize("moment", MOMENTS)
def test_the_comparison_holds_where_nothing_is_dropped(
    moments: tuple[Frozen, dict[str, bytes]], moment: str, tmp_path: Path
) -> None:
    """The control: unpacked and packed again, the same snapshot shows no difference."""
    frozen, blobs = moments
    blob = run.seal(run.unseal(blobs[moment]))
    assert blob == blobs[moment]
    assert outcome(frozen, blob, tmp_path / "run") == []


def is_close(one: object, other: object) -> bool:
    """Whether two entries of a table are equal, numbers but for their rounding."""
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-12) or (
            math.isnan(one) and math.isnan(other)
        )
    return one == other


def test_waking_everybody_once_more_changes_nothing(frozen: Frozen) -> None:
    """After a restore, every unit is woken for no reason: what happens stays the same.

    Energies may differ by rounding: a machine is integrated over two stretches instead of one.
    """
    for blob in frozen.snapshots.values():
        expected, found = Memory(), Memory()
        for sink, spurious in ((expected, False), (found, True)):
            world = make_world(pilot(CELLS), sink)
            run.load(world, blob)
            while world.calendar.next_tick() == world.now:  # let the present tick settle
                world.step()
            for name in world.units if spurious else ():
                world.calendar.kick(name)
            run_out(world)
        for table, rows in expected.rows.items():
            assert len(rows) == len(found.rows[table]), table
            for one, other in zip(rows, found.rows[table], strict=True):
                assert one.keys() == other.keys()
                assert all(is_close(one[name], other[name]) for name in one), (one, other)
