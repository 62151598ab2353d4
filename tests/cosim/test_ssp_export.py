"""Groups packed for other tools: what FMPy makes of them, and what comes back."""

from __future__ import annotations

import importlib.util
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from group_fmus import write_group
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ssp_packages import pack, plain

from linetwin.cosim.groups import read_group, simulate_group
from linetwin.cosim.ssp import export_ssp, import_ssp, open_ssp
from linetwin.errors import WiringError

if TYPE_CHECKING:
    from collections.abc import Callable

STEP_S = 1 / 128


def oscillators(folder: Path, fmus: Path, start: str, **changes: object) -> Path:
    """Write a group of two masses, of which one variable of the left begins at 1."""
    content: dict[str, object] = {
        "step": "1/128 s",
        "members": {
            "left": {"fmu": str(fmus / "mass.fmu"), "values": {start: 1.0, "coupling": 0.3}},
            "right": {"fmu": str(fmus / "mass.fmu")},
        },
        "connections": {"left.neighbour": "right.position", "right.neighbour": "left.position"},
        "outputs": {"left_position": "left.position"},
    }
    return write_group(folder, **{**content, **changes})


def by_fmpy(package: Path, stop_s: float) -> np.ndarray:
    """Return the left mass's positions as FMPy simulates the package."""
    from fmpy.ssp.simulation import simulate_ssp
    from fmpy.ssp.ssd import read_ssv

    values = read_ssv(str(package), "resources/values.ssv")
    table = simulate_ssp(str(package), stop_time=stop_s, step_size=STEP_S, parameter_set=values)
    found: np.ndarray = table["left.position"]
    return found


def test_fmpy_simulates_an_export_to_the_same_bits(tmp_path: Path, old_fmus: Path) -> None:
    """FMI 2.0, Jacobi, equal units, a fixed step, outputs that begin at 0: bit for bit over 10 s.

    FMPy's row of time t holds what stands at the end of the step that begins at t.
    """
    file = oscillators(tmp_path, old_fmus, "velocity")
    package = tmp_path / "masses.ssp"
    assert export_ssp(file, package) == ()
    own = simulate_group(read_group(file), 10.0)["left_position"].to_numpy()
    assert np.array_equal(by_fmpy(package, 10.0), own[1:])
    assert np.ptp(own) > 1.0


def test_fmpy_begins_with_inputs_of_zero(tmp_path: Path, old_fmus: Path) -> None:
    """Where outputs begin elsewhere, its first step is another: over 10 s less than half a step."""
    file = oscillators(tmp_path, old_fmus, "position")
    export_ssp(file, tmp_path / "masses.ssp")
    own = simulate_group(read_group(file), 10.0)["left_position"].to_numpy()
    worst = np.abs(by_fmpy(tmp_path / "masses.ssp", 10.0) - own[1:]).max()
    assert 1e-4 < worst < 0.5 * STEP_S


@pytest.mark.parametrize("version", ["1.0", "2.0"])
def test_files_are_valid_by_the_standards_schemas(
    tmp_path: Path, old_fmus: Path, feature: Callable[..., Path], version: str
) -> None:
    """Description and values of groups with units, ports, factors, and variables of every type."""
    from lxml import etree

    folder = schemas(version)
    for content in (ring(old_fmus), types(feature("types3"))):
        file = write_group(tmp_path, **content)
        export_ssp(file, tmp_path / "any.ssp", version)
        for name, schema in {
            "SystemStructure.ssd": "SystemStructureDescription.xsd",
            "resources/values.ssv": "SystemStructureParameterValues.xsd",
        }.items():
            with zipfile.ZipFile(tmp_path / "any.ssp") as archive:
                root = etree.fromstring(archive.read(name))
            rules = etree.XMLSchema(file=str(folder / schema))
            assert rules.validate(root), rules.error_log


def schemas(version: str) -> Path:
    """Return the folder of a version's schemas; skips where no package here brings them."""
    name, folder = {"1.0": ("fmpy", "ssp/schema"), "2.0": ("pyssp_standard", "resources/ssp2")}[
        version
    ]
    found = importlib.util.find_spec(name)
    if found is None or found.origin is None:
        pytest.skip(f"{name}, which brings the schemas of SSP {version}, is not installed")
    return Path(found.origin).parent / folder


def ring(fmus: Path, **changes: object) -> dict[str, Any]:
    """Return the content of a group of lags with all that a group can say."""
    fmu = str(fmus / "lag.fmu")
    content: dict[str, Any] = {
        "name": "ring",
        "meaning": "three lags",
        "step": "1/60 s",
        "order": "gauss-seidel",
        "extrapolate": "linear",
        "members": {
            "a": {"fmu": fmu, "values": {"switch": 1, "time_constant": 0.5}},
            "b": {"fmu": fmu, "every": 2, "depends": {"passed": []}},
            "c": {"fmu": fmu, "values": {"switch": 2}},
        },
        "connections": {
            "b.inlet": {"from": "a.level", "scale": 0.9, "offset": 1.5},
            "b.switch": "c.stage",
            "c.inlet": {"from": "b.level", "from_unit": "Cel", "to_unit": "Cel"},
        },
        "inputs": {"air": ["a.inlet"]},
        "outputs": {"end": "c.level", "stage": "c.stage"},
        "parameters": {"tau": "b.time_constant"},
    }
    return {**content, **changes}


def test_a_re_import_is_the_same_group(tmp_path: Path, old_fmus: Path) -> None:
    """Also what SSP has no word for comes back, and a simulation gives the same bits."""
    file = write_group(tmp_path / "one", **ring(old_fmus))
    package = tmp_path / "ring.ssp"
    notes = export_ssp(file, package)
    told = " ".join(note.text for note in notes)
    assert all(word in told for word in ("every", "gauss-seidel", "linear"))
    back = import_ssp(package, tmp_path / "two")
    assert plain(back.group) == plain(read_group(file))
    own, again = (simulate_group(group, 3.0) for group in (read_group(file), back.group))
    assert own.equals(again)
    export_ssp(back.file, tmp_path / "again.ssp")
    assert (tmp_path / "again.ssp").read_bytes() == package.read_bytes()


def test_what_an_output_begins_with_is_no_start_of_an_input(tmp_path: Path, old_fmus: Path) -> None:
    """Masses that feed each other, each told its position: group, file and bytes come back."""
    file = oscillators(
        tmp_path / "one",
        old_fmus,
        "position",
        members={
            "left": {"fmu": str(old_fmus / "mass.fmu"), "values": {"position": 1.0}},
            "right": {"fmu": str(old_fmus / "mass.fmu"), "values": {"position": 0.0}},
        },
    )
    export_ssp(file, tmp_path / "one.ssp")
    back = import_ssp(tmp_path / "one.ssp", tmp_path / "two")
    assert plain(back.group) == plain(read_group(file))
    assert "start:" not in back.file.read_text(encoding="utf-8")
    export_ssp(back.file, tmp_path / "two.ssp")
    assert (tmp_path / "two.ssp").read_bytes() == (tmp_path / "one.ssp").read_bytes()


FACTORS = st.floats(-100.0, 100.0, allow_nan=False).filter(lambda factor: abs(factor) > 1e-6)


@st.composite
def groups(draw: st.DrawFn, fmus: Path) -> dict[str, Any]:
    """Draw the content of a group of masses and lags, joined at random without loops at once."""
    count = draw(st.integers(1, 4))
    kinds = {f"m{number}": draw(st.sampled_from(["mass", "lag"])) for number in range(count)}
    members: dict[str, Any] = {}
    connections: dict[str, Any] = {}
    inputs: dict[str, Any] = {}
    for name, kind in kinds.items():
        variable, source = ("neighbour", "position") if kind == "mass" else ("inlet", "level")
        values = {draw(st.sampled_from(["stiffness", "mass"])): draw(st.floats(0.1, 9.0))}
        member: dict[str, Any] = {
            "fmu": str(fmus / f"{kind}.fmu"),
            "values": values if kind == "mass" else {"switch": draw(st.integers(0, 3))},
            "every": draw(st.integers(1, 3)),
        }
        others = [other for other in kinds if kinds[other] == kind]
        way = draw(st.sampled_from(["value", "input", "connection"]))
        if way == "value":
            member["values"][variable] = draw(st.floats(-50.0, 50.0))
        elif way == "input":
            inputs[f"to_{name}"] = f"{name}.{variable}"
        else:
            scaled = {"scale": draw(FACTORS), "offset": draw(st.floats(-5.0, 5.0))}
            units = draw(st.sampled_from([{}, {"from_unit": "1", "to_unit": "1"}]))
            giver = draw(st.sampled_from(others))
            connections[f"{name}.{variable}"] = {"from": f"{giver}.{source}", **scaled, **units}
        if way != "value" and draw(st.booleans()):
            member["start"] = {variable: draw(st.floats(-50.0, 50.0))}
        members[name] = member
    return {
        "step": draw(st.sampled_from(["10 ms", "1/60 s", "0.05 s"])),
        "order": draw(st.sampled_from(["jacobi", "gauss-seidel"])),
        "extrapolate": draw(st.sampled_from(["none", "linear"])),
        "members": members,
        "connections": connections,
        "inputs": inputs,
    }


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data(), version=st.sampled_from(["1.0", "2.0"]))
def test_any_group_comes_back(
    tmp_path_factory: pytest.TempPathFactory, old_fmus: Path, data: st.DataObject, version: str
) -> None:
    """Random members, ways, factors, units, orders and rates: the definition is equal."""
    folder = tmp_path_factory.mktemp("any")
    file = write_group(folder, **data.draw(groups(old_fmus)))
    export_ssp(file, folder / "any.ssp", version)
    assert plain(open_ssp(folder / "any.ssp").group) == plain(read_group(file))


def test_an_export_says_what_only_linetwin_reads(tmp_path: Path, lag: Path) -> None:
    """FMI 3.0 makes it SSP 2.0; with SSP 1.0 it is told that FMI 3.0 is unknown there."""
    file = write_group(tmp_path, **ring(lag.parent))
    export_ssp(file, tmp_path / "two.ssp")
    with zipfile.ZipFile(tmp_path / "two.ssp") as archive:
        assert b'version="2.0"' in archive.read("SystemStructure.ssd")
    notes = export_ssp(file, tmp_path / "one.ssp", "1.0")
    assert any(note.reason == "version" for note in notes)
    with pytest.raises(WiringError, match=r"SSP 3\.0 is not written"):
        export_ssp(file, tmp_path / "three.ssp", "3.0")


def types(fmu: Path, **changes: object) -> dict[str, Any]:
    """Return two FMUs with a variable of every type, arrays and text among them."""
    numbers = {
        f"u_{'U' * unsigned}Int{bits}": bits for bits in (8, 16, 32, 64) for unsigned in (0, 1)
    }
    values: dict[str, Any] = {
        **numbers,
        "u_Float64": 0.1,
        "u_Float32": 0.5,
        "u_Boolean": True,
        "mode": "on",
        "n": 4,
        "u_String": "<a & b>",
        "u_Binary": "00ff10",
        "names": ["x y", ""],
        "counts": [7, -8],
        "vector": [0.1, -2.5, 1e-9, 4.0],
        "flags": [True, False, True],
    }
    joined = {
        "second.u_String": "first.joined",
        "second.vector": "first.sums",
        "second.u_Int32": {"from": "first.y_Int8", "map": {"9": 90, "-1": 1}},
        "second.u_Boolean": {"from": "first.y_Boolean", "map": {"true": False}},
        "second.u_Binary": "first.y_Binary",
        "second.u_Float64": {"from": "first.sums[2]"},
    }
    rest = {k: v for k, v in values.items() if f"second.{k}" not in joined}
    content: dict[str, Any] = {
        "step": "100 ms",
        "members": {
            "first": {"fmu": str(fmu), "values": values},
            "second": {"fmu": str(fmu), "values": rest},
        },
        "connections": joined,
        "outputs": {"text": "second.y_String", "sums": "second.sums"},
        "parameters": {"gain": "first.gain"},
    }
    return {**content, **changes}


@pytest.mark.parametrize("version", ["1.0", "2.0"])
def test_all_types_come_back(tmp_path: Path, feature: Callable[..., Path], version: str) -> None:
    """Whole numbers of every width, arrays of a chosen size, text, bytes, tables."""
    file = write_group(tmp_path / "one", **types(feature("types3")))
    package = tmp_path / "types.ssp"
    notes = export_ssp(file, package, version)
    assert any("sums[2]" in note.text or "u_Float64" in note.text for note in notes)
    back = open_ssp(package)
    assert plain(back.group) == plain(read_group(file))
    own, again = (simulate_group(group, 0.5) for group in (read_group(file), back.group))
    assert own.equals(again)


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data(), version=st.sampled_from(["1.0", "2.0"]))
def test_an_export_of_an_import_is_the_same_file(
    tmp_path_factory: pytest.TempPathFactory,
    feature: Callable[..., Path],
    data: st.DataObject,
    version: str,
) -> None:
    """In whatever order a group file has its keys, values, starts, connections and ports."""
    folder = tmp_path_factory.mktemp("order")
    content = types(feature("types3"))
    start = {"u_Int32": 5, "u_Float64": 0.25, "u_Boolean": True}
    content["members"]["second"]["start"] = start
    content["members"]["second"] |= {"every": 2, "depends": {"walk": []}}
    content |= {"order": "gauss-seidel", "extrapolate": "linear"}
    content["inputs"] = {"heat": "first.u_Float32", "way": {"to": "first.u_Float64"}}
    for name in ("u_Float32", "u_Float64"):
        del content["members"]["first"]["values"][name]
    for key in ("connections", "outputs", "inputs"):
        content[key] = mixed(data, content[key])
    content = mixed(data, content)
    for name, member in content["members"].items():
        content["members"][name] = mixed(data, member)
    for member in content["members"].values():
        for key in member.keys() & {"values", "start"}:
            member[key] = mixed(data, member[key])
    export_ssp(write_group(folder, **content), folder / "one.ssp", version)
    back = import_ssp(folder / "one.ssp", folder / "back")
    export_ssp(back.file, folder / "two.ssp", version)
    with zipfile.ZipFile(folder / "one.ssp") as one, zipfile.ZipFile(folder / "two.ssp") as two:
        for name in ("SystemStructure.ssd", "resources/values.ssv"):
            assert two.read(name).decode() == one.read(name).decode()
    assert (folder / "two.ssp").read_bytes() == (folder / "one.ssp").read_bytes()


def mixed(data: st.DataObject, table: dict[str, Any]) -> dict[str, Any]:
    """Return a table in another order."""
    return {key: table[key] for key in data.draw(st.permutations(list(table)))}


def test_a_number_that_its_type_does_not_hold(tmp_path: Path, feature: Callable[..., Path]) -> None:
    """256 for a UInt8 in a structure is refused with file, line and range."""
    file = write_group(tmp_path / "one", **types(feature("types3")))
    export_ssp(file, tmp_path / "types.ssp")
    with zipfile.ZipFile(tmp_path / "types.ssp") as archive:
        content: dict[str, str | bytes | Path] = {n: archive.read(n) for n in archive.namelist()}
        values = archive.read("resources/values.ssv").decode()
    content["resources/values.ssv"] = values.replace(
        '<ssv:UInt8 value="8"', '<ssv:UInt8 value="256"'
    )
    package = pack(tmp_path / "changed.ssp", None, content)
    with pytest.raises(
        WiringError, match=r"values\.ssv:\d+: .*'256' .*\(a whole number from 0 to 255"
    ):
        open_ssp(package)
