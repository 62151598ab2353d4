"""Intervals and scores: quantiles, a binomial share with its interval, CRPS of an ensemble."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.stats import beta, norm

if TYPE_CHECKING:
    from collections.abc import Sequence


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
    reach = float(norm.isf((1 - confidence) / 2)) * spread
    return Interval(float(np.median(members)), middle - reach, middle + reach)


def binomial_interval(hits: int, count: int, confidence: float = 0.95) -> tuple[float, float]:
    """Return the exact interval of a share (Clopper and Pearson 1934)."""
    tail = (1 - confidence) / 2
    low = float(beta.ppf(tail, hits, count - hits + 1)) if hits > 0 else 0.0
    high = float(beta.ppf(1 - tail, hits + 1, count - hits)) if hits < count else 1.0
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
