"""The twin's own server beside `linetwin live run`, where it is asked for."""

from __future__ import annotations

import contextlib
import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from linetwin.errors import OpcUaError
from linetwin.twin.plant.server import Opening
from linetwin.twin.publishing.publisher import Publisher
from linetwin.twin.security.folders import SecurityFolder
from linetwin.twin.security.identity import identity
from linetwin.twin.security.policies import SECURE
from linetwin.twin.security.serving import Guard
from linetwin.twin.security.trust import Trust
from linetwin.twin.security.users import Users

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from linetwin.scenario.mapped import Mapping
    from linetwin.scenario.resolved import Scenario
    from linetwin.twin.publishing.shown import Shown


@dataclass(frozen=True)
class Serving:
    """Where to serve; `security`: the folder of certificate, trust and users."""

    endpoint: str
    security: Path
    anonymous: bool = False


class Publishing:
    """Hands what is shown to the server; one that has failed is told once, the twin goes on."""

    def __init__(self, publisher: Publisher, say: Callable[[str], None]) -> None:
        self._publisher: Publisher | None = publisher
        self._say = say

    def publish(self, shown: Shown, origin: int) -> None:
        """Hand it over; `origin`: the line's tick 0 [ns UTC]."""
        if self._publisher is None:
            return
        try:
            self._publisher.publish(shown, datetime.fromtimestamp(origin / 1e9, UTC))
        except OpcUaError as error:
            self._publisher = None
            self._say(f"the twin's server has ended: {error}")


@contextlib.contextmanager
def served(
    asked: Serving | None, scenario: Scenario, mapping: Mapping, say: Callable[[str], None]
) -> Iterator[Publishing | None]:
    """Serve as asked until the end; OpcUaError where the endpoint cannot be opened.

    `say`: tells a person of whom the server has refused, from the server's thread.
    """
    if asked is None:
        yield None
        return
    for name in ("asyncua", "linetwin.security"):  # what matters is told in other words
        logging.getLogger(name).addHandler(logging.NullHandler())
        logging.getLogger(name).propagate = False
    folder = SecurityFolder(asked.security)
    guard = Guard(
        identity(folder),
        Trust(folder),
        Users(folder.users),
        SECURE,
        anonymous=asked.anonymous,
        on_refusal=lambda refused: say(f"refused {refused.who}: {refused.error}"),
    )
    publisher = Publisher(scenario, list(mapping.sources), Opening(asked.endpoint, guard))
    publisher.start()
    try:
        yield Publishing(publisher, say)
    finally:
        publisher.stop()
