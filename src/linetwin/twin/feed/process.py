"""The feed as a process of its own: started by the engine, ended with it.

It holds no simulation and writes to no server. Rows go through a queue of `PARCELS_WAITING`
parcels; while it is full they wait in the feed (see `collecting`).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import multiprocessing
import signal
import time
import traceback
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from linetwin.errors import LinetwinError, LinkError
from linetwin.scenario.mapping import load_mapping
from linetwin.twin.feed.collecting import MOST_WAITING, Collector
from linetwin.twin.feed.recording import SECONDS_PER_PART, Recording
from linetwin.twin.feed.tables import TableReader
from linetwin.twin.feed.wire import EngineEnd, FeedEnd
from linetwin.twin.security.dates import date_warnings
from linetwin.twin.security.folders import SecurityFolder
from linetwin.twin.security.identity import identity

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from multiprocessing.connection import Connection

    from linetwin.scenario.mapped import Mapping, PastConfig, SourceConfig
    from linetwin.twin.feed.mqtt.link import Access
    from linetwin.twin.feed.mqtt.reader import BrokerReader
    from linetwin.twin.feed.parcels import Parcel
    from linetwin.twin.opcua.health import Health
    from linetwin.twin.opcua.supervisor import Supervisor
    from linetwin.twin.security.connecting import Terms

PARCELS_WAITING = 64
TICK_S = 0.05
END_S = 10.0
DAY_S = 86_400.0
AGAIN_S = 5.0
"""Until a source is tried again that an error nobody foresaw has put down."""


@dataclass(frozen=True)
class FeedOrder:
    """What a feed is asked to do.

    `security`: the folder of certificates and trust; `passwords`: source -> password of its user;
    `past`: of which all servers' history is read first, whatever the mapping says of it;
    `record`: a new folder for all that comes; a part of it is closed every `part_s` seconds.
    """

    mapping: Path
    security: Path
    passwords: dict[str, str] = field(default_factory=dict, repr=False)
    record: Path | None = None
    past: PastConfig | None = None
    part_s: float = SECONDS_PER_PART
    most_waiting: int = MOST_WAITING
    parcels: int = PARCELS_WAITING


class LiveFeed:
    """A feed in a process of its own; see `parcels.Feed`."""

    def __init__(self, order: FeedOrder) -> None:
        self.last_word = ""
        """Why it ended with an error when it was closed, such as rows that found no room."""
        self.rest: list[Parcel] = []
        """What came while it was closed; the last has the counts of all."""
        self._mapping = _with_past(load_mapping(order.mapping), order.past)
        if order.record is not None:
            Recording.check(order.record)
        sources = self._mapping.sources.values()
        servers = [each for each in sources if each.table is None]
        if any(each.broker is None or each.security.certificate for each in servers):
            identity(SecurityFolder(order.security))  # told here, where a person can see it
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        self._wire = EngineEnd(ours)
        self._process = context.Process(target=_main, args=(order, theirs), daemon=True)
        self._process.start()
        theirs.close()  # so that the feed's death is the end of the wire
        # Not as an argument: to a process that dies while it starts Python would write for ever.
        with contextlib.suppress(OSError):  # `take` tells of its death
            ours.send(self._mapping)

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
            parcel = self._wire.take(max(wait_s, 0.001))
        except EOFError:
            self._process.join(END_S)
            code = self._process.exitcode
            raise LinkError(f"the feed's process has ended with code {code}") from None
        if isinstance(parcel, str):
            raise LinkError(f"the feed has ended: {parcel}")
        return parcel

    def close(self) -> None:
        """End the process: it closes its links and its recording first."""
        self._wire.end()
        end = time.monotonic() + END_S
        with contextlib.suppress(EOFError):
            while time.monotonic() < end:
                last = self._wire.take(0.05)  # it may be waiting for room
                if isinstance(last, str):
                    self.last_word = last
                elif last is not None:
                    self.rest.append(last)
        self._process.join(max(end - time.monotonic(), 0.1))
        if self._process.is_alive():
            self._process.kill()
            self.last_word = f"its process did not end within {END_S:g} s"
        self._process.join()
        self._wire.close()
        self._process.close()


def _with_past(mapping: Mapping, past: PastConfig | None) -> Mapping:
    """Return a mapping by which a time is read first from each server's history."""
    if past is None:
        return mapping
    sources = {
        name: replace(each, past=past, history=True)
        if each.table is None and each.broker is None
        else each
        for name, each in mapping.sources.items()
    }
    return replace(mapping, sources=sources)


def _main(order: FeedOrder, connection: Connection) -> None:
    """Run in the feed's process, until the engine ends it or is gone; first comes the mapping."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the engine, which ends us
    try:
        mapping: Mapping = connection.recv()
    except (EOFError, OSError):
        return
    logging.getLogger("asyncua").setLevel(logging.CRITICAL + 1)  # what matters is told by notices
    wire = FeedEnd(connection, order.parcels)
    last_word = None
    try:
        asyncio.run(_serve(order, mapping, wire))
    except (LinetwinError, OSError) as error:  # such as a full disk under the recording
        last_word = str(error)
    wire.close(END_S / 2.0, last_word)


async def _serve(order: FeedOrder, mapping: Mapping, wire: FeedEnd) -> None:
    recording = None
    if order.record is not None:
        recording = Recording(order.record, mapping, order.part_s)
    collector = Collector(mapping, recording, wire.offer, order.most_waiting)
    readers = [_reader(source, mapping, order, collector) for source in mapping.sources.values()]
    health = [reader.health for reader in readers]
    tasks = [asyncio.create_task(_kept(reader, collector)) for reader in readers]
    try:
        await _run(wire.over.is_set, collector, health, order)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        collector.end(health)


async def _run(
    over: Callable[[], bool],
    collector: Collector,
    health: Sequence[Health],
    order: FeedOrder,
) -> None:
    """Hand on what comes until it is over."""
    due = 0.0
    while not over():
        await asyncio.sleep(TICK_S)
        if time.monotonic() >= due:
            due = time.monotonic() + DAY_S
            for warning in date_warnings(SecurityFolder(order.security)):
                collector.notice("feed", "certificate", warning)
        collector.tick(health)


async def _kept(reader: TableReader | BrokerReader | Supervisor, collector: Collector) -> None:
    """Read a source until cancelled; what nobody foresaw puts down this source and no other.

    It is told once with its place, its traceback goes to the log, and the source is tried again.
    """
    health = reader.health
    while True:
        try:
            await reader.run()
        except Exception as error:
            place = traceback.extract_tb(error.__traceback__)[-1]
            where = f"{Path(place.filename).name}:{place.lineno}"
            text = f"a defect of linetwin: {type(error).__name__}: {error} ({where})"
            if text != health.error:
                logging.getLogger(__name__).exception("source %s", health.source)
                collector.notice(health.source, "down", text)
            health.state, health.error = "down", text
            health.failures += 1
        await asyncio.sleep(AGAIN_S)


def _reader(
    source: SourceConfig, mapping: Mapping, order: FeedOrder, collector: Collector
) -> TableReader | BrokerReader | Supervisor:
    mine = [(n, each) for n, each in enumerate(mapping.signals) if each.source == source.name]
    if source.table is not None:
        return TableReader(source, mine, collector)
    if source.broker is not None:
        from linetwin.twin.feed.mqtt.reader import BrokerReader as Broker

        return Broker(source, mine, _access(source, order), collector)
    from linetwin.twin.opcua.supervisor import Supervisor as Reader

    return Reader(source, mine, _terms(source, order), collector)


def _access(source: SourceConfig, order: FeedOrder) -> Callable[[], Access]:
    """Return on what terms a broker is talked to."""
    from linetwin.twin.feed.mqtt.link import Access
    from linetwin.twin.security.trust import Trust

    password = order.passwords.get(source.name, "")
    folder = SecurityFolder(order.security)
    trust, shows = Trust(folder), source.security.certificate
    return lambda: Access(
        trust, source.security.user, password, identity(folder) if shows else None
    )


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
