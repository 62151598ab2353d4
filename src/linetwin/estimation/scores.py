"""Intervals and scores: quantiles, a binomial share with its interval, CRPS of an ensemble."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.special import betaincinv, ndtri

if TYPE_CHECKING:
    from collections.abc import Sequence

NORMAL_95 = 1.959964
"""Standard deviations on either side of the mean that hold 95 %."""


class Interval(NamedTuple):
    """A median and the bounds of an interval around it."""

    median: float
    low: float
    high: float

    def holds(self, value: float) -> bool:
        """Whether a value lies in it."""
        return self.low <= value <= self.high


def interval(members: np.ndarray, confidence: float = 0.95) -> Interval:
    """Return median and central interval of members.

    The bounds are mean and standard deviation times the normal quantile: of 64 members the
    outermost two would decide an empirical 95 % interval.
    """
    middle, spread = float(np.mean(members)), float(np.std(members, ddof=1))
    reach = float(ndtri((1 + confidence) / 2)) * spread
    return Interval(float(np.median(members)), middle - reach, middle + reach)


def positive_interval(members: np.ndarray, confidence: float = 0.95) -> Interval:
    """Return the same of a quantity that is above zero, by its logarithm.

    Where members differ by some percent it is the same interval; where they are skewed it stays
    above zero. Members of which one is not above zero are taken as they are.
    """
    if np.min(members) <= 0:
        return interval(members, confidence)
    return Interval(*(float(np.exp(each)) for each in interval(np.log(members), confidence)))


def binomial_interval(hits: int, count: int, confidence: float = 0.95) -> tuple[float, float]:
    """Return the exact interval of a share (Clopper and Pearson 1934)."""
    tail = (1 - confidence) / 2
    low = float(betaincinv(hits, count - hits + 1, tail)) if hits > 0 else 0.0
    high = float(betaincinv(hits + 1, count - hits, 1 - tail)) if hits < count else 1.0
    return low, high


def crps(members: Sequence[float] | np.ndarray, truth: float) -> float:
    """Return the continuous ranked probability score of an ensemble, in the unit of `truth`.

    The fair form: unbiased for a sample of members (Ferro 2014).
    """
    values = np.sort(np.asarray(members, dtype=np.float64))
    count = len(values)
    weights = 2 * np.arange(1, count + 1) - count - 1
    between = float(weights @ values) / (count * (count - 1))
    return float(np.abs(values - truth).mean()) - between


def normal_crps(mean: float, deviation: float, truth: float) -> float:
    """Return the continuous ranked probability score of a normal distribution, in its unit.

    Gneiting and Raftery (2007), eq. 21; without a deviation it is the absolute error.
    """
    if deviation <= 0:
        return abs(truth - mean)
    z = (truth - mean) / deviation
    density = math.exp(-z * z / 2) / math.sqrt(2 * math.pi)
    return deviation * (z * math.erf(z / math.sqrt(2)) + 2 * density - 1 / math.sqrt(math.pi))


def brier(probability: float, share: float) -> float:
    """Return the mean Brier score over items of which a share had what was forecast alike."""
    return (probability - share) ** 2 + share * (1 - share)
