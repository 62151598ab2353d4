"""FMI 3.0 event mode and clocks: every tick at its own time, none lost and none twice."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import pytest
from feature_fmus import cell
from hypothesis import given, settings
from hypothesis import strategies as st

from linetwin.contracts import Contract, Phase
from linetwin.cosim.clocks import Clock, Schedule
from linetwin.cosim.continuous import FmuContinuous
from linetwin.cosim.description import read_description
from linetwin.cosim.inspection import validate
from linetwin.cosim.mapping import process_map
from linetwin.cosim.simulation import Request, simulate, simulated
from linetwin.cosim.transform import FmuTransform
from linetwin.errors import FmuError, WiringError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Build = Callable[..., Path]

STEPS = pytest.mark.parametrize("step", [0.05, 0.3, 2.0])


@cell("Event mode, input events in it", 3)
@STEPS
def test_event_mode(feature: Build, step: float) -> None:
    """Discrete inputs and tunable parameters change in event mode; the FMU's own event is met.

    The FMU refuses them in every other mode, and steps of no length.
    """
    frame = simulate(feature("events3"), 2.0, step, inputs=[(1.1, {"rate": 4.0})])
    expected = [time + 3.0 * max(0.0, time - 1.1) for time in frame["time"]]
    np.testing.assert_allclose(frame["x"], expected, rtol=1e-12)
    np.testing.assert_array_equal(frame["own"], frame["time"] > 0.77)


@cell("Clocks: constant, fixed", 3)
@STEPS
def test_periodic_clocks(feature: Build, step: float) -> None:
    """One of 0.25 s, shifted by 0.1 s, and one of which the FMU says that it is 0.4 s."""
    frame = simulate(feature("events3"), 2.0, step)
    for row in frame.itertuples():
        samples = math.floor((row.time - 0.1) / 0.25 + 1e-9) + 1
        frames = math.floor(row.time / 0.4 + 1e-9) + 1
        assert (row.samples, row.frames) == (samples, frames)
        assert row.sampled == pytest.approx(0.1 + 0.25 * (samples - 1) if samples else 0.0)
        assert row.framed == pytest.approx(0.4 * (frames - 1))


@cell("Clocks: changing, countdown", 3)
@STEPS
def test_aperiodic_clocks(feature: Build, step: float) -> None:
    """Each interval 0.1 s longer than the last; and 0.37 s after each change of an input."""
    changes = [(0.2, {"armed": 1}), (1.0, {"armed": 2})]
    frame = simulate(feature("events3"), 2.0, step, inputs=changes)
    ticks = np.cumsum(np.arange(1, 10) * 0.1)
    for row in frame.itertuples():
        assert row.variations == np.sum(ticks <= row.time + 1e-9)
        assert row.alarms == (row.time >= 0.57 - 1e-9) + (row.time >= 1.37 - 1e-9)
    assert frame["alarmed"].iloc[-1] == pytest.approx(1.37)


@cell("Clocks: triggered input", 3)
@STEPS
def test_a_clock_from_outside(feature: Build, step: float) -> None:
    """A triggered clock ticks at the times of the inputs; one with times of its own is refused."""
    fmu = feature("events3")
    frame = simulate(fmu, 2.0, step, inputs=[(0.0, {"poke": 1}), (1.23, {"poke": 1})])
    np.testing.assert_array_equal(frame["pokes"], 1 + (frame["time"] >= 1.23))
    assert frame["poked"].iloc[-1] == pytest.approx(1.23)
    with pytest.raises(WiringError, match=r"input.sample: a clock that ticks by itself"):
        simulate(fmu, 2.0, step, inputs=[(0.5, {"sample": 1})])


@cell("Clocks: triggered output", 3)
@STEPS
def test_a_clock_of_the_fmu(feature: Build, step: float) -> None:
    """It ticks where x passes a whole number, however long the step; the FMU returns early."""
    frame = simulate(feature("events3"), 2.0, step, {"rate": 2.6})
    np.testing.assert_array_equal(frame["crossed"], np.floor(frame["x"] + 1e-9))
    np.testing.assert_allclose(frame["x"], 2.6 * frame["time"], rtol=1e-12)


@cell("Intermediate update", 3)
@STEPS
def test_intermediate_update(feature: Build, step: float) -> None:
    """The FMU shows its outputs in the middle of each of its steps; the rest is as without."""
    fmu = feature("events3")
    plain = simulate(fmu, 2.0, step)
    with simulated(fmu, Request(2.0, step, within=True)) as frame:
        pass
    within = frame["samples"].isna()
    assert within.sum() >= max(len(plain) - 1, 14), "each step, or each stretch between events"
    assert frame["time"].is_monotonic_increasing
    np.testing.assert_allclose(frame["x"], frame["time"], rtol=1e-12)
    np.testing.assert_array_equal(frame[~within].to_numpy(float), plain.to_numpy(float))
    assert frame.attrs == plain.attrs
    with simulated(feature("types3"), Request(1.0, 0.5, within=True)) as plain:
        assert len(plain) == 3, "one that shows nothing"


@cell("Return after an intermediate update", 3)
def test_no_return_is_asked_for(feature: Build) -> None:
    """An FMU that could return early there is never asked to; it checks that itself."""
    with simulated(feature("events3"), Request(1.0, 0.5, within=True)) as frame:
        assert frame["x"].iloc[-1] == pytest.approx(1.0)


EVENT_MODE = ('hasEventMode="true"', "")


@cell("Input clocks without event mode", 3, state="refused")
def test_clocks_without_event_mode(feature: Build) -> None:
    """Nobody could make its clocks tick."""
    with pytest.raises(WiringError, match="its clock 'sample' needs event mode"):
        read_description(feature("events3", *EVENT_MODE))


@cell("Clocks in model exchange", 3, state="refused")
def test_clocks_in_model_exchange(feature: Build) -> None:
    """Refused by the name of the clock."""
    clock = '<Clock name="tick" valueReference="9" causality="input" intervalVariability="fixed"/>'
    with pytest.raises(WiringError, match="its clock 'tick' needs event mode"):
        read_description(feature("vdp3", "</ModelVariables>", f"{clock}</ModelVariables>"))


def test_it_validates(feature: Build) -> None:
    """A reset and a second instance give the same bits."""
    assert validate(feature("events3")) == []


LINE = Contract("machine", "continuous", inputs=(), outputs=("coating_thickness",))
ITEMS = Contract("item", "transform", inputs=(), outputs=("coating_thickness",))
LINKS = process_map({"coating_thickness": {"variable": "x", "unit": "m"}})


def test_in_a_line(feature: Build) -> None:
    """A machine and a process with clocks run; the machine cannot save, and says so."""
    machine = FmuContinuous(feature("events3"), LINE, mapping=LINKS)
    machine.start(1_000, {})
    for tick in (1_333, 2_500, 3_700):
        machine.advance(tick, {})
        assert machine.read(["coating_thickness"])["coating_thickness"] == pytest.approx(
            (tick - 1_000) / 1000.0
        )
    assert not machine.can_save
    with pytest.raises(FmuError, match="cannot save"):
        machine.save()
    machine.close()
    process = FmuTransform(feature("events3"), ITEMS, mapping=LINKS)
    (columns,) = process.apply({}, [Phase({}, np.array([0.5, 1.7]))])
    np.testing.assert_allclose(columns["coating_thickness"], [0.5, 1.7])
    np.testing.assert_allclose(columns["phase_time"], [0.5, 1.7])
    process.close()


@given(
    interval=st.fractions(min_value=Fraction(1, 1000), max_value=10, max_denominator=1000),
    shift=st.fractions(min_value=0, max_value=1, max_denominator=1000),
    part=st.floats(min_value=0.01, max_value=5.0),
)
@settings(deadline=None, max_examples=50)
def test_ticks_do_not_drift(interval: Fraction, shift: Fraction, part: float) -> None:
    """However time is cut, every tick comes once, at its exact time rounded once."""
    clock = Clock("c", 0, "input", "constant", interval, shift)
    schedule = Schedule.of([clock])
    at, step, found = 0.0, part * float(interval), []
    for index in range(1, 60):
        end = index * step
        while True:
            found += [at for _ in schedule.take_due(at)]
            if at >= end:
                break
            at = schedule.stop(at, end)
    expected = [float(shift + number * interval) for number in range(len(found) + 1)]
    np.testing.assert_allclose(found, expected[:-1], rtol=2e-12, atol=2e-12)
    assert expected[-1] > at
