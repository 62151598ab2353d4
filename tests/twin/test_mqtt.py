"""A broker as a source: what it hands on, keeps, repeats, refuses, and how it is lost and found."""

from __future__ import annotations

import asyncio
import json
import ssl
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
import pytest
from authority import CA, Sheet, installed, put, revocation_list
from cryptography.hazmat.primitives.serialization import Encoding
from reading import wait_until
from small_broker import SmallBroker
from small_server import free_port

from linetwin.errors import ScenarioError
from linetwin.scenario.mapped import (
    BrokerConfig,
    CodeTable,
    Mapping,
    SecurityConfig,
    SignalConfig,
    SourceConfig,
)
from linetwin.scenario.mapping import load_mapping
from linetwin.twin.columns import SECOND, Batch, Flag, Raw, joined
from linetwin.twin.feed.mqtt.link import Access
from linetwin.twin.feed.mqtt.reader import BrokerReader
from linetwin.twin.feed.parcels import Counts, Latest, Parcel
from linetwin.twin.feed.process import FeedOrder, LiveFeed
from linetwin.twin.feed.recording import recorded
from linetwin.twin.feed.rules import Rules
from linetwin.twin.security.folders import SecurityFolder
from linetwin.twin.security.identity import Wish, create_identity
from linetwin.twin.security.trust import Trust

if TYPE_CHECKING:
    from collections.abc import Iterator

    from linetwin.twin.security.identity import Identity

SPEED, STATE, LOT = range(3)
SIGNALS = (
    SignalConfig("speed", "gw", "coater.web_speed", "measurement", topic="line/coater/speed"),
    SignalConfig(
        "state",
        "gw",
        "coater.state",
        "state",
        topic="line/coater",
        field="state",
        codes=CodeTable("vendor", {"run": 6, "clean": 11}, {"clean": "cleaning"}),
    ),
    SignalConfig("lot", "gw", "coater.foil", "lot", topic="line/coater", field="lot"),
)


def config(*endpoints: str, **fields: Any) -> SourceConfig:  # noqa: ANN401
    """A source of these brokers; a sign of life each second."""
    made = {"publishing_s": 0.2, "security": SecurityConfig("None"), "broker": BrokerConfig()}
    return SourceConfig("gw", endpoints, **{**made, **fields})


class Following:
    """A reader in a loop of its own, in a thread, and all that it hands on."""

    def __init__(
        self, source: SourceConfig, folder: Path, *user: str, own: Identity | None = None
    ) -> None:
        self.mapping = Mapping("", "", "", {"gw": source}, SIGNALS, Path(), "")
        self.parts: list[Raw] = []
        self.notices: list[tuple[str, str]] = []
        access = Access(Trust(SecurityFolder(folder)), *user, identity=own)
        self.reader = BrokerReader(source, list(enumerate(SIGNALS)), lambda: access, self)
        self.health = self.reader.health
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._task: asyncio.Task[None] | None = None

    def _run(self) -> None:
        async def work() -> None:
            self._task = asyncio.create_task(self.reader.run())
            await asyncio.gather(self._task, return_exceptions=True)

        self._loop.run_until_complete(work())
        self._loop.run_until_complete(self._loop.shutdown_default_executor())
        self._loop.close()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        assert self._task is not None
        self._loop.call_soon_threadsafe(self._task.cancel)
        self._thread.join(20.0)
        assert not self._thread.is_alive()

    def rows(self, rows: Raw) -> None:
        """Keep rows."""
        self.parts.append(rows)

    def notice(self, source: str, kind: str, text: str) -> None:
        """Keep a notice."""
        assert source == "gw"
        self.notices.append((kind, text))

    def told(self, kind: str) -> list[str]:
        """Return what was told of one kind."""
        return [text for each, text in self.notices if each == kind]

    def live(self) -> None:
        """Wait until it is read."""
        wait_until(lambda: self.health.state == "live")

    def count(self) -> int:
        """How many rows have come."""
        return sum(map(len, self.parts))

    def wait_for(self, count: int) -> Batch:
        """Wait for so many rows and judge all that came."""
        wait_until(lambda: self.count() >= count)
        assert self.count() == count
        return Rules(self.mapping).judge(joined(list(self.parts)))


def latest(mapping: Mapping, batch: Batch, reader: BrokerReader) -> Latest:
    """What a person is shown after these rows."""
    found = Latest(mapping)
    counts = Counts(0, 0, 0, 0, 0, ())
    found.take(Parcel(batch, (replace(reader.health),), (), counts, time.time_ns()))
    return found


@pytest.fixture
def broker() -> Iterator[SmallBroker]:
    """A broker without users."""
    with SmallBroker() as small:
        yield small


def test_values_arrive_once_with_their_times(broker: SmallBroker, tmp_path: Path) -> None:
    """Numbers, states by their code, lots as text; the message's time, else that of arrival."""
    stamp = time.time_ns() // 10**6
    with Following(config(broker.endpoint), tmp_path) as following:
        following.live()
        broker.publish("line/coater/speed", b"0.25")
        content = {"state": "run", "lot": "007", "time": stamp}
        broker.publish("line/coater", json.dumps(content).encode())
        broker.publish("line/coater", json.dumps({"state": "stop?", "time": stamp + 1}).encode())
        batch = following.wait_for(4)
        wait_until(lambda: len(broker.acknowledged) == 3)
        assert following.health.connections == 1
    assert batch.came.signal.tolist() == [SPEED, STATE, LOT, STATE]
    assert batch.value[[0, 1, 3]].tolist() == [0.25, 6.0, 0.0]
    assert batch.came.texts[2] == "007"
    assert batch.flags[0] == Flag.NO_SOURCE_TIME | Flag.FIRST
    assert batch.time[1] == stamp * 10**6
    assert batch.flags[1:].tolist() == [Flag.FIRST, Flag.FIRST, Flag.UNKNOWN_CODE]
    assert following.health.state == "ended"


def test_what_a_broker_kept_is_stale_until_its_own_time_says_otherwise(
    broker: SmallBroker, tmp_path: Path
) -> None:
    """Without a time, or with an old one, not learnt from and stale; news replaces it."""
    now = time.time_ns() // 10**6
    broker.publish("line/coater/speed", b"0.25", keep=True)
    old = {"lot": "L1", "time": now - 60_000, "state": "run"}
    broker.publish("line/coater", json.dumps(old).encode(), keep=True)
    with Following(config(broker.endpoint), tmp_path) as following:
        batch = following.wait_for(3)
        assert not batch.usable.any()
        assert ((batch.flags & Flag.RETAINED) != 0).all()
        assert not (batch.flags & Flag.LATE).any()
        shown = latest(following.mapping, batch, following.reader)
        following.live()
        assert shown.stale(time.time_ns()).tolist() == [True] * 3
        broker.publish("line/coater/speed", b"0.26")
        batch = following.wait_for(4)
        shown = latest(following.mapping, batch, following.reader)
        assert shown.stale(time.time_ns()).tolist() == [False, True, True]
        assert batch.usable.tolist() == [False] * 3 + [True]
    young = {"lot": "L1", "time": time.time_ns() // 10**6, "state": "run"}
    broker.publish("line/coater", json.dumps(young).encode(), keep=True)
    with Following(config(broker.endpoint), tmp_path) as following:
        batch = following.wait_for(3)
        kept = batch.came.signal != SPEED
        assert batch.usable[kept].all()
        assert not (batch.flags[kept] & Flag.RETAINED).any()


def test_a_message_that_is_delivered_twice_is_one_value(
    broker: SmallBroker, tmp_path: Path
) -> None:
    """QoS 1: marked by the broker, or by its own time; the same value sent twice is two values."""
    stamped = json.dumps({"lot": "L1", "time": time.time_ns() // 10**6}).encode()
    with Following(config(broker.endpoint), tmp_path) as following:
        following.live()
        broker.publish("line/coater/speed", b"0.25")
        broker.publish("line/coater/speed", b"0.25", again=True)
        broker.publish("line/coater/speed", b"0.25")
        broker.publish("line/coater/speed", b"0.27", again=True)
        broker.publish("line/coater", stamped)
        broker.publish("line/coater", stamped)
        batch = following.wait_for(6)
    twice = (batch.flags & Flag.DUPLICATE) != 0
    assert twice.tolist() == [False, True, False, False, False, True]


def test_a_broken_connection_is_made_anew_and_the_gap_told(
    broker: SmallBroker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Down at once, live again without a person; what came meanwhile is told as a gap."""
    monkeypatch.setattr("linetwin.twin.patience.FIRST_WAIT_S", 1.3)
    with Following(config(broker.endpoint), tmp_path) as following:
        following.live()
        for value in (b"0.25", b"0.26"):
            broker.publish("line/coater/speed", value)
        following.wait_for(2)
        broker.drop()
        wait_until(lambda: following.health.failures == 1)
        assert following.health.state == "down"
        assert np.all(latest(following.mapping, _nothing(), following.reader).stale(0))
        wait_until(lambda: following.health.connections == 2)
        following.live()
        broker.publish("line/coater/speed", b"0.27")
        batch = following.wait_for(3)
        assert ((batch.flags & Flag.FIRST) != 0).tolist() == [True, False, True]
        assert following.health.gaps == 1
        assert following.health.gap_s == pytest.approx(1.5, abs=1.4)
        assert len(following.told("down")) == 1


def test_an_idle_broker_is_live_and_one_that_says_nothing_is_dropped(
    broker: SmallBroker, tmp_path: Path
) -> None:
    """Answers to pings are signs of life; without them all is stale, then a new link is tried."""
    with Following(config(broker.endpoint), tmp_path) as following:
        following.live()
        begun = following.health.last_message
        wait_until(lambda: following.health.last_message > begun + 1.2 * SECOND)
        assert following.health.state == "live"
        assert following.health.connections == 1
        broker.stalled.set()
        wait_until(lambda: following.health.state == "silent")
        wait_until(lambda: following.health.failures >= 1)
        broker.stalled.clear()
        wait_until(lambda: following.health.connections == 2)


def test_a_last_will_makes_all_stale(broker: SmallBroker, tmp_path: Path) -> None:
    """The gateway is gone though the broker is there; until it says that it is back."""
    alive = BrokerConfig(alive=("line/status", "state"), offline=("OFFLINE", "0"))
    broker.publish("line/status", b'{"state": "OFFLINE"}', keep=True)
    with Following(config(broker.endpoint, broker=alive), tmp_path) as following:
        wait_until(lambda: following.health.state == "silent")
        assert "line/status says OFFLINE" in following.told("silent")[0]
        broker.publish("line/status", b'{"state": "ONLINE"}', keep=True)
        following.live()
        broker.publish("line/status", b"0", keep=True)
        wait_until(lambda: following.health.state == "silent")


@pytest.mark.parametrize("version", ["3.1.1", "5"])
def test_a_session_that_lasts_gives_what_came_meanwhile(
    broker: SmallBroker,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    version: Literal["3.1.1", "5"],
) -> None:
    """With `history` and a name the broker keeps messages while there is no link."""
    monkeypatch.setattr("linetwin.twin.patience.FIRST_WAIT_S", 0.4)
    source = config(
        broker.endpoint, history=True, broker=BrokerConfig(client="twin-1", version=version)
    )
    with Following(source, tmp_path) as following:
        following.live()
        broker.drop()
        wait_until(lambda: following.health.state == "down" and not broker.readers("line/coater"))
        for number in range(5):
            stamp = time.time_ns() // 10**6
            broker.publish("line/coater", json.dumps({"lot": f"L{number}", "time": stamp}).encode())
        batch = following.wait_for(5)
        assert [batch.came.texts[n] for n in range(5)] == [f"L{n}" for n in range(5)]
    assert {name for name, *_ in broker.logins} == {"twin-1"}


def test_mqtt_5_names_its_reasons_and_what_it_denies(tmp_path: Path) -> None:
    """User and password, a topic that is refused, messages with and without properties."""
    version = BrokerConfig(version="5")
    with SmallBroker({"twin": "secret"}, denied=("line/coater",)) as broker:
        source = config(broker.endpoint, broker=version)
        with Following(source, tmp_path, "twin", "wrong") as following:
            wait_until(lambda: following.health.failures == 1)
            assert "wrong user or password" in following.health.error
        with Following(source, tmp_path, "twin", "secret") as following:
            following.live()
            assert "the broker refused" in " ".join(following.health.refused.values())
            broker.publish("line/coater/speed", b"0.25")
            assert following.wait_for(1).value[0] == 0.25


def test_the_next_broker_is_tried_when_one_is_gone(broker: SmallBroker, tmp_path: Path) -> None:
    """Several endpoints: the first that answers."""
    gone = f"mqtt://127.0.0.1:{free_port()}"
    with Following(config(gone, broker.endpoint), tmp_path) as following:
        following.live()
        assert following.health.endpoint == broker.endpoint
        assert following.health.failures == 1


def test_a_topic_that_is_refused_or_a_path_that_leads_nowhere_is_told(tmp_path: Path) -> None:
    """In health and as a notice, once; the path is no longer told of when it has been found."""
    with (
        SmallBroker(denied=("line/coater/speed",)) as broker,
        Following(config(broker.endpoint), tmp_path) as following,
    ):
        following.live()
        assert "refused" in following.health.refused["speed"]
        broker.publish("line/coater", b'{"lot": "L1"}')
        broker.publish("line/coater", b'{"lot": "L2"}')
        following.wait_for(2)
        assert "there is no state in line/coater" in following.health.refused["state"]
        assert len([text for text in following.told("refused") if "state" in text]) == 1
        broker.publish("line/coater", b'{"state": "run"}')
        following.wait_for(3)
        assert "state" not in following.health.refused


# ----------------------------------------------------------------------------------- security
BROKER_SHEET = Sheet("broker", issuer="ca", hosts=("127.0.0.1", "localhost"), uri=None)


def served(folder: Path, sheet: Sheet) -> ssl.SSLContext:
    """The context of a broker with such a certificate."""
    own = SecurityFolder(folder)
    installed(own, sheet)
    der = next(own.own.glob("*.der")).read_bytes()
    file = folder / "own.pem"
    file.write_text(ssl.DER_cert_to_PEM_cert(der), encoding="ascii")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file, next(own.own.glob("*.pem")))
    return context


def trusting(folder: Path, *revoked: int, place: str = "trusted") -> Path:
    """A security folder that believes the authority of the tests, or only knows it."""
    security = SecurityFolder(folder)
    put(security, place, CA.signed())
    (security.revoked / "ca.crl").write_bytes(revocation_list("ca", list(revoked)))
    return folder


def test_user_and_password_go_over_tls_to_a_broker_that_is_believed(tmp_path: Path) -> None:
    """The certificate is of an authority in the trust folder; only then who we are is said."""
    context = served(tmp_path / "broker", BROKER_SHEET)
    with SmallBroker({"twin": "secret"}, context=context) as broker:
        security = SecurityConfig(user="twin")
        source = config(broker.endpoint, security=security)
        with Following(source, trusting(tmp_path / "twin"), "twin", "secret") as following:
            following.live()
            broker.publish("line/coater/speed", b"0.25" + b" " * 40_000)
            assert following.wait_for(1).value[0] == 0.25


def test_a_broker_that_asks_for_our_certificate_is_shown_it(tmp_path: Path) -> None:
    """It lets in who shows one that it believes; without one the handshake fails."""
    folder = trusting(tmp_path / "twin")
    own = create_identity(SecurityFolder(folder), Wish("twin"))
    file = tmp_path / "believed.pem"
    file.write_bytes(own.certificate.parsed.public_bytes(Encoding.PEM))
    context = served(tmp_path / "broker", BROKER_SHEET)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(file)
    with SmallBroker(context=context) as broker:
        source = config(broker.endpoint, security=SecurityConfig(certificate=True))
        with Following(source, folder, own=own) as following:
            following.live()
            broker.publish("line/coater/speed", b"0.25")
            assert following.wait_for(1).value[0] == 0.25
        with Following(source, folder) as following:
            wait_until(lambda: following.health.failures == 1)


@pytest.mark.parametrize(
    ("sheet", "place", "revoked", "said"),
    [
        (BROKER_SHEET, "issuers", [], "not trusted"),
        (BROKER_SHEET.but(hosts=("other",)), "trusted", [], "the certificate is for other"),
        (BROKER_SHEET.but(serial=77), "trusted", [77], "revoked"),
    ],
)
def test_a_broker_that_is_not_believed_is_told_nothing(
    tmp_path: Path, sheet: Sheet, place: str, revoked: list[int], said: str
) -> None:
    """Unknown, for another host, revoked: refused with the reason before a name is sent."""
    folder = trusting(tmp_path / "twin", *revoked, place=place)
    with SmallBroker({"twin": "secret"}, context=served(tmp_path / "broker", sheet)) as broker:
        source = config(broker.endpoint, security=SecurityConfig(user="twin"))
        with Following(source, folder, "twin", "secret") as following:
            wait_until(lambda: following.health.failures == 1)
            assert said in following.health.error
            assert following.reader._patience.refusals == 1
        assert broker.logins == []


def test_a_wrong_password_is_refused_and_waits(tmp_path: Path) -> None:
    """The reason is told, and the next attempt waits for long."""
    context = served(tmp_path / "broker", BROKER_SHEET)
    with SmallBroker({"twin": "secret"}, context=context) as broker:
        source = config(broker.endpoint, security=SecurityConfig(user="twin"))
        with Following(source, trusting(tmp_path / "twin"), "twin", "wrong") as following:
            wait_until(lambda: following.health.failures == 1)
            assert "wrong user or password" in following.health.error
            wait_until(lambda: following.reader._patience.refusals == 1)
            time.sleep(0.1)
            assert following.health.failures == 1


# ---------------------------------------------------------------------------- mapping and feed
OTHERS = 40
SOURCE = """
    endpoints: ["ENDPOINT"]
    security: {policy: None}
    publishing: 200 ms
    alive: {topic: line/status, offline: [offline]}
    clock: {owner: tests}
"""
MAPPING = f"""\
schema: 1
name: gateway
owner: tests
version: "1"
sources:
  gw: {SOURCE}
signals:
  speed: {{source: gw, topic: line/speed, address: coater.web_speed, unit: m/min}}
  lot: {{source: gw, topic: line/coater, field: lot.name, address: coater.foil, kind: lot}}
"""


def test_a_broker_is_read_recorded_and_played_like_any_source(
    broker: SmallBroker, tmp_path: Path
) -> None:
    """The feed's process hands on canonical values; the recording has them as they came.

    Of many brokers each has a thread of its own: none waits for another, nor does a file.
    """
    file = tmp_path / "plant.yaml"
    more = "".join(f"  gw{n}: {SOURCE}" for n in range(OTHERS))
    text = MAPPING.replace(
        "signals:", f"{more}  lab: {{file: lab.csv, clock: {{owner: t}}}}\nsignals:"
    )
    text = text.replace("ENDPOINT", broker.endpoint)
    text += "  solids: {source: lab, column: S, address: mixer.solids_fraction}\n"
    (tmp_path / "lab.csv").write_text("time,S\n2026-01-01T00:00Z,0.5\n", encoding="utf-8")
    file.write_text(text, encoding="utf-8")
    feed = LiveFeed(FeedOrder(file, tmp_path / "security", record=tmp_path / "feed"))
    found: list[Batch] = []

    def came() -> bool:
        parcel = feed.take(0.05)
        found.extend([parcel.batch] if parcel is not None and parcel.batch is not None else [])
        return sum(map(len, found)) == 3

    try:
        wait_until(lambda: came() or (broker.readers("line/status") == OTHERS + 1 and found))
        broker.publish("line/speed", b"30")
        broker.publish("line/coater", b'{"lot": {"name": "F-7"}}')
        wait_until(came)
    finally:
        feed.close()
    value = np.concatenate([batch.value for batch in found])
    assert value[:2] == pytest.approx([0.5, 0.5])
    ((rows, _),) = recorded(tmp_path / "feed", ["speed", "lot", "solids"])
    assert rows.signal.tolist() == [2, 0, 1]
    assert rows.raw[1] == 30.0
    assert rows.texts == {2: "F-7"}


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("ENDPOINT", "mqtts://b", "sources.gw.security"),
        ("ENDPOINT", "mqtt://", "sources.gw.endpoints.0"),
        ("policy: None}", "policy: None, certificate: true}", "sources.gw.security.certificate"),
        ("ENDPOINT", "mqtt://a:0", "sources.gw.endpoints.0"),
        ("ENDPOINT", "opc.tcp://a:99999", "sources.gw.endpoints.0"),
        ("ENDPOINT", "opc.tcp://a:port", "sources.gw.endpoints.0"),
        ("ENDPOINT", "opc.tcp://:4840", "sources.gw.endpoints.0"),
        ("ENDPOINT", "opc.tcp://[::1:4840", "sources.gw.endpoints.0"),
        ('["ENDPOINT"]', '["mqtt://a", "opc.tcp://b"]', "sources.gw.endpoints"),
        ("ENDPOINT", "opc.tcp://plc", "sources.gw.alive"),
        ("publishing: 200 ms", "history: true", "sources.gw.history"),
        ("topic: line/speed", "node: i=7", "signals.speed"),
        ("topic: line/speed", "column: speed", "signals.speed"),
        ("topic: line/speed", "topic: line/+/speed", "signals.speed.topic"),
        ("line/coater, field: lot.name", "line/speed", "signals.lot"),
        (
            "security: {policy: None}",
            "security: {policy: None, user: u}",
            "sources.gw.security.user",
        ),
    ],
)
def test_a_mistake_is_told(tmp_path: Path, old: str, new: str, key: str) -> None:
    """Protection, scheme, history without a name, a key of another kind of source, patterns."""
    file = tmp_path / "plant.yaml"
    text = MAPPING.replace(old, new, 1).replace("ENDPOINT", "mqtt://broker")
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ScenarioError) as caught:
        load_mapping(file)
    assert key in {problem.key for problem in caught.value.problems}


def _nothing() -> Batch:
    empty = joined([])
    return Batch(empty, empty.arrival, empty.raw, np.zeros(0, np.uint32))
