"""Taking items through their phases one by one, with an instance of its own for each thread."""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from linetwin.cosim.instance import Instance, instantiate
from linetwin.cosim.stepping import StepRule, advance
from linetwin.errors import FmuError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from linetwin.cosim.batch import Batch
    from linetwin.cosim.binary import Binary
    from linetwin.cosim.port import Table

_HEAVY_ROW_S: Final = 1e-4
"""Time of an item above which threads pay: the calls into the FMU outweigh Python around them."""


def processors() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@cache
def _pool(_process: int) -> ThreadPoolExecutor:
    """Return the threads of this process: a forked one has none of its parent's."""
    return ThreadPoolExecutor(processors(), thread_name_prefix="linetwin-rows")


class RowRunner:
    """One instance that serves items one after another; a failed one is replaced."""

    def __init__(
        self,
        binary: Binary,
        constants: Table | None,
        rule: StepRule,
        tolerance: float | None,
    ) -> None:
        """Remember what to do; the instance is made with the first item."""
        self._binary = binary
        self._constants = constants
        self._rule = rule
        self._tolerance = tolerance
        self._instance: Instance | None = None

    def run(self, rows: range, phases: Sequence[Batch]) -> None:
        """Take items through all phases; raise FmuError with the row and the phase that failed."""
        instance = self._instance
        if instance is None:
            instance = self._instance = instantiate(self._binary, early_return=True)
        for row in rows:
            self._run(instance, row, phases)

    def _run(self, instance: Instance, row: int, phases: Sequence[Batch]) -> None:
        index = 0
        try:
            self._restart(instance)
            instance.set(phases[0].inputs, row)
            instance.initialise(self._tolerance)
            at = 0.0
            for index, phase in enumerate(phases):
                if index:
                    instance.set(phase.inputs, row)
                length = phase.durations[row]
                if length > 0.0:
                    reached = advance(instance, at, at + length, self._rule)
                    phase.taken[row] = reached.time - at
                    at = reached.time
                    if reached.terminated and phase is not phases[-1]:
                        instance.fail("it asked to end the simulation")
                instance.get(phase.outputs, row)
        except FmuError as error:
            reason = instance.failure or str(error)
            self.close()
            raise FmuError(
                f"row {row}, phase {index}: {reason}", instance.model, error.time_s
            ) from error

    def _restart(self, instance: Instance) -> None:
        """Bring the instance to its beginning, with the parameters set."""
        # Restoring a state saved here saves 0.4 us an item and asks more of anybody's FMU.
        if instance.running:
            instance.reset()
        if self._constants is not None:
            instance.set(self._constants)

    def close(self) -> None:
        """Free the instance; the next item makes a new one."""
        instance, self._instance = self._instance, None
        if instance is not None:
            instance.free()


class Rows:
    """Items of a Transform on as many threads as pay; the results do not depend on how many.

    Each item starts from a reset instance, so it does not matter which instance serves it. Threads
    help because a call into an FMU lets Python go on; whether they pay is decided by the time that
    the first item took.
    """

    def __init__(self, runners: Sequence[RowRunner]) -> None:
        """Take one runner for each thread."""
        self._runners = runners
        self._row_s = 0.0

    def run(self, rows: int, batches: Sequence[Batch]) -> None:
        """Take `rows` items through their phases; the first item that fails raises FmuError."""
        begin = 0
        if len(self._runners) > 1 and rows > 1 and not self._row_s:
            start = time.perf_counter()
            self._runners[0].run(range(1), batches)
            self._row_s = time.perf_counter() - start
            begin = 1
        count = min(len(self._runners), rows - begin) if self._row_s > _HEAVY_ROW_S else 1
        if count < 2:  # noqa: PLR2004 - one thread: this one
            self._runners[0].run(range(begin, rows), batches)
            return
        cuts = [begin + (rows - begin) * part // count for part in range(count + 1)]
        pool = _pool(os.getpid())
        views = zip(*(batch.views(count) for batch in batches), strict=True)
        running = [
            pool.submit(runner.run, range(*ends), own)
            for runner, ends, own in zip(self._runners, pairwise(cuts), views, strict=False)
        ]
        for error in [future.exception() for future in running]:
            if error is not None:
                raise error

    def close(self) -> None:
        """Free all instances."""
        for runner in self._runners:
            runner.close()
