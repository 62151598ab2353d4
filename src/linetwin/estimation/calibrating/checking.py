"""Rows that the model cannot compute: told before the fit, with their line and its values."""

from __future__ import annotations

import logging
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import numpy as np

from linetwin.errors import FmuError, Problem, ScenarioError
from linetwin.estimation.calibrating.evaluating import Evaluator

if TYPE_CHECKING:
    from collections.abc import Iterator

    from linetwin.estimation.calibrating.task import Task

_MOST: Final = 5
"""Rows that are told."""
_PROBED: Final = 7
"""Rows, evenly taken, that all fail where the start values are at fault and not a row."""
_PLACE: Final = re.compile(r"row \d+, phase \d+: ")


@contextmanager
def quiet(task: Task) -> Iterator[None]:
    """Keep back what the model says of each evaluation: what matters of it is told once."""
    logger = logging.getLogger(f"linetwin.fmu.{task.subject.model}")
    level = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        logger.setLevel(level)


def check_rows(task: Task) -> None:
    """Evaluate all rows once at the start values.

    ScenarioError with file, line and values of rows for which the model gives no numbers, where
    it gives some for others.
    """
    every = np.arange(task.rows)
    if not _reasons(task, every):
        return
    probes = np.unique(np.linspace(0, task.rows - 1, _PROBED).astype(int))
    if all(_reasons(task, probes[i : i + 1]) for i in range(len(probes))):
        return
    found = _failing(task, every, _MOST)
    raise ScenarioError([_problem(task, row, reason) for row, reason in found])


def _failing(task: Task, rows: np.ndarray, most: int) -> list[tuple[int, str]]:
    """Return the first rows that fail, with the reason: by halves."""
    reasons = _reasons(task, rows)
    if not reasons or most <= 0:
        return []
    if "" not in reasons:
        return [(row, reason) for row, reason in reasons.items() if isinstance(row, int)][:most]
    if len(rows) == 1:
        return [(int(rows[0]), str(reasons[""]))]
    half = len(rows) // 2
    first = _failing(task, rows[:half], most)
    return first + _failing(task, rows[half:], most - len(first))


def _reasons(task: Task, rows: np.ndarray) -> dict[int | str, str]:
    """Return row -> why there is nothing to compare; "" -> the error of an unknown one."""
    kept = np.zeros(task.rows, dtype=np.bool_)
    kept[rows] = True
    phases = [phase.cut(kept) for phase in task.phases]
    outputs = [output.cut(kept) for output in task.outputs]
    names = [output.variable for output in outputs]
    evaluator = Evaluator(task.subject, phases, [axis.name for axis in task.axes], names)
    try:
        numbers = evaluator.at(np.array([[axis.start for axis in task.axes]]))[0]
    except FmuError as error:
        return {"": _PLACE.sub("", str(error))}
    finally:
        evaluator.close()
    found: dict[int | str, str] = {}
    for index, output in enumerate(outputs):
        gone = np.isfinite(output.values) & ~np.isfinite(output.scaled(numbers[:, index]))
        for at in np.flatnonzero(gone).tolist():
            number = numbers[at, index]
            what = f"{output.name} = {number:g}"
            log = output.log and np.isfinite(number)
            found[int(rows[at])] = f"{what} has no logarithm" if log else what
    return dict(sorted(found.items(), key=lambda each: int(each[0])))


def _problem(task: Task, row: int, reason: str) -> Problem:
    """Return what is said of a row: what it sets, and the ranges that the model declares."""
    variables = task.subject.binary.description.variables
    values, spans = [], []
    for phase in task.phases:
        for name, column in phase.settings.items():
            if isinstance(column, np.ndarray):
                variable, value = variables[name], float(column[row])
                values.append(f"{name} = {variable.shown(value)}")
                spans.append((variable.holds(value), f"{name} {variable.span}"))
    outside = [text for holds, text in spans if not holds] or [text for _, text in spans]
    hint = f"the model's range: {', '.join(dict.fromkeys(outside))}; or leave the row out"
    message = f"the model gives no numbers for {', '.join(values)}: {reason}"
    return Problem(message, "", hint, task.data.file, task.lines[row])
