"""Against another vendor's broker and gateway: TLS, nothing lost, wills, stalls, kills."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from node_peer import installed
from small_server import free_port
from test_mqtt import BROKER_SHEET, served, trusting

from linetwin.twin.columns import joined
from linetwin.twin.feed.parcels import Latest
from linetwin.twin.feed.process import FeedOrder, LiveFeed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from linetwin.twin.columns import Raw

pytestmark = pytest.mark.slow
SCRIPT = Path(__file__).with_name("node_broker.js")
TAGS, EVERY_MS, MOST = 50, 10, 1000
RETURN_S = 3.0
MAPPING = """\
schema: 1
name: gateway
owner: tests
version: "1"
sources:
  gw:
    endpoints: ["mqtts://127.0.0.1:{port}"]
    security: {{user: twin}}
    publishing: 200 ms
    alive: {{topic: line/status, offline: [offline]}}
    clock: {{owner: tests}}
signals:
"""


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """aedes and mqtt.js, installed once."""
    return installed(tmp_path_factory.mktemp("node"), "aedes@1.2.0", "mqtt@5.16.0")


class Peers:
    """The processes of a broker and of its gateway."""

    def __init__(self, packages: Path, folder: Path) -> None:
        served(folder, BROKER_SHEET)
        self.port = free_port()
        key = next((folder / "own").glob("*.pem"))
        self._about = {"port": self.port, "cert": str(folder / "own.pem"), "key": str(key)}
        self._about |= {"tags": TAGS, "everyMs": EVERY_MS}
        self._packages = packages
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, role: str, most: int = 10**9) -> None:
        """Start one, and wait until it is ready."""
        about = json.dumps({**self._about, "most": most})
        command = ["node", str(SCRIPT), role, about, str(self._packages)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.processes[role] = process
        assert process.stdout is not None
        assert process.stdout.readline().startswith(b"{"), f"the {role} has not started"

    def kill(self, role: str) -> None:
        """kill -9."""
        process = self.processes.pop(role)
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()

    def signal(self, number: int) -> None:
        """Send the broker that counts a signal."""
        os.kill(self.processes["counting"].pid, number)


class Follower:
    """An engine that takes everything."""

    def __init__(self, order: FeedOrder) -> None:
        self.feed = LiveFeed(order)
        self.latest = Latest(self.feed.mapping)
        self.rows: list[Raw] = []

    def until(self, what: Callable[[], object], patience_s: float = 60.0) -> float:
        """Follow until something is so; return how long that took [s]."""
        begun = time.monotonic()
        while not what():
            assert time.monotonic() < begun + patience_s, "waited in vain"
            parcel = self.feed.take(0.02)
            if parcel is None:
                continue
            self.latest.take(parcel)
            if parcel.batch is not None:
                self.rows.append(parcel.batch.came)
        return time.monotonic() - begun

    def stale(self) -> bool:
        """Whether all tags are stale."""
        return bool(self.latest.stale(time.time_ns()).all())

    def fresh(self) -> bool:
        """Whether none is."""
        return not self.latest.stale(time.time_ns()).any()

    def newer_than(self, moment: int) -> bool:
        """Whether all tags have values of after a moment."""
        return bool((self.latest.time > moment).all())


@pytest.fixture
def peers(request: pytest.FixtureRequest, packages: Path, tmp_path: Path) -> Iterator[Peers]:
    """A broker that listens; of tests that ask so one that counts."""
    found = Peers(packages, tmp_path / "broker")
    found.start(getattr(request, "param", "broker"))
    yield found
    for role in list(found.processes):
        found.kill(role)


@pytest.fixture
def follower(peers: Peers, tmp_path: Path) -> Iterator[Follower]:
    """A feed that is connected."""
    lines = [
        f"  tag{n}: {{topic: line/tag{n}, address: line.produced, kind: counter}}"
        for n in range(TAGS)
    ]
    text = MAPPING.format(port=peers.port) + "\n".join(lines) + "\n"
    (tmp_path / "plant.yaml").write_text(text, encoding="utf-8")
    security = trusting(tmp_path / "twin")
    found = Follower(FeedOrder(tmp_path / "plant.yaml", security, {"gw": "secret"}))
    found.until(lambda: found.latest.health and found.latest.health["gw"].connections == 1)
    yield found
    found.feed.close()


def test_nothing_is_lost(peers: Peers, follower: Follower) -> None:
    """50 tags, 100 changes a second each, QoS 1 over TLS: every number of every tag, in order."""
    peers.start("gateway", MOST)
    follower.until(lambda: sum(map(len, follower.rows)) >= TAGS * MOST, 120.0)
    came = joined(follower.rows)
    for tag in range(TAGS):
        assert came.raw[came.signal == tag].tolist() == list(range(1, MOST + 1))


def test_a_gateway_that_is_killed_leaves_its_last_will(peers: Peers, follower: Follower) -> None:
    """The broker tells, all is stale; fresh again when the gateway is back."""
    peers.start("gateway")
    follower.until(follower.fresh)
    peers.kill("gateway")
    follower.until(follower.stale)
    peers.start("gateway")
    follower.until(follower.fresh)


@pytest.mark.parametrize("peers", ["counting"], indirect=True)
@pytest.mark.parametrize("stall_s", [1.5, 6.0])
def test_a_broker_that_stalls(peers: Peers, follower: Follower, stall_s: float) -> None:
    """New values of every tag within 3 s of its return, stale meanwhile where it lasted."""
    follower.until(follower.fresh)
    peers.signal(signal.SIGSTOP)
    end = time.monotonic() + stall_s
    seen: list[bool] = []
    follower.until(lambda: seen.append(follower.stale()) or time.monotonic() > end)
    peers.signal(signal.SIGCONT)
    back = time.time_ns()
    assert follower.until(lambda: follower.newer_than(back)) < RETURN_S
    assert any(seen) or stall_s < 3.0


@pytest.mark.parametrize("peers", ["counting"], indirect=True)
def test_a_broker_that_is_killed_and_started_again(peers: Peers, follower: Follower) -> None:
    """Stale meanwhile; new values of every tag within 3 s of its return."""
    follower.until(follower.fresh)
    peers.kill("counting")
    follower.until(follower.stale)
    end = time.monotonic() + 3.0
    follower.until(lambda: time.monotonic() > end)
    peers.start("counting")
    back = time.time_ns()
    assert follower.until(lambda: follower.newer_than(back)) < RETURN_S
