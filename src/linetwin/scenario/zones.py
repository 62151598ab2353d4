"""Zones of a dryer in addresses: `cathode.coater.evaporated_solvent@1` is of the first zone."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from linetwin.scenario.problems import Place, Problems
    from linetwin.scenario.resolved import StationConfig

AT = "@"
"""What stands before the number of a zone, from 1."""
ZONED = "evaporated_solvent"
"""The quantity that lots have of each zone: it is read of one zone, not of a lot as a whole."""


def in_zone(quantity: str, zone: int) -> str:
    """Return how a quantity of a zone is called; 0: of no zone."""
    return f"{quantity}{AT}{zone}" if zone else quantity


def read_zone(
    written: str, station: StationConfig | None, place: Place, problems: Problems
) -> tuple[str, int]:
    """Return quantity and zone, 0 without; what is wrong is noted.

    `station`: where it is, None where that is not known.
    """
    quantity, at, number = written.partition(AT)
    zones = zones_of(station) if station is not None else 0
    allowed = f"{quantity}{AT}1 to {quantity}{AT}{zones}" if zones else "a dryer has zones"
    if not at:
        if quantity == ZONED:
            problems.add(place, f"of which zone is {quantity}?", allowed)
        return quantity, 0
    if not number.isdecimal() or not 1 <= int(number) <= zones:
        problems.add(place, f"there is no zone '{number}'", allowed)
        return quantity, 0
    return quantity, int(number)


def zones_of(station: StationConfig) -> int:
    """Return how many zones the dryer of a station has."""
    temperatures = station.parameters.get("zone_temperatures")
    row = temperatures.value if temperatures is not None else ()
    return len(row) if isinstance(row, list | tuple) else 0
