"""Links written as columns, and withdrawals of a series, say what one after another would say."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from line_support import Memory, make_world, pilot

from linetwin.line.kinds.web import link, link_many

if TYPE_CHECKING:
    from linetwin.line.materials import Supply, Withdrawals
    from linetwin.scenario.resolved import Scenario

AMOUNTS = st.lists(st.floats(0.01, 900.0), min_size=1, max_size=30)


@cache
def scenario() -> Scenario:
    """Return the shipped baseline, read once."""
    return pilot()


def separator(amounts: list[float]) -> tuple[Supply, Withdrawals]:
    """Return a fresh supply after `amounts` were drawn in one go, and the pieces."""
    world = make_world(scenario(), Memory())
    supply = next(s for path, s in world.supplies.items() if "separator" in path)
    return supply, supply.draw_each(np.array(amounts))


@settings(max_examples=25, deadline=None)
@given(amounts=AMOUNTS)
def test_withdrawals_of_a_series_are_those_of_one_after_another(amounts: list[float]) -> None:
    """The same lots in the same order, the same pieces of each, nothing lost in between."""
    supply, found = separator(amounts)
    other = make_world(scenario(), Memory()).supplies[supply.config.path]
    expected: list[tuple[int, str, float]] = []
    for row, amount in enumerate(amounts):
        expected += [(row, drawn.lot, drawn.amount) for drawn in other.draw(amount)]
    large = [piece for piece in expected if piece[2] > 1e-9]
    kept = found.amounts > 1e-9
    assert [row for row, _, _ in large] == found.rows[kept].tolist()
    lots = [lot for lot, keep in zip(found.lots, kept, strict=True) if keep]
    assert [lot for _, lot, _ in large] == lots
    np.testing.assert_allclose([part for *_, part in large], found.amounts[kept], atol=1e-8)
    assert found.amounts.sum() == pytest.approx(sum(amounts), rel=1e-12)
    assert (found.amounts > 1e-12 * sum(amounts)).all()  # no lot is an ancestor by rounding
    assert supply.remaining == pytest.approx(other.remaining, abs=1e-7)


def test_what_is_left_of_a_scrapped_lot_is_booked() -> None:
    """A powder lot that is scrapped was delivered whole: what is left comes in and is scrap."""
    supply, _ = separator([30.0, 20.0])
    ledger, path = supply._world.ledger, supply.config.path
    left = supply.discard(supply.lot)
    assert left == pytest.approx(supply.config.lot_size.number - 50.0)
    assert ledger.total(path, "in") == pytest.approx(supply.config.lot_size.number)
    assert ledger.total(path, "scrap") == pytest.approx(left)
    assert supply.discard(supply.lot) == 0.0


def test_many_links_are_those_of_one_after_another() -> None:
    """One call with columns gives the rows of a call for each child."""
    many, single = Memory(), Memory()
    share = np.array([0.25, 0.75])
    cells = ["cell-1", "cell-2"]
    world = make_world(scenario(), many)
    link_many(world, cells, "roll-1", "cathode", share=share, amount_unit="m")
    world = make_world(scenario(), single)
    for child, part in zip(cells, share, strict=True):
        link(world, child, "roll-1", "cathode", share=float(part), amount_unit="m")
    assert len(many.rows["links"]) == 2
    assert many.rows["links"] == single.rows["links"]
