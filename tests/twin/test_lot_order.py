"""Names that count up: what the order in which lots are taken tells of slips that make others'."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from linetwin.scenario.mapped import LotConfig
from linetwin.twin.columns import SECOND
from linetwin.twin.lot_order import following
from linetwin.twin.reconciliation import Made, Resolution, Use, reconciled, registers

KIND = LotConfig("roll", (), {}, usable_for_s=1e6)
LOTS = [f"R-{n:04}" for n in range(40, 80)]


def read(taken: list[str], slips: dict[int, str] | None = None) -> list[Resolution]:
    """Return what is made of lots taken one a minute, with slips at some of them."""
    known, _ = registers([KIND], [Made("roll", name, n * SECOND) for n, name in enumerate(LOTS)])
    begin = len(LOTS) * SECOND
    return reconciled(
        known,
        [
            Use("roll", "web", f"C-{n}", (slips or {}).get(n, name), begin + 60 * n * SECOND)
            for n, name in enumerate(taken)
        ],
        {},
    )


@given(st.lists(st.integers(0, 5), max_size=9))
def test_the_longest_part_that_never_falls_is_found(values: list[int]) -> None:
    """As long as the longest of all parts, and such a part."""
    found = following(values)
    kept = [values[place] for place in found]
    assert kept == sorted(kept)
    assert found == sorted(set(found))
    longest = max(
        size
        for size in range(len(values) + 1)
        if any(list(part) == sorted(part) for part in combinations(values, size))
    )
    assert len(found) == longest


def test_inside_a_run_no_other_lot_fits() -> None:
    """Five uses of each lot: only where one follows another is there a doubt, of these two."""
    found = read([name for name in LOTS for _ in range(5)])
    doubtful = {number: each.confusable for number, each in enumerate(found) if each.confusable}
    inside = {number for number in range(5, len(found) - 5) if number % 5 not in {0, 4}}
    assert not doubtful.keys() & inside
    assert doubtful[9] == (LOTS[2],)
    assert doubtful[10] == (LOTS[1],)


def test_where_each_lot_is_read_once_no_name_that_was_read_is_another() -> None:
    """But for the first and the last, which have no neighbour on one side."""
    found = read(LOTS)
    assert not any(each.confusable for each in found[1:-1])


@pytest.mark.parametrize("uses", [1, 5])
def test_a_slip_that_makes_anothers_name_stays_named(uses: int) -> None:
    """Any single one, at any place: the lot that it is stands among those it may be."""
    taken = [name for name in LOTS for _ in range(uses)]
    chance = np.random.default_rng(1)
    seen = 0
    for place in chance.choice(len(taken), 25).tolist():
        truth = taken[place]
        near = [n for n in LOTS if sum(a != b for a, b in zip(n, truth, strict=True)) == 1]
        said = str(chance.choice(near))
        (each,) = read(taken, {place: said})[place : place + 1]
        assert each.lot == said
        assert truth in each.confusable
        seen += 1
    assert seen == 25


def test_without_an_order_nothing_is_ruled_out() -> None:
    """Lots that are taken as they come to hand: all keep what they may have been."""
    taken = np.random.default_rng(2).permutation(LOTS).tolist()
    found = read(taken)
    assert all(each.confusable for each in found)
