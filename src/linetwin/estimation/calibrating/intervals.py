"""How sure the fitted values are: profiles of the likelihood, or resampling by group."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import numpy as np
from scipy.stats import norm, t

from linetwin.estimation.calibrating.fitting import Fit, Solver, weights_of

if TYPE_CHECKING:
    from collections.abc import Callable

FEW_GROUPS: Final = 20
"""Groups below which draws of them show too little of how they differ [A]."""
_DOUBLINGS: Final = 30
_REFINEMENTS: Final = 12
_CLOSE: Final = 2e-3
"""Relative error of the distance at which the end of an interval is found."""
_BETTER: Final = 1e-4
"""Fall of the cost along a profile that is another optimum, in halves of a squared residual."""
_REPEATS: Final = 3
_AT: Final = 1e-3
"""Distance from a bound, of the way between both, at which a resampled end is on it: the fits stay
inside of the box."""
_FIRST: Final = 0.02
"""First step along a profile where the slopes tell none, of the way between the bounds."""

State = Literal[
    "interval", "open below", "open above", "flat", "not told apart", "no scatter", "not explained"
]


@dataclass(frozen=True)
class Interval:
    """Where a parameter lies, in its own unit; an open end is the bound given to the fit.

    `state`: `flat` where the data exclude neither bound, `not told apart` where only a combination
    with others is known, `no scatter` where nothing tells how exact the data are, `not explained`
    where the fit is no better than the mean. `profile`: coordinates and the square root of twice
    the rise of the cost, with the sign of the side, in order.
    """

    low: float
    high: float
    state: State
    profile: tuple[tuple[float, float], ...] = ()


class _Better(Exception):  # noqa: N818 - a finding, not an error
    """A profile has met a lower cost than the fit."""

    def __init__(self, point: np.ndarray) -> None:
        super().__init__()
        self.point = point


def profiled(solver: Solver, fit: Fit) -> tuple[Fit, list[Interval]]:
    """Return intervals by profile likelihood, and the fit: a better one where a profile met it."""
    for _ in range(_REPEATS):
        try:
            return fit, [_interval(solver, fit, i) for i in range(len(fit.coordinates))]
        except _Better as found:
            fit = solver.settled(solver.from_point(found.point, fit.scatter))
    return fit, [_interval(solver, fit, i, strict=False) for i in range(len(fit.coordinates))]


def unscaled(solver: Solver) -> list[Interval]:
    """Return intervals of no size known: there are as many parameters as values that tell them."""
    return [Interval(axis.low, axis.high, "no scatter") for axis in solver.task.axes]


def by_group(solver: Solver, fit: Fit) -> list[Interval]:
    """Return intervals that take a group, not a row, as one observation.

    From `FEW_GROUPS` groups on percentiles over data of which whole groups were drawn with
    replacement, expanded for their number (Hesterberg 2015). Of fewer, draws show too little: the
    scatter of fits without one group each, times Student's quantile (the jackknife by clusters,
    CV3 of MacKinnon, Nielsen and Webb 2023).
    """
    task = solver.task
    names = sorted(set(task.groups))
    place = {name: index for index, name in enumerate(names)}
    group_of = np.array([place[name] for name in task.groups])
    reach = float(t.ppf((1 + task.file.confidence) / 2, len(names) - 1))
    if len(names) < FEW_GROUPS:
        each = np.ones((len(names), len(names))) - np.eye(len(names))
        points = _refitted(solver, fit, each[:, group_of])
        apart = points - fit.coordinates
        scatter = np.sqrt((len(names) - 1) * np.mean(apart**2, axis=0))
        low, high = fit.coordinates - reach * scatter, fit.coordinates + reach * scatter
    else:
        random = np.random.default_rng(task.file.seed)
        picks = random.integers(len(names), size=(task.file.resamples, len(names)))
        counts = np.stack([np.bincount(row, minlength=len(names)) for row in picks])
        points = _refitted(solver, fit, counts[:, group_of])
        tail = float(norm.sf(reach * math.sqrt(len(names) / (len(names) - 1))))
        low, high = np.quantile(points, [tail, 1 - tail], axis=0)
        low, high = np.minimum(low, fit.coordinates), np.maximum(high, fit.coordinates)
    low, high = np.where(low < _AT, 0.0, low), np.where(high > 1 - _AT, 1.0, high)
    return [_made(solver, i, float(low[i]), float(high[i])) for i in range(points.shape[1])]


def _refitted(solver: Solver, fit: Fit, counts: np.ndarray) -> np.ndarray:
    """Return the coordinates of fits to rows that count so often; `counts`: (fits, rows)."""
    misfit, task = solver.misfit, solver.task
    points = np.empty((len(counts), len(fit.coordinates)))
    for index, drawn in enumerate(counts):
        misfit.tell("intervals", index, len(counts))
        other = Solver(misfit, weights_of(misfit, task.weights * drawn))
        points[index] = other.from_point(fit.coordinates, fit.scatter).coordinates
    return points


def deviations(fit: Fit) -> np.ndarray:
    """Return the standard deviation of each coordinate by the slopes; inf where they are none."""
    few = fit.slopes.shape[0] < fit.slopes.shape[1]  # else the square of all rows would be made
    _, singular, right = np.linalg.svd(fit.slopes, full_matrices=few)
    variances = np.full(right.shape[0], math.inf)
    floor = singular.max(initial=0.0) * 1e-10
    for index, size in enumerate(singular):
        if size > floor:
            variances[index] = size**-2
    shares = right.T**2
    with np.errstate(invalid="ignore"):
        terms = np.where(shares > 1e-12, shares * variances, 0.0)  # noqa: PLR2004 - rounding
    return np.asarray(np.sqrt(terms.sum(axis=1)))


def _made(
    solver: Solver,
    index: int,
    low: float,
    high: float,
    profile: tuple[tuple[float, float], ...] = (),
) -> Interval:
    """Return an interval of coordinates in the parameter's unit."""
    axis = solver.task.axes[index]
    below, above = low <= 0.0, high >= 1.0
    state: State = "flat" if below and above else "open below" if below else "interval"
    if above and not below:
        state = "open above"
    ends = axis.value(np.array([low, high]))
    return Interval(float(ends[0]), float(ends[1]), state, profile)


def _interval(solver: Solver, fit: Fit, index: int, *, strict: bool = True) -> Interval:
    solver.misfit.tell("intervals", index, len(fit.coordinates))
    reach = solver.quantile(fit.freedom)
    spread = float(deviations(fit)[index])
    step = reach * spread if math.isfinite(spread) and spread > 0 else _FIRST
    ends = []
    seen: list[tuple[float, float]] = [(float(fit.coordinates[index]), 0.0)]
    for side in (-1, 1):
        walk = _Walk(solver, fit, index, side, strict=strict)
        ends.append(walk.end(min(step, 1.0), reach))
        seen += [(at, side * rise) for at, rise in walk.seen]
    return _made(solver, index, ends[0], ends[1], tuple(sorted(seen)))


class _Walk:
    """Goes along the profile of one parameter to one side."""

    def __init__(self, solver: Solver, fit: Fit, index: int, side: int, *, strict: bool) -> None:
        self._solver, self._fit = solver, fit
        self._index, self._side, self._strict = index, side, strict
        self._others = fit.coordinates
        self.seen: list[tuple[float, float]] = []

    def end(self, step: float, reach: float) -> float:
        """Return where the rise reaches `reach`, or the bound."""
        bound = 0.0 if self._side < 0 else 1.0
        near, near_rise = float(self._fit.coordinates[self._index]), 0.0
        if near == bound:
            return bound
        for _ in range(_DOUBLINGS):
            at = min(1.0, max(0.0, near + self._side * step))
            rise = self._rise(at)
            if rise >= reach:
                return _crossing(self._rise, (near, near_rise), (at, rise), reach)
            if at == bound:
                return bound
            grown = step * reach / rise if rise > near_rise else 2 * step
            step = min(max(1.2 * (grown - step), 0.3 * step), 3 * step)
            near, near_rise = at, rise
        return bound

    def _rise(self, at: float) -> float:
        cost, point = self._solver.conditional(self._index, at, self._others, self._fit.scatter)
        change = cost - self._fit.cost
        if self._strict and change < -_BETTER:
            raise _Better(point)
        self._others = point
        rise = math.sqrt(2 * max(0.0, change))
        self.seen.append((at, rise))
        return rise


def _crossing(
    rise: Callable[[float], float],
    inner: tuple[float, float],
    outer: tuple[float, float],
    reach: float,
) -> float:
    """Return where the rise is `reach` between two points (place, rise): Illinois method."""
    (a, low), (b, high) = inner, outer
    low, high = low - reach, high - reach
    last = 0
    at = b
    for _ in range(_REFINEMENTS):
        if abs(high) <= _CLOSE * reach:
            return b
        at = (a * high - b * low) / (high - low)
        found = rise(at) - reach
        if abs(found) <= _CLOSE * reach:
            return at
        if found > 0:
            b, high = at, found
            low = low / 2 if last > 0 else low
            last = 1
        else:
            a, low = at, found
            high = high / 2 if last < 0 else high
            last = -1
    return at
