"""Coating: the window's points, the mass balance, and the recipes inside their window."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import fmu, module, parameters

CATHODE, ANODE = "nmc622_nmp", "graphite_water"

# Slurries as the mixing model gives them at full dispersion, and what the coaters lay down.
# (tau0 Pa, K Pa.s^n, n, density kg/m3, solids, loading kg/m2)
SLURRIES = {
    CATHODE: (3.48, 4.14, 0.70, 2123.0, 0.67, 0.185),
    ANODE: (0.009, 5.34, 0.712, 1376.0, 0.50, 0.112),
}
LINES = {"pilot": (1.9 / 60, 0.25), "gigafactory": (25.0 / 60, 1.2)}  # web speed m/s, width m
VACUUM = {"pilot": 300.0, "gigafactory": 300.0}  # Pa


def recipe(slurry: str, line: str) -> dict[str, float]:
    """Return the inputs that lay the recipe's loading, with a gap of 1.2 wet films."""
    stress, consistency, index, density, solids, loading = SLURRIES[slurry]
    speed, width = LINES[line]
    film = loading / (density * solids)
    return {
        "yield_stress": stress,
        "consistency_index": consistency,
        "flow_index": index,
        "slurry_density": density,
        "solids_fraction": solids,
        "web_speed": speed,
        "coating_width": width,
        "pump_flow": film * speed * width,
        "coating_gap": 1.2 * film,
        "vacuum_pressure": VACUUM[line],
    }


def newtonian(capillary: float) -> dict[str, float]:
    """Return inputs with this capillary number at 200 um and without vacuum."""
    speed = 0.2
    tension = parameters("coating", CATHODE)["surface_tension"]
    return {
        "yield_stress": 0.0,
        "consistency_index": capillary * tension / speed,
        "flow_index": 1.0,
        "web_speed": speed,
        "coating_gap": 2e-4,
        "vacuum_pressure": 0.0,
    }


@pytest.mark.parametrize(("capillary", "ratio"), [(0.1, 0.1255), (1.0, 0.400), (10.0, 0.755)])
def test_low_flow_limit_meets_the_targets(capillary: float, ratio: float) -> None:
    """The least wet film over the gap lies within 0.5 % of the printed points at no vacuum."""
    result = fmu("coating").run({}, [(newtonian(capillary), 1.0)])[0]
    assert result["capillary_number"] == pytest.approx(capillary, rel=1e-12)
    assert result["minimum_wet_film_thickness"] / 2e-4 == pytest.approx(ratio, rel=0.005)


@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize("slurry", SLURRIES)
def test_recipes_lie_inside_their_window(slurry: str, line: str) -> None:
    """At a gap of 1.2 wet films and 300 Pa no flag is up and the margin is 20 % at least."""
    inputs = recipe(slurry, line)
    start = {"slot_flow": inputs["pump_flow"]}
    result = fmu("coating").run(start, [(inputs, 30.0)], parameters("coating", slurry))[0]
    assert result["loading"] == pytest.approx(SLURRIES[slurry][-1], rel=1e-9)
    assert result["air_entrainment"] == 0.0
    assert result["swelling"] == 0.0
    assert result["coating_window_margin"] > 0.2


@settings(max_examples=100, deadline=None)
@given(
    st.floats(0.0, 1e-4), st.floats(0.0, 1e-4), st.floats(0.005, 2.0), st.floats(0.02, 2.0),
    st.floats(-0.5, 0.5), st.floats(0.1, 200.0),
)  # fmt: skip
def test_mass_on_the_web_is_the_mass_delivered(
    start: float, pump: float, speed: float, width: float, noise: float, duration: float
) -> None:
    """Loading and solvent times area equal the flow integrated in closed form (1e-9)."""
    inputs = {
        "pump_flow": pump, "web_speed": speed, "coating_width": width, "loading_noise": noise,
        "slurry_density": 2100.0, "solids_fraction": 0.6,
    }  # fmt: skip
    result = fmu("coating").run({"slot_flow": start}, [(inputs, duration)])[0]
    lag = parameters("coating", CATHODE)["flow_lag"]
    # the slot's end flow is the model's own; that it decays with the lag is checked below
    volume = pump * duration + lag * (start - result["slot_flow"])
    mass = volume * (1 + noise) * 2100.0
    area = speed * width * duration
    on_web = (result["loading"] + result["solvent_loading"]) * area
    assert on_web == pytest.approx(mass, rel=1e-9, abs=1e-15)
    assert result["loading"] == pytest.approx(0.6 * mass / area, rel=1e-9, abs=1e-15)
    decayed = pump + (start - pump) * math.exp(-duration / lag)
    assert result["slot_flow"] == pytest.approx(decayed, rel=1e-5, abs=1e-12)


def test_a_segment_of_no_length_reports_the_momentary_film() -> None:
    """As the duration goes to zero the mean becomes flow over covered area per second."""
    inputs = {"pump_flow": 2e-6, "web_speed": 0.05, "coating_width": 0.25}
    results = [fmu("coating").run({"slot_flow": 1e-6}, [(inputs, dt)])[0] for dt in (0.0, 1e-4)]
    for result in results:
        assert result["wet_film_thickness"] == pytest.approx(1e-6 / (0.05 * 0.25), rel=1e-4)


def test_a_web_that_stands_still_gives_finite_numbers() -> None:
    """No speed: everything stays finite and the film counts as swollen."""
    result = fmu("coating").run({}, [({"web_speed": 0.0}, 30.0)])[0]
    assert all(math.isfinite(value) for value in result.values())
    assert result["swelling"] == 1.0


def test_flags_follow_the_window() -> None:
    """Too little slurry entrains air, too much swells; at the recipe neither happens."""
    inputs = recipe(CATHODE, "gigafactory")
    flags = []
    for factor in (0.3, 1.0, 1.25):
        flow = factor * inputs["pump_flow"]
        phase = (inputs | {"pump_flow": flow}, 10.0)
        result = fmu("coating").run({"slot_flow": flow}, [phase])[0]
        flags.append((result["air_entrainment"], result["swelling"]))
    assert flags == [(1.0, 0.0), (0.0, 0.0), (0.0, 1.0)]


@settings(max_examples=40, deadline=None)
@given(st.floats(0.01, 2.0), st.floats(0.0, 3000.0), st.floats(0.05, 0.9), st.floats(1.0, 500.0))
def test_speed_narrows_and_vacuum_widens_the_window(
    speed: float, vacuum: float, faster: float, more: float
) -> None:
    """The low-flow limit rises with web speed and falls with vacuum."""

    def limit(web_speed: float, vacuum_pressure: float) -> float:
        inputs = {"web_speed": web_speed, "vacuum_pressure": vacuum_pressure}
        return fmu("coating").run({}, [(inputs, 0.0)])[0]["minimum_wet_film_thickness"]

    assert limit(speed + faster, vacuum) > limit(speed, vacuum)
    assert limit(speed, vacuum + more) < limit(speed, vacuum)


def test_edge_is_higher_where_the_film_is_stretched() -> None:
    """Edge over middle is sqrt(web speed / slot speed), and 1 where the slot is the faster."""
    inputs = recipe(CATHODE, "pilot")
    start = {"slot_flow": inputs["pump_flow"]}
    slot = module("coating").PARAMETER_SETS[CATHODE]["slot_height"][0]
    result = fmu("coating").run(start, [(inputs, 30.0)])[0]
    slot_speed = inputs["pump_flow"] / (inputs["coating_width"] * slot)
    assert result["edge_ratio"] == pytest.approx(math.sqrt(inputs["web_speed"] / slot_speed))
    thick = inputs | {"pump_flow": 4 * inputs["pump_flow"]}
    result = fmu("coating").run({"slot_flow": thick["pump_flow"]}, [(thick, 30.0)])[0]
    assert result["edge_ratio"] == 1.0


def test_coarse_agglomerates_leave_streaks() -> None:
    """A batch dispersed to 0.3 um hardly leaves any, one stopped at 1 um ruins the web.

    Closed form: the upper tail of a lognormal distribution by volume, over the volume of a sphere.
    """
    density = {}
    for size in (0.0, 0.3e-6, 1e-6):
        result = fmu("coating").run({}, [({"agglomerate_size": size}, 30.0)])[-1]
        density[size] = result["streak_density"]
    assert density[0.0] == 0.0
    assert density[0.3e-6] < 0.01
    coarse = 0.25 * result["wet_film_thickness"]
    tail = 0.5 * math.erfc(math.log(coarse / 1e-6) / 0.7 / math.sqrt(2))
    expected = 0.015 * result["wet_film_thickness"] * tail / (math.pi / 6 * coarse**3)
    assert density[1e-6] == pytest.approx(expected, rel=1e-6)
    assert density[1e-6] > 1.0


def test_a_plateau_thickens_only_above_the_shear_where_thinning_ends() -> None:
    """The capillary number of a pilot gap hardly changes with it, that of a fast line does."""
    gains = []
    for speed in (0.03, 1.0):
        numbers = [
            fmu("coating").run(
                {}, [({"web_speed": speed, "plateau_viscosity": plateau, "yield_stress": 0.0}, 1.0)]
            )[-1]["capillary_number"]
            for plateau in (0.0, 0.066)
        ]
        gains.append(numbers[1] / numbers[0] - 1)
    assert gains[0] < 0.01 < gains[1] < 0.10
