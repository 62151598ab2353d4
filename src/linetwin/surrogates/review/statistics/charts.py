"""Control charts as the handbooks draw them: X-bar and S, individuals, EWMA, p and u.

These are the textbook's three-sigma lines from the points themselves, for independent points.
What a review holds a line to are the limits of `limits.py` and `counts.py`, which keep their
false-alarm rate with few points, with scatter between subgroups and with autocorrelation.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from scipy import special

if TYPE_CHECKING:
    from collections.abc import Sequence

SIGMAS: Final = 3.0
"""Half-width of a textbook's limits in standard deviations [V]."""
D2_OF_TWO: Final = 2.0 / math.sqrt(math.pi)
"""Mean range of two standard normal values."""
D3_OF_TWO: Final = math.sqrt(2.0 - 4.0 / math.pi)
"""Standard deviation of that range."""
EWMA_WEIGHT: Final = 0.2
"""Weight of the newest point: for shifts of about one standard deviation [M, Montgomery]."""


@dataclass(frozen=True)
class Chart:
    """Points in time with their limits; arrays of shape (points,).

    `chances`: of a point as far out, either side, while nothing has changed; NaN where the chart
    makes no such statement (textbook lines).
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


def a3(count: np.ndarray | float) -> np.ndarray:
    """Return A3: half-width of the X-bar chart over the mean standard deviation."""
    return np.asarray(SIGMAS / (c4(count) * np.sqrt(count)))


def b3_b4(count: np.ndarray | float) -> tuple[np.ndarray, np.ndarray]:
    """Return B3 and B4: limits of the S chart over the mean standard deviation."""
    mean = c4(count)
    reach = SIGMAS * np.sqrt(1 - mean**2) / mean
    return np.maximum(0.0, 1 - reach), np.asarray(1 + reach)


def xbar_s(groups: Subgroups) -> tuple[Chart, Chart]:
    """Return X-bar and S chart; every subgroup has two readings or more.

    The scatter within is the mean of S / c4, so that subgroups may differ in size.
    """
    factor = c4(groups.counts)
    within = float(np.mean(groups.deviations / factor))
    centre = float(np.average(groups.means, weights=groups.counts))
    half = a3(groups.counts) * within * factor
    low, high = b3_b4(groups.counts)
    return (
        _chart("X-bar", groups.labels, groups.means, centre, (centre - half, centre + half)),
        _chart("S", groups.labels, groups.deviations, within * float(np.mean(factor)),
               (low * within * factor, high * within * factor)),
    )  # fmt: skip


def individuals(values: np.ndarray, labels: Sequence[str]) -> tuple[Chart, Chart]:
    """Return the charts of single values and of their moving ranges, shapes (n,) and (n - 1,)."""
    points = np.asarray(values, dtype=np.float64)
    ranges = np.abs(np.diff(points))
    mean = float(ranges.mean())
    half = SIGMAS * mean / D2_OF_TWO
    centre = float(points.mean())
    top = mean * (1 + SIGMAS * D3_OF_TWO / D2_OF_TWO)
    return (
        _chart("individuals", labels, points, centre, (centre - half, centre + half)),
        _chart("moving range", labels[1:], ranges, mean, (0.0, top)),
    )


def ewma(
    values: np.ndarray, labels: Sequence[str], centre: float, sigma: float,
    weight: float = EWMA_WEIGHT,
) -> Chart:  # fmt: skip
    """Return the chart of the exponentially weighted mean, from `centre` on, independent points."""
    smooth = smoothed(values, centre, weight)
    ages = np.arange(1, smooth.size + 1)
    spread = sigma * np.sqrt(weight / (2 - weight) * (1 - (1 - weight) ** (2 * ages)))
    return _chart(
        "EWMA", labels, smooth, centre, (centre - SIGMAS * spread, centre + SIGMAS * spread)
    )


def smoothed(values: np.ndarray, centre: float, weight: float = EWMA_WEIGHT) -> np.ndarray:
    """Return the exponentially weighted means of points (n,), begun at `centre`."""
    level, found = centre, []
    for value in np.asarray(values, dtype=np.float64).tolist():
        level = weight * value + (1 - weight) * level
        found.append(level)
    return np.array(found)


def p_chart(defective: np.ndarray, sizes: np.ndarray, labels: Sequence[str]) -> Chart:
    """Return the p chart: share of defective pieces in subgroups of `sizes`, both (n,)."""
    share = float(np.sum(defective) / np.sum(sizes))
    return _shares("p", defective, sizes, labels, share * (1 - share))


def u_chart(defects: np.ndarray, sizes: np.ndarray, labels: Sequence[str]) -> Chart:
    """Return the u chart: defects for each piece, or each area, in `sizes`, both (n,)."""
    return _shares("u", defects, sizes, labels, float(np.sum(defects) / np.sum(sizes)))


def _shares(
    kind: str, counts: np.ndarray, sizes: np.ndarray, labels: Sequence[str], variance: float
) -> Chart:
    centre = float(np.sum(counts) / np.sum(sizes))
    half = SIGMAS * np.sqrt(variance / np.asarray(sizes, dtype=np.float64))
    points = np.asarray(counts, dtype=np.float64) / sizes
    return _chart(kind, labels, points, centre, (np.maximum(0.0, centre - half), centre + half))


def _chart(
    kind: str,
    labels: Sequence[str],
    points: np.ndarray,
    centre: float,
    lines: tuple[np.ndarray | float, np.ndarray | float],
) -> Chart:
    size = points.size
    low, high = (np.broadcast_to(np.asarray(line, dtype=np.float64), size) for line in lines)
    return Chart(kind, tuple(labels), points, centre, low, high, np.full(size, math.nan))
