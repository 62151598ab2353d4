"""Intervals that the analyses share: of means, of shares, and what common random numbers save."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import NamedTuple

import numpy as np

from linetwin.results.inference import CONFIDENCE, student_quantile


class Estimate(NamedTuple):
    """A value with the interval that holds the true one with 95 %; NaN where nothing tells it."""

    value: float
    low: float = math.nan
    high: float = math.nan
    n: int = 0

    @property
    def clear(self) -> bool:
        """Whether the interval leaves zero out."""
        return self.low > 0 or self.high < 0


def mean_of(values: np.ndarray, confidence: float = CONFIDENCE) -> Estimate:
    """Return the mean of what is known among values, with its t-interval."""
    known = values[np.isfinite(values)]
    if not len(known):
        return Estimate(math.nan)
    mean = float(known.mean())
    if len(known) == 1:
        return Estimate(mean, n=1)
    half = student_quantile(len(known) - 1, confidence) * float(known.std(ddof=1))
    half /= math.sqrt(len(known))
    return Estimate(mean, mean - half, mean + half, len(known))


def share_within(count: int, of: int, confidence: float = CONFIDENCE) -> Estimate:
    """Return a share with its interval after Wilson (1927)."""
    if not of:
        return Estimate(math.nan, 0.0, 1.0)
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    share, step = count / of, z * z / of
    middle = (share + step / 2) / (1 + step)
    half = math.sqrt(share * (1 - share) / of + step / (4 * of)) * z / (1 + step)
    low = 0.0 if count == 0 else middle - half
    high = 1.0 if count == of else middle + half
    return Estimate(share, low, high, of)


@dataclass(frozen=True)
class Noise:
    """How much the seed decides, from points that all have the same seeds.

    `seed_share`: share of all variance of single runs that the points do not explain; `saved`:
    variance of a difference of two points with different seeds over that with common ones: a
    difference would take so many times as many runs; NaN where points have one replication.
    `points`, `replications`: of how many this was told.
    """

    seed_share: float
    saved: float
    points: int
    replications: int


def noise(values: np.ndarray) -> Noise:
    """Tell noise from what points do; `values`: shape (points, replications).

    Two-way analysis of variance without repetition: the mean square of what is left after points
    and seeds is half of the variance of a paired difference, the mean square within points half of
    that of an unpaired one. Points that lack a replication are left out.
    """
    whole = values[np.isfinite(values).all(axis=1)] if values.size else values
    points, replications = whole.shape if whole.ndim == 2 else (0, 0)  # noqa: PLR2004
    if points < 2 or replications < 2:  # noqa: PLR2004 - a variance needs two
        return Noise(math.nan, math.nan, points, replications)
    of_points, of_seeds = whole.mean(axis=1, keepdims=True), whole.mean(axis=0, keepdims=True)
    within = float(((whole - of_points) ** 2).sum() / (points * (replications - 1)))
    left = float(((whole - of_points - of_seeds + whole.mean()) ** 2).sum())
    left /= (points - 1) * (replications - 1)
    if within <= _ROUNDING * float(whole.var()):  # the seed does nothing but round
        within = left = 0.0
    between = max(0.0, float(of_points.var(ddof=1)) - left / replications)
    total = between + within
    saved = within / left if left > _ROUNDING * within else math.inf
    return Noise(
        within / total if total else math.nan,
        saved if within else math.nan,
        points,
        replications,
    )


_ROUNDING = 1e-12
