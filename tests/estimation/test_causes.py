"""A cause is named where measurements tell it from others, and called ambiguous where not."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import chi2, norm

from linetwin.estimation.causes import causes, critical_gain
from linetwin.estimation.ensemble import Ensemble

GAIN, GAUGE, SCALE, ROLLS = range(4)
PRIOR = {"gain": 0.01, "gauge": 0.005, "scale": 0.001, "rolls": 0.05}
BANDS = (0.002, 0.002, 0.001, 0.01)
GAUGED = np.array([1.0, 1.0, 0.0, 0.0])
WEIGHED = np.array([1.0, 0.0, 1.0, 0.0])
PRESSED = np.array([0.6, 0.0, 0.0, 0.1])


def told(truth: np.ndarray, seen: list[np.ndarray], noise: list[float]) -> list[tuple[int, ...]]:
    """Return which states are told after 30 lots."""
    chance = np.random.default_rng(6)
    ensemble = Ensemble.begin(PRIOR, 32, chance)
    matrix, spread = np.array(seen), np.array(noise)
    for _ in range(30):
        ensemble.forecast(np.array([2e-4, 2e-4, 2e-5, 2e-3]), chance)
        value = matrix @ truth + chance.normal(0.0, spread)
        ensemble.update(ensemble.values @ matrix.T, value, spread**2)
    return [each.states for each in causes(ensemble.mean, ensemble.covariance, BANDS)]


def test_a_biased_gauge_is_named_by_a_redundant_scale() -> None:
    """The gauge reads 1.2 % too much, the scale does not."""
    truth = np.array([0.0, 0.012, 0.0, 0.0])
    assert told(truth, [GAUGED, WEIGHED, PRESSED], [0.002, 0.003, 0.005]) == [(GAUGE,)]


def test_a_biased_gauge_without_another_is_ambiguous() -> None:
    """It may as well be the pump: both are told, and nothing else."""
    truth = np.array([0.0, 0.012, 0.0, 0.0])
    found = told(truth, [GAUGED], [0.002])
    assert len(found) == 1
    assert set(found[0]) == {GAIN, GAUGE}


def test_one_cause_is_preferred_to_two() -> None:
    """With a thickness behind the rolls it is the gauge: else pump and rolls would both be off."""
    truth = np.array([0.0, 0.012, 0.0, 0.0])
    assert told(truth, [GAUGED, PRESSED], [0.002, 0.005]) == [(GAUGE,)]


def test_a_drifted_parameter_is_named_with_all_instruments() -> None:
    """Gain and rolls, both off: both named, the clearer one first."""
    truth = np.array([0.02, 0.0, 0.0, -0.15])
    found = told(truth, [GAUGED, WEIGHED, PRESSED], [0.002, 0.003, 0.002])
    assert sorted(found) == [(GAIN,), (ROLLS,)]


def test_nothing_is_told_within_the_bands() -> None:
    """What counts as nominal is no cause, however well it is known."""
    assert causes(np.array(BANDS) * 0.99, np.diag(np.full(4, 1e-12)), BANDS) == []


def test_chance_leaves_the_bands_as_rarely_as_stated() -> None:
    """Independent states without bands: one of five is told in 3 to 6 % of cases."""
    chance, count = np.random.default_rng(2), 3000
    hits = sum(
        bool(causes(chance.standard_normal(5), np.eye(5), np.zeros(5))) for _ in range(count)
    )
    assert 0.03 < hits / count < 0.06


def test_the_bound_is_the_corrected_quantile() -> None:
    """For one state it is that of chi-squared, for many Bonferroni's."""
    assert critical_gain(1, 0.95) == pytest.approx(chi2.isf(0.05, 1))
    assert critical_gain(8, 0.95) == pytest.approx(norm.isf(0.05 / 16) ** 2)
