"""Scores against closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest, norm

from linetwin.estimation.scores import binomial_interval, crps, interval, positive_interval


@pytest.mark.parametrize(("hits", "count"), [(0, 20), (19, 20), (20, 20), (187, 200)])
def test_a_share_has_its_exact_interval(hits: int, count: int) -> None:
    """As scipy computes it."""
    expected = binomtest(hits, count).proportion_ci(method="exact")
    assert binomial_interval(hits, count) == pytest.approx((expected.low, expected.high))


def test_crps_of_many_normal_members_is_the_closed_form() -> None:
    """Gneiting and Raftery 2007: sigma (z (2 Phi(z) - 1) + 2 phi(z) - 1/sqrt(pi))."""
    members = norm.ppf((np.arange(20_000) + 0.5) / 20_000) * 2 + 1
    z = (2.5 - 1) / 2
    expected = 2 * (z * (2 * norm.cdf(z) - 1) + 2 * norm.pdf(z) - 1 / np.sqrt(np.pi))
    assert crps(members, 2.5) == pytest.approx(expected, rel=1e-3)


def test_an_interval_is_that_of_a_normal_distribution() -> None:
    """Mean and 1.96 deviations of the members."""
    members = np.array([-1.0, 0.0, 1.0])
    found = interval(members)
    assert found.median == 0.0
    assert (found.low, found.high) == pytest.approx((-1.959964, 1.959964))
    assert found.holds(1.9)
    assert not found.holds(2.0)


def test_a_positive_interval_stays_above_zero() -> None:
    """It is the normal one where members are close together, and skewed where they are not."""
    close = 5 + 0.01 * np.random.default_rng(1).standard_normal(64)
    assert positive_interval(close) == pytest.approx(interval(close), rel=1e-4)
    skewed = np.exp(2 * np.random.default_rng(2).standard_normal(64))
    found = positive_interval(skewed)
    assert 0 < found.low < found.median < found.high
    assert interval(skewed).low < 0
    assert positive_interval(skewed - skewed.min()) == interval(skewed - skewed.min())
