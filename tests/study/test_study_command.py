"""`linetwin study`: real runs of a line, its exit codes, and Ctrl-C."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from study_support import SCENARIO, Written

from linetwin.study.folder import NEWEST, PARTS, read_study, rows_of

if TYPE_CHECKING:
    from pathlib import Path

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


def test_a_run_of_a_study_is_that_of_the_run_command(hours: Written) -> None:
    """The figure of a point and seed is the one of `linetwin run --set --seed`, bit for bit.

    Columns come back too; a broken-off study goes on, and makes no run twice.
    """
    hours.edit("figures:", "columns: [signals.electric_power: [mean, max]]\nfigures:")
    hours.edit(", order.started]", "]").edit("design:", "replications: 12\ndesign:")
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
    assert 3 <= len(first) < 72

    hours.edit("replications: 12", "replications: 2")
    done = linetwin("study", hours.file, "-o", hours.output, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) | {"folder": ""} == {
        "folder": "",
        "status": "complete",
        "runs": 12,
        "failed": 0,
        "points": 6,
    }
    assert rows_of(hours.output)["run"].is_unique
    runs = read_study(hours.output).runs
    row = runs[(runs["point"] == 4) & (runs["replication"] == 1)].iloc[0]
    settings = ["cathode.calender.line_load=900 N/mm", "cathode.mixer.batch_mass=24 kg"]
    given = [part for setting in settings for part in ("--set", setting)]
    one = linetwin("run", hours.folder / "hours.yaml", *given, "--seed", "8", "--json", "-o",
                   hours.folder / "run")  # fmt: skip
    assert one.returncode == 0, one.stderr
    found = json.loads(one.stdout)["kpis"]["energy"]["energy_used"]
    assert row["energy.energy_used"] == found["value"]
    assert read_study(hours.output).units["energy.energy_used"] == found["unit"]
    assert 0 < row["signals.electric_power.mean"] < row["signals.electric_power.max"]


def test_exit_codes_of_wrong_studies(hours: Written) -> None:
    """2: a figure no run has, told after the first; 3: every run failed; 2: no line to build."""
    told = linetwin("study", hours.file, "-o", hours.output)
    assert told.returncode == 2
    assert "study.yaml:8: figures: no run has order.started (did you mean" in told.stderr

    hours.edit(", order.started]", "]").edit("calender.line_load", "mixer.active_material_share")
    hours.edit("{low: 300 N/mm, high: 900 N/mm}", "{low: 80 %, high: 82 %}")
    failed = linetwin("study", hours.file, "-o", hours.output)
    assert failed.returncode == 3
    assert "all 6 runs failed" in failed.stderr
    assert "the shares of the solids sum to" in failed.stderr

    wrong = SCENARIO + "set: {cathode.slitter.lane_count: 9}\n"
    (hours.folder / "hours.yaml").write_text(wrong, encoding="utf-8")
    refused = linetwin("study", hours.file, "-o", hours.folder / "other")
    assert refused.returncode == 2
    assert "the lanes are" in refused.stderr
    assert not (hours.folder / "other").exists()


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
