"""Seeking events of a group: it stands at the first tick after one, and goes back to the bit."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest
from group_fmus import oscillators, write_group
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from linetwin.cosim.groups import FmuGroup, read_group
from linetwin.cosim.groups.seeking import event_names

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from linetwin.cosim.groups import Group

    Build = Callable[..., Path]

RATE = 0.1
MODE = 'hasEventMode="true"'
SAVES = f'{MODE} canGetAndSetFMUState="true" canSerializeFMUState="true"'
ENDS = 9_000


def swinging(folder: Path, mass: Path, **changes: object) -> Group:
    """Return two coupled masses and the levels that they cross."""
    events = {
        "left": {"of": "left.position", "crosses": "10 cm"},
        "right": {"of": "right.velocity", "crosses": "20 cm/s"},
    }
    return oscillators(folder, mass, **{"step": "200 ms", "events": events, **changes})


def early(folder: Path, decay: Path) -> Group:
    """Return two FMUs of FMI 2.0 that end a step at 1.7 s and at 1.25 s."""
    limits = {"one": 1.7, "two": 1.25}
    members = {
        name: {"fmu": str(decay), "values": {"on": 1, "T": 20, "mode": "on", "limit": limit}}
        for name, limit in limits.items()
    }
    outputs = {name: f"{name}.x" for name in limits}
    content = {"step": "1 s", "early_return": True, "members": members, "outputs": outputs}
    return read_group(write_group(folder, **content))


def clocked(folder: Path, feature: Build) -> Group:
    """Return two FMUs of FMI 3.0 with event mode; their clocks tick where rate x time is whole."""
    fmu = feature("clocks3", MODE, SAVES)
    members = {
        name: {"fmu": str(fmu), "values": {"rate": rate, "told": 0.0}}
        for name, rate in (("one", 0.7), ("two", 0.9))
    }
    outputs = {"x": "one.x", "y": "two.x"}
    content = {"step": "10 s", "early_return": True, "members": members, "outputs": outputs}
    return read_group(write_group(folder, **content))


def sought(group: Group, names: set[str], stride: int = ENDS) -> list[tuple[int, str]]:
    """Return where (tick) and what a group meets that is sent on in strides."""
    running = FmuGroup(group, sought=names)
    running.start(0, {})
    found: list[tuple[int, str]] = []
    while running.tick < ENDS:
        goal = min(running.tick + stride, ENDS)
        tick = running.seek(goal)
        assert tick == running.tick <= goal
        found += [(tick, name) for name, _ in running.happenings if name in names]
        assert (tick == goal) or running.happenings
        running.happenings.clear()
    running.close()
    return found


def test_an_early_return_is_met_at_the_tick_after_it(tmp_path: Path, decay: Path) -> None:
    """Of whom is asked: the earliest first, to the millisecond."""
    group = early(tmp_path, decay)
    assert event_names(group) == ["one", "two"]
    assert sought(group, {"one", "two"}) == [(1250, "two"), (1700, "one")]
    assert sought(group, {"one"}, stride=333) == [(1700, "one")]


@pytest.mark.parametrize("stride", [ENDS, 1000, 77])
def test_members_in_event_mode_are_met_by_name_and_by_clock(
    tmp_path: Path, feature: Build, stride: int
) -> None:
    """Closed forms: the k-th event of a rate at k / rate, also where a touch falls on it."""
    group = clocked(tmp_path, feature)
    assert event_names(group) == [
        *("one", "two", "one.crossed", "one.echo", "one.beaten"),
        *("two.crossed", "two.echo", "two.beaten"),
    ]
    exact = [math.ceil(round(1000 * k / 0.7, 6)) for k in range(1, 7)]
    assert sought(group, {"one"}, stride) == [(tick, "one") for tick in exact]
    assert sought(group, {"one.crossed"}, stride) == [(tick, "one.crossed") for tick in exact]
    beats = [(250 * k, "two.beaten") for k in range(1, 37)]
    assert sought(group, {"two.beaten"}, stride) == beats


@pytest.mark.parametrize("kind", ["events", "adaptive", "iterate", "linear", "early", "clocked"])
@settings(
    max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=st.lists(st.tuples(st.integers(1, 1500), st.booleans()), min_size=2, max_size=8))
def test_what_was_taken_back_leaves_no_trace(
    tmp_path: Path, request: pytest.FixtureRequest, kind: str, steps: list[tuple[int, bool]]
) -> None:
    """With and without looking ahead and going back: the same state, the same events."""
    group = _of_kind(kind, tmp_path, request)
    names = set(event_names(group))
    states, events = [], []
    for looking in (False, True):
        running = FmuGroup(group, sought=names)
        running.start(0, {})
        found: list[tuple[str, float]] = []
        for stride, ahead in steps:
            if looking and ahead:
                before = running.save()
                running.seek(running.tick + 2 * stride)
                running.back()
                assert running.save() == before
            running.seek(running.tick + stride)
            found += running.happenings
            running.happenings.clear()
        states.append(running.save())
        events.append(found)
        running.close()
    assert states[0] == states[1]
    assert events[0] == events[1]


def _of_kind(kind: str, folder: Path, request: pytest.FixtureRequest) -> Group:
    if kind == "early":
        return early(folder, request.getfixturevalue("decay"))
    if kind == "clocked":
        return clocked(folder, request.getfixturevalue("feature"))
    changes: dict[str, dict[str, object]] = {
        "events": {},
        "adaptive": {"adaptive": {"relative": 1e-3}},
        "iterate": {"iterate": {}},
        "linear": {"extrapolate": "linear", "order": "gauss-seidel"},
    }
    return swinging(folder, request.getfixturevalue("mass"), **changes[kind])
