"""What goes to a worker and what comes back: plain data, that any process can unpickle."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

Status = Literal["complete", "given up", "failed"]
PROCESSOR_TIME = "run.processor_time"
"""A figure that is measured: processor seconds of a run (s), other ones each time it is made."""
_DIGITS = 16
_UNPACKED: dict[str, Path] = {}
"""In this process: digest of inputs -> the folder in which they lie."""


@dataclass(frozen=True)
class Inputs:
    """The files that decide a run, taken along to wherever it is made.

    `files`: path below their common folder -> content; `scenario`: which of them is the scenario;
    `made_with`: versions of code and models.
    """

    scenario: str
    files: Mapping[str, bytes]
    made_with: Mapping[str, str]

    @cached_property
    def digest(self) -> str:
        """Hash of the files, and of the versions that decide what comes of them."""
        about = json.dumps([self.scenario, sorted(self.made_with.items())])
        total = hashlib.sha256(about.encode())
        for name, content in sorted(self.files.items()):
            total.update(name.encode() + b"\0" + hashlib.sha256(content).digest())
        return total.hexdigest()[:_DIGITS]

    def unpack(self, folder: Path) -> None:
        """Write the files into `folder`, for the tasks of this process."""
        for name, content in self.files.items():
            file = folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        _UNPACKED[self.digest] = folder / self.scenario


def known_here(digest: str) -> bool:
    """Whether inputs have been unpacked in this process."""
    return digest in _UNPACKED


@dataclass(frozen=True)
class Column:
    """A statistic of a table's column that comes back: `cells.capacity` and `p95`."""

    table: str
    column: str
    statistic: str
    unit: str = ""

    @property
    def name(self) -> str:
        """Its name among the figures of a run."""
        return f"{self.table}.{self.column}.{self.statistic}"


@dataclass(frozen=True)
class Wanted:
    """What comes back of each run.

    `default`: those of the figures that nobody named: that a run has them not is no mistake;
    `keep`: the folder in which run folders are kept, or None.
    """

    figures: Sequence[str] = ()
    default: Sequence[str] = ()
    columns: Sequence[Column] = ()
    keep: str | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the figures that a run brings back."""
        return (*self.figures, *(column.name for column in self.columns))


def key_of(inputs: str, settings: Sequence[str]) -> str:
    """Return the hash of all that determines a run but its seed."""
    return _hash([inputs, sorted(settings)])


def run_id(key: str, seed: int) -> str:
    """Return the id of a run."""
    return _hash([key, seed])


def _hash(content: list[object]) -> str:
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:_DIGITS]


@dataclass(frozen=True)
class Task:
    """One run: its id is the hash of all that determines it, so equal runs have equal ids.

    `inputs`: digest of the `Inputs`; `settings`: `ADDRESS=VALUE` texts; `point`: whose run it was
    first, for people.
    """

    inputs: str
    settings: tuple[str, ...]
    seed: int
    wanted: Wanted = field(default_factory=Wanted)
    point: int = 0
    replication: int = 0

    @property
    def run(self) -> str:
        """The run's id."""
        return run_id(key_of(self.inputs, self.settings), self.seed)

    @property
    def scenario(self) -> Path:
        """The scenario's file, in the process that has unpacked the inputs; KeyError elsewhere."""
        return _UNPACKED[self.inputs]


@dataclass(frozen=True)
class Outcome:
    """What came of a run.

    `figures`: name -> value, NaN where a run cannot tell it; `units`: name -> unit as far as it is
    known; `unknown`: asked for, but no figure of this scenario -> what it may be meant for.
    """

    run: str
    point: int
    replication: int
    seed: int
    status: Status
    error: str = ""
    wall_s: float = 0.0
    figures: Mapping[str, float] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    unknown: Mapping[str, str] = field(default_factory=dict)


class Runner(Protocol):
    """How one run is made; a module-level function, which workers import by its name."""

    def __call__(self, task: Task, /) -> Outcome:
        """Make the run; what it raises is recorded as its error."""


def failed(task: Task, error: str, wall_s: float = 0.0) -> Outcome:
    """Return the outcome of a run that came to nothing."""
    where = (task.run, task.point, task.replication, task.seed)
    return Outcome(*where, "failed", error, wall_s)
