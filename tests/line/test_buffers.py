"""Buffers and tanks hold no more than they can, keep order, and lose nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linetwin.line.buffers import LotBuffer, Tank
from linetwin.scenario.resolved import BufferConfig

ACTIONS = st.lists(st.sampled_from(["put", "take"]), max_size=60)
FLOWS = st.lists(
    st.tuples(st.sampled_from(["fill", "draw", "draw"]), st.floats(0.01, 40.0)), max_size=60
)


def buffer(capacity: int) -> tuple[LotBuffer, list[str]]:
    """Return a buffer and the list of those it has woken."""
    woken: list[str] = []
    return LotBuffer(BufferConfig("rolls", "lots", "roll", capacity), woken.append), woken


def tank(capacity: float = 60.0) -> tuple[Tank, list[str]]:
    """Return a tank and the list of those it has woken."""
    woken: list[str] = []
    return Tank(BufferConfig("tank", "tank", "slurry_batch", capacity), woken.append), woken


@given(actions=ACTIONS, capacity=st.integers(1, 5))
def test_a_buffer_is_a_queue_of_limited_length(actions: list[str], capacity: int) -> None:
    """Any order of puts and takes: never more than it holds, first in, first out, none lost."""
    shelf, _ = buffer(capacity)
    model: list[str] = []
    for number, action in enumerate(actions):
        if action == "put":
            assert shelf.put("maker", f"lot-{number}") == (len(model) < capacity)
            if len(model) < capacity:
                model.append(f"lot-{number}")
        else:
            assert shelf.take("user") == (model.pop(0) if model else None)
        assert shelf.lots == model
        assert shelf.level == len(model) <= capacity


def test_who_waits_is_woken_once_and_in_order() -> None:
    """Asking again changes nothing; a change of level wakes all who wait, first come first."""
    shelf, woken = buffer(1)
    for who in ("one", "two", "one"):
        assert shelf.take(who) is None
    shelf.put("maker", "lot")
    assert woken == ["one", "two"]
    assert not shelf.put("maker", "more")
    assert not shelf.put("maker", "more")
    shelf.take("one")
    shelf.take("two")
    assert woken == ["one", "two", "maker"]


def test_a_buffer_made_again_goes_on() -> None:
    """Lots and those who wait survive; the saved state is not the buffer's own list."""
    shelf, _ = buffer(1)
    shelf.put("maker", "lot")
    shelf.put("maker", "more")
    again, woken = buffer(1)
    again.load(shelf.save())
    assert again.save() == shelf.save()
    shelf.take("user")
    assert again.take("user") == "lot"
    assert woken == ["maker"]


@given(flows=FLOWS)
def test_a_tank_conserves_mass_and_never_overflows(flows: list[tuple[str, float]]) -> None:
    """What was filled in, batch by batch, is in the tank or was drawn; shares sum to one."""
    vessel, _ = tank()
    filled: dict[str, float] = {}
    drawn: dict[str, float] = {}
    for number, (what, mass) in enumerate(flows):
        if what == "fill" and vessel.has_room("mixer", mass):
            vessel.fill(f"batch-{number}", mass)
            filled[f"batch-{number}"] = mass
        elif what == "draw" and vessel.has("coater", mass):
            taken = vessel.draw("coater", mass)
            assert sum(taken.values()) == pytest.approx(mass, rel=1e-12)
            for batch, part in taken.items():
                drawn[batch] = drawn.get(batch, 0.0) + part
        assert vessel.level <= vessel.capacity
        if vessel.level:
            assert sum(vessel.shares().values()) == pytest.approx(1.0, rel=1e-12)
    for batch, mass in filled.items():
        left = vessel.batches[batch]
        assert left >= -1e-12 * mass
        assert left + drawn.get(batch, 0.0) == pytest.approx(mass, rel=1e-9)


def test_what_is_drawn_is_the_blend() -> None:
    """A tank is stirred: a draw takes of every batch by its share."""
    vessel, _ = tank()
    vessel.fill("one", 30.0)
    vessel.fill("two", 10.0)
    assert vessel.draw("coater", 8.0) == {"one": 6.0, "two": 2.0}
    assert vessel.batches == {"one": 24.0, "two": 8.0}
    assert vessel.shares() == {"one": 0.75, "two": 0.25}


def test_who_waits_for_slurry_or_for_room_is_woken() -> None:
    """A fill wakes those who want slurry, a draw those who want room; nobody twice."""
    vessel, woken = tank()
    assert not vessel.has("coater", 5.0)
    assert not vessel.has("coater", 5.0)
    vessel.fill("one", 50.0)
    assert vessel.has("coater", 5.0)
    assert not vessel.has_room("mixer", 20.0)
    vessel.draw("coater", 15.0)
    assert vessel.has_room("mixer", 20.0)
    vessel.draw("coater", 1.0)
    assert woken == ["coater", "mixer"]


def test_a_residue_can_be_discarded() -> None:
    """What is left of a batch is dropped as a whole, and said how much it was."""
    vessel, _ = tank()
    vessel.fill("one", 1.0)
    vessel.fill("two", 2.0)
    assert vessel.discard("one") == 1.0
    assert vessel.batches == {"two": 2.0}


def test_a_tank_made_again_goes_on() -> None:
    """Batches, their order and those who wait survive."""
    vessel, _ = tank()
    vessel.fill("one", 30.0)
    vessel.fill("two", 25.0)
    vessel.has_room("mixer", 20.0)
    again, woken = tank()
    again.load(vessel.save())
    assert again.save() == vessel.save()
    assert again.draw("coater", 11.0) == vessel.draw("coater", 11.0)
    assert list(again.batches) == ["one", "two"]
    assert woken == ["mixer"]


def test_what_one_coater_was_promised_no_other_may_draw() -> None:
    """Two coaters at one tank: the second waits until the first has drawn, and is then woken."""
    woken: list[str] = []
    vessel = Tank(BufferConfig("tank", "tank", "slurry_batch", 40.0), woken.append)
    vessel.fill("one", 10.0)
    assert vessel.has("first", 6.0)
    assert vessel.has("first", 6.0), "asking again keeps the same promise"
    assert not vessel.has("second", 6.0)
    again = Tank(BufferConfig("tank", "tank", "slurry_batch", 40.0), woken.append)
    again.load(vessel.save())
    assert not again.has("second", 6.0)
    vessel.draw("first", 4.0)
    assert woken == ["second"]
    assert vessel.has("second", 6.0)
