"""The shipped baseline on compiled FMUs, saved and continued in fresh processes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from freezing import Frozen, Watch, at_random, check_all, freeze, outcome
from line_support import Memory, differences
from thaw import line

from linetwin.line import run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from linetwin.line.world import World

CELLS = 80
FMUS = "fmus"
MOMENTS: dict[str, Callable[[World], bool]] = {
    "mixing": lambda world: world.units["anode.mixer"].state.job.get("stage") == "disperse",
    "forming": lambda world: bool(world.units["cell.formation"].state.job.get("places")),
}


@pytest.fixture(scope="module")
def watch() -> Watch:
    """Notes the events of the plain run."""
    return Watch()


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory, watch: Watch) -> Frozen:
    """A small order, never saved."""
    return freeze(tmp_path_factory.mktemp("plain") / "run", CELLS, watch, FMUS)


@pytest.fixture(scope="module")
def numbers() -> dict[str, int]:
    """How many events each moment came after."""
    return {}


@pytest.fixture(scope="module")
def frozen(
    tmp_path_factory: pytest.TempPathFactory, plain: Frozen, watch: Watch, numbers: dict[str, int]
) -> Frozen:
    """The same order, saved after three random events and at two moments."""
    chosen = watch.choose(3)

    def wanted(world: World) -> bool:
        new = [name for name, is_now in MOMENTS.items() if name not in numbers and is_now(world)]
        numbers.update(dict.fromkeys(new, world.events))
        return bool(new) or world.events in chosen

    return freeze(tmp_path_factory.mktemp("frozen") / "run", CELLS, wanted, FMUS)


def test_the_same_seed_gives_the_same_tables(plain: Frozen, frozen: Frozen) -> None:
    """A run can be repeated bit by bit, and saving it on the way disturbs nothing."""
    assert (plain.events, plain.snapshots) == (frozen.events, {})
    assert differences(plain.folder, frozen.folder) == []


def test_a_thawed_line_of_fmus_goes_on_alike(frozen: Frozen, watch: Watch, tmp_path: Path) -> None:
    """Saved after random events and loaded in fresh processes: same events, same tables."""
    some = {number: frozen.snapshots[number] for number in watch.choose(3)}
    assert len(some) == 3
    check_all(replace(frozen, snapshots=some), tmp_path)


@pytest.mark.slow
def test_the_thawed_baseline_goes_on_alike_after_a_hundred_events(tmp_path: Path) -> None:
    """The baseline as it is shipped, 1,000 cells, after each of 100 random events."""
    found = freeze(tmp_path / "run", 1000, at_random(100, 1000, "shipped"), "shipped")
    assert len(found.snapshots) == 100
    check_all(found, tmp_path)


@pytest.fixture(scope="module")
def unused() -> dict[str, Any]:
    """What a snapshot holds of a line that has only just begun."""
    world = line(CELLS, FMUS, Memory())
    world.begin()
    return run.unseal(run.save(world, {}))


DROPPED = {
    "a station": ("mixing", "units", "anode.mixer"),
    "the FMU of a slurry": ("mixing", "models", "anode.mixer/mixing"),
    "the FMU of a machine": ("forming", "models", "cathode.coater/machine"),
    "the FMU of the building": ("forming", "models", "building"),
}


@pytest.mark.parametrize("dropped", DROPPED)
def test_the_comparison_fails_where_one_state_is_dropped(
    frozen: Frozen, numbers: dict[str, int], unused: dict[str, Any], dropped: str, tmp_path: Path
) -> None:
    """One unit or one FMU as it was at the beginning, all else restored: that is noticed."""
    moment, kind, name = DROPPED[dropped]
    data = run.unseal(frozen.snapshots[numbers[moment]])
    assert data[kind][name] != unused[kind][name]
    data[kind][name] = unused[kind][name]
    assert outcome(frozen, run.seal(data), tmp_path / "run") != []


def test_the_comparison_holds_where_nothing_is_dropped(
    frozen: Frozen, numbers: dict[str, int], tmp_path: Path
) -> None:
    """The control: unpacked and packed again, the same snapshot shows no difference."""
    data = run.unseal(frozen.snapshots[numbers["forming"]])
    assert outcome(frozen, run.seal(data), tmp_path / "run") == []
