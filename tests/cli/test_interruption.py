"""Ctrl-C, kill and a hard kill: what is left can be read, and continued."""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING

import pytest
from cli_support import (
    TABLE_NAMES,
    Answer,
    Clerk,
    Order,
    linetwin,
    restored_signals,
    start_run,
    status,
)
from test_resuming import assert_same_tables

from linetwin.cli.interruption import Interrupted, Interruption
from linetwin.results import read

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
CELLS = 4000


def has_begun(folder: Path) -> bool:
    """Whether the run says that it is running, and has saved the line once."""
    return status(folder) == "running" and any(folder.glob("snapshots/*.snapshot"))


def stopped(order: Order, number: int, until: Callable[[], bool], temporary: Path) -> Answer:
    """Start a large order, send it a signal once `until()` holds, and return how it ended."""
    temporary.mkdir(exist_ok=True)
    process = start_run(order, until=until, TMPDIR=str(temporary))
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    return Answer(process.returncode, out.decode(), err.decode())


@pytest.fixture
def large(tmp_path: Path) -> Order:
    """An order that takes long enough to be interrupted."""
    return Order(tmp_path, CELLS)


def test_ctrl_c_ends_a_run_with_everything_up_to_then(large: Order, tmp_path: Path) -> None:
    """Exit code 5, summary and report as ever, and the way to go on from the last snapshot."""
    temporary = tmp_path / "temporary"
    answer = stopped(large, signal.SIGINT, lambda: has_begun(large.run), temporary)
    assert answer.code == 5, answer.err
    assert "small: interrupted" in answer.out
    assert f"report:     {large.run / 'report.html'}" in answer.out
    assert (large.run / "report.html").is_file()
    last = max(large.run.glob("snapshots/*.snapshot"))
    assert f"linetwin resume {last}" in answer.err
    assert last.name == f"{read(large.run).manifest['end_tick']:012d}.snapshot"
    assert "Traceback" not in answer.err
    found = read(large.run)
    assert (found.manifest["status"], found.manifest["ended_by"]) == ("interrupted", "interruption")
    assert all(len(found.table(name)) for name in ("events", "signals", "lots", "ledger"))
    for name in TABLE_NAMES:
        assert (large.run / f"{name}.parquet").is_file()
    materials = found.kpis["materials"].values()
    assert all(abs(entry["value"]["relative_error"]) < 1e-9 for entry in materials)
    assert list(temporary.iterdir()) == []


def test_a_run_ended_by_ctrl_c_goes_on_where_it_was(
    finished: tuple[Order, Answer], tmp_path: Path
) -> None:
    """The line is saved when the user asks to end: resumed, the tables are those of one run."""
    order = Order(tmp_path)
    answer = stopped(order, signal.SIGINT, lambda: has_begun(order.run), tmp_path / "temporary")
    assert answer.code == 5, answer.err
    resumed = linetwin("resume", order.run)
    assert resumed.code == 0, resumed.err
    assert_same_tables(finished[0].run, order.run)


def test_a_polite_kill_at_the_very_beginning_is_no_accident(large: Order, tmp_path: Path) -> None:
    """The moment the folder is there, SIGTERM leaves one that can be read and reported."""
    temporary = tmp_path / "temporary"
    answer = stopped(large, signal.SIGTERM, lambda: status(large.run) == "running", temporary)
    assert answer.code == 5, answer.err
    assert status(large.run) == "interrupted"
    assert (large.run / "report.html").is_file()
    for name in TABLE_NAMES:
        assert len(read(large.run).table(name).columns) > 1
    assert "Traceback" not in answer.err
    assert list(temporary.iterdir()) == []


def test_a_killed_run_can_be_read_reported_and_continued(tmp_path: Path, clerk: Clerk) -> None:
    """SIGKILL: status running, closed parts, a report; what lay in the temp folder goes next time.

    The snapshot continues to the end of the order.
    """
    order, temporary = Order(tmp_path, 80), tmp_path / "temporary"
    answer = stopped(order, signal.SIGKILL, lambda: has_begun(order.run), temporary)
    assert answer.code == -signal.SIGKILL
    assert status(order.run) == "running"
    assert len(read(order.run).table("signals")) > 0
    report = clerk("report", order.run)
    assert report.code == 0, report.err
    assert "small: running" in report.out
    assert any(temporary.iterdir())
    snapshot = min(order.run.glob("snapshots/*.snapshot"))
    resumed = linetwin("resume", snapshot, TMPDIR=str(temporary))
    assert resumed.code == 0, resumed.err
    assert "small: complete" in resumed.out
    assert "80 good of 80 ordered" in resumed.out
    assert list(temporary.iterdir()) == []


def test_a_second_signal_ends_at_once() -> None:
    """The first is noted, the second raises, and afterwards signals are handled as before."""
    with restored_signals():
        before = signal.getsignal(signal.SIGTERM)
        with Interruption().watched() as interruption:
            os.kill(os.getpid(), signal.SIGTERM)
            assert interruption.asked
            with pytest.raises(Interrupted):
                os.kill(os.getpid(), signal.SIGTERM)
        assert signal.getsignal(signal.SIGTERM) is before


def test_what_has_not_begun_is_not_begun_after_a_signal() -> None:
    """A signal while FMUs are loaded leaves no folder."""
    with restored_signals(), Interruption().watched() as interruption:
        os.kill(os.getpid(), signal.SIGTERM)
        with pytest.raises(Interrupted):
            interruption.check()


def test_a_signal_that_is_ignored_stays_ignored() -> None:
    """`nohup` and jobs in the background set signals aside; linetwin leaves them there."""
    with restored_signals():
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        with Interruption().watched() as interruption:
            os.kill(os.getpid(), signal.SIGHUP)
            assert not interruption.asked
