"""How well a fit predicts what it was not fitted to, against the scatter of replicates."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from linetwin.estimation.calibrating.fitting import Fit, Solver, weights_of

if TYPE_CHECKING:
    from collections.abc import Sequence

_MOST_FITS: Final = 40
"""Fits without some of the data; of more groups several are left out at once."""
_MANY_ROWS: Final = 5000
_FITS_OF_MANY: Final = 10
"""The same of so many rows, of which each fit takes seconds and a tenth tells enough."""


@dataclass(frozen=True)
class Score:
    """Errors of one output, in what is compared: its unit, or of its logarithm.

    `fitted`: root mean square where it was fitted; `worst`: the largest; `determined`: R2;
    `by_group`: root mean square with the row's group left out; `by_row` with the row alone;
    `replicates`: that of rows with the same inputs about their mean, NaN where there are none,
    with `repeats` degrees of freedom;
    `by_mean`: that of each row about the mean of all others.
    """

    name: str
    unit: str
    log: bool
    count: int
    fitted: float
    worst: float
    determined: float
    by_group: float
    by_row: float
    replicates: float
    repeats: int
    given: float
    by_mean: float

    @property
    def foretells_nothing(self) -> bool:
        """Whether rows left out are met no better than by the mean of the others."""
        return self.by_row >= self.by_mean


def score(solver: Solver, fit: Fit) -> list[Score]:
    """Return the score of each output."""
    misfit, task = solver.misfit, solver.task
    errors = misfit.errors(fit.coordinates)
    rows = [str(index) for index in range(task.rows)]
    left_row = _left_out(solver, fit, rows)
    same = len(set(task.groups)) == task.rows
    left_group = left_row if same else _left_out(solver, fit, task.groups)
    conditions = task.conditions()
    scores = []
    for index, output in enumerate(task.outputs):
        own = misfit.output_of == index
        targets = misfit.targets[own]
        spread = float(np.sum((targets - targets.mean()) ** 2))
        determined = 1 - float(np.sum(errors[own] ** 2)) / spread if spread else math.nan
        given = math.nan if output.scatter is None else float(np.nanmedian(output.scatter))
        scores.append(
            Score(
                output.name, "1" if output.log else output.unit, output.log, int(own.sum()),
                _size(errors[own]), float(np.abs(errors[own]).max()), determined,
                _size(left_group[own]), _size(left_row[own]),
                *_replicates(targets, [conditions[row] for row in misfit.row_of[own]]), given,
                _by_mean(targets),
            )
        )  # fmt: skip
    return scores


def _size(errors: np.ndarray) -> float:
    return float(np.sqrt(np.mean(errors**2)))


def _by_mean(targets: np.ndarray) -> float:
    """Return the root mean square of each value about the mean of all others; NaN of one alone."""
    count = len(targets)
    return float(targets.std()) * count / (count - 1) if count > 1 else math.nan


def _left_out(solver: Solver, fit: Fit, groups: Sequence[str]) -> np.ndarray:
    """Return the error of each measurement by a fit to the other groups; NaN where none is made."""
    misfit, task = solver.misfit, solver.task
    names = sorted(set(groups))
    found = np.full(misfit.count, math.nan)
    if len(names) < 2:  # noqa: PLR2004 - nothing would be left
        return found
    most = min(len(names), _FITS_OF_MANY if task.rows > _MANY_ROWS else _MOST_FITS)
    place = {name: index % most for index, name in enumerate(names)}
    group_of = np.array([place[name] for name in groups])
    for index in range(most):
        misfit.tell("score", index, most)
        kept = group_of != index
        if int(kept[misfit.row_of].sum()) <= len(fit.coordinates):
            continue
        other = Solver(misfit, weights_of(misfit, task.weights * kept))
        made = other.from_point(fit.coordinates, fit.scatter)
        own = group_of[misfit.row_of] == index
        found[own] = misfit.errors(made.coordinates)[own]
    return found


def _replicates(targets: np.ndarray, conditions: Sequence[tuple[object, ...]]) -> tuple[float, int]:
    """Return the pooled standard deviation within rows of the same conditions, and its freedom."""
    alike: dict[tuple[object, ...], list[float]] = {}
    for condition, target in zip(conditions, targets.tolist(), strict=True):
        alike.setdefault(condition, []).append(target)
    several = [np.array(each) for each in alike.values() if len(each) > 1]
    freedom = sum(len(each) - 1 for each in several)
    if not freedom:
        return math.nan, 0
    squares = sum(float(np.sum((each - each.mean()) ** 2)) for each in several)
    return math.sqrt(squares / freedom), freedom
