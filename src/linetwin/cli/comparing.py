"""`linetwin compare`: key figures side by side, and what changed."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

import typer
from rich.console import Console
from rich.table import Table

from linetwin.errors import ResultsError
from linetwin.results import read
from linetwin.results.compare import compare as compare_runs

if TYPE_CHECKING:
    from pathlib import Path

    from linetwin.results.compare import Comparison
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
    "quality.capacity.std",
    "quality.dcir.mean",
    "quality.first_cycle_efficiency.mean",
)


def compare(folders: list[Path], *, as_json: bool) -> None:
    """Print a comparison; a folder of replications counts as its runs."""
    comparison = compare_runs([run for folder in folders for run in _runs(folder)])
    if as_json:
        typer.echo(
            json.dumps(
                {
                    "note": comparison.note,
                    "table": json.loads(comparison.table.to_json(orient="index")),
                    "differences": json.loads(comparison.differences.to_json(orient="index")),
                }
            )
        )
        return
    console = Console()
    console.print(_side_by_side(comparison))
    if len(comparison.differences):
        console.print(_differences(comparison))
    console.print(comparison.note)


def _runs(folder: Path) -> list[Run]:
    if (folder / "manifest.json").exists() or not folder.is_dir():
        return [read(folder)]
    runs = sorted(path.parent for path in folder.glob("*/manifest.json"))
    if not runs:
        message = f"{folder} is no run folder and holds none"
        raise ResultsError(message)
    return [read(path) for path in runs]


def _side_by_side(comparison: Comparison) -> Table:
    frame = comparison.table
    table = Table(title="Key figures", box=None)
    table.add_column("figure")
    table.add_column("unit")
    for label in frame.columns[1:]:
        table.add_column(str(label), justify="right")
    for name in MAIN:
        if name in frame.index:
            row = frame.loc[name]
            table.add_row(name, str(row.iloc[0]), *(_number(value) for value in row.iloc[1:]))
    return table


def _differences(comparison: Comparison) -> Table:
    frame = comparison.differences
    table = Table(title="Second over first", box=None)
    for heading in ("figure", "unit", "first", "second", "difference", "95 % interval"):
        table.add_column(heading, justify="left" if heading in ("figure", "unit") else "right")
    for name in MAIN:
        if name not in frame.index:
            continue
        row = frame.loc[name]
        interval = "one pair: no interval"
        if not math.isnan(row["low"]):
            interval = f"{_number(row['low'])} to {_number(row['high'])}"
        numbers = [_number(row[column]) for column in ("first", "second", "difference")]
        table.add_row(name, str(row["unit"]), *numbers, interval)
    return table


def _number(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:,.5g}"
