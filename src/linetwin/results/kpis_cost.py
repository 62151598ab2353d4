"""Key figures of money and of CO2: cost per good kWh, scrap at the value added, emissions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from linetwin.results.costs import CONSUMED, J_PER_KWH, Costs, PriceList, price_list
from linetwin.results.kpis import Facts, Section, kpi
from linetwin.results.kpis_energy import good_energy_between
from linetwin.results.meters import purchases
from linetwin.results.value import GOOD, OUTCOMES, ValueFlow, by_size

if TYPE_CHECKING:
    from linetwin.results.meters import Meters

MS_PER_DAY = 86_400_000
FIXED = ("operators", "technicians", "depreciation", "maintenance", "floor")
_MATERIALS = "materials: in cells, scrapped and lost, recovered solvent taken off"
_SCOPE = (
    "counted: electricity by use (scope 2), gas by use (scope 1), materials from cradle to gate "
    "(scope 3, upstream), recovered solvent not bought again. Not counted: buildings and machines, "
    "transport, waste treatment, the cell's use and its end of life"
)


def cost(facts: Facts) -> Section:
    """Return costs per good energy, the value of scrap, and CO2; a note where there are no prices.

    Money is in the currency of the price table, named in `prices`.
    """
    prices = price_list(facts)
    if prices is None:
        return {"prices": kpi(None, "", "the scenario names no table of prices (prices: FILE)")}
    meters = facts.meters
    whole = Costs(facts, prices, meters, facts.begin, facts.end)
    good = facts.good_energy_j
    section = {
        "prices": kpi(
            {key: prices.content[key] for key in ("name", "date", "currency")},
            "",
            "table of prices and emission factors; every entry is an assumption to be replaced",
        ),
        **_per_energy(whole, good),
        **_steady(facts, prices, meters, good),
        **_scrap(whole),
        **_emissions(facts, prices, meters, good),
    }
    section["not_priced"] = kpi(
        list(prices.missing), "", "what has no entry in the table and so counts as nothing"
    )
    return section


def _per_energy(costs: Costs, good: float | None) -> Section:
    unit, kwh = costs.prices.currency, (good or 0.0) / J_PER_KWH
    parts = costs.categories
    per = {name: amount / kwh for name, amount in parts.items()} if kwh else None
    days = (costs.last - costs.first) / MS_PER_DAY
    fixed = sum(parts.get(name, 0.0) for name in FIXED)
    return {
        "cost": kpi(
            parts, unit, f"cost of the whole run by category; {_MATERIALS}; people and capital by "
            "the calendar, worked or not"
        ),
        "cost_per_good_energy": kpi(
            sum(parts.values()) / kwh if kwh else None,
            f"{unit}/kWh",
            "cost of the whole run over the energy of its good cells",
        ),
        "cost_per_good_energy_by_category": kpi(
            per, f"{unit}/kWh", f"the same by category; {_MATERIALS}"
        ),
        "cost_of_materials": kpi(costs.materials, unit, _MATERIALS),
        "fixed_cost_per_day": kpi(
            fixed / days if days else None,
            f"{unit}/d",
            "people, depreciation, maintenance and floor: what a day costs, whatever is made",
        ),
    }  # fmt: skip


def _steady(facts: Facts, prices: PriceList, meters: Meters, good: float | None) -> Section:
    """Return the cost per good energy in the steady window."""
    first, last = facts.window or (0, 0)
    held = good_energy_between(facts, first, last)
    value = None
    if held and good:
        costs = Costs(facts, prices, meters, first, last)
        kwh, share = held / J_PER_KWH, held / good
        parts = {**costs.categories, "materials": sum(costs.materials.values()) * share}
        value = {name: amount / kwh for name, amount in parts.items()}
    meaning = (
        "over the steady window: energy, people and capital of the window over the good cells "
        "graded in it; materials as in the whole run, where they are known by what became of them"
    )
    unit = f"{prices.currency}/kWh"
    return {
        "cost_per_good_energy_steady": kpi(sum(value.values()) if value else None, unit, meaning),
        "cost_per_good_energy_steady_by_category": kpi(value, unit, meaning),
    }


def _scrap(costs: Costs) -> Section:
    flow, unit = ValueFlow(costs), costs.prices.currency
    days = (costs.last - costs.first) / MS_PER_DAY
    scrap, whole = flow.total("scrap"), sum(costs.categories.values())
    formula = (
        "materials in it at their price, and the conversion cost (energy, people, capital, rooms) "
        "of every station it had passed, put to what each processed by its active material"
    )
    return {
        "scrap_value": kpi(
            flow.scrap,
            unit,
            f"scrap at the value added so far, by station or group and reason: {formula}",
        ),
        "scrap_value_per_day": kpi(
            scrap / days if days else None,
            f"{unit}/d",
            f"scrap at the value added so far: {formula}",
        ),
        "scrap_value_share": kpi(
            scrap / whole if whole else None, "1", "value of scrap over the cost of the run"
        ),
        "value_by_outcome": kpi(
            {name: flow.total(name) for name in OUTCOMES} | {"unused stations": flow.unused},
            unit,
            "value of good cells, scrap, losses and of what is in process at the end, whose "
            "materials are not in the cost of the run",
        ),
        "value_balance": kpi(
            _balance(flow),
            unit,
            "what there was and came in (stock at the begin, materials drawn less what was "
            "recovered, conversion cost) is what became of it (good cells, scrap, losses, stock at "
            "the end, stations that stood unused); stock at the value added that it would have had "
            "in this run",
        ),
        "conversion_cost": kpi(
            by_size(_families(costs)),
            unit,
            "conversion cost by station or group; rooms and common costs by their own costs",
        ),
    }


def _balance(flow: ValueFlow) -> dict[str, dict[str, float]]:
    """Return both sides of the run's money, which sum to the same."""
    return {
        "in": {
            "stock at the begin": flow.opening_stock,
            "materials drawn": flow.drawn,
            "conversion": sum(flow.costs.conversion.values()),
        },
        "out": {
            "good cells": flow.total(GOOD),
            "scrap": flow.total("scrap"),
            "losses": flow.total("lost"),
            "stock at the end": flow.total("in_process"),
            "unused stations": flow.unused,
        },
    }


def _families(costs: Costs) -> dict[str, float]:
    """Return conversion costs with machines of one group added up."""
    found: dict[str, float] = {}
    for station, amount in costs.conversion.items():
        family = costs.facts.plan.family(station)
        found[family] = found.get(family, 0.0) + amount
    return found


def _emissions(facts: Facts, prices: PriceList, meters: Meters, good: float | None) -> Section:
    found: dict[str, float] = {}
    for bought in purchases(facts, meters, facts.begin, facts.end):
        carrier = "gas" if bought.carrier == "fuel" else "electricity"
        amount = bought.joule / J_PER_KWH * prices.asked("energy", carrier, "emission")
        found[carrier] = found.get(carrier, 0.0) + amount
    booked = facts.ledger[facts.ledger["account"] == "material"]
    sums = booked[booked["entry"].isin(CONSUMED)].groupby("item", sort=False)["amount"].sum()
    for item, consumed in sums.items():
        amount = float(consumed) * prices.asked("materials", str(item), "emission")
        found[str(item)] = found.get(str(item), 0.0) + amount
    kwh = (good or 0.0) / J_PER_KWH
    ordered = by_size(found)
    return {
        "emissions": kpi(ordered, "kg", f"CO2 equivalents of the whole run by source; {_SCOPE}"),
        "emissions_per_good_energy": kpi(
            sum(found.values()) / kwh if kwh else None,
            "kg/kWh",
            f"CO2 equivalents per good kWh; {_SCOPE}",
        ),
        "emissions_per_good_energy_by_source": kpi(
            {name: amount / kwh for name, amount in ordered.items()} if kwh else None,
            "kg/kWh",
            "the same by source",
        ),
    }
