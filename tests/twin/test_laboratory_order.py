"""Rows of a laboratory that name their lots: their order and their times shut out no other row."""

from __future__ import annotations

import itertools
from dataclasses import replace
from itertools import permutations
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import msgpack
import numpy as np
import pytest
from test_corrected_rows import MAPPING, Clerk, clerks, medians
from test_rows_of_a_lot import Laboratory
from test_tables import written

from linetwin.scenario import load
from linetwin.scenario.mapped import Mapping, SignalConfig, SourceConfig, TableConfig
from linetwin.scenario.mapping import load_mapping
from linetwin.twin.columns import NO_TIME, SECOND, Flag, Mark, Raw, joined, part_of, raw_rows
from linetwin.twin.feed.rules import Rules
from linetwin.twin.feed.tables import TableReader
from linetwin.twin.following.meaning import Meaning

if TYPE_CHECKING:
    from linetwin.twin.columns import Batch

NOW = 1_795_262_400 * SECOND
"""2026-11-21 12:00:00 UTC by our clock."""
PLANT = NOW + 7 * 3600 * SECOND
"""What time it is in the plant then; it is played 60 times as fast."""
SPEED, LOADING = range(2)


def beside_a_plant(*, played: bool = True) -> Mapping:
    """A server's speed and a laboratory's loading."""
    signals = (
        SignalConfig("speed", "plc", "coater.web_speed", "measurement"),
        SignalConfig("loading", "lab", "coater.loading", "measurement", greatest_rate=1e-3),
    )
    sources = {
        "plc": SourceConfig("plc", played=played),
        "lab": SourceConfig("lab", played=played, table=TableConfig(Path("lab.csv"))),
    }
    return Mapping("test", "tests", "1", sources, signals, Path(), "")


def told(second: float) -> Raw:
    """A speed that the plant tells so many seconds after noon."""
    time = PLANT + round(second * 60 * SECOND)
    return raw_rows([SPEED], NOW + round(second * SECOND), source_time=time, raw=np.array([1.0]))


def sampled(lot: str, hour: float, second: float, value: float = 18.6) -> Raw:
    """A row of the laboratory: a sample of so many hours after 19:00, read at a second."""
    time = PLANT + round(hour * 3600 * SECOND)
    arrival = NOW + round(second * SECOND)
    number = np.array([value])
    row = raw_rows([LOADING], arrival, source_time=time, raw=number, marks=int(Mark.BACKFILL))
    if lot:
        row.texts[0] = lot
    return row


def judged(rules: Rules, *rows: Raw) -> Batch:
    """Judge rows, each as it comes."""
    return rules.judge(joined(list(rows)))


def test_a_row_ahead_of_a_played_plant_is_named_and_shuts_out_no_other() -> None:
    """At 19:00 of the plant one of 23:59: told with lot and time; all others count."""
    rules = Rules(beside_a_plant())
    judged(rules, *(told(second) for second in range(8)))
    batch = judged(
        rules,
        sampled("roll-0013", 0.05, 8.5),
        sampled("roll-0014", 4 + 59 / 60, 8.5),
        sampled("roll-0014", 0.1, 8.5, 18.7),
        sampled("roll-0015", 0.12, 8.5),
    )
    assert [Flag(each) for each in batch.flags.tolist()] == [0, Flag.AHEAD, 0, 0]
    assert batch.usable.all()
    assert batch.time[1] == PLANT + 17_940 * SECOND  # as it is written: by it the row is known
    (notice,) = rules.notices
    assert (notice.source, notice.kind) == ("lab", "ahead")
    assert "the first of roll-0014: 2026-11-21 23:59:00 (UTC)" in notice.text


def test_a_row_of_now_is_not_ahead_while_the_plant_is_silent() -> None:
    """A minute without a word is an hour of the plant; it goes on at its pace."""
    rules = Rules(beside_a_plant())
    judged(rules, *(told(second) for second in range(8)))
    flags = judged(rules, sampled("roll-0013", 1.1, 66.0), sampled("roll-0013", 1.9, 66.0)).flags
    assert flags.tolist() == [0, Flag.AHEAD]


@pytest.mark.parametrize("cuts", [[], [40], [3, 80, 81, 82, 160]])
def test_a_replay_in_other_pieces_judges_alike(cuts: list[int]) -> None:
    """Rows of minutes in one batch, as a recording hands them on, or in pieces."""
    rows = [told(second) for second in range(160)]
    for second, hour in ((150, 6.0), (80, 5.0), (80, 1.0), (40, 0.6)):
        rows.insert(second, sampled("roll-1", hour, second + 0.5))
    whole, expected = joined(rows), Rules(beside_a_plant())
    flags = [expected.judge(each).flags[0] for each in rows]
    rules = Rules(beside_a_plant())
    ends = itertools.pairwise([0, *cuts, len(whole)])
    parts = [rules.judge(part_of(whole, *each)) for each in ends]
    assert np.concatenate([each.flags for each in parts]).tolist() == flags
    assert sum(flags) == 2 * Flag.AHEAD


@pytest.mark.parametrize("lot", ["", "roll-0014"])
def test_a_row_that_came_before_the_plants_time_was_known_is_told_later(lot: str) -> None:
    """A file is read before the servers: once their time is known its rows are held against it."""
    rules = Rules(beside_a_plant())
    first = judged(rules, sampled(lot, 4 + 59 / 60, 0.0))
    assert first.flags.tolist() == [0]
    assert not rules.notices
    judged(rules, *(told(second) for second in range(8)))
    judged(rules, told(8))
    assert [notice.kind for notice in rules.notices] == ["ahead"]
    assert (f"of {lot}:" in rules.notices[0].text) == bool(lot)
    assert judged(rules, sampled(lot, 0.1, 9.5, 18.7)).usable.all()


def test_a_row_by_its_time_alone_takes_the_plants() -> None:
    """Which lot it is of is not known: the plant's time stands in, and later rows count."""
    rules = Rules(beside_a_plant())
    judged(rules, *(told(second) for second in range(8)))
    batch = judged(rules, sampled("", 4.9, 8.5), sampled("", 0.1, 9.5), sampled("", 0.05, 9.5))
    assert batch.flags.tolist() == [Flag.AHEAD, 0, Flag.OUT_OF_ORDER]
    assert PLANT < batch.time[0] < PLANT + 3600 * SECOND


def test_at_our_pace_a_row_ahead_is_told_too() -> None:
    """By our clock; one without a time is none that is ahead."""
    rules = Rules(beside_a_plant(played=False))
    late = replace(sampled("roll-1", 0.0, 1.0), source_time=np.array([NO_TIME]))
    batch = judged(rules, sampled("roll-1", 0.0, 0.0), late)
    assert batch.flags.tolist() == [Flag.AHEAD, Flag.NO_SOURCE_TIME]
    assert [notice.kind for notice in rules.notices] == ["ahead"]


@pytest.mark.parametrize("order", [*permutations(range(4))][::7])
def test_samples_may_be_finished_in_any_order(order: tuple[int, ...]) -> None:
    """Of an earlier lot after a later one: none is out of order or too fast, unlike without lots.

    A repeat is a duplicate.
    """
    rows = [sampled(f"roll-{n}", n / 2, 40_000.0, 18.0 + n / 10) for n in range(4)]
    rules = Rules(beside_a_plant(played=False))
    batch = judged(rules, *(rows[n] for n in order), rows[order[-1]])
    assert batch.flags.tolist() == [0, 0, 0, 0, Flag.DUPLICATE]


@pytest.mark.parametrize("order", [*permutations((4, 5, 6))][1:])
def test_the_order_of_rows_changes_nothing_that_is_learnt(order: tuple[int, ...]) -> None:
    """Each goes to its place, whichever comes first."""
    late, right = clerks(6)
    for number in order:
        late.row(number, number * 1e-7)
    for number in sorted(order):
        right.row(number, number * 1e-7)
    assert medians(late) == pytest.approx(medians(right), rel=1e-9)
    assert late.twin.counts["used"] == right.twin.counts["used"] == 6


def test_a_file_that_is_read_whole_again_counts_no_row_twice() -> None:
    """After a restart: rows that were learnt from, that wait, and that were refused."""
    press = clerks(4)[0]

    def whole(laboratory: Clerk) -> None:
        for number in range(1, 5):
            laboratory.row(number, 0.0)
        laboratory.row(4, 1e-8)
        laboratory.row(4, 0.0, lot="plant-9", hours=1.0)
        event = replace(laboratory.events[4], text="plant-4", usable=False, doubt="no number")
        laboratory.twin.measured(event)

    whole(press)
    known, told = medians(press), dict(press.twin.counts)
    again = Clerk()
    again.twin.load(msgpack.unpackb(msgpack.packb(press.twin.save())))
    again.events = press.events
    whole(again)
    assert medians(again) == known
    before = told["told before"]
    assert again.twin.counts == told | {"told before": before + 7}
    assert [each.readings for each in again.twin.waiting()] == [1]
    again.row(4, 2e-8)  # another value of the same lot and time is another row
    assert again.twin.counts["used"] == told["used"] + 1


def test_which_of_two_rows_of_one_value_has_another_time_is_said_to_be_unknown() -> None:
    """What is learnt is the same either way: nothing is asked of anybody."""
    press, same = clerks(4)
    for each in (press, same):
        each.row(4, 0.0)
        each.row(4, 0.0, hours=5.0)
    press.correct(4, 0.0, hours=0.5)
    remark = press.twin.remarks()[-1]
    assert "2 rows of its lot have that value" in remark
    assert "times of their own" not in remark
    assert medians(press) == medians(same)
    assert press.twin.counts == same.twin.counts


def test_a_time_that_was_mistyped_is_corrected() -> None:
    """Of a row with a value of its own: the row leaves its time and is no further one."""
    press, right = clerks(4)
    press.row(4, 1e-7, hours=5.0)
    press.row(4, 2e-7)
    press.correct(4, 1e-7, hours=0.5)
    right.row(4, 1e-7)
    right.row(4, 2e-7)
    assert medians(press) == pytest.approx(medians(right), rel=1e-9)
    assert press.twin.counts["used"] == right.twin.counts["used"] == 5


def test_forgotten_rows_are_those_of_which_nothing_is_learnt_any_more() -> None:
    """What is kept of rows stays bounded by the time that is remembered."""
    press = Laboratory()
    event = press.roll(1)
    press.twin._journal.first = 50_000
    for tick in range(0, 100_000, 10):
        press.twin.measured(replace(event, tick=tick, text="plant-7", value=1.0 + tick))
    (kept,) = press.twin.save()["belonging"]["rows"].values()
    assert 5_000 <= len(kept) <= 10_000
    assert {row[1] for row in kept} >= {*range(50_000, 100_000, 10)}


def test_a_small_file_in_which_rows_change_is_corrected_and_not_another(tmp_path: Path) -> None:
    """Two of three: values, or lots that were exchanged; other times, lots and values are others.

    A time that cannot be read is told as that.
    """
    file, scenario = tmp_path / "lab.csv", load("live_twin")
    (tmp_path / "mapping.yaml").write_text(MAPPING)
    mapping = load_mapping(tmp_path / "mapping.yaml", scenario)
    came: list[Raw] = []
    notices: list[str] = []
    sink = SimpleNamespace(rows=came.append, notice=lambda _, kind, __: notices.append(kind))
    read = TableReader(mapping.sources["laboratory"], [*enumerate(mapping.signals)], sink)
    versions = (
        ["10:00,18.0,roll-0", "11:00,18.1,roll-1", "12:00,18.2,roll-2"],
        ["10:00,18.5,roll-0", "11:00,18.6,roll-1", "12:00,18.2,roll-2"],
        ["10:00,18.5,roll-1", "11:00,18.6,roll-0", "12:00,18.2,roll-2"],
        ["13:00,18.7,roll-4", "14:00,18.8,roll-5", "1x:00,18.9,roll-6"],
    )
    for minute, rows in enumerate(versions, start=1):
        lines = "\n".join(f"2026-06-01T{row[:5]}:00Z{row[5:]}" for row in rows)
        written(file, f"time,S,roll\n{lines}\n", minute)
        read.look()
    assert notices == ["changed", "changed", "replaced", "no time"]
    assert [len(each) for each in came] == [3, 2, 2, 3]
    assert mapping.line_start is not None
    events = list(
        Meaning(mapping, scenario, mapping.line_start).events(Rules(mapping).judge(came[-1]))
    )
    assert [each.doubt for each in events if not each.usable] == ["its time cannot be read"]
