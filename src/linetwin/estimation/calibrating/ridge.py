"""Which point is taken of those that the data do not tell apart: the nearest to what was before."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from linetwin.estimation.calibrating.fitting import Pull, Solver
from linetwin.estimation.calibrating.identifying import BOUNDS

if TYPE_CHECKING:
    from linetwin.estimation.calibrating.fitting import Fit

_WEAK: Final = 0.1
"""Pull by the whole way between the bounds, in standard deviations: its square is the most by
which twice the cost may rise, so that the fit is as good."""


def nearest_to_before(solver: Solver, fit: Fit) -> Fit:
    """Return the fit that is nearest to the earlier values along what data and priors leave open.

    The same fit where nothing is open. Along a direction that the data tell nothing of, a weak
    pull alone decides; across it, it does not pull at all.
    """
    slopes = np.concatenate([fit.slopes, solver.prior_slopes(len(fit.coordinates))])
    size, vectors = np.linalg.eigh(slopes.T @ slopes)
    directions = vectors[:, size < BOUNDS].T
    if not len(directions):
        return fit
    pulled = Solver(solver.misfit, solver.weights, Pull(_WEAK * directions, before(solver)))
    found = pulled.from_point(fit.coordinates, fit.scatter)
    cost = solver.cost(found.coordinates, fit.scatter)
    if cost > fit.cost + _WEAK**2:  # it has not settled: what was found is kept
        return fit
    return replace(
        fit,
        coordinates=found.coordinates,
        residuals=found.residuals,
        slopes=found.slopes,
        cost=cost,
    )


def before(solver: Solver) -> np.ndarray:
    """Return the coordinates of the earlier values, cut at the bounds; the start's without any."""
    subject = solver.task.subject
    variables = subject.binary.description.variables
    found = []
    for axis in solver.task.axes:
        now = subject.start(variables[axis.name])
        value = axis.start if now is None else min(axis.high, max(axis.low, now))
        found.append(axis.coordinate(value))
    return np.array(found)
