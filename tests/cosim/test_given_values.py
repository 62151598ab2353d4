"""Values that a user gives variables: each is held to its type, its range, and sizes to memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from feature_fmus import build_feature
from group_fmus import write_group
from hypothesis import given, settings
from hypothesis import strategies as st

from linetwin.cosim.description import read_description
from linetwin.cosim.groups import read_group, simulate_group
from linetwin.cosim.groups.alone import group_of_one
from linetwin.cosim.mapping import process_map
from linetwin.cosim.presets import split_fixed
from linetwin.cosim.simulation import simulate
from linetwin.cosim.values import MOST_ELEMENTS
from linetwin.errors import WiringError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

RANGES = {
    "types3": (
        ('name="n" ', 'name="n" min="2" max="6" '),
        ('name="gain" ', 'name="gain" min="0.5" max="2" '),
        ('name="u_Int8" ', 'name="u_Int8" min="-3" '),
        ('name="matrix" ', 'name="matrix" max="9" '),
    ),
    "types2": (
        ('<Real start="1"/>', '<Real start="1" min="0.5" max="2"/>'),
        ('<Integer start="0"/>', '<Integer start="0" min="-3"/>'),
    ),
}
NUMBERS = [
    ("gain", 2.5, "2.5 is out of range (allowed: 0.5 to 2)"),
    ("gain", float("nan"), "(a "),
    ("gain", float("inf"), "(a "),
    ("gain", True, "true and false are for a Boolean"),
    ("u_Boolean", 2, "(true or false)"),
    ("u_Boolean", 0.5, "(true or false)"),
    ("mode", 7, "(one of off = 1, on = 2)"),
    ("mode", True, "true and false are for a Boolean"),
]
OWN = {
    "types2": [
        ("u_Integer", -4, "-4 is out of range (allowed: at least -3)"),
        ("u_Integer", 1.5, "(a whole number from -2147483648 to 2147483647)"),
    ],
    "types3": [
        ("u_Int8", -4, "-4 is out of range (allowed: at least -3)"),
        ("u_UInt64", -1, "(a whole number from 0 to 18446744073709551615)"),
        ("u_String", 5, "5 does not fit String variable 'u_String' (text)"),
        ("matrix", [1, 2, 3, 4, 5, 9.5], "9.5 is out of range (allowed: at most 9)"),
        ("n", 7, "7 is out of range (allowed: 2 to 6)"),
        ("n", True, "True does not fit UInt64 variable 'n'"),
        ("n", 2.5, "2.5 does not fit UInt64 variable 'n' (a whole number"),
    ],
}
CASES = [(name, *case) for name, own in OWN.items() for case in [*NUMBERS, *own]]


@pytest.fixture(scope="module")
def fmus(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """FMUs of every type of both versions, with ranges declared."""
    pytest.importorskip("ziglang")
    found = {}
    for name, changes in RANGES.items():

        def ranged(text: str, changes: tuple[tuple[str, str], ...] = changes) -> str:
            for old, new in changes:
                assert old in text
                text = text.replace(old, new)
            return text

        found[name] = build_feature(name, tmp_path_factory.mktemp(name), ranged)
    return found


def alone(folder: Path, fmu: Path, **values: object) -> Path:
    """Return the file of a group of one FMU, whose other inputs have their own start values."""
    known = read_description(fmu).variables.values()
    own: dict[str, object] = {
        v.name: 1 if v.type == "Enumeration" else 0
        for v in known
        if v.causality == "input" and v.numeric
    }
    members = {"one": {"fmu": str(fmu), "values": {**own, **values}}}
    return write_group(folder, step="1 s", members=members, outputs={"walk": "one.walk"})


@pytest.mark.parametrize(("name", "variable", "value", "message"), CASES)
def test_a_value_that_does_not_fit_is_told_once(
    tmp_path: Path, fmus: dict[str, Path], name: str, variable: str, value: float, message: str
) -> None:
    """In a group by file, line, member and variable; alone, and fixed by a line, by variable."""
    with pytest.raises(WiringError) as caught:
        read_group(alone(tmp_path, fmus[name], **{variable: value}))
    (problem,) = caught.value.problems
    assert problem.key == f"members.one.values.{variable}"
    assert problem.line is not None
    assert message in str(problem)
    with pytest.raises(WiringError, match=variable):
        simulate(fmus[name], 1.0, 1.0, {variable: value})
    if variable not in {"gain", "u_Int8"}:  # whose range the wiring checks
        problems = split_fixed(read_description(fmus[name]), {variable: value}).problems
        assert [one for one, _ in problems] == [variable]


@settings(max_examples=25)
@given(number=st.integers(-(10**20), 10**20))
def test_whole_numbers_stay_what_they_are(fmus: dict[str, Path], number: int) -> None:
    """All that 64 bits hold comes back bit by bit, as text and as a number; the rest is refused."""
    for value in (number, str(number)):
        if -(2**63) <= number < 2**63 - 1:
            frame = simulate(fmus["types3"], 1.0, 1.0, {"u_Int64": value}, ["y_Int64"])
            assert int(frame["y_Int64"].iloc[-1]) == number + 1
        elif number != 2**63 - 1:  # which has no next one
            with pytest.raises(WiringError, match=r"a whole number from -9223372036854775808 to"):
                simulate(fmus["types3"], 1.0, 1.0, {"u_Int64": value})


@pytest.mark.parametrize("size", [MOST_ELEMENTS, 10**9, 10**18])
def test_arrays_beyond_memory_are_refused_before_they_are_made(
    tmp_path: Path, feature: Callable[[str], Path], size: int
) -> None:
    """By member, parameter, array, size and bound; alone too."""
    fmu = feature("types3")
    with pytest.raises(WiringError) as caught:
        read_group(alone(tmp_path, fmu, n=size))
    (problem,) = caught.value.problems
    assert problem.key == "members.one.values.n"
    assert f"array 'vector' has {size:,} elements" in problem.message
    assert problem.hint == "at most 500,000 in all"
    with pytest.raises(WiringError, match=r"start\.n: array 'vector'"):
        simulate(fmu, 1.0, 1.0, {"n": str(size)})


STARTS = [
    ("one.n", "4", "there is no start value 'one.n' (it decides the size of arrays: members.one"),
    ("one.gian", "1", "there is no start value 'one.gian' (did you mean one.gain"),
    ("one.gain", "3", "3 does not fit Float64 variable 'one.gain' (allowed: 0.5 to 2)"),
    ("one.gain", "much", "'much'"),
    ("one.u_Boolean", "2", "'2': start.u_Boolean: '2' does not fit Boolean"),
    ("one.mode", "middle", "'middle'"),
]


@pytest.mark.parametrize(("name", "value", "message"), STARTS)
def test_a_start_value_of_a_group_names_its_file(
    tmp_path: Path, fmus: dict[str, Path], name: str, value: str, message: str
) -> None:
    """As on the command line: what is wrong with it, and where the group stands."""
    file = alone(tmp_path, fmus["types3"])
    with pytest.raises(WiringError) as caught:
        simulate_group(read_group(file), 1.0, {name: value})
    assert message in str(caught.value)
    assert str(file) in str(caught.value)


def test_text_of_a_start_value_is_read_by_its_type(tmp_path: Path, fmus: dict[str, Path]) -> None:
    """Items, true and false, whole numbers of 64 bits, and units."""
    group = read_group(alone(tmp_path, fmus["types3"]))
    given_values = {"one.mode": "on", "one.u_Boolean": "true", "one.u_UInt64": str(2**60 + 1)}
    shown = [f"one.{name}" for name in ("next_mode", "y_Boolean", "y_UInt64")]
    frame = simulate_group(group, 1.0, given_values, shown)
    assert list(frame[shown[1]]) == [0, 0]
    assert int(frame[shown[2]].iloc[0]) == 2**60 + 2
    plain = simulate(fmus["types3"], 1.0, 1.0, {"mode": "on"}, ["next_mode"])
    assert list(frame[shown[0]]) == list(plain["next_mode"])


def test_one_source_for_each_value(tmp_path: Path, fmus: dict[str, Path]) -> None:
    """An element with its array, in a group and fixed by a line; a variable under two names."""
    fmu = fmus["types3"]
    with pytest.raises(WiringError) as caught:
        read_group(alone(tmp_path, fmu, **{"vector": [1, 2, 3], "vector[1]": 9}))
    (problem,) = caught.value.problems
    assert str(problem.key) == "members.one.values.vector[1]"
    assert problem.message == "'vector[1]' is set with 'vector' too"
    assert problem.line is not None
    mapping = process_map({}, {"vector": [1, 2, 3], "vector[1]": 9})
    with pytest.raises(WiringError, match=r"'vector\[1\]' is fixed with 'vector' too"):
        group_of_one(read_description(fmu), mapping)
    file = alone(tmp_path, fmu)
    file.write_text(file.read_text() + "parameters: {gain: one.gain}\n", encoding="utf-8")
    with pytest.raises(WiringError, match=r"start\.gain: it is set as 'one\.gain' too"):
        simulate_group(read_group(file), 1.0, {"one.gain": 1.0, "gain": 2.0})
