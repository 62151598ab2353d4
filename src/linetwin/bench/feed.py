"""`linetwin bench feed`: what a change of a value costs on its way from a server to the engine.

Each step alone, on one thread, the quickest of some repeats; then the whole way, from a small
server in a process of its own through the feed's process to this one.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import pickle
import tempfile
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from linetwin.scenario.mapping import load_mapping
from linetwin.twin.columns import SECOND, Mark, raw_rows
from linetwin.twin.feed.process import FeedOrder, LiveFeed
from linetwin.twin.feed.recording import Recording
from linetwin.twin.feed.rules import Rules
from linetwin.twin.security.folders import SecurityFolder
from linetwin.twin.security.identity import Wish, create_identity

if TYPE_CHECKING:
    from collections.abc import Callable

    from linetwin.scenario.mapped import Mapping
    from linetwin.twin.columns import Batch, Raw

TAGS = 200
RATE_HZ = 25.0
SECONDS = 10.0
ROWS = 20_000
REPEATS = 5
URI = "urn:linetwin:bench"
COST_LIMIT_US = 50.0
"""All steps of a change in the feed's process [A]: 20,000 changes a second on one core."""
LAG_LIMIT_S = 1.0
"""99 of 100 values reach the engine within this time [A]."""
_WAIT_S = 120.0


@dataclass(frozen=True)
class Measured:
    """Changes a second; cost of each step of one change [us]; lag from stamp to engine [s]."""

    tags: int
    offered_hz: float
    received_hz: float
    lost: int
    costs_us: dict[str, float]
    lag_s: dict[str, float]
    feed_cpu_us: float


def measure(
    tags: int = TAGS, rate_hz: float = RATE_HZ, seconds: float = SECONDS, rows: int = ROWS
) -> Measured:
    """Return what is measured with so many tags, each changing at a rate."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        mapping = _mapping(place / "bench.yaml", "opc.tcp://127.0.0.1:1", tags)
        costs = _costs(load_mapping(mapping), place, rows)
        return _whole_way(place, tags, rate_hz, seconds, costs)


def verdicts(found: Measured) -> dict[str, tuple[float, float]]:
    """Return name -> (value, limit)."""
    return {
        "cost of a change in us": (sum(found.costs_us.values()), COST_LIMIT_US),
        "lag of 99 of 100 values in s": (found.lag_s["99 %"], LAG_LIMIT_S),
        "values lost": (float(found.lost), 0.0),
    }


def describe(found: Measured) -> str:
    """Return the figures as text."""
    costs = ", ".join(f"{name} {cost:.2f}" for name, cost in found.costs_us.items())
    lags = ", ".join(f"{name} {lag:.3f} s" for name, lag in found.lag_s.items())
    return (
        f"{found.tags} tags: {found.received_hz:,.0f} changes a second of "
        f"{found.offered_hz:,.0f} written, {found.lost} lost\n"
        f"cost of a change in us: {costs}; all of the feed's process {found.feed_cpu_us:.1f}\n"
        f"lag from stamp to engine: {lags}"
    )


# ------------------------------------------------------------------------------- step by step
def _costs(mapping: Mapping, folder: Path, rows: int) -> dict[str, float]:
    from linetwin.twin.opcua.notifications import read_response

    tags = len(mapping.signals)
    response = _response(rows, tags)
    came = _rows(rows, tags)
    batch = Rules(mapping).judge(came)
    folders = iter(range(1000))

    def record() -> None:
        recording = Recording(folder / f"record-{next(folders)}", mapping)
        recording.add(batch)
        recording.close()

    def hand_on() -> Batch:
        copy: Batch = pickle.loads(pickle.dumps(batch))  # noqa: S301  our own bytes
        return copy

    steps: dict[str, Callable[[], object]] = {
        "decode": lambda: read_response(response()),
        "judge": lambda: Rules(mapping).judge(came),
        "record": record,
        "hand on": hand_on,
    }
    return {name: _quickest(step) / rows * 1e6 for name, step in steps.items()}


def _quickest(step: Callable[[], object]) -> float:
    spent = []
    for _ in range(REPEATS):
        begun = time.process_time()
        step()
        spent.append(time.process_time() - begun)
    return min(spent)


def _rows(rows: int, tags: int) -> Raw:
    """Return changes of all tags in turn, a second apart."""
    index = np.arange(rows)
    times = time.time_ns() + index // tags * SECOND
    return raw_rows(
        index % tags, times + SECOND // 20, source_time=times, raw=(index // tags).astype(float)
    )


def _response(rows: int, tags: int) -> Callable[[], Any]:
    """Return what makes a publish response with so many changes, as it comes from the wire."""
    from asyncua import ua
    from asyncua.common.utils import Buffer
    from asyncua.ua.ua_binary import struct_to_binary

    notification = ua.DataChangeNotification()
    now = _now()
    for row in range(rows):
        item = ua.MonitoredItemNotification()
        item.ClientHandle = ua.UInt32(row % tags + 1)
        value = ua.Variant(float(row), ua.VariantType.Double)
        item.Value = ua.DataValue(value, SourceTimestamp=now, ServerTimestamp=now)
        notification.MonitoredItems.append(item)
    response = ua.PublishResponse()
    response.Parameters.NotificationMessage.NotificationData = [notification]
    data = struct_to_binary(response)
    return lambda: Buffer(data)


def _now() -> Any:  # noqa: ANN401  asyncua's own
    return datetime.now(UTC)


# ------------------------------------------------------------------------------ the whole way
def _whole_way(
    folder: Path, tags: int, rate_hz: float, seconds: float, costs: dict[str, float]
) -> Measured:
    create_identity(SecurityFolder(folder / "security"), Wish("bench"))
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    server = context.Process(target=_serve, args=(theirs, tags, rate_hz), daemon=True)
    server.start()
    theirs.close()
    try:
        port = _answer(ours)
        mapping = _mapping(folder / "live.yaml", f"opc.tcp://127.0.0.1:{port}/bench", tags)
        feed = LiveFeed(FeedOrder(mapping, folder / "security"))
        try:
            return _follow(feed, ours, tags, seconds, costs)
        finally:
            feed.close()
    finally:
        server.kill()
        server.join()


def _answer(link: Any) -> int:  # noqa: ANN401  of multiprocessing
    if not link.poll(_WAIT_S):
        raise TimeoutError(f"the server of the measurement has said nothing for {_WAIT_S:g} s")
    answer: int = link.recv()
    return answer


def _follow(
    feed: LiveFeed,
    link: Any,  # noqa: ANN401
    tags: int,
    seconds: float,
    costs: dict[str, float],
) -> Measured:
    """Take everything for a time, and some time more until all that was written has come."""
    engine = _Engine(feed, np.zeros(tags, np.int64))
    engine.until(lambda: bool((engine.seen > 0).all()))
    before, cpu = engine.changes, engine.cpu_s
    engine.delays.clear()
    link.send("go")
    begun = time.monotonic()
    engine.until(lambda: time.monotonic() > begun + seconds)
    link.send("stop")
    spent = time.monotonic() - begun
    written = _answer(link)
    engine.until(lambda: engine.changes - before >= written)
    changes = engine.changes - before
    used = (engine.cpu_s - cpu) / max(changes, 1) * 1e6
    lag = np.concatenate(engine.delays) if engine.delays else np.full(1, np.nan)
    percentiles = {f"{each} %": float(np.percentile(lag, each)) for each in (50, 95, 99)}
    offered, received = written / spent, changes / spent
    return Measured(tags, offered, received, written - changes, costs, percentiles, used)


@dataclass
class _Engine:
    """Takes everything from a feed, and counts it by tag."""

    feed: LiveFeed
    seen: np.ndarray
    delays: list[np.ndarray] = field(default_factory=list)
    cpu_s: float = 0.0

    @property
    def changes(self) -> int:
        """Values so far."""
        return int(self.seen.sum())

    def until(self, over: Callable[[], bool]) -> None:
        """Take until it is over, or nothing has changed for too long."""
        end = time.monotonic() + _WAIT_S
        while not over() and time.monotonic() < end:
            parcel = self.feed.take(0.05)
            if parcel is None:
                continue
            self.cpu_s = parcel.counts.cpu_s
            if parcel.batch is not None:
                came = parcel.batch.came
                np.add.at(self.seen, came.signal, 1)
                fresh = (came.marks & Mark.FIRST) == 0
                self.delays.append((time.time_ns() - parcel.batch.time[fresh]) / SECOND)


def _mapping(file: Path, endpoint: str, tags: int) -> Path:
    lines = [
        "schema: 1\nname: bench\nowner: bench\nversion: '1'\nsources:\n  server:",
        f"    endpoints: ['{endpoint}']\n    namespaces: {{bench: '{URI}'}}",
        "    security: {policy: None}\n    clock: {owner: bench}\n    publishing: 100 ms\nsignals:",
        *(
            f"  tag{n}: {{node: nsu=bench;s=tag{n}, address: line.produced, kind: counter, "
            "sampling: 0 s, queue: 1000}"
            for n in range(tags)
        ),
    ]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


def _serve(link: Any, tags: int, rate_hz: float) -> None:  # noqa: ANN401  of multiprocessing
    """Run in a process of its own: a server whose tags count."""
    import logging

    logging.getLogger("asyncua").setLevel(logging.CRITICAL + 1)
    asyncio.run(_count(link, tags, rate_hz))


async def _count(link: Any, tags: int, rate_hz: float) -> None:  # noqa: ANN401
    import socket

    from asyncua import Server, ua

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = Server()
    await server.init()
    server.set_endpoint(f"opc.tcp://127.0.0.1:{port}/bench")
    server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
    index = await server.register_namespace(URI)
    nodes = [
        await server.nodes.objects.add_variable(
            ua.NodeId(ua.String(f"tag{n}"), ua.Int16(index)), f"tag{n}", 0.0
        )
        for n in range(tags)
    ]
    async with server:
        link.send(port)
        await asyncio.to_thread(link.recv)
        written, begun = 0, time.monotonic()
        while not link.poll():
            step = written // tags + 1
            for node in nodes:
                value = ua.Variant(float(step), ua.VariantType.Double)
                stamp = ua.DataValue(value, SourceTimestamp=_now())
                await server.write_attribute_value(node.nodeid, stamp)
            written += tags
            await asyncio.sleep(max(begun + step / rate_hz - time.monotonic(), 0.0))
        await asyncio.sleep(0.2)
        link.send(written)
        await asyncio.sleep(_WAIT_S)
