"""Reliability: the parts of the Brier score, intervals over lots."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import brier_score_loss

from linetwin.errors import ScenarioError
from linetwin.surrogates.review.statistics import reliability as rel
from linetwin.surrogates.shares import clopper_pearson, upper_share


def cells(
    seed: int, lots: int, size: int, wrong: float
) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Return stated probabilities, outcomes, lots; stated = true log odds times `wrong`."""
    draws = np.random.default_rng(seed)
    odds = draws.normal(-1.5, 1.2, lots * size)
    found = (draws.random(odds.size) < 1 / (1 + np.exp(-odds))).astype(float)
    return 1 / (1 + np.exp(-wrong * odds)), found, [f"lot-{i // size}" for i in range(odds.size)]


def test_parts_of_the_brier_score() -> None:
    """They sum to it exactly; with one probability a bin they are Murphy's, worked by hand."""
    stated, found, lots = cells(1, 30, 40, 2.0)
    told = rel.reliability(stated, found, lots)
    assert told.brier == pytest.approx(brier_score_loss(found, stated))
    parts = told.miscalibration - told.resolution + told.uncertainty + told.within_bins
    assert parts == pytest.approx(told.brier)
    assert sum(each.count for each in told.bins) == found.size
    two = np.repeat([0.2, 0.6], 50)
    bad = np.r_[np.repeat([1.0, 0.0], [15, 35]), np.repeat([1.0, 0.0], [30, 20])]
    hand = rel.reliability(two, bad, ["a", "b"] * 50)
    assert hand.miscalibration == pytest.approx(0.5 * 0.01)
    assert hand.resolution == pytest.approx(0.5 * (0.15**2 + 0.15**2))
    assert hand.uncertainty == pytest.approx(0.45 * 0.55)
    assert hand.within_bins == pytest.approx(0.0, abs=1e-12)
    assert hand.error.value == pytest.approx(0.05)


def test_calibrated_and_not() -> None:
    """A calibrated model stays below the error of chance; one twice too sure is beyond it."""
    good = rel.reliability(*cells(2, 40, 50, 1.0))
    bad = rel.reliability(*cells(2, 40, 50, 2.0))
    assert good.error.value < good.error_by_chance
    assert bad.error.value > 2 * bad.error_by_chance
    assert bad.error.low < bad.error.value < bad.error.high
    assert good.design_effect < 1.5


def test_lots_that_fail_together_widen_the_bins() -> None:
    """Forty cells of a lot with one outcome are one cell: the design effect is near 40."""
    draws = np.random.default_rng(3)
    found = np.repeat((draws.random(60) < 0.3).astype(float), 40)
    told = rel.reliability(np.full(2400, 0.3), found, [str(i // 40) for i in range(2400)])
    assert told.design_effect == pytest.approx(40, rel=0.3)
    assert len(told.bins) == 1
    assert told.bins[0].observed.high - told.bins[0].observed.low > 0.18


def test_weights_undo_a_selection() -> None:
    """Half of the bad cells scrapped by another rule: with weights the model is calibrated again.

    A fifth of what is scrapped is audited. Without weights the model seems to state too much.
    """
    stated, found, lots = cells(7, 80, 50, 1.0)
    draws = np.random.default_rng(8)
    scrapped = (found > 0) & (draws.random(found.size) < 0.5)
    seen = ~scrapped | (draws.random(found.size) < 0.2)
    weights = np.where(scrapped, 5.0, 1.0)[seen]
    names = np.array(lots)[seen].tolist()
    whole = rel.reliability(stated, found, lots)
    own = rel.reliability(stated[seen], found[seen], names, weights)
    naive = rel.reliability(stated[seen], found[seen], names)
    assert own.brier == pytest.approx(whole.brier, rel=0.06)
    assert own.uncertainty == pytest.approx(whole.uncertainty, rel=0.06)
    assert own.error.value < 0.03
    assert naive.error.value > 0.06
    parts = own.miscalibration - own.resolution + own.uncertainty + own.within_bins
    assert parts == pytest.approx(own.brier)
    widths = [
        sum(each.observed.high - each.observed.low for each in told.bins) for told in (own, naive)
    ]
    assert widths[0] > 1.1 * widths[1]


def test_refused() -> None:
    """Few cells and probabilities that are none are told."""
    stated, found, lots = cells(6, 2, 40, 1.0)
    with pytest.raises(ScenarioError, match="10 cells are too few"):
        rel.reliability(stated[:10], found[:10], lots[:10])
    with pytest.raises(ScenarioError, match="out of 0 to 1"):
        rel.reliability(stated + 1, found, lots)


def test_exact_shares() -> None:
    """They are scipy's exact intervals; none of 300 leaves about 1 %, the rule of three."""
    for bad, count in ((0, 20), (3, 50), (50, 50)):
        theirs = stats.binomtest(bad, count).proportion_ci(0.95, "exact")
        own = clopper_pearson(bad, count)
        assert (own.low, own.high) == pytest.approx((theirs.low, theirs.high))
    assert upper_share(0, 300) == pytest.approx(3 / 300, rel=0.01)
