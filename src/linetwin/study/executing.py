"""Carrying a study out: what is missing is run, what comes back is kept at once."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, Protocol

from linetwin.errors import Problem, ScenarioError
from linetwin.study.analysing.aims import aim_of, aimed_at
from linetwin.study.bounds import constraints_of, least_of
from linetwin.study.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    import pandas as pd

    from linetwin.study.keeping import Planned, StudyWriter
    from linetwin.study.reading import Spec
    from linetwin.study.schema import Constraint
    from linetwin.study.tasks import Outcome, Task


FIRST_RUNS: Final = 8
"""Runs that came back after which an aim that none of them has a value of is told [A]."""


class Stopped(Exception):  # noqa: N818 - no error: the user asked to end
    """The user asked to end; what has come back is kept."""


class Executor(Protocol):
    """Whoever makes runs: local processes, or a cluster."""

    def outcomes(self, tasks: Iterable[Task], stop: Callable[[], bool]) -> Iterator[Outcome]:
        """Make runs and yield each as it ends, in any order; end early where `stop` says so."""

    def close(self) -> None:
        """Let go of processes or cluster; runs under way are given up."""


class StudyRun:
    """A study that is being carried out: whoever has a design asks it for results.

    `stop`: whether the user has asked to end; `show`: called after every run.
    """

    def __init__(
        self,
        spec: Spec,
        writer: StudyWriter,
        executor: Executor,
        stop: Callable[[], bool],
        show: Callable[[Progress], None],
    ) -> None:
        self.spec = spec
        self.writer = writer
        self.progress = Progress()
        self._executor = executor
        self._stop = stop
        self._show = show
        self._constraints: list[Constraint] | None = None
        self._untold = aimed_at(spec.objectives, spec.constraints)

    def results(self, points: Sequence[Planned], replications: int) -> pd.DataFrame:
        """Return the runs of points, with those made that are missing; see `Study.runs`.

        Points keep the number that they were given first, replications begin with 0. Stopped
        where the user asks to end, ScenarioError where a figure is asked for that no run has, or
        bounded in a unit that is not its own.
        """
        _ = self.constraints
        numbers = self.writer.plan(points, replications)
        asked = range(replications)
        missing = sum(1 for _ in self.writer.tasks(numbers, asked))
        self.progress.planned = self.writer.planned
        self.progress.known = self.progress.planned - missing - self.progress.made
        self._show(self.progress)
        tasks = self.writer.tasks(numbers, asked)  # one after the other: a million take room
        for outcome in self._executor.outcomes(tasks, self._stop):
            self._keep(outcome)
        if self._stop():
            raise Stopped
        return self.writer.rows(numbers, replications)

    @property
    def constraints(self) -> list[Constraint]:
        """The constraints in canonical units; none before a run has told these."""
        if self._constraints is None:
            told, written = self.writer.manifest["units"], self.spec.constraints
            if not all(each.figure in told for each in written):
                return []
            place = self.spec.document.place
            self._constraints = constraints_of(written, told, lambda n: place(("constraints", n)))
        return self._constraints

    @property
    def matters(self) -> float:
        """The least difference that matters, in the unit of what is aimed at; 0 if none is."""
        asked = self.spec.design.matters
        if asked is None:
            return 0.0
        figure, _ = aim_of(self.spec.objectives[0])
        told = self.writer.manifest["units"]
        place = self.spec.document.place(("design", "matters"))
        return least_of(asked, told[figure], place) if figure in told else 0.0

    def _keep(self, outcome: Outcome) -> None:
        if outcome.unknown:
            raise ScenarioError([self._unknown(*each) for each in outcome.unknown.items()])
        self.writer.record(outcome)
        _ = self.constraints, self.matters
        self.progress.note(failed=outcome.status == "failed", wall_s=outcome.wall_s)
        self._look(outcome)
        self._show(self.progress)

    def _look(self, outcome: Outcome) -> None:
        """Say which aims have no value in the first runs of a study that begins."""
        values = outcome.figures
        self._untold = [n for n in self._untold if not math.isfinite(values.get(n, math.nan))]
        came = self.progress.made - self.progress.failed
        if came == FIRST_RUNS and self._untold and not self.progress.known:
            have = "has" if len(self._untold) == 1 else "have"
            self.progress.said = (
                f"{', '.join(self._untold)} {have} no value in the first {came} runs, and what is "
                "aimed at needs one: a longer run, or another figure"
            )

    def _unknown(self, name: str, hint: str) -> Problem:
        document = self.spec.document
        for section in ("figures", "columns", "objectives", "constraints"):
            if section in document.data and name in str(document.data[section]):
                place = document.place((section,))
                return Problem(f"no run has {name}", section, hint, place.file, place.line)
        return Problem(f"no run has {name}", "figures", hint, document.file)
