"""Technicians who repair, and the shifts on which people work."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from linetwin.line.unit import Unit

if TYPE_CHECKING:
    from linetwin.line.world import World
    from linetwin.scenario.resolved import CalendarConfig, CrewConfig

TICKS_PER_SECOND = 1000
WEEK_S = 7 * 24 * 3600


class Crew:
    """A few technicians; who asks first is served first. Asking twice does nothing."""

    def __init__(self, config: CrewConfig, world: World) -> None:
        self.config = config
        self._world = world
        self.busy: list[str] = []
        self.waiting: list[str] = []

    def ask(self, who: str) -> bool:
        """Tell whether a technician is at `who`'s; else note that one is wanted."""
        if who in self.busy:
            return True
        if who not in self.waiting:
            self.waiting.append(who)
        free = self.config.size - len(self.busy)
        if not self._world.is_open(self.config.calendar) or self.waiting.index(who) >= free:
            return False
        self.waiting.remove(who)
        self.busy.append(who)
        return True

    def release(self, who: str) -> None:
        """The repair at `who`'s is done; whoever waits is woken."""
        self.busy.remove(who)
        self.wake()

    def wake(self) -> None:
        """Wake all who wait: a technician is free, or the shift has begun."""
        for name in self.waiting:
            self._world.calendar.kick(name)

    def save(self) -> dict[str, Any]:
        """Return the crew's state as plain data."""
        return {"busy": self.busy, "waiting": self.waiting}

    def load(self, data: dict[str, Any]) -> None:
        """Continue from saved data."""
        self.busy = list(data["busy"])
        self.waiting = list(data["waiting"])


class Shifts(Unit):
    """Opens and closes a calendar of working hours; the run begins on a Monday at 00:00."""

    def __init__(self, config: CalendarConfig, world: World) -> None:
        super().__init__(f"calendar:{config.name}", world)
        self._spans = config.open_s

    @property
    def is_open(self) -> bool:
        """Whether people are there now."""
        if not self._spans:
            return True
        second = (self.world.now // TICKS_PER_SECOND) % WEEK_S
        return any(start <= second < end for start, end in self._spans)

    def begin(self) -> None:
        """Ask for the first change of shift."""
        if self._spans:
            self._schedule()

    def advance(self) -> None:
        """Wake everyone who works by this calendar."""
        if not self._spans or self.world.now < self.state.due:
            return
        self.world.log_event(self.name, "note", cause="open" if self.is_open else "closed")
        self.world.wake_calendar(self.name.removeprefix("calendar:"))
        self._schedule()

    def _schedule(self) -> None:
        week_start = self.world.now // (WEEK_S * TICKS_PER_SECOND) * WEEK_S
        edges = sorted({edge for span in self._spans for edge in span})
        ticks = [
            (week_start + week * WEEK_S + edge) * TICKS_PER_SECOND
            for week in (0, 1)
            for edge in edges
        ]
        self.plan(min(tick for tick in ticks if tick > self.world.now))
