"""The ensemble filter is the Kalman filter where the measurement is linear."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linetwin.errors import SimulationError
from linetwin.estimation.ensemble import Ensemble, least_members
from linetwin.estimation.scores import binomial_interval, interval

NAMES = ("gain", "dryer", "bias")
PRIOR = np.array([1.0, 2.0, 0.5])
WANDER = np.array([0.1, 0.3, 0.0])


def kalman(
    mean: np.ndarray, spread: np.ndarray, seen: np.ndarray, value: np.ndarray, noise: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The textbook update: the oracle."""
    gain = spread @ seen.T @ np.linalg.inv(seen @ spread @ seen.T + np.diag(noise))
    return mean + gain @ (value - seen @ mean), (np.eye(len(mean)) - gain @ seen) @ spread


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**31), members=st.sampled_from([8, 16, 64]))
def test_linear_cases_are_those_of_the_kalman_filter(seed: int, members: int) -> None:
    """Mean, covariance and innovation are exact over steps of one to three measurements."""
    chance = np.random.default_rng(seed)
    ensemble = Ensemble.begin(dict(zip(NAMES, PRIOR, strict=True)), members, chance)
    mean, spread = np.zeros(3), np.diag(PRIOR**2)
    for _ in range(6):
        ensemble.forecast(WANDER, chance)
        spread = spread + np.diag(WANDER**2)
        count = int(chance.integers(1, 4))
        seen = chance.normal(size=(count, 3))
        noise = chance.uniform(0.1, 2.0, count)
        value = chance.normal(size=count)
        expected = seen @ spread @ seen.T + np.diag(noise)
        innovation = ensemble.update(ensemble.values @ seen.T, value, noise)
        assert innovation.values == pytest.approx(value - seen @ mean, abs=1e-9)
        assert innovation.covariance == pytest.approx(expected, rel=1e-9, abs=1e-9)
        assert innovation.nis == pytest.approx(
            innovation.values @ np.linalg.inv(expected) @ innovation.values
        )
        mean, spread = kalman(mean, spread, seen, value, noise)
        assert ensemble.mean == pytest.approx(mean, abs=1e-9)
        assert ensemble.covariance == pytest.approx(spread, abs=1e-9)


def test_what_is_carried_is_updated_as_if_it_were_a_state() -> None:
    """A lot's quantity that depends on a state, and on scatter of its own, learns with it."""
    chance = np.random.default_rng(5)
    ensemble = Ensemble.begin({"gain": 1.0, "bias": 0.5}, 16, chance)
    ensemble.carried["lot"] = 2 * ensemble.of("gain") + ensemble.draw(0.3, chance)
    seen = np.array([[1.0, 1.0, 0.0]])
    spread = np.array([[1.0, 0.0, 2.0], [0.0, 0.25, 0.0], [2.0, 0.0, 4.09]])
    mean, spread = kalman(np.zeros(3), spread, seen, np.array([0.7]), np.array([0.1]))
    predicted = (ensemble.of("gain") + ensemble.of("bias"))[:, None]
    ensemble.update(predicted, [0.7], np.array([0.1]))
    assert ensemble.carried["lot"].mean() == pytest.approx(mean[2])
    assert ensemble.carried["lot"].var(ddof=1) == pytest.approx(spread[2, 2])


def test_an_ensemble_goes_on_from_saved_data_with_the_same_bits() -> None:
    """Save, load and update: the same members."""
    chance = np.random.default_rng(1)
    one = Ensemble.begin({"a": 1.0, "b": 2.0}, 12, chance)
    one.carried["lot"] = one.draw(1.0, chance)
    other = Ensemble.load(one.save())
    for each in (one, other):
        each.update(each.values[:, :1], [0.5], np.array([0.2]))
    assert np.array_equal(one.values, other.values)
    assert np.array_equal(one.carried["lot"], other.carried["lot"])


def test_too_few_members_and_bad_numbers_are_refused() -> None:
    """Second-order exact draws take 2p + 2 members; NaN never enters."""
    chance = np.random.default_rng(1)
    with pytest.raises(SimulationError, match="5 members are too few for 2 states: 6"):
        Ensemble.begin({"a": 1.0, "b": 1.0}, 5, chance)
    ensemble = Ensemble.begin({"a": 1.0}, least_members(1), chance)
    with pytest.raises(SimulationError, match="finite"):
        ensemble.update(ensemble.values, [np.nan], np.array([1.0]))


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    """400 wandering truths, measured 20 times: 95 % intervals hold 95 % of them."""
    chance = np.random.default_rng(11)
    hits = 0
    for _ in range(400):
        truth = chance.normal(0.0, PRIOR)
        ensemble = Ensemble.begin(dict(zip(NAMES, PRIOR, strict=True)), 8, chance)
        for _ in range(20):
            truth = truth + chance.normal(0.0, WANDER)
            ensemble.forecast(WANDER, chance)
            seen = np.array([[1.0, 0.0, 1.0], [1.0, 0.4, 0.0]])
            value = seen @ truth + chance.normal(0.0, 0.5, 2)
            ensemble.update(ensemble.values @ seen.T, value, np.full(2, 0.25))
        hits += interval(ensemble.of("dryer")).holds(float(truth[1]))
    low, high = binomial_interval(hits, 400, 0.999)
    assert low <= 0.95 <= high
