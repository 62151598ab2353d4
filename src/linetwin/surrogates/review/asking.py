"""Decisions as they are asked for: cells from the command line or a list, with what is foretold."""

from __future__ import annotations

import csv
from dataclasses import replace
from typing import TYPE_CHECKING, Final, NamedTuple

from linetwin.errors import Problem, ScenarioError
from linetwin.results.reader import Run
from linetwin.scenario.problems import nearest
from linetwin.surrogates.data.runs import dataset_of_run
from linetwin.surrogates.review.decisions import GRADES, SCRAP, Asked, Second
from linetwin.surrogates.review.policy import check_names, read_policy
from linetwin.surrogates.review.risks import Opened
from linetwin.surrogates.review.steps import decide

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from linetwin.surrogates.data.dataset import Dataset
    from linetwin.surrogates.review.decisions import Decision
    from linetwin.surrogates.review.fitting import LeftOut
    from linetwin.surrogates.review.policy import Policy
    from linetwin.surrogates.review.risks import Told


_COLUMNS: Final = frozenset({"cell", "grade", "reason"})


class People(NamedTuple):
    """Who decides, and who beside: empty for nobody."""

    reviewer: str
    second: str = ""


class Written(NamedTuple):
    """The decisions that were written, and the predictors that had no part in them."""

    decisions: list[Decision]
    left_out: tuple[LeftOut, ...]


def read_list(file: Path, rest: Asked, *, accepts: bool) -> dict[str, Asked]:
    """Return the cells of a CSV file with columns cell and, where they differ, grade and reason.

    `accepts`: whether an empty grade accepts what is predicted. ScenarioError for a file that has
    no such column or no row, or another column, an empty cell, one cell twice, a grade that is
    none, an empty one without `accepts`, and for a column of grades beside a grade for all.
    """
    try:
        with file.open(newline="", encoding="utf-8-sig") as stream:
            reader = csv.DictReader(stream)
            heads = [head.strip().casefold() for head in reader.fieldnames or ()]
            reader.fieldnames = heads
            rows = list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ScenarioError([Problem(f"cannot be read: {error}", "--file", "", file)]) from error
    if "cell" not in heads or not rows:
        what = "has no row" if "cell" in heads else "has no column 'cell'"
        raise ScenarioError([Problem(what, "--file", "cell,grade,reason", file)])
    if other := sorted({*heads} - _COLUMNS):
        message = f"has a column '{other[0]}', which says nothing here"
        hint = f"allowed: {', '.join(sorted(_COLUMNS))}"
        raise ScenarioError([Problem(message, "--file", hint, file)])
    if rest.grade and "grade" in heads:
        message = f"has a column of grades, and all are to be {rest.grade}"
        raise ScenarioError([Problem(message, "--override", "one of both", file)])
    found: dict[str, Asked] = {}
    for line, row in enumerate(rows, start=2):
        cell = (row["cell"] or "").strip()
        if not cell or cell in found:
            what = f"'{cell}' is there twice" if cell else "no cell is named"
            raise ScenarioError([Problem(what, "cell", "one row a cell", file, line)])
        grade = (row.get("grade", rest.grade) or "").strip()
        found[cell] = Asked(grade, (row.get("reason") or "").strip() or rest.reason, file, line)
        found[cell].check_grade()
        if not grade and not accepts:
            hint = f"a grade ({', '.join(GRADES)}), or --accept for all without one"
            raise ScenarioError([Problem(f"{cell} has no grade", "grade", hint, file, line)])
    return found


def written(
    folder: Path,
    asked: Mapping[str, Asked],
    predictors: Sequence[Path],
    people: People,
    policy_file: Path | None = None,
) -> Written:
    """Write decisions with what the predictors say of these cells now; errors as `decide`.

    ScenarioError without predictors or cells, and for a cell that the run has not.
    """
    policy = read_policy(policy_file)
    if not predictors:
        hint = "those of the page on which is decided"
        raise ScenarioError([Problem("no prediction is named", "--predictors", hint)])
    if not asked:
        raise ScenarioError([Problem("no cell is named", "CELL", "cell-000012, or --file")])
    data = dataset_of_run(folder, unfinished=True)
    check_names(policy, data.columns)
    places = {str(name): row for row, name in enumerate(data.frame.index)}
    unknown = [
        Problem(f"the run has no cell '{cell}' to decide on", "CELL", nearest(cell, places, "cell"),
                each.file, each.line)
        for cell, each in asked.items()
        if cell not in places
    ]  # fmt: skip
    if unknown:
        raise ScenarioError(unknown)
    with Opened(predictors) as opened:
        told = opened.told(data, Run(folder), policy)
        foretold = {cell: [each.foretold(places[cell]) for each in told] for cell in asked}
    needed = safety_of(told, data, policy, asked) if policy.second_person else {}
    second = Second(people.second, policy.digest, needed)
    gone = _scrapped_by_line(folder, asked)
    cells = {cell: replace(each, gone=gone.get(cell, "")) for cell, each in asked.items()}
    done = decide(folder, cells, foretold, people.reviewer, data.digest, second)
    return Written(done, opened.left_out)


def _scrapped_by_line(folder: Path, cells: Iterable[str]) -> dict[str, str]:
    """Return of the cells that the line scrapped why: their finding."""
    table = Run(folder).table("cells", ["cell", "status", "reason"], only={"cell": [*cells]})
    scrapped = table[table["status"].eq(SCRAP)]
    return {
        cell: f"was scrapped by the line: {reason or 'no finding'}"
        for cell, reason in zip(scrapped["cell"], scrapped["reason"], strict=True)
    }


def safety_of(
    told: Sequence[Told], data: Dataset, policy: Policy, cells: Iterable[str]
) -> dict[str, tuple[str, ...]]:
    """Return by cell its safety characteristics: those predicted, and faults the line found.

    What a policy has no class for has that of the shipped one: no class is lost by a slip.
    """
    classes = {**read_policy().characteristics, **policy.characteristics}
    safe = [each for each in classes.values() if each.severity == "safety"]
    predicted = {each.target for each in told} & {each.name for each in safe}
    found: dict[str, tuple[str, ...]] = {}
    for cell in cells:
        own = {
            each.name
            for each in safe
            if each.name in data.columns and data.frame.at[cell, each.name] == each.bad
        }
        found[cell] = tuple(sorted(predicted | own))
    return found
