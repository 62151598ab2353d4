"""What stands in a dropped file now: CSV, Parquet or SQLite as a table.

Of a CSV file the last line counts once its end of line is there: half a row reads as a good, wrong
value. Separator, encoding and names are checked first, for pandas would guess.
"""

from __future__ import annotations

import contextlib
import csv
import io
import sqlite3
from typing import TYPE_CHECKING

import pandas as pd

from linetwin.errors import OpcUaError

if TYPE_CHECKING:
    from pathlib import Path

    from linetwin.scenario.mapped import TableConfig

_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_OTHER_SEPARATORS = ";\t|"


def read_table(table: TableConfig, *, settled: bool) -> tuple[pd.DataFrame, bool]:
    """Return the whole table, and whether the file ends in a line without its end.

    settled: such a line is taken too. CSV cells are text, for a lot may be called 007. OpcUaError
    where the file cannot be read now.
    """
    file = table.file
    try:
        if file.suffix == ".csv":
            return _csv(file, settled=settled)
        frame = pd.read_parquet(file) if file.suffix == ".parquet" else _sqlite(table)
    except (OSError, ValueError, sqlite3.Error, pd.errors.DatabaseError) as error:
        raise OpcUaError(f"{file}: {error}") from error
    return frame, False


def _csv(file: Path, *, settled: bool) -> tuple[pd.DataFrame, bool]:
    content = file.read_bytes()
    is_open = bool(content) and not content.endswith((b"\n", b"\r"))
    if is_open and not settled:
        content = content[: content.rfind(b"\n") + 1]
    text = _decoded(file, content)
    _check_header(file, text)
    frame = pd.read_csv(io.StringIO(text), dtype=str, keep_default_na=False)
    if not isinstance(frame.index, pd.RangeIndex):
        raise OpcUaError(f"{file}: rows have more cells than the first line has names")
    return frame, is_open


def _decoded(file: Path, content: bytes) -> str:
    advice = "save it as UTF-8"
    if content.startswith(_UTF_16) or b"\0" in content[:1000]:
        raise OpcUaError(f"{file} is not UTF-8, it looks like UTF-16: {advice}")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = 1 + content.count(b"\n", 0, error.start)
        text = f"{file} is not UTF-8 in line {line}, it may be Latin-1: {advice}"
        raise OpcUaError(text) from error


def _check_header(file: Path, text: str) -> None:
    names = next(csv.reader(io.StringIO(text)), [])
    twice = sorted({name for name in names if name and names.count(name) > 1})
    if twice:
        raise OpcUaError(f"{file} has several columns named {', '.join(twice)}: one name a column")
    if len(names) == 1:
        for separator in _OTHER_SEPARATORS:
            if separator in names[0]:
                raise OpcUaError(
                    f"{file} is separated by {separator!r}: cells are separated by ','"
                )


def _sqlite(table: TableConfig) -> pd.DataFrame:
    address = f"{table.file.resolve().as_uri()}?mode=ro"
    with contextlib.closing(sqlite3.connect(address, uri=True)) as link:
        name = table.table.replace('"', '""')
        return pd.read_sql_query(f'SELECT * FROM "{name}"', link)  # noqa: S608  quoted, read-only
