"""The whole run and its steady-state window side by side, with what lies outside of the window."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from linetwin.results.kpis import MS_PER_HOUR, Facts, Kpi, Kpis, Section, kpi
from linetwin.results.kpis_energy import good_energy_between
from linetwin.results.steadiness import steadiness

if TYPE_CHECKING:
    import pandas as pd

DAY_MS = 24 * MS_PER_HOUR


def window(facts: Facts, found: Kpis) -> Section:
    """Return figure -> run, window and outside; `found` holds the sections of energy and cost."""
    if facts.window is None:
        return {}
    first, last = facts.window
    stated = "the scenario's" if facts.plan.window_ms else "while the middle half was graded"
    pairs = {
        "good cells": (len(facts.good), _inside(facts.good, first, last), "1"),
        "graded cells": (len(facts.graded), _inside(facts.graded, first, last), "1"),
        **_energy(facts, found),
    }
    rows: dict[str, dict[str, Any]] = {
        name: {"run": run, "window": part, "outside": run - part, "unit": unit}
        for name, (run, part, unit) in pairs.items()
    }
    return {
        "period": kpi(
            [first / 1000, last / 1000], "s", f"the steady-state window, from and until: {stated}"
        ),
        "share_of_run": kpi(
            (last - first) / (facts.end - facts.begin), "1", "length of the window over the run"
        ),
        "totals": _by_row(
            rows,
            "sums over the run, inside of the window and outside; each row has its unit. What lies "
            "outside (start-up, run-out, idle hours) is put on the good cells of the whole run in "
            "its figures, and on none in those of the window",
        ),
        "rates": _by_row(
            _rates(facts, found), "the same figures per day and per good kWh; each row has its unit"
        ),
        **_steadiness(facts),
        "work_in_process": kpi(
            {"begin": in_process(facts, first), "end": in_process(facts, last)},
            "1",
            "cells started and not yet graded or scrapped, and rolls, when the window begins and "
            "ends: where they differ, the window made more or less than it finished",
        ),
    }


def _steadiness(facts: Facts) -> Section:
    """Return the trend of work in process in a window that is to be judged as steady."""
    if not facts.steady or facts.window is None:
        return {}
    entry = kpi(
        steadiness(facts, facts.window),
        "",
        "mean change of the cells in process a day, with half its 95 % interval (long-run variance "
        "of the hourly changes after Newey and West, t with one degree of freedom less than days); "
        "grows or falls: the interval leaves zero out; steady: it does not, and is within 5 % of "
        "the good cells a day; else not told. Beside it cells started and ended, and the good "
        "cells a day that as many started cells would give",
    )
    units = dict.fromkeys(entry["value"], "1/d") | dict.fromkeys(
        ("verdict", "same_each_day", "whole_weeks"), ""
    )
    return {"steadiness": with_units(entry, units)}


def _by_row(rows: dict[str, dict[str, Any]], meaning: str) -> Kpi:
    return with_units(kpi(rows, "", meaning), {name: row["unit"] for name, row in rows.items()})


def with_units(entry: Kpi, units: dict[str, str]) -> Kpi:
    """Return a table's key figure with `units`: the unit of each of its entries."""
    return {**entry, "units": {name: units[name] for name in entry["value"]}}


def _inside(cells: pd.DataFrame, first: int, last: int) -> int:
    return int(((cells["ended"] > first) & (cells["ended"] <= last)).sum())


def _energy(facts: Facts, found: Kpis) -> dict[str, tuple[float, float, str]]:
    """Return energy used and energy in good cells, in the run and in the window [J]."""
    held = good_energy_between(facts, *(facts.window or (0, 0)))
    per = found["energy"].get("energy_per_good_energy_steady", {}).get("value")
    if not held or per is None or not facts.good_energy_j:
        return {}
    used = found["energy"]["energy_used"]["value"]
    return {
        "energy in good cells": (facts.good_energy_j, held, "J"),
        "energy used": (used, per * held, "J"),
    }


def _rates(facts: Facts, found: Kpis) -> dict[str, dict[str, Any]]:
    first, last = facts.window or (0, 1)
    rows: dict[str, dict[str, Any]] = {
        "good cells a day": {
            "run": len(facts.good) * DAY_MS / (facts.end - facts.begin),
            "window": _inside(facts.good, first, last) * DAY_MS / (last - first),
            "unit": "1/d",
        }
    }
    if facts.good_energy_j:
        rows["good energy a day"] = {
            "run": facts.good_energy_j * DAY_MS / (facts.end - facts.begin),
            "window": good_energy_between(facts, first, last) * DAY_MS / (last - first),
            "unit": "J/d",
        }
    for title, section, name in (
        ("energy per good kWh", "energy", "energy_per_good_energy"),
        ("cost per good kWh", "cost", "cost_per_good_energy"),
    ):
        whole, part = found[section].get(name), found[section].get(f"{name}_steady")
        if whole is not None and part is not None:
            rows[title] = {"run": whole["value"], "window": part["value"], "unit": whole["unit"]}
    return rows


def in_process(facts: Facts, tick: int) -> dict[str, int]:
    """Return how many cells and rolls there were in the line at a tick."""
    cells, lots = facts.cells, facts.lots
    alive = (cells["started"] <= tick) & ((cells["ended"] < 0) | (cells["ended"] > tick))
    rolls = lots[lots["kind"].str.endswith("roll")]
    there = (rolls["created"] <= tick) & ((rolls["ended"] < 0) | (rolls["ended"] > tick))
    return {"cells": int(alive.sum()), "rolls": int(there.sum())}
