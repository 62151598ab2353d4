"""Threads that step a Jacobi group together: the bits, errors and order of one thread."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from group_fmus import write_group

from linetwin.cosim.groups import FmuGroup, Terminal, compiled, read_group
from linetwin.cosim.kernel.crew_structures import Choice
from linetwin.cosim.kernel.library import kernel
from linetwin.errors import FmuError

if TYPE_CHECKING:
    from pathlib import Path

    from linetwin.cosim.groups import Group
    from linetwin.cosim.groups.crew import Crew

pytestmark = pytest.mark.skipif(
    kernel().kernel is None, reason=f"no compiled kernel: {kernel().reason}"
)


STAR = {
    "m0.neighbour": "m2.position",
    "m1.neighbour": {"from": "m2.position", "scale": 0.5},
    "m2.neighbour": "m1.position",
    "m3.neighbour": "m0.position",
}
"""Two levels in the order of the file: m0 and m1 take from m2, then m2 and m3 from them."""


@pytest.fixture(autouse=True)
def two_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    """Threads are used, also where the machine has but one processor."""
    monkeypatch.setattr(compiled, "processors", lambda: 2)
    monkeypatch.setattr("linetwin.cosim.groups.crew.processors", lambda: 2)


def ring(folder: Path, mass: Path, count: int, **changes: Any) -> Group:  # noqa: ANN401
    """Return masses of which each pulls at the next; the stiffer ones take longer."""
    names = [f"m{index}" for index in range(count)]
    members = {
        name: {"fmu": str(mass), "values": {"position": 1.0 + index, "stiffness": 40.0**index}}
        for index, name in enumerate(names)
    }
    for name, every in changes.pop("every", {}).items():
        members[name]["every"] = every
    joined = {f"{names[i]}.neighbour": f"{names[i - 1]}.position" for i in range(count)}
    content = {"step": "10 ms", "members": members, "connections": joined, **changes}
    return read_group(write_group(folder, **content))


def crew_of(group: FmuGroup) -> Crew:
    """Return the threads of a started group."""
    engine = group._engine
    assert isinstance(engine, compiled.CompiledEngine)
    assert engine.crew is not None
    return engine.crew


def run(group: Group, choice: Choice, ticks: list[int]) -> tuple[object, ...]:
    """Return all that a run shows; `choice` is kept from its start."""
    running = FmuGroup(group, [Terminal("m0", "position"), Terminal("m3", "velocity")])
    running.start(0, {})
    crew_of(running).insist(choice)
    for tick in ticks:
        running.advance(tick, {})
    shown = running.save()
    assert running.recorder is not None
    columns = {name: c.tobytes() for name, c in running.recorder.columns().items()}
    running.close()
    return shown, columns


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"extrapolate": "linear"},
        {"every": {"m1": 3, "m2": 2}, "step": "1/60 s"},
        {"order": "gauss-seidel", "connections": STAR},
        {"order": "gauss-seidel", "connections": STAR, "extrapolate": "linear", "every": {"m3": 2}},
    ],
)
def test_the_bits_do_not_depend_on_threads(
    tmp_path: Path, mass: Path, changes: dict[str, Any]
) -> None:
    """Alone, together, and while it is tried which is quicker; over grids and touches."""
    group = ring(tmp_path, mass, 4, **changes)
    ticks = [7, 300, 1300, 1301]
    alone = run(group, Choice.ALONE, ticks)
    assert run(group, Choice.TOGETHER, ticks) == alone
    assert run(group, Choice.UNDECIDED, ticks) == alone


def test_the_first_failure_in_order_is_told(tmp_path: Path, mass: Path, decay: Path) -> None:
    """Two fail at one point, in whatever order the threads come to them."""
    stops = {"fmu": str(decay), "values": {"limit": 0.25, "on": 1, "T": 20, "mode": 2}}
    swing = {"fmu": str(mass), "values": {"neighbour": 0.0, "stiffness": 1e6, "position": 1.0}}
    members = {"first": swing, "second": stops, "third": swing, "fourth": stops}
    group = read_group(write_group(tmp_path, step="100 ms", members=members))
    told = []
    for choice in (Choice.ALONE, Choice.TOGETHER):
        running = FmuGroup(group)
        running.start(0, {})
        crew_of(running).insist(choice)
        with pytest.raises(FmuError) as caught:
            running.advance(1000, {})
        told.append((str(caught.value), caught.value.time_s))
        running.close()
    assert told[0] == told[1]
    assert "member 'second': it ended a step of 0.1 s before its time" in told[0][0]


def test_light_groups_go_alone(tmp_path: Path, mass: Path) -> None:
    """After five calls nothing is left of threads; a first long call decides within itself."""
    group = FmuGroup(ring(tmp_path, mass, 2))
    group.start(0, {})
    for tick in range(10, 60, 10):
        group.advance(tick, {})
    engine = group._engine
    assert isinstance(engine, compiled.CompiledEngine)
    assert engine.crew is None
    group.start(0, {})
    group.advance(5000, {})
    assert crew_of(group).choice is Choice.ALONE
    group.close()


def test_one_after_another_stays_so(tmp_path: Path, mass: Path) -> None:
    """Gauss-Seidel round a ring: each takes what the one before it has just given."""
    group = FmuGroup(ring(tmp_path, mass, 2, order="gauss-seidel"))
    group.start(0, {})
    assert group.crew is None
    group.close()


def test_levels_are_what_may_step_side_by_side(tmp_path: Path, mass: Path) -> None:
    """In a row, and taking nothing from each other."""
    group = FmuGroup(ring(tmp_path, mass, 4, order="gauss-seidel", connections=STAR))
    assert compiled._levels(group.plan) == [2, 2, 4, 4]
    group.close()


@pytest.mark.parametrize("choice", [Choice.ALONE, Choice.TOGETHER])
def test_what_fails_first_in_a_level_is_told(
    tmp_path: Path, mass: Path, lag: Path, decay: Path, choice: Choice
) -> None:
    """A step of one before a value that the next cannot take, as one after another has it."""
    stops = {"fmu": str(decay), "values": {"limit": 0.25, "on": 1, "T": 20, "mode": 2}}
    grows = {"fmu": str(mass), "values": {"neighbour": 0.0, "position": 1.0, "velocity": 9e9}}
    takes = {"fmu": str(lag), "values": {"inlet": 20}}
    content: dict[str, Any] = {
        "step": "100 ms",
        "order": "gauss-seidel",
        "members": {"one": stops, "two": takes, "last": grows},
        "connections": {"two.switch": {"from": "last.position", "from_unit": "1", "scale": 2.0}},
    }
    for member, words in (("stop", "'one': it ended a step"), ("fit", "'two': value ")):
        if member == "fit":
            stops["values"] = {"on": 1, "T": 20, "mode": 2}
        group = FmuGroup(read_group(write_group(tmp_path, **content)), compiled=True)
        group.start(0, {})
        crew_of(group).insist(choice)
        with pytest.raises(FmuError, match=words):
            group.advance(1000, {})
        group.close()
