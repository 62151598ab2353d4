"""Least squares from several starts; the scatter of what is measured comes from the residuals."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np
from scipy.optimize import least_squares
from scipy.stats import norm, qmc, t

from linetwin.errors import FmuError, ModelError
from linetwin.estimation.calibrating.scattering import directions_told, scatter_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from linetwin.estimation.calibrating.misfit import Misfit
    from linetwin.estimation.calibrating.task import Task

_ROUNDS: Final = 12
_SETTLED: Final = 1e-3
"""Relative change of a scatter below which it has settled."""
_SOFT: Final = 1.345
"""Standardised residual from which a robust loss grows less than squares."""
_TOLERANCE: Final = 1e-10
_MOST: Final = 200
_SAME: Final = 1e-3
"""Relative difference of the distances at which two starts have led to the same end."""


@dataclass(frozen=True)
class Fit:
    """Where a fit ended. `cost` is half the sum of squares (or losses) of `residuals`.

    `coordinates` of shape (parameters,); `scatter` of each measurement; `slopes`: derivatives of
    the residuals of measurements, without those of priors; `freedom`: degrees of freedom, None
    where the scatter is given, 0 where nothing tells it; `pooled`: outputs whose scatter is that of
    the others relative to their size; `ends`: distance that each start reached, NaN where the model
    refused; `agreeing`: how many of them reached the best; `ended`: whether it was the least cost
    that ended it, and not the number of evaluations.
    """

    coordinates: np.ndarray
    scatter: np.ndarray
    residuals: np.ndarray
    slopes: np.ndarray
    cost: float
    freedom: int | None
    pooled: tuple[int, ...] = ()
    ends: tuple[float, ...] = ()
    agreeing: int = 1
    ended: bool = True


@dataclass(frozen=True)
class Pull:
    """Draws coordinates towards `centre` along `rows`, of shape (directions, parameters)."""

    rows: np.ndarray
    centre: np.ndarray


@dataclass(frozen=True)
class Solver:
    """Fits a misfit with weights of its measurements, shape (measurements,)."""

    misfit: Misfit
    weights: np.ndarray
    pull: Pull | None = None

    @property
    def task(self) -> Task:
        """What is fitted."""
        return self.misfit.task

    def fit(self) -> Fit:
        """Return the best of several starts; ModelError where the model refuses at each."""
        scatter = self.first_scatter()
        points = self._starts()
        tried = []
        ends = []
        for index, point in enumerate(points):
            self.misfit.tell("fit", index, len(points))
            try:
                found = self._solve(point, scatter)
            except FmuError:
                ends.append(math.nan)
                continue
            ends.append(found.cost)
            tried.append(found)
        tried = [found for found in tried if np.isfinite(found.cost) and not self._failed(found)]
        if not tried:
            said = f": {self.misfit.refusal}" if self.misfit.refusal else ""
            message = f"it gives no numbers to compare at any of the starts{said}"
            raise ModelError(message, self.task.subject.model)
        best = min(tried, key=lambda found: found.cost)
        near = sum(found.cost <= best.cost * (1 + _SAME) + 1e-12 for found in tried)
        return replace(self.settled(best), ends=tuple(ends), agreeing=near)

    def settled(self, fit: Fit) -> Fit:
        """Return the fit with the scatter that its own residuals show."""
        if self.scatter_known:
            return fit
        for _ in range(_ROUNDS):
            scatter, pooled = scatter_of(self, fit)
            if scatter is None:
                return replace(fit, freedom=0)
            moved = float(np.max(np.abs(scatter / fit.scatter - 1)))
            fit = replace(self._solve(fit.coordinates, scatter), pooled=pooled)
            if all(i in pooled or o.scatter is not None for i, o in enumerate(self.task.outputs)):
                fit = replace(fit, freedom=None)
            if moved < _SETTLED:
                break
        return fit

    def from_point(self, coordinates: np.ndarray, scatter: np.ndarray) -> Fit:
        """Return the fit that one start leads to, with a given scatter."""
        return self._solve(coordinates, scatter)

    @property
    def scatter_known(self) -> bool:
        """Whether the task gives the scatter of every output."""
        return all(found.scatter is not None for found in self.task.outputs)

    def quantile(self, freedom: int | None) -> float:
        """Return how many standard deviations the intervals reach to either side, or NaN."""
        if freedom == 0:
            return math.nan
        tail = 0.5 + self.task.file.confidence / 2
        return float(norm.ppf(tail) if freedom is None else t.ppf(tail, freedom))

    def cost(self, coordinates: np.ndarray, scatter: np.ndarray) -> float:
        """Return half the sum of squares, or losses."""
        found = self._residuals(coordinates, scatter)
        count = self.misfit.count
        squares, priors = found[:count] ** 2, found[count:] ** 2
        return 0.5 * float(self._loss(squares).sum() + priors.sum())

    def conditional(
        self, index: int, coordinate: float, start: np.ndarray, scatter: np.ndarray
    ) -> tuple[float, np.ndarray]:
        """Return the least cost with one parameter held, and where it is."""
        free = [i for i in range(len(start)) if i != index]
        point = start.copy()
        point[index] = coordinate
        if not free:
            return self.cost(point, scatter), point
        point, _ = self._minimise(point, scatter, free)
        return self.cost(point, scatter), point

    def prior_slopes(self, count: int) -> np.ndarray:
        """Return the derivatives of the priors' residuals by `count` coordinates."""
        found = []
        for index, axis in enumerate(self.task.axes):
            if axis.prior is not None:
                mean, spread = axis.prior
                row = np.zeros(count)
                row[index] = axis.width * (mean if axis.log else 1.0) / spread
                found.append(row)
        return np.array(found).reshape(len(found), count)

    def first_scatter(self) -> np.ndarray:
        """Return the given scatter, else the spread of what was measured."""
        misfit = self.misfit
        found = np.ones(misfit.count)
        for index, output in enumerate(self.task.outputs):
            own = misfit.output_of == index
            if output.scatter is not None:
                found[own] = output.scatter[misfit.row_of[own]]
            elif own.any():
                spread = float(np.std(misfit.targets[own]))
                found[own] = spread or float(np.abs(misfit.targets[own]).max()) or 1.0
        return found

    # ------------------------------------------------------------------------------- inside
    def _solve(self, start: np.ndarray, scatter: np.ndarray) -> Fit:
        point, ended = self._minimise(start.copy(), scatter, list(range(len(start))))
        count = self.misfit.count
        residuals = self._residuals(point, scatter)[:count]
        slopes = self._slopes(point, scatter)[:count]
        used = int((self.weights > 0).sum())
        freedom = None if self.scatter_known else max(0, used - directions_told(slopes))
        cost = self.cost(point, scatter)
        return Fit(point, scatter, residuals, slopes, cost, freedom, ended=ended)

    def _minimise(
        self, point: np.ndarray, scatter: np.ndarray, free: list[int]
    ) -> tuple[np.ndarray, bool]:
        """Return the point where the cost is least, moving some of its coordinates.

        And whether it was found: not where the number of evaluations was at its end.
        """

        def whole(part: np.ndarray) -> np.ndarray:
            moved = point.copy()
            moved[free] = part
            return moved

        robust = self.task.file.loss != "linear"
        inside = np.clip(point[free], 1e-9, 1 - 1e-9)
        found = least_squares(
            lambda part: self._residuals(whole(part), scatter, robust=robust),
            inside,
            lambda part: self._slopes(whole(part), scatter, robust=robust)[:, free],
            bounds=(0.0, 1.0),
            ftol=_TOLERANCE,
            xtol=_TOLERANCE,
            gtol=_TOLERANCE,
            max_nfev=_MOST,
        )
        return whole(found.x), bool(found.status > 0)

    def _residuals(
        self, point: np.ndarray, scatter: np.ndarray, *, robust: bool = False
    ) -> np.ndarray:
        found = self.misfit.residuals(point, scatter) * np.sqrt(self.weights)
        if robust:
            found = np.sign(found) * np.sqrt(self._loss(found**2))
        if self.pull is not None:
            found = np.concatenate([found, self.pull.rows @ (point - self.pull.centre)])
        return np.concatenate([found, self._priors(point)])

    def _slopes(
        self, point: np.ndarray, scatter: np.ndarray, *, robust: bool = False
    ) -> np.ndarray:
        found = self.misfit.slopes(point) * (np.sqrt(self.weights) / scatter)[:, None]
        if robust:
            plain = self.misfit.residuals(point, scatter) * np.sqrt(self.weights)
            size = np.maximum(np.abs(plain), 1e-12)
            root = np.maximum(np.sqrt(self._loss(plain**2)), 1e-12)
            found = found * (self._loss_slope(plain**2) * size / root)[:, None]
        if self.pull is not None:
            found = np.concatenate([found, self.pull.rows])
        return np.concatenate([found, self.prior_slopes(len(point))])

    def _loss(self, squares: np.ndarray) -> np.ndarray:
        """Return what counts in place of squares of standardised residuals."""
        kind, z = self.task.file.loss, squares / _SOFT**2
        if kind == "soft_l1":
            return np.asarray(_SOFT**2 * 2 * (np.sqrt(1 + z) - 1))
        if kind == "huber":
            return np.asarray(np.where(z <= 1, squares, _SOFT**2 * (2 * np.sqrt(z) - 1)))
        return squares

    def _loss_slope(self, squares: np.ndarray) -> np.ndarray:
        z = squares / _SOFT**2
        if self.task.file.loss == "soft_l1":
            return np.asarray(1 / np.sqrt(1 + z))
        return np.asarray(np.where(z <= 1, 1.0, 1 / np.sqrt(np.maximum(z, 1e-300))))

    def _priors(self, point: np.ndarray) -> np.ndarray:
        found = []
        for axis, coordinate in zip(self.task.axes, point, strict=True):
            if axis.prior is not None:
                mean, spread = axis.prior
                value = float(axis.value(coordinate))
                relative = mean * math.log(value / mean) if axis.log else value - mean
                found.append(relative / spread)
        return np.array(found)

    def _starts(self) -> np.ndarray:
        """Return the task's own start, and points that fill the box evenly."""
        axes, file = self.task.axes, self.task.file
        first = np.array([axis.coordinate(axis.start) for axis in axes])
        if file.starts == 1:
            return first[None, :]
        sampler = qmc.LatinHypercube(d=len(axes), rng=np.random.default_rng(file.seed))
        return np.vstack([first, sampler.random(file.starts - 1)])

    @staticmethod
    def _failed(fit: Fit) -> bool:
        return bool((np.abs(fit.residuals) >= 1e5).any())  # noqa: PLR2004 - as the misfit marks them


def weights_of(misfit: Misfit, rows: Sequence[float] | np.ndarray) -> np.ndarray:
    """Return weights of measurements from weights of rows."""
    return np.asarray(np.asarray(rows, dtype=float)[misfit.row_of])
