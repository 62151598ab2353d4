"""Ctrl-C and polite kills: a command ends at once, a run after the event under way."""

from __future__ import annotations

import contextlib
import signal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

    Handler = Callable[[int, FrameType | None], None]

# What a terminal that is closed sends is known to POSIX only.
_NAMES = ("SIGINT", "SIGTERM", "SIGHUP")
SIGNALS = tuple(getattr(signal, name) for name in _NAMES if hasattr(signal, name))


class Interrupted(BaseException):
    """The user asked to end: no error, and nothing but the entry point may catch it.

    In place of KeyboardInterrupt, of which typer makes an exit code of its own.
    """


def raise_when_interrupted() -> None:
    """Make every signal that asks to end raise Interrupted, so that temporary files go too."""
    _handle(_raise)


class Interruption:
    """Notes that the user asked to end; whoever steps a line looks at `asked`."""

    def __init__(self) -> None:
        self.asked = False

    @contextlib.contextmanager
    def watched(self) -> Iterator[Interruption]:
        """Watch for signals; the first is noted, a second one raises Interrupted."""
        before = _handle(self._note)
        try:
            yield self
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def check(self) -> None:
        """Raise Interrupted where the user has asked: nothing has begun that is worth keeping."""
        if self.asked:
            raise Interrupted

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self.asked:
            _raise(number, frame)
        self.asked = True


def _raise(number: int, frame: FrameType | None) -> None:
    del number, frame
    raise Interrupted


def _handle(handler: Handler) -> dict[int, signal.Handlers | int | Handler | None]:
    """Set `handler` for every signal that is not ignored (nohup, a job in the background)."""
    before: dict[int, signal.Handlers | int | Handler | None] = {}
    for number in SIGNALS:
        if signal.getsignal(number) != signal.SIG_IGN:
            before[number] = signal.signal(number, handler)
    return before
