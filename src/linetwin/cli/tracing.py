"""`linetwin trace`: back from a cell or lot, forward from a lot, tool, shift or place."""

from __future__ import annotations

import csv
import math
from collections import Counter
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

from linetwin.cli.printing import print_json, say
from linetwin.errors import Problem, ScenarioError
from linetwin.results import fidelity, read
from linetwin.results.ancestry import COVERAGE
from linetwin.results.display import entry_of
from linetwin.results.genealogy import STOCK, Descendant, Genealogy, Work
from linetwin.scenario.units import display

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from linetwin.results.genealogy import Branch
    from linetwin.results.reader import Run

SHOWN_DESCENDANTS = 40
SHOWN_LOTS = 8
WHOLE = 0.9995
"""Share from which on a part is shown as the whole."""
DAY_MS = 86_400_000
CELL = "cell-"
ANY = Work()
WITH_STOCK = "carried in with the stock: what came before the run is not known"


@dataclass(frozen=True)
class Question:
    """What is to be traced: a cell or lot back, or a lot or some work forward."""

    item: str | None
    lot: str | None = None
    work: Work = ANY


def trace(folder: Path, question: Question, file: Path | None = None, *, as_json: bool) -> None:
    """Print ancestry, or descendants, which may go to a CSV `file`."""
    asked = [question.item is not None, question.lot is not None, question.work != ANY]
    if sum(asked) != 1:
        problem = Problem(
            "name a cell or lot, or a lot with --lot, or work", "trace", "one of them: --station"
        )
        raise ScenarioError([problem])
    if file is not None and question.item is not None:
        problem = Problem("only descendants go to a file", "--csv", "name a lot with --lot")
        raise ScenarioError([problem])
    run = read(folder)
    genealogy = Genealogy(run)
    if question.item is not None:
        _backward(run, genealogy, question.item, as_json=as_json)
        return
    if question.lot is not None:
        name, found = question.lot, genealogy.forward(question.lot)
        title = f"{name} {_destiny(genealogy, name, found)}"
    else:
        found = genealogy.forward_of(question.work)
        title = f"{question.work.text}: {_counted(found)}"
    if file is not None:
        _write(file, found)
    if as_json:
        print_json([asdict(each) for each in found])
    else:
        _print_descendants(title, found)


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


def _backward(run: Run, genealogy: Genealogy, name: str, *, as_json: bool) -> None:
    tree, conditions = genealogy.tree(name), genealogy.conditions(name)
    shares, operations = genealogy.slurry_shares(name), genealogy.operations(name)
    contents = genealogy.contents(name)
    models = fidelity.of_lots(run, sorted({name, *operations["lot"]}))
    pooled = genealogy.pooled(contents)
    if as_json:
        print_json(
            {
                "tree": asdict(tree),
                "slurry": shares,
                "contents": contents,
                "pooled": pooled.to_dict("records"),
                "conditions": conditions,
                "operations": operations.to_dict("records"),
                "models": models,
            }
        )
        return
    say(outcome(run, genealogy, name))
    if tree.parents:
        say("made from")
        _print_branch(tree, "", set())
    carriers = [
        each.lot
        for each in genealogy.backward(name)
        if each.relation == "carried_in" and not each.path
    ]
    if carriers:
        say(f"carried in {', '.join(carriers)}")
    if contents:
        _print_contents(genealogy, contents, pooled)
    _print_history(shares if name.startswith(CELL) else {}, operations, conditions)
    if models:
        say("models that chose between surrogate and FMU")
    for each in models:
        calls = "" if each["calls"] == 1 else f", {each['calls']} calls"
        say(f"  {each['process']} of {each['lot']} at {each['station']}: {each['who']}{calls}")


def _print_history(
    shares: dict[str, dict[str, float]],
    operations: pd.DataFrame,
    conditions: dict[str, dict[str, float]],
) -> None:
    """Say which slurry is in a cell, what was done to it, and under which conditions."""
    for electrode, batches in shares.items():
        parts = ", ".join(f"{share:.1%} {batch}" for batch, share in batches.items())
        say(f"slurry of the {electrode}: {parts}")
    if len(operations):
        say("operations")
        for row in operations.itertuples():
            say(f"  {_operation(row)}")
    for place, values in conditions.items():
        say(f"conditions: {place}")
        for quantity, value in values.items():
            say(f"  {quantity:34s} {_shown(quantity, value)}")


def _print_contents(genealogy: Genealogy, contents: list[str], pooled: pd.DataFrame) -> None:
    """Say which cells a tray or box carried, where they are, and from which lots they are made."""
    known = Counter(genealogy.where(cell) or "not known" for cell in contents)
    parts = ", ".join(f"{count} {word}" for word, count in known.most_common())
    say(f"carried {len(contents)} cells, {contents[0]} to {contents[-1]}: {parts}")
    say("its cells are made from" if len(pooled) else f"its cells were {WITH_STOCK}")
    for path, rows in pooled.groupby("path", sort=False):
        lots = [f"{row.lot} ({row.cells})" for row in rows.itertuples()]
        more = f", and {len(lots) - SHOWN_LOTS} more" if len(lots) > SHOWN_LOTS else ""
        say(f"  {path}: {', '.join(lots[:SHOWN_LOTS])}{more}")


def _operation(row: Any) -> str:  # noqa: ANN401  a row of the table of operations
    """Say what was done to which lot, where, with which tool, at which place and in which shift."""
    words = [f"{row.operation} {row.lot} at {row.station}"]
    words += [row.tool] if row.tool else []
    words += [f"place {row.place}"] if row.place >= 0 else []
    return ", ".join([*words, row.shift])


def outcome(run: Run, genealogy: Genealogy, name: str) -> str:
    """Say in one line what became of a cell or lot, when and why."""
    cells = run.table("cells", only={"cell": [name]})
    if len(cells):
        return _of_cell(cells.iloc[-1], is_stock=genealogy.is_stock(name))
    lots = run.table("lots", only={"lot": [name]})
    if lots.empty:
        return name
    row = lots.iloc[-1]
    unit = "" if row["amount_unit"] == "1" else f" {row['amount_unit']}"
    kind, status = (row[key].replace("_", " ") for key in ("kind", "status"))
    text = f"{name}: {kind}, {row['amount']:.6g}{unit}, {status}"
    text += f" at {row['place']}" if row["place"] else ""
    if genealogy.is_stock(name) or row["created"] < 0 or row["kind"] == STOCK:
        return f"{text}; {WITH_STOCK}"
    verb = "delivered to" if row["kind"] == "material" else "begun at"
    text += f"; {verb} {row['station']} on day {row['created'] / DAY_MS:.2f}"
    return text + (f", ended on day {row['ended'] / DAY_MS:.2f}" if row["ended"] >= 0 else "")


def _of_cell(row: pd.Series, *, is_stock: bool) -> str:
    text = f"{row['cell']}: {row['status']} at {row['station']}"
    if not is_stock:
        text += f", stacked on day {row['started'] / DAY_MS:.2f}"
    if row["ended"] >= 0:
        text += f", ended on day {row['ended'] / DAY_MS:.2f}"
    if is_stock:
        text += f"; {WITH_STOCK}"
    return f"{text}; {row['reason']}" if row["reason"] else text


def _print_branch(branch: Branch, indent: str, told: set[str]) -> None:
    """Print a lot with its parents; those of a whole lot are told once."""
    role = f"{branch.role}: " if branch.role else ""
    share = f"  {branch.share:.1%}" if branch.share < WHOLE else ""
    stretch = ""
    if not math.isnan(branch.start_m):
        stretch = f"  {branch.start_m:.2f} to {branch.end_m:.2f} m"
        spread = COVERAGE * branch.uncertainty_m
        if spread:
            low, high = max(0.0, branch.start_m - spread), branch.end_m + spread
            stretch += f" (within {low:.2f} to {high:.2f} m, positions +-{spread:.2f} m)"
    again = not stretch and bool(branch.parents) and branch.lot in told
    note = f" ({WITH_STOCK})" if branch.role == STOCK else " (as above)" if again else ""
    say(f"{indent}{role}{branch.lot}{share}{stretch}{note}")
    if not stretch:
        told.add(branch.lot)
    for parent in () if again else branch.parents:
        _print_branch(parent, indent + "  ", told)


def _once(found: list[Descendant]) -> tuple[list[Descendant], list[Descendant]]:
    """Return cells and other lots, each once: a lot may be reached on several paths."""
    once = {each.lot: each for each in found}.values()
    cells = [each for each in once if each.kind == "cell"]
    return cells, [each for each in once if each.kind != "cell"]


def _counted(found: list[Descendant]) -> str:
    cells, others = _once(found)
    return f"{len(others)} lots and {len(cells)} cells"


def _destiny(genealogy: Genealogy, name: str, found: list[Descendant]) -> str:
    if found or not name.startswith(CELL):
        return f"went into {_counted(found)}"
    return f"is a cell, so nothing is made of it; where it is: {genealogy.where(name)}"


def _print_descendants(title: str, found: list[Descendant]) -> None:
    cells, others = _once(found)
    say(title)
    maybe = sum(not each.certain for each in [*cells, *others])
    if maybe:
        say(f"{maybe} of them perhaps: stretches of web are widened by what is uncertain")
    for each in others[:SHOWN_DESCENDANTS]:
        shares = [path.share for path in found if path.lot == each.lot]
        say(f"  {each.lot:28s} {each.kind:14s} {_where(each)}{_share(shares)}")
    if len(others) > SHOWN_DESCENDANTS:
        say(f"  ... and {len(others) - SHOWN_DESCENDANTS} more lots (--json lists all)")
    for word, count in Counter(each.where for each in cells).most_common():
        say(f"  {count} cells: {word}")
        kept = [each for each in cells if each.where == word]
        places = Counter((each.status, each.place) for each in kept)
        for (status, place), part in sorted(places.items()):
            say(f"    {part}: {status} at {place}")


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
