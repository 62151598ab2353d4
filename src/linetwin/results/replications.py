"""Replications of one scenario: on which date the order is complete, how surely, at what cost.

Of few runs the interval is that of the next run, assumed normal (mean +- t s sqrt(1 + 1/n)); of
twenty or more it lies between their own 5th and 95th percentile.
"""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from linetwin.errors import ResultsError
from linetwin.results import kpis
from linetwin.results.assumptions import plan
from linetwin.results.compare import flat
from linetwin.results.inference import student_quantile
from linetwin.results.manifest import write_atomically

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from linetwin.results.reader import Run

NAME = "replications.json"
SHARE = 0.9
_MANY = 20
FIGURES = {
    "order.last_cell_graded": "order complete",
    "order.cells_good": "good cells",
    "limits.good_cells_per_day": "good cells a day",
    "energy.good_energy": "energy in good cells",
    "energy.energy_used": "energy used",
    "energy.energy_per_good_energy": "energy per good kWh",
    "cost.cost_per_good_energy": "cost per good kWh",
    "cost.scrap_value_per_day": "scrap a day",
    "quality.rolled_throughput_yield": "rolled throughput yield",
}

_OF_ORDERS = {"order.last_cell_graded"}
_OF_DURATIONS = {"order.cells_good"}
"""An order fixes how many cells, a duration how long: only what is left open has an interval."""


def summarise(runs: Sequence[Run]) -> dict[str, Any]:
    """Return median and 90 % interval of the main figures; ResultsError for no run.

    `figures`: name -> title, unit, n, median, low, high, method. The date counts complete orders
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
            if name in each and (done or name != "order.last_cell_graded")
        ]
        if values:
            unit = next(f[section][entry]["unit"] for f in found if entry in f[section])
            figures[name] = {"title": title, "unit": unit, **interval(values)}
    return {
        "scenario": runs[0].manifest["scenario"],
        "seeds": [run.manifest["seed"] for run in runs],
        "ordered": ordered,
        "not_complete": len(runs) - sum(complete),
        "share": SHARE,
        "figures": figures,
    }


def interval(values: Sequence[float]) -> dict[str, Any]:
    """Return n, median, low and high of 90 % and how they were found; None for a single value."""
    count = len(values)
    found: dict[str, Any] = {"n": count, "median": float(np.median(values))}
    if count == 1:
        return found | {"low": None, "high": None, "method": "one run"}
    if count >= _MANY:
        low, high = np.quantile(values, [(1 - SHARE) / 2, (1 + SHARE) / 2])
        return found | {"low": float(low), "high": float(high), "method": "percentiles of the runs"}
    mean, spread = float(np.mean(values)), float(np.std(values, ddof=1))
    half = student_quantile(count - 1, SHARE) * spread * math.sqrt(1 + 1 / count)
    return found | {"low": mean - half, "high": mean + half, "method": "next run, assumed normal"}


def write(folder: Path, runs: Sequence[Run]) -> dict[str, Any]:
    """Summarise replications and put that into their folder as replications.json."""
    found = summarise(runs)
    write_atomically(folder / NAME, json.dumps(found, indent=2, allow_nan=False) + "\n")
    return found
