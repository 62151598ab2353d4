"""The distance between a model and measurements, and its derivatives."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from linetwin.errors import FmuError
from linetwin.estimation.calibrating.derivatives import Derivatives, gives_derivatives
from linetwin.estimation.calibrating.evaluating import Evaluator

if TYPE_CHECKING:
    from collections.abc import Sequence

    from linetwin.estimation.calibrating.task import Task

_REFUSED: Final = 1e6
"""Standardised residual of each measurement where the model gives no numbers."""
_STEP: Final = 1e-4
_STEP_IN_TIME: Final = 1e-3
"""Half of a central difference, as a share of the way between a parameter's bounds; where an
integrator works with a tolerance of its own the step is wider."""
_AGREE: Final = 1e-3
"""Relative difference up to which an FMU's own derivative is taken for that of the outputs."""

_MOST_TOLD: Final = 5000
"""Rows up to which the FMU's derivatives are taken: it gives them row by row through Python, which
takes nine times as long as differences through the row loop."""

Way = Literal["FMU", "differences"]
Telling = Callable[[str, int, int], None]
"""Hears of a part of the work, how much of it is done, and of how much."""


def say_nothing(_part: str, _done: int, _of: int) -> None:
    """Hear nothing."""


class Misfit:
    """Residuals of a task at coordinates in the unit box of its parameters.

    A residual is (model - measured) / scatter, of logarithms where a task says so. Measurements
    are those that are finite, output by output, and rows in their order.
    """

    def __init__(
        self, task: Task, *, use_derivatives: bool = True, tell: Telling = say_nothing
    ) -> None:
        """Bind to a task; `tell` hears how far each part of the work is."""
        self.task = task
        self.tell = tell
        self.axes = task.axes
        fitted = [axis.name for axis in task.axes]
        self.outputs = [found.variable for found in task.outputs]
        self.evaluator = Evaluator(task.subject, task.phases, fitted, self.outputs)
        self.present = np.stack([np.isfinite(found.values) for found in task.outputs])
        targets = [found.scaled(found.values) for found in task.outputs]
        self.targets = np.stack(targets)[self.present]
        self.output_of, self.row_of = np.nonzero(self.present)
        self.evaluations = 0
        self.refused = 0
        self.refusal = ""
        self.ways: dict[str, Way] = dict.fromkeys(self.outputs, "differences")
        self.why = ""
        self._derivatives: Derivatives | None = None
        self._step = _STEP_IN_TIME if task.takes_time else _STEP
        if use_derivatives:
            self._choose_ways()

    @property
    def count(self) -> int:
        """Number of measurements."""
        return len(self.targets)

    def values(self, coordinates: np.ndarray) -> np.ndarray:
        """Return the parameters at coordinates of shape (..., parameters)."""
        columns = [axis.value(coordinates[..., i]) for i, axis in enumerate(self.axes)]
        return np.stack(columns, axis=-1)

    def predicted(self, coordinates: np.ndarray) -> np.ndarray:
        """Return what is compared at coordinates (points, parameters): (points, measurements)."""
        self.evaluations += len(coordinates)
        raw = self.evaluator.at(self.values(coordinates))
        scaled = [found.scaled(raw[..., i]) for i, found in enumerate(self.task.outputs)]
        return np.stack(scaled, axis=1)[:, self.output_of, self.row_of]

    def errors(self, coordinates: np.ndarray) -> np.ndarray:
        """Return model - measured, shape (measurements,); NaN where the model refuses."""
        try:
            return np.asarray(self.predicted(coordinates[None, :])[0] - self.targets)
        except FmuError as error:
            self.refused += 1
            self.refusal = str(error)
            return np.full(self.count, np.nan)

    def residuals(self, coordinates: np.ndarray, scatter: np.ndarray) -> np.ndarray:
        """Return standardised residuals; large ones where the model gives no numbers."""
        found = self.errors(coordinates) / scatter
        return np.where(np.isfinite(found), found, _REFUSED)

    def slopes(self, coordinates: np.ndarray) -> np.ndarray:
        """Return the derivatives of what is compared, shape (measurements, parameters)."""
        by_fmu = np.array([self.ways[name] == "FMU" for name in self.outputs])
        if not by_fmu.any():
            return self._differences(coordinates)
        try:
            told = self._told(coordinates)
        except FmuError:
            self.refused += 1
            return self._differences(coordinates)
        if by_fmu.all():
            return told
        return np.where(by_fmu[self.output_of, None], told, self._differences(coordinates))

    def close(self) -> None:
        """Free the model's instances."""
        self.evaluator.close()
        if self._derivatives is not None:
            self._derivatives.close()

    def _differences(self, coordinates: np.ndarray) -> np.ndarray:
        """Return central differences, one-sided where a bound is near."""
        count = len(self.axes)
        steps = np.eye(count) * self._step
        up, down = np.minimum(coordinates + steps, 1.0), np.maximum(coordinates - steps, 0.0)
        try:
            found = self.predicted(np.concatenate([up, down]))
        except FmuError:
            self.refused += 1
            return np.zeros((self.count, count))
        length = (up - down).sum(axis=1)
        with np.errstate(invalid="ignore", over="ignore"):  # infinite: counts as no slope
            slopes = (found[:count] - found[count:]) / length[:, None]
        return np.asarray(np.nan_to_num(slopes.T, nan=0.0, posinf=0.0, neginf=0.0))

    def _told(self, coordinates: np.ndarray) -> np.ndarray:
        """Return the FMU's own derivatives by coordinates."""
        assert self._derivatives is not None  # noqa: S101 - asked for only where there are some
        point = self.values(coordinates)
        by_value = self._derivatives.at(point, self.task.rows)
        chain = np.array(
            [
                axis.width * (value if axis.log else 1.0)
                for axis, value in zip(self.axes, point, strict=True)
            ]
        )
        found = (by_value * chain).transpose(1, 0, 2)[self.output_of, self.row_of]
        logs = np.array([each.log for each in self.task.outputs])[self.output_of]
        if logs.any():
            with np.errstate(all="ignore"):  # what is not finite counts as no slope
                numbers = np.exp(self.predicted(coordinates[None, :])[0])
                found[logs] /= numbers[logs, None]
        return np.asarray(np.nan_to_num(found, nan=0.0, posinf=0.0, neginf=0.0))

    def _choose_ways(self) -> None:
        """Take the FMU's derivatives for outputs where they agree with differences."""
        task = self.task
        if task.takes_time:
            self.why = "rows take time, and FMI tells no sensitivity of states"
            return
        if not gives_derivatives(task.subject.binary):
            self.why = "the FMU gives none"
            return
        if task.rows > _MOST_TOLD:
            self.why = f"of more than {_MOST_TOLD} rows they are the quicker ones"
            return
        fitted = [axis.name for axis in self.axes]
        start = np.array([axis.coordinate(axis.start) for axis in self.axes])
        inner = 0.05 + 0.9 * start  # off the bounds, where differences are one-sided
        try:
            settings = task.phases[0].settings
            self._derivatives = Derivatives(task.subject, settings, fitted, self.outputs)
            told, known = self._told(inner), self._differences(inner)
        except FmuError as error:
            self._derivatives = None
            self.why = f"the FMU refuses: {error}"
            return
        agree = self._agreeing(told, known)
        self.ways = {n: "FMU" if n in agree else "differences" for n in self.outputs}
        if len(agree) < len(self.outputs):
            others = ", ".join(sorted({*self.outputs} - {*agree}))
            self.why = f"those of the FMU are others for {others}"

    def _agreeing(self, told: np.ndarray, known: np.ndarray) -> Sequence[str]:
        scale = np.abs(known).max(axis=0, initial=0.0)
        far = np.abs(told - known) > _AGREE * scale + 1e-9
        return [n for i, n in enumerate(self.outputs) if not far[self.output_of == i].any()]
