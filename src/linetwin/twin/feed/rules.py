"""What is made of values as they come: times put right, values converted, doubts flagged.

Rows are judged in the order of their arrival and by nothing but the rows before them, so that a
replay of what was recorded is judged alike, however it is cut into batches.

| rule | what it says |
|---|---|
| bad, uncertain | by the severity of the OPC UA status code |
| no source time | the server's time stands in, else that of arrival |
| whole hour | an hour or more off, to 60 s: at once where the stamp is in the future, else from the
  fifth value in a row of that source; the time is put right by whole hours |
| late | it arrived later after its time than the source's `late_after`; not for the first value
  of a link, nor for files |
| ahead | its time is more than 2 s in the future: the time of arrival stands in. A file beside a
  played plant is held against the plant's time. A file's row that names its lot keeps its time |
| out of order | an earlier time than one that this signal had before; the arrival that stands in
  for the time of a file's row has no place in this order, nor has a row that names its lot |
| begun anew | no flag: a played plant's time goes back with a new link; order begins anew |
| duplicate | same time, value and status as the value before; or a broker says it may have handed
  the message on before, and it is the one that came last |
| retained | a broker kept it; it has no time of its own, or is older than makes it stale |
| out of range, too fast | outside `minimum` to `maximum`; changed faster than `greatest_rate` since
  the last value that nothing was said against, unless it is of a file and names its lot |
| unknown code | a state or mode that the mapping does not have: UNDEFINED |
| suspended | the station is being cleaned, calibrated, tried, run by hand, or in no known state |
"""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

import numpy as np

from linetwin.scenario.mapped import NUMBERS, UNDEFINED
from linetwin.twin.columns import NO_TIME, SECOND, Batch, Flag, Mark, Notice, code_of
from linetwin.twin.feed.clocks import Clocks
from linetwin.twin.feed.compression import Compression
from linetwin.twin.feed.numerals import number_in
from linetwin.twin.feed.suspension import Suspension

if TYPE_CHECKING:
    from linetwin.scenario.mapped import Mapping
    from linetwin.twin.columns import Raw

_UNCERTAIN, _BAD = 1, 2
_OVERFLOW = 0x480  # the info type says "data value", and its overflow bit is set
_MOST_TOLD = 1_000  # unknown codes; a lot that is mapped as a state must not fill the memory
_TELL_ANEW_NS = 60 * SECOND
_REJECTED = np.uint32(Flag.BAD | Flag.OUT_OF_ORDER | Flag.DUPLICATE | Flag.NOT_A_NUMBER)


class Rules:
    """Judges the rows of one mapping; `notices` collects what a person should be told."""

    def __init__(self, mapping: Mapping) -> None:
        signals = mapping.signals
        self.notices: list[Notice] = []
        self.counts = np.zeros((len(signals), len(Flag)), np.int64)
        """How often each flag was set, by signal; in the order of `Flag`."""
        self._signals = signals
        self._scale = np.array([each.scale for each in signals])
        self._offset = np.array([each.offset for each in signals])
        self._low = np.array([each.minimum for each in signals])
        self._high = np.array([each.maximum for each in signals])
        self._rate = np.array([each.greatest_rate for each in signals])
        self._is_number = np.array([each.kind in NUMBERS for each in signals], bool)
        self._is_coded = np.array([each.codes is not None for each in signals], bool)
        self._old_s = np.array([mapping.stale_after_s(each) for each in signals])
        self._latest = np.full(len(signals), NO_TIME)
        self._before_time = np.full(len(signals), NO_TIME)
        self._before_key = np.zeros(len(signals), np.int64)
        self._before_status = np.zeros(len(signals), np.uint32)
        self._good_time = np.full(len(signals), NO_TIME)
        self._good_value = np.full(len(signals), np.nan)
        self._is_played = np.array([mapping.sources[each.source].played for each in signals], bool)
        self._anew: dict[str, int] = {}
        self._told: set[tuple[int, str]] = set()
        self.clocks = Clocks(mapping)
        self._suspension = Suspension(mapping)
        self._compression = Compression(mapping)

    def judge(self, came: Raw) -> Batch:
        """Return the rows with times, values and flags."""
        flags = self._by_status(came)
        named = self._naming_lots(came)
        times = self.clocks.times(came, flags, named)
        for number in self.clocks.found_ahead(int(came.arrival[-1])) if len(came) else ():
            self._latest[number] = NO_TIME  # its order begins anew
        self.notices += self.clocks.told()
        value = self._values(came, flags)
        self._retained(came, times, flags)
        self._order(came, times, flags, named)
        self._plausible(came, times, value, flags, named)
        episodes = self._suspension.apply(came, value, flags)
        for column, flag in enumerate(Flag):
            hit = (flags & np.uint32(flag)) != 0
            if hit.any():
                np.add.at(self.counts[:, column], came.signal[hit], 1)
        # what is of a lot says nothing of the time between two rows
        timed = flags | np.where(named, np.uint32(Flag.OUT_OF_ORDER), np.uint32(0))
        spans = self._compression.spans(came, times, value, timed, episodes)
        return Batch(came, times, value, flags, spans)

    def _naming_lots(self, came: Raw) -> np.ndarray:
        """Return which rows are numbers of a file that name their lot: their order is nothing."""
        named = np.zeros(len(came), bool)
        named[list(came.texts)] = True
        number = self._is_number[came.signal] & np.isfinite(came.raw)
        of_file = (came.marks & Mark.BACKFILL) != 0
        found: np.ndarray = named & number & of_file
        return found

    def _by_status(self, came: Raw) -> np.ndarray:
        severity = came.status >> 30
        flags = np.zeros(len(came), np.uint32)
        flags[severity >= _BAD] |= np.uint32(Flag.BAD)
        flags[severity == _UNCERTAIN] |= np.uint32(Flag.UNCERTAIN)
        flags[(came.status & _OVERFLOW) == _OVERFLOW] |= np.uint32(Flag.OVERFLOW)
        flags[(came.marks & Mark.FIRST) != 0] |= np.uint32(Flag.FIRST)
        flags[(came.marks & Mark.AMBIGUOUS) != 0] |= np.uint32(Flag.AMBIGUOUS_TIME)
        flags[(came.marks & Mark.AGAIN) != 0] |= np.uint32(Flag.DUPLICATE)
        return flags

    def _retained(self, came: Raw, times: np.ndarray, flags: np.ndarray) -> None:
        """Flag what a broker kept, unless its own time says that it is not old."""
        kept = (came.marks & Mark.RETAINED) != 0
        if kept.any():
            young = (came.arrival - times) / SECOND <= self._old_s[came.signal]
            stamped = (flags & np.uint32(Flag.NO_SOURCE_TIME)) == 0
            flags[kept & ~(young & stamped)] |= np.uint32(Flag.RETAINED)

    # ------------------------------------------------------------------------------- values
    def _values(self, came: Raw, flags: np.ndarray) -> np.ndarray:
        signal = came.signal
        value: np.ndarray = came.raw * self._scale[signal] + self._offset[signal]
        number = self._is_number[signal]
        for row, text in came.texts.items():  # a server may show its numbers as text
            if number[row] and math.isnan(came.raw[row]):  # else it names the number's lot
                value[row] = number_in(text) * self._scale[signal[row]] + self._offset[signal[row]]
        value[~number] = np.nan
        bad = (flags & np.uint32(Flag.BAD)) != 0
        flags[number & ~np.isfinite(value) & ~bad] |= np.uint32(Flag.NOT_A_NUMBER)
        for row in np.flatnonzero(self._is_coded[signal]).tolist():
            value[row] = self._code(row, came, flags)
        return value

    def _code(self, row: int, came: Raw, flags: np.ndarray) -> float:
        """Return the number of a state or mode; UNDEFINED where nobody said what a code means."""
        number = int(came.signal[row])
        table = self._signals[number].codes
        if table is None or flags[row] & Flag.BAD:
            return math.nan
        code = code_of(row, came)
        if code not in table.codes:
            flags[row] |= np.uint32(Flag.UNKNOWN_CODE)
            if (number, code) not in self._told and len(self._told) < _MOST_TOLD:
                self._told.add((number, code))
                name = self._signals[number].name
                self.tell(int(came.arrival[row]), number, f"{name}: code {code} is UNDEFINED")
        return float(table.codes.get(code, UNDEFINED))

    def tell(self, arrival: int, signal: int, text: str) -> None:
        """Note something about a signal."""
        source = self._signals[signal].source
        self.notices.append(Notice(arrival or time.time_ns(), source, "unknown code", text))

    # -------------------------------------------------------------------------------- order
    def _order(self, came: Raw, times: np.ndarray, flags: np.ndarray, named: np.ndarray) -> None:
        """Flag what is older than a value before, and what is told twice."""
        order = np.argsort(came.signal, kind="stable")
        signal, moment = came.signal[order], times[order]
        placed = (_is_placed(came, flags) & ~named)[order]
        key = came.raw.copy().view(np.int64)
        for row, text in came.texts.items():
            key[row] = hash((text, int(key[row])))
        key, status = key[order], came.status[order]
        starts = np.flatnonzero(np.diff(signal, prepend=-1))
        reached = np.where(placed, moment, NO_TIME)
        is_first = (came.marks[order] & Mark.FIRST) != 0
        anew = self._begun_anew(signal, reached, is_first, starts)
        if len(anew):
            self._tell_anew(signal[anew], came.arrival[order][anew])
            starts = np.union1d(starts, anew)
        known = np.where(np.isin(starts, anew), NO_TIME, self._latest[signal[starts]])
        group = np.repeat(np.arange(len(starts)), np.diff(starts, append=len(signal)))
        latest = _running_most(reached, group, starts, known)
        before = np.concatenate(([NO_TIME], latest[:-1])) if len(latest) else latest
        before[starts] = known
        same = np.zeros(len(signal), bool)
        same[1:] = (
            (group[1:] == group[:-1])
            & (moment[1:] == moment[:-1])
            & (key[1:] == key[:-1])
            & (status[1:] == status[:-1])
        )
        first = signal[starts]
        same[starts] = (
            (self._before_time[first] == moment[starts])
            & (self._before_key[first] == key[starts])
            & (self._before_status[first] == status[starts])
        )
        stamped = came.source_time[order] != NO_TIME
        flags[order[same & stamped]] |= np.uint32(Flag.DUPLICATE)
        flags[order[placed & (moment < before)]] |= np.uint32(Flag.OUT_OF_ORDER)
        ends = np.append(starts[1:], len(signal)) - 1 if len(starts) else starts
        last = signal[ends]
        self._latest[last] = latest[ends]
        self._before_time[last], self._before_key[last] = moment[ends], key[ends]
        self._before_status[last] = status[ends]

    def _begun_anew(
        self, signal: np.ndarray, reached: np.ndarray, is_first: np.ndarray, starts: np.ndarray
    ) -> np.ndarray:
        """Return rows with which a played plant's time begins anew; rows are sorted by signal."""
        anew: list[int] = []
        for row in np.flatnonzero(is_first & self._is_played[signal]).tolist():
            begin = int(starts[np.searchsorted(starts, row, "right") - 1])
            known = self._latest[signal[row]]
            if anew and anew[-1] >= begin:
                begin, known = anew[-1], NO_TIME
            if NO_TIME < reached[row] < reached[begin:row].max(initial=known):
                anew.append(row)
        return np.array(anew, np.int64)

    def _tell_anew(self, signals: np.ndarray, arrivals: np.ndarray) -> None:
        """Tell once a minute of each source that its plant has begun anew."""
        for number, arrival in zip(signals.tolist(), arrivals.tolist(), strict=True):
            source = self._signals[number].source
            if arrival - self._anew.get(source, NO_TIME // 2) > _TELL_ANEW_NS:
                text = "the plant has begun anew, its time has gone back: a new section begins"
                self.notices.append(Notice(arrival, source, "begun anew", text))
            self._anew[source] = arrival

    # -------------------------------------------------------------------------- plausibility
    def _plausible(
        self,
        came: Raw,
        times: np.ndarray,
        value: np.ndarray,
        flags: np.ndarray,
        named: np.ndarray,
    ) -> None:
        """Flag what is out of range, and what changed too fast since the last good value."""
        signal = came.signal
        judged = self._is_number[signal] & ((flags & _REJECTED) == 0)
        outside = (value < self._low[signal]) | (value > self._high[signal])
        flags[judged & outside] |= np.uint32(Flag.OUT_OF_RANGE)
        limited = judged & ~outside & ~named & np.isfinite(self._rate[signal])
        for row in np.flatnonzero(limited).tolist():
            number = signal[row]
            elapsed = (int(times[row]) - int(self._good_time[number])) / SECOND
            change = abs(value[row] - self._good_value[number])
            known = self._good_time[number] != NO_TIME and elapsed > 0
            if known and change > self._rate[number] * elapsed:
                flags[row] |= np.uint32(Flag.TOO_FAST)
                continue
            self._good_time[number], self._good_value[number] = times[row], value[row]


def _is_placed(came: Raw, flags: np.ndarray) -> np.ndarray:
    """Return which rows have a place in the order of time.

    When a file was read says nothing of when its rows were.
    """
    stood_in = ((flags & np.uint32(Flag.NO_SOURCE_TIME)) != 0) & (came.server_time == NO_TIME)
    stood_in |= (flags & np.uint32(Flag.AHEAD)) != 0
    placed: np.ndarray = ~(stood_in & ((came.marks & Mark.BACKFILL) != 0))
    return placed


def _running_most(
    moment: np.ndarray, group: np.ndarray, starts: np.ndarray, before: np.ndarray
) -> np.ndarray:
    """Return the latest time so far of each row's group; rows are sorted by group.

    `before`: the latest before each group. In passes that double their reach, for as long as a
    group has rows.
    """
    latest = moment.copy()
    latest[starts] = np.maximum(latest[starts], before)
    reach = 1
    while reach < len(latest):
        alike = group[reach:] == group[:-reach]
        if not alike.any():
            break
        earlier = np.where(alike, latest[:-reach], NO_TIME)
        latest[reach:] = np.maximum(latest[reach:], earlier)
        reach *= 2
    return latest
