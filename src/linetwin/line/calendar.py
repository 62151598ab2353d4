"""The calendar: SimPy is clock and heap, every entry is data.

An entry is a SimPy Timeout whose value is (unit name, token); one common callback wakes the unit.
So the calendar can be written down after any event and made again in another process.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import simpy

from linetwin.errors import SimulationError

if TYPE_CHECKING:
    from collections.abc import Callable

KICK = -1
"""Token of a wake-up that is always delivered; a unit's own timers carry its token."""


class Calendar:
    """Wakes units at ticks of 1 ms. `wake(name, token)` is called for each entry that falls due."""

    def __init__(self, wake: Callable[[str, int], None], now: int = 0) -> None:
        self._environment = simpy.Environment(initial_time=now)
        self._wake = wake
        self.now = now
        """The present tick: SimPy's own, which all ask for all the time."""

    def at(self, tick: int, who: str, token: int) -> None:
        """Wake `who` at `tick`; entries of one tick are served in the order they were made."""
        delay = tick - self.now
        if delay < 0:
            message = f"{who} asks to be woken {-delay} ticks ago"
            raise SimulationError(message)
        timeout = self._environment.timeout(delay, (who, token))
        assert timeout.callbacks is not None  # noqa: S101  only a processed event has none
        timeout.callbacks.append(self._fire)

    def kick(self, who: str) -> None:
        """Wake `who` later in this tick."""
        self.at(self.now, who, KICK)

    def _fire(self, event: simpy.Event) -> None:
        self.now = int(self._environment.now)
        who, token = cast("tuple[str, int]", event.value)
        self._wake(who, token)

    def step(self) -> bool:
        """Serve the next entry; False when the calendar is empty."""
        if not self._environment._queue:  # noqa: SLF001  SimPy offers no public 'is empty'
            return False
        self._environment.step()
        return True

    def go_to(self, tick: int) -> None:
        """Let time pass to `tick`, before which no entry lies; nothing is served."""
        if tick > self.now:
            self._environment.run(until=tick)
            self.now = tick

    def next_tick(self) -> int | None:
        """The tick of the next entry, or None."""
        queue = self._environment._queue  # noqa: SLF001
        return int(queue[0][0]) if queue else None

    def reset(self, now: int) -> None:
        """Begin anew at `now` with nothing planned."""
        self.now = now
        self._environment = simpy.Environment(initial_time=now)

    def save(self) -> list[tuple[int, str, int]]:
        """Return every pending entry as (tick, who, token), in the order of service."""
        entries = []
        for tick, _, _, event in sorted(self._environment._queue, key=lambda entry: entry[:3]):  # noqa: SLF001
            if event.callbacks != [self._fire]:
                message = f"something foreign is pending in the calendar: {event!r}"
                raise SimulationError(message)
            who, token = event.value  # type: ignore[misc]
            entries.append((int(tick), who, token))
        return entries

    def load(self, entries: list[tuple[int, str, int]]) -> None:
        """Make entries again, in the order given: ties keep their order."""
        for tick, who, token in entries:
            self.at(tick, who, token)
