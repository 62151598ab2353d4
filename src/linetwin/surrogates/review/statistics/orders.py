"""How runs differ: each has its own level, around which its subgroups scatter.

The levels of runs are normal draws. A subgroup of a run that nobody has seen lies off the mean of
k levels by the scatter of the levels times sqrt(1 + 1/k), which k runs tell with k - 1 degrees of
freedom, and by its own scatter around its run's level: Student's t, whose tails are those of the
runs that were seen. Both together have the distribution of Behrens (1929) and Fisher (1935 [V]):
its chances are a mean over what the variance of the levels may be. Few runs make limits wider.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np
from scipy import special, stats
from scipy.optimize import elementwise

from linetwin.surrogates.review.statistics.autocorrelation import Process, process_of

if TYPE_CHECKING:
    from collections.abc import Sequence

_ENDS: Final = 1e-12
"""Chance at either end of a variance's distribution that is left out of the mean."""
_STEPS: Final = 2
"""Points for each standard deviation of the logarithm of a variance: exact to 1e-4 or better."""
_TAILS: Final = np.linspace(0.0, 0.5, 26)
"""One over the degrees of freedom that are tried: from normal to the least with a variance."""
_PASSES: Final = 200
_EXACT: Final = 1e-6
_TINY: Final = 1e-300


@dataclass(frozen=True)
class Levels:
    """A statistic of subgroups over runs, in its unit.

    `centre`: mean of the runs' levels; `between`: their variance as counted, over `runs`;
    `scale`, `freedom`: Student's t of a subgroup around the level of its run, both for a variance
    of 1 where the statistic's variance changes from point to point.
    """

    runs: int
    centre: float
    between: float
    scale: float
    freedom: float

    @property
    def sigma(self) -> float:
        """Standard deviation of a run that was not seen, around `centre`."""
        return math.sqrt(self.between * (1 + 1 / self.runs))


def levels_of(
    series: Sequence[np.ndarray],
    processes: Sequence[Process],
    variances: Sequence[np.ndarray] | None = None,
) -> Levels:
    """Return the levels of two runs or more; `series`: a statistic in time, by run.

    `processes`: of the series that have the runs' levels; `variances`: of the points over that of
    one subgroup, 1 unless told. Deviations are from the run's own level, so that what is uncertain
    of it is in the variance of the levels and not here.
    """
    own = [each.mean for each in processes]
    off = [
        (points - each.mean) / np.sqrt(1.0 if variances is None else variances[number])
        for number, (points, each) in enumerate(zip(series, processes, strict=True))
    ]
    scale, tails = student(np.concatenate(off))
    known = sum(each.freedom for each in processes)
    freedom = 1 / (tails + 1 / known)
    return Levels(
        len(series), float(np.mean(own)), float(np.var(own, ddof=1)), float(scale), freedom
    )


def processes_of(series: Sequence[np.ndarray]) -> list[Process]:
    """Return the process of each run's series."""
    return [process_of(points) for points in series]


def student(deviations: np.ndarray) -> tuple[float, float]:
    """Return scale and one over the degrees of freedom of Student's t around 0, most likely.

    The scale by the fixed point of Lange, Little and Taylor (1989 [V]). 0 where all are 0.
    """
    squares = np.asarray(deviations, dtype=np.float64) ** 2
    found = float(squares.mean())
    if not found > 0:
        return 0.0, 0.0
    tails = _TAILS[:, None]
    scales = np.full((tails.size, 1), found)
    for _ in range(_PASSES):
        weighed = (1 + tails) * squares / (1 + tails * squares / scales)
        after = weighed.mean(axis=1, keepdims=True)
        done = bool((np.abs(after - scales) <= _EXACT * scales).all())
        scales = after
        if done:
            break
    freedoms = 1 / np.maximum(tails, _EXACT)
    roots = np.sqrt(scales)
    likely = (stats.t.logpdf(np.sqrt(squares) / roots, freedoms) - np.log(roots)).sum(axis=1)
    best = int(np.argmax(likely))
    return float(roots[best, 0]), float(_TAILS[best])


@lru_cache(maxsize=32)
def mixing(freedom: int) -> tuple[np.ndarray, np.ndarray]:
    """Return what a variance may be over the one that was counted, and the weight of each."""
    ends = np.log([stats.chi2.ppf(_ENDS, freedom), stats.chi2.isf(_ENDS, freedom)])
    step = math.sqrt(float(special.polygamma(1, freedom / 2))) / _STEPS
    places = np.linspace(ends[0], ends[1], math.ceil(float(np.ptp(ends)) / step))
    weights = np.exp(stats.chi2.logpdf(np.exp(places), freedom) + places)
    return freedom / np.exp(places), weights / weights.sum()


def chances(
    levels: Levels, off: np.ndarray, own: np.ndarray | float = 1.0, share: np.ndarray | float = 1.0
) -> np.ndarray:
    """Return the chance of points (n,) as far off the centre, either side, in a run not seen.

    `own`: variance of a point around its run's level over that of a subgroup; `share`: of the
    variance of a level that a point has.
    """
    factors, weights = mixing(levels.runs - 1)
    away = np.abs(np.asarray(off, dtype=np.float64))
    within = np.broadcast_to(levels.scale**2 * np.asarray(own), away.shape)[..., None]
    between = np.broadcast_to(levels.sigma**2 * np.asarray(share), away.shape)[..., None]
    total = within + between * factors
    # Welch's degrees of freedom, where one of two variances is known but for its factor
    freedom = levels.freedom * (total / within) ** 2
    tails = special.stdtr(np.minimum(freedom, 1e12), -away[..., None] / np.sqrt(total))
    return np.asarray(2 * (tails @ weights))


def half_widths(
    levels: Levels, false_alarm: float, own: np.ndarray, share: np.ndarray
) -> np.ndarray:
    """Return how far off the centre limits lie, (n,), for a chance of a false alarm."""

    def over(reach: np.ndarray, own: np.ndarray, share: np.ndarray) -> np.ndarray:
        told = np.maximum(chances(levels, np.exp(reach), own, share), _TINY)
        return np.asarray(np.log(told) - wanted)

    wanted = math.log(false_alarm)
    parts = np.array([levels.scale * np.sqrt(own), levels.sigma * np.sqrt(share)])
    freedoms = np.array([[levels.freedom], [levels.runs - 1.0]])
    # of two parts each reaches less than their sum, and both no more than the union bound
    low = (special.stdtrit(freedoms, 1 - false_alarm / 2) * parts).max(axis=0)
    high = (special.stdtrit(freedoms, 1 - false_alarm / 4) * parts).sum(axis=0)
    ends = np.log(low) - _EXACT, np.log(high) + _EXACT
    root = elementwise.find_root(over, ends, args=(own, share), tolerances={"xatol": _EXACT})
    return np.asarray(np.exp(root.x))
