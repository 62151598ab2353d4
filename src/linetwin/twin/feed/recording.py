"""Everything that came, on disk as it came: closed Parquet files, whole after any kill.

feed/
  mapping.yaml                        the mapping it was read by
  values-000000001-000000060.parquet  values of up to sixty parts, joined
  values-000000061.parquet            a part, closed after 5 s or 200,000 rows
  manifest.json                       the files with their rows, see `manifest`
  notices.jsonl                       what was told

A kill loses the part that was open: 5 s at most. A joined file replaces its parts; should a kill
leave both, the parts are not read. While the disk is full rows are held in memory, `ROWS_HELD` at
most, and tried again with each part that is due.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections import deque
from dataclasses import asdict
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from linetwin.errors import ResultsError
from linetwin.results import parts
from linetwin.twin.columns import NO_TIME, Raw, joined
from linetwin.twin.feed.manifest import NAME, Manifest, check_whole, listed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from linetwin.scenario.mapped import Mapping
    from linetwin.twin.columns import Batch, Notice

MAPPING = "mapping.yaml"
NOTICES = "notices.jsonl"
SECONDS_PER_PART = 5.0
ROWS_PER_PART = 200_000
PARTS_PER_FILE = 60
ROWS_PER_FILE = 1_000_000
ROWS_PER_READ = 65_536
ROWS_HELD = 2_000_000
"""Rows that are held while they cannot be written, some 100 MB: the oldest go first, counted."""
LINES_HELD = 1_000
"""Lines of notices that are held likewise."""
_TIME = pa.timestamp("ns", "UTC")
_TIMES = ("source_time", "server_time", "arrival")
SCHEMA = pa.schema(
    [
        pa.field("signal", pa.dictionary(pa.int32(), pa.string())),
        *(pa.field(name, _TIME) for name in _TIMES),
        pa.field("raw", pa.float64(), metadata={"meaning": "in the source's own unit"}),
        pa.field("text", pa.string()),
        pa.field("status", pa.uint32(), metadata={"meaning": "OPC UA status code"}),
        pa.field("marks", pa.uint8()),
        pa.field("flags", pa.uint32(), metadata={"meaning": "as judged when it came"}),
    ]
)


class Recording:
    """Writes one feed into a folder that must be new or empty."""

    def __init__(self, folder: Path, mapping: Mapping, part_s: float = SECONDS_PER_PART) -> None:
        self.check(folder)
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.rows = 0
        self._part_s = part_s
        self._names = pa.array([signal.name for signal in mapping.signals], pa.string())
        self._waiting: list[Batch] = []
        self._count = 0
        self._number = 0
        self._begun = time.monotonic()
        self._parts: list[Path] = []
        self._rows_in_parts = 0
        self._lines: deque[str] = deque(maxlen=LINES_HELD)
        self.unwritten = ""
        """Why rows are held, "" where all is written."""
        self.lost = 0
        """Rows that were given up."""
        (folder / MAPPING).write_text(mapping.text, encoding="utf-8")
        self._manifest = Manifest(folder)

    @staticmethod
    def check(folder: Path) -> None:
        """Raise ResultsError where nothing can be recorded in a folder."""
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise ResultsError(f"{folder} is not empty: a recording needs a folder of its own")

    def add(self, batch: Batch) -> None:
        """Take a batch; close a part where it is time."""
        if len(batch):
            self._waiting.append(batch)
            self._count += len(batch)
        self.tick()

    def tick(self) -> None:
        """Close a part that has been open long enough."""
        late = time.monotonic() - self._begun > self._part_s
        full = self._count >= ROWS_PER_PART and not self.unwritten
        if self._count and (late or full):
            self.flush()

    def note(self, notices: Iterable[Notice]) -> None:
        """Write what was told, at once."""
        self._lines += [json.dumps(asdict(each), ensure_ascii=False) + "\n" for each in notices]
        if not self._lines:
            return
        file = self.folder / NOTICES
        size = file.stat().st_size if file.exists() else 0
        try:
            with file.open("ab", buffering=0) as stream:
                stream.write("".join(self._lines).encode())
                whole = stream.tell() - size == sum(len(each.encode()) for each in self._lines)
        except OSError:  # the rows' part tells why
            whole = False
        if whole:
            self._lines.clear()
        elif file.exists():
            os.truncate(file, size)

    def flush(self) -> None:
        """Close the part that is open; where that cannot be done its rows wait for the next."""
        self._begun = time.monotonic()
        if not self._count:
            return
        try:
            self._close_part()
        except OSError as error:
            self.unwritten = error.strerror or str(error)
            self._give_up()
        else:
            self.unwritten = ""

    def _give_up(self) -> None:
        """Keep no more rows than may be held."""
        while self._count > ROWS_HELD and len(self._waiting) > 1:
            gone = len(self._waiting.pop(0))
            self._count, self.lost = self._count - gone, self.lost + gone

    def _close_part(self) -> None:
        file = self.folder / f"values-{self._number + 1:09d}.parquet"
        _write(self._table(), file)
        self._number += 1
        rows, self._waiting, self._count = self._count, [], 0
        self.rows += rows
        self._parts.append(file)
        self._rows_in_parts += rows
        self._manifest.add(file, rows)
        self._list()
        if len(self._parts) >= PARTS_PER_FILE or self._rows_in_parts >= ROWS_PER_FILE:
            with contextlib.suppress(OSError):  # without room for both parts stay parts
                self._join()

    def _list(self, missing: int = 0) -> None:
        with contextlib.suppress(OSError):  # without room the next part lists this one too
            self._manifest.write(self.lost + missing)

    def close(self) -> None:
        """Close the last part; ResultsError where rows never found room."""
        self.flush()
        missing = self._count + self.lost
        self._list(self._count)
        if missing:
            why = self.unwritten or "memory was full while the disk was"
            came = self.rows + missing
            message = f"of {came:,} rows that came {missing:,} rows are not recorded: {why}"
            raise ResultsError(f"{self.folder}: {message}")

    def _join(self) -> None:
        first = self._number - len(self._parts) + 1
        whole = pa.concat_tables([pq.read_table(file) for file in self._parts])
        name = f"values-{first:09d}-{self._number:09d}.parquet"
        _write(whole, self.folder / name)
        self._manifest.join(self._parts, self.folder / name)
        self._list()
        for file in self._parts:
            file.unlink()
        self._parts, self._rows_in_parts = [], 0

    def _table(self) -> pa.Table:
        came = joined([batch.came for batch in self._waiting])
        texts: list[str | None] = [None] * len(came)
        for row, text in came.texts.items():
            texts[row] = text
        times = [_nullable(getattr(came, name)) for name in _TIMES]
        flags = np.concatenate([batch.flags for batch in self._waiting])
        signal = pa.DictionaryArray.from_arrays(pa.array(came.signal, pa.int32()), self._names)
        columns = [signal, *times, came.raw, pa.array(texts, pa.string())]
        return pa.Table.from_arrays(
            [*map(_array, columns), *map(_array, (came.status, came.marks, flags))], schema=SCHEMA
        )


def _write(table: pa.Table, file: Path) -> None:
    """Write a file that is whole or not there; half of one would take the room that is left."""
    try:
        parts.write(table, file)
    except OSError:
        file.with_name(f"{file.name}.tmp").unlink(missing_ok=True)
        raise


def _array(values: np.ndarray | pa.Array) -> pa.Array:
    return values if isinstance(values, pa.Array) else pa.array(values)


def _nullable(times: np.ndarray) -> pa.Array:
    return pa.array(times, pa.int64(), mask=times == NO_TIME).cast(_TIME)


def recorded(
    folder: Path, names: list[str], *, incomplete: bool = False
) -> Iterator[tuple[Raw, np.ndarray]]:
    """Yield the rows of a recording with the flags of then, file by file, in order.

    `names`: signals of the mapping, by which rows are numbered. ResultsError where it is none, and
    where parts of it are missing unless it may be `incomplete`.
    """
    if not recorded_files(folder):
        raise ResultsError(f"{folder} holds no recorded values")
    wanted = [] if incomplete else listed(folder)  # first: parts may be closed meanwhile
    files = recorded_files(folder)
    if not incomplete:
        check_whole(folder, wanted, files)
    for file in files:
        try:
            with parts.opened(file) as parquet:
                for block in parquet.iter_batches(ROWS_PER_READ, use_threads=False):
                    yield _rows(pa.Table.from_batches([block]), names, file)
        except (pa.ArrowException, OSError) as error:
            raise ResultsError(f"{file} is damaged: {error}") from error


def recorded_files(folder: Path) -> list[Path]:
    """Return the files of a recording in order, without parts that a joined file holds."""
    found = [(file, match) for file in folder.glob("values-*") if (match := NAME.match(file.name))]
    spans = [(int(match[1]), int(match[2])) for _, match in found if match[2]]
    kept = []
    for file, match in found:
        number = int(match[1])
        if match[2] or not any(first <= number <= last for first, last in spans):
            kept.append((number, file))
    return [file for _, file in sorted(kept)]


def _rows(table: pa.Table, names: list[str], file: Path) -> tuple[Raw, np.ndarray]:
    encoded = table["signal"].combine_chunks()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.unify_dictionaries().combine_chunks()
    known = {name: number for number, name in enumerate(names)}
    numbers = [known.get(name, -1) for name in encoded.dictionary.to_pylist()]
    signal = np.array(numbers, np.int32)[encoded.indices.to_numpy()]
    if (signal < 0).any():
        raise ResultsError(f"{file} holds signals that its mapping does not have")
    columns = {name: table[name].to_numpy() for name in ("raw", "status", "marks")}
    for name in _TIMES:
        times = table[name].cast(pa.int64()).fill_null(int(NO_TIME))
        columns[name] = times.to_numpy()
    texts = table["text"].to_pylist() if table["text"].null_count < table.num_rows else []
    rows = Raw(signal, **columns, texts={n: t for n, t in enumerate(texts) if t is not None})
    return rows, table["flags"].to_numpy()
