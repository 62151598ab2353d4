"""What a historian says by saying nothing: spans between the values that it kept.

Nothing is added to the rows. A span stands beside the row that closed it and says what the signal
was from the value before to this one, and how well that is known:

| method | between two kept values |
|---|---|
| last_value | the first of them, exactly: it did not change |
| deadband | the first, within the deviation |
| swinging_door | the straight line between them, within the deviation |

Within a deviation d nothing is known but the bounds: uniform, standard uncertainty d / sqrt(3)
(JCGM 100:2008, 4.3.7 [M]). A bad or implausible value, and one of doubtful time, ends a held value
and breaks a line. A new link, values that a server's queue lost, and a suspension end both: nothing
is said of the time before. A silence longer than `longest` is no
compression: a held value ends there, a line is not drawn. After the last value nothing is known
before the next has come.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

import numpy as np

from linetwin.scenario.mapped import NUMBERS
from linetwin.twin.columns import NO_TIME, SECOND, Flag, Mark

if TYPE_CHECKING:
    from collections.abc import Sequence

    from linetwin.scenario.mapped import Mapping, SignalConfig
    from linetwin.twin.columns import Raw

_PASSED_OVER = np.uint32(Flag.OUT_OF_ORDER | Flag.DUPLICATE)
_BREAKS = np.uint32(Flag.BAD | Flag.OUT_OF_RANGE | Flag.TOO_FAST | Flag.NOT_A_NUMBER) | np.uint32(
    Flag.AMBIGUOUS_TIME | Flag.SUSPENDED
)


class Told(IntEnum):
    """How a value at some time is known."""

    NOT = 0
    CAME = 1
    HELD = 2
    INTERPOLATED = 3


@dataclass(frozen=True)
class Spans:
    """Stretches of time between kept values; all arrays have the same length.

    row: of the batch, the value that closed it; begin, end: ns of UTC; first, last: what the
    signal was at either end, alike where it was held; uncertainty: standard, for times between.
    Values in canonical units.
    """

    row: np.ndarray
    signal: np.ndarray
    begin: np.ndarray
    end: np.ndarray
    first: np.ndarray
    last: np.ndarray
    uncertainty: np.ndarray
    told: np.ndarray

    def __len__(self) -> int:
        return len(self.row)

    def chosen(self, which: np.ndarray, first_row: int = 0) -> Spans:
        """Return some spans, their rows counted from another."""
        columns = {name: column[which] for name, column in vars(self).items()}
        return Spans(**{**columns, "row": columns["row"] - first_row})

    def at(self, signal: int, times: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return value, standard uncertainty and `Told` of a signal at times (ns UTC).

        NaN where no span says. The end of a held span belongs to the next.
        """
        mine = self.chosen(np.flatnonzero(self.signal == signal))
        mine = mine.chosen(np.argsort(mine.begin, kind="stable"))
        value, uncertainty = np.full(len(times), np.nan), np.full(len(times), np.nan)
        told = np.full(len(times), int(Told.NOT))
        if not len(mine):
            return value, uncertainty, told
        place = np.searchsorted(mine.begin, times, side="right") - 1
        line = mine.told == Told.INTERPOLATED
        within = (place >= 0) & (times < mine.end[place])
        closing = (place >= 0) & line[place] & (times == mine.end[place])
        rows, kept = place[within | closing], times[within | closing]
        length = (mine.end - mine.begin)[rows]
        part = (kept - mine.begin[rows]) / length
        value[within | closing] = mine.first[rows] + part * (mine.last - mine.first)[rows]
        ends = (kept == mine.begin[rows]) | (kept == mine.end[rows])
        uncertainty[within | closing] = np.where(ends, 0.0, mine.uncertainty[rows])
        told[within | closing] = np.where(ends, int(Told.CAME), mine.told[rows])
        return value, uncertainty, told


def together(parts: Sequence[tuple[Spans | None, int]]) -> Spans | None:
    """Return the spans of batches that follow one another, each with its number of rows."""
    found, rows = [], 0
    for spans, count in parts:
        if spans is not None:
            found.append(spans.chosen(np.arange(len(spans)), -rows))
        rows += count
    if not found:
        return None
    return Spans(
        **{name: np.concatenate([vars(each)[name] for each in found]) for name in vars(found[0])}
    )


class Compression:
    """Makes the spans of one mapping from rows that have been judged, however they are cut."""

    def __init__(self, mapping: Mapping) -> None:
        signals = mapping.signals
        sources = [mapping.sources[signal.source].compression for signal in signals]
        methods = [None if each is None else each.method for each in sources]
        pairs = list(zip(signals, methods, strict=True))
        self._mine = np.array([m is not None and _is_told(signal) for signal, m in pairs], bool)
        self._line = np.array(
            [m == "swinging_door" and signal.kind in NUMBERS for signal, m in pairs], bool
        )
        self._spread = np.array([each.deviation / math.sqrt(3.0) for each in signals])
        longest = [math.inf if each is None else each.longest_s for each in sources]
        self._longest = np.array(longest) * SECOND
        self._time = np.full(len(signals), NO_TIME)
        self._value = np.full(len(signals), np.nan)
        self._episode = np.zeros(len(signals), np.int64)
        self._good = np.zeros(len(signals), bool)

    def spans(
        self,
        came: Raw,
        times: np.ndarray,
        value: np.ndarray,
        flags: np.ndarray,
        episodes: np.ndarray,
    ) -> Spans | None:
        """Return the spans that these rows close; None where no source leaves values out.

        episodes: by row, how often its station has been suspended or freed.
        """
        if not self._mine.any():
            return None
        rows = np.flatnonzero(self._mine[came.signal] & ((flags & _PASSED_OVER) == 0))
        rows = rows[np.argsort(came.signal[rows], kind="stable")]
        signal, moment, now = came.signal[rows], times[rows], value[rows]
        episode, good = episodes[rows], (flags[rows] & _BREAKS) == 0
        anew = (came.marks[rows] & np.uint8(Mark.FIRST)) != 0
        anew |= (flags[rows] & np.uint32(Flag.OVERFLOW)) != 0
        starts = np.flatnonzero(np.diff(signal, prepend=-1))
        begin = _before(moment, starts, self._time[signal[starts]])
        first = _before(now, starts, self._value[signal[starts]])
        known = _before(good, starts, self._good[signal[starts]]) & ~anew
        known &= _before(episode, starts, self._episode[signal[starts]]) == episode
        known &= moment > begin
        ends = np.append(starts[1:], len(signal)) - 1 if len(starts) else starts
        last = signal[ends]
        self._time[last], self._value[last] = moment[ends], now[ends]
        self._episode[last], self._good[last] = episode[ends], good[ends]
        line, longest = self._line[signal], self._longest[signal]
        short = np.where(known, moment - begin, 0) <= longest
        known &= ~line | (good & short)
        end = moment.copy()
        end[known & ~short] = begin[known & ~short] + longest[known & ~short].astype(np.int64)
        told = np.where(line, int(Told.INTERPOLATED), int(Told.HELD)).astype(np.uint8)
        closing = np.where(line, now, first)
        spread = self._spread[signal]
        found = Spans(rows, signal, begin, end, first, closing, spread, told)
        return found.chosen(np.flatnonzero(known)[np.argsort(rows[known], kind="stable")])


def _is_told(signal: SignalConfig) -> bool:
    return signal.kind in NUMBERS or signal.codes is not None


def _before(column: np.ndarray, starts: np.ndarray, kept: np.ndarray) -> np.ndarray:
    """Return the entry before each, within its signal; of the first the one that was kept."""
    before = np.roll(column, 1)
    before[starts] = kept
    return before
