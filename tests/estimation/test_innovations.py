"""Statistics of innovations are those of numpy and scipy, over the last ones only."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import chi2

from linetwin.estimation.innovations import KEPT, Record


def test_statistics_are_of_the_last_innovations() -> None:
    """Mean, deviation, autocorrelation and chi-squared, recomputed; older ones are forgotten."""
    drawn = np.random.default_rng(1).standard_normal(KEPT + 20)
    record = Record(12)
    for tick, value in enumerate(drawn):
        record.add(float(value), tick)
    found, kept = record.statistics(), drawn[-KEPT:]
    away = kept - kept.mean()
    squares = float((drawn[-12:] ** 2).sum())
    assert (record.total, record.tick, found.samples) == (len(drawn), len(drawn) - 1, KEPT)
    assert found.mean == pytest.approx(kept.mean())
    assert found.deviation == pytest.approx(kept.std(ddof=1))
    assert found.autocorrelation == pytest.approx(sum(away[1:] * away[:-1]) / sum(away**2))
    assert found.chi_squared == pytest.approx(squares)
    assert found.degrees == 12
    assert found.level == pytest.approx(chi2.cdf(squares, 12))


def test_without_innovations_nothing_is_said() -> None:
    """None gives NaN, one has no deviation, equal ones no autocorrelation."""
    record = Record(12)
    assert math.isnan(record.statistics().mean)
    record.add(1.0, 0)
    assert math.isnan(record.statistics().deviation)
    record.add(1.0, 1)
    assert math.isnan(record.statistics().autocorrelation)
    other = Record(12)
    other.load(record.save())
    assert other == record
