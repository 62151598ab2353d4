"""Units as makers write them: words, signs, codes and ids, against pint."""

from __future__ import annotations

import pint
import pytest

from linetwin.quantities import vocabulary
from linetwin.quantities.ucum import parse_unit
from linetwin.quantities.unece import code_of
from linetwin.scenario import units
from linetwin.shells.joining.units import ucum_of

REGISTRY = pint.UnitRegistry()
OF_PINT = {
    "degF": ("°F", "degF", "Fahrenheit", "Grad Fahrenheit", "℉", "[degF]"),
    "degC": ("°C", "degC", "Celsius", "° C", "CEL", "0112/2///62720#UAA033"),
    "micrometer": ("µm", "μm", "um", "micron", "Mikrometer", "4H"),
    "meter/minute": ("m/min", "m·min⁻¹", "m min-1", "metres per minute", "2X"),
    "1/minute": ("1/min", "min-1", "min⁻¹", "rpm", "U/min", "rev/min", "0173-1#05-AAA650#003"),
    "percent": ("%", "Prozent", "percent", "P1"),
    "ppm": ("ppm", "[ppm]", "59", "parts per million"),
    "newton/millimeter": ("N/mm", "N·mm⁻¹", "Newton je Millimeter", "F47"),
    "ohm": ("Ω", "\u2126", "Ohm", "ohms", "OHM"),
    "milliohm": ("mΩ", "mOhm", "Milliohm", "E45"),
    "kilowatt_hour": ("kWh", "kW·h", "Kilowattstunden", "kilowatt-hour", "KWH"),
    "ampere_hour": ("Ah", "A·h", "Amperestunden", "AMH"),
    "newton*meter": ("Nm", "N·m", "N m"),
    "millipascal*second": ("mPas", "mPa·s", "cP"),
}
"""Unit of pint -> spellings."""


@pytest.mark.parametrize(
    ("of_pint", "text"), [(unit, text) for unit, texts in OF_PINT.items() for text in texts]
)
def test_a_spelling_measures_what_pint_says(of_pint: str, text: str) -> None:
    """Seven of it are as much in SI, by our reading of UCUM and of what files write."""
    ucum = ucum_of(text)
    assert ucum is not None
    expected = REGISTRY.Quantity(7.0, of_pint).to_base_units()
    if of_pint == "1/minute":  # revolutions are counted, as everywhere in linetwin
        expected = REGISTRY.Quantity(7.0 / 60.0, "1/s")
    unit = parse_unit(ucum)
    assert 7.0 * unit.factor + unit.offset == pytest.approx(expected.magnitude, rel=1e-12)
    assert units.si(f"7 {ucum}")[0] == pytest.approx(expected.magnitude, rel=1e-12)


@pytest.mark.parametrize("text", ["Walzen", "C°", "Vol.-%", "MPas", "Stück", "psi(g)", "Nm³/h"])
def test_what_nobody_defined_is_not_guessed(text: str) -> None:
    """It is asked for."""
    assert ucum_of(text) is None


@pytest.mark.parametrize(
    ("written", "ucum"),
    [
        ("Celsius", "Cel"), ("Grad Celsius", "Cel"), ("0173-1#05-AAA567#004", "Cel"),
        ("0112/2///62720#UAA033", "Cel"), ("2X", "m/min"), ("Meter pro Minute", "m/min"),
        ("kN/mm", "kN/mm"), ("g per m²", "g/m2"), ("W/(m²·K)", "W/(m2.K)"), ("U/min", "/min"),
        ("Prozent", "%"), ("Newton je Millimeter", "N/mm"), ("C", "C"), ("Walzen", None),
    ],
)  # fmt: skip
def test_other_words(written: str, ucum: str | None) -> None:
    """Words, signs, codes and ids; "C" alone is the coulomb, and never taken for a degree."""
    assert ucum_of(written) == ucum


def test_every_unit_of_the_vocabulary_is_understood_as_itself() -> None:
    """As it is written, as its UN/ECE code, and with a superscript in place of a digit."""
    raised = str.maketrans("23", "²³")
    units = {each for quantity in vocabulary() for each in (quantity.unit, quantity.display)}
    for unit in filter(None, units):
        for written in (unit, code_of(unit) or unit, unit.translate(raised)):
            found = ucum_of(written)
            assert found is not None, written
            assert parse_unit(found) == parse_unit(unit)
