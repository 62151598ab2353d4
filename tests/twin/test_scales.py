"""What people read of a twin: display units, percent of what is nominal, and a film that is dry."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linetwin.quantities import vocabulary
from linetwin.quantities.unece import UCUM_OF, code_of
from linetwin.scenario import load, units
from linetwin.twin.scales import (
    scale_of,
    scale_of_difference,
    scale_of_estimate,
    scale_of_spread,
)

if TYPE_CHECKING:
    from linetwin.quantities import Quantity


@pytest.mark.parametrize(
    ("quantity", "value", "text", "unit"),
    [
        ("loading", 0.185, "18.5", "mg/cm²"),
        ("line_load", 600e3, "600", "N/mm"),
        ("porosity", 0.301, "30.1", "%"),
        ("coating_thickness", 61.5e-6, "61.5", "µm"),
        ("wetting_time", 7200.0, "2", "h"),
        ("solvent_loading", 0.0123, "12.3", "g/m²"),
        ("solvent_loading", 0.9e-6, "dry", "g/m²"),
        ("solvent_loading", -1e-20, "dry", "g/m²"),
        ("porosity", math.nan, "", "%"),
    ],
)
def test_quantities_are_read_in_display_units(
    quantity: str, value: float, text: str, unit: str
) -> None:
    """As the vocabulary has them; a laboratory does not see a milligram on a square metre."""
    scale = scale_of(quantity)
    assert (scale.text(value), scale.unit_text) == (text, unit)


def test_a_small_difference_of_solvent_is_not_dry() -> None:
    """Only a web can be dry, an error of a prediction cannot."""
    assert scale_of_difference("solvent_loading").text(1e-7, 3) == "0.0001"


def test_estimates_are_read_in_percent_or_display_units() -> None:
    """A factor as its distance from nominal; a bias in percent, or in the quantity's unit."""
    config = load("live_twin").twin
    assert config is not None
    states = {each.name: each for each in config.states}
    rolls = scale_of_estimate(states["cathode_rolls"])
    assert (round(rolls.number(0.95), 9), rolls.unit, rolls.unece) == (-5.0, "%", "P1")
    assert round(scale_of_spread(states["cathode_rolls"]).number(0.1), 9) == 10.0
    scale = scale_of_estimate(states["cathode_scale"])
    assert (round(scale.number(2e-4), 9), scale.unit, scale.unece) == (0.02, "mg/cm2", "H63")
    assert round(scale_of_estimate(states["cathode_gauge"]).number(0.005), 9) == 0.5


@given(
    st.sampled_from([each for each in vocabulary() if each.type == "float" and each.unit]),
    st.floats(-9, 9),
)
def test_what_is_shown_is_what_is_meant(quantity: Quantity, exponent: float) -> None:
    """A number read back in its unit is the canonical one: screen and server say the same."""
    scale, value = scale_of(quantity.name), 10.0**exponent
    shown = scale.number(value)
    if shown:
        unit = "" if scale.unit == "1" else scale.unit
        back = units.parse(f"{shown!r} {unit}", scale.quantity)
        assert back == pytest.approx(value, rel=1e-9, abs=1e-9)
    else:
        assert scale.text(value) == "dry"


def test_codes_are_those_of_the_vocabulary() -> None:
    """One table: each code that a quantity names is that of its unit."""
    named = {(each.unit, each.unece) for each in vocabulary() if each.unit}
    assert {(unit, code_of(unit)) for unit, _ in named} == named
    assert all(UCUM_OF[code_of(unit)] == unit for unit in UCUM_OF.values())
