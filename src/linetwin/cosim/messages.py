"""What an FMU says, as records of Python's logging.

Records go to the logger `linetwin.fmu.<file name>` (without `.fmu`). An FMU may say the same thing
a million times: of messages that differ in nothing but their numbers the first few are passed on,
then the ones whose count has doubled since, with the count named. That holds for all instances of
an FMU together, and category by category; beyond so many kinds of messages in a category all others
of it count as one. When the last instance is gone, how many were held back is told.
"""

from __future__ import annotations

import itertools
import logging
import re
import weakref
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
_KINDS: Final = 100
"""Kinds of messages of a category that are counted apart; the rest share one count."""
_CATEGORIES: Final = 50
"""Categories that are counted apart; an FMU that makes up new ones has the rest in one."""
_KEPT: Final = 5
"""Messages that an error quotes."""
_NUMBER: Final = re.compile(r"[-+]?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?")


class _Thinning:
    """What all instances of one FMU have said: counts by category, and what was held back."""

    def __init__(self, model: str) -> None:
        self.logger = logging.getLogger(f"linetwin.fmu.{model}")
        self._counts: dict[str, dict[str, int]] = {}
        held_back: dict[str, list[int]] = {}
        self._held_back = held_back
        weakref.finalize(self, _tell_held_back, self.logger, held_back)

    def take(self, level: int, category: str, text: str) -> None:
        """Pass a message on, or hold it back."""
        if category not in self._counts and len(self._counts) >= _CATEGORIES:
            category = ""
        kinds = self._counts.setdefault(category, {})
        kind = _NUMBER.sub("#", text) if kinds.get("", 0) <= FREE else ""
        if kind not in kinds and len(kinds) >= _KINDS:
            kind = ""
        count = kinds[kind] = kinds.get(kind, 0) + 1
        extra = {"category": category}
        if count <= FREE:
            self.logger.log(level, "%s", text, extra=extra)
        elif count & (count - 1) == 0:  # a power of two
            which = "alike messages" if kind else f"other messages of category '{category}'"
            self.logger.log(level, "%s (%s so far: %d)", text, which, count, extra=extra)
        else:
            held = self._held_back.setdefault(category, [0, level])
            held[0] += 1
            held[1] = max(held[1], level)


def _tell_held_back(logger: logging.Logger, held_back: dict[str, list[int]]) -> None:
    """Tell how many messages were not shown, as loud as the loudest of them."""
    for category, (count, level) in held_back.items():
        text = "%d messages of category '%s' were not shown"
        logger.log(level, text, count, category, extra={"category": category})


_THINNINGS: weakref.WeakValueDictionary[str, _Thinning] = weakref.WeakValueDictionary()
"""By model, for as long as an instance of it is there."""


class MessageLog:
    """The messages of one instance: passes them on, and keeps the last for an error's text.

    `resets` tells how often the instance was reset without `forget`: messages from before the last
    reset belong to a time that is over.
    """

    def __init__(self, model: str) -> None:
        thinning = _THINNINGS.get(model)
        if thinning is None:
            thinning = _THINNINGS[model] = _Thinning(model)
        self._thinning = thinning
        self._logger = thinning.logger
        self._last: deque[tuple[int, str]] = deque(maxlen=_KEPT)
        self.resets: Callable[[], int] = int  # none: int() is 0

    def record(self, status: int, category: str, text: str) -> None:
        """Take one message with the status (0 OK to 4 fatal) that the FMU gave it."""
        level = _LEVELS.get(status, logging.WARNING)
        if level > logging.DEBUG:
            self._last.append((self.resets(), text))
        if self._logger.isEnabledFor(level):
            self._thinning.take(level, category, text)

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
_UNKNOWN: Final = MessageLog("unknown")
"""What comes without a key, or after its instance is gone."""


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
    _LOGS.get(key or 0, _UNKNOWN).record(
        status,
        (category or b"").decode("utf-8", "replace"),
        (text or b"").decode("utf-8", "replace").rstrip(),
    )
