"""Key figures of energy and of material: what went in, and where it went."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from linetwin.results.anchors import compared
from linetwin.results.kpis import Facts, Section, kpi
from linetwin.results.meters import (
    BUILDING,
    DRY_ROOM,
    Meters,
    boiler_efficiency,
    by_group,
    group_of,
    purchases,
    union,
)
from linetwin.results.recovery import dryer_heat_recovered
from linetwin.results.rows import Rows
from linetwin.results.timeline import within

if TYPE_CHECKING:
    import pandas as pd

_ALL = (
    "Allocation: all energy of the run, idle hours and the building included, over the energy of "
    "the good cells"
)
_BOUGHT = (
    "energy bought, by group of stations and carrier: electricity, fuel (heat over the boiler's "
    "efficiency), and electricity for cooling water and compressed air put to those who took them"
)
_STEADY = (
    "over the steady window: counters of all stations, over the energy of the good cells graded in "
    "it"
)


def energy(facts: Facts) -> Section:
    """Return energy by station, group and carrier, per good energy, and beside what is printed."""
    used = facts.ledger[facts.ledger["account"] == "energy"]
    total = float(used["amount"].sum())
    good = facts.good_energy_j
    by_station = _by(used, "station", "item")
    building = float(used.loc[used["entry"].isin(["building", "boiler"]), "amount"].sum())
    section = {
        "good_energy": kpi(
            good, "J", "energy of the discharge that measures capacity, summed over good cells"
        ),
        "energy_used": kpi(
            total, "J", "electricity and heat used in the run, boiler loss included"
        ),
        "energy_by_station": kpi(by_station, "J", "energy used, by station and carrier"),
        "energy_by_entry": kpi(
            _by(used, "entry", "item"), "J", "energy used by machines, building, boiler loss"
        ),
        "energy_per_good_energy": kpi(
            total / good if good else None, "1", f"kWh per good kWh. {_ALL}"
        ),
        "energy_per_good_energy_by_station": kpi(
            {
                station: {carrier: amount / good for carrier, amount in carriers.items()}
                for station, carriers in by_station.items()
            }
            if good
            else None,
            "1",
            f"kWh per good kWh, by station and carrier. {_ALL}",
        ),
        "building_share": kpi(
            building / total if total else None,
            "1",
            "share of the building (dry room, halls, utilities, boiler loss)",
        ),
    }
    return section | _bottom_up(facts, good)


def _bottom_up(facts: Facts, good: float | None) -> Section:
    """Return what was bought for what, in the run and in the steady window, and the anchors."""
    meters = facts.meters
    bought = purchases(facts, meters, facts.begin, facts.end)
    idle = _idle(facts, meters, facts.begin, facts.end)
    first, last = facts.window or (0, 0)
    held = good_energy_between(facts, first, last)
    steady = purchases(facts, meters, first, last) if held else []
    steady_idle = _idle(facts, meters, first, last) if held else {}
    groups = by_group(bought, 1 / good) if good else {}
    steady_groups = by_group(steady, 1 / held) if held else {}
    per_idle = {name: joule / good for name, joule in idle.items()} if good else {}
    steady_per_idle = {name: joule / held for name, joule in steady_idle.items()} if held else {}
    # The window of an order that starts empty holds none of the work before: no figure of a line.
    compared_in_window = bool(held) and facts.steady
    in_window = ((first, last), held, steady_groups, steady_per_idle)
    whole = (facts.begin, facts.end)
    span, basis, own, own_idle = (
        in_window if compared_in_window else (whole, good or 0.0, groups, per_idle)
    )
    saved = dryer_heat_recovered(facts, *span) / boiler_efficiency(facts)
    saved = saved / basis if basis else 0.0
    return {
        "energy_by_group": kpi(by_group(bought), "J", _BOUGHT),
        "energy_per_good_energy_by_group": kpi(
            groups or None, "1", f"kWh per good kWh; {_BOUGHT}. {_ALL}"
        ),
        "energy_per_good_energy_steady": kpi(
            sum(purchase.joule for purchase in steady) / held if held else None,
            "1",
            f"kWh per good kWh {_STEADY}",
        ),
        "energy_per_good_energy_steady_by_group": kpi(
            steady_groups or None, "1", f"kWh per good kWh {_STEADY}; {_BOUGHT}"
        ),
        "idle_energy_per_good_energy": kpi(
            per_idle or None, "1", f"kWh per good kWh {_IDLE}. {_ALL}"
        ),
        "idle_energy_per_good_energy_steady": kpi(
            steady_per_idle or None, "1", f"kWh per good kWh {_IDLE}, {_STEADY}"
        ),
        "dry_room_by_work": kpi(
            _dry_room(facts, meters, facts.end),
            "J",
            "bought for the dry room over the run, by what its stations did; closed chambers: only "
            "vacuum dryers were at work, whose rolls do not see the room's air",
        ),
        "dryer_recovery_per_good_energy": kpi(
            saved or None,
            "1",
            "fuel in kWh per good kWh that dryers would need without their heat recovery, on top; "
            "in the steady window of a line that is judged by one",
        ),
        "anchors": kpi(
            compared(own, own_idle, saved) if groups else None,
            "1",
            "published figures of plants in steady production beside the run's own, "
            + ("over its window" if compared_in_window else _ORDER)
            + "; nothing is fitted to them. A gap of 0 lies within the printed range",
        ),
    }


_ORDER = (
    "over the whole run: an order that starts empty also pays for the days in which the line fills "
    "and runs out, so compare a week of a filled line (pilot_week)"
)
_IDLE = (
    "drawn without anything being made: the dry room while no station in it is at work (a chamber "
    "whose lots are all finished and wait for room is not), dryers and other stations of a group "
    "while they wait or are set up; within the totals, not on top"
)


def _idle(facts: Facts, meters: Meters, first: int, last: int) -> dict[str, float]:
    """Return what was bought while idle, by group [J]; utilities' electricity left out."""
    efficiency = boiler_efficiency(facts)
    found: dict[str, float] = {}
    names = [(BUILDING, DRY_ROOM, "dry_room_electric_energy", "dry_room_thermal_energy")]
    names += [
        (station, group_of(facts, station), "electric_energy", "thermal_energy")
        for station in meters.readings
        if station in facts.plan.stations
    ]
    for station, group, electric, thermal in names:
        at = _in_dry_room(facts) if station == BUILDING else {station}
        busy = union(_executing(facts, at, first, last))
        for counter, share in ((electric, 1.0), (thermal, 1 / efficiency)):
            drawn = meters.drawn(station, counter, first, last)
            idle = drawn - meters.drawn_in(station, counter, busy)
            found[group] = found.get(group, 0.0) + max(0.0, idle) * share
    order = sorted(found, key=lambda name: -found[name])
    return {name: found[name] for name in order if found[name] > 0}


def _in_dry_room(facts: Facts) -> set[str]:
    return {s for s, config in facts.plan.stations.items() if config.get("room") == "dry_room"}


def _dry_room(facts: Facts, meters: Meters, last: int) -> dict[str, float]:
    """Return what was bought for the dry room [J] in three parts of the time that sum to it."""
    dry = _in_dry_room(facts)
    chambers = {s for s in dry if facts.plan.kind(s) == "vacuum_dryer"}
    whole = Rows({"start": np.array([0]), "end": np.array([last])})
    within_room, any_at_work, all_time = (
        _bought_for_room(facts, meters, part)
        for part in (*(_executing(facts, at, 0, last) for at in (dry - chambers, dry)), whole)
    )
    return {
        "at work": within_room,
        "only closed chambers at work": max(0.0, any_at_work - within_room),
        "idle": max(0.0, all_time - any_at_work),
    }


def _executing(facts: Facts, stations: set[str], first: int, last: int) -> Rows:
    """Return when one of these stations was in Execute between two ticks."""
    none = Rows(dict.fromkeys(("start", "end"), np.zeros(0, np.int64)))
    parts = [none]
    for name in sorted(stations & facts.spans_at.keys()):
        spans = within(facts.spans_at[name], first, last)
        parts.append(spans[spans["state"] == "Execute"])
    edges = {name: np.concatenate([part[name] for part in parts]) for name in ("start", "end")}
    return Rows(edges)


def _bought_for_room(facts: Facts, meters: Meters, spans: Rows) -> float:
    """Return electricity and fuel for the dry room [J] in the time that `spans` cover."""
    covered = union(spans)
    electric = meters.drawn_in(BUILDING, "dry_room_electric_energy", covered)
    heat = meters.drawn_in(BUILDING, "dry_room_thermal_energy", covered)
    return electric + heat / boiler_efficiency(facts)


def good_energy_between(facts: Facts, first: int, last: int) -> float:
    """Return the energy of the good cells graded between two ticks [J]; 0 where not known."""
    if "discharge_energy" not in facts.good or last <= first:
        return 0.0
    ended = facts.good["ended"]
    cells = facts.good[(ended > first) & (ended <= last)]
    return float(cells["discharge_energy"].sum())


def _by(used: pd.DataFrame, first: str, second: str) -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = {}
    for (outer, inner), amount in used.groupby([first, second], sort=False)["amount"].sum().items():
        found.setdefault(str(outer), {})[str(inner)] = float(amount)
    order = sorted(found, key=lambda name: -sum(found[name].values()))
    return {name: found[name] for name in order}


def materials(facts: Facts) -> Section:
    """Return the balance of each material: in = cells + scrap + lost + recovered + in_process."""
    booked = facts.ledger[facts.ledger["account"] == "material"]
    section: Section = {}
    for item, rows in booked.groupby("item", sort=False):
        sums = {str(k): float(v) for k, v in rows.groupby("entry")["amount"].sum().items()}
        inside = sums.pop("in", 0.0) + sums.pop("stock", 0.0)
        entries = ("cells", "scrap", "lost", "recovered", "in_process")
        where = {entry: sums.get(entry, 0.0) for entry in entries}
        error = inside - sum(where.values())
        relative = error / inside if inside else error
        entry = kpi(
            {"in": inside, **where, "relative_error": relative},
            str(rows["unit"].iloc[0]),
            f"{item}: what was taken from stock and where it is; relative_error is a share of it",
        )
        section[str(item)] = {**entry, "units": {"relative_error": "1"}}
    return section
