"""The energy section of the report: what is bought for what, idle, emitted, and the anchors."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from linetwin.results import display
from linetwin.results.report_tables import table

if TYPE_CHECKING:
    from linetwin.results.kpis import Kpis

CARRIERS = ("electricity", "fuel", "cooling water", "compressed air")


def by_group(found: Kpis) -> str:
    """Return what each group of stations took by carrier, per good kWh, and while idle."""
    of = {name: entry["value"] for name, entry in found["energy"].items()}
    groups: dict[str, dict[str, float]] = of["energy_by_group"] or {}
    total = sum(sum(carriers.values()) for carriers in groups.values())
    if not total:
        return ""
    per = of["energy_per_good_energy_by_group"] or {}
    steady = of["energy_per_good_energy_steady_by_group"] or {}
    idle = of["idle_energy_per_good_energy"] or {}
    rows = [
        [
            name,
            *(_kwh(carriers.get(carrier)) for carrier in CARRIERS),
            display.share(sum(carriers.values()) / total),
            display.plain(sum(per[name].values())) if name in per else "",
            display.plain(sum(steady[name].values())) if name in steady else "",
            display.plain(idle[name]) if name in idle else "",
        ]
        for name, carriers in groups.items()
    ]
    heads = ["kWh", *(f"#{carrier}" for carrier in CARRIERS), "#share", "#kWh per good kWh"]
    heads += ["#in the window", "#of it idle"]
    note = found["energy"]["energy_by_group"]["meaning"]
    said = f"{escape(note[:1].upper() + note[1:])}. "
    return f"{table(heads, rows)}<p class='soft'>{said}{_idle(found)}</p>"


def _idle(found: Kpis) -> str:
    text = f"Idle: {found['energy']['idle_energy_per_good_energy']['meaning']}."
    by_work: dict[str, float] = found["energy"]["dry_room_by_work"]["value"]
    total = sum(by_work.values())
    if total:
        told = ", ".join(
            f"{display.energy(joule)} {name}" for name, joule in by_work.items() if joule
        )
        text += (
            f" Of {display.energy(total)} for the dry room, {told}: in a closed vacuum dryer rolls "
            "do not see the room's air."
        )
    return escape(text)


def _kwh(joule: float | None) -> str:
    return "" if not joule else display.plain(joule / display.JOULE_PER_KWH)


def anchors(found: Kpis) -> str:
    """Return published figures beside the run's own, with the gap and what it consists of."""
    every: list[dict[str, Any]] = found["energy"]["anchors"]["value"] or []
    if not every:
        return ""
    rows = [
        [
            f"{each['anchor']} ({each['about']})" if each["about"] else each["anchor"],
            each["tag"],
            _span(each["printed_low"], each["printed_high"], each["unit"]),
            _one(each["here"], each["unit"]),
            _one(each["gap"], each["unit"]),
            each["gap_consists_of"],
        ]
        for each in every
    ]
    heads = ["published, kWh per kWh of cells or share of it", "evidence", "#printed", "#here"]
    heads += ["#gap", "what the gap consists of"]
    meaning = escape(found["energy"]["anchors"]["meaning"])
    return (
        f"<details><summary>Beside published figures ({len(rows)})</summary>"
        f"<p class='soft'>{meaning[:1].upper() + meaning[1:]}.</p>{table(heads, rows)}</details>"
    )


def _span(low: float, high: float, unit: str) -> str:
    return _one(low, unit) if low == high else f"{_one(low, unit)} to {_one(high, unit)}"


def _one(value: float, unit: str) -> str:
    if unit == "share":
        return display.share(value) if value >= 0 else f"-{display.share(-value)}"
    return f"{display.plain(value)} kWh/kWh"


def emissions(found: Kpis) -> str:
    """Return CO2 per good kWh with its largest sources; empty without emission factors."""
    entry = found["cost"].get("emissions_per_good_energy")
    if entry is None or entry["value"] is None:
        return ""
    sources = found["cost"]["emissions_per_good_energy_by_source"]["value"] or {}
    top = sorted(sources, key=lambda name: -sources[name])[:4]
    named = ", ".join(f"{display.name(name)} {display.plain(sources[name])}" for name in top)
    scope = entry["meaning"].split("; ", 1)[-1]
    return (
        f"<p>CO2 equivalents: {display.plain(entry['value'])} kg per good kWh; {escape(named)}."
        f"</p><p class='soft'>{escape(scope[:1].upper() + scope[1:])}.</p>"
    )
