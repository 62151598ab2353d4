"""The variables of a model: one record each, with the evidence that it carries."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

import casadi as ca

from linetwin.authoring.units import parse_unit
from linetwin.errors import ModelError

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


@dataclass(frozen=True)
class Evidence:
    """Where a number comes from: meaning, tag (V, D, M or A, empty if computed) and source."""

    meaning: str = ""
    tag: str = ""
    source: str = ""


@dataclass(frozen=True)
class Range:
    """The range [minimum, maximum] in which a value is meant to lie; None is unbounded."""

    minimum: float | None = None
    maximum: float | None = None

    def holds(self, value: float) -> bool:
        """Tell whether `value` lies inside, borders included."""
        above = self.minimum is None or value >= self.minimum
        return above and (self.maximum is None or value <= self.maximum)


@dataclass(frozen=True)
class Variable:
    """One scalar of a model; `start` is its value before anything is set, in `unit`."""

    name: str
    kind: Kind
    unit: str
    symbol: ca.SX = field(compare=False, repr=False)
    start: float = 0.0
    nominal: float = 1.0
    range: Range = Range()
    evidence: Evidence = Evidence()
    integer: bool = False
    tunable: bool = False
    enumeration: Mapping[str, int] | None = None


def check_variable(variable: Variable) -> None:
    """Refuse a variable that no FMU could carry.

    Raises:
        ModelError: with the variable's name and what is wrong with it.
    """
    name = variable.name
    if not _NAME.match(name):
        raise ModelError(f"variable {name!r}: a name has letters, digits and underscores only")
    if name in _RESERVED:
        raise ModelError(f"variable {name!r}: the name is reserved for the runtime")
    parse_unit(variable.unit, where=f"variable {name!r}")
    if variable.evidence.tag not in _TAGS:
        raise ModelError(f"variable {name!r}: tag {variable.evidence.tag!r} is none of V, D, M, A")
    _check_numbers(variable)
    for label, number in (variable.enumeration or {}).items():
        if int(number) != number or not variable.range.holds(number):
            raise ModelError(
                f"variable {name!r}: enumeration value {label}={number} is out of range"
            )


def _check_numbers(variable: Variable) -> None:
    name, limits = variable.name, variable.range
    numbers = {"start": variable.start, "nominal": variable.nominal}
    numbers |= {"minimum": limits.minimum or 0.0, "maximum": limits.maximum or 0.0}
    for label, number in numbers.items():
        if not math.isfinite(number):
            raise ModelError(f"variable {name!r}: {label} {number} is not finite")
    if variable.nominal <= 0.0:
        raise ModelError(f"variable {name!r}: nominal {variable.nominal} is not positive")
    if limits.minimum is not None and limits.maximum is not None:
        if limits.minimum > limits.maximum:
            raise ModelError(f"variable {name!r}: minimum {limits.minimum} > {limits.maximum}")
    if not limits.holds(variable.start):
        raise ModelError(
            f"variable {name!r}: start {variable.start} is outside"
            f" [{limits.minimum}, {limits.maximum}] {variable.unit}"
        )
    if variable.integer and variable.start != int(variable.start):
        raise ModelError(f"variable {name!r}: start {variable.start} is not an integer")
