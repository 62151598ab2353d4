"""Groups that run: trajectories, several rates, things that pass at once, saving, failures."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest
from group_fmus import lags, oscillators, write_group
from small_fmus import run_python

from linetwin.cosim.groups import (
    FmuGroup,
    Terminal,
    read_group,
    simulate_group,
)
from linetwin.errors import FmuError

if TYPE_CHECKING:
    from pathlib import Path

    from linetwin.cosim.groups import Group


RATIO = math.sqrt(1.4)
"""Two equal masses on springs of 1 N/m, coupled by 0.2 N/m, swing with 1 and sqrt(1.4) rad/s."""


def left_position(time: float | np.ndarray) -> float | np.ndarray:
    """Return the left mass's position (m), which begins at 1 m; the right one's at 0 m."""
    return 0.5 * (np.cos(time) + np.cos(RATIO * time))


@pytest.mark.parametrize("order", ["jacobi", "gauss-seidel"])
def test_coupled_oscillators_follow_the_closed_form(tmp_path: Path, mass: Path, order: str) -> None:
    """The error falls with the communication step, at least in proportion to it."""
    errors = []
    for step in ("40 ms", "20 ms", "10 ms"):
        group = oscillators(tmp_path, mass, order=order, step=step)
        found = simulate_group(group, 10.0)
        expected = left_position(found["time"].to_numpy())
        errors.append(float(np.abs(found["left_position"] - expected).max()))
    assert errors[-1] < 5e-3
    orders = [math.log2(a / b) for a, b in pairwise(errors)]
    assert all(order > 0.95 for order in orders), orders


def test_what_passes_at_once_passes_at_once(tmp_path: Path, lag: Path) -> None:
    """Three members through which a value passes show it at the instant at which it was set."""
    group = FmuGroup(lags(tmp_path, lag))
    group.start(5, {"air": 20.0})
    assert group.read(["end"])["end"] == pytest.approx(293.15, abs=1e-9)
    group.advance(1005, {"air": 50.0})
    assert group.read(["end"])["end"] == pytest.approx(323.15, abs=1e-9)
    group.advance(1005, {"air": 60.0})
    assert group.read(["end"])["end"] == pytest.approx(333.15, abs=1e-9)
    assert [[m.member.name for m in visit.members] for visit in group.plan.visits] == [
        ["second"],
        ["third"],
    ]
    assert len(group.plan.settling) == 3
    group.close()


def level_after(
    described: Group, first: tuple[int, float], second: tuple[int, float], end: int
) -> float:
    """Return the lag's temperature at the tick `end`, with air (degC) set at two ticks before."""
    group = FmuGroup(described)
    group.start(first[0], {"air": first[1]})
    group.advance(second[0], {"air": second[1]})
    group.advance(end, {})
    level = group.read(["level"])["level"]
    group.close()
    return level


def test_a_lag_follows_the_closed_form_from_any_tick(tmp_path: Path, lag: Path) -> None:
    """Inputs hold from the tick at which they are set, also one off the grid of the group."""
    level = level_after(lags(tmp_path, lag), (3_600_000, 100.0), (3_600_777, 20.0), 3_601_500)
    middle = 373.15 + (300.0 - 373.15) * math.exp(-0.777)
    assert level == pytest.approx(293.15 + (middle - 293.15) * math.exp(-0.723), rel=1e-6)


def test_a_jump_from_outside_is_not_extrapolated(tmp_path: Path, lag: Path) -> None:
    """After inputs were set a step holds them: the lag follows the jump alone, exactly."""
    level = level_after(lags(tmp_path, lag, extrapolate="linear"), (0, 20.0), (450, 100.0), 2000)
    middle = 293.15 + (300.0 - 293.15) * math.exp(-0.45)
    assert level == pytest.approx(373.15 + (middle - 373.15) * math.exp(-1.55), rel=1e-7)


def test_several_rates(tmp_path: Path, lag: Path) -> None:
    """A member that steps once in five holds its inlet for five; others see it change once."""
    member = {"fmu": str(lag), "values": {"switch": 1}}
    content: dict[str, object] = {
        "step": "1/10 s",
        "members": {"fast": member, "slow": {**member, "every": 5}},
        "connections": {"slow.inlet": "fast.level", "fast.inlet": "slow.level"},
    }
    found = simulate_group(read_group(write_group(tmp_path, **content)), 2.0)
    slow = found["slow.level"].to_numpy()
    fast = found["fast.level"].to_numpy()
    assert len(found) == 21
    # the oracle: exact lags with held inlets, in plain Python
    x, y, held = 300.0, 300.0, 300.0
    for k in range(20):
        if k % 5 == 0:
            held = x
        x = y + (x - y) * math.exp(-0.1)
        if k % 5 == 4:
            y = held + (y - held) * math.exp(-0.5)
        assert fast[k + 1] == pytest.approx(x, rel=1e-7)
        assert slow[k + 1] == pytest.approx(y, rel=1e-7)


def test_gauss_seidel_takes_what_those_before_have_reached(tmp_path: Path, lag: Path) -> None:
    """In declared order: the second member sees the first one's value of the end of the step."""
    member = {"fmu": str(lag), "values": {"switch": 1}}
    hot = {"fmu": str(lag), "values": {"switch": 1, "level": 400.0}}
    content: dict[str, object] = {
        "step": "100 ms",
        "order": "gauss-seidel",
        "members": {"one": member, "two": hot},
        "connections": {"one.inlet": "two.level", "two.inlet": "one.level"},
    }
    found = simulate_group(read_group(write_group(tmp_path, **content)), 0.3)
    x, y = 300.0, 400.0
    for k in range(3):
        x = y + (x - y) * math.exp(-0.1)
        y = x + (y - x) * math.exp(-0.1)
        assert found["one.level"][k + 1] == pytest.approx(x, rel=1e-7)
        assert found["two.level"][k + 1] == pytest.approx(y, rel=1e-7)


def test_types_are_converted(tmp_path: Path, lag: Path) -> None:
    """A number goes into an integer input rounded; one that does not fit names the member."""
    group = lags(
        tmp_path,
        lag,
        members={
            "third": {"fmu": str(lag), "values": {"inlet": 20.0}},
            "first": {"fmu": str(lag), "values": {"switch": 1}},
        },
        connections={"third.switch": {"from": "first.level", "from_unit": "1", "scale": 0.01}},
        inputs={"air": "first.inlet"},
        outputs={"stage": "third.stage"},
    )
    running = FmuGroup(group)
    running.start(0, {"air": 20.0})
    assert running.read(["stage"]) == {"stage": 3.0}
    running.close()
    wide = {"third.switch": {"from": "first.level", "from_unit": "1", "scale": 1e9}}
    group = lags(
        tmp_path,
        lag,
        members={
            "third": {"fmu": str(lag), "values": {"inlet": 20.0}},
            "first": {"fmu": str(lag), "values": {"switch": 1}},
        },
        connections=wide,
        outputs={"stage": "third.stage"},
    )
    running = FmuGroup(group)
    with pytest.raises(
        FmuError, match=r"member 'third': value 3e.11 does not fit integer variable"
    ):
        running.start(0, {"air": 20.0})
    with pytest.raises(FmuError, match="it has failed before"):
        running.advance(10, {})
    running.close()


def test_a_second_start_gives_the_bits_of_the_first(tmp_path: Path, mass: Path) -> None:
    """Nothing of an earlier run is left; recording begins anew."""
    recorded = [Terminal("left", "position"), Terminal("right", "velocity")]
    group = FmuGroup(oscillators(tmp_path, mass), recorded)
    assert group.recorder is not None
    runs = []
    for tick in (0, 12_345):
        group.start(tick, {})
        for until in (7, 500, 503, 2000):
            group.advance(tick + until, {})
        runs.append(group.recorder.columns())
        assert group.recorder.times[0] == 0.0
        assert np.all(np.diff(group.recorder.times[: group.recorder.rows]) > 0.0)
    for name, first in runs[0].items():
        assert np.array_equal(first, runs[1][name])
        assert np.isfinite(first).all()
    group.close()


RESUME = """
import sys
from pathlib import Path
from linetwin.cosim.groups import FmuGroup, read_group

group = FmuGroup(read_group(Path(sys.argv[1])))
group.restore(Path(sys.argv[2]).read_bytes())
group.advance(int(sys.argv[3]), {})
print(*(value.hex() for value in group.read(sys.argv[4:]).values()))
"""


@pytest.mark.parametrize(
    ("order", "extrapolate"),
    [("jacobi", "none"), ("gauss-seidel", "none"), ("jacobi", "linear")],
)
def test_a_saved_state_continues_with_the_same_bits(
    tmp_path: Path, mass: Path, order: str, extrapolate: str
) -> None:
    """In the same process, and in a fresh one, off the grid, with several rates."""
    members = {
        "left": {"fmu": str(mass), "values": {"position": 1.0}},
        "right": {"fmu": str(mass), "every": 3},
    }
    how = {"order": order, "extrapolate": extrapolate, "step": "1/60 s"}
    description = oscillators(tmp_path, mass, members=members, **how)
    group = FmuGroup(description)
    names = ["left_position", "right_position"]
    group.start(100, {})
    group.advance(1337, {})
    state = group.save()
    group.advance(5000, {})
    expected = group.read(names)
    group.restore(state)
    assert group.tick == 1337
    group.advance(5000, {})
    assert group.read(names) == expected
    file = tmp_path / "state"
    file.write_bytes(state)
    printed = run_python(
        RESUME, str(description.file), str(file), "5000", *names, temporary=tmp_path
    )
    assert [float.fromhex(text) for text in printed.split()] == list(expected.values())
    group.close()


def test_states_that_do_not_fit_are_refused(tmp_path: Path, mass: Path) -> None:
    """A state of another group, of another format, and no state at all."""
    group = FmuGroup(oscillators(tmp_path, mass))
    with pytest.raises(FmuError, match="it has not been started"):
        group.save()
    group.start(0, {})
    state = group.save()
    other = FmuGroup(oscillators(tmp_path, mass, step="20 ms"))
    with pytest.raises(FmuError, match="belongs to another group"):
        other.restore(state)
    with pytest.raises(FmuError, match="is not one of a group"):
        group.restore(state[:-3])
    with pytest.raises(FmuError, match="another format"):
        group.restore(b"\x01")
    with pytest.raises(FmuError, match="tick -1 lies before tick 0"):
        group.advance(-1, {})
    with pytest.raises(FmuError, match="'air' is no input"):
        group.advance(0, {"air": 1.0})
    group.close()


def test_a_failing_member_is_named_with_its_time(tmp_path: Path, decay: Path) -> None:
    """An FMI 2.0 FMU that stops part-way ends the group: its members step together."""
    content: dict[str, object] = {
        "step": "1 s",
        "members": {
            "slow": {"fmu": str(decay), "values": {"mode": "on", "on": 1, "T": 20}},
            "stops": {"fmu": str(decay), "values": {"mode": 2, "on": 1, "limit": 2.5, "T": 20}},
        },
        "outputs": {"x": "slow.x"},
    }
    group = FmuGroup(read_group(write_group(tmp_path, **content)))
    group.start(1000, {})
    group.advance(3000, {})
    assert group.read(["x"])["x"] == pytest.approx(100.0 * math.exp(-0.2), rel=1e-12)
    with pytest.raises(FmuError, match="member 'stops': it ended a step of 1 s before") as caught:
        group.advance(9000, {})
    assert caught.value.model == "group"
    assert caught.value.time_s == pytest.approx(3.5)
    with pytest.raises(FmuError, match=r"it has failed before: .*member 'stops'"):
        group.read(["x"])
    group.start(0, {})
    assert group.read(["x"]) == {"x": 100.0}
    group.close()


def walked(every: dict[str, int], ticks: list[int], *, linear: bool) -> dict[str, float]:
    """Return where two lags of 1 s that follow each other end, by their own histories; Jacobi.

    Step 100 ms; each lag stands at its own points of the grid and at `ticks`, and over a step of
    its own it follows one value: the other's last, or that of a line through its last two.
    """
    begin = {"fast": 300.0, "slow": 400.0}
    other = {"fast": "slow", "slow": "fast"}
    points = {name: sorted({*range(0, ticks[-1], 100 * n), *ticks}) for name, n in every.items()}
    history = {name: [(0, value)] for name, value in begin.items()}
    for tick in sorted({*points["fast"], *points["slow"]} - {0}):
        reached = {}
        for name in (name for name in begin if tick in points[name]):
            at, own = history[name][-1]
            past = [entry for entry in history[other[name]] if entry[0] <= at]
            aim = past[-1][1]
            if linear and len(past) > 1:
                (t0, v0), (t1, v1) = past[-2:]
                aim += (v1 - v0) * ((at + tick) / 2 - t1) / (t1 - t0)
            reached[name] = (tick, aim + (own - aim) * math.exp(-(tick - at) / 1000))
        for name, entry in reached.items():
            history[name].append(entry)
    return {name: entries[-1][1] for name, entries in history.items()}


@pytest.mark.parametrize("extrapolate", ["none", "linear"])
@pytest.mark.parametrize(("fast", "slow"), [(1, 1), (1, 3), (2, 5)])
def test_rates_touches_and_extrapolation(
    tmp_path: Path, lag: Path, extrapolate: str, fast: int, slow: int
) -> None:
    """A member stands at its own points and at touches, and follows the other's past, whatever."""
    member = {"fmu": str(lag), "values": {"switch": 1}}
    content: dict[str, object] = {
        "step": "100 ms",
        "extrapolate": extrapolate,
        "members": {
            "fast": {**member, "every": fast},
            "slow": {"fmu": str(lag), "every": slow, "values": {"switch": 1, "level": 400.0}},
        },
        "connections": {"slow.inlet": "fast.level", "fast.inlet": "slow.level"},
        "outputs": {"fast": "fast.level", "slow": "slow.level"},
    }
    ticks = [250, 251, 900, 1230, 2000]
    group = FmuGroup(read_group(write_group(tmp_path, **content)))
    group.start(7, {})
    for tick in ticks:
        group.advance(7 + tick, {})
    every = {"fast": fast, "slow": slow}
    expected = walked(every, ticks, linear=extrapolate == "linear")
    assert group.read(["fast", "slow"]) == pytest.approx(expected, rel=2e-7)
    group.close()
