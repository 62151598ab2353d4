"""The variables of a model: one record each, with the evidence that it carries."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, TypedDict

import casadi as ca

from linetwin.authoring.units import parse_unit
from linetwin.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Mapping

_NAME = re.compile(r"[a-z][a-z0-9_]*\Z", re.IGNORECASE)
_RESERVED = frozenset({"time", "valid"})
_TAGS = frozenset({"V", "D", "M", "A", ""})


class Kind(Enum):
    """What a variable is to the integrator."""

    INPUT = "input"
    PARAMETER = "parameter"
    STATE = "state"
    ALGEBRAIC = "algebraic"
    DISCRETE = "discrete"
    OUTPUT = "output"


class Facts(TypedDict, total=False):
    """What an author may say about any variable.

    `minimum` and `maximum` bound the values it is meant to have; `tag` is V (read), D (derived
    from data), M (recalled) or A (assumed), empty for what is computed.
    """

    minimum: float | None
    maximum: float | None
    meaning: str
    tag: str
    source: str


@dataclass(frozen=True)
class Fields:
    """What only some kinds of variable have; `start` is NaN where there is none."""

    start: float
    nominal: float = 1.0
    integer: bool = False
    tunable: bool = False
    enumeration: Mapping[str, int] | None = None


@dataclass(frozen=True)
class Variable:
    """One scalar of a model; `start`, `nominal`, `minimum` and `maximum` are in `unit`."""

    name: str
    kind: Kind
    unit: str
    symbol: ca.SX = field(compare=False, repr=False)
    start: float
    nominal: float
    integer: bool
    tunable: bool
    enumeration: dict[str, int] | None
    minimum: float = -math.inf
    maximum: float = math.inf
    meaning: str = ""
    tag: str = ""
    source: str = ""


def make_variable(name: str, kind: Kind, unit: str, fields: Fields, facts: Facts) -> Variable:
    """Make a variable and refuse one that no FMU could carry.

    Raises:
        ModelError: with the variable's name and what is wrong with it.
    """
    unknown = sorted(set(facts) - set(Facts.__annotations__))
    if unknown:
        raise ModelError(f"variable {name!r}: unknown keyword {', '.join(unknown)}")
    variable = Variable(
        name,
        kind,
        unit,
        ca.SX.sym(name),
        float(fields.start),
        float(fields.nominal),
        fields.integer,
        fields.tunable,
        dict(fields.enumeration) if fields.enumeration else None,
        _bound(facts.get("minimum"), -math.inf),
        _bound(facts.get("maximum"), math.inf),
        facts.get("meaning", ""),
        facts.get("tag", ""),
        facts.get("source", ""),
    )
    parse_unit(unit, where=f"variable {name!r}")
    problem = _problem(variable)
    if problem:
        raise ModelError(f"variable {name!r}: {problem}")
    return variable


def _bound(bound: float | None, unbounded: float) -> float:
    return unbounded if bound is None else float(bound)


def _problem(variable: Variable) -> str:
    """Say what is wrong with a variable; empty when nothing is."""
    low, high, start = variable.minimum, variable.maximum, variable.start
    listed = (variable.enumeration or {}).values()
    checks = {
        "a name has letters, digits and underscores only": not _NAME.match(variable.name),
        "the name is reserved for the runtime": variable.name in _RESERVED,
        f"tag {variable.tag!r} is none of V, D, M, A": variable.tag not in _TAGS,
        f"range [{low}, {high}] is empty or not a number": not low <= high,
        f"nominal {variable.nominal} is not positive and finite": not (
            0.0 < variable.nominal < math.inf
        ),
        "an enumeration value is no integer in range": not all(
            int(number) == number and low <= number <= high for number in listed
        ),
    }
    if variable.kind is not Kind.OUTPUT:
        checks[f"start {start} is not finite"] = not math.isfinite(start)
        checks[f"start {start} is outside [{low}, {high}] {variable.unit}"] = (
            not low <= start <= high
        )
        checks[f"start {start} is not an integer"] = variable.integer and start % 1.0 != 0.0
    return next((problem for problem, wrong in checks.items() if wrong), "")
