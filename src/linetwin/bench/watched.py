"""One `linetwin run`, watched from inside: `python -m linetwin.bench.watched SCENARIO FOLDER FILE`.

The command is the user's own, from reading the scenario to the finished report. What is added are
clocks around some calls; they cost about one percent. The figures go to FILE as JSON.
"""

from __future__ import annotations

import functools
import json
import sys
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

MS_PER_DAY = 86_400_000
START = "start"


class Stopwatch:
    """CPU time (s) by part of the run; each second counts once, for the part that is innermost.

    `start` is what belongs to no other part: Python's start, imports, and the way between parts.
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {START: 0.0}
        self._open = [START]
        self._since = 0.0

    def watch(self, part: str, owner: Any, name: str) -> None:  # noqa: ANN401 - class or module
        """Replace a function of a class or module by one that keeps the time."""
        self.seconds.setdefault(part, 0.0)
        setattr(owner, name, self._timed(part, getattr(owner, name)))

    def stop(self) -> None:
        """Put the time until now to the part that is open."""
        now = time.process_time()
        self.seconds[self._open[-1]] += now - self._since
        self._since = now

    def _timed(self, part: str, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def timed(*args: Any, **options: Any) -> Any:  # noqa: ANN401 - whatever it takes
            self.stop()
            self._open.append(part)
            try:
                return function(*args, **options)
            finally:
                self.stop()
                self._open.pop()

        return timed


class FormationClock:
    """CPU time (s) in formation's FMU by the number of phases, with the cells that went through."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._cells: Counter[int] = Counter()

    def watch(self, owner: Any) -> None:  # noqa: ANN401 - the class of transforms
        """Keep the time of `apply` of those that fulfil formation's contract."""
        apply = owner.apply

        @functools.wraps(apply)
        def timed(transform: Any, start: Any, phases: Any) -> Any:  # noqa: ANN401 - as it takes them
            begin = time.process_time()
            results = apply(transform, start, phases)
            if transform.contract.kind == "formation":
                self.seconds += time.process_time() - begin
                self._cells[len(phases)] += len(results[0]["phase_time"])
            return results

        owner.apply = timed

    def figures(self) -> dict[str, float]:
        """Return the time, a pre-charge's included, and the cells of the longest protocol."""
        cells = self._cells[max(self._cells)] if self._cells else 0
        return {"cpu_s": self.seconds, "cells": cells}


class MemoryByDay:
    """Resident memory at the start of a line and at the end of each day of its time (MB).

    `lots`: what the columns of its open lots take of it; stock that sleeps takes hardly any. Of
    several lines, such as the template of one that starts filled, the last counts.
    """

    def __init__(self) -> None:
        self.resident: list[float] = []
        self.lots: list[float] = []

    def watch(self, owner: Any) -> None:  # noqa: ANN401 - the class of lines
        """Look whenever a line begins, and after the first event of each day."""
        begin, step = owner.begin, owner.step

        @functools.wraps(begin)
        def begun(world: Any) -> None:  # noqa: ANN401 - a line
            begin(world)
            self.resident, self.lots = [], []
            self._look(world)

        @functools.wraps(step)
        def stepped(world: Any) -> bool:  # noqa: ANN401 - a line
            goes_on: bool = step(world)
            if world.now >= len(self.resident) * MS_PER_DAY:
                self._look(world)
            return goes_on

        owner.begin, owner.step = begun, stepped

    def _look(self, world: Any) -> None:  # noqa: ANN401 - a line
        self.resident.append(resident_mb())
        awake = [lot.columns for lot in world.lots.open_lots() if not lot.is_asleep]
        taken = sum(
            sys.getsizeof(columns) + sum(map(sys.getsizeof, columns.values())) for columns in awake
        )
        self.lots.append(taken / 2**20)


def _status_mb(name: str) -> float | None:
    """Return a figure of this process that Linux counts (MB), None elsewhere."""
    status = Path("/proc/self/status")
    if not status.is_file():
        return None
    lines = dict(line.split(":", 1) for line in status.read_text().splitlines())
    return float(lines[name].split()[0]) / 1024


def resident_mb() -> float:
    """Return this process's resident memory (MB); NaN where the system does not say."""
    found = _status_mb("VmRSS")
    return float("nan") if found is None else found


def peak_mb() -> float:
    """Return this process's highest resident memory so far (MB); NaN where nobody counts it."""
    found = _status_mb("VmHWM")  # not inherited from the process that started this, as rusage is
    if found is not None:
        return found
    try:
        import resource
    except ImportError:
        return float("nan")
    scale = 1024 if sys.platform == "darwin" else 1
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 / scale


def watched(scenario: Path, folder: Path) -> dict[str, Any]:
    """Run the command in this process; return CPU time, its parts, and peak memory."""
    from linetwin.cli import main, running
    from linetwin.cosim import FmuContinuous, FmuTransform, Together
    from linetwin.line.recorder import Recorder
    from linetwin.line.world import World
    from linetwin.results import kpis, report
    from linetwin.results.writer import RunWriter

    clock = Stopwatch()
    clock.watch("scenario", running, "load")
    clock.watch("loading models", running, "make_world")
    clock.watch("line", running, "drive")
    clock.watch("recording", Recorder, "record")
    for name in ("start", "advance", "read"):
        clock.watch("models", FmuContinuous, name)
    clock.watch("models", Together, "advance")
    formation = FormationClock()
    formation.watch(FmuTransform)
    memory = MemoryByDay()
    memory.watch(World)
    clock.watch("models", FmuTransform, "apply")
    clock.watch("tables", RunWriter, "add")
    clock.watch("tables", RunWriter, "finish")
    clock.watch("key figures", kpis, "write")
    clock.watch("report", report, "write_report")
    sys.argv = ["linetwin", "run", str(scenario), "-o", str(folder)]
    code: Any = 0
    try:
        main()
    except SystemExit as end:
        code = end.code or 0
    clock.stop()
    return {
        "code": code,
        "cpu_s": time.process_time(),
        "memory_mb": peak_mb(),
        "memory_by_day_mb": memory.resident,
        "lots_by_day_mb": memory.lots,
        "parts_s": clock.seconds,
        "formation": formation.figures(),
    }


def _run() -> None:
    scenario, folder, file = map(Path, sys.argv[1:])
    found = watched(scenario, folder)
    file.write_text(json.dumps(found), encoding="utf-8")
    sys.exit(found["code"])


if __name__ == "__main__":
    from linetwin.cli import command

    command(_run)  # ends as quickly as the user's own
