"""Quantiles of distributions and corrections for many comparisons, without a library."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

CONFIDENCE = 0.95


def student_quantile(freedom: int, confidence: float = CONFIDENCE) -> float:
    """Return t for which a Student variable of `freedom` degrees lies in (-t, t) so likely.

    Bisection on the finite series of the distribution (Abramowitz and Stegun 26.7.3, 26.7.4).
    """
    low, high = 0.0, 1.0
    while student_inside(high, freedom) < confidence:
        high *= 2.0
    for _ in range(200):
        middle = (low + high) / 2
        if student_inside(middle, freedom) < confidence:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def student_inside(t: float, freedom: int) -> float:
    """Return the probability that a Student variable of `freedom` degrees lies in (-t, t)."""
    angle = math.atan(t / math.sqrt(freedom))
    cosine = math.cos(angle)
    odd = freedom % 2 == 1
    term = cosine if odd else 1.0
    total = 0.0 if freedom == 1 else term
    for k in range(3 if odd else 2, freedom - 1, 2):
        term *= cosine * cosine * (k - 1) / k
        total += term
    if odd:
        return 2 / math.pi * (angle + math.sin(angle) * total)
    return math.sin(angle) * total


def normal_quantile(share: float) -> float:
    """Return the quantile of the standard normal distribution."""
    return NormalDist().inv_cdf(share)


def chi_square_quantile(share: float, freedom: float) -> float:
    """Return the quantile of chi-square (Wilson and Hilferty: within 1 % from 10 degrees on)."""
    step = 2.0 / (9.0 * freedom)
    return freedom * max(0.0, 1.0 - step + normal_quantile(share) * math.sqrt(step)) ** 3


def holm(chances: Sequence[float]) -> np.ndarray:
    """Return p values adjusted after Holm (1979), shape (n,): whatever depends on what.

    Of all figures with less than 0.05 not one differs by chance, with 95 % confidence.
    """
    values = np.asarray(chances, dtype=np.float64)
    order = np.argsort(values, kind="stable")
    steps = values[order] * np.arange(len(values), 0, -1)
    return _in_place(np.minimum(1.0, np.maximum.accumulate(steps)), order)


def benjamini_hochberg(chances: Sequence[float]) -> np.ndarray:
    """Return p values adjusted after Benjamini and Hochberg (1995), shape (n,).

    Of the figures with less than 0.05 one in twenty differs by chance, on average: for independent
    or positively dependent figures.
    """
    values = np.asarray(chances, dtype=np.float64)
    order = np.argsort(values, kind="stable")
    steps = values[order] * len(values) / np.arange(1, len(values) + 1)
    falling = np.minimum.accumulate(steps[::-1])[::-1]
    return _in_place(np.minimum(1.0, falling), order)


def _in_place(values: np.ndarray, order: np.ndarray) -> np.ndarray:
    found = np.empty(len(values))
    found[order] = values
    return found
