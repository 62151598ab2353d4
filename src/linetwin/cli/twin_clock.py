"""What time it is for a running twin: ours, or one that is set where a month passes in minutes."""

from __future__ import annotations

import time
from datetime import UTC, datetime


class WallClock:
    """Our own time."""

    def steady_ns(self) -> int:
        """Return time that never goes back [ns]."""
        return time.monotonic_ns()

    def utc_ns(self) -> int:
        """Return the time of day [ns UTC]."""
        return time.time_ns()

    def steady_s(self) -> float:
        """Return time that never goes back [s]."""
        return self.steady_ns() / 1e9

    def utc_s(self) -> float:
        """Return the time of day [s UTC]."""
        return self.utc_ns() / 1e9

    def now(self) -> datetime:
        """Return the time of day."""
        return datetime.fromtimestamp(self.utc_s(), UTC)


class SetClock(WallClock):
    """Time that stands still until it is set; `ns`: UTC."""

    def __init__(self, ns: int) -> None:
        self.ns = ns

    def steady_ns(self) -> int:
        """Return what was set [ns]."""
        return self.ns

    def utc_ns(self) -> int:
        """Return what was set [ns UTC]."""
        return self.ns
