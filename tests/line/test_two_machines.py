"""Two machines and a buffer, against what is known exactly."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from line_support import Memory
from small_line import Setting, draw, play, story, told

if TYPE_CHECKING:
    from linetwin.line.world import World


def departures(world: World) -> dict[str, list[int]]:
    """Return when each station's parts were done [ticks]."""
    assert isinstance(world.sink, Memory)
    found: dict[str, list[int]] = {}
    for row in world.sink.rows["events"]:
        if row["cause"] == "done":
            found.setdefault(row["station"], []).append(row["tick"])
    return found


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [(7.0, 3.0, 20 * 7 + 3), (3.0, 7.0, 3 + 20 * 7), (5.0, 5.0, 21 * 5)],
)
@pytest.mark.parametrize("capacity", [1, 2, 50])
def test_makespan_of_a_deterministic_line(
    first: float, second: float, expected: float, capacity: int
) -> None:
    """N parts take N times the slower cycle plus the faster one, whatever the buffer holds."""
    world = play(f"a[{first} s] -> ({capacity}) -> b[{second} s]", Setting(parts=20))
    assert departures(world)["b"][-1] == expected * 1000


@given(
    cycles=st.lists(
        st.tuples(st.integers(1, 30_000), st.integers(1, 30_000)), min_size=1, max_size=12
    ),
    capacity=st.integers(1, 4),
)
@settings(max_examples=60, deadline=None)
def test_any_cycle_times_follow_the_recursion(cycles: list[tuple[int, int]], capacity: int) -> None:
    """A part leaves the first machine when done and when the buffer has room: exact to the tick.

    finish_a(i) = leave_a(i-1) + cycle_a(i); leave_a(i) = max(finish_a(i), start_b(i-capacity));
    start_b(i) = max(leave_a(i), finish_b(i-1)); finish_b(i) = start_b(i) + cycle_b(i).
    """
    leave, finish_a, start, finish_b = [0], [0], [0], [0]
    for index, (one, two) in enumerate(cycles, 1):
        finish_a.append(leave[-1] + one)
        room = start[index - capacity] if index > capacity else 0
        leave.append(max(finish_a[-1], room))
        start.append(max(leave[-1], finish_b[-1]))
        finish_b.append(start[-1] + two)
    script = {
        ("a", "duration.work"): [float(one) for one, _ in cycles],
        ("b", "duration.work"): [float(two) for _, two in cycles],
    }
    setting = Setting(parts=len(cycles), script=script)
    world = play(f"a[1 s] -> ({capacity}) -> b[1 s]", setting)
    assert departures(world) == {"a": finish_a[1:], "b": finish_b[1:]}


def test_a_failure_downstream_blocks_upstream_as_reckoned_by_hand() -> None:
    """b fails after 15 s of work and is away for 30 s: a fills the buffer and blocks."""
    script = {("b", "failure.jam"): [15_000], ("b", "repair.jam"): [30_000]}
    world = play(
        "a[10 s] -> (1) -> b[10 s]", Setting(parts=5, script=script, failing={"b": ["jam"]})
    )
    assert story(world) == told("""
        0 a Execute
        0 b Suspended (starved)
        10 a done part-0001
        10 a give part-0001
        10 b Execute
        20 a done part-0002
        20 a give part-0002
        20 b done part-0001
        25 b failure jam
        25 b Aborted (jam)
        30 a done part-0003
        30 a give part-0003
        40 a done part-0004
        40 a Suspended (blocked)
        55 b repair jam
        55 b Execute
        60 b done part-0002
        60 a give part-0004
        60 a Execute
        70 b done part-0003
        70 a done part-0005
        70 a give part-0005
        70 a Complete (order covered)
        80 b done part-0004
        90 b done part-0005
        90 b Suspended (starved)
    """)


def test_two_that_want_the_same_part_are_served_first_come() -> None:
    """Of two stations that starve at one buffer, the one that asked first gets the part."""
    world = draw("a[10 s] -> (1) -> b[25 s]\nx[10 s] -> (1) -> y[25 s]", Setting(parts=2))
    taking = world.units["y"].config.takes  # type: ignore[attr-defined]
    taking["in"] = "before_b"
    world.begin()
    while world.now < 21_000 and world.step():
        pass
    lines = [line for line in story(world).splitlines() if line.endswith(" Execute")]
    assert [line for line in lines if line.split()[1] in "by"] == ["10 b Execute", "20 y Execute"]
