"""Reading a run folder: finished, interrupted, or still being written."""

from __future__ import annotations

import json
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from linetwin.errors import ResultsError
from linetwin.results import manifest as manifests
from linetwin.results import parts
from linetwin.results.schemas import TABLES, Table
from linetwin.results.writer import DIGEST, SCENARIO

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

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
    def scenario_was_edited(self) -> bool:
        """Whether the scenario that is here is another than was written, as far as is known."""
        written = self.manifest.get(DIGEST)
        here = (self.path / SCENARIO).is_file()
        return here and written is not None and written != manifests.digest_of(self.scenario)

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
        return _units(self._schema(name))

    def table(
        self,
        name: str,
        columns: Sequence[str] | None = None,
        only: Mapping[str, Collection[str]] | None = None,
    ) -> pd.DataFrame:
        """Return a table, or some of its columns, in the order in which rows were added.

        `only` keeps the rows whose text column holds one of the given values; the rest is never
        held in memory. Of several rows about one lot or one cell the last is returned. The units
        stand in `.attrs["units"]`. ResultsError for an unknown table or column, or a damaged file.
        """
        frame, schema = self._read(name, columns, only, as_objects=False)
        units = _units(schema)
        frame.attrs["units"] = {column: units[column] for column in frame.columns}
        return frame

    def objects(
        self,
        name: str,
        columns: Sequence[str] | None = None,
        only: Mapping[str, Collection[str]] | None = None,
    ) -> pd.DataFrame:
        """Return what `table` does, without the units and with text that repeats as objects.

        Work on many small parts of it, as key figures do, takes half of the time: pandas copies
        the units with every part, and hands each text of its own type to Arrow and back.
        """
        return self._read(name, columns, only, as_objects=True)[0]

    def _read(
        self,
        name: str,
        columns: Sequence[str] | None,
        only: Mapping[str, Collection[str]] | None,
        *,
        as_objects: bool,
    ) -> tuple[pd.DataFrame, pa.Schema]:
        table = _table(name)
        schema = self._schema(name)
        wanted = list(columns) if columns is not None else schema.names
        unknown = sorted({*wanted, *(only or {})} - set(schema.names))
        if unknown:
            raise ResultsError(f"{self.path}: table {name} has no columns {unknown}")
        read = list(dict.fromkeys([*wanted, *([table.key] if table.key else [])]))
        fields = [schema.field(column) for column in read]
        if as_objects:
            # names that differ in each row stay with Arrow: as objects they would take more
            fields = [field if field.name == table.key else _coded(field) for field in fields]
        subset = pa.schema(fields)
        found = parts.chosen(parts.listed(self.path, table), subset, only or {})
        whole = pa.concat_tables([subset.empty_table(), *found])
        if table.key:
            whole = _last_of_each(whole, table.key)
        return _frame(whole.select(wanted)), schema

    def _schema(self, name: str) -> pa.Schema:
        table = _table(name)
        return parts.union(parts.listed(self.path, table), table)


def _units(schema: pa.Schema) -> dict[str, str]:
    return {field.name: (field.metadata or {}).get(b"unit", b"").decode() for field in schema}


def _coded(field: pa.Field) -> pa.Field:
    """Return the field with text as codes and names."""
    return (
        field.with_type(pa.dictionary(pa.int32(), pa.string()))
        if field.type == pa.string()
        else field
    )


def _last_of_each(whole: pa.Table, key: str) -> pa.Table:
    """Return the last of several rows about one thing."""
    codes = whole[key].combine_chunks().dictionary_encode()
    if len(codes.dictionary) == len(whole):
        return whole
    last = np.full(len(codes.dictionary), -1)
    last[codes.indices.to_numpy()] = np.arange(len(whole))
    return whole.take(pa.array(np.sort(last)))


def _frame(whole: pa.Table) -> pd.DataFrame:
    """Return the frame of a table; text that has codes and names as objects."""
    import pandas as pd

    columns = {}
    for name in whole.column_names:
        column = whole[name]
        if pa.types.is_dictionary(column.type):
            texts = column.unify_dictionaries().combine_chunks()
            names = texts.dictionary.to_numpy(zero_copy_only=False)
            columns[name] = pd.Series(names[texts.indices.to_numpy()], dtype=object, copy=False)
        elif column.type == pa.string():
            columns[name] = column.to_pandas()
        else:
            columns[name] = column.to_numpy()
    return pd.DataFrame(columns, index=pd.RangeIndex(len(whole)), copy=False)


def _table(name: str) -> Table:
    if name not in TABLES:
        raise ResultsError(f"no table '{name}': there are {', '.join(TABLES)}")
    return TABLES[name]
