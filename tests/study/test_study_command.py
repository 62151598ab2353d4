"""`linetwin study`: real runs of a line, its exit codes, and Ctrl-C."""

from __future__ import annotations

import errno
import json
import os
import re
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from study_support import SCENARIO, SHIPPED, Here, Written

from linetwin.cli import running, studying
from linetwin.cli.study_running import run_point
from linetwin.cli.studying import Request
from linetwin.contracts import CONTRACTS
from linetwin.errors import LinetwinError, LinkError, ModelError, ScenarioError
from linetwin.results import read
from linetwin.results.kpis import compute
from linetwin.study.folder import NEWEST, PARTS, read_study, rows_of
from linetwin.study.keeping import StudyWriter
from linetwin.study.local import made
from linetwin.study.reading import find_study, read_study_file

if TYPE_CHECKING:
    from pathlib import Path

    from linetwin.study.tasks import Inputs, Outcome

CONSTRAINTS = """\
{kind: full}
constraints:
  - {figure: energy.energy_used, at_most: 1 J}
  - {figure: energy.energy_used, at_least: 0 kWh}"""
COMMAND = [sys.executable, "-m", "linetwin.cli"]
PATIENCE_S = 120.0


def linetwin(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a command in a process of its own."""
    command = [*COMMAND, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE_S)


@pytest.fixture
def hours(tmp_path: Path) -> Written:
    """A study whose runs take hours of line time."""
    return Written(tmp_path).edit("[energy.energy_used]", "[energy.energy_used, order.started]")


def test_a_run_of_a_study_is_that_of_the_run_command(
    hours: Written, capsys: pytest.CaptureFixture[str]
) -> None:
    """The figure of a point and seed is the one of `linetwin run --set --seed`, bit for bit.

    Columns come back too, and are bounded; a broken-off study goes on, and makes no run twice.
    """
    hours.edit("figures:", "columns: [signals.electric_power: [mean, max]]\nfigures:")
    bound = "{figure: signals.electric_power.max, at_most: 10 MW}"
    hours.edit("figures:", f"constraints: [{bound}]\nfigures:")
    hours.edit(", order.started]", "]").edit("design:", "replications: 12\ndesign:")
    hours.edit("  cathode.calender.line_load: {low: 300 N/mm, high: 900 N/mm}\n", "")
    hours.edit("[20 kg, 24 kg, 28 kg]", "[24 kg, 28 kg]")
    command = [*COMMAND, "study", str(hours.file), "-o", str(hours.output), "--workers", "2"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    newest, end = hours.output / PARTS / NEWEST, time.monotonic() + PATIENCE_S
    while not (newest.is_file() and newest.read_bytes().count(b"\n") >= 3):
        assert process.poll() is None
        assert time.monotonic() < end
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=PATIENCE_S)
    assert (process.returncode, "interrupted" in out) == (5, True), err
    assert f"go on with: linetwin study {hours.file} -o {hours.output}" in err
    first = read_study(hours.output).runs
    assert 3 <= len(first) < 24

    hours.edit("replications: 12", "replications: 2")
    done = linetwin("study", hours.file, "-o", hours.output, "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["status"], told["runs"], told["failed"], told["points"]) == ("complete", 4, 0, 2)
    assert rows_of(hours.output)["run"].is_unique
    runs = read_study(hours.output).runs
    row = runs[(runs["point"] == 1) & (runs["replication"] == 1)].iloc[0]
    settings = ("cathode.mixer.batch_mass=28 kg",)
    request = running.Request(str(hours.folder / "hours.yaml"), settings, 8, None)
    running.run(request, hours.folder / "run", 1, as_json=True)
    found = json.loads(capsys.readouterr().out)["kpis"]["energy"]["energy_used"]
    assert row["energy.energy_used"] == found["value"]
    assert read_study(hours.output).units["energy.energy_used"] == found["unit"]
    assert told["never_kept"] == []
    assert 0 < row["signals.electric_power.mean"] < row["signals.electric_power.max"]


@pytest.fixture
def in_this_process(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Runs are made here, one after the other: what is told does not depend on who makes them."""

    def executor(request: Request, inputs: Inputs, writer: StudyWriter) -> Here:
        folder = tmp_path / "unpacked"
        inputs.unpack(folder)
        return Here(lambda task: made(run_point, task))

    monkeypatch.setattr(studying, "_executor", executor)


@pytest.mark.parametrize(
    "aims",
    [
        "constraints: [{figure: quality.cathode_porosty.mean, at_most: 29 %}]",
        "objectives: [{maximise: quality.nothing.mean}]",
    ],
)
def test_aims_that_no_run_has_are_told_where_no_figures_are_named(
    hours: Written, in_this_process: None, aims: str
) -> None:
    """After the first run, with the section in which they stand."""
    text = hours.file.read_text(encoding="utf-8").splitlines()
    kept = [line for line in text if not line.startswith(("figures", "columns"))]
    hours.file.write_text("\n".join([*kept, aims, ""]), encoding="utf-8")
    section = aims.partition(":")[0]
    with pytest.raises(ScenarioError, match=rf"{section}: no run has quality\."):
        studying.study(Request(str(hours.file), hours.output), as_json=False)
    assert len(read_study(hours.output).runs.dropna(subset=["status"])) <= 1


def test_what_is_wrong_is_told_with_its_exit_code(
    hours: Written, in_this_process: None, capsys: pytest.CaptureFixture[str]
) -> None:
    """2: a figure no run has, told after the first; 3: every run failed; 2: no line to build."""
    request = Request(str(hours.file), hours.output)
    with pytest.raises(ScenarioError, match=r"study\.yaml:8: figures: no run has order\.started"):
        studying.study(request, as_json=False)
    assert read_study(hours.output).manifest["status"] == "failed"

    hours.edit(", order.started]", "]").edit("calender.line_load", "mixer.active_material_share")
    hours.edit("{low: 300 N/mm, high: 900 N/mm}", "{low: 80 %, high: 82 %}")
    with pytest.raises(
        ModelError, match=r"all 6 runs failed: .*shares of the solids sum"
    ) as failed:
        studying.study(request, as_json=False)
    assert failed.value.exit_code == 3
    assert "failed:     6 runs, such as" in capsys.readouterr().out

    wrong = SCENARIO + "set: {cathode.slitter.lane_count: 9}\n"
    (hours.folder / "hours.yaml").write_text(wrong, encoding="utf-8")
    with pytest.raises(ScenarioError, match="the lanes are"):
        studying.study(Request(str(hours.file), hours.folder / "other"), as_json=False)
    assert not (hours.folder / "other").exists()


def test_constraints_that_no_point_keeps_are_told(
    hours: Written, in_this_process: None, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2 with the point that comes nearest; runs, and folders on demand, are kept."""
    hours.edit(", order.started]", "]").edit("[20 kg, 24 kg, 28 kg]", "[20 kg, 28 kg]")
    hours.edit("{kind: full}", CONSTRAINTS)
    with pytest.raises(ScenarioError, match="never kept: energy used at most") as refused:
        studying.study(Request(str(hours.file), hours.output, keep=True), as_json=False)
    assert refused.value.exit_code == 2
    runs = read_study(hours.output).runs
    least = runs["point"][runs["energy.energy_used"].idxmin()]
    told = str(refused.value)
    assert f"in 95% of the runs; nearest is point {least} (" in told
    assert "keeps that of energy used in 0% of its runs, with a mean of " in told
    assert len(refused.value.problems) == 1
    told = capsys.readouterr().out
    assert "small (full): complete, 4 of 4 runs of 4 points" in told
    kept = sorted(path.name for path in (hours.output / "kept").iterdir())
    assert kept == sorted(runs["run"])
    first = read(hours.output / "kept" / runs["run"][0])
    assert compute(first)["energy"]["energy_used"]["value"] == runs["energy.energy_used"][0]


def test_shipped_studies_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every file in scenarios/studies is right, with stand-ins where the command runs."""
    names = [file.stem for file in (SHIPPED / "studies").glob("*.yaml")]
    assert "coating" in names
    (tmp_path / "stand_ins").mkdir()
    for name, contract in CONTRACTS.items():
        if contract.form == "transform":
            (tmp_path / "stand_ins" / f"{name}.standin").touch()
    monkeypatch.chdir(tmp_path)
    for name in names:
        spec = read_study_file(find_study(name))
        assert spec.name == name
        assert spec.title
    with pytest.raises(ScenarioError, match="did you mean coating"):
        find_study("coatnig")


def test_the_example_of_the_docs_is_right(tmp_path: Path) -> None:
    """What docs/studies.md shows as a file is read: 200 points of three factors and a pattern."""
    docs = SHIPPED.parent / "docs" / "studies.md"
    if not docs.is_file():
        pytest.skip("the docs do not lie beside the scenarios here")
    text = docs.read_text(encoding="utf-8").split("```yaml\n")[1].split("```")[0]
    (tmp_path / "study.yaml").write_text(text, encoding="utf-8")
    spec = read_study_file(tmp_path / "study.yaml")
    assert len(spec.points()) == 200
    assert len(spec.factors) > 3


def test_two_calls_do_not_write_one_folder(hours: Written) -> None:
    """A folder that another process holds is refused with exit code 2."""
    hours.output.mkdir()
    holder = (
        "import sys, time, pathlib\nfrom linetwin.cli.locking import held\n"
        f"with held(pathlib.Path({str(hours.output)!r})):\n"
        " print('held', flush=True)\n sys.stdin.read()\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    process = subprocess.Popen(
        [sys.executable, "-c", holder],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"held\n"
    refused = linetwin("study", hours.file, "-o", hours.output)
    process.communicate()
    assert refused.returncode == 2
    assert "being written by another process" in refused.stderr


@pytest.mark.parametrize("inside", [False, True])
def test_a_folder_that_cannot_be_made_is_refused(hours: Written, *, inside: bool) -> None:
    """A file where the folder is to be, or above it: exit code 2 with what is allowed."""
    hours.edit(", order.started]", "]")
    taken = hours.folder / "taken"
    taken.write_text("mine", encoding="utf-8")
    with pytest.raises(ScenarioError, match=r"-o: .*taken.* no folder that can be made") as refused:
        studying.study(Request(str(hours.file), taken / "out" if inside else taken), as_json=False)
    assert "allowed: a folder" in str(refused.value)
    assert taken.read_text(encoding="utf-8") == "mine"


def test_what_is_no_address_of_a_cluster_makes_no_folder(hours: Written) -> None:
    """--dask is looked at first: exit code 2, and nothing is left behind."""
    request = Request(str(hours.file), hours.output, dask="nonsense")
    with pytest.raises(ScenarioError, match="--dask: 'nonsense' is no address") as refused:
        studying.study(request, as_json=False)
    assert refused.value.exit_code == 2
    assert not hours.output.exists()


def test_a_scheduler_that_does_not_answer_leaves_no_folder(hours: Written) -> None:
    """Exit code 4 before anything is made, so the folder's name is free for the next try."""
    request = Request(str(hours.file), hours.output, dask="tcp://127.0.0.1:9")
    with pytest.raises(LinkError, match="no Dask scheduler answers at tcp"):
        studying.study(request, as_json=False)
    assert not hours.output.exists()


def test_one_failed_run_is_one(
    hours: Written, in_this_process: None, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is counted in the singular, with its id and its error."""
    hours.edit(", order.started]", "]").edit("calender.line_load", "mixer.active_material_share")
    hours.edit("{low: 300 N/mm, high: 900 N/mm}", "{levels: [80 %, 96 %]}")
    hours.edit("  cathode.mixer.batch_mass: {levels: [20 kg, 24 kg, 28 kg]}\n", "")
    studying.study(Request(str(hours.file), hours.output), as_json=False)
    assert re.search("failed: +1 run, [0-9a-f]+: .*shares of the solids", capsys.readouterr().out)


def test_a_full_disk_is_told_with_its_folder(
    hours: Written, in_this_process: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Path and what to do; the same command goes on."""

    def full(writer: StudyWriter, outcome: Outcome) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    hours.edit(", order.started]", "]")
    monkeypatch.setattr(StudyWriter, "record", full)
    with pytest.raises(LinetwinError, match="out: no space left on its disk: free some"):
        studying.study(Request(str(hours.file), hours.output), as_json=False)
    assert read_study(hours.output).manifest["status"] == "failed"
