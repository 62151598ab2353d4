"""Sobol indices and Morris screening, by SALib, on the means over replications."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from linetwin.study.analysing.inferring import Estimate
from linetwin.study.designs import MORRIS_LEVELS, needed, unit_problem

if TYPE_CHECKING:
    from linetwin.study.analysing.observing import Observed

RESAMPLES = 400


@dataclass(frozen=True)
class Sobol:
    """First and total indices of each factor, and of pairs where they were asked for.

    `samples`: base samples used, `left_out`: those that a failed run spoiled.
    """

    first: tuple[Estimate, ...]
    total: tuple[Estimate, ...]
    second: dict[tuple[int, int], Estimate]
    samples: int
    left_out: int


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
    base samples: they hold the chance of the sample, not that of the seeds.
    """
    second = bool(observed.design.second_order)
    count = len(observed.factors)
    blocks, left_out = _blocks(observed, figure, (2 * count if second else count) + 2)
    blocks = blocks[:samples]
    if len(blocks) < 2 or not np.ptp(blocks):  # noqa: PLR2004
        return None
    needed("SALib")
    from SALib.analyze import sobol as analyser

    problem, values = unit_problem(count), blocks.ravel()
    found = analyser.analyze(
        problem, values, calc_second_order=second, num_resamples=RESAMPLES, seed=0
    )
    pairs = {}
    if second:
        pairs = {
            (a, b): _estimate(found["S2"][a, b], found["S2_conf"][a, b])
            for a in range(count)
            for b in range(a + 1, count)
        }
    return Sobol(
        tuple(map(_estimate, found["S1"], found["S1_conf"])),
        tuple(map(_estimate, found["ST"], found["ST_conf"])),
        pairs,
        len(blocks),
        left_out,
    )


def morris(observed: Observed, figure: str, trajectories: int | None = None) -> Morris | None:
    """Return the elementary effects of a figure; None before two trajectories.

    `trajectories`: only so many of the first ones, for convergence.
    """
    count = len(observed.factors)
    shares = _of_design(observed)
    blocks, left_out = _blocks(observed, figure, count + 1)
    kept = np.isfinite(_raw(observed, figure, count + 1)).all(axis=1)
    blocks = blocks[:trajectories]
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


def _raw(observed: Observed, figure: str, size: int) -> np.ndarray:
    """Return the means of a figure in blocks of points that are analysed together."""
    values, rows = observed.values(figure), observed.rows
    known = np.isfinite(values)
    sums = np.where(known, values, 0.0).sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        means = np.where(known.any(axis=1), sums / known.sum(axis=1), np.nan)
    return np.where(rows >= 0, means[rows], np.nan).reshape(-1, size)


def _blocks(observed: Observed, figure: str, size: int) -> tuple[np.ndarray, int]:
    """Return whole blocks, and how many of those that ended have a run that failed."""
    blocks = _raw(observed, figure, size)
    whole = np.isfinite(blocks).all(axis=1)
    some = np.isfinite(blocks).any(axis=1)
    return blocks[whole], int((some & ~whole).sum())


def _estimate(value: float, half: float) -> Estimate:
    return Estimate(float(value), float(value - half), float(value + half))
