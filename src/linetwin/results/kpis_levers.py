"""What to try, ranked by what it may bring: capacity, losses, scrap and energy.

Estimates of first order from one run, each with its formula: what-ifs to be simulated, no promise.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from linetwin.results import display
from linetwin.results.bottleneck import piled_up
from linetwin.results.display import name as name_of
from linetwin.results.kpis import MS_PER_HOUR, Facts, Kpis, Section, kpi
from linetwin.results.kpis_limits import day_rates, prices

if TYPE_CHECKING:
    from collections.abc import Iterator

_STEP = 0.1
_HALF = 0.5
_TOP = 3
_WORTH = 0.002
_WHOLE = 10
SEPARATOR = "; "
"""Between the settings of one lever."""
NEARLY = 0.95
_LIMITING = 0.5
_PACE_FORMULA = "a tenth more pace gives a tenth more output"
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
_NO_CELLS = {"mixer", "coater", "rewinder", "calender", "slitter", "notcher", "vacuum_dryer"}
_REMEDY = {
    "failed": "halve the time lost to failures",
    "micro-stop": "halve the time lost to micro-stops",
    "setting up": "halve the set-up time",
}


@dataclass(frozen=True)
class Lever:
    """One thing to try; effects a day, None where they cannot be told.

    `setting`: ADDRESS=VALUE, several parted by SEPARATOR, "" where no one quantity does it.
    `at_most`: the effects are bounds, for other stations may hold the gain up.
    """

    what: str
    why: str
    formula: str
    cells_per_day: float | None = None
    energy_per_day: float | None = None
    money_per_day: float | None = None
    sooner: float | None = None
    setting: str = ""
    at_most: bool = False


def levers(facts: Facts, found: Kpis) -> Section:
    """Return the levers, most valuable first, and the currency."""
    limits = found["limits"]
    if not limits:
        return {}
    rates = day_rates(facts)
    fixed, _, currency = prices(found, rates)
    pace = _capacity(facts, found, rates, fixed) if facts.steady else _time(facts, found)
    every = [*pace, *_scrap(found, currency), *_energy(facts, found)]
    every.sort(key=_rank)
    return {
        "ranked": kpi(
            [asdict(lever) for lever in every],
            currency,
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
    piled = piled_up(facts, facts.window or (0, facts.end))
    # Where work piles up behind a group, more of it only makes the pile larger.
    loads = {n: v for n, v in found["limits"]["load"]["value"].items() if n not in piled}
    # A station that mostly waits holds nothing back, however often it was the busiest.
    if group is None or not rates["cells"] or loads.get(group, 0.0) < _LIMITING:
        return
    near = [name for name in loads if name != group and loads[name] >= NEARLY * loads[group]]
    supply = _supply(facts, found, group) if piled else math.inf

    def lever(what: str, why: str, wanted: float, groups: list[str], *, formula: str) -> Lever:
        room, second = _room(loads, groups)
        gain = min(wanted, room, supply)
        energy = None if rates["energy"] is None else gain * rates["energy"]
        money = None if energy is None or fixed is None else energy * fixed
        cells = gain * (rates["cells"] or 0.0)
        until = f", until {name_of(second)} limits (+{display.share(room)})" if second else ""
        if supply < min(wanted, room):
            until = ": what waits before it, or what the stations there could give besides"
        note = f"{display.share(gain)} more good output a day{until}; {formula}"
        setting = SEPARATOR.join(filter(None, (_setting(facts, each)[1] for each in groups)))
        alone = setting if formula == _PACE_FORMULA else ""
        return Lever(
            what, why, note, cells, energy, money, setting=alone, at_most=supply < math.inf
        )

    pace, _ = _setting(facts, group)
    yield lever(
        f"make {name_of(group)} 10 % faster{pace}",
        f"it limits, at work for {display.share(loads[group])} of its planned time",
        _STEP, [group], formula=_PACE_FORMULA,
    )  # fmt: skip
    if near:
        named = ", ".join(name_of(name) for name in near)
        yield lever(
            f"make {name_of(group)} 10 % faster together with {named}",
            "none of them has slack: one alone brings little",
            _STEP, [group, *near], formula=_PACE_FORMULA,
        )  # fmt: skip
    section = found["iso_steady"]
    shares = section["time_shares"]["value"][group]
    working = shares.get("working") or 1.0
    for loss, remedy in _REMEDY.items():
        if shares.get(loss, 0.0) > _WORTH:
            yield lever(
                f"{remedy} of {name_of(group)}",
                f"{display.share(shares[loss])} of its planned time",
                _HALF * shares[loss] / working,
                [group],
                formula="half of the lost share over the share at work",
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
    unit = str(parameter.get("unit", "1"))
    whole = unit == "1" and value > _WHOLE
    said = str(round(value)) if whole else display.parameter(float(f"{value:.4g}"), unit, quantity)
    return f" ({name_of(quantity)})", f"{group}.{quantity}={said}"


def _supply(facts: Facts, found: Kpis, group: str) -> float:
    """Return the greatest share by which what comes to a group of cell stations may grow.

    The larger of two: what the stations before it could give had they never been blocked, over
    what it gives; and the trays that lie before it, over what it gives in the window. Webs are
    counted in metres and left out. Infinite for a group that takes no cells.
    """
    iso, plan = found["iso_steady"], facts.plan
    given, shares = iso["throughput_rate"]["value"], iso["time_shares"]["value"]
    own: float = given.get(group) or 0.0
    sources = {
        str(buffer)
        for station in plan.members.get(group, [group])
        for buffer in (plan.stations.get(station, {}).get("takes") or {}).values()
    }
    before = [
        name
        for name, behind in plan.behind.items()
        if name != group and sources & behind and plan.kind(name) not in _NO_CELLS
    ]
    if not own or not before:
        return math.inf
    able: float = min((given.get(n) or 0.0) / max(1e-9, 1 - shares[n]["blocked"]) for n in before)
    lying = set().union(*(plan.behind[name] for name in before)) - plan.behind[group]
    levels: list[float] = [
        found["buffers"][path]["value"]["mean"] for path in lying if path in found["buffers"]
    ]
    events = facts.events
    taken = events["station"].isin(plan.members[group]) & (events["event"] == "take")
    tray = float(events.loc[taken, "amount"].median()) if taken.any() else 0.0
    first, last = facts.window or (0, facts.end)
    return max(able / own - 1, sum(levels) * tray / (own * (last - first) / MS_PER_HOUR))


def _room(loads: dict[str, float], groups: list[str]) -> tuple[float, str]:
    """Return how much more the line gives until the next group limits, and which that is."""
    others = {name: load for name, load in loads.items() if name not in groups and load > 0}
    if not others:
        return 1.0, ""
    second = max(others, key=lambda name: others[name])
    return max(0.0, loads[groups[0]] / others[second] - 1), second


def _scrap(found: Kpis, currency: str) -> Iterator[Lever]:
    """Half of each of the dearest reasons of scrap."""
    values = found["cost"].get("scrap_value", {}).get("value") or {}
    days = found["order"]["duration"]["value"] / 86_400
    dear = [(v, place, why) for place, reasons in values.items() for why, v in reasons.items()]
    for value, place, reason in sorted(dear, reverse=True)[:_TOP]:
        if value > 0 and days:
            yield Lever(
                f"halve the scrap for {reason} (found at {name_of(place)})",
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
            f"use 10 % less energy in {name_of(group)}",
            f"{display.share(sums[group] / total)} of all energy bought",
            "a tenth of what it used a day x mean price of energy",
            money_per_day=None if price is None else joule * price,
        )
    idle: dict[str, Any] = energy.get("idle_energy_per_good_energy", {}).get("value") or {}
    good = energy["good_energy"]["value"] or 0.0
    for group in sorted(idle, key=lambda name: -idle[name])[:1]:
        joule = _HALF * idle[group] * good / days
        yield Lever(
            f"set {name_of(group)} back while nothing is made in it (half of what it draws then)",
            f"{display.share(idle[group] * good / total)} of all energy bought, drawn while idle",
            "half of the energy drawn while idle a day x mean price of energy",
            money_per_day=None if price is None else joule * price,
        )


def _time(facts: Facts, found: Kpis) -> Iterator[Lever]:
    """In an order: a tenth less of the longest stretches on the way of the last cell."""
    went: dict[str, float] = found["order"]["time_of_last_cell"]["value"] or {}
    fixed = found["cost"].get("fixed_cost_per_day", {}).get("value")
    pace = found["stations"]["bottleneck"]["value"]
    needed = found["stations"]["time_needed"]["value"].get(pace, 0.0)
    stretches = [
        (name, time, "the last cell spent the longest stretches of its way there")
        for name, time in sorted(went.items(), key=lambda entry: -entry[1])[:_TOP]
        if name in facts.plan.stations and facts.plan.kind(name) != "formation"
    ]
    if needed:
        stretches.append(
            (pace, needed, "it has most work to do; waiting elsewhere eats of the gain")
        )
    for station, time, why in stretches:
        sooner = time * _STEP / (1 + _STEP)
        words, setting = _setting(facts, facts.plan.family(station))
        if sooner:
            yield Lever(
                f"make {name_of(station)} a tenth faster{words}",
                why,
                f"{time / 3600:.3g} h / 11 sooner; in money: people, capital and rooms for that "
                "time, spread over the days of the order",
                money_per_day=None if fixed is None else fixed * sooner / (facts.end / 1000),
                sooner=sooner,
                setting=setting,
                at_most=station not in went,
            )
