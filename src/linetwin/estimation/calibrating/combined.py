"""The unit of a combination of parameters, and an amount in it as people read it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from linetwin.cosim.units import parse_name
from linetwin.quantities.ucum import BASES, parse_unit

if TYPE_CHECKING:
    from collections.abc import Sequence

_NAMED: Final = ("m", "s", "N", "N/m", "Pa", "Pa.s", "J", "W", "V", "A", "Ohm", "S", "1/s", "1/K")
"""SI units by which a combination is better read than by base units."""
_PREFIXED: Final = frozenset({"m", "s", "N", "N/m", "Pa", "Pa.s", "J", "W", "V", "A", "Ohm", "S"})
_PREFIXES: Final = {-9: "n", -6: "u", -3: "m", 0: "", 3: "k", 6: "M", 9: "G", 12: "T"}
_WHOLE: Final = 0.02
"""How near an exponent is to a whole number that counts as one: it is fitted."""


def unit_of_product(parts: Sequence[tuple[str, float]]) -> tuple[str, float]:
    """Return the SI unit of a product of powers of units, and the factor to it.

    `parts`: unit and exponent. Broken exponents, and units that only their model knows, are
    written side by side, with factor 1.
    """
    found = parse_unit("1")
    for text, exponent in parts:
        power = round(exponent)
        try:
            unit = parse_name(text)
        except ValueError:
            return _side_by_side(parts), 1.0
        if unit == parse_unit("1"):
            continue
        if abs(exponent - power) > _WHOLE or unit.offset:
            return _side_by_side(parts), 1.0
        found = found.times(unit, power)
    for name in _NAMED:
        if parse_unit(name).exponents == found.exponents:
            return name, found.factor
    return _in_bases(found.exponents), found.factor


def amount(value: float, unit: str, digits: int = 4) -> str:
    """Return an amount with its unit, in a multiple of it that makes the number short."""
    if unit == "1":
        return f"{value:.{digits}g}"
    if unit not in _PREFIXED or not value or not math.isfinite(value):
        return f"{value:.{digits}g} {unit}"
    thousands = 3 * math.floor(math.log10(abs(value)) / 3)
    power = min(max(thousands, min(_PREFIXES)), max(_PREFIXES))
    return f"{value / 10.0**power:.{digits}g} {_PREFIXES[power]}{unit}"


def _in_bases(exponents: Sequence[int]) -> str:
    """Return SI base units such as kg/(m2.s); "1" where there are none."""
    above = [_power(b, e) for b, e in zip(BASES, exponents, strict=True) if e > 0]
    below = [_power(b, -e) for b, e in zip(BASES, exponents, strict=True) if e < 0]
    if not below:
        return ".".join(above) or "1"
    under = below[0] if len(below) == 1 else f"({'.'.join(below)})"
    return f"{'.'.join(above) or '1'}/{under}"


def _side_by_side(parts: Sequence[tuple[str, float]]) -> str:
    texts = [f"({unit})^{exponent:.3g}" for unit, exponent in parts if unit != "1"]
    return ".".join(texts) or "1"


def _power(base: str, exponent: int) -> str:
    return base if exponent == 1 else f"{base}{exponent}"
