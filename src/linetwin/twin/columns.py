"""Values of a plant as columns: as they came, and as they were judged.

Times are whole nanoseconds of UTC since 1970, `NO_TIME` where there is none. A value that is text
(a lot's name, a state in words) stands in `texts` under the number of its row.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import IntFlag
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from linetwin.twin.feed.compression import Spans

BAD = 0x80000000
NO_VALUE = 0x809B0000
"""Bad_NoData (OPC 10000-6, A.2 [M]): an empty cell, NULL, JSON's null."""
BAD_TIME = 0x80230000
"""Bad_InvalidTimestamp (OPC 10000-6, A.2; asyncua's table [V])."""
_STATUSES = {"good": 0, "uncertain": 0x40000000, "bad": BAD}
_TRUTHS = {"true": "1", "false": "0"}
_NUMBER = re.compile(r"[0-9]+(\.0*)?")
_CODES = 2**32
NO_TIME = np.iinfo(np.int64).min
SECOND = 1_000_000_000
"""Nanoseconds of a second."""


class Mark(IntFlag):
    """What the feed knows of a value when it arrives, and no value can tell later."""

    FIRST = 1
    """The first since the link was made: what the server held, however old."""
    BACKFILL = 2
    """From a file or a history: its lateness says nothing."""
    AMBIGUOUS = 4
    """Its local time occurs twice, or never, and nothing tells which is meant."""
    RETAINED = 8
    """A broker kept it from before we came, for however long."""
    AGAIN = 16
    """A broker says it may have handed it on before, and it is what came last."""
    CORRECTED = 32
    """A row of a file that was read before, and has been changed there since."""


class Flag(IntFlag):
    """What the rules found; a value is never deleted and never changed."""

    BAD = 1
    UNCERTAIN = 2
    NO_SOURCE_TIME = 4
    LATE = 8
    AHEAD = 16
    WHOLE_HOUR = 32
    OUT_OF_ORDER = 64
    DUPLICATE = 128
    OUT_OF_RANGE = 256
    TOO_FAST = 512
    NOT_A_NUMBER = 1024
    UNKNOWN_CODE = 2048
    OVERFLOW = 4096
    """The server's queue lost values before this one."""
    SUSPENDED = 8192
    """Cleaning, calibration, trial or manual: shown and recorded, not learnt from."""
    FIRST = 16384
    AMBIGUOUS_TIME = 32768
    RETAINED = 65536
    """A broker kept it; it has no time of its own, or one so old that it is stale."""


NOT_NEWS = (Flag.BAD | Flag.OUT_OF_ORDER | Flag.DUPLICATE | Flag.OUT_OF_RANGE | Flag.TOO_FAST) | (
    Flag.NOT_A_NUMBER | Flag.SUSPENDED | Flag.RETAINED
)
"""With any of these a value says nothing new about the line that a twin should learn from."""


@dataclass(frozen=True)
class Raw:
    """Rows as they came; all arrays have the same length.

    signal: number of the signal in its mapping; source_time, server_time, arrival: ns; raw: the
    value in the source's own unit, NaN for text; status: OPC UA status code; marks: `Mark`.
    """

    signal: np.ndarray
    source_time: np.ndarray
    server_time: np.ndarray
    arrival: np.ndarray
    raw: np.ndarray
    status: np.ndarray
    marks: np.ndarray
    texts: dict[int, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.signal)


TYPES = {
    "signal": np.int32,
    "source_time": np.int64,
    "server_time": np.int64,
    "arrival": np.int64,
    "raw": np.float64,
    "status": np.uint32,
    "marks": np.uint8,
}
"""Column -> type of what came."""


@dataclass(frozen=True)
class Batch:
    """Rows as they came and as they were judged.

    time: ns of UTC, corrected; value: in canonical units; flags: `Flag`. A state or a mode has
    PackML's number as its value, 0 for UNDEFINED. spans: what the rows say of the times before
    them, where a source leaves values out; see `feed.compression`.
    """

    came: Raw
    time: np.ndarray
    value: np.ndarray
    flags: np.ndarray
    spans: Spans | None = None

    def __len__(self) -> int:
        return len(self.came)

    @property
    def usable(self) -> np.ndarray:
        """Which rows say something new about the line."""
        usable: np.ndarray = (self.flags & np.uint32(NOT_NEWS)) == 0
        return usable


@dataclass(frozen=True)
class Notice:
    """Something to tell a person: when (ns), of which source, what kind, and in words."""

    time: int
    source: str
    kind: str
    text: str


def raw_rows(
    signal: Iterable[int] | np.ndarray, arrival: int | np.ndarray, **columns: np.ndarray | int
) -> Raw:
    """Return rows; a column left out is empty (no time, NaN, Good, no mark), a number fills one."""
    signals = np.asarray(signal, np.int32)
    empty = {
        "source_time": NO_TIME,
        "server_time": NO_TIME,
        "raw": np.nan,
        "status": 0,
        "marks": 0,
    }
    made = {"arrival": arrival, **empty, **columns}
    arrays = {
        name: np.broadcast_to(np.asarray(made[name], TYPES[name]), signals.shape) for name in made
    }
    return Raw(signals, **arrays, texts={})


def joined(parts: list[Raw]) -> Raw:
    """Return several parts as one, in their order."""
    if len(parts) == 1:
        return parts[0]
    texts: dict[int, str] = {}
    start = 0
    for part in parts:
        for row, text in part.texts.items():
            texts[start + row] = text
        start += len(part)
    arrays = {
        name: np.concatenate([getattr(part, name) for part in parts])
        if parts
        else np.empty(0, type_)
        for name, type_ in TYPES.items()
    }
    return Raw(**arrays, texts=texts)


def part_of(rows: Raw, begin: int, end: int) -> Raw:
    """Return rows `begin` to `end` (not included)."""
    arrays = {name: getattr(rows, name)[begin:end] for name in TYPES}
    texts = {row - begin: text for row, text in rows.texts.items() if begin <= row < end}
    return Raw(**arrays, texts=texts)


def chosen(rows: Raw, numbers: np.ndarray) -> Raw:
    """Return some rows, in the order of their numbers."""
    arrays = {name: getattr(rows, name)[numbers] for name in TYPES}
    texts = {
        place: rows.texts[row] for place, row in enumerate(numbers.tolist()) if row in rows.texts
    }
    return Raw(**arrays, texts=texts)


def status_code(word: object) -> int | None:
    """Return the status code that a word or number stands for, None where it is neither.

    Good, Uncertain, Bad in any case, or a number of OPC UA. Nothing, an empty cell, is no
    statement: Good.
    """
    if word is None or word != word:  # noqa: PLR0124  NaN stands for an empty cell
        return _STATUSES["good"]
    text = str(word).strip().lower()
    if not text:
        return _STATUSES["good"]
    if text in _STATUSES:
        return _STATUSES[text]
    number = _NUMBER.fullmatch(text) and float(text)
    return int(number) if number is not None and number < _CODES else None


def code_of(row: int, came: Raw) -> str:
    """Return the code of a state or mode as the mapping file writes it; true and false are 1, 0."""
    if row in came.texts:
        text = came.texts[row]
        return _TRUTHS.get(text.lower(), text)
    raw = float(came.raw[row])
    return str(int(raw)) if raw.is_integer() else str(raw)
