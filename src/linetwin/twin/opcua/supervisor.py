"""Keeping one source connected: a new link after each that ended, the best of several servers.

A link is silent when nothing came for longer than keep-alives take, and is dropped when that lasts.
How long it then waits: `twin.patience`.
"""

from __future__ import annotations

import asyncio
import time
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from asyncua import ua

from linetwin.errors import OpcUaError
from linetwin.twin.columns import NO_TIME, SECOND
from linetwin.twin.opcua.agreement import disagreements
from linetwin.twin.opcua.health import Health, news
from linetwin.twin.opcua.history import newer, recalled
from linetwin.twin.opcua.link import Link
from linetwin.twin.opcua.past import Past
from linetwin.twin.patience import Patience, is_lost, is_silent

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from linetwin.scenario.mapped import SignalConfig, SourceConfig
    from linetwin.twin.opcua.past import PatientSink
    from linetwin.twin.security.connecting import Terms

OPEN_S = 12.0
SUBSCRIBE_S = 60.0
_TICK_S = 0.1
HEALTHY = 200
"""Service level from which a server of a redundant set is healthy (OPC 10000-4, 6.6.2.4.2 [M])."""
_PROBE_EVERY_S = 2.0
_COMPLETE_EVERY_S = 10.0


class Supervisor:
    """Reads one source until it is cancelled; `health` says how it is.

    `terms` returns how to connect; it is called for each attempt with the number of refusals in a
    row, for after a renewal an older certificate may be the one that is known.
    """

    def __init__(
        self,
        source: SourceConfig,
        signals: Sequence[tuple[int, SignalConfig]],
        terms: Callable[[int], Terms],
        sink: PatientSink,
    ) -> None:
        self.source = source
        self.health = Health(source.name)
        self._signals = signals
        self._terms = terms
        self._sink = sink
        self._open: Link | None = None
        self._comparing: asyncio.Task[None] | None = None
        self._patience = Patience()
        self._past = Past(source, signals, sink, self.health)
        self._probed = self._completed = 0.0
        self._newest = np.full(1 + max((n for n, _ in signals), default=0), NO_TIME)

    async def run(self) -> None:
        """Connect, read, and begin again, for ever; what goes wrong is told and counted."""
        while True:
            before = self.health.changes
            try:
                self.health.state = "connecting"
                await self._live(await self._best())
            except OpcUaError as error:
                self._failed(error)
                self._patience.failed(error, flowed=self.health.changes > before)
            except asyncio.CancelledError:
                self.health.state = "ended"
                raise
            finally:
                await self._close()
            await asyncio.sleep(self._patience.next_s())

    async def _close(self) -> None:
        await self._end_comparing()
        link, self._open = self._open, None
        if link is not None:
            await link.close()

    def _failed(self, error: OpcUaError) -> None:
        """Note why it ended."""
        self.health.state = "down"
        self.health.failures += 1
        if str(error) != self.health.error:
            self._sink.notice(self.source.name, "down", str(error))
        self.health.error = str(error)

    # ---------------------------------------------------------------------------- connecting
    async def _opened(self, endpoint: str) -> Link:
        terms = self._terms(self._patience.refusals)
        told = (self._sink, self.health, self._newest)
        link = Link(self.source, endpoint, terms, self._signals, *told)
        try:
            async with asyncio.timeout(OPEN_S):
                await link.open()
        except (OSError, ua.UaError) as error:
            await link.close()
            why = str(error) or f"no answer within {OPEN_S:g} s"
            raise OpcUaError(f"{endpoint}: {type(error).__name__}: {why}") from error
        except BaseException:
            await link.close()
            raise
        return link

    async def _best(self) -> Link:
        """Return a link to the server with the highest level of service."""
        endpoints = self.source.endpoints
        if len(endpoints) == 1:
            self._open = await self._opened(endpoints[0])
            return self._open
        attempts = [self._opened(endpoint) for endpoint in endpoints]
        found = await asyncio.gather(*attempts, return_exceptions=True)
        links = [each for each in found if isinstance(each, Link)]
        if not links:
            raise next(each for each in found if isinstance(each, OpcUaError))
        best = max(links, key=lambda link: link.service_level)  # the first named of equal ones
        for link in links:
            if link is not best:
                await link.close()
        self._open = best
        return best

    async def _live(self, link: Link) -> None:
        """Subscribe and watch, until the link ends; OpcUaError says why."""
        if not self._past.is_read:
            self.health.state, self.health.endpoint = "recalling", link.endpoint
            await self._past.read(link, partial(self._bounded, link))
        if self._past.ends_there:
            await self._close()
            self.health.state, self.health.error = "ended", ""
            await asyncio.Event().wait()  # until it is cancelled
        await self._subscribe(link)
        while True:
            await asyncio.sleep(_TICK_S)
            link.check()
            self._watch(link)
            await self._complete(link)
            better = await self._better(link)
            if better is not None:
                await self._subscribe(better)
                self._open = better
                self._sink.notice(self.source.name, "failover", f"to {better.endpoint}")
                await link.close()
                link = better

    async def _subscribe(self, link: Link) -> None:
        begin, end = self.health.last_message, time.time_ns()
        before = self._newest.copy()
        fills = self.source.history and begin > 0
        await self._bounded(link, link.subscribe(held=fills or not self._past.is_read))
        await self._bounded(link, self._past.bridge(link))
        if begin > 0 and end - begin > link.life_s * SECOND:
            await self._gap(link, begin, end, before)
        link.release()
        self._patience.refusals = 0
        self._completed = time.monotonic()
        self.health.endpoint, self.health.error = link.endpoint, ""
        self.health.application = link.application
        self.health.service_level = link.service_level
        self.health.connections += 1
        self.health.state = "live"
        self._sink.notice(self.source.name, "connected", link.endpoint)
        await self._end_comparing()
        self._comparing = asyncio.create_task(self._compare(link))

    async def _end_comparing(self) -> None:
        task, self._comparing = self._comparing, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _compare(self, link: Link) -> None:
        """Tell where the server's units and ranges are not the mapping's; no answer is none."""
        try:
            async with asyncio.timeout(SUBSCRIBE_S):
                found = await disagreements(link.connected(), self._signals, link.nodes)
        except (OSError, ua.UaError, OpcUaError):
            return  # values come all the same, and whether the link holds is watched
        for words in news(found, self.health.disagreeing):
            self._sink.notice(self.source.name, "disagrees", words)
        self.health.disagreeing = found

    async def _gap(self, link: Link, begin: int, end: int, before: np.ndarray) -> None:
        """Tell of a time in which nothing was read; fill it where the server remembers it."""
        health, seconds = self.health, (end - begin) / SECOND
        health.gaps += 1
        health.gap_s += seconds
        text = f"{seconds:.1f} s until {link.endpoint} was read again"
        if self.source.history:
            filled = await self._filled(link, begin, end, before)
            health.filled += filled
            text += f"; {filled} values from its history"
        self._sink.notice(self.source.name, "gap", text)

    async def _filled(self, link: Link, begin: int, end: int, before: np.ndarray) -> int:
        """Return how many values of a gap the server remembered; its stamps tell where it began."""
        known = before[before != NO_TIME]
        first = int(known.max()) if len(known) else begin
        margin = round((2.0 * link.publishing_s + 1.0) * SECOND)
        count = 0

        async def recall() -> None:
            nonlocal count
            rows = newer(await recalled(link, first - margin, max(end, first) + margin), before)
            if len(rows):
                self._sink.rows(rows)
            count = len(rows)

        try:
            await self._bounded(link, recall())
        except OpcUaError as error:
            self._sink.notice(self.source.name, "history", str(error))
        return count

    async def _complete(self, link: Link) -> None:
        """Ask again now and then for what the server did not have: it may still be starting."""
        now = time.monotonic()
        if self.health.refused and now - self._completed > _COMPLETE_EVERY_S:
            self._completed = now
            await self._bounded(link, link.complete())

    async def _bounded(self, link: Link, work: Awaitable[None]) -> None:
        try:
            async with asyncio.timeout(SUBSCRIBE_S):
                await work
        except (OSError, ua.UaError) as error:
            why = str(error) or f"no answer within {SUBSCRIBE_S:g} s"
            raise OpcUaError(f"{link.endpoint}: {type(error).__name__}: {why}") from error

    def _watch(self, link: Link) -> None:
        if is_lost(link.age_s, link.life_s):
            raise OpcUaError(f"{link.endpoint} has been silent for {link.age_s:.1f} s")
        state = self.health.state
        silent = is_silent(link.age_s, link.life_s)
        if silent and state == "live":
            self.health.state = "silent"
            self._sink.notice(self.source.name, "silent", f"{link.endpoint}: {link.age_s:.1f} s")
        elif not silent and state == "silent":
            self.health.state = "live"
            self._sink.notice(self.source.name, "live", f"{link.endpoint} answers again")

    async def _better(self, link: Link) -> Link | None:
        """Return a link to a healthier server of the set, where this one says it is not."""
        others = [each for each in self.source.endpoints if each != link.endpoint]
        due = time.monotonic() - self._probed > _PROBE_EVERY_S
        if link.service_level >= HEALTHY or not others or not due:
            return None
        self._probed = time.monotonic()
        found = await asyncio.gather(*map(self._opened, others), return_exceptions=True)
        links = [each for each in found if isinstance(each, Link)]
        best = max(links, key=lambda each: each.service_level, default=None)
        for each in links:
            if each is not best or each.service_level <= link.service_level:
                await each.close()
        return best if best is not None and best.service_level > link.service_level else None
