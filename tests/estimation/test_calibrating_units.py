"""Calibration: units of combinations of parameters, as people read them."""

from __future__ import annotations

import pytest

from linetwin.estimation.calibrating.combined import amount, unit_of_product
from linetwin.estimation.calibrating.identifying import Known


@pytest.mark.parametrize(
    ("parts", "unit", "factor"),
    [
        ([("N/m", 1.0), ("N/m2", -1.0)], "m", 1.0),
        ([("N/m", 1.01), ("Pa", -0.99)], "m", 1.0),  # fitted exponents
        ([("kN/mm", 1.0), ("m", -1.0)], "Pa", 1e6),
        ([("kg", 1.0), ("m", -2.0), ("s", -1.0)], "kg/(m2.s)", 1.0),
        ([("1", 1.0), ("m", -3.0)], "1/m3", 1.0),
        ([("1", 0.37), ("1", 1.0)], "1", 1.0),
        ([("K", 1.0), ("K", -1.0)], "1", 1.0),
        ([("Pa", 0.5), ("m", 1.0)], "(Pa)^0.5.(m)^1", 1.0),
        ([("bananas", 1.0)], "(bananas)^1", 1.0),
    ],
)
def test_units_of_products_are_those_of_si(
    parts: list[tuple[str, float]], unit: str, factor: float
) -> None:
    """By hand: N/m over N/m2 is a length, kN/mm over m is 1e6 Pa."""
    found = unit_of_product(parts)
    assert found[0] == unit
    assert found[1] == pytest.approx(factor)


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (2.686e-5, "m", "26.86 um"),
        (4.1e5, "N/m", "410 kN/m"),
        (-3e9, "Pa", "-3 GPa"),
        (0.25, "1", "0.25"),
        (1e-5, "kg/m2", "1e-05 kg/m2"),
        (0.0, "m", "0 m"),
        (1e-14, "m", "1e-05 nm"),
        (float("inf"), "m", "inf m"),
    ],
)
def test_amounts_are_short_and_have_their_unit(value: float, unit: str, text: str) -> None:
    """A prefix only where the unit takes one."""
    assert amount(value, unit) == text


def test_weights_of_a_sum_have_units() -> None:
    """A weight turns the unit of its parameter into that of the sum."""
    terms = (("minimum_porosity", 1.0), ("slope", 2e-3))
    known = Known(terms, product=False, value=0.2, deviation=0.1, unit="1", units=("1", "m"))
    assert known.text == "1 minimum_porosity + 2 mm slope"
