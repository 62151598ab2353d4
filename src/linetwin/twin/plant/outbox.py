"""What the engine hands to the server: the last change of each tag, every change of some."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from linetwin.twin.plant.changes import AlarmChange, Change
    from linetwin.twin.plant.model import InformationModel


class Outbox:
    """Shared by the thread of the line and that of the server.

    A tag that says the same as before is not told again. Of a tag whose `each` is set every change
    waits to be told, of any other the last one.
    """

    def __init__(self, model: InformationModel) -> None:
        self._each = frozenset(tag.node for tag in model.tags() if tag.each)
        self._lock = threading.Lock()
        self._told: dict[str, Change] = {}
        self._waiting: dict[tuple[str, int], Change] = {}
        self._alarms: list[AlarmChange] = []
        self._count = 0

    def post(self, changes: Iterable[Change], alarms: Iterable[AlarmChange] = ()) -> None:
        """Hand over what has arrived, in the order of arrival."""
        with self._lock:
            for change in changes:
                if change.says_as(self._told.get(change.node)) and not change.again:
                    continue
                self._told[change.node] = change
                self._count += 1
                key = (change.node, self._count if change.node in self._each else 0)
                self._waiting.pop(key, None)  # what comes last stands last
                self._waiting[key] = change
            self._alarms.extend(alarms)

    def take(self) -> tuple[list[Change], list[AlarmChange]]:
        """Return everything that waits, in the order of arrival."""
        with self._lock:
            found = list(self._waiting.values()), self._alarms
            self._waiting, self._alarms = {}, []
        return found
