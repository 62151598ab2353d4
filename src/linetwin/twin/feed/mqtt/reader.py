"""Keeping a broker connected, and making rows of its messages.

The rules are those of the OPC UA links (`twin.patience`): a new link after each that ended, silent
when nothing came for longer than pings take, dropped when that lasts. Of several brokers the next
one is tried after each failure.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np

from linetwin.errors import LinkError
from linetwin.scenario.mapped import BrokerConfig
from linetwin.twin.columns import NO_TIME, SECOND, Mark, raw_rows
from linetwin.twin.feed.mqtt.link import BrokerLink
from linetwin.twin.feed.mqtt.payloads import UNREADABLE, Message
from linetwin.twin.feed.zones import to_utc
from linetwin.twin.opcua.health import Health
from linetwin.twin.patience import Patience, is_lost, is_silent

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from linetwin.scenario.mapped import SignalConfig, SourceConfig
    from linetwin.twin.columns import Raw
    from linetwin.twin.feed.mqtt.link import Access, Came
    from linetwin.twin.feed.mqtt.payloads import Reading
    from linetwin.twin.opcua.health import State
    from linetwin.twin.opcua.link import Sink

_TICK_S = 0.05
_END_S = 8.0
_MOST_AT_ONCE = 20_000


class BrokerReader:
    """Reads one source until it is cancelled; `health` says how it is.

    `access` returns on what terms to connect; it is called for each attempt.
    """

    def __init__(
        self,
        source: SourceConfig,
        signals: Sequence[tuple[int, SignalConfig]],
        access: Callable[[], Access],
        sink: Sink,
    ) -> None:
        self.source = source
        self.health = Health(source.name)
        self._broker = source.broker or BrokerConfig()
        self._access = access
        self._sink = sink
        self._of: dict[str, list[tuple[int, SignalConfig]]] = {}
        for number, signal in signals:
            self._of.setdefault(signal.topic, []).append((number, signal))
        self._patience = Patience()
        self._attempts = 0
        self._last: dict[str, bytes] = {}
        self._told: set[str] = set()
        self._heard: set[int] = set()
        self._seen: set[int] = set()
        self._offline = ""
        self.link: BrokerLink | None = None

    async def run(self) -> None:
        """Connect, read, and begin again, for ever; what goes wrong is told and counted."""
        endpoints = self.source.endpoints
        while True:
            before = self.health.changes
            self.health.state = "connecting"
            try:
                await self._read(endpoints[self._attempts % len(endpoints)])
            except LinkError as error:
                self._failed(error)
                self._patience.failed(error, flowed=self.health.changes > before)
            except asyncio.CancelledError:
                self.health.state = "ended"
                raise
            await asyncio.sleep(self._patience.next_s())

    def _failed(self, error: LinkError) -> None:
        self._attempts += 1
        self.health.state = "down"
        self.health.failures += 1
        if str(error) != self.health.error:
            self._sink.notice(self.source.name, "down", str(error))
        self.health.error = str(error)

    async def _read(self, endpoint: str) -> None:
        """Read one link to its end; LinkError says why it ended."""
        alive = self._broker.alive
        topics = list(dict.fromkeys([*([alive[0]] if alive else []), *self._of]))
        link = BrokerLink(self.source, endpoint, self._access(), topics)
        self.link, self._offline = link, ""
        if not self.source.history:
            self._seen = set()
        # A thread of its own: the loop's own few are shared with files, and this one stays.
        pool = ThreadPoolExecutor(1, f"mqtt {self.source.name}")
        work = asyncio.get_running_loop().run_in_executor(pool, link.run)
        try:
            while not work.done():
                await asyncio.sleep(_TICK_S)
                self._watch(link)
                self._take(link)
            work.result()
        finally:
            link.stop()
            self.link = None
            await asyncio.wait({work}, timeout=_END_S)
            with contextlib.suppress(LinkError):
                if work.done():
                    work.result()
            self._take(link)
            pool.shutdown(wait=False)

    # ----------------------------------------------------------------------------- the link
    def _watch(self, link: BrokerLink) -> None:
        """Say how the link is; LinkError where it has been silent for too long."""
        if not link.subscribed.is_set():
            return
        if self.health.state in {"connecting", "down"}:
            self._begun(link)
        life = float(link.keep_alive_s)
        if is_lost(link.age_s, life):
            raise LinkError(f"{link.endpoint} has been silent for {link.age_s:.1f} s")
        silent = is_silent(link.age_s, life)
        if not silent:
            self.health.last_message = time.time_ns() - round(link.age_s * SECOND)
        wanted: State = "silent" if silent or self._offline else "live"
        if wanted != self.health.state:
            self.health.state = wanted
            why = self._offline or f"nothing for {link.age_s:.1f} s"
            text = f"{link.endpoint}: {why if wanted == 'silent' else 'is there again'}"
            self._sink.notice(self.source.name, wanted, text)

    def _begun(self, link: BrokerLink) -> None:
        """Note that the broker let us in, what it refused, and how long nothing was read."""
        health, name = self.health, self.source.name
        now, before = time.time_ns(), health.last_message
        if before and now - before > link.keep_alive_s * SECOND:
            seconds = (now - before) / SECOND
            health.gaps += 1
            health.gap_s += seconds
            text = f"{seconds:.1f} s until {link.endpoint} was read again"
            self._sink.notice(name, "gap", text)
        for kind, found in (("refused", link.refused), ("revised", link.revised)):
            for topic, text in found.items():
                self._tell(kind, f"{topic}: {text}")
        health.refused = {
            signal.name: link.refused[topic]
            for topic in link.refused
            for _, signal in self._of.get(topic, [])
        }
        health.revised = dict(link.revised)
        health.endpoint, health.error, health.keep_alive = link.endpoint, "", 1
        health.publishing_s = float(link.keep_alive_s)
        health.connections += 1
        health.state, health.last_message = "live", now
        self._patience.refusals = 0
        self._sink.notice(name, "connected", link.endpoint)

    def _tell(self, kind: str, text: str) -> None:
        """Tell something once."""
        if text not in self._told:
            self._told.add(text)
            self._sink.notice(self.source.name, kind, text)

    # ------------------------------------------------------------------------- the messages
    def _take(self, link: BrokerLink) -> None:
        """Make rows of the messages that have come."""
        found: list[tuple[int, Came, Reading, int]] = []
        while link.came and len(found) < _MOST_AT_ONCE:
            came = link.came.popleft()
            self.health.messages += 1
            message = Message(came.payload, self._broker)
            self._judge_alive(came, message)
            marks = self._marks(came)
            for number, signal in self._of.get(came.topic, []):
                reading = message.reading(signal)
                if reading is None:
                    self._absent(number, signal)
                    continue
                self._heard.add(number)
                self._found(signal)
                if reading.status == UNREADABLE:
                    self._tell("unreadable", f"{signal.name}: a message of {came.topic}")
                first = 0 if number in self._seen else int(Mark.FIRST)
                self._seen.add(number)
                found.append((number, came, reading, marks | first))
        if found:
            self.health.changes += len(found)
            self._sink.rows(self._rows(found))

    def _marks(self, came: Came) -> int:
        """Return the marks of a message: kept by the broker, or the one of before once more."""
        again = came.again and self._last.get(came.topic) == came.payload
        self._last[came.topic] = came.payload
        kept = int(Mark.FIRST | Mark.RETAINED) if came.retained else 0
        return kept | (int(Mark.AGAIN) if again else 0)

    def _judge_alive(self, came: Came, message: Message) -> None:
        alive = self._broker.alive
        if alive is None or came.topic != alive[0]:
            return
        said = message.text_at(alive[1])
        self._offline = f"{came.topic} says {said}" if said in self._broker.offline else ""

    def _absent(self, number: int, signal: SignalConfig) -> None:
        """Note a path that has led nowhere so far; a message may leave out what did not change."""
        if number not in self._heard:
            text = f"{signal.name}: there is no {signal.field or self._broker.value}"
            text += f" in {signal.topic}"
            self.health.refused[signal.name] = text
            self._tell("refused", text)

    def _found(self, signal: SignalConfig) -> None:
        self.health.refused.pop(signal.name, None)

    def _rows(self, found: list[tuple[int, Came, Reading, int]]) -> Raw:
        numbers = np.array([number for number, *_ in found], np.int64)
        stamps = np.array([reading.time for *_, reading, _ in found], np.int64)
        known = np.array([reading.is_utc for *_, reading, _ in found], bool)
        local = np.where(known, NO_TIME, stamps)
        utc, doubtful = to_utc(local, self.source.zone, self._broker.ambiguous, numbers)
        marks = np.array([marks for *_, marks in found], np.uint8)
        marks[doubtful] |= np.uint8(Mark.AMBIGUOUS)
        rows = raw_rows(
            numbers,
            np.array([came.arrival for _, came, *_ in found], np.int64),
            source_time=np.where(known, stamps, utc),
            raw=np.array([reading.number for *_, reading, _ in found], np.float64),
            status=np.array([reading.status for *_, reading, _ in found], np.uint32),
            marks=marks,
        )
        for row, (*_, reading, _) in enumerate(found):
            if reading.text is not None:
                rows.texts[row] = reading.text
        return rows
