"""Files that people drop: CSV, Parquet and SQLite as sources, through the same interface.

A file is looked at every second; rows that were added are read. Those of one signal come in the
order of the file, those of several by time: an export may tell one tag after the other, and what
suspends a station must be known when its values are judged. A file that became shorter, or whose
rows are not those that were read, is read anew. A last line without its end waits until the file
has not changed for `SETTLED_S`. Rows whose tag no signal has are left, and counted.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from linetwin.errors import OpcUaError, ResultsError
from linetwin.scenario.mapped import NUMBERS
from linetwin.twin.columns import (
    BAD,
    BAD_TIME,
    NO_TIME,
    NO_VALUE,
    Mark,
    Raw,
    chosen,
    raw_rows,
    status_code,
)
from linetwin.twin.feed.cells import cell_of, is_empty, keys_of
from linetwin.twin.feed.files import read_table
from linetwin.twin.feed.zones import parse_times, to_utc
from linetwin.twin.opcua.health import Health

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from linetwin.scenario.mapped import SignalConfig, SignalKind, SourceConfig, TableConfig
    from linetwin.twin.opcua.link import Sink

LOOK_EVERY_S = 1.0
SETTLED_S = 5.0
"""Unchanged for so long a file is complete, though its last line has no end [A]."""
_LAST_TIME = np.iinfo(np.int64).max
_BAD_SEVERITY = 2
_STATUS_WORDS = "known are Good, Uncertain, Bad, and status codes of OPC UA as numbers"
MOST_CHANGED = 0.1
"""Share of the rows that were read up to which they count as corrected; of more as others [A].
One row always does, and in a file that names lots each of which only the time, only the lot, or
only what was read has changed."""


_PARTS = 3


class _Cells(NamedTuple):
    """Values as they stand in a file, the lot that each is of, "" for none, and their times.

    `lines`: the row of the file that each is in.
    """

    told: Sequence[object]
    lots: Sequence[str]
    stamps: Sequence[object]
    lines: np.ndarray


class TableReader:
    """Reads one file as it grows."""

    def __init__(
        self,
        source: SourceConfig,
        signals: Sequence[tuple[int, SignalConfig]],
        sink: Sink,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if source.table is None:
            raise ResultsError(f"source '{source.name}' is no file")
        self.source = source
        self.health = Health(source.name, endpoint=str(source.table.file))
        self._table: TableConfig = source.table
        self._numbers = {signal.column: number for number, signal in signals}
        self._kinds = {number: signal.kind for number, signal in signals}
        self._sink = sink
        self._clock = clock
        self._read = 0
        self._known = np.zeros(0, np.int64)
        self._known_parts = np.zeros((_PARTS if source.table.lot else 0, 0), np.int64)
        self._corrected = np.zeros(0, np.int64)
        self._stamp: tuple[int, int] = (-1, -1)
        self._since = 0.0
        self._half: int | None = None
        self._left_out: dict[int, int] = {}  # row of the file -> values that cannot be read
        self._settled = self._is_open = self._due = self._is_told = False
        self._names: list[str] = []

    async def run(self) -> None:
        """Read what is there and what is added, until cancelled."""
        while True:
            try:
                await asyncio.to_thread(self.look)
            except OpcUaError as error:
                if str(error) != self.health.error:
                    self._sink.notice(self.source.name, "down", str(error))
                self.health.state, self.health.error = "down", str(error)
            await asyncio.sleep(LOOK_EVERY_S)

    def look(self) -> None:
        """Read rows that are new; OpcUaError where the file cannot be read now."""
        file = self._table.file
        try:
            about = file.stat()
        except OSError as error:
            raise OpcUaError(f"{file}: {error}") from error
        stamp = (about.st_mtime_ns, about.st_size)
        if stamp != self._stamp:
            self._stamp, self._since = stamp, self._clock()
            self._settled, self._due = False, True
        elif not self._settled and self._clock() - self._since >= SETTLED_S:
            self._settled, self._due = True, self._due or self._is_open
        if not self._due:
            return
        frame, self._is_open, crowded = read_table(self._table, settled=self._settled)
        self._due, self._names = False, list(frame.columns)
        self._tell_without_rows(frame)
        own = self._own(frame)
        keys, parts = keys_of(own), self._parts(own)
        lines = self._new(keys, parts)
        for row in lines.tolist():
            self._left_out.pop(row, None)
        lines = self._whole(lines, crowded)
        self.health.last_message = time.time_ns()
        self.health.messages += 1
        rows = self._rows(frame.iloc[lines].reset_index(drop=True), lines)
        self.health.state, self.health.error = "live", ""
        self.health.left_out = sum(self._left_out.values())
        self._note_read(keys, parts)
        self.health.changes += len(rows)
        if len(rows):
            self._sink.rows(rows)

    def _tell_without_rows(self, frame: pd.DataFrame) -> None:
        """Say once that a file has names of columns and nothing else."""
        if len(frame):
            self._is_told = False
        elif not self._is_told:
            self._is_told = True
            text = f"{self._table.file} has names of columns, and no row yet"
            self._sink.notice(self.source.name, "no rows", text)

    def _whole(self, rows: np.ndarray, crowded: Mapping[int, int]) -> np.ndarray:
        """Return rows without those that have more cells than there are names, which are told."""
        wide = [row for row in rows.tolist() if row in crowded]
        if not wide:
            return rows
        self._left_out |= dict.fromkeys(wide, 1)
        text = (
            f"{self._table.file}: {len(wide)} rows have more cells than the first line has names "
            f"and are left out, line {crowded[wide[0]]} the first; a comma in a cell needs quotes"
        )
        self._sink.notice(self.source.name, "refused", text)
        return rows[~np.isin(rows, wide)]

    def _own(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return the columns that are read."""
        table = self._table
        tagged = [table.tag, table.value, table.status] if table.tag else list(self._numbers)
        names = dict.fromkeys([table.time, *tagged, table.lot])
        return frame[[name for name in names if name in frame.columns]]

    def _parts(self, own: pd.DataFrame) -> np.ndarray:
        """Return keys of rows less their time, their lot, and what was read.

        Shape (_PARTS, rows), (0, rows) where the file names no lots.
        """
        table = self._table
        if not table.lot:
            return np.zeros((0, len(own)), np.int64)
        named = {table.time, table.tag, table.lot}
        read = [name for name in own.columns if name not in named]
        left_out = [[table.time], [table.lot], read]
        return np.stack([keys_of(own.drop(columns=each, errors="ignore")) for each in left_out])

    def _new(self, keys: np.ndarray, parts: np.ndarray) -> np.ndarray:
        """Return the rows that are to be read: new ones, and of those that were read the changed.

        All where what was read does not stand there any more. `parts`: as `_parts`.
        """
        file, name, count = self._table.file, self.source.name, len(keys)
        self._corrected = np.zeros(0, np.int64)
        if count < self._read:
            self._sink.notice(name, "shorter", f"{file} is read anew")
            return self._anew(count)
        changed = np.flatnonzero(keys[: self._read] != self._known)
        same = parts[:, changed] == self._known_parts[:, changed]
        others = changed[~same.any(axis=0)]
        if len(others) > max(1, MOST_CHANGED * self._read):
            self._sink.notice(name, "replaced", f"{file} has other rows and is read anew")
            return self._anew(count)
        if len(changed):
            text = f"{len(changed)} rows that were read, row {changed[0] + 1} the first"
            self._sink.notice(name, "changed", f"{file}: {text}; they are read again")
        self._corrected = changed
        return np.concatenate([changed, np.arange(self._begin(keys), count)])

    def _anew(self, count: int) -> np.ndarray:
        self._read, self._half, self._left_out = 0, None, {}
        return np.arange(count)

    def _begin(self, keys: np.ndarray) -> int:
        """Return the first row that was not read; a half row that was taken may be complete now."""
        if self._half is None or len(keys) <= self._read:
            return self._read
        if int(keys[self._read]) == self._half:
            return self._read + 1
        text = f"{self._table.file}: row {self._read + 1} was half written and is read again"
        self._sink.notice(self.source.name, "completed", text)
        return self._read

    def _note_read(self, keys: np.ndarray, parts: np.ndarray) -> None:
        """Note what was read; a last row without its end may still change, and is noted apart."""
        is_half = self._is_open and self._settled and len(keys) > 0
        if is_half:
            self._half = int(keys[-1])
        elif len(keys) > self._read:
            self._half = None
        self._read = len(keys) - int(is_half)
        self._known, self._known_parts = keys[: self._read], parts[:, : self._read]

    def _rows(self, frame: pd.DataFrame, lines: np.ndarray) -> Raw:
        table = self._table
        needed = [table.time, *([table.tag, table.value] if table.tag else [])]
        needed += [table.lot] if table.lot else []
        missing = [name for name in needed if name not in frame.columns]
        if missing:
            raise OpcUaError(self._without(missing))
        stamps = frame[table.time].tolist()
        times, known = parse_times(stamps, table.time_format)
        if not table.tag:
            return self._wide(frame, times, known, lines)
        numbers = np.array([self._numbers.get(tag, -1) for tag in frame[table.tag]], np.int64)
        mine = numbers >= 0
        if not mine.all():
            names = sorted({str(tag) for tag in frame[table.tag][~mine]})
            text = f"{int((~mine).sum())} rows of {', '.join(names[:5])}"
            self._sink.notice(self.source.name, "not mapped", text)
        status = None
        if table.status in frame.columns:
            status = self._statuses(frame[table.status].tolist(), mine)
        cells = _Cells(frame[table.value].tolist(), self._lots(frame), stamps, lines)
        return self._made(numbers, (times, known), cells, status, mine)

    def _statuses(self, words: Sequence[object], mine: np.ndarray) -> np.ndarray:
        """Return status codes; words that are none are Bad, and told with their number."""
        found = [status_code(word) for word in words]
        codes = np.array([BAD if code is None else code for code in found], np.uint32)
        pairs = zip(words, found, mine, strict=True)
        unknown = Counter(str(word) for word, code, own in pairs if own and code is None)
        if unknown:
            told = ", ".join(f"'{word}' {count} times" for word, count in unknown.most_common(5))
            more = f" and {len(unknown) - 5} words more" if len(unknown) > 5 else ""  # noqa: PLR2004
            text = f"column {self._table.status}: {told}{more} taken as Bad; {_STATUS_WORDS}"
            self._sink.notice(self.source.name, "unknown status", text)
        if mine.any() and (codes[mine] >> 30 >= _BAD_SEVERITY).all():
            text = f"column {self._table.status}: all {int(mine.sum())} rows are bad"
            self._sink.notice(self.source.name, "all bad", text)
        return codes

    def _wide(
        self, frame: pd.DataFrame, times: np.ndarray, known: np.ndarray, lines: np.ndarray
    ) -> Raw:
        """Return a row for each signal at each time, row by row; an empty cell says nothing."""
        columns = [name for name in self._numbers if name in frame.columns]
        missing = sorted(self._numbers.keys() - set(columns))
        if missing and not columns:
            raise OpcUaError(self._without(missing))
        if missing:
            self._sink.notice(self.source.name, "refused", self._without(missing))
        numbers = np.tile([self._numbers[name] for name in columns], len(frame)).astype(np.int64)
        cells = [cell for row in frame[columns].itertuples(index=False) for cell in row]
        there = np.array([not is_empty(cell) for cell in cells], bool)
        stamps = np.repeat(times, len(columns)), np.repeat(known, len(columns))
        lots = [lot for lot in self._lots(frame) for _ in columns]
        written = [stamp for stamp in frame[self._table.time] for _ in columns]
        told = _Cells(cells, lots, written, np.repeat(lines, len(columns)))
        return self._made(numbers, stamps, told, None, there)

    def _without(self, missing: Sequence[str]) -> str:
        """Return which columns are missing, and which there are."""
        file, has = self._table.file, ", ".join(map(str, self._names))
        return f"{file} has no column {', '.join(missing)}: it has {has or 'none'}"

    def _lots(self, frame: pd.DataFrame) -> list[str]:
        """Return the name of the lot of each row, "" where none is told."""
        if not self._table.lot:
            return [""] * len(frame)
        names = frame[self._table.lot].tolist()
        return ["" if pd.isna(name) else str(name).strip() for name in names]

    def _made(
        self,
        numbers: np.ndarray,
        stamps: tuple[np.ndarray, np.ndarray],
        cells: _Cells,
        status: np.ndarray | None,
        kept: np.ndarray,
    ) -> Raw:
        """Return rows in order of time; `stamps`: times, and whether each is known to be UTC."""
        times, known = stamps
        local = np.where(known, NO_TIME, times)
        utc, doubtful = to_utc(local, self.source.zone, self._table.ambiguous, numbers)
        utc = np.where(known, times, utc)
        rows = np.flatnonzero(kept)
        told = [cells.told[row] for row in rows.tolist()]
        kinds = [self._kinds[number] for number in numbers[rows].tolist()]
        empty = np.array([is_empty(cell) for cell in told], bool)
        values = [
            (math.nan, None) if none else cell_of(cell, kind)
            for cell, kind, none in zip(told, kinds, empty.tolist(), strict=True)
        ]
        codes = np.zeros(len(rows), np.uint32) if status is None else status[rows]
        codes[empty] = np.maximum(codes[empty], NO_VALUE)
        unread = utc[rows] == NO_TIME
        if unread.any():
            codes[unread] = np.maximum(codes[unread], BAD_TIME)
            self._tell_unread(rows[unread], cells)
        self._tell_no_numbers(rows, cells, [number for number, _ in values], kinds)
        marks = np.where(doubtful[rows], int(Mark.BACKFILL | Mark.AMBIGUOUS), int(Mark.BACKFILL))
        marks[np.isin(cells.lines[rows], self._corrected)] |= int(Mark.CORRECTED)
        made = raw_rows(
            numbers[rows],
            time.time_ns(),
            source_time=utc[rows],
            raw=np.array([number for number, _ in values], np.float64),
            status=codes,
            marks=marks,
        )
        for place, (number, words) in enumerate(values):
            if words is not None and (math.isnan(number) or kinds[place] not in NUMBERS):
                made.texts[place] = words
            elif lot := cells.lots[rows[place]]:
                made.texts[place] = lot
        latest = _LAST_TIME if self.source.played else time.time_ns()
        return chosen(made, _by_time(made, latest))

    def _tell_unread(self, rows: np.ndarray, cells: _Cells) -> None:
        """Tell of values whose times are none: how many, and where the first stands."""
        table, first = self._table, int(rows[0])
        form = table.time_format or "ISO 8601, else write time_format"
        text = (
            f"{table.file}: {len(rows)} values have no time that can be read and are bad, "
            f"row {cells.lines[first] + 1} the first: '{cells.stamps[first]}'; times are {form}"
        )
        self._sink.notice(self.source.name, "no time", text)

    def _tell_no_numbers(
        self,
        rows: np.ndarray,
        cells: _Cells,
        values: Sequence[float],
        kinds: Sequence[SignalKind],
    ) -> None:
        """Tell of amounts that are written as no number: how many, and where the first stands."""
        wrong = [
            row
            for row, value, kind in zip(rows.tolist(), values, kinds, strict=True)
            if kind in NUMBERS and math.isnan(value) and not is_empty(cells.told[row])
        ]
        if not wrong:
            return
        self._left_out |= Counter(cells.lines[wrong].tolist())
        row = wrong[0]
        text = (
            f"{self._table.file}: {len(wrong)} values are no numbers and are not used, row "
            f"{cells.lines[row] + 1} the first: '{cells.told[row]!s:.40}'; a number is written "
            "with a point and no other sign, such as 18.66"
        )
        self._sink.notice(self.source.name, "no number", text)


def _by_time(rows: Raw, latest: int) -> np.ndarray:
    """Return the order of time; a row that goes back in time stays behind those of its signal.

    A row without a time, or with one later than `latest` (ns UTC), has that of the row before it.
    """
    sound = (rows.source_time != NO_TIME) & (rows.source_time <= latest)
    stamps = np.append(NO_TIME, np.where(sound, rows.source_time, NO_TIME))
    known = np.append(0, np.where(sound, 1 + np.arange(len(rows)), 0))
    reached = stamps[np.maximum.accumulate(known)][1:]
    for number in np.unique(rows.signal):
        mine = rows.signal == number
        reached[mine] = np.maximum.accumulate(reached[mine])
    order: np.ndarray = np.argsort(reached, kind="stable")
    return order
