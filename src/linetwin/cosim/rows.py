"""Items on as many threads as pay, with an instance of its own for each thread."""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from linetwin.cosim.runners import CompiledRunner

if TYPE_CHECKING:
    from collections.abc import Sequence

    from linetwin.cosim.batch import Batch
    from linetwin.cosim.runners import Runner

_HEAVY_ROW_S: Final = 1e-4
"""Time of an item above which threads pay: the calls into the FMU outweigh Python around them."""
_HEAVY_CALL_S: Final = 1e-3
"""Time of all items of a call above which threads pay in the kernel, which needs no Python."""


def processors() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@cache
def _pool(_process: int) -> ThreadPoolExecutor:
    """Return the threads of this process: a forked one has none of its parent's."""
    return ThreadPoolExecutor(processors(), thread_name_prefix="linetwin-rows")


class Rows:
    """Items of a Transform on as many threads as pay; the results do not depend on how many.

    Each item starts from a reset instance, so it does not matter which instance serves it. Threads
    help because a call into an FMU, or into the kernel, lets Python go on; whether they pay is
    decided by the time that an item takes.
    """

    def __init__(self, runners: Sequence[Runner]) -> None:
        """Take one runner for each thread."""
        self._runners = runners
        self._row_s = 0.0

    def run(self, rows: int, batches: Sequence[Batch]) -> None:
        """Take `rows` items through their phases; the first item that fails raises FmuError."""
        begin = 0
        if len(self._runners) > 1 and rows > 1 and not self._row_s:
            self._runners[0].open()
            self._row_s = self._timed(range(1), batches)
            begin = 1
        count = min(len(self._runners), rows - begin) if self._threads_pay(rows - begin) else 1
        if count < 2:  # noqa: PLR2004 - one thread: this one
            self._learn(range(begin, rows), batches)
            return
        cuts = [begin + (rows - begin) * part // count for part in range(count + 1)]
        pool = _pool(os.getpid())
        parts = [range(*ends) for ends in pairwise(cuts)]
        views = list(zip(*(batch.views(count) for batch in batches), strict=True))
        others = [
            pool.submit(self._runners[part].run, parts[part], views[part])
            for part in range(1, count)
        ]
        try:
            self._learn(parts[0], views[0])  # this thread would only wait
        finally:
            errors = [future.exception() for future in others]
        for error in errors:
            if error is not None:
                raise error

    def _learn(self, rows: range, batches: Sequence[Batch]) -> None:
        """Take items in this thread; the quickest so far says what an item takes.

        The first one is slower than all others: it finds no code and no data in the caches.
        """
        took = self._timed(rows, batches)
        if len(rows):
            self._row_s = min(self._row_s or took, took / len(rows))

    def _timed(self, rows: range, batches: Sequence[Batch]) -> float:
        """Take items in this thread; return the time that they took (s)."""
        start = time.perf_counter()
        self._runners[0].run(rows, batches)
        return time.perf_counter() - start

    def _threads_pay(self, rows: int) -> bool:
        if isinstance(self._runners[0], CompiledRunner):
            return self._row_s * rows > _HEAVY_CALL_S
        return self._row_s > _HEAVY_ROW_S

    def close(self) -> None:
        """Free all instances."""
        for runner in self._runners:
            runner.close()
