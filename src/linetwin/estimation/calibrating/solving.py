"""A calibration from its task to its result."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from linetwin.estimation.calibrating.checking import check_rows, quiet
from linetwin.estimation.calibrating.explaining import Beyond, beyond_scatter, unexplained
from linetwin.estimation.calibrating.fitting import Solver, weights_of
from linetwin.estimation.calibrating.identifying import gains, identify
from linetwin.estimation.calibrating.intervals import by_group, profiled, unscaled
from linetwin.estimation.calibrating.misfit import Misfit, Telling, say_nothing
from linetwin.estimation.calibrating.ridge import nearest_to_before
from linetwin.estimation.calibrating.scattering import is_exact
from linetwin.estimation.calibrating.scoring import score

if TYPE_CHECKING:
    import numpy as np

    from linetwin.estimation.calibrating.fitting import Fit
    from linetwin.estimation.calibrating.identifying import Gain, Identifiability
    from linetwin.estimation.calibrating.intervals import Interval, State
    from linetwin.estimation.calibrating.scoring import Score
    from linetwin.estimation.calibrating.task import Task


@dataclass(frozen=True)
class Calibration:
    """What came out of a fit.

    `values`: fitted parameters in the model's units, and `intervals`, in the order of the task;
    `predicted` and `targets`: what is compared, shape (measurements,), with their outputs and
    rows; `ways`: output -> where its derivatives came from, and `why` not from the FMU; `refused`:
    evaluations at which the model failed; `outside`: lines with something outside of its range;
    `reach`: how many standard deviations intervals reach to either side; `exact`: outputs that are
    met as exactly as no measurement is; `unexplained`: outputs that are met no better than by their
    mean, of those `judged`; `beyond`: those that are not met within their scatter.
    """

    task: Task
    fit: Fit
    values: tuple[float, ...]
    intervals: tuple[Interval, ...]
    identifiability: Identifiability
    gains: tuple[Gain, ...]
    scores: tuple[Score, ...]
    predicted: np.ndarray
    targets: np.ndarray
    output_of: np.ndarray
    row_of: np.ndarray
    ways: dict[str, str]
    why: str
    evaluations: int
    refused: int
    outside: tuple[int, ...]
    reach: float
    exact: tuple[str, ...]
    unexplained: tuple[str, ...]
    judged: tuple[str, ...]
    beyond: tuple[Beyond, ...]

    @property
    def explains(self) -> bool:
        """Whether the fit is better than one number for all rows, where that can be judged."""
        return not self.judged or len(self.unexplained) < len(self.judged)

    def is_open(self, name: str) -> bool:
        """Tell whether the data cannot tell a parameter by itself."""
        return any(name in group.names for group in self.identifiability.groups)

    def is_told(self, name: str) -> bool:
        """Tell whether the data tell a parameter by itself, to both sides."""
        return not self.is_open(name) and self._states[name] == "interval"

    def tag(self, name: str) -> str:
        """Return the evidence of a fitted value: D where measurements tell it, else A."""
        told = not self.is_open(name) and self._states[name] not in _UNTOLD
        return "D" if told and not self.task.data.simulated else "A"

    @property
    def _states(self) -> dict[str, str]:
        return {a.name: i.state for a, i in zip(self.task.axes, self.intervals, strict=True)}


_UNTOLD: Final = frozenset({"flat", "no scatter", "not explained"})
"""States of a parameter of which measurements tell nothing that can be relied on."""


def calibrate(task: Task, tell: Telling = say_nothing) -> Calibration:
    """Fit a task and judge the fit.

    `tell` hears how far it is. ScenarioError for rows that the model cannot compute; ModelError
    where it gives no numbers at any start.
    """
    with quiet(task):
        check_rows(task)
        misfit = Misfit(task, tell=tell)
        try:
            return _calibrated(task, misfit)
        finally:
            misfit.close()


def _calibrated(task: Task, misfit: Misfit) -> Calibration:
    solver = Solver(misfit, weights_of(misfit, task.weights))
    fit, intervals = _fitted(solver)
    found = identify(task.axes, fit)
    unclear = {n for group in found.groups if len(group.names) > 1 for n in group.names}
    scores = score(solver, fit)
    poor, judged = unexplained(solver, fit, scores)
    if judged and poor == judged:
        unclear = {axis.name for axis in task.axes}
    state: State = "not explained" if judged and poor == judged else "not told apart"
    shown = tuple(
        replace(each, low=axis.low, high=axis.high, state=state) if axis.name in unclear else each
        for axis, each in zip(task.axes, intervals, strict=True)
    )
    values, lines = misfit.values(fit.coordinates), task.lines
    return Calibration(
        task=task,
        fit=fit,
        values=tuple(map(float, values)),
        intervals=shown,
        identifiability=found,
        gains=tuple(gains(misfit, fit, found)),
        scores=tuple(scores),
        predicted=misfit.predicted(fit.coordinates[None, :])[0],
        targets=misfit.targets,
        output_of=misfit.output_of,
        row_of=misfit.row_of,
        ways=dict(misfit.ways),
        why=misfit.why,
        evaluations=misfit.evaluator.calls,
        refused=misfit.refused,
        outside=tuple(lines[row] for row in misfit.evaluator.out_of_range(values)),
        reach=solver.quantile(fit.freedom),
        exact=tuple(o.name for i, o in enumerate(task.outputs) if is_exact(solver, fit, i)),
        unexplained=poor,
        judged=judged,
        beyond=tuple(beyond_scatter(solver, fit, scores)),
    )


def _fitted(solver: Solver) -> tuple[Fit, list[Interval]]:
    """Return the best fit, of equal ones the nearest to the earlier values, and the intervals."""
    fit = solver.fit()
    if fit.freedom == 0:
        intervals = unscaled(solver)
    elif solver.task.file.intervals == "profile":
        fit, intervals = profiled(solver, fit)
    else:
        intervals = by_group(solver, fit)
    return nearest_to_before(solver, fit), intervals
