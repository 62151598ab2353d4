"""A crash of a model in the line's own process, or its exit(): it is named before all ends.

The kernel's library holds the thread that crashed where it is; a thread beside it asks whoever
watches models whether one is being called, and what is none of a model happens as ever.
"""

from __future__ import annotations

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
    return found


def _listen(found: Guard) -> None:
    number = found.wait()
    if number < 0:
        return
    what = _ENDS.get(number) or f"crashed: {named_signal(number)}"
    for watcher in list(_WATCHERS):
        watcher.crash(what, found.end)
    found.let()
