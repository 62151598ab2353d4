"""Building: psychrometrics, steady states written anew, balances, meters, what weather costs."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq
from support import fmu

WEEK = 7 * 86400.0
MILD = {"outdoor_temperature": 283.15, "outdoor_humidity": 0.006}
SUMMER = {"outdoor_temperature": 303.15, "outdoor_humidity": 0.012}
WINTER = {"outdoor_temperature": 263.15, "outdoor_humidity": 0.0015}
ROUNDING = 0.025  # K, greatest error of the rounded control
AT_WORK = {"dry_room_heat_load": 2e4, "hall_heat_load": 3e4, "occupants": 4.0}


def settled(duration: float = 8 * WEEK, **inputs: float) -> dict[str, float]:
    """Return the building's outputs after inputs were held for `duration` s."""
    return fmu("building").run({}, [(inputs, duration)])[0]


def ice(celsius: float) -> float:
    """Return the vapour pressure over ice in Pa (Magnus, Sonntag 1990)."""
    return 611.2 * math.exp(22.46 * celsius / (272.62 + celsius))


def water(celsius: float) -> float:
    """Return the vapour pressure over water in Pa (Magnus, Sonntag 1990)."""
    return 611.2 * math.exp(17.62 * celsius / (243.12 + celsius))


def moist(pressure: float) -> float:
    """Return kg of water per kg of dry air at 101325 Pa."""
    return 0.62198 * pressure / (101325.0 - pressure)


@pytest.mark.parametrize(("celsius", "printed"), [(-40, 7.9e-5), (-50, 2.4e-5), (-60, 6.7e-6)])
def test_dew_points_agree_with_printed_humidities(celsius: float, printed: float) -> None:
    """The dew point shown for a humidity printed in PHYSICS.md 1.9 (CoolProp) is within 3 %."""
    shown = fmu("building").run({"dry_room_humidity": printed}, [({}, 0.0)])[0]
    assert moist(ice(shown["dry_room_dew_point"] - 273.15)) == pytest.approx(printed, rel=1e-9)
    assert moist(ice(celsius)) == pytest.approx(printed, rel=0.03)
    assert shown["dry_room_dew_point"] - 273.15 == pytest.approx(celsius, abs=0.2)


def test_dew_point_above_freezing_is_over_water() -> None:
    """At 10 Cel saturated air shows a dew point of 10 Cel."""
    start = {"dry_room_humidity": moist(water(10.0))}
    shown = fmu("building").run(start, [({}, 0.0)])[0]
    assert shown["dry_room_dew_point"] == pytest.approx(283.15, abs=1e-6)


def dry_room_at_rest(weather: dict[str, float], people: float) -> dict[str, float]:
    """Solve the steady humidity balance with every equation written anew; powers in W."""
    outdoor = weather["outdoor_temperature"] - 273.15
    flow, cold = 25 / 3600 * 600 * 1.2, 0.1 * 10 + 0.9 * 22 + 273.15
    outside = weather["outdoor_humidity"]
    fresh = min(outside, moist(water(10.0)))
    share = outside * 101325 / (0.62198 + outside) / water(135.0)
    floor = moist(water(cold - 273.15) * share ** (408.15 / cold))

    def rotor(humidity: float) -> tuple[float, float, float]:
        log = math.log(humidity * 101325 / (0.62198 + humidity) / 611.2)
        dew = 272.62 * log / (22.46 - log)
        ratio = 0.2 + 0.13 / (1 + math.exp(-(dew + 40.0)))
        mixed = 0.1 * fresh + 0.9 * humidity
        return ratio, (mixed - floor) * (1 - math.exp(-18 * ratio)), dew

    def surplus(humidity: float) -> float:
        supply = 0.1 * fresh + 0.9 * humidity - rotor(humidity)[1]
        sources = people * 0.12 / 3600 + 2e-3 * (outside - humidity)
        return flow * (supply - humidity) + sources

    humidity = brentq(surplus, 1e-7, 5e-3, xtol=1e-18, rtol=1e-13)
    ratio, removed, dew = rotor(humidity)
    heat = 2.8e6 * removed + 0.35 * ratio * 1006 * (135.0 - (0.1 * 10 + 0.9 * 22))
    exhaust = 135.0 - heat / (ratio * 1006)
    before_heater = outdoor + 0.5 * (exhaust - outdoor)
    return {
        "dry_room_dew_point": dew + 273.15,
        "water_removal": flow * removed,
        "regeneration_ratio": ratio,
        "regeneration_power": flow * ratio * 1006 * (135.0 - before_heater),
    }


@pytest.mark.parametrize("weather", [MILD, SUMMER, WINTER])
@pytest.mark.parametrize("people", [0.0, 4.0, 20.0])
def test_dry_room_settles_where_its_balance_is_zero(
    weather: dict[str, float], people: float
) -> None:
    """Dew point, water and regeneration agree with the balance solved by hand."""
    expected = dry_room_at_rest(weather, people)
    found = settled(**weather, occupants=people)
    for name, value in expected.items():
        # the room is warmer than its set point by less than 0.1 K: this enters the carried heat
        assert found[name] == pytest.approx(value, rel=1e-3), name
    assert found["dry_room_dew_point"] == pytest.approx(expected["dry_room_dew_point"], abs=1e-3)
    assert found["dry_room_temperature"] == pytest.approx(295.15, abs=0.1)


def test_water_entering_is_water_removed() -> None:
    """At rest the rotor takes what people, make-up air and the hall's air bring."""
    found = settled(**SUMMER, occupants=4.0)
    flow, room = found["process_air_flow"], found["dry_room_humidity"]
    fresh = moist(water(10.0))
    sources = 4 * 0.12 / 3600 + 0.1 * flow * (fresh - room) + 2e-3 * (0.012 - room)
    assert found["water_removal"] == pytest.approx(sources, rel=1e-6)


def test_heat_entering_the_dry_room_is_cooled_away() -> None:
    """First law at rest: what regeneration air loses, fans, people and machines is cooled."""
    found = settled(**MILD, **AT_WORK)
    flow, room = found["process_air_flow"], found["dry_room_temperature"]
    regeneration = flow * found["regeneration_ratio"] * 1006
    rotor = regeneration * (408.15 - found["regeneration_exhaust_temperature"])
    fan = flow / 1.2 * 1500 / 0.6
    gains = 2e4 + 4 * 100 + 8 * 200 + 200 * (found["hall_temperature"] - room)
    warmed = 0.1 * flow * 1006 * (room - 283.15)  # make-up air leaves at room temperature
    hall = 35 * 600 * max(0.0, found["hall_temperature"] - 297.15)
    cooled = found["cooling_power"] - hall - 1e4  # outdoor air needs neither cooling nor heating
    assert cooled == pytest.approx(rotor + fan + gains - warmed, rel=1e-3)


@pytest.mark.parametrize("weather", [MILD, SUMMER, WINTER])
def test_hall_settles_where_heat_is_balanced(weather: dict[str, float]) -> None:
    """At rest losses and gains of the hall cancel with heating or cooling outside a dead band."""
    found = settled(**weather)
    hall, room = found["hall_temperature"], found["dry_room_temperature"]
    loss = 0.9 * 600 + 600 * 6 / 3600 * 1.2 * 1006 * 0.4
    rest = 8 * 600 + loss * (weather["outdoor_temperature"] - hall) + 200 * (room - hall)
    control = 21e3 * (max(0.0, 293.15 - hall) - max(0.0, hall - 297.15))
    assert rest + control == pytest.approx(0.0, abs=21e3 * ROUNDING)
    heating = found["thermal_power"] - found["dry_room_thermal_power"]
    assert heating == pytest.approx(21e3 * max(0.0, 293.15 - hall), abs=21e3 * ROUNDING)


def test_meters_are_the_integral_of_power_for_months() -> None:
    """100 days in steps of a minute from rest: energy is power times time within 1e-9."""
    rest = settled()
    begin = {v: rest[v] for v in ("dry_room_temperature", "hall_temperature", "dry_room_humidity")}
    instance = fmu("building")
    instance.start(begin, {}, {})
    minutes = 100 * 1440
    for _ in range(minutes):
        instance.step(60.0)
    found = instance.read()
    for carrier in ("electric", "thermal"):
        expected = rest[f"{carrier}_power"] * minutes * 60.0
        assert found[f"{carrier}_energy"] == pytest.approx(expected, rel=1e-9)


def test_short_and_long_steps_meter_the_same() -> None:
    """A day of changing loads gives the same energies minute by minute and hour by hour."""
    hours = [{**MILD, "dry_room_heat_load": 2e3 * k, "occupants": float(k % 5)} for k in range(24)]
    long = fmu("building").run({}, [(hour, 3600.0) for hour in hours])[-1]
    short = fmu("building").run({}, [(hour, 60.0) for hour in hours for _ in range(60)])[-1]
    for carrier in ("electric", "thermal"):
        name = f"{carrier}_energy"
        assert short[name] == pytest.approx(long[name], rel=1e-6)


WEATHER = {
    "outdoor_temperature": st.floats(220.0, 330.0),
    "outdoor_humidity": st.floats(0.0, 0.05),
    "occupants": st.floats(0.0, 1000.0),
    "dry_room_heat_load": st.floats(0.0, 1e6),
    "hall_heat_load": st.floats(0.0, 1e6),
}


@settings(max_examples=150, deadline=None)
@given(
    inputs=st.fixed_dictionaries(WEATHER),
    more=st.floats(0.0, 1.0),
    which=st.sampled_from(["outdoor_humidity", "occupants"]),
    days=st.sampled_from([0.1, 1.0, 30.0]),
)
def test_more_humidity_or_people_need_no_less_energy(
    inputs: dict[str, float], more: float, which: str, days: float
) -> None:
    """Electricity and heat together never fall when it is more humid or more people are in."""
    highest = {"outdoor_humidity": 0.05, "occupants": 1000.0}[which]
    changed = inputs | {which: inputs[which] + more * (highest - inputs[which])}
    before, after = (settled(days * 86400.0, **x) for x in (inputs, changed))
    energy = [x["electric_energy"] + x["thermal_energy"] for x in (before, after)]
    assert energy[1] >= energy[0] * (1 - 1e-6)
    assert after["dry_room_dew_point"] >= before["dry_room_dew_point"] - 1e-3


def test_heat_of_machines_is_cooled_in_summer_and_saves_heat_in_winter() -> None:
    """30 kW in the halls cost electricity at 30 Cel and save heat at -10 Cel."""
    summer, loaded = (settled(**SUMMER, hall_heat_load=load) for load in (0.0, 3e4))
    assert loaded["electric_power"] > summer["electric_power"]
    winter, loaded = (settled(**WINTER, hall_heat_load=load) for load in (0.0, 1e4))
    assert winter["thermal_power"] - loaded["thermal_power"] == pytest.approx(1e4, rel=0.1)


def test_regeneration_needs_what_the_literature_needs() -> None:
    """At 10 Cel and 6 g/kg heat per water lies within a quarter of PHYSICS.md 1.9, 28 MJ/kg."""
    found = settled(**MILD, occupants=4.0)
    assert found["regeneration_power"] / found["water_removal"] == pytest.approx(28e6, rel=0.25)
    assert 0.2 <= found["regeneration_ratio"] <= 0.33


def test_idle_dry_room_draws_about_a_hundred_kilowatts() -> None:
    """Idle, its heat and electricity are within a quarter of the 99 kW behind PHYSICS.md 1.9."""
    found = settled(**MILD)
    assert found["dry_room_thermal_power"] + found["dry_room_electric_power"] == pytest.approx(
        1800 * 18.5 / 336 * 1e3, rel=0.25
    )


def test_utilities_of_machines_cost_electricity() -> None:
    """Cooling water costs its heat over the chillers' performance, air its work, both metered."""
    taken = {"process_cooling_load": 5e4, "compressed_air_flow": 0.02}
    plain, found = settled(**MILD), settled(**MILD, **taken)
    assert found["chiller_power"] == pytest.approx(6e4 / found["chiller_performance"])
    assert found["compressor_power"] == pytest.approx(6e3 + 0.02 * 4.3e5)
    more = 5e4 / found["chiller_performance"] + 0.02 * 4.3e5
    assert found["electric_power"] - plain["electric_power"] == pytest.approx(more, rel=1e-9)
    for part in ("chiller", "compressor"):
        expected = found[f"{part}_power"] * 8 * WEEK
        assert found[f"{part}_energy"] == pytest.approx(expected, rel=1e-9)


def test_parts_of_the_meters_leave_the_halls() -> None:
    """Both meters are dry room, utilities and halls: what is left is what the halls draw."""
    found = settled(**WINTER, **AT_WORK)
    halls = found["electric_energy"] - found["dry_room_electric_energy"]
    halls -= found["chiller_energy"] + found["compressor_energy"]
    air = 600 * 6 / 3600  # m3/s, fans against 600 Pa at 0.6; lighting 8 W/m2; no cooling in winter
    expected = (air * 600 / 0.6 + 8 * 600) * 8 * WEEK
    assert halls == pytest.approx(expected, rel=0.02)  # the rounded control cools a little
    warm = found["thermal_energy"] - found["dry_room_thermal_energy"]
    assert 0 < warm < found["thermal_energy"]
