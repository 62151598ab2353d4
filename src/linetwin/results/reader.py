"""Reading a run folder: finished, interrupted, or still being written."""

from __future__ import annotations

import json
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

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

    def only_in(self, column: tuple[str, str], other: tuple[str, str]) -> set[str]:
        """Return the texts of a column (table, name) that do not stand in another one."""
        here, there = (
            pa.chunked_array(
                [
                    chunk
                    for file in parts.listed(self.path, _table(table))
                    for chunk in parts.texts(file, name).chunks
                ],
                pa.string(),
            )
            for table, name in (column, other)
        )
        known = pc.is_in(here, value_set=there.combine_chunks())
        return {*here.filter(pc.invert(known)).to_pylist()}

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
        files = parts.listed(self.path, table)
        state = () if only else (name, *map(parts.stamp, files))
        # which rows are the last of their kind is found out once: keys of a long run take room
        asked = table.key and state not in self._last
        read = list(dict.fromkeys([*wanted, *([table.key] if asked else [])]))
        fields = [schema.field(column) for column in read]
        if as_objects:
            # names that differ in each row stay with Arrow: as objects they would take more
            fields = [field if field.name == table.key else _coded(field) for field in fields]
        subset = pa.schema(fields)
        found = _Columns(subset, sum(map(parts.rows, files)))
        for block in parts.chosen(files, subset, only or {}):
            found.add(block)
        last = found.last_of_each(table.key) if asked else self._last.get(state)
        if state:
            self._last[state] = last
        return found.frame(wanted, last), schema

    @cached_property
    def _last(self) -> dict[tuple[Any, ...], np.ndarray | None]:
        """The last row about each thing, None where each has one, by the state of a table."""
        return {}

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


class _Columns:
    """Columns of a table filled block by block, each in its place: a long table must fit in memory.

    Text that has codes and names becomes objects, each text once in memory; other text stays with
    Arrow.
    """

    def __init__(self, schema: pa.Schema, rows: int) -> None:
        self._at = 0
        self._texts: dict[str, str] = {}
        plain = [field for field in schema if field.type == pa.string()]
        self._plain: dict[str, list[pa.Array]] = {field.name: [] for field in plain}
        # Of rows that are never filled no page is touched.
        self._arrays = {
            field.name: np.empty(rows, _dtype(field.type)) for field in schema if field not in plain
        }

    def add(self, block: pa.Table) -> None:
        """Append the rows of a block."""
        end = self._at + block.num_rows
        for name, values in self._arrays.items():
            values[self._at : end] = self._values(block[name])
        for name in self._plain:
            self._plain[name] += block[name].chunks
        self._at = end

    def _values(self, column: pa.ChunkedArray) -> np.ndarray:
        if not pa.types.is_dictionary(column.type):
            return np.asarray(column.to_numpy())
        coded = column.unify_dictionaries().combine_chunks()
        texts = [self._texts.setdefault(text, text) for text in coded.dictionary.to_pylist()]
        names = np.array(texts, dtype=object)
        return np.asarray(names[coded.indices.to_numpy()])

    def last_of_each(self, key: str) -> np.ndarray | None:
        """Return the last row of each key, in order; None where each stands once."""
        codes = self._strings(key).combine_chunks().dictionary_encode()
        if len(codes.dictionary) == len(codes):
            return None
        last = np.full(len(codes.dictionary), -1)
        last[codes.indices.to_numpy()] = np.arange(len(codes))
        return np.sort(last)

    def frame(self, wanted: Sequence[str], last: np.ndarray | None) -> pd.DataFrame:
        """Return the wanted columns; `last`: the rows, where not all."""
        import pandas as pd

        columns = {}
        for name in dict.fromkeys(wanted):
            if name in self._plain:
                texts = self._strings(name)
                columns[name] = (texts if last is None else texts.take(last)).to_pandas()
                continue
            values = self._arrays.pop(name)
            values.resize(self._at, refcheck=False)
            values = values if last is None else values[last]
            columns[name] = pd.Series(values, dtype=values.dtype, copy=False)
        return pd.DataFrame(columns, copy=False)

    def _strings(self, name: str) -> pa.ChunkedArray:
        return pa.chunked_array(self._plain[name], pa.string())


def _dtype(kind: pa.DataType) -> Any:  # noqa: ANN401 - whatever numpy takes for a type
    return object if pa.types.is_dictionary(kind) else kind.to_pandas_dtype()


def _table(name: str) -> Table:
    if name not in TABLES:
        raise ResultsError(f"no table '{name}': there are {', '.join(TABLES)}")
    return TABLES[name]
