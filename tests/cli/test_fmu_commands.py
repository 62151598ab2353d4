"""`fmu build`, `info`, `validate`, `simulate`: ours, a user's own, another tool's, and no FMU."""

from __future__ import annotations

import csv
import json
import math
from pathlib import Path

import pytest
from cli_support import Clerk, of_cosim, without_binaries
from tiny_models import LIBRARY

from linetwin.cosim.library import find_fmu, shipped_models


@pytest.fixture(scope="module")
def decay(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An FMI 2.0 FMU made outside linetwin: the one of the co-simulation tests."""
    pytest.importorskip("ziglang")
    return Path(of_cosim("decay_source").build_fmi2(tmp_path_factory.mktemp("decay")))


@pytest.fixture
def noise(tmp_path: Path) -> Path:
    """A file with the right suffix and nothing of an FMU in it."""
    file = tmp_path / "noise.fmu"
    file.write_bytes(bytes(range(256)))
    return file


def test_a_library_of_ones_own_is_built_once(tiny: Path, clerk: Clerk) -> None:
    """Models that are current are left alone, and one can be named."""
    assert {file.stem for file in tiny.glob("*.fmu")} == set(LIBRARY)
    before = {file: file.stat().st_mtime_ns for file in tiny.glob("*.fmu")}
    again = clerk("fmu", "build", "--models", tiny.parent / "models", "-o", tiny)
    assert again.code == 0, again.err
    assert again.out.startswith("0 built, 3 were current")
    one = clerk("fmu", "build", "tank", "--models", tiny.parent / "models", "-o", tiny)
    assert one.out.startswith("0 built, 1 were current")
    assert {file: file.stat().st_mtime_ns for file in tiny.glob("*.fmu")} == before


@pytest.mark.parametrize(
    ("text", "code", "says"),
    [
        ("def build(:\n", 3, ("model wrong", "line 1")),
        ("x = 1\n", 3, ("model wrong", "build")),
        ("raise RuntimeError('no luck')\n", 3, ("model wrong", "no luck")),
        (None, 2, ("no model in", "--models")),
    ],
)
def test_a_model_that_cannot_be_built_is_named(
    clerk: Clerk, tmp_path: Path, text: str | None, code: int, says: tuple[str, ...]
) -> None:
    """The message names the model and what is wrong with it; nothing is left behind."""
    if text is not None:
        (tmp_path / "models" / "wrong").mkdir(parents=True)
        (tmp_path / "models" / "wrong" / "model.py").write_text(text, encoding="utf-8")
    answer = clerk("fmu", "build", "--models", tmp_path / "models", "-o", tmp_path / "built")
    assert answer.code == code, answer.err
    for part in says:
        assert part in answer.err
    assert "Traceback" not in answer.err
    assert not list(tmp_path.glob("built/*.fmu"))


def test_an_unknown_model_to_build_is_bad_input(clerk: Clerk) -> None:
    """The models that there are stand in the message."""
    answer = clerk("fmu", "build", "dryer")
    assert answer.code == 2
    assert "'dryer'" in answer.err
    assert "drying" in answer.err


@pytest.mark.parametrize("model", ["drying", "machine"])
def test_a_shipped_model_tells_its_interface_and_evidence(clerk: Clerk, model: str) -> None:
    """Platforms, contract, every variable with unit, tag and source; the same as valid JSON."""
    answer = clerk("fmu", "info", model)
    assert answer.code == 0, answer.err
    assert f"fulfils    {model}" in answer.out
    assert "serialise state" in answer.out
    told = json.loads(clerk("fmu", "info", model, "--json").out)
    assert told["fulfils"] == [model]
    assert told["runs_here"]
    parameters = [v for v in told["variables"] if v["causality"] == "parameter"]
    assert all(v["tag"] in {"V", "D", "M", "A"} and v["source"] for v in parameters)
    assert all(f" {v['name']} " in answer.out for v in told["variables"])


def test_every_shipped_model_validates(clerk: Clerk) -> None:
    """No finding, also none of FMPy's rules."""
    for model in shipped_models():
        answer = clerk("fmu", "validate", model, "--json")
        assert (answer.code, json.loads(answer.out)) == (0, []), model


def test_ones_own_model_is_simulated(tiny: Path, clerk: Clerk, tmp_path: Path) -> None:
    """An exponential decay, against the closed form; the CSV holds every row."""
    file = tmp_path / "level.csv"
    options = ("--stop", "10", "--step", "0.5", "--start", "rate=0.2", "--csv", file)
    answer = clerk("fmu", "simulate", tiny / "tank.fmu", *options)
    assert answer.code == 0, answer.err
    with file.open(encoding="utf-8") as stream:
        rows = [{name: float(text) for name, text in row.items()} for row in csv.DictReader(stream)]
    assert len(rows) == 21
    for row in rows:
        assert row["level"] == pytest.approx(math.exp(-0.2 * row["time"]), rel=1e-5)


def test_an_fmu_of_another_tool_is_read_and_run(decay: Path, clerk: Clerk) -> None:
    """FMI 2.0: info in its own units, a simulation to its own stop time, nothing to find fault."""
    told = json.loads(clerk("fmu", "info", decay, "--json").out)
    assert (told["fmi_version"], told["runs_here"], told["fulfils"]) == (2, True, [])
    units = {v["name"]: v["unit"] for v in told["variables"]}
    assert (units["x"], units["T"]) == ("g/m2", "degC")
    answer = clerk("fmu", "simulate", decay, "--output", "x", "--json")
    run = json.loads(answer.out)
    assert run["columns"]["time"][-1] == 10.0
    assert run["columns"]["x"][-1] == pytest.approx(100 * math.exp(-0.1 * 10.0), rel=1e-12)
    assert run["units"]["x"] == "g/m2"
    validated = clerk("fmu", "validate", decay)
    assert validated.code == 0, validated.out


@pytest.mark.parametrize("command", ["info", "validate", "simulate"])
def test_a_file_that_is_no_fmu_is_told_so(clerk: Clerk, noise: Path, command: str) -> None:
    """Exit code 2, or 3 where judging FMUs is the command's business; never a traceback."""
    answer = clerk("fmu", command, noise)
    assert answer.code == (3 if command == "validate" else 2)
    assert "not an FMU" in answer.out + answer.err
    assert "Traceback" not in answer.err


@pytest.mark.parametrize("command", ["info", "validate", "simulate"])
def test_an_fmu_that_is_not_there_is_bad_input(clerk: Clerk, command: str) -> None:
    """A model by a wrong name, or a path without a file."""
    for name, says in (("dryer", "drying"), ("no/such.fmu", "such.fmu")):
        answer = clerk("fmu", command, name)
        assert answer.code == 2
        assert says in answer.err


def test_an_fmu_for_other_machines_is_shown_and_not_run(clerk: Clerk, tmp_path: Path) -> None:
    """Info says which platform is missing; the others refuse."""
    foreign = without_binaries(find_fmu("drying"), tmp_path / "foreign.fmu")
    assert "no: needs" in clerk("fmu", "info", foreign).out
    assert clerk("fmu", "simulate", foreign).code == 2
    validated = clerk("fmu", "validate", foreign)
    assert validated.code == 3
    assert "riscv64-plan9" in validated.out


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--start", "tortuosity"], "NAME=VALUE"),
        (["--start", "tortuosity=three"], "NAME=VALUE"),
        (["--start", "tortosity=3"], "did you mean tortuosity"),
        (["--output", "film"], "film"),
        (["--stop", "-1"], "--stop: '-1' is no stop time (more than 0 s"),
        (["--until", "-1 s"], "--until: '-1 s' is no stop time (more than 0 s"),
        (["--until", "nan"], "--until: 'nan' is no stop time"),
        (["--until", "1e9 s", "--step", "0.1"], "--until: 1e+09 s give 1e+10 rows"),
        (["--step", "0"], "--step: 0 s is not positive"),
        (["--csv", "no/such/folder/x.csv"], "--csv"),
    ],
)
def test_a_simulation_that_makes_no_sense_is_refused(
    clerk: Clerk, options: list[str], says: str
) -> None:
    """Each option has its message."""
    answer = clerk("fmu", "simulate", "drying", *options)
    assert answer.code == 2, answer.out
    assert says in answer.err
    assert "Traceback" not in answer.err


def test_a_stop_time_of_an_fmu_that_is_none_is_told_with_its_file(
    clerk: Clerk, tmp_path: Path
) -> None:
    """It is the FMU's own, unless the user names another."""
    copy = tmp_path / "before.fmu"
    of_cosim("small_fmus").rewritten(
        find_fmu("drying"),
        copy,
        lambda text: text.replace('startTime="0"', 'startTime="0" stopTime="-1"'),
    )
    answer = clerk("fmu", "simulate", copy)
    assert answer.code == 2
    assert "before.fmu: modelDescription.xml: DefaultExperiment: stopTime='-1'" in answer.err
    assert clerk("fmu", "simulate", copy, "--stop", "1").code == 0


def test_a_model_that_fails_alone_ends_with_its_name_and_time(tiny: Path, clerk: Clerk) -> None:
    """Exit code 3, model, simulated time and the model's own words."""
    answer = clerk("fmu", "simulate", tiny / "brittle.fmu", "--stop", "1000", "--step", "50")
    assert answer.code == 3
    assert "brittle in the step from 600" in answer.err
    assert "Traceback" not in answer.err


def test_a_group_tells_its_events_beside_the_file(
    decay: Path, clerk: Clerk, tmp_path: Path
) -> None:
    """Events and the steps taken are printed with `--csv` too: x' = -0.1 x from 100 to 50 g/m2."""
    group = {
        "step": "1 s",
        "members": {"one": {"fmu": str(decay), "values": {"on": 1, "T": 20, "mode": "on"}}},
        "outputs": {"x": "one.x"},
        "events": {"half": {"of": "one.x", "falls": 50.0}},
        "adaptive": {"relative": 1e-3},
    }
    file = of_cosim("group_fmus").write_group(tmp_path, **group)
    told = [
        clerk("fmu", "simulate", file, "--until", "10 s", *options).out.splitlines()[-2:]
        for options in (("--csv", tmp_path / "out.csv"), ())
    ]
    assert told[0] == told[1]
    name, time = told[0][1].removesuffix(" s").split(" at ")
    assert (name, float(time)) == ("event 'half'", pytest.approx(10.0 * math.log(2.0), abs=2e-6))


def test_a_start_value_is_given_once(decay: Path, clerk: Clerk) -> None:
    """Exit code 2, with the name and both values, also where they are equal."""
    for second in ("2", "1"):
        answer = clerk("fmu", "simulate", decay, "--start", "T=1", "--start", f"T={second}")
        assert answer.code == 2
        assert f"--start: 'T' is given twice: 1 and {second} (keep one of the two)" in answer.err


def test_a_group_is_told_by_its_own_keys(decay: Path, clerk: Clerk, tmp_path: Path) -> None:
    """A wrong step stands in the file, not on the command line; rows go as far as there are."""
    file = tmp_path / "pair.yaml"
    members = f"members: {{one: {{fmu: {decay}, values: {{mode: 'on', 'on': 1, T: 20}}}}}}"
    event = "events: {low: {of: one.x, falls: 99.9, stop: true}}"
    for step, code in (("fast", 2), ("10 ms", 0)):
        text = f"schema: 1\nname: pair\nstep: {step}\n{members}\n{event}\n"
        file.write_text(text, encoding="utf-8")
        answer = clerk("fmu", "simulate", file, "--stop", "1 s", "--output", "one.x")
        assert answer.code == code, answer.err
        if code:
            assert "pair.yaml:3: step: 'fast' is no communication step" in answer.err
        else:  # x = 100 exp(-0.1 t) is 99.9 at 0.010005 s
            assert "rows over 0.010005" in answer.out


def test_help_names_the_extra(clerk: Clerk) -> None:
    """Brackets are no markup there."""
    assert "needs linetwin[fmu]" in clerk("fmu", "compile", "--help").out
