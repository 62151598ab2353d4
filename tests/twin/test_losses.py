"""The share of scrap that a twin expects: from the long run to what is counted."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.stats import beta

from linetwin.twin.board.losses import ALIKE, KEPT_TICKS, PRIOR_CELLS, Losses


def test_it_begins_with_the_long_run_and_its_doubt() -> None:
    """Draws have the quantiles of a beta distribution of so many cells."""
    losses = Losses(0.005)
    assert losses.mean == pytest.approx(0.005)
    drawn = [losses.draw(np.random.default_rng(seed)) for seed in range(4000)]
    expected = beta.ppf([0.25, 0.5, 0.9], PRIOR_CELLS * 0.005, PRIOR_CELLS * 0.995)
    assert np.quantile(drawn, [0.25, 0.5, 0.9]) == pytest.approx(expected, rel=0.1)


def test_trays_that_lose_more_are_learnt_from() -> None:
    """After a day of trays with a scrapped cell in thirty, a thirtieth is expected."""
    losses = Losses(0.005)
    for tray in range(300):
        losses.graded(1, 30, tray * 1_000_000)
    scrap = PRIOR_CELLS * 0.005 + sum(
        np.exp(-tray * 1_000_000 / KEPT_TICKS) / ALIKE for tray in range(300)
    )
    cells = PRIOR_CELLS + (scrap - PRIOR_CELLS * 0.005) * 30
    assert losses.mean == pytest.approx(scrap / cells)
    assert 0.02 < losses.mean < 1 / 30


def test_what_is_old_is_forgotten_and_what_is_saved_goes_on() -> None:
    """A month later the long run counts again; saved data are plain and draw the same."""
    losses = Losses(0.005)
    losses.graded(30, 30, 0)
    losses.graded(0, 0, 30 * 86_400_000)
    assert losses.mean == pytest.approx(0.005, rel=0.01)
    again = Losses(0.005)
    again.load(json.loads(json.dumps(losses.save())))
    assert again.draw(np.random.default_rng(1)) == losses.draw(np.random.default_rng(1))


def test_a_long_run_without_scrap_proves_none_impossible() -> None:
    """A share of 0 can be drawn from, and learns."""
    losses = Losses(0.0)
    assert 0 <= losses.draw(np.random.default_rng(1)) < 0.1
    losses.graded(10, 30, 0)
    assert losses.mean > 0.005
