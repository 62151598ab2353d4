"""Dry room with a desiccant rotor, halls and utilities: temperatures, dew point and energy.

Equations, sources and what is uncertain: README.md beside this file.
"""

from __future__ import annotations

from types import SimpleNamespace

import casadi as ca

from linetwin.authoring import Model

ICE_POINT = 273.15  # K [V] 0 Cel
TRIPLE_PRESSURE = 611.2  # Pa [M] Magnus formula, Sonntag 1990
OVER_ICE = (22.46, 272.62)  # 1, K [M] Magnus formula over ice, Sonntag 1990
OVER_WATER = (17.62, 243.12)  # 1, K [M] Magnus formula over water, Sonntag 1990
MASS_RATIO = 0.62198  # 1 [V] molar mass of water over that of dry air
AIR_HEAT = 1006.0  # J/(kg.K) [M] dry air
VAPOUR_HEAT = 1860.0  # J/(kg.K) [M] water vapour
EVAPORATION_HEAT = 2.501e6  # J/kg [M] water at 0 Cel
SMALLEST_PRESSURE = 1e-5  # Pa [A] keeps the logarithm finite in perfectly dry air
ROUNDING = 0.05  # K [A] width over which a control starts to act, so that powers are smooth

_SIZING = "sizing of the pilot line, 150-250 m2 of dry room"
_PRACTICE = "usual practice, to be replaced by the plant's own figure"
_ROTOR = "low dew point rotors: regeneration air 0.2-0.33 of process air at 130-140 Cel"

# name: (unit, value, minimum, maximum, tag, meaning, source)
PARAMETERS: dict[str, tuple[str, float, float, float, str, str, str]] = {
    "dry_room_area": ("m2", 200.0, 1.0, 1e5, "A", "floor of the dry room", _SIZING),
    "dry_room_height": ("m", 3.0, 2.0, 20.0, "A", "height of the dry room", _PRACTICE),
    "hall_area": ("m2", 600.0, 1.0, 1e6, "A", "floor of the halls", _SIZING),
    "hall_height": ("m", 6.0, 2.0, 30.0, "A", "height of the halls", _PRACTICE),
    "air_pressure": ("Pa", 101325.0, 7e4, 1.1e5, "A", "pressure of all air", "sea level"),
    "air_density": ("kg/m3", 1.2, 0.8, 1.4, "M", "density of dry air", "20 Cel, 101325 Pa"),
    "air_changes": (
        "1/s", 25 / 3600, 1e-3, 0.05, "A", "process air per volume of dry room", "25 1/h; 15-40",
    ),
    "make_up_share": (
        "1", 0.10, 0.01, 1.0, "A", "outdoor air per process air", "breathing air and overpressure",
    ),
    "infiltration": (
        "kg/(s.m2)", 1e-5, 0.0, 1e-2, "A", "hall air let in per floor of the dry room", "air locks",
    ),
    "water_per_person": (
        "kg/s", 0.12 / 3600, 0.0, 1e-3, "A", "water a person gives off", "0.12 kg/h, light work",
    ),
    "heat_per_person": ("W", 100.0, 0.0, 500.0, "M", "sensible heat of a person", "light work"),
    "moisture_buffer": (
        "1", 3.0, 1.0, 100.0, "A", "water in air and surfaces over that in air", _PRACTICE,
    ),
    "dew_point_setpoint": ("K", 233.15, 193.15, 273.15, "A", "dew point to hold", "-40 Cel"),
    "dew_point_band": ("K", 4.0, 0.5, 20.0, "A", "width of the dew point control", _PRACTICE),
    "regeneration_temperature": (
        "K", 408.15, 353.15, 473.15, "A", "regeneration air before the rotor", _ROTOR,
    ),
    "regeneration_least": ("1", 0.20, 0.05, 1.0, "A", "least regeneration per process air", _ROTOR),
    "regeneration_most": ("1", 0.33, 0.05, 1.0, "A", "most regeneration per process air", _ROTOR),
    "rotor_transfer": (
        "1", 18.0, 1.0, 100.0, "A", "transfer units over regeneration per process air",
        "4.5 transfer units at a quarter",
    ),
    "adsorption_heat": ("J/kg", 2.8e6, 2.5e6, 5e6, "M", "heat of adsorption", "1.1 x evaporation"),
    "rotor_carry_over": (
        "1", 0.35, 0.0, 0.9, "A", "share of regeneration heat carried into process air",
        "process air leaves a low dew point rotor about 10 K warmer",
    ),
    "heat_recovery": ("1", 0.5, 0.0, 0.9, "A", "effectiveness, regeneration exhaust", _PRACTICE),
    "pre_cooling_temperature": (
        "K", 283.15, 275.15, 303.15, "A", "outdoor air behind its coil, both ways", "10 Cel",
    ),
    "process_pressure_drop": ("Pa", 1500.0, 0.0, 5e3, "A", "process air duct and rotor", _PRACTICE),
    "regeneration_pressure_drop": ("Pa", 1000.0, 0.0, 5e3, "A", "regeneration air", _PRACTICE),
    "hall_pressure_drop": ("Pa", 600.0, 0.0, 5e3, "A", "ventilation of the halls", _PRACTICE),
    "fan_efficiency": ("1", 0.6, 0.1, 1.0, "A", "air power over electric power", _PRACTICE),
    "dry_room_setpoint": ("K", 295.15, 283.15, 308.15, "A", "dry room to hold", "22 Cel"),
    "dry_room_gain": (
        "W/(K.m2)", 250.0, 1.0, 1e4, "A", "cooling per kelvin and floor", _PRACTICE,
    ),
    "dry_room_loss": (
        "W/(K.m2)", 1.0, 0.0, 20.0, "A", "heat to the hall per floor", "panels, 0.3 W/(K.m2)",
    ),
    "dry_room_heat_capacity": (
        "J/(K.m2)", 2e4, 1e3, 1e6, "A", "air and equipment per floor", "five times the air",
    ),
    "hall_heating_setpoint": ("K", 293.15, 273.15, 300.15, "A", "halls heated below", "20 Cel"),
    "hall_cooling_setpoint": ("K", 297.15, 283.15, 313.15, "A", "halls cooled above", "24 Cel"),
    "hall_gain": ("W/(K.m2)", 35.0, 1.0, 1e4, "A", "heating or cooling per kelvin", _PRACTICE),
    "hall_loss": (
        "W/(K.m2)", 0.9, 0.0, 20.0, "A", "walls and roof per floor", "0.5 W/(K.m2) of envelope",
    ),
    "hall_heat_capacity": (
        "J/(K.m2)", 7e4, 1e3, 1e7, "A", "air, machines and floor per floor", "ten times the air",
    ),
    "hall_air_changes": ("1/s", 1 / 3600, 0.0, 0.01, "A", "ventilation of the halls", "1 1/h"),
    "hall_heat_recovery": ("1", 0.6, 0.0, 0.95, "A", "effectiveness, ventilation", _PRACTICE),
    "lighting": ("W/m2", 8.0, 0.0, 100.0, "A", "electric power per floor, heats it", _PRACTICE),
    "compressed_air_power": (
        "W", 6e3, 0.0, 1e8, "A", "electric power of the compressors", "steady, with leakage",
    ),
    "process_cooling": ("W", 1e4, 0.0, 1e8, "A", "heat taken by cooling water", _PRACTICE),
    "chiller_quality": ("1", 0.4, 0.1, 0.9, "A", "share of the ideal performance", _PRACTICE),
    "chiller_evaporation": ("K", 277.15, 263.15, 288.15, "A", "evaporation", "4 Cel"),
    "chiller_approach": ("K", 12.0, 3.0, 30.0, "A", "condensation above outdoors", _PRACTICE),
    "chiller_least_condensation": ("K", 298.15, 291.15, 323.15, "A", "condensation", "25 Cel"),
}  # fmt: skip


def vapour_pressure(dew_point: ca.SX) -> ca.SX:
    """Return the saturation pressure of water in Pa, over ice below 0 Cel (dew point in K)."""
    celsius = dew_point - ICE_POINT
    # the pole of each formula lies outside its branch; the clamp keeps the unused branch finite
    ice = OVER_ICE[0] * ca.fmin(celsius, 0) / (OVER_ICE[1] + ca.fmin(celsius, 0))
    water = OVER_WATER[0] * ca.fmax(celsius, 0) / (OVER_WATER[1] + ca.fmax(celsius, 0))
    return TRIPLE_PRESSURE * ca.exp(ice + water)


def dew_point(pressure: ca.SX) -> ca.SX:
    """Return the dew point in K, over ice below 0 Cel, of water vapour at a pressure in Pa."""
    log = ca.log(ca.fmax(pressure, SMALLEST_PRESSURE) / TRIPLE_PRESSURE)
    cold, warm = ca.fmin(log, 0), ca.fmax(log, 0)
    return (
        ICE_POINT
        + OVER_ICE[1] * cold / (OVER_ICE[0] - cold)
        + OVER_WATER[1] * warm / (OVER_WATER[0] - warm)
    )


def humidity(pressure: ca.SX, total: ca.SX) -> ca.SX:
    """Return water per dry air from the vapour's and the total pressure in Pa."""
    # boiling hot air may hold any humidity: the share is bounded so that it stays finite
    share = ca.fmin(pressure / total, 0.9)
    return MASS_RATIO * share / (1 - share)


def enthalpy(temperature: ca.SX, water: ca.SX) -> ca.SX:
    """Return J per kg of dry air above dry air and liquid water at 0 Cel."""
    celsius = temperature - ICE_POINT
    return AIR_HEAT * celsius + water * (EVAPORATION_HEAT + VAPOUR_HEAT * celsius)


def positive(value: ca.SX, width: ca.SX | float) -> ca.SX:
    """Return max(value, 0), rounded off over `width` in the unit of `value`."""
    return 0.5 * (value + ca.sqrt(value**2 + width**2))


def build() -> Model:
    """Return the building model, sized for the pilot line."""
    m = Model(
        "building",
        title="Dry room with desiccant rotor, halls and utilities",
        description="Dew point, temperatures, electricity and heat of the building",
        version="1.0",
        validity=(
            "one well-mixed dry room and one hall; coolers and heaters without an upper limit;"
            " outdoor air capped at saturation; up to one person per 5 m2 of dry room;"
            " all sizes and rotor constants are assumptions"
        ),
    )
    p = SimpleNamespace(**{
        name: m.parameter(name, unit, value, minimum=minimum, maximum=maximum, tag=tag,
                          meaning=meaning, source=source)
        for name, (unit, value, minimum, maximum, tag, meaning, source) in PARAMETERS.items()
    })  # fmt: skip
    u, x = _inputs(m), _states(m)
    outdoors = _outdoors(p, u)
    room = _dry_room(m, p, u, x, outdoors)
    hall = _hall(m, p, u, x)
    _meters(m, p, x, room, hall, outdoors)
    return m


def _inputs(m: Model) -> SimpleNamespace:
    """Declare weather, people and the heat that machines give off."""
    rows = {
        "outdoor_temperature": ("K", 283.15, 220.0, 330.0, "outdoor air", "yearly mean"),
        "outdoor_humidity": ("1", 0.006, 0.0, 0.05, "water per dry air outdoors", "yearly mean"),
        "dry_room_heat_load": ("W", 0.0, 0.0, 1e7, "heat of machines, dry room", "line"),
        "hall_heat_load": ("W", 0.0, 0.0, 1e7, "heat of machines, halls", "line"),
        "occupants": ("1", 0.0, 0.0, 1000.0, "people in the dry room", "idle"),
    }
    return SimpleNamespace(**{
        name: m.input(name, unit, start=start, minimum=low, maximum=high, meaning=meaning,
                      tag="A", source=source)
        for name, (unit, start, low, high, meaning, source) in rows.items()
    })  # fmt: skip


def _states(m: Model) -> SimpleNamespace:
    """Declare temperatures, humidity and the two meters."""
    rows = {
        "dry_room_temperature": ("K", 295.15, 10.0, "air of the dry room"),
        "hall_temperature": ("K", 294.15, 10.0, "air of the halls"),
        "dry_room_humidity": ("1", 5e-5, 1e-4, "water per dry air in the dry room"),
        "electric_energy": ("J", 0.0, 1e9, "electric energy drawn since the start"),
        "thermal_energy": ("J", 0.0, 1e9, "heat drawn since the start"),
    }
    return SimpleNamespace(**{
        name: m.state(name, unit, start=start, nominal=nominal, minimum=0.0, meaning=meaning)
        for name, (unit, start, nominal, meaning) in rows.items()
    })  # fmt: skip


def _outdoors(p: SimpleNamespace, u: SimpleNamespace) -> SimpleNamespace:
    """Return what depends on the weather alone: constant during a step, so it may have kinks."""
    saturated = humidity(vapour_pressure(u.outdoor_temperature), p.air_pressure)
    water = ca.fmin(u.outdoor_humidity, saturated)
    condensation = ca.fmax(
        u.outdoor_temperature + p.chiller_approach, p.chiller_least_condensation
    )
    lift = condensation - p.chiller_evaporation
    coil = humidity(vapour_pressure(p.pre_cooling_temperature), p.air_pressure)
    behind = ca.fmin(water, coil)
    return SimpleNamespace(
        temperature=u.outdoor_temperature,
        water=water,
        pressure=water * p.air_pressure / (MASS_RATIO + water),
        water_behind=behind,  # of the make-up air behind the pre-cooling coil
        coil_heat=enthalpy(u.outdoor_temperature, water)
        - enthalpy(p.pre_cooling_temperature, behind),
        performance=p.chiller_quality * p.chiller_evaporation / lift,
    )


def _rotor(
    p: SimpleNamespace, x: SimpleNamespace, outdoors: SimpleNamespace, air_dew_point: ca.SX
) -> SimpleNamespace:
    """Return the rotor's state: all per kg of process air, temperatures in K."""
    demand = 1 / (1 + ca.exp(-4 * (air_dew_point - p.dew_point_setpoint) / p.dew_point_band))
    ratio = p.regeneration_least + (p.regeneration_most - p.regeneration_least) * demand
    fresh = p.make_up_share
    mixed = fresh * p.pre_cooling_temperature + (1 - fresh) * x.dry_room_temperature
    water_in = fresh * outdoors.water_behind + (1 - fresh) * x.dry_room_humidity
    # equal Polanyi potential R T ln(phi) on both sides: how dry a regenerated rotor can be
    cold = fresh * p.pre_cooling_temperature + (1 - fresh) * p.dry_room_setpoint
    relative = ca.fmax(outdoors.pressure, SMALLEST_PRESSURE) / vapour_pressure(
        p.regeneration_temperature
    )
    floor = humidity(
        vapour_pressure(cold) * relative ** (p.regeneration_temperature / cold), p.air_pressure
    )
    left = ca.exp(-p.rotor_transfer * ratio)
    removed = (water_in - floor) * (1 - left)
    adsorbed = p.adsorption_heat * removed
    carried = p.rotor_carry_over * ratio * AIR_HEAT * (p.regeneration_temperature - mixed)
    exhaust = p.regeneration_temperature - (adsorbed + carried) / (ratio * AIR_HEAT)
    recovered = p.heat_recovery * positive(exhaust - outdoors.temperature, ROUNDING)
    return SimpleNamespace(
        ratio=ratio,
        removed=removed,
        supply=water_in - removed,
        outlet=mixed + (adsorbed + carried) / AIR_HEAT,
        exhaust=exhaust,
        heat=ratio
        * AIR_HEAT
        * (p.regeneration_temperature - outdoors.temperature - recovered),
    )


def _dry_room(
    m: Model,
    p: SimpleNamespace,
    u: SimpleNamespace,
    x: SimpleNamespace,
    outdoors: SimpleNamespace,
) -> SimpleNamespace:
    """State the balances of the dry room; return its loads in W."""
    volume = p.dry_room_area * p.dry_room_height
    flow = m.output("process_air_flow", "kg/s", p.air_changes * volume * p.air_density,
                    meaning="dry air through the rotor")  # fmt: skip
    pressure = x.dry_room_humidity * p.air_pressure / (MASS_RATIO + x.dry_room_humidity)
    air = m.output("dry_room_dew_point", "K", dew_point(pressure), nominal=10.0,
                   meaning="dew point of the dry room, over ice below 0 Cel")  # fmt: skip
    rotor = _rotor(p, x, outdoors, air)
    people = u.occupants * p.water_per_person
    let_in = p.infiltration * p.dry_room_area * (outdoors.water - x.dry_room_humidity)
    supplied = flow * (rotor.supply - x.dry_room_humidity)
    held = p.air_density * volume * p.moisture_buffer
    m.der(x.dry_room_humidity, (supplied + people + let_in) / held)
    control = p.dry_room_gain * p.dry_room_area * (x.dry_room_temperature - p.dry_room_setpoint)
    gains = (
        u.dry_room_heat_load
        + u.occupants * p.heat_per_person
        + p.lighting * p.dry_room_area
        + p.dry_room_loss * p.dry_room_area * (x.hall_temperature - x.dry_room_temperature)
    )
    m.der(x.dry_room_temperature,
          (gains - control) / (p.dry_room_heat_capacity * p.dry_room_area))  # fmt: skip
    process_fan = flow / p.air_density * p.process_pressure_drop / p.fan_efficiency
    other_fan = rotor.ratio * flow / p.air_density * p.regeneration_pressure_drop / p.fan_efficiency
    post = flow * AIR_HEAT * (rotor.outlet - x.dry_room_temperature) + process_fan + control
    pre, width = flow * p.make_up_share * outdoors.coil_heat, ROUNDING * flow * AIR_HEAT
    regeneration = m.output("regeneration_power", "W", flow * rotor.heat, nominal=1e4,
                            meaning="heat into the regeneration air")  # fmt: skip
    m.output("water_removal", "kg/s", flow * rotor.removed, nominal=1e-3,
             meaning="water that the rotor takes from process air")  # fmt: skip
    m.output("regeneration_ratio", "1", rotor.ratio, meaning="regeneration per process air")
    m.output("supply_humidity", "1", rotor.supply, nominal=1e-5,
             meaning="water per dry air behind the rotor")  # fmt: skip
    m.output("regeneration_exhaust_temperature", "K", rotor.exhaust, nominal=10.0,
             meaning="regeneration air behind the rotor")  # fmt: skip
    return SimpleNamespace(
        cooling=ca.fmax(pre, 0) + positive(post, width),
        heating=regeneration + ca.fmax(-pre, 0) + positive(-post, width),
        electric=process_fan + other_fan + p.lighting * p.dry_room_area,
    )


def _hall(
    m: Model, p: SimpleNamespace, u: SimpleNamespace, x: SimpleNamespace
) -> SimpleNamespace:
    """State the balance of the halls, heated or cooled outside a dead band; return loads in W."""
    flow = p.hall_air_changes * p.hall_area * p.hall_height * p.air_density
    loss = p.hall_loss * p.hall_area + flow * AIR_HEAT * (1 - p.hall_heat_recovery)
    gain = p.hall_gain * p.hall_area
    heating = gain * positive(p.hall_heating_setpoint - x.hall_temperature, ROUNDING)
    cooling = gain * positive(x.hall_temperature - p.hall_cooling_setpoint, ROUNDING)
    gains = (
        u.hall_heat_load
        + p.lighting * p.hall_area
        + loss * (u.outdoor_temperature - x.hall_temperature)
        + p.dry_room_loss * p.dry_room_area * (x.dry_room_temperature - x.hall_temperature)
    )
    m.der(x.hall_temperature, (gains + heating - cooling) / (p.hall_heat_capacity * p.hall_area))
    fan = flow / p.air_density * p.hall_pressure_drop / p.fan_efficiency
    return SimpleNamespace(
        cooling=cooling, heating=heating, electric=fan + p.lighting * p.hall_area
    )


def _meters(
    m: Model,
    p: SimpleNamespace,
    x: SimpleNamespace,
    room: SimpleNamespace,
    hall: SimpleNamespace,
    outdoors: SimpleNamespace,
) -> None:
    """State powers and their integrals."""
    room_electric = room.electric + room.cooling / outdoors.performance
    utilities = p.compressed_air_power + p.process_cooling / outdoors.performance
    hall_electric = hall.electric + hall.cooling / outdoors.performance
    m.output("chiller_performance", "1", outdoors.performance, meaning="cooling per electricity")
    m.output("dry_room_electric_power", "W", room_electric, nominal=1e4,
             meaning="electric power for the dry room")  # fmt: skip
    m.output("dry_room_thermal_power", "W", room.heating, nominal=1e4,
             meaning="heat for the dry room")  # fmt: skip
    m.output("cooling_power", "W", room.cooling + hall.cooling + p.process_cooling, nominal=1e4,
             meaning="heat that the chillers take up")  # fmt: skip
    electric = m.output("electric_power", "W", room_electric + hall_electric + utilities,
                        nominal=1e4, meaning="electric power drawn")  # fmt: skip
    thermal = m.output("thermal_power", "W", room.heating + hall.heating, nominal=1e4,
                       meaning="heat drawn from the heat network")  # fmt: skip
    m.der(x.electric_energy, electric)
    m.der(x.thermal_energy, thermal)
