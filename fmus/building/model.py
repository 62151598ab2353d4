"""Dry room with a desiccant rotor, halls and utilities: temperatures, dew point and energy.

Equations, sources and what is uncertain: README.md beside this file.
"""

from __future__ import annotations

from types import SimpleNamespace

import casadi as ca
from building.air import (
    AIR_HEAT,
    MASS_RATIO,
    dew_point,
    enthalpy,
    humidity,
    vapour_pressure,
)
from building.parameters import INPUTS, PARAMETERS
from tables import declare_inputs, declare_parameters

from linetwin.authoring import Model

ROUNDING = 0.05  # K [A] width over which a control starts to act, so that powers are smooth


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
    p = SimpleNamespace(**declare_parameters(m, PARAMETERS))
    u = SimpleNamespace(**declare_inputs(m, INPUTS))
    x = _states(m)
    outdoors = _outdoors(p, u)
    room = _dry_room(m, p, u, x, outdoors)
    hall = _hall(m, p, u, x)
    _meters(m, x, room, hall, _utilities(m, p, u, outdoors))
    return m


def _states(m: Model) -> SimpleNamespace:
    """Declare temperatures, humidity, the two meters and their parts."""
    rows = {
        "dry_room_temperature": ("K", 295.15, 10.0, "air of the dry room"),
        "hall_temperature": ("K", 294.15, 10.0, "air of the halls"),
        "dry_room_humidity": ("1", 5e-5, 1e-4, "water per dry air in the dry room"),
        "electric_energy": ("J", 0.0, 1e9, "electric energy drawn since the start"),
        "thermal_energy": ("J", 0.0, 1e9, "heat drawn since the start"),
        "dry_room_electric_energy": ("J", 0.0, 1e9, "of it, for the dry room"),
        "dry_room_thermal_energy": ("J", 0.0, 1e9, "of the heat, for the dry room"),
        "chiller_energy": ("J", 0.0, 1e9, "of it, for cooling water of machines"),
        "compressor_energy": ("J", 0.0, 1e9, "of it, for compressed air"),
    }
    return SimpleNamespace(**{
        name: m.state(name, unit, start=start, nominal=nominal, minimum=0.0, meaning=meaning)
        for name, (unit, start, nominal, meaning) in rows.items()
    })  # fmt: skip


def _outdoors(p: SimpleNamespace, u: SimpleNamespace) -> SimpleNamespace:
    """Return what depends on the weather alone: constant during a step, so it may have kinks."""
    saturated = humidity(vapour_pressure(u.outdoor_temperature), p.air_pressure)
    water = ca.fmin(u.outdoor_humidity, saturated)
    condensation = ca.fmax(u.outdoor_temperature + p.chiller_approach, p.chiller_least_condensation)
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
    relative = outdoors.pressure / vapour_pressure(p.regeneration_temperature)
    balanced = vapour_pressure(cold) * relative ** (p.regeneration_temperature / cold)
    least = vapour_pressure(p.least_supply_dew_point)
    floor = humidity(ca.fmax(balanced, least), p.air_pressure)
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
        heat=ratio * AIR_HEAT * (p.regeneration_temperature - outdoors.temperature - recovered),
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


def _hall(m: Model, p: SimpleNamespace, u: SimpleNamespace, x: SimpleNamespace) -> SimpleNamespace:
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


def _utilities(
    m: Model, p: SimpleNamespace, u: SimpleNamespace, outdoors: SimpleNamespace
) -> SimpleNamespace:
    """Return what cooling water and compressed air of machines take, and the chillers' share."""
    water = p.process_cooling + u.process_cooling_load
    air = p.compressed_air_power + u.compressed_air_flow * p.compressed_air_work
    m.output("chiller_performance", "1", outdoors.performance, meaning="cooling per electricity")
    chillers = m.output("chiller_power", "W", water / outdoors.performance, nominal=1e4,
                        meaning="chillers for cooling water of machines")  # fmt: skip
    compressors = m.output("compressor_power", "W", air, nominal=1e4,
                           meaning="air compressors")  # fmt: skip
    return SimpleNamespace(
        water=water, chillers=chillers, compressors=compressors, performance=outdoors.performance
    )


def _meters(
    m: Model,
    x: SimpleNamespace,
    room: SimpleNamespace,
    hall: SimpleNamespace,
    utilities: SimpleNamespace,
) -> None:
    """State powers and their integrals."""
    room_electric = room.electric + room.cooling / utilities.performance
    hall_electric = hall.electric + hall.cooling / utilities.performance
    room_electric = m.output("dry_room_electric_power", "W", room_electric, nominal=1e4,
                             meaning="electric power for the dry room")  # fmt: skip
    room_thermal = m.output("dry_room_thermal_power", "W", room.heating, nominal=1e4,
                            meaning="heat for the dry room")  # fmt: skip
    m.output("cooling_power", "W", room.cooling + hall.cooling + utilities.water, nominal=1e4,
             meaning="heat that the chillers take up")  # fmt: skip
    both = utilities.chillers + utilities.compressors
    electric = m.output("electric_power", "W", room_electric + hall_electric + both,
                        nominal=1e4, meaning="electric power drawn")  # fmt: skip
    thermal = m.output("thermal_power", "W", room.heating + hall.heating, nominal=1e4,
                       meaning="heat drawn from the heat network")  # fmt: skip
    m.der(x.electric_energy, electric)
    m.der(x.thermal_energy, thermal)
    m.der(x.dry_room_electric_energy, room_electric)
    m.der(x.dry_room_thermal_energy, room_thermal)
    m.der(x.chiller_energy, utilities.chillers)
    m.der(x.compressor_energy, utilities.compressors)
