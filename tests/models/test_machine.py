"""Machine: power by state, the first law over warm-up and cooling, wear and hazard."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import fmu, module

from linetwin.quantities.packml import STATES

Values = dict[str, float]
HOUR = 3600.0
PLAIN = {"standby_power": 1e3, "execute_power": 5e3, "standby_heat": 2e3, "execute_heat": 1e4}
HOT = {"operating_temperature": 353.15, "heat_capacity": 2e5, "warmup_time": 900.0}


def run(*phases: tuple[Values, float], **values: float) -> list[Values]:
    """Return the machine at the end of each phase."""
    return fmu("machine").run({}, list(phases), PLAIN | values)


def test_state_numbers_are_those_of_the_line() -> None:
    """Model and line mean the same by a state's number."""
    numbers = {name.lower(): number for name, number in STATES.items()}
    assert numbers | {"undefined": 0} == module("machine").PACKML


@pytest.mark.parametrize(
    ("state", "electric", "thermal"),
    [(4, 1e3, 2e3), (5, 1e3, 2e3), (11, 1e3, 2e3), (2, 50.0, 0.0), (9, 50.0, 0.0), (6, 3e3, 6e3)],
)
def test_power_by_state(state: int, electric: float, thermal: float) -> None:
    """Standby in Idle, Suspended and Held; off in Stopped and Aborted; half load in Execute."""
    machine = run(({"packml_state": state, "load": 0.5}, 60.0))[0]
    assert machine["electric_power"] == pytest.approx(electric)
    assert machine["thermal_power"] == pytest.approx(thermal)


def test_process_power_passes_through() -> None:
    """What the process computes is added, in any state."""
    machine = run(
        ({"packml_state": 6, "load": 1.0, "process_power": 7.0, "process_heat": 9.0}, 1.0)
    )
    assert machine[0]["electric_power"] == pytest.approx(5007.0)
    assert machine[0]["thermal_power"] == pytest.approx(10009.0)


def test_energies_are_the_exact_integrals() -> None:
    """A year in steps of different states gives power times time."""
    phases = [({"packml_state": 6, "load": 1.0}, 5000 * HOUR), ({"packml_state": 4}, 3760 * HOUR)]
    year = run(*phases)[-1]
    assert year["electric_energy"] == pytest.approx((5000 * 5e3 + 3760 * 1e3) * HOUR, rel=1e-12)
    assert year["thermal_energy"] == pytest.approx((5000 * 1e4 + 3760 * 2e3) * HOUR, rel=1e-12)


def test_warm_up_follows_the_closed_form() -> None:
    """First order in temperature; the energy is heat capacity times the rise."""
    machine = run(({"packml_state": 3}, 1800.0), **HOT)[0]
    rise = (353.15 - 295.15) * (1 - math.exp(-1800.0 / 900.0))
    assert machine["machine_temperature"] == pytest.approx(295.15 + rise, rel=1e-7)
    assert machine["electric_energy"] - 1800.0 * 1e3 == pytest.approx(2e5 * rise, rel=1e-6)


@settings(max_examples=40, deadline=None)
@given(
    states=st.lists(st.sampled_from([2, 3, 4, 6, 9, 11]), min_size=1, max_size=6),
    share=st.floats(0.0, 1.0),
    electric=st.floats(0.0, 1.0),
    room=st.floats(283.15, 313.15),
)
def test_first_law(states: list[int], share: float, electric: float, room: float) -> None:
    """Energy drawn = energy to the room + what leaves with the product + what is stored."""
    values = HOT | {"product_heat_share": share, "warmup_electric_share": electric}
    phases = [
        ({"packml_state": s, "load": 0.7, "ambient_temperature": room}, 1000.0) for s in states
    ]
    machine = run(*phases, **values)[-1]
    drawn = machine["electric_energy"] + machine["thermal_energy"]
    stored = 2e5 * (machine["machine_temperature"] - 295.15)
    plain = run(*phases, **values | {"heat_capacity": 1.0})[-1]
    left = share * (plain["electric_energy"] + plain["thermal_energy"])
    tolerance = 1e3 + 1e-6 * drawn  # plain draws at most 1 J/K for warming up
    assert machine["emitted_energy"] == pytest.approx(drawn - stored - left, abs=tolerance)


def test_wear_grows_in_execute_only() -> None:
    """Wear is load times time over life in Execute, and stands still in every other state."""
    others = [({"packml_state": s, "load": 1.0}, HOUR) for s in range(18) if s != 6]
    assert run(*others)[-1]["wear"] == 0.0
    worn = run(({"packml_state": 6, "load": 0.5}, 100 * HOUR), wear_life=200 * HOUR)[0]
    assert worn["wear"] == pytest.approx(0.25, rel=1e-12)


def test_maintenance_takes_wear_away() -> None:
    """After half a life of work and a service the machine is as new, and wears on from there."""
    worked = ({"packml_state": 6, "load": 1.0}, 100 * HOUR)
    serviced = ({"packml_state": 6, "load": 1.0, "wear_removed": 0.5}, 20 * HOUR)
    before, after = run(worked, serviced, wear_life=200 * HOUR, hazard_gain=4.0)
    assert before["wear"] == pytest.approx(0.5, rel=1e-12)
    assert after["wear"] == pytest.approx(0.1, rel=1e-12)
    assert after["hazard_factor"] < before["hazard_factor"]


@settings(max_examples=30, deadline=None)
@given(hours=st.floats(0.1, 2000.0), gain=st.floats(0.0, 5.0), exponent=st.floats(1.0, 4.0))
def test_hazard_rises_with_wear(hours: float, gain: float, exponent: float) -> None:
    """The hazard factor is 1 + k wear^m and never falls while the machine works."""
    values = {"hazard_gain": gain, "hazard_exponent": exponent}
    first, second = run(*[({"packml_state": 6}, hours * HOUR)] * 2, **values)
    assert second["hazard_factor"] >= first["hazard_factor"] >= 1.0
    assert first["hazard_factor"] == pytest.approx(1 + gain * first["wear"] ** exponent, rel=1e-9)


def test_waiting_and_set_up_have_levels_of_their_own() -> None:
    """Suspended and Held, Starting and Resetting scale standby power and heat; Execute does not."""
    levels = {"waiting_factor": 0.4, "setup_factor": 1.5}
    expected = {5: 0.4, 11: 0.4, 3: 1.5, 15: 1.5, 4: 1.0, 17: 1.0}
    for state, factor in expected.items():
        machine = run(({"packml_state": state}, 1.0), **levels)[0]
        assert machine["electric_power"] == pytest.approx(1e3 * factor)
        assert machine["thermal_power"] == pytest.approx(2e3 * factor)
    working = run(({"packml_state": 6, "load": 1.0}, 1.0), **levels)[0]
    assert working["electric_power"] == pytest.approx(5e3)


def test_losses_of_a_hot_machine_are_drawn_and_given_to_the_room() -> None:
    """At rest at 80 Cel the heater makes up UA (T - T_room), and the room gets it."""
    hot = HOT | {"loss_conductance": 30.0, "warmup_electric_share": 0.0}
    machine = run(({"packml_state": 4}, 40 * HOUR), ({"packml_state": 4}, HOUR), **hot)[-1]
    lost = 30.0 * (353.15 - 295.15)
    assert machine["thermal_power"] == pytest.approx(2e3 + lost, rel=1e-6)
    assert machine["heat_emission"] == pytest.approx(1e3 + 2e3 + lost, rel=1e-6)
    off = run(({"packml_state": 4}, 40 * HOUR), ({"packml_state": 2}, 1.0), **hot)[-1]
    assert off["thermal_power"] == 0.0


def test_heat_to_cooling_water_and_exhaust_does_not_reach_the_room() -> None:
    """Cooling water takes its share of the machine's own power and what the process gives it."""
    inputs = {"packml_state": 6, "load": 1.0, "process_power": 100.0, "process_heat": 900.0}
    inputs |= {"process_cooling": 400.0, "heat_carried_off": 950.0}
    machine = run((inputs, 100.0), cooling_water_share=0.25)[0]
    assert machine["cooling_power"] == pytest.approx(0.25 * 5e3 + 400.0)
    assert machine["cooling_energy"] == pytest.approx(100.0 * (0.25 * 5e3 + 400.0))
    drawn = 5e3 + 1e4 + 100.0 + 900.0
    assert machine["heat_emission"] == pytest.approx(drawn - 0.25 * 5e3 - 950.0)


def test_compressed_air_by_state() -> None:
    """Leaks while switched on, the full flow in Execute, nothing while switched off."""
    air = {"standby_air": 0.001, "execute_air": 0.005}
    phases = [({"packml_state": state, "load": 0.5}, 1000.0) for state in (6, 4, 9)]
    found = run(*phases, **air)
    assert [machine["compressed_air_flow"] for machine in found] == pytest.approx([0.003, 0.001, 0])
    assert found[-1]["compressed_air_volume"] == pytest.approx(3.0 + 1.0)
