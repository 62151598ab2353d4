"""What a mapped signal means to a line: kind, station, tick, and whether it may be learnt from."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from linetwin.errors import ScenarioError
from linetwin.scenario import load
from linetwin.scenario.mapping import load_mapping
from linetwin.twin.columns import Batch, Flag, Raw, raw_rows
from linetwin.twin.feed.rules import Rules
from linetwin.twin.feed.tables import TableReader
from linetwin.twin.following.meaning import Meaning

if TYPE_CHECKING:
    from pathlib import Path

    from linetwin.twin.events import PlantEvent

S = 1_000_000_000
HOUR = 3_600_000
TEXT = """\
schema: 1
name: pilot
owner: us
version: "1"
line_start: "1970-01-01T01:00:00+00:00"
sources:
  line: {endpoints: [opc.tcp://plc:4840], clock: {owner: us}}
states: {packml: {codes: packml}}
signals:
  state: {node: i=1, address: cathode.coater.state, kind: state, states: packml}
  rolls: {node: i=2, address: cathode.coater.lot_out, kind: lot}
  slurry: {node: i=3, address: cathode.mixer.slurry, kind: lot}
  through: {node: i=4, address: cathode.calender.rolls, kind: lot}
  given: {node: i=5, address: cathode.coater.given, kind: counter}
  tank: {node: i=6, address: cathode.tank.slurry_mass, unit: kg}
  speed: {node: i=7, address: cathode.coater.web_speed, kind: setpoint, unit: m/min}
  scale: {node: i=8, address: cathode.coater.loading_scale, quantity: loading, unit: mg/cm2}
"""


@pytest.fixture
def meaning(tmp_path: Path) -> Meaning:
    """The meaning of a small mapping to the pilot line."""
    file, scenario = tmp_path / "mapping.yaml", load("live_twin")
    file.write_text(TEXT)
    mapping = load_mapping(file, scenario)
    assert mapping.line_start == 3600 * S
    return Meaning(mapping, scenario, mapping.line_start)


def told(
    meaning: Meaning, signal: int, value: float = math.nan, text: str = "", flags: int = 0
) -> list[PlantEvent]:
    """Return the events of one row, an hour and a minute after the epoch."""
    texts = {0: text} if text else {}
    came = raw_rows([signal], 3670 * S, raw=np.array([value]))
    came.texts.update(texts)
    times, flag = np.array([3660 * S]), np.array([flags], np.uint32)
    return list(meaning.events(Batch(came, times, np.array([value]), flag)))


@pytest.mark.parametrize(
    ("flags", "lot", "doubt"),
    [
        (Flag.OUT_OF_RANGE, "", "outside its range, 0 mg/cm² to 200 mg/cm²"),
        (Flag.OUT_OF_RANGE | Flag.OUT_OF_ORDER, "R-7", "outside its range, 0 mg/cm² to 200 mg/cm²"),
        (Flag.OUT_OF_ORDER, "R-7", "older than a value that came before it"),
        (Flag.SUSPENDED, "R-7", "its station did not produce then"),
        (Flag.DUPLICATE, "R-7", ""),
        (Flag.OUT_OF_ORDER, "", ""),
        (Flag.UNCERTAIN, "R-7", ""),
    ],
)
def test_why_a_measurement_is_not_learnt_from(
    meaning: Meaning, flags: Flag, lot: str, doubt: str
) -> None:
    """What is implausible is always said, the rest of a row that names its lot."""
    (event,) = told(meaning, 7, 186.2, lot, int(flags))
    assert event.doubt == doubt
    assert event.usable == (flags == Flag.UNCERTAIN)


@pytest.mark.parametrize(
    ("signal", "value", "text", "expected"),
    [
        (0, 6.0, "", ("state", "cathode.coater", "")),
        (1, math.nan, "roll-7", ("lot_out", "cathode.coater", "")),
        (2, math.nan, "batch-1", ("lot_out", "cathode.mixer", "")),
        (4, 12.0, "", ("given", "cathode.coater", "")),
        (5, 21.5, "", ("level", "cathode.tank", "")),
        (6, 0.05, "", ("setpoint", "cathode.coater", "web_speed")),
        (7, 0.18, "", ("measurement", "cathode.coater", "loading_scale")),
    ],
)
def test_a_signal_means(
    meaning: Meaning, signal: int, value: float, text: str, expected: tuple[str, str, str]
) -> None:
    """Each kind of signal becomes the event that the line understands, at the plant's tick."""
    (event,) = told(meaning, signal, value, text)
    assert (event.kind, event.station, event.name) == expected
    assert (event.tick, event.arrived) == (60_000, 70_000)
    assert event.text == text
    assert event.usable
    assert math.isnan(event.value) if math.isnan(value) else event.value == value


def test_a_role_that_comes_and_goes_says_nothing(meaning: Meaning) -> None:
    """The calender takes rolls and gives rolls: a lot of that role is neither in nor out."""
    assert told(meaning, 3, text="roll-7") == []


def test_a_number_that_was_told_as_text_names_no_lot(meaning: Meaning) -> None:
    """Beside a number the text is the name of its lot; alone it is the number."""
    assert [each.text for each in told(meaning, 7, math.nan, "18.7")] == [""]
    assert [each.text for each in told(meaning, 7, 0.18, "roll-7")] == ["roll-7"]


def test_a_reading_that_is_no_number_is_told_with_what_was_written(meaning: Meaning) -> None:
    """A decimal comma of a laboratory is a doubt of its own; a sensor's NaN is the usual."""
    (event,) = told(meaning, 7, math.nan, "18,66", int(Flag.NOT_A_NUMBER))
    assert (event.doubt, event.text, event.usable) == ("'18,66' is no number", "", False)
    (event,) = told(meaning, 7, math.nan, flags=int(Flag.NOT_A_NUMBER))
    assert not event.doubt


def test_a_coater_that_stands_is_plausible_and_sets_no_line(meaning: Meaning) -> None:
    """0 m/min is within the range of a set speed, and nothing that a line can run at."""
    signal = meaning._signals[6]
    assert (signal.minimum, signal.name) == (0.0, "speed")
    assert [told(meaning, 6, speed)[0].usable for speed in (0.0, 0.03)] == [False, True]


def test_an_undefined_state_is_no_state(meaning: Meaning) -> None:
    """A code that nobody mapped has no value."""
    (event,) = told(meaning, 0, 0.0)
    assert math.isnan(event.value)


def test_what_is_not_to_be_learnt_from_is_told_as_such(meaning: Meaning) -> None:
    """A bad or suspended value is passed on, marked."""
    (event,) = told(meaning, 7, 0.18, flags=Flag.SUSPENDED)
    assert not event.usable


@pytest.mark.parametrize("written", ["Monday", "2026-11-23T00:00:00"])
def test_an_instant_needs_its_zone(tmp_path: Path, written: str) -> None:
    """The error names file and key, and what is allowed."""
    file = tmp_path / "mapping.yaml"
    file.write_text(TEXT.replace("1970-01-01T01:00:00+00:00", written))
    with pytest.raises(ScenarioError, match=r"line_start.*is no instant"):
        load_mapping(file)


def test_a_quantity_that_is_none_is_told_by_its_key(tmp_path: Path) -> None:
    """`quantity` names what an instrument reads; a slip is told with what comes near."""
    file = tmp_path / "mapping.yaml"
    file.write_text(TEXT.replace("quantity: loading", "quantity: loadin"))
    with pytest.raises(ScenarioError, match=r"scale\.quantity.*loadin.*loading"):
        load_mapping(file)


def test_a_laboratorys_value_comes_hours_late_and_names_its_lot(tmp_path: Path) -> None:
    """From a file to the event: true when the sample was taken, learnt hours later, of its lot."""
    (tmp_path / "lab.csv").write_text(
        "time,sample,result,roll\n"
        "2026-11-21T06:00:00Z,RS,0.9,cathode.roll-0007\n"
        "2026-11-21T07:00:00Z,RS,0.8,\n"
    )
    file, scenario = tmp_path / "mapping.yaml", load("live_twin")
    file.write_text(
        'schema: 1\nname: pilot\nowner: us\nversion: "1"\n'
        'line_start: "2026-11-16T00:00:00+00:00"\n'
        "sources:\n  laboratory: {file: lab.csv, tag: sample, value: result, lot: roll, "
        "clock: {owner: lab}}\n"
        "signals:\n  RS: {column: RS, address: cathode.coater.solvent_loading, unit: g/m2}\n"
    )
    mapping = load_mapping(file, scenario)
    assert mapping.line_start is not None
    rows: list[Raw] = []
    source = mapping.sources["laboratory"]
    sink = SimpleNamespace(rows=rows.append, notice=lambda *_: None)
    TableReader(source, list(enumerate(mapping.signals)), sink).look()
    batch = Rules(mapping).judge(rows[0])
    found = list(Meaning(mapping, scenario, mapping.line_start).events(batch))
    assert [each.text for each in found] == ["cathode.roll-0007", ""]
    assert [each.tick for each in found] == [126 * HOUR, 127 * HOUR]
    assert [each.value for each in found] == pytest.approx([0.9e-3, 0.8e-3])
    assert all(each.usable and each.kind == "measurement" for each in found)
    assert {each.address for each in found} == {"cathode.coater.solvent_loading"}
