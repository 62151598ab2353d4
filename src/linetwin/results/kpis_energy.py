"""Key figures of energy and of material: what went in, and where it went."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from linetwin.results.kpis import Facts, Section, kpi

if TYPE_CHECKING:
    import pandas as pd

COUNTERS = {"electricity": "electric_energy", "heat": "thermal_energy"}
_ALL = (
    "Allocation: all energy of the run, idle hours and the building included, over the energy of "
    "the good cells"
)


def energy(facts: Facts) -> Section:
    """Return energy by station and carrier, and per energy of good cells."""
    used = facts.ledger[facts.ledger["account"] == "energy"]
    total = float(used["amount"].sum())
    good = facts.good_energy_j
    per_good = total / good if good else None
    by_station = _by(used, "station", "item")
    by_entry = _by(used, "entry", "item")
    building = float(used.loc[used["entry"] == "building", "amount"].sum())
    steady = _steady(facts)
    return {
        "good_energy": kpi(
            good, "J", "energy of the discharge that measures capacity, summed over good cells"
        ),
        "energy_used": kpi(total, "J", "electricity and heat used in the run"),
        "energy_by_station": kpi(by_station, "J", "energy used, by station and carrier"),
        "energy_by_entry": kpi(by_entry, "J", "energy used by machines, process and building"),
        "energy_per_good_energy": kpi(per_good, "1", f"kWh per good kWh. {_ALL}"),
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
            building / total if total else None, "1", "share of the building (dry room, halls)"
        ),
        "energy_per_good_energy_steady": kpi(
            steady,
            "1",
            "kWh per good kWh while the middle half of the cells was graded: counters of all "
            "stations over that window, over the energy of the good cells graded in it",
        ),
    }


def _by(used: pd.DataFrame, first: str, second: str) -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = {}
    for (outer, inner), amount in used.groupby([first, second], sort=False)["amount"].sum().items():
        found.setdefault(str(outer), {})[str(inner)] = float(amount)
    order = sorted(found, key=lambda name: -sum(found[name].values()))
    return {name: found[name] for name in order}


def _steady(facts: Facts) -> float | None:
    """Energy counted in the window of the graded cells over what those cells hold."""
    counters = [name for name in COUNTERS.values() if name in facts.signals]
    if facts.window is None or not counters or "discharge_energy" not in facts.good:
        return None
    first, last = facts.window
    used = 0.0
    for _, signals in facts.signals.groupby("station", sort=False):
        for name in counters:
            known = signals[signals[name].notna()]
            if len(known):
                at = np.interp([first, last], known["tick"], known[name])
                used += float(at[1] - at[0])
    ended = facts.good["ended"]
    cells = facts.good[(ended > first) & (ended <= last)]
    held = float(cells["discharge_energy"].sum())
    return used / held if held else None


def materials(facts: Facts) -> Section:
    """Return the balance of each material: in = cells + scrap + lost + in_process."""
    booked = facts.ledger[facts.ledger["account"] == "material"]
    section: Section = {}
    for item, rows in booked.groupby("item", sort=False):
        sums = {str(k): float(v) for k, v in rows.groupby("entry")["amount"].sum().items()}
        inside = sums.pop("in", 0.0)
        where = {entry: sums.get(entry, 0.0) for entry in ("cells", "scrap", "lost", "in_process")}
        error = inside - sum(where.values())
        relative = error / inside if inside else error
        section[str(item)] = kpi(
            {"in": inside, **where, "relative_error": relative},
            str(rows["unit"].iloc[0]),
            f"{item}: what was taken from stock and where it is; relative_error is 1",
        )
    return section
