"""Residual alarms: neither the gauge nor the prediction's own error raises them, a fault does."""

from __future__ import annotations

import numpy as np
import pytest

from linetwin.errors import ScenarioError
from linetwin.surrogates.gauges import Gauge
from linetwin.surrogates.review.statistics.alarms import alarms
from linetwin.surrogates.review.statistics.residuals import Predicted, residual_chart

GAUGE = Gauge(bias=0.8, linearity=0.01, repeatability=0.3, reproducibility=0.4)
LABELS = [f"cell-{i}" for i in range(20_000)]


def read(gauge: Gauge) -> tuple[np.ndarray, np.ndarray]:
    """Return predictions off by 0.5 (standard deviation), and readings of the true values."""
    draws = np.random.default_rng(3)
    true = draws.normal(50, 3, len(LABELS))
    readings = true * (1 + (gauge.linearity or 0)) + (gauge.bias or 0)
    readings += draws.normal(0, gauge.scatter, true.size)
    return true + draws.normal(0, 0.5, true.size), readings


def test_gauge_and_prediction_raise_the_promised_false_alarms() -> None:
    """With bias, linearity and both scatters known 0.27 % lie outside; without the gauge's, more.

    A model that has learnt from the readings holds the gauge in its errors already.
    """
    told, readings = read(GAUGE)
    own = residual_chart("x", readings, LABELS, Predicted(told, np.full(told.size, 0.5)), GAUGE)
    assert own.out.mean() == pytest.approx(0.0027, abs=0.0012)
    blind = Gauge(bias=0.0, repeatability=0.0, reproducibility=0.0)
    naive = residual_chart("x", readings, LABELS, Predicted(told, np.full(told.size, 0.5)), blind)
    assert naive.out.mean() > 0.3
    off = told * 1.01 + 0.8
    both = np.full(told.size, np.hypot(0.5, 0.5))
    learnt = residual_chart("x", readings, LABELS, Predicted(off, both, of_readings=True), GAUGE)
    assert learnt.out.mean() == pytest.approx(0.0027, abs=0.0012)


def test_fault_is_alarmed_among_many() -> None:
    """Of 20,000 residuals the five that are off by 6 are alarmed, hardly another."""
    told, readings = read(GAUGE)
    readings[[5, 100, 1000, 7000, 19_999]] += 6.0
    chart = residual_chart("x", readings, LABELS, Predicted(told, np.full(told.size, 0.5)), GAUGE)
    found = {each.label for each in alarms({"x": chart})}
    assert {"cell-5", "cell-100", "cell-1000", "cell-7000", "cell-19999"} <= found
    assert len(found) <= 7


def test_no_gauge_no_residual_alarm() -> None:
    """Without a gauge study nothing is alarmed, and it is said what is lacking."""
    told, readings = read(GAUGE)
    with pytest.raises(ScenarioError, match="no residual alarm: of the gauge bias is unknown"):
        residual_chart("x", readings, LABELS, Predicted(told, told),
                       Gauge(repeatability=0.3, reproducibility=0.4))  # fmt: skip
