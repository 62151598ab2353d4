"""Running points of a design: each once, a failing one does not stop the others."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

import numpy as np

from linetwin.cosim.batch import Batch
from linetwin.cosim.runners import Plan, make_runner
from linetwin.cosim.stepping import step_rule
from linetwin.cosim.wiring import Wire
from linetwin.errors import FmuError

if TYPE_CHECKING:
    from linetwin.surrogates.designs.task import DesignTask

VALID: Final = "valid"
"""Output by which a model says itself whether its inputs lie in its range."""
_ROW: Final = re.compile(r"row (\d+), phase (\d+): ")


@dataclass(frozen=True)
class Result:
    """What a point gave: outputs in their units, and why there are none, or "" where there are.

    `valid`: whether the model calls its inputs within its range.
    """

    outputs: tuple[float, ...]
    error: str = ""
    valid: bool = True


class Trials:
    """One instance of the model that takes points one after another through all phases."""

    def __init__(self, task: DesignTask) -> None:
        """Bind to the model; the instance is made with the first point."""
        binary = task.subject.binary
        variables = binary.description.variables
        own = [
            {name: Wire(name, variables[name]) for name in stage.settings} for stage in task.stages
        ]
        taken = [each.channel for each in task.varied if each.channel is not None]
        for channel in taken:
            own[0][channel.variable.name] = channel.wire
        self._wires = [[*wires.values()] for wires in own]
        self._told = [told.channel.wire for told in task.told]
        says = variables.get(VALID)
        self._says_valid = says is not None and says.causality == "output" and not says.shape
        if says is not None and self._says_valid:
            self._told.append(Wire(VALID, says))
        plan = Plan(binary, None, step_rule(binary.description, None), None, task.subject.preset)
        self._runner = make_runner(plan)
        self._task = task

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._runner.close()

    def run(self, amounts: np.ndarray) -> list[Result]:
        """Return what points gave, `amounts` of shape (points, factors) in the factors' units."""
        batches = [self._batch(index, amounts) for index in range(len(self._wires))]
        errors: dict[int, str] = {}
        logger = logging.getLogger(f"linetwin.fmu.{self._task.subject.model}")
        level = logger.level
        logger.setLevel(logging.CRITICAL + 1)  # each failure is told in the table
        try:
            begin = 0
            while begin < len(amounts):
                begin = self._run_from(begin, batches, errors)
        finally:
            logger.setLevel(level)
        last = batches[-1].outputs
        columns = [
            np.asarray(wire.to_quantity(last.read(at))) for at, wire in enumerate(self._told)
        ]
        table = np.stack(columns, axis=1)
        return [self._result(table[row], errors.get(row, "")) for row in range(len(amounts))]

    def _run_from(self, begin: int, batches: list[Batch], errors: dict[int, str]) -> int:
        """Run rows until one fails; return the row after it, with its error noted."""
        rows = batches[0].rows
        try:
            self._runner.run(range(begin, rows), batches)
        except FmuError as error:
            match = _ROW.search(str(error))
            if match is None:  # the model did not even start: no point is at fault
                raise
            row = int(match[1])
            errors[row] = _ROW.sub("", str(error))
            return row + 1
        return rows

    def _result(self, row: np.ndarray, error: str) -> Result:
        values = row[: len(self._task.told)]
        if not error and not np.isfinite(values).all():
            at = int(np.flatnonzero(~np.isfinite(values))[0])
            error = f"{self._task.told[at].name} is {values[at]:g}, and no number"
        if error:
            return Result((), error)
        valid = not self._says_valid or bool(row[-1])
        return Result(tuple(map(float, values)), valid=valid)

    def _batch(self, index: int, amounts: np.ndarray) -> Batch:
        """Return a phase with its settings, the factors with the first."""
        stage = self._task.stages[index]
        batch = Batch(self._task.subject.binary, self._wires[index], self._told, len(amounts))
        batch.durations[:] = stage.duration_s
        positions = {wire.variable.name: at for at, wire in enumerate(self._wires[index])}
        for name, value in stage.settings.items():
            batch.inputs.write(positions[name], value)
        if index == 0:
            for column, each in enumerate(self._task.varied):
                if each.channel is None:
                    batch.durations[:] = amounts[:, column]
                    continue
                wire = each.channel.wire
                values = np.asarray(wire.to_variable(amounts[:, column]))
                batch.inputs.write(positions[wire.variable.name], values)
        return batch
