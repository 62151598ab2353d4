"""Runs on processes of this machine: each imports once and makes many.

A worker is started anew (spawn), so it shares nothing with its parent; it dies with it. The run of
a worker that is killed is tried once more on another.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import shutil
import signal
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from multiprocessing.connection import wait
from pathlib import Path
from typing import TYPE_CHECKING, Any

from linetwin.errors import ResultsError
from linetwin.study.tasks import Inputs, Outcome, Task, failed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from multiprocessing.connection import Connection

    from linetwin.study.tasks import Runner

LOOK_EVERY_S = 0.2
TRIES = 2
SHORT_S = 0.5
"""Up to here a worker is given its next run before it has ended one: it does not wait for it. With
longer ones it might hold a run that another worker could begin at once [A]."""
_LAST_WORDS = 2000
_OF_A_TERMINAL = [getattr(signal, n) for n in ("SIGINT", "SIGHUP") if hasattr(signal, n)]
"""Ctrl-C reaches all processes of a terminal; the one that has started the others decides."""


@dataclass
class _Worker:
    """A process, its runs, the one under way first, and how long its log was when that began."""

    number: int
    process: Any
    pipe: Connection
    log: Path
    tasks: list[Task] = field(default_factory=list)
    begun: float = 0.0
    said: int = 0

    def give(self, task: Task) -> None:
        if not self.tasks:
            self.begun = time.monotonic()
        self.tasks.append(task)
        with contextlib.suppress(OSError):  # it has just died: its runs are given out again
            self.pipe.send(task)

    def ended(self, said: int) -> None:
        """Note that the run under way has ended, and the next one has begun."""
        self.tasks.pop(0)
        self.begun, self.said = time.monotonic(), said

    def last_words(self) -> str:
        """Return what the process printed last, since the run began."""
        try:
            with self.log.open("rb") as stream:
                stream.seek(max(self.said, _size(self.log) - _LAST_WORDS))
                lines = stream.read().decode("utf-8", "replace").strip().splitlines()
        except OSError:
            return ""
        told = [line for line in lines if line.startswith("linetwin: ")]
        return (told or lines or [""])[-1].removeprefix("linetwin: ")


@dataclass
class LocalExecutor:
    """Makes runs on `workers` processes; `log`: the folder for what they and models print."""

    run: Runner
    inputs: Inputs
    workers: int
    log: Path
    _started: list[_Worker] = field(default_factory=list)
    _count: int = 0
    _proven: bool = False
    """Whether any worker has ever been ready for a run."""
    _slowest_s: float | None = None

    def __post_init__(self) -> None:
        self._folder = tempfile.mkdtemp(prefix="linetwin-study-")

    def outcomes(self, tasks: Iterable[Task], stop: Callable[[], bool]) -> Iterator[Outcome]:
        """Yield outcomes as runs end; see `Executor`.

        ResultsError where no worker can be started at all.
        """
        queue = iter(tasks)
        again: list[Task] = []
        tries: dict[str, int] = {}
        self._supply(queue, again, stop)
        while any(worker.tasks for worker in self._started) and not stop():
            for worker in self._ready():
                outcome = self._answer(worker, again, tries)
                self._supply(queue, again, stop)
                if outcome is not None:
                    self._slowest_s = max(self._slowest_s or 0.0, outcome.wall_s)
                    yield outcome

    def _supply(self, queue: Iterator[Task], again: list[Task], stop: Callable[[], bool]) -> None:
        """Give runs to all workers, old and new, the idle ones first."""
        short = self._slowest_s is not None and self._slowest_s <= SHORT_S
        for held in range(1 + short):
            while not stop():
                free = next((each for each in self._started if len(each.tasks) == held), None)
                if free is None and len(self._started) == self.workers:
                    break
                task = again.pop() if again else next(queue, None)
                if task is None:
                    return
                (free or self._start()).give(task)

    def _ready(self) -> list[_Worker]:
        """Return the workers that have answered or died, after a moment at most."""
        by_handle: dict[Any, _Worker] = {}
        for worker in self._started:
            by_handle[worker.pipe] = by_handle[worker.process.sentinel] = worker
        ready = wait(list(by_handle), LOOK_EVERY_S)
        return list({id(by_handle[handle]): by_handle[handle] for handle in ready}.values())

    def _answer(self, worker: _Worker, again: list[Task], tries: dict[str, int]) -> Outcome | None:
        """Return what a worker has sent; None where it died and its run is tried again."""
        with contextlib.suppress(EOFError, OSError):
            while worker.pipe.poll():
                sent: tuple[Outcome, int] | None = worker.pipe.recv()
                if sent is not None:
                    worker.ended(sent[1])
                    return sent[0]
                self._proven = True
            if worker.process.is_alive():
                return None
        worker.process.join()
        self._started.remove(worker)
        worker.pipe.close()
        if not worker.tasks:
            return None
        task, *behind = worker.tasks
        again.extend(behind)  # not begun, so not to blame
        tries[task.run] = tries.get(task.run, 0) + 1
        if tries[task.run] < TRIES:
            again.append(task)
            return None
        words = worker.last_words()
        error = f"worker {_ended(worker.process.exitcode)}, twice" + (f": {words}" if words else "")
        if not self._proven:  # the next run would end the same way, and all after it
            raise ResultsError(f"no worker can be started: {error}")
        return failed(task, error, time.monotonic() - worker.begun)

    def _start(self) -> _Worker:
        self._count += 1
        context = multiprocessing.get_context("spawn")
        here, there = context.Pipe()
        log = self.log / f"worker-{self._count}.log"
        arguments = (there, self.run, self.inputs, str(log), self._folder)
        process = context.Process(target=_work, args=arguments)
        with _undisturbed():
            process.start()
        there.close()
        worker = _Worker(self._count, process, here, log)
        self._started.append(worker)
        return worker

    def close(self) -> None:
        """End the processes; runs under way are given up."""
        for worker in self._started:
            if worker.tasks:
                worker.process.kill()
            worker.pipe.close()  # an idle worker ends when nobody can ask it
        for worker in self._started:
            worker.process.join()
        self._started.clear()
        shutil.rmtree(self._folder, ignore_errors=True)


def _work(pipe: Connection, run: Runner, inputs: Inputs, log: str, folder: str) -> None:
    """Be a worker: make the runs that come through the pipe until nobody can send any.

    All that it writes lies in `folder`, which its parent removes.
    """
    for number in _OF_A_TERMINAL:
        signal.signal(number, signal.SIG_IGN)
    if sys.platform != "win32":
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _OF_A_TERMINAL)
    threading.Thread(target=_die_with_parent, args=(folder,), daemon=True).start()
    _print_to(log)
    tempfile.tempdir = folder
    inputs.unpack(Path(tempfile.mkdtemp(prefix="inputs-")))
    pipe.send(None)  # ready
    with contextlib.suppress(EOFError, OSError):
        while True:
            outcome = made(run, pipe.recv())
            pipe.send((outcome, _size(Path(log))))


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """Start a process that does not hear Ctrl-C, also not before it can say so itself."""
    if sys.platform == "win32":
        yield
        return
    from multiprocessing import resource_tracker

    resource_tracker.ensure_running()  # or the first start does, and lets signals through again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _OF_A_TERMINAL)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def made(run: Runner, task: Task) -> Outcome:
    """Make one run; whatever it raises becomes its error."""
    begun = time.monotonic()
    try:
        return run(task)
    except Exception as error:  # noqa: BLE001  the rest of the study goes on
        told = str(error) or type(error).__name__
        return failed(task, told, time.monotonic() - begun)


def _die_with_parent(folder: str) -> None:
    """End this process at once when the one that started it is gone, however that ended."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        shutil.rmtree(folder, ignore_errors=True)
        os._exit(1)


def _print_to(log: str) -> None:
    """Let all that this process and its models print go to a file."""
    stream = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for number in (1, 2):
        os.dup2(stream, number)
    os.close(stream)


def _ended(code: int | None) -> str:
    """Say how a process ended."""
    if code is not None and code < 0:
        name = signal.Signals(-code).name
        hint = ", as when memory runs out" if name == "SIGKILL" else ""
        return f"was killed by {name}{hint}"
    return f"ended with exit code {code}"


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0
