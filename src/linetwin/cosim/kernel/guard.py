"""Being told of a crash in C code, of its exit() or quick_exit(), before the process ends.

See guard.c.
"""

from __future__ import annotations

import atexit
import ctypes
from functools import cache
from typing import Final

from linetwin.cosim.kernel.library import built

QUICK_EXIT: Final = 254


class Guard:
    """Looks out for crashes of this process from its making on, until Python ends."""

    def __init__(self, library: ctypes.CDLL) -> None:
        """Bind the functions; AttributeError where the library has none, as on Windows.

        Raises OSError where the system has no pipe left.
        """
        self._wait = library["linetwin_guard_wait"]
        self._exit = library["linetwin_guard_exit"]
        self._answer = library["linetwin_guard_answer"]
        self._answer.restype = None
        self._told: ctypes.Array[ctypes.c_char] | None = None
        holds = ctypes.cast(ctypes.pythonapi.PyGILState_Check, ctypes.c_void_p)
        if not library["linetwin_guard_open"](holds):
            raise OSError
        close = library["linetwin_guard_close"]
        close.restype = None
        atexit.register(close)

    def wait(self) -> int:
        """Wait for a crash and return its signal, or 0 for an exit(); -1 when Python ends.

        `QUICK_EXIT` is a quick_exit().
        """
        return int(self._wait())

    def look_out_for_exit(self) -> None:
        """Look out for exit() before anything is done at the exit that was agreed so far."""
        self._exit()

    def let(self) -> None:
        """Let it happen: it is nothing that anybody has to do with."""
        self._answer(None)

    def end(self, told: str) -> None:
        """Have `told` written, and the process ended, where the caller does not come to it."""
        self._told = ctypes.create_string_buffer(told.encode())
        self._answer(self._told)


@cache
def guard() -> Guard | None:
    """Return this process's guard; None where there is no library for it."""
    library = built()
    try:
        return None if library is None else Guard(library)
    except (AttributeError, OSError):
        return None
