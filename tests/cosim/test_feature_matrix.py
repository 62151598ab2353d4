"""The matrix of FMI features and versions in docs/fmu.md: every cell has a test of its own.

`@cell(feature, 2, 3)` says which rows and columns a test holds, here and in the other files
test_feature_*.py. The last test compares them all with the page.
"""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from feature_fmus import cell
from small_fmus import rewritten

from linetwin.cosim.binary import load_binary
from linetwin.cosim.description import read_description
from linetwin.cosim.inspection import validate
from linetwin.cosim.instance import instantiate
from linetwin.cosim.port import Port, Table
from linetwin.cosim.simulation import simulate
from linetwin.cosim.stepping import StepRule, advance_fully
from linetwin.errors import FmuError, WiringError

if TYPE_CHECKING:
    from collections.abc import Callable

    Build = Callable[..., Path]

PAGE = Path(__file__).parents[2] / "docs" / "fmu.md"


def last(fmu: Path, **start: Any) -> dict[str, Any]:  # noqa: ANN401 - of any FMI type
    """Simulate one step; return the last row."""
    return dict(simulate(fmu, 0.1, 0.1, start).iloc[-1])


@cell("Float64 (Real), Integer, Boolean, Enumeration", 2, 3)
@pytest.mark.parametrize("name", ["types2", "types3"])
def test_plain_types(feature: Build, name: str) -> None:
    """Values of the types that both versions have come back doubled, plus one, negated, turned."""
    real, whole = ("Real", "Integer") if name == "types2" else ("Float64", "Int32")
    start = {f"u_{real}": -1.25, f"u_{whole}": 2**31 - 2, "u_Boolean": True, "mode": "on"}
    row = last(feature(name), **start)
    assert row[f"y_{real}"] == -2.5
    assert row[f"y_{whole}"] == 2**31 - 1
    assert (row["y_Boolean"], row["next_mode"]) == (0.0, 1.0)
    with pytest.raises(WiringError, match=r"start.mode.*'up'.*one of off, on"):
        last(feature(name), mode="up")


@cell("Float32, Int8 to Int64, UInt8 to UInt64", 3)
def test_types_of_every_size(feature: Build) -> None:
    """Every type carries the ends of its range, 64 bits too, and refuses what lies beyond them."""
    fmu = feature("types3")
    types: list[Any] = [
        np.int8,
        np.int16,
        np.int32,
        np.int64,
        np.uint8,
        np.uint16,
        np.uint32,
        np.uint64,
    ]
    for dtype in types:
        name = dtype.__name__.replace("int", "Int").replace("u", "U")
        limits = np.iinfo(dtype)
        for value in (int(limits.min), int(limits.max) - 1, 0):
            frame = simulate(fmu, 0.1, 0.1, {f"u_{name}": value})
            assert int(frame[f"y_{name}"].iloc[-1]) == value + 1
        with pytest.raises(WiringError, match=f"u_{name}.*a whole number from"):
            last(fmu, **{f"u_{name}": int(limits.max) + 1})
    assert last(fmu, u_Float32=0.1)["y_Float32"] == float(np.float32(0.2))


@cell("String", 2, 3)
@pytest.mark.parametrize("name", ["types2", "types3"])
def test_strings(feature: Build, name: str) -> None:
    """Text goes in and out, with letters beyond ASCII; without a value the FMU's own counts."""
    assert last(feature(name), u_String="Größe 5 µm")["y_String"] == "<Größe 5 µm>"
    assert last(feature(name))["y_String"] == "<start>"


@cell("Binary", 3)
def test_binaries(feature: Build) -> None:
    """Bytes go in and out, zeros and none at all among them; they are shown as hexadecimal."""
    fmu = feature("types3")
    assert last(fmu)["y_Binary"] == "ff0a"
    assert last(fmu, u_Binary=b"\x00\x01\x02")["y_Binary"] == "020100"
    assert last(fmu, u_Binary="")["y_Binary"] == ""
    with pytest.raises(WiringError, match=r"u_Binary.*hexadecimal"):
        last(fmu, u_Binary="xyz")


@cell("Fixed-size arrays", 3)
def test_arrays(feature: Build) -> None:
    """Arrays of numbers, Booleans and text, as lists, NumPy arrays or text; elements by name."""
    fmu = feature("types3")
    matrix = np.array([[1.0, -2.0, 3.0], [4.0, 5.0, 6.5]])
    row = last(fmu, matrix=matrix, flags=[False, False, True], counts="3 -5", names=["x", "y z"])
    turned = [[row[f"turned[{i},{j}]"] for j in (1, 2)] for i in (1, 2, 3)]
    np.testing.assert_array_equal(turned, matrix.T)
    assert (row["any_flag"], row["total"], row["joined"]) == (1.0, -2.0, "x+y z")
    with pytest.raises(WiringError, match=r"matrix.*6 values \(2x3\)"):
        last(fmu, matrix=[1.0, 2.0])


@cell("Structural parameters", 3)
def test_structural_parameters(feature: Build) -> None:
    """The size of an array is set in configuration mode, before everything else."""
    fmu = feature("types3")
    row = last(fmu, vector=[1, 2, 3, 4, 5], n=5)
    assert [row[f"sums[{i}]"] for i in range(1, 6)] == list(np.cumsum([1, 2, 3, 4, 5]))
    assert "sums[4]" not in last(fmu)
    with pytest.raises(WiringError, match=r"start.n.*0 elements.*1 or more"):
        last(fmu, n=0)
    with pytest.raises(FmuError, match="n from 1 to 8"):
        last(fmu, n=9)


@cell("Tunable parameters between steps", 2, 3)
@pytest.mark.parametrize("name", ["types2", "types3"])
def test_tunable_parameters(feature: Build, name: str) -> None:
    """A gain that changes between two outputs cuts the step there; fixed ones are refused."""
    fmu = feature(name)
    changes = [(0.0, {"gain": 2.0}), (0.25, {"gain": -1.0}), (0.5, {"gain": 0.0})]
    frame = simulate(fmu, 1.0, 0.2, inputs=changes)
    expected = [2 * min(t, 0.25) - max(0.0, min(t, 0.5) - 0.25) for t in frame["time"]]
    np.testing.assert_allclose(frame["walk"], expected, rtol=1e-14)
    with pytest.raises(WiringError, match=r"input.only_step.*fixed parameter cannot change"):
        simulate(fmu, 1.0, 0.2, inputs=[(0.5, {"only_step": 1.0})])
    with pytest.raises(WiringError, match="times do not rise"):
        simulate(fmu, 1.0, 0.2, inputs=[(0.5, {"gain": 1.0}), (0.5, {"gain": 2.0})])


FIXED = ('canHandleVariableCommunicationStepSize="true"', "")


@cell("One fixed communication step", 2, 3)
@pytest.mark.parametrize("name", ["types2", "types3"])
def test_fixed_step(feature: Build, name: str) -> None:
    """An output every 0.5 s is five steps of the FMU's 0.1 s; what is no whole number is refused.

    The FMU itself refuses every step of another length.
    """
    fmu = feature(name, *FIXED)
    frame = simulate(fmu, 1.0, 0.5, {"only_step": 0.1})
    np.testing.assert_allclose(frame["walk"], [0.0, 0.5, 1.0], rtol=1e-14)
    with pytest.raises(WiringError, match=rf"step: 0.25 s .*\({name} takes only steps of 0.1 s\)"):
        simulate(fmu, 1.0, 0.25, {"only_step": 0.1})
    with pytest.raises(WiringError, match=rf"stop: 0.25 s .*\({name} takes only steps of 0.1 s\)"):
        simulate(fmu, 0.25, 0.1, {"only_step": 0.1})
    with pytest.raises(WiringError, match=r"input: 0.15 s is no whole number"):
        simulate(fmu, 1.0, 0.5, inputs=[(0.15, {"gain": 2.0})])


ONCE = ("<CoSimulation", '<CoSimulation canBeInstantiatedOnlyOncePerProcess="true"')


@cell("canBeInstantiatedOnlyOncePerProcess", 2, 3)
@pytest.mark.parametrize("name", ["types2", "types3"])
def test_once_per_process(feature: Build, name: str) -> None:
    """One instance runs; a second beside it is refused by name."""
    fmu = feature(name, *ONCE)
    assert last(fmu)["walk"] == pytest.approx(0.1)
    with instantiate(fmu), pytest.raises(FmuError, match="only once in a process"):
        instantiate(fmu)


TOOL = ("<CoSimulation", '<CoSimulation needsExecutionTool="true"')


@cell("needsExecutionTool", 2, 3)
@pytest.mark.parametrize("name", ["types2", "types3"])
def test_needs_a_tool(feature: Build, name: str, caplog: pytest.LogCaptureFixture) -> None:
    """An FMU that only works with its tool is tried, with a warning: the tool may be there."""
    assert last(feature(name, *TOOL))["walk"] == pytest.approx(0.1)
    assert caplog.messages == ["it needs the tool that made it to run"]


@pytest.mark.parametrize("name", ["types2", "types3"])
def test_a_tool_that_is_not_there(feature: Build, name: str) -> None:
    """Where the FMU gives no instance, the tool is named as what may be missing."""
    strange = feature(name, f"{{types-{name[-1]}}}", "other")
    tool = rewritten(strange, strange.with_name("tool.fmu"), lambda text: text.replace(*TOOL))
    with pytest.raises(FmuError, match=r"cannot be instantiated \(it needs the tool that made it"):
        last(tool)


@cell("Early return from a step (discard in 2.0)", 2, 3)
@pytest.mark.parametrize(("name", "limit"), [("decay", "limit"), ("web", "dry_limit")])
def test_early_return(request: pytest.FixtureRequest, name: str, limit: str) -> None:
    """An FMU may end a step before its time, and is stepped on from there."""
    binary = load_binary(request.getfixturevalue(name))
    table = Table(Port(binary, [binary.description.variables[limit]]))
    table.write(0, 5.0 if name == "decay" else 0.095)  # both are reached after 5 s
    with instantiate(binary, early_return=True) as instance:
        instance.set(table)
        instance.initialise()
        reached = instance.step(0.0, 8.0)
        assert reached.early
        assert reached.time == pytest.approx(5.0, rel=1e-6)
        advance_fully(instance, reached.time, 8.0, StepRule())
        assert instance.time == 8.0


@cell("No get and set of state", 2, 3)
@pytest.mark.parametrize("name", ["types2", "types3"])
def test_no_saved_state(feature: Build, name: str) -> None:
    """An FMU without states runs and is validated; that it cannot save is known beforehand."""
    assert not read_description(feature(name)).capabilities.serialise_state
    assert not [f for f in validate(feature(name)) if f.severity == "error"]


@cell("Scheduled execution only", 3, state="refused")
def test_scheduled_execution(feature: Build) -> None:
    """An FMU whose parts somebody else has to schedule is refused by name."""
    with pytest.raises(WiringError, match="scheduled execution only"):
        read_description(feature("types3", "<CoSimulation", "<ScheduledExecution"))


def test_the_page_says_what_is_tested() -> None:
    """Every cell of docs/fmu.md has a test, and every test its cell; "-" stands for no test."""
    held: dict[tuple[str, int], str] = {}
    for file in Path(__file__).parent.glob("test_feature_*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "cell":
                name, *versions = [ast.literal_eval(part) for part in node.args]
                state = [ast.literal_eval(part.value) for part in node.keywords]
                held |= dict.fromkeys(((name, v) for v in versions), (state or ["runs"])[0])
    page: dict[tuple[str, int], str] = {}
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        parts = [part.strip() for part in line.strip("|").split("|")]
        if line.startswith("|") and len(parts) == 4 and parts[1] in {"runs", "refused", "-"}:
            page[parts[0], 2], page[parts[0], 3] = parts[1], parts[2]
    assert {key: state for key, state in page.items() if state != "-"} == held
