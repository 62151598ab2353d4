"""The clocks of sources: when a value was, put right where a clock or a zone is wrong."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from linetwin.twin.columns import NO_TIME, SECOND, Flag, Mark, Notice

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
    """

    def __init__(self, mapping: Mapping) -> None:
        self._clocks = [_clock(source) for source in mapping.sources.values()]
        names = list(mapping.sources)
        self._of_signal = np.array([names.index(each.source) for each in mapping.signals], int)
        self._late = np.array([clock.late_ns for clock in self._clocks], np.int64)
        self._ahead = np.array([clock.ahead_ns for clock in self._clocks], np.int64)
        self._played = np.array([source.played for source in mapping.sources.values()], bool)
        self._notices: list[Notice] = []

    def told(self) -> list[Notice]:
        """Return what is new to tell, once."""
        told, self._notices = self._notices, []
        return told

    def offsets(self) -> dict[str, float]:
        """Return source -> how far its clock is behind ours [s], at most."""
        found = {clock.name: clock.offset_s() for clock in self._clocks}
        return {name: offset for name, offset in found.items() if offset is not None}

    def times(self, came: Raw, flags: np.ndarray) -> np.ndarray:
        """Return when each row was [ns UTC]; set the flags that tell of its time."""
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
        ahead = ours & (delay < -AHEAD_NS)
        flags[ahead] |= np.uint32(Flag.AHEAD)
        times[ahead] = came.arrival[ahead]
        return times

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
