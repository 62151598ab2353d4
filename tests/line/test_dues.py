"""Which places are due is what a look at all of them would tell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from linetwin.line.dues import NEVER, Dues

if TYPE_CHECKING:
    from linetwin.line.dues import Place

STEPS = st.lists(
    st.tuples(st.sampled_from(["enter", "leave", "defer", "withdraw"]), st.integers(0, 40)),
    max_size=40,
)


def place(number: int, due: int) -> Place:
    """A lot of its own name and power."""
    return [f"tray-{number}", due, 0, 0.1 * number]


@settings(max_examples=60, deadline=None)
@given(first=st.lists(st.integers(0, 40), max_size=8), steps=STEPS, now=st.integers(0, 40))
def test_due_places_come_in_the_order_of_entry(
    first: list[int], steps: list[tuple[str, int]], now: int
) -> None:
    """Whatever came, went, stayed on or was withdrawn: the same places and power as by a scan."""
    places = [place(number, due) for number, due in enumerate(first)]
    dues, made = Dues(places), len(places)
    for step, tick in steps:
        if step == "enter":
            dues.enter(place(made, tick))
            made += 1
        elif step == "withdraw":  # somebody who says nothing
            del places[:1]
            dues = dues if dues.are_of(places) else Dues(places)
        else:
            for due in dues.up_to(tick)[:1]:
                if step == "leave":
                    dues.leave(due)
                else:
                    due.place[1] = tick + 1
                    dues.defer(due)
        assert dues.are_of(places)
        assert [due.place for due in dues.up_to(now)] == [
            each for each in places if int(each[1]) <= now
        ]
        assert [due.place for due in dues.up_to(NEVER)] == places
        assert dues.watts == sum([float(each[3]) for each in places])


def test_other_places_are_not_followed() -> None:
    """A line that was restored has places of its own, however many."""
    places = [place(0, 5)]
    dues = Dues(places)
    assert dues.are_of(places)
    assert not dues.are_of([place(0, 5)])
