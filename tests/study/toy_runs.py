"""Functions that stand in for a run of the line; light, as each worker imports them."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from linetwin.errors import ModelError
from linetwin.study.tasks import Outcome, Task

if TYPE_CHECKING:
    from collections.abc import Callable


def values_of(task: Task) -> dict[str, float]:
    """Return address -> number of the settings of a task."""
    pairs = (setting.split("=") for setting in task.settings)
    return {address: float(value.split()[0]) for address, value in pairs}


def outcome_of(task: Task, value: float, wall_s: float = 0.0) -> Outcome:
    """Return an outcome with one figure."""
    where = (task.run, task.point, task.replication, task.seed)
    figures = dict.fromkeys(task.wanted.names, value)
    return Outcome(*where, "complete", "", wall_s, figures, dict.fromkeys(figures, "J"))


def total(task: Task) -> Outcome:
    """Stand in for a run: the sum of the factors and the seed; told to COUNTS, if that is set."""
    if "COUNTS" in os.environ:
        with Path(os.environ["COUNTS"]).open("a", encoding="utf-8") as stream:
            stream.write(f"{task.run}\n")
        time.sleep(0.03)
    return outcome_of(task, sum(values_of(task).values()) + task.seed)


def slow_total(task: Task) -> Outcome:
    """Take a moment for the sum of the factors and the seed."""
    time.sleep(0.05)
    return outcome_of(task, sum(values_of(task).values()) + task.seed, 0.05)


def failing(task: Task) -> Outcome:
    """Fail in every run of the second seed."""
    if task.replication == 1:
        raise ModelError("roots of a negative number", "fragile", 12.0)
    return total(task)


def all_failing(task: Task) -> Outcome:
    """Fail in every run."""
    raise MemoryError


class NotThere:
    """A run that no other process can read."""

    def __call__(self, task: Task) -> Outcome:
        """Do as `total`."""
        return total(task)

    def __reduce__(self) -> tuple[Callable[[], NoReturn], tuple[()]]:
        """Be read by ending the process."""
        return _ended, ()


def _ended() -> NoReturn:
    os._exit(4)


def killed_once(task: Task) -> Outcome:
    """Die of SIGKILL in the first attempt at the first point's first run."""
    mark = Path(os.environ["MARK"])
    if (task.point, task.replication) == (0, 0) and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return total(task)


def always_killed(task: Task) -> Outcome:
    """Die at the first point, with last words."""
    if task.point == 0:
        sys.stderr.write("linetwin: drying had not returned\n")
        sys.stderr.flush()
        os._exit(3)
    return outcome_of(task, sum(values_of(task).values()) + task.seed, 0.05)


def versions() -> dict[str, str]:
    """What a worker has."""
    return {"linetwin": "1.0"}


def other_versions() -> dict[str, str]:
    """What another worker has."""
    return {"linetwin": "0.9"}


def third_killed(task: Task) -> Outcome:
    """Die at the third point, with last words; every run says its own."""
    sys.stderr.write(f"linetwin: point {task.point}\n")
    sys.stderr.flush()
    if task.point == 2:
        os._exit(3)
    return outcome_of(task, sum(values_of(task).values()) + task.seed, 0.01)
