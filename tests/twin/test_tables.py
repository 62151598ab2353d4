"""Files as sources: what is in them arrives once, with zones and changed clocks as stated."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linetwin.errors import OpcUaError
from linetwin.scenario.mapped import SignalConfig, SourceConfig, TableConfig
from linetwin.twin.columns import BAD_TIME, NO_TIME, Mark, Raw, joined
from linetwin.twin.feed.tables import TableReader
from linetwin.twin.feed.zones import parse_times, to_utc

if TYPE_CHECKING:
    from pathlib import Path

BERLIN = "Europe/Berlin"
SIGNALS = [
    (0, SignalConfig("solids", "lab", "mixer.solids_fraction", "measurement", column="S")),
    (1, SignalConfig("lot", "lab", "mixer.binder", "lot", column="L")),
]


class Kept:
    """Keeps rows and notices."""

    def __init__(self) -> None:
        self.parts: list[Raw] = []
        self.notices: list[tuple[str, str]] = []

    def rows(self, rows: Raw) -> None:
        """Keep rows."""
        self.parts.append(rows)

    def notice(self, source: str, kind: str, text: str) -> None:
        """Keep a notice."""
        assert source == "lab"
        self.notices.append((kind, text))

    def kinds(self) -> list[str]:
        """What was told, by kind."""
        return [kind for kind, _ in self.notices]


def reader(file: Path, **table: Any) -> tuple[TableReader, Kept]:  # noqa: ANN401
    """A reader of a laboratory's file in Berlin's time."""
    kept = Kept()
    source = SourceConfig("lab", table=TableConfig(file, **table), zone=BERLIN)
    return TableReader(source, SIGNALS, kept), kept


def utc(text: str) -> int:
    """Nanoseconds of a time of UTC."""
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 10**9


LONG = pd.DataFrame(
    {
        "time": ["2026-07-01 12:00:00", "2026-07-01T12:30:00Z", "soon", "2026-07-01 12:31:00"],
        "tag": ["S", "L", "S", "?"],
        "value": ["0.61", "007", "0.62", "1"],
        "quality": ["Good", "good", "Bad", "Good"],
    }
)


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".sqlite"])
def test_a_row_a_value(tmp_path: Path, suffix: str) -> None:
    """Local time becomes UTC, a written zone counts, a lot stays text, unknown tags are told."""
    file = tmp_path / f"values{suffix}"
    if suffix == ".csv":
        LONG.to_csv(file, index=False)
    elif suffix == ".parquet":
        LONG.to_parquet(file)
    else:
        with sqlite3.connect(file) as link:
            LONG.to_sql("results", link, index=False)
        link.close()
    read, kept = reader(file, tag="tag", status="quality", table="results")
    read.look()
    (rows,) = kept.parts
    assert rows.signal.tolist() == [0, 1, 0]
    assert rows.source_time.tolist() == [
        *(utc("2026-07-01 10:00:00"), utc("2026-07-01 12:30:00"), NO_TIME)
    ]
    assert rows.raw[[0, 2]].tolist() == [0.61, 0.62]
    assert rows.texts == {1: "007"}
    assert (rows.status >> 30).tolist() == [0, 0, 2]
    assert (rows.marks == Mark.BACKFILL).all()
    assert sorted(kind for kind, _ in kept.notices) == ["no time", "not mapped"]


def test_a_column_a_signal_and_rows_that_are_added_arrive_once(tmp_path: Path) -> None:
    """Empty cells say nothing; a look without a change reads nothing; a shorter file is told."""
    file = tmp_path / "wide.csv"
    file.write_text("time,S,L\n2026-01-01 00:00,0.5,\n2026-01-01 01:00,,b2\n", encoding="utf-8")
    read, kept = reader(file)
    read.look()
    read.look()
    with file.open("a", encoding="utf-8") as stream:
        stream.write("2026-01-01 02:00,0.6,b3\n")
    read.look()
    rows = joined(kept.parts)
    assert rows.signal.tolist() == [0, 1, 0, 1]
    assert rows.texts == {1: "b2", 3: "b3"}
    assert rows.source_time[0] == utc("2025-12-31 23:00:00")
    file.write_text("time,S,L\n2026-01-02 00:00,0.7,\n", encoding="utf-8")
    read.look()
    assert "shorter" in {kind for kind, _ in kept.notices}
    assert kept.parts[-1].raw[0] == 0.7


def test_a_file_that_is_not_there_or_no_table_is_a_clear_error(tmp_path: Path) -> None:
    """The file is named, and the column that is missing."""
    read, _ = reader(tmp_path / "none.csv")
    with pytest.raises(OpcUaError, match=r"none\.csv"):
        read.look()
    (tmp_path / "odd.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    read, _ = reader(tmp_path / "odd.csv")
    with pytest.raises(OpcUaError, match="no column time"):
        read.look()


def local(*texts: str) -> np.ndarray:
    """Nanoseconds of naive times."""
    return parse_times(list(texts))[0]


ODD = ["0001-01-01", "0001-01-01T00:00:00Z", "1899-12-31T23:00Z", "2262-12-31", "2500-01-01"]
ODD += ["99999-01-01", "1795277978826", "-1e30", "1e400", "nan", "inf", "", "soon"]


@pytest.mark.parametrize("odd", ODD)
def test_a_time_that_no_plant_can_mean_is_a_row_without_one(tmp_path: Path, odd: str) -> None:
    """The year 1, 2262 or 2500, ms taken for s: told and kept, and the rows around it are read."""
    file = tmp_path / "odd.csv"
    good = "2026-01-01T00:00:00Z,0.5,"
    file.write_text(f"time,S,L\n{good}\n{odd},0.6,\n{good}\n", encoding="utf-8")
    read, kept = reader(file)
    read.look()
    rows = joined(kept.parts)
    sound = utc("2026-01-01 00:00:00")
    assert rows.source_time.tolist() == [sound, NO_TIME, sound]
    assert rows.raw.tolist() == [0.5, 0.6, 0.5]
    (told,) = kept.notices
    assert (told[0], f"row 2 the first: '{odd}'" in told[1]) == ("no time", True)
    assert rows.status.tolist() == [0, BAD_TIME, 0]


def test_the_hour_that_occurs_twice_goes_by_the_order_of_rows() -> None:
    """Berlin, 25 October 2026: summer time until the clock goes back; unsure if it never does."""
    times = local(
        *("2026-10-25 01:30", "2026-10-25 02:10", "2026-10-25 02:50"),
        *("2026-10-25 02:05", "2026-10-25 02:55", "2026-10-25 03:10"),
    )
    found, doubt = to_utc(times, BERLIN, "order", np.zeros(6, int))
    hours = ["24 23:30", "25 00:10", "25 00:50", "25 01:05", "25 01:55", "25 02:10"]
    assert found.tolist() == [utc(f"2026-10-{hour}:00") for hour in hours]
    assert not doubt.any()
    found, doubt = to_utc(times[:3], BERLIN, "order", np.zeros(3, int))
    assert doubt.tolist() == [False, True, True]
    assert found[1] == utc("2026-10-25 00:10:00")
    found, doubt = to_utc(times[1:2], BERLIN, "second", np.zeros(1, int))
    assert (found[0], doubt[0]) == (utc("2026-10-25 01:10:00"), False)


def test_an_hour_that_does_not_exist_is_read_as_if_the_clock_had_stayed() -> None:
    """Berlin, 29 March 2026, 02:30 is 01:30 UTC, and doubtful."""
    found, doubt = to_utc(local("2026-03-29 02:30"), BERLIN, "order", np.zeros(1, int))
    assert (found[0], doubt[0]) == (utc("2026-03-29 01:30:00"), True)


@settings(max_examples=100, deadline=None)
@given(
    start=st.integers(utc("2026-01-01 00:00:00") // 10**9, utc("2026-12-30 00:00:00") // 10**9),
    steps=st.lists(st.integers(1, 1700), min_size=8, max_size=60),
    zone=st.sampled_from([BERLIN, "America/New_York", "Asia/Kolkata", "UTC"]),
)
def test_a_steady_record_in_local_time_comes_back_as_utc(
    start: int, steps: list[int], zone: str
) -> None:
    """Half-hourly or denser rows through any change of clocks: UTC is found again, or doubted."""
    moments = [start + sum(steps[:n]) for n in range(len(steps))]
    written = [
        datetime.fromtimestamp(moment, ZoneInfo(zone)).replace(tzinfo=None).isoformat()
        for moment in moments
    ]
    found, doubt = to_utc(local(*written), zone, "order", np.zeros(len(moments), int))
    wrong = found != np.array(moments) * 10**9
    # A record that begins or ends within the repeated hour need not show that it goes back.
    assert not (wrong & ~doubt).any()


def test_an_export_that_tells_one_tag_after_the_other_is_put_in_the_order_of_time(
    tmp_path: Path,
) -> None:
    """By time over all tags; what goes back in time stays behind the row before it of its tag."""
    file = tmp_path / "export.csv"
    rows = [("S", 0), ("S", 20), ("S", 5), ("S", 30), ("L", 10), ("L", 20), ("L", 25)]
    lines = [f"2026-07-01T12:00:{second:02}Z,{tag},{second}" for tag, second in rows]
    file.write_text("\n".join(["time,tag,value", *lines]) + "\n", encoding="utf-8")
    files, kept = reader(file, tag="tag")
    files.look()
    found = joined(kept.parts)
    seconds = (found.source_time - utc("2026-07-01T12:00:00")) // 10**9
    order = [(0, 0), (1, 10), (0, 20), (0, 5), (1, 20), (1, 25), (0, 30)]
    assert list(zip(found.signal.tolist(), seconds.tolist(), strict=True)) == order
    assert [found.texts[n] for n in (1, 4, 5)] == ["10", "20", "25"]


def test_a_row_from_the_future_moves_no_row_behind_it(tmp_path: Path) -> None:
    """Its place in the file stands in; of a plant that is played its time is believed."""
    file = tmp_path / "future.csv"
    stamps = [("S", "2026-07-01"), ("S", "2199-07-01"), ("S", "2026-07-03"), ("L", "2026-07-04")]
    lines = [f"{stamp}T00:00:00Z,{tag},{row}" for row, (tag, stamp) in enumerate(stamps)]
    file.write_text("\n".join(["time,tag,value", *lines]) + "\n", encoding="utf-8")
    for played, order in ((False, ["0", "1", "2", "3"]), (True, ["0", "3", "1", "2"])):
        files, kept = reader(file, tag="tag")
        files.source = replace(files.source, played=played)
        files.look()
        found = joined(kept.parts)
        assert [found.texts.get(n) or f"{found.raw[n]:g}" for n in range(4)] == order


def test_a_value_is_of_the_lot_that_its_row_names(tmp_path: Path) -> None:
    """The number stays a number; a row that names no lot has none."""
    file = tmp_path / "lab.csv"
    file.write_text(
        "time,sample,value,roll\n2026-06-01T10:00:00Z,S,0.67,roll-7\n2026-06-01T11:00:00Z,S,0.68,\n"
    )
    found, kept = reader(file, tag="sample", lot="roll")
    found.look()
    rows = joined(kept.parts)
    assert rows.raw.tolist() == [0.67, 0.68]
    assert rows.texts == {0: "roll-7"}
    (tmp_path / "wide.csv").write_text("time,S,roll\n2026-06-01T10:00:00Z,0.67,roll-8\n")
    wide, kept = reader(tmp_path / "wide.csv", lot="roll")
    wide.look()
    assert joined(kept.parts).texts == {0: "roll-8"}


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        """Return the time [s]."""
        return self.now


def written(file: Path, text: str, minute: int) -> None:
    """Write a file with a time of change of its own."""
    file.write_text(text, encoding="utf-8")
    os.utime(file, (minute, minute))


def test_a_half_written_row_waits_for_its_end(tmp_path: Path) -> None:
    """21.7 in two pieces is never 2; without an end of line it is taken after 5 s unchanged."""
    file, clock = tmp_path / "grows.csv", Clock()
    read, kept = reader(file)
    read._clock = clock
    head = "time,S\n2026-01-01T00:00:00Z,1.5\n2026-01-01T00:00:01Z,"
    for minute, (tail, values) in enumerate(
        [("2", [1.5]), ("21.", [1.5]), ("21.7\n", [1.5, 21.7])]
    ):
        written(file, head + tail, minute)
        clock.now += 4.0
        read.look()
        assert joined(kept.parts).raw.tolist() == values
    head += "21.7\n2026-01-01T00:00:02Z,"
    written(file, head + "3", 10)
    read.look()
    clock.now += 4.9
    read.look()
    assert len(joined(kept.parts)) == 2
    clock.now += 0.2
    for minute in (10, 11, 12):
        os.utime(file, (minute, minute))
        read.look()
        clock.now += 5.1
        read.look()
        assert joined(kept.parts).raw.tolist() == [1.5, 21.7, 3.0]
    written(file, head + "3.2\n", 13)
    read.look()
    assert joined(kept.parts).raw.tolist() == [1.5, 21.7, 3.0, 3.2]
    assert [kind for kind in kept.kinds() if kind != "refused"] == ["completed"]


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".sqlite"])
def test_a_row_that_is_corrected_in_the_middle_is_told_and_read_again(
    tmp_path: Path, suffix: str
) -> None:
    """Of a long table: only the corrected rows and the new ones come, in the order of time."""
    file = tmp_path / f"rot{suffix}"

    def put(count: int, corrected: dict[int, float], minute: int) -> None:
        times = [f"2026-01-01T{n // 3600:02}:{n // 60 % 60:02}:{n % 60:02}Z" for n in range(count)]
        values = [corrected.get(n, float(n)) for n in range(count)]
        frame = pd.DataFrame({"time": times, "S": values})
        if suffix == ".csv":
            frame.to_csv(file, index=False)
        elif suffix == ".parquet":
            frame.to_parquet(file)
        else:
            with contextlib.closing(sqlite3.connect(file)) as link:
                frame.to_sql("rows", link, if_exists="replace", index=False)
        os.utime(file, (minute, minute))

    read, kept = reader(file, table="rows" if suffix == ".sqlite" else "")
    put(5000, {}, 1)
    read.look()
    kept.parts.clear()
    put(5002, {2400: -1.0, 3100: -2.0}, 2)
    read.look()
    assert joined(kept.parts).raw.tolist() == [-1.0, -2.0, 5000.0, 5001.0]
    told = [text for kind, text in kept.notices if kind == "changed"]
    assert told == [f"{file}: 2 rows that were read, row 2401 the first; they are read again"]
    kept.parts.clear()
    put(5003, {2400: -2.0, 3100: -2.0}, 3)
    read.look()
    assert joined(kept.parts).raw.tolist() == [-2.0, 5002.0]


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_a_file_that_is_replaced_is_read_anew(tmp_path: Path, suffix: str) -> None:
    """As many rows or more, moved into its place: told; the same rows and more: only those."""

    def put(count: int, first: float, minute: int) -> None:
        times = [f"2026-01-01T00:{n // 60:02}:{n % 60:02}Z" for n in range(count)]
        values = [first + n / 4096 for n in range(count)]
        frame, new = pd.DataFrame({"time": times, "S": values}), tmp_path / f"new{suffix}"
        if suffix == ".csv":
            frame.to_csv(new, index=False)
        else:
            frame.to_parquet(new)
        os.utime(new, (minute, minute))
        new.replace(tmp_path / f"rot{suffix}")

    read, kept = reader(tmp_path / f"rot{suffix}")
    expected: list[float] = []
    for minute, (count, first, from_row, kind) in enumerate(
        [
            (2500, 0.0, 0, ""),
            (2600, 0.0, 2500, ""),
            (2600, 1.0, 0, "replaced"),
            (3000, 2.0, 0, "replaced"),
            (10, 2.0, 0, "shorter"),
        ]
    ):
        kept.notices.clear()
        put(count, first, minute)
        read.look()
        expected += [first + n / 4096 for n in range(from_row, count)]
        assert kept.kinds() == [*([kind] if kind else []), "refused"]
        assert joined(kept.parts).raw.tolist() == expected


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"time,S,S\n2026-01-01,1,2\n", "several columns named S"),
        (b"time;S\n2026-01-01;1\n", "separated by ';'"),
        ("time,S\n2026-01-01,1\n".encode("utf-16"), "UTF-16"),
        ("time,S\n2026-01-01,1 µm\n".encode("latin-1"), "in line 2, it may be Latin-1"),
        (b"", "is empty: the first line has the names"),
    ],
)
def test_a_file_that_is_written_otherwise_is_refused_with_its_reason(
    tmp_path: Path, content: bytes, said: str
) -> None:
    """Names twice, another separator, another encoding; mended, it is read."""
    file = tmp_path / "other.csv"
    file.write_bytes(content)
    read, kept = reader(file)
    for _ in range(2):
        with pytest.raises(OpcUaError, match=said):
            read.look()
    file.write_text("time,S\n2026-01-01T00:00:00Z,0.125\n", encoding="utf-8-sig")
    read.look()
    assert joined(kept.parts).raw.tolist() == [0.125]
