"""Units as people write them, against factors written by hand from the SI brochure."""

from __future__ import annotations

import contextlib
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linetwin.errors import ScenarioError
from linetwin.quantities import Quantity, vocabulary
from linetwin.scenario.units import display, parse, si

# quantity, unit as written -> (factor, offset) to the canonical unit
FACTORS = {
    ("web_speed", "m/min"): (1 / 60, 0.0),
    ("web_speed", "cm/s"): (0.01, 0.0),
    ("web_speed", "km/h"): (1 / 3.6, 0.0),
    ("loading", "mg/cm2"): (0.01, 0.0),
    ("loading", "mg/cm²"): (0.01, 0.0),
    ("loading", "g/m2"): (1e-3, 0.0),
    ("loading", "g/m^2"): (1e-3, 0.0),
    ("air_temperature", "degC"): (1.0, 273.15),
    ("air_temperature", "°C"): (1.0, 273.15),
    ("air_temperature", "Cel"): (1.0, 273.15),
    ("air_temperature", "K"): (1.0, 0.0),
    ("outdoor_temperature_swing", "K"): (1.0, 0.0),
    ("outdoor_temperature_swing", "degC"): (1.0, 0.0),
    ("tray_temperature_spread", "°C"): (1.0, 0.0),
    ("heat_transfer_coefficient", "W/m2K"): (1.0, 0.0),
    ("heat_transfer_coefficient", "W/(m2.K)"): (1.0, 0.0),
    ("heat_transfer_coefficient", "W/(m²·K)"): (1.0, 0.0),
    ("heat_transfer_coefficient", "mW/cm2K"): (10.0, 0.0),
    ("porosity", "%"): (0.01, 0.0),
    ("moisture", "ppm"): (1e-6, 0.0),
    ("moisture", "[ppm]"): (1e-6, 0.0),
    ("moisture", "mg/kg"): (1e-6, 0.0),
    ("outdoor_humidity", "g/kg"): (1e-3, 0.0),
    ("rotor_speed", "rpm"): (1 / 60, 0.0),
    ("rotor_speed", "/min"): (1 / 60, 0.0),
    ("rotor_speed", "1/min"): (1 / 60, 0.0),
    ("rotor_speed", "Hz"): (1.0, 0.0),
    ("charge_rate", "1/h"): (1.0, 0.0),
    ("charge_rate", "/min"): (60.0, 0.0),
    ("capacity", "Ah"): (1.0, 0.0),
    ("capacity", "A.h"): (1.0, 0.0),
    ("capacity", "mAh"): (1e-3, 0.0),
    ("capacity", "C"): (1 / 3600, 0.0),
    ("charge_energy", "Wh"): (3600.0, 0.0),
    ("electric_energy", "kWh"): (3.6e6, 0.0),
    ("electric_energy", "kW.h"): (3.6e6, 0.0),
    ("drift_limit", "mV/d"): (1e-3 / 86400, 0.0),
    ("dcir", "mOhm"): (1e-3, 0.0),
    ("dcir", "mΩ"): (1e-3, 0.0),
    ("leak_resistance", "kOhm"): (1e3, 0.0),
    ("line_load", "N/mm"): (1e3, 0.0),
    ("line_load", "kN/m"): (1e3, 0.0),
    ("chamber_pressure", "mbar"): (100.0, 0.0),
    ("coating_gap", "um"): (1e-6, 0.0),
    ("coating_gap", "µm"): (1e-6, 0.0),
    ("coating_gap", "μm"): (1e-6, 0.0),
    ("pump_flow", "mL/min"): (1e-6 / 60, 0.0),
    ("pump_flow", "L/h"): (1e-3 / 3600, 0.0),
    ("soak_time", "h"): (3600.0, 0.0),
    ("soak_time", "wk"): (604800.0, 0.0),
    ("coating_density", "g/cm3"): (1e3, 0.0),
    ("peak_evaporation_rate", "g/m2s"): (1e-3, 0.0),
    ("peak_evaporation_rate", "g m-2 s-1"): (1e-3, 0.0),
    ("consistency_index", "mPa.s"): (1e-3, 0.0),
    ("particle_rate", "1/cm2"): (1e4, 0.0),
    ("knife_life", "km"): (1e3, 0.0),
}
MEASURED = [quantity for quantity in vocabulary() if quantity.type in {"float", "int"}]
numbers = st.floats(-1e6, 1e6, allow_nan=False).map(lambda x: float(f"{x:.9g}"))


@pytest.mark.parametrize(("name", "unit"), FACTORS)
@settings(max_examples=15)
@given(number=numbers)
def test_conversion_is_that_of_the_si(name: str, unit: str, number: float) -> None:
    """A number with a unit is factor * number + offset, whatever the spelling."""
    factor, offset = FACTORS[name, unit]
    found = parse(f"{number!r} {unit}", vocabulary()[name])
    assert found == pytest.approx(factor * number + offset, rel=1e-12, abs=1e-300)
    if not unit[0].isdigit():
        assert parse(f"{number!r}{unit}", vocabulary()[name]) == found


@settings(max_examples=500)
@given(quantity=st.sampled_from(MEASURED), share=st.floats(0.0, 1.0))
def test_what_is_displayed_reads_back(quantity: Quantity, share: float) -> None:
    """Every quantity of the vocabulary: display, then parse, gives the value again."""
    low, high = max(quantity.minimum, -1e9), min(quantity.maximum, 1e9)
    value = low + share * (high - low)
    back = parse(display(value, quantity, digits=15), quantity)
    assert back == pytest.approx(value, rel=1e-12, abs=1e-12)


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("7 %", "porosity", 0.07),
        ("0.29 mg/cm2", "loading", 0.0029),
        ("1.1 km", "knife_life", 1100.0),
        ("-40 degC", "outdoor_temperature", 233.15),
    ],
)
def test_decimals_stay_decimals(text: str, name: str, value: float) -> None:
    """Conversions are rounded once: 7 % is 0.07, not 0.07000000000000001."""
    assert parse(text, vocabulary()[name]) == value


@pytest.mark.parametrize(
    ("value", "name", "text"),
    [
        (1.9 / 60, "web_speed", "1.9 m/min"),
        (293.15, "air_temperature", "20 °C"),
        (5.0, "outdoor_temperature_swing", "5 K"),
        (0.185, "loading", "18.5 mg/cm²"),
        (3e-4, "moisture", "300 ppm"),
        (0.35, "porosity", "35 %"),
        (1.05, "np_ratio", "1.05"),
        (7.5e-5, "coating_gap", "75 µm"),
        (40.0, "heat_transfer_coefficient", "40 W/(m²·K)"),
        (18000.0, "electric_energy", "0.005 kWh"),
    ],
)
def test_people_read_their_own_units(value: float, name: str, text: str) -> None:
    """Values are shown in the vocabulary's display unit, six digits."""
    assert display(value, vocabulary()[name]) == text


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("3", 3.0, ""),
        ("1e-9", 1e-9, ""),
        ("250 mm", 0.25, "m"),
        ("2 kW", 2000.0, "W"),
        ("40 W/m2K", 40.0, "W/(m2.K)"),
        ("20 degC", 293.15, "K"),
        ("2 %", 0.02, "1"),
        ("1 J/mol/K", 1.0, "kg.m2/(s2.mol.K)"),
        ("8 Nm", 8.0, "J"),
    ],
)
def test_a_parameter_of_an_fmu_is_given_in_si(text: str, value: float, unit: str) -> None:
    """Where only an FMU knows the quantity, the unit is coherent SI, written as UCUM."""
    found, found_unit = si(text)
    assert found == pytest.approx(value, rel=1e-15)
    assert sorted(found_unit) == sorted(unit)


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "m", "abc", "nan m", "inf m", "1e999 m", "1e-999999999 m", "9" * 50 + " m",
        "1,5 m", "1 000 m", "3 d 4 h", "5 foo", "5 (m", "5 m)", "5 m/", "5 //m", "5 ()", "5 g0",
        "5 deg", "5 rad/s", "5 bit", "5 dBm", "5 statC", "5 m99999999", "5 __import__('os')",
        "5 m; 3", "14:00", "12:30:10", "C/20", "2C/3", "±5 m", "5 m\x00",
    ],
)  # fmt: skip
def test_nonsense_is_refused(text: str) -> None:
    """What is no number with a unit is a ScenarioError, never another error and never a value."""
    for read in (si, lambda given: parse(given, vocabulary()["roll_length"])):
        with pytest.raises(ScenarioError):
            read(text)


@given(text=st.text(max_size=20))
def test_any_text_is_read_or_refused(text: str) -> None:
    """No text makes the reader fail in another way, or gives a number that is not finite."""
    with contextlib.suppress(ScenarioError):
        assert math.isfinite(si(text)[0])
    with contextlib.suppress(ScenarioError):
        assert math.isfinite(parse(text, vocabulary()["roll_length"]))


units_like = st.text("mgsKAhW%/.() -23ΩC°dekp", max_size=8)


@given(unit=units_like)
def test_any_unit_is_read_or_refused(unit: str) -> None:
    """The same for texts that look like units."""
    with contextlib.suppress(ScenarioError):
        assert math.isfinite(si(f"1.5 {unit}")[0])


@pytest.mark.parametrize(
    ("value", "shown"), [(math.inf, "inf"), (-1e308, "-inf"), (math.nan, "nan")]
)
def test_what_is_not_finite_is_shown_as_it_is(value: float, shown: str) -> None:
    """A server may send it: it is shown, and so is what is too large in the display unit."""
    assert display(value, vocabulary()["web_speed"]) == f"{shown} m/min"


def test_a_quantity_without_a_display_unit_is_shown_in_its_own() -> None:
    """A span of time is shown in seconds."""
    assert display(2.0, Quantity("time", "s", "wall time")) == "2 s"


def test_every_display_unit_has_a_hint_of_its_own() -> None:
    """A wrong unit is answered with an example that would be read."""
    for quantity in MEASURED:
        with pytest.raises(ScenarioError) as caught:
            parse("5 mol", quantity)
        hint = caught.value.problems[0].hint
        example = hint.partition(" such as ")[2].partition(" or ")[0].partition(" (")[0]
        parse(example, quantity)
