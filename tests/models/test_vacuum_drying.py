"""Vacuum drying: the closed form, the KIproBatt recipe, and what heat and vacuum must do."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import fmu, parameters

Values = dict[str, float]
RECIPE = {"chamber_temperature": 383.15, "chamber_pressure": 1500.0}
TWELVE_HOURS = 43200.0  # s


def dry(moisture: float, inputs: Values, duration: float, electrode: str = "nmc622") -> Values:
    """Return the electrode after `duration` s in the chamber."""
    values = parameters("vacuum_drying", electrode)
    return fmu("vacuum_drying").run({"moisture": moisture}, [(inputs, duration)], values)[0]


def constants(inputs: Values, electrode: str) -> tuple[float, float]:
    """Return rate constant (1/s) and equilibrium, from the equations of the README."""
    p = parameters("vacuum_drying", electrode)
    T, pressure = inputs["chamber_temperature"], inputs["chamber_pressure"]
    arrhenius = math.exp(-p["drying_activation"] / 8.314462618 * (1 / T - 1 / 383.15))
    rate = p["drying_rate_110"] * arrhenius / (1 + pressure / p["half_rate_pressure"])
    saturation = 10 ** (10.19621 - 1730.63 / (T - 39.724))
    humidity = min(inputs.get("vapour_fraction", 0.1) * pressure / saturation, 1.0)
    return rate, p["sorption_capacity"] * humidity ** p["sorption_exponent"]


@pytest.mark.parametrize("electrode", ["nmc622", "graphite"])
@pytest.mark.parametrize("temperature", [333.15, 383.15, 413.15])
@pytest.mark.parametrize("pressure", [200.0, 5000.0, 1e5])
def test_moisture_follows_the_closed_form(
    electrode: str, temperature: float, pressure: float
) -> None:
    """Under constant conditions water decays exponentially to its equilibrium."""
    inputs = {"chamber_temperature": temperature, "chamber_pressure": pressure}
    rate, rest = constants(inputs, electrode)
    expected = rest + (2e-3 - rest) * math.exp(-rate * 20000.0)
    found = dry(2e-3, inputs, 20000.0, electrode)
    assert found["moisture"] == pytest.approx(expected, rel=1e-6)
    assert found["equilibrium_moisture"] == pytest.approx(rest, rel=1e-12)


@pytest.mark.parametrize(
    ("electrode", "before", "left"),
    [("nmc622", 600e-6, 75e-6), ("nmc622", 1000e-6, 82e-6),
     ("graphite", 1500e-6, 246e-6), ("graphite", 3000e-6, 306e-6)],
)  # fmt: skip
def test_recipe_leaves_a_few_hundred_ppm(electrode: str, before: float, left: float) -> None:
    """Target: 110 Cel, 1.5 kPa, 12 h bring an electrode below a few hundred ppm."""
    found = dry(before, RECIPE, TWELVE_HOURS, electrode)["moisture"]
    assert found == pytest.approx(left, abs=1e-6)
    assert found < 350e-6


@settings(max_examples=50, deadline=None)
@given(
    st.floats(1e-4, 5e-3), st.floats(330.0, 430.0), st.floats(330.0, 430.0),
    st.floats(100.0, 5000.0), st.sampled_from(["nmc622", "graphite"]),
)  # fmt: skip
def test_heat_and_vacuum_leave_less_water(
    moisture: float, one: float, other: float, pressure: float, electrode: str
) -> None:
    """An electrode above its equilibrium ends drier when it is hotter or the vacuum is better."""
    cool, hot = (
        {"chamber_temperature": T, "chamber_pressure": pressure} for T in sorted((one, other))
    )
    # a wet electrode: what starts below its equilibrium would take up water
    start = moisture + constants(cool, electrode)[1]
    first = dry(start, cool, 7200.0, electrode)["moisture"]
    assert dry(start, hot, 7200.0, electrode)["moisture"] <= first * (1 + 1e-7)
    better = cool | {"chamber_pressure": pressure / 2}
    assert dry(start, better, 7200.0, electrode)["moisture"] <= first * (1 + 1e-7)
    assert first <= start


@settings(max_examples=50, deadline=None)
@given(st.floats(0.0, 0.01), st.floats(1.0, 1e5), st.floats(1.0, 1e5))
def test_two_steps_are_as_good_as_one(moisture: float, first: float, second: float) -> None:
    """Drying goes on where it stopped, and water stays between its start and its equilibrium."""
    start, inputs = {"moisture": moisture}, RECIPE
    values = parameters("vacuum_drying", "nmc622")
    split = fmu("vacuum_drying").run(start, [(inputs, first), (inputs, second)], values)[-1]
    whole = dry(moisture, inputs, first + second)
    assert split["moisture"] == pytest.approx(whole["moisture"], rel=1e-6, abs=1e-10)
    low, high = sorted((moisture, whole["equilibrium_moisture"]))
    assert low - 1e-9 <= whole["moisture"] <= high + 1e-9
