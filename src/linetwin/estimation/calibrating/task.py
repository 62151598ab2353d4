"""A calibration as it is solved: numbers in the units of the model's variables."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from linetwin.estimation.calibrating.schema import CalibrationFile
    from linetwin.estimation.calibrating.subject import Subject
    from linetwin.estimation.calibrating.tables import DataTable


@dataclass(frozen=True)
class Axis:
    """A fitted parameter. Its coordinate runs from 0 at `low` to 1 at `high`.

    `prior`: mean and standard deviation in `unit`; None where nothing is known beforehand.
    """

    name: str
    unit: str
    low: float
    high: float
    start: float
    log: bool = False
    prior: tuple[float, float] | None = None

    def value(self, coordinate: np.ndarray) -> np.ndarray:
        """Return values at coordinates, each of any shape."""
        if self.log:
            return np.asarray(self.low * (self.high / self.low) ** coordinate)
        return np.asarray(self.low + (self.high - self.low) * coordinate)

    def coordinate(self, value: float) -> float:
        """Return the coordinate of a value, cut at the bounds."""
        if self.log:
            found = math.log(value / self.low) / math.log(self.high / self.low)
        else:
            found = (value - self.low) / (self.high - self.low)
        return min(1.0, max(0.0, found))

    @property
    def width(self) -> float:
        """What a coordinate of 1 is: of the value, or of its logarithm."""
        return math.log(self.high / self.low) if self.log else self.high - self.low


@dataclass(frozen=True)
class Measured:
    """An output that was measured; `values` of shape (rows,), NaN where it was not.

    `scatter`: its standard deviation, of its logarithm with `log`; None where the residuals tell.
    """

    name: str
    variable: str
    unit: str
    values: np.ndarray
    log: bool = False
    scatter: np.ndarray | None = None

    def cut(self, kept: np.ndarray) -> Measured:
        """Return the same of some rows."""
        scatter = None if self.scatter is None else self.scatter[kept]
        return replace(self, values=self.values[kept], scatter=scatter)

    def scaled(self, numbers: np.ndarray) -> np.ndarray:
        """Return what is compared: numbers, or their logarithms."""
        if not self.log:
            return numbers
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(np.log(numbers))


@dataclass(frozen=True)
class Stretch:
    """A phase of the rows: variable -> number, or numbers of shape (rows,), set as it begins.

    `durations` (s) of shape (rows,).
    """

    settings: Mapping[str, float | np.ndarray]
    durations: np.ndarray

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return len(self.durations)

    def cut(self, kept: np.ndarray) -> Stretch:
        """Return the same of some rows."""
        settings = {
            name: value[kept] if isinstance(value, np.ndarray) else value
            for name, value in self.settings.items()
        }
        return Stretch(settings, self.durations[kept])

    def columns(self) -> list[np.ndarray]:
        """Return all that differs from row to row."""
        return [self.durations, *(v for v in self.settings.values() if isinstance(v, np.ndarray))]


@dataclass(frozen=True)
class Task:
    """All that a fit needs.

    `phases`: one after another, at least one, of which the first sets all before the
    initialisation; outputs are those at the end of the last. `weights` and `groups` of shape
    (rows,); `varied`: the variables that the table sets in the first phase; `candidates`: output ->
    scatter with which it could be measured; `variations`: input -> values that it could be given;
    `omitted`: lines of the data that lack a value, or have weight 0.
    """

    subject: Subject
    file: CalibrationFile
    data: DataTable
    axes: tuple[Axis, ...]
    phases: tuple[Stretch, ...]
    outputs: tuple[Measured, ...]
    weights: np.ndarray
    groups: tuple[str, ...]
    varied: tuple[str, ...] = ()
    candidates: Mapping[str, float] = field(default_factory=dict)
    variations: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    omitted: tuple[int, ...] = ()

    @property
    def rows(self) -> int:
        """How many rows are compared."""
        return self.phases[0].rows

    @property
    def lines(self) -> list[int]:
        """Return the line of the data of each row that is compared."""
        gone = set(self.omitted)
        return [line for line in self.data.lines if line not in gone]

    @property
    def takes_time(self) -> bool:
        """Whether a row is more than an initialisation."""
        return len(self.phases) > 1 or bool(self.phases[0].durations.any())

    def conditions(self) -> list[tuple[object, ...]]:
        """Return for each row what was set: rows with the same are replicates."""
        columns = [column for phase in self.phases for column in phase.columns()]
        return list(zip(*(column.tolist() for column in columns), strict=True))
