"""The study's folder, as it is read: at any time, also while it runs and after a kill.

    study.yaml      the study as it was read last
    manifest.json   which scenario and versions, factors with units, how far it is
    points.parquet  a row a point: replications asked for, value of each factor in its unit
    runs.parquet    a row a run; newer ones in runs/part-000001.parquet, the newest in runs/newest
    log/            what workers and models printed
    kept/           run folders by the run's id, where they were to be kept

A run's id is the hash of what determines it, so rows are joined to points by it, and points of an
extended or edited study find the runs that were made before.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from linetwin.errors import ResultsError
from linetwin.study.tasks import run_id

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MANIFEST, STUDY, POINTS, RUNS = "manifest.json", "study.yaml", "points.parquet", "runs.parquet"
PARTS, NEWEST, LOG, KEPT = "runs", "newest", "log", "kept"
SCHEMA_VERSION = 1
FIXED = {
    "run": "string",
    "point": "int64",
    "replication": "int64",
    "seed": "int64",
    "status": "string",
    "error": "string",
    "wall_s": "float64",
    "wanted": "string",
}
"""Columns that every row of runs has, before the figures."""
OF_POINTS = ("key", "name", "replications")
_TRIES = 5
_AGAIN = "remove it, and linetwin study makes its runs again; those of other files are kept"


@dataclass(frozen=True)
class Study:
    """A study's folder, opened for reading.

    `manifest`: what the folder says of itself.
    """

    path: Path
    manifest: dict[str, Any]

    @cached_property
    def spec(self) -> dict[str, Any]:
        """The study as its file wrote it."""
        from linetwin.scenario.document import read

        return read(self.path / STUDY, STUDY).data

    @cached_property
    def plan(self) -> pd.DataFrame:
        """A row a point, index `point`: key, name of an alternative, replications asked for."""
        return self._points[list(OF_POINTS)]

    @cached_property
    def points(self) -> pd.DataFrame:
        """A row a point, index `point`: name of an alternative, each factor in its canonical unit.

        NaN where the scenario's own value stays; text where a factor's levels are no numbers; no
        names where there are no alternatives.
        """
        named = self._points["name"].astype(bool).any()
        return self._points.drop(
            columns=[each for each in OF_POINTS if each != "name" or not named]
        )

    @cached_property
    def runs(self) -> pd.DataFrame:
        """A row for each point and replication that has ended, in that order.

        Columns point, replication, run, seed, status, error, wall_s (s), wanted (which figures
        were asked for), then the figures, NaN where a run cannot tell one, or failed. Points that
        are alike share a run.
        """
        return joined(self.plan, self.manifest["seed"], rows_of(self.path))

    @property
    def factors(self) -> list[dict[str, Any]]:
        """Address, unit, base, low, high, levels, log, whole and meaning of each factor."""
        return list(self.manifest["factors"])

    @property
    def units(self) -> dict[str, str]:
        """Unit of each figure, as far as a run has told it."""
        return dict(self.manifest["units"])

    @cached_property
    def _points(self) -> pd.DataFrame:
        if not (self.path / POINTS).is_file():  # it ended before any was planned
            return pd.DataFrame(columns=list(OF_POINTS)).rename_axis("point")
        advice = "linetwin study writes it anew"
        return _read(self.path / POINTS, advice).set_index("point")


def read_study(folder: Path | str) -> Study:
    """Open a study's folder; ResultsError where there is none that can be read."""
    path = Path(folder)
    try:
        manifest = json.loads((path / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ResultsError(f"{path} is no study's folder that can be read: {error}") from error
    if not isinstance(manifest, dict) or manifest.get("study_schema") != SCHEMA_VERSION:
        raise ResultsError(f"{path} is no study's folder of version {SCHEMA_VERSION}")
    return Study(path, manifest)


def joined(plan: pd.DataFrame, seed: int, rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of a plan's runs, as `Study.runs` says; others of the folder are left out."""
    known = rows.drop_duplicates("run", keep="last").set_index("run")
    planned = [
        (point, replication, run_id(key, seed + replication))
        for point, key, count in zip(plan.index, plan["key"], plan["replications"], strict=True)
        for replication in range(count)
    ]
    found = pd.DataFrame(planned, columns=["point", "replication", "run"])
    found = found[found["run"].isin(known.index)].reset_index(drop=True)
    told = known.loc[found["run"]].reset_index(drop=True)
    return pd.concat([found, told.drop(columns=["point", "replication"])], axis=1)


def rows_of(path: Path) -> pd.DataFrame:
    """Return all rows of runs in a folder, the oldest first; some may stand there twice."""
    for _ in range(_TRIES):
        try:
            return _rows_of(path)
        except FileNotFoundError:  # a part became one with others meanwhile
            continue
    raise ResultsError(f"{path}: its parts vanish while they are read")


def _rows_of(path: Path) -> pd.DataFrame:
    # The newest first: what moves on to an older file meanwhile is read twice, never missed.
    newest = lines_of(path / PARTS / NEWEST)
    parts = sorted((path / PARTS).glob("part-*.parquet"))
    merged = [path / RUNS] if (path / RUNS).is_file() else []
    tables = [_read(file, _AGAIN) for file in (*merged, *parts)]
    frames = [frame for frame in (*tables, _frame(table_of(newest))) if len(frame)]
    return pd.concat(frames, ignore_index=True) if frames else _frame(table_of([]))


def lines_of(file: Path) -> list[dict[str, Any]]:
    """Return the rows of a file of JSON lines; a last line that was cut off is none."""
    try:
        lines = file.read_bytes().split(b"\n")
    except FileNotFoundError:
        return []
    try:
        return [json.loads(line) for line in lines[:-1] if line]
    except ValueError as error:
        raise ResultsError(f"{file} is damaged: {_AGAIN} ({error})") from error


def table_of(rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    """Return rows as a table: fixed columns, then figures sorted by name."""
    figures = sorted({name for row in rows for name in row} - FIXED.keys())
    columns = {
        **{
            name: pa.array([row[name] for row in rows], pa.type_for_alias(kind))
            for name, kind in FIXED.items()
        },
        **{name: pa.array([row.get(name) for row in rows], pa.float64()) for name in figures},
    }
    return pa.table(columns)


def _read(file: Path, advice: str) -> pd.DataFrame:
    """Return a table; ResultsError with what to do where it is damaged."""
    try:
        return _frame(pq.read_table(file))
    except FileNotFoundError:
        raise
    except (pa.ArrowException, OSError) as error:
        first = str(error).partition(". ")[0]
        raise ResultsError(f"{file} is damaged: {advice} ({first})") from error


def _frame(table: pa.Table) -> pd.DataFrame:
    return pd.DataFrame(table.to_pandas())
