"""Inside the feed: rows of all sources, recorded, judged, and made ready for the engine."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from linetwin.twin.columns import Batch, Notice, joined, part_of
from linetwin.twin.feed.compression import together
from linetwin.twin.feed.parcels import Counts, Parcel
from linetwin.twin.feed.recording import ROWS_HELD
from linetwin.twin.feed.rules import Rules

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from linetwin.scenario.mapped import Mapping
    from linetwin.twin.columns import Raw
    from linetwin.twin.feed.recording import Recording
    from linetwin.twin.opcua.health import Health

MOST_WAITING = 2_000_000
"""Rows kept for an engine that takes none; the oldest go first, counted, told, and recorded."""
ROWS_PER_PARCEL = 50_000
NOTICES_KEPT = 1_000
TELL_EVERY_S = 0.25


class Collector:
    """Takes rows from the sources and offers parcels.

    `offer` returns whether the parcel was taken; what was not waits, and goes with the next.
    """

    def __init__(
        self,
        mapping: Mapping,
        recording: Recording | None,
        offer: Callable[[Parcel], bool],
        most_waiting: int = MOST_WAITING,
    ) -> None:
        self.rules = Rules(mapping)
        self._recording = recording
        self._offer = offer
        self._most = most_waiting
        # Files are read in threads: a queue on either side, so that nothing is lost between.
        self._came: deque[Raw] = deque()
        self._heard: deque[Notice] = deque()
        self._waiting: deque[Batch] = deque()
        self._rows_waiting = 0
        self._notices: deque[Notice] = deque(maxlen=NOTICES_KEPT)
        self._rows = self._dropped = self._full = 0
        self._dropping = False
        self._unrecorded = ""
        self._told = 0.0

    def rows(self, rows: Raw) -> None:
        """Take rows of one source, from any thread."""
        self._came.append(rows)

    def notice(self, source: str, kind: str, text: str) -> None:
        """Take something to tell, from any thread."""
        self._heard.append(Notice(time.time_ns(), source, kind, text))

    @property
    def waiting(self) -> int:
        """Rows that the engine has not taken yet."""
        return self._rows_waiting + sum(len(each) for each in list(self._came))

    def tick(self, health: Sequence[Health]) -> None:
        """Judge and record what has come, and offer it."""
        if self._heard:
            self._tell([self._heard.popleft() for _ in range(len(self._heard))])
        if self._came:
            came = joined([self._came.popleft() for _ in range(len(self._came))])
            batch = self.rules.judge(came)
            self._rows += len(batch)
            if self._recording is not None:
                self._recording.add(batch)
            self._keep(batch)
        elif self._recording is not None:
            self._recording.tick()
        self._tell_recording()
        if self.rules.notices:
            notices, self.rules.notices = self.rules.notices, []
            self._tell(notices)
        self._hand_on(health)

    def end(self, health: Sequence[Health]) -> None:
        """Take what came last, close the recording, and offer what is left with all counts.

        ResultsError where rows never found room.
        """
        self.tick(health)
        try:
            if self._recording is not None:
                self._recording.close()
        finally:
            self._offer(self._parcel(None, health))

    def _tell_recording(self) -> None:
        """Say when what comes can be recorded no longer, and when it is again."""
        recording = self._recording
        if recording is None or recording.unwritten == self._unrecorded:
            return
        self._unrecorded = recording.unwritten
        text = f"{self._unrecorded}; up to {ROWS_HELD:,} rows are held in memory"
        if not self._unrecorded:
            text = f"there is room again; {recording.lost:,} rows are missing so far"
        self._tell([Notice(time.time_ns(), "feed", "recording", text)])

    def _tell(self, notices: Sequence[Notice]) -> None:
        self._notices.extend(notices)
        if self._recording is not None:
            self._recording.note(notices)

    def _keep(self, batch: Batch) -> None:
        self._waiting.append(batch)
        self._rows_waiting += len(batch)
        while self._rows_waiting > self._most:
            oldest = self._waiting.popleft()
            excess = min(self._rows_waiting - self._most, len(oldest))
            if excess < len(oldest):
                self._waiting.appendleft(_cut(oldest, excess, len(oldest)))
            self._rows_waiting -= excess
            self._dropped += excess
            if not self._dropping:
                self._dropping = True
                text = f"the engine takes nothing: the oldest of {self._most:,} rows are dropped"
                self._tell([Notice(time.time_ns(), "feed", "dropped", text)])

    def _hand_on(self, health: Sequence[Health]) -> None:
        """Offer what waits in pieces; without rows only now and then."""
        now = time.monotonic()
        while self._waiting:
            batch = _cut(self._waiting[0], 0, ROWS_PER_PARCEL)
            if not self._offer(self._parcel(batch, health)):
                self._full += 1
                return
            self._sent(now)
            first = self._waiting.popleft()
            if len(batch) < len(first):
                self._waiting.appendleft(_cut(first, len(batch), len(first)))
            self._rows_waiting -= len(batch)
            self._dropping = False
        if now - self._told > TELL_EVERY_S and self._offer(self._parcel(None, health)):
            self._sent(now)

    def _sent(self, now: float) -> None:
        self._told = now
        self._notices.clear()

    def _parcel(self, batch: Batch | None, health: Sequence[Health]) -> Parcel:
        recorded = self._recording.rows if self._recording is not None else 0
        waiting = self._rows_waiting - (len(batch) if batch is not None else 0)
        counts = Counts(
            *(self._rows, self._dropped, waiting, recorded, self._full),
            flags=tuple(self.rules.counts.sum(axis=0).tolist()),
            cpu_s=time.process_time(),
        )
        copies = tuple(replace(each) for each in health)
        notices = tuple(self._notices)
        offsets = self.rules.clocks.offsets()
        return Parcel(batch, copies, notices, counts, time.time_ns(), offsets)


def _cut(batch: Batch, begin: int, end: int) -> Batch:
    """Return rows `begin` to `end` of a batch."""
    if begin == 0 and end >= len(batch):
        return batch
    rows = slice(begin, end)
    came = part_of(batch.came, begin, min(end, len(batch)))
    spans = batch.spans
    if spans is not None:
        inside = np.flatnonzero((spans.row >= begin) & (spans.row < end))
        spans = spans.chosen(inside, begin)
    return Batch(came, batch.time[rows], batch.value[rows], batch.flags[rows], spans)


def concatenated(batches: Sequence[Batch]) -> Batch:
    """Return several batches as one."""
    columns = {
        name: np.concatenate([getattr(batch, name) for batch in batches])
        for name in ("time", "value", "flags")
    }
    spans = together([(batch.spans, len(batch)) for batch in batches])
    return Batch(joined([batch.came for batch in batches]), **columns, spans=spans)
