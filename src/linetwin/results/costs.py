"""What a span of a run cost: materials, energy, people, capital, floor; by category and station.

Prices are those of the scenario's price table, held in the resolved scenario. Time-dependent costs
(people, depreciation, maintenance, floor) run by the calendar whether something is made or not.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from linetwin.results.meters import BUILDING, DRY_ROOM, UTILITIES, building_parameter, purchases

if TYPE_CHECKING:
    from linetwin.results.kpis import Facts
    from linetwin.results.meters import Meters

J_PER_KWH = 3.6e6
MS_PER_YEAR = 8760 * 3_600_000
CONSUMED = ("cells", "scrap", "lost")
"""Entries of the ledger that were consumed: what was recovered or lies in the line was not."""
_FLOORS = {"hall": "hall_area", "dry_room": "dry_room_area"}


@dataclass(frozen=True)
class PriceList:
    """The price table of a run; `missing` collects what was asked for and has no price."""

    content: dict[str, Any]
    missing: dict[str, None] = field(default_factory=dict)

    @property
    def currency(self) -> str:
        """The code of the currency."""
        return str(self.content["currency"])

    def number(self, section: str, name: str, what: str = "price") -> float | None:
        """Return a price or factor in its section's unit; None where the table has none."""
        value = ((self.content.get(section) or {}).get(name) or {}).get(what) or {}
        return None if value.get("value") is None else float(value["value"])

    def asked(self, section: str, name: str, what: str = "price") -> float:
        """Return a price or factor; 0, and a note of what is missing, where there is none."""
        found = self.number(section, name, what)
        if found is None:
            self.missing[f"{section}.{name}.{what}"] = None
        return found or 0.0

    def per_place(self, name: str) -> bool:
        """Say whether equipment is priced for one place."""
        value = ((self.content.get("equipment") or {}).get(name) or {}).get("price") or {}
        return str(value.get("unit", "")).endswith("/place")


def price_list(facts: Facts) -> PriceList | None:
    """Return the prices of a run's scenario; None where it names none."""
    content = facts.plan.content.get("prices")
    return PriceList(content) if content else None


@dataclass(frozen=True)
class Costs:
    """Costs between two ticks, in the currency of the prices."""

    facts: Facts
    prices: PriceList
    meters: Meters
    first: int
    last: int

    @property
    def years(self) -> float:
        """The span in years of 8,760 h."""
        return (self.last - self.first) / MS_PER_YEAR

    @cached_property
    def materials(self) -> dict[str, float]:
        """Material -> cost of what the whole run consumed: in cells, scrapped, lost."""
        booked = self.facts.ledger[self.facts.ledger["account"] == "material"]
        sums = booked[booked["entry"].isin(CONSUMED)].groupby("item", sort=False)["amount"].sum()
        return {
            str(item): float(amount) * self.prices.asked("materials", str(item))
            for item, amount in sums.items()
        }

    @cached_property
    def energy(self) -> dict[str, float]:
        """Owner (a station, `dry room`, `halls and utilities`) -> cost of the energy bought."""
        found: dict[str, float] = {}
        for bought in purchases(self.facts, self.meters, self.first, self.last):
            carrier = "gas" if bought.carrier == "fuel" else "electricity"
            cost = bought.joule / J_PER_KWH * self.prices.asked("energy", carrier)
            found[bought.owner] = found.get(bought.owner, 0.0) + cost
        return found

    @cached_property
    def operators(self) -> dict[str, float]:
        """Station -> cost of its operators while its calendar is open."""
        plan, hours = self.facts.plan, (self.last - self.first) / 3.6e6
        found = {}
        for station in plan.stations:
            people = plan.number(station, "operators")
            if people:
                rate = self.prices.asked("labour", "operator")
                found[station] = people * plan.staffed_share(station) * hours * rate
        return found

    @cached_property
    def technicians(self) -> float:
        """Cost of the crews while their calendars are open."""
        content, hours = self.facts.plan.content, (self.last - self.first) / 3.6e6
        cost = 0.0
        for crew in (content.get("crews") or {}).values():
            spans = (content.get("calendars") or {}).get(crew["calendar"])
            share = 1.0
            if isinstance(spans, list):
                share = sum(span["until"] - span["from"] for span in spans) / (7 * 24 * 3600)
            cost += crew["size"] * share * hours * self.prices.asked("labour", "technician")
        return cost

    @cached_property
    def invested(self) -> dict[str, float]:
        """Station, or `building` -> investment, where the table prices its path, group or kind."""
        plan, found = self.facts.plan, {}
        for station, config in plan.stations.items():
            names = [station, str(config.get("group") or station), str(config.get("kind"))]
            known = [n for n in names if self.prices.number("equipment", n) is not None]
            if not known:
                self.prices.missing[f"equipment.{names[-1]}.price"] = None
                continue
            places = plan.number(station, "parallel_places") or 1.0
            each = places if self.prices.per_place(known[0]) else 1.0
            found[station] = each * self.prices.asked("equipment", known[0])
        if plan.content.get(BUILDING):
            found[BUILDING] = self.prices.asked("equipment", BUILDING)
        return found

    @cached_property
    def depreciation(self) -> dict[str, float]:
        """Station, or `building` -> straight-line depreciation over the span."""
        lasting = self.prices.number("capital", "depreciation_time", "value")
        if not lasting:
            return {}
        return {name: cost * self.years / lasting for name, cost in self.invested.items()}

    @cached_property
    def maintenance(self) -> dict[str, float]:
        """Station, or `building` -> parts and service over the span."""
        share = self.prices.number("capital", "maintenance", "value") or 0.0
        return {name: cost * self.years * share for name, cost in self.invested.items() if share}

    @cached_property
    def floor(self) -> dict[str, float]:
        """Room -> cost of its floor over the span."""
        found = {}
        for room, parameter in _FLOORS.items():
            area, price = (
                building_parameter(self.facts, parameter),
                self.prices.number("floor", room),
            )
            if area is not None and price is not None:
                found[room] = area * price * self.years
        return found

    @cached_property
    def categories(self) -> dict[str, float]:
        """Category -> cost; materials of the whole run, the rest over the span."""
        parts = {
            "materials": sum(self.materials.values()),
            "energy": sum(self.energy.values()),
            "operators": sum(self.operators.values()),
            "technicians": self.technicians,
            "depreciation": sum(self.depreciation.values()),
            "maintenance": sum(self.maintenance.values()),
            "floor": sum(self.floor.values()),
        }
        return {name: cost for name, cost in parts.items() if cost}

    @cached_property
    def conversion(self) -> dict[str, float]:
        """Station -> conversion cost: its own, and its share of rooms and common costs.

        Energy and floor of the dry room go to the stations in it, all other common costs to all
        stations, in proportion to their own costs.
        """
        room = self.energy.get(DRY_ROOM, 0.0) + self.floor.get("dry_room", 0.0)
        common = self.energy.get(UTILITIES, 0.0) + self.floor.get("hall", 0.0) + self.technicians
        common += self.depreciation.get(BUILDING, 0.0) + self.maintenance.get(BUILDING, 0.0)
        return {
            station: cost + room * self.shares[station][0] + common * self.shares[station][1]
            for station, cost in self._own.items()
        }

    @cached_property
    def shares(self) -> dict[str, tuple[float, float]]:
        """Station -> its shares of what the dry room costs, and of common costs."""
        stations = self.facts.plan.stations
        dry = [s for s, config in stations.items() if config.get("room") == "dry_room"]
        found = {station: [0.0, 0.0] for station in stations}
        for which, members in enumerate((dry or list(stations), list(stations))):
            whole = sum(self._own[name] for name in members)
            for name in members:
                found[name][which] = self._own[name] / whole if whole else 1 / len(members)
        return {station: (room, common) for station, (room, common) in found.items()}

    @cached_property
    def _own(self) -> dict[str, float]:
        """Station -> what is booked on it alone."""
        own = dict.fromkeys(self.facts.plan.stations, 0.0)
        for part in (self.energy, self.operators, self.depreciation, self.maintenance):
            for name in own.keys() & part.keys():
                own[name] += part[name]
        return own
