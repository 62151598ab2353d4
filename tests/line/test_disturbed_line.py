"""The pilot line on doubles under disturbances: what is true, what is only known, what is kept."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from line_support import HOUR, Memory, cells_of, imbalance, in_memory, make_world, pilot, run_out

from linetwin.errors import ScenarioError
from linetwin.line import run
from linetwin.line.checks import check_line
from linetwin.line.fork import branch
from linetwin.scenario import load
from linetwin.scenario.deviations import Deviation, Fault

if TYPE_CHECKING:
    from linetwin.scenario import Scenario
    from linetwin.scenario.deviations import FaultKind

OCV = "open_circuit_voltage"
COATER = "cathode.coater"
TIME = "correlation_time: 10 min"
ALL = (
    "disturbances.1={address: cathode.coater.measured_loading, kind: drift, per_day: 1 mg/cm2}",
    f"disturbances.2={{address: {COATER}.web_speed, kind: noise, deviation: 0.1 m/min, {TIME}}}",
    "disturbances.3={address: cathode.coater.drying.air_temperature, kind: offset, offset: 5 K}",
    "disturbances.4={address: cell.grading.measured_dcir, kind: dropout, share: 30 %}",
    "disturbances.5={address: cell.formation.measured_capacity, kind: dropout, share: 30 %}",
    f"disturbances.6={{address: cell.ocv_test.measured_{OCV}, kind: delay, delay: 2 h}}",
    "disturbances.7={address: cell.filler.electrolyte_dose, kind: offset, offset: 0.2 g}",
    "disturbances.8={address: cathode.mixer.mixing.jacket_temperature, kind: drift, per_hour: 1 K}",
    "disturbances.9={address: cathode.calender.line_load, kind: stuck, from: 3 h}",
    "disturbances.a={address: cell.stacker, kind: stop, cause: power cut, at: 15 h, for: 2 h}",
    "disturbances.b={address: cell.formation, kind: stop, cause: power cut, at: 20 h, for: 2 h}",
    "disturbances.c={address: cathode.coater, kind: stop, cause: breakdown, at: 9 h}",
    "disturbances.d={address: cell.stacker, kind: slow, speed: 70 %}",
    "disturbances.e={address: anode.coater, kind: hazard, factor: 5}",
    f"disturbances.f={{address: {COATER}.measured_wear, kind: offset, offset: 0.1}}",
)  # fmt: skip


def reading(station: str, quantity: str, offset: float) -> Deviation:
    """Return an offset of what a gauge reads."""
    address = f"{station}.measured_{quantity}"
    return Deviation(
        "gauge", address, station, "reading", quantity, "offset", 0, None, {"offset": offset}
    )


@pytest.fixture(scope="module")
def undisturbed() -> Memory:
    """An order of the pilot line as it is."""
    return in_memory(pilot(20))[1]


def test_an_offset_of_a_gauge_moves_what_is_measured_and_nothing_else(undisturbed: Memory) -> None:
    """By exactly the offset, cell by cell; every true column keeps its bits."""
    _, sink = in_memory(pilot(20, deviations=(reading("cell.ocv_test", OCV, 1e-4),)))
    before, after = cells_of(undisturbed), cells_of(sink)
    assert before.keys() == after.keys()
    column = f"measured_first_{OCV}"
    measured = {column, "measured_ocv_drift", "grade", "reasons"}
    checked = 0
    for cell, row in before.items():
        if column in row and row[column] == row[column]:
            assert after[cell][column] == row[column] + 1e-4
            checked += 1
        assert _bits(row, measured) == _bits(after[cell], measured)
    assert checked >= 20


def _bits(row: dict[str, Any], without: set[str]) -> str:
    return repr({name: value for name, value in row.items() if name not in without})


NOTHING = (
    reading("cell.ocv_test", OCV, 0.0),
    Deviation("a", "cathode.coater.web_speed", "cathode.coater", "value", "web_speed", "noise",
              0, None, {"deviation": 0.0, "correlation_time": 60_000}),
    Deviation("b", "cathode.coater.drying.air_temperature", "cathode.coater", "input",
              "air_temperature", "drift", 0, None, {"rate": 0.0}, process="drying"),
    Deviation("c", "building.building.occupants", "building", "input", "occupants", "offset",
              3 * HOUR, 9 * HOUR, {"offset": 0.0}, process="building"),
    Deviation("d", "cell.stacker.measured_machine_temperature", "cell.stacker", "signal",
              "machine_temperature", "offset", 0, None, {"offset": 0.0}),
)  # fmt: skip


def test_a_disturbance_of_nothing_changes_no_bit(undisturbed: Memory) -> None:
    """Zero offset, drift and noise: every table as without, but for what is told of them."""
    faults = (Fault("e", "cell.stacker", "slow", 0, None, factor=1.0),)
    _, sink = in_memory(pilot(20, deviations=NOTHING, faults=faults))
    for table, rows in undisturbed.rows.items():
        found = [row for row in sink.rows[table] if row.get("event") != "disturbance"]
        for row in found:
            row.pop("measured_machine_temperature", None)
        assert repr(found) == repr(rows), table


def test_a_signal_is_recorded_beside_its_truth() -> None:
    """The column `measured_<signal>` of that station; elsewhere there is none."""
    address = "cell.stacker.measured_machine_temperature"
    warm = Deviation("t", address, "cell.stacker", "signal", "machine_temperature", "offset",
                     HOUR, 2 * HOUR, {"offset": 5.0})  # fmt: skip
    scenario = pilot(10, deviations=(warm,), duration_ticks=3 * HOUR, order_cells=None)
    _, sink = in_memory(scenario)
    for row in sink.rows["signals"]:
        shown = row["measured_machine_temperature"]
        if row["station"] == "cell.stacker":
            error = 5.0 if HOUR <= row["tick"] < 2 * HOUR else 0.0
            assert shown == row["machine_temperature"] + error
        else:
            assert np.isnan(shown)


def disturbed() -> Scenario:
    """Return an order under everything at once."""
    plain = pilot(20, *ALL)
    assert len(plain.deviations) + len(plain.faults) == len(ALL)
    return plain


def test_material_is_conserved_and_the_line_goes_on_under_all() -> None:
    """Balanced to rounding; missing readings judge nothing; saved half-way it ends the same."""
    world, sink = in_memory(disturbed())
    assert world.ended == "order"
    assert max(map(abs, imbalance(world).values())) < 1e-9
    read = [row["measured_dcir"] for row in cells_of(sink).values() if "measured_dcir" in row]
    assert 0 < np.isnan(read).sum() < len(read)
    half = make_world(world.scenario, before := Memory())
    half.begin()
    while half.events < world.events // 2:
        half.step()
    other = make_world(world.scenario, after := Memory())
    run.load(other, run.save(half, {}))
    run_out(other)
    for table, rows in sink.rows.items():
        assert repr(before.rows[table] + after.rows[table]) == repr(rows)


def test_no_other_stream_is_shifted(undisturbed: Memory) -> None:
    """Noise of a gauge: what the other gauges read of a cell keeps its bits."""
    noise = replace(reading("cell.ocv_test", OCV, 0), kind="noise", amounts={"deviation": 1e-4})
    _, sink = in_memory(pilot(20, deviations=(noise,)))
    before, after = cells_of(undisturbed), cells_of(sink)
    for name in ("measured_dcir", "measured_capacity"):
        assert [row.get(name) for row in before.values()] == [r.get(name) for r in after.values()]


def test_a_branch_may_be_disturbed_otherwise() -> None:
    """An offset set in the fork holds from there on, and is told; a new one begins at its time."""
    origin = pilot(10, "disturbances.speed={address: cathode.coater.web_speed, kind: offset, "
                   "offset: 0.1 m/min}")  # fmt: skip
    world = make_world(origin, Memory())
    world.begin()
    while world.now < 8 * HOUR:
        world.step()
    was = world.value("cathode.coater", "web_speed")
    blob = run.save(world, {})
    faster = replace(origin.deviations[0], amounts={"offset": 0.2 / 60})
    stop = Fault("stop", "cathode.coater", "stop", 9 * HOUR, 10 * HOUR, "power cut")
    changed = replace(origin, deviations=(faster,), faults=(stop,), text="changed")
    other = make_world(changed, sink := Memory())
    branch(other, blob, origin, reseed=False)
    assert other.value("cathode.coater", "web_speed") - was == pytest.approx(0.1 / 60)
    while other.now < 11 * HOUR:
        other.step()
    states = [r for r in sink.rows["events"] if r["cause"] == "power cut"]
    assert [row["tick"] for row in states] == [9 * HOUR]


SPEED_FROM_2_TO_6_H = Deviation(
    name="speed", address="cathode.coater.web_speed", station="cathode.coater", subject="value",
    what="web_speed", kind="offset", start_tick=2 * HOUR, end_tick=6 * HOUR,
    amounts={"offset": 0.002}, unit="m/s",
)  # fmt: skip
BROKEN = Fault("break", "cathode.calender", "tool_break", HOUR, None)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"amounts": {"offset": 0.001}}, "ended on day 0.25, before the branch begins"),
        ({"amounts": {"offset": 0.001}, "end_tick": 5 * HOUR}, "ended on day 0.21"),
        ({"name": "new"}, "ended on day 0.25"),
        ({"end_tick": 9 * HOUR}, ""),
    ],
)
def test_a_branch_refuses_to_change_a_disturbance_that_is_over(
    changed: dict[str, Any], told: str
) -> None:
    """It would do nothing; one that goes on for longer is a change, and so is a later one.

    With the disturbance under way, to end it at once is a change as well.
    """
    origin = replace(pilot(10), deviations=(SPEED_FROM_2_TO_6_H,), faults=(BROKEN,))
    after = replace(origin, deviations=(replace(SPEED_FROM_2_TO_6_H, **changed),), text="changed")
    world = make_world(origin, Memory())
    world.begin()
    blobs = {}
    for hours in (4, 8):
        while world.now < hours * HOUR:
            world.step()
        blobs[hours] = run.save(world, {})
    if not told:
        branch(make_world(after, Memory()), blobs[8], origin, reseed=False)
        return
    with pytest.raises(ScenarioError, match=f"--set disturbances.*{told}.*later than 0.33 d"):
        branch(make_world(after, Memory()), blobs[8], origin, reseed=False)
    earlier = replace(SPEED_FROM_2_TO_6_H, end_tick=3 * HOUR)
    cut = replace(origin, deviations=(earlier,), text="changed")
    branch(make_world(cut, Memory()), blobs[4], origin, reseed=False)


def test_a_branch_refuses_to_change_a_fault_that_has_struck() -> None:
    """The tool broke; another time of it is another fault, which strikes in the branch."""
    origin = replace(pilot(10), faults=(BROKEN,))
    world = make_world(origin, Memory())
    world.begin()
    while world.now < 4 * HOUR:
        world.step()
    blob = run.save(world, {})
    same = replace(origin, faults=(replace(BROKEN, factor=2.0, cause="x"),), text="changed")
    with pytest.raises(ScenarioError, match=r"disturbances.break: struck on day 0.04.*from: later"):
        branch(make_world(same, Memory()), blob, origin, reseed=False)
    again = replace(origin, faults=(replace(BROKEN, start_tick=5 * HOUR),), text="changed")
    branch(make_world(again, Memory()), blob, origin, reseed=False)


@pytest.mark.parametrize("kind", ["tool_break", "stop", "slow", "hazard"])
def test_a_branch_refuses_a_new_fault_from_before_it(kind: FaultKind) -> None:
    """It would strike at the branch instead; one of then or later is taken."""
    origin = pilot(10)
    world = make_world(origin, Memory())
    world.begin()
    while world.now < 4 * HOUR:
        world.step()
    blob = run.save(world, {})

    def begun(start_tick: int) -> None:
        end = None if kind == "tool_break" else 9 * HOUR
        fault = Fault("x", "cathode.calender", kind, start_tick, end, "power cut", 0.5)
        changed = replace(origin, faults=(fault,), text="changed")
        branch(make_world(changed, Memory()), blob, origin, reseed=False)

    told = r"disturbances.x: was to begin on day 0\.12.*from: later than 0\.17 d"
    with pytest.raises(ScenarioError, match=told):
        begun(3 * HOUR)
    with pytest.raises(ScenarioError, match=r"was to begin on day 0\.00"):
        begun(0)
    begun(world.now)
    begun(5 * HOUR)


def test_an_input_that_a_model_does_not_have_is_refused() -> None:
    """With what it has, and where it was written."""
    scenario = load(
        "baseline",
        ["disturbances.x={address: cathode.coater.drying.outdoor_humidity, kind: stuck}"],
    )
    with pytest.raises(ScenarioError, match=r"has no input outdoor_humidity.*allowed: air_temp"):
        check_line(make_world(scenario, Memory()))
