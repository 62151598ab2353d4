"""What came is on disk as it came, and a replay of it is judged alike."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from linetwin.errors import ResultsError
from linetwin.scenario.mapping import load_mapping
from linetwin.twin.columns import NO_TIME, SECOND, TYPES, Batch, Mark, Raw, joined, raw_rows
from linetwin.twin.feed import recording as module
from linetwin.twin.feed.collecting import Collector, concatenated
from linetwin.twin.feed.recording import Recording, recorded, recorded_files
from linetwin.twin.feed.replay import Replay

if TYPE_CHECKING:
    from pathlib import Path

    from linetwin.scenario.mapped import Mapping
    from linetwin.twin.feed.parcels import Parcel

MAPPING = """\
schema: 1
name: test
owner: tests
version: "1"
sources:
  plc: {endpoints: ["opc.tcp://nowhere:4840"], clock: {owner: tests}}
states:
  vendor: {codes: {1: Execute, 2: Held}, suspend: {cleaning: [2]}}
signals:
  speed:
    {node: i=1, address: coater.web_speed, unit: m/min, maximum: 30 m/min, greatest_rate: 9 m/min/s}
  state: {node: i=2, address: coater.state, kind: state, states: vendor}
  lot: {node: i=3, address: coater.foil, kind: lot}
"""
NOW = 1_795_262_400 * SECOND


@pytest.fixture
def mapping(tmp_path: Path) -> Mapping:
    """A coater's speed, state and lot."""
    file = tmp_path / "plant.yaml"
    file.write_text(MAPPING, encoding="utf-8")
    return load_mapping(file)


def stream(count: int, seed: int = 1) -> list[Raw]:
    """Messy rows in pieces: late, repeated, bad, without times, texts and codes."""
    chance = np.random.default_rng(seed)
    pieces = []
    for n in range(count):
        size = int(chance.integers(1, 9))
        signal = chance.integers(0, 3, size)
        arrival = NOW + n * SECOND
        stamps = arrival - chance.choice([0, 1, 30, 3600], size) * SECOND
        stamps[chance.random(size) < 0.1] = NO_TIME
        raw = chance.choice([1.0, 2.0, 7.0, 900.0], size)
        raw[signal == 2] = math.nan
        rows = raw_rows(
            signal,
            arrival,
            source_time=stamps,
            raw=raw,
            status=chance.choice([0, 0, 0x80000000, 0x480], size),
            marks=int(Mark.FIRST) if n == 0 else 0,
        )
        rows.texts.update({int(row): f"roll-{n}" for row in np.flatnonzero(signal == 2)})
        pieces.append(rows)
    return pieces


def assert_same(one: Raw, other: Raw) -> None:
    """The same rows to the bit."""
    for name in TYPES:
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), name)
    assert one.texts == other.texts


def collected(mapping: Mapping, recording: Recording, pieces: list[Raw]) -> list[Batch]:
    """What a collector hands on of these pieces."""
    found: list[Batch] = []

    def offer(parcel: Parcel) -> bool:
        if parcel.batch is not None:
            found.append(parcel.batch)
        return True

    collector = Collector(mapping, recording, offer)
    for piece in pieces:
        collector.rows(piece)
        collector.tick([])
    recording.close()
    return found


def test_a_replay_is_the_same_columns_judged_alike(
    mapping: Mapping, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Parts and joined files hold every row as it came; times, values and flags come out alike."""
    monkeypatch.setattr(module, "ROWS_PER_PART", 20)
    monkeypatch.setattr(module, "PARTS_PER_FILE", 4)
    folder = tmp_path / "feed"
    live = concatenated(collected(mapping, Recording(folder, mapping), stream(120)))
    names = [file.name for file in folder.glob("values-*")]
    assert any("-" in name.removeprefix("values-") for name in names)
    replay = Replay(folder)
    again = []
    while not replay.ended:
        parcel = replay.take()
        assert parcel is not None
        assert parcel.batch is not None
        again.append(parcel.batch)
    played = concatenated(again)
    assert_same(played.came, live.came)
    for name in ("time", "value", "flags"):
        np.testing.assert_array_equal(getattr(played, name), getattr(live, name), name)
    names = [signal.name for signal in mapping.signals]
    flags = np.concatenate([flags for _, flags in recorded(folder, names)])
    np.testing.assert_array_equal(flags, live.flags)


def test_a_kill_loses_no_closed_part_and_reads_none_twice(
    mapping: Mapping, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half a file under its temporary name, and parts beside the file that joins them."""
    monkeypatch.setattr(module, "ROWS_PER_PART", 20)
    folder = tmp_path / "feed"
    pieces = stream(60)
    collected(mapping, Recording(folder, mapping), pieces)
    files = recorded_files(folder)
    whole = joined([rows for rows, _ in recorded(folder, ["speed", "state", "lot"])])
    assert_same(whole, joined(pieces))
    last = len(files)
    (folder / f"values-{last + 1:09d}.parquet.tmp").write_bytes(b"PAR1 half")
    tables = [pq.read_table(file) for file in files[:3]]
    pq.write_table(pa.concat_tables(tables), folder / "values-000000001-000000003.parquet")
    assert_same(joined([rows for rows, _ in recorded(folder, ["speed", "state", "lot"])]), whole)


def test_a_missing_part_is_refused_by_name(
    mapping: Mapping, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the middle, at the end, or the list itself; what is left is played on demand."""
    monkeypatch.setattr(module, "ROWS_PER_PART", 20)
    monkeypatch.setattr(module, "PARTS_PER_FILE", 3)
    for number, place in enumerate((1, -1)):
        folder = tmp_path / f"feed{number}"
        collected(mapping, Recording(folder, mapping), stream(120))
        Replay(folder).close()
        files = recorded_files(folder)
        files[place].unlink()
        with pytest.raises(ResultsError, match=files[place].name):
            Replay(folder)
        Replay(folder, incomplete=True).close()
    (folder / "manifest.json").unlink()
    with pytest.raises(ResultsError, match="nobody knows whether all is there"):
        Replay(folder)


def test_the_speed_of_a_replay_is_that_of_the_recording_times_a_factor(
    mapping: Mapping, tmp_path: Path
) -> None:
    """Nothing is due before its time; 29 s of recording last 0.29 s at a hundredfold."""
    folder = tmp_path / "feed"
    collected(mapping, Recording(folder, mapping), stream(30))
    now = 0.0
    replay = Replay(folder, speed=100.0, clock=lambda: now)
    assert replay.take(0.0) is None or replay.take(0.0) is None
    seen = 0
    while not replay.ended:
        parcel = replay.take(0.0)
        if parcel is None:
            now += 0.005
            continue
        assert parcel.batch is not None
        assert (parcel.sent - NOW) / SECOND / 100.0 <= now + 1e-9
        seen += len(parcel.batch)
    assert now == pytest.approx(0.29, abs=0.011)
    assert seen <= sum(map(len, stream(30)))


def test_an_engine_that_takes_nothing_loses_the_oldest_rows_and_is_told(
    mapping: Mapping, tmp_path: Path
) -> None:
    """Rows wait up to the limit; what is dropped is counted, told once, and on disk as well."""
    taken: list[Parcel] = []
    ready = False

    def offer(parcel: Parcel) -> bool:
        if ready:
            taken.append(parcel)
        return ready

    recording = Recording(tmp_path / "feed", mapping)
    collector = Collector(mapping, recording, offer, most_waiting=50)
    pieces = stream(60)
    for piece in pieces:
        collector.rows(piece)
        collector.tick([])
    ready = True
    collector.tick([])
    recording.close()
    rows = sum(map(len, pieces))
    batch = concatenated([parcel.batch for parcel in taken if parcel.batch is not None])
    assert len(batch) == 50
    np.testing.assert_array_equal(batch.came.arrival, joined(pieces).arrival[-50:])
    assert (taken[0].counts.rows, taken[0].counts.dropped) == (rows, rows - 50)
    assert [notice.kind for notice in taken[0].notices].count("dropped") == 1
    assert recording.rows == rows


def test_a_folder_that_holds_anything_is_refused(mapping: Mapping, tmp_path: Path) -> None:
    """And so is one without a recording."""
    with pytest.raises(ResultsError, match="not empty"):
        Recording(tmp_path, mapping)
    (tmp_path / "empty").mkdir()
    with pytest.raises(ResultsError, match="no recorded values"):
        list(recorded(tmp_path / "empty", []))
