"""Up to when a plant has told all: a moment before its newest values; after them, open loop."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linetwin.twin.following.plant_time import SILENT_AFTER_S, PlantTime

S = 1_000_000_000


def played(pace: float, seconds: int) -> PlantTime:
    """Return a plant of this pace that has told its time once a second."""
    time = PlantTime(played=True, hold_s=1.0)
    for second in range(seconds + 1):
        time.heard(second * S, round(1000 * S + second * pace * S))
    return time


@given(st.floats(0.1, 1000.0), st.integers(2, 100))
def test_a_played_plant_is_followed_at_its_pace(pace: float, seconds: int) -> None:
    """The pace is that of its stamps; what has been told ends one hold of wall time before."""
    time = played(pace, seconds)
    newest = 1000 * S + seconds * pace * S
    assert time.pace == pytest.approx(pace, rel=1e-6)
    assert time.until(seconds * S) == pytest.approx(newest - pace * S, abs=10)


@given(st.floats(0.1, 1000.0), st.floats(0.0, 3600.0))
def test_after_the_last_value_time_goes_on_as_before(pace: float, silence: float) -> None:
    """Nothing jumps at the moment at which the plant is taken to be silent, nor goes back."""
    time, last = played(pace, 60), 60 * S
    before = time.until(last + round(SILENT_AFTER_S * S))
    now = last + round((SILENT_AFTER_S + silence) * S)
    assert time.is_silent(now + 1)
    assert time.until(now + 1) >= before
    newest = 1000 * S + 60 * pace * S
    passed = (SILENT_AFTER_S + silence) * pace * S
    assert time.until(now + 1) == pytest.approx(newest - pace * S + passed, rel=1e-9, abs=1e4)


def test_a_plant_in_real_time_has_the_pace_of_our_clock() -> None:
    """Its stamps may come in leaps: time passes there as it does here."""
    time = PlantTime(played=False, hold_s=2.0)
    time.heard(0, 500 * S)
    assert time.pace == 1.0
    assert time.until(0) == 498 * S
    assert time.until(100 * S) == 598 * S


def test_of_a_played_plant_nothing_is_known_before_it_has_told_two_times() -> None:
    """One stamp has no pace, and a value without a time of its own is only a sign of life."""
    time = PlantTime(played=True, hold_s=1.0)
    assert time.is_silent(0)
    time.heard(0)
    time.heard(S, 700 * S)
    assert time.pace == 0.0
    time.heard(2 * S, 760 * S)
    assert time.pace == pytest.approx(60.0)
    assert not time.is_silent(3 * S)


def test_a_clock_that_is_set_back_by_an_hour_is_noticed() -> None:
    """As where summer time ends; values that come late by minutes are no such thing."""
    time = PlantTime(played=True, hold_s=1.0)
    for second in range(5):
        time.heard(second * S, (10_000 + second) * S)
    for second in range(5, 8):
        time.heard(second * S, (10_000 + second - 600) * S)
    assert time.behind_s == 0
    for second in range(8, 11):
        time.heard(second * S, (10_000 + second - 3600) * S)
    assert time.behind_s == pytest.approx(3600, abs=10)
