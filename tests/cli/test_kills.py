"""kill -9 at any moment, then `resume` of the folder: the run that nothing had happened to."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cli_support import COMMAND, PATIENCE_S, Answer, Clerk, Order, linetwin
from test_resuming import assert_same_tables

from linetwin.results import read

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
KILLED = Path(__file__).with_name("killed.py")


def assert_same_end(one: Path, other: Path) -> None:
    """The same tables and key figures, the same events, and nothing half-written left behind."""
    assert_same_tables(one, other)
    first, second = read(one), read(other)
    assert first.kpis == second.kpis
    for entry in ("status", "end_tick", "events", "ended_by", "outside_validity"):
        assert first.manifest[entry] == second.manifest[entry], entry
    listed = sorted(file.name for file in (other / "snapshots").iterdir())
    assert second.manifest["snapshots"] == listed
    left = [file.name for file in other.rglob("*") if file.suffix in {".tmp", ".partial"}]
    assert left == []
    assert not (other / "parts").exists()


def start(*arguments: str | Path) -> subprocess.Popen[bytes]:
    """Start a command that is going to be killed."""
    return subprocess.Popen(
        [*COMMAND, *map(str, arguments)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def wait(process: subprocess.Popen[bytes], until: Callable[[], bool]) -> None:
    """Wait until something holds, or the process has ended."""
    end = time.monotonic() + PATIENCE_S
    while process.poll() is None and not until():
        assert time.monotonic() < end
        time.sleep(0.01)


def snapshots_in(folder: Path) -> int:
    """How many snapshots have got their name."""
    return len(list(folder.glob("snapshots/*.snapshot")))


def killed_often(begin: list[str | Path], folder: Path, kills: int) -> tuple[int, Answer]:
    """Begin a run and resume it again and again, each killed at a random moment after a snapshot.

    The last resume is left in peace. Returns how many were killed before they came to their end.
    """
    chance = random.Random(20_261_121)  # noqa: S311  a sample, no secret
    command, done = begin, 0
    for _ in range(kills):
        process = start(*command)
        wanted = snapshots_in(folder) + 1
        wait(process, lambda: snapshots_in(folder) >= wanted)  # noqa: B023  called at once
        time.sleep(chance.uniform(0.0, 0.3))
        process.kill()
        done += process.wait(timeout=60) == -signal.SIGKILL
        command = ["resume", folder]
    return done, linetwin("resume", folder)


def test_after_three_kills_at_random_the_run_ends_alike(saved: Order, tmp_path: Path) -> None:
    """The small order, begun once, killed and resumed three times, against one left alone."""
    order = Order(tmp_path)
    begin = ["run", order.file, "-o", order.run, "--snapshot-every", "12 h"]
    kills, answer = killed_often(begin, order.run, 3)
    assert kills == 3
    assert answer.code == 0, answer.err
    assert "going on from" in answer.err
    assert_same_end(saved.run, order.run)


@pytest.mark.slow
def test_the_baseline_ends_alike_after_twenty_kills(tmp_path: Path) -> None:
    """1,000 cells: begun, killed and resumed twenty times."""
    every = ("--snapshot-every", "1 h")
    alone, other = tmp_path / "alone", tmp_path / "other"
    assert linetwin("run", "baseline", "-o", alone, *every).code == 0
    kills, answer = killed_often(["run", "baseline", "-o", other, *every], other, 20)
    assert kills == 20
    assert answer.code == 0, answer.err
    assert_same_end(alone, other)


MOMENTS = {
    "a snapshot half written": (r"\.snapshot$", 3, "half"),
    "a part half written": (r"parts/events-\d+\.parquet$", 4, "half"),
}
MORE_MOMENTS = {
    "the tables half merged": (r"run/links\.parquet$", 1, "after"),
    "a snapshot without its name": (r"\.snapshot$", 3, "before"),
    "a snapshot that the manifest does not know": (r"\.snapshot$", 3, "after"),
    "a part without its name": (r"parts/signals-\d+\.parquet$", 4, "before"),
    "a merged table half written": (r"run/cells\.parquet$", 1, "half"),
    "the manifest half written": (r"manifest\.json$", 4, "half"),
}


@pytest.mark.parametrize(
    ("pattern", "count", "moment"),
    [
        *(pytest.param(*each, id=name) for name, each in MOMENTS.items()),
        *(pytest.param(*e, id=n, marks=pytest.mark.slow) for n, e in MORE_MOMENTS.items()),
    ],
)
def test_a_kill_in_the_middle_of_writing_costs_nothing(
    saved: Order, clerk: Clerk, tmp_path: Path, pattern: str, count: int, moment: str
) -> None:
    """Whatever is half written when the kill comes, the newest whole snapshot leads to the end."""
    order = Order(tmp_path)
    asked = json.dumps({"name": pattern, "count": count, "moment": moment})
    command = [sys.executable, KILLED, asked, "run", order.file, "-o", order.run]
    done = subprocess.run(
        [*map(str, command), "--snapshot-every", "12 h"],
        capture_output=True,
        check=False,
        timeout=120,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    answer = clerk("resume", order.run)
    assert answer.code == 0, answer.err
    assert_same_end(saved.run, order.run)


def test_a_kill_before_the_report_leaves_only_the_report_to_write(
    saved: Order, clerk: Clerk, tmp_path: Path
) -> None:
    """A run that has ended is not run again: the report is written, and nothing else touched."""
    copy = shutil.copytree(saved.run, tmp_path / "copy")
    (copy / "report.html").unlink()
    (copy / "kpis.json").unlink()
    for _ in range(2):
        answer = clerk("resume", copy)
        assert answer.code == 0, answer.err
        assert "has ended" in answer.err
        assert (copy / "report.html").is_file()
    assert_same_end(saved.run, copy)


def still_running(folder: Path) -> None:
    """Make a run folder say what a killed one says."""
    file = folder / "manifest.json"
    manifest = json.loads(file.read_text("utf-8"))
    file.write_text(json.dumps({**manifest, "status": "running"}), encoding="utf-8")


def test_a_damaged_newest_snapshot_is_named_and_the_one_before_taken(
    saved: Order, clerk: Clerk, tmp_path: Path
) -> None:
    """By folder: passed over, with a reason. By name: refused, and the one before is offered."""
    copy = shutil.copytree(saved.run, tmp_path / "copy")
    still_running(copy)
    *_, good, newest = sorted((copy / "snapshots").iterdir())
    newest.write_bytes(newest.read_bytes()[:-5])
    refused = clerk("resume", newest)
    assert refused.code == 2
    assert f"{newest.name} cannot be continued" in refused.err
    assert f"linetwin resume {good}" in refused.err
    answer = clerk("resume", copy)
    assert answer.code == 0, answer.err
    assert f"passed over: {newest}" in answer.err
    assert f"going on from {good}" in answer.err
    assert_same_end(saved.run, copy)


def test_snapshots_after_the_one_that_is_resumed_are_gone_at_once(
    saved: Order, tmp_path: Path
) -> None:
    """They count on rows that are dropped: a kill on the way must not find them."""
    copy = shutil.copytree(saved.run, tmp_path / "copy")
    *before, third, _, _ = sorted((copy / "snapshots").iterdir())
    process = start("resume", third)
    wait(process, lambda: read(copy).manifest["status"] == "running")
    assert snapshots_in(copy) == len(before) + 1
    process.kill()
    process.wait(timeout=60)
    assert linetwin("resume", copy).code == 0
    assert_same_end(saved.run, copy)


def test_a_folder_without_a_whole_snapshot_says_so(
    saved: Order, clerk: Clerk, tmp_path: Path
) -> None:
    """All damaged: each is named; none at all: run it again; exit code 2."""
    copy = shutil.copytree(saved.run, tmp_path / "copy")
    still_running(copy)
    for file in (copy / "snapshots").iterdir():
        file.write_bytes(b"")
    answer = clerk("resume", copy)
    assert answer.code == 2
    assert all(file.name in answer.err for file in (copy / "snapshots").iterdir())
    shutil.rmtree(copy / "snapshots")
    answer = clerk("resume", copy)
    assert (answer.code, "holds no snapshot: run it again" in answer.err) == (2, True)
