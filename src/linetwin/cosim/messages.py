"""What an FMU says, as records of Python's logging.

Records go to the logger `linetwin.fmu.<model>`. An FMU may say the same thing a million times:
of messages that differ in nothing but their numbers the first few are passed on, then the ones
whose count has doubled since, with the count named.
"""

from __future__ import annotations

import itertools
import logging
import re
from collections import deque
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

_LEVELS: Final = {
    0: logging.DEBUG,
    1: logging.WARNING,
    2: logging.WARNING,
    3: logging.ERROR,
    4: logging.CRITICAL,
}
FREE: Final = 10
"""Alike messages that are all passed on."""
_KINDS: Final = 1000
"""Kinds of messages counted apart; the rest share one count, so memory is bounded."""
_KEPT: Final = 5
"""Messages that an error quotes."""
_NUMBER: Final = re.compile(r"[-+]?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?")


class MessageLog:
    """The messages of one instance: passes them on, and keeps the last for an error's text.

    `resets` tells how often the instance was reset without `forget`: messages from before the last
    reset belong to a time that is over.
    """

    def __init__(self, model: str) -> None:
        self._logger = logging.getLogger(f"linetwin.fmu.{model}")
        self._last: deque[tuple[int, str]] = deque(maxlen=_KEPT)
        self.resets: Callable[[], int] = int  # none: int() is 0
        self._counts: dict[str, int] = {}

    def record(self, status: int, category: str, text: str) -> None:
        """Take one message with the status (0 OK to 4 fatal) that the FMU gave it."""
        level = _LEVELS.get(status, logging.WARNING)
        if level > logging.DEBUG:
            self._last.append((self.resets(), text))
        if not self._logger.isEnabledFor(level):
            return
        count = self._count(_NUMBER.sub("#", text))
        if count <= FREE:
            self._logger.log(level, "%s", text, extra={"category": category})
        elif count & (count - 1) == 0:  # a power of two
            self._logger.log(
                level, "%s (alike messages so far: %d)", text, count, extra={"category": category}
            )

    def _count(self, kind: str) -> int:
        if kind not in self._counts and len(self._counts) >= _KINDS:
            kind = ""
        count = self._counts.get(kind, 0) + 1
        self._counts[kind] = count
        return count

    def wants_everything(self) -> bool:
        """Tell whether the model's logger takes debug records too."""
        return self._logger.isEnabledFor(logging.DEBUG)

    def last(self) -> str:
        """Return the last warnings and errors, joined, for an error's text."""
        now = self.resets()
        return "; ".join(text for at, text in self._last if at == now)

    def forget(self) -> None:
        """Drop the quoted messages: they belong to a time that is over."""
        self._last.clear()


_LOGS: dict[int, MessageLog] = {}
_KEYS = itertools.count(1)


def register(log: MessageLog) -> int:
    """Return a key under which callbacks find `log`; C sees it as its environment pointer."""
    key = next(_KEYS)
    _LOGS[key] = log
    return key


def unregister(key: int) -> None:
    """Forget a key; messages that still come with it go to the logger `linetwin.fmu.unknown`."""
    _LOGS.pop(key, None)


def deliver(key: int | None, status: int, category: bytes | None, text: bytes | None) -> None:
    """Hand a message from C to the log registered under `key`."""
    log = _LOGS.get(key or 0)
    if log is None:
        log = MessageLog("unknown")
    log.record(
        status,
        (category or b"").decode("utf-8", "replace"),
        (text or b"").decode("utf-8", "replace").rstrip(),
    )
