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
    "changes", [{}, {"extrapolate": "linear"}, {"every": {"m1": 3, "m2": 2}, "step": "1/60 s"}]
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
    """Gauss-Seidel has an order: one thread."""
    group = FmuGroup(ring(tmp_path, mass, 2, order="gauss-seidel"))
    group.start(0, {})
    engine = group._engine
    assert isinstance(engine, compiled.CompiledEngine)
    assert engine.crew is None
    group.close()
