"""What may stand in a dataset file."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from linetwin.scenario.absent import Given
from linetwin.scenario.written import as_table

Role = Literal[
    "feature",
    "target",
    "group",
    "outcome",
    "inspection",
    "judgement",
    "uncertainty",
    "weight",
    "inclusion",
    "ignore",
]
_FILE_NAME = r"^[A-Za-z0-9][A-Za-z0-9_-]*$"
ColumnName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z0-9_]+)*$")]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class LabelErrorWritten(_Part):
    """How labels of 1 and 0 err: shares of true 1 that read 0, and of true 0 that read 1."""

    missed: object
    false_alarm: object


class DataColumn(_Part):
    """Where a quantity stands in the table, its unit there, and what it is for.

    `columns`: those of a group that is told by several; `quantity`: the entry of the vocabulary
    where the name is none; `of`: whose standard uncertainty it is; `inclusion`: the probability
    with which a row was chosen, which weighs 1 / that; `pattern`: a regular expression
    whose first group is taken from the text; `between`: rows outside are left out;
    `label_error`: of a target that an inspection says.
    """

    column: Annotated[str | None, Given] = None
    columns: list[str] = []
    unit: Annotated[str | None, Given] = None
    factor: object = 1.0
    quantity: Annotated[str | None, Given] = None
    role: Role
    of: Annotated[str | None, Given] = None
    pattern: Annotated[str | None, Given] = None
    between: Annotated[list[object] | None, Given, Field(min_length=2, max_length=2)] = None
    label_error: Annotated[LabelErrorWritten | None, Given] = None

    @property
    def sources(self) -> tuple[str, ...]:
        """The columns of the table that it is read from."""
        return (self.column, *self.columns) if self.column is not None else tuple(self.columns)


class GaugeColumn(_Part):
    """A column of a gauge study, with its unit."""

    column: str
    unit: Annotated[str | None, Given] = None


StudyColumn = Annotated[GaugeColumn, as_table("column")]


class GaugeStudyWritten(_Part):
    """A crossed gauge study: a table with a row a reading."""

    file: str
    table: Annotated[str | None, Given] = None
    part: str
    operator: Annotated[str | None, Given] = None
    reading: StudyColumn
    reference: Annotated[StudyColumn | None, Given] = None


class GaugeWritten(_Part):
    """A gauge: amounts with units as its certificate says, or a study to compute them from.

    `linearity`: by how much the bias grows with what is measured, a ratio.
    """

    bias: Annotated[object, Given] = None
    linearity: Annotated[object, Given] = None
    repeatability: Annotated[object, Given] = None
    reproducibility: Annotated[object, Given] = None
    study: Annotated[GaugeStudyWritten | None, Given] = None


def _several(raw: object) -> object:
    return [raw] if isinstance(raw, str) else raw


class RowsWritten(_Part):
    """What a row of a recording is: a lot at the places that tell it, or a window of time.

    `longest`: the longest that a value holds when no other follows.
    """

    lot: Annotated[list[str], BeforeValidator(_several)] = []
    every: Annotated[object, Given] = None
    longest: Annotated[object, Given] = None


class DatasetFile(_Part):
    """A dataset file; `simulated`: whether models said all this, and nobody measured it.

    `recording`: a folder of `linetwin live record`, of which `rows` makes the table.
    """

    version: Literal[1] = Field(alias="schema")
    dataset: Annotated[str, Field(pattern=_FILE_NAME)]
    title: str = ""
    file: Annotated[str | None, Given] = None
    table: Annotated[str | None, Given] = None
    recording: Annotated[str | None, Given] = None
    rows: Annotated[RowsWritten | None, Given] = None
    source: Annotated[str, Field(min_length=1)]
    licence: Annotated[str, Field(min_length=1)]
    simulated: bool = False
    only: dict[str, str] = {}
    columns: Annotated[dict[ColumnName, DataColumn], Field(min_length=1)]
    gauge: dict[ColumnName, GaugeWritten] = {}

    def wanted(self) -> set[str]:
        """Return the columns of the table that are asked for."""
        return {name for each in self.columns.values() for name in each.sources} | {*self.only}
