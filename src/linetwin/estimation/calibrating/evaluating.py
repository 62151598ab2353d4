"""A model as a function: values of the fitted parameters -> outputs of every row of the data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from linetwin.cosim.batch import Batch
from linetwin.cosim.rows import Rows, processors
from linetwin.cosim.runners import Plan, make_runner
from linetwin.cosim.stepping import step_rule
from linetwin.cosim.wiring import Wire

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from linetwin.estimation.calibrating.subject import Subject

_MOST_ROWS: Final = 200_000
"""Rows of a batch above which points are taken one after another."""
_BATCHES_KEPT: Final = 8


class Evaluator:
    """Runs rows of a model, each for its duration; all numbers are in the variables' own units."""

    def __init__(
        self,
        subject: Subject,
        settings: Mapping[str, float | np.ndarray],
        durations: np.ndarray,
        fitted: Sequence[str],
        outputs: Sequence[str],
    ) -> None:
        """Bind to a model.

        `settings`: variable -> number, or numbers of shape (rows,), set before the initialisation;
        `durations` (s) of shape (rows,); `fitted`: parameters that each call sets; `outputs`: what
        is read in the end.
        """
        binary, variables = subject.binary, subject.binary.description.variables
        self.rows = len(durations)
        self.calls = 0
        self._durations = durations
        fixed = {name: value for name, value in settings.items() if name not in fitted}
        self._fixed = list(fixed.values())
        self._wires = [Wire(name, variables[name]) for name in (*fixed, *fitted)]
        self._outputs = [Wire(name, variables[name]) for name in outputs]
        self._binary = binary
        description = binary.description
        able = description.capabilities
        plan = Plan(binary, None, step_rule(description, None), None, subject.preset)
        alone = able.once_per_process or description.exchange
        self._runners = Rows([make_runner(plan) for _ in range(1 if alone else processors())])
        self._batches: dict[int, Batch] = {}

    def at(self, points: np.ndarray) -> np.ndarray:
        """Return the outputs at points of shape (points, parameters): (points, rows, outputs).

        Raises FmuError where the model fails in a row.
        """
        most = max(1, _MOST_ROWS // max(1, self.rows))
        if len(points) > most:
            parts = [self.at(points[at : at + most]) for at in range(0, len(points), most)]
            return np.concatenate(parts)
        batch = self._batch(len(points))
        first = len(self._fixed)
        for column in range(points.shape[1]):
            batch.inputs.write(first + column, np.repeat(points[:, column], self.rows))
        batch.taken[:] = 0.0
        self.calls += len(points) * self.rows
        self._runners.run(batch.rows, [batch])
        columns = [batch.outputs.read(position) for position in range(len(self._outputs))]
        return np.stack(columns, axis=-1).reshape(len(points), self.rows, len(columns))

    def out_of_range(self, point: np.ndarray) -> int:
        """Return for how many rows something is set outside of the model's range."""
        self.at(point[None, :])
        return int((~self._batch(1).in_range()).sum())

    def close(self) -> None:
        """Free the instances."""
        self._runners.close()

    def _batch(self, points: int) -> Batch:
        """Return the batch of so many points, with all that does not change filled in."""
        batch = self._batches.get(points)
        if batch is None:
            if len(self._batches) >= _BATCHES_KEPT:
                del self._batches[next(iter(self._batches))]
            batch = Batch(self._binary, self._wires, self._outputs, points * self.rows)
            for position, value in enumerate(self._fixed):
                whole = np.tile(value, points) if isinstance(value, np.ndarray) else value
                batch.inputs.write(position, whole)
            batch.durations[:] = np.tile(self._durations, points)
            self._batches[points] = batch
        return batch
