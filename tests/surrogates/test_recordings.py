"""What a plant's recording says of lots and of windows of time, as a dataset."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest

from linetwin.errors import ScenarioError
from linetwin.scenario.mapping import load_mapping
from linetwin.surrogates.data.reading import read_dataset
from linetwin.surrogates.data.recordings import FAULTS
from linetwin.surrogates.data.review import review
from linetwin.surrogates.data.spans import Course, Span
from linetwin.surrogates.data.telling import origin_of
from linetwin.twin.columns import NOT_NEWS, SECOND, Flag, raw_rows
from linetwin.twin.feed.collecting import Collector
from linetwin.twin.feed.recording import Recording

if TYPE_CHECKING:
    from pathlib import Path

MAPPING = """\
schema: 1
name: test
owner: tests
version: "1"
sources:
  plc: {endpoints: ["opc.tcp://nowhere:4840"], clock: {owner: tests, ahead: 2 s}}
states:
  vendor: {codes: {1: Execute, 2: Held}, suspend: {cleaning: [2]}}
signals:
  speed: {node: i=1, address: cathode.coater.web_speed, unit: m/min, maximum: 30 m/min}
  load: {node: i=2, address: cathode.calender.line_load, unit: N/mm}
  coated: {node: i=3, address: cathode.coater.web, kind: lot}
  pressed: {node: i=4, address: cathode.calender.web, kind: lot}
  state: {node: i=5, address: cathode.coater.state, kind: state, states: vendor}
"""
DATASET = """\
schema: 1
dataset: webs
recording: feed
rows: {lot: [cathode.coater.web, cathode.calender.web]}
source: made for a test
licence: own data
columns:
  web_speed: {column: cathode.coater.web_speed.mean, role: feature}
  greatest_speed: {column: cathode.coater.web_speed.max, quantity: web_speed, role: feature}
  covered: {column: cathode.coater.web_speed.covered, unit: "1", role: feature}
  line_load: {column: cathode.calender.line_load.mean, role: target}
  web: {column: lot, role: group}
  begin: {column: begin, role: ignore}
"""
SPEED, LOAD, COATED, PRESSED, STATE = range(5)
START = 1_795_262_400  # s UTC, a multiple of 10 min
BEGUN = "2026-11-21T12:01:40.000+00:00"
AHEAD = 2
BAD, UNCERTAIN = 0x80000000, 0x40000000
Told = tuple[float, int, object]
"""Seconds after the start, number of the signal, value or text (or a status with it)."""

# webs w-1, w-2, w-3 at the coater, 100 s each; at the calender 300 s later, 50 s each
COURSE: list[Told] = [
    (0, SPEED, 6.0), (0, COATED, "w-0"), (0, STATE, 1.0),
    (100, COATED, "w-1"), (125, SPEED, 12.0),
    (200, COATED, "w-2"), (220, SPEED, (24.0, BAD)), (260, SPEED, 9.0),
    (300, COATED, "w-3"), (310, SPEED, 900.0), (320, SPEED, 3.0),
    (400, COATED, "w-4"), (0, LOAD, 300.0), (0, PRESSED, "v-9"),
    (400, PRESSED, "w-1"), (410, LOAD, 400.0), (450, PRESSED, "w-2"), (475, LOAD, 600.0),
    (500, PRESSED, "w-3"), (550, PRESSED, "w-4"), (600, SPEED, 3.0),
]  # fmt: skip


def record(folder: Path, course: list[Told]) -> Path:
    """Write a recording as the feed does, and the dataset file beside it; return that."""
    (folder / "plant.yaml").write_text(MAPPING, encoding="utf-8")
    mapping = load_mapping(folder / "plant.yaml")
    recording = Recording(folder / "feed", mapping)
    collector = Collector(mapping, recording, lambda _: True)
    for second, signal, told in sorted(course, key=lambda each: each[0]):
        value, status = told if isinstance(told, tuple) else (told, 0)
        stamp = round((START + second) * SECOND)
        rows = raw_rows(
            [signal],
            stamp + SECOND,
            source_time=stamp + AHEAD * SECOND,
            raw=math.nan if isinstance(value, str) else value,  # type: ignore[arg-type]
            status=status,
        )
        if isinstance(value, str):
            rows.texts[0] = value
        collector.rows(rows)
        collector.tick([])
    recording.close()
    file = folder / "webs.yaml"
    file.write_text(DATASET, encoding="utf-8")
    return file


def test_a_lot_has_the_mean_of_the_time_it_was_there(tmp_path: Path) -> None:
    """By hand: w-1 ran 25 s at 6 and 75 s at 12 m/min; bad and impossible values do not count."""
    data = read_dataset(record(tmp_path, COURSE))
    assert data.frame["web"].tolist() == ["w-1", "w-2", "w-3"]
    per_minute = data.numbers("web_speed") * 60
    assert per_minute == pytest.approx(
        [(25 * 6 + 75 * 12) / 100, (20 * 12 + 40 * 9) / 60, (10 * 9 + 80 * 3) / 90]
    )
    assert data.numbers("greatest_speed") * 60 == pytest.approx([12, 12, 9])
    assert data.numbers("covered") == pytest.approx([1.0, 0.6, 0.9])
    assert data.frame["begin"].iloc[0] == BEGUN


def test_a_lot_is_followed_from_place_to_place(tmp_path: Path) -> None:
    """The line load is that of the calender while the same web was there, later."""
    data = read_dataset(record(tmp_path, COURSE))
    assert data.numbers("line_load") / 1e3 == pytest.approx(
        [(10 * 300 + 40 * 400) / 50, (25 * 400 + 25 * 600) / 50, 600]
    )


def test_what_does_not_count_is_told(tmp_path: Path) -> None:
    """Bad and impossible values, lots that were not seen whole, lots of one place only."""
    data = read_dataset(record(tmp_path, COURSE))
    assert data.left_out == {
        "values: bad quality": 1,
        "values: out of range": 1,
        "lots at work as the recording began or ended": 3,
    }
    assert any("bad quality" in text for text in origin_of(data))
    assert not data.simulated
    course = [told for told in COURSE if told[1:] != (PRESSED, "w-2")]
    (tmp_path / "b").mkdir()
    data = read_dataset(record(tmp_path / "b", course))
    assert data.left_out["lots that were not at each of the places"] == 1
    assert data.frame["web"].tolist() == ["w-1", "w-3"]


def test_cleaning_does_not_count_and_uncertain_neither(tmp_path: Path) -> None:
    """A value during a code of cleaning, and one that the server doubts."""
    course = [*COURSE, (130, STATE, 2.0), (140, SPEED, 20.0), (150, STATE, 1.0), (160, SPEED, 12.0),
              (420, LOAD, (900.0, UNCERTAIN)), (430, LOAD, 400.0)]  # fmt: skip
    data = read_dataset(record(tmp_path, course))
    assert data.numbers("web_speed")[0] * 60 == pytest.approx((25 * 6 + 15 * 12 + 40 * 12) / 80)
    assert data.numbers("line_load")[0] / 1e3 == pytest.approx((10 * 300 + 30 * 400) / 40)
    assert data.left_out["values: cleaning, calibration, trial or manual"] == 1
    assert data.left_out["values: uncertain quality"] == 1


def test_windows_of_time(tmp_path: Path) -> None:
    """Six windows of 100 s; the group is the web that was there longest; a gap has no value."""
    file = record(tmp_path, COURSE)
    text = DATASET.replace("{lot: [cathode.coater.web, cathode.calender.web]}", "{every: 100 s}")
    file.write_text(text.replace("column: lot", "column: cathode.coater.web"), encoding="utf-8")
    data = read_dataset(file)
    assert data.frame["web"].tolist() == ["w-0", "w-1", "w-2", "w-3", "w-4", "w-4"]
    assert data.numbers("web_speed")[:2] * 60 == pytest.approx([6, 10.5])
    file.write_text(file.read_text().replace("100 s}", "100 s, longest: 30 s}"), encoding="utf-8")
    short = read_dataset(file)
    assert short.numbers("covered")[:2] == pytest.approx([0.3, 0.3])
    assert math.isnan(short.numbers("web_speed")[4])


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_statistics_are_those_of_a_fine_grid(seed: int) -> None:
    """Random courses and spans against the value at each of a hundred instants a second."""
    chance = np.random.default_rng(seed)
    time = np.sort(chance.choice(6000, 40, replace=False)) * 10
    value, good = chance.normal(size=40), chance.random(40) < 0.8
    course = Course(time, value, good, end=70_000, longest=3000)
    edges = np.sort(chance.choice(7000, 4, replace=False)) * 10
    spans = [Span(int(edges[0]), int(edges[1])), Span(int(edges[2]), int(edges[3]))]
    grid = np.concatenate([np.arange(*span, 10) for span in spans])
    at = np.searchsorted(time, grid, "right") - 1
    there = (at >= 0) & good[at] & (grid - time[at] < 3000)
    held = value[at][there]
    mean, least, greatest, last, covered = course.over(spans)
    assert mean == pytest.approx(held.mean())
    assert (least, greatest, last) == (held.min(), held.max(), held[-1])
    assert covered == pytest.approx(there.mean())


def test_the_faults_are_those_that_a_twin_does_not_learn_from() -> None:
    """The numbers of the flags are those of the feed; only out of order counts here."""
    faulty = Flag(sum(FAULTS))
    assert faulty == (NOT_NEWS | Flag.UNCERTAIN) & ~Flag.OUT_OF_ORDER


def test_the_report_reads_a_recording(tmp_path: Path) -> None:
    """Coverage and doubts as of any table, with rows and groups."""
    found = review(read_dataset(record(tmp_path, COURSE)))
    assert found.data.groups == ("web",)
    assert any("only 3 rows" in finding.text for finding in found.findings)


@pytest.mark.parametrize(
    ("old", "new", "key", "said"),
    [
        ("[cathode.coater.web, ", "[cathode.coater.wep, ", "rows.lot", "did you mean"),
        ("rows: {lot:", "rows: {every: 1 min, lot:", "rows", "or says it twice"),
        ("rows: {lot: [cathode.coater.web, cathode.calender.web]}\n", "", "recording", "rows:"),
        ("recording: feed\n", "", "rows", "of no recording"),
        ("recording: feed", "recording: feed\nfile: a.csv", "file", "beside a recording"),
        ("recording: feed", "recording: nothing", "recording", "is no recording"),
        ("rows: {lot:", "rows: {longest: 3 m, lot:", "rows.longest", "does not fit"),
        ("web_speed.mean", "web_speed.median", "columns.web_speed.column", "did you mean"),
    ],
)
def test_what_is_wrong_is_told(tmp_path: Path, old: str, new: str, key: str, said: str) -> None:
    """File, key, and what is allowed."""
    file = record(tmp_path, COURSE)
    assert old in DATASET
    file.write_text(DATASET.replace(old, new), encoding="utf-8")
    with pytest.raises(ScenarioError) as caught:
        read_dataset(file)
    found = [(p.key, f"{p.message} ({p.hint})") for p in caught.value.problems]
    assert any(own == key and said in text for own, text in found), found


def test_a_missing_part_and_a_damaged_one_are_told(tmp_path: Path) -> None:
    """A recording that is not whole is not read as if it were."""
    file = record(tmp_path, COURSE)
    part = next((tmp_path / "feed").glob("values-*.parquet"))
    part.write_bytes(b"PAR1 half")
    with pytest.raises(ScenarioError, match="damaged"):
        read_dataset(file)
    part.unlink()
    with pytest.raises(ScenarioError, match="1 of 1 parts are missing"):
        read_dataset(file)
