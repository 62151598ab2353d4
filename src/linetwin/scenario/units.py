"""Units as people write them, to and from the vocabulary's canonical units.

    parse("1.9 m/min", vocabulary()["web_speed"])      -> 0.031666666666666666  [m/s]
    display(0.0316666666666, vocabulary()["web_speed"]) -> "1.9 m/min"

pint knows the units, a table those of every line. This module reads the number and the usual
short forms (`mg/cm2`, `W/m2K`, `°C`, `%`, UCUM's `A.h` and `/min`), and refuses what pint would
read otherwise than it was meant (an angle as a plain number, `rpm` as radians). Conversions are
exact fractions, rounded once.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import TYPE_CHECKING

from linetwin.errors import Problem, ScenarioError
from linetwin.scenario.unit_table import known
from linetwin.scenario.unit_words import allowed_form, shown_unit, unit_expression

if TYPE_CHECKING:
    import pint
    from pint.facets.plain import PlainUnit

    from linetwin.quantities import Quantity

_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?")
_LONGEST_NUMBER = 40
_CLOCK = re.compile(r"\d{1,2}:\d{2}(:\d{2})?\Z")
_C_RATE = re.compile(r"(\d+(?:\.\d+)?)?\s*C\s*/\s*(\d+(?:\.\d+)?)\Z")
_SPACES = re.compile(r"[\s\u00a0\u2009\u202f]+")
_BASES = {
    "kilogram": "kg",
    "gram": "g",
    "meter": "m",
    "second": "s",
    "ampere": "A",
    "kelvin": "K",
    "mole": "mol",
}
# SI units with a name, by which a parameter of an FMU is better read than by base units.
_NAMED = ("N", "N/m", "Pa", "Pa.s", "J", "J/kg", "J/mol", "W", "W/(m2.K)", "V", "Ohm", "S/m")


@dataclass(frozen=True)
class _Conversion:
    """target = scale * value + offset."""

    scale: Fraction
    offset: Fraction


def parse(text: str, quantity: Quantity) -> float:
    """Return `text`, a number with a unit, in the quantity's canonical unit.

    A number alone is taken only where the canonical unit is "1". Raises ScenarioError with one
    problem that names the allowed form; the plausible range is not looked at here.
    """
    number, unit = _split(text, quantity)
    if not unit:
        if quantity.unit != "1":
            raise _refusal(f"'{text}' has no unit", quantity)
        unit = "1"
    try:
        conversion = _conversion(unit, quantity.unit, is_difference(quantity))
    except ScenarioError as error:
        raise _refusal(f"'{text}': {error.problems[0].message}", quantity) from error
    return _finite(number * conversion.scale + conversion.offset, text)


def linear(unit: str, quantity: Quantity) -> tuple[float, float]:
    """Return scale and offset of a unit: canonical value = scale * value + offset.

    ScenarioError, with the allowed form, where the unit is unknown or measures something else.
    """
    try:
        conversion = _conversion(unit, quantity.unit, is_difference(quantity))
    except ScenarioError as error:
        raise _refusal(error.problems[0].message, quantity) from error
    return float(conversion.scale), float(conversion.offset)


def si(text: str) -> tuple[float, str]:
    """Return a number with any unit as its value in coherent SI, and that unit as UCUM.

    For parameters that only an FMU knows: `250 mm` is (0.25, "m"), a number alone has unit "".
    Raises ScenarioError when there is no number or nobody knows the unit.
    """
    number, unit = _split(text, None)
    if not unit:
        return _finite(number, text), ""
    target = _known_si(unit) or _ucum(_pint_unit(unit, difference=False))
    conversion = _conversion(unit, target, difference=False)
    return _finite(number * conversion.scale + conversion.offset, text), target


def display(value: float, quantity: Quantity, digits: int = 6) -> str:
    """Return `value` (canonical unit) as people read it, in the quantity's display unit.

    A quantity without a display unit is shown in its canonical one; what is not finite as `inf`
    or `nan`, and so is what is too large in that unit.
    """
    unit = shown_unit(quantity.display or quantity.unit)
    shown = f"{in_display(value, quantity):.{digits}g}"
    return f"{shown} {unit}" if unit else shown


def in_display(value: float, quantity: Quantity) -> float:
    """Return `value` (canonical unit) in the quantity's display unit."""
    goal = quantity.display or quantity.unit
    conversion = _conversion(quantity.unit, goal, is_difference(quantity))
    try:
        return float(Fraction(value) * conversion.scale + conversion.offset)
    except (OverflowError, ValueError):  # a fraction knows neither
        return value * math.inf


def is_difference(quantity: Quantity) -> bool:
    """Say whether a temperature is a difference, which the zero of a scale must not shift."""
    return quantity.unit == "K" and quantity.display != "Cel"


def _split(text: str, quantity: Quantity | None) -> tuple[Fraction, str]:
    """Cut a number and its unit apart; each way of getting it wrong has its own message."""
    tidy = _SPACES.sub(" ", text).strip().replace("\u2212", "-")
    if _CLOCK.match(tidy):
        raise _refusal(f"'{text}' is a time of day", quantity)
    c_rate = _C_RATE.match(tidy)
    if c_rate:
        rate = float(c_rate[1] or 1) / float(c_rate[2])
        raise ScenarioError([Problem(f"'{text}' is not read", hint=f"write {rate:.6g} 1/h")])
    match = _NUMBER.match(tidy)
    if match is None:
        raise _refusal(f"'{text}' does not begin with a number", quantity)
    rest = tidy[match.end() :].strip()
    if rest.startswith(","):
        hint = "write a decimal point and no thousands separator: 1.5 or 1500"
        raise ScenarioError([Problem(f"'{text}' has a comma in its number", hint=hint)])
    if re.match(r"\d+ ?(?!\s*[/\d])", rest) or re.search(r"[A-Za-z%] \d", rest):
        hint = "one number and one unit, such as 1500 m or 28 h"
        raise ScenarioError([Problem(f"'{text}' has more than one number", hint=hint)])
    if len(match[0]) > _LONGEST_NUMBER or not math.isfinite(float(match[0])):
        raise _refusal(f"'{text}' is too long or too large a number", quantity)
    return Fraction(match[0]), rest


def _finite(value: Fraction, text: str) -> float:
    try:
        return float(value)
    except OverflowError as error:
        raise ScenarioError(f"'{text}' is too large") from error


def _refusal(message: str, quantity: Quantity | None) -> ScenarioError:
    hint = allowed_form(quantity) if quantity else "a number with a unit, such as 0.25 m"
    return ScenarioError([Problem(message, hint=hint)])


@cache
def _registry() -> pint.UnitRegistry[Fraction]:
    """The one registry, with the names of UCUM that pint lacks."""
    import pint

    registry: pint.UnitRegistry[Fraction] = pint.UnitRegistry(
        autoconvert_offset_to_baseunit=True, non_int_type=Fraction
    )
    for alias in ("degree_Celsius = Cel", "ohm = Ohm", "week = wk"):
        registry.define(f"@alias {alias}")
    return registry


@cache
def _pint_unit(text: str, *, difference: bool) -> pint.Unit:
    """Return pint's unit for `text`; ScenarioError if unknown or if it counts angles or bits."""
    import pint

    registry = _registry()
    expression = unit_expression(text, difference=difference)
    try:
        unit = registry.Unit(expression)
        _, roots = registry.get_root_units(unit)
    except (pint.PintError, AttributeError, ValueError, TypeError, SyntaxError) as error:
        raise ScenarioError(f"unit '{text}' is unknown") from error
    powers = _powers(roots)
    strange = sorted(set(powers) - set(_BASES))
    if strange:
        raise ScenarioError(f"unit '{text}' measures {' and '.join(strange)}")
    if any(power.denominator != 1 for power in powers.values()):
        raise ScenarioError(f"unit '{text}' has a broken exponent in SI")
    return unit


@cache
def _conversion(unit: str, target: str, difference: bool) -> _Conversion:  # noqa: FBT001
    own, its = (known(unit_expression(text, difference=difference)) for text in (unit, target))
    if own is None or its is None:
        return _looked_up(unit, target, difference=difference)
    if own.powers != its.powers:
        raise ScenarioError(f"unit '{unit}' does not fit here")
    return _Conversion(own.scale / its.scale, (own.offset - its.offset) / its.scale)


def _looked_up(unit: str, target: str, *, difference: bool) -> _Conversion:
    """Ask pint for a conversion."""
    import pint

    source, goal = (_pint_unit(text, difference=difference) for text in (unit, target))
    quantity = _registry().Quantity
    try:
        at_zero, at_one = (
            Fraction(quantity(Fraction(n), source).to(goal).magnitude) for n in (0, 1)
        )
    except pint.PintError as error:
        raise ScenarioError(f"unit '{unit}' does not fit here") from error
    except TypeError as error:  # a fraction has no logarithm
        raise ScenarioError(f"unit '{unit}' is logarithmic") from error
    return _Conversion(at_one - at_zero, at_zero)


def _known_si(unit: str) -> str:
    """Return the SI unit that measures what a known unit does; "" where pint is to be asked."""
    own = known(unit_expression(unit, difference=False))
    if own is None:
        return ""
    for name in (*_NAMED, "1", *_BASES.values()):
        its = known(unit_expression(name, difference=False))
        if its is not None and its.powers == own.powers:
            return name
    return ""


def _ucum(unit: pint.Unit) -> str:
    """Return the SI unit that measures what `unit` does as UCUM, such as "W" or "kg/(m2.s)"."""
    _, roots = _registry().get_base_units(unit)
    for name in _NAMED:
        if _powers(_registry().get_base_units(_pint_unit(name, difference=False))[1]) == _powers(
            roots
        ):
            return name
    powers = {_BASES[name]: int(power) for name, power in _powers(roots).items()}
    above = [f"{base}{power if power > 1 else ''}" for base, power in powers.items() if power > 0]
    below = [f"{base}{-power if power < -1 else ''}" for base, power in powers.items() if power < 0]
    if not below:
        return ".".join(above) or "1"
    divisor = ".".join(below)
    return f"{'.'.join(above) or '1'}/{f'({divisor})' if len(below) > 1 else divisor}"


def _powers(unit: PlainUnit) -> dict[str, Fraction]:
    """Return base unit -> exponent."""
    container = unit._units  # noqa: SLF001 (pint has no public way to the exponents)
    return {str(name): Fraction(str(power)) for name, power in container.items()}
