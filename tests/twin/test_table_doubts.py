"""What a file says that cannot be believed as it stands: dates, words of status, rows."""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from test_tables import reader, utc

from linetwin.twin.columns import BAD_TIME, NO_TIME, joined

if TYPE_CHECKING:
    from pathlib import Path


def test_a_date_is_not_guessed(tmp_path: Path) -> None:
    """05.11. is no 11th of May: bad unless the mapping says how times are written."""
    file = tmp_path / "german.csv"
    file.write_text("time,S\n05.11.2026 08:00,0.5\n13.11.2026 08:00,0.6\n1_000,0.7\n")
    read, kept = reader(file)
    read.look()
    rows = joined(kept.parts)
    assert (rows.source_time == NO_TIME).all()
    assert (rows.status == BAD_TIME).all()
    read, kept = reader(file, time_format="%d.%m.%Y %H:%M")
    read.look()
    rows = joined(kept.parts)
    times = [utc("2026-11-05 07:00:00"), utc("2026-11-13 07:00:00")]
    assert sorted(rows.source_time.tolist()) == sorted([*times, NO_TIME])
    assert "row 3 the first: '1_000'" in kept.notices[-1][1]


@pytest.mark.parametrize("suffix", [".csv", ".sqlite"])
def test_status_words_that_nobody_knows_are_told(tmp_path: Path, suffix: str) -> None:
    """An empty cell says nothing against a value; other words are Bad, told with their number."""
    file = tmp_path / f"quality{suffix}"
    times = [f"2026-01-01T00:0{minute}:00Z" for minute in range(6)]
    words = [None, "GOOD", "uncertain", "ok", "ok", "2147483648"]
    frame = pd.DataFrame({"time": times, "tag": "S", "value": 0.5, "quality": words})
    if suffix == ".csv":
        frame.to_csv(file, index=False)
    else:
        with contextlib.closing(sqlite3.connect(file)) as link:
            frame.to_sql("results", link, index=False)
    read, kept = reader(file, tag="tag", status="quality", table="results")
    read.look()
    assert (joined(kept.parts).status >> 30).tolist() == [0, 0, 1, 2, 2, 2]
    ((kind, text),) = kept.notices
    assert (kind, "'ok' 2 times taken as Bad" in text) == ("unknown status", True)


def test_a_column_of_bad_values_only_is_told(tmp_path: Path) -> None:
    """It may be another column than the one that was meant."""
    file = tmp_path / "bad.csv"
    file.write_text("time,tag,value,q\n2026-01-01T00:00Z,S,0.5,Bad\n2026-01-01T00:01Z,S,0.5,bad\n")
    read, kept = reader(file, tag="tag", status="q")
    read.look()
    assert kept.notices == [("all bad", "column q: all 2 rows are bad")]


def test_a_decimal_comma_is_told_with_its_row(tmp_path: Path) -> None:
    """A cell that is written as no number has no value: said with file, row and the cell."""
    file = tmp_path / "comma.csv"
    file.write_text('time,S\n2026-01-01T00:00Z,0.5\n2026-01-01T00:01Z,"0,6"\n')
    read, kept = reader(file)
    read.look()
    rows = joined(kept.parts)
    assert np.isnan(rows.raw).tolist() == [False, True]
    kind, text = kept.notices[-1]
    assert (kind, read.health.left_out) == ("no number", 1)
    assert text.startswith(f"{file}: 1 values are no numbers and are not used, row 2 the first")
    assert "'0,6'; a number is written with a point" in text
    lines = "time,S\n2026-01-01T00:00Z,0.5\n2026-01-01T00:01Z,0.6\n"
    for more, left_out in (("", 0), ('2026-01-01T00:02Z,"0,7"\n', 1), ("", 0)):
        file.write_text(lines + more)
        read.look()
        assert read.health.left_out == left_out  # of the file as it stands, not ever
