"""What control charts are made of: points with their limits, and rational subgroups.

Limits are those of `limits.py` and `counts.py`, which keep their false-alarm rate with few points,
with scatter between subgroups and with autocorrelation.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from scipy import special

if TYPE_CHECKING:
    from collections.abc import Sequence

D2_OF_TWO: Final = 2.0 / math.sqrt(math.pi)
"""Mean range of two standard normal values."""
EWMA_WEIGHT: Final = 0.2
"""Weight of the newest point: for shifts of about one standard deviation [M, Montgomery]."""


@dataclass(frozen=True)
class Chart:
    """Points in time with their limits; arrays of shape (points,).

    `chances`: of a point as far out, either side, while nothing has changed.
    """

    kind: str
    labels: tuple[str, ...]
    points: np.ndarray
    centre: float
    low: np.ndarray
    high: np.ndarray
    chances: np.ndarray

    @property
    def out(self) -> np.ndarray:
        """Which points lie outside of the limits, shape (points,)."""
        return np.asarray((self.points < self.low) | (self.points > self.high))


@dataclass(frozen=True)
class Subgroups:
    """Rational subgroups of one stream, in time; arrays of shape (subgroups,).

    `deviations`: standard deviation within (NaN of a single reading); `missing`: readings that
    were no number and count nowhere.
    """

    labels: tuple[str, ...]
    means: np.ndarray
    deviations: np.ndarray
    counts: np.ndarray
    missing: int = 0


def subgroups(values: np.ndarray, labels: Sequence[str]) -> Subgroups:
    """Return the subgroups of readings (n,), in the order in which their labels first come."""
    readings = np.asarray(values, dtype=np.float64)
    rows: dict[str, list[float]] = {}
    there = np.isfinite(readings)
    for label, value in zip(np.asarray(labels)[there].tolist(), readings[there], strict=True):
        rows.setdefault(str(label), []).append(float(value))
    groups = [np.array(group) for group in rows.values()]
    return Subgroups(
        tuple(rows),
        np.array([group.mean() for group in groups]),
        np.array([group.std(ddof=1) if group.size > 1 else math.nan for group in groups]),
        np.array([group.size for group in groups], dtype=np.int64),
        int((~there).sum()),
    )


def c4(count: np.ndarray | float) -> np.ndarray:
    """Return the mean of a standard deviation of `count` normal values over the true one."""
    size = np.asarray(count, dtype=np.float64)
    ratio = special.gammaln(size / 2) - special.gammaln((size - 1) / 2)
    return np.asarray(np.sqrt(2 / (size - 1)) * np.exp(ratio))


def smoothed(values: np.ndarray, centre: float, weight: float = EWMA_WEIGHT) -> np.ndarray:
    """Return the exponentially weighted means of points (n,), begun at `centre`."""
    level, found = centre, []
    for value in np.asarray(values, dtype=np.float64).tolist():
        level = weight * value + (1 - weight) * level
        found.append(level)
    return np.array(found)
