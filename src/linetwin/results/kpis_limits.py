"""What limits the line, and what one point of OEE or of yield is worth there."""

from __future__ import annotations

from typing import Any

from linetwin.results import bottleneck
from linetwin.results.critical_path import WORK
from linetwin.results.display import name as name_of
from linetwin.results.kpis import Facts, Kpis, Section, kpi
from linetwin.results.kpis_energy import good_energy_between
from linetwin.results.kpis_window import DAY_MS, with_units

POINT = 0.01
_STEADY = (
    "the group of stations that was the momentary bottleneck (longest uninterrupted active "
    "period) for most of the window, of those behind which no work piles up: no buffer behind it, "
    "at any distance, was full (98 % or more) for most of the window; of several that never wait "
    "the last in the flow"
)
_ORDER = (
    "an order that starts empty has no steady state: the group with most time at work on the "
    "critical path, followed back from the last grade. Nothing off this path makes the order end "
    "sooner"
)


def limits(facts: Facts, found: Kpis) -> Section:
    """Return the bottleneck, the shares of time as such, and the value of a point there."""
    if facts.spans.empty:
        return {}
    period = facts.window if facts.steady and facts.window else (0, facts.end)
    periods = (
        bottleneck.able_to_limit(facts, period)
        if facts.steady
        else bottleneck.active_periods(facts)
    )
    shares = bottleneck.shifting(periods, period) if period[1] > period[0] else {}
    name = next(iter(shares), None) if facts.steady else _pace(facts, found)
    rates = day_rates(facts)
    return {
        "basis": kpi("steady" if facts.steady else "order", "", "what the run is judged by"),
        "bottleneck": kpi(name, "", _STEADY if facts.steady else _ORDER),
        "share_as_bottleneck": kpi(
            shares,
            "1",
            "share of the window (of the run where it starts empty) as the sole momentary "
            "bottleneck, and while it shifted to or from another (active-period method)",
        ),
        "load": kpi(
            load(facts, found),
            "1",
            "share of planned time not spent waiting; of a station that holds many lots, the share "
            "of its places taken by lots that are not due yet",
        ),
        "good_cells_per_day": kpi(rates["cells"], "1/d", "good cells a day in the window, or run"),
        "good_energy_per_day": kpi(
            rates["energy"], "J/d", "energy of good cells a day in the window, or run"
        ),
        "planned_energy_per_day": kpi(
            facts.plan.planned_energy_per_day, "J/d", "plan of the scenario"
        ),
        "share_of_plan": kpi(_of_plan(facts, rates["energy"]), "1", "good energy over the plan"),
        **_points(facts, found, name, rates),
    }


def _pace(facts: Facts, found: Kpis) -> str | None:
    """Return the group with most time at work on the critical path; else who needs most time."""
    work = facts.path.at_work
    if any(work.values()):
        return next(iter(work))
    station = found["stations"]["bottleneck"]["value"]
    return None if station is None else facts.plan.family(station)


def day_rates(facts: Facts) -> dict[str, float | None]:
    """Return good cells and their energy [J] a day: in the window of a steady run, else overall."""
    first, last = facts.window if facts.steady and facts.window else (0, facts.end)
    if last <= first:
        return {"cells": None, "energy": None}
    ended = facts.good["ended"]
    cells = int(((ended > first) & (ended <= last)).sum())
    days = (last - first) / DAY_MS
    energy = good_energy_between(facts, first, last) if facts.good_energy_j else None
    return {"cells": cells / days, "energy": None if energy is None else energy / days}


def load(facts: Facts, found: Kpis) -> dict[str, float]:
    """Return group -> share of its planned time in which it did not wait, in the judged period."""
    section = found["iso_steady"] if facts.steady else found["iso"]
    if not section:
        return {}
    shares: dict[str, dict[str, float]] = section["time_shares"]["value"]
    return {
        group: sum(part for name, part in each.items() if name not in {"starved", "blocked"})
        for group, each in shares.items()
    }


def _of_plan(facts: Facts, energy: float | None) -> float | None:
    planned = facts.plan.planned_energy_per_day
    return energy / planned if planned and energy is not None else None


def _points(
    facts: Facts, found: Kpis, group: str | None, rates: dict[str, float | None]
) -> Section:
    section = found["iso_steady"] if facts.steady else found["iso"]
    if group is None or not section or not rates["cells"]:
        return {}
    oee = section["oee"]["value"].get(group)
    good = section["quality_ratio"]["value"].get(group)
    fixed, full, currency = prices(found, rates)
    unit = currency or "no prices are named"
    section = {}
    if not facts.steady:
        section = _sooner(facts, found)
    elif oee:
        section["value_of_oee_point"] = kpi(
            _worth(POINT / oee, rates, fixed),
            "",
            f"one point of OEE more at {name_of(group)}: good output a day x 0.01 / OEE "
            f"({oee:.3f}), as long as no other station limits; in money: the more good kWh share "
            f"the same people, capital and rooms, output gained x fixed cost per good kWh ({unit})",
        )
    if good and facts.steady:
        section["value_of_yield_point"] = kpi(
            _worth(POINT / good, rates, full),
            "",
            f"one point of yield, won or lost, at {name_of(group)}: good output a day x 0.01 / "
            f"yield ({good:.3f}); "
            "in money: what was already spent on it, output gained x cost of a good kWh "
            f"({unit})",
        )
    money = f"{currency}/d" if currency else ""
    units = {"cells_per_day": "1/d", "energy_per_day": "J/d", "money_per_day": money}
    units |= {"machine": "", "sooner": "s", "money_per_order": currency}
    return {name: with_units(entry, units) for name, entry in section.items()}


def _sooner(facts: Facts, found: Kpis) -> Section:
    """Return what a point of OEE brings an order: time, and the people and capital of that time.

    At the machine with most time at work on the critical path: a planned stay in a store is no
    shorter where its places are better used.
    """
    machine = next((name for name in facts.path.at_work if not _holds_many(facts, name)), None)
    oee = found["iso"]["oee"]["value"].get(machine)
    if machine is None or not oee:
        return {}
    sooner = facts.path.sooner(machine, oee / (oee + POINT), WORK)
    fixed = found["cost"].get("fixed_cost_per_day", {}).get("value")
    worth = {
        "machine": machine,
        "sooner": sooner,
        "money_per_order": None if fixed is None else fixed * sooner / 86_400,
    }
    meaning = (
        f"one point of OEE more at {name_of(machine)} (OEE {oee:.3f}), of the machines that work "
        "on one thing at a time the one with most time at work on the critical path: at most what "
        "the path ends sooner if that time takes OEE / (OEE + 0.01) of itself and all else as long "
        "as it did, shifts counted; in money: fixed cost of that time"
    )
    return {"value_of_oee_point": kpi(worth, "", meaning)}


def _holds_many(facts: Facts, group: str) -> bool:
    station = facts.plan.members.get(group, [group])[0]
    return (facts.plan.number(station, "parallel_places") or 1) > 1


def prices(found: Kpis, rates: dict[str, float | None]) -> tuple[float | None, float | None, str]:
    """Return the fixed and the full cost of a good joule, and the currency; None without prices."""
    cost = found["cost"]
    if "cost_per_good_energy" not in cost:
        return None, None, ""
    per_day = cost["fixed_cost_per_day"]["value"]
    currency = str(cost["fixed_cost_per_day"]["unit"]).split("/", maxsplit=1)[0]
    fixed = per_day / rates["energy"] if per_day is not None and rates["energy"] else None
    steady = cost.get("cost_per_good_energy_steady", {}).get("value")
    full = steady or cost["cost_per_good_energy"]["value"]
    return fixed, None if full is None else full / 3.6e6, currency


def _worth(share: float, rates: dict[str, float | None], per_joule: float | None) -> dict[str, Any]:
    """Return cells, energy [J] and money a day for a share more of good output."""
    energy = None if rates["energy"] is None else share * rates["energy"]
    return {
        "cells_per_day": share * (rates["cells"] or 0.0),
        "energy_per_day": energy,
        "money_per_day": None if energy is None or per_joule is None else energy * per_joule,
    }
