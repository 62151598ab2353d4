"""`fmu simulate` with values of every type and inputs over time; `fmu compile`; model exchange."""

from __future__ import annotations

import csv
import functools
import json
import re
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cli_support import linetwin, of_cosim

if TYPE_CHECKING:
    from collections.abc import Callable

    from cli_support import Clerk


@pytest.fixture(scope="module")
def feature(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """A function that builds one of the feature FMUs of the co-simulation tests."""
    pytest.importorskip("ziglang")
    source = of_cosim("feature_fmus")
    return functools.cache(
        lambda name: Path(source.build_feature(name, tmp_path_factory.mktemp(name)))
    )


def test_values_of_every_type(feature: Callable[[str], Path], clerk: Clerk) -> None:
    """Text, an enumeration's item, bytes, a large number and an array, on the command line."""
    fmu = feature("types3")
    values = ["n=2", "vector=0.5, 0.25", "mode=on", "u_Binary=00ff", "u_UInt64=9007199254740993"]
    options = [part for text in [*values, "u_String=a b"] for part in ("--start", text)]
    answer = clerk("fmu", "simulate", fmu, *options, "--json")
    assert answer.code == 0, answer.err
    columns = json.loads(answer.out)["columns"]
    last = {name: values[-1] for name, values in columns.items()}
    assert (last["sums[1]"], last["sums[2]"]) == (0.5, 0.75)
    assert (last["y_String"], last["y_Binary"], last["next_mode"]) == ("<a b>", "ff00", 1.0)
    assert last["y_UInt64"] == 9007199254740994, "beyond what a float holds"
    table = clerk("fmu", "simulate", fmu, *options)
    assert "<a b>" in table.out


@pytest.mark.parametrize("kernel", ["alone", "on", "off"])
def test_whole_numbers_are_written_as_such(
    feature: Callable[[str], Path], clerk: Clerk, tmp_path: Path, kernel: str
) -> None:
    """To the last digit of 64 bits, of an FMU and of a group; floats are read back as they were."""
    run = functools.partial(linetwin, LINETWIN_KERNEL="off") if kernel == "off" else clerk
    fmu = feature("types3")
    numbers = {"u_UInt64": 2**63, "u_Int64": -(2**53) - 2, "u_Int8": 5, "u_Float64": 0.1}
    names = ["y_UInt64", "y_Int64", "y_Int8", "next_mode", "y_Boolean", "y_Float64"]
    if kernel == "alone":
        subject, columns = fmu, names
        options = [part for n, v in numbers.items() for part in ("--start", f"{n}={v}")]
    else:
        description = of_cosim("feature_fmus").HERE / "types3.xml"
        taken = re.findall(r'<\w+ name="(\w+)".*causality="input"', description.read_text("utf-8"))
        rest = {n: 0 for n in taken if n not in {"mode", "u_String", "u_Binary", "names"}}
        member = {"fmu": str(fmu), "values": {**rest, "mode": "off", **numbers}}
        outputs = {name.lower(): f"one.{name}" for name in names}
        content = {"step": "100 ms", "members": {"one": member}, "outputs": outputs}
        subject, columns = of_cosim("group_fmus").write_group(tmp_path, **content), list(outputs)
        options = []
    file, shown = tmp_path / "table.csv", {}
    for way in (("--csv", file), ("--json",)):
        answer = run("fmu", "simulate", subject, "--stop", "0.5", *options, *way)
        assert answer.code == 0, answer.err
        shown[way[0]] = answer.out
    with file.open(encoding="utf-8", newline="") as stream:
        last = list(csv.DictReader(stream))[-1]
    expected = [str(2**63 + 1), str(-(2**53) - 1), "6", "2", last[columns[4]]]
    assert [last[name] for name in columns[:5]] == expected
    assert last[columns[4]] in {"0", "1"}
    found = json.loads(shown["--json"])["columns"]
    assert [found[name][-1] for name in columns[:3]] == [2**63 + 1, -(2**53) - 1, 6]
    assert float(last[columns[5]]) == found[columns[5]][-1]


def test_inputs_over_time(feature: Callable[[str], Path], clerk: Clerk, tmp_path: Path) -> None:
    """A CSV file changes inputs at its times; an empty field leaves a value as it is."""
    file = tmp_path / "inputs.csv"
    file.write_text("time,thrust,push\n0,1.0,\n0.5,,2\n1.0,-1.0,\n", encoding="utf-8")
    options = ("--stop", "1.5", "--step", "0.5", "--start", "g=0", "--input", file, "--json")
    answer = clerk("fmu", "simulate", feature("ball2"), *options)
    assert answer.code == 0, answer.err
    speed = json.loads(answer.out)["columns"]["v"]
    assert speed == pytest.approx([0.0, 2.5, 3.0, 2.5], abs=1e-7)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "inputs.csv:1: --input: no column `time`"),
        ("thrust\n1\n", "inputs.csv:1: --input: no column `time`"),
        ("time\n1\n", "inputs.csv:1: --input: no column beside `time`"),
        ("time,thrust\n", "inputs.csv:1: --input: no line below"),
        ("time,thrust,thrust\n1,1,1\n", "inputs.csv:1: --input: two columns are named 'thrust'"),
        ("time,thrust\nsoon,1\n", "inputs.csv:2: time: 'soon' is no time"),
        ("time,thrust\n0,1\nnan,1\n", "inputs.csv:3: time: 'nan' is no time"),
        ("time,lift\n1,1\n", "inputs.csv:1: input.lift"),
        ("time,thrust\n1,1\n1,2\n", "inputs.csv:3: time: 1 s comes after 1 s"),
        ("time,thrust\n1,1,2\n", "inputs.csv:2: 3 fields, but 2 columns are named"),
        ("time,g\n0.5,1\n", "fixed parameter cannot change"),
        ("time,push\n0,1\n\n0.5,many\n", "inputs.csv:4: push: 'many' does not fit"),
    ],
)
def test_wrong_inputs(
    feature: Callable[[str], Path], clerk: Clerk, tmp_path: Path, text: str, says: str
) -> None:
    """Each mistake in the file is named with its line, before the FMU runs."""
    file = tmp_path / "inputs.csv"
    file.write_text(text, encoding="utf-8")
    answer = clerk("fmu", "simulate", feature("ball3"), "--stop", "2", "--input", file)
    assert answer.code == 2, answer.out + answer.err
    assert says in answer.err
    assert "Traceback" not in answer.err


def test_model_exchange_is_told(feature: Callable[[str], Path], clerk: Clerk) -> None:
    """`fmu info` says what kind of FMU it is, and that the compiled loop does not run it."""
    fmu = feature("vdp3")
    told = clerk("fmu", "info", fmu).out
    assert "FMI 3 model exchange" in told
    assert "items by   Python" in told
    arrays = clerk("fmu", "info", feature("types3")).out
    assert "Float64[n]" in arrays
    assert "Float64[2,3]" in arrays
    assert json.loads(clerk("fmu", "info", fmu, "--json").out)["interface"] == "model exchange"
    assert clerk("fmu", "validate", fmu).code == 0


def test_sources_are_compiled(feature: Callable[[str], Path], clerk: Clerk, tmp_path: Path) -> None:
    """An FMU without a binary names the command, which makes a copy that runs."""
    built = feature("types2")
    fmu = tmp_path / "types2.fmu"
    source = Path(__file__).parents[1] / "cosim" / "feature_fmus" / "types2.c"
    with zipfile.ZipFile(built) as old, zipfile.ZipFile(fmu, "w") as new:
        text = old.read("modelDescription.xml").decode()
        flag = 'canHandleVariableCommunicationStepSize="true"'
        files = '<SourceFiles><File name="types2.c"/></SourceFiles></CoSimulation>'
        new.writestr("modelDescription.xml", text.replace(f"{flag}/>", f"{flag}>{files}"))
        new.write(source, "sources/types2.c")
    refused = clerk("fmu", "simulate", fmu)
    assert refused.code == 2
    assert "linetwin fmu compile types2.fmu" in refused.err
    compiled = clerk("fmu", "compile", fmu, "-o", tmp_path / "here")
    assert compiled.code == 0, compiled.err
    assert clerk("fmu", "simulate", tmp_path / "here" / "types2.fmu").code == 0
    again = clerk("fmu", "compile", built, "-o", tmp_path / "there")
    assert (again.code, "names no sources" in again.err) == (2, True)


def test_a_source_that_is_named_and_missing(
    feature: Callable[[str], Path], clerk: Clerk, tmp_path: Path
) -> None:
    """`fmu compile` says which, `fmu simulate` that there is nothing to compile."""
    fmu = tmp_path / "types2.fmu"
    with zipfile.ZipFile(feature("types2")) as old, zipfile.ZipFile(fmu, "w") as new:
        text = old.read("modelDescription.xml").decode()
        flag = 'canHandleVariableCommunicationStepSize="true"'
        files = '<SourceFiles><File name="nope.c"/></SourceFiles></CoSimulation>'
        new.writestr("modelDescription.xml", text.replace(f"{flag}/>", f"{flag}>{files}"))
    compiled = clerk("fmu", "compile", fmu, "-o", tmp_path / "here")
    assert compiled.code == 2
    assert "types2 names a source that is not in its folder sources: nope.c" in compiled.err
    simulated = clerk("fmu", "simulate", fmu)
    assert simulated.code == 2
    assert "nor C sources for `linetwin fmu compile`" in simulated.err
