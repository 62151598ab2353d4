"""One connection to one server: made, filled with monitored items, read until it ends.

A link is never repaired: whoever watches it drops it and makes a new one. asyncua's own attempts
to reconnect are not used: against another vendor's server they can end connected and silent.
"""

from __future__ import annotations

import asyncio
import contextlib
import struct
import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from asyncua import ua
from asyncua.ua.ua_binary import struct_from_binary

from linetwin.errors import OpcUaError
from linetwin.twin.columns import NO_TIME, Mark, raw_rows
from linetwin.twin.opcua.health import news
from linetwin.twin.opcua.limits import application_of, in_batches, limits_of
from linetwin.twin.opcua.notifications import Changes, read_message, read_response, times_ns
from linetwin.twin.opcua.resolving import resolve
from linetwin.twin.security.connecting import open_session, prepared_client

if TYPE_CHECKING:
    from collections.abc import Sequence

    from asyncua import Client

    from linetwin.scenario.mapped import SignalConfig, SourceConfig
    from linetwin.twin.columns import Raw
    from linetwin.twin.opcua.health import Health
    from linetwin.twin.opcua.notifications import Message
    from linetwin.twin.opcua.resolving import Resolved
    from linetwin.twin.security.connecting import Terms

PUBLISH_REQUESTS = 3
"""Requests that a server holds at any time, so that it never waits for the next."""
REQUEST_S = 4.0
"""For each step of connecting."""
CALL_S = 20.0
"""For a call to a server that has let us in: a small one may take long over a thousand items."""
CLOSE_S = 1.0
SESSION_MS = 60_000
"""After a link is cut its session blocks a place on the server for this long at most."""
_SERVICE_LEVEL_HANDLE = 0
_MOST_PER_MESSAGE = 10_000
_LIFETIMES = 10
_FAR = 86_400.0


class Sink(Protocol):
    """Who takes what comes."""

    def rows(self, rows: Raw) -> None:
        """Take rows."""

    def notice(self, source: str, kind: str, text: str) -> None:
        """Take something to tell."""


@dataclass
class Link:
    """A connection to `endpoint` for the numbered signals of one source.

    `newest`: by signal, the time of its newest value of any link (ns), kept up here.
    """

    source: SourceConfig
    endpoint: str
    terms: Terms
    signals: Sequence[tuple[int, SignalConfig]]
    sink: Sink
    health: Health
    newest: np.ndarray
    last_message: float = 0.0
    publishing_s: float = 0.5
    keep_alive: int = 5
    service_level: int = 255
    application: str = ""
    client: Client | None = None
    subscription: int = 0
    _expected: int = 1
    _acknowledged: deque[tuple[int, int]] = field(default_factory=deque)
    _seen: np.ndarray = field(default_factory=lambda: np.zeros(0, bool))
    _ended: asyncio.Future[None] | None = None
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)
    nodes: dict[int, ua.NodeId] = field(default_factory=dict)
    _held: list[Raw] | None = None
    _order: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def life_s(self) -> float:
        """The longest time between two messages while all is well [s]."""
        return self.publishing_s * self.keep_alive

    @property
    def age_s(self) -> float:
        """Time since the last message [s]."""
        return time.monotonic() - self.last_message

    async def open(self) -> None:
        """Connect and read the level of service; OpcUaError or RefusedError says why not."""
        self.client = await prepared_client(self.endpoint, self.terms, REQUEST_S)
        await open_calmly(self.client)
        self.application = await application_of(self.client)
        node = self.client.get_node(ua.ObjectIds.Server_ServiceLevel)
        answer = await node.read_data_value(raise_on_bad_status=False)
        if answer.Value is not None and isinstance(answer.Value.Value, int):
            self.service_level = answer.Value.Value

    async def subscribe(self, *, held: bool = False) -> None:
        """Ask for all signals; what the server refuses or revises is noted, not hidden.

        With `held` rows wait for `release`.
        """
        self._held = [] if held else None
        self._seen = np.zeros(1 + max((n for n, _ in self.signals), default=0), bool)
        await self._create_subscription()
        self._ended = asyncio.get_running_loop().create_future()
        self.last_message = time.monotonic()
        self._tasks = [asyncio.create_task(self._publish()) for _ in range(PUBLISH_REQUESTS)]
        await self._add(self.signals, [_level_request()])

    async def find(self) -> None:
        """Find the nodes of the signals, without listening to them."""
        client = self.connected()
        self.nodes |= (await resolve(client, self.signals, await limits_of(client))).nodes

    def first_heard(self) -> dict[int, int]:
        """Return the time of the first value of each signal among the rows that are held."""
        first: dict[int, int] = {}
        for rows in reversed(self._held or []):
            stamped = np.flatnonzero(rows.source_time != NO_TIME)[::-1]
            times = rows.source_time[stamped].tolist()
            first.update(zip(rows.signal[stamped].tolist(), times, strict=True))
        return first

    def release(self) -> None:
        """Hand on the rows that were held, and all to come."""
        held, self._held = self._held or [], None
        for rows in held:
            self.sink.rows(rows)

    async def complete(self) -> None:
        """Ask once more for what the server did not have, or refused."""
        refused = [(n, signal) for n, signal in self.signals if signal.name in self.health.refused]
        await self._add(refused, [])

    async def _add(self, signals: Sequence[tuple[int, SignalConfig]], requests: list[Any]) -> None:
        client = self.connected()
        limits = await limits_of(client)
        resolved = await resolve(client, signals, limits)
        self.nodes |= resolved.nodes
        config = dict(signals)
        mine = [_request(n, node, config[n]) for n, node in resolved.nodes.items()]

        async def create(batch: list[Any]) -> list[Any]:
            parameters = ua.CreateMonitoredItemsParameters()
            parameters.SubscriptionId = self.subscription
            parameters.ItemsToCreate = batch
            parameters.TimestampsToReturn = ua.TimestampsToReturn.Both
            return list(await client.uaclient.create_monitored_items(parameters))

        results = await in_batches([*requests, *mine], limits.items, create)
        answers = list(zip(mine, results[len(requests) :], strict=True))
        self._note(resolved, answers, begun=bool(requests))

    def check(self) -> None:
        """Raise OpcUaError where the subscription has ended."""
        if self._ended is not None and self._ended.done():
            self._ended.result()

    async def close(self) -> None:
        """End it, within a bounded time whatever the server does."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._ended is not None and not self._ended.done():
            self._ended.cancel()
        client, self.client = self.client, None
        if client is None:
            return
        with contextlib.suppress(Exception):
            async with asyncio.timeout(CLOSE_S):
                await client.close_session()
        protocol = client.uaclient.protocol
        if protocol is not None and protocol.transport is not None:
            protocol.transport.abort()  # to close it politely would wait for a stalled server
        client.disconnect_socket()

    # ------------------------------------------------------------------------- subscription
    def connected(self) -> Client:
        """Return the client; OpcUaError where there is none."""
        if self.client is None:
            raise OpcUaError(f"{self.endpoint} is not connected")
        return self.client

    async def _send(self, request: Any) -> Any:  # noqa: ANN401  asyncua's own
        protocol = self.connected().uaclient.protocol
        if protocol is None:
            raise OpcUaError(f"{self.endpoint}: the connection is gone")
        return await protocol.send_request(request, timeout=REQUEST_S)

    async def _create_subscription(self) -> None:
        request = ua.CreateSubscriptionRequest()
        wanted = request.Parameters
        wanted.RequestedPublishingInterval = self.source.publishing_s * 1000.0
        wanted.RequestedMaxKeepAliveCount = self.source.keep_alive
        wanted.RequestedLifetimeCount = self.source.keep_alive * _LIFETIMES
        wanted.MaxNotificationsPerPublish = _MOST_PER_MESSAGE
        wanted.PublishingEnabled = True
        response = struct_from_binary(ua.CreateSubscriptionResponse, await self._send(request))
        given = response.Parameters
        self.subscription = given.SubscriptionId
        self.publishing_s = given.RevisedPublishingInterval / 1000.0
        self.keep_alive = max(given.RevisedMaxKeepAliveCount, 1)
        self.health.publishing_s, self.health.keep_alive = self.publishing_s, self.keep_alive

    def _note(self, resolved: Resolved, answers: Sequence[tuple[Any, Any]], *, begun: bool) -> None:
        """Put into the health what differs from what was asked for; tell what is new of it."""
        names, health = dict(self.signals), self.health
        refused, revised = dict(resolved.missing), self._revised() if begun else health.revised
        for request, result in answers:
            signal = names[request.RequestedParameters.ClientHandle - 1]
            if not result.StatusCode.is_good():
                refused[signal.name] = result.StatusCode.name
                continue
            asked_ms = signal.sampling_s * 1000.0
            if result.RevisedSamplingInterval > asked_ms or result.RevisedQueueSize < signal.queue:
                revised[signal.name] = (
                    f"sampling {asked_ms:g} ms asked, {result.RevisedSamplingInterval:g} given; "
                    f"queue {signal.queue} asked, {result.RevisedQueueSize} given"
                )
        moved = resolved.moved if begun else {**health.moved, **resolved.moved}
        told = (
            ("moved", moved, health.moved),
            ("refused", refused, health.refused),
            ("revised", revised, {} if begun else health.revised),
        )
        for kind, found, before in told:
            for words in news(found, before):
                self.sink.notice(self.source.name, kind, words)
        health.moved, health.refused, health.revised = moved, refused, revised

    def _revised(self) -> dict[str, str]:
        asked = (self.source.publishing_s, self.source.keep_alive)
        given = (self.publishing_s, self.keep_alive)
        if asked == given:
            return {}
        texts = [f"{interval * 1000:g} ms, {count}" for interval, count in (asked, given)]
        return {"publishing, keep-alive": f"{texts[0]} asked, {texts[1]} given"}

    # ------------------------------------------------------------------------------ publishing
    async def _publish(self) -> None:
        """Keep one publish request with the server; end the link where that cannot go on."""
        protocol = self.connected().uaclient.protocol
        try:
            while protocol is not None:
                request = ua.PublishRequest()
                while self._acknowledged:
                    done = ua.SubscriptionAcknowledgement()
                    done.SubscriptionId, done.SequenceNumber = self._acknowledged.popleft()
                    request.Parameters.SubscriptionAcknowledgements.append(done)
                message = read_response(await protocol.send_request(request, timeout=0))
                async with self._order:  # a lost message is asked for before the next is read
                    if not await self._take(message):
                        return
        except ua.uaerrors.BadTooManyPublishRequests:
            return  # the others go on
        except (ua.UaError, OSError, OpcUaError, struct.error) as error:
            self._end(f"{type(error).__name__}: {error}")

    def _end(self, why: str) -> None:
        if self._ended is not None and not self._ended.done():
            self._ended.set_exception(OpcUaError(f"{self.endpoint}: {why}"))
            self._ended.exception()  # looked at: nobody may be waiting for it

    async def _take(self, message: Message) -> bool:
        """Deal with one message; return whether the subscription goes on."""
        self.last_message = time.monotonic()
        self.health.last_message = time.time_ns()
        self.health.messages += 1
        if message.ended is not None:
            self._end(
                f"the server ended the subscription: {ua.StatusCode(ua.UInt32(message.ended)).name}"
            )
            return False
        if message.is_keep_alive:
            return True
        expected, self._expected = self._expected, message.sequence % 0xFFFFFFFF + 1
        self._acknowledged.append((message.subscription, message.sequence))
        if expected < message.sequence:
            await self._recover(range(expected, message.sequence), message.available)
        self._give(message)
        return True

    async def _recover(self, numbers: range, available: Sequence[int]) -> None:
        """Ask again for messages that did not come."""
        session = self.connected().uaclient.session
        for number in numbers:
            self.health.missed_messages += 1
            if number not in available:
                self.sink.notice(self.source.name, "lost", f"message {number} of the server")
                continue
            try:
                again = await session.republish(self.subscription, number)
            except ua.UaStatusCodeError:
                self.sink.notice(self.source.name, "lost", f"message {number} of the server")
                continue
            self.health.recovered_messages += 1
            self._acknowledged.append((self.subscription, number))
            self._give(read_message(again, self.subscription))

    def _give(self, message: Message) -> None:
        arrival = time.time_ns()
        for part in message.parts:
            kept = part.handle != _SERVICE_LEVEL_HANDLE
            if not kept.all():
                level = part.value[~kept][-1]
                self.service_level = 0 if np.isnan(level) else int(level)
                self.health.service_level = self.service_level
            rows = self._rows(part, kept, arrival)
            self.health.changes += len(rows)
            if not len(rows):
                continue
            np.maximum.at(self.newest, rows.signal, rows.source_time)
            if self._held is not None:
                self._held.append(rows)
            else:
                self.sink.rows(rows)

    def _rows(self, part: Changes, kept: np.ndarray, arrival: int) -> Raw:
        signal = part.handle[kept].astype(np.int64) - 1
        marks = np.zeros(len(signal), np.uint8)
        _, first = np.unique(signal, return_index=True)
        marks[first[~self._seen[signal[first]]]] = int(Mark.FIRST)
        self._seen[signal[first]] = True
        rows = raw_rows(
            signal,
            arrival,
            source_time=times_ns(part.source[kept]),
            server_time=times_ns(part.server[kept]),
            raw=part.value[kept],
            status=part.status[kept],
            marks=marks,
        )
        place = np.cumsum(kept) - 1
        rows.texts.update({int(place[row]): text for row, text in part.texts.items() if kept[row]})
        return rows


async def open_calmly(client: Client) -> None:
    """Connect a prepared client, without asyncua's own watchdog.

    That asks the server every second and drops the connection after one slow answer.
    """
    client.session_timeout = SESSION_MS
    client._watchdog_intervall = _FAR  # noqa: SLF001  asyncua names it so
    await open_session(client)
    if client.uaclient.protocol is not None:
        client.uaclient.protocol.timeout = CALL_S


def _request(number: int, node: ua.NodeId, signal: SignalConfig) -> Any:  # noqa: ANN401
    return _item(node, number + 1, signal.sampling_s * 1000.0, signal.queue)


def _level_request() -> Any:  # noqa: ANN401  asyncua's own
    node = ua.NodeId(ua.Int32(ua.ObjectIds.Server_ServiceLevel))
    return _item(node, _SERVICE_LEVEL_HANDLE, 1000.0, 1)


def _item(node: ua.NodeId, handle: int, sampling_ms: float, queue: int) -> Any:  # noqa: ANN401
    request = ua.MonitoredItemCreateRequest()
    request.ItemToMonitor.NodeId = node
    request.ItemToMonitor.AttributeId = ua.AttributeIds.Value
    request.MonitoringMode = ua.MonitoringMode.Reporting
    request.RequestedParameters.ClientHandle = handle
    request.RequestedParameters.SamplingInterval = sampling_ms
    request.RequestedParameters.QueueSize = queue
    request.RequestedParameters.DiscardOldest = True
    return request
