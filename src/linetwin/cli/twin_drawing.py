"""Writing to a person beside the twin: a terminal that takes nothing holds up nobody but itself.

A terminal that was stopped (Ctrl-S, an ssh that hangs) or a pipe that nobody reads blocks whoever
writes to it. So that is a thread of its own, which is left behind where it is held at the end.
"""

from __future__ import annotations

import contextlib
import threading
from collections import deque
from typing import TYPE_CHECKING

from linetwin.cli.printing import say_aside

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.live import Live

LINES_HELD = 1000
"""Lines that wait at most [A]; of more the oldest are given up."""
ENDS_WITHIN_S = 2.0
"""Wall time in which what is left is written at the end [A]: a terminal takes milliseconds."""


class Drawing:
    """Draws the newest frame on `live`, where there is one, and writes lines to standard error."""

    def __init__(self, live: Live | None) -> None:
        self._live = live
        self._news = threading.Condition()
        self._frame: RenderableType | None = None
        self._lines: deque[str] = deque(maxlen=LINES_HELD)
        self._ending = False
        self._thread = threading.Thread(target=self._run, name="linetwin-screen", daemon=True)

    def begin(self) -> None:
        """Start the thread."""
        self._thread.start()

    def show(self, frame: RenderableType) -> None:
        """Have a frame drawn; one before it that has not been drawn is dropped."""
        with self._news:
            self._frame = frame
            self._news.notify()

    def say(self, text: str) -> None:
        """Have a line written."""
        with self._news:
            self._lines.append(text)
            self._news.notify()

    def end(self) -> None:
        """Write the lines that are left and clear the screen, as far as that can be done."""
        with self._news:
            self._ending = True
            self._news.notify()
        self._thread.join(ENDS_WITHIN_S)

    def _run(self) -> None:
        """Write until the end, or until there is nothing to write to any more."""
        with contextlib.suppress(OSError), self._live or contextlib.nullcontext():
            while self._write():
                pass

    def _write(self) -> bool:
        """Wait for what is next and write it; return whether there is more to come."""
        with self._news:
            self._news.wait_for(lambda: self._lines or self._frame is not None or self._ending)
            lines, frame = list(self._lines), self._frame
            self._lines.clear()
            self._frame = None
            ending = self._ending
        for text in lines:
            say_aside(text)
        if frame is not None and self._live is not None and not ending:
            self._live.update(frame, refresh=True)
        return not ending
