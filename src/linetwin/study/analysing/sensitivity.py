"""Sobol indices and Morris screening, by SALib, on the means over replications."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import f

from linetwin.study.analysing.inferring import Estimate
from linetwin.study.designs import MORRIS_LEVELS, needed, unit_problem

if TYPE_CHECKING:
    from linetwin.study.analysing.observing import Observed

RESAMPLES = 400
_SURE = 0.99
"""Chance by which points must differ by more than seeds do, before chance is taken off [A]."""
_Z = 1.96


@dataclass(frozen=True)
class Sobol:
    """First and total indices of each factor, and of pairs where they were asked for.

    `samples`: base samples used, `left_out`: those of which a run failed or told no figure;
    `noise`: share of the variance of the points' means that is chance and is not in the indices,
    NaN where one seed cannot tell it.
    """

    first: tuple[Estimate, ...]
    total: tuple[Estimate, ...]
    second: dict[tuple[int, int], Estimate]
    samples: int
    left_out: int
    noise: float


@dataclass(frozen=True)
class Morris:
    """Mean absolute effect (mu*), mean effect (mu) and its spread (sigma) from end to end.

    `trajectories`: how many were used, `left_out`: those that a failed run spoiled.
    """

    mu_star: tuple[Estimate, ...]
    mu: tuple[float, ...]
    sigma: tuple[float, ...]
    trajectories: int
    left_out: int


def sobol(observed: Observed, figure: str, samples: int | None = None) -> Sobol | None:
    """Return the indices of a figure; None before two base samples, or where nothing varies.

    `samples`: only so many of the first ones, for convergence. Intervals are SALib's bootstrap over
    base samples. What seeds do to differences of points, as replications show it, is taken off the
    total indices and off the variance: else each factor's total index has chance in it.
    """
    second = bool(observed.design.second_order)
    count = len(observed.factors)
    size = (2 * count if second else count) + 2
    runs, _, left_out = _blocks(observed, figure, size)
    runs = runs[:samples]
    blocks = _means(runs)
    if len(blocks) < 2 or not np.ptp(blocks):  # noqa: PLR2004
        return None
    needed("SALib")
    from SALib.analyze import sobol as analyser

    problem, values = unit_problem(count), blocks.ravel()
    found = analyser.analyze(
        problem, values, calc_second_order=second, num_resamples=RESAMPLES, seed=1
    )
    chance = _chance(runs, count)
    grown = 1 / (1 - chance.share) if chance.significant else 1.0
    pairs = {}
    if second:
        pairs = {
            (a, b): _estimate(grown * found["S2"][a, b], grown * found["S2_conf"][a, b])
            for a in range(count)
            for b in range(a + 1, count)
        }
    halves = np.hypot(found["ST_conf"], chance.errors)
    return Sobol(
        tuple(map(_estimate, grown * found["S1"], grown * found["S1_conf"])),
        tuple(map(_estimate, grown * (found["ST"] - chance.totals), grown * halves)),
        pairs,
        len(blocks),
        left_out,
        chance.share if chance.told else math.nan,
    )


@dataclass(frozen=True)
class _Chance:
    """What seeds do to a sample, as parts of the variance of the points' means.

    `share`: of that variance; `totals`, `errors`: of the total index of each factor, with the half
    of its 95 % interval; `significant`: whether points differ by more than that at all; `told`:
    whether replications tell it.
    """

    share: float
    totals: np.ndarray
    errors: np.ndarray
    significant: bool
    told: bool


def _chance(runs: np.ndarray, count: int) -> _Chance:
    """Return what chance adds to the indices; `runs`: (samples, points of each, replications).

    The square of a mean difference of n seeds is too large by its variance, s^2 / n, on average;
    seeds are common to all points, so s^2 is that of the differences seed by seed. The variance
    of the means is too large by what is left after points and seeds (two-way analysis of variance,
    whose F-test tells whether points differ at all).
    """
    nothing = np.zeros(count)
    seeds = runs.shape[2]
    if seeds < 2 or not np.isfinite(runs).all():  # noqa: PLR2004 - a variance needs two
        return _Chance(0.0, nothing, nothing, significant=False, told=False)
    base = runs[:, [0, -1]].reshape(-1, seeds)  # the points of which SALib takes the variance
    apart = base - base.mean(axis=1, keepdims=True) - base.mean(axis=0) + base.mean()
    freedom = len(base) - 1
    noise = float((apart**2).sum()) / (freedom * (seeds - 1))
    spread = float(base.mean(axis=1).var())
    if not spread:
        return _Chance(0.0, nothing, nothing, significant=False, told=True)
    sure = f.ppf(_SURE, freedom, freedom * (seeds - 1))
    differences = runs[:, 1 : count + 1] - runs[:, :1]
    own = differences.var(axis=2, ddof=1) / seeds / 2 / spread
    return _Chance(
        share=min(noise / seeds / spread, 1.0),
        totals=own.mean(axis=0),
        errors=_Z * own.std(axis=0) / math.sqrt(len(own)),
        significant=spread * seeds > sure * noise,
        told=True,
    )


def morris(observed: Observed, figure: str, trajectories: int | None = None) -> Morris | None:
    """Return the elementary effects of a figure; None before two trajectories.

    `trajectories`: only so many of the first ones, for convergence.
    """
    count = len(observed.factors)
    shares = _of_design(observed)
    runs, kept, left_out = _blocks(observed, figure, count + 1)
    blocks = _means(runs[:trajectories])
    if len(blocks) < 2:  # noqa: PLR2004
        return None
    needed("SALib")
    from SALib.analyze import morris as analyser

    ways = shares.reshape(-1, count + 1, count)[kept][: len(blocks)].reshape(-1, count)
    found = analyser.analyze(
        unit_problem(count),
        ways,
        blocks.ravel(),
        num_resamples=RESAMPLES,
        num_levels=observed.design.levels or MORRIS_LEVELS,
        seed=0,
    )
    return Morris(
        tuple(map(_estimate, found["mu_star"], found["mu_star_conf"])),
        tuple(map(float, found["mu"])),
        tuple(map(float, found["sigma"])),
        len(blocks),
        left_out,
    )


def chance_of_screening(observed: Observed, figure: str) -> float:
    """Return mu* of a factor that does nothing, by what points differ from seed to seed; 0 unknown.

    The mean size of a normal difference of two points' means is sqrt(2 / pi) of its spread; an
    elementary effect is that difference over the step of the grid, p / (2 (p - 1)) of p levels.
    """
    values = observed.values(figure)
    whole = values[np.isfinite(values).all(axis=1)]
    points, seeds = whole.shape
    if points < 2 or seeds < 2:  # noqa: PLR2004 - a variance needs two
        return 0.0
    apart = whole - whole.mean(axis=1, keepdims=True)
    apart = apart - apart.mean(axis=0)
    of_means = float((apart**2).sum()) / ((points - 1) * (seeds - 1)) / seeds
    levels = observed.design.levels or MORRIS_LEVELS
    return math.sqrt(2 / math.pi * 2 * of_means) / (levels / (2 * (levels - 1)))


def _of_design(observed: Observed) -> np.ndarray:
    from linetwin.study.designs import shares_of

    seed = int(observed.study.manifest["seed"])
    return shares_of(observed.design, len(observed.factors), seed)


def _blocks(observed: Observed, figure: str, size: int) -> tuple[np.ndarray, np.ndarray, int]:
    """Return a figure in blocks of points that are analysed together, of those that are whole.

    Shape (blocks, points of each, replications); which of the design's blocks these are; and how
    many others that were begun lack a figure of some point.
    """
    rows, values = observed.rows, observed.values(figure)
    planned = (rows >= 0)[:, None]
    shape = (len(rows) // size, size, values.shape[1])
    runs = np.where(planned, values[rows], np.nan).reshape(shape)
    whole = np.asarray(np.all(np.any(np.isfinite(runs), axis=2), axis=1))
    begun = (planned & observed.made[rows]).reshape(shape).any(axis=(1, 2))
    return runs[whole], whole, int((begun & ~whole).sum())


def _means(runs: np.ndarray) -> np.ndarray:
    """Return means over replications of runs by block and point, those that have a value."""
    return np.asarray(np.nanmean(runs, axis=2))


def _estimate(value: float, half: float) -> Estimate:
    return Estimate(float(value), float(value - half), float(value + half))
