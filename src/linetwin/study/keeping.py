"""Writing a study's folder: one process at a time, each run durable as soon as it has ended."""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections import Counter
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import IO, TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from linetwin.errors import ResultsError
from linetwin.results.manifest import write_atomically
from linetwin.results.plain import plain
from linetwin.scenario.emit import flow
from linetwin.study import folder as folders
from linetwin.study.tasks import Task, key_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from linetwin.scenario.resolved import Scalar
    from linetwin.study.designs import Point
    from linetwin.study.factors import Factor
    from linetwin.study.reading import Spec
    from linetwin.study.tasks import Inputs, Outcome

LINES_OF_A_PART = 500
LOCK = ".lock"
"""Whoever holds the folder has it there before anything else is written."""


@dataclass(frozen=True)
class Planned:
    """A point as it is run: all its settings, the value of each factor, an alternative's name."""

    settings: tuple[str, ...]
    point: Point = ()
    name: str = ""


class StudyWriter:
    """The one writer of a study's folder; begins it, or goes on in it.

    `done`: ids of runs that need not be made: those with all figures that are wanted now, and
    those that failed, but for `retry`. ResultsError where the folder holds something else.
    """

    def __init__(self, path: Path, spec: Spec, inputs: Inputs, *, retry: bool = False) -> None:
        self.path = path
        self._spec, self._inputs = spec, inputs.digest
        before = _manifest_in(path)
        for part in (folders.PARTS, folders.LOG):
            (path / part).mkdir(parents=True, exist_ok=True)
        self.manifest = self._begin(before, inputs)
        self._parts = len(list((path / folders.PARTS).glob("part-*.parquet")))
        self._rows = folders.lines_of(path / folders.PARTS / folders.NEWEST)
        self.done = self._done(retry=retry)
        self._newest = self._open()
        self._numbers: dict[tuple[str, str, int], int] = {}
        self._points: list[Planned] = []
        self._replications: list[int] = []
        write_atomically(path / folders.STUDY, spec.text)
        self.save()

    def _begin(self, known: dict[str, Any], inputs: Inputs) -> dict[str, Any]:
        spec, names = self._spec, self._spec.wanted.names
        now = datetime.now(UTC).isoformat(timespec="seconds")
        return {
            "study_schema": folders.SCHEMA_VERSION,
            "study": spec.name,
            "title": spec.title,
            "digest": spec.digest,
            "status": "running",
            "message": "",
            "scenario": spec.scenario.name,
            "design": spec.design.kind,
            "seed": spec.seed,
            "inputs": self._inputs,
            "made_with": dict(inputs.made_with),
            "factors": [_plain(factor) for factor in spec.factors],
            "figures": list(names),
            "wanted": {**known.get("wanted", {}), _digest(names): list(names)},
            "units": known.get("units", {}),
            "started": known.get("started", now),
            "finished": None,
        }

    def _open(self) -> IO[bytes]:
        """Return the file of the newest rows, without a line that was cut off."""
        file = self.path / folders.PARTS / folders.NEWEST
        whole = "".join(f"{json.dumps(row)}\n" for row in self._rows)
        write_atomically(file, whole)
        return file.open("ab", buffering=0)

    def _done(self, *, retry: bool) -> set[str]:
        rows = folders.rows_of(self.path).drop_duplicates("run", keep="last")
        sets, names = self.manifest["wanted"], set(self._spec.wanted.names)
        enough = {digest for digest, asked in sets.items() if names <= set(asked)}
        failed = rows["status"] == "failed"
        told = rows["wanted"].isin(enough)
        return {*rows["run"][(told & ~failed) if retry else (told | failed)]}

    def key(self, point: Planned) -> str:
        """Return the hash of all that determines the runs of a point but their seed."""
        return key_of(self._inputs, point.settings)

    def plan(self, points: Sequence[Planned], replications: int) -> list[int]:
        """Plan replications of points; return the number of each.

        Points that are known keep their number; those alike within one call have each their own,
        for analysis goes by the order of a design.
        """
        numbers = []
        alike: Counter[tuple[str, str]] = Counter()
        for point in points:
            here = (self.key(point), point.name)
            number = self._numbers.setdefault((*here, alike[here]), len(self._points))
            alike[here] += 1
            if number == len(self._points):
                self._points.append(point)
                self._replications.append(replications)
            self._replications[number] = max(self._replications[number], replications)
            numbers.append(number)
        self._write_points()
        return numbers

    def _write_points(self) -> None:
        columns = {
            "point": pa.array(range(len(self._points)), pa.int64()),
            "key": pa.array([self.key(point) for point in self._points], pa.string()),
            "name": pa.array([point.name for point in self._points], pa.string()),
            "replications": pa.array(self._replications, pa.int64()),
        }
        for number, factor in enumerate(self._spec.factors):
            values = [point.point[number] if point.point else None for point in self._points]
            columns[factor.address] = _column(values)
        _write_table(pa.table(columns), self.path / folders.POINTS)

    def tasks(self, numbers: Sequence[int], replications: range) -> Iterator[Task]:
        """Yield the runs of points that are still to be made, each id once."""
        asked: set[str] = set()
        for replication in replications:
            for number in numbers:
                seed = self._spec.seed + replication
                settings = self._points[number].settings
                where = (number, replication)
                task = Task(self._inputs, settings, seed, self._spec.wanted, *where)
                if task.run not in self.done and task.run not in asked:
                    asked.add(task.run)
                    yield task

    def record(self, outcome: Outcome) -> None:
        """Write the row of a run that has ended; it is on disk when this returns."""
        row = {
            "run": outcome.run,
            "point": outcome.point,
            "replication": outcome.replication,
            "seed": outcome.seed,
            "status": outcome.status,
            "error": outcome.error,
            "wall_s": outcome.wall_s,
            "wanted": _digest(self._spec.wanted.names),
            **{name: outcome.figures.get(name) for name in self._spec.wanted.names},
        }
        self._newest.write(json.dumps(row).encode() + b"\n")
        self._rows.append(row)
        self.done.add(outcome.run)
        if outcome.units and not self.manifest["units"].keys() >= outcome.units.keys():
            self.manifest["units"].update(outcome.units)
            self.save()
        if len(self._rows) >= LINES_OF_A_PART:
            self._close_part()

    def _close_part(self) -> None:
        """Make a part of the newest rows; a kill in between leaves some twice, which is no harm."""
        if self._rows:
            self._parts += 1
            part = self.path / folders.PARTS / f"part-{self._parts:06d}.parquet"
            _write_table(folders.table_of(self._rows), part)
        self._rows = []
        self._newest.close()
        self._newest = self._open()

    def rows(self, numbers: Sequence[int], replications: int) -> pd.DataFrame:
        """Return the rows of points in this order, as `Study.runs` has them."""
        keys = [self.key(self._points[number]) for number in numbers]
        plan = pd.DataFrame({"key": keys, "replications": replications}, index=list(numbers))
        return folders.joined(plan, self._spec.seed, folders.rows_of(self.path))

    @property
    def planned(self) -> int:
        """How many runs the points that are planned have, those that are alike counted once."""
        keys = {
            self.key(point): count
            for point, count in zip(self._points, self._replications, strict=True)
        }
        return sum(keys.values())

    def save(self, **entries: Any) -> None:  # noqa: ANN401 - whatever JSON can hold
        """Write the manifest, with these entries changed."""
        self.manifest.update(entries)
        text = json.dumps(plain(self.manifest), indent=2, allow_nan=False, ensure_ascii=False)
        write_atomically(self.path / folders.MANIFEST, text + "\n")

    def close(self) -> None:
        """Let go of the folder as it is."""
        self._newest.close()

    def finish(self, status: str, message: str = "") -> None:
        """Make one table of the parts, and say how the study ended."""
        self._close_part()
        self.close()
        parts = sorted((self.path / folders.PARTS).glob("part-*.parquet"))
        if parts:
            rows = folders.rows_of(self.path).drop_duplicates("run", keep="last")
            table = pa.Table.from_pandas(rows, preserve_index=False)
            _write_table(table, self.path / folders.RUNS)
            for part in parts:
                part.unlink()
        self._parts = 0
        now = datetime.now(UTC).isoformat(timespec="seconds")
        self.save(status=status, message=message, finished=now)


def _manifest_in(path: Path) -> dict[str, Any]:
    """Return the manifest of a study's folder, empty where none is; ResultsError for others."""
    if path.exists() and not path.is_dir():
        raise ResultsError(f"{path} is a file, not a folder")
    if (path / folders.MANIFEST).is_file():
        return folders.read_study(path).manifest
    if path.is_dir() and any(entry.name != LOCK for entry in path.iterdir()):
        raise ResultsError(f"{path} is not empty and not a study's folder: choose another")
    return {}


def _digest(names: Sequence[str]) -> str:
    return hashlib.sha256(json.dumps(sorted(names)).encode()).hexdigest()[:8]


def _plain(factor: Factor) -> dict[str, Any]:
    """Return a factor as JSON can hold it; bounds that are no numbers become None."""
    return {
        name: None if isinstance(value, float) and not math.isfinite(value) else value
        for name, value in asdict(factor).items()
    }


def _column(values: list[Scalar | None]) -> pa.Array:
    """Return a column of numbers; of text, as a study file writes it, where some are none."""
    known = [value for value in values if value is not None]
    if all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in known):
        return pa.array(values, pa.float64())
    return pa.array([None if value is None else flow(value) for value in values], pa.string())


def _write_table(table: pa.Table, file: Path) -> None:
    """Write a table so that a reader sees the old file or the new one."""
    temporary = file.with_name(f".{file.name}.tmp")
    pq.write_table(table, temporary)
    os.replace(temporary, file)  # noqa: PTH105 - said aloud: this is the atomic step
