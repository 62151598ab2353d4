"""The clocks of sources: when a value was, put right where a clock or a zone is wrong."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import numpy as np

from linetwin.results.display import counted
from linetwin.twin.columns import NO_TIME, SECOND, Flag, Mark, Notice
from linetwin.twin.feed.present import Present

if TYPE_CHECKING:
    from linetwin.scenario.mapped import Mapping, SourceConfig
    from linetwin.twin.columns import Raw

AHEAD_NS = 2 * SECOND
HOUR_NS = 3600 * SECOND
NEAR_HOUR_NS = 60 * SECOND
VALUES_TO_BELIEVE = 5
"""Values in a row that are whole hours old before the zone is to blame, not the network."""
WINDOW_NS = 60 * SECOND
TOLD_NS = SECOND
"""An offset from which a clock is told."""


@dataclass
class _Clock:
    """What is known of one source's clock."""

    name: str
    late_ns: int
    ahead_ns: int
    hours: int = 0
    run: int = 0
    told: set[str] = field(default_factory=set)
    window: int = 0
    least: int | None = None
    least_before: int | None = None

    def offset_s(self) -> float | None:
        """Return how far the clock is behind ours [s], at most; None before anything came."""
        known = [each for each in (self.least, self.least_before) if each is not None]
        return min(known) / SECOND if known else None


class Clocks:
    """Times of rows in UTC; per source an estimate of its clock's offset.

    The offset is the least time between stamp and arrival in the last one to two minutes: what
    the way takes is never negative, so a clock is late by that at most. It is shown; values are
    put right by `clock.ahead` of the mapping only, which a person has written.

    Rows of a file beside a played plant are held against the plant's time; those that came before
    that was known, once it is.
    """

    def __init__(self, mapping: Mapping) -> None:
        self._clocks = [_clock(source) for source in mapping.sources.values()]
        names = list(mapping.sources)
        self._of_signal = np.array([names.index(each.source) for each in mapping.signals], int)
        self._late = np.array([clock.late_ns for clock in self._clocks], np.int64)
        self._ahead = np.array([clock.ahead_ns for clock in self._clocks], np.int64)
        self._played = np.array([source.played for source in mapping.sources.values()], bool)
        self._names = [each.name for each in mapping.signals]
        self._is_file = np.array(
            [each.table is not None for each in mapping.sources.values()], bool
        )
        self._zones = [source.zone for source in mapping.sources.values()]
        self._present = Present()
        self._unsure: dict[int, tuple[int, str]] = {}
        """Signal of a file -> latest time that came before the plant's was known, and its lot."""
        self._notices: list[Notice] = []

    def told(self) -> list[Notice]:
        """Return what is new to tell, once."""
        told, self._notices = self._notices, []
        return told

    def offsets(self) -> dict[str, float]:
        """Return source -> how far its clock is behind ours [s], at most."""
        found = {clock.name: clock.offset_s() for clock in self._clocks}
        return {name: offset for name, offset in found.items() if offset is not None}

    def times(self, came: Raw, flags: np.ndarray, named: np.ndarray) -> np.ndarray:
        """Return when each row was [ns UTC]; set the flags that tell of its time.

        `named`: rows of files that name their lot; they keep their time though it be ahead.
        """
        source = self._of_signal[came.signal]
        stamped = came.source_time != NO_TIME
        flags[~stamped] |= np.uint32(Flag.NO_SOURCE_TIME)
        times = np.where(stamped, came.source_time, came.server_time)
        from_clock = times != NO_TIME
        times = np.where(from_clock, times - self._ahead[source], came.arrival)
        ours = from_clock & ~self._played[source]
        delay = came.arrival - times
        held = ((came.marks & Mark.FIRST) != 0) & (delay >= -AHEAD_NS)  # as old as it likes
        judged = ours & ~held & ((came.marks & Mark.BACKFILL) == 0)
        for number in np.unique(source[judged]).tolist():
            mine = judged & (source == number)
            self._whole_hours(number, np.flatnonzero(mine), delay, flags, came.arrival)
        hours = (flags & np.uint32(Flag.WHOLE_HOUR)) != 0
        times[hours] += np.rint(delay[hours] / HOUR_NS).astype(np.int64) * HOUR_NS
        delay = came.arrival - times
        flags[judged & (delay > self._late[source])] |= np.uint32(Flag.LATE)
        latest = np.where(ours, came.arrival, times)
        self._played_present(came, times, flags, latest)
        ahead = from_clock & (times - latest > np.where(ours, AHEAD_NS, 0))
        flags[ahead] |= np.uint32(Flag.AHEAD)
        self._tell_ahead(came, np.flatnonzero(ahead & self._is_file[source]), times)
        times[ahead & ~named] = latest[ahead & ~named]
        return times

    def _played_present(
        self, came: Raw, times: np.ndarray, flags: np.ndarray, latest: np.ndarray
    ) -> None:
        """Fill in the latest time that rows of files beside a played plant can have, if known."""
        source = self._of_signal[came.signal]
        played = self._played[source] & ((flags & np.uint32(Flag.NO_SOURCE_TIME | Flag.BAD)) == 0)
        files = np.flatnonzero(played & self._is_file[source])
        live = played & ~self._is_file[source] & ((came.marks & Mark.BACKFILL) == 0)
        if live.any():
            self._present.heard(came.arrival[live], times[live])
        for arrival in np.unique(came.arrival[files]).tolist():
            rows = files[came.arrival[files] == arrival]
            known = self._present.latest(arrival)
            if known is not None:
                latest[rows] = known
                continue
            for row in rows.tolist():
                seen = int(times[row]), came.texts.get(row, "")
                number = int(came.signal[row])
                self._unsure[number] = max(seen, self._unsure.get(number, seen))

    def found_ahead(self, now: int) -> list[int]:
        """Return signals of files with a row ahead of a plant's time that was not known then.

        `now`: ns of UTC.
        """
        since = self._present.known_from if self._unsure else None
        known = None if since is None or since > now else self._present.latest(since)
        self._present.forget()
        if known is None:
            return []
        unsure, self._unsure = self._unsure, {}
        found = {number: seen for number, seen in unsure.items() if seen[0] > known}
        for number, (moment, lot) in found.items():
            self._note_ahead(now, number, 1, (moment, lot))
        return list(found)

    def _tell_ahead(self, came: Raw, rows: np.ndarray, times: np.ndarray) -> None:
        """Tell of rows of a file that are ahead: how many, and the time and lot of the first."""
        for number in np.unique(came.signal[rows]).tolist():
            own = rows[came.signal[rows] == number]
            first = int(own[0])
            row = int(times[first]), came.texts.get(first, "")
            self._note_ahead(int(came.arrival[first]), number, len(own), row)

    def _note_ahead(self, now: int, signal: int, count: int, first: tuple[int, str]) -> None:
        place = int(self._of_signal[signal])
        zone = self._zones[place]
        moment = datetime.fromtimestamp(first[0] / SECOND, ZoneInfo(zone))
        lot = f" of {first[1]}" if first[1] else ""
        text = (
            f"{counted(count, 'row')} of {self._names[signal]} later than it is at the plant, "
            f"the first{lot}: {moment:%Y-%m-%d %H:%M:%S} ({zone}); correct its time in the file"
        )
        self._notices.append(Notice(now, self._clocks[place].name, "ahead", text))

    def _whole_hours(
        self, number: int, rows: np.ndarray, delay: np.ndarray, flags: np.ndarray, now: np.ndarray
    ) -> None:
        """Flag stamps that are whole hours off, and learn the offset from the others."""
        clock, mine = self._clocks[number], delay[rows]
        hours = np.rint(mine / HOUR_NS).astype(np.int64)
        hours[np.abs(mine - hours * HOUR_NS) > NEAR_HOUR_NS] = 0
        if not hours.any():
            clock.run = clock.run + len(rows) if clock.hours == 0 else len(rows)
            clock.hours = 0
        else:
            for row, off in zip(rows.tolist(), hours.tolist(), strict=True):
                clock.run = clock.run + 1 if off == clock.hours else 1
                clock.hours = off
                if off < 0 or (off > 0 and clock.run >= VALUES_TO_BELIEVE):
                    flags[row] |= np.uint32(Flag.WHOLE_HOUR)
                    self._tell(clock, int(now[row]), "whole hours", f"{-off:+d} h")
        plain = rows[hours == 0]
        if len(plain):
            self._learn(clock, delay[plain], int(now[plain[-1]]))

    def _learn(self, clock: _Clock, delay: np.ndarray, now: int) -> None:
        window = now // WINDOW_NS
        if window != clock.window:
            clock.least_before = clock.least if window == clock.window + 1 else None
            clock.window, clock.least = window, None
        least = int(delay.min())
        clock.least = least if clock.least is None else min(clock.least, least)
        offset = clock.offset_s()
        if offset is not None and abs(offset) * SECOND > TOLD_NS:
            self._tell(clock, now, "clock", f"{offset:.1f} s behind")

    def _tell(self, clock: _Clock, now: int, kind: str, text: str) -> None:
        if kind not in clock.told:
            clock.told.add(kind)
            advice = "its zone may be wrong" if kind != "clock" else "clock.ahead puts it right"
            notice = Notice(now, clock.name, kind, f"stamps are off: {text}; {advice}")
            self._notices.append(notice)


def _clock(source: SourceConfig) -> _Clock:
    late, ahead = (round(each * SECOND) for each in (source.late_after_s, source.clock_offset_s))
    return _Clock(source.name, late, ahead)
