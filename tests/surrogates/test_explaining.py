"""Shapley values are exact and sum to the prediction; what would have helped is the nearest."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linetwin.surrogates.explaining import (
    MOST_EXACT,
    Explanation,
    counterfactuals,
    sensitivities,
    shapley,
)


def wavy(rows: np.ndarray) -> np.ndarray:
    """Return a function with interactions, of any number of features."""
    weights = np.linspace(0.5, 2.0, rows.shape[1])
    return np.sin(rows @ weights) + rows[:, 0] * rows[:, -1] + np.exp(0.3 * rows[:, 1])


def by_orders(row: np.ndarray, background: np.ndarray) -> np.ndarray:
    """Return the Shapley values as the mean over all orders of the features, written anew."""
    found = np.zeros(len(row))
    orders = list(permutations(range(len(row))))
    for order in orders:
        mixed = background.copy()
        last = wavy(mixed).mean()
        for feature in order:
            mixed[:, feature] = row[feature]
            now = wavy(mixed).mean()
            found[feature] += now - last
            last = now
    return found / len(orders)


def sums(found: Explanation) -> bool:
    """Whether the parts sum to the prediction less the mean."""
    return bool(abs(found.parts.sum() - (found.prediction - found.mean)) < 1e-9)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**31), st.integers(2, 5), st.integers(1, 9))
def test_values_are_the_mean_over_all_orders(seed: int, features: int, rows: int) -> None:
    """Subsets give what all orders give, to rounding, and sum to prediction minus mean."""
    draws = np.random.default_rng(seed)
    row, background = draws.normal(size=features), draws.normal(size=(rows, features))
    found = shapley(wavy, row, background)
    np.testing.assert_allclose(found.parts, by_orders(row, background), atol=1e-12)
    assert sums(found)
    assert found.mean == pytest.approx(wavy(background).mean())
    assert not found.errors.any()


def test_a_linear_model_has_its_terms() -> None:
    """Of a linear model a part is slope times distance from the background's mean."""
    draws = np.random.default_rng(1)
    slopes, row = np.array([2.0, -1.0, 0.0, 0.5]), np.array([1.0, 2.0, 3.0, 4.0])
    background = draws.normal(size=(30, 4))
    background[:, 3] = row[3]  # as in the row: nothing to tell
    found = shapley(lambda rows: 7.0 + rows @ slopes, row, background)
    expected = slopes * (row - background.mean(axis=0))
    np.testing.assert_allclose(found.parts, [*expected[:3], 0.0], atol=1e-12)


def test_many_features_are_sampled() -> None:
    """With more features orders are drawn: the sum is exact, the errors cover the true parts."""
    draws = np.random.default_rng(2)
    count = MOST_EXACT + 6
    slopes = draws.normal(size=count)
    row, background = draws.normal(size=count), draws.normal(size=(12, count))

    def model(rows: np.ndarray) -> np.ndarray:
        return rows @ slopes + rows[:, 0] * rows[:, 1]

    found = shapley(model, row, background)
    assert sums(found)
    mean = background.mean(axis=0)
    true = slopes * (row - mean)
    # of a product, by the two orders of its factors
    both, own = (background[:, 0] * background[:, 1]).mean(), row[0] * row[1]
    first, second = row[0] * mean[1], mean[0] * row[1]
    true[0] += ((first - both) + (own - second)) / 2
    true[1] += ((own - first) + (second - both)) / 2
    np.testing.assert_allclose(found.parts[2:], true[2:], atol=1e-12)
    assert (np.abs(found.parts[:2] - true[:2]) <= 4 * found.errors[:2] + 1e-12).all()
    again = shapley(model, row, background)
    assert (again.parts == found.parts).all()


def test_sensitivities_stay_within_the_range() -> None:
    """Each feature moves by a twentieth of its range to either side, not beyond its ends."""
    low, high = np.array([0.0, 0.0]), np.array([10.0, 1.0])
    row = np.array([5.0, 1.0])
    found = sensitivities(lambda rows: rows[:, 0] ** 2 - 3.0 * rows[:, 1], row, low, high)
    assert (found[0].low, found[0].high) == (4.5, 5.5)
    assert found[0].slope == pytest.approx(10.0)
    assert (found[1].low, found[1].high) == (0.95, 1.0)
    assert found[1].slope == pytest.approx(-3.0)
    alike = sensitivities(lambda rows: rows[:, 0], row, row, row)
    assert [each.slope for each in alike] == [0.0, 0.0]


def test_what_would_have_helped_is_the_nearest_value() -> None:
    """The edge where the chance is reached is found; what cannot reach it comes last."""

    def chance(rows: np.ndarray) -> np.ndarray:
        return np.clip(0.2 + 0.1 * rows[:, 0] + 0.02 * rows[:, 1], 0.0, 1.0)

    row = np.array([1.0, 0.0, 0.0])
    low, high = np.zeros(3), np.array([10.0, 10.0, 5.0])
    found = counterfactuals(chance, row, low, high, 0.8)
    assert [(each.feature, each.reached) for each in found] == [(0, True), (1, False)]
    assert found[0].value == pytest.approx(6.0)  # 0.2 + 0.1 x = 0.8
    assert found[0].chance >= 0.8
    assert (found[1].value, found[1].chance) == (10.0, pytest.approx(0.5))
    assert counterfactuals(chance, row, row, row, 0.8) == []


def test_a_goal_that_is_kept_needs_no_help() -> None:
    """Where the row keeps the goal already, nothing would have helped."""
    row = np.array([1.0])
    assert counterfactuals(lambda rows: np.ones(len(rows)), row, row - 1, row + 1, 0.9) == []
