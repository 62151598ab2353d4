"""Clocks of one FMU that start those of another: when, in what order, with what."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from group_fmus import write_group

from linetwin.cosim.groups import FmuGroup, read_group, simulate_group
from linetwin.errors import FmuError, WiringError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Build = Callable[..., Path]

MODE = 'hasEventMode="true"'
TAKES_BACK = f'{MODE} canGetAndSetFMUState="true"'


def member(fmu: Path, rate: float, **more: object) -> dict[str, object]:
    """Return an FMU whose state passes whole numbers `rate` times a second."""
    return {"fmu": str(fmu), "values": {"rate": rate, **more}}


def chain(fmu: Path, **changes: object) -> dict[str, object]:
    """Return three FMUs: the first one's crossings poke the second, whose echo pokes the third."""
    content: dict[str, object] = {
        "step": "500 ms",
        "members": {
            "third": member(fmu, 0),
            "first": member(fmu, 0.7, told=0.0),
            "second": member(fmu, 0),
        },
        "connections": {
            "second.poke": "first.crossed",
            "second.told": "first.whole",
            "third.poke": "second.echo",
            "third.told": {"from": "second.answer", "offset": 0.25},
        },
        "outputs": {"pokes": "third.pokes", "poked": "third.poked", "kept": "third.kept"},
    }
    return {**content, **changes}


@pytest.mark.parametrize("saving", [False, True])
def test_a_clock_starts_others_at_its_own_instant(
    tmp_path: Path, feature: Build, *, saving: bool
) -> None:
    """A crossing at k / 0.7 s goes through two FMUs at once; it is a point of the group."""
    fmu = feature("clocks3", MODE, TAKES_BACK if saving else MODE)
    found = simulate_group(read_group(write_group(tmp_path, **chain(fmu))), 9.8)
    crossings = np.arange(1, 7) / 0.7
    grid = np.append(np.arange(40) * 0.25, 9.8)  # of the step, and of their periodic clocks
    np.testing.assert_allclose(found["time"], np.sort([*grid, *crossings]), atol=1e-9)
    rows = found[np.isclose(found["time"].to_numpy()[:, None], crossings, atol=1e-9).any(axis=1)]
    assert list(rows["pokes"]) == [1, 2, 3, 4, 5, 6]
    np.testing.assert_allclose(rows["poked"], crossings, rtol=1e-12)
    assert list(rows["kept"]) == [2 * k + 0.25 for k in range(1, 7)]
    before = found["pokes"].to_numpy() == np.searchsorted(crossings, found["time"] + 1e-9)
    assert before.all()


def test_ticks_of_a_periodic_clock_sample_exactly(tmp_path: Path, feature: Build) -> None:
    """What passes with them is the value of that time, also beside an FMU without clocks."""
    fmu, plain = feature("clocks3"), feature("types2")
    content = {
        "step": "1 s",
        "members": {
            "clock": member(fmu, 0.01, told=0.0),
            "sampler": member(fmu, 0.0),
            "walker": {"fmu": str(plain), "values": {}},
        },
        "connections": {
            "sampler.poke": "clock.beaten",
            "sampler.told": "walker.walk",
        },
        "outputs": {"pokes": "sampler.pokes", "kept": "sampler.kept", "walk": "walker.walk"},
    }
    inputs = {"u_Real": 0, "u_Integer": 0, "u_Boolean": False, "mode": "on"}
    content["members"]["walker"]["values"] = inputs  # type: ignore[index]
    found = simulate_group(read_group(write_group(tmp_path, **content)), 3.1)
    times = found["time"].to_numpy()
    np.testing.assert_allclose(times, [*np.arange(13) * 0.25, 3.1], rtol=1e-15)
    np.testing.assert_allclose(found["walk"], times, rtol=1e-12)
    assert list(found["pokes"]) == [*range(13), 12]
    np.testing.assert_allclose(found["kept"], np.minimum(times, 3.0), rtol=1e-12)


def two(fmu: Path) -> dict[str, object]:
    """Return two FMUs with events of their own, each poked by the other's."""
    return {
        "step": "500 ms",
        "members": {"slow": member(fmu, 0.7), "fast": member(fmu, 1.1)},
        "connections": {
            "fast.poke": "slow.crossed",
            "fast.told": "slow.whole",
            "slow.poke": "fast.crossed",
            "slow.told": "fast.whole",
        },
        "outputs": {"fast": "fast.poked", "slow": "slow.poked", "x": "slow.x"},
    }


def test_who_stepped_too_far_is_taken_back(tmp_path: Path, feature: Build) -> None:
    """Two FMUs meet events in one step: the earlier counts first, and neither misses one."""
    group = read_group(write_group(tmp_path, **two(feature("clocks3", MODE, TAKES_BACK))))
    found = simulate_group(group, 9.9)
    times = found["time"].to_numpy()
    for name, rate in (("fast", 0.7), ("slow", 1.1)):
        expected = np.floor(times * rate + 1e-9) / rate
        np.testing.assert_allclose(found[name], expected, rtol=1e-12)
    np.testing.assert_allclose(found["x"], 0.7 * times, rtol=1e-12)


def test_who_cannot_be_taken_back_is_named(tmp_path: Path, feature: Build) -> None:
    """Without a state to go back to, an event that comes too early ends the group."""
    group = FmuGroup(read_group(write_group(tmp_path, **two(feature("clocks3")))))
    group.start(0, {})
    with pytest.raises(FmuError, match=r"member 'slow': 'fast' has an event at 0\.909091 s"):
        group.advance(2000, {})
    group.close()


CHANGES: list[tuple[dict[str, object], str]] = [
    ({"order": "gauss-seidel"}, "order: clocks between members need the order jacobi"),
    ({"extrapolate": "linear"}, "extrapolate: clocks between members need inputs that are held"),
    ({"connections": {"second.beat": "first.crossed"}}, "'second.beat' is a constant clock"),
    ({"connections": {"second.told": "first.crossed"}}, "is a Clock and 'second.told' a Float64"),
    ({"connections": {"second.told": "first.x"}}, "set when 'poke' ticks, which nothing lets tick"),
    ({"connections": {"second.poke": "first.beat"}}, "'first.beat' is no output"),
    ({"inputs": {"press": "second.poke"}}, "'second.poke' has no value"),
    (
        {"inputs": {"told": "first.told"}},
        "'first.told' is set when a clock ticks, not from outside",
    ),
]


@pytest.mark.parametrize(("changes", "message"), CHANGES)
def test_what_clocks_cannot_do_is_refused(
    tmp_path: Path, feature: Build, changes: dict[str, object], message: str
) -> None:
    """Before the start, by name."""
    with pytest.raises(WiringError) as caught:
        read_group(write_group(tmp_path, **chain(feature("clocks3"), **changes)))
    assert message in str(caught.value)


def test_members_with_clocks_step_at_every_point(tmp_path: Path, feature: Build) -> None:
    """No divisor, no fixed step, no FMU without event mode."""
    fmu = feature("clocks3")
    content = chain(fmu)
    content["members"]["third"]["every"] = 2  # type: ignore[index]
    with pytest.raises(
        WiringError, match=r"members\.third\.every: clocks between members need all"
    ):
        read_group(write_group(tmp_path, **content))
    fixed = feature("clocks3", 'canHandleVariableCommunicationStepSize="true"', "")
    content = chain(fixed, step="500 ms")
    with pytest.raises(WiringError, match="one fixed step"):
        read_group(write_group(tmp_path, **content))


PAIR = (
    '<Float64 name="pair" valueReference="108" causality="input" variability="discrete" clocks="0"'
    ' start="0 0"><Dimension start="2"/></Float64>'
    '<Float64 name="weighed" valueReference="109" causality="output" variability="discrete"/>'
)


def test_an_array_comes_with_a_tick_as_a_whole(tmp_path: Path, feature: Build) -> None:
    """Its elements have sources of their own, and a value that stays; it is set once."""
    fmu = feature("clocks3", '<Float64 name="whole"', f'{PAIR}<Float64 name="whole"')
    content: dict[str, object] = {
        "step": "500 ms",
        "members": {
            "first": member(fmu, 0.7, told=0.0, pair=0.0),
            "both": member(fmu, 0.0, told=0.0),
            "half": member(fmu, 0.0, told=0.0, **{"pair[2]": 3.0}),
        },
        "connections": {
            "both.poke": "first.crossed",
            "both.pair[1]": "first.whole",
            "both.pair[2]": {"from": "first.whole", "scale": 2.0},
            "half.poke": "first.crossed",
            "half.pair[1]": "first.whole",
        },
        "outputs": {"both": "both.weighed", "half": "half.weighed"},
    }
    last = simulate_group(read_group(write_group(tmp_path, **content)), 3.0).iloc[-1]
    assert (last["both"], last["half"]) == (2 + 10 * 4, 2 + 10 * 3)
