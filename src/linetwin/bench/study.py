"""`linetwin bench study`: many short runs on one process, on two, and on a Dask cluster here.

A run is a queue of one place with room for K, M/M/1/K, simulated for some 50 ms: what is measured
is what a study adds to its runs, so the runs are as short as any may be. Its throughput is known in
closed form, lambda (1 - rho^K) / (1 - rho^(K + 1)), and checked. The pilot line's first hour, 0.2 s
a run, shows the same with models.
"""

from __future__ import annotations

import contextlib
import math
import multiprocessing
import random
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from linetwin.bench.watched import peak_mb
from linetwin.cli.study_running import gather, run_point
from linetwin.errors import ResultsError
from linetwin.scenario.loading import find_scenario
from linetwin.study.clustered import LOCAL, DaskExecutor
from linetwin.study.executing import StudyRun
from linetwin.study.keeping import Planned, StudyWriter
from linetwin.study.local import LocalExecutor, made
from linetwin.study.reading import read_study_file
from linetwin.study.tasks import Outcome, Task

if TYPE_CHECKING:
    from collections.abc import Callable

    from linetwin.study.executing import Executor
    from linetwin.study.progress import Progress
    from linetwin.study.reading import Spec
    from linetwin.study.tasks import Inputs, Runner

    Factory = Callable[[Inputs, Path], Executor]

ROUNDS = 5
RUNS = 1000
LINE_RUNS = 60
ARRIVALS, SERVICES, ROOM = 0.9, 1.0, 5
"""Rates (1/s) and places of the queue, that in service counted."""
EVENTS = 70_000
SPEED_UP = 1.8
"""What two cores are to give over one."""
IDLE_LIMIT = 0.1
"""Two workers that are at work for nine tenths of their time do 1.8 times what one does."""
OVERHEAD_LIMIT_MS = 10.0
GROWTH_LIMIT_MB = 50.0
_HALVES = 2
_FIRST = 4
"""Runs that are made before time is taken, so that all workers have made some [A]."""
_STUDY = """\
schema: 1
study: bench
scenario: line.yaml
replications: {runs}
figures: [energy.energy_used]
"""
_LINE = """\
schema: 1
name: hour
line: {folder}/lines/pilot.yaml
recipe: {folder}/recipes/nmc622_graphite_5ah.yaml
duration: 1 h
"""


@dataclass(frozen=True)
class Measured:
    """Wall times (s) of a study in a loop in this process, on 1 and 2 processes, and on Dask.

    Of `ROUNDS` parts, each made on one and on two processes and Dask in turn, by workers that stay,
    the fastest of each stands for all. `own_s`: of the runs themselves, told by the one process
    that made them; `bare_s`: of as many runs by two bare processes at once, which is what the
    machine's cores give. Workers have made runs before time is taken: starting Python is told
    apart, in `start_s`, until the first run came back. `growth_mb`: what this process took more,
    from a tenth of the first part to the end of the last. `two_idle`, `dask_idle`: share of their
    time that two workers spend outside of runs, which other work on the machine hardly changes; it
    does the times.
    """

    runs: int
    loop_s: float
    own_s: float
    one_s: float
    two_s: float
    bare_s: float
    dask_s: float
    start_s: float
    growth_mb: float
    two_idle: float
    dask_idle: float
    line_runs: int
    line_one_s: float
    line_two_s: float

    @property
    def overhead_ms(self) -> float:
        """What a study adds to each run on one process (ms of wall time)."""
        return (self.one_s - self.own_s) / self.runs * 1000


def queue(task: Task) -> Outcome:
    """Simulate the queue event by event; the figure is customers served in a second."""
    begun = time.perf_counter()
    chance = random.Random(task.seed)  # noqa: S311 - no secret
    clock = waiting = served = 0.0
    for _ in range(EVENTS):
        rate = (ARRIVALS if waiting < ROOM else 0.0) + (SERVICES if waiting else 0.0)
        clock += chance.expovariate(rate)
        if waiting < ROOM and chance.random() * rate < ARRIVALS:
            waiting += 1
        else:
            waiting -= 1
            served += 1
    where = (task.run, task.point, task.replication, task.seed)
    figures = dict.fromkeys(task.wanted.names, served / clock)
    return Outcome(*where, "complete", "", time.perf_counter() - begun, figures)


def same_code() -> dict[str, str]:
    """Return no versions: workers of this machine have the code of this process."""
    return {}


def throughput() -> float:
    """Return the exact throughput of the queue (1/s)."""
    load = ARRIVALS / SERVICES
    return ARRIVALS * (1 - load**ROOM) / (1 - load ** (ROOM + 1))


class _Clock:
    """Notes when runs come back, and what this process has taken by then."""

    def __init__(self) -> None:
        self.begun = time.perf_counter()
        self.times: list[float] = []
        self.early_mb = 0.0
        self.own_s = 0.0

    def show(self, counts: Progress) -> None:
        self.own_s = counts.busy_s
        if counts.made > len(self.times):
            self.times.append(time.perf_counter())
        if counts.made == max(counts.planned // 10, 1):
            self.early_mb = peak_mb()

    @property
    def all_s(self) -> float:
        """Wall time of all runs."""
        return self.times[-1] - self.begun

    def idle(self, workers: int) -> float:
        """Return the share of the time between runs, of all that the workers have."""
        return 1 - self.own_s / (workers * self.all_s)


@dataclass(frozen=True)
class _Bench:
    """A study in a folder of its own, carried out anew for each measurement."""

    folder: Path
    run: Runner
    runs: int

    def in_turn(self, name: str, *factories: Factory) -> tuple[list[_Clock], float]:
        """Carry the study out with each in turn, `ROUNDS` times, by workers that stay.

        Return the fastest of each, and how long the last one took to start (s).
        """
        (self.folder / "study.yaml").write_text(_STUDY.format(runs=self.runs), encoding="utf-8")
        shipped = find_scenario("baseline").resolve().parent.as_posix()
        (self.folder / "line.yaml").write_text(_LINE.format(folder=shipped), encoding="utf-8")
        spec = read_study_file(self.folder / "study.yaml")
        inputs = gather(spec.scenario_file, spec.scenario)
        with contextlib.ExitStack() as stack:
            executors, start_s = [], math.nan
            for at, factory in enumerate(factories):
                log = self.folder / f"{name}-log-{at}"
                log.mkdir()
                begun = time.perf_counter()
                executors.append(stack.enter_context(contextlib.closing(factory(inputs, log))))
                first = self._part(executors[at], f"{name}-first-{at}", spec, inputs, _FIRST)
                start_s = first.times[0] - begun
            clocks = [
                [
                    self._part(each, f"{name}-{turn}-{at}", spec, inputs, self.runs)
                    for at, each in enumerate(executors)
                ]
                for turn in range(ROUNDS)
            ]
        fastest = [min(own, key=lambda clock: clock.all_s) for own in zip(*clocks, strict=True)]
        return fastest, start_s

    def _part(self, executor: Executor, name: str, spec: Spec, inputs: Inputs, runs: int) -> _Clock:
        """Make runs of the study; ResultsError where some are missing, or tell another figure."""
        writer = StudyWriter(self.folder / name, spec, inputs)
        clock = _Clock()
        found = StudyRun(spec, writer, executor, bool, clock.show).results([Planned(())], runs)
        writer.finish("complete")
        if len(found) < runs or (found["status"] == "failed").any():
            raise ResultsError(f"bench: {len(found)} of {runs} runs, {set(found['error'])}")
        if self.run is queue and runs == self.runs:
            _check(found["energy.energy_used"].mean())
        return clock


def _check(mean: float) -> None:
    """Refuse a mean throughput that is another queue's."""
    if not math.isclose(mean, throughput(), rel_tol=2e-3):
        raise ResultsError(f"bench: throughput {mean:.5f}/s, in theory {throughput():.5f}/s")


def measure() -> Measured:
    """Measure all; some minutes."""
    with tempfile.TemporaryDirectory(prefix="linetwin-bench-") as name:
        short = _Bench(Path(name), queue, RUNS // ROUNDS)
        loop_s = _some(0, RUNS)
        (one, two), start_s = short.in_turn("two", _processes(queue, 1), _processes(queue, _HALVES))
        growth = peak_mb() - two.early_mb
        (again, dask), _ = short.in_turn("dask", _processes(queue, 1), _on_dask(queue))
        bare_s = min(_bare() for _ in range(ROUNDS))
        one = min(one, again, key=lambda clock: clock.all_s)
        line = _Bench(Path(name), run_point, LINE_RUNS // ROUNDS)
        (line_one, line_two), _ = line.in_turn(
            "line", _processes(run_point, 1), _processes(run_point, _HALVES)
        )
    return Measured(
        runs=RUNS,
        loop_s=loop_s,
        own_s=ROUNDS * one.own_s,
        one_s=ROUNDS * one.all_s,
        two_s=ROUNDS * two.all_s,
        bare_s=bare_s,
        dask_s=ROUNDS * dask.all_s,
        start_s=start_s,
        growth_mb=growth,
        two_idle=two.idle(_HALVES),
        dask_idle=dask.idle(_HALVES),
        line_runs=LINE_RUNS,
        line_one_s=ROUNDS * line_one.all_s,
        line_two_s=ROUNDS * line_two.all_s,
    )


def _bare() -> float:
    """Return the wall time of all runs by two processes that share nothing, no study about (s).

    Each makes a part's half; the slower one is taken, times the parts.
    """
    share = RUNS // ROUNDS // _HALVES
    with ProcessPoolExecutor(_HALVES, multiprocessing.get_context("spawn")) as pool:
        wait([pool.submit(_some, 2 * at, 2) for at in range(_HALVES)])  # both have started
        return ROUNDS * max(pool.map(_some, range(0, RUNS // ROUNDS, share), [share] * _HALVES))


def _some(first: int, count: int) -> float:
    begun = time.perf_counter()
    for seed in range(first, first + count):
        made(queue, Task("", (), seed))
    return time.perf_counter() - begun


def _processes(run: Runner, workers: int) -> Factory:
    return lambda inputs, log: LocalExecutor(run, inputs, workers, log)


def _on_dask(run: Runner) -> Factory:
    return lambda inputs, _: DaskExecutor(run, inputs, LOCAL, _HALVES, same_code)


def describe(found: Measured) -> str:
    """Return the figures as text."""
    return (
        f"{found.runs} runs of a queue, {found.loop_s / found.runs * 1000:.1f} ms each in a loop: "
        f"{found.loop_s:.1f} s; on one process {found.one_s:.1f} s, on two {found.two_s:.1f} s "
        f"({found.one_s / found.two_s:.2f} times), on Dask {found.dask_s:.1f} s "
        f"({found.one_s / found.dask_s:.2f} times)\n"
        f"two bare processes at once: {found.bare_s:.1f} s, "
        f"{found.one_s / found.bare_s:.2f} times as fast as one\n"
        f"between runs: {found.two_idle:.1%} of the time of two processes, "
        f"{found.dask_idle:.1%} of two workers of Dask\n"
        f"a study adds {found.overhead_ms:.2f} ms to a run; its first run is back after "
        f"{found.start_s:.1f} s; {found.growth_mb:.1f} MB more after all than after a tenth\n"
        f"{found.line_runs} runs of the pilot line's first hour: on one process "
        f"{found.line_one_s / found.line_runs * 1000:.0f} ms each, on two "
        f"{found.line_one_s / found.line_two_s:.2f} times as fast"
    )


def verdicts(found: Measured) -> dict[str, tuple[float, float]]:
    """Return what is held against a limit: text -> (figure, the most that it may be)."""
    most = 1 / SPEED_UP
    return {
        "time on two processes over one": (found.two_s / found.one_s, most),
        "time on Dask with two workers over one process": (found.dask_s / found.one_s, most),
        "time on two processes over one, pilot line": (found.line_two_s / found.line_one_s, most),
        "share of their time that two processes spend between runs": (found.two_idle, IDLE_LIMIT),
        "the same of two workers of Dask": (found.dask_idle, IDLE_LIMIT),
        "what a study adds to a run in ms": (found.overhead_ms, OVERHEAD_LIMIT_MS),
        "memory taken by the last nine tenths in MB": (found.growth_mb, GROWTH_LIMIT_MB),
    }
