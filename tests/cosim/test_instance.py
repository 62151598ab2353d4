"""Life cycle of instances: made and freed without end, broken ones replaced."""

from __future__ import annotations

import gc
from pathlib import Path

import pytest

from linetwin.cosim.instance import Instance, instantiate
from linetwin.errors import FmuError


@pytest.fixture(autouse=True)
def _nothing_left_by_others() -> None:
    """Instances of other tests that only the garbage collector reaches are gone before one counts.

    A command run in this process lets the collector look less often.
    """
    gc.collect()


def resident_pages() -> int:
    """Return this process's resident memory in pages."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])


def live(instance: Instance) -> Instance:
    """Initialise, step, save and restore."""
    instance.initialise()
    instance.step(0.0, 1.0)
    state = instance.save_state()
    instance.restore_state(state)
    instance.free_state(state)
    instance.free_state(state)
    return instance


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs Linux's /proc")
@pytest.mark.parametrize("name", ["web", "decay"])
def test_thousands_of_instances_leave_nothing(request: pytest.FixtureRequest, name: str) -> None:
    """Instances, saved states and resets give all memory back."""
    path = request.getfixturevalue(name)

    def cycle() -> None:
        with instantiate(path) as instance:
            live(instance).reset()
            live(instance)

    for _ in range(300):
        cycle()
    pages = resident_pages()
    for _ in range(2_000):
        cycle()
    assert resident_pages() - pages < 128
    with instantiate(path) as instance:
        assert instance.binary.instances == 1


def test_freeing_twice_does_no_harm(web: Path) -> None:
    """An instance that is freed, or dropped without freeing, is counted once."""
    first = live(instantiate(web))
    second = live(instantiate(web))
    assert first.binary.instances == 2
    first.free()
    first.free()
    del second
    assert first.binary.instances == 0


def test_after_a_fatal_error_nothing_is_called(web: Path) -> None:
    """FMI forbids every call after a fatal status: not even memory is given back."""
    instance = live(instantiate(web))
    with pytest.raises(FmuError, match=r"web at 1.000 s: told so"):
        instance.fail("told so", fatal=True)
    assert instance.broken
    assert instance.binary.instances == 0
    instance.free()
