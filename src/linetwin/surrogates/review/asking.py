"""Decisions as they are asked for: cells from the command line or a list, with what is foretold."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from linetwin.errors import Problem, ScenarioError
from linetwin.results.reader import Run
from linetwin.scenario.problems import nearest
from linetwin.surrogates.data.runs import dataset_of_run
from linetwin.surrogates.review.decisions import (
    LET_THROUGH,
    Decision,
    Second,
    check_grade,
    decide,
    nothing_predicted,
)
from linetwin.surrogates.review.holds import scrapped_in
from linetwin.surrogates.review.policy import check_names, read_policy
from linetwin.surrogates.review.quarantine import scrapped
from linetwin.surrogates.review.risks import Opened

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from linetwin.surrogates.data.dataset import Dataset
    from linetwin.surrogates.review.decisions import Foretold
    from linetwin.surrogates.review.fitting import LeftOut
    from linetwin.surrogates.review.policy import Policy
    from linetwin.surrogates.review.risks import Told


@dataclass(frozen=True)
class Asked:
    """What is decided of a cell: a grade, empty where the prediction is accepted, and why.

    `file` and `line`: where it stands in a list.
    """

    grade: str
    reason: str
    file: Path | None = None
    line: int | None = None


class People(NamedTuple):
    """Who decides, and who beside: empty for nobody."""

    reviewer: str
    second: str = ""


class Written(NamedTuple):
    """The decisions that were written, and the predictors that had no part in them."""

    decisions: list[Decision]
    left_out: tuple[LeftOut, ...]


def read_list(file: Path, rest: Asked) -> dict[str, Asked]:
    """Return the cells of a CSV file with columns cell and, where they differ, grade and reason.

    ScenarioError for a file that has no such column, an empty cell, one cell twice, or a grade
    that is none.
    """
    try:
        with file.open(newline="", encoding="utf-8-sig") as stream:
            rows = list(csv.DictReader(stream))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ScenarioError([Problem(f"cannot be read: {error}", "--file", "", file)]) from error
    if not rows or "cell" not in rows[0]:
        raise ScenarioError([Problem("has no column 'cell'", "--file", "cell,grade,reason", file)])
    found: dict[str, Asked] = {}
    for line, row in enumerate(rows, start=2):
        cell = (row["cell"] or "").strip()
        if not cell or cell in found:
            what = f"'{cell}' is there twice" if cell else "no cell is named"
            raise ScenarioError([Problem(what, "cell", "one row a cell", file, line)])
        grade = (row.get("grade", rest.grade) or "").strip()
        check_grade(grade, "grade", file, line)
        found[cell] = Asked(grade, (row.get("reason") or "").strip() or rest.reason, file, line)
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
        Problem(f"the run has no cell '{cell}' to decide on", "CELL", nearest(cell, places, "cell"))
        for cell in asked
        if cell not in places
    ]
    if unknown:
        raise ScenarioError(unknown)
    _check_there(folder, asked)
    with Opened(predictors) as opened:
        told = opened.told(data, Run(folder), policy)
        foretold = {cell: [each.foretold(places[cell]) for each in told] for cell in asked}
    _check_accepted(asked, foretold)
    cells = {cell: (each.grade, each.reason) for cell, each in asked.items()}
    needed = safety_of(told, data, policy, asked) if policy.second_person else {}
    second = Second(people.second, policy.digest, needed)
    done = decide(folder, cells, foretold, people.reviewer, data.digest, second)
    return Written(done, opened.left_out)


def _check_there(folder: Path, asked: Mapping[str, Asked]) -> None:
    """Raise ScenarioError for letting through what was scrapped on a prediction, or with a lot."""
    gone = dict.fromkeys(scrapped(folder), "on a prediction")
    gone |= {cell: f"with {lot}" for cell, lot in scrapped_in(folder).items()}
    lost = [
        Problem(f"{cell} was scrapped {gone[cell]}", "CELL", "a cell that is there", each.file,
                each.line)
        for cell, each in asked.items()
        if cell in gone and each.grade in LET_THROUGH
    ]  # fmt: skip
    if lost:
        raise ScenarioError(lost)


def _check_accepted(asked: Mapping[str, Asked], foretold: Mapping[str, Sequence[Foretold]]) -> None:
    """Raise ScenarioError for accepting cells of which nothing was predicted, by their lines."""
    refused = [
        nothing_predicted(cell, each.file, each.line)
        for cell, each in asked.items()
        if not each.grade and all(own.value is None for own in foretold[cell])
    ]
    if refused:
        raise ScenarioError(refused)


def safety_of(
    told: Sequence[Told], data: Dataset, policy: Policy, cells: Iterable[str]
) -> dict[str, tuple[str, ...]]:
    """Return by cell its safety characteristics: those predicted, and faults the line found."""
    safe = [each for each in policy.characteristics.values() if each.severity == "safety"]
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
