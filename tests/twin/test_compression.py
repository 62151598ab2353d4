"""Historians that leave values out: what they left out lies where the feed says, made up nowhere.

The compressors here are written from their definitions: a dead band keeps a value that is further
from the kept one than the deviation; a swinging door keeps the value before the one whose straight
line from the kept value would miss a value between by more than the deviation.
"""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linetwin.errors import ScenarioError
from linetwin.scenario.mapping import load_mapping
from linetwin.twin.columns import SECOND, TYPES, Batch, Flag, Mark, Raw, part_of, raw_rows
from linetwin.twin.feed.collecting import _cut, concatenated
from linetwin.twin.feed.compression import Spans, Told
from linetwin.twin.feed.recording import Recording, recorded
from linetwin.twin.feed.replay import Replay
from linetwin.twin.feed.rules import Rules
from linetwin.twin.feed.tables import TableReader

if TYPE_CHECKING:
    from pathlib import Path

    from linetwin.scenario.mapped import Mapping

MAPPING = """\
schema: 1
name: historian
owner: tests
version: "1"
sources:
  pi:
    file: export.csv
    clock: {owner: tests}
    compression: {method: METHOD}
states:
  vendor: {codes: {1: Execute, 2: Held}, suspend: {cleaning: [2]}}
signals:
  speed: {column: speed, address: coater.web_speed, unit: m/min, deviation: 0.3 m/min}
  air: {column: air, address: coater.air_temperature, unit: degC, deviation: 0.5 K}
  state: {column: state, address: coater.state, kind: state, states: vendor}
"""
BEGIN = 1_767_225_600 * SECOND
DEVIATION = 0.3
Kept = list[tuple[float, float]]


def swinging_door(times: list[float], values: list[float], deviation: float) -> Kept:
    """What a swinging door keeps: as far as one straight line serves all between."""
    kept = [0]
    for now in range(2, len(times)):
        first = kept[-1]
        line = np.interp(times[first:now], [times[first], times[now]], [values[first], values[now]])
        if np.abs(line - values[first:now]).max() > deviation:
            kept.append(now - 1)
    return [(times[n], values[n]) for n in (*kept, len(times) - 1)]


def dead_band(times: list[float], values: list[float], deviation: float) -> Kept:
    """What a dead band keeps; the last value closes the export."""
    kept = [0]
    for now, value in enumerate(values):
        if abs(value - values[kept[-1]]) > deviation:
            kept.append(now)
    return [(times[n], values[n]) for n in (*kept, len(times) - 1)]


class Sink:
    """Keeps rows."""

    def __init__(self) -> None:
        self.parts: list[Raw] = []

    def rows(self, rows: Raw) -> None:
        """Keep them."""
        self.parts.append(rows)

    def notice(self, source: str, kind: str, text: str) -> None:
        """No notice is expected but of columns that are not there."""
        assert (source, kind) == ("pi", "refused"), text


def read(folder: Path, method: str, **extra: str) -> Mapping:
    """The mapping with a method, and more of its section."""
    more = "".join(f", {key}: {text}" for key, text in extra.items())
    file = folder / "plant.yaml"
    text = MAPPING.replace("METHOD", method + more)
    if method == "last_value":
        text = text.replace(", deviation: 0.3 m/min", "").replace(", deviation: 0.5 K", "")
    file.write_text(text, encoding="utf-8")
    return load_mapping(file)


def rows_of(kept: Kept, signal: int = 0, **columns: np.ndarray) -> Raw:
    """Rows as a file hands them on; times in s from `BEGIN`."""
    times = np.array([BEGIN + round(t * SECOND) for t, _ in kept])
    values = np.array([v for _, v in kept])
    given = {"marks": np.full(len(kept), int(Mark.BACKFILL)), **columns}
    numbers = np.full(len(kept), signal)
    return raw_rows(numbers, int(times.max()) + SECOND, source_time=times, raw=values, **given)


def spans_of(mapping: Mapping, rows: Raw) -> Spans:
    """The spans of rows in one batch."""
    spans = Rules(mapping).judge(rows).spans
    assert spans is not None
    return spans


def ns(*seconds: float) -> np.ndarray:
    """Times in s from `BEGIN`."""
    return np.array([BEGIN + round(each * SECOND) for each in seconds])


@settings(max_examples=15, deadline=None)
@given(
    steps=st.lists(st.tuples(st.integers(1, 90), st.floats(-1.0, 1.0)), min_size=3, max_size=120),
    method=st.sampled_from(["swinging_door", "deadband", "last_value"]),
)
def test_what_was_left_out_lies_within_the_deviation(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[int, float]], method: str
) -> None:
    """A file of kept values only: every value of before is found again within the deviation.

    Kept values are found exactly, between them the uncertainty is d / sqrt(3) in canonical units.
    """
    folder = tmp_path_factory.mktemp("h")
    times = np.cumsum([dt for dt, _ in steps]).astype(float).tolist()
    values = (20.0 + np.cumsum([change for _, change in steps])).round(1).tolist()
    off = 0.0 if method == "last_value" else DEVIATION
    compress = swinging_door if method == "swinging_door" else dead_band
    kept = compress(times, values, off)
    mapping = read(folder, method)
    lines = [f"{BEGIN / SECOND + t},{v}" for t, v in kept]
    (folder / "export.csv").write_text("\n".join(["time,speed", *lines]) + "\n", encoding="utf-8")
    sink = Sink()
    mine = list(enumerate(mapping.signals))
    TableReader(mapping.sources["pi"], mine, sink).look()
    assert sum(len(part) for part in sink.parts) == len(kept)
    spans = spans_of(mapping, sink.parts[0])
    found, spread, told = spans.at(0, ns(*times[:-1]))
    assert np.abs(found * 60.0 - values[:-1]).max() <= off + 1e-9
    came = {t for t, _ in kept}
    between = Told.INTERPOLATED if method == "swinging_door" else Told.HELD
    for time, value, more, how, was in zip(times, found, spread, told, values, strict=False):
        assert how == (Told.CAME if time in came else between)
        assert more == pytest.approx(0.0 if time in came else off / 60.0 / math.sqrt(3.0))
        if time in came:
            assert value == pytest.approx(was / 60.0)


def test_nothing_is_known_before_the_first_and_after_the_last(tmp_path: Path) -> None:
    """Before the first value and after the last there is no span."""
    spans = spans_of(read(tmp_path, "swinging_door"), rows_of([(10.0, 20.0), (20.0, 22.0)]))
    value, _, told = spans.at(0, ns(9.9, 15.0, 20.0, 20.1))
    assert told.tolist() == [Told.NOT, Told.INTERPOLATED, Told.CAME, Told.NOT]
    assert value[1] * 60.0 == pytest.approx(21.0)
    assert np.isnan(value[[0, 3]]).all()


@pytest.mark.parametrize("method", ["swinging_door", "deadband"])
def test_a_bad_value_ends_what_was_held_and_breaks_a_line(tmp_path: Path, method: str) -> None:
    """Up to it a held value holds; a line has no second end; after it nothing is known."""
    bad = np.array([0, 0x80000000, 0], np.uint32)
    rows = rows_of([(0.0, 20.0), (10.0, 0.0), (20.0, 21.0)], status=bad)
    _, _, told = spans_of(read(tmp_path, method), rows).at(0, ns(5.0, 15.0))
    assert told.tolist() == [Told.HELD if method == "deadband" else Told.NOT, Told.NOT]


@pytest.mark.parametrize("method", ["swinging_door", "deadband"])
def test_a_silence_that_is_too_long_is_no_compression(tmp_path: Path, method: str) -> None:
    """After `longest` a held value ends, and no line is drawn over it."""
    mapping = read(tmp_path, method, longest="8 s")
    spans = spans_of(mapping, rows_of([(0.0, 20.0), (20.0, 21.0), (28.0, 21.5)]))
    _, _, told = spans.at(0, ns(5.0, 9.0, 24.0))
    how = Told.HELD if method == "deadband" else Told.INTERPOLATED
    assert told.tolist() == [how if method == "deadband" else Told.NOT, Told.NOT, how]


@pytest.mark.parametrize(("mark", "status"), [(int(Mark.FIRST), 0), (0, 0x480)])
def test_what_was_lost_is_not_what_did_not_change(tmp_path: Path, mark: int, status: int) -> None:
    """After a new link, and where a server's queue lost values, a silence says nothing."""
    marks = np.array([0, mark, 0], np.uint8)
    statuses = np.array([0, status, 0], np.uint32)
    rows = rows_of([(0.0, 20.0), (10.0, 20.0), (20.0, 20.0)], marks=marks, status=statuses)
    _, _, told = spans_of(read(tmp_path, "deadband"), rows).at(0, ns(5.0, 15.0))
    assert told.tolist() == [Told.NOT, Told.HELD]


def test_a_suspension_breaks_a_span_even_when_it_is_over(tmp_path: Path) -> None:
    """Cleaned between two kept values: nothing is said of that time; the state itself is held."""
    mapping = read(tmp_path, "last_value")
    signal = np.array([2, 0, 2, 2, 0])
    rows = raw_rows(
        signal,
        BEGIN + 100 * SECOND,
        source_time=ns(0.0, 1.0, 10.0, 20.0, 30.0),
        raw=np.array([1.0, 20.0, 2.0, 1.0, 20.0]),
        marks=int(Mark.BACKFILL),
    )
    spans = spans_of(mapping, rows)
    assert spans.signal.tolist() == [2, 2]
    assert spans.at(2, ns(15.0))[0].tolist() == [11.0]


def test_a_deviation_of_a_temperature_is_a_difference(tmp_path: Path) -> None:
    """Half a kelvin stays half a kelvin, whatever the zero of the scale."""
    mapping = read(tmp_path, "deadband")
    assert mapping.signals[1].deviation == pytest.approx(0.5)


def test_a_share_is_of_the_range_that_is_written(tmp_path: Path) -> None:
    """As historians write it: in per cent of the signal's range."""
    file = tmp_path / "plant.yaml"
    text = MAPPING.replace("METHOD", "swinging_door, deviation: 0.5 %").replace(
        "deviation: 0.3 m/min", "minimum: 0 m/min, maximum: 60 m/min"
    )
    file.write_text(text, encoding="utf-8")
    assert load_mapping(file).signals[0].deviation == pytest.approx(0.005)


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("METHOD", "door", "sources.pi.compression.method"),
        ("METHOD", "last_value", "signals.speed.deviation"),
        ("METHOD", "last_value, deviation: 1 %", "sources.pi.compression.deviation"),
        (", deviation: 0.3 m/min", "", "signals.speed"),
        ("deviation: 0.3 m/min", "deviation: -0.3 m/min", "signals.speed.deviation"),
        ("state, states: vendor", "state, states: vendor, deviation: 1", "signals.state.deviation"),
    ],
)
def test_a_mistake_is_told(tmp_path: Path, old: str, new: str, key: str) -> None:
    """An unknown method, a deviation that is missing, negative or means nothing."""
    file = tmp_path / "plant.yaml"
    file.write_text(MAPPING.replace(old, new).replace("METHOD", "deadband"), encoding="utf-8")
    with pytest.raises(ScenarioError) as caught:
        load_mapping(file)
    assert key in {problem.key for problem in caught.value.problems}


@pytest.mark.parametrize(
    ("method", "deviation", "key", "told"),
    [
        ("deadband", "", "signals.one", "left out of it?; the same of 2 more signals"),
        ("last_value", ", deviation: 1 m/min", "signals.one.deviation", "2 more signals"),
        ("door", ", deviation: 1 m/min", "sources.pi.compression.method", "door"),
        ("deadband, deviation: lots", "", "sources.pi.compression.deviation", "lots"),
    ],
)
def test_a_mistake_of_a_compression_is_told_once(
    tmp_path: Path, method: str, deviation: str, key: str, told: str
) -> None:
    """Of a file with many signals one problem, with how many it is about."""
    file = tmp_path / "plant.yaml"
    head = MAPPING[: MAPPING.index("signals:")].replace("METHOD", method)
    signals = "".join(
        f"  {name}: {{column: {name}, address: a.{name}.web_speed, unit: m/min{deviation}}}\n"
        for name in ("one", "two", "three")
    )
    file.write_text(f"{head}signals:\n{signals}", encoding="utf-8")
    with pytest.raises(ScenarioError) as caught:
        load_mapping(file)
    (problem,) = caught.value.problems
    assert problem.key == key
    assert told in f"{problem.message} {problem.hint}"


def messy(chance: np.random.Generator) -> Raw:
    """Rows of all signals: bad, repeated, out of order, suspended, after a new link."""
    count = 60
    moments = np.cumsum(chance.integers(-1, 4, count)) + 100
    return raw_rows(
        chance.integers(0, 3, count),
        BEGIN + 1000 * SECOND,
        source_time=ns(*moments),
        raw=chance.integers(1, 3, count).astype(float),
        status=chance.choice([0, 0, 0, 0x80000000], count),
        marks=chance.choice([int(Mark.BACKFILL)] * 5 + [int(Mark.FIRST)], count),
    )


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), method=st.sampled_from(["swinging_door", "deadband"]))
def test_cutting_the_stream_changes_no_span(
    tmp_path_factory: pytest.TempPathFactory, seed: int, method: str
) -> None:
    """Judged at once, in pieces, or cut after judging: the same spans on the same rows."""
    mapping = read(tmp_path_factory.mktemp("c"), method, longest="5 s")
    chance = np.random.default_rng(seed)
    rows = messy(chance)
    whole = Rules(mapping).judge(rows)
    edges = [0, *sorted(chance.integers(0, len(rows), 4).tolist()), len(rows)]
    rules = Rules(mapping)
    pairs = list(itertools.pairwise(edges))
    pieces = [rules.judge(part_of(rows, *pair)) for pair in pairs if pair[0] < pair[1]]
    cut = [_cut(whole, *pair) for pair in pairs if pair[0] < pair[1]]
    assert whole.spans is not None
    for parts in (pieces, cut):
        spans = concatenated(parts).spans
        assert spans is not None
        for name, column in vars(whole.spans).items():
            assert np.array_equal(column, getattr(spans, name)), name


def test_the_recording_holds_what_came_and_its_replay_says_the_same(tmp_path: Path) -> None:
    """No row is added; the replay gives the same spans beside the same rows."""
    mapping = read(tmp_path, "swinging_door")
    batch = Rules(mapping).judge(rows_of([(0.0, 20.0), (10.0, 22.0), (25.0, 21.0)]))
    recording = Recording(tmp_path / "feed", mapping)
    recording.add(batch)
    recording.close()
    names = [signal.name for signal in mapping.signals]
    ((rows, _),) = recorded(tmp_path / "feed", names)
    for name in TYPES:
        assert np.array_equal(getattr(rows, name), getattr(batch.came, name)), name
    parcel = Replay(tmp_path / "feed").take()
    assert parcel is not None
    again: Batch | None = parcel.batch
    assert again is not None
    assert again.spans is not None
    assert batch.spans is not None
    assert again.spans.begin.tolist() == batch.spans.begin.tolist()
    assert not (again.flags & Flag.OUT_OF_ORDER).any()
