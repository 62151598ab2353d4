"""One connection to one broker: made, subscribed, read until it ends, in a thread of its own.

A link is never repaired: whoever watches it drops it and makes a new one. paho's own loop and its
attempts to reconnect are not used: its socket is read here, so that every byte that comes is a
sign of life, the broker's answers to our pings among them.
"""

from __future__ import annotations

import math
import secrets
import select
import ssl
import tempfile
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.serialization import Encoding
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from linetwin.errors import LinkError
from linetwin.twin.security.reasons import Reason, refusal
from linetwin.twin.security.trust import Peer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from paho.mqtt.reasoncodes import ReasonCode

    from linetwin.scenario.mapped import SourceConfig
    from linetwin.twin.security.identity import Identity
    from linetwin.twin.security.trust import Trust

CONNECT_S = 5.0
"""For the connection, for the handshake of TLS, and for each answer of the broker."""
QOS = 1
SESSION_S = 7 * 86_400
"""For so long a broker of MQTT 5 is asked to keep messages while there is no link [A]."""
_PORTS = {"mqtt": 1883, "mqtts": 8883}
_LOOK_S = 0.05
_TOPICS_AT_ONCE = 200
_USER = {134, 135}
"""Reasons of a broker that are about user and password; paho gives them the numbers of MQTT 5."""


@dataclass(frozen=True)
class Access:
    """On what terms a broker is talked to; `user` "": nobody."""

    trust: Trust
    user: str = ""
    password: str = field(default="", repr=False)
    identity: Identity | None = None
    """Whose certificate a broker is shown that asks for one; None: nobody's."""


@dataclass(frozen=True)
class Came:
    """A message as it came; `arrival`: ns of UTC; `again`: it may have been handed on before."""

    topic: str
    payload: bytes
    arrival: int
    retained: bool
    again: bool


class BrokerLink:
    """A connection to `endpoint` for some topics; `came` fills with messages.

    `refused`, `revised`: topic -> what the broker said. `last_message`: of `time.monotonic()`.
    """

    def __init__(
        self, source: SourceConfig, endpoint: str, access: Access, topics: Sequence[str]
    ) -> None:
        self.endpoint = endpoint
        self.came: deque[Came] = deque()
        self.refused: dict[str, str] = {}
        self.revised: dict[str, str] = {}
        self.subscribed = threading.Event()
        self.last_message = time.monotonic()
        self.keep_alive_s = max(math.ceil(source.publishing_s * source.keep_alive), 1)
        self._address = _address(endpoint)
        self._is_5 = source.broker is not None and source.broker.version == "5"
        self._is_kept = source.history
        self._topics = topics
        self._over = threading.Event()
        self._asked: dict[int, list[str]] = {}
        self._error: LinkError | None = None
        self._client = self._made(source, access)

    @property
    def age_s(self) -> float:
        """Time since the last sign of life [s]."""
        return time.monotonic() - self.last_message

    def stop(self) -> None:
        """Let `run` end soon."""
        self._over.set()

    def run(self) -> None:
        """Connect, subscribe and read until it is stopped; LinkError says why it ended before."""
        try:
            self._connect()
            self._pump()
        except (OSError, ValueError) as error:
            raise LinkError(f"{self.endpoint}: {type(error).__name__}: {error}") from error
        finally:
            self._client.disconnect()
            if (connection := self._client.socket()) is not None:
                connection.close()

    # ---------------------------------------------------------------------------- connecting
    def _made(self, source: SourceConfig, access: Access) -> paho.Client:
        name = source.broker.client if source.broker is not None else ""
        client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=name or f"linetwin-{secrets.token_hex(6)}",
            clean_session=None if self._is_5 else not source.history,
            reconnect_on_failure=False,
            protocol=MQTTProtocolVersion.MQTTv5 if self._is_5 else MQTTProtocolVersion.MQTTv311,
        )
        client.connect_timeout = CONNECT_S
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        client.on_disconnect = self._on_disconnect
        scheme, host, _ = self._address
        if scheme == "mqtts":
            peer = Peer(is_server=True, host=host, host_override=source.security.host or None)
            client.tls_set_context(_context(access, peer))
        if access.user:
            client.username_pw_set(access.user, access.password)
        return client

    def _connect(self) -> None:
        _, host, port = self._address
        if not self._is_5:
            self._client.connect(host, port, self.keep_alive_s)
            return
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # of paho
        if self._is_kept:
            properties.SessionExpiryInterval = SESSION_S
        self._client.connect(
            host,
            port,
            self.keep_alive_s,
            clean_start=not self._is_kept,
            properties=properties,
        )

    def _pump(self) -> None:
        """Read and write until it is over; the broker must let us in within a time."""
        begun = time.monotonic()
        while not self._over.is_set():
            self._step(_LOOK_S)
            if self._error is not None:
                raise self._error
            if not self.subscribed.is_set() and time.monotonic() - begun > 2.0 * CONNECT_S:
                raise LinkError(f"{self.endpoint}: no answer within {2.0 * CONNECT_S:g} s")

    def _step(self, wait_s: float) -> None:
        connection = self._client.socket()
        if connection is None:
            if self._error is None:
                self._error = LinkError(f"{self.endpoint}: the connection is gone")
            return
        writing = [connection] if self._client.want_write() else []
        waiting = getattr(connection, "pending", lambda: 0)()
        readable, writable, _ = select.select([connection], writing, [], 0 if waiting else wait_s)
        if readable or waiting:
            self.last_message = time.monotonic()
            self._check(self._client.loop_read())
        if writable:
            self._check(self._client.loop_write())
        self._check(self._client.loop_misc())

    def _check(self, code: MQTTErrorCode) -> None:
        if code != MQTTErrorCode.MQTT_ERR_SUCCESS and self._error is None:
            self._error = LinkError(f"{self.endpoint}: {paho.error_string(code)}")

    # ----------------------------------------------------------------------- paho's callbacks
    def _on_connect(
        self, client: paho.Client, _data: object, _flags: object, reason: ReasonCode, *_: object
    ) -> None:
        if reason.is_failure:
            message = f"{self.endpoint} answered: {reason}"
            if reason.value in _USER:
                self._error = refusal(Reason.PASSWORD, message, "check user name and password")
            else:
                self._error = LinkError(message)
            return
        for first in range(0, len(self._topics), _TOPICS_AT_ONCE):
            part = list(self._topics[first : first + _TOPICS_AT_ONCE])
            code, number = client.subscribe([(topic, QOS) for topic in part])
            self._check(code)
            if number is not None:
                self._asked[number] = part

    def _on_subscribe(
        self,
        _client: paho.Client,
        _data: object,
        number: int,
        reasons: list[ReasonCode],
        *_: object,
    ) -> None:
        for topic, reason in zip(self._asked.pop(number, []), reasons, strict=False):
            if reason.is_failure:
                self.refused[topic] = f"the broker refused: {reason}"
            elif reason.value < QOS:
                self.revised[topic] = f"QoS {QOS} asked, {reason.value} given"
        if not self._asked:
            self.subscribed.set()

    def _on_message(self, _client: paho.Client, _data: object, message: paho.MQTTMessage) -> None:
        self.came.append(
            Came(message.topic, bytes(message.payload), time.time_ns(), message.retain, message.dup)
        )

    def _on_disconnect(
        self,
        _client: paho.Client,
        _data: object,
        _flags: object,
        reason: ReasonCode,
        *_: object,
    ) -> None:
        if self._error is None:
            self._error = LinkError(f"{self.endpoint}: disconnected: {reason}")


def _address(endpoint: str) -> tuple[str, str, int]:
    """Return scheme, host and port; LinkError where they cannot be read."""
    parts = urlsplit(endpoint)
    try:
        port = parts.port or _PORTS[parts.scheme]
    except (ValueError, KeyError) as error:
        raise LinkError(f"'{endpoint}' is no address of a broker") from error
    return parts.scheme, parts.hostname or "", port


def _context(access: Access, peer: Peer) -> ssl.SSLContext:
    """Return a context that believes whom the trust folder believes, before anything is sent.

    The handshake itself proves that each side has the key of its certificate. Ours is public: a
    broker that asks for it may see it before it is judged.
    """

    class Checked(ssl.SSLSocket):
        def do_handshake(self, block: bool = False) -> None:  # noqa: FBT001, FBT002  as it is
            try:
                super().do_handshake(block)
                access.trust.check(self.getpeercert(binary_form=True) or b"", peer)
            except (OSError, LinkError):
                self.close()
                raise

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.sslsocket_class = Checked
    if access.identity is not None:
        own = access.identity.certificate.parsed.public_bytes(Encoding.PEM)
        with tempfile.TemporaryDirectory() as folder:  # it is taken from a file only
            file = Path(folder) / "certificate.pem"
            file.write_bytes(own)
            context.load_cert_chain(file, access.identity.key_file)
    return context
