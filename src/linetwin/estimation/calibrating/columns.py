"""Names, columns and numbers of a calibration file, met with the model and the table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from linetwin.estimation.calibrating.amounts import (
    RATIO,
    SECONDS,
    affine_of,
    amount,
    difference,
)
from linetwin.estimation.calibrating.schema import ColumnWritten, is_column
from linetwin.scenario.problems import nearest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from linetwin.cosim.wiring import Wire
    from linetwin.estimation.calibrating.schema import (
        CalibrationFile,
        DurationWritten,
        OutputWritten,
    )
    from linetwin.estimation.calibrating.subject import Channel, Subject
    from linetwin.estimation.calibrating.tables import DataTable
    from linetwin.scenario.document import KeyPath
    from linetwin.scenario.problems import Place, Problems
    from linetwin.scenario.validation import Checked
    from linetwin.scenario.written import Written

READ = ("output", "local", "calculatedParameter")
"""Causalities of what can be measured."""
SET = ("input", "parameter", "start")
"""What can be set before a row begins: `start` is that of a state."""
HELD = ("input",)
"""What can be set while it goes on."""
Settings = dict[str, float | np.ndarray]


@dataclass
class Columns:
    """Reads parts of one calibration file and collects what is wrong."""

    subject: Subject
    checked: Checked[CalibrationFile]
    table: DataTable
    problems: Problems

    @property
    def file(self) -> CalibrationFile:
        """What is written."""
        return self.checked.model

    def place(self, *path: str | int) -> Place:
        """Return where a key stands."""
        return self.checked.document.place(path)

    def channel(self, name: str, place: Place, roles: tuple[str, ...]) -> Channel | None:
        """Return a variable of the model of some causality; one that is missing is noted."""
        found = self.subject.channel(name)
        variables = self.subject.binary.description.variables
        if found is not None:
            variable = found.variable
            if variable.causality in roles or ("start" in roles and variable.settable):
                return found
        allowed = [
            v.name for v in variables.values() if v.causality in roles and v.numeric and not v.shape
        ]
        what = "parameter" if roles == ("parameter",) else "variable to be set or read here"
        message = f"{self.subject.model} has no {what} '{name}'"
        self.problems.add(place, message, nearest(name, [*allowed, *self.subject.wires]))
        return None

    def set_alike(
        self,
        written: Mapping[str, Written],
        path: KeyPath,
        settings: Settings,
        roles: tuple[str, ...] = SET,
    ) -> None:
        """Set what is alike in each row; `path`: where it is written."""
        for name, own in written.items():
            place = self.place(*path, name)
            found = self.channel(name, place, roles)
            number = amount(own.value, found, place, self.problems) if found else None
            if found is not None and number is not None:
                settings[found.variable.name] = to_number(found.wire, number)

    def set_by_row(
        self,
        written: Mapping[str, ColumnWritten],
        path: KeyPath,
        settings: Settings,
        roles: tuple[str, ...] = SET,
    ) -> list[str]:
        """Set what the table says; return the variables."""
        varied = []
        for name, own in written.items():
            place = self.place(*path, name)
            found = self.channel(name, place, roles)
            values = self.column(own, found, place) if found else None
            if found is not None and values is not None:
                settings[found.variable.name] = np.asarray(found.wire.to_variable(values))
                varied.append(found.variable.name)
        return varied

    def column(self, written: ColumnWritten, found: Channel, place: Place) -> np.ndarray | None:
        """Return a column in the channel's unit."""
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

    def scatter(
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
            meant = RATIO if log else found
            number = difference(raw, meant, place, self.problems)
            if number is None:
                return None
            spread = np.full(len(self.table.lines), number)
        if (spread <= 0).any():
            self.problems.add(place, f"{np.nanmin(spread):g} is no standard deviation", "above 0")
        factor = 1.0 if log else abs(found.wire.affine.factor)
        return spread / factor

    def durations(self, written: DurationWritten, place: Place) -> np.ndarray:
        """Return how long a row lasts (s), shape (rows,)."""
        rows = len(self.table.lines)
        if written.column is not None:
            if not self.table.has(written.column, place, self.problems):
                return np.zeros(rows)
            column = ColumnWritten(column=written.column, unit=written.unit)
            affine = affine_of(column, SECONDS, "s", place, self.problems)
            values = self.table.numbers(written.column, self.problems)
            found = values if affine is None else affine.factor * values
        else:
            number = amount(written.value, SECONDS, place, self.problems)
            found = np.full(rows, number or 0.0)
        if (found < 0).any():
            self.problems.add(place, "a duration is negative", "0 s or more")
        return found

    def weights(self) -> np.ndarray:
        """Return the weight of each row."""
        if self.file.weights is None:
            return np.ones(len(self.table.lines))
        place = self.place("weights")
        if not self.table.has(self.file.weights, place, self.problems):
            return np.ones(len(self.table.lines))
        found = self.table.numbers(self.file.weights, self.problems)
        if (found < 0).any() or not np.nansum(found):
            self.problems.add(place, "weights are 0 or more, and not all 0", "such as 1")
        return found

    def groups(self) -> list[str]:
        """Return the label of each row's group; rows are groups of their own without `groups`."""
        columns = [
            c for c in self.file.groups if self.table.has(c, self.place("groups"), self.problems)
        ]
        if not columns:
            return [str(line) for line in self.table.lines]
        return [" / ".join(cells) for cells in zip(*map(self.table.texts, columns), strict=True)]


def to_number(wire: Wire, number: float) -> float:
    """Return a quantity's number as its variable's."""
    return float(np.asarray(wire.to_variable(np.array([number]))).item())
