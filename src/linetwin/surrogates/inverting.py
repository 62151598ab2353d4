"""Settings that reach a goal: the best place, and a window around it in which all places do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from scipy import optimize
from scipy.stats import qmc

if TYPE_CHECKING:
    from collections.abc import Callable

    from linetwin.surrogates.explaining import Evaluate

    Judge = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]
    """Rows of features -> the chance of the goal, and by how much its middle is missed."""

PLACES: Final = 4096
"""Places, evenly spread, among which the search begins."""
_STARTS: Final = 5
_REFINED: Final = 3
_TRIED: Final = 256
FRESH: Final = 2048
"""Places in the window, never tried before, at which it is checked."""
_STEPS: Final = (0.1, 0.03, 0.01, 0.003)
_SHRUNK: Final = 0.9
_SHRINKS: Final = 30
_SEED: Final = 1


@dataclass(frozen=True)
class Inversion:
    """A window of settings; arrays of shape (features,), canonical units.

    `best`: the place with the highest chance found, `chance` there; `low`, `high`: the window
    around it, both `best` where there is none: nowhere is the chance as asked; `least`, `mean`:
    chance at fresh places in the window; `share`: of the places within the limits that reach it.
    """

    best: np.ndarray
    chance: float
    low: np.ndarray
    high: np.ndarray
    least: float
    mean: float
    share: float
    reached: bool


def invert(judge: Judge, low: np.ndarray, high: np.ndarray, needed: float) -> Inversion:
    """Return the window within limits, shape (features,), where a goal is kept with a chance.

    Features whose limits are equal are left as they are. The window is the largest of those that
    grow from five places as long as all that is tried inside keeps it; it is shrunk until 2,048
    fresh places do.
    """
    box = _Box(judge, low, high, np.flatnonzero(high > low))
    places = _even(PLACES, len(box.free), _SEED)
    chances, missed = box.judged(places)
    if not (chances >= needed).any():
        refined = box.refined(places[np.argsort(missed, kind="stable")[:_REFINED]])
        places = np.concatenate([places, refined])
        more = box.judged(refined)
        chances, missed = np.concatenate([chances, more[0]]), np.concatenate([missed, more[1]])
    # where no place has any chance the nearest one is told
    top = int(np.lexsort((missed, -chances))[0])
    share = float((chances[:PLACES] >= needed).mean())
    if chances[top] < needed:
        best = box.rows(places[top][None])[0]
        worst = float(chances[top])
        return Inversion(best, worst, best, best, worst, worst, share, reached=False)
    starts = _spread(places[chances >= needed], places[top])
    windows = [_checked(box, start, needed) for start in starts]
    first, last = max(windows, key=lambda each: _size(each[1] - each[0]))
    fresh = first + _even(FRESH, len(box.free), _SEED + 1) * (last - first)
    there = box.chances(fresh)
    inside = np.concatenate([fresh, places[_within(places, first, last)]])
    best = inside[int(np.argmax(box.chances(inside)))]
    rows = box.rows(np.array([best, first, last]))
    return Inversion(
        rows[0], float(box.chances(best[None])[0]), rows[1], rows[2],
        float(there.min()), float(there.mean()), share, reached=True,
    )  # fmt: skip


@dataclass(frozen=True)
class _Box:
    """What lies within the limits, as shares of the free features."""

    judge: Judge
    low: np.ndarray
    high: np.ndarray
    free: np.ndarray

    def rows(self, shares: np.ndarray) -> np.ndarray:
        """Return rows of features, in units, of shares of the free ones."""
        found = np.repeat(self.low[None], len(shares), axis=0)
        span = (self.high - self.low)[self.free]
        found[:, self.free] = self.low[self.free] + shares * span
        return found

    def judged(self, shares: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return chances at shares, and by how much the goal's middle is missed."""
        return self.judge(self.rows(shares))

    def chances(self, shares: np.ndarray) -> np.ndarray:
        """Return chances at shares."""
        return self.judged(shares)[0]

    def refined(self, starts: np.ndarray) -> np.ndarray:
        """Return places near the starts that miss the goal's middle least."""
        if not len(self.free):
            return starts
        found = [
            optimize.minimize(
                lambda at: min(float(self.judged(at[None])[1][0]), np.finfo(float).max),
                start,
                method="Nelder-Mead",
                bounds=[(0.0, 1.0)] * len(start),
                options={"maxfev": 400},
            ).x
            for start in starts
        ]
        return np.array(found)


def _checked(box: _Box, start: np.ndarray, needed: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the window that grows from a place, shrunk until fresh places keep the goal too."""
    low, high = _grown(box.chances, start, needed)
    even = _even(FRESH, len(start), _SEED + 1)
    for _ in range(_SHRINKS):
        if (box.chances(low + even * (high - low)) >= needed).all():
            return low, high
        low, high = (start + _SHRUNK * (edge - start) for edge in (low, high))
    return start, start


def _grown(chance: Evaluate, start: np.ndarray, needed: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the box, in shares, that grows from a place while all that is tried inside is good.

    Each side in turn, by smaller and smaller steps; half of what is tried lies at corners.
    """
    low, high = start.copy(), start.copy()
    even = _even(_TRIED, len(start), _SEED)
    tried = np.concatenate([even, np.round(even)])
    for step in _STEPS:
        sides = [(number, side) for number in range(len(start)) for side in (-1, 1)]
        while sides:
            still = []
            for number, side in sides:
                new_low, new_high = low.copy(), high.copy()
                edge = new_low if side < 0 else new_high
                edge[number] = min(1.0, max(0.0, edge[number] + side * step))
                if (chance(new_low + tried * (new_high - new_low)) >= needed).all():
                    low, high = new_low, new_high
                    if 0.0 < edge[number] < 1.0:
                        still.append((number, side))
            sides = still
    return low, high


def _spread(good: np.ndarray, first: np.ndarray) -> list[np.ndarray]:
    """Return places to grow from: the first, then each time the one farthest from those taken."""
    taken = [first]
    away = np.linalg.norm(good - first, axis=1)
    while len(taken) < _STARTS and len(away) and away.max() > 0:
        taken.append(good[int(np.argmax(away))])
        away = np.minimum(away, np.linalg.norm(good - taken[-1], axis=1))
    # the middle of all that is good often grows the largest window
    middle = good[int(np.argmin(np.linalg.norm(good - np.median(good, axis=0), axis=1)))]
    return [*taken, middle]


def _within(places: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    return np.asarray(((places >= low) & (places <= high)).all(axis=1))


def _size(widths: np.ndarray) -> float:
    """Return how large a box is; one that is flat in a feature is still compared by the others."""
    return float(np.log(np.maximum(widths, np.finfo(float).eps)).sum())


def _even(count: int, features: int, seed: int) -> np.ndarray:
    """Return places spread evenly over the unit cube, shape (count, features)."""
    if not features:
        return np.zeros((1, 0))
    return np.asarray(qmc.Sobol(features, rng=seed).random(count))
