"""Residual alarms: a reading that neither its prediction nor its gauge explains.

Without a gauge there is none: a residual could be the gauge's. What a gauge is known to be off by
is taken out first; its scatter and the prediction's are both in the limits.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

from linetwin.surrogates.review.statistics.capability import require_gauge
from linetwin.surrogates.review.statistics.charts import Chart
from linetwin.surrogates.review.statistics.limits import FALSE_ALARM

if TYPE_CHECKING:
    from collections.abc import Sequence

    from linetwin.surrogates.gauges import Gauge


@dataclass(frozen=True)
class Predicted:
    """Predictions and their standard deviations (n,), in the unit of the readings.

    `of_readings`: the model has learnt from readings of this gauge, so that its deviations hold
    the gauge's scatter, and its predictions the gauge's bias.
    """

    values: np.ndarray
    deviations: np.ndarray
    of_readings: bool = False


def residual_chart(
    name: str,
    readings: np.ndarray,
    labels: Sequence[str],
    predicted: Predicted,
    gauge: Gauge | None,
) -> Chart:
    """Return the chart of reading less prediction (n,); ScenarioError without a known gauge.

    Limits as everywhere, 0.27 % of normal residuals lie beyond them.
    """
    judge = require_gauge(gauge, "residual alarm", name)
    residuals = np.asarray(readings, dtype=np.float64) - predicted.values
    sigma = np.asarray(predicted.deviations, dtype=np.float64)
    if predicted.of_readings:
        sigma = np.maximum(sigma, judge.scatter)
    else:
        residuals = residuals - (judge.bias or 0.0) - (judge.linearity or 0.0) * predicted.values
        sigma = np.hypot(sigma, judge.scatter)
    half = float(stats.norm.isf(FALSE_ALARM / 2)) * sigma
    chances = 2 * stats.norm.sf(np.abs(residuals) / sigma)
    return Chart("residuals", tuple(labels), residuals, 0.0, -half, half, np.asarray(chances))
