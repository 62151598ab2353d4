"""Events of a group: found between two points by going back, and what they do."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from group_fmus import oscillators, write_group
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from linetwin.contracts import Contract
from linetwin.cosim.groups import (
    FmuGroup,
    GroupContinuous,
    Terminal,
    read_group,
    simulate_group,
)
from linetwin.cosim.kernel.library import kernel
from linetwin.errors import FmuError, WiringError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from linetwin.cosim.groups import Group

RATE = 0.1
"""x' = -RATE x in 1/s from 100 g/m2, exact: the FMU of decay_source."""
WITHIN_S = 1e-6
RUNS = {"on": 1, "T": 20}


def decays(folder: Path, decay: Path, events: Mapping[str, object], **changes: object) -> Group:
    """Return two FMUs that decay, one at half the rate."""
    content: dict[str, object] = {
        "step": "1 s",
        "members": {
            "one": {"fmu": str(decay), "values": {**RUNS, "mode": "on"}},
            "two": {"fmu": str(decay), "values": {**RUNS, "mode": "on", "rate": RATE / 2}},
        },
        "outputs": {"x": "one.x", "y": "two.x"},
        "events": dict(events),
    }
    return read_group(write_group(folder, **{**content, **changes}))


def happened(
    group: Group, ticks: Sequence[int], *, compiled: bool = True
) -> list[tuple[str, float]]:
    """Return names and times (s) of the events of a run that is touched at these ticks."""
    running = FmuGroup(group, compiled=compiled)
    running.start(0, {})
    for tick in ticks:
        running.advance(tick, {})
    found = [(name, time) for name, time in running.happenings]
    running.close()
    return found


def when(level: float, rate: float = RATE) -> float:
    """Return when x falls to a level (g/m2)."""
    return math.log(100.0 / level) / rate


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    level=st.floats(20.0, 99.0),
    step=st.sampled_from(["10 ms", "1 s", "1/7 s", "1 min"]),
    adaptive=st.booleans(),
    compiled=st.booleans(),
)
def test_an_event_is_where_the_closed_form_puts_it(
    tmp_path: Path,
    decay: Path,
    level: float,
    step: str,
    *,
    adaptive: bool,
    compiled: bool,
) -> None:
    """Never before, and after by no more than `within`: members then stand past it."""
    changes: dict[str, object] = {"step": step}
    if adaptive:
        changes["adaptive"] = {"relative": 1e-3}
    event = {"low": {"of": "one.x", "falls": f"{level!r} g/m2"}}
    ((name, time),) = happened(
        decays(tmp_path, decay, event, **changes), [17_000], compiled=compiled
    )
    late = time - when(level)
    assert name == "low"
    assert -1e-12 <= late <= WITHIN_S * (1 + 1e-6)


@pytest.mark.parametrize(("within", "most"), [("1 ms", 1e-3), ("1 us", 1e-6), ("1/500000 s", 2e-6)])
def test_how_near_is_the_users_choice(
    tmp_path: Path, decay: Path, within: str, most: float
) -> None:
    """`within` is a length of time, and holds for long steps too."""
    event = {"low": {"of": "one.x", "falls": 50.0}}
    ((_, time),) = happened(decays(tmp_path, decay, event, step="1 min", within=within), [9000])
    assert -1e-12 <= time - when(50.0) <= most * (1 + 1e-6)


def test_two_events_in_one_step(tmp_path: Path, decay: Path) -> None:
    """The earlier one is found first, whichever stands first in the file; then the other."""
    events = {
        "late": {"of": "two.x", "falls": 96.0},
        "early": {"of": "one.x", "falls": 93.0},
        "last": {"of": "one.x", "falls": 91.0},
    }
    found = happened(decays(tmp_path, decay, events), [1000])
    assert [name for name, _ in found] == ["early", "late", "last"]
    exact = [when(93.0), when(96.0, RATE / 2), when(91.0)]
    assert [time for _, time in found] == pytest.approx(exact, abs=WITHIN_S, rel=0)


def test_two_events_at_one_instant(tmp_path: Path, decay: Path) -> None:
    """Both are told, in the order of the file, at the same time."""
    events = {name: {"of": "one.x", "falls": level} for name, level in (("b", 90.0), ("a", 90.0))}
    (first, second) = happened(decays(tmp_path, decay, events), [2000])
    assert (first[0], second[0]) == ("b", "a")
    assert first[1] == second[1]


def test_an_event_on_a_communication_point(tmp_path: Path, decay: Path) -> None:
    """A level that is reached just there is told once; where it is passed: at or just after it."""
    level = 100.0 * math.exp(-RATE * 1.0) ** 2  # as the FMU multiplies in two steps of 1 s
    found = happened(decays(tmp_path, decay, {"low": {"of": "one.x", "falls": level}}), [5000])
    assert [name for name, _ in found] == ["low"]
    assert 2.0 <= found[0][1] <= 2.0 + WITHIN_S


def test_a_graze_counts_where_a_point_lies_beyond(tmp_path: Path, mass: Path) -> None:
    """x = cos(w t) comes back to 0.999 once a period; what it never reaches never happens."""
    group = oscillators(
        tmp_path,
        mass,
        members={"left": {"fmu": str(mass), "values": {"position": 1.0, "neighbour": 0}}},
        connections={},
        outputs={"left_position": "left.position"},
        events={
            "high": {"of": "left.position", "rises": "0.999 m"},
            "leaves": {"of": "left.position", "falls": "0.999 m"},
            "never": {"of": "left.position", "rises": "1.001 m"},
            "zero": {"of": "left.position", "crosses": "0 m"},
        },
    )
    found = happened(group, [8000])
    frequency, near = math.sqrt(1.2), math.acos(0.999)
    exact = [
        ("leaves", near),
        ("zero", math.pi / 2),
        ("zero", 3 * math.pi / 2),
        ("high", 2 * math.pi - near),
        ("leaves", 2 * math.pi + near),
        ("zero", 5 * math.pi / 2),
    ]
    assert [name for name, _ in found] == [name for name, _ in exact]
    # the FMU's own integrator errs by some 1e-6 of the position
    times = [angle / frequency for _, angle in exact]
    assert [time for _, time in found] == pytest.approx(times, abs=3e-4)


def test_an_event_sets_inputs_and_the_next_one_follows_from_it(tmp_path: Path, decay: Path) -> None:
    """Off at 80, while the other goes on; on again when that has fallen to 80: closed forms."""
    events = {
        "off": {"of": "one.x", "falls": 80.0, "set": {"one.mode": "off"}},
        "on": {"of": "two.x", "falls": 80.0, "set": {"one.mode": "on"}},
        "end": {"of": "one.x", "falls": 70.0, "stop": True},
    }
    table = simulate_group(decays(tmp_path, decay, events), 60.0)
    on, off = when(80.0, RATE / 2), when(80.0)
    exact = [off, on, on + when(70.0) - off]
    assert [name for name, _ in table.attrs["events"]] == ["off", "on", "end"]
    assert [time for _, time in table.attrs["events"]] == pytest.approx(exact, abs=3e-6, rel=0)
    assert table["time"].iloc[-1] == table.attrs["events"][-1][1]
    assert table["x"].iloc[-1] == pytest.approx(70.0, abs=1e-4)
    assert table["y"].iloc[-1] == pytest.approx(100.0 * math.exp(-RATE / 2 * exact[-1]), abs=1e-4)
    # the grid stays where it was
    assert {float(second) for second in range(int(exact[-1]))} <= set(table["time"])
    assert table.attrs["steps"].endswith("3 events")


def test_a_jump_from_outside_is_an_event_at_its_touch(tmp_path: Path, lag: Path) -> None:
    """What passes at once has passed the level there, and no earlier."""
    group = read_group(
        write_group(
            tmp_path,
            step="1 s",
            members={"one": {"fmu": str(lag), "values": {"switch": 1}}},
            inputs={"air": "one.inlet"},
            outputs={"level": "one.level"},
            events={"hot": {"of": "one.passed", "rises": "50 degC"}},
        )
    )
    running = FmuGroup(group)
    running.start(500, {"air": 20.0})
    running.advance(2345, {"air": 40.0})
    running.advance(3456, {"air": 60.0})
    running.advance(9000, {"air": 70.0})
    assert running.happenings == [("hot", 2.956)]
    running.close()


@pytest.mark.skipif(kernel().kernel is None, reason=f"no compiled kernel: {kernel().reason}")
@pytest.mark.parametrize("order", ["jacobi", "gauss-seidel"])
def test_both_engines_and_a_restored_one_agree(tmp_path: Path, mass: Path, order: str) -> None:
    """Events, times, values and counts, bit by bit; saved before, between and after events."""
    group = oscillators(
        tmp_path,
        mass,
        step="200 ms",
        order=order,
        extrapolate="linear",
        events={
            "left": {"of": "left.position", "crosses": "10 cm"},
            "right": {"of": "right.velocity", "crosses": "20 cm/s"},
        },
    )
    recorded = [Terminal("left", "position"), Terminal("right", "velocity")]
    states, rows = [], []
    for compiled in (True, False):
        running = FmuGroup(group, recorded, compiled=compiled)
        running.start(0, {})
        saved = []
        for tick in (701, 1450, 3000, 9999):
            running.advance(tick, {})
            saved.append(running.save())
        assert len(running.happenings) == 5
        assert running.recorder is not None
        rows.append(running.recorder.times[: running.recorder.rows].tobytes())
        states.append(saved)
        running.close()
    assert states[0] == states[1]
    assert rows[0] == rows[1]
    other = FmuGroup(group)
    for state in states[0][:-1]:
        other.restore(state)
        for tick in (1450, 3000, 9999):
            if tick > other.tick:
                other.advance(tick, {})
        assert other.save() == states[0][-1]
    other.close()


@pytest.mark.parametrize("order", ["jacobi", "gauss-seidel"])
def test_where_a_member_ends_a_step_early_all_stand(
    tmp_path: Path, decay: Path, order: str
) -> None:
    """The earliest first, whoever it is; the others are taken back and come to the same instant."""
    limits = {"one": 1.7, "two": 1.25, "three": 1 / 3}
    group = decays(
        tmp_path,
        decay,
        {},
        order=order,
        early_return=True,
        members={
            name: {"fmu": str(decay), "values": {**RUNS, "mode": "on", "limit": limit}}
            for name, limit in limits.items()
        },
        outputs={name: f"{name}.x" for name in limits},
    )
    table = simulate_group(group, 3.0)
    assert table["time"].tolist() == [0.0, 0.333333334, 1.0, 1.25, 1.7, 2.0, 3.0]
    exact = 100.0 * np.exp(-RATE * table["time"].to_numpy())
    for name in limits:
        assert table[name].to_numpy() == pytest.approx(exact, rel=1e-12)


def test_members_in_event_mode_stop_the_others_too(
    tmp_path: Path, decay: Path, feature: Callable[..., Path]
) -> None:
    """Without a clock in common: where one has an event all stand, the earliest first."""
    mode = 'hasEventMode="true"'
    fmu = feature("clocks3", mode, f'{mode} canGetAndSetFMUState="true"')
    rates = {"one": 0.7, "two": 0.9}
    content: dict[str, object] = {
        "step": "10 s",
        "early_return": True,
        "members": {
            **{n: {"fmu": str(fmu), "values": {"rate": r, "told": 0.0}} for n, r in rates.items()},
            "walks": {"fmu": str(decay), "values": {**RUNS, "mode": "on"}},
        },
        "outputs": {"x": "one.x", "y": "two.x", "z": "walks.x"},
    }
    table = simulate_group(read_group(write_group(tmp_path, **content)), 3.1)
    events = [k / rate for rate in rates.values() for k in (1, 2)]
    beats = [0.25 * k for k in range(13)]  # of their own periodic clocks
    times = table["time"].to_numpy()
    assert times == pytest.approx(np.sort([*beats, *events, 3.1]), abs=1e-9)
    assert table["x"].to_numpy() == pytest.approx(0.7 * times)
    assert table["y"].to_numpy() == pytest.approx(0.9 * times)
    assert table["z"].to_numpy() == pytest.approx(100.0 * np.exp(-RATE * times))
    with pytest.raises(WiringError, match="early returns to events and steps that are tried"):
        read_group(write_group(tmp_path, **content, adaptive={}))
    held = {**content, "extrapolate": "linear"}
    with pytest.raises(WiringError, match="early returns to events need inputs that are held"):
        read_group(write_group(tmp_path, **held))


def test_early_return_with_events_and_adaptive_steps(tmp_path: Path, decay: Path) -> None:
    """All three find their points in one run."""
    members = {
        "one": {"fmu": str(decay), "values": {**RUNS, "mode": "on", "limit": 1.7}},
        "two": {"fmu": str(decay), "values": {**RUNS, "mode": "on", "rate": RATE / 2}},
    }
    event = {"low": {"of": "two.x", "falls": 91.0}}
    group = decays(
        tmp_path, decay, event, members=members, early_return=True, adaptive={"relative": 1e-3}
    )
    table = simulate_group(group, 5.0)
    ((_, time),) = table.attrs["events"]
    assert time == pytest.approx(when(91.0, RATE / 2), abs=WITHIN_S, rel=0)
    assert {1.7, time, 5.0} <= set(table["time"])
    exact = 100.0 * np.exp(-RATE * table["time"].to_numpy())
    assert table["x"].to_numpy() == pytest.approx(exact, rel=1e-12)


def test_a_line_sees_events_in_its_own_time(
    tmp_path: Path, lag: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The log has their times in the line; one that stops the group is a failure at its time."""
    group = read_group(
        write_group(
            tmp_path,
            step="100 ms",
            members={"one": {"fmu": str(lag), "values": {"switch": 1}}},
            inputs={"air_temperature": "one.inlet"},
            outputs={"film_temperature": "one.level"},
            events={
                "warm": {"of": "one.level", "rises": "320 K"},
                "hot": {"of": "one.level", "rises": "340 K", "stop": True},
            },
        )
    )
    contract = Contract(
        "oven", "continuous", inputs=("air_temperature",), outputs=("film_temperature",)
    )
    oven = GroupContinuous(group, contract)
    with caplog.at_level("INFO", "linetwin.fmu.group"):
        oven.start(5000, {"air_temperature": 350.0})
        oven.advance(5900, {})
        state = oven.save()
        warm = math.log(50.0 / 30.0)  # level = 350 K - 50 K exp(-t / 1 s)
        assert caplog.messages[0].startswith("event 'warm' at ")
        assert float(caplog.messages[0].split()[3]) == pytest.approx(5.0 + warm, abs=1e-3)
        for _ in range(2):
            with pytest.raises(FmuError, match="event 'hot' ended it") as found:
                oven.advance(9000, {})
            assert found.value.time_s == pytest.approx(5.0 + math.log(5.0), abs=1e-3)
            oven.restore(state)
        oven.advance(6000, {})
    level = 350.0 - 50.0 * math.exp(-1.0)
    assert oven.read(["film_temperature"])["film_temperature"] == pytest.approx(level, abs=1e-2)
    oven.close()


def test_events_that_gain_no_time_are_given_up(tmp_path: Path, lag: Path) -> None:
    """A relay without a gap would switch for ever: it is named, with the time."""
    group = read_group(
        write_group(
            tmp_path,
            step="1 s",
            members={"one": {"fmu": str(lag), "values": {"switch": 1, "inlet": 0}}},
            outputs={"level": "one.level"},
            events={
                "hot": {"of": "one.passed", "rises": 300.0, "set": {"one.inlet": "0 degC"}},
                "cold": {"of": "one.passed", "falls": 300.0, "set": {"one.inlet": "99 degC"}},
                "begin": {"of": "one.level", "falls": 290.0, "set": {"one.inlet": "99 degC"}},
            },
        )
    )
    running = FmuGroup(group)
    running.start(0, {})
    with pytest.raises(FmuError, match="1000 events in a row happened at one instant") as found:
        running.advance(5000, {})
    # level = 273.15 K + (300 - 273.15) K exp(-t / 1 s)
    assert found.value.time_s == pytest.approx(math.log(26.85 / 16.85), abs=1e-3)
    running.close()


def test_what_events_cannot_name(tmp_path: Path, mass: Path) -> None:
    """Outputs and inputs that are not there, that another sets, no level or two, no length."""
    with pytest.raises(WiringError) as found:
        oscillators(
            tmp_path,
            mass,
            within="1 parsec",
            events={
                "one": {"of": "left.positon", "rises": 1.0},
                "two": {"of": "left.position"},
                "three": {"of": "left.position", "rises": 1.0, "falls": 0.5},
                "four": {"of": "left.position", "rises": "1 K", "set": {"left.neighbour": 1.0}},
            },
        )
    text = str(found.value)
    assert "'1 parsec' is no length" in text
    assert "there is no output 'left.positon'" in text
    assert "left.position" in text
    assert "it has 0 levels to pass" in text
    assert "it has 2 levels to pass" in text
    assert "'1 K'" in text
    assert "there is no input 'left.neighbour' that nobody else sets" in text
