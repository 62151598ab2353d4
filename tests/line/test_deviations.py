"""How one number deviates, kind by kind, against what a hand works out from the definitions."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_line import Setting, draw, number

from linetwin.line import run
from linetwin.line.drivers import ScriptedDriver, StochasticDriver
from linetwin.line.streams import Streams
from linetwin.scenario.deviations import Deviation
from linetwin.scenario.resolved import DisturbanceConfig, GaugeConfig, Value

if TYPE_CHECKING:
    from linetwin.line.world import World

BASE = 10.0
ADDRESS = "a.setpoint"
EVERY_S = 1
"""A station that works for so long is an event as often: then everything is read."""


def deviation(kind: str, start_s: float, end_s: float | None, **more: Any) -> Deviation:  # noqa: ANN401
    """Return a deviation of the set point; `more`: amounts, or fields."""
    fields = {"value", "subject", "what", "address", "name", "minimum", "maximum", "process"}
    own = {key: value for key, value in more.items() if key in fields}
    amounts = {key: value for key, value in more.items() if key not in fields}
    given = {"name": kind, "address": ADDRESS, "subject": "value", "what": "setpoint"} | own
    end = None if end_s is None else round(end_s * 1000)
    return Deviation(
        station="a", kind=kind, start_tick=round(start_s * 1000), end_tick=end, amounts=amounts,
        **given,
    )  # fmt: skip


def line(*deviations: Deviation, disturbances: tuple[DisturbanceConfig, ...] = ()) -> World:
    """Return one station with a set point and a gauge without error, on a seeded driver."""
    none = Value(0.0, "kg/m2", "A", "test", "test")
    extra = {
        "parameters": {
            "cycle_time": number(EVERY_S), "parts": number(60), "setpoint": number(BASE)
        },
        "gauges": {"loading": GaugeConfig("loading", none, none, none)},
    }  # fmt: skip
    disturbing = {"deviations": deviations, "disturbances": disturbances}
    world = draw("a[1 s]", Setting(60, extra={"a": extra}, disturbing=disturbing, duration_s=40))
    world.driver = StochasticDriver(Streams(7))
    return renewed(world)


def renewed(world: World) -> World:
    """Return a new line of the same scenario on a seeded driver."""
    driver = StochasticDriver(Streams(7))
    return type(world)(world.scenario, world.models, driver, world.sink, type(world.station("a")))


def course(world: World) -> dict[float, float]:
    """Run a line; return second -> set point, read after every event."""
    world.begin()
    found = {world.now / 1000: world.value("a", "setpoint")}
    while world.step():
        found[world.now / 1000] = world.value("a", "setpoint")
    return found


def added(found: dict[float, float]) -> dict[float, float]:
    """Return by how much a course differs from what was set, where it does."""
    return {second: value - BASE for second, value in found.items() if value != BASE}


def test_an_offset_is_added_while_it_lasts() -> None:
    """From its first tick on, no longer at its last."""
    assert added(course(line(deviation("offset", 5, 9, offset=0.5)))) == dict.fromkeys(
        (5.0, 6.0, 7.0, 8.0), 0.5
    )


def test_a_drift_grows_from_nothing() -> None:
    """A rate times the time since it began; gone at its end."""
    found = added(course(line(deviation("drift", 5, 9, rate=0.25))))
    assert found == {6.0: 0.25, 7.0: 0.5, 8.0: 0.75}


def test_noise_is_the_stated_process_of_its_own_stream() -> None:
    """First order autoregressive on a tenth of the correlation time, from the named stream."""
    spread, time_s = 0.3, 5.0
    world = line(deviation("noise", 5, None, deviation=spread, correlation_time=time_s * 1000))
    found = course(world)
    keep = math.exp(-0.1)
    draws = Streams(7).get("a", "disturbance noise: setpoint", "normal").standard_normal(100)
    state, expected = 0.0, []
    for place, draw_ in enumerate(draws):
        state = draw_ if place == 0 else keep * state + math.sqrt(1 - keep**2) * draw_
        expected.append(spread * state)
    for second, value in found.items():
        if second < 5:
            assert value == BASE
        else:
            assert value == pytest.approx(BASE + expected[round((second - 5) / 0.5)], abs=1e-14)


def test_noise_has_the_stated_spread_and_correlation() -> None:
    """Over a long time: deviation, and correlation 1/e after the correlation time (4 sigma)."""
    world = line(deviation("noise", 0, None, deviation=2.0, correlation_time=1000.0))
    live, count = world.disturbances, 40_000
    values = np.empty(count)
    for place in range(count):
        world.calendar.reset(place * 100)
        values[place] = live.present(ADDRESS, 0.0)
    effective = count / 20  # independent samples of a process correlated over ten steps
    assert values.std() == pytest.approx(2.0, rel=4 * (0.5 / effective) ** 0.5)
    correlation = float(np.corrcoef(values[:-10], values[10:])[0, 1])
    assert correlation == pytest.approx(math.exp(-1), abs=4 / effective**0.5)


def test_noise_does_not_depend_on_when_it_is_looked_at() -> None:
    """Read at every second or once at the end: the same number, bit by bit."""
    often, once = (
        line(deviation("noise", 2, None, deviation=1.0, correlation_time=3000.0)) for _ in "ab"
    )
    values = course(often)
    once.calendar.reset(39_000)
    assert once.value("a", "setpoint") == values[39.0]


def test_stuck_holds_the_last_value_or_one_that_is_named() -> None:
    """What drifted before stays where it was when it got stuck."""
    drift = deviation("drift", 0, None, rate=0.5)
    found = course(line(drift, deviation("stuck", 10, 20)))
    assert {found[float(second)] for second in range(10, 20)} == {BASE + 5.0}
    assert (found[9.0], found[20.0]) == (BASE + 4.5, BASE + 10.0)
    found = course(line(drift, deviation("stuck", 10, 20, value=3.0)))
    assert {found[float(second)] for second in range(10, 20)} == {3.0}


def test_an_actuator_that_hears_nothing_holds_what_it_had() -> None:
    """Set to another value during the dropout, it follows only once that is over."""
    change = DisturbanceConfig(ADDRESS, 12.0, 8000, None)
    found = course(line(deviation("dropout", 5, 15), disturbances=(change,)))
    assert {found[float(second)] for second in range(15)} == {BASE}
    assert found[15.0] == 12.0


def test_a_delay_lets_everything_come_later() -> None:
    """A set value and a drift before it: input at t - 3 s, and no jump back when it begins."""
    change = DisturbanceConfig(ADDRESS, 12.0, 10_000, 20_000)
    drift, late = deviation("drift", 0, None, rate=1.0), deviation("delay", 5, None, delay=3000.0)
    found = course(line(drift, late, disturbances=(change,)))
    for second, value in found.items():
        then = second if second < 5 else max(5.0, second - 3)
        assert value == pytest.approx((12.0 if 10 <= then < 20 else BASE) + then, abs=1e-12)


def test_the_events_tell_what_the_machine_really_does() -> None:
    """Set at 10 s, there 3 s later; under noise what is set is told, as nothing else would last."""
    change = DisturbanceConfig(ADDRESS, 12.0, 10_000, 20_000)
    for kind, amounts, ticks in (
        ("delay", {"delay": 3000.0}, [13_000, 23_000]),
        ("noise", {"deviation": 1.0, "correlation_time": 2000.0}, [10_000, 20_000]),
    ):
        world = line(deviation(kind, 5, None, **amounts), disturbances=(change,))
        course(world)
        rows = [row for row in world.sink.rows["events"] if row["cause"] == ADDRESS]
        assert [(row["tick"], row["amount"]) for row in rows] == list(
            zip(ticks, (12.0, BASE), strict=True)
        )


def test_deviations_act_in_the_order_in_which_they_are_written() -> None:
    """Stuck, then an offset: both are seen. An offset, then stuck: the offset is stuck too."""
    offset, stuck = deviation("offset", 10, None, offset=1.0), deviation("stuck", 5, None)
    assert course(line(stuck, offset))[12.0] == BASE + 1.0
    assert course(line(offset, stuck))[12.0] == BASE


def test_what_leaves_the_range_is_cut_and_told_once() -> None:
    """A drift beyond the plausible range stays at its end; one note names the address."""
    world = line(deviation("drift", 0, None, rate=1.0, minimum=0.0, maximum=15.0))
    found = course(world)
    assert (found[4.0], found[30.0]) == (BASE + 4.0, 15.0)
    notes = [row for row in world.sink.rows["events"] if row["event"] == "note"]
    told = [row for row in notes if row["cause"] == f"cut at the end of its range: {ADDRESS}"]
    assert [row["tick"] for row in told] == [6000]


def readings(world: World, *, every_s: int = 1) -> dict[int, list[float]]:
    """Run a line; return second -> two readings of a truth of 1, 2, ... (+ 0.5 for the second)."""
    world.begin()
    station, found = world.station("a"), {}
    for second in range(0, 40, every_s):
        while world.now < second * 1000:
            world.step()
        true = np.array([float(second), second + 0.5])
        found[second] = station.measure("loading", true).tolist()
    return found


def gauge(kind: str, start_s: float, end_s: float | None, **more: Any) -> Deviation:  # noqa: ANN401
    """Return a deviation of what the gauge reads."""
    return deviation(
        kind, start_s, end_s, subject="reading", what="loading",
        address="a.measured_loading", **more,
    )  # fmt: skip


def test_readings_deviate_as_values_do() -> None:
    """Offset, drift and stuck at a value, by hand."""
    assert readings(line(gauge("offset", 5, 9, offset=0.25)))[5] == [5.25, 5.75]
    assert readings(line(gauge("drift", 5, None, rate=0.5)))[9] == [11.0, 11.5]
    assert readings(line(gauge("stuck", 5, 9, value=3.0)))[8] == [3.0, 3.0]


def test_a_gauge_that_is_stuck_repeats_its_last_reading() -> None:
    """The last one before it began, of the last item; without one the first."""
    found = readings(line(gauge("stuck", 5, 9)))
    assert (found[4], found[5], found[8], found[9]) == ([4.0, 4.5], [4.5] * 2, [4.5] * 2, [9, 9.5])
    assert readings(line(gauge("stuck", 0, None)))[9] == [0.5, 0.5]


def test_a_gauge_may_lose_all_readings_or_a_share() -> None:
    """None is a number that is missing; a share is that of the named stream."""
    found = readings(line(gauge("dropout", 5, 9)))
    assert np.isnan(found[5]).all()
    assert found[9] == [9.0, 9.5]
    found = readings(line(gauge("dropout", 0, None, share=0.25)))
    draws = Streams(7).get("a", "disturbance dropout: loading", "uniform").random(80)
    assert (np.isnan([found[second] for second in range(40)]).ravel() == (draws < 0.25)).all()


def test_a_reading_that_comes_late_is_that_of_before() -> None:
    """The newest that was taken at least the delay ago, or before the delay began."""
    found = readings(line(gauge("delay", 10, 20, delay=3000.0)))
    assert [found[second][0] for second in (9, 10, 12, 13, 15, 20)] == [9, 9.5, 9.5, 10.5, 12.5, 20]
    assert np.isnan(readings(line(gauge("delay", 0, None, delay=3000.0)))[2]).all()


def test_scatter_of_readings_is_that_of_the_named_stream() -> None:
    """Without a correlation time each reading has its own, with one those of an instant share."""
    found = readings(line(gauge("noise", 0, None, deviation=0.1)))
    draws = Streams(7).get("a", "disturbance noise: loading", "normal").standard_normal(80)
    true = np.array([[second, second + 0.5] for second in range(40)])
    assert np.array([*found.values()]) - true == pytest.approx(0.1 * draws.reshape(40, 2))
    world = line(gauge("noise", 0, None, deviation=0.1, correlation_time=4000.0))
    shared = np.array([*readings(world).values()]) - true
    assert np.ptp(shared, axis=1).max() < 1e-12
    assert shared.std() > 0.03


NUMBERS = st.floats(-3.0, 3.0)
KINDS = st.sampled_from(
    [("offset", "offset"), ("drift", "rate"), ("noise", "deviation"), ("stuck", ""),
     ("dropout", ""), ("delay", "delay")]
)  # fmt: skip
SEVERAL = st.lists(
    st.tuples(KINDS, st.integers(0, 30), st.integers(1, 30), NUMBERS), min_size=1, max_size=4
)


def chain(several: list[Any]) -> list[Deviation]:
    """Return deviations of the set point, each with a name of its own."""
    found = []
    for place, ((kind, amount), start, lasts, size) in enumerate(several):
        amounts: dict[str, float] = {amount: size} if amount else {}
        if kind == "noise":
            amounts = {"deviation": abs(size), "correlation_time": 2000.0}
        if kind == "delay":
            amounts = {"delay": 1000.0 + round(abs(size) * 1000)}
        found.append(deviation(kind, start, start + lasts, name=f"d{place}", **amounts))
    return found


@settings(max_examples=40, deadline=None)
@given(several=SEVERAL, cut=st.integers(1, 60))
def test_any_deviations_go_on_with_the_same_bits(several: list[Any], cut: int) -> None:
    """Saved after any event and restored in another line: the course of a line left alone."""
    change = DisturbanceConfig(ADDRESS, 12.0, 10_000, 20_000)
    whole = line(*chain(several), disturbances=(change,))
    left_alone = course(whole)
    frozen = line(*chain(several), disturbances=(change,))
    frozen.begin()
    for _ in range(cut):
        frozen.value("a", "setpoint")
        frozen.step()
    thawed = renewed(frozen)
    run.load(thawed, run.save(frozen, {}))
    for second in range(math.ceil(frozen.now / 1000) + 1, 40):
        while thawed.now < second * 1000 and thawed.step():
            pass
        assert thawed.value("a", "setpoint") == left_alone[float(second)]


def test_a_driver_that_plays_a_script_drives_noise_too() -> None:
    """So that a recorded line, or a test, says what the noise is."""
    world = line(deviation("noise", 0, None, deviation=2.0, correlation_time=1000.0))
    driver = ScriptedDriver({("a", "disturbance noise: setpoint"): [1.5]})
    scripted = type(world)(
        world.scenario, world.models, driver, world.sink, type(world.station("a"))
    )
    assert scripted.value("a", "setpoint") == BASE + 3.0
