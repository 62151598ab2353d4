"""A plant without a server: what it tells, in one process and as fast as the line runs.

For long runs and many cases: each step gives what would have come to a client after the same event,
were it told of every change; nothing is thinned, and nothing waits for a clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from linetwin.line.world import World
    from linetwin.twin.plant.carrying import Carrier
    from linetwin.twin.plant.changes import AlarmChange, Change
    from linetwin.twin.plant.panel import Panel
    from linetwin.twin.plant.requests import Answer, Clerk, Request


@dataclass(frozen=True)
class Told:
    """What has come by the event at `tick`, in the order in which it came."""

    tick: int
    changes: list[Change]
    alarms: list[AlarmChange]


class UnservedPlant:
    """A line whose sink is `panel`; `world` has not begun."""

    def __init__(self, world: World, panel: Panel, carrier: Carrier, clerk: Clerk) -> None:
        self._world, self._panel, self._carrier, self._clerk = world, panel, carrier, clerk
        self._answers: list[Change] = []

    def begin(self) -> Told:
        """Begin the line, and tell what holds at its start."""
        self._world.on_reading = self._panel.read
        self._panel.begin(self._world)
        self._world.begin()
        return self._told()

    def step(self) -> Told | None:
        """Serve one event of the line and tell what has come; None once the line has ended."""
        if self._world.ended:
            return None
        self._world.step()
        self._panel.look(self._world)
        return self._told()

    def ask(self, request: Request) -> Answer:
        """Answer a request now; what it changes is told with the next event."""
        answer, changes = self._clerk.answer(request, self._world)
        self._answers += changes
        return answer

    def _told(self) -> Told:
        now = self._world.now
        changes, alarms = self._panel.take()
        self._carrier.send(changes)
        answers, self._answers = self._answers, []
        return Told(now, [*answers, *self._carrier.arrived(now)], alarms)
