"""Values written as text: one rule for files, brokers and servers, and never a wrong number."""

from __future__ import annotations

import json
import math
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).resolve().parent))

from test_tables import Kept, joined, reader

from linetwin.errors import OpcUaError
from linetwin.scenario.mapped import BrokerConfig, Mapping, SignalConfig, SourceConfig
from linetwin.twin.columns import NO_VALUE, Flag, raw_rows
from linetwin.twin.feed.mqtt.payloads import Message
from linetwin.twin.feed.numerals import number_in
from linetwin.twin.feed.rules import Rules

SIGNAL = SignalConfig("solids", "lab", "mixer.solids_fraction", "measurement", column="S")
MAPPING = Mapping("m", "us", "1", {"lab": SourceConfig("lab")}, (SIGNAL,), Path("m.yaml"), "")
NONE = [
    *("true", "False", "1_000", "1e400", "-1e400", "NaN", "inf", "-Infinity", "null", "-", "n/a"),
    *("1.234,5", "1,5", "0x10", "1 000", "\u0661\u0662", "\uff11", "1e", ".", "+", "--1"),
]
NOTHING = ["", "  "]


def of_server(text: str) -> tuple[float, int]:
    """Value and flags of text that a server tells."""
    came = raw_rows([0], 10**18, source_time=10**18)
    came.texts[0] = text
    return judged(came)


def of_broker(text: str) -> tuple[float, int]:
    """Value and flags of text in a message."""
    broker = BrokerConfig()
    reading = Message(json.dumps({"value": text}).encode(), broker).reading(SIGNAL)
    assert reading is not None
    came = raw_rows([0], 10**18, source_time=10**18, raw=np.array([reading.number]),
                    status=reading.status)  # fmt: skip
    if reading.text is not None:
        came.texts[0] = reading.text
    return judged(came)


def of_file(folder: Path, text: str) -> tuple[float, int]:
    """Value and flags of text in a cell of a CSV file."""
    file = folder / "lab.csv"
    row = {"time": ["2026-07-01T12:00:00Z"], "tag": ["S"], "value": [text]}
    pd.DataFrame(row).to_csv(file, index=False)
    read, kept = reader(file, tag="tag")
    read.look()
    return judged(joined(kept.parts))


def judged(came: object) -> tuple[float, int]:
    """Value and flags of the one row."""
    batch = Rules(MAPPING).judge(came)  # type: ignore[arg-type]
    assert len(batch) == 1
    return float(batch.value[0]), int(batch.flags[0])


@pytest.mark.parametrize("text", [*NONE, *NOTHING])
def test_what_is_no_number_is_bad_or_none_whoever_tells_it(tmp_path: Path, text: str) -> None:
    """Flagged, so that nothing learns from it, and counted by its flag."""
    for value, flags in (of_server(text), of_broker(text), of_file(tmp_path, text)):
        assert not math.isfinite(value)
        assert flags & (Flag.NOT_A_NUMBER | Flag.BAD)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(number=st.floats(allow_nan=False, allow_infinity=False), form=st.sampled_from("regG"))
def test_what_is_written_as_a_number_is_that_number(number: float, form: str) -> None:
    """By Python's own writing; server and broker alike."""
    text = repr(number) if form == "r" else format(number, f".17{form}")
    assert number_in(f" {text} ") == float(text)
    assert of_server(text)[0] == of_broker(text)[0] == float(text)


@given(text=st.text(alphabet="0123456789.,eE+-_ \u0663\uff15aninftrue", max_size=8))
def test_no_text_is_ever_a_number_that_it_does_not_write(text: str) -> None:
    """Oracle: JSON's numbers, with a sign, leading zeros and bare points allowed."""
    found = number_in(text)
    if math.isnan(found):
        return
    plain = text.strip().lstrip("+-")
    mantissa, _, exponent = plain.lower().partition("e")
    whole, _, part = mantissa.partition(".")
    assert all(each.isascii() and each.isdigit() for each in (whole + part or "x"))
    sign = -1.0 if text.strip().startswith("-") else 1.0
    assert found == sign * json.loads(f"{whole.lstrip('0') or '0'}.{part or '0'}e{exponent or 0}")


@pytest.mark.parametrize("told", [True, False])
def test_true_and_false_are_codes_and_no_amount(tmp_path: Path, told: object) -> None:
    """JSON and Parquet have them: of a state they are 1 and 0, of a measurement nothing."""
    broker = BrokerConfig()
    reading = Message(json.dumps({"value": told}).encode(), broker).reading(SIGNAL)
    assert reading is not None
    assert math.isnan(reading.number)
    assert reading.status >> 31
    file = tmp_path / "lab.parquet"
    row = {"time": ["2026-07-01T12:00:00Z"], "tag": ["S"], "value": [told]}
    pd.DataFrame(row).to_parquet(file)
    read, kept = reader(file, tag="tag")
    read.look()
    assert judged(joined(kept.parts))[1] & Flag.NOT_A_NUMBER


def test_null_of_a_database_is_bad_no_data_and_a_lot_is_no_number(tmp_path: Path) -> None:
    """A lot 7 is the lot 7, and NULL is no lot None."""
    file = tmp_path / "lab.sqlite"
    with closing(sqlite3.connect(file)) as link, link:
        link.execute("CREATE TABLE readings (time TEXT, tag TEXT, value)")
        rows = [("S", None), ("L", None), ("L", 7), ("S", 0.5)]
        rows = [(f"2026-07-01T12:00:0{at}Z", *row) for at, row in enumerate(rows)]
        link.executemany("INSERT INTO readings VALUES (?, ?, ?)", rows)
    read, kept = reader(file, table="readings", tag="tag")
    read.look()
    came = joined(kept.parts)
    assert came.status.tolist() == [NO_VALUE, NO_VALUE, 0, 0]
    assert came.texts == {2: "7"}
    assert came.raw[3] == 0.5
    with pytest.raises(OpcUaError, match=r"no table 'reading': it has readings"):
        reader(file, table="reading", tag="tag")[0].look()


def test_a_row_with_too_many_cells_is_told_and_the_others_are_read(tmp_path: Path) -> None:
    """With file, line and number; put right, the row is read."""
    file = tmp_path / "lab.csv"
    lines = ["time,tag,value"] + [f"2026-07-01T12:00:{at:02d}Z,S,{at}.5" for at in range(20)]
    wrong = [*lines]
    wrong[4] = lines[4].replace("3.5", "3,5")
    file.write_text("\n".join([*wrong, ""]))
    read, kept = reader(file, tag="tag")
    read.look()
    assert joined(kept.parts).raw.tolist() == [at + 0.5 for at in range(20) if at != 3]
    ((kind, text),) = kept.notices
    assert kind == "refused"
    assert f"{file}: 1 rows have more cells" in text
    assert "line 5 the first" in text
    assert read.health.left_out == 1
    file.write_text("\n".join([*lines, "2026-07-01T12:00:30Z,S,9.5", ""]))
    read.look()
    assert kept.parts[-1].raw.tolist() == [3.5, 9.5]
    assert read.health.left_out == 0


def test_a_file_without_rows_or_columns_says_what_it_has(tmp_path: Path) -> None:
    """Names alone are told once; a column that is not there with those that are."""
    file, other = tmp_path / "lab.csv", tmp_path / "lab.parquet"
    file.write_text("time,S,L\n")
    read, kept = reader(file)
    read.look()
    file.write_text("time,S,L\n\n")
    read.look()
    assert kept.notices == [("no rows", f"{file} has names of columns, and no row yet")]
    pd.DataFrame({"when": ["2026-07-01"], "solids": [1.0]}).to_parquet(other)
    for table in ({}, {"time": "when"}):
        with pytest.raises(OpcUaError, match=r"has no column .*: it has when, solids"):
            reader(other, **table)[0].look()
    assert isinstance(kept, Kept)
