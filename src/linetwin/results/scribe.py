"""Parts of tables are written by a thread of their own, in the order in which they were closed."""

from __future__ import annotations

from collections import deque
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from linetwin.results import parts

if TYPE_CHECKING:
    from concurrent.futures import Future
    from pathlib import Path

    import pyarrow as pa

BYTES_WAITING = 64_000_000
"""How much may wait for the disk: two of the largest parts. Beyond it the line waits as well."""


class Scribe:
    """Writes one part after the other while the line goes on: compressing needs no Python.

    A part that could not be written stays the first in line, and is tried again when somebody
    waits for it.
    """

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="linetwin-parts")
        self._waiting: deque[tuple[pa.Table, Path]] = deque()
        self._asked: list[Future[None]] = []

    def write(self, data: pa.Table, file: Path) -> None:
        """Take a part; it is on disk some time after this returns, and when `wait` does.

        Raises what keeps an earlier part from the disk, and then takes none.
        """
        failed = any(asked.done() and asked.exception() for asked in self._asked)
        self.wait(0 if failed else BYTES_WAITING - data.nbytes)
        self._asked = [asked for asked in self._asked if not asked.done()]
        self._waiting.append((data, file))
        self._asked.append(self._thread.submit(self._write_first))

    def wait(self, bytes_left: int = 0) -> None:
        """Return when no more than `bytes_left` waits; raises what keeps a part from the disk."""
        while self._waiting and sum(each.nbytes for each, _ in [*self._waiting]) > bytes_left:
            asked, self._asked = self._asked, []
            if not asked:  # what failed is tried once more
                asked = [self._thread.submit(self._write_first)]
            errors = [error for each in asked if (error := each.exception()) is not None]
            if errors:
                raise errors[0]

    def close(self) -> None:
        """Write all that waits, and end the thread."""
        self.wait()
        self._thread.shutdown()

    def _write_first(self) -> None:
        """Write the part that has waited longest."""
        parts.write(*self._waiting[0])
        self._waiting.popleft()
