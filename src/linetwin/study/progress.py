"""How far a study is, and how long it still takes."""

from __future__ import annotations

import time
from dataclasses import dataclass, field


@dataclass
class Progress:
    """Counts runs as they end.

    `known`: runs that an earlier call had made already; `said`: what the first runs tell that the
    user should know before all are made, "" for nothing.
    """

    planned: int = 0
    known: int = 0
    made: int = 0
    failed: int = 0
    begun: float = field(default_factory=time.monotonic)
    busy_s: float = 0.0
    said: str = ""

    @property
    def done(self) -> int:
        """Runs that need not be made any more."""
        return self.known + self.made

    def note(self, *, failed: bool, wall_s: float) -> None:
        """Count a run that has ended."""
        self.made += 1
        self.failed += failed
        self.busy_s += wall_s

    @property
    def elapsed_s(self) -> float:
        """Wall time since this call began (s)."""
        return time.monotonic() - self.begun

    @property
    def left_s(self) -> float | None:
        """Wall time that the runs planned so far still take (s); None before the first ended."""
        if not self.made:
            return None
        return (self.planned - self.done) * self.elapsed_s / self.made


def duration(seconds: float) -> str:
    """Return a length of time as people say it: `3 min 20 s`."""
    whole = round(seconds)
    days, rest = divmod(whole, 86_400)
    hours, rest = divmod(rest, 3600)
    minutes, seconds = divmod(rest, 60)
    parts = [(days, "d"), (hours, "h"), (minutes, "min"), (seconds, "s")]
    shown = [f"{count} {unit}" for count, unit in parts if count]
    return " ".join(shown[:2]) or "0 s"
