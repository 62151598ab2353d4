"""A model in the line's own process that does not return: it is named, and the process ends.

Nothing can take control back from C code that never returns, so what can be written is written by
the watching thread, and then everything ends at once.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from typing import TYPE_CHECKING, NoReturn

from rich.console import Console

from linetwin.cosim.folders import remove_process_folder
from linetwin.cosim.watchdog import Watch
from linetwin.errors import FmuError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Alarm:
    """What is to be done before the end; whoever drives a line says it in `before_end`.

    It gets the error, returns the one to be told, and runs beside the thread that hangs.
    """

    def __init__(self) -> None:
        self.before_end: Callable[[FmuError], Exception] | None = None

    def ring(self, error: FmuError) -> NoReturn:
        """Tell what hangs, and end the process."""
        told: Exception = error
        try:
            if self.before_end is not None:
                told = self.before_end(error)
        finally:
            _end(told)


def _end(told: Exception) -> NoReturn:
    """Say what happened and leave, whatever other threads are doing."""
    try:
        remove_process_folder()
        console = Console(stderr=True)
        if console.is_terminal:
            console.show_cursor()  # a progress bar had hidden it
        sys.stderr.write(f"linetwin: {told}\n")
        sys.stderr.flush()
    finally:
        os._exit(FmuError.exit_code)


class ModelWatch(Watch):
    """Watches the calls of a station's model; one that takes longer than `limit_s` ends all."""

    def __init__(self, station: str, model: str, limit_s: float, alarm: Alarm) -> None:
        def give_up(call: str) -> None:
            hint = "isolate: true ends the model alone, step_timeout sets the limit"
            reason = f"{model}: {call} had not returned after {limit_s:g} s ({hint})"
            alarm.ring(FmuError(reason, station))

        super().__init__(limit_s, give_up)

    @contextlib.contextmanager
    def watching(self, call: str) -> Iterator[None]:
        """Watch what is done but once; a call of every step uses `begin` and `end`."""
        self.begin(call)
        try:
            yield
        finally:
            self.end()

    def end(self) -> bool:
        """Note that a call has ended; one that was given up before goes no further."""
        if self._notes.pop(self._count, None) is None:
            threading.Event().wait()  # the process is about to end
        return True
