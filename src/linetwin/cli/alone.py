"""Watching an FMU or a group that runs alone: one that hangs or crashes is named."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Final, cast

from linetwin.cli.hanging import Alarm, ModelWatch
from linetwin.cosim.progress import PROGRESS, RARE, Progress
from linetwin.errors import FmuError
from linetwin.scenario.problems import Place, Problems
from linetwin.scenario.stations import STEP_TIMEOUT
from linetwin.scenario.values import read_scalar

if TYPE_CHECKING:
    from collections.abc import Iterator


_LOADING: Final = "loading"
"""What is done before anything else."""


class AloneWatch(ModelWatch):
    """Watches what goes from point to point; each, and each rare call, may take the limit."""

    def __init__(self, model: str, limit_s: float, alarm: Alarm, progress: Progress) -> None:
        self._progress = progress
        super().__init__(model, model, limit_s, alarm)

    def stage(self) -> object:
        """Return the point that is under way, and the rare call."""
        return self._progress.points(), RARE.name

    def named(self, call: str) -> str:
        """Return model, member and call."""
        return f"{self._name()}: {self._own(call)}"

    @contextlib.contextmanager
    def elsewhere(self) -> Iterator[None]:
        """Do what calls no model, and may take its time."""
        self.end()
        try:
            yield
        finally:
            self.begin(_LOADING)

    def give_up(self, call: str) -> None:
        """End all: a call has taken too long."""
        own = self._own(call)
        reason = f"{own} had not returned after {self.limit_s:g} s (--step-timeout sets the limit)"
        self._alarm.ring(FmuError(reason, self._name()))

    def crash_of(self, call: str, what: str) -> FmuError:
        """Return the error of a call that crashed."""
        reason = f"{self._own(call)} {what}; a line survives that with isolate: true"
        return FmuError(reason, self._name())

    def _name(self) -> str:
        """Return the group's own name; of an FMU, and before the group is read, the file's."""
        return self._progress.name or self.model

    def _own(self, call: str) -> str:
        doing = RARE.name or self._progress.doing() or call
        return ": ".join(filter(None, (self._progress.under_way(), doing)))


@contextlib.contextmanager
def watching(model: str, limit: str) -> Iterator[AloneWatch]:
    """Watch what puts its own into `progress.watched()`; `limit` is a time such as `10 min`.

    Raises ScenarioError for a limit that is no time, or not one that a scenario may set.
    """
    problems = Problems()
    found = read_scalar(limit, STEP_TIMEOUT, Place("--step-timeout"), problems)
    problems.check()
    limit_s = cast("float", found)  # a quantity that is no number, or none, was told
    progress, alarm = Progress(), Alarm()
    watch = AloneWatch(model, limit_s, alarm, progress)
    token = PROGRESS.set(progress)
    alarm.arm(lambda error: error)
    try:
        with watch.watching(_LOADING):
            yield watch
    finally:
        alarm.disarm()
        PROGRESS.reset(token)
