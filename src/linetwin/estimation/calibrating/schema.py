"""What may stand in a calibration file."""

from __future__ import annotations

from typing import Annotated, Literal, TypeGuard

from pydantic import BeforeValidator, Field

from linetwin.errors import ScenarioError
from linetwin.scenario import units
from linetwin.scenario.written import FileHead, Identifier, Strict, Writing, as_table

Loss = Literal["linear", "soft_l1", "huber"]


class PriorWritten(Strict):
    """What is known of a parameter beforehand: a normal distribution."""

    mean: object
    deviation: object


class FitWritten(Strict):
    """A parameter that is fitted, and between which bounds (the model's own by default)."""

    low: object = None
    high: object = None
    start: object = None
    scale: Literal["linear", "log"] = "linear"
    prior: PriorWritten | None = None


class ColumnWritten(Strict):
    """A column of the table; the variable is factor * (value in `unit`) + offset."""

    column: str
    unit: str | None = None
    factor: object = 1.0
    offset: object = None


class OutputWritten(ColumnWritten):
    """A measured column; `log`: relative errors count; `scatter`: its standard deviation."""

    compare: Literal["linear", "log"] = "linear"
    scatter: object = None


class DurationWritten(Strict):
    """How long the model runs for a row: a time, or a column of times."""

    value: object = None
    column: str | None = None
    unit: str | None = None


Input = Annotated[ColumnWritten, as_table("column")]
Output = Annotated[OutputWritten, as_table("column")]


class PhaseWritten(Strict):
    """One phase of several: what is set from its beginning on, and how long it lasts."""

    duration: Annotated[DurationWritten, as_table("value")]
    settings: dict[Identifier, Writing] = Field(default_factory=dict, alias="set")
    inputs: dict[Identifier, Input] = Field(default_factory=dict)


def share(raw: object) -> object:
    """Return `95 %` as 0.95; what else is written is judged as it stands."""
    if not isinstance(raw, str):
        return raw
    try:
        number, unit = units.si(raw)
    except ScenarioError:
        return raw
    return number if unit == "1" else raw


class CalibrationFile(FileHead):
    """A calibration: what is fitted, and how the columns of a table meet the model."""

    process: str | None = None
    table: str | None = None
    only: dict[str, str] = Field(default_factory=dict)
    fit: Annotated[dict[Identifier, FitWritten], Field(min_length=1)]
    settings: dict[Identifier, Writing] = Field(default_factory=dict, alias="set")
    inputs: dict[Identifier, Input] = Field(default_factory=dict)
    outputs: Annotated[dict[Identifier, Output], Field(min_length=1)]
    duration: Annotated[DurationWritten, as_table("value")] | None = None
    phases: list[PhaseWritten | None] = Field(default_factory=list)
    groups: list[str] = Field(default_factory=list)
    weights: str | None = None
    loss: Loss = "linear"
    intervals: Literal["profile", "bootstrap"] = "profile"
    confidence: Annotated[float, Field(ge=0.5, le=0.999), BeforeValidator(share)] = 0.95
    resamples: Annotated[int, Field(ge=20, le=10_000)] = 200
    starts: Annotated[int, Field(ge=1, le=200)] = 8
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 1
    could_measure: dict[Identifier, object] = Field(default_factory=dict)
    could_vary: dict[Identifier, list[object]] = Field(default_factory=dict)

    def columns(self) -> set[str]:
        """Return the columns of the table that are asked for."""
        phases = [phase for phase in self.phases if phase is not None]
        written = [*self.inputs.values(), *self.outputs.values()]
        written += [each for phase in phases for each in phase.inputs.values()]
        found = {each.column for each in written} | {*self.only} | {*self.groups}
        durations = [
            *(phase.duration for phase in phases),
            *([self.duration] if self.duration else []),
        ]
        names = (self.weights, *(each.column for each in durations))
        found |= {name for name in names if name is not None}
        scatters = [each.scatter for each in self.outputs.values()]
        return found | {str(each["column"]) for each in scatters if is_column(each)}


def is_column(raw: object) -> TypeGuard[dict[str, str]]:
    """Tell whether a scatter is `{column: NAME}`."""
    return isinstance(raw, dict) and {*raw} == {"column"} and isinstance(raw["column"], str)
