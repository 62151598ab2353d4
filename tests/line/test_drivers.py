"""Drivers: what chance looks like, and what a script plays."""

from __future__ import annotations

import math

import numpy as np
import pytest
from small_line import number

from linetwin.line.drivers import ScriptedDriver, StochasticDriver
from linetwin.line.streams import Streams
from linetwin.scenario.resolved import FailureConfig

COUNT = 20_000
FAILURE = FailureConfig("jam", number(4 * 3600), number(480), number(0.5, "1"))


@pytest.fixture
def driver() -> StochasticDriver:
    """A stochastic driver of a fixed seed."""
    return StochasticDriver(Streams(11))


def test_times_to_failure_are_exponential(driver: StochasticDriver) -> None:
    """Mean, deviation and the share beyond the mean are those of an exponential distribution."""
    ticks = np.array([driver.time_to_failure("unit", FAILURE) for _ in range(COUNT)])
    mean = FAILURE.time_between_failures.number * 1000
    four_sigma = 4 / math.sqrt(COUNT)
    assert ticks.mean() == pytest.approx(mean, rel=four_sigma)
    assert ticks.std() == pytest.approx(mean, rel=2 * four_sigma)
    assert (ticks > mean).mean() == pytest.approx(math.exp(-1), abs=four_sigma / 2)
    assert ticks.min() >= 1


def test_times_to_repair_are_lognormal(driver: StochasticDriver) -> None:
    """Mean, coefficient of variation and median are those of the lognormal asked for."""
    ticks = np.array([driver.time_to_repair("unit", FAILURE) for _ in range(COUNT)])
    mean, variation = FAILURE.time_to_repair.number * 1000, 0.5
    assert ticks.mean() == pytest.approx(mean, rel=4 * variation / math.sqrt(COUNT))
    assert ticks.std() / ticks.mean() == pytest.approx(variation, rel=0.05)
    assert np.median(ticks) == pytest.approx(mean / math.sqrt(1 + variation**2), rel=0.02)


def test_a_repair_without_variation_takes_its_mean(driver: StochasticDriver) -> None:
    """A coefficient of variation of zero leaves no chance."""
    failure = FailureConfig("jam", number(1), number(480), number(0, "1"))
    assert {driver.time_to_repair("unit", failure) for _ in range(20)} == {480_000}


def test_no_failure_or_repair_takes_no_time_at_all(driver: StochasticDriver) -> None:
    """However short the mean, an answer is one tick at least: time must go on."""
    failure = FailureConfig("jam", number(1e-9), number(1e-9), number(0, "1"))
    assert driver.time_to_failure("unit", failure) == 1
    assert driver.time_to_repair("unit", failure) == 1


def test_handling_times_are_set_not_drawn(driver: StochasticDriver) -> None:
    """A duration is the nominal one, and asking for it uses no stream."""
    assert driver.duration("unit", "load", 1234) == 1234
    assert driver.save() == {}


def test_numbers_do_not_depend_on_how_many_are_asked_for_at_once(driver: StochasticDriver) -> None:
    """Ten normal numbers are the same ten, one by one or together: batch sizes change no chance."""
    other = StochasticDriver(Streams(11))
    together = driver.normal("unit", "cause", 10)
    assert np.array_equal(together, [other.normal("unit", "cause", 1)[0] for _ in range(10)])
    together = driver.uniform("unit", "cause", 10)
    assert np.array_equal(together, [other.uniform("unit", "cause", 1)[0] for _ in range(10)])
    assert ((together >= 0) & (together < 1)).all()


def test_a_script_is_played_in_order_and_then_falls_silent() -> None:
    """Answers come one after the other; after the last, nothing fails and nothing varies."""
    driver = ScriptedDriver(
        {
            ("unit", "failure.jam"): [5000],
            ("unit", "repair.jam"): [700],
            ("unit", "duration.load"): [10, 20],
            ("unit", "ripple"): [1.5, -0.5],
            ("unit", "channel"): [0.1],
        }
    )
    assert driver.time_to_failure("unit", FAILURE) == 5000
    assert driver.time_to_failure("unit", FAILURE) == ScriptedDriver.NEVER
    assert [driver.time_to_repair("unit", FAILURE) for _ in range(2)] == [700, 60_000]
    assert [driver.duration("unit", "load", 99) for _ in range(3)] == [10, 20, 99]
    assert driver.normal("unit", "ripple", 3).tolist() == [1.5, -0.5, 0.0]
    assert driver.uniform("unit", "channel", 2).tolist() == [0.1, 0.5]
    assert driver.time_to_failure("other", FAILURE) == ScriptedDriver.NEVER


def test_a_saved_script_goes_on_where_it_was() -> None:
    """A scripted driver is saved as how far each list has been played."""
    script = {("unit", "duration.load"): [10.0, 20.0, 30.0]}
    driver, again = ScriptedDriver(script), ScriptedDriver(script)
    driver.duration("unit", "load", 99)
    again.load(driver.save())
    assert again.save() == driver.save()
    assert [again.duration("unit", "load", 99) for _ in range(3)] == [20, 30, 99]
