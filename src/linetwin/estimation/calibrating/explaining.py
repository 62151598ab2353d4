"""Whether a fit explains what differs between the rows, and meets them within their scatter."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from scipy.stats import chi2, f

from linetwin.estimation.calibrating.scattering import directions_told

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from linetwin.estimation.calibrating.fitting import Fit, Solver
    from linetwin.estimation.calibrating.scoring import Score

_CHANCE: Final = 0.95
"""Up to this quantile what differs between rows may be scatter alone."""
_SURE: Final = 0.999
"""From this quantile on residuals are larger than the scatter makes them [A]."""
_ROUNDING: Final = 1e-9
"""Share of the misfit by which a fit that is the mean may differ from it."""


def unexplained(
    solver: Solver, fit: Fit, scores: Sequence[Score]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the outputs that are met no better than by one number, and those that can be judged.

    Misfits are compared as the fit weighs them, each by its degrees of freedom. An output cannot be
    judged where all its rows have the same inputs, or where they differ by no more than its
    scatter, as stated or of rows with equal inputs.
    """
    conditions = solver.task.conditions()
    judged, poor = [], []
    for index, (output, score) in enumerate(zip(solver.task.outputs, scores, strict=True)):
        own = (solver.misfit.output_of == index) & (solver.weights > 0)
        targets = solver.misfit.targets[own]
        alike = len({conditions[row] for row in solver.misfit.row_of[own].tolist()}) < 2  # noqa: PLR2004 - nothing varies
        if alike or _is_scatter(targets, score):
            continue
        judged.append(output.name)
        if _is_no_better(solver, fit, own):
            poor.append(output.name)
    return tuple(poor), tuple(judged)


@dataclass(frozen=True)
class Beyond:
    """An output whose residuals are `times` the scatter: `stated`, or of rows with equal inputs."""

    name: str
    times: float
    stated: bool


def beyond_scatter(solver: Solver, fit: Fit, scores: Sequence[Score]) -> Iterator[Beyond]:
    """Yield outputs that the model does not meet within their scatter: it is not their law.

    By chi-square where the scatter is stated, else by the F-test for lack of fit against rows with
    equal inputs. Nothing of a robust loss, which lets outliers be.
    """
    if solver.task.file.loss != "linear":
        return
    errors = solver.misfit.errors(fit.coordinates)
    for index, (output, score) in enumerate(zip(solver.task.outputs, scores, strict=True)):
        own = (solver.misfit.output_of == index) & (solver.weights > 0)
        freedom = int(own.sum()) - directions_told(fit.slopes[own])
        if freedom < 1:
            continue
        if output.scatter is not None:
            squares = float(np.sum((errors[own] / fit.scatter[own]) ** 2))
            if squares > chi2.ppf(_SURE, freedom):
                yield Beyond(output.name, math.sqrt(squares / freedom), stated=True)
            continue
        squares, alike = float(np.sum(errors[own] ** 2)), score.replicates**2
        left = freedom - score.repeats
        if left < 1 or not alike > 0:
            continue
        if (squares - alike * score.repeats) / left > alike * f.ppf(_SURE, left, score.repeats):
            yield Beyond(output.name, math.sqrt(squares / freedom / alike), stated=False)


def _is_scatter(targets: np.ndarray, score: Score) -> bool:
    """Tell whether measurements differ by no more than what is known of their scatter."""
    spread, freedom = float(targets.var(ddof=1)), len(targets) - 1
    known = score.replicates if math.isnan(score.given) else score.given
    least = 0.0 if math.isnan(known) else known**2 * float(chi2.ppf(_CHANCE, freedom)) / freedom
    return spread <= least


def _is_no_better(solver: Solver, fit: Fit, own: np.ndarray) -> bool:
    """Tell whether a fit meets an output no better than the best number for all rows."""
    targets, count = solver.misfit.targets[own], int(own.sum())
    errors = solver.misfit.errors(fit.coordinates)[own]
    weights = np.sqrt(solver.weights[own]) / fit.scatter[own]
    if solver.task.file.loss == "linear":
        mean = float(np.average(targets, weights=weights**2))
        left = float(np.sum((weights * errors) ** 2))
        before = float(np.sum((weights * (targets - mean)) ** 2))
    else:  # outliers count as the loss lets them, not squared
        left = float(np.sum(weights * np.abs(errors)))
        before = float(np.sum(weights * np.abs(targets - _median(targets, weights))))
    freedom = count - max(1, directions_told(fit.slopes[own]))
    if freedom > 0:
        left, before = left / freedom, before / (count - 1)
    return left >= before * (1 - _ROUNDING)


def _median(targets: np.ndarray, weights: np.ndarray) -> float:
    """Return the number with the least weighted sum of distances."""
    order = np.argsort(targets)
    shares = np.cumsum(weights[order])
    return float(targets[order][np.searchsorted(shares, shares[-1] / 2)])
