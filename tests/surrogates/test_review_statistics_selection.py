"""Cells without an outcome: an audit sample finds the share where the naive way misses."""

from __future__ import annotations

import numpy as np
import pytest

from linetwin.errors import ScenarioError
from linetwin.surrogates.review.statistics import selection as sel


def test_audit_sample_is_nobodys_choice() -> None:
    """The same cells whatever their order; as many as stated; each as often as stated."""
    cells = [f"cell-{i}" for i in range(500)]
    one = sel.audit_sample(cells, 0.1, seed=1)
    other = sel.audit_sample(cells[::-1], 0.1, seed=1)
    assert one.chosen.sum() == 50
    assert one.inclusion == pytest.approx(0.1)
    assert one.chosen.tolist() == other.chosen[::-1].tolist()
    assert sel.audit_sample(cells, 0.0, seed=1, fewest=20).inclusion == pytest.approx(0.04)
    often = np.sum([sel.audit_sample(cells[:40], 0.25, seed).chosen for seed in range(800)], axis=0)
    assert often.min() > 200 - 4.5 * np.sqrt(800 * 0.25 * 0.75)
    assert often.max() < 200 + 4.5 * np.sqrt(800 * 0.25 * 0.75)


def test_size_of_the_audit() -> None:
    """Half of the cells bad, to 10 %: 104 (exact interval); of 200 at hand 69 do."""
    found = sel.audit_size(0.1, 0.5)
    own = sel.clopper_pearson(0.5 * found, found)
    assert (own.high - own.low) / 2 <= 0.1
    assert found == pytest.approx(96, abs=10)
    assert sel.audit_size(0.1, 0.5, total=200) == pytest.approx(found / (1 + found / 200), abs=1)
    with pytest.raises(ScenarioError, match="out of 0 to 1"):
        sel.audit_size(0.0, 0.5)


@pytest.mark.parametrize("between", [0.0, 1.0])
def test_selection_is_corrected(between: float) -> None:
    """Of 120 runs whose riskiest cells were scrapped unseen 90 % or more of the intervals hold.

    The naive share misses in all of them; with lots that fail together as well.
    """
    draws = np.random.default_rng(8)
    truth, shares, held, naive = [], [], [], []
    for run in range(120):
        odds = draws.normal(-3, 1.5, 3000) + np.repeat(draws.normal(0, between, 75), 40)
        bad = (draws.random(3000) < 1 / (1 + np.exp(-odds))).astype(float)
        lots = np.repeat(np.arange(75), 40).astype(str)
        stopped = np.flatnonzero(odds > -1.5)
        kept = sel.audit_sample([str(cell) for cell in stopped], 0.15, seed=run)
        seen = np.setdiff1d(np.arange(3000), stopped[~kept.chosen])
        inclusion = np.where(np.isin(seen, stopped), kept.inclusion, 1.0)
        told = sel.weighted_share(bad[seen], inclusion, lots[seen].tolist() if between else ())
        truth.append(bad.mean())
        shares.append(told.share.value)
        held.append((told.share.low, told.share.high))
        naive.append(told.naive)
    process = float(np.mean(truth))
    assert np.mean(shares) == pytest.approx(process, rel=0.02)
    inside = np.mean([low <= process <= high for low, high in held])
    assert 0.9 <= inside <= 1.0
    assert max(naive) < process


def test_share_without_selection_is_the_plain_one() -> None:
    """All cells seen and none bad: the exact interval of a count; a wrong inclusion is refused."""
    plain = sel.weighted_share(np.r_[np.ones(3), np.zeros(97)], np.ones(100))
    own = sel.clopper_pearson(3, 100)
    assert tuple(plain.share) == pytest.approx(tuple(own), rel=0.05)
    assert plain.audited == 0
    assert sel.weighted_share(np.zeros(100), np.ones(100)).share.high == pytest.approx(
        0.0362, abs=2e-4
    )
    with pytest.raises(ScenarioError, match="no probability"):
        sel.weighted_share(np.zeros(3), np.array([1.0, 0.0, 1.0]))
