"""Group files: what they mean, and what is told where they are wrong."""

from __future__ import annotations

import re
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from group_fmus import oscillators, write_group
from hypothesis import given, settings
from hypothesis import strategies as st
from small_fmus import rewritten

from linetwin.cosim.groups import read_group
from linetwin.cosim.groups.continuous import describe
from linetwin.cosim.groups.grid import Grid, parse_step
from linetwin.errors import WiringError

if TYPE_CHECKING:
    from pathlib import Path

ON = {"values": {"switch": 1}}


def problems(path: Path) -> list[str]:
    """Return what is told of a group file, a text for each problem."""
    with pytest.raises(WiringError) as caught:
        read_group(path)
    assert all(problem.file == path for problem in caught.value.problems)
    return [str(problem) for problem in caught.value.problems]


def one_problem(path: Path) -> str:
    """Return the only thing that is wrong with a group file."""
    found = problems(path)
    assert len(found) == 1, found
    return found[0]


@pytest.mark.parametrize(
    ("text", "step"),
    [
        ("10 ms", Fraction(1, 100)),
        ("1/60 s", Fraction(1, 60)),
        ("0.1 s", Fraction(1, 10)),
        ("250us", Fraction(1, 4000)),
        ("1 min", Fraction(60)),
        ("1/3 min", Fraction(20)),
    ],
)
def test_a_step_is_an_exact_fraction(text: str, step: Fraction) -> None:
    """Decimals and thirds are held as they are written."""
    assert parse_step(text) == step


@pytest.mark.parametrize("text", ["", "10", "0 s", "1/0 s", "-1 s", "1e30 s", "1/7000001 s", "x"])
def test_a_step_that_is_none_is_refused(text: str) -> None:
    """What cannot be held exactly, and what is no time, is told with what is allowed."""
    with pytest.raises(ValueError, match=r"1,000,000.*1/60 s"):
        parse_step(text)


def test_sixty_hertz_does_not_drift() -> None:
    """After 6e6 steps of 1/60 s a group stands at exactly 100,000 s, a tick of the line."""
    grid = Grid(Fraction(1, 60))
    assert grid.time(6_000_000) == 100_000.0
    assert grid.index(100_000_000) == 6_000_000
    assert list(grid.points(99_999_990, 100_000_000)) == [(6_000_000, 100_000.0)]


@settings(max_examples=40)
@given(
    step=st.fractions(Fraction(1, 1000), 10, max_denominator=1000).filter(lambda f: f > 0),
    ticks=st.lists(st.integers(0, 5000), min_size=2, max_size=4, unique=True),
)
def test_points_do_not_depend_on_how_time_is_cut(step: Fraction, ticks: list[int]) -> None:
    """Advancing in several calls meets the points of one call, and the ends of the calls."""
    ticks.sort()
    grid = Grid(step)
    whole = {index for index, _ in grid.points(ticks[0], ticks[-1]) if index is not None}
    parts: list[tuple[int | None, float]] = []
    for begin, end in pairwise(ticks):
        parts += grid.points(begin, end)
        assert parts[-1][1] == end / 1000
    assert {index for index, _ in parts if index is not None} == whole
    numbers = range(int(5 / step) + 1)
    assert whole == {k for k in numbers if ticks[0] < k * step * 1000 <= ticks[-1]}
    times = [time for _, time in parts]
    assert times == sorted(set(times))


def test_a_group_is_read_as_written(tmp_path: Path, mass: Path) -> None:
    """Members keep their order; names become terminals."""
    group = oscillators(tmp_path, mass, order="gauss-seidel", step="1/60 s")
    assert [member.name for member in group.members] == ["left", "right"]
    assert group.step == Fraction(1, 60)
    assert group.members[0].values == {"position": 1.0}
    assert {str(c.target): str(c.source) for c in group.connections} == {
        "left.neighbour": "right.position",
        "right.neighbour": "left.position",
    }


def test_units_are_converted(tmp_path: Path, lag: Path) -> None:
    """K goes to degC; values may bring a unit of their own; scale and offset come after."""
    content = {
        "step": "1 s",
        "members": {
            "first": {
                "fmu": str(lag),
                "values": {"inlet": "300 K", "time_constant": "2 min", "switch": 1},
            },
            "second": {"fmu": str(lag), **ON},
        },
        "connections": {"second.inlet": {"from": "first.level", "scale": 2, "offset": 1}},
    }
    group = read_group(write_group(tmp_path, **content))
    assert group.members[0].values["inlet"] == pytest.approx(26.85)
    assert group.members[0].values["time_constant"] == 120.0
    affine = group.connections[0].affine
    assert affine.factor * 300.0 + affine.offset == pytest.approx(2 * 26.85 + 1)


def test_names_that_are_not_there(tmp_path: Path, mass: Path) -> None:
    """Each end is told with its line, its key and what is near."""
    content = {
        "step": "1 s",
        "members": {"left": {"fmu": str(mass)}, "right": {"fmu": str(mass)}},
        "connections": {
            "left.neighbor": "right.position",
            "right.neighbour": "lefty.position",
            "left.neighbour": "right.pos",
            "neighbour": "right.position",
            "right.velocity": "left.position",
        },
        "outputs": {"x": "left.neighbour"},
    }
    text = "\n".join(problems(write_group(tmp_path, **content)))
    assert "'left' has no input 'neighbor' (did you mean neighbour?)" in text
    assert "there is no member 'lefty' (did you mean left?)" in text
    assert "'right' has no output 'pos' (allowed: position, valid, velocity)" in text
    assert "'neighbour' names no variable of a member (member.variable)" in text
    assert "'right.velocity' is no input: its causality is output" in text
    assert "'left.neighbour' is no output: its causality is input" in text
    assert re.search(r"group.yaml:\d+: connections.left.neighbor: ", text)


def test_units_that_do_not_fit(tmp_path: Path, mass: Path, lag: Path) -> None:
    """Metres do not go into degrees, unless the file says what they are."""
    content = {
        "step": "1 s",
        "members": {
            "mass": {"fmu": str(mass), "values": {"neighbour": 0.0}},
            "lag": {"fmu": str(lag), **ON},
        },
        "connections": {"lag.inlet": "mass.position"},
    }
    text = one_problem(write_group(tmp_path, **content))
    assert "'mass.position' in m does not fit 'lag.inlet' in Cel: m is not K" in text
    assert "from_unit" in text
    content["connections"] = {"lag.inlet": {"from": "mass.position", "from_unit": "K"}}
    assert read_group(write_group(tmp_path, **content)).connections[0].affine.offset == -273.15


def test_inputs_that_nobody_sets(tmp_path: Path, mass: Path) -> None:
    """An input has exactly one source: a connection, the group's own input, or a value."""
    members: dict[str, dict[str, object]] = {"left": {"fmu": str(mass)}}
    text = one_problem(write_group(tmp_path, step="1 s", members=members))
    assert "nobody sets input 'left.neighbour'" in text
    assert "members.left.values" in text
    inputs = {"one": "left.neighbour", "two": ["left.neighbour"]}
    text = one_problem(write_group(tmp_path, step="1 s", members=members, inputs=inputs))
    assert "inputs.two: input 'left.neighbour' is set by inputs.one too" in text
    members["left"]["values"] = {"neighbour": 0.0}
    del inputs["two"]
    text = one_problem(write_group(tmp_path, step="1 s", members=members, inputs=inputs))
    assert "members.left.values.neighbour: 'neighbour' is set by inputs.one too" in text


def test_values_that_do_not_fit(tmp_path: Path, mass: Path, lag: Path) -> None:
    """Unknown variables, outputs that cannot be set, ranges and units of values."""
    content = {
        "step": "1 s",
        "members": {
            "mass": {"fmu": str(mass), "values": {"neighbour": "3 K", "mas": 1, "mass": 0.0}},
            "lag": {"fmu": str(lag), "values": {"inlet": 20, "passed": 1.0}},
        },
    }
    text = "\n".join(problems(write_group(tmp_path, **content)))
    assert "members.mass.values.neighbour: '3 K': K is not m" in text
    assert "mass has no variable 'mas' (did you mean mass?)" in text
    assert "0 kg is out of range (allowed: at least 0.001 kg)" in text
    assert "'passed' is a continuous output and cannot be set" in text


def test_a_loop_is_named_and_can_be_denied(tmp_path: Path, lag: Path) -> None:
    """Two that pass each other's value on at once have no answer; states in between have one."""
    lags = {"fmu": str(lag), **ON}
    content: dict[str, object] = {
        "step": "1 s",
        "members": {"first": lags, "second": lags},
        "connections": {"first.inlet": "second.passed", "second.inlet": "first.passed"},
    }
    text = one_problem(write_group(tmp_path, **content))
    assert (
        "algebraic loop: first.passed -> second.inlet -> second.passed -> first.inlet"
        " -> first.passed"
    ) in text or (
        "algebraic loop: second.passed -> first.inlet -> first.passed -> second.inlet"
        " -> second.passed"
    ) in text
    content["connections"] = {"first.inlet": "second.level", "second.inlet": "first.passed"}
    assert len(read_group(write_group(tmp_path, **content)).connections) == 2
    content["connections"] = {"first.inlet": "second.passed", "second.inlet": "first.passed"}
    content["members"] = {"first": {**lags, "depends": {"passed": []}}, "second": lags}
    assert read_group(write_group(tmp_path, **content)).members[0].feedthrough("passed") == set()
    content["members"] = {
        "first": {**lags, "depends": {"pass": [], "zzz": [], "level": ["x"]}},
        "second": lags,
    }
    text = "\n".join(problems(write_group(tmp_path, **content)))
    assert "lag has no output 'pass'" in text
    assert "lag has no output 'zzz'" in text
    assert "time_constant" not in text, "a parameter is no output that depends on anything"
    assert "lag has no input 'x'" in text


def test_a_loop_that_is_to_be_solved(tmp_path: Path, lag: Path) -> None:
    """It takes real numbers and members of one rate; what does not fit is told with the loop."""
    lags = {"fmu": str(lag), **ON}
    content: dict[str, object] = {
        "step": "1 s",
        "loops": {},
        "members": {"first": lags, "second": {**lags, "every": 2}},
        "connections": {"first.inlet": "second.passed", "second.inlet": "first.passed"},
    }
    text = one_problem(write_group(tmp_path, **content))
    assert "loops: algebraic loop: " in text
    assert "the same `every`" in text
    content["members"] = {"first": {"fmu": str(lag), "values": {"inlet": 20}}, "second": lags}
    content["connections"] = {"first.switch": {"from": "first.stage", "scale": 0.5}}
    content["members"]["second"] = {"fmu": str(lag), "values": {"switch": 1, "inlet": 20}}
    text = "\n".join(problems(write_group(tmp_path, **content)))
    assert "'first.switch' is of type Int32: only real numbers can be solved for" in text
    content["loops"] = {"tolerance": 0.0}
    assert "should be greater than 0" in problems(write_group(tmp_path, **content))[0]


def test_an_fmu_that_says_nothing_depends_on_every_input(tmp_path: Path, mass: Path) -> None:
    """Where ModelStructure omits the dependencies of an output, a loop is assumed and refused."""
    silent = rewritten(
        mass,
        tmp_path / "mass.fmu",
        lambda text: re.sub(r'(<Output valueReference="\d+") dependencies=""', r"\1", text),
    )
    with pytest.raises(WiringError, match="algebraic loop: ") as caught:
        oscillators(tmp_path, silent)
    assert "depends: {output: []}" in str(caught.value)
    members = {
        "left": {"fmu": str(silent), "depends": {"position": []}},
        "right": {"fmu": str(mass)},
    }
    assert len(oscillators(tmp_path, silent, members=members).members) == 2


def test_other_mistakes(tmp_path: Path, mass: Path) -> None:
    """Unknown keys, orders, steps and files are told like those of a scenario."""
    content = {
        "step": "soon",
        "order": "random",
        "colour": "red",
        "members": {"left": {"fmu": "nowhere.fmu", "every": 0}},
    }
    text = "\n".join(problems(write_group(tmp_path, **content)))
    for part in ("unknown key", "'random' is not allowed", "0 is not allowed"):
        assert part in text
    text = one_problem(write_group(tmp_path, step="1 s", members={"left": {"fmu": "nowhere.fmu"}}))
    assert "members.left.fmu: there is no FMU" in text
    text = one_problem(write_group(tmp_path, step="soon", members={"a": {"fmu": str(mass)}}))
    assert "'soon' is no communication step" in text


def test_one_fixed_step_must_be_met(tmp_path: Path, mass: Path) -> None:
    """An FMU that takes one step length only is in a group whose steps have that length."""
    fixed = rewritten(
        mass,
        tmp_path / "mass.fmu",
        lambda text: text.replace(
            'canHandleVariableCommunicationStepSize="true"', 'fixedInternalStepSize="0.05"'
        ),
    )
    member = {"fmu": str(fixed), "values": {"neighbour": 0.0}}
    text = one_problem(write_group(tmp_path, step="10 ms", members={"left": member}))
    assert "it takes only steps of 0.05 s, here they are 0.01 s" in text
    member["every"] = 5
    assert read_group(write_group(tmp_path, step="10 ms", members={"left": member})).members


def test_parameters_are_names_for_what_members_can_be_told(tmp_path: Path, mass: Path) -> None:
    """A parameter names one variable that can be set before the start; the file may preset it."""
    content: dict[str, object] = {
        "step": "1 s",
        "members": {"a": {"fmu": str(mass), "values": {"neighbour": 0.0, "mass": 2.0}}},
        "parameters": {"weight": "a.mass", "begin": "a.position"},
    }
    group = read_group(write_group(tmp_path, **content))
    assert {n: str(t) for n, t in group.parameters.items()} == {
        "weight": "a.mass",
        "begin": "a.position",
    }
    variables = describe(group).variables
    assert variables["weight"].unit == "kg"
    assert "a.mass" not in variables
    assert "a.stiffness" in variables
    content |= {"outputs": {"weight": "a.position"}, "inputs": {"pull": "a.neighbour"}}
    content["parameters"] = {"weight": "a.mass", "pulled": "a.neighbour", "x": "a.valid"}
    content["members"] = {"a": {"fmu": str(mass)}}
    text = "\n".join(problems(write_group(tmp_path, **content)))
    assert "parameters.weight: it is an input or an output already" in text
    assert "'a.neighbour' is no start value: its causality is input" in text
    assert "'a.valid' is no start value: its causality is output" in text


def test_an_fmu_that_lives_once_is_one_member(tmp_path: Path, mass: Path) -> None:
    """What would fail at the start is told when the file is read."""
    once = rewritten(
        mass,
        tmp_path / "mass.fmu",
        lambda text: text.replace(
            "<CoSimulation ", '<CoSimulation canBeInstantiatedOnlyOncePerProcess="true" '
        ),
    )
    member = {"fmu": str(once), "values": {"neighbour": 0.0}}
    text = one_problem(write_group(tmp_path, step="1 s", members={"a": member, "b": member}))
    assert "members.b.fmu: mass can be instantiated only once in a process (it is 'a'" in text
    assert read_group(write_group(tmp_path, step="1 s", members={"a": member})).members


@pytest.mark.parametrize("key", ["adaptive", "iterate", "loops", "events", "inputs"])
def test_a_key_left_empty_is_told(tmp_path: Path, lag: Path, key: str) -> None:
    """It means nothing, so nobody is left to think that it does."""
    values = {"values": {"switch": 1, "inlet": 20}}
    file = write_group(tmp_path, step="1 s", members={"a": {"fmu": str(lag), **values}})
    file.write_text(file.read_text(encoding="utf-8") + f"{key}:\n", encoding="utf-8")
    told = one_problem(file)
    assert re.search(rf"group\.yaml:\d+: {key}: must (have a value|be a mapping), not empty", told)


def test_a_level_left_empty_is_told(tmp_path: Path, lag: Path) -> None:
    """Of an event, beside one that is there."""
    values = {"values": {"switch": 1, "inlet": 20}}
    event = {"of": "a.level", "rises": 310, "falls": None}
    members = {"a": {"fmu": str(lag), **values}}
    file = write_group(tmp_path, step="1 s", members=members, events={"hot": event})
    assert "events.hot.falls: must have a value, not empty (or leave the" in one_problem(file)
