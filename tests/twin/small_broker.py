"""A small broker of the tests for MQTT 3.1.1 and 5, from the standard; loopback, a thread each.

It hands on what `publish` is given, with QoS 1 to who asked for it: kept messages, sessions that
last, deliveries once more, refusals, stalls and broken connections as a test wishes.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    import ssl

CONNECT, CONNACK, PUBLISH, PUBACK, SUBSCRIBE, SUBACK = 1, 2, 3, 4, 8, 9
PINGREQ, PINGRESP, DISCONNECT = 12, 13, 14
REFUSED = 0x80


class SmallBroker:
    """Listens on a port; `users`: name -> password; `denied`: topics that nobody may read."""

    def __init__(
        self,
        users: dict[str, str] | None = None,
        denied: tuple[str, ...] = (),
        context: ssl.SSLContext | None = None,
        port: int = 0,
    ) -> None:
        self.users = users
        self.denied = denied
        self.context = context
        self.kept: dict[str, bytes] = {}
        self.logins: list[tuple[str, str | None, str | None]] = []
        self.acknowledged: list[int] = []
        self.stalled = threading.Event()
        self._clients: list[_Client] = []
        self.sessions: dict[str, tuple[set[str], list[tuple[str, bytes]]]] = {}
        self._listener = socket.create_server(("127.0.0.1", port))
        self.port = self._listener.getsockname()[1]
        self._threads = [threading.Thread(target=self._listen, daemon=True)]

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.drop()
        for thread in self._threads:
            thread.join(10.0)

    @property
    def endpoint(self) -> str:
        """Where it listens."""
        return f"{'mqtts' if self.context else 'mqtt'}://127.0.0.1:{self.port}"

    def readers(self, topic: str) -> int:
        """How many clients read a topic now."""
        return sum(topic in client.topics for client in self._clients)

    def publish(
        self, topic: str, payload: bytes, *, keep: bool = False, again: bool = False
    ) -> None:
        """Hand a message on, marked as `again` if asked; `keep` it for who comes later."""
        if keep:
            self.kept[topic] = payload
        for client in list(self._clients):
            if topic in client.topics:
                client.give(topic, payload, again=again)
        here = {client.name for client in self._clients}
        for name, (topics, waiting) in self.sessions.items():
            if topic in topics and name not in here:
                waiting.append((topic, payload))

    def drop(self) -> None:
        """Break all connections."""
        for client in list(self._clients):
            client.close()

    def _listen(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                thread = threading.Thread(target=self._serve, args=[connection], daemon=True)
                self._threads.append(thread)
                thread.start()

    def _serve(self, connection: socket.socket) -> None:
        client = _Client(self, connection)
        with contextlib.suppress(OSError, EOFError):
            if self.context is not None:
                client.connection = self.context.wrap_socket(connection, server_side=True)
            client.run()
        client.close()
        if client in self._clients:
            self._clients.remove(client)
        connection.close()

    def arrived(self, client: _Client) -> None:
        """Count a client among those that are here."""
        self._clients.append(client)


class _Client:
    """One connection of a client."""

    def __init__(self, broker: SmallBroker, connection: socket.socket) -> None:
        self.broker = broker
        self.connection = connection
        self.topics: set[str] = set()
        self.name = ""
        self.is_5 = False
        self._number = 0
        self._lock = threading.Lock()

    def close(self) -> None:
        """Break the connection."""
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)
        self.connection.close()

    def run(self) -> None:
        """Serve it until it goes."""
        while True:
            kind, body = self._read()
            while self.broker.stalled.is_set():
                time.sleep(0.01)
            if kind == CONNECT and not self._let_in(body):
                return
            if kind == SUBSCRIBE:
                self._subscribe(body)
            elif kind == PUBACK:
                self.broker.acknowledged.append(struct.unpack(">H", body[:2])[0])
            elif kind == PINGREQ:
                self._send(PINGRESP << 4, b"")
            elif kind == DISCONNECT:
                return

    def give(self, topic: str, payload: bytes, *, kept: bool = False, again: bool = False) -> None:
        """Send a message with QoS 1."""
        self._number += 1
        head = PUBLISH << 4 | 2 | (8 if again else 0) | (1 if kept else 0)
        number = struct.pack(">H", self._number) + self._none
        self._send(head, _text(topic) + number + payload)

    @property
    def _none(self) -> bytes:
        """No properties, where the version has some."""
        return bytes(1) if self.is_5 else b""

    def _plain(self, body: bytes) -> bytes:
        """Return what follows the properties, where the version has some; they are short."""
        return body[1 + body[0] :] if self.is_5 else body

    def _let_in(self, body: bytes) -> bool:
        self.is_5 = body[6] == 5
        flags, rest = body[7], self._plain(body[10:])
        self.name, rest = _taken(rest)
        user = password = None
        if flags & 0x80:
            user, rest = _taken(rest)
        if flags & 0x40:
            password, rest = _taken(rest)
        self.broker.logins.append((self.name, user, password))
        users = self.broker.users
        allowed = users is None or (user in users and users[str(user)] == password)
        lasting = not flags & 0x02
        if not lasting:
            self.broker.sessions.pop(self.name, None)
        session = self.broker.sessions.get(self.name)
        reason = 0 if allowed else (0x86 if self.is_5 else 4)
        here = bytes([1 if session and lasting else 0, reason])
        self._send(CONNACK << 4, here + self._none)
        if allowed:
            if lasting:
                self.topics, waiting = self.broker.sessions.setdefault(self.name, (set(), []))
                while waiting:
                    self.give(*waiting.pop(0))
            self.broker.arrived(self)
        return allowed

    def _subscribe(self, body: bytes) -> None:
        number, rest, answers, fresh = body[:2], self._plain(body[2:]), b"", []
        while rest:
            topic, rest = _taken(rest)
            wanted, rest = rest[0], rest[1:]
            refused = topic in self.broker.denied
            answers += bytes([REFUSED if refused else wanted])
            if not refused:
                self.topics.add(topic)
                fresh.append(topic)
        self._send(SUBACK << 4, number + self._none + answers)
        for topic in fresh:
            if topic in self.broker.kept:
                self.give(topic, self.broker.kept[topic], kept=True)

    def _send(self, head: int, body: bytes) -> None:
        length, coded = len(body), b""
        while True:
            length, digit = divmod(length, 128)
            coded += bytes([digit | (0x80 if length else 0)])
            if not length:
                break
        with self._lock, contextlib.suppress(OSError):
            self.connection.sendall(bytes([head]) + coded + body)

    def _read(self) -> tuple[int, bytes]:
        head, length, shift = self._exactly(1)[0], 0, 0
        while True:
            digit = self._exactly(1)[0]
            length |= (digit & 0x7F) << shift
            shift += 7
            if digit < 0x80:
                return head >> 4, self._exactly(length)

    def _exactly(self, count: int) -> bytes:
        found = b""
        while len(found) < count:
            part = self.connection.recv(count - len(found))
            if not part:
                raise EOFError
            found += part
        return found


def _text(text: str) -> bytes:
    coded = text.encode()
    return struct.pack(">H", len(coded)) + coded


def _taken(body: bytes) -> tuple[str, bytes]:
    """Return a text and what follows it."""
    (length,) = struct.unpack(">H", body[:2])
    return body[2 : 2 + length].decode(), body[2 + length :]
