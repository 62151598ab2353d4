"""Ageing: pulses against PyBaMM, soft shorts, balances, and the drift that hides and shows them."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import fmu, parameters

Values = dict[str, float]
DAY = 86400.0
CHEN2020 = {
    "electrode_area": 0.1027,
    "anode_coating_thickness": 85.2e-6,
    "cathode_coating_thickness": 75.6e-6,
    "anode_active_fraction": 0.75,
    "cathode_active_fraction": 0.665,
    "film_resistance": 0.0,
}
# PHYSICS.md section 2: 10 s at 1C near half charge in mOhm, by electrolyte resistance
PULSES = {0.0: 22.3, 6.7e-4: 28.7}


def resistance(start: Values, inputs: Values, current: float, values: Values) -> float:
    """Return (V_before - V_after)/I of a pulse of 10 s in mOhm."""
    phases = [(inputs | {"load_current": 0.0}, 1.0), ({"load_current": current}, 10.0)]
    before, after = fmu("ageing").run(start, phases, values)
    return (before["voltage"] - after["voltage"]) / current * 1e3


def stored(days: float, start: Values | None = None, **inputs: float) -> Values:
    """Return the default cell after some days in store."""
    return fmu("ageing").run(start or {}, [(inputs, days * DAY)])[0]


@pytest.mark.parametrize(("electrolyte", "expected"), PULSES.items())
def test_pulse_resistance_of_pybamm(electrolyte: float, expected: float) -> None:
    """Chen2020 at half charge: SPM 22.3 mOhm, DFN 28.7 mOhm (a fit of the electrolyte)."""
    values = parameters("ageing", "chen2020", electrolyte_area_resistance=electrolyte)
    half = {"anode_stoichiometry": 0.4646, "cathode_stoichiometry": 0.5869}
    assert resistance(half, CHEN2020, 5.0, values) == pytest.approx(expected, rel=0.015)


def test_recipe_cell_has_a_plausible_resistance() -> None:
    """A cell of 5 A.h at 1C and 25 Cel has 20 to 32 mOhm, a cold one more, a warm one less."""
    cold, room, warm = (
        resistance({}, {"storage_temperature": kelvin}, 5.0, {})
        for kelvin in (273.15, 298.15, 318.15)
    )
    assert 20.0 < room < 32.0
    assert warm < room < cold


def test_film_resistance_adds_to_the_pulse() -> None:
    """At 25 Cel each milliohm of film is a milliohm of the pulse."""
    thin = resistance({}, {"film_resistance": 5e-3}, 5.0, {})
    thick = resistance({}, {"film_resistance": 8e-3}, 5.0, {})
    assert thick - thin == pytest.approx(3.0, abs=1e-6)


def test_two_weeks_cost_less_than_a_percent() -> None:
    """Target of PHYSICS.md 1.7: 14 days at 25 Cel cost below 1 % of 5 A.h, film and shuttle."""
    cell = stored(14.0)
    assert 0.0 < cell["film_capacity"] < cell["lost_capacity"] < 0.05


def test_film_grows_as_the_root_of_time() -> None:
    """Closed form: L^2 grows evenly (anode charged, so that the onset plays no part)."""
    first, last = stored(7.0), stored(14.0)
    start = 340e-9**2
    ratio = (last["sei_thickness"] ** 2 - start) / (first["sei_thickness"] ** 2 - start)
    assert ratio == pytest.approx(2.0, rel=1e-3)


def test_relaxation_falls_as_the_law_says() -> None:
    """Closed form of A ln(1 + t_end/(t + t0)), some tens of millivolt on the first day."""
    for days in (0.001, 1.0, 14.0):
        expected = 5e-3 * math.log1p(2.592e6 / (days * DAY + 3600.0))
        assert stored(days)["relaxation"] == pytest.approx(expected, rel=1e-9)
    assert 0.01 < stored(0.0001)["voltage"] - stored(1.0)["voltage"] < 0.05


def test_leak_current_is_ohms_law() -> None:
    """What a leak adds to the self-discharge is the open-circuit voltage over its resistance."""
    sound, short = stored(0.01), stored(0.01, leak_resistance=1e4)
    extra = short["self_discharge_current"] - sound["self_discharge_current"]
    assert extra == pytest.approx(short["open_circuit_voltage"] / 1e4, rel=1e-3)


def test_soft_short_shows_beside_sound_cells() -> None:
    """After two weeks a leak of 10 kOhm lies over 10 mV below, and drifts by over 0.5 mV/d more."""

    def drift(leak: float) -> float:
        phases = [({"leak_resistance": leak}, DAY), ({}, 13 * DAY)]
        first, last = fmu("ageing").run({}, phases)
        return (first["voltage"] - last["voltage"]) / 13

    assert stored(14.0)["voltage"] - stored(14.0, leak_resistance=1e4)["voltage"] > 0.010
    assert drift(1e4) - drift(1e9) > 0.5e-3


@settings(max_examples=30, deadline=None)
@given(leak=st.floats(1e2, 1e7), less=st.floats(0.1, 0.9), kelvin=st.floats(273.15, 333.15))
def test_worse_shorts_lose_more(leak: float, less: float, kelvin: float) -> None:
    """A smaller resistance never leaves a higher voltage or a smaller loss."""
    common = {"storage_temperature": kelvin}
    mild = stored(3.0, leak_resistance=leak, **common)
    bad = stored(3.0, leak_resistance=leak * less, **common)
    assert bad["open_circuit_voltage"] <= mild["open_circuit_voltage"] + 1e-9
    assert bad["lost_capacity"] >= mild["lost_capacity"] - 1e-12


@settings(max_examples=30, deadline=None)
@given(leak=st.floats(1e2, 1e9), load=st.floats(-2.0, 2.0), kelvin=st.floats(263.15, 333.15))
def test_lithium_and_charge_are_conserved(leak: float, load: float, kelvin: float) -> None:
    """Anode, cathode and film keep the lithium; the cathode takes load, leak and shuttle."""
    inputs = {"leak_resistance": leak, "storage_temperature": kelvin}
    phases = [(inputs, 3 * DAY), ({"load_current": load}, 600.0)]
    cell = fmu("ageing").run({}, phases)[-1]
    anode = 0.1648 * 78.8e-6 * 0.603 * 30358.0 * 96485.33212 / 3600  # A.h per stoichiometry
    cathode = 0.1648 * 59.2e-6 * 0.632 * 49005.0 * 96485.33212 / 3600
    gained = cathode * (cell["cathode_stoichiometry"] - 0.595)
    given_up = anode * (0.39 - cell["anode_stoichiometry"])
    assert given_up == pytest.approx(gained + cell["film_capacity"], rel=1e-8, abs=1e-9)
    through = cell["lost_capacity"] - cell["film_capacity"] + load * 600.0 / 3600
    assert gained == pytest.approx(through, rel=1e-6, abs=1e-8)


def test_hot_store_ages_faster() -> None:
    """45 Cel against 25 Cel: more film and more self-discharge, by their activation energies."""
    room, hot = stored(0.1), stored(0.1, storage_temperature=318.15)
    film = math.exp(40e3 / 8.314462618 * (1 / 298.15 - 1 / 318.15))
    assert hot["film_capacity"] / room["film_capacity"] == pytest.approx(film, rel=1e-2)
    assert hot["self_discharge_current"] > 2.5 * room["self_discharge_current"]


def test_dead_short_empties_the_cell_and_no_further() -> None:
    """A leak of 1 Ohm brings the voltage to zero, where it stays."""
    cell = stored(14.0, leak_resistance=1.0)
    assert abs(cell["open_circuit_voltage"]) < 0.05
    assert cell["anode_stoichiometry"] > -0.1
