"""What is normal of a stream of readings, and how far lots in a row may be off by chance.

Of sound runs it is what they show: the mean, the scatter of the means of so many lots in a row, and
how far the three that went farthest did. Each sound run is held against the others too: the
farthest of all its streams over what the others reached. A new sound run goes beyond the farthest
of these with a chance of one in the number of sound runs and one more, whatever the distributions
are. Without sound runs the lots of a run are held against each other, and chance is that of as
many normal draws. Shares of cells with a finding are compared as counts, by twice the difference of
their square roots (Anscombe 1948), which scatters by about 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np
from scipy.stats import norm

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from linetwin.surrogates.hidden.readings import Stream

LEAST_RUNS: Final = 3
"""Sound runs that tell what is normal."""
WIDTHS: Final = (1, 2, 3, 4, 6)
"""Lots in a row that are looked at together [A]."""
_CHANCE: Final = 0.05
"""Of a false name in a run that is held against itself."""
_OF_MEDIAN: Final = 1.4826
_ROUNDING: Final = 1e-12
_ANSCOMBE: Final = 3 / 8
_HIGHEST: Final = 3
_DRAWS: Final = 20_000


@dataclass(frozen=True)
class Usual:
    """A stream as it is: `spreads`: of means of lots in a row, by how many; `limit`: in these.

    Of shares of cells spreads are 1.
    """

    centre: float
    spreads: Mapping[int, float]
    limit: float


@dataclass(frozen=True)
class Normal:
    """What is normal, by stream; `least`: how far over its limit a stream is to be named."""

    usual: Mapping[str, Usual]
    least: float
    runs: int


@dataclass(frozen=True)
class Farthest:
    """The lots in a row that are farthest off: `first` to `last`, and by how many spreads."""

    first: int
    last: int
    off: float


def of_runs(runs: Sequence[Sequence[Stream]]) -> Normal:
    """Return what is normal by sound runs; at least three."""
    pooled: dict[str, list[Stream]] = {}
    for run in runs:
        for stream in run:
            pooled.setdefault(stream.key, []).append(stream)
    usual, reached = {}, np.zeros((len(pooled), len(runs)))
    for at, (key, found) in enumerate(pooled.items()):
        centre = float(np.concatenate([stream.values for stream in found]).mean())
        own = Usual(centre, _spreads(found, centre), 1.0)
        by_run = {id(run): number for number, run in enumerate(runs)}
        for run in runs:
            for stream in run:
                if stream.key == key:
                    reached[at, by_run[id(run)]] = abs(farthest(stream, own).off)
        usual[key] = Usual(centre, own.spreads, float(_limit(reached[at])))
    others = np.array([_limit(np.delete(reached, run, axis=1)) for run in range(len(runs))]).T
    return Normal(usual, max(1.0, float((reached / others).max())), len(runs))


def of_itself(run: Sequence[Stream]) -> Normal:
    """Return what is normal by most of a run's own lots: median and median deviation."""
    usual = {}
    for stream in run:
        centre = float(np.median(stream.values))
        spread = _OF_MEDIAN * float(np.median(np.abs(stream.values - centre)))
        if stream.is_share:
            centre, spread = float(stream.values.mean()), 1.0
        spread = max(spread, _ROUNDING * abs(centre), np.finfo(float).tiny)
        chance = _CHANCE / len(run)
        limit = _limit_of_itself(len(stream.lots), chance)
        if stream.is_share:
            limit = float(norm.ppf(1 - chance / len(stream.lots)))
        usual[stream.key] = Usual(centre, {1: spread}, limit)
    return Normal(usual, 1.0, 0)


def farthest(stream: Stream, usual: Usual) -> Farthest:
    """Return the lots in a row that are farthest off; of shares only upwards."""
    best = Farthest(0, 0, 0.0)
    sums = np.concatenate([[0.0], np.cumsum(stream.values)])
    for width, spread in usual.spreads.items():
        if len(stream.values) < width:
            continue
        means = (sums[width:] - sums[:-width]) / width
        off = (means - usual.centre) / spread
        if stream.is_share:
            cells = width * stream.items
            off = 2 * (
                np.sqrt(cells * means + _ANSCOMBE) - np.sqrt(cells * usual.centre + _ANSCOMBE)
            )
        at = int(np.argmax(off if stream.is_share else np.abs(off)))
        if abs(off[at]) > abs(best.off):
            best = Farthest(at, at + width - 1, float(off[at]))
    return best


def _spreads(found: Sequence[Stream], centre: float) -> dict[int, float]:
    """Return the standard deviation of means of lots in a row, by how many."""
    spreads = {}
    for width in WIDTHS:
        means = [
            np.convolve(stream.values, np.full(width, 1 / width), "valid")
            for stream in found
            if len(stream.values) >= width
        ]
        if means:
            spread = float(np.sqrt(((np.concatenate(means) - centre) ** 2).mean()))
            spread = 1.0 if found[0].is_share else spread
            spreads[width] = max(spread, _ROUNDING * abs(centre), np.finfo(float).tiny)
    return spreads


def _limit(reached: np.ndarray) -> np.ndarray:
    """Return the mean of the three farthest of runs, shape (..., runs); at least 1."""
    return np.asarray(np.maximum(np.sort(reached, axis=-1)[..., -_HIGHEST:].mean(axis=-1), 1.0))


@lru_cache(maxsize=256)
def _limit_of_itself(lots: int, chance: float) -> float:
    """Return how many median deviations the farthest of normal draws is off, with a small chance.

    Of few lots the median deviation is known badly: drawn 20,000 times, always the same.
    """
    draws = np.random.default_rng(lots).normal(size=(_DRAWS, lots))
    off = np.abs(draws - np.median(draws, axis=1, keepdims=True))
    spread = _OF_MEDIAN * np.median(off, axis=1)
    return float(np.quantile(off.max(axis=1) / spread, 1 - chance))
