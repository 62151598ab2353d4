"""`linetwin trace`: back from a cell to its raw materials, forward from a lot to its cells."""

from __future__ import annotations

import csv
import math
from collections import Counter
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any

import typer

from linetwin.cli.printing import print_json
from linetwin.errors import Problem, ScenarioError
from linetwin.results import read
from linetwin.results.ancestry import COVERAGE
from linetwin.results.display import entry_of
from linetwin.results.genealogy import Descendant, Genealogy
from linetwin.scenario.units import display

if TYPE_CHECKING:
    from pathlib import Path

    from linetwin.results.genealogy import Branch
    from linetwin.results.reader import Run

SHOWN_DESCENDANTS = 40
DAY_MS = 86_400_000


def trace(
    folder: Path, cell: str | None, lot: str | None, file: Path | None = None, *, as_json: bool
) -> None:
    """Print the ancestry of `cell`, or the descendants of `lot`, which may go to a CSV `file`."""
    if (cell is None) == (lot is None):
        problem = Problem("name a cell, or a lot with --lot", "trace", "one of the two")
        raise ScenarioError([problem])
    if file is not None and lot is None:
        problem = Problem("only descendants go to a file", "--csv", "name a lot with --lot")
        raise ScenarioError([problem])
    run = read(folder)
    genealogy = Genealogy(run)
    if cell is not None:
        _backward(run, genealogy, cell, as_json=as_json)
    elif lot is not None:
        found = genealogy.forward(lot)
        if file is not None:
            _write(file, found)
        _forward(lot, found, as_json=as_json)


def _write(file: Path, found: list[Descendant]) -> None:
    """Write a row per descendant and role path."""
    names = [field.name for field in fields(Descendant)]
    try:
        with file.open("w", newline="", encoding="utf-8") as stream:
            rows = csv.DictWriter(stream, names)
            rows.writeheader()
            rows.writerows(asdict(each) for each in found)
    except OSError as error:
        problem = Problem(f"cannot be written: {error.strerror}", str(file), "another file")
        raise ScenarioError([problem]) from error


def _backward(run: Run, genealogy: Genealogy, cell: str, *, as_json: bool) -> None:
    tree, conditions = genealogy.tree(cell), genealogy.conditions(cell)
    shares, operations = genealogy.slurry_shares(cell), genealogy.operations(cell)
    if as_json:
        print_json(
            {
                "tree": asdict(tree),
                "slurry": shares,
                "conditions": conditions,
                "operations": operations.to_dict("records"),
            }
        )
        return
    typer.echo(_outcome(run, cell))
    typer.echo("made from")
    _print_branch(tree, "")
    carriers = [
        each.lot
        for each in genealogy.backward(cell)
        if each.relation == "carried_in" and not each.path
    ]
    if carriers:
        typer.echo(f"carried in {', '.join(carriers)}")
    for electrode, batches in shares.items():
        parts = ", ".join(f"{share:.1%} {batch}" for batch, share in batches.items())
        typer.echo(f"slurry of the {electrode}: {parts}")
    if len(operations):
        typer.echo("operations")
        for row in operations.itertuples():
            typer.echo(f"  {_operation(row)}")
    for place, values in conditions.items():
        typer.echo(f"conditions: {place or 'cell'}")
        for name, value in values.items():
            typer.echo(f"  {name:34s} {_shown(name, value)}")


def _operation(row: Any) -> str:  # noqa: ANN401  a row of the table of operations
    """Say what was done to which lot, where, with which tool, at which place and in which shift."""
    words = [f"{row.operation} {row.lot} at {row.station}"]
    words += [row.tool] if row.tool else []
    words += [f"place {row.place}"] if row.place >= 0 else []
    return ", ".join([*words, row.shift])


def _outcome(run: Run, cell: str) -> str:
    """Say what became of a cell, when and why; a lot that is no cell is only named."""
    table = run.table("cells", ["cell", "tray", "started", "ended", "status", "station", "reason"])
    found = table[table["cell"] == cell]
    if found.empty:
        return cell
    row = found.iloc[-1]
    text = (
        f"{cell}: {row['status']} at {row['station']}, stacked on day {row['started'] / DAY_MS:.2f}"
    )
    if row["ended"] >= 0:
        text += f", ended on day {row['ended'] / DAY_MS:.2f}"
    if row["started"] < 0:
        text += "; in the line when the run began, so its parents are not known"
    return f"{text}; {row['reason']}" if row["reason"] else text


def _print_branch(branch: Branch, indent: str) -> None:
    role = f"{branch.role}: " if branch.role else ""
    share = f"  {branch.share:.1%}" if branch.share < 1 else ""
    stretch = ""
    if not math.isnan(branch.start_m):
        stretch = f"  {branch.start_m:.2f} to {branch.end_m:.2f} m"
        spread = COVERAGE * branch.uncertainty_m
        if spread:
            low, high = max(0.0, branch.start_m - spread), branch.end_m + spread
            stretch += f" (within {low:.2f} to {high:.2f} m, positions +-{spread:.2f} m)"
    typer.echo(f"{indent}{role}{branch.lot}{share}{stretch}")
    for parent in branch.parents:
        _print_branch(parent, indent + "  ")


def _forward(lot: str, found: list[Descendant], *, as_json: bool) -> None:
    if as_json:
        print_json([asdict(each) for each in found])
        return
    # A lot may be reached on several paths: in both coated sides of a web, say.
    once = {each.lot: each for each in found}
    cells = [each for each in once.values() if each.kind == "cell"]
    others = [each for each in once.values() if each.kind != "cell"]
    typer.echo(f"{lot} went into {len(others)} lots and {len(cells)} cells")
    maybe = sum(not each.certain for each in once.values())
    if maybe:
        typer.echo(f"{maybe} of them perhaps: stretches of web are widened by what is uncertain")
    for each in others[:SHOWN_DESCENDANTS]:
        shares = [path.share for path in found if path.lot == each.lot]
        typer.echo(f"  {each.lot:28s} {each.kind:14s} {_where(each)}{_share(shares)}")
    if len(others) > SHOWN_DESCENDANTS:
        typer.echo(f"  ... and {len(others) - SHOWN_DESCENDANTS} more lots (--json lists all)")
    for word, count in Counter(each.where for each in cells).most_common():
        typer.echo(f"  {count} cells: {word}")
        kept = [each for each in cells if each.where == word]
        places = Counter((each.status, each.place) for each in kept)
        for (status, place), part in sorted(places.items()):
            typer.echo(f"    {part}: {status} at {place}")


def _where(each: Descendant) -> str:
    return f"{each.status} at {each.place}" if each.place else each.status


def _share(shares: list[float]) -> str:
    """Say which part of a lot's material came that way, from the least to the most of its paths."""
    known = [f"{share:.1%}" for share in sorted(shares) if not math.isnan(share)]
    if not known:
        return ""
    return f", {known[0]} of it" if known[0] == known[-1] else f", {known[0]} to {known[-1]} of it"


def _shown(name: str, value: float) -> str:
    entry = entry_of(name)
    return f"{value:.6g}" if entry is None else display(value, entry)
