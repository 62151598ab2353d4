"""Against another vendor's server: nothing lost at full rate; stalls, kills, data again in 3 s."""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING

import numpy as np
import pytest
from node_peer import NodeServer, feed_order, installed

from linetwin.twin.columns import SECOND, joined
from linetwin.twin.feed.parcels import Latest
from linetwin.twin.feed.process import LiveFeed

if TYPE_CHECKING:
    from pathlib import Path

    from linetwin.twin.columns import Raw

pytestmark = pytest.mark.slow
RETURN_S = 3.0


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """node-opcua, installed once."""
    return installed(tmp_path_factory.mktemp("node"))


class Follower:
    """An engine that takes everything, and notes when it was shown what as stale."""

    def __init__(self, feed: LiveFeed) -> None:
        self.feed = feed
        self.latest = Latest(feed.mapping)
        self.rows: list[Raw] = []
        self.delays: list[np.ndarray] = []
        self.notices: list[str] = []

    def take(self, seconds: float) -> None:
        """Follow for a time."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.once()

    def once(self) -> None:
        """Take one parcel, if there is one."""
        parcel = self.feed.take(0.05)
        if parcel is None:
            return
        self.latest.take(parcel)
        self.notices += [f"{notice.kind}: {notice.text}" for notice in parcel.notices]
        if parcel.batch is not None:
            self.rows.append(parcel.batch.came)
            self.delays.append((time.time_ns() - parcel.batch.time) / SECOND)

    def wait_for_all(self, patience_s: float = 60.0) -> None:
        """Wait until every tag has a value."""
        end = time.monotonic() + patience_s
        while (self.latest.changes == 0).any():
            assert time.monotonic() < end, self.notices
            self.once()

    def stale(self) -> np.ndarray:
        """Which tags are shown as stale now."""
        return self.latest.stale(time.time_ns())

    def seconds_until_fresh(self, patience_s: float = 60.0) -> float:
        """Return after how long every tag has had a new value and none is stale."""
        begun = time.monotonic()
        before = self.latest.arrival.copy()
        while (self.latest.arrival <= before).any() or self.stale().any():
            assert time.monotonic() < begun + patience_s, self.notices[-5:]
            self.once()
        return time.monotonic() - begun


def lost(rows: list[Raw], tags: int) -> int:
    """Return how many steps of the counts are missing or repeated."""
    whole = joined(rows)
    order = np.lexsort((np.arange(len(whole)), whole.signal))
    signal, value = whole.signal[order], whole.raw[order]
    steps = np.diff(value)[np.diff(signal) == 0]
    assert len(np.unique(signal)) == tags
    return int(np.abs(steps - 1.0).sum())


@pytest.mark.parametrize(
    ("tags", "every_ms", "seconds"), [(200, 10.0, 20.0), (20_000, 1000.0, 15.0)]
)
def test_nothing_is_lost_at_full_rate(
    packages: Path, tmp_path: Path, tags: int, every_ms: float, seconds: float
) -> None:
    """20,000 changes a second, signed and encrypted: each count follows the one before."""
    with NodeServer(packages, tmp_path / "pki", tags, every_ms) as server:
        feed = LiveFeed(feed_order(server, tmp_path, publishing="250 ms"))
        follower = Follower(feed)
        try:
            follower.wait_for_all()
            server.count()
            follower.take(seconds)
        finally:
            server.kill()
            follower.take(1.0)
            feed.close()
    counts = follower.latest.counts
    assert counts is not None
    rate = counts.rows / seconds
    delays = np.concatenate(follower.delays)[tags:]
    percentiles = np.percentile(delays, [50, 95, 99])
    cost = counts.cpu_s / counts.rows * 1e6
    text = f"{tags} tags: {rate:,.0f}/s, lag {percentiles.round(3).tolist()} s, {cost:.1f} us each"
    print(text)  # noqa: T201
    assert lost(follower.rows, tags) == 0
    assert rate > 0.9 * tags / every_ms * 1000.0
    assert (counts.dropped, follower.latest.health["plc"].missed_messages) == (0, 0)


@pytest.mark.parametrize("stall_s", [1.5, 6.0, 20.0])
def test_a_stalled_server_is_shown_as_stale_and_read_again_when_it_returns(
    packages: Path, tmp_path: Path, stall_s: float
) -> None:
    """SIGSTOP and SIGCONT; never connected and silent."""
    with NodeServer(packages, tmp_path / "pki", 20, 100.0) as server:
        feed = LiveFeed(feed_order(server, tmp_path))
        follower = Follower(feed)
        try:
            follower.wait_for_all()
            server.count()
            follower.take(2.0)
            assert not follower.stale().any()
            server.signal(signal.SIGSTOP)
            follower.take(stall_s - 0.1)
            assert follower.stale().all()
            server.signal(signal.SIGCONT)
            took = follower.seconds_until_fresh()
            print(f"stall of {stall_s} s: data again after {took:.2f} s")  # noqa: T201
            assert took < RETURN_S, follower.notices[-6:]
        finally:
            feed.close()


def test_a_killed_server_is_read_again_when_it_is_back(packages: Path, tmp_path: Path) -> None:
    """kill -9, 3 s of nothing, a restart: stale meanwhile, data within 3 s of its return."""
    with NodeServer(packages, tmp_path / "pki", 20, 100.0) as server:
        feed = LiveFeed(feed_order(server, tmp_path))
        follower = Follower(feed)
        try:
            follower.wait_for_all()
            server.count()
            follower.take(1.0)
            server.kill()
            follower.take(3.0)
            assert follower.stale().all()
            server.start()
            server.count()
            took = follower.seconds_until_fresh()
            print(f"kill and restart: data again after {took:.2f} s")  # noqa: T201
            assert took < RETURN_S, follower.notices[-6:]
        finally:
            feed.close()
