"""The folder of a design: whole at any time, continued after a kill, read as a dataset.

design.json    what is run: model with its build, factors, phases, outputs, seed
points.csv     a row a point: factors and outputs with their units, status, error
dataset.yaml   what the columns mean, for `linetwin surrogate data` and `train`
"""

from __future__ import annotations

import csv
import json
import math
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from linetwin.cosim.units import conversion
from linetwin.errors import Problem, ScenarioError
from linetwin.quantities import vocabulary
from linetwin.quantities.ucum import parse_unit
from linetwin.results.manifest import write_atomically
from linetwin.surrogates.data.reading import OF_FOLDER

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from linetwin.surrogates.designs.task import DesignTask
    from linetwin.surrogates.designs.trials import Result

DESIGN, POINTS = "design.json", "points.csv"
PLANNED, COMPUTED, FAILED, NOT_VALID = "planned", "computed", "failed", "out of range"
SCHEMA: Final = 1
LICENCE: Final = "own data"


class Sheet:
    """The points of a design, those to come and those that were run."""

    def __init__(self, task: DesignTask, folder: Path) -> None:
        """Open a folder that is new, empty, or holds the same design; ScenarioError else."""
        self.task, self.folder = task, folder
        self._factors = [_headed(v.name, v.factor.unit) for v in task.varied]
        self._outputs = [_headed(t.name, t.channel.shown) for t in task.told]
        self.first = task.points // 2 if task.kind == "adaptive" else task.points
        self.amounts = np.empty((0, len(self._factors)))
        self.values = np.empty((0, len(self._outputs)))
        self.status: list[str] = []
        self.errors: list[str] = []
        if (folder / DESIGN).is_file():
            self._continue()
        elif folder.exists() and any(each.name[0] != "." for each in folder.iterdir()):
            raise ScenarioError([Problem(f"{folder} is not empty", "-o", "a folder of its own")])
        else:
            folder.mkdir(parents=True, exist_ok=True)

    def __len__(self) -> int:
        return len(self.status)

    @property
    def planned(self) -> np.ndarray:
        """Rows that are still to be run."""
        return np.flatnonzero([each == PLANNED for each in self.status])

    def plan(self, amounts: np.ndarray) -> None:
        """Add points that are to be run, shape (points, factors)."""
        count = len(amounts)
        self.amounts = np.vstack([self.amounts, amounts])
        self.values = np.vstack([self.values, np.full((count, len(self._outputs)), math.nan)])
        self.status += [PLANNED] * count
        self.errors += [""] * count

    def note(self, rows: Sequence[int], results: Sequence[Result]) -> None:
        """Take what points gave."""
        for row, result in zip(rows, results, strict=True):
            self.errors[row] = result.error
            if result.error:
                self.status[row] = FAILED
                continue
            self.values[row] = result.outputs
            self.status[row] = COMPUTED if result.valid else NOT_VALID

    def target(self) -> np.ndarray:
        """Return the target of an adaptive design at all points, NaN where there is none."""
        names = [told.name for told in self.task.told]
        found = self.values[:, names.index(self.task.target)].copy()
        found[[each != COMPUTED for each in self.status]] = math.nan
        return np.asarray(found)

    def counts(self) -> dict[str, int]:
        """Return how many points have which status."""
        return {each: self.status.count(each) for each in (COMPUTED, NOT_VALID, FAILED, PLANNED)}

    def write(self) -> None:
        """Write the table and what describes it."""
        frame = pd.DataFrame(self.amounts, columns=self._factors)
        frame.insert(0, "point", np.arange(1, len(self) + 1))
        frame[self._outputs] = self.values
        frame["status"], frame["error"] = self.status, [" ".join(e.split()) for e in self.errors]
        design = {
            "schema": SCHEMA,
            **self.task.identity(),
            "points": max(self.task.points, len(self)),
            "first": self.first,
        }
        write_atomically(self.folder / DESIGN, json.dumps(design, indent=1) + "\n")
        write_atomically(self.folder / OF_FOLDER, _dataset_text(self.task))
        write_atomically(self.folder / POINTS, frame.to_csv(index=False))

    def _continue(self) -> None:
        """Take what the folder holds; ScenarioError where that is another design."""
        design = _design_of(self.folder)
        own = json.loads(json.dumps(self.task.identity()))
        others = [key for key, value in own.items() if design.get(key) != value]
        if others:
            message = f"{self.folder} holds another design: its {', '.join(others)} differ"
            raise ScenarioError([Problem(message, "-o", "another folder")])
        there = int(design["points"])
        if self.task.kind == "latin_hypercube" and there != self.task.points:
            message = f"the folder has a Latin hypercube of {there:,} points, which has no more"
            hint = f"--points {there}, another folder, or --kind sobol"
            raise ScenarioError([Problem(message, "--points", hint)])
        self.first = int(design["first"])
        table = _points_of(self.folder, [*self._factors, *self._outputs])
        if table is None:
            return
        self.amounts = _numbers(table, self._factors)
        self.values = _numbers(table, self._outputs)
        self.status = table["status"]
        self.errors = table["error"]


def _design_of(folder: Path) -> dict[str, Any]:
    file = folder / DESIGN
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
        int(found["points"]), int(found["first"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ScenarioError(
            [Problem(f"unreadable: {error}", hint="remove it", file=file)]
        ) from error
    return dict(found)


def _points_of(folder: Path, columns: list[str]) -> dict[str, list[str]] | None:
    """Return the texts of the table of points by column; None where it was not written yet."""
    file = folder / POINTS
    if not file.is_file():
        return None
    wanted = [*columns, "status", "error"]
    hint = "another folder, or remove it: all points are run again"
    try:
        with file.open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
        table = {name: [row[name] for row in rows] for name in wanted}
        _numbers(table, columns)
    except (OSError, ValueError, KeyError, TypeError, csv.Error) as error:
        raise ScenarioError([Problem(f"unreadable: {error}", hint=hint, file=file)]) from error
    if not rows:
        raise ScenarioError([Problem("has no rows", hint=hint, file=file)])
    for line, row in enumerate(rows, start=2):
        if not _is_whole(row):
            raise ScenarioError([Problem("is no whole row", hint=hint, file=file, line=line)])
    return table


def _is_whole(row: Mapping[str, str | None]) -> bool:
    """Whether a row has all its cells, and a status that is one."""
    whole = None not in row and None not in row.values()
    return whole and row["status"] in {COMPUTED, NOT_VALID, FAILED, PLANNED}


def _numbers(table: Mapping[str, list[str]], columns: list[str]) -> np.ndarray:
    """Return columns of numbers, shape (rows, columns), NaN where a cell is empty."""
    cells = [[float(text) if text else math.nan for text in table[name]] for name in columns]
    return np.array(cells, dtype=np.float64).reshape(len(columns), -1).T


def _headed(name: str, unit: str) -> str:
    """Return a column's head, as `linetwin surrogate predict` reads it."""
    return f"{name} [{unit}]"


def _dataset_text(task: DesignTask) -> str:
    """Return the dataset file: factors are features, outputs are targets."""
    subject = task.subject
    process = f"process {subject.process} of scenario {task.line}, " if subject.process else ""
    source = (
        f"{process}model {subject.model}, build {subject.token}, simulated; "
        f"{task.kind} design, seed {task.seed}"
    )
    columns = [(v.name, v.factor.unit, "feature") for v in task.varied]
    columns += [(told.name, told.channel.shown, "target") for told in task.told]
    lines = [
        "# dataset",
        "schema: 1",
        f"dataset: {task.name}",
        f"title: {json.dumps(f'Points of the model {subject.model}')}",
        f"file: {POINTS}",
        f"source: {json.dumps(source)}",
        f"licence: {LICENCE}",
        "simulated: true",
        f"only: {{status: {COMPUTED}}}",
        "columns:",
    ]
    for name, unit, role in columns:
        head = json.dumps(_headed(name, unit))
        lines.append(
            f"  {_named(name, unit)}: {{column: {head}, unit: {json.dumps(unit)}, role: {role}}}"
        )
    return "\n".join(lines) + "\n"


def _named(name: str, unit: str) -> str:
    """Return the column's name in the dataset; the vocabulary's only where the unit is its own."""
    words = vocabulary()
    if name not in words:
        return name
    try:
        conversion(parse_unit(unit), parse_unit(words[name].unit))
    except ValueError:
        return f"{name}_of_model"
    return name
