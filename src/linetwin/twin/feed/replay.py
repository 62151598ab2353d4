"""A recording played again: the same columns through the same interface, at any speed."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from linetwin.scenario.mapping import load_mapping
from linetwin.twin.columns import SECOND, Notice, part_of
from linetwin.twin.feed.parcels import Counts, Parcel
from linetwin.twin.feed.recording import MAPPING, recorded
from linetwin.twin.feed.rules import Rules
from linetwin.twin.opcua.health import Health

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator
    from pathlib import Path

    from linetwin.scenario.mapped import Mapping
    from linetwin.twin.columns import Raw

ROWS_PER_PARCEL = 50_000


class Replay:
    """Plays a recording; see `parcels.Feed`.

    `speed`: recorded time over wall time, 0 for as fast as it goes. Values are judged anew, by the
    mapping of the recording or by `mapping`, another version of it. `incomplete`: parts may
    be missing.
    """

    def __init__(
        self,
        folder: Path,
        speed: float = 0.0,
        mapping: Path | None = None,
        clock: Callable[[], float] = time.monotonic,
        *,
        incomplete: bool = False,
    ) -> None:
        self._mapping = load_mapping(mapping or folder / MAPPING)
        self._speed = speed
        self._clock = clock
        self._rules = Rules(self._mapping)
        names = [signal.name for signal in self._mapping.signals]
        self._pieces = self._cut(rows for rows, _ in recorded(folder, names, incomplete=incomplete))
        self._next = next(self._pieces, None)
        self._begun = clock()
        self._first = int(self._next.arrival[0]) if self._next is not None else 0
        self._rows = 0

    @property
    def mapping(self) -> Mapping:
        """What the signals stand for."""
        return self._mapping

    @property
    def ended(self) -> bool:
        """Whether all has been played."""
        return self._next is None

    def take(self, wait_s: float = 0.0) -> Parcel | None:
        """Return the next parcel, when it is due."""
        if self._next is None:
            return None
        came = self._next
        now = int(came.arrival[-1])
        if self._speed > 0.0:
            due = self._begun + (now - self._first) / SECOND / self._speed
            left = due - self._clock()
            if left > wait_s:
                time.sleep(wait_s)
                return None
            time.sleep(max(left, 0.0))
        self._next = next(self._pieces, None)
        batch = self._rules.judge(came)
        self._rows += len(batch)
        notices: tuple[Notice, ...] = tuple(self._rules.notices)
        self._rules.notices = []
        health = tuple(
            Health(name, "live", "replay", last_message=now) for name in self._mapping.sources
        )
        flags = tuple(self._rules.counts.sum(axis=0).tolist())
        counts = Counts(self._rows, 0, 0, 0, 0, flags)
        return Parcel(batch, health, notices, counts, now, self._rules.clocks.offsets())

    def close(self) -> None:
        """End it."""
        self._next = None
        self._pieces.close()

    def _cut(self, files: Iterator[Raw]) -> Generator[Raw, None, None]:
        """Yield pieces: at a speed no longer than a tenth of a second of wall time."""
        span = round(0.1 * SECOND * self._speed) if self._speed > 0.0 else 0
        for rows in files:
            begin = 0
            while begin < len(rows):
                end = min(begin + ROWS_PER_PARCEL, len(rows))
                if span:
                    limit = int(rows.arrival[begin]) + span
                    end = max(begin + 1, min(end, int(rows.arrival.searchsorted(limit))))
                yield part_of(rows, begin, end)
                begin = end
