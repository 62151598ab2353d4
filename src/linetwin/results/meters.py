"""What was bought for what: electricity and fuel by station, building part and purpose.

Heat of the stations and of the building is made of fuel at the boiler's efficiency. Electricity of
the chillers for cooling water, and of the compressors, is put to the stations by the cooling and
the air that they took. So every joule bought stands once.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from linetwin.results.rows import Rows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from linetwin.results.kpis import Facts

BUILDING = "building"
CARRIERS = ("electricity", "fuel", "cooling water", "compressed air")
"""`fuel` [J of heating value]; the last two are electricity of chillers and compressors."""
COUNTERS = (
    "electric_energy",
    "thermal_energy",
    "cooling_energy",
    "compressed_air_volume",
    "dry_room_electric_energy",
    "dry_room_thermal_energy",
    "chiller_energy",
    "compressor_energy",
)
DRY_ROOM, UTILITIES = "dry room", "halls and utilities"
GROUPS = {
    "mixer": "mixing",
    "coater": "{electrode} coating and drying",
    "calender": "calendering",
    **dict.fromkeys(
        (
            "rewinder",
            "slitter",
            "notcher",
            "vacuum_dryer",
            "stacker",
            "tab_welder",
            "cell_inspection",
            "pouch_former",
            "filler",
            "soak",
            "degasser",
        ),
        "slitting to filling",
    ),
    **dict.fromkeys(
        ("pre_charge", "formation", "ocv_test", "ageing", "grading", "binning"),
        "formation, ageing, test",
    ),
}
"""Kind of station -> group of the energy table; the groups of PHYSICS.md 1.9."""


@dataclass(frozen=True)
class Meters:
    """Readings of all counters: ticks and values by station and counter, where there are any."""

    readings: dict[str, dict[str, tuple[np.ndarray, np.ndarray]]] = field(default_factory=dict)

    def over(self, station: str, counter: str, ticks: np.ndarray) -> np.ndarray:
        """Return a station's counter at `ticks`; between two recorded instants a straight line."""
        read = self.readings.get(station, {}).get(counter)
        return np.zeros(len(ticks)) if read is None else np.interp(ticks, *read)

    def drawn(self, station: str, counter: str, first: int, last: int) -> float:
        """Return what a counter rose by between two ticks."""
        start, end = self.over(station, counter, np.array([first, last], dtype=np.float64))
        return float(end - start)

    def drawn_in(self, station: str, counter: str, spans: Rows) -> float:
        """Return what a counter rose by in intervals with columns start and end."""
        starts = self.over(station, counter, spans["start"].astype(np.float64))
        ends = self.over(station, counter, spans["end"].astype(np.float64))
        return float((ends - starts).sum())


@dataclass(frozen=True)
class Purchase:
    """Energy bought for one purpose: `owner` is a station, `dry room` or `halls and utilities`."""

    owner: str
    group: str
    carrier: str
    joule: float


def read_meters(facts: Facts) -> Meters:
    """Read the counters of all stations; without those that a run has not recorded."""
    recorded = set(facts.run.columns("signals"))
    counters = [name for name in COUNTERS if name in recorded]
    table = facts.run.objects("signals", ["tick", "station", *counters])
    known = table[table[counters].notna().any(axis=1)] if counters else table.iloc[:0]
    readings: dict[str, dict[str, tuple[np.ndarray, np.ndarray]]] = {}
    for station, rows in Rows.of(known).by("station").items():
        # Most stations have few of the counters: what is kept is what was read.
        own, ticks = readings.setdefault(station, {}), rows["tick"].astype(np.float64)
        for counter in counters:
            there = ~np.isnan(rows[counter])
            if there.all():
                own[counter] = ticks, rows[counter].copy()
            elif there.any():
                own[counter] = ticks[there], rows[counter][there]
    return Meters(readings)


def group_of(facts: Facts, station: str) -> str:
    """Return the group of the energy table to which a station belongs."""
    kind = str(facts.plan.stations.get(station, {}).get("kind") or "")
    return GROUPS.get(kind, "other stations").format(electrode=station.partition(".")[0])


def boiler_efficiency(facts: Facts) -> float:
    """Return heat delivered over energy of the fuel; 1 where the run states none."""
    parameters = (facts.plan.content.get(BUILDING) or {}).get("parameters") or {}
    return float((parameters.get("boiler_efficiency") or {}).get("value") or 1.0)


def purchases(facts: Facts, meters: Meters, first: int, last: int) -> list[Purchase]:
    """Return what was bought between two ticks; the sum is the site's consumption."""
    stations = [name for name in meters.readings if name != BUILDING]
    efficiency = boiler_efficiency(facts)

    def drawn(station: str, counter: str) -> float:
        return meters.drawn(station, counter, first, last)

    found: list[Purchase] = []
    for name in stations:
        group = group_of(facts, name)
        found.append(Purchase(name, group, "electricity", drawn(name, "electric_energy")))
        fuel = drawn(name, "thermal_energy") / efficiency
        found.append(Purchase(name, group, "fuel", fuel))
    utilities = 0.0
    seconds = (last - first) / 1000
    for carrier, supply, taken, base in (
        ("cooling water", "chiller_energy", "cooling_energy", _base_cooling(facts)),
        ("compressed air", "compressor_energy", "compressed_air_volume", _base_air(facts)),
    ):
        bought = drawn(BUILDING, supply)
        utilities += bought
        amounts = {name: drawn(name, taken) for name in stations}
        amounts[UTILITIES] = base * seconds
        found.extend(_shared(facts, carrier, bought, amounts))
    room = drawn(BUILDING, "dry_room_electric_energy")
    warm = drawn(BUILDING, "dry_room_thermal_energy")
    halls = drawn(BUILDING, "electric_energy") - room - utilities
    heated = drawn(BUILDING, "thermal_energy") - warm
    found.append(Purchase(DRY_ROOM, DRY_ROOM, "electricity", room))
    found.append(Purchase(DRY_ROOM, DRY_ROOM, "fuel", warm / efficiency))
    found.append(Purchase(UTILITIES, UTILITIES, "electricity", halls))
    found.append(Purchase(UTILITIES, UTILITIES, "fuel", heated / efficiency))
    return [purchase for purchase in found if purchase.joule]


def _shared(
    facts: Facts, carrier: str, bought: float, amounts: dict[str, float]
) -> Iterator[Purchase]:
    """Put the electricity of a utility to those who took of it."""
    total = sum(amounts.values())
    for name, amount in amounts.items():
        group = UTILITIES if name == UTILITIES else group_of(facts, name)
        yield Purchase(name, group, carrier, bought * amount / total if total else 0.0)
    if not total:
        yield Purchase(UTILITIES, UTILITIES, carrier, bought)


def building_parameter(facts: Facts, name: str) -> float | None:
    """Return a parameter of the building's model: the line's, else the model's own."""
    content = facts.plan.content
    process = ((content.get(BUILDING) or {}).get("processes") or {}).get(BUILDING) or {}
    own = (content.get("models") or {}).get(str(process.get("model"))) or {}
    for holder in (process, own):
        value = ((holder.get("parameters") or {}).get(name) or {}).get("value")
        if isinstance(value, (int, float)):
            return float(value)
    return None


def _base_cooling(facts: Facts) -> float:
    """Return the heat that cooling water takes up from no station of the line [W]."""
    return building_parameter(facts, "process_cooling") or 0.0


def _base_air(facts: Facts) -> float:
    """Return the compressed air that no station of the line draws, leaks of the net [m3/s]."""
    power = building_parameter(facts, "compressed_air_power") or 0.0
    work = building_parameter(facts, "compressed_air_work")
    return power / work if work else 0.0


def by_group(bought: list[Purchase], scale: float = 1.0) -> dict[str, dict[str, float]]:
    """Return group -> carrier -> energy bought, times `scale`; the largest group first."""
    found: dict[str, dict[str, float]] = {}
    for purchase in bought:
        row = found.setdefault(purchase.group, {})
        row[purchase.carrier] = row.get(purchase.carrier, 0.0) + purchase.joule * scale
    order = sorted(found, key=lambda name: -sum(found[name].values()))
    return {name: found[name] for name in order}


def union(spans: Rows) -> Rows:
    """Return disjoint intervals that cover the same time as `spans`."""
    starts, ends = spans["start"], spans["end"]
    if not len(starts):
        return spans
    order = np.argsort(starts)
    starts, reach = starts[order], np.maximum.accumulate(ends[order])
    fresh = np.concatenate([[True], starts[1:] > reach[:-1]])
    # what is reached only grows: the last of each is the farthest
    return Rows({"start": starts[fresh], "end": reach[np.append(fresh[1:], True)]})
