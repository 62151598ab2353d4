"""UCUM unit strings as factor, offset and exponents of the SI base units."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import cache

BASES = ("kg", "m", "s", "A", "K", "mol", "cd", "rad")

_PREFIXES = {
    "f": 1e-15, "p": 1e-12, "n": 1e-9, "u": 1e-6, "m": 1e-3, "c": 1e-2, "d": 1e-1,
    "h": 1e2, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12,
}  # fmt: skip
# symbol: (factor to SI, exponents of the bases, takes a prefix)
_UNITS: dict[str, tuple[float, dict[str, int], bool]] = {
    "g": (1e-3, {"kg": 1}, True),
    "m": (1.0, {"m": 1}, True),
    "s": (1.0, {"s": 1}, True),
    "A": (1.0, {"A": 1}, True),
    "K": (1.0, {"K": 1}, True),
    "mol": (1.0, {"mol": 1}, True),
    "cd": (1.0, {"cd": 1}, True),
    "rad": (1.0, {"rad": 1}, True),
    "Hz": (1.0, {"s": -1}, True),
    "N": (1.0, {"kg": 1, "m": 1, "s": -2}, True),
    "Pa": (1.0, {"kg": 1, "m": -1, "s": -2}, True),
    "bar": (1e5, {"kg": 1, "m": -1, "s": -2}, True),
    "J": (1.0, {"kg": 1, "m": 2, "s": -2}, True),
    "W": (1.0, {"kg": 1, "m": 2, "s": -3}, True),
    "C": (1.0, {"A": 1, "s": 1}, True),
    "V": (1.0, {"kg": 1, "m": 2, "s": -3, "A": -1}, True),
    "F": (1.0, {"kg": -1, "m": -2, "s": 4, "A": 2}, True),
    "Ohm": (1.0, {"kg": 1, "m": 2, "s": -3, "A": -2}, True),
    "S": (1.0, {"kg": -1, "m": -2, "s": 3, "A": 2}, True),
    "L": (1e-3, {"m": 3}, True),
    "l": (1e-3, {"m": 3}, True),
    "t": (1e3, {"kg": 1}, True),
    "H": (1.0, {"kg": 1, "m": 2, "s": -2, "A": -2}, True),
    "Wb": (1.0, {"kg": 1, "m": 2, "s": -2, "A": -1}, True),
    "T": (1.0, {"kg": 1, "s": -2, "A": -1}, True),
    "min": (60.0, {"s": 1}, False),
    "h": (3600.0, {"s": 1}, False),
    "d": (86400.0, {"s": 1}, False),
    "wk": (604800.0, {"s": 1}, False),
    "deg": (math.pi / 180.0, {"rad": 1}, False),
    "%": (1e-2, {}, False),
}
_TOKEN = re.compile(r"[./()]|\[ppm\]|\{[^}]*\}|10\*[+-]?\d+|[A-Za-z%]+[+-]?\d*|\d+")
_SYMBOL = re.compile(r"([A-Za-z%]+)([+-]?\d+)?\Z")


@dataclass(frozen=True)
class Unit:
    """A unit in SI: value_SI = factor * value + offset; `exponents` in the order of BASES."""

    factor: float
    exponents: tuple[int, ...]
    offset: float = 0.0

    def attributes(self) -> dict[str, str]:
        """Return the attributes of FMI's BaseUnit element; defaults are left out."""
        found = {b: str(e) for b, e in zip(BASES, self.exponents, strict=True) if e}
        if self.factor != 1.0:
            found["factor"] = repr(self.factor)
        if self.offset != 0.0:
            found["offset"] = repr(self.offset)
        return found

    def times(self, other: Unit, power: int) -> Unit:
        """Return self * other**power."""
        exponents = zip(self.exponents, other.exponents, strict=True)
        return Unit(self.factor * other.factor**power, tuple(a + power * b for a, b in exponents))


_ONE = Unit(1.0, (0,) * len(BASES))


@cache
def parse_unit(text: str) -> Unit:
    """Parse a case-sensitive UCUM string such as "kg/(m2.s)", "A.h", "mg/cm2" or "Cel".

    "1" is the dimensionless unit; annotations in {} count as 1. A radian is kept as a base, as
    FMI keeps it, so that "rad/s" is not taken for "1/s". Raises ValueError when the text is not
    understood.
    """
    if text == "Cel":  # an offset has a meaning only for the bare unit
        return Unit(1.0, parse_unit("K").exponents, 273.15)
    if text == "[degF]":
        return Unit(5 / 9, parse_unit("K").exponents, 459.67 * 5 / 9)
    tokens = _TOKEN.findall(text)
    if not tokens or "".join(tokens) != text:
        raise ValueError(f"{text!r} is not a UCUM unit")
    try:
        unit, rest = _term(tokens)
    except (ValueError, IndexError) as error:
        raise ValueError(f"{text!r} is not a UCUM unit ({error})") from error
    if rest:
        raise ValueError(f"{text!r} is not a UCUM unit (stray {rest[0]!r})")
    return unit


def _term(tokens: list[str]) -> tuple[Unit, list[str]]:
    """Read factors joined by '.' and '/' up to the end or a closing parenthesis."""
    unit, power = _ONE, 1
    if tokens[0] == "/":
        tokens, power = tokens[1:], -1
    while True:
        factor, tokens = _factor(tokens)
        unit = unit.times(factor, power)
        if not tokens or tokens[0] == ")":
            return unit, tokens
        if tokens[0] not in "./":
            raise ValueError(f"'.' or '/' expected before {tokens[0]!r}")
        power = -1 if tokens[0] == "/" else 1  # left to right: a/b.c is (a/b).c
        tokens = tokens[1:]


def _factor(tokens: list[str]) -> tuple[Unit, list[str]]:
    head, rest = tokens[0], tokens[1:]
    if head == "(":
        unit, rest = _term(rest)
        if not rest:
            raise ValueError("a parenthesis is not closed")
        return unit, rest[1:]
    if head.startswith("{"):
        return _ONE, rest
    if head == "[ppm]":
        return Unit(1e-6, _ONE.exponents), rest
    if head.startswith("10*"):
        return Unit(10.0 ** int(head[3:]), _ONE.exponents), rest
    if head.isdigit():
        return Unit(float(head), _ONE.exponents), rest
    return _symbol(head), rest


def _symbol(text: str) -> Unit:
    match = _SYMBOL.match(text)
    if match is None:
        raise ValueError(f"{text!r} is unexpected")
    name, power = match[1], int(match[2] or 1)
    if name in _UNITS:
        return _ONE.times(_known(name, 1.0), power)
    if name[0] in _PREFIXES and name[1:] in _UNITS and _UNITS[name[1:]][2]:
        return _ONE.times(_known(name[1:], _PREFIXES[name[0]]), power)
    raise ValueError(f"unknown symbol {name!r}")


def _known(name: str, prefix: float) -> Unit:
    factor, exponents, _ = _UNITS[name]
    return Unit(prefix * factor, tuple(exponents.get(base, 0) for base in BASES))
