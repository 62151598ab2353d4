"""Writing a run folder that can be read at any moment, also after the run was killed."""

from __future__ import annotations

import array
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pyarrow as pa

from linetwin.errors import ResultsError
from linetwin.quantities import vocabulary
from linetwin.results import manifest as manifests
from linetwin.results import parts
from linetwin.results.schemas import TABLES, Column, Table
from linetwin.results.scribe import Scribe

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from linetwin.quantities import Vocabulary

SCENARIO = "scenario.yaml"
DIGEST = "scenario_digest"
"""Key of the manifest: hash of the text of `scenario.yaml` as it was written."""
VALUES_WAITING = 4_000_000
"""How many values wait in memory for a part to be written, over all tables: 32 MB of numbers."""
_KNOWN = (SCENARIO, "kpis.json", "report.html", manifests.NAME)
_CODES = {"int64": "q", "int32": "i", "float64": "d"}

Mark = dict[str, dict[str, int]]
Status = Literal["complete", "given up", "interrupted", "failed"]


class _Buffer:
    """Rows of one table that are not on disk yet, column by column."""

    def __init__(self, table: Table, words: Vocabulary) -> None:
        self.table = table
        self.words = words
        self.rows = 0
        self._columns: dict[str, Column] = {column.name: column for column in table.columns}
        self._required = {column.name for column in table.columns if column.required}
        self._values: dict[str, list[str] | array.array[Any]] = {}
        self._known_shapes: set[tuple[str, ...]] = set()
        self.clear()

    @property
    def size(self) -> int:
        """How many values wait."""
        return self.rows * len(self._values)

    def clear(self) -> None:
        self.rows = 0
        self._values = {column.name: _empty(column) for column in self.table.columns}

    def add(self, columns: Mapping[str, Sequence[Any] | np.ndarray]) -> None:
        names = tuple(columns)
        if names not in self._known_shapes:
            self._check(names)
        lengths = set(map(len, columns.values()))
        if len(lengths) != 1:
            raise ResultsError(f"table {self.table.name}: columns of unequal length")
        count = lengths.pop()
        for name in names:
            if name not in self._values:
                column = self._columns[name]
                self._values[name] = _empty(column)
                _fill(self._values[name], column, self.rows)
            _extend(self._values[name], columns[name])
        for name in self._values.keys() - columns.keys():
            _fill(self._values[name], self._columns[name], count)
        self.rows += count

    def _check(self, names: tuple[str, ...]) -> None:
        missing = sorted(self._required - set(names))
        if missing:
            raise ResultsError(f"table {self.table.name}: columns {missing} are missing")
        for name in names:
            if name not in self._columns:
                self._columns[name] = self.table.open_column(name, self.words)
        self._known_shapes.add(names)

    def arrow(self) -> pa.Table:
        """Return the rows as an Arrow table: fixed columns, then open ones sorted by name."""
        extra = sorted(self._values.keys() - {column.name for column in self.table.columns})
        schema = self.table.schema(self._columns[name] for name in extra)
        values = [_arrow(self._values[field.name], field.type) for field in schema]
        return pa.Table.from_arrays(values, schema=schema)


def _empty(column: Column) -> list[str] | array.array[Any]:
    return [] if column.type == "str" else array.array(_CODES[column.type])


def _arrow(values: list[str] | array.array[Any], kind: pa.DataType) -> pa.Array:
    """Return a column for Arrow; numbers are copied as they lie in memory."""
    if isinstance(values, array.array):
        return pa.array(np.frombuffer(values, dtype=values.typecode), kind)
    return pa.array(values, kind)


def _fill(values: list[str] | array.array[Any], column: Column, count: int) -> None:
    if isinstance(values, array.array):
        one: array.array[Any] = array.array(values.typecode)
        one.append(column.default)
        values.extend(one * count)
    else:
        values.extend([str(column.default)] * count)


def _extend(values: list[str] | array.array[Any], new: Sequence[Any] | np.ndarray) -> None:
    if isinstance(new, np.ndarray):
        if isinstance(values, array.array) and new.dtype.char == values.typecode:
            values.frombytes(new.tobytes())
            return
        if isinstance(values, array.array) and np.can_cast(new.dtype, values.typecode, "safe"):
            values.frombytes(new.astype(values.typecode).tobytes())
            return
        new = new.tolist()
    values.extend(new)


class RunWriter:
    """The one writer of a run folder.

    Rows are added by column and kept in their order; when much waits, the table that has most of
    it becomes a closed part, which a `Scribe` writes. `manifest` needs at least `scenario` and
    `seed`; the rest is filled in. A folder that holds anything is refused with a ResultsError; a
    run folder is replaced when `overwrite`.
    """

    def __init__(
        self,
        folder: Path | str,
        manifest: Mapping[str, Any],
        scenario_text: str,
        *,
        overwrite: bool = False,
        words: Vocabulary | None = None,
    ) -> None:
        self.folder = Path(folder)
        _claim(self.folder, overwrite=overwrite)
        digest = manifests.digest_of(scenario_text)
        self._start(manifests.begin({**manifest, DIGEST: digest}), words)
        manifests.write_atomically(self.folder / SCENARIO, scenario_text)
        self._parts = dict.fromkeys(TABLES, 0)
        self._rows = dict.fromkeys(TABLES, 0)

    def _start(self, manifest: dict[str, Any], words: Vocabulary | None) -> None:
        (self.folder / parts.FOLDER).mkdir(parents=True, exist_ok=True)
        self.manifest = manifest
        manifests.save(self.folder, manifest)
        known = words or vocabulary()
        self._buffers = {name: _Buffer(table, known) for name, table in TABLES.items()}
        self._waiting = 0
        self._scribe = Scribe()

    @classmethod
    def resume(
        cls,
        folder: Path | str,
        mark: Mark,
        *,
        scenario_text: str | None = None,
        words: Vocabulary | None = None,
    ) -> RunWriter:
        """Go on in `folder` from `mark`; whatever was written after it is dropped.

        `scenario_text` is written where the folder has lost its scenario.
        """
        path = Path(folder)
        manifest = manifests.load(path)
        if scenario_text is not None and not (path / SCENARIO).is_file():
            manifests.write_atomically(path / SCENARIO, scenario_text)
            manifest[DIGEST] = manifests.digest_of(scenario_text)
        manifest.update(status="running", message="", finished=None)
        return cls._continued(path, path, mark, manifest, words)

    @classmethod
    def branch(
        cls,
        source: Path | str,
        target: Path | str,
        mark: Mark,
        *,
        manifest: Mapping[str, Any] | None = None,
        scenario_text: str | None = None,
    ) -> RunWriter:
        """Begin `target` with the rows that `source` had at `mark`; `source` is untouched.

        `manifest` overrides entries of the source's; `scenario_text` is the branch's scenario.
        """
        origin, path = Path(source), Path(target)
        inherited = manifests.load(origin)
        _claim(path, overwrite=False)
        past = {"seed": inherited["seed"], "scenario": inherited["scenario"]}
        text = scenario_text
        if text is None:
            text = (origin / SCENARIO).read_text(encoding="utf-8")
        own = {"branched_from": origin.name, DIGEST: manifests.digest_of(text)}
        content = manifests.begin({**past, **own, **(manifest or {})})
        manifests.save(path, content)
        manifests.write_atomically(path / SCENARIO, text)
        return cls._continued(origin, path, mark, content, None)

    @classmethod
    def _continued(
        cls,
        source: Path,
        target: Path,
        mark: Mark,
        manifest: dict[str, Any],
        words: Vocabulary | None,
    ) -> RunWriter:
        writer = cls.__new__(cls)
        writer.folder = target
        writer._start(manifest, words)  # noqa: SLF001 - its own instance
        counts = {name: mark.get(name, {}).get("rows", 0) for name in TABLES}
        writer._rows = counts  # noqa: SLF001
        writer._parts = {  # noqa: SLF001
            name: parts.cut(source, target, table, counts[name]) for name, table in TABLES.items()
        }
        for stale in ("kpis.json", "report.html"):
            (target / stale).unlink(missing_ok=True)
        return writer

    def add(self, table: str, columns: Mapping[str, Sequence[Any] | np.ndarray]) -> None:
        """Append rows to `table`: column name -> values, all of one length.

        A fixed column left out takes its default ("", NaN, -1); ResultsError for a required
        one, an unknown one, or unequal lengths; OSError where an earlier part found no room.
        """
        buffer = self._buffers[table]
        before = buffer.size
        buffer.add(columns)
        self._waiting += buffer.size - before
        if self._waiting >= VALUES_WAITING:
            self._flush(max(TABLES, key=lambda name: self._buffers[name].size))

    def flush(self, *, wait: bool = True) -> None:
        """Close a part of every table that has rows waiting; on disk at once, or soon."""
        for name in TABLES:
            self._flush(name)
        if wait:
            self._scribe.wait()

    def _flush(self, name: str) -> None:
        buffer = self._buffers[name]
        if not buffer.rows:
            return
        number = self._parts[name] + 1
        self._scribe.write(buffer.arrow(), parts.part(self.folder, TABLES[name], number))
        self._parts[name] = number
        self._rows[name] += buffer.rows
        self._waiting -= buffer.size
        buffer.clear()

    def mark(self) -> Mark:
        """Flush, and return where every table stands: plain data for a snapshot."""
        self.flush()
        return {name: {"parts": self._parts[name], "rows": self._rows[name]} for name in TABLES}

    def update(self, **entries: Any) -> None:  # noqa: ANN401 - whatever JSON can hold
        """Set entries of the manifest, for example `end_tick` or `snapshots`."""
        self.manifest.update(entries)
        manifests.save(self.folder, self.manifest)

    def finish(self, status: Status, message: str = "") -> None:
        """Merge the parts and say in the manifest how the run ended."""
        self.flush()
        self._scribe.close()
        for table in TABLES.values():
            parts.merge(self.folder, table)
        folder = self.folder / parts.FOLDER
        if folder.is_dir():
            for leftover in folder.glob("*"):
                leftover.unlink()
            folder.rmdir()
        finished = datetime.now(UTC).isoformat(timespec="seconds")
        self.update(status=status, message=message, finished=finished)


def _claim(folder: Path, *, overwrite: bool) -> None:
    """Make sure `folder` is ours to write: new, empty, or a run that may be replaced."""
    if folder.exists() and not folder.is_dir():
        raise ResultsError(f"{folder} is a file, not a folder")
    if folder.is_dir() and any(folder.iterdir()):
        if not (folder / manifests.NAME).is_file():
            raise ResultsError(f"{folder} is not empty and not a run folder: choose another")
        if not overwrite:
            raise ResultsError(f"{folder} already holds a run: choose another or overwrite it")
        for table in TABLES.values():
            for file in [parts.merged(folder, table), *parts.numbered(folder, table)]:
                file.unlink(missing_ok=True)
        for name in _KNOWN:
            (folder / name).unlink(missing_ok=True)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ResultsError(f"{folder} cannot be made: {error}") from error
