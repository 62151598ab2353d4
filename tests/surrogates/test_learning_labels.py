"""Labels that err: the truth is found where the naive way misses."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from linetwin.errors import ScenarioError
from linetwin.surrogates.learning import labels as lab

EYE = lab.Inspection(miss=0.3, false_alarm=0.05)


def looked_at(draws: np.random.Generator, faults: np.ndarray, eye: lab.Inspection) -> np.ndarray:
    """Return what an inspection says of faults."""
    said = np.where(faults > 0, 1 - eye.miss, eye.false_alarm)
    return (draws.random(faults.size) < said).astype(float)


def test_share_by_hand() -> None:
    """Of 1,000 cells 115 called bad: (0.115 - 0.05)/0.65 = 10 % are; none called bad: none are."""
    assert lab.corrected_share(115, 1000, EYE).value == pytest.approx(0.1)
    assert lab.corrected_share(0, 1000, EYE).value == 0.0
    assert lab.corrected_share(30, 1000, lab.Inspection(0.0, 0.0)).value == pytest.approx(0.03)


@pytest.mark.parametrize("tried", [0, 200])
def test_share_interval_holds(tried: int) -> None:
    """Of 1,500 plants with 8 % faults 93 % or more of the intervals hold it; the labels' never.

    With rates as they are, and with rates from 200 pieces of either kind.
    """
    draws = np.random.default_rng(1)
    held, naive = [], []
    for _ in range(1500):
        faults = (draws.random(1000) < 0.08).astype(float)
        found = int(looked_at(draws, faults, EYE).sum())
        eye = EYE
        if tried:
            miss, alarm = draws.binomial(tried, [EYE.miss, EYE.false_alarm]) / tried
            eye = lab.Inspection(float(miss), float(alarm), tried, tried)
        told = lab.corrected_share(found, 1000, eye)
        held.append(told.low <= 0.08 <= told.high)
        naive.append(abs(found / 1000 - 0.08) < 1.96 * np.sqrt(0.08 * 0.92 / 1000))
    assert np.mean(held) > 0.93
    assert np.mean(naive) < 0.5


def test_fit_with_honest_labels_is_the_plain_one() -> None:
    """Without label error the fit is scikit-learn's maximum likelihood."""
    draws = np.random.default_rng(2)
    features = draws.normal(5.0, [1.0, 20.0], (3000, 2))
    odds = -2 + 0.8 * (features[:, 0] - 5) - 0.03 * (features[:, 1] - 5)
    faults = (draws.random(3000) < 1 / (1 + np.exp(-odds))).astype(float)
    own = lab.corrected_fit(features, faults, lab.Inspection(0.0, 0.0))
    theirs = LogisticRegression(C=np.inf, tol=1e-8, max_iter=1000).fit(features, faults)
    assert own.slopes == pytest.approx(theirs.coef_[0], rel=1e-3)
    assert own.intercept == pytest.approx(theirs.intercept_[0], rel=1e-3)


def test_fit_finds_the_truth_behind_labels_that_err() -> None:
    """Of 60 sets the corrected slope is the true one on average, its interval holds it.

    The plain fit has two thirds of it, in no set the truth within its interval.
    """
    draws = np.random.default_rng(3)
    slopes, errors, plain = [], [], []
    for _ in range(60):
        features = draws.normal(0, 1, (4000, 1))
        faults = (draws.random(4000) < 1 / (1 + np.exp(1.5 - 1.2 * features[:, 0]))).astype(float)
        said = looked_at(draws, faults, EYE)
        fit = lab.corrected_fit(features, said, EYE)
        slopes.append(fit.slopes[0])
        errors.append(fit.slope_errors[0])
        plain.append(lab.corrected_fit(features, said, lab.Inspection(0.0, 0.0)).slopes[0])
    assert np.mean(slopes) == pytest.approx(1.2, abs=0.04)
    assert np.mean(errors) == pytest.approx(np.std(slopes), rel=0.25)
    assert np.mean(np.abs(np.array(slopes) - 1.2) < 1.96 * np.array(errors)) > 0.88
    assert max(plain) < 1.0


def test_errors_over_lots() -> None:
    """Where lots fail together the errors over lots are those seen, those over cells too small."""
    draws = np.random.default_rng(4)
    slopes, by_lot, by_cell = [], [], []
    lots = np.repeat(np.arange(80), 25).astype(str).tolist()
    for _ in range(40):
        feature = np.repeat(draws.normal(0, 1, 80), 25)[:, None]
        odds = -1 + feature[:, 0] + np.repeat(draws.normal(0, 1, 80), 25)
        faults = (draws.random(2000) < 1 / (1 + np.exp(-odds))).astype(float)
        said = looked_at(draws, faults, EYE)
        fit = lab.corrected_fit(feature, said, EYE, lots)
        slopes.append(fit.slopes[0])
        by_lot.append(fit.slope_errors[0])
        by_cell.append(lab.corrected_fit(feature, said, EYE).slope_errors[0])
    assert np.mean(by_lot) == pytest.approx(np.std(slopes), rel=0.3)
    assert np.mean(by_cell) < 0.75 * np.mean(by_lot)


def test_refused_labels() -> None:
    """An inspection that tells nothing, equal labels and a constant feature are refused."""
    features, said = np.arange(20.0)[:, None], np.tile([0.0, 1.0], 10)
    with pytest.raises(ScenarioError, match="misses 60% and alarms at 40% of good cells tells no"):
        lab.corrected_share(3, 10, lab.Inspection(0.6, 0.4))
    with pytest.raises(ScenarioError, match="all labels are equal"):
        lab.corrected_fit(features, np.ones(20), EYE)
    with pytest.raises(ScenarioError, match="constant"):
        lab.corrected_fit(np.ones((20, 1)), said, EYE)
    with pytest.raises(ScenarioError, match="does not end"):
        lab.corrected_fit(features, (np.arange(20) > 9).astype(float), lab.Inspection(0.0, 0.0))
