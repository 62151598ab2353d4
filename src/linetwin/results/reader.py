"""Reading a run folder: finished, interrupted, or still being written."""

from __future__ import annotations

import json
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from linetwin.errors import ResultsError
from linetwin.results import manifest as manifests
from linetwin.results import parts
from linetwin.results.schemas import TABLES, Table
from linetwin.results.writer import SCENARIO

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd


class Run:
    """A run folder, opened for reading; tables are read when they are asked for."""

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self.manifest: dict[str, Any] = manifests.load(self.path)

    def __repr__(self) -> str:
        return f"Run({str(self.path)!r}, status={self.manifest['status']!r})"

    @cached_property
    def scenario(self) -> str:
        """The text of the resolved scenario."""
        return self._text(SCENARIO)

    @property
    def kpis(self) -> dict[str, Any]:
        """The stored KPIs; empty where none have been computed yet."""
        if not (self.path / "kpis.json").is_file():
            return {}
        try:
            content: dict[str, Any] = json.loads(self._text("kpis.json"))
        except ValueError as error:
            raise ResultsError(f"{self.path / 'kpis.json'} is damaged: {error}") from error
        return content

    def _text(self, name: str) -> str:
        try:
            return (self.path / name).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ResultsError(f"{self.path / name} cannot be read: {error}") from error

    def columns(self, name: str) -> list[str]:
        """Return the names of the table's columns."""
        return list(self._schema(name).names)

    def units(self, name: str) -> dict[str, str]:
        """Return column -> UCUM unit ("" for text, and where a row names its own unit)."""
        found = {}
        for field in self._schema(name):
            found[field.name] = (field.metadata or {}).get(b"unit", b"").decode()
        return found

    def table(self, name: str, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """Return a table, or some of its columns, in the order in which rows were added.

        Of several rows about one lot or one cell the last is returned. The units stand in
        `.attrs["units"]`. ResultsError for an unknown table or column, or a damaged file.
        """
        table = _table(name)
        schema = self._schema(name)
        unknown = sorted(set(columns or ()) - set(schema.names))
        if unknown:
            raise ResultsError(f"{self.path}: table {name} has no columns {unknown}")
        wanted = list(columns) if columns is not None else schema.names
        read = list(dict.fromkeys([*wanted, *([table.key] if table.key else [])]))
        subset = pa.schema([schema.field(column) for column in read])
        blocks = parts.blocks(parts.listed(self.path, table), subset)
        frame: pd.DataFrame = pa.concat_tables([subset.empty_table(), *blocks]).to_pandas()
        if table.key:
            frame = frame.drop_duplicates(table.key, keep="last", ignore_index=True)
        frame = frame[wanted]
        units = self.units(name)
        frame.attrs["units"] = {column: units[column] for column in wanted}
        return frame

    def _schema(self, name: str) -> pa.Schema:
        table = _table(name)
        return parts.union(parts.listed(self.path, table), table)


def _table(name: str) -> Table:
    if name not in TABLES:
        raise ResultsError(f"no table '{name}': there are {', '.join(TABLES)}")
    return TABLES[name]
