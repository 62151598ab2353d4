"""The physics in a predictor: a shipped model, initialised at each row of features."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Self

import numpy as np

from linetwin.cosim.batch import Batch
from linetwin.cosim.binary import load_binary
from linetwin.cosim.library import find_fmu
from linetwin.cosim.rows import Rows
from linetwin.cosim.runners import Plan, make_runner
from linetwin.cosim.stepping import step_rule
from linetwin.cosim.wiring import Wire
from linetwin.errors import Problem, ScenarioError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from linetwin.predictors.card import Physics

_KEPT = 8


class PhysicsModel:
    """Evaluates a model's output at features, for values of its fitted parameters."""

    def __init__(self, terms: Physics, features: Sequence[str]) -> None:
        """Bind to a build of the model; ScenarioError where it is not the one of `terms`."""
        self._binary = load_binary(find_fmu(terms.model))
        description = self._binary.description
        if description.token != terms.token:
            hint = "train the predictor again with this build of the model"
            message = f"the predictor needs another build of the model {terms.model}"
            raise ScenarioError([Problem(message, hint=hint)])
        taken = [each.variable for each in terms.inputs]
        names = [*terms.settings, *taken, *terms.fitted, terms.output]
        unknown = [name for name in names if name not in description.variables]
        missing = [each.feature for each in terms.inputs if each.feature not in features]
        if unknown or missing:
            message = f"the model {terms.model} has no '{(unknown or missing)[0]}'"
            raise ScenarioError([Problem(message)])
        wires = [Wire(name, description.variables[name]) for name in names]
        self._terms, self._wires, self._output = terms, wires[:-1], wires[-1:]
        self._columns = [features.index(each.feature) for each in terms.inputs]
        plan = Plan(self._binary, rule=step_rule(description, None))
        self._runners = Rows([make_runner(plan)])
        self._batches: dict[int, Batch] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def at(self, features: np.ndarray, points: np.ndarray) -> np.ndarray:
        """Return the target at features (rows, features) for each point of fitted parameters.

        `points`: (points, parameters), in the order of the terms; returns (points, rows).
        FmuError where the model fails.
        """
        rows, times = len(features), len(points)
        batch = self._batch(rows * times)
        position = 0
        for value in self._terms.settings.values():
            batch.inputs.write(position, value)
            position += 1
        for taken, column in zip(self._terms.inputs, self._columns, strict=True):
            values = taken.factor * features[:, column] + taken.offset
            batch.inputs.write(position, np.tile(values, times))
            position += 1
        for column in points.T:
            batch.inputs.write(position, np.repeat(column, rows))
            position += 1
        batch.taken[:] = 0.0
        logger = logging.getLogger(f"linetwin.fmu.{self._terms.model}")
        level = logger.level
        logger.setLevel(logging.CRITICAL + 1)  # a fit tries values that the model comments on
        try:
            self._runners.run(batch.rows, [batch])
        finally:
            logger.setLevel(level)
        found = batch.outputs.read(0)
        return np.asarray(self._terms.factor * found + self._terms.offset).reshape(times, rows)

    def fitted(self, features: np.ndarray) -> np.ndarray:
        """Return the target at features with the parameters of the card, shape (rows,)."""
        return np.asarray(self.at(features, np.array([[*self._terms.fitted.values()]]))[0])

    def close(self) -> None:
        """Free the model."""
        self._runners.close()

    def _batch(self, rows: int) -> Batch:
        found = self._batches.get(rows)
        if found is None:
            if len(self._batches) >= _KEPT:
                del self._batches[next(iter(self._batches))]
            found = Batch(self._binary, self._wires, self._output, rows)
            found.durations[:] = 0.0
            self._batches[rows] = found
        return found
