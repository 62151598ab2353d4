"""Parts that a thread of its own writes: in order, told when they fail, and never lost."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest

from linetwin.results import parts, read, scribe, writer
from linetwin.results.scribe import Scribe
from linetwin.results.writer import RunWriter

if TYPE_CHECKING:
    from pathlib import Path

WRITE = parts.write


def table(first: int, count: int = 4) -> pa.Table:
    """Rows whose value is their number."""
    return pa.table({"row": pa.array(range(first, first + count), pa.int64())})


class Disk:
    """A disk that is full until somebody makes room."""

    def __init__(self, *, full: bool) -> None:
        self.full, self.order = full, list[str]()

    def write(self, data: pa.Table, file: Path) -> None:
        """Write a part, or refuse as the system does."""
        if self.full:
            raise OSError(28, "No space left on device", str(file))
        WRITE(data, file)
        self.order.append(file.name)


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    """A full disk, for parts only."""
    found = Disk(full=True)
    monkeypatch.setattr(parts, "write", found.write)
    return found


def test_the_caller_goes_on_while_a_part_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`write` returns before the disk has answered; `wait` after; the order is that of closing."""
    answered, order = threading.Event(), list[str]()

    def slow(data: pa.Table, file: Path) -> None:
        assert answered.wait(10)
        WRITE(data, file)
        order.append(file.name)

    monkeypatch.setattr(parts, "write", slow)
    one = Scribe()
    for number in range(5):
        one.write(table(number), tmp_path / f"{number}")
    assert order == []
    answered.set()
    one.close()
    assert order == ["0", "1", "2", "3", "4"]


def test_what_waits_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that is slower than the line makes it wait: memory does not grow."""
    monkeypatch.setattr(scribe, "BYTES_WAITING", 3 * table(0).nbytes)
    one, most, order = Scribe(), 0, list[str]()

    def slow(data: pa.Table, file: Path) -> None:
        time.sleep(0.005)
        WRITE(data, file)
        order.append(file.name)

    monkeypatch.setattr(parts, "write", slow)
    for number in range(20):
        one.write(table(number), tmp_path / f"{number:02d}")
        most = max(most, number + 1 - len(order))
    one.close()
    assert 1 < most <= 3
    assert order == [f"{number:02d}" for number in range(20)]


def test_a_full_disk_is_told_and_what_it_refused_is_written_later(
    tmp_path: Path, disk: Disk
) -> None:
    """The error of the system comes out of whoever waits or hands over next; no part is lost."""
    one = Scribe()
    one.write(table(0), tmp_path / "0")
    with pytest.raises(OSError, match="No space left on device"):
        one.wait()
    with pytest.raises(OSError, match="No space left on device"):
        one.wait()  # still full
    disk.full = False
    one.write(table(4), tmp_path / "1")
    one.close()
    assert disk.order == ["0", "1"]


def test_a_part_that_was_refused_keeps_its_place(tmp_path: Path, disk: Disk) -> None:
    """Several fail together: they are written in the order in which they were closed."""
    one = Scribe()
    for number in range(3):
        try:
            one.write(table(number), tmp_path / f"{number}")
        except OSError:
            assert number > 0
            break
    with pytest.raises(OSError, match="No space"):
        one.wait()
    disk.full = False
    one.close()
    assert disk.order == sorted(disk.order)
    assert disk.order[0] == "0"


def test_a_run_on_a_full_disk_fails_and_holds_every_row_once_there_is_room(
    tmp_path: Path, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run ends with the system's error; rows that were refused stand in the tables once."""
    monkeypatch.setattr(writer, "VALUES_WAITING", 70)
    run = RunWriter(tmp_path / "run", {"scenario": "tiny", "seed": 7}, "schema: 1\n")
    added = 0
    with pytest.raises(OSError, match="No space left on device"):  # noqa: PT012  which one: a race
        for tick in range(1000):
            added = tick + 1
            run.add("events", {"tick": [tick], "station": ["a"], "event": ["note"]})
        run.mark()
    with pytest.raises(OSError, match="No space left on device"):
        run.finish("failed", "full")
    assert read(tmp_path / "run").manifest["status"] == "running"
    disk.full = False
    run.finish("failed", "full")
    assert read(tmp_path / "run").manifest["status"] == "failed"
    assert read(tmp_path / "run").table("events")["tick"].tolist() == list(range(added))
