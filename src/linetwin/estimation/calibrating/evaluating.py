"""A model as a function: values of the fitted parameters -> outputs of every row of the data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from linetwin.cosim.batch import Batch
from linetwin.cosim.rows import Rows, processors
from linetwin.cosim.runners import Plan, make_runner
from linetwin.cosim.stepping import step_rule
from linetwin.cosim.wiring import Wire
from linetwin.estimation.calibrating.task import Stretch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from linetwin.estimation.calibrating.subject import Subject

_MOST_ROWS: Final = 200_000
"""Rows of a batch above which points are taken one after another."""
_BATCHES_KEPT: Final = 8


class Evaluator:
    """Runs rows of a model, each for its duration; all numbers are in the variables' own units."""

    def __init__(
        self,
        subject: Subject,
        phases: Sequence[Stretch],
        fitted: Sequence[str],
        outputs: Sequence[str],
    ) -> None:
        """Bind to a model.

        `phases`: one after another, the first sets all before the initialisation; `fitted`:
        parameters that each call sets; `outputs`: what is read in the end.
        """
        binary, variables = subject.binary, subject.binary.description.variables
        self.rows = phases[0].rows
        self.calls = 0
        own = phases[0].settings
        fixed = {name: value for name, value in own.items() if name not in fitted}
        self._phases = (Stretch(fixed, phases[0].durations), *phases[1:])
        self._wires = [
            [Wire(name, variables[name]) for name in phase.settings] for phase in self._phases
        ]
        self._wires[0] += [Wire(name, variables[name]) for name in fitted]
        self._outputs = [Wire(name, variables[name]) for name in outputs]
        self._binary = binary
        description = binary.description
        able = description.capabilities
        plan = Plan(binary, None, step_rule(description, None), None, subject.preset)
        alone = able.once_per_process or description.exchange
        self._runners = Rows([make_runner(plan) for _ in range(1 if alone else processors())])
        self._batches: dict[int, list[Batch]] = {}

    def at(self, points: np.ndarray) -> np.ndarray:
        """Return the outputs at points of shape (points, parameters): (points, rows, outputs).

        Raises FmuError where the model fails in a row.
        """
        most = max(1, _MOST_ROWS // max(1, self.rows))
        if len(points) > most:
            parts = [self.at(points[at : at + most]) for at in range(0, len(points), most)]
            return np.concatenate(parts)
        batches = self._filled(len(points))
        first = len(self._phases[0].settings)
        for column in range(points.shape[1]):
            batches[0].inputs.write(first + column, np.repeat(points[:, column], self.rows))
        for batch in batches:
            batch.taken[:] = 0.0
        self.calls += len(points) * self.rows
        self._runners.run(batches[0].rows, batches)
        last = batches[-1].outputs
        columns = [last.read(position) for position in range(len(self._outputs))]
        return np.stack(columns, axis=-1).reshape(len(points), self.rows, len(columns))

    def out_of_range(self, point: np.ndarray) -> list[int]:
        """Return the rows in which something is set outside of the model's range, ascending."""
        self.at(point[None, :])
        good = np.logical_and.reduce([batch.in_range() for batch in self._filled(1)])
        return [int(row) for row in np.flatnonzero(~good)]

    def close(self) -> None:
        """Free the instances."""
        self._runners.close()

    def _filled(self, points: int) -> list[Batch]:
        """Return the batches of so many points, with all that does not change filled in."""
        found = self._batches.get(points)
        if found is None:
            if len(self._batches) >= _BATCHES_KEPT:
                del self._batches[next(iter(self._batches))]
            found = [self._batch(index, points) for index in range(len(self._phases))]
            self._batches[points] = found
        return found

    def _batch(self, index: int, points: int) -> Batch:
        phase = self._phases[index]
        batch = Batch(self._binary, self._wires[index], self._outputs, points * self.rows)
        for position, value in enumerate(phase.settings.values()):
            whole = np.tile(value, points) if isinstance(value, np.ndarray) else value
            batch.inputs.write(position, whole)
        batch.durations[:] = np.tile(phase.durations, points)
        return batch
