"""Looks ahead for events of models, so that the line is there when they happen.

Before the line goes to its next tick, models whose events it asked for go there first, as nothing
changes their inputs on the way. Where one meets an event, that is the line's next tick; those that
had gone further are taken back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol, runtime_checkable

from linetwin.contracts import Continuous
from linetwin.errors import ModelError
from linetwin.line.calendar import KICK
from linetwin.line.station import Station
from linetwin.line.unit import Unit

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from linetwin.line.world import World
    from linetwin.scenario.resolved import ProcessConfig


@runtime_checkable
class Seeking(Continuous, Protocol):
    """A model with events for which the line is woken."""

    def seek(self, tick: int) -> int:
        """Hold the present inputs until `tick`, or the first tick at or after such an event.

        Return where it stands then. Until the next call, `back` undoes it.
        """
        ...

    def back(self) -> None:
        """Stand where the last `seek` began; what it met has not happened."""
        ...

    def occurred(self) -> list[str]:
        """Return the events that it has met since it was asked last, in their order."""
        ...


class _Watched(NamedTuple):
    """A model of a unit, by the name of its process; `ends`: event -> operation, or ""."""

    unit: str
    process: str
    model: Seeking
    ends: Mapping[str, str]


class Lookout(Unit):
    """Tells of events of models at their tick, rounded up to the next one.

    Between two steps of the line everything stands at the same tick or before it, and what has
    been met and not told is in `state.job["met"]`: unit, process and event.
    """

    def __init__(self, world: World, units: Iterable[Unit]) -> None:
        super().__init__("lookout", world)
        self._watched = [found for unit in units for found in _watched(world, unit)]
        self._ahead: list[Seeking] = []
        self._goal: int | None = None
        self._reached: int | None = None

    @property
    def is_needed(self) -> bool:
        """Whether the line asks for an event of any model."""
        return bool(self._watched)

    def begin(self) -> None:
        """Nothing has been met."""

    def look(self) -> int | None:
        """Return the tick of the line's next event; None where there is none.

        The watched models go there, or stay where they are.
        """
        goal = self.world.calendar.next_tick()
        if goal is None or goal != self._goal:
            self.retract()
            self._goal = self._reached = goal
            if goal is not None and goal > self.world.now:
                self._reached = self._seek(goal)
        return self._reached

    def _seek(self, goal: int) -> int:
        for watched in self._watched:
            stands = watched.model.seek(goal)
            if stands < goal:  # those before it have gone further
                self._take_back()
                goal = stands
            self._ahead.append(watched.model)
        return goal

    def retract(self) -> None:
        """Bring the models back to the present tick: something else comes first."""
        self._take_back()
        self._goal = None

    def _take_back(self) -> None:
        for model in self._ahead:
            model.back()
        self._ahead.clear()

    def commit(self) -> None:
        """The line goes to its next event: what was met on the way happens there.

        Where that has ended a model the line stands there too, and its error is raised.
        """
        tick = self.look()
        self._ahead.clear()
        self._goal = None
        if tick is None:
            return
        try:
            self._note(tick)
        except ModelError:
            self.world.calendar.go_to(tick)
            raise

    def collect(self) -> None:
        """Note what inputs that were just set have caused at once."""
        self._note(self.world.now)

    def _note(self, tick: int) -> None:
        met = [
            [watched.unit, watched.process, event]
            for watched in self._watched
            for event in watched.model.occurred()
        ]
        if met:
            self.state.job.setdefault("met", []).extend(met)
            self.world.calendar.at(tick, self.name, KICK)

    def advance(self) -> None:
        """Write what has been met into the log, and let operations end that end with it."""
        met = self.state.job.pop("met", [])
        ends = {(found.unit, found.process): found.ends for found in self._watched}
        for unit, process, event in met:
            self.world.log_event(unit, "model_event", cause=f"{process}.{event}")
            operation, station = ends[unit, process][event], self.world.units[unit]
            if operation and isinstance(station, Station):
                station.end_operation(operation)
                self.world.calendar.kick(unit)


def _watched(world: World, unit: Unit) -> Iterator[_Watched]:
    """Yield the models of a unit for whose events the line asks."""
    for name, model in unit.models().items():
        config = _config(world, unit.name, name)
        if config is not None and config.events and isinstance(model, Seeking):
            yield _Watched(unit.name, name, model, config.events)


def _config(world: World, unit: str, process: str) -> ProcessConfig | None:
    station = world.scenario.stations.get(unit) or world.scenario.building
    if station is None:
        return None
    return station.machine if process == "machine" else station.processes.get(process)
