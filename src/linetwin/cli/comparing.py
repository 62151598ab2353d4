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

    from linetwin.results.compare import Comparison
    from linetwin.results.reader import Run

MAIN = (
    "order.cells_started",
    "order.cells_good",
    "order.cells_a",
    "order.cells_b",
    "order.cells_scrap_at_grading",
    "order.cells_scrap_upstream",
    "order.duration",
    "order.last_cell_graded",
    "order.stacking_rate",
    "order.throughput",
    "order.quality_ratio",
    "limits.good_cells_per_day",
    "limits.good_energy_per_day",
    "energy.energy_used",
    "energy.energy_per_good_energy",
    "energy.energy_per_good_energy_steady",
    "cost.cost_per_good_energy",
    "cost.cost_per_good_energy_steady",
    "cost.scrap_value_per_day",
    "cost.emissions_per_good_energy",
    "quality.rolled_throughput_yield",
    "quality.capacity.mean",
    "quality.capacity.standard_deviation",
    "quality.dcir.mean",
    "quality.first_cycle_efficiency.mean",
)
"""Shown whether they differ or not; others are shown where they differ."""

_MADE = (
    *(
        f"quality.{web}_{name}"
        for web in ("cathode", "anode")
        for name in ("loading.variation", "adhesion_index.mean", "porosity.mean")
    ),
    *(f"quality.{name}.mean" for name in ("wetting_time", "wetting_saturation", "moisture")),
    *(f"quality.{name}.mean" for name in ("formation_time", "plated_capacity", "anode_potential")),
)
"""What is made, before it is graded: shown with the main figures where it differs."""

_CAUSES = ("quality.web_scrap.", "quality.cell_scrap.", "quality.outside_range.")
"""Beginnings of the names of figures shown with the main ones where they differ."""

SHOWN = {
    "s": (86_400.0, "d"),
    "J": (3.6e6, "kWh"),
    "J/d": (3.6e6, "kWh/d"),
    "Ohm": (1e-3, "mOhm"),
    "A.h": (1.0, "Ah"),
}
"""Canonical unit -> its divisor and the unit shown; JSON keeps the canonical one."""

_TELLING = (
    *("quality.", "cost.", "energy.energy_by_group", "stations.time_needed", "stations.starved"),
    *("stations.blocked", "iso.oee", "iso.availability", "iso_steady.oee", "limits.share"),
)
"""Beginnings of the names of the other figures worth showing."""

_SIDE_BY_SIDE = 4
_OTHERS = 15
_NAME = 36
_SURE = 0.05
_NOTABLE = 0.01
_SMALL = 1e-4


def compare(folders: list[Path], *, as_json: bool) -> None:
    """Print a comparison; a folder of replications counts as its runs."""
    comparison = compare_runs([run for folder in folders for run in _runs(folder)])
    if as_json:
        print_json(
            {
                "note": comparison.note,
                "remarks": comparison.remarks,
                "groups": comparison.groups,
                "table": json.loads(comparison.table.to_json(orient="index")),
                "differences": json.loads(comparison.differences.to_json(orient="index")),
            }
        )
        return
    _print_table(comparison)
    if len(comparison.differences):
        _print_differences(comparison)
    typer.echo("\n" + "\n".join([*comparison.remarks, comparison.note]))


def _runs(folder: Path) -> list[Run]:
    if (folder / "manifest.json").exists() or not folder.is_dir():
        return [read(folder)]
    runs = sorted(path.parent for path in folder.glob("*/manifest.json"))
    if not runs:
        message = f"{folder} is no run folder and holds none"
        raise ResultsError(message)
    return [read(path) for path in runs]


def _print_table(comparison: Comparison) -> None:
    """Few runs stand side by side; of many, mean and standard deviation of each scenario do."""
    frame = comparison.table
    columns = list(map(str, frame.columns[1:]))
    if len(columns) <= _SIDE_BY_SIDE:
        rows = [_row(frame.loc[name], columns) for name in MAIN if name in frame.index]
        print_table("Key figures", ["figure", "unit", *columns], rows, 2)
        return
    headings, rows = ["figure", "unit"], []
    for title, members in comparison.groups.items():
        headings += [f"{title} ({len(members)})", "sd"]
    for name in MAIN:
        if name not in frame.index:
            continue
        divisor, unit = SHOWN.get(frame.loc[name, "unit"], (1.0, frame.loc[name, "unit"]))
        cells = [_short(name), unit]
        for members in comparison.groups.values():
            values = frame.loc[name, members].astype(float)
            cells += [_number(values.mean() / divisor), _number(values.std() / divisor)]
        rows.append(cells)
    print_table("Key figures, mean and standard deviation", headings, rows, 2)


def _print_differences(comparison: Comparison) -> None:
    frame = comparison.differences
    first, second = comparison.groups
    if frame["low"].isna().all():
        columns = ["first", "second", "difference"]
        made = [n for n in _MADE if n in frame.index and frame.loc[n, "difference"]]
        shown = [name for name in MAIN if name in frame.index] + made
        rows = [_row(frame.loc[name], columns) for name in shown]
        print_table("\nSecond over first", ["figure", "unit", first, second, "difference"], rows, 2)
        return
    surely = frame[frame["chance"] < _SURE].sort_values("chance", kind="stable")
    # A change within rounding can be the same in each pair, and then is as sure as it is small.
    notable = (surely["difference"].abs() > _SMALL * surely["first"].abs()).to_dict()
    first_of_all = {*MAIN, *_MADE, *(n for n in surely.index if n.startswith(_CAUSES))}
    main = [n for n in surely.index if n in first_of_all and notable[n]]
    others = [n for n in surely.index if n not in main and n.startswith(_TELLING) and notable[n]]
    others = others[:_OTHERS]
    columns = ["first", "second", "difference", "low", "high"]
    rows = [
        [*_row(surely.loc[name], columns), _share(surely.loc[name, "saved"])]
        for name in [*main, *others]
    ]
    headings = ["figure", "unit", first, second, "change", "95 % from", "to", "saved"]
    if rows:
        print_table("\nWhat differs, most surely first", headings, rows, 2)
    else:
        typer.echo("\nNo figure differs beyond chance.")
    left = len(surely) - len(main) - len(others)
    compared = int(frame["chance"].notna().sum())
    typer.echo(
        f"\n{len(surely)} of {compared} figures differ at 95 %, about {compared * _SURE:.0f} would "
        f"by chance alone;\n{left} of them are not shown: parts, or changes below {_SMALL:.2%}.\n"
        "Saved: share of the variance of the difference that common random numbers took away."
    )
    _tell_needed(frame)


def _tell_needed(frame: pd.DataFrame) -> None:
    """Name main figures whose change of more than 1 % is not sure yet, and the pairs it takes."""
    for name in MAIN:
        if name not in frame.index:
            continue
        row = frame.loc[name]
        notable = abs(row["difference"]) > _NOTABLE * abs(row["first"])
        if row["chance"] >= _SURE and notable and math.isfinite(row["needed"]):
            typer.echo(
                f"{name}: changed by {row['difference'] / row['first']:+.1%}, not surely; about "
                f"{max(math.ceil(row['needed']), int(row['pairs']) + 1)} pairs would tell"
            )


def _row(row: pd.Series, columns: list[str]) -> list[str]:
    divisor, unit = SHOWN.get(row["unit"], (1.0, row["unit"]))
    return [_short(str(row.name)), unit, *(_number(row[column] / divisor) for column in columns)]


def _short(name: str) -> str:
    """Return a name that leaves room for numbers within 100 columns."""
    return name if len(name) <= _NAME else f"{name[: _NAME - 14]}..{name[-12:]}"


def _share(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.0%}"


def _number(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:,.4g}"
