"""A coater that starts wastes web until its loading has settled, more metres at more speed."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from line_support import Memory, imbalance, in_memory, make_world, pilot
from scipy.integrate import quad

from linetwin.errors import ScenarioError
from linetwin.line.checks import check_line
from linetwin.line.start_up import settling, waste_length

CALM = (
    "cathode.coater.pump_ripple=0 %",
    "cathode.coater.gap_drift=0 um",
    "cathode.coater.breakdown.time_between_failures=100000 h",
    "cathode.coater.web_break.time_between_failures=100000 h",
    "cathode.coater.startup_length=1 m",
    "cathode.coater.roll_length=120 m",
)
VALUES = {
    "settling_time": 36.0,
    "settling_deviation": -0.3,
    "loading_tolerance": 0.04,
    "startup_length": 10.0,
    "web_speed": 0.0,
}


@given(
    speed=st.floats(0.02, 1.5),
    first=st.floats(-0.4, 0.4),
    start=st.floats(0.0, 30.0),
    again=st.floats(0.0, 30.0),
)
@settings(max_examples=40, deadline=None)
def test_segments_settle_since_the_last_start(
    speed: float, first: float, start: float, again: float
) -> None:
    """Each segment has the mean of the exponential over it, as a quadrature says."""
    values = VALUES | {"web_speed": speed, "settling_deviation": first}
    low = np.arange(40.0)
    found = settling(values.__getitem__, low, low + 1, [start, again])
    for at, deviation in zip(low, found, strict=True):
        begun = [each for each in (start, again) if each < at + 1]
        if not begun:
            assert deviation == 0
            continue
        since = max(0.0, at - max(begun))
        mean, _ = quad(lambda x: first * math.exp(-x / (36 * speed)), since, since + 1)
        assert deviation == pytest.approx(mean, abs=1e-7)


@given(speed=st.floats(0.01, 1.5), tolerance=st.floats(0.005, 0.5))
def test_where_the_waste_ends_the_loading_is_within_its_window(
    speed: float, tolerance: float
) -> None:
    """At least the fixed length; beyond that to the metre at which the window is reached."""
    values = VALUES | {"web_speed": speed, "loading_tolerance": tolerance}
    length = waste_length(values.__getitem__)
    there = 0.3 * math.exp(-length / (36 * speed))
    assert length >= 10.0
    assert there <= tolerance * (1 + 1e-9)
    if length > 10.0:
        assert there == pytest.approx(tolerance)


@pytest.mark.parametrize("speed", [10.0, 20.0])
def test_faster_coating_wastes_more_web_at_each_start(speed: float) -> None:
    """36 s times ln(30 % / 4 %) are 72.5 s: 12.1 m at 10 m/min, 24.2 m at 20; nothing after it."""
    _, sink = in_memory(pilot(20, *CALM, f"cathode.coater.web_speed={speed} m/min"))
    rows = [row for row in sink.rows["segments"] if row["roll"] == "cathode.roll-0001"]
    wasted = {int(row["start_m"]) for row in rows if row["reason"]}
    metres = math.ceil(speed / 60 * 36 * math.log(0.3 / 0.04))
    assert {row["reason"] for row in rows} == {"", "start-up of the coater"}
    assert wasted == {*range(metres), *range(120 - metres, 120)}


def test_what_a_start_lacks_is_not_drawn_from_the_tank() -> None:
    """The first metres are thin, and every gram of the rest is in the ledger."""
    world, sink = in_memory(pilot(20, *CALM))
    rows = [row for row in sink.rows["segments"] if row["roll"] == "cathode.roll-0001"]
    thin = np.array([row["loading_a"] for row in rows[:3]]) / rows[60]["loading_a"]
    away = 36 * 1.9 / 60
    mean = [1 - 0.3 * away * (math.exp(-x / away) - math.exp(-(x + 1) / away)) for x in range(3)]
    assert thin[1:] == pytest.approx(mean[1:], rel=1e-6)  # the first one waits for the pump, too
    assert max(map(abs, imbalance(world).values())) < 1e-9


def test_a_roll_shorter_than_its_start_up_is_refused() -> None:
    """Settling counts: at 120 m/min 145 m are wasted of a roll of 120 m."""
    short = "cathode.coater.roll_length=120 m"
    world = make_world(pilot(20, short, "cathode.coater.web_speed=120 m/min"), Memory())
    with pytest.raises(ScenarioError, match="leaves no good metre"):
        check_line(world)


def test_in_tandem_a_start_wastes_metres_under_either_die() -> None:
    """The die is cleaned with metre 60 under it, and metre 40 under the second, 20 m behind it.

    Side B of metre 60 reaches its die 20 m later: by then the loading has settled.
    """
    changes = (
        *CALM,
        "cathode.coater.startup_length=5 m",
        "cathode.coater.coating_mode=tandem",
        "cathode.coater.dryer_length=20 m",
        "cathode.coater.die_cleaning_interval=0.5 h",
        "cathode.coater.edge_rise=0 %",
        "cathode.coater.die_setup_deviation=0 %",
    )
    world, sink = in_memory(pilot(20, *changes))
    rows = [row for row in sink.rows["segments"] if row["roll"] == "cathode.roll-0001"]
    wasted = {int(row["start_m"]) for row in rows if row["reason"]}
    assert wasted == {*range(5), *range(60, 65), *range(40, 45)}
    loading = {side: np.array([row[f"loading_{side}"] for row in rows]) for side in "ab"}
    assert loading["a"][60] < 0.9 * loading["a"][50]
    assert loading["b"][60] == pytest.approx(loading["b"][50], rel=1e-6)
    assert max(map(abs, imbalance(world).values())) < 1e-9
