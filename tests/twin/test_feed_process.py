"""The feed's process: what a server says arrives, is recorded; it ends with its parent."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
import time
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from reading import wait_until
from small_server import mapping_text

from linetwin.errors import LinkError, ScenarioError
from linetwin.twin.feed import process
from linetwin.twin.feed.collecting import concatenated
from linetwin.twin.feed.parcels import Latest
from linetwin.twin.feed.process import FeedOrder, LiveFeed
from linetwin.twin.feed.recording import recorded
from linetwin.twin.feed.replay import Replay
from linetwin.twin.opcua.health import Health
from linetwin.twin.security.folders import SecurityFolder
from linetwin.twin.security.identity import Wish, create_identity

if TYPE_CHECKING:
    from pathlib import Path

    from small_server import SmallServer

    from linetwin.twin.columns import Batch

LABORATORY = "  lab: {file: lab.csv, clock: {owner: tests}}\n"
SIGNALS = """\
  a:
    {source: plc, node: nsu=plant;s=p, address: coater.web_speed, unit: m/s, sampling: 0 s,
     queue: 1000}
  solids: {source: lab, column: S, address: mixer.solids_fraction}
"""


@pytest.fixture
def order(tmp_path: Path, shared: SmallServer) -> FeedOrder:
    """A feed from that server and a file, recorded."""
    create_identity(SecurityFolder(tmp_path / "security"), Wish("test"))
    (tmp_path / "lab.csv").write_text("time,S\n2026-01-01T00:00Z,0.5\n", encoding="utf-8")
    file = tmp_path / "plant.yaml"
    file.write_text(mapping_text(shared.endpoint, SIGNALS, LABORATORY), encoding="utf-8")
    return FeedOrder(file, tmp_path / "security", record=tmp_path / "feed", part_s=0.3)


def is_alive(process: int) -> bool:
    """Whether a process runs."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def test_values_come_from_server_and_file_and_are_recorded_as_they_came(
    order: FeedOrder, shared: SmallServer
) -> None:
    """In order, none lost, the file's among them; the recording plays the same rows again."""
    feed = LiveFeed(order)
    latest = Latest(feed.mapping)
    batches: list[Batch] = []

    def count() -> int:
        parcel = feed.take(0.05)
        if parcel is not None:
            latest.take(parcel)
            if parcel.batch is not None:
                batches.append(parcel.batch)
        return sum(map(len, batches))

    wait_until(lambda: count() == 2)
    for n in range(1, 101):
        shared.write({"p": float(n)})
    wait_until(lambda: count() == 102)
    process = feed.process_id
    assert not latest.stale(time.time_ns()).any()
    assert (latest.value[0], latest.value[1]) == (100.0, 0.5)
    assert latest.health["plc"].state == "live"
    assert latest.health["plc"].application.startswith("urn:")
    feed.close()
    assert not is_alive(process)
    last = feed.rest[-1].counts
    assert (last.rows, last.recorded) == (102, 102)
    live = concatenated(batches)
    assert live.came.raw[live.came.signal == 0].tolist() == [float(n) for n in range(101)]
    assert order.record is not None
    replay = Replay(order.record)
    again = concatenated([p.batch for p in iter(replay.take, None) if p.batch is not None])
    for name in ("time", "value", "flags"):
        np.testing.assert_array_equal(getattr(again, name), getattr(live, name))


@pytest.mark.slow
def test_a_feed_that_is_killed_is_an_error_and_its_recording_is_whole(
    order: FeedOrder, shared: SmallServer
) -> None:
    """kill -9: the engine is told, parts that were closed are read."""
    feed = LiveFeed(order)
    assert order.record is not None
    folder = order.record
    names = ["a", "solids"]
    wait_until(lambda: feed.take(0.05) is not None and list(folder.glob("values-*.parquet")))
    wait_until(lambda: sum(len(rows) for rows, _ in recorded(folder, names)) == 2)
    os.kill(feed.process_id, signal.SIGKILL)

    def fails() -> bool:
        try:
            feed.take(0.05)
        except LinkError as error:
            return "has ended" in str(error)
        return False

    wait_until(fails)
    feed.close()
    assert sum(len(rows) for rows, _ in recorded(folder, names)) == 2


@pytest.mark.slow
def test_the_process_ends_with_its_parent(order: FeedOrder, tmp_path: Path) -> None:
    """Also when that is killed and can say nothing."""
    script = tmp_path / "engine.py"
    script.write_text(
        textwrap.dedent(f"""
            import time
            from pathlib import Path
            from linetwin.twin.feed.process import FeedOrder, LiveFeed
            if __name__ == "__main__":
                paths = {str(order.mapping)!r}, {str(order.security)!r}
                feed = LiveFeed(FeedOrder(*map(Path, paths)))
                while feed.take(1.0) is None:
                    pass
                print(feed.process_id, flush=True)
                time.sleep(600)
        """),
        encoding="utf-8",
    )
    engine = subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE)
    assert engine.stdout is not None
    process = int(engine.stdout.readline())
    assert is_alive(process)
    engine.kill()
    engine.wait()
    engine.stdout.close()
    wait_until(lambda: not is_alive(process))


def test_without_a_certificate_nothing_is_started(order: FeedOrder, tmp_path: Path) -> None:
    """It is told where a person sees it, with what to do."""
    with pytest.raises(ScenarioError, match="no certificate of our own"):
        LiveFeed(replace(order, security=tmp_path / "nothing"))


class Broken:
    """A source whose reader meets what nobody foresaw, and then reads."""

    def __init__(self) -> None:
        self.health = Health("lab")
        self.attempts = 0

    async def run(self) -> None:
        """Fail twice, then go on until cancelled."""
        self.attempts += 1
        if self.attempts < 3:
            raise ZeroDivisionError("no such thing")
        await asyncio.Event().wait()


def test_a_defect_in_one_source_is_told_and_ends_no_other(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Down with the place in the code, told and logged once, tried again; cancelled as ever."""
    monkeypatch.setattr(process, "AGAIN_S", 0.01)
    told: list[tuple[str, str, str]] = []
    broken = Broken()
    collector = SimpleNamespace(notice=lambda *what: told.append(what))

    async def run() -> None:
        task = asyncio.create_task(process._kept(broken, collector))  # type: ignore[arg-type]
        await asyncio.sleep(0.3)
        assert not task.done()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert task.cancelled()

    asyncio.run(run())
    ((source, kind, text),) = told
    assert (source, kind, broken.health.failures, broken.attempts) == ("lab", "down", 2, 3)
    assert "ZeroDivisionError: no such thing (test_feed_process.py:" in text
    assert [record.exc_info is not None for record in caplog.records] == [True]
