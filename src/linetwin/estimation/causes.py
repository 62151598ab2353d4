"""What explains a deviation: which states have left their nominal band, and which might have.

The posterior of the states is taken as Gaussian. A set of states explains it where all others may
lie in their bands; what is left over is a chi-squared. The first cause is the state that explains
most, and it must explain more than chance does among so many. A state that explains nearly as much
(less by no more than chance may, and half of it at least), and nothing more beside it, is not told
apart from it. Then the next is sought beside the first: one cause is preferred to two.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import lsq_linear
from scipy.special import ndtri

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True)
class Cause:
    """States of which one has left its band; more than one: the posterior does not tell which.

    `gain`: chi-squared that it explains.
    """

    states: tuple[int, ...]
    gain: float


def critical_gain(count: int, confidence: float) -> float:
    """Return the chi-squared beyond which one of `count` states has left its band.

    Two-sided, and corrected for how many are watched (Bonferroni).
    """
    return float(ndtri((1 - confidence) / (2 * max(1, count)))) ** 2


def causes(
    mean: np.ndarray, covariance: np.ndarray, bands: Sequence[float], confidence: float = 0.95
) -> list[Cause]:
    """Return what has left its band, the clearest first.

    `mean`, `bands`: deviation from nominal, and how much of it counts as nominal, shape (states,).
    """
    count = len(mean)
    limit = critical_gain(count, confidence)
    root, target, box = _scaled(mean, covariance, bands)
    found: list[Cause] = []
    free: list[int] = []
    left = _left_over(root, target, box, free)
    while left > limit and len(free) < count:
        rest = [
            (_left_over(root, target, box, [*free, each]), each)
            for each in range(count)
            if each not in free
        ]
        best, first = min(rest)
        if left - best < limit:
            break
        free.append(first)
        alike = [
            each
            for value, each in sorted(rest)
            if each != first
            and value - best < limit
            and left - value >= (left - best) / 2
            and best - _left_over(root, target, box, [*free, each]) < limit
        ]
        found.append(Cause((first, *alike), left - best))
        left = best
    return found


def stands(
    state: int,
    beside: Sequence[int],
    mean: np.ndarray,
    covariance: np.ndarray,
    bands: Sequence[float],
    confidence: float = 0.95,
) -> bool:
    """Return whether a state has left its band whatever the states `beside` it are.

    All others lie in their bands. Arguments as in `causes`.
    """
    limit = critical_gain(len(mean), confidence)
    root, target, box = _scaled(mean, covariance, bands)
    without = _left_over(root, target, box, [*beside])
    return without - _left_over(root, target, box, [*beside, state]) >= limit


def _scaled(
    mean: np.ndarray, covariance: np.ndarray, bands: Sequence[float]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the root of the precision, means and bands, each in standard deviations."""
    scale = np.sqrt(np.diag(covariance))
    root = _inverse_root(covariance / np.outer(scale, scale))
    bound = np.asarray(bands, dtype=np.float64)
    return root, mean / scale, np.maximum(bound / scale, 1e-9)


def _inverse_root(correlation: np.ndarray) -> np.ndarray:
    """Return R with R'R the inverse; directions without variance count as known very well."""
    values, vectors = np.linalg.eigh(correlation)
    floor = values[-1] * 1e-12
    found: np.ndarray = (vectors / np.sqrt(np.maximum(values, floor))).T
    return found


def _left_over(root: np.ndarray, target: np.ndarray, box: np.ndarray, free: list[int]) -> float:
    """Return the least chi-squared with `free` states anywhere and all others in their bands."""
    low, high = -box, box.copy()
    low[free], high[free] = -np.inf, np.inf
    solved = lsq_linear(root, root @ target, bounds=(low, high), method="bvls")
    return 2 * float(solved.cost)
