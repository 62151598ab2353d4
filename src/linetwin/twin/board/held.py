"""Entries of a log that wait while the disk is full: in their order, up to a stated number of rows.

What waits is written as soon as there is room, at most so often that a full disk costs nothing.
"""

from __future__ import annotations

import json
import time
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from linetwin.results.audit import AuditLog, Entry

MOST_ROWS = 16_384
"""Rows that are held at most, some 10 MB: of more the oldest entries go, counted [A]."""
AGAIN_S = 2.0
"""Wall time between two attempts [A]."""
LEFT_OUT = "rows left out"


@dataclass(frozen=True)
class Waiting:
    """An entry to be; `after` is asked when it is written, so that it can tell of that time."""

    who: str
    what: str
    after: Callable[[], Any]
    about: str = ""
    rows: int = 1


class HeldLog:
    """A log that takes entries while its disk is full; `taken` gets each once it is written."""

    def __init__(self, log: AuditLog, taken: Callable[[Entry], None]) -> None:
        self._log, self._taken = log, taken
        self._waiting: deque[Waiting] = deque()
        self._tried: Waiting | None = None
        self._tried_after: Any = None
        self._due = 0.0
        self.reason = ""
        """Why nothing is written, "" where all is."""
        self.rows = 0
        self.left_out = 0
        """Rows that wait, and rows that were given up since the last entry was written."""

    def put(self, entry: Waiting) -> None:
        """Write an entry, or hold it behind those that wait; given up are the oldest."""
        self._waiting.append(entry)
        self.rows += entry.rows
        while self.rows > MOST_ROWS and len(self._waiting) > 1:
            gone = self._waiting.popleft().rows
            self.rows, self.left_out = self.rows - gone, self.left_out + gone
        self.flush()

    def flush(self) -> None:
        """Write what waits, where it is time to try again."""
        if self.reason and time.monotonic() < self._due:
            return
        try:
            self._look_back()
            while self._waiting:
                if self.left_out:
                    self._taken(self._log.append("twin", LEFT_OUT, after={"rows": self.left_out}))
                    self.left_out = 0
                self._write(self._waiting[0])
        except OSError as error:
            self.reason = error.strerror or str(error)
            self._due = time.monotonic() + AGAIN_S
            return
        self.reason = ""

    def _write(self, first: Waiting) -> None:
        self._tried, self._tried_after = first, first.after()
        entry = self._log.append(first.who, first.what, about=first.about, after=self._tried_after)
        self._done(entry)

    def _done(self, entry: Entry) -> None:
        self.rows -= self._waiting.popleft().rows
        self._tried = self._tried_after = None
        self._taken(entry)

    def _look_back(self) -> None:
        """Take an entry that reached the disk although its writing failed afterwards."""
        tried = self._tried
        if tried is None or not self._waiting or self._waiting[0] is not tried:
            return
        newest = self._log.newest()
        after = json.loads(json.dumps(self._tried_after))
        same = (tried.who, tried.what, tried.about, after)
        if newest and (newest.who, newest.what, newest.about, newest.after) == same:
            self._done(newest)
