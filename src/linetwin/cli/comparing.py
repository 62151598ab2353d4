"""`linetwin compare`: key figures side by side, and what changed."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

import typer

from linetwin.cli.printing import print_json, print_table
from linetwin.errors import ResultsError
from linetwin.results import read
from linetwin.results.compare import compare as compare_runs

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from linetwin.results.reader import Run

MAIN = (
    "order.cells_good",
    "order.cells_a",
    "order.cells_b",
    "order.cells_scrap_at_grading",
    "order.cells_scrap_upstream",
    "order.duration",
    "order.stacking_rate",
    "order.throughput",
    "order.quality_ratio",
    "energy.energy_used",
    "energy.energy_per_good_energy",
    "quality.rolled_throughput_yield",
    "quality.capacity.mean",
    "quality.capacity.standard_deviation",
    "quality.dcir.mean",
    "quality.first_cycle_efficiency.mean",
)


SHOWN = {"s": (86_400.0, "d"), "J": (3.6e6, "kWh"), "Ohm": (1e-3, "mOhm"), "A.h": (1.0, "Ah")}
"""Canonical unit -> its divisor and the unit shown; JSON keeps the canonical one."""


def compare(folders: list[Path], *, as_json: bool) -> None:
    """Print a comparison; a folder of replications counts as its runs."""
    comparison = compare_runs([run for folder in folders for run in _runs(folder)])
    if as_json:
        print_json(
            {
                "note": comparison.note,
                "table": json.loads(comparison.table.to_json(orient="index")),
                "differences": json.loads(comparison.differences.to_json(orient="index")),
            }
        )
        return
    frame = comparison.table
    headings = ["figure", "unit", *map(str, frame.columns[1:])]
    print_table("Key figures", headings, _rows(frame, list(frame.columns[1:])), 2)
    frame = comparison.differences
    if len(frame):
        columns = ["first", "second", "difference"]
        headings = ["figure", "unit", *columns]
        if frame["low"].notna().any():
            columns += ["low", "high"]
            headings += ["95 % from", "to"]
        print_table("\nSecond over first", headings, _rows(frame, columns), 2)
    typer.echo(f"\n{comparison.note}")


def _runs(folder: Path) -> list[Run]:
    if (folder / "manifest.json").exists() or not folder.is_dir():
        return [read(folder)]
    runs = sorted(path.parent for path in folder.glob("*/manifest.json"))
    if not runs:
        message = f"{folder} is no run folder and holds none"
        raise ResultsError(message)
    return [read(path) for path in runs]


def _rows(frame: pd.DataFrame, columns: list[str]) -> list[list[str]]:
    """Return name, unit and numbers of the main figures, as people read them."""
    rows = []
    for name in MAIN:
        if name in frame.index:
            row = frame.loc[name]
            divisor, unit = SHOWN.get(row["unit"], (1.0, row["unit"]))
            rows.append([name, unit, *(_number(row[column] / divisor) for column in columns)])
    return rows


def _number(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:,.5g}"
