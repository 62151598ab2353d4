"""The compiled kernel does what Python does, to the same bits and with the same errors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from group_fmus import oscillators, write_group
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from linetwin.cosim.groups import FmuGroup, Terminal, read_group
from linetwin.cosim.groups.compiled import CompiledEngine
from linetwin.cosim.groups.engine import PythonEngine
from linetwin.cosim.groups.recorder import Recorder
from linetwin.cosim.kernel.library import SWITCH, kernel
from linetwin.errors import FmuError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from linetwin.cosim.groups import Group

pytestmark = pytest.mark.skipif(
    kernel().kernel is None, reason=f"no compiled kernel: {kernel().reason}"
)


def run(
    group: Group,
    ticks: Sequence[int],
    inputs: Sequence[dict[str, float]],
    recorded: Sequence[Terminal],
    *,
    compiled: bool,
) -> tuple[object, ...]:
    """Return everything that a run shows: what was recorded and read, the state, an error."""
    running = FmuGroup(group, recorded, compiled=compiled)
    error: tuple[object, ...] = ()
    read: dict[str, float] = {}
    state = b""
    try:
        running.start(ticks[0], inputs[0])
        assert isinstance(running._engine, CompiledEngine if compiled else PythonEngine)
        for tick, given in zip(ticks[1:], inputs[1:], strict=True):
            running.advance(tick, given)
        read = running.read(group.outputs)
        state = running.save() if running.can_save else b""
    except FmuError as failed:
        error = (str(failed), failed.model, failed.time_s)
    assert running.recorder is not None
    rows = running.recorder.rows
    columns = running.recorder.columns()
    assert all(np.isfinite(values).all() for values in columns.values())
    shown = (rows, running.recorder.times[:rows].tobytes(), read, state, error, running.tick)
    running.close()
    return (*shown, {name: values.tobytes() for name, values in columns.items()})


def both(
    group: Group,
    ticks: Sequence[int],
    inputs: Sequence[dict[str, float]],
    recorded: Sequence[Terminal],
) -> tuple[object, ...]:
    """Run in the kernel and in Python, expect the same, and return it."""
    compiled = run(group, ticks, inputs, recorded, compiled=True)
    assert compiled == run(group, ticks, inputs, recorded, compiled=False)
    return compiled


MEMBERS = st.permutations(["one", "two", "three", "four"])
STEPS = st.sampled_from(["10 ms", "1/60 s", "1/7 s", "25 ms", "1 s"])
TICKS = st.lists(st.integers(1, 400), min_size=1, max_size=5)


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_the_same_bits(tmp_path: Path, lag: Path, decay: Path, data: st.DataObject) -> None:
    """Over orders, rates, steps, ticks, types, conversions, both versions, things that pass."""
    draw = data.draw
    member = {"fmu": str(lag), "values": {"switch": 1}}
    every = st.sampled_from([1, 1, 2, 3, 5])
    members: dict[str, dict[str, object]] = {
        "one": {**member, "every": draw(every)},
        "two": {"fmu": str(lag), "every": draw(every), "values": {"time_constant": 0.3}},
        "three": {**member, "every": draw(every)},
        "four": {
            "fmu": str(decay),
            "every": draw(every),
            "values": {"on": 1},
            "depends": {"steps": [], "x": []},
        },
    }
    content: dict[str, object] = {
        "step": draw(STEPS),
        "order": draw(st.sampled_from(["jacobi", "gauss-seidel"])),
        "extrapolate": draw(st.sampled_from(["none", "linear"])),
        "members": {name: members[name] for name in draw(MEMBERS)},
        "connections": {
            "two.inlet": "one.passed",
            "two.switch": {"from": "four.steps", "scale": 0.01, "offset": 0.6},
            "three.inlet": {"from": "two.passed", "scale": 0.5, "offset": 3.0},
            "one.inlet": "three.level",
            "four.T": {"from": "two.stage", "from_unit": "degC", "scale": 7.0},
            "four.mode": {"from": "two.stage", "scale": 0.4, "offset": 1.0},
        },
        "outputs": {"end": "three.passed", "x": "four.x", "hot": "four.T_out"},
    }
    group = read_group(write_group(tmp_path, **content))
    ticks = np.cumsum([draw(st.integers(0, 10_000)), *draw(TICKS)]).tolist()
    recorded = [Terminal("three", "level"), Terminal("four", "steps"), Terminal("two", "passed")]
    found = both(group, ticks, [{}] * len(ticks), recorded)
    assert found[4] == (), found[4]


def test_inputs_from_outside(tmp_path: Path, lag: Path) -> None:
    """What is set at a tick goes to all its targets and passes through at once."""
    members = {name: {"fmu": str(lag), "values": {"switch": 1}} for name in ("one", "two")}
    del members["two"]["values"]
    group = read_group(
        write_group(
            tmp_path,
            step="30 ms",
            members=members,
            connections={"two.inlet": "one.passed"},
            inputs={"air": "one.inlet", "stage": "two.switch"},
            outputs={"air_out": "two.passed", "stage_out": "two.stage", "level": "two.level"},
        )
    )
    ticks = [7, 7, 50, 1000, 1090]
    inputs = [{"air": 20.0}, {"stage": 2.4}, {"air": 77.7, "stage": 0.0}, {}, {"stage": 3.0}]
    shown = both(group, ticks, inputs, [Terminal("two", "passed")])
    assert shown[2] == pytest.approx({"air_out": 350.85, "stage_out": 3.0, "level": 0}, abs=400)
    both(group, [0, 10], [{"air": 0.0}, {"stage": 1e12}], [Terminal("two", "passed")])


def test_the_same_errors(tmp_path: Path, lag: Path, decay: Path) -> None:
    """Steps that end early, values that do not fit, values that are refused: text and time."""
    stops = {"fmu": str(decay), "values": {"limit": 0.25, "on": 1, "T": 20, "mode": 2}}
    lags = {"fmu": str(lag), "values": {"switch": 1}}
    recorded = [Terminal("one", "level")]
    content: dict[str, object] = {
        "step": "100 ms",
        "members": {"one": {**lags, "values": {"switch": 1, "inlet": 20}}, "two": stops},
    }
    shown = both(read_group(write_group(tmp_path, **content)), [5, 1005], [{}, {}], recorded)
    assert shown[0] == 3
    assert "member 'two': it ended a step of 0.1 s before its time" in str(shown[4])
    content = {
        "step": "100 ms",
        "members": {"one": lags, "two": {"fmu": str(lag), "values": {"inlet": 20}}},
        "connections": {"two.switch": {"from": "one.level", "from_unit": "1", "scale": 1e7}},
        "inputs": {"air": "one.inlet"},
    }
    group = read_group(write_group(tmp_path, **content))
    shown = both(group, [0, 1000], [{"air": -100.0}, {}], recorded)
    assert "member 'two': value 3e+09 does not fit integer variable 'switch'" in str(shown[4])
    content["connections"] = {
        "two.inlet": {"from": "one.level", "scale": 1e308, "offset": 0, "from_unit": "K"}
    }
    content["members"] = {"one": lags, "two": lags}
    group = read_group(write_group(tmp_path, **content))
    shown = both(group, [0, 1000], [{"air": 900.0}, {}], recorded)
    assert "member 'two': SetFloat64 returned error" in str(shown[4])


def test_an_fmu_that_refuses_a_step(tmp_path: Path, lag: Path) -> None:
    """A step that fails names its length and what the FMU said of it."""
    content: dict[str, object] = {
        "step": "100 ms",
        "members": {"one": {"fmu": str(lag), "values": {"switch": 1, "time_constant": 1e-6}}},
        "inputs": {"air": "one.inlet"},
    }
    group = read_group(write_group(tmp_path, **content))
    shown = both(group, [0, 5000], [{"air": 1e300}, {}], [Terminal("one", "level")])
    assert "member 'one': DoStep of 0.1 s returned discard" in str(shown[4])
    assert "integration failed" in str(shown[4])


@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_loops_are_solved_to_the_same_bits(tmp_path: Path, lag: Path, data: st.DataObject) -> None:
    """Any gains round a loop but 1: the values confirm each other at every instant."""
    draw = data.draw
    gain = st.floats(-3.0, 3.0).map(lambda number: round(number, 3)).filter(abs)
    first, second = draw(gain), draw(gain)
    if abs(first * second - 1.0) < 0.05:
        first = -first
    member = {"fmu": str(lag), "values": {"switch": 1}}
    content: dict[str, object] = {
        "step": draw(STEPS),
        "order": draw(st.sampled_from(["jacobi", "gauss-seidel"])),
        "extrapolate": draw(st.sampled_from(["none", "linear"])),
        "loops": {"tolerance": 1e-11},
        "members": {"one": member, "two": member, "three": member, "four": member},
        "connections": {
            "one.inlet": {"from": "two.passed", "from_unit": "Cel", "scale": first, "offset": 5.0},
            "two.inlet": {"from": "one.passed", "from_unit": "Cel", "scale": second},
            "three.inlet": "two.passed",
            "four.inlet": {"from": "three.level", "offset": 1.0},
        },
        "inputs": {},
        "outputs": {"one": "one.passed", "two": "two.passed", "three": "three.passed"},
    }
    group = read_group(write_group(tmp_path, **content))
    recorded = [Terminal(name, "passed") for name in ("one", "two", "three")]
    ticks = np.cumsum([draw(st.integers(0, 1000)), *draw(TICKS)]).tolist()
    shown = both(group, ticks, [{}] * len(ticks), recorded)
    assert shown[4] == (), shown[4]
    # passed = inlet + 273.15, inlet = gain * passed + offset: two equations for two inlets
    matrix = np.array([[1.0, -first], [-second, 1.0]])
    right = np.array([first * 273.15 + 5.0, second * 273.15])
    inlets = np.linalg.solve(matrix, right)
    read = shown[2]
    assert isinstance(read, dict)
    assert [read["one"], read["two"]] == pytest.approx(
        (inlets + 273.15).tolist(), rel=1e-8, abs=1e-6
    )
    assert read["three"] == pytest.approx(read["two"], rel=1e-12)


def test_a_loop_without_a_solution_is_told(tmp_path: Path, lag: Path) -> None:
    """Where all round the loop is passed on as it is, nothing decides: that is a failure."""
    member = {"fmu": str(lag), "values": {"switch": 1}}
    content: dict[str, object] = {
        "step": "1 s",
        "loops": {"most": 5},
        "members": {"one": member, "two": member},
        "connections": {
            "one.inlet": {"from": "two.passed", "offset": 1.0},
            "two.inlet": "one.passed",
        },
    }
    group = read_group(write_group(tmp_path, **content))
    shown = both(group, [0, 1000], [{}, {}], [Terminal("one", "passed")])
    assert "loop through one.inlet, two.inlet has no solution" in str(shown[4])


def test_python_takes_over_where_the_kernel_is_switched_off(
    tmp_path: Path, mass: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`LINETWIN_KERNEL=off` leaves nothing compiled."""
    monkeypatch.setenv(SWITCH, "off")
    group = FmuGroup(oscillators(tmp_path, mass))
    group.start(0, {})
    assert isinstance(group._engine, PythonEngine)
    group.close()


def test_the_recorder_grows_between_calls(tmp_path: Path, mass: Path) -> None:
    """More rows than there was room for: none is lost, and none that was not written is shown."""
    group = FmuGroup(oscillators(tmp_path, mass), [Terminal("left", "position")])
    group.recorder = Recorder(group.recorder.slots, 4) if group.recorder else None
    assert group.recorder is not None
    group.start(0, {})
    for tick in range(100, 2001, 100):
        group.advance(tick, {})
    assert group.recorder.rows == 201
    values = group.recorder.columns()["left.position"]
    assert values.shape == (201,)
    assert np.all(values[1:] != 0.0)
    group.close()


@pytest.mark.parametrize("compiled", [True, False])
def test_messages_of_fmus_are_log_records(
    tmp_path: Path, decay: Path, caplog: pytest.LogCaptureFixture, *, compiled: bool
) -> None:
    """An FMU calls back into Python in the middle of the kernel's call; alike messages thin out."""
    member = {"fmu": str(decay), "values": {"on": 1, "mode": 2}}
    content: dict[str, object] = {
        "step": "10 ms",
        "members": {
            "one": member,
            "two": {"fmu": str(decay), "values": {"on": 1, "mode": 2, "T": 20}},
        },
        "inputs": {"T": "one.T"},
    }
    group = FmuGroup(read_group(write_group(tmp_path, **content)), compiled=compiled)
    group.start(0, {"T": 99.0})
    group.advance(1000, {"T": 101.5})
    assert caplog.messages == []
    group.advance(2000, {})
    assert caplog.records[0].name == "linetwin.fmu.decay"
    assert caplog.messages[0] == "T = 101.5 degC is hot"
    assert len(caplog.messages) == 10 + 3
    assert caplog.messages[-1] == "T = 101.5 degC is hot (alike messages so far: 64)"
    group.close()
