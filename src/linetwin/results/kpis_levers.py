"""What to try, ranked by what it may bring: capacity, losses, scrap and energy.

Estimates of first order from one run, each with its formula: what-ifs to be simulated, no promise.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from linetwin.results.kpis import Facts, Kpis, Section, kpi
from linetwin.results.kpis_limits import day_rates, prices

if TYPE_CHECKING:
    from collections.abc import Iterator

_STEP = 0.1
_HALF = 0.5
_TOP = 3
_WORTH = 0.002
# What sets the pace of a kind of station: quantity, and whether more of it is faster.
_PACE: dict[str, tuple[str, bool]] = {
    "mixer": ("dispersing_time", False),
    "coater": ("web_speed", True),
    "rewinder": ("web_speed", True),
    "calender": ("web_speed", True),
    "slitter": ("web_speed", True),
    "notcher": ("web_speed", True),
    "vacuum_dryer": ("process_time", False),
    "stacker": ("sheet_cycle_time", False),
    "soak": ("soak_time", False),
    "formation": ("parallel_places", True),
    "ageing": ("ageing_time", False),
}
_REMEDY = {
    "failed": "halve the time lost to failures",
    "micro-stop": "halve the time lost to micro-stops",
    "setting up": "halve the set-up time",
}


@dataclass(frozen=True)
class Lever:
    """One thing to try; effects a day, None where they cannot be told. `setting`: ADDRESS=VALUE."""

    what: str
    why: str
    formula: str
    cells_per_day: float | None = None
    energy_per_day: float | None = None
    money_per_day: float | None = None
    sooner: float | None = None
    setting: str = ""


def levers(facts: Facts, found: Kpis) -> Section:
    """Return the levers, most valuable first, and the currency."""
    limits = found["limits"]
    if not limits:
        return {}
    rates = day_rates(facts)
    worth = prices(found, rates)
    every = [
        *_capacity(facts, found, rates, worth[0]),
        *_scrap(found, worth[2]),
        *_energy(facts, found),
    ]
    if not facts.steady:
        every += _time(facts, found)
    every.sort(key=_rank)
    return {
        "ranked": kpi(
            [asdict(lever) for lever in every],
            worth[2],
            "what to try, by money a day (else by time, then by good energy a day): estimates of "
            "first order from this run, to be checked by a what-if; cells_per_day 1/d, "
            "energy_per_day J/d, money_per_day in the currency, sooner s",
        )
    }


def _rank(lever: Lever) -> tuple[float, float, float]:
    return -(lever.money_per_day or 0.0), -(lever.sooner or 0.0), -(lever.energy_per_day or 0.0)


def _capacity(
    facts: Facts, found: Kpis, rates: dict[str, float | None], fixed: float | None
) -> Iterator[Lever]:
    """Pace and losses at the bottleneck; more of it helps up to the next station's load only."""
    group = found["limits"]["bottleneck"]["value"]
    loads = found["limits"]["load"]["value"]
    if group is None or not rates["cells"] or not loads.get(group):
        return
    room, second = _room(facts, found, group)
    until = f", until {second} limits (+{room:.0%})" if second else ""

    def lever(what: str, why: str, gain: float, formula: str, setting: str = "") -> Lever:
        gain = min(gain, room)
        energy = None if rates["energy"] is None else gain * rates["energy"]
        money = None if energy is None or fixed is None else energy * fixed
        cells = gain * (rates["cells"] or 0.0)
        note = f"good output a day x {gain:.1%}{until}; {formula}"
        return Lever(what, why, note, cells, energy, money, None, setting)

    pace, setting = _setting(facts, group)
    yield lever(
        f"make {group} 10 % faster{pace}",
        f"it limits, at work for {loads[group]:.0%} of its planned time",
        _STEP,
        "a tenth more pace gives a tenth more output",
        setting,
    )
    section = found["iso_steady"] if facts.steady else found["iso"]
    shares = section["time_shares"]["value"][group]
    working = shares.get("working") or 1.0
    for loss, remedy in _REMEDY.items():
        if shares.get(loss, 0.0) > _WORTH:
            yield lever(
                f"{remedy} of {group}",
                f"{shares[loss]:.1%} of its planned time",
                _HALF * shares[loss] / working,
                "half of the lost share over the share at work",
            )


def _setting(facts: Facts, group: str) -> tuple[str, str]:
    """Return words and ADDRESS=VALUE for a tenth more pace; empty where no one quantity sets it."""
    kind = facts.plan.kind(group)
    quantity, faster = _PACE.get(kind, ("cycle_time", False))
    station = facts.plan.members.get(group, [group])[0]
    parameter = (facts.plan.stations.get(station, {}).get("parameters") or {}).get(quantity)
    if not parameter or not isinstance(parameter["value"], (int, float)):
        return "", ""
    value = parameter["value"] * (1 + _STEP) if faster else parameter["value"] / (1 + _STEP)
    unit = "" if parameter["unit"] == "1" else f" {parameter['unit']}"
    shown = round(value) if quantity == "parallel_places" else float(f"{value:.4g}")
    return f" ({quantity.replace('_', ' ')})", f"{group}.{quantity}={shown:g}{unit}"


def _room(facts: Facts, found: Kpis, group: str) -> tuple[float, str]:
    """Return how much more the line gives until the next group limits, and which that is."""
    if facts.steady:
        loads: dict[str, float] = found["limits"]["load"]["value"]
    else:
        loads = {}
        for station, time in found["stations"]["time_needed"]["value"].items():
            family = facts.plan.family(station)
            loads[family] = max(time, loads.get(family, 0.0))
    others = {name: load for name, load in loads.items() if name != group and load > 0}
    if not others or not loads.get(group):
        return 1.0, ""
    second = max(others, key=lambda name: others[name])
    return max(0.0, loads[group] / others[second] - 1), second


def _scrap(found: Kpis, currency: str) -> Iterator[Lever]:
    """Half of each of the dearest reasons of scrap."""
    values = found["cost"].get("scrap_value", {}).get("value") or {}
    days = found["order"]["duration"]["value"] / 86_400
    dear = [(v, place, why) for place, reasons in values.items() for why, v in reasons.items()]
    for value, place, reason in sorted(dear, reverse=True)[:_TOP]:
        if value > 0 and days:
            yield Lever(
                f"halve the scrap for {reason} at {place}",
                f"{value / days:,.0f} {currency} a day at the value added so far",
                "half of the value scrapped a day",
                money_per_day=_HALF * value / days,
            )


def _energy(facts: Facts, found: Kpis) -> Iterator[Lever]:
    """A tenth of what the largest users draw, or of what is drawn while idle."""
    energy, days = found["energy"], facts.end / 86_400_000
    groups = energy.get("energy_by_group", {}).get("value") or {}
    total = sum(sum(carriers.values()) for carriers in groups.values())
    spent = (found["cost"].get("cost", {}).get("value") or {}).get("energy")
    if not total or not days:
        return
    price = None if spent is None else spent / total
    sums = {group: sum(carriers.values()) for group, carriers in groups.items()}
    for group in sorted(sums, key=lambda name: -sums[name])[:2]:
        joule = _STEP * sums[group] / days
        yield Lever(
            f"use 10 % less energy in {group}",
            f"{sums[group] / total:.0%} of all energy bought",
            "a tenth of what it used a day x mean price of energy",
            money_per_day=None if price is None else joule * price,
        )
    idle: dict[str, Any] = energy.get("idle_energy_per_good_energy", {}).get("value") or {}
    good = energy["good_energy"]["value"] or 0.0
    for group in sorted(idle, key=lambda name: -idle[name])[:1]:
        joule = _HALF * idle[group] * good / days
        yield Lever(
            f"set {group} back while nothing is made in it (half of what it draws then)",
            f"{idle[group] * good / total:.0%} of all energy bought, drawn while idle",
            "half of the energy drawn while idle a day x mean price of energy",
            money_per_day=None if price is None else joule * price,
        )


def _time(facts: Facts, found: Kpis) -> Iterator[Lever]:
    """In an order: a tenth less of the longest stretches on the way of the last cell."""
    went: dict[str, float] = found["order"]["time_of_last_cell"]["value"] or {}
    fixed = found["cost"].get("fixed_cost_per_day", {}).get("value")
    stations = [name for name in went if name in facts.plan.stations and went[name] > 0]
    for station in sorted(stations, key=lambda name: -went[name])[:2]:
        sooner = went[station] * _STEP / (1 + _STEP)
        pace, setting = _setting(facts, facts.plan.family(station))
        if not setting or facts.plan.kind(station) == "formation":
            continue
        money = None if fixed is None else fixed * sooner / (facts.end / 1000)
        yield Lever(
            f"shorten the stay in {station} by a tenth{pace}",
            "the last cell spent the longest stretch of its way there",
            "time of the last cell there / 11; in money: people, capital and rooms for that time, "
            "a day of the order",
            money_per_day=money,
            sooner=sooner,
            setting=setting,
        )
