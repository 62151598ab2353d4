"""A disk that is full: the twin goes on, says so, and writes again what it has held."""

from __future__ import annotations

import errno
import signal
import time
from typing import TYPE_CHECKING

import numpy as np
import pytest

from linetwin.errors import ResultsError
from linetwin.results.audit import entries
from linetwin.results.audit_check import verify
from linetwin.scenario import load
from linetwin.scenario.mapping import load_mapping
from linetwin.scenario.twin import AlertConfig
from linetwin.twin.assimilating.rows import Outcome, Prediction
from linetwin.twin.board import held as held_module
from linetwin.twin.board.board import LOG, Board, read_board
from linetwin.twin.board.desk import AUDIT, Desk, read_standing
from linetwin.twin.board.signs import Sign, Situation, signs
from linetwin.twin.columns import raw_rows
from linetwin.twin.feed.collecting import Collector
from linetwin.twin.feed.process import FeedOrder, LiveFeed
from linetwin.twin.feed.recording import Recording, recorded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from linetwin.twin.feed.parcels import Parcel

resource = pytest.importorskip("resource")
MAPPING = """\
schema: 1
name: test
owner: tests
version: "1"
sources:
  plc: {endpoints: ["opc.tcp://nowhere:4840"], clock: {owner: tests}}
signals:
  speed: {source: plc, node: i=1, address: cathode.coater.web_speed, unit: m/s}
"""
FULL = OSError(errno.ENOSPC, "No space left on device")


def predicted(number: int, made: int) -> Prediction:
    """Return a prediction of a lot."""
    return Prediction(
        f"p{number}", made, "coater", f"lot-{number}", "loading", "kg/m2", 1.0, 0.8, 1.2, 1.5
    )


def came(number: int, tick: int) -> Outcome:
    """Return a reading of a lot, just as predicted."""
    return Outcome(f"p{number}", tick, tick, "gauge", 1.0, 0.0, f"plant-{number}")


def scored(board: Board) -> int:
    """Return how many outcomes count."""
    return next(score.count for score in board.scores() if score.span == "all")


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Try again at once."""
    monkeypatch.setattr(held_module, "AGAIN_S", 0.0)


@pytest.fixture
def small_disk() -> Iterator[None]:
    """Let no file of this process grow beyond 4 kB, as on a disk that is nearly full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    signal.signal(signal.SIGXFSZ, before)


def room() -> None:
    """Make room on that disk."""
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))


@pytest.mark.usefixtures("small_disk")
def test_what_is_held_is_written_when_there_is_room(tmp_path: Path) -> None:
    """In its order, each once, in a chain that holds; the file has no torn line meanwhile."""
    board = Board(tmp_path)
    for number in range(30):
        board.register([predicted(number, number)], number)
    assert board.unwritten
    assert 0 < board.held < 30
    written = read_board(tmp_path).tally.counts["predicted"]
    assert written == 30 - board.held == board.tally.counts["predicted"]
    room()
    board.flush(100)
    assert (board.unwritten, board.held) == ("", 0)
    board.score([came(number, 101) for number in range(30)], 101)
    verify(tmp_path / LOG)
    told = [each for each in entries(tmp_path / LOG) if each.what == "predicted"]
    rows = [row["id"] for each in told for row in each.after["rows"]]
    assert rows == [f"p{number}" for number in range(30)]
    assert scored(Board(tmp_path)) == 30


def test_a_prediction_is_registered_when_it_is_on_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its outcome came while it was in memory only: it is no proof, and is not scored."""
    board = Board(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr("linetwin.results.audit._append", _full)
        board.register([predicted(1, 10), predicted(2, 10)], 10)
        board.score([came(1, 20)], 21)
    board.flush(30)
    board.score([came(2, 40)], 41)
    assert scored(board) == 1
    assert board.tally.counts["late"] == 1


def test_what_was_written_although_it_failed_is_not_written_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The line is on the disk, its anchor has no room: it stays one line."""
    board = Board(tmp_path)
    board.register([predicted(0, 0)], 0)
    with monkeypatch.context() as patch:
        patch.setattr("linetwin.results.audit._write", _full)
        board.register([predicted(1, 1)], 1)
        assert board.held == 1
    board.flush(5)
    assert [e.after["rows"][0]["id"] for e in entries(tmp_path / LOG) if e.after] == ["p0", "p1"]
    assert board.tally.counts == {"predicted": 2}
    assert read_board(tmp_path).head == board.head


def test_memory_has_a_bound_and_what_is_given_up_is_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The oldest go; the log says how many rows are missing."""
    monkeypatch.setattr(held_module, "MOST_ROWS", 10)
    board = Board(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr("linetwin.results.audit._append", _full)
        for number in range(25):
            board.register([predicted(number, number)], number)
        assert board.held == 10
    board.flush(30)
    said = list(entries(tmp_path / LOG))
    assert [e.after for e in said if e.what == held_module.LEFT_OUT] == [{"rows": 15}]
    assert board.tally.counts["predicted"] == 10


def test_alerts_go_on_in_memory_and_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What happened to them is in the audit log afterwards, what stands in its file."""
    now = time.time()
    desk = Desk(tmp_path, AlertConfig(), clock=lambda: now)
    with monkeypatch.context() as patch:
        patch.setattr("linetwin.results.audit._append", _full)
        patch.setattr("linetwin.twin.board.desk.replace_file", _full)
        desk.look([Sign("drift x", "drift", "x drifts", "look", 0)], 0)
        assert desk.unwritten == "No space left on device"
        assert [each.text for each in desk.alerts.shown()] == ["x drifts"]
        config = load("live_twin").twin
        assert config is not None
        (told,) = signs(Situation(0, unwritten=desk.unwritten), config)
        assert (told.kind, told.priority) == ("unwritten", "high")
    now += 6
    desk.look([], 0)
    assert not desk.unwritten
    assert "alert raised" in [each.what for each in entries(tmp_path / AUDIT)]
    assert len(read_standing(tmp_path)["shown"]) == 1


def _full(*_: object) -> None:
    raise FULL


def taken_by(parcels: list[Parcel]) -> Callable[[Parcel], bool]:
    """Return an engine that takes all parcels."""

    def take(parcel: Parcel) -> bool:
        parcels.append(parcel)
        return True

    return take


@pytest.mark.usefixtures("small_disk")
def test_a_recording_holds_its_rows_until_there_is_room(tmp_path: Path) -> None:
    """Nothing is lost and nothing is there twice; it is told when it begins and when it is over."""
    file = tmp_path / "mapping.yaml"
    file.write_text(MAPPING)
    mapping = load_mapping(file)
    recording = Recording(tmp_path / "feed", mapping, part_s=0.0)
    parcels: list[Parcel] = []
    collector = Collector(mapping, recording, taken_by(parcels))
    chance = np.random.default_rng(1)
    told: list[float] = []
    for number in range(6):
        values = chance.standard_normal(500 if 0 < number < 5 else 5)
        told += values.tolist()
        times = (np.arange(len(values)) + 1000 * number) * 1_000_000 + 1_800_000_000_000_000_000
        signal = np.zeros(len(values), np.int32)
        collector.rows(raw_rows(signal, times, source_time=times, raw=values))
        collector.tick([])
        if number == 4:
            assert recording.unwritten
            assert len(list((tmp_path / "feed").glob("*.tmp"))) == 0
            room()
    recording.close()
    notices = [each.text for parcel in parcels for each in parcel.notices]
    assert ["held in memory" in notices[0], "room again" in notices[1]] == [True, True]
    rows = [raw.raw for raw, _ in recorded(tmp_path / "feed", ["speed"])]
    assert np.concatenate(rows).tolist() == told
    assert len((tmp_path / "feed" / "notices.jsonl").read_text().splitlines()) == 2


def test_a_recording_that_ends_without_room_says_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is no success."""
    file = tmp_path / "mapping.yaml"
    file.write_text(MAPPING)
    mapping = load_mapping(file)
    recording = Recording(tmp_path / "feed", mapping)
    collector = Collector(mapping, recording, lambda _: True)
    collector.rows(raw_rows([0], 1_800_000_000_000_000_000, raw=np.ones(1)))
    collector.tick([])
    monkeypatch.setattr("linetwin.results.parts.write", _full)
    with pytest.raises(ResultsError, match="1 rows are not recorded: No space left"):
        recording.close()


@pytest.mark.usefixtures("small_disk")
def test_a_feed_whose_disk_stays_full_ends_with_an_error(tmp_path: Path) -> None:
    """Rows that never find room are counted in its last word, which the engine keeps."""
    file = tmp_path / "mapping.yaml"
    file.write_text(
        MAPPING.replace('endpoints: ["opc.tcp://nowhere:4840"]', "file: lab.csv").replace(
            "node: i=1", "column: S"
        )
    )
    rows = [f"2026-01-01T00:{row // 60:02d}:{row % 60:02d}Z,{np.sin(row)}\n" for row in range(100)]
    (tmp_path / "lab.csv").write_text("".join(["time,S\n", *rows]))
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1500, hard))
    feed = LiveFeed(FeedOrder(file, tmp_path / "security", record=tmp_path / "feed"))
    seen = 0
    while not seen:
        parcel = feed.take(0.1)
        seen = 0 if parcel is None or parcel.batch is None else len(parcel.batch)
    feed.close()
    assert "of 100 rows that came 100 rows are not recorded: " in feed.last_word
