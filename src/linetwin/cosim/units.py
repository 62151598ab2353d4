"""Conversion between the unit of an FMU's variable and a quantity's canonical unit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from linetwin.quantities.ucum import BASES, Unit, parse_unit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from linetwin.cosim.description import Variable

# names that modelling tools write, as UCUM
_ALIASES: Final = {
    "": "1",
    "-": "1",
    "degC": "Cel",
    "°C": "Cel",
    "degF": "[degF]",
    "°F": "[degF]",
    "ohm": "Ohm",
    "Ω": "Ohm",
    "percent": "%",
    "rpm": "/min",
    "kWh": "kW.h",
    "Wh": "W.h",
    "Ah": "A.h",
    "Nm": "N.m",
}


@dataclass(frozen=True)
class Affine:
    """quantity = factor * variable + offset."""

    factor: float = 1.0
    offset: float = 0.0

    @property
    def identity(self) -> bool:
        """Whether quantity and variable are the same number."""
        return self.factor == 1.0 and self.offset == 0.0

    def then(self, scale: float, offset: float) -> Affine:
        """Return the conversion followed by scale * quantity + offset."""
        return Affine(self.factor * scale, self.offset * scale + offset)


SAME: Final = Affine()
"""Quantity and variable are the same number."""


def parse_name(text: str) -> Unit:
    """Parse a unit as UCUM or as modelling tools write it; ValueError where it is neither."""
    return parse_unit(_ALIASES.get(text.strip(), text.strip()))


def unit_of(variable: Variable, defined: Mapping[str, Unit], override: str | None) -> Unit:
    """Return the unit of an FMU's variable: the user's word, else the FMU's definition.

    A unit that the FMU names without defining it is understood by its name. No unit is "1".
    Raises ValueError where the unit cannot be understood.
    """
    if override is not None:
        return parse_name(override)
    if variable.unit is None:
        return parse_unit("1")
    unit = defined.get(variable.unit)
    if unit is None:
        unit = parse_name(variable.unit)
    return Unit(unit.factor, unit.exponents) if variable.relative else unit


def conversion(source: Unit, target: Unit) -> Affine:
    """Return the conversion of numbers in `source` to numbers in `target`.

    Raises ValueError, naming both in SI base units, where they measure different things.
    """
    if source.exponents != target.exponents:
        raise ValueError(f"{in_bases(source)} is not {in_bases(target)}")
    if (source.factor, source.offset) == (target.factor, target.offset):
        return SAME
    return Affine(source.factor / target.factor, (source.offset - target.offset) / target.factor)


def in_bases(unit: Unit) -> str:
    """Return a unit's dimension in SI base units, such as kg.s-3, for messages."""
    parts = [
        base if exponent == 1 else f"{base}{exponent}"
        for base, exponent in zip(BASES, unit.exponents, strict=True)
        if exponent
    ]
    return ".".join(parts) or "1"
