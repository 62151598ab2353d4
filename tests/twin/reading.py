"""What reads a source in the tests: a supervisor in a thread, and all that it hands on."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import TYPE_CHECKING, Self

import numpy as np

from linetwin.scenario.mapped import NodeAddress, SecurityConfig, SignalConfig, SourceConfig
from linetwin.twin.columns import Raw, joined
from linetwin.twin.opcua.supervisor import Supervisor
from linetwin.twin.security.connecting import Terms
from linetwin.twin.security.folders import SecurityFolder
from linetwin.twin.security.identity import Wish, create_identity
from linetwin.twin.security.trust import Trust

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from linetwin.twin.opcua.health import Health
    from linetwin.twin.opcua.link import Link

URI = "urn:test:plant"
PATIENCE_S = 60.0


def signal(
    name: str, *, path: bool = False, node: str | None = "", **fields: object
) -> SignalConfig:
    """A measurement of the plant by node, path or both; `node` is its identifier."""
    address = None if node is None else NodeAddress(URI, node or f"s={name}")
    names = ((URI, "Plant"), (URI, name)) if path else ()
    made = {"sampling_s": 0.0, "queue": 1000, **fields}
    return SignalConfig(name, "plc", f"line.{name}", "measurement", address, names, **made)


def source(*endpoints: str, **fields: object) -> SourceConfig:
    """A source without protection that publishes every 50 ms."""
    made = {"publishing_s": 0.05, "keep_alive": 5, "security": SecurityConfig("None"), **fields}
    return SourceConfig("plc", endpoints, **made)


def terms(folder: Path, policy: str = "None", **fields: object) -> Terms:
    """Terms of a client that has just made its certificate."""
    place = SecurityFolder(folder)
    return Terms(create_identity(place, Wish("test")), Trust(place), policy, **fields)


def wait_until(what: Callable[[], object], patience_s: float = PATIENCE_S) -> None:
    """Wait for a condition."""
    end = time.monotonic() + patience_s
    while not what():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)


class Reader:
    """Keeps all rows and notices of one source."""

    def __init__(
        self, config: SourceConfig, signals: Sequence[SignalConfig], made_terms: Terms
    ) -> None:
        self.parts: list[Raw] = []
        self.notices: list[tuple[str, str]] = []
        numbered = list(enumerate(signals))
        self._supervisor = Supervisor(config, numbered, lambda _: made_terms, self)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._task: asyncio.Task[None] | None = None

    @property
    def health(self) -> Health:
        """How the link is."""
        return self._supervisor.health

    @property
    def link(self) -> Link | None:
        """The link that is open."""
        return self._supervisor._open

    def do(self, call: Callable[[], object]) -> None:
        """Call something in the reader's loop."""
        self._loop.call_soon_threadsafe(call)

    def rows(self, rows: Raw) -> None:
        """Keep rows."""
        self.parts.append(rows)

    @property
    def waiting(self) -> int:
        """Nobody is waited for."""
        return 0

    def notice(self, source: str, kind: str, text: str) -> None:
        """Keep a notice."""
        assert source == "plc"
        self.notices.append((kind, text))

    def values(self, number: int) -> list[float]:
        """All values of a signal, in the order of arrival."""
        rows = joined(list(self.parts))
        return np.asarray(rows.raw[rows.signal == number]).tolist()

    def told(self, kind: str) -> list[str]:
        """What was told of a kind."""
        return [text for each, text in self.notices if each == kind]

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._task = self._loop.create_task(self._supervisor.run())
        self._loop.run_until_complete(asyncio.wait([self._task]))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        wait_until(lambda: self._task is not None)
        assert self._task is not None
        self._loop.call_soon_threadsafe(self._task.cancel)
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive()
        left = asyncio.all_tasks(self._loop)
        assert not left, left
        self._loop.close()
