"""Communication steps as long as a tolerance allows: taken back, counted, saved and restored."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from coupled_pairs import relaxing, stiff, swinging
from decay_source import build_fmi2
from group_fmus import oscillators, write_group
from hypothesis import given
from hypothesis import strategies as st

from linetwin.cosim.groups import FmuGroup, Terminal, read_group, simulate_group
from linetwin.cosim.groups.adaptive import StepControl
from linetwin.cosim.groups.course import Adaptive
from linetwin.cosim.kernel.library import kernel
from linetwin.errors import FmuError, WiringError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from linetwin.cosim.groups import Group
    from linetwin.cosim.groups.adaptive import Counts

TOLERANCES = (1e-3, 1e-4, 1e-5, 1e-6, 1e-7)


def run(
    group: Group, ticks: list[int], watched: str, *, compiled: bool = True
) -> tuple[np.ndarray, np.ndarray, Counts]:
    """Return times (s), values and counts of a run that is touched at these ticks."""
    running = FmuGroup(group, [Terminal(*watched.split("."))], compiled=compiled)
    running.start(0, {})
    for tick in ticks:
        running.advance(tick, {})
    recorder, counts = running.recorder, running.counts
    assert recorder is not None
    assert counts is not None
    running.close()
    return recorder.times[: recorder.rows], recorder.columns()[watched], counts


@pytest.mark.parametrize(("hold", "power"), [("none", 1 / 2), ("linear", 2 / 3)])
def test_the_error_follows_the_tolerance(
    tmp_path: Path, mass: Path, hold: str, power: float
) -> None:
    """Over four decades, with the power p / (p + 1) that a method of order p has."""
    errors, taken = [], []
    for tolerance in TOLERANCES:
        group = oscillators(tmp_path, mass, extrapolate=hold, adaptive={"relative": tolerance})
        times, values, counts = run(group, [4000], "left.position")
        assert times[-1] == 4.0
        assert len(times) == counts.taken + 1
        assert counts.beyond == 0
        errors.append(float(np.abs(values - swinging(times)).max()))
        taken.append(counts.taken)
    print(hold, [f"{error:.2g}" for error in errors], taken)  # noqa: T201
    slope = np.polyfit(np.log(TOLERANCES), np.log(errors), 1)[0]
    assert slope == pytest.approx(power, abs=0.06)


def test_fewer_steps_than_a_fixed_one_at_equal_error(tmp_path: Path, lag: Path) -> None:
    """A stiff pair that comes to rest: three times as many fixed steps err more in a minute."""
    fitting = stiff(tmp_path, lag, extrapolate="linear", step="1 ms", adaptive={"relative": 1e-2})
    times, values, counts = run(fitting, [60_000], "slow.level")
    error = float(np.abs(values - relaxing(times)).max())
    # a member steps three times for a step: whole, and in two halves; fixed ones get thrice that
    fixed = 3 * 3 * (counts.taken + counts.refused)
    step = f"{math.floor(60_000 / fixed)} ms"
    group = stiff(tmp_path, lag, extrapolate="linear", step=step)
    table = simulate_group(group, 4.0)  # the worst is early
    other = float(np.abs(table["y"] - relaxing(table["time"].to_numpy())).max())
    print(f"{counts}; {error:.2g} K, {fixed} fixed: {other:.2g} K")  # noqa: T201
    assert other > error


def test_refused_steps_leave_nothing_behind(tmp_path: Path, mass: Path, decay: Path) -> None:
    """An FMU that counts its own steps has counted two halves of each step taken, and no other."""
    group = oscillators(
        tmp_path,
        mass,
        step="2 s",
        adaptive={"relative": 1e-4},
        members={
            "left": {"fmu": str(mass), "values": {"position": 1.0}},
            "right": {"fmu": str(mass)},
            "counter": {"fmu": str(decay), "values": {"on": 1, "T": 20, "mode": 2}},
        },
        outputs={"left_position": "left.position", "steps": "counter.steps"},
    )
    times, values, counts = run(group, [4000], "left.position")
    assert counts.refused >= 2
    assert times[1] < 0.2
    assert np.abs(values - swinging(times)).max() < 2e-3
    _, steps, counts = run(group, [4000], "counter.steps")
    assert steps[-1] == 2 * counts.taken


@pytest.mark.parametrize("compiled", [True, False])
def test_a_step_that_a_member_refuses_is_tried_shorter(tmp_path: Path, *, compiled: bool) -> None:
    """An FMU that discards steps of more than 0.3 s goes on; without adaptive steps it fails."""
    pytest.importorskip("ziglang")
    fmu = build_fmi2(tmp_path, "if (faulty(SELF, 9))", "if (h > 0.3)")
    members = {
        name: {"fmu": str(fmu), "values": {"on": 1, "T": 20, "mode": "on"}} for name in ("a", "b")
    }
    content: dict[str, object] = {"step": "1 s", "members": members, "outputs": {"x": "b.x"}}
    group = read_group(write_group(tmp_path / "adaptive", **content, adaptive={}))
    times, values, counts = run(group, [5000], "b.x", compiled=compiled)
    assert values == pytest.approx(100.0 * np.exp(-0.1 * times), rel=1e-12)
    assert counts.refused > 0
    assert counts.longest_ns <= 0.3e9
    fixed = FmuGroup(read_group(write_group(tmp_path / "fixed", **content)), compiled=compiled)
    fixed.start(0, {})
    with pytest.raises(FmuError, match="member 'a': DoStep of 1 s returned discard"):
        fixed.advance(5000, {})
    fixed.close()


@pytest.mark.parametrize("hold", ["none", "linear"])
def test_saved_in_the_middle_it_goes_on_with_the_same_bits(
    tmp_path: Path, mass: Path, hold: str
) -> None:
    """The length of the next step, the counts and all values are the same in another group."""
    group = oscillators(tmp_path, mass, extrapolate=hold, adaptive={"relative": 1e-5})
    first, second = FmuGroup(group), FmuGroup(group)
    first.start(7, {})
    first.advance(1234, {})
    state = first.save()
    first.advance(3001, {})
    second.restore(state)
    assert second.save() == state
    second.advance(3001, {})
    assert second.save() == first.save()
    assert second.counts == first.counts
    others = oscillators(tmp_path / "other", mass, adaptive={"relative": 1e-4})
    third = FmuGroup(others)
    with pytest.raises(FmuError, match="belongs to another group"):
        third.restore(state)
    first.close()
    second.close()


@pytest.mark.skipif(kernel().kernel is None, reason=f"no compiled kernel: {kernel().reason}")
@pytest.mark.parametrize("order", ["jacobi", "gauss-seidel"])
def test_both_engines_give_the_same_bits(tmp_path: Path, mass: Path, order: str) -> None:
    """Also where touches cut steps short, each of which is hit exactly."""
    group = oscillators(
        tmp_path, mass, order=order, extrapolate="linear", adaptive={"relative": 1e-4}
    )
    touches = [1, 2, 500, 501, 1999, 4000]
    found = [run(group, touches, "left.position", compiled=way) for way in (True, False)]
    assert np.array_equal(found[0][0], found[1][0])
    assert np.array_equal(found[0][1], found[1][1])
    assert found[0][2] == found[1][2]
    assert set(touches) <= set(np.round(found[0][0] * 1000, 9))


@given(
    lengths=st.tuples(st.integers(1, 10**6), st.integers(0, 10**9)),
    errors=st.lists(st.floats(0.0, 1e6) | st.just(math.nan), max_size=30),
    left=st.integers(1, 10**9),
)
def test_lengths_stay_within_their_limits(
    lengths: tuple[int, int], errors: list[float], left: int
) -> None:
    """But for what is left to a touch, which the last two steps share; and none is lost."""
    least, most = lengths[0], lengths[0] + lengths[1]
    control = StepControl(Adaptive(1e-3, (), least, most), 1000, 2)
    for error in errors:
        length = control.length(left)
        assert 1 <= length <= min(left, most)
        assert length >= min(least, -(-left // 2))
        stands = control.judge(length, error)
        assert stands == (error <= 1.0 or length <= least)
        left = left - length if stands else left
        if left == 0:
            return


def test_what_cannot_be_taken_back_is_refused(
    tmp_path: Path, mass: Path, feature: Callable[..., Path]
) -> None:
    """Members without states, of one fixed step or of another rate; outputs that nobody takes."""
    with pytest.raises(WiringError) as found:
        oscillators(
            tmp_path,
            mass,
            adaptive={
                "least": "1 s",
                "most": "1 ms",
                "absolute": {"left.velocity": 1.0, "right.position": "1 K"},
            },
            members={"left": {"fmu": str(mass)}, "right": {"fmu": str(mass), "every": 2}},
        )
    text = str(found.value)
    assert "1 s is more than most: 1 ms" in text
    assert "nobody takes 'left.velocity'" in text
    assert "'1 K'" in text
    assert "member 'right' steps once in 2 steps" in text
    ball = feature("types3")
    content = {"step": "10 ms", "members": {"one": {"fmu": str(ball)}}, "adaptive": {}}
    with pytest.raises(WiringError, match="member 'one' cannot get and set its state"):
        read_group(write_group(tmp_path / "types", **content))
