"""A crash of a model in the line's own process, or its exit(): it is named before all ends.

The kernel's library holds the thread that crashed where it is; a thread beside it asks whoever
watches models whether one is being called, and what is none of a model happens as ever. On Windows
ctypes itself catches what crashes in a call of Python's, and an audit hook hears of it.
"""

from __future__ import annotations

import os
import sys
import threading
import weakref
from functools import cache
from typing import TYPE_CHECKING, Final, Protocol

from linetwin.cosim.isolated.process import named_signal
from linetwin.cosim.kernel.guard import QUICK_EXIT, guard

if TYPE_CHECKING:
    from collections.abc import Callable

    from linetwin.cosim.kernel.guard import Guard


_ENDS: Final = {
    0: "ended the process with exit()",
    QUICK_EXIT: "ended the process with quick_exit()",
}


_CAUGHT: Final = frozenset({"ctypes.seh_exception", "ctypes.set_exception"})
"""Audit event of a system exception in ctypes: as CPython's source calls it, as its manual does."""
_WINDOWS: Final = {
    0xC0000005: "access violation",
    0xC0000006: "memory that cannot be read in",
    0xC000001D: "illegal instruction",
    0xC0000094: "division of a whole number by zero",
    0xC0000096: "privileged instruction",
    0xC00000FD: "stack overflow",
}
"""Codes of system exceptions (ntstatus.h)."""


class Watcher(Protocol):
    """Knows which models are being called."""

    def crash(self, what: str, before_end: Callable[[str], None]) -> None:
        """Tell what crashed and end the process, if it was a model that is watched here.

        `what` is told of the call; `before_end` gets what is told, before anything is written.
        """
        ...


_WATCHERS: weakref.WeakSet[Watcher] = weakref.WeakSet()


def add(watcher: Watcher) -> None:
    """Ask a watcher when there is a crash."""
    _WATCHERS.add(watcher)
    _listening()


def look_out_for_exit() -> None:
    """Notice an exit() before what was loaded until now is taken down by it."""
    found = _listening()
    if found is not None:
        found.look_out_for_exit()


@cache
def _listening() -> Guard | None:
    found = guard()
    if found is not None:
        found.look_out_for_exit()
        threading.Thread(
            target=_listen, args=(found,), name="linetwin-crashes", daemon=True
        ).start()
    elif os.name == "nt":
        hear_of_exceptions()
    return found


def hear_of_exceptions() -> None:
    """Hear of the system exceptions that ctypes catches; not to be taken back."""
    sys.addaudithook(_hear)


def _hear(event: str, arguments: tuple[object, ...]) -> None:
    if event in _CAUGHT and arguments and isinstance(arguments[0], int):
        code = arguments[0]
        known = _WINDOWS.get(code, "system exception")
        _ask(f"crashed: {known} ({code:#010x})", lambda _: None)


def _listen(found: Guard) -> None:
    number = found.wait()
    if number < 0:
        return
    what = _ENDS.get(number) or f"crashed: {named_signal(number)}"
    _ask(what, found.end)
    found.let()


def _ask(what: str, before_end: Callable[[str], None]) -> None:
    """Let whoever watches the model tell and end; returns where it is nobody's."""
    for watcher in list(_WATCHERS):
        watcher.crash(what, before_end)
