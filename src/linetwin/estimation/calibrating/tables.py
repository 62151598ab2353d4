"""A user's table of measurements: CSV, Parquet, SQLite, or a table of a run folder."""

from __future__ import annotations

import csv
import fnmatch
import hashlib
import math
import sqlite3
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from linetwin.errors import Problem, ScenarioError
from linetwin.estimation.calibrating.cells import tell_fields, tell_strays
from linetwin.scenario.problems import Place, Problems, nearest

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path

    import pandas as pd

_SEPARATORS: Final = ",;\t"
_TEXT: Final = {".csv", ".tsv", ".txt"}
_SQLITE: Final = {".sqlite", ".sqlite3", ".db"}
_FORMS: Final = ".csv, .tsv, .txt, .parquet, .sqlite, .db, or a run folder"


@dataclass(frozen=True)
class DataTable:
    """Columns as read, in the order of the rows.

    `lines`: the line of each row in a text file, else its number from 1; `units`: column -> UCUM,
    where the source knows it; `digest`: SHA-256 of the content; `names`: all columns there are,
    also those that nobody asked for; `separator`: of the columns of a text file.
    """

    file: Path
    digest: str
    columns: Mapping[str, np.ndarray]
    lines: Sequence[int]
    units: Mapping[str, str]
    names: Sequence[str]
    separator: str = ""

    @property
    def is_text(self) -> bool:
        """Whether `lines` are those of a text file."""
        return self.file.suffix.lower() in _TEXT

    @property
    def simulated(self) -> bool:
        """Whether it is a run's: what models said, and nobody has measured."""
        return self.file.is_dir()

    def has(self, column: str, place: Place, problems: Problems) -> bool:
        """Return whether there is such a column; one that is missing is noted."""
        if column in self.columns:
            return True
        hint = nearest(column, filter(None, self.names), "column")
        problems.add(place, f"{self.file.name} has no column '{column}'", hint)
        return False

    def numbers(self, column: str, problems: Problems) -> np.ndarray:
        """Return a column as numbers, NaN where a cell is empty.

        Other text is noted, once for each kind of it.
        """
        cells = self.columns[column]
        if cells.dtype.kind in "fiu":
            found = cells.astype(np.float64)
        else:
            found = np.full(len(self.lines), math.nan)
            strays = False
            for row, text in enumerate(self.texts(column)):
                try:
                    found[row] = float(text) if text else math.nan
                except ValueError:
                    strays = True
            if strays:
                tell_strays(self, column, problems)
        if np.isinf(found).any():
            row = int(np.flatnonzero(np.isinf(found))[0])
            problems.add(self.place(row, column), "is infinite", "a finite number, or empty")
        return found

    def texts(self, column: str, most: int | None = None) -> list[str]:
        """Return a column as text, or no more than its first cells."""
        cells = self.columns[column][:most]
        return ["" if _is_gone(cell) else str(cell).strip() for cell in cells]

    def place(self, row: int, column: str) -> Place:
        """Return where a cell stands."""
        return Place(column, self.file, self.lines[row])

    def chosen(self, only: Mapping[str, str]) -> DataTable:
        """Return the rows whose texts match a pattern (`cathode.*`) in each of some columns."""
        mask = np.ones(len(self.lines), dtype=np.bool_)
        for column, pattern in only.items():
            mask &= [fnmatch.fnmatchcase(text, pattern) for text in self.texts(column)]
        columns = {name: cells[mask] for name, cells in self.columns.items()}
        lines = [line for line, kept in zip(self.lines, mask, strict=True) if kept]
        return replace(self, columns=columns, lines=lines)


def _is_gone(cell: object) -> bool:
    """Tell whether a cell is empty: None, NaN, or what pandas has in their place."""
    return cell is None or type(cell).__name__ in {"NAType", "NaTType"} or cell != cell  # noqa: PLR0124


def read_table(
    path: Path, table: str | None, place: Place, wanted: Collection[str] = ()
) -> DataTable:
    """Read a table of measurements; ScenarioError with file and line where it is none.

    `table` names one of a run folder or a database; `place` is where that is written; `wanted`:
    the columns of a run that will be asked for.
    """
    suffix = path.suffix.lower()
    if path.is_dir():
        return _of_run(path, table, place, wanted)
    if not path.is_file():
        raise ScenarioError([Problem("the file does not exist", "--data", _FORMS, path)])
    if suffix in _SQLITE:
        return _of_database(path, table, place)
    if table is not None:
        hint = "leave it out: only databases and run folders have several"
        problem = Problem(f"{path.name} has no tables", place.key, hint, place.file, place.line)
        raise ScenarioError([problem])
    if suffix == ".parquet":
        return _of_parquet(path)
    if suffix not in _TEXT:
        raise ScenarioError([Problem("is no table that is read here", "--data", _FORMS, path)])
    return _of_text(path)


def digest_of(*files: Path) -> str:
    """Return the SHA-256 of files, one after another."""
    found = hashlib.sha256()
    for file in files:
        found.update(file.read_bytes())
    return found.hexdigest()


def _of_text(path: Path) -> DataTable:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        hint = "a table in UTF-8"
        raise ScenarioError([Problem(f"unreadable: {error}", "--data", hint, path)]) from error
    first = text.split("\n", 1)[0]
    separator = max(_SEPARATORS, key=first.count)
    reader = csv.reader(text.splitlines(), delimiter=separator)
    rows = [(reader.line_num, fields) for fields in reader if any(map(str.strip, fields))]
    problems = Problems()
    names = [name.strip() for name in rows[0][1]] if rows else []
    for name in sorted({name for name in names if names.count(name) > 1}):
        problems.add(Place("", path, 1), f"two columns are named '{name}'", "rename one")
    if len(rows) <= 1:
        problems.add(Place("", path, 1), "no row below the columns' names", "a line for each row")
    tell_fields(path, rows, separator, problems)
    problems.check()
    cells = np.array([fields for _, fields in rows[1:]], dtype=object)
    columns = {name: cells[:, i] for i, name in enumerate(names)}
    lines = [line for line, _ in rows[1:]]
    return DataTable(path, digest_of(path), columns, lines, {}, names, separator)


def _of_frame(path: Path, frame: pd.DataFrame, digest: str, units: Mapping[str, str]) -> DataTable:
    if not len(frame):
        raise ScenarioError([Problem("the table has no rows", "--data", "some rows", path)])
    columns = {str(name): frame[name].to_numpy() for name in frame.columns}
    return DataTable(path, digest, columns, range(1, len(frame) + 1), units, list(columns))


def _of_parquet(path: Path) -> DataTable:
    import pandas as pd
    import pyarrow as pa

    try:
        frame = pd.read_parquet(path)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise ScenarioError([Problem(f"unreadable: {error}", "--data", _FORMS, path)]) from error
    return _of_frame(path, frame, digest_of(path), {})


def _of_database(path: Path, table: str | None, place: Place) -> DataTable:
    import pandas as pd

    try:
        connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
        try:
            query = "SELECT name FROM sqlite_master WHERE type IN ('table', 'view')"
            names = [str(row[0]) for row in connection.execute(query)]
            _check_name(table, names, path, place)
            frame = pd.read_sql_query(f'SELECT * FROM "{table}"', connection)  # noqa: S608 - it is one of its names
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise ScenarioError([Problem(f"unreadable: {error}", "--data", _FORMS, path)]) from error
    return _of_frame(path, frame, digest_of(path), {})


def _of_run(path: Path, table: str | None, place: Place, wanted: Collection[str]) -> DataTable:
    from linetwin.results import parts
    from linetwin.results.reader import Run
    from linetwin.results.schemas import TABLES

    run = Run(path)
    _check_name(table, list(TABLES), path, place)
    assert table is not None  # noqa: S101 - it was looked at
    files = parts.listed(path, TABLES[table])
    names = run.columns(table)
    frame = run.table(table, [name for name in names if name in wanted])
    return replace(_of_frame(path, frame, digest_of(*files), run.units(table)), names=names)


def _check_name(table: str | None, names: Sequence[str], path: Path, place: Place) -> None:
    if table in names:
        return
    message = f"{path.name} has several tables" if table is None else f"there is no table '{table}'"
    hint = nearest(table or "", names, "table") if table else f"table: {' or '.join(names)}"
    raise ScenarioError([Problem(message, place.key, hint, place.file, place.line)])
