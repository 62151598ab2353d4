"""Gauges, inspections and defects: what a station reads, finds and inflicts."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_line import HOUR, Setting, draw, number

from linetwin.line.drivers import StochasticDriver
from linetwin.line.equipment import Equipment
from linetwin.line.shifts import shift_name, shift_number
from linetwin.line.streams import Streams
from linetwin.scenario.resolved import (
    CalendarConfig,
    DefectConfig,
    DisturbanceConfig,
    GaugeConfig,
    InspectionConfig,
    Value,
)

if TYPE_CHECKING:
    from linetwin.line.world import World

MANY = 40_000
SHIFT = 8 * HOUR * 1000


def _line(**extra: object) -> World:
    world = draw("a[10 s]", Setting(extra={"a": extra}))
    world.driver = StochasticDriver(Streams(7))
    return world


def _station(world: World) -> Equipment:
    station = world.units["a"]
    assert isinstance(station, Equipment)
    return station


def _gauge(bias: float, repeatability: float, reproducibility: float, unit: str) -> GaugeConfig:
    terms = (
        Value(term, unit, "A", "test", "test") for term in (bias, repeatability, reproducibility)
    )
    return GaugeConfig("loading", *terms)


def test_without_a_gauge_the_reading_is_the_truth() -> None:
    """No draw is made, so a line without gauges keeps its chance."""
    world = _line()
    true = np.array([0.18, 0.19])
    assert _station(world).measure("loading", true) is true
    assert world.driver.save() == {}


@pytest.mark.parametrize(("unit", "scale"), [("kg/m2", 1.0), ("%", 0.18 / 100)])
def test_a_gauge_adds_bias_and_scatter(unit: str, scale: float) -> None:
    """Mean and deviation of many readings of one shift are bias and repeatability, in its unit."""
    world = _line(gauges={"loading": _gauge(0.5, 2.0, 0.0, unit)})
    read = _station(world).measure("loading", np.full(MANY, 0.18))
    assert read.mean() == pytest.approx(0.18 + 0.5 * scale, abs=4 * 2.0 * scale / MANY**0.5)
    assert read.std() == pytest.approx(2.0 * scale, rel=0.02)


def test_a_shift_has_one_offset() -> None:
    """Readings of a shift share their offset; over many shifts it scatters as stated."""
    world = _line(gauges={"loading": _gauge(0.0, 0.0, 3.0, "kg/m2")})
    station, found = _station(world), []
    for shift in range(400):
        world.calendar.reset(shift * SHIFT)
        found.append(station.measure("loading", np.array([1.0, 5.0])) - [1.0, 5.0])
    offsets = np.array(found)
    assert np.ptp(offsets, axis=1).max() < 1e-12
    assert offsets[:, 0].std() == pytest.approx(3.0, rel=0.15)


def test_the_offset_of_a_shift_does_not_depend_on_who_measured_before() -> None:
    """Two what-ifs, one of which idles for two shifts, meet the same operator in the third."""
    readings = []
    for visited in ([0, 1, 2, 3], [3]):
        world = _line(gauges={"loading": _gauge(0.0, 0.0, 1.0, "kg/m2")})
        seen = {}
        for shift in visited:
            world.calendar.reset(shift * SHIFT)
            read = float(_station(world).measure("loading", np.array([1.0]))[0])
            seen[shift] = read
        readings.append(seen)
    assert readings[0][3] == readings[1][3]


def test_an_inspection_misses_and_raises_false_alarms() -> None:
    """Shares of missed defects and refused sound items are those stated; other defects are seen."""
    world = _line(
        inspections={"cold weld": InspectionConfig("cold weld", _share(0.1), _share(0.03))}
    )
    truth = np.arange(MANY) % 4 == 0
    found = _station(world).inspect("cold weld", truth)
    assert np.mean(~found[truth]) == pytest.approx(0.1, abs=0.01)
    assert np.mean(found[~truth]) == pytest.approx(0.03, abs=0.005)
    assert _station(world).inspect("burr", truth) is truth


def test_defects_strike_at_their_rate() -> None:
    """And not at all where none is stated."""
    world = _line(defects={"cold weld": DefectConfig("cold weld", _share(0.02))})
    station = _station(world)
    assert station.inflict("cold weld", MANY).mean() == pytest.approx(0.02, abs=0.003)
    assert not station.inflict("burr", 10).any()


def test_a_gauge_can_be_disturbed() -> None:
    """From the second on at which its bias changes, it reads more, and true again afterwards."""
    world = _line(gauges={"loading": _gauge(0.0, 0.0, 0.0, "kg/m2")})
    change = DisturbanceConfig("a.loading.bias", 0.5, 2000, 5000)
    world.scenario = replace(world.scenario, disturbances=(change,))
    world.begin()
    read: dict[int, float] = {}
    while world.now < 10_000 and world.step():
        read[world.now] = float(_station(world).measure("loading", np.array([1.0]))[0])
    assert (read[0], read[2000], read[5000]) == (1.0, 1.5, 1.0)


def test_a_row_of_numbers_can_be_disturbed() -> None:
    """All zones of a dryer at once; what was before comes back."""
    row = Value((1.0, 2.0), "K", "A", "test", "test")
    world = _line(parameters={"cycle_time": number(10), "parts": number(1), "zones": row})
    change = DisturbanceConfig("a.zones", (3.0, 4.0), 2000, 5000)
    world.scenario = replace(world.scenario, disturbances=(change,))
    world.begin()
    seen: dict[int, list[float]] = {}
    while world.now < 10_000 and world.step():
        seen[world.now] = world.values("a", "zones")
    assert (seen[0], seen[2000], seen[5000]) == ([1.0, 2.0], [3.0, 4.0], [1.0, 2.0])
    with pytest.raises(TypeError, match="row of numbers"):
        world.value("a", "zones")


def test_shifts_begin_at_22_6_and_14() -> None:
    """A run begins in the night shift that ends on day 1."""
    usual = CalendarConfig("usual", ())
    hours = {0: "day 1 night", 6: "day 1 early", 14: "day 1 late", 22: "day 2 night"}
    assert {hour: shift_name(hour * HOUR * 1000, usual) for hour in hours} == hours
    assert [shift_number(hour * HOUR * 1000, usual) for hour in hours] == [0, 1, 2, 3]
    assert shift_name(-1, usual) == "day 1 night"


STARTS = st.dictionaries(st.integers(0, 1439), st.just(""), min_size=1, max_size=5)


@given(STARTS, st.integers(-3 * 86_400_000, 9 * 86_400_000))
def test_shifts_of_a_calendar_follow_one_another(minutes: dict[int, str], tick: int) -> None:
    """The number goes up by one exactly where a shift begins; its name is that of the last begun.

    A shift counts to the day on which it ends.
    """
    shifts = tuple((f"s{minute}", 60 * minute) for minute in sorted(minutes))
    calendar = CalendarConfig("own", (), shifts)
    begins = {1000 * second for _, second in shifts}
    step = shift_number(tick, calendar) - shift_number(tick - 1, calendar)
    assert step == (tick % 86_400_000 in begins)
    last = max(
        (start for day in (-1, 0) for start in (day * 86_400 + second for _, second in shifts)
         if start * 1000 <= tick % 86_400_000),
    )  # fmt: skip
    end = min(second + 86_400 * day for _, second in shifts for day in (0, 1)
              if (second + 86_400 * day) > last)  # fmt: skip
    day = tick // 86_400_000 + (end - 1) // 86_400 + 1
    assert shift_name(tick, calendar) == f"day {day} s{last % 86_400 // 60}"


def test_a_station_works_in_the_shifts_of_its_calendar() -> None:
    """Operations carry the name; the gauge's offset changes with these shifts and no others."""
    world = _line(gauges={"loading": _gauge(0.0, 0.0, 1.0, "kg/m2")})
    days = CalendarConfig("always", (), (("day", 6 * 3600), ("dark", 18 * 3600)))
    world.scenario = replace(world.scenario, calendars={"always": days})
    station, readings = _station(world), []
    for hour in (1, 5, 7, 13, 17, 19, 23):
        world.calendar.reset(hour * HOUR * 1000)
        readings.append(float(station.measure("loading", np.zeros(1))[0]))
    assert [len({*part}) for part in (readings[:2], readings[2:5], readings[5:])] == [1, 1, 1]
    assert len({*readings}) == 3


def _share(value: float) -> Value:
    return Value(value, "1", "A", "test", "test")
