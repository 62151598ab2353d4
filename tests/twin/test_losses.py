"""The share of scrap that a twin expects: what its own line foresees, and what is counted."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.stats import beta

from linetwin.twin.board.losses import ALIKE, AROUND, KEPT_TICKS, PRIOR_CELLS, Losses

NOTHING = [0.0]


def test_it_begins_with_the_long_run_and_its_doubt() -> None:
    """Draws have the quantiles of a beta distribution of so many cells."""
    losses = Losses(0.005)
    assert losses.mean == pytest.approx(0.005)
    drawn = [losses.draw(NOTHING, np.random.default_rng(seed)) for seed in range(4000)]
    expected = beta.ppf([0.25, 0.5, 0.9], PRIOR_CELLS * 0.005, PRIOR_CELLS * 0.995)
    assert np.quantile(drawn, [0.25, 0.5, 0.9]) == pytest.approx(expected, rel=0.1)


def test_trays_that_lose_more_are_learnt_from() -> None:
    """After a day of trays with a scrapped cell in thirty, a thirtieth is expected."""
    losses = Losses(0.005)
    for tray in range(300):
        losses.graded("tray", 1, 30, tray * 1_000_000)
    scrap = PRIOR_CELLS * 0.005 + sum(
        np.exp(-tray * 1_000_000 / KEPT_TICKS) / ALIKE for tray in range(300)
    )
    cells = PRIOR_CELLS + (scrap - PRIOR_CELLS * 0.005) * 30
    assert losses.mean == pytest.approx(scrap / cells)
    assert 0.02 < losses.mean < 1 / 30


def test_what_is_foreseen_is_not_learnt_once_more() -> None:
    """Trays that lose what was foreseen leave the rest as it was; draws are of both parts."""
    chance = np.random.default_rng(3)
    shares = chance.choice([0.1, 0.2, 0.3], 400)
    losses = Losses(0.005)
    for tray in range(AROUND):
        losses.reckoned(f"early-{tray}", 0.005)
    for tray, share in enumerate(shares):
        losses.reckoned(f"tray-{tray}", float(share))
    before = losses.mean
    for tray in range(100, 300):
        losses.graded(f"tray-{tray}", int(chance.choice([4, 8, 12])), 40, 0)
    assert before < 0.001
    assert losses.mean < 0.02
    near = losses.around("tray-200")
    assert near == shares[200 - AROUND : 201 + AROUND].tolist()
    drawn = [losses.draw(near, chance) for _ in range(4000)]
    assert np.mean(drawn) == pytest.approx(np.mean(near) + losses.mean, abs=0.01)
    assert np.std(drawn) == pytest.approx(np.std(near), rel=0.1)


def test_a_tool_that_was_changed_is_seen_before_its_trays_are_graded() -> None:
    """What is foreseen falls with the trays made after the change, whatever was counted before."""
    losses = Losses(0.005)
    for tray in range(200):
        losses.reckoned(f"tray-{tray}", 0.3 if tray < 100 else 0.0)
    for tray in range(50):
        losses.graded(f"tray-{tray}", 12, 40, 0)
    assert np.mean(losses.around("tray-50")) == pytest.approx(0.3)
    assert losses.draw(losses.around("tray-150"), np.random.default_rng(1)) < 0.05


def test_what_is_old_is_forgotten_and_what_is_saved_goes_on() -> None:
    """A month later the long run counts again; saved data are plain and draw the same."""
    losses = Losses(0.005)
    losses.graded("tray", 30, 30, 0)
    losses.graded("tray", 0, 0, 30 * 86_400_000)
    assert losses.mean == pytest.approx(0.005, rel=0.01)
    losses.reckoned("other", 0.25)
    again = Losses(0.005)
    again.load(json.loads(json.dumps(losses.save())))
    assert again.around("other") == [0.25]
    assert again.draw(NOTHING, np.random.default_rng(1)) == losses.draw(
        NOTHING, np.random.default_rng(1)
    )


def test_a_long_run_without_scrap_proves_none_impossible() -> None:
    """A share of 0 can be drawn from, and learns."""
    losses = Losses(0.0)
    assert 0 <= losses.draw(NOTHING, np.random.default_rng(1)) < 0.1
    losses.graded("tray", 10, 30, 0)
    assert losses.mean > 0.005
