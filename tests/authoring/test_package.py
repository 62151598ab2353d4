from __future__ import annotations

import ctypes
import json
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from fmpy import read_model_description, simulate_fmu
from fmpy.validation import validate_fmu

from linetwin.authoring import Model, package, toolchain
from linetwin.authoring.build import build_fmu, build_library, build_model
from linetwin.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Callable

NAMES = ["circuit", "ball", "static", "stiff", "faulty"]


def _functions() -> list[str]:
    header = (toolchain.fmi_headers() / "fmi3FunctionTypes.h").read_text()
    return re.findall(r"\b(fmi3\w+)TYPE\b", header)


@pytest.mark.parametrize("name", NAMES)
def test_fmpy_finds_no_fault(name: str, fmus: dict[str, Path]) -> None:
    """The description passes FMPy's schema and structure checks."""
    assert validate_fmu(str(fmus[name])) == []


def test_fmpy_simulates(fmus: dict[str, Path]) -> None:
    """An importer that is not ours runs the FMU, with early return too."""
    result = simulate_fmu(str(fmus["ball"]), stop_time=1.0, output_interval=0.1)
    assert result["bounces"][-1] == 1.0
    early = simulate_fmu(
        str(fmus["ball"]), stop_time=1.0, output_interval=0.1, early_return_allowed=True
    )
    assert early["height"][-1] == pytest.approx(result["height"][-1], rel=1e-6)


def test_every_function_of_the_standard_is_exported(folders: dict[str, Path]) -> None:
    """All functions of FMI 3.0 can be found in the library, and nothing of CasADi's."""
    target = toolchain.TARGETS[toolchain.host_target()]
    file = folders["circuit"] / "binaries" / target.folder / f"circuit{target.suffix}"
    library = ctypes.CDLL(str(file))
    functions = _functions()
    assert len(functions) > 70
    assert [name for name in functions if not hasattr(library, name)] == []
    assert not hasattr(library, "model_rhs")
    assert not hasattr(library, "do_step")


def test_the_description_carries_units_ranges_and_roles(fmus: dict[str, Path]) -> None:
    """What the model says about its variables is what an importer reads."""
    description = read_model_description(str(fmus["circuit"]))
    units = {u.name: u.baseUnit for u in description.unitDefinitions}
    assert (units["V"].kg, units["V"].m, units["V"].s, units["V"].A) == (1, 2, -3, -1)
    assert units["A.h"].factor == 3600.0
    found = {v.name: v for v in description.modelVariables}
    assert (found["source"].min, found["source"].max, found["source"].unit) == ("-5.0", "5.0", "V")
    assert (found["mode"].type, found["mode"].variability) == ("Int32", "discrete")
    assert (found["voltage"].causality, found["voltage"].initial) == ("output", "exact")
    assert (found["current"].initial, found["power"].initial) == ("approx", "calculated")
    assert (found["trip_level"].variability, found["resistance"].variability) == (
        "tunable",
        "fixed",
    )
    assert found["valid"].type == "Boolean"
    depends = {u.variable.name: [d.name for d in u.dependencies] for u in description.outputs[:5]}
    assert depends["voltage"] == []
    assert depends["current"] == ["source", "mode"]


def test_the_evidence_travels_with_the_fmu(fmus: dict[str, Path]) -> None:
    """resources/evidence.json holds validity, tags, ranges and enumerations."""
    with zipfile.ZipFile(fmus["circuit"]) as archive:
        evidence = json.loads(archive.read("resources/evidence.json"))
    assert evidence["validity"] == "tests only"
    assert evidence["version"] == "2.0"
    assert evidence["variables"]["mode"]["enumeration"] == {"off": 0, "on": 1}
    level = evidence["variables"]["trip_level"]
    assert (level["tag"], level["source"], level["minimum"]) == ("A", "none", None)
    assert set(evidence["variables"]) == {
        v.name
        for v in read_model_description(str(fmus["circuit"])).modelVariables
        if v.name not in {"time", "valid"}
    }


def test_equal_models_give_equal_bytes(
    fmus: dict[str, Path], model: Callable[[str], Model], tmp_path: Path
) -> None:
    """A second build of the same model is the same file, byte for byte."""
    again = build_model(model("static"), tmp_path / "static.fmu")
    assert again.read_bytes() == fmus["static"].read_bytes()


def test_only_what_changed_is_built(tmp_path: Path) -> None:
    """A current FMU is left alone; a changed model, shared module or damaged file is built."""
    library, out = tmp_path / "fmus", tmp_path / "out"
    (library / "decay").mkdir(parents=True)
    model_file = library / "decay" / "model.py"
    (library / "rates.py").write_text("RATE = 2.0\n")
    model_file.write_text(
        "from linetwin.authoring import Model\n"
        "from rates import RATE\n"
        "def build():\n"
        "    m = Model('decay')\n"
        "    x = m.state('x', '1', start=1.0)\n"
        "    m.der(x, -RATE * x)\n"
        "    return m\n"
    )
    told: list[str] = []
    (fmu,) = build_library(library, out, progress=told.append)
    assert told == ["building decay"]
    assert fmu == out / "decay.fmu"
    first = fmu.read_bytes()
    stamp = fmu.stat().st_mtime_ns
    assert build_fmu(model_file, out) == fmu
    assert fmu.stat().st_mtime_ns == stamp
    fmu.write_bytes(first[:100])
    build_fmu(model_file, out)
    assert fmu.read_bytes() == first
    (library / "rates.py").write_text("RATE = 3.0\n")
    build_fmu(model_file, out)
    assert fmu.read_bytes() != first
    result = simulate_fmu(str(fmu), stop_time=1.0)
    assert result["x"][-1] == pytest.approx(2.718281828459045**-3, rel=1e-6)


def test_a_model_is_built_again_when_code_of_another_folder_changes(tmp_path: Path) -> None:
    """Imports are followed from folder to folder, through shared modules too; others do not count.

    A file that is no Python counts as what it is: the model that needs it says so when it loads.
    """
    code = {
        "slow/model.py": "from fast.model import rate",
        "slow/README.md": "",
        "fast/model.py": "import chain",
        "fast/table.csv": "1",
        "chain.py": "def late():\n    import links.one as one",
        "links/one.py": "from links import two",
        "links/two.py": "TWO = 2",
        "broken/model.py": "def (",
        "lonely/model.py": "",
    }
    for name, text in code.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)

    def hashes() -> dict[str, str]:
        names = ("slow", "fast", "lonely", "broken")
        return {name: package.build_hash(tmp_path / name / "model.py", "3.0") for name in names}

    everyone = {"slow", "fast", "lonely", "broken"}
    moves = {
        "slow/model.py": {"slow"},
        "slow/README.md": set(),
        "fast/model.py": {"slow", "fast"},
        "fast/table.csv": {"slow", "fast"},
        "links/two.py": everyone,
        "chain.py": everyone,
    }
    for name, expected in moves.items():
        before = hashes()
        with (tmp_path / name).open("a") as file:
            file.write("\n# changed")
        after = hashes()
        assert {key for key in after if after[key] != before[key]} == expected, name


def test_the_example_of_the_documentation_works(tmp_path: Path) -> None:
    """The model in docs/authoring.md builds, and empties as its event says."""
    page = Path(__file__).resolve().parents[2] / "docs" / "authoring.md"
    model_file = tmp_path / "tank" / "model.py"
    model_file.parent.mkdir()
    model_file.write_text(page.read_text().split("```python\n")[1].split("```")[0])
    fmu = build_fmu(model_file, tmp_path)
    result = simulate_fmu(str(fmu), stop_time=1500.0, start_values={"inflow": 0.0})
    assert result["level"][-1] == pytest.approx(0.1, rel=1e-6)
    assert result["valve"][-1] == 0.0


def test_an_unknown_target_is_refused() -> None:
    """The message lists what there is."""
    with pytest.raises(ModelError, match=r"unknown target 'amiga'.*x86_64-windows"):
        toolchain.resolve_targets(["amiga"])
    assert toolchain.resolve_targets(["host", "all"])[0] == toolchain.host_target()
    assert len(toolchain.resolve_targets(["host", "all"])) == 5


def test_a_cache_that_cannot_be_written_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The compiler would spin for ever on it."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("ZIG_GLOBAL_CACHE_DIR", str(tmp_path / "file" / "cache"))
    with pytest.raises(ModelError, match="no writable cache folder"):
        toolchain.cache_folder()


def test_the_compilers_message_reaches_the_author(tmp_path: Path) -> None:
    """A file that does not compile ends in a ModelError that quotes the compiler."""
    bad = tmp_path / "bad.c"
    bad.write_text("int f(void) { return undeclared; }\n")
    with pytest.raises(ModelError, match="undeclared"):
        toolchain.compile_library([bad], [], toolchain.host_target(), tmp_path / "bad.so")


def test_a_damaged_archive_is_not_current(tmp_path: Path) -> None:
    """Neither an absent file nor one that is no archive counts as current."""
    fmu = tmp_path / "x.fmu"
    assert not package.is_current(fmu, "0", [])
    fmu.write_text("no archive")
    assert not package.is_current(fmu, "0", [])


def test_authoring_needs_no_more_than_its_build_requirements() -> None:
    """The build hook runs in an environment with casadi, ziglang and fmpy's headers alone."""
    code = (
        "import sys, linetwin.authoring.build\n"
        "heavy = {'scipy', 'pandas', 'fmpy', 'pint', 'pydantic'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr


@pytest.mark.slow
def test_all_five_platforms_are_built(model: Callable[[str], Model], tmp_path: Path) -> None:
    """Libraries for all targets, each with all functions of the standard by name."""
    fmu = build_model(model("circuit"), tmp_path / "circuit.fmu", ("all",))
    starts = {".so": b"\x7fELF", ".dll": b"MZ", ".dylib": b"\xcf\xfa\xed\xfe"}
    with zipfile.ZipFile(fmu) as archive:
        binaries = [n for n in archive.namelist() if n.startswith("binaries/")]
        assert {n.split("/")[1] for n in binaries} == {
            target.folder for target in toolchain.TARGETS.values()
        }
        assert len(binaries) == 5
        for name in binaries:
            content = archive.read(name)
            assert content.startswith(starts[Path(name).suffix]), name
            assert [f for f in _functions() if f.encode() not in content] == [], name
    assert validate_fmu(str(fmu)) == []
    shutil.rmtree(tmp_path)
