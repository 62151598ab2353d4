"""Groups of FMUs with arrays, text, bytes and whole numbers of every size, in both engines."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from group_fmus import write_group

from linetwin.contracts import Contract
from linetwin.cosim import check_process, open_continuous, texts
from linetwin.cosim.description import read_description
from linetwin.cosim.groups import FmuGroup, Terminal, read_group, simulate_group
from linetwin.cosim.groups.continuous import GroupContinuous
from linetwin.cosim.kernel.library import kernel
from linetwin.cosim.mapping import process_map
from linetwin.cosim.simulation import simulate
from linetwin.cosim.values import Field
from linetwin.cosim.wiring import wire
from linetwin.errors import FmuError, WiringError
from linetwin.scenario.resolved import ProcessConfig

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from linetwin.cosim.groups import Group

    Build = Callable[..., Path]

TYPES = ("Int8", "Int16", "Int32", "Int64", "UInt8", "UInt16", "UInt32", "UInt64")
ENGINES = [True, False]
STEP = 'canHandleVariableCommunicationStepSize="true"'
SAVING = f'{STEP} canGetAndSetFMUState="true" canSerializeFMUState="true"'


@pytest.fixture
def types3(feature: Build) -> Path:
    """An FMU with a variable of every type, which saves its state."""
    return feature("types3", STEP, SAVING)


def others(*named: str) -> dict[str, object]:
    """Return values for the inputs that a test does not name."""
    zero = dict.fromkeys([f"u_{kind}" for kind in (*TYPES, "Float64", "Float32", "Boolean")], 0)
    rest: dict[str, object] = {**zero, "vector": 0, "mode": "off", "flags": False, "counts": 0}
    return {name: value for name, value in rest.items() if name not in named}


def pair(
    folder: Path,
    fmu: Path,
    values: dict[str, object],
    connections: dict[str, object],
    **more: dict[str, str],
) -> Group:
    """Return two FMUs of every type; `connections` join the second one's inputs."""
    taken = {name.removeprefix("second.").partition("[")[0] for name in connections}
    given = {name.removeprefix("first.") for name in more.get("inputs", {}).values()}
    content: dict[str, object] = {
        "step": "100 ms",
        "members": {
            "first": {"fmu": str(fmu), "values": {**others(*given), **values}},
            "second": {"fmu": str(fmu), "values": others(*taken)},
        },
        "connections": connections,
    }
    return read_group(write_group(folder, **{**content, **more}))


def started(group: Group, *, compiled: bool) -> FmuGroup:
    """Return a group at its third communication point."""
    if compiled and kernel().kernel is None:
        pytest.skip(f"no compiled kernel: {kernel().reason}")
    running = FmuGroup(group, compiled=compiled)
    running.start(0, {})
    running.advance(300, {})
    return running


def shown(running: FmuGroup, member: str, name: str) -> list[Any]:
    """Return what an FMU itself says of a variable."""
    instance = running._members[member].running
    variables = instance.binary.description.variables
    return Field(instance, variables[name], {"n": 3}).read()


@pytest.mark.parametrize("compiled", ENGINES)
def test_arrays_pass_whole_and_by_their_elements(
    tmp_path: Path, types3: Path, *, compiled: bool
) -> None:
    """Sums of sums as NumPy makes them; a matrix is counted from 1, row by row; units convert."""
    given = [1.5, -2.0, 4.0, 0.25]
    matrix = [1, 2, 3, 4, 5, 6]
    third = {"fmu": str(types3), "values": {**others("vector"), "n": 4, "vector[2]": 7.0}}
    content: dict[str, object] = {
        "step": "100 ms",
        "members": {
            "first": {
                "fmu": str(types3),
                "values": {**others(), "n": 4, "vector": given, "matrix": matrix},
            },
            "second": {"fmu": str(types3), "values": {**others("vector"), "n": 4}},
            "third": third,
        },
        "connections": {
            "second.vector": {"from": "first.sums", "scale": 2.0, "offset": 1.0},
            "third.vector[1]": "first.turned[2,1]",
            "third.vector[4]": "second.sums[3]",
        },
        "inputs": {"third_of": "third.vector[3]"},
        "outputs": {"sums": "third.sums", "last": "second.sums[4]"},
    }
    group = read_group(write_group(tmp_path, **content))
    running = FmuGroup(group, [Terminal("third", "sums[4]")], compiled=compiled)
    running.start(0, {"third_of": 100.0})
    running.advance(250, {"third_of": -3.0})
    second = np.cumsum(2.0 * np.cumsum(given) + 1.0)
    expected = np.cumsum([2.0, 7.0, -3.0, second[2]])
    assert running.read(["last"])["last"] == second[3]
    names = [f"sums[{place}]" for place in (1, 2, 3, 4)]
    assert list(running.read(names).values()) == pytest.approx(list(expected), rel=1e-15)
    assert running.recorder is not None
    assert running.recorder.columns()["third.sums[4]"][0] == pytest.approx(expected[3] + 103.0)
    running.close()


def test_both_engines_and_a_saved_state_agree(tmp_path: Path, types3: Path) -> None:
    """Arrays, text and bytes on their way belong to the state; another group goes on with them."""
    connections: dict[str, object] = {
        "second.vector": "first.sums",
        "second.u_String": "first.y_String",
        "second.u_Binary": "first.y_Binary",
        "second.names[1]": "first.joined",
        "second.names[2]": "first.y_String",
    }
    more = {"inputs": {"text": "first.u_String", "v": "first.vector"}}
    values: dict[str, object] = {"u_Binary": "00ff10"}
    group = pair(tmp_path, types3, values, connections, **more)
    states = []
    for compiled in ENGINES if kernel().kernel else [False]:
        running = FmuGroup(group, compiled=compiled)
        running.start(0, {"text": "a", "v[1]": 1.0, "v[2]": 2.0, "v[3]": 0.5})
        running.advance(150, {"text": "Größe", "v[2]": -1.0})
        middle = running.save()
        running.advance(400, {})
        states.append(running.save())
        other = FmuGroup(group, compiled=not compiled)
        other.restore(middle)
        other.advance(400, {})
        assert other.save() == states[-1]
        assert shown(other, "second", "joined") == ["a+b+<Größe>"]
        assert shown(other, "second", "sums") == [1.0, 1.0, 1.5]
        running.close()
        other.close()
    assert len(set(states)) == 1


@pytest.mark.parametrize("compiled", ENGINES)
@pytest.mark.parametrize("kind", TYPES)
def test_whole_numbers_pass_to_their_ends(
    tmp_path: Path, types3: Path, kind: str, *, compiled: bool
) -> None:
    """Also those of 64 bits that a float does not hold."""
    limits = np.iinfo(kind.lower())
    for number in (int(limits.min), int(limits.max) - 2):
        connections: dict[str, object] = {f"second.u_{kind}": f"first.y_{kind}"}
        running = started(
            pair(tmp_path, types3, {f"u_{kind}": number}, connections), compiled=compiled
        )
        assert shown(running, "second", f"y_{kind}") == [number + 2]
        running.close()


@pytest.mark.parametrize("compiled", ENGINES)
def test_booleans_and_enumerations_pass(tmp_path: Path, types3: Path, *, compiled: bool) -> None:
    """One kind to the same kind, elements too."""
    connections: dict[str, object] = {
        "second.mode": "first.next_mode",
        "second.u_Boolean": "first.y_Boolean",
        "second.flags[2]": "first.any_flag",
    }
    values: dict[str, object] = {"flags": [False, False, True], "mode": "on"}
    group = pair(tmp_path, types3, values, {})
    second = {"fmu": str(types3), "values": {**others("mode", "u_Boolean", "flags")}}
    second["values"] |= {"flags[1]": False, "flags[3]": False}  # type: ignore[operator]
    first = {"fmu": str(types3), "values": {**others(), **values}}
    content = {"step": "100 ms", "members": {"first": first, "second": second}}
    group = read_group(write_group(tmp_path, **content, connections=connections))
    running = started(group, compiled=compiled)
    assert shown(running, "second", "mode") == [1]
    assert shown(running, "second", "y_Boolean") == [False]
    assert shown(running, "second", "flags") == [False, True, False]
    running.close()


@pytest.mark.parametrize("compiled", ENGINES)
def test_text_and_bytes_pass(
    tmp_path: Path, types3: Path, monkeypatch: pytest.MonkeyPatch, *, compiled: bool
) -> None:
    """Copied each time, also where they grow; zeros among bytes count; what is too long is told."""
    monkeypatch.setattr(texts, "_ROOM", 2)
    connections: dict[str, object] = {
        "second.u_String": "first.y_String",
        "second.u_Binary": "first.y_Binary",
    }
    more = {
        "inputs": {"text": "first.u_String", "bytes": "first.u_Binary"},
        "outputs": {"text_out": "second.y_String", "bytes_out": "second.y_Binary"},
    }
    group = pair(tmp_path, types3, {}, connections, **more)
    running = started(group, compiled=compiled)
    assert running.read_text("text_out") == "<<start>>"
    running.advance(300, {"text": "Größe 5 µm", "bytes": b"\x00\x01\x00"})
    assert running.read_text("text_out") == "<<Größe 5 µm>>"
    assert running.read_text("bytes_out") == b"\x00\x01\x00"
    running.advance(500, {"text": ""})
    assert running.read_text("text_out") == "<<>>"
    running.close()


@pytest.mark.parametrize("compiled", ENGINES)
def test_text_passes_between_versions(
    tmp_path: Path, feature: Build, types3: Path, *, compiled: bool
) -> None:
    """From FMI 3.0 to FMI 2.0 and back."""
    old = {"u_Real": 0, "u_Integer": 0, "u_Boolean": False, "mode": "off"}
    new = {"fmu": str(types3), "values": others()}
    content: dict[str, object] = {
        "step": "100 ms",
        "members": {
            "first": new,
            "second": {"fmu": str(feature("types2")), "values": old},
            "third": new,
        },
        "connections": {
            "second.u_String": "first.y_String",
            "third.u_String": "second.y_String",
        },
        "outputs": {"text_out": "third.y_String"},
    }
    running = started(read_group(write_group(tmp_path, **content)), compiled=compiled)
    assert running.read_text("text_out") == "<<<start>>>"
    running.close()


@pytest.mark.parametrize("compiled", ENGINES)
def test_bytes_of_a_declared_size_and_kind(
    tmp_path: Path, feature: Build, types3: Path, *, compiled: bool
) -> None:
    """A content longer than the input's `maxSize` fails by name; other MIME types are refused."""
    old = '<Binary name="u_Binary" valueReference="22" causality="input">'
    short = feature("types3", old, old.replace(">", ' maxSize="2" mimeType="image/png">'))
    content: dict[str, object] = {
        "step": "100 ms",
        "members": {
            "first": {"fmu": str(types3), "values": {**others(), "u_Binary": "010203"}},
            "second": {"fmu": str(short), "values": others()},
        },
        "connections": {"second.u_Binary": "first.y_Binary"},
    }
    group = FmuGroup(read_group(write_group(tmp_path, **content)), compiled=compiled)
    with pytest.raises(FmuError, match="member 'second': 3 bytes do not fit 'u_Binary'"):
        group.start(0, {})
    group.close()
    old = '<Binary name="y_Binary" valueReference="42" causality="output"/>'
    other = feature("types3", old, old.replace("/>", ' mimeType="text/csv"/>'))
    content["members"]["first"]["fmu"] = str(other)  # type: ignore[index]
    with pytest.raises(WiringError, match=r"holds text/csv and 'second\.u_Binary' takes image/png"):
        read_group(write_group(tmp_path, **content))


MISFITS: list[tuple[dict[str, object], str]] = [
    ({"second.vector": "first.turned"}, "'first.turned' of 3x2 does not fit 'second.vector' of 3"),
    (
        {"second.vector": "first.walk"},
        "'first.walk' of one value does not fit 'second.vector' of 3",
    ),
    ({"second.u_Float64": "first.sums[4]"}, r"'first' has no output 'sums\[4\]'"),
    ({"second.u_String": "first.walk"}, "'first.walk' is a Float64 and 'second.u_String' a String"),
    ({"second.u_String": {"from": "first.joined", "scale": 2.0}}, "a String has no scale"),
    ({"second.n": "first.y_UInt64"}, "'second.n' is no input"),
    (
        {"second.u_UInt8": {"from": "first.y_Int8", "map": {"1": 256}}},
        r"u_UInt8\.map: 256 does not fit .* \(a whole number from 0 to 255\)",
    ),
]


@pytest.mark.parametrize(("connections", "message"), MISFITS)
def test_what_does_not_fit_is_told_with_both(
    tmp_path: Path, types3: Path, connections: dict[str, object], message: str
) -> None:
    """Sizes, kinds, elements that are not there."""
    with pytest.raises(WiringError, match=message):
        pair(tmp_path, types3, {}, connections)


UNHELD: list[tuple[str, float, str]] = [
    ("u_UInt8", 256, "a whole number from 0 to 255"),
    ("u_Int8", 1.5, "a whole number from -128 to 127"),
    ("u_UInt64", 2**64, "a whole number from 0 to 18446744073709551615"),
    ("u_Int16", float("nan"), "a whole number from -32768 to 32767"),
    ("u_Float32", 1e300, r"a number from -3\.4028235e\+38 to 3\.4028235e\+38"),
    ("u_Float64", 10**400, "a number from "),
]


@pytest.mark.parametrize(("name", "number", "allowed"), UNHELD)
def test_a_number_that_its_type_does_not_hold(
    tmp_path: Path, types3: Path, name: str, number: float, allowed: str
) -> None:
    """Under `values` and as a start value: refused with key and range, not rounded."""
    unheld = rf"does not fit \w+ variable '{name}' \({allowed}"
    with pytest.raises(
        WiringError, match=rf"group.yaml:\d+: members\.first\.values\.{name}: .*{unheld}"
    ):
        pair(tmp_path, types3, {name: number}, {})
    if abs(number) > 1e308:  # no float
        return
    group = pair(tmp_path, types3, {}, {})
    with pytest.raises(WiringError, match=rf"first\.{name}: .* \({allowed}"):
        simulate_group(group, 0.1, {f"first.{name}": number}, ["first.walk"])
    group = pair(tmp_path, types3, {}, {}, inputs={"given": f"first.{name}"})
    with pytest.raises(WiringError, match=rf"first\.{name}: .* \({allowed}"):
        simulate_group(group, 0.1, {"given": number}, ["first.walk"])
    with pytest.raises(WiringError, match=rf"start\.{name}: .* does not fit"):
        simulate(types3, 0.1, 0.1, {name: number})


def test_values_that_do_not_fit_an_array(tmp_path: Path, types3: Path) -> None:
    """Too many values, an element set twice, a part that nobody sets, no size at all."""
    values: dict[str, object] = {"matrix": [1, 2], "n": 0, "vector[2]": "high", "names[1]": "x"}
    with pytest.raises(WiringError) as caught:
        pair(tmp_path, types3, values, {"second.vector[1]": "first.walk"})
    text = str(caught.value)
    assert "2 values do not fit 'matrix' of 2x3 (a list of 6, row by row, or one value)" in text
    assert "members.first.values.n: an array has 0 elements" in text
    assert "members.first.values.vector[2]: 'high'" in text
    assert "'names[1]' is set with its array only" in text
    with pytest.raises(WiringError, match=r"nobody sets input 'second.vector\[3\]'"):
        pair(tmp_path, types3, {}, {"second.vector[1]": "first.walk"})


def test_a_line_reaches_elements_through_a_group(tmp_path: Path, types3: Path) -> None:
    """A group of one FMU stands for a machine whose quantities are elements of its arrays."""
    contract = Contract("machine", "continuous", inputs=("web_speed",), outputs=("line_load",))
    mapping = process_map(
        {
            "web_speed": {"variable": "speeds[2]", "unit": "m/s"},
            "line_load": {"variable": "loads[3]", "unit": "N/m"},
        },
        {"speeds[1]": 5.0, "speeds[3]": 1.0, "only.matrix[1,2]": 4.0},
    )
    content: dict[str, object] = {
        "step": "100 ms",
        "members": {"only": {"fmu": str(types3), "values": others("vector")}},
        "inputs": {"speeds": "only.vector"},
        "outputs": {"loads": "only.sums"},
    }
    group = read_group(write_group(tmp_path, **content))
    machine = GroupContinuous(group, contract, mapping=mapping)
    machine.start(0, {"web_speed": 2.0})
    assert machine.read(["line_load"]) == {"line_load": 8.0}
    state = machine.save()
    machine.advance(300, {"web_speed": -7.0})
    assert machine.read(["line_load"]) == {"line_load": -1.0}
    machine.restore(state)
    assert machine.read(["line_load"]) == {"line_load": 8.0}
    machine.close()
    mapping = process_map({"web_speed": "vector", "line_load": "sums"})
    with pytest.raises(WiringError, match=r"'vector' is an array of 3 values .*'vector\[1\]'"):
        wire(read_description(types3), contract, mapping)


def test_a_line_maps_elements_of_an_fmu_alone(types3: Path) -> None:
    """It runs as a group of one: elements, whole arrays, sizes and text are fixed beside them."""
    contract = Contract("machine", "continuous", inputs=("web_speed",), outputs=("line_load",))
    links = {
        "web_speed": {"variable": "vector[2]", "unit": "m/s"},
        "line_load": {"variable": "sums[4]", "unit": "N/m"},
    }
    fixed = {"n": 4, "vector[1]": 5.0, "vector[3]": 1.0, "vector[4]": 0.5, "u_String": "x"}
    config = ProcessConfig("machine", str(types3), map=links, fixed=fixed)
    assert check_process(config, contract) == []
    for isolate in (False, True):
        machine = open_continuous(replace(config, isolate=isolate), contract)
        machine.start(0, {"web_speed": 2.0})
        assert machine.read(["line_load"]) == {"line_load": 8.5}
        state = machine.save()
        machine.advance(300, {"web_speed": -7.0})
        assert machine.read(["line_load"]) == {"line_load": -0.5}
        machine.restore(state)
        assert machine.read(["line_load"]) == {"line_load": 8.5}
        machine.close()
    wrong = replace(config, map={**links, "line_load": "sums[5]"})
    (problem,) = check_process(wrong, contract)
    assert "types3: it does not have a variable 'sums[5]'" in str(problem)
    wrong = replace(config, fixed={**fixed, "n": 0})
    assert "an array has 0 elements" in str(check_process(wrong, contract)[0])


def test_a_simulation_shows_elements(tmp_path: Path, types3: Path) -> None:
    """All outputs that are numbers, with a column for each element."""
    group = pair(tmp_path, types3, {"vector": [1, 2, 3]}, {"second.vector": "first.sums"})
    found = simulate_group(group, 0.3, {"first.matrix[1,2]": 9.0})
    assert list(found["second.sums[3]"]) == [10.0] * 4
    assert found["first.turned[2,1]"].iloc[-1] == 9.0
    assert found["first.turned[1,1]"].iloc[-1] == 1.0
