"""The calendar: order, timers that a token voids, and entries written down and made again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_line import Setting, draw

from linetwin.errors import SimulationError
from linetwin.line.calendar import KICK, Calendar

if TYPE_CHECKING:
    from collections.abc import Callable

Woken = list[tuple[int, str, int]]
ENTRIES = st.lists(
    st.tuples(st.integers(0, 5), st.sampled_from("abc"), st.integers(0, 3)), max_size=20
)


def noting() -> tuple[Calendar, Woken]:
    """Return a calendar and the list in which it notes whom it woke."""
    woken: Woken = []
    calendar = Calendar(lambda who, token: woken.append((calendar.now, who, token)))
    return calendar, woken


def serve(calendar: Calendar) -> None:
    """Serve everything."""
    while calendar.step():
        pass


def test_entries_of_one_tick_are_served_in_the_order_they_were_made() -> None:
    """A tie is no accident: who asked first is woken first, whatever the ticks before."""
    calendar, woken = noting()
    for tick, who in ((7, "late"), (3, "first"), (3, "second"), (3, "third")):
        calendar.at(tick, who, 0)
    serve(calendar)
    assert [who for _, who, _ in woken] == ["first", "second", "third", "late"]


def test_a_kick_comes_later_in_the_same_tick() -> None:
    """A kick is served after what is already planned for this tick, before the next."""
    calendar = Calendar(lambda who, _: woken.append((calendar.now, who)) or react(who))  # type: ignore[func-returns-value]
    woken: list[tuple[int, str]] = []

    def react(who: str) -> None:
        if who == "one":
            calendar.kick("kicked")

    for tick, who in ((5, "one"), (5, "two"), (6, "three")):
        calendar.at(tick, who, 0)
    serve(calendar)
    assert woken == [(5, "one"), (5, "two"), (5, "kicked"), (6, "three")]


def test_the_past_is_refused() -> None:
    """Nobody can be woken before now."""
    calendar, _ = noting()
    calendar.at(10, "unit", 0)
    calendar.step()
    with pytest.raises(SimulationError, match="unit asks to be woken 4 ticks ago"):
        calendar.at(6, "unit", 0)


def test_an_empty_calendar_says_so() -> None:
    """`step` is False and `next_tick` None where nothing is planned."""
    calendar, _ = noting()
    assert calendar.next_tick() is None
    assert calendar.step() is False
    calendar.at(4, "unit", 0)
    assert calendar.next_tick() == 4


def test_a_timer_with_an_old_token_wakes_nobody() -> None:
    """A unit voids its timers by moving its token; a kick is always delivered."""
    world = draw("a[10 s]", Setting())
    unit, count = world.units["a"], []
    unit.advance = lambda: count.append(world.now)  # type: ignore[method-assign]
    unit.wake_at(5)
    unit.state.token += 1
    unit.wake_at(8)
    world.calendar.at(9, "a", KICK)
    serve(world.calendar)
    assert count == [8, 9]


@given(entries=ENTRIES, served=st.integers(0, 20))
def test_a_calendar_made_again_serves_the_same(
    entries: list[tuple[int, str, int]], served: int
) -> None:
    """Saved after any entry and loaded elsewhere, the rest is served alike, ties included."""
    calendar, woken = noting()
    for tick, who, token in entries:
        calendar.at(tick, who, token)
    for _ in range(served):
        calendar.step()
    saved, now, before = calendar.save(), calendar.now, len(woken)
    again, woken_again = noting()
    again.reset(now)
    again.load(saved)
    assert again.save() == saved
    serve(calendar)
    serve(again)
    assert woken[before:] == woken_again


@given(entries=ENTRIES)
def test_entries_are_saved_in_the_order_of_service(entries: list[tuple[int, str, int]]) -> None:
    """A saved calendar reads as what will happen."""
    calendar, woken = noting()
    for tick, who, token in entries:
        calendar.at(tick, who, token)
    saved = calendar.save()
    serve(calendar)
    assert saved == woken


def test_reset_forgets_what_was_planned() -> None:
    """After `reset` nothing is planned and the clock stands where it was told to."""
    calendar, woken = noting()
    calendar.at(10, "unit", 0)
    calendar.reset(99)
    serve(calendar)
    assert (calendar.now, woken) == (99, [])


def _timeout(calendar: Calendar) -> None:
    calendar._environment.timeout(3)


def _process(calendar: Calendar) -> None:
    def generator():  # type: ignore[no-untyped-def]  # noqa: ANN202
        yield calendar._environment.timeout(1)

    calendar._environment.process(generator())


def _second_listener(calendar: Calendar) -> None:
    calendar.at(3, "unit", 0)
    event = calendar._environment._queue[0][3]
    assert event.callbacks is not None
    event.callbacks.append(lambda _: None)


@pytest.mark.parametrize("intrude", [_timeout, _process, _second_listener])
def test_what_is_no_entry_of_ours_cannot_be_saved(intrude: Callable[[Calendar], None]) -> None:
    """A foreign SimPy event, or a second listener, makes saving fail instead of being lost."""
    calendar, _ = noting()
    intrude(calendar)
    with pytest.raises(SimulationError, match="something foreign is pending"):
        calendar.save()
