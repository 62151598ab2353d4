"""Water that electrodes take up from the air of the room they lie in.

A dried electrode follows dX/dt = (X_eq - X)/tau with X_eq = reference moisture (phi/phi_ref)^n, phi
the relative humidity of the room's air. The building keeps the integral of (phi/phi_ref)^n over
time for each room, so that a lot that lay anywhere for any time takes up what the air really was:
`expose` notes where that integral stood, `absorb` reads how far it has come.

Stations call `expose` when a lot becomes dry or comes into being, and `absorb` when they take it
and its water counts. Source: PHYSICS.md 1.5, dew point times exposure; every constant is [A].
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from linetwin.line.equipment import Equipment
    from linetwin.line.lots import Lot
    from linetwin.line.surroundings import Building
    from linetwin.line.world import World

REFERENCE_HUMIDITY = 0.40
"""Relative humidity for which a station's `moisture` is the equilibrium [A]."""
SORPTION_EXPONENT = 0.5
"""Freundlich's exponent, as in the vacuum drying model [A]."""
AIR_PRESSURE_PA = 101325.0
"""Of the air in halls and dry room [A]."""
WATER_TO_AIR = 0.62198
"""Molar mass of water over that of air [V]."""
UNTOLD_AIR = {"hall": 0.36, "dry_room": 0.0049}
"""Relative humidity where a line has no building: 6 g/kg, a dew point of -40 Cel, at 22 Cel [A]."""
AIR = ("dry_room_dew_point", "dry_room_temperature", "hall_temperature")
"""What the building's model says of the air."""
CARRIED = ("moisture", "reference_moisture", "exposed_since", "humidity_exposure")
"""Properties that what is cut from a lot inherits."""


def saturation_pressure(temperature_k: float) -> float:
    """Return the vapour pressure of water [Pa], over ice below 0 Cel (Magnus, Sonntag 1990 [M])."""
    celsius = temperature_k - 273.15
    factor, offset = (22.46, 272.62) if celsius < 0 else (17.62, 243.12)
    return 611.2 * math.exp(factor * celsius / (offset + celsius))


def relative_humidities(
    building: Building, air: Mapping[str, float] | None = None
) -> dict[str, float]:
    """Return the relative humidity (0 to 1) of each room's air now.

    The dry room's dew point is the building model's; hall air holds the water of outdoor air.
    `air`: what the model says of it (AIR), where that has been read.
    """
    air = building.model.read(AIR) if air is None else air
    water = building.world.value(building.name, "outdoor_humidity")
    vapour = water * AIR_PRESSURE_PA / (WATER_TO_AIR + water)
    dry = saturation_pressure(air["dry_room_dew_point"])
    return {
        "hall": min(1.0, vapour / saturation_pressure(air["hall_temperature"])),
        "dry_room": min(1.0, dry / saturation_pressure(air["dry_room_temperature"])),
    }


def follow_air(building: Building, air: Mapping[str, float] | None = None) -> None:
    """Carry the exposure in each room to now, and hold the present air from here on.

    `air`: as in `relative_humidities`.
    `building.state.job`: `exposure` [s] and `sorption` (the integrand) by room, `air_since` [tick].
    """
    world, job = building.world, building.state.job
    begun = "exposure" in job
    job["exposure"] = {room: exposure(world, room) if begun else 0.0 for room in UNTOLD_AIR}
    job["sorption"] = {
        room: _sorption(humidity) for room, humidity in relative_humidities(building, air).items()
    }
    job["air_since"] = world.now


def exposure(world: World, room: str) -> float:
    """Return the integral of (phi/phi_ref)^n over the time since the run's start [s]."""
    if world.building is None:
        return _sorption(UNTOLD_AIR[room]) * world.now / 1000
    job = world.building.state.job
    held: float = job["sorption"][room] * (world.now - job["air_since"]) / 1000
    return float(job["exposure"][room]) + held


def balanced(world: World, lot: Lot, room: str) -> float:
    """Return the moisture of a lot in balance with the air of a room now."""
    if world.building is None:
        sorption = _sorption(UNTOLD_AIR[room])
    else:
        sorption = float(world.building.state.job["sorption"][room])
    return lot.properties["reference_moisture"] * sorption


def expose(station: Equipment, lot: Lot) -> None:
    """Note that a lot lies in the air of the station's room from now on."""
    world = station.world
    lot.properties["exposed_since"] = world.now / 1000
    lot.properties["humidity_exposure"] = exposure(world, station.config.room)


def absorb(station: Equipment, lot: Lot, room: str, uptake_time_s: float) -> None:
    """Bring a lot's moisture (a roll's property, a tray's column) to now; then expose it anew.

    `room`: where it lay since `expose`; `uptake_time_s`: time constant of its form (a wound roll
    takes days, sheets minutes). What was never exposed is left as it is.
    """
    since = lot.properties.get("exposed_since")
    if since is None:
        return
    seconds = station.world.now / 1000 - since
    if seconds > 0:
        gathered = exposure(station.world, room) - lot.properties["humidity_exposure"]
        kept = math.exp(-seconds / uptake_time_s)
        mean = gathered / seconds
        holder: dict[str, Any] = lot.columns if "moisture" in lot.columns else lot.properties
        equilibrium = holder["reference_moisture"] * mean
        holder["moisture"] = equilibrium + (holder["moisture"] - equilibrium) * kept
    expose(station, lot)


def room_of(station: Equipment, role: str) -> str:
    """Return the room in which lots wait for a role of a station: that of who gives them."""
    path = station.config.takes[role]
    givers = [
        each.config.room for each in station.world.equipment() if path in each.config.gives.values()
    ]
    return givers[0] if givers else station.config.room


def inherited(lot: Lot) -> dict[str, float]:
    """Return the moisture properties that a piece of a lot keeps."""
    return {name: lot.properties[name] for name in CARRIED if name in lot.properties}


def _sorption(humidity: float) -> float:
    return float((humidity / REFERENCE_HUMIDITY) ** SORPTION_EXPONENT)
