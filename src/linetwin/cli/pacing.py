"""Real-time pacing: events are served when the wall clock reaches them, and never before."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

TICKS_PER_SECOND = 1000
LAG_LIMIT_S = 1.0
"""Wall time by which an event may be late before it is told."""
LONGEST_SLEEP_S = 0.1
"""A wait is cut into sleeps of this length, so that Ctrl-C ends it."""


@dataclass(frozen=True)
class Clock:
    """A clock that never goes back [s], and a way to sleep [s]."""

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


class Pace:
    """Holds line time to `factor` times wall time.

    When the line falls behind, no event is skipped and the schedule is not moved: events are
    served without waiting until the line has caught up. Lag is how long after its time an event
    begins to be served [s of wall time]; when it passes `LAG_LIMIT_S`, `warn` is told, and again
    only after the line has caught up in between.
    """

    def __init__(
        self, factor: float, warn: Callable[[str], None], clock: Clock | None = None
    ) -> None:
        self.factor = factor
        self._warn = warn
        self._clock = clock or Clock()
        self._start_s = self._clock.now()
        self._start_tick = 0
        self._late = False
        self._events, self._lag_sum = 0, 0.0
        self._lag = self._most = self._waited = 0.0
        self._passed = 0

    def begin(self, tick: int) -> None:
        """Let the schedule begin now, with the line at `tick`."""
        self._start_s, self._start_tick = self._clock.now(), tick

    def wait_for(self, tick: int, may_go_on: Callable[[], bool]) -> bool:
        """Sleep until `tick` is due, while `may_go_on()`; return whether there was time to."""
        due = self._start_s + (tick - self._start_tick) / (TICKS_PER_SECOND * self.factor)
        begun = now = self._clock.now()
        while now < due and may_go_on():
            self._clock.sleep(min(due - now, LONGEST_SLEEP_S))
            now = self._clock.now()
        self._waited += now - begun
        if now >= due:
            self._note(now - due, tick)
        return begun < due

    def report(self) -> dict[str, Any]:
        """Return what was measured, for the manifest: lag in s of wall time, per event."""
        return {
            "factor": self.factor,
            "events": self._events,
            "lag_max_s": self._most,
            "lag_mean_s": self._lag_sum / self._events if self._events else 0.0,
            "lag_end_s": self._lag,
            "lag_limit_s": LAG_LIMIT_S,
            "times_over_limit": self._passed,
            "waited_s": self._waited,
            "wall_s": self._clock.now() - self._start_s,
        }

    def _note(self, lag: float, tick: int) -> None:
        self._events += 1
        self._lag, self._lag_sum = lag, self._lag_sum + lag
        self._most = max(self._most, lag)
        if lag > LAG_LIMIT_S and not self._late:
            self._late = True
            self._passed += 1
            self._warn(
                f"the line is {lag:.1f} s late at {tick / TICKS_PER_SECOND:.0f} s of its time: "
                "it goes on without waiting until it has caught up, and skips nothing"
            )
        elif lag <= LAG_LIMIT_S / 2:
            self._late = False
