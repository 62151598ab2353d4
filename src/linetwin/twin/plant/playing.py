"""Playing a plant: the line is stepped in time with the wall clock, and what it tells is handed on.

A request is answered between two events of the line, at the tick of the event just served; while
the line waits, an event is made for it, so that it waits no longer than a moment of wall time.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol

from linetwin.errors import SimulationError
from linetwin.line.calendar import KICK
from linetwin.twin.plant.changes import AlarmChange, Change
from linetwin.twin.plant.clock import PlantClock
from linetwin.twin.plant.model import LINE, node_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from linetwin.line.world import World
    from linetwin.twin.plant.carrying import Carrier, HiddenRow
    from linetwin.twin.plant.model import Plain
    from linetwin.twin.plant.outbox import Outbox
    from linetwin.twin.plant.panel import Panel
    from linetwin.twin.plant.requests import Answer, Clerk, Request
    from linetwin.twin.plant.server import PlantServer

TICKS_PER_SECOND = 1000
_LOOK_EVERY = 200
"""Events of a line that is behind between two looks at what else is to be done."""


class Pacer(Protocol):
    """Holds line time to a pace; `linetwin.cli.pacing.Pace` is one."""

    factor: float

    def begin(self, tick: int) -> None:
        """Let the schedule begin now, with the line at `tick`."""
        ...

    def wait_for(self, tick: int, may_go_on: Callable[[], bool]) -> bool:
        """Sleep until `tick` is due, while `may_go_on()`; return whether there was time to."""
        ...


def _forget(_: object) -> None:
    """Keep nothing."""


@dataclass
class Parts:
    """What a plant is made of; `hidden` and `answered` take what is worth keeping."""

    world: World
    panel: Panel
    carrier: Carrier
    outbox: Outbox
    server: PlantServer
    clerk: Clerk
    hidden: Callable[[list[HiddenRow]], None] = field(default=_forget)
    answered: Callable[[Answer], None] = field(default=_forget)
    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))


def play(
    parts: Parts,
    pace: Pacer,
    opens_tick: int,
    may_go_on: Callable[[], bool],
    look: Callable[[], Any],
) -> None:
    """Begin a line, let it run to `opens_tick` as fast as it goes, then in time until it ends.

    `look` is called whenever there is time. The caller stops the server and closes the line.
    """
    world, past = parts.world, _Past()
    parts.panel.begin(world)
    world.begin()
    while may_go_on() and not world.ended and _next(world) <= opens_tick:
        world.step()
        parts.panel.look(world)
        past.note(*parts.panel.take())
        if world.events % _LOOK_EVERY == 0:
            look()
    playing = _Playing(parts, pace, PlantClock(parts.now(), max(opens_tick, world.now)))
    playing.open(past)
    while may_go_on() and not world.ended:
        if playing.serve(may_go_on) or world.events % _LOOK_EVERY == 0:
            parts.server.check()
            look()


@dataclass
class _Past:
    """What holds when the server opens: the last change of each tag, alarms that are active."""

    changes: dict[str, Change] = field(default_factory=dict)
    alarms: dict[str, AlarmChange] = field(default_factory=dict)

    def note(self, changes: list[Change], alarms: list[AlarmChange]) -> None:
        """Let what is new take the place of what was."""
        self.changes.update((each.node, each) for each in changes)
        for alarm in alarms:
            self.alarms.pop(alarm.node, None)
            if alarm.active:
                self.alarms[alarm.node] = alarm


@dataclass
class _Playing:
    """A plant whose server publishes; `asked`: requests that the line's next event answers."""

    parts: Parts
    pace: Pacer
    clock: PlantClock
    asked: list[Request] = field(default_factory=list)

    def open(self, past: _Past) -> None:
        """Begin to publish and to hold the pace."""
        self.pace.begin(self.clock.tick)
        past.note(*self.parts.panel.take())
        self._hand_over([*past.changes.values()], [*past.alarms.values()])
        told: dict[str, Plain] = {"pace": self.pace.factor, "begun": self.clock.begun}
        tick = self.clock.tick
        changes = [Change(node_of(LINE, "Clock", name), tick, told[name]) for name in told]
        self.parts.outbox.post(changes)
        self.parts.server.publish(self.clock)

    def serve(self, may_go_on: Callable[[], bool]) -> bool:
        """Serve the next event at its time; return whether there was time to spare."""
        world, requests = self.parts.world, self.parts.server.requests
        tick = _next(world)
        waited = self.pace.wait_for(tick, lambda: may_go_on() and requests.empty())
        if not may_go_on():
            return waited
        if not requests.empty():
            self._ask(tick)
            return waited
        world.step()
        self.parts.panel.look(world)
        self._answer()
        self._hand_over(*self.parts.panel.take())
        return waited

    def _ask(self, next_tick: int) -> None:
        """Take a request, and wake its station at the present instant: an event to answer it at.

        A wake-up for nothing changes nothing in a line.
        """
        request = self.parts.server.requests.get()
        passed = (self.parts.now() - self.clock.opened).total_seconds() * self.pace.factor
        tick = self.clock.tick + int(passed * TICKS_PER_SECOND)
        world = self.parts.world
        world.calendar.at(min(max(tick, world.now), next_tick), request.station, KICK)
        self.asked.append(request)

    def _answer(self) -> None:
        for request in self.asked:
            answer, changes = self.parts.clerk.answer(request, self.parts.world)
            self.parts.outbox.post(changes)  # the panel's own: nothing on its way can touch it
            self.parts.answered(answer)
        self.asked.clear()

    def _hand_over(self, changes: list[Change], alarms: list[AlarmChange]) -> None:
        """Let what has changed set out, and hand over what has arrived."""
        parts, now = self.parts, self.parts.world.now
        parts.carrier.send(changes)
        line_time = Change(node_of(LINE, "Clock", "line_time"), now, now / TICKS_PER_SECOND)
        parts.outbox.post([*parts.carrier.arrived(now), line_time], alarms)
        hidden = parts.carrier.hidden()
        if hidden:
            parts.hidden(hidden)


def _next(world: World) -> int:
    """Return the tick of the next event."""
    tick = world.next_tick()
    if tick is None:
        world.step()  # tells who waits for what
        message = "nothing is due any more"
        raise SimulationError(message)
    return tick
