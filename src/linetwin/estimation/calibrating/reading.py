"""From a calibration file and a table to a task; whatever is wrong is told at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from linetwin.estimation.calibrating.amounts import amount, difference
from linetwin.estimation.calibrating.bounds import read_axes
from linetwin.estimation.calibrating.columns import HELD, READ, SET, Columns, Settings, to_number
from linetwin.estimation.calibrating.schema import DurationWritten
from linetwin.estimation.calibrating.subject import open_subject
from linetwin.estimation.calibrating.tables import read_table
from linetwin.estimation.calibrating.task import Measured, Stretch, Task
from linetwin.scenario.problems import Problems

if TYPE_CHECKING:
    from pathlib import Path

    from linetwin.estimation.calibrating.schema import CalibrationFile, OutputWritten
    from linetwin.estimation.calibrating.subject import Line
    from linetwin.scenario.validation import Checked

_LEAST_ROWS = 2
_AT_ONCE = DurationWritten(value="0 s")


def read_task(name: str, line: Line | None, checked: Checked[CalibrationFile], data: Path) -> Task:
    """Return the task of fitting a model (or a process of a line) to a table.

    Errors as `read_table` and `open_subject`; ScenarioError for names, units and bounds that do
    not fit the model, and for columns that do not fit the table.
    """
    file, place = checked.model, checked.document.place
    subject = open_subject(name, file.process, line, place(("process",)))
    table = read_table(data, file.table, place(("table",)), file.columns())
    columns = Columns(subject, checked, table, Problems())
    _choose_rows(columns)
    return _task(columns)


def _choose_rows(columns: Columns) -> None:
    only, problems = columns.file.only, columns.problems
    for column in only:
        columns.table.has(column, columns.place("only", column), problems)
    problems.check()
    columns.table = columns.table.chosen(only)
    if not columns.table.lines:
        problems.add(columns.place("only"), "no row of the data is left", "wider patterns")
        problems.check()


def _task(columns: Columns) -> Task:
    """Return the task of all rows that are whole and count."""
    axes = read_axes(columns)
    settings, varied = _settings(columns)
    _check_twice(columns)
    written = columns.file.outputs.items()
    outputs = [found for name, own in written if (found := _output(columns, name, own))]
    phases = _phases(columns, settings)
    weights, groups = columns.weights(), columns.groups()
    candidates, variations = _candidates(columns), _variations(columns, settings)
    columns.problems.check()
    lines = columns.table.lines
    whole = (
        np.isfinite(weights)
        & (weights > 0)
        & ~np.isnan([found.values for found in outputs]).all(axis=0)
    )
    for column in (each for phase in phases for each in phase.columns()):
        whole &= np.isfinite(column)
    for found in outputs:
        if found.scatter is not None:
            whole &= np.isfinite(found.scatter) | np.isnan(found.values)
    task = Task(
        subject=columns.subject,
        file=columns.file,
        data=columns.table,
        axes=axes,
        phases=tuple(phase.cut(whole) for phase in phases),
        outputs=tuple(found.cut(whole) for found in outputs),
        weights=weights[whole],
        groups=tuple(label for label, kept in zip(groups, whole, strict=True) if kept),
        varied=varied,
        candidates=candidates,
        variations=variations,
        omitted=tuple(line for line, kept in zip(lines, whole, strict=True) if not kept),
    )
    _check_size(columns, task)
    return task


def _settings(columns: Columns) -> tuple[Settings, tuple[str, ...]]:
    """Return what is set before the initialisation, and the variables that the table sets.

    The scenario's constants come first, then `set`, then the columns.
    """
    settings: Settings = dict(columns.subject.constants)
    columns.set_alike(columns.file.settings, ("set",), settings)
    varied = columns.set_by_row(columns.file.inputs, ("inputs",), settings)
    return settings, tuple(varied)


def _phases(columns: Columns, settings: Settings) -> list[Stretch]:
    """Return the phases: one where none are written."""
    file = columns.file
    if not file.phases:
        own = file.duration or _AT_ONCE
        return [Stretch(settings, columns.durations(own, columns.place("duration")))]
    if file.duration is not None:
        hint = "each phase has one of its own"
        columns.problems.add(columns.place("duration"), "stands beside phases", hint)
    found = []
    for index, phase in enumerate(file.phases):
        if phase is None:
            continue
        own_settings: Settings = settings if index == 0 else {}
        roles = SET if index == 0 else HELD
        path = ("phases", index)
        columns.set_alike(phase.settings, (*path, "set"), own_settings, roles)
        columns.set_by_row(phase.inputs, (*path, "inputs"), own_settings, roles)
        durations = columns.durations(phase.duration, columns.place(*path, "duration"))
        found.append(Stretch(own_settings, durations))
    return found


def _check_twice(columns: Columns) -> None:
    file = columns.file
    for first, second in (("fit", "set"), ("fit", "inputs"), ("set", "inputs")):
        own = file.settings if second == "set" else file.inputs
        other = file.settings if first == "set" else file.fit
        for name in sorted({*own} & {*other}):
            place = columns.place(second, name)
            columns.problems.add(place, f"stands under {first} too", "keep one of them")


def _output(columns: Columns, name: str, written: OutputWritten) -> Measured | None:
    place, problems = columns.place("outputs", name), columns.problems
    found = columns.channel(name, place, READ)
    values = columns.column(written, found, place) if found else None
    if found is None or values is None:
        return None
    log = written.compare == "log"
    if log and (values <= 0).any():
        row = int(np.flatnonzero(values <= 0)[0])
        hint = f"values above 0, or compare: linear in {columns.checked.document.label}"
        cell = columns.table.place(row, written.column)
        problems.add(cell, f"{values[row]:g} has no logarithm", hint)
    scatter = columns.scatter(written, found, place.below("scatter"), log=log)
    numbers = np.asarray(found.wire.to_variable(values))
    variable = found.variable
    return Measured(name, variable.name, variable.unit or "1", numbers, log, scatter)


def _candidates(columns: Columns) -> dict[str, float]:
    """Return how well outputs could be measured."""
    found: dict[str, float] = {}
    for name, raw in columns.file.could_measure.items():
        place = columns.place("could_measure", name)
        channel = columns.channel(name, place, READ)
        number = difference(raw, channel, place, columns.problems) if channel else None
        if channel is not None and number is not None:
            if number <= 0:
                hint = "above 0"
                columns.problems.add(place, f"{number:g} is no standard deviation", hint)
            found[channel.variable.name] = number / abs(channel.wire.affine.factor)
    return found


def _variations(columns: Columns, settings: Settings) -> dict[str, tuple[float, ...]]:
    """Return values that inputs could be given; those that are not set have their own now."""
    found: dict[str, tuple[float, ...]] = {}
    for name, values in columns.file.could_vary.items():
        place = columns.place("could_vary", name)
        channel = columns.channel(name, place, SET)
        if channel is None:
            continue
        numbers = [amount(raw, channel, place, columns.problems) for raw in values]
        found[channel.variable.name] = tuple(
            to_number(channel.wire, number) for number in numbers if number is not None
        )
        now = columns.subject.start(channel.variable)
        settings.setdefault(channel.variable.name, 0.0 if now is None else now)
    return found


def _check_size(columns: Columns, task: Task) -> None:
    """Refuse data that cannot tell anything of so many parameters."""
    counted = sum(int(np.isfinite(found.values).sum()) for found in task.outputs)
    needed = max(_LEAST_ROWS, len(task.axes) + 1)
    if counted < needed:
        message = f"{counted} measured values for {len(task.axes)} parameters"
        hint = f"at least {needed}, or fit fewer"
        columns.problems.add(columns.place("fit"), message, hint)
    if columns.file.intervals == "bootstrap" and len(set(task.groups)) < 2:  # noqa: PLR2004
        message = "all rows are one group: what another would be is not in them"
        columns.problems.add(columns.place("groups"), message, "two groups, or intervals: profile")
    columns.problems.check()
