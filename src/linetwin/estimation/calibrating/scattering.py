"""The scatter of what is measured, output by output, as the residuals of a fit tell it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from linetwin.estimation.calibrating.fitting import Fit, Solver

_RANK: Final = 1e-6
"""Relative size of a singular value below which a direction is not told at all."""
_MAD: Final = 1.4826
_LEAST: Final = 2
"""Degrees of freedom of an output, of several, from which its residuals tell its scatter."""
EXACT: Final = 1e-9
"""Least scatter, as a share of the spread of what was measured: data without any noise."""


def directions_told(slopes: np.ndarray) -> int:
    """Return how many directions of the parameters slopes (measurements, parameters) tell of."""
    if not slopes.size:
        return 0
    return int(np.linalg.matrix_rank(slopes, tol=_RANK * np.linalg.norm(slopes, 2)))


def scatter_of(solver: Solver, fit: Fit) -> tuple[np.ndarray | None, tuple[int, ...]]:
    """Return the scatter of each measurement, and the outputs that have the others' relative one.

    An output that could be met by itself (about as many values as it tells parameters) says nothing
    of its scatter: it is taken as that of the others relative to their size. None without others.
    """
    used = solver.weights > 0
    found, relative, lacking = fit.scatter.copy(), [], []
    several = len(solver.task.outputs) > 1
    leverage = _leverage(fit.slopes)
    for index, output in enumerate(solver.task.outputs):
        own = solver.misfit.output_of == index
        kept = own & used
        if not kept.any():
            continue
        if output.scatter is None:
            alone = int(kept.sum()) - directions_told(fit.slopes[kept])
            if alone < (_LEAST if several else 1):
                lacking.append(index)
                continue
            found[own] *= _spread(solver, fit.residuals[kept], float((1 - leverage[kept]).sum()))
        relative.append(float(np.mean((found[kept] / _size(solver, index)) ** 2)))
    if lacking and not relative:
        return None, ()
    for index in lacking:
        own = solver.misfit.output_of == index
        found[own] = math.sqrt(float(np.mean(relative))) * _size(solver, index)
    least = EXACT * solver.first_scatter()
    return np.asarray(np.maximum(found, least)), tuple(lacking)


def is_exact(solver: Solver, fit: Fit, index: int) -> bool:
    """Tell whether an output is met as exactly as no measurement would be."""
    own = solver.misfit.output_of == index
    given = solver.task.outputs[index].scatter is not None
    least = 10 * EXACT * solver.first_scatter()
    return bool(own.any() and not given and (fit.scatter[own] <= least[own]).all())


def _leverage(slopes: np.ndarray) -> np.ndarray:
    """Return the share of each measurement that the fit takes: their sum is what it tells of."""
    left, singular, _ = np.linalg.svd(slopes, full_matrices=False)
    told = singular > _RANK * singular.max(initial=0.0)
    return np.asarray((left[:, told] ** 2).sum(axis=1))


def _spread(solver: Solver, residuals: np.ndarray, freedom: float) -> float:
    kept = freedom / len(residuals)
    if solver.task.file.loss == "linear":
        spread = math.sqrt(float(np.mean(residuals**2)) / kept)
    else:
        spread = _MAD * float(np.median(np.abs(residuals))) / math.sqrt(kept)
    return max(spread, 1e-12)


def _size(solver: Solver, index: int) -> float:
    """Return the size of an output to which its scatter is related: 1 of logarithms."""
    if solver.task.outputs[index].log:
        return 1.0
    targets = solver.misfit.targets[solver.misfit.output_of == index]
    return float(np.sqrt(np.mean(targets**2))) or 1.0
