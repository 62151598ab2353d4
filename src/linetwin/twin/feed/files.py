"""What stands in a dropped file now: CSV, Parquet or SQLite as a table.

Of a CSV file the last line counts once its end of line is there: half a row reads as a good, wrong
value. Separator, encoding and names are checked first, for pandas would guess.
"""

from __future__ import annotations

import contextlib
import csv
import io
import sqlite3
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

import pandas as pd

from linetwin.errors import OpcUaError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from linetwin.scenario.mapped import TableConfig

_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_OTHER_SEPARATORS = ";\t|"


class Content(NamedTuple):
    """What stands in a file: its rows, and whether it ends in a line without its end.

    `crowded`: row -> line of the file, of rows that have more cells than there are names; such a
    row is empty.
    """

    frame: pd.DataFrame
    is_open: bool = False
    crowded: Mapping[int, int] = MappingProxyType({})


def read_table(table: TableConfig, *, settled: bool) -> Content:
    """Return the whole table; settled: a last line without its end is taken too.

    CSV cells are text, for a lot may be called 007. OpcUaError where the file cannot be read now.
    """
    file = table.file
    try:
        if file.suffix == ".csv":
            return _csv(file, settled=settled)
        return Content(pd.read_parquet(file) if file.suffix == ".parquet" else _sqlite(table))
    except (OSError, ValueError, csv.Error, sqlite3.Error, pd.errors.DatabaseError) as error:
        raise OpcUaError(f"{file}: {error}") from error


def _csv(file: Path, *, settled: bool) -> Content:
    content = file.read_bytes()
    is_open = bool(content) and not content.endswith((b"\n", b"\r"))
    if is_open and not settled:
        content = content[: content.rfind(b"\n") + 1]
    reader = csv.reader(io.StringIO(_decoded(file, content), newline=""), strict=True)
    names = next(filter(None, reader), [])
    _check_header(file, names)
    rows: list[list[str]] = []
    crowded: dict[int, int] = {}
    for cells in filter(None, reader):  # an empty line is no row
        if len(cells) > len(names):
            crowded[len(rows)] = reader.line_num
        own = [] if len(cells) > len(names) else cells
        rows.append(own + [""] * (len(names) - len(own)))
    return Content(pd.DataFrame(rows, columns=names, dtype=object), is_open, crowded)


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


def _check_header(file: Path, names: Sequence[str]) -> None:
    if not names:
        raise OpcUaError(f"{file} is empty: the first line has the names of the columns")
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
        kinds = "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') ORDER BY name"
        there = [str(name) for (name,) in link.execute(kinds)]
        if table.table.lower() not in {each.lower() for each in there}:
            has = f"it has {', '.join(there)}" if there else "it has none"
            raise OpcUaError(f"{table.file} has no table '{table.table}': {has}")
        name = table.table.replace('"', '""')
        return pd.read_sql_query(f'SELECT * FROM "{name}"', link)  # noqa: S608  quoted, read-only
