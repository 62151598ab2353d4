"""Implicit steps: repeated until the inputs that were held fit what came of them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from group_fmus import oscillators, write_group
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.linalg import expm

from linetwin.cosim.groups import FmuGroup, Terminal, read_group, simulate_group
from linetwin.errors import FmuError, WiringError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from linetwin.cosim.groups import Group

FAST_S = 1e-3
ICE_K = 273.15


def tight(folder: Path, lag: Path, gain: float, **how: object) -> Group:
    """Return a fast lag that takes -gain times a slow one's level, and the slow one that takes its.

    Levels count from 0 degC: fast' = (-gain slow - fast) / 1 ms, slow' = fast - slow; slow begins
    at 10, fast at 0.
    """
    content: dict[str, object] = {
        "step": "80 ms",
        "iterate": {},
        **how,
        "members": {
            "fast": {
                "fmu": str(lag),
                "values": {"switch": 1, "time_constant": FAST_S, "level": ICE_K},
            },
            "slow": {"fmu": str(lag), "values": {"switch": 1, "level": ICE_K + 10.0}},
        },
        "connections": {
            "fast.inlet": {"from": "slow.level", "scale": -gain},
            "slow.inlet": "fast.level",
        },
        "outputs": {"fast": "fast.level", "slow": "slow.level"},
    }
    content = {key: value for key, value in content.items() if value is not None}
    return read_group(write_group(folder, **content))


def exact(gain: float, times: np.ndarray) -> np.ndarray:
    """Return the slow one's level from 0 degC, by the matrix exponential."""
    matrix = np.array([[-1.0 / FAST_S, -gain / FAST_S], [1.0, -1.0]])
    return np.array([(expm(matrix * time) @ np.array([0.0, 10.0]))[1] for time in times])


@pytest.mark.parametrize("gain", [20.0, 200.0, 2000.0])
def test_a_stiff_pair_with_steps_far_longer_than_its_fast_time(
    tmp_path: Path, lag: Path, gain: float
) -> None:
    """Where explicit steps of 1 ms already blow up, 80 ms stay near the closed form."""
    table = simulate_group(tight(tmp_path, lag, gain), 2.0)
    errors = np.abs(table["slow"] - ICE_K - exact(gain, table["time"].to_numpy()))
    assert errors.max() < 2.0
    assert errors.iloc[-1] < 1e-3
    explicit = simulate_group(tight(tmp_path / "e", lag, gain, iterate=None), 2.0)
    assert np.abs(explicit["slow"] - ICE_K).max() > 1e3
    passes = int(table.attrs["steps"].split(" passes")[0].rpartition(" ")[2])
    assert passes < 3 * 25


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    gain=st.floats(0.1, 3000.0),
    step_ms=st.sampled_from([5, 40, 250]),
    hold=st.sampled_from(["none", "linear"]),
)
def test_each_step_solves_its_equations(
    tmp_path: Path, lag: Path, gain: float, step_ms: int, hold: str
) -> None:
    """With inputs u held, a lag goes to u + (x - u) exp(-h / T): a linear system for every step."""
    group = tight(tmp_path, lag, gain, step=f"{step_ms} ms", extrapolate=hold)
    table = simulate_group(group, 10 * step_ms / 1000)
    stay = np.exp(-step_ms / 1000 / np.array([FAST_S, 1.0]))
    takes = np.array([[0.0, -gain], [1.0, 0.0]])
    share = 1.0 if hold == "none" else 0.5
    # x' = stay x + (1 - stay) u, u = takes (share x' + (1 - share) x)
    pull = (1.0 - stay)[:, None] * takes
    step = np.linalg.solve(np.eye(2) - share * pull, np.diag(stay) + (1 - share) * pull)
    level = np.array([0.0, 10.0])
    scale = 10.0 * max(1.0, gain)
    for fast, slow in zip(table["fast"] - ICE_K, table["slow"] - ICE_K, strict=True):
        assert [fast, slow] == pytest.approx(level.tolist(), abs=1e-4 * scale)
        level = step @ level


def test_the_end_of_a_step_damps_and_the_mean_does_not(tmp_path: Path, lag: Path) -> None:
    """What dies away within a step is gone after one; means of both ends let it swing on."""
    end, mean = (
        simulate_group(tight(tmp_path / hold, lag, 2000.0, extrapolate=hold), 0.4)["slow"] - ICE_K
        for hold in ("none", "linear")
    )
    assert abs(end.iloc[2]) < 1e-2
    assert abs(mean.iloc[2]) > 5.0


@pytest.mark.parametrize("hold", ["none", "linear"])
def test_saved_in_the_middle_it_goes_on_with_the_same_bits(
    tmp_path: Path, lag: Path, hold: str
) -> None:
    """What the iteration has learnt is part of the state, beside events and adaptive steps."""
    group = tight(
        tmp_path,
        lag,
        200.0,
        extrapolate=hold,
        adaptive={"relative": 1e-3, "absolute": {"slow.level": "10 mK", "fast.level": "1 K"}},
        events={"cold": {"of": "slow.level", "falls": "5 degC"}},
    )
    first, second = FmuGroup(group), FmuGroup(group)
    first.start(0, {})
    first.advance(3, {})
    state = first.save()
    first.advance(100, {})
    second.restore(state)
    second.advance(100, {})
    assert second.save() == first.save()
    assert second.counts == first.counts
    ((name, time),) = first.happenings or second.happenings
    assert name == "cold"
    found = np.interp(5.0, exact(200.0, np.array([time + 2e-4, time - 2e-4])), [1.0, -1.0])
    assert abs(found) < 1.0
    first.close()
    second.close()


def test_a_step_that_does_not_settle_ends_the_group(tmp_path: Path, lag: Path, mass: Path) -> None:
    """With the inputs named; where steps are adaptive a shorter one is tried instead."""
    group = tight(tmp_path, lag, 200.0, iterate={"most": 1, "tolerance": 1e-9})
    running = FmuGroup(group)
    running.start(2000, {})
    with pytest.raises(
        FmuError, match=r"inputs fast\.inlet, slow\.inlet of a step of 0\.08 s"
    ) as e:
        running.advance(3000, {})
    assert e.value.time_s == 2.0
    running.close()
    rule = {"most": 1, "tolerance": 1e-9}
    masses = oscillators(tmp_path, mass, step="2 s", iterate=rule, adaptive={"relative": 1e-2})
    running = FmuGroup(masses)
    running.start(0, {})
    running.advance(2000, {})
    counts = running.counts
    assert counts is not None
    assert counts.refused > 0
    assert counts.longest_ns < 2e9
    running.close()


def test_whole_numbers_are_held(tmp_path: Path, lag: Path) -> None:
    """They are no unknowns: they come from where a step began."""
    members = {name: {"fmu": str(lag), "values": {"switch": 1}} for name in ("one", "two")}
    del members["two"]["values"]
    group = read_group(
        write_group(
            tmp_path,
            step="500 ms",
            iterate={},
            members=members,
            connections={"two.inlet": "one.level", "two.switch": "one.stage"},
            inputs={"air": "one.inlet"},
            outputs={"level": "two.level"},
        )
    )
    running = FmuGroup(group, [Terminal("two", "level")])
    running.start(0, {"air": 100.0})
    running.advance(2000, {})
    # the first one's level at each step's end is what the second takes through that step
    first = 373.15 - 73.15 * np.exp(-0.5 * np.arange(1, 5))
    level, expected = 300.0, [300.0]
    for inlet in first:
        level = inlet + (level - inlet) * math.exp(-0.5)
        expected.append(level)
    assert running.recorder is not None
    found = running.recorder.columns()["two.level"]
    assert found == pytest.approx(np.array(expected), abs=1e-2)
    running.close()


def test_what_cannot_be_repeated_is_refused(
    tmp_path: Path, mass: Path, feature: Callable[..., Path]
) -> None:
    """An order, which means nothing here, and members that cannot go back."""
    with pytest.raises(WiringError, match="`iterate` has no order gauss-seidel"):
        oscillators(tmp_path, mass, order="gauss-seidel", iterate={})
    content = {"step": "10 ms", "members": {"one": {"fmu": str(feature("types3"))}}, "iterate": {}}
    with pytest.raises(WiringError, match="member 'one' cannot get and set its state"):
        read_group(write_group(tmp_path / "types", **content))
