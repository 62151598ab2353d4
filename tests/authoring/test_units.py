import pint
import pytest

from linetwin.authoring.units import BASES, parse_unit
from linetwin.errors import ModelError


@pytest.mark.parametrize(
    ("ucum", "as_pint"),
    [
        ("1", "dimensionless"),
        ("kg/(m2.s)", "kg/m**2/s"),
        ("A.h", "ampere*hour"),
        ("J/(kg.K)", "J/kg/K"),
        ("Pa.s", "Pa*s"),
        ("W/m2/K", "W/m**2/K"),
        ("mg/cm2", "mg/cm**2"),
        ("m3/mol", "m**3/mol"),
        ("Ohm.m", "ohm*m"),
        ("kPa", "kPa"),
        ("um", "um"),
        ("s-1", "1/s"),
        ("/min", "1/minute"),
        ("10*3.m", "km"),
        ("mL", "mL"),
        ("%", "percent"),
        ("{cell}/h", "1/hour"),
        ("kW.h", "kW*hour"),
        ("S/cm", "siemens/cm"),
    ],
)
def test_a_unit_has_the_factor_and_exponents_that_pint_gives(ucum: str, as_pint: str) -> None:
    """UCUM strings become SI factors and exponents, checked against an independent library."""
    registry = pint.UnitRegistry()
    quantity = registry.Quantity(1.0, as_pint).to_base_units()
    unit = parse_unit(ucum)
    assert unit.factor == pytest.approx(quantity.magnitude, rel=1e-14)
    names = {"kg": "kilogram", "m": "meter", "s": "second", "A": "ampere", "K": "kelvin"}
    names["mol"] = "mole"
    exponents = dict(quantity.unit_items())
    for base, exponent in zip(BASES, unit.exponents, strict=True):
        assert exponent == exponents.pop(names.get(base, base), 0)


def test_degrees_celsius_have_an_offset() -> None:
    """Cel is kelvin shifted by 273.15, as FMI's BaseUnit says it."""
    assert parse_unit("Cel").attributes() == {"K": "1", "offset": "273.15"}


@pytest.mark.parametrize("text", ["", "furlong", "kg/", "(m", "m)", "m s", "kmin", "m..s", "K^2"])
def test_what_is_no_ucum_is_refused_by_name(text: str) -> None:
    """The message names what carries the unit and quotes it."""
    with pytest.raises(ModelError, match=r"variable 'x': .* is not a UCUM unit"):
        parse_unit(text, where="variable 'x'")
