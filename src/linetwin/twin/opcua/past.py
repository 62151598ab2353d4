"""What a server remembers of a time before it is listened to, in windows and in order.

Read up to a few seconds ago first, then the link listens and holds what it hears, and the rest is
read up to the first value that each signal told: no gap between, and nothing twice.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Protocol

import numpy as np

from linetwin.twin.columns import NO_TIME, SECOND, chosen
from linetwin.twin.opcua.history import recalled
from linetwin.twin.opcua.link import Sink

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from linetwin.scenario.mapped import SignalConfig, SourceConfig
    from linetwin.twin.columns import Raw
    from linetwin.twin.opcua.health import Health
    from linetwin.twin.opcua.link import Link

FIRST_WINDOW_S = 600.0
LONGEST_S = 7 * 86_400.0
FEW_ROWS, MANY_ROWS = 20_000, 100_000
"""Rows of a window below which the next is twice as long, and above which half as long [A]."""
MOST_WAITING = 500_000
"""Rows that may wait for the engine before more are read [A]."""
NEAR_S = 5.0
"""So near to now the link begins to listen."""
SETTLE_S = 1.0
"""Until a server has stored what it told when the link began to listen [A]."""
_LOOK_S = 0.05


class PatientSink(Sink, Protocol):
    """A sink that says how many rows wait there."""

    @property
    def waiting(self) -> int:
        """Rows that nobody has taken yet."""
        ...


class Past:
    """The past of one source, read once; a new link goes on where the one before it ended."""

    def __init__(
        self,
        source: SourceConfig,
        signals: Sequence[tuple[int, SignalConfig]],
        sink: PatientSink,
        health: Health,
    ) -> None:
        self._source, self._signals, self._sink, self._health = source, signals, sink, health
        span = source.past
        self._reached = 0 if span is None else span.begin
        self._end = None if span is None else span.end
        self._window_s = FIRST_WINDOW_S
        self.is_read = span is None

    @property
    def ends_there(self) -> bool:
        """Whether nothing is to be listened to after it."""
        return self._end is not None

    async def read(self, link: Link, bounded: Callable[[Awaitable[None]], Awaitable[None]]) -> None:
        """Hand on all up to a few seconds ago, or up to the end."""
        if self.is_read:
            return
        await bounded(link.find())
        while (left := self._left()) > 0:
            if self._end is not None and self._reached + left < self._end and left < SECOND:
                await asyncio.sleep(SETTLE_S)  # the end has not come
                continue
            while self._sink.waiting > MOST_WAITING:  # noqa: ASYNC110  another process takes them
                await asyncio.sleep(_LOOK_S)
            await bounded(self._hand_on(link, self._reached + min(left, self._window())))
        if self.ends_there:
            self.is_read = True
            self._tell()

    async def bridge(self, link: Link) -> None:
        """Hand on what lies between, the link holding what it hears."""
        if self.is_read:
            return
        await asyncio.sleep(SETTLE_S)
        await self._hand_on(link, time.time_ns() + round(SETTLE_S * SECOND), link.first_heard())
        self.is_read = True
        self._tell()

    def _left(self) -> int:
        """Return how much of the past is to be read before the link listens [ns]."""
        now = time.time_ns()
        stored = now - round(SETTLE_S * SECOND)
        if self._end is None:
            is_near = now - self._reached <= NEAR_S * SECOND
            return 0 if is_near else stored - self._reached
        if self._end <= stored:
            return self._end - self._reached
        return max(stored - self._reached, 1)

    def _window(self) -> int:
        return round(self._window_s * SECOND)

    async def _hand_on(self, link: Link, end: int, heard: dict[int, int] | None = None) -> None:
        """Hand on what lies before `end` [ns UTC]; of signals in `heard` what is before that."""
        rows = await recalled(link, self._reached, end)
        times = np.where(rows.source_time == NO_TIME, rows.server_time, rows.source_time)
        before = np.full(1 + max((n for n, _ in self._signals), default=0), end)
        for number, first in (heard or {}).items():
            before[number] = min(end, first)
        placed = (times >= self._reached) & (times < before[rows.signal])
        kept = chosen(rows, np.flatnonzero(placed | (times == NO_TIME)))
        if len(kept):
            self._sink.rows(kept)
        self._note(kept)
        self._reached = end

    def _note(self, kept: Raw) -> None:
        self._health.filled += len(kept)
        if len(kept) > MANY_ROWS:
            self._window_s /= 2
        elif len(kept) < FEW_ROWS:
            self._window_s = min(2 * self._window_s, LONGEST_S)

    def _tell(self) -> None:
        self._sink.notice(
            self._source.name, "history", f"{self._health.filled:,} values of the past are read"
        )
