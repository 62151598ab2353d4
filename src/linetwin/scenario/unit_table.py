"""The units that lines are written in, known without asking pint: it takes 0.3 s to get ready.

Only what means the same to both stands here (`tests/scenario/test_unit_table.py` asks pint of
every name); whatever else people write is left to pint.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import Final

BASES: Final = ("kg", "m", "s", "A", "K", "mol")
"""The base units by which a unit's powers stand."""
_NONE: Final = (0,) * len(BASES)
_PREFIXES: Final = {"n": -9, "u": -6, "m": -3, "c": -2, "": 0, "k": 3, "M": 6}
_Powers = tuple[int, ...]

# name: factor to SI as text, powers of the bases; these take any of the prefixes
_PREFIXED: Final[dict[str, tuple[str, _Powers]]] = {
    "m": ("1", (0, 1, 0, 0, 0, 0)),
    "g": ("0.001", (1, 0, 0, 0, 0, 0)),
    "A": ("1", (0, 0, 0, 1, 0, 0)),
    "Ah": ("3600", (0, 0, 1, 1, 0, 0)),
    "J": ("1", (1, 2, -2, 0, 0, 0)),
    "L": ("0.001", (0, 3, 0, 0, 0, 0)),
    "N": ("1", (1, 1, -2, 0, 0, 0)),
    "Ohm": ("1", (1, 2, -3, -2, 0, 0)),
    "Pa": ("1", (1, -1, -2, 0, 0, 0)),
    "S": ("1", (-1, -2, 3, 2, 0, 0)),
    "V": ("1", (1, 2, -3, -1, 0, 0)),
    "W": ("1", (1, 2, -3, 0, 0, 0)),
    "Wh": ("3600", (1, 2, -2, 0, 0, 0)),
    "bar": ("100000", (1, -1, -2, 0, 0, 0)),
    "mol": ("1", (0, 0, 0, 0, 0, 1)),
    "ohm": ("1", (1, 2, -3, -2, 0, 0)),
}
_ALONE: Final[dict[str, tuple[str, _Powers]]] = {
    "percent": ("0.01", _NONE),
    "permille": ("0.001", _NONE),
    "ppm": ("0.000001", _NONE),
    "s": ("1", (0, 0, 1, 0, 0, 0)),
    "ms": ("0.001", (0, 0, 1, 0, 0, 0)),
    "min": ("60", (0, 0, 1, 0, 0, 0)),
    "minute": ("60", (0, 0, 1, 0, 0, 0)),
    "h": ("3600", (0, 0, 1, 0, 0, 0)),
    "d": ("86400", (0, 0, 1, 0, 0, 0)),
    "week": ("604800", (0, 0, 1, 0, 0, 0)),
    "K": ("1", (0, 0, 0, 0, 1, 0)),
    "delta_degC": ("1", (0, 0, 0, 0, 1, 0)),
    "meter": ("1", (0, 1, 0, 0, 0, 0)),
    "newton": ("1", (1, 1, -2, 0, 0, 0)),
    "milliohm": ("0.001", (1, 2, -3, -2, 0, 0)),
    "kiloohm": ("1000", (1, 2, -3, -2, 0, 0)),
    "megaohm": ("1000000", (1, 2, -3, -2, 0, 0)),
}
_CELSIUS: Final = "degC"
_TOKEN: Final = re.compile(r"\*\*-?\d+|[()*/]|1(?!\w)|[A-Za-z_]+")


@dataclass(frozen=True)
class KnownUnit:
    """SI value = scale * value + offset, in the base units to `powers`."""

    scale: Fraction
    powers: _Powers
    offset: Fraction = Fraction(0)

    def times(self, other: KnownUnit, power: int) -> KnownUnit:
        """Return self * other**power; of units without offset."""
        powers = zip(self.powers, other.powers, strict=True)
        return KnownUnit(
            self.scale * other.scale**power, tuple(own + power * its for own, its in powers)
        )


_ONE: Final = KnownUnit(Fraction(1), _NONE)


def _table() -> dict[str, KnownUnit]:
    found = {name: KnownUnit(Fraction(text), powers) for name, (text, powers) in _ALONE.items()}
    for name, (text, powers) in _PREFIXED.items():
        for prefix, exponent in _PREFIXES.items():
            found[prefix + name] = KnownUnit(Fraction(text) * Fraction(10) ** exponent, powers)
    return found


TABLE: Final = _table()
"""Every name that is known, but for `degC`."""


@cache
def known(expression: str) -> KnownUnit | None:
    """Return a unit as `unit_expression` writes it; None where it has to be looked up."""
    if expression == f"({_CELSIUS})":
        return KnownUnit(Fraction(1), TABLE["K"].powers, Fraction("273.15"))
    tokens = _TOKEN.findall(expression)
    if "".join(tokens) != expression:
        return None
    try:
        unit, rest = _product(tokens)
    except (KeyError, IndexError):
        return None
    return None if rest else unit


def _product(tokens: list[str]) -> tuple[KnownUnit, list[str]]:
    """Read factors up to the end or a closing bracket, from left to right."""
    unit, sign = _ONE, 1
    while True:
        factor, tokens = _factor(tokens)
        unit = unit.times(factor, sign)
        if not tokens or tokens[0] == ")":
            return unit, tokens
        sign = {"*": 1, "/": -1}[tokens[0]]
        tokens = tokens[1:]


def _factor(tokens: list[str]) -> tuple[KnownUnit, list[str]]:
    head, rest = tokens[0], tokens[1:]
    if head == "(":
        unit, rest = _product(rest)
        rest = rest[1:] if rest[0] == ")" else []
    else:
        unit = _ONE if head == "1" else TABLE[head]
    if rest and rest[0].startswith("**"):
        unit, rest = _ONE.times(unit, int(rest[0][2:])), rest[1:]
    return unit, rest
