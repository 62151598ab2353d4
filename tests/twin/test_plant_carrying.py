"""What happens to values on their way follows the scenario, value by value."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linetwin.errors import ScenarioError
from linetwin.scenario.hiding import Hiding
from linetwin.twin.plant.carrying import NEVER, Carrier
from linetwin.twin.plant.changes import Change

NODE, OTHER = "coater/Measurements/loading", "coater/Energy/electric_power"
SECOND = 1000
END = 10**9


def sent(ticks: list[int], node: str = NODE) -> list[Change]:
    """Return a value at each tick: its number."""
    return [Change(node, tick, float(number)) for number, tick in enumerate(ticks)]


def carried(
    ticks: list[int], *hides: Hiding, seed: int = 1
) -> tuple[list[tuple[int, Change]], Carrier]:
    """Return what arrived, each at the tick at which it was first there to be had."""
    carrier = Carrier([NODE, OTHER], hides, seed)
    found: list[tuple[int, Change]] = []
    changes = sent(ticks)
    instants = sorted({*ticks, *(tick + each.delay_ticks for tick in ticks for each in hides), END})
    for now in instants:
        carrier.send([each for each in changes if each.tick == now])
        found += [(now, each) for each in carrier.arrived(now)]
    return found, carrier


def hiding(kind: Any, **changes: Any) -> Hiding:  # noqa: ANN401  fields of it
    """Return a hiding of the measurements."""
    return Hiding("*/Measurements/*", kind, **changes)


TICKS = st.lists(st.integers(0, 10_000), min_size=1, max_size=30, unique=True).map(sorted)


def test_without_hiding_everything_arrives_at_once() -> None:
    """An undisturbed value arrives at its tick, and nothing is noted as hidden."""
    found, carrier = carried([0, 5, 9])
    assert [(now, each.tick) for now, each in found] == [(0, 0), (5, 5), (9, 9)]
    assert carrier.hidden() == []


@given(TICKS, st.integers(0, 5_000), st.floats(0, 1))
@settings(max_examples=60, deadline=None)
def test_late_values_keep_their_order_and_none_is_lost(
    ticks: list[int], delay: int, share: float
) -> None:
    """However many are late, values of a tag arrive in the order in which they were taken."""
    found, _ = carried(ticks, hiding("late", delay_ticks=delay, share=share))
    assert [each.value for _, each in found] == [float(n) for n in range(len(ticks))]
    assert all(each.tick <= now <= each.tick + delay for now, each in found)


def test_all_values_late_by_the_same_time() -> None:
    """With every value late, each arrives exactly that much later."""
    found, carrier = carried([0, 10, 20], hiding("late", delay_ticks=15))
    assert [(now, each.tick) for now, each in found] == [(15, 0), (25, 10), (35, 20)]
    assert [row["arrived"] for row in carrier.hidden()] == [15, 25, 35]


@given(TICKS, st.integers(1, 5_000), st.floats(0, 1))
@settings(max_examples=60, deadline=None)
def test_a_value_out_of_order_is_overtaken_and_told_all_the_same(
    ticks: list[int], delay: int, share: float
) -> None:
    """Each value arrives once: at its time, or so much later."""
    found, _ = carried(ticks, hiding("out_of_order", delay_ticks=delay, share=share))
    assert sorted(each.value for _, each in found) == [float(n) for n in range(len(ticks))]  # type: ignore[type-var]
    assert {now - each.tick for now, each in found} <= {0, delay}


def test_out_of_order_is_seen_as_an_older_value_after_a_newer_one() -> None:
    """With half of the values delayed, some come behind younger ones, and are told."""
    found, carrier = carried(
        [*range(0, 100, 10)], hiding("out_of_order", delay_ticks=25, share=0.5)
    )
    ticks = [each.tick for _, each in found]
    assert ticks != sorted(ticks)
    delayed = {row["tick"] for row in carrier.hidden()}
    assert {each.tick for now, each in found if now > each.tick} == delayed
    assert all(each.again == (each.tick in delayed) for _, each in found)


def test_missing_values_have_a_bad_status_and_are_known() -> None:
    """What is lost comes as no value; the truth keeps it."""
    found, carrier = carried([0, 10, 20, 30], hiding("missing", start_tick=10, end_tick=30))
    assert [(each.value, each.fault) for _, each in found] == [
        (0.0, ""), (None, "link"), (None, "link"), (3.0, ""),
    ]  # fmt: skip
    rows = carrier.hidden()
    assert [(row["tick"], row["value"], row["arrived"]) for row in rows] == [
        (10, 1.0, NEVER), (20, 2.0, NEVER),
    ]  # fmt: skip


def test_a_duplicate_comes_again_with_its_old_time() -> None:
    """The copy arrives later, and says the same of the same instant."""
    found, _ = carried([0, 10], hiding("duplicate", delay_ticks=15))
    assert [(now, each.tick, each.again) for now, each in found] == [
        (0, 0, False), (10, 10, False), (15, 0, True), (25, 10, True),
    ]  # fmt: skip


def test_a_wrong_clock_is_ahead_and_gains() -> None:
    """The told tick is off by the offset and by what the clock has gained since."""
    wrong = hiding("clock", offset_ticks=3600 * SECOND, rate=0.01, start_tick=100)
    found, carrier = carried([0, 100, 1100], wrong)
    assert [each.told_tick for _, each in found] == [0, 3_600_100, 3_601_110]
    assert [row["told_tick"] for row in carrier.hidden()] == [3_600_100]  # the first is enough


@pytest.mark.parametrize("kind", ["late", "missing", "out_of_order", "duplicate"])
def test_nothing_happens_with_a_share_of_nothing(kind: str) -> None:
    """A share of zero leaves every value as it is."""
    found, carrier = carried([0, 10, 20], hiding(kind, share=0.0, delay_ticks=5))
    assert [each for _, each in found] == sent([0, 10, 20])
    assert carrier.hidden() == []


def test_the_share_is_met_and_depends_on_the_seed_alone() -> None:
    """Of 2,000 values a tenth is lost within four standard errors, the same ones in every run."""
    ticks = [*range(2000)]
    lost = [
        {row["tick"] for row in carried(ticks, hiding("missing", share=0.1), seed=seed)[1].hidden()}
        for seed in (1, 1, 2)
    ]
    assert lost[0] == lost[1] != lost[2]
    assert abs(len(lost[0]) - 200) < 4 * (2000 * 0.1 * 0.9) ** 0.5


def test_other_tags_are_left_alone() -> None:
    """What does not match arrives at its time."""
    carrier = Carrier([NODE, OTHER], [hiding("late", delay_ticks=100)], 1)
    carrier.send([*sent([0]), *sent([0], OTHER)])
    assert [each.node for each in carrier.arrived(0)] == [OTHER]


def test_tags_that_match_nothing_are_a_mistake() -> None:
    """A pattern without a tag is told with the nearest names."""
    with pytest.raises(ScenarioError, match="no tag is called 'coater/Measurement/loading'"):
        Carrier([NODE], [Hiding("coater/Measurement/loading", "missing")], 1)
