"""What to try, ranked by what it may bring: capacity, losses, scrap and energy.

Estimates of first order from one run, each with its formula: what-ifs to be simulated, no promise.
"""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from linetwin.results import display, started_anew
from linetwin.results.bottleneck import piled_up
from linetwin.results.critical_path import WORK
from linetwin.results.display import name as name_of
from linetwin.results.kpis import MS_PER_HOUR, Facts, Kpis, Section, kpi
from linetwin.results.kpis_limits import day_rates, prices
from linetwin.results.lever import (
    NEARLY_ALWAYS,
    SEPARATOR,
    STEP,
    Lever,
    against_loss,
    faster,
    limiting,
    mind,
    pace,
    purchase,
    quicker,
)
from linetwin.results.lever_scrap import ScrapLevers

if TYPE_CHECKING:
    from collections.abc import Iterator

_HALF = 0.5
_PATH_TOP = 5
_LEAST_S = 60.0
_WORTH = 0.002
NEARLY = 0.95
_LIMITING = 0.5
_NO_CELLS = {"mixer", "coater", "rewinder", "calender", "slitter", "notcher", "vacuum_dryer"}
_REMEDY = {
    "failed": "halve the time lost to failures",
    "micro-stop": "halve the time lost to micro-stops",
    "setting up": "halve the set-up time",
}


def levers(facts: Facts, found: Kpis) -> Section:
    """Return the levers, most valuable first, and the currency."""
    limits = found["limits"]
    if not limits:
        return {}
    rates = day_rates(facts)
    fixed, _, currency = prices(found, rates)
    paced = _capacity(facts, found, rates, fixed) if facts.steady else _time(facts, found)
    every = [*paced, *ScrapLevers(facts, found).ranked(), *_energy(facts, found)]
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
    every: dict[str, float] = found["limits"]["load"]["value"]
    loads = {name: load for name, load in every.items() if name not in piled}
    # A station that mostly waits holds nothing back, however often it was the busiest.
    if group is None or not rates["cells"] or loads.get(group, 0.0) < _LIMITING:
        return
    busy = [name for name in every if name != group and every[name] >= NEARLY * loads[group]]
    near = [name for name in busy if name not in piled]
    lead = found["order"]["lead_time"]["value"]
    later = f"; it shows at grading {display.duration(lead)} later" if lead else ""
    supply = _supply(facts, found, group) if piled else math.inf

    shares = found["limits"]["share_as_bottleneck"]["value"]

    def lever(
        what: str, why: str, saved: float, groups: list[str], setting: str, *, pays: bool = False
    ) -> Lever:
        room, second = _room(loads, groups)
        limited = limiting(shares, groups)
        wanted = 1.0 / (1.0 - saved) - 1.0
        gain = min(wanted * limited, room, supply)
        energy = None if rates["energy"] is None else gain * rates["energy"]
        money = None if energy is None or fixed is None else energy * fixed
        cells = gain * (rates["cells"] or 0.0)
        until = f", until {name_of(second)} never waits (+{display.share(room)})" if second else ""
        if supply < min(wanted * limited, room):
            until = ": what waits before it, or what the stations there could give besides"
        note = (
            f"{display.share(gain)} more good output a day{until}; the time of a piece of "
            f"work falls by {display.share(saved)}, for the {display.share(limited)} of the "
            f"window in which {'it' if len(groups) == 1 else 'one of them'} limited{later}"
        )
        bought = [each for each in (places.get(name) for name in groups) if each and pays]
        if bought:
            spent = sum(each.depreciation or 0.0 for each in bought)
            money = None if money is None else money - spent
            note += f"; {', '.join(each.told for each in bought)}, taken off the gain"
        sure = limited >= NEARLY_ALWAYS
        return Lever(what, why, note, cells, energy, money, setting=setting, at_most=sure)

    times = found["iso_steady"]["time_shares"]["value"]
    saved = {name: _saved(facts, times[name], every[name], name) for name in [group, *near]}
    words = {name: pace(facts, name) for name in [group, *near]}
    places = {name: purchase(facts, name) for name in [group, *near]}
    yield lever(
        quicker(facts, [group]),
        f"it limits, at work for {display.share(loads[group])} of its planned time"
        + _hardly_waiting(busy, piled)
        + mind(facts, group, stay=False),
        saved[group], [group], words[group][1], pays=True,
    )  # fmt: skip
    if near:
        yield lever(
            quicker(facts, [group, *near]),
            "none of them has slack: one alone brings no more than the others can take",
            min(saved.values()), [group, *near],
            SEPARATOR.join(filter(None, (words[each][1] for each in [group, *near]))),
            pays=True,
        )  # fmt: skip
    for loss, remedy in _REMEDY.items():
        if times[group].get(loss, 0.0) > _WORTH:
            yield lever(
                f"{remedy} of {name_of(group)}",
                f"{display.share(times[group][loss])} of its planned time",
                _HALF * times[group][loss] / loads[group],
                [group],
                against_loss(facts, group, loss),
            )


def _hardly_waiting(busy: list[str], piled: set[str]) -> str:
    """Name the groups that hardly wait either: how much more they could give is not known."""
    said = ", ".join(
        name_of(name) + (" (work piles up behind it)" if name in piled else "") for name in busy
    )
    return f"; hardly waiting either: {said}" if said else ""


def _saved(facts: Facts, shares: dict[str, float], load: float, group: str) -> float:
    """Return by which share the time of a piece of work falls if its pace is a tenth higher.

    Set-up and failures take as long as before.
    """
    return (1.0 - pace(facts, group)[2]) * shares.get("working", 0.0) / load


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
    """Return how much more the line gives until the next group never waits, and which that is."""
    others = {name: load for name, load in loads.items() if name not in groups and load > 0}
    if not others:
        return 1.0, ""
    second = max(others, key=lambda name: others[name])
    return max(0.0, 1 / others[second] - 1), second


def _energy(facts: Facts, found: Kpis) -> Iterator[Lever]:
    """A tenth of what the largest users draw, or of what is drawn while idle."""
    energy, days = found["energy"], (facts.end - facts.begin) / 86_400_000
    groups = energy.get("energy_by_group", {}).get("value") or {}
    total = sum(sum(carriers.values()) for carriers in groups.values())
    spent = (found["cost"].get("cost", {}).get("value") or {}).get("energy")
    if not total or not days:
        return
    price = None if spent is None else spent / total
    sums = {group: sum(carriers.values()) for group, carriers in groups.items()}
    for group in sorted(sums, key=lambda name: -sums[name])[:2]:
        joule = STEP * sums[group] / days
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
    """In an order: a tenth more pace where the critical path spends most time at work."""
    fixed = found["cost"].get("fixed_cost_per_day", {}).get("value")
    if reserve := started_anew.lever(facts, found):
        yield reserve
    path = facts.path
    bounds = []
    for group in path.at_work:
        words, setting, factor = pace(facts, group, stay=True)
        bounds.append((path.sooner(group, factor), group, words, setting, factor))
    bounds.sort(reverse=True)
    times = path.times()
    for sooner, group, words, setting, factor in bounds[:_PATH_TOP]:
        if sooner < _LEAST_S:
            continue
        work = sum(times[group].get(name, 0.0) for name in WORK)
        direct = times[group].get("working", 0.0) * (1 - factor)
        night = sooner - direct
        formula = f"{display.duration(direct)} less work on the path"
        if night > _LEAST_S:
            formula += f", and {display.duration(night)} less waiting for a shift behind it"
        elif night < -_LEAST_S:
            formula += f", of which {display.duration(-night)} go into waiting for a shift"
        yield Lever(
            f"{faster(facts, group)}{words}",
            f"{display.duration(work)} at work on the way to the last grade{mind(facts, group)}",
            f"{formula}; in money: people, capital and rooms for that time, spread over the days "
            "of the order",
            money_per_day=None
            if fixed is None
            else fixed * sooner / ((facts.end - facts.begin) / 1000),
            sooner=sooner,
            setting=setting,
            at_most=True,
        )
