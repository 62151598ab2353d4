"""What the FMI type of a variable can hold."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np

from linetwin.cosim.port import value_type

if TYPE_CHECKING:
    from linetwin.cosim.description import Variable

_OLD: Final = frozenset({"Real", "Integer"})
"""Types that only FMI 2.0 has."""
_ROUNDING: Final = 1e-9
"""What a conversion of units may leave beside a whole number."""


def not_held(version: int, variable: Variable, number: float) -> str:
    """Return what the type of a numeric variable holds where `number` is none of it, else ''.

    Of a Boolean any number but 0 is true. `version`: of FMI; 0 for the port of a group.
    """
    known = version or (2 if variable.type in _OLD else 3)
    _, kind = value_type(known, variable.type)
    if variable.type == "Boolean":
        return "" if _finite(number) else "true or false"
    if issubclass(kind, np.integer):
        limits = np.iinfo(kind)
        whole = _finite(number) and abs(number - round(number)) <= _ROUNDING
        if whole and limits.min <= round(number) <= limits.max:
            return ""
        return f"a whole number from {limits.min} to {limits.max}"
    largest = float(np.finfo(kind).max)
    return "" if abs(number) <= largest else f"a number from {-largest:.8g} to {largest:.8g}"


def _finite(number: float) -> bool:
    """Tell whether it is neither NaN nor infinite; a whole number of Python has no limit."""
    return isinstance(number, int) or math.isfinite(number)
