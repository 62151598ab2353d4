"""Noticing a call that does not return, from a thread beside it.

A call costs 0.2 us more: it leaves a note where it begins and takes it away where it ends. The
thread looks at the notes now and then; one that stays for longer than its limit is taken by the
thread, which then does what was agreed. Whoever takes the note first has the say.
"""

from __future__ import annotations

import threading
import time
import weakref
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

_LONGEST_PAUSE_S: Final = 1.0
_SHORTEST_PAUSE_S: Final = 0.005
_LOOKS: Final = 10
"""Looks within the shortest limit: a call is given up at most two tenths of its limit late."""


class Watch:
    """The calls of one model, made one after another.

    `limit_s`: how long a call may take (s); `give_up` is called with the name of one that takes
    longer, in the watching thread, and must not raise.
    """

    def __init__(self, limit_s: float, give_up: Callable[[str], None]) -> None:
        self.limit_s = limit_s
        self._give_up = give_up
        self._count = 0
        self._notes: dict[int, str] = {}
        self._seen: tuple[int, object] = (0, 0)
        self._since = 0.0
        _THREAD.add(self)

    def begin(self, call: str) -> None:
        """Note that a call begins."""
        self._count += 1
        self._notes[self._count] = call

    def end(self) -> bool:
        """Tell whether the call that ends was in time; if not, it has been given up."""
        return self._notes.pop(self._count, None) is not None

    def stage(self) -> object:
        """Return what tells the parts of a call apart; each may take as long as the limit."""
        return 0

    def look(self, now: float) -> None:
        """Give up a call that has been under way for longer than the limit; `now`: s."""
        count = self._count
        if count not in self._notes:
            return
        seen = (count, self.stage())
        if seen != self._seen:
            self._seen, self._since = seen, now
        elif now - self._since >= self.limit_s:
            call = self._notes.pop(count, None)
            if call is not None:
                self._give_up(call)


class _Thread:
    """Looks at all watches, often enough for the shortest limit."""

    def __init__(self) -> None:
        self._watches: weakref.WeakSet[Watch] = weakref.WeakSet()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def add(self, watch: Watch) -> None:
        with self._changed:
            self._watches.add(watch)
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._run, name="linetwin-watchdog", daemon=True
                )
                self._thread.start()
            self._changed.notify()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait(self._pause())
            self._look()

    def _look(self) -> None:
        with self._changed:
            watches = list(self._watches)
        now = time.monotonic()
        for watch in watches:
            watch.look(now)

    def _pause(self) -> float:
        """Return the time until the next look (s)."""
        shortest = min((watch.limit_s for watch in self._watches), default=_LONGEST_PAUSE_S)
        return min(_LONGEST_PAUSE_S, max(_SHORTEST_PAUSE_S, shortest / _LOOKS))


_THREAD: Final = _Thread()
