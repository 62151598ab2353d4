"""The feed as a process of its own: started by the engine, ended with it.

It holds no simulation and writes to no server. Rows go through a queue of `PARCELS_WAITING`
parcels; while it is full they wait in the feed (see `collecting`).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import multiprocessing
import queue as queues
import signal
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from linetwin.errors import LinetwinError, LinkError
from linetwin.scenario.mapping import load_mapping
from linetwin.twin.feed.collecting import MOST_WAITING, Collector
from linetwin.twin.feed.recording import SECONDS_PER_PART, Recording
from linetwin.twin.feed.tables import TableReader
from linetwin.twin.security.dates import date_warnings
from linetwin.twin.security.folders import SecurityFolder
from linetwin.twin.security.identity import identity

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from linetwin.scenario.mapped import Mapping, SourceConfig
    from linetwin.twin.feed.parcels import Parcel
    from linetwin.twin.opcua.health import Health
    from linetwin.twin.opcua.supervisor import Supervisor
    from linetwin.twin.security.connecting import Terms

PARCELS_WAITING = 64
TICK_S = 0.05
END_S = 10.0
DAY_S = 86_400.0


@dataclass(frozen=True)
class FeedOrder:
    """What a feed is asked to do.

    `security`: the folder of certificates and trust; `passwords`: source -> password of its user;
    `record`: a new folder for all that comes; a part of it is closed every `part_s` seconds.
    """

    mapping: Path
    security: Path
    passwords: dict[str, str] = field(default_factory=dict, repr=False)
    record: Path | None = None
    part_s: float = SECONDS_PER_PART
    most_waiting: int = MOST_WAITING
    parcels: int = PARCELS_WAITING


class LiveFeed:
    """A feed in a process of its own; see `parcels.Feed`."""

    def __init__(self, order: FeedOrder) -> None:
        self._mapping = load_mapping(order.mapping)
        if order.record is not None:
            Recording.check(order.record)
        if any(source.table is None for source in self._mapping.sources.values()):
            identity(SecurityFolder(order.security))  # told here, where a person can see it
        context = multiprocessing.get_context("spawn")
        self._queue: Any = context.Queue(order.parcels)
        self._stop = context.Event()
        arguments = (order, self._mapping, self._queue, self._stop)
        self._process = context.Process(target=_main, args=arguments, daemon=True)
        self._process.start()

    @property
    def mapping(self) -> Mapping:
        """What the signals stand for."""
        return self._mapping

    @property
    def ended(self) -> bool:
        """Whether nothing more will come: a live feed ends only when it is closed."""
        return False

    @property
    def process_id(self) -> int:
        """The number of the feed's process."""
        return int(self._process.pid or 0)

    def take(self, wait_s: float = 0.0) -> Parcel | None:
        """Return the next parcel; LinkError where the feed's process has died."""
        try:
            parcel: Parcel | str = self._queue.get(timeout=max(wait_s, 0.001))
        except queues.Empty:
            if not self._process.is_alive():
                code = self._process.exitcode
                raise LinkError(f"the feed's process has ended with code {code}") from None
            return None
        if isinstance(parcel, str):
            raise LinkError(f"the feed has ended: {parcel}")
        return parcel

    def close(self) -> None:
        """End the process: it closes its links and its recording first."""
        self._stop.set()
        waited = 0.0
        while self._process.is_alive() and waited < END_S:
            with contextlib.suppress(queues.Empty):  # it may be waiting for room
                self._queue.get(timeout=0.05)
            self._process.join(0.05)
            waited += 0.1
        if self._process.is_alive():
            self._process.kill()
        self._process.join()
        self._queue.close()
        self._queue.cancel_join_thread()
        self._process.close()


def _main(order: FeedOrder, mapping: Mapping, queue: Any, stop: Any) -> None:  # noqa: ANN401
    """Run in the feed's process, until the engine ends it or is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the engine, which ends us
    logging.getLogger("asyncua").setLevel(logging.CRITICAL + 1)  # what matters is told by notices
    queue.cancel_join_thread()
    try:
        asyncio.run(_serve(order, mapping, queue, stop))
    except (LinetwinError, OSError) as error:  # such as a full disk under the recording
        queue.put(str(error), timeout=END_S)
        queue.close()
        queue.join_thread()


async def _serve(order: FeedOrder, mapping: Mapping, queue: Any, stop: Any) -> None:  # noqa: ANN401
    recording = None
    if order.record is not None:
        recording = Recording(order.record, mapping, order.part_s)

    def offer(parcel: Parcel) -> bool:
        try:
            queue.put_nowait(parcel)
        except queues.Full:
            return False
        return True

    collector = Collector(mapping, recording, offer, order.most_waiting)
    readers = [_reader(source, mapping, order, collector) for source in mapping.sources.values()]
    health = [reader.health for reader in readers]
    tasks = [asyncio.create_task(reader.run()) for reader in readers]
    gone = _parent_gone()
    try:
        await _run(lambda: stop.is_set() or gone.is_set(), tasks, collector, health, order)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        collector.tick(health)
        if recording is not None:
            recording.close()


async def _run(
    over: Callable[[], bool],
    tasks: Sequence[asyncio.Task[None]],
    collector: Collector,
    health: Sequence[Health],
    order: FeedOrder,
) -> None:
    """Hand on what comes until it is over; an error of a source that is no link's ends it."""
    due = 0.0
    while not over():
        await asyncio.sleep(TICK_S)
        if time.monotonic() >= due:
            due = time.monotonic() + DAY_S
            for warning in date_warnings(SecurityFolder(order.security)):
                collector.notice("feed", "certificate", warning)
        for task in tasks:
            if task.done():
                task.result()
        collector.tick(health)


def _parent_gone() -> threading.Event:
    """Return an event that is set when the process that started this one is gone."""
    gone = threading.Event()
    parent = multiprocessing.parent_process()

    def watch() -> None:
        if parent is not None:
            parent.join()
            gone.set()

    threading.Thread(target=watch, daemon=True).start()
    return gone


def _reader(
    source: SourceConfig, mapping: Mapping, order: FeedOrder, collector: Collector
) -> TableReader | Supervisor:
    mine = [(n, each) for n, each in enumerate(mapping.signals) if each.source == source.name]
    if source.table is not None:
        return TableReader(source, mine, collector)
    from linetwin.twin.opcua.supervisor import Supervisor as Reader

    return Reader(source, mine, _terms(source, order), collector)


def _terms(source: SourceConfig, order: FeedOrder) -> Callable[[int], Terms]:
    """Return how to connect to a source; after refusals with the certificates before the newest."""
    from linetwin.twin.security.connecting import Credentials, Terms
    from linetwin.twin.security.identity import valid_identities
    from linetwin.twin.security.trust import Trust

    folder = SecurityFolder(order.security)
    security = source.security

    def terms(refusals: int) -> Terms:
        known = valid_identities(folder) or [identity(folder)]
        user = Credentials(security.user, order.passwords.get(source.name, ""))
        return Terms(
            known[refusals % len(known)],
            Trust(folder),
            security.policy,
            user,
            security.host or None,
        )

    return terms
