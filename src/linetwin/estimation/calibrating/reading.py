"""From a calibration file and a table to a task; whatever is wrong is told at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from linetwin.errors import Problem, ScenarioError
from linetwin.estimation.calibrating.amounts import affine_of, amount, difference
from linetwin.estimation.calibrating.schema import (
    CalibrationFile,
    ColumnWritten,
    DurationWritten,
    OutputWritten,
    is_column,
)
from linetwin.estimation.calibrating.subject import Subject, open_subject
from linetwin.estimation.calibrating.tables import read_table
from linetwin.estimation.calibrating.task import Axis, Measured, Task
from linetwin.quantities.ucum import parse_unit
from linetwin.scenario.document import read
from linetwin.scenario.problems import Place, Problems, nearest
from linetwin.scenario.validation import Checked, validate

if TYPE_CHECKING:
    from pathlib import Path

    from linetwin.cosim.wiring import Wire
    from linetwin.estimation.calibrating.schema import FitWritten
    from linetwin.estimation.calibrating.subject import Channel, Line
    from linetwin.estimation.calibrating.tables import DataTable

_LEAST_ROWS = 2
_REALS = {"Real", "Float64", "Float32"}


def read_specification(file: Path) -> Checked[CalibrationFile]:
    """Return a calibration file; ScenarioError with line, key and what is allowed."""
    problems = Problems()
    document = read(file, file.name)
    problems.keep(document.problems)
    checked = validate(document, CalibrationFile, problems)
    problems.check()
    if checked is None:
        raise ScenarioError([Problem("nothing to read", file=file)])
    return checked


def read_task(name: str, line: Line | None, checked: Checked[CalibrationFile], data: Path) -> Task:
    """Return the task of fitting a model (or a process of a line) to a table.

    Errors as `read_table` and `open_subject`; ScenarioError for names, units and bounds that do
    not fit the model, and for columns that do not fit the table.
    """
    file, place = checked.model, checked.document.place
    subject = open_subject(name, file.process, line, place(("process",)))
    table = read_table(data, file.table, place(("table",)), file.columns())
    return _Reader(subject, checked, table, Problems()).task()


@dataclass
class _Reader:
    """Reads the parts of one calibration and collects what is wrong."""

    subject: Subject
    checked: Checked[CalibrationFile]
    table: DataTable
    problems: Problems

    def __post_init__(self) -> None:
        self.file = self.checked.model

    def task(self) -> Task:
        self._choose_rows()
        axes = tuple(axis for name, own in self.file.fit.items() if (axis := self._axis(name, own)))
        settings = self._settings()
        varied = self._inputs(settings)
        self._check_twice()
        outputs = tuple(
            found for name, own in self.file.outputs.items() if (found := self._output(name, own))
        )
        durations = self._durations(self.file.duration)
        weights, groups = self._weights(), self._groups()
        candidates, variations = self._candidates(), self._variations(settings)
        self.problems.check()
        columns = [durations, weights, *(settings[name] for name in varied)]
        whole = np.isfinite(np.column_stack(columns)).all(axis=1)
        for found in outputs:
            if found.scatter is not None:
                whole &= np.isfinite(found.scatter) | np.isnan(found.values)
        whole &= ~np.isnan(np.column_stack([found.values for found in outputs])).all(axis=1)
        task = Task(
            self.subject, self.file, self.table, axes,
            {n: v[whole] if isinstance(v, np.ndarray) else v for n, v in settings.items()},
            tuple(_cut(found, whole) for found in outputs), durations[whole], weights[whole],
            tuple(label for label, kept in zip(groups, whole, strict=True) if kept), varied,
            candidates, variations,
            tuple(line for line, kept in zip(self.table.lines, whole, strict=True) if not kept),
        )  # fmt: skip
        self._check_size(task)
        return task

    def _place(self, *path: str) -> Place:
        return self.checked.document.place(path)

    def _choose_rows(self) -> None:
        for column in self.file.only:
            self.table.has(column, self._place("only", column), self.problems)
        self.problems.check()
        self.table = self.table.chosen(self.file.only)
        if not self.table.lines:
            self.problems.add(self._place("only"), "no row of the data is left", "wider patterns")
            self.problems.check()

    def _channel(self, name: str, place: Place, roles: tuple[str, ...]) -> Channel | None:
        """Return a variable of the model of some causality; one that is missing is noted."""
        found = self.subject.channel(name)
        variables = self.subject.binary.description.variables
        if found is not None and (
            found.variable.causality in roles or self._is_start(found, roles)
        ):
            return found
        allowed = [
            v.name for v in variables.values() if v.causality in roles and v.numeric and not v.shape
        ]
        what = "parameter" if roles == ("parameter",) else "variable to be set or read here"
        message = f"{self.subject.model} has no {what} '{name}'"
        self.problems.add(place, message, nearest(name, [*allowed, *self.subject.wires]))
        return None

    @staticmethod
    def _is_start(found: Channel, roles: tuple[str, ...]) -> bool:
        """Tell whether the start of a state may be set."""
        return "input" in roles and found.variable.settable

    def _axis(self, name: str, written: FitWritten) -> Axis | None:
        place = self._place("fit", name)
        found = self._channel(name, place, ("parameter",))
        if found is None:
            return None
        variable = found.variable
        if variable.type not in _REALS:
            self.problems.add(place, f"is a {variable.type}", "a parameter that is a real number")
            return None
        low = self._bound(name, "low", written.low, variable.minimum, found)
        high = self._bound(name, "high", written.high, variable.maximum, found)
        if low is None or high is None:
            return None
        if not low < high:
            hint = "low is less than high"
            self.problems.add(place, f"bounds contradict: {low:g} to {high:g}", hint)
            return None
        for side, bound in (("low", low), ("high", high)):
            if not variable.holds(bound):
                message = f"{variable.shown(bound)} is outside of the model's range"
                self.problems.add(place.below(side), message, f"allowed: {variable.span}")
        if written.scale == "log" and low <= 0:
            self.problems.add(place.below("scale"), "log needs bounds above 0", "scale: linear")
            return None
        now = self.subject.start(variable)
        middle = (low * high) ** 0.5 if written.scale == "log" else (low + high) / 2
        start = min(high, max(low, middle if now is None else now))
        if written.start is not None:
            start = amount(written.start, found, place.below("start"), self.problems) or start
            if not low <= start <= high:
                hint = f"allowed: {low:g} to {variable.shown(high)}"
                self.problems.add(place.below("start"), f"{start:g} is not between them", hint)
        prior = self._prior(name, written, found)
        return Axis(
            variable.name, variable.unit or "1", low, high, start, written.scale == "log", prior
        )

    def _bound(self, name: str, side: str, raw: object, own: float, found: Channel) -> float | None:
        place = self._place("fit", name, side)
        if raw is not None:
            return amount(raw, found, place, self.problems)
        if not np.isfinite(own):
            self.problems.add(place, "missing key", "the model declares no range for it")
            return None
        return own

    def _prior(self, name: str, written: FitWritten, found: Channel) -> tuple[float, float] | None:
        if written.prior is None:
            return None
        place = self._place("fit", name, "prior")
        mean = amount(written.prior.mean, found, place.below("mean"), self.problems)
        spread = difference(written.prior.deviation, found, place.below("deviation"), self.problems)
        if mean is None or spread is None:
            return None
        if spread <= 0 or (written.scale == "log" and mean <= 0):
            self.problems.add(place, f"{mean:g} +- {spread:g} is no distribution", "above 0")
            return None
        return mean, spread

    def _settings(self) -> dict[str, float | np.ndarray]:
        """Return all that is set, alike in each row: the scenario's constants, then `set`."""
        settings: dict[str, float | np.ndarray] = dict(self.subject.constants)
        for name, written in self.file.settings.items():
            place = self._place("set", name)
            found = self._channel(name, place, ("input", "parameter"))
            number = amount(written.value, found, place, self.problems) if found else None
            if found is not None and number is not None:
                settings[found.variable.name] = _number(found.wire, number)
        return settings

    def _inputs(self, settings: dict[str, float | np.ndarray]) -> tuple[str, ...]:
        """Add what the table says of inputs; return their variables."""
        varied = []
        for name, written in self.file.inputs.items():
            found = self._channel(name, self._place("inputs", name), ("input", "parameter"))
            values = self._column(written, found, ("inputs", name)) if found else None
            if found is not None and values is not None:
                settings[found.variable.name] = np.asarray(found.wire.to_variable(values))
                varied.append(found.variable.name)
        return tuple(varied)

    def _check_twice(self) -> None:
        for first, second in (("fit", "set"), ("fit", "inputs"), ("set", "inputs")):
            own = self.file.settings if second == "set" else self.file.inputs
            other = self.file.settings if first == "set" else self.file.fit
            for name in sorted({*own} & {*other}):
                self.problems.add(
                    self._place(second, name), f"stands under {first} too", "keep one of them"
                )

    def _column(
        self, written: ColumnWritten, found: Channel, path: tuple[str, str]
    ) -> np.ndarray | None:
        """Return a column in the channel's unit."""
        place = self._place(*path)
        if not self.table.has(written.column, place, self.problems):
            return None
        known = self.table.units.get(written.column) or None
        affine = affine_of(written, found, known, place, self.problems)
        offset: float | None = 0.0
        if written.offset is not None:
            offset = difference(written.offset, found, place.below("offset"), self.problems)
        values = self.table.numbers(written.column, self.problems)
        if affine is None or offset is None:
            return None
        return np.asarray(affine.factor * values + affine.offset + offset)

    def _output(self, name: str, written: OutputWritten) -> Measured | None:
        place = self._place("outputs", name)
        found = self._channel(name, place, ("output", "local", "calculatedParameter"))
        values = self._column(written, found, ("outputs", name)) if found else None
        if found is None or values is None:
            return None
        log = written.compare == "log"
        if log and (values <= 0).any():
            row = int(np.flatnonzero(values <= 0)[0])
            hint = f"values above 0, or compare: linear in {self.checked.document.label}"
            cell = self.table.place(row, written.column)
            self.problems.add(cell, f"{values[row]:g} has no logarithm", hint)
        scatter = self._scatter(written, found, place.below("scatter"), log=log)
        numbers = np.asarray(found.wire.to_variable(values))
        variable = found.variable
        return Measured(name, variable.name, variable.unit or "1", numbers, log, scatter)

    def _scatter(
        self, written: OutputWritten, found: Channel, place: Place, *, log: bool
    ) -> np.ndarray | None:
        """Return the standard deviation of a measurement in each row."""
        raw = written.scatter
        if raw is None:
            return None
        if isinstance(raw, dict):
            if not is_column(raw):
                self.problems.add(place, "is no scatter", "a number, or {column: NAME}")
                return None
            name = raw["column"]
            if not self.table.has(name, place, self.problems):
                return None
            affine = affine_of(written, found, None, place, self.problems)
            values = self.table.numbers(name, self.problems)
            spread = values if log or affine is None else values * abs(affine.factor)
        else:
            meant = _plain(found) if log else found
            number = difference(raw, meant, place, self.problems)
            if number is None:
                return None
            spread = np.full(len(self.table.lines), number)
        if (spread <= 0).any():
            self.problems.add(place, f"{np.nanmin(spread):g} is no standard deviation", "above 0")
        factor = 1.0 if log else abs(found.wire.affine.factor)
        return spread / factor

    def _durations(self, written: DurationWritten) -> np.ndarray:
        rows = len(self.table.lines)
        place = self._place("duration")
        if written.column is not None:
            if not self.table.has(written.column, place, self.problems):
                return np.zeros(rows)
            column = ColumnWritten(column=written.column, unit=written.unit)
            affine = affine_of(column, _seconds(self.subject), "s", place, self.problems)
            values = self.table.numbers(written.column, self.problems)
            found = values if affine is None else affine.factor * values
        else:
            number = amount(written.value, _seconds(self.subject), place, self.problems)
            found = np.full(rows, number or 0.0)
        if (found < 0).any():
            self.problems.add(place, "a duration is negative", "0 s or more")
        return found

    def _weights(self) -> np.ndarray:
        if self.file.weights is None:
            return np.ones(len(self.table.lines))
        place = self._place("weights")
        if not self.table.has(self.file.weights, place, self.problems):
            return np.ones(len(self.table.lines))
        found = self.table.numbers(self.file.weights, self.problems)
        if (found < 0).any() or not np.nansum(found):
            self.problems.add(place, "weights are 0 or more, and not all 0", "such as 1")
        return found

    def _groups(self) -> list[str]:
        """Return the label of each row's group; rows are groups of their own without `groups`."""
        columns = [
            c for c in self.file.groups if self.table.has(c, self._place("groups"), self.problems)
        ]
        if not columns:
            return [str(line) for line in self.table.lines]
        return [" / ".join(cells) for cells in zip(*map(self.table.texts, columns), strict=True)]

    def _candidates(self) -> dict[str, float]:
        found: dict[str, float] = {}
        for name, raw in self.file.could_measure.items():
            place = self._place("could_measure", name)
            channel = self._channel(name, place, ("output", "local", "calculatedParameter"))
            number = difference(raw, channel, place, self.problems) if channel else None
            if channel is not None and number is not None:
                if number <= 0:
                    self.problems.add(place, f"{number:g} is no standard deviation", "above 0")
                found[channel.variable.name] = number / abs(channel.wire.affine.factor)
        return found

    def _variations(self, settings: dict[str, float | np.ndarray]) -> dict[str, tuple[float, ...]]:
        found: dict[str, tuple[float, ...]] = {}
        for name, values in self.file.could_vary.items():
            place = self._place("could_vary", name)
            channel = self._channel(name, place, ("input", "parameter"))
            if channel is None:
                continue
            numbers = [amount(raw, channel, place, self.problems) for raw in values]
            found[channel.variable.name] = tuple(
                _number(channel.wire, number) for number in numbers if number is not None
            )
            settings.setdefault(channel.variable.name, self.subject.start(channel.variable) or 0.0)
        return found

    def _check_size(self, task: Task) -> None:
        """Refuse data that cannot tell anything of so many parameters."""
        counted = sum(int(np.isfinite(found.values).sum()) for found in task.outputs)
        needed = max(_LEAST_ROWS, len(task.axes) + 1)
        if counted < needed:
            message = f"{counted} measured values for {len(task.axes)} parameters"
            self.problems.add(self._place("fit"), message, f"at least {needed}, or fit fewer")
        self.problems.check()


def _number(wire: Wire, number: float) -> float:
    return float(np.asarray(wire.to_variable(np.array([number]))).item())


def _cut(found: Measured, whole: np.ndarray) -> Measured:
    scatter = None if found.scatter is None else found.scatter[whole]
    return Measured(found.name, found.variable, found.unit, found.values[whole], found.log, scatter)


def _seconds(subject: Subject) -> Channel:
    """Return a channel of times."""
    return _unit_channel(subject, "s")


def _plain(found: Channel) -> Channel:
    """Return a channel of numbers without a unit, for relative scatter."""
    return type(found)(found.wire, parse_unit("1"), "1")


def _unit_channel(subject: Subject, unit: str) -> Channel:
    from linetwin.cosim.wiring import Wire
    from linetwin.estimation.calibrating.subject import Channel

    any_variable = next(iter(subject.binary.description.variables.values()))
    return Channel(Wire("time", any_variable), parse_unit(unit), unit)
