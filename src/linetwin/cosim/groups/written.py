"""What may stand in a group file."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, FiniteFloat

from linetwin.scenario.absent import Given

_NAME = r"^[A-Za-z_][A-Za-z0-9_]*$"
Name = Annotated[str, Field(pattern=_NAME)]
Amount = float | int | bool | str


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


def _as_source(raw: object) -> object:
    """Let `x` stand for `{from: x}`."""
    return raw if isinstance(raw, dict) else {"from": raw}


def _as_targets(raw: object) -> object:
    """Let `x` stand for `{to: x}`, and one target for a list of one."""
    listed = raw if isinstance(raw, list) else [raw]
    return [one if isinstance(one, dict) else {"to": one} for one in listed]


class WrittenMember(_Strict):
    """One FMU; it steps once in `every` communication steps.

    `values`: variables that nobody else sets, arrays row by row; `start`: what inputs with a source
    begin with; `depends`: output -> inputs on which it depends at once, where the FMU says nothing
    of it or too much.
    """

    fmu: str
    every: Annotated[int, Field(ge=1, le=1_000_000)] = 1
    values: dict[str, Amount | list[Amount]] = {}
    start: dict[str, Amount | list[Amount]] = {}
    depends: dict[str, list[str]] = {}


class WrittenWay(_Strict):
    """How a value gets to an input: input = scale * value, in the input's unit, + offset.

    `from_unit` and `to_unit` (UCUM) override what the FMUs declare.
    """

    scale: FiniteFloat = 1.0
    offset: FiniteFloat = 0.0
    from_unit: Annotated[str | None, Given] = None
    to_unit: Annotated[str | None, Given] = None


class WrittenConnection(WrittenWay):
    """Where an input's value comes from.

    `map`: output -> input, numbers or items of enumerations; what is not in it goes over as it is.
    """

    source: str = Field(alias="from")
    map: dict[str, Amount] = {}


class WrittenTarget(WrittenWay):
    """Where a value of the group's own goes to; it comes in the unit of the first target."""

    to: str


class WrittenLoops(_Strict):
    """How algebraic loops are solved: relative `tolerance`, and the `most` iterations."""

    tolerance: Annotated[float, Field(gt=0.0, le=1e-2)] = 1e-10
    most: Annotated[int, Field(ge=1, le=1000)] = 20


class WrittenAdaptive(_Strict):
    """Steps as long as a tolerance allows: `relative`, and `absolute` of outputs `member.output`.

    `least` and `most`: lengths.
    """

    relative: Annotated[float, Field(ge=1e-9, le=0.1)] = 1e-4
    absolute: dict[str, Amount] = {}
    least: str = "1 us"
    most: str = "1 min"


class WrittenIterate(_Strict):
    """Steps repeated until inputs fit: relative `tolerance`, and the `most` repetitions."""

    tolerance: Annotated[float, Field(gt=0.0, le=1e-2)] = 1e-6
    most: Annotated[int, Field(ge=1, le=1000)] = 30


class WrittenEvent(_Strict):
    """What happens where a number passes a level: inputs take values, or the group stops."""

    of: str
    rises: Annotated[Amount | None, Given] = None
    falls: Annotated[Amount | None, Given] = None
    crosses: Annotated[Amount | None, Given] = None
    sets: dict[str, Amount] = Field(default={}, alias="set")
    stop: bool = False


class WrittenGroup(_Strict):
    """A group file."""

    schema_: Literal[1] = Field(alias="schema")
    name: Name
    meaning: str = ""
    step: str
    order: Literal["jacobi", "gauss-seidel"] = "jacobi"
    extrapolate: Literal["none", "linear"] = "none"
    adaptive: Annotated[WrittenAdaptive | None, Given] = None
    events: dict[Name, WrittenEvent] = {}
    within: str = "1 us"
    early_return: bool = False
    iterate: Annotated[WrittenIterate | None, Given] = None
    loops: Annotated[WrittenLoops | None, Given] = None
    members: dict[Name, WrittenMember]
    connections: dict[str, Annotated[WrittenConnection, BeforeValidator(_as_source)]] = {}
    inputs: dict[Name, Annotated[list[WrittenTarget], BeforeValidator(_as_targets)]] = {}
    outputs: dict[Name, str] = {}
    parameters: dict[Name, str] = {}
