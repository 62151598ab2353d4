"""The rules of the feed: one test a rule, and that cutting the stream changes nothing."""

from __future__ import annotations

import itertools
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linetwin.scenario.mapped import CodeTable, Mapping, SignalConfig, SourceConfig
from linetwin.twin.columns import (
    NO_TIME,
    SECOND,
    TYPES,
    Batch,
    Flag,
    Mark,
    Raw,
    joined,
    part_of,
    raw_rows,
)
from linetwin.twin.feed.parcels import Counts, Latest, Parcel
from linetwin.twin.feed.rules import Rules

NOW = 1_795_262_400 * SECOND
"""2026-11-21 12:00:00 UTC."""
CODES = CodeTable("vendor", {"2": 6, "5": 11, "run": 6}, {"5": "cleaning"})
SPEED, PRESSURE, STATE, OTHER, LOT = range(5)


def plant(**source: Any) -> Mapping:  # noqa: ANN401
    """A coater with a speed (m/min), a state and a lot; a pressure elsewhere; another source."""
    signals = (
        SignalConfig(
            "speed",
            "plc",
            "coater.web_speed",
            "measurement",
            scale=1 / 60,
            minimum=0.0,
            maximum=2.0,
            greatest_rate=0.1,
        ),
        SignalConfig("pressure", "plc", "mixer.pressure", "measurement"),
        SignalConfig("state", "plc", "coater.state", "state", codes=CODES),
        SignalConfig("other", "lab", "coater.loading", "measurement"),
        SignalConfig("lot", "plc", "coater.foil", "lot"),
    )
    sources = {
        "plc": SourceConfig("plc", **{"late_after_s": 10.0, **source}),
        "lab": SourceConfig("lab"),
    }
    return Mapping("test", "tests", "1", sources, signals, Path(), "")


def row(  # noqa: PLR0913  a column each
    signal: int,
    value: float | str,
    at: float,
    arrival: float | None = None,
    *,
    status: int = 0,
    marks: int = 0,
    stamped: bool = True,
) -> Raw:
    """One row: its time and its arrival in s after noon; text for a lot or a code in words."""
    number = math.nan if isinstance(value, str) else value
    moment = NOW + round(at * SECOND)
    came = NOW + round((at + 0.05 if arrival is None else arrival) * SECOND)
    made = raw_rows(
        [signal],
        came,
        raw=np.array([number]),
        source_time=moment if stamped else NO_TIME,
        server_time=NO_TIME,
        status=status,
        marks=marks,
    )
    if isinstance(value, str):
        made.texts[0] = value
    return made


def judged(*rows: Raw, rules: Rules | None = None) -> Batch:
    """Judge rows by fresh rules."""
    return (rules or Rules(plant())).judge(joined(list(rows)))


def flags_of(batch: Batch) -> list[Flag]:
    """The flags, row by row."""
    return [Flag(int(each)) for each in batch.flags]


def test_status_codes_are_carried_as_doubts_and_no_value_is_invented() -> None:
    """Bad and uncertain by severity, overflow by its bits; the code itself stays in the row."""
    rows = [
        row(PRESSURE, 1.0, 1, status=0x00000480),
        row(PRESSURE, 2.0, 2, status=0x40900000),
        row(PRESSURE, math.nan, 3, status=0x80AB0000),
    ]
    batch = judged(*rows)
    assert flags_of(batch) == [Flag.OVERFLOW, Flag.UNCERTAIN, Flag.BAD]
    assert batch.usable.tolist() == [True, True, False]
    assert math.isnan(batch.value[2])
    assert batch.came.status.tolist() == [0x480, 0x40900000, 0x80AB0000]


def test_values_become_canonical_and_nonsense_is_flagged() -> None:
    """Numbers by scale, numbers in words too; words that are none have no value."""
    batch = judged(row(SPEED, 60.0, 1), row(PRESSURE, "3.5", 2), row(PRESSURE, "n/a", 3))
    assert batch.value[:2].tolist() == [1.0, 3.5]
    assert math.isnan(batch.value[2])
    assert flags_of(batch) == [Flag(0), Flag(0), Flag.NOT_A_NUMBER]


def test_without_a_source_time_the_servers_stands_in_else_that_of_arrival() -> None:
    """And both are told."""
    served = row(PRESSURE, 1.0, 1, 2.0, stamped=False)
    at = np.array([NOW + SECOND])
    with_server = Raw(**{**{name: getattr(served, name) for name in TYPES}, "server_time": at})
    batch = judged(with_server, row(PRESSURE, 2.0, 2, 3.0, stamped=False))
    assert flags_of(batch) == [Flag.NO_SOURCE_TIME] * 2
    assert (batch.time - NOW).tolist() == [SECOND, 3 * SECOND]


def test_a_late_value_is_flagged_but_not_the_first_of_a_link_nor_a_file() -> None:
    """11 s where 10 are allowed; what the server held may be as old as it likes."""
    batch = judged(
        row(PRESSURE, 0.0, -500, 0, marks=Mark.FIRST),
        row(PRESSURE, 1.0, 0, 9.9),
        row(PRESSURE, 2.0, 1, 12.0),
        row(SPEED, 2.0, -900, 12.0, marks=Mark.BACKFILL),
    )
    assert flags_of(batch) == [Flag.FIRST, Flag(0), Flag.LATE, Flag(0)]
    assert batch.usable.all()


def test_what_comes_from_the_future_has_the_time_of_its_arrival() -> None:
    """A stamp 5 s ahead is flagged; one that is 1 s ahead is left alone."""
    batch = judged(row(PRESSURE, 1.0, 1.0, 0.0), row(PRESSURE, 2.0, 8.0, 3.0))
    assert flags_of(batch) == [Flag(0), Flag.AHEAD]
    assert (batch.time - NOW).tolist() == [SECOND, 3 * SECOND]


def test_stamps_an_hour_ahead_are_put_right_at_once() -> None:
    """Local time written as UTC east of Greenwich; told once."""
    rules = Rules(plant())
    batch = judged(*(row(PRESSURE, n, 3600.0 + n, n + 0.1) for n in range(3)), rules=rules)
    assert flags_of(batch) == [Flag.WHOLE_HOUR] * 3
    assert (batch.time - NOW).tolist() == [0, SECOND, 2 * SECOND]
    assert [notice.kind for notice in rules.notices] == ["whole hours"]


def test_the_first_value_of_a_link_an_hour_ahead_is_put_right_too() -> None:
    """What a server holds may be old, but not from the future; 10 min ahead is no zone."""
    first = row(PRESSURE, 1.0, 7200.0, 0.1, marks=Mark.FIRST)
    batch = judged(first, row(SPEED, 1.0, 600.0, 0.1, marks=Mark.FIRST))
    assert flags_of(batch) == [Flag.WHOLE_HOUR | Flag.FIRST, Flag.AHEAD | Flag.FIRST]
    assert (batch.time - NOW).tolist() == [0, SECOND // 10]


def test_when_a_file_was_read_has_no_place_in_the_order_of_its_rows() -> None:
    """A row without a time, or from the future, puts no later one out of order; a server's does."""
    for at, stamped in ((-4.0, False), (10.0**8, True)):
        for marks, order in ((Mark.BACKFILL, Flag(0)), (Mark(0), Flag.OUT_OF_ORDER)):
            rows = [
                row(PRESSURE, 1.0, -5.0, 0.0, marks=marks),
                row(PRESSURE, 2.0, at, 0.0, marks=marks, stamped=stamped),
                row(PRESSURE, 3.0, -3.0, 0.0, marks=marks),
                row(PRESSURE, 4.0, -4.0, 0.0, marks=marks),
            ]
            parts, whole = Rules(plant()), judged(*rows)
            assert whole.flags[1] in {Flag.NO_SOURCE_TIME, Flag.AHEAD}
            assert flags_of(whole)[2:] == [order, Flag.OUT_OF_ORDER]
            assert [parts.judge(each).flags[0] for each in rows] == whole.flags.tolist()
            latest = Latest(plant())
            latest.take(Parcel(whole, (), (), Counts(4, 0, 0, 0, 0, ()), NOW, {}))
            assert latest.value[PRESSURE] == (3.0 if marks else 2.0)


def test_stamps_an_hour_behind_are_believed_to_be_late_until_five_agree() -> None:
    """One value an hour late is late; a source that is an hour behind has the wrong zone."""
    batch = judged(*(row(PRESSURE, n, n - 7200.0, n + 0.1) for n in range(7)))
    assert flags_of(batch) == [Flag.LATE] * 4 + [Flag.WHOLE_HOUR] * 3
    assert (batch.time[4:] - NOW).tolist() == [4 * SECOND, 5 * SECOND, 6 * SECOND]


def test_the_offset_of_a_clock_is_estimated_and_told_and_put_right_by_the_mapping() -> None:
    """3 s behind, over a way of 0.1 to 0.4 s: 3.1 s at most; with `ahead: -3 s` the times fit."""
    rows = [row(PRESSURE, n, n - 3.0, n + 0.1 * (1 + n % 4)) for n in range(20)]
    rules = Rules(plant())
    judged(*rows, rules=rules)
    assert rules.clocks.offsets() == {"plc": pytest.approx(3.1)}
    assert [notice.kind for notice in rules.notices] == ["clock"]
    right = Rules(plant(clock_offset_s=-3.0))
    assert (judged(*rows, rules=right).time - NOW).tolist() == [n * SECOND for n in range(20)]
    assert not right.notices


def test_earlier_times_are_out_of_order_and_repeats_are_duplicates() -> None:
    """By signal; after a failover the first value is known already."""
    batch = judged(
        row(PRESSURE, 1.0, 1),
        row(PRESSURE, 3.0, 3),
        row(PRESSURE, 2.0, 2, 3.1),
        row(OTHER, 2.0, 2, 3.1),
        row(PRESSURE, 4.0, 4),
        row(PRESSURE, 4.0, 4, marks=Mark.FIRST),
        row(PRESSURE, 4.5, 4),
        row(LOT, "roll-1", 5),
        row(LOT, "roll-1", 5),
        row(LOT, "roll-2", 5),
    )
    dup = Flag.DUPLICATE
    expected = [Flag(0), Flag(0), Flag.OUT_OF_ORDER, Flag(0), Flag(0), dup | Flag.FIRST]
    assert flags_of(batch) == [*expected, Flag(0), Flag(0), dup, Flag(0)]


def test_implausible_values_are_flagged_and_kept() -> None:
    """Out of range, or faster than possible since the last good value; a spike harms no other."""
    batch = judged(
        row(SPEED, 30.0, 0),  # 0.5 m/s
        row(SPEED, 150.0, 1),  # 2.5 m/s of at most 2
        row(SPEED, 60.0, 2),  # +0.5 m/s in 2 s of at most 0.2
        row(SPEED, 36.0, 3),  # 0.6 m/s, from 0.5 in 3 s
        row(SPEED, 66.0, 13),  # +0.5 m/s in 10 s of at most 1
    )
    assert flags_of(batch) == [
        *(Flag(0), Flag.OUT_OF_RANGE, Flag.TOO_FAST, Flag(0), Flag(0)),
    ]
    assert batch.value.tolist() == pytest.approx([0.5, 2.5, 1.0, 0.6, 1.1])


def test_codes_map_totally_and_an_unknown_one_is_undefined_and_told_once() -> None:
    """Numbers and words; never Execute for what nobody mapped."""
    rules = Rules(plant())
    codes: list[float | str] = [2, "run", 5, 77, 77, "Execute"]
    batch = judged(*(row(STATE, code, n) for n, code in enumerate(codes)), rules=rules)
    assert batch.value.tolist() == [6, 6, 11, 0, 0, 0]
    unknown = Flag.UNKNOWN_CODE
    assert flags_of(batch) == [Flag(0)] * 3 + [unknown] * 3
    assert len(rules.notices) == 2
    assert rules.counts[STATE, list(Flag).index(unknown)] == 3


def test_cleaning_and_unknown_states_suspend_a_station_and_no_other() -> None:
    """From the value after the state that says so, until a state that does not."""
    batch = judged(
        row(SPEED, 60.0, 0),
        row(STATE, 5, 1),
        row(SPEED, 60.0, 2),
        row(PRESSURE, 1.0, 2),
        row(OTHER, 1.0, 2),
        row(STATE, 2, 3),
        row(SPEED, 60.0, 4),
        row(STATE, 99, 5),
        row(SPEED, 60.0, 6),
    )
    suspended = [bool(each & Flag.SUSPENDED) for each in flags_of(batch)]
    assert suspended == [False, False, True, False, True, False, False, False, True]


ROWS = st.lists(
    st.tuples(
        st.integers(0, 4),
        st.integers(0, 6),
        st.sampled_from([-7200.0, -3600.0, -20.0, 0.0, 0.0, 0.0, 3600.0, 5.0]),
        st.sampled_from([0, 0, 0, 0x40000000, 0x80000000]),
        st.sampled_from([0, 0, 0, 0, 1]),
        st.integers(-2, 2),
    ),
    max_size=40,
)


@settings(max_examples=100, deadline=None)
@given(rows=ROWS, cuts=st.lists(st.integers(0, 40), max_size=6))
def test_cutting_the_stream_changes_nothing(rows: list[Any], cuts: list[int]) -> None:
    """Times, values and flags are the same however rows come together in batches."""
    made = [
        row(signal, float(value), n + shift + late, n + 0.1, status=status, marks=marks)
        for n, (signal, value, late, status, marks, shift) in enumerate(rows)
    ]
    if not made:
        return
    whole = joined(made)
    expected = Rules(plant()).judge(whole)
    rules = Rules(plant())
    places = sorted({0, len(whole), *(cut for cut in cuts if cut < len(whole))})
    parts = [rules.judge(part_of(whole, begin, end)) for begin, end in itertools.pairwise(places)]
    for column in ("time", "value", "flags"):
        together = np.concatenate([getattr(part, column) for part in parts])
        np.testing.assert_array_equal(together, getattr(expected, column), column)


@settings(max_examples=60, deadline=None)
@given(rows=ROWS)
def test_order_and_repeats_by_hand(rows: list[Any]) -> None:
    """Row by row, with a dictionary of what each signal had before."""
    made = [
        row(signal, float(value), n + shift, n + 4.0, status=status)
        for n, (signal, value, _, status, _, shift) in enumerate(rows)
    ]
    if not made:
        return
    batch = Rules(plant()).judge(joined(made))
    latest: dict[int, int] = {}
    before: dict[int, tuple[int, float, int]] = {}
    for index, flag in enumerate(flags_of(batch)):
        came = batch.came
        signal, moment = int(came.signal[index]), int(batch.time[index])
        this = (moment, float(came.raw[index]), int(came.status[index]))
        assert bool(flag & Flag.OUT_OF_ORDER) == (moment < latest.get(signal, moment))
        assert bool(flag & Flag.DUPLICATE) == (before.get(signal) == this)
        latest[signal] = max(latest.get(signal, moment), moment)
        before[signal] = this


def test_a_played_plant_has_a_time_of_its_own() -> None:
    """Stamps of a plant at another pace are neither late nor ahead, and stay as they are."""
    rows = [row(PRESSURE, n, 600.0 * n, float(n)) for n in range(8)]
    batch = judged(*rows, rules=Rules(plant(played=True)))
    assert flags_of(batch) == [Flag(0)] * 8
    assert (batch.time - NOW).tolist() == [600 * n * SECOND for n in range(8)]
