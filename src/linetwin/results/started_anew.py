"""Cells of an order started anew, after scrap and samples had used its reserve; what that took."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from linetwin.results.display import name as name_of
from linetwin.results.lever import Lever

if TYPE_CHECKING:
    import pandas as pd

    from linetwin.results.kpis import Facts, Kpis

RESERVE = "start_reserve"
WORTH_S = 3600.0
"""A shorter wait for cells started anew is not worth a word."""
_SPREADS = 2.0


def started_anew(facts: Facts) -> dict[str, Any] | None:
    """Return what was started beyond the order and its reserve; None without such cells.

    `cells`, `at` [s] when the first of them was started, `waited` [s] from the last grade of the
    others to that of the order, `reserve` [1], `lost` cells scrapped or tested before grading.
    """
    ordered = facts.plan.ordered
    if ordered is None or facts.plan.filled:
        return None
    stackers = [name for name in facts.plan.stations if facts.plan.kind(name) == "stacker"]
    reserve = (facts.plan.number(stackers[0], RESERVE) or 0.0) if stackers else 0.0
    begun = facts.cells.sort_values("started", kind="stable")
    planned = ordered + int(ordered * reserve)
    late = begun.iloc[planned:]
    graded = facts.graded
    others = graded.loc[~graded["cell"].isin(late["cell"]), "ended"]
    if late.empty or others.empty:
        return None
    return {
        "cells": len(late),
        "at": float(late["started"].min()) / 1000,
        "waited": float(graded["ended"].max() - others.max()) / 1000,
        "reserve": reserve,
        "lost": int((begun["status"].isin(["scrap", "sample"])).sum()) - _scrapped(graded),
    }


def _scrapped(graded: pd.DataFrame) -> int:
    return int((graded["status"] == "scrap").sum())


def enough(lost: int, ordered: int) -> float:
    """Return a reserve that the losses of another run will hardly use up, in whole per cent.

    Losses come one by one: those of this run and of the next one both vary by their root.
    """
    likely = lost + _SPREADS * math.sqrt(2 * lost)
    return min(1.0, math.ceil(100 * likely / ordered) / 100)


def told(found: Kpis) -> str:
    """Say which cells were started anew and how long the order waits for them; "" for none."""
    late = found["order"].get("started_anew", {}).get("value")
    if not late or late["waited"] < WORTH_S:
        return ""
    one, day = late["cells"] == 1, f"day {late['at'] / 86_400:.2f}"
    return (
        f"{late['cells']:,} cell{' was' if one else 's were'} started anew "
        f"{f'on {day}' if one else f'from {day} on'}, after scrap and samples had used the "
        f"reserve of {100 * late['reserve']:g} %: the order waits "
        f"{late['waited'] / 86_400:.2f} d for {'it' if one else 'them'}"
    )


def lever(facts: Facts, found: Kpis) -> Lever | None:
    """Return a larger reserve, where the order waits for cells started anew."""
    late, ordered = found["order"]["started_anew"]["value"], facts.plan.ordered
    if not late or late["waited"] < WORTH_S or not ordered:
        return None
    wanted = enough(late["lost"], ordered)
    stacker = next(name for name in facts.plan.members if facts.plan.kind(name) == "stacker")
    fixed = found["cost"].get("fixed_cost_per_day", {}).get("value")
    more = int(ordered * wanted) - int(ordered * late["reserve"])
    return Lever(
        f"start {100 * wanted:g} % more cells than ordered (start reserve of {name_of(stacker)})",
        told(found),
        f"the end of the order had those cells been started with the others; {more:,} cells more "
        "are started, of which some are left over; in money: people, capital and rooms for that "
        "time, spread over the days of the order",
        money_per_day=None if fixed is None else fixed * late["waited"] / (facts.end / 1000),
        sooner=late["waited"],
        setting=f"{stacker}.{RESERVE}={100 * wanted:g} %",
        at_most=True,
    )
