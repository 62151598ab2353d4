"""How a subgroup's mean goes with the one before it: a first-order autoregression.

Why adjusted limits, and no chart of residuals: of a lasting shift a residual sees all only once,
then 1 - phi of it, and it has no meaning on the shop floor. Limits from the scatter of the
process itself, with autocorrelation in it, stand in the unit of the reading and keep the chance
of a false alarm at each point; alarms of neighbouring points come together, which is told.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import special

from linetwin.surrogates.gauges import CONFIDENCE, Estimate

HIGHEST: Final = 0.95
"""Autocorrelation from which a series of usual length tells nothing of its mean [A]."""
_LEAST_LEFT: Final = 0.05
"""Least share of the variance that is believed to be left around a sample's own mean [A]."""


@dataclass(frozen=True)
class Process:
    """A stationary series: mean, standard deviation, and what is known of both.

    `autocorrelation` of neighbours with its 95 % interval; `mean_variance`: of the estimated mean
    over the variance of a point; `freedom`: degrees of freedom of the variance.
    """

    mean: float
    sigma: float
    autocorrelation: Estimate
    mean_variance: float
    freedom: float


def process_of(points: np.ndarray) -> Process:
    """Return mean, scatter and autocorrelation of points in time (n,); NaN: set aside, in place.

    The first autocorrelation is corrected for its bias of -(1 + 4 phi)/n (Kendall 1954; Marriott
    and Pope 1954 [V]); below zero it narrows no limits. The variance around the sample's own mean
    is corrected for the variance of that mean; degrees of freedom are those of the variance of
    an autoregression, n (1 - phi^2)/(1 + phi^2) - 1.
    """
    there = np.isfinite(points)
    count = int(there.sum())
    mean = float(np.mean(points[there]))
    off = np.where(there, points - mean, 0.0)
    variance = float((off**2).sum()) / count
    pairs = int((there[1:] & there[:-1]).sum())
    raw = 0.0
    if variance > 0 and pairs:
        raw = float((off[1:] * off[:-1]).sum()) / pairs / variance * (count - 1) / count
    phi = float(np.clip(raw + (1 + 4 * raw) / count, -HIGHEST, HIGHEST))
    reach = float(special.stdtrit(count - 1, (1 + CONFIDENCE) / 2)) * (1 + 4 / count)
    reach *= math.sqrt((1 - phi**2) / count)
    used = max(0.0, phi)
    share = mean_variance(used, count)
    return Process(
        mean,
        math.sqrt(variance / max(_LEAST_LEFT, 1 - share)),
        Estimate(phi, max(-1.0, phi - reach), min(1.0, phi + reach)),
        share,
        max(1.0, count * (1 - used**2) / (1 + used**2) - 1),
    )


def mean_variance(phi: float, count: int) -> float:
    """Return the variance of the mean of `count` neighbours over that of one of them."""
    lags = np.arange(1, count)
    return (1 + 2 * float(((1 - lags / count) * phi**lags).sum())) / count


def ewma_variance(phi: float, weight: float, count: int) -> np.ndarray:
    """Return the variance of the first `count` weighted means over that of a point, (count,).

    From its beginning at the centre; in the long run weight/(2 - weight) times
    (1 + phi (1 - weight))/(1 - phi (1 - weight)) (Schmid 1997 [V]).
    """
    keep, variance, shared, found = 1 - weight, 0.0, 0.0, []
    for _ in range(count):
        before = phi * shared  # covariance of the new point with the weighted mean before it
        variance = keep**2 * variance + weight**2 + 2 * weight * keep * before
        shared = weight + keep * before
        found.append(variance)
    return np.array(found)
