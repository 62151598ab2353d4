"""Ppk by quantiles: coverage of its intervals, and when it is not told."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from linetwin.surrogates.review.statistics import percentiles

SHAPES = {
    "gamma 2": stats.gamma(2), "gamma 4": stats.gamma(4), "lognormal 0.25": stats.lognorm(0.25),
    "lognormal 0.5": stats.lognorm(0.5), "Weibull 1.5": stats.weibull_min(1.5),
}  # fmt: skip
TRUTH = 1.33


def reach(shape: stats.rv_continuous) -> float:
    """Return the distance from the median to the quantile of 99.865 %."""
    return float(shape.ppf(0.99865) - shape.median())


def told(values: np.ndarray, limit: float, size: int = 10) -> percentiles.ByQuantiles:
    """Return Ppk against an upper limit, of subgroups of `size`."""
    labels = [f"g{row // size}" for row in range(values.size)]
    return percentiles.percentile_index(values, labels, (-math.inf, limit))


@pytest.mark.parametrize(("count", "drawn", "most_refused"), [(4000, 40, 0), (400, 5, 5)])
def test_intervals_hold_the_truth(count: int, drawn: int, most_refused: int) -> None:
    """Of drawn samples of known shapes 90 % or more of the intervals do, 95 % are promised.

    Some sound samples of few readings have one that looks strange: these have no interval.
    """
    draws, held = np.random.default_rng(31), []
    for shape in SHAPES.values():
        limit = shape.median() + TRUTH * reach(shape)
        for _ in range(drawn):
            found = told(shape.rvs(count, random_state=draws), limit).worst
            if found is not None:
                held.append(found.low <= TRUTH <= found.high)
    assert len(SHAPES) * drawn - len(held) <= most_refused
    assert np.mean(held) >= 0.9


def test_too_few_or_equal_readings_tell_no_quantile() -> None:
    """A tail of 0.135 % is not told from 299 readings, nor of what is mostly one value."""
    values = np.random.default_rng(2).gamma(2, size=299)
    assert told(values, 20).worst is None
    assert "299 readings are too few" in told(values, 20).how
    equal = np.where(np.arange(5000) % 50 == 0, 2.0, 1.0)
    assert told(equal, 3).how == "most readings are equal"


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("many", [1, 4])
def test_outliers_that_no_shape_holds_are_told(name: str, many: int) -> None:
    """One or four of 1,000 readings at four times the reach leave no Ppk by quantiles."""
    shape, draws, found = SHAPES[name], np.random.default_rng(4), 0
    for _ in range(10):
        values = shape.rvs(1000, random_state=draws)
        values[:many] = shape.median() + 4 * reach(shape) * (1 + 0.02 * np.arange(many))
        own = told(values, shape.median() + 5 * reach(shape))
        found += own.worst is None and own.strange >= many
    assert found >= 9


def test_what_comes_together_in_a_lot_counts_as_fewer() -> None:
    """Twelve far readings of one lot tell less of a tail than one in each of twelve lots."""
    values = np.random.default_rng(3).normal(10, 1, 6000)
    apart, together = values.copy(), values.copy()
    far = np.linspace(16, 17, 12)
    apart[::500], together[:12] = far, far
    one, other = (told(each, 20, 20) for each in (apart, together))
    assert one.how == "quantiles of the readings"
    assert one.worst is not None
    assert one.worst.low <= 10 / (far[2] - 10)
    assert other.worst is None
    assert other.strange


def test_a_limit_inside_of_the_readings() -> None:
    """A limit at the median has a Ppk of 0 whose interval is the median's own; below it, less."""
    values = np.random.default_rng(3).gamma(2, size=5000)
    at = told(values, float(np.median(values))).worst
    assert at is not None
    assert at.low < at.value == 0 < at.high
    below = told(values, 1.0).worst
    assert below is not None
    assert below.low < below.value < below.high < 0
    few = told(values[:500], 1.0).worst
    assert few is not None
    assert few.low < few.value < few.high < 0
