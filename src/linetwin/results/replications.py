"""Replications of one scenario: on which date the order is complete, how surely, at what cost.

Dates may have two modes, for an order that has to start cells anew ends days later: so intervals
are of ordered values, whatever the distribution, and never leave what was seen.
"""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from linetwin.errors import ResultsError
from linetwin.results import kpis, started_anew
from linetwin.results.assumptions import plan
from linetwin.results.compare import flat
from linetwin.results.manifest import write_atomically

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from linetwin.results.reader import Run

NAME = "replications.json"
SHARE = 0.9
_FEWEST, _APART = 2, 5.0
_BOUNDS = ("low", "high", "chance", "median_low", "median_high", "median_chance")
FIGURES = {
    "order.last_cell_graded": "order graded",
    "order.cells_short": "good cells short of it",
    "order.cells_good": "good cells",
    "limits.good_cells_per_day": "good cells a day",
    "energy.good_energy": "energy in good cells",
    "energy.energy_used": "energy used",
    "energy.energy_per_good_energy": "energy per good kWh",
    "cost.cost_per_good_energy": "cost per good kWh",
    "cost.scrap_value_per_day": "scrap a day",
    "quality.rolled_throughput_yield": "rolled throughput yield",
}

_OF_ORDERS = {"order.last_cell_graded", "order.cells_short"}
_OF_DURATIONS = {"order.cells_good"}
"""An order fixes how many cells, a duration how long: only what is left open has an interval."""


def summarise(runs: Sequence[Run]) -> dict[str, Any]:
    """Return median and interval of the main figures; ResultsError for no run.

    `figures`: name -> title, unit and what `interval` gives. `waited`: how many runs waited for
    cells started anew. The date counts complete orders
    only; `ordered` says whether there is an order, `not_complete` how many runs were not. Good
    cells have an interval where a duration is simulated; an order of so many cells has the date on
    which it is complete instead.
    """
    if not runs:
        raise ResultsError("no replications: nothing to summarise")
    found = [run.kpis or kpis.compute(run) for run in runs]
    numbers = [flat(entry) for entry in found]
    complete = [run.manifest.get("ended_by") == "order" for run in runs]
    figures = {}
    ordered = plan(runs[0]).ordered is not None
    open_figures = _OF_ORDERS if ordered else _OF_DURATIONS
    for name, title in FIGURES.items():
        if name in (_OF_ORDERS | _OF_DURATIONS) - open_figures:
            continue
        section, entry = name.split(".", 1)
        values = [
            each[name]
            for each, done in zip(numbers, complete, strict=True)
            if name in each and (done or name not in _OF_ORDERS)
        ]
        if values:
            unit = next(f[section][entry]["unit"] for f in found if entry in f[section])
            figures[name] = {"title": title, "unit": unit, **interval(values)}
    return {
        "scenario": runs[0].manifest["scenario"],
        "seeds": [run.manifest["seed"] for run in runs],
        "ordered": ordered,
        "not_complete": len(runs) - sum(complete),
        "waited": sum(bool(started_anew.told(each)) for each in found),
        "share": SHARE,
        "figures": figures,
    }


def interval(values: Sequence[float]) -> dict[str, Any]:
    """Return median, low and high, both seen, and what they can tell; None for a single value.

    `low`, `high`: the innermost pair of ordered values, as far from either end, between which the
    next run falls with a chance of 90 %; of fewer than 19 runs the lowest and the highest, with
    less. `chance`: that chance, (n + 1 - 2 k) / (n + 1) for the k-th from either end whatever the
    distribution. `median_low`, `median_high`, `median_chance`: the same for the true median, by
    the sign test (Conover 1999, M). `groups`: where the values fall in two, else None.
    """
    ordered, count = sorted(values), len(values)
    found: dict[str, Any] = {"n": count, "median": float(np.median(ordered))}
    if count == 1:
        return found | dict.fromkeys(_BOUNDS) | {"groups": None}
    rank = _innermost(count, _next_inside)
    middle = _innermost(count, _median_inside)
    bounds = (
        *(ordered[rank - 1], ordered[-rank], _next_inside(count, rank)),
        *(ordered[middle - 1], ordered[-middle], _median_inside(count, middle)),
    )
    return found | dict(zip(_BOUNDS, bounds, strict=True)) | {"groups": groups(ordered)}


def _next_inside(count: int, rank: int) -> float:
    """Return the chance that the next value lies between the k-th from either end."""
    return (count + 1 - 2 * rank) / (count + 1)


def _median_inside(count: int, rank: int) -> float:
    """Return the chance that the true median lies between the k-th from either end."""
    outside = 2 * sum(math.comb(count, below) for below in range(rank))
    return 1 - math.ldexp(outside, -count)


def _innermost(count: int, inside: Callable[[int, int], float]) -> int:
    """Return the largest rank that still holds SHARE; the first where none does."""
    ranks = range(1, (count + 1) // 2 + 1)
    return max((rank for rank in ranks if inside(count, rank) >= SHARE), default=1)


def groups(ordered: Sequence[float]) -> list[dict[str, float]] | None:
    """Return n, low, high of two groups of ordered values; None where they are one.

    Two, where the widest gap is five times as wide as either side of it, each of two values or
    more: four or five values of one even spread look so in 3 to 5 % of the cases.
    """
    gaps = np.diff(ordered)
    if len(ordered) < 2 * _FEWEST or not gaps.any():
        return None
    at = int(np.argmax(gaps)) + 1
    sides = [list(ordered[:at]), list(ordered[at:])]
    if any(len(side) < _FEWEST or _APART * (side[-1] - side[0]) > gaps[at - 1] for side in sides):
        return None
    return [{"n": len(side), "low": side[0], "high": side[-1]} for side in sides]


def write(folder: Path, runs: Sequence[Run]) -> dict[str, Any]:
    """Summarise replications and put that into their folder as replications.json."""
    found = summarise(runs)
    write_atomically(folder / NAME, json.dumps(found, indent=2, allow_nan=False) + "\n")
    return found
