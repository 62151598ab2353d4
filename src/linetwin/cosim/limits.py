"""What the FMI type of a variable can hold, and a table of a simulation."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np

from linetwin.cosim.port import value_type
from linetwin.errors import Problem, WiringError

if TYPE_CHECKING:
    from linetwin.cosim.description import Variable

MOST_NUMBERS: Final = 10**8
"""In a table: 0.8 GB, and three times that while it is put together."""
_OLD: Final = frozenset({"Real", "Integer"})
"""Types that only FMI 2.0 has."""
_ROUNDING: Final = 1e-9
"""What a conversion of units may leave beside a whole number."""


def not_held(version: int, variable: Variable, number: float) -> str:
    """Return what the type of a numeric variable holds where `number` is none of it, else ''.

    A Boolean is 0 or 1 here, an enumeration one of the values that are declared. NaN and infinity
    are none: FMI has no word by which an FMU says that it takes them.
    `version`: of FMI; 0 for the port of a group.
    """
    known = version or (2 if variable.type in _OLD else 3)
    _, kind = value_type(known, variable.type)
    if variable.type == "Boolean":
        return "" if number in {0, 1} else "true or false"
    if variable.type == "Enumeration" and variable.enumeration:
        items = variable.enumeration
        listed = ", ".join(f"{name} = {value}" for name, value in items.items())
        return "" if number in items.values() else f"one of {listed}"
    if issubclass(kind, np.integer):
        limits = np.iinfo(kind)
        whole = _finite(number) and abs(number - round(number)) <= _ROUNDING
        if whole and limits.min <= round(number) <= limits.max:
            return ""
        return f"a whole number from {limits.min} to {limits.max}"
    largest = float(np.finfo(kind).max)
    return "" if abs(number) <= largest else f"a number from {-largest:.8g} to {largest:.8g}"


def not_taken(version: int, variable: Variable, number: float) -> str:
    """Return what type and declared range of a variable allow where `number` is not in them."""
    hint = not_held(version, variable, number)
    return hint or ("" if variable.holds(number) else f"allowed: {variable.span}")


def check_table(stop_s: float, step_s: float, columns: int) -> None:
    """Refuse a table beyond memory, with a row for each step (s); WiringError says what fits."""
    rows = stop_s / step_s
    if not rows * columns <= MOST_NUMBERS:
        longest = MOST_NUMBERS // columns * step_s
        hint = f"at most {MOST_NUMBERS:,} numbers: {longest:g} s here, or longer steps, or fewer"
        text = f"{stop_s:g} s give {rows:.3g} rows of {columns} numbers"
        raise WiringError([Problem(text, "stop", f"{hint} --output")])


def _finite(number: float) -> bool:
    """Tell whether it is neither NaN nor infinite; a whole number of Python has no limit."""
    return isinstance(number, int) or math.isfinite(number)
