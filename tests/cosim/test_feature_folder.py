"""Every FMU in a folder of the user's: it runs a few steps, or is refused by a named reason.

The folder is named by the environment variable LINETWIN_FMU_FOLDER, such as a checkout of the FMUs
that the standard's authors publish. Each FMU has a process of its own: it may crash.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from feature_fmus import HERE
from small_fmus import SOURCE

from linetwin.cosim.description import read_description
from linetwin.errors import WiringError

VARIABLE = "LINETWIN_FMU_FOLDER"
REFUSED = 2
STEPS = 3


def found() -> list[Path]:
    """Return the FMUs in the folder, in order; none where it is not named."""
    folder = os.environ.get(VARIABLE)
    return sorted(Path(folder).rglob("*.fmu")) if folder else []


def run(fmu: Path) -> tuple[int, str, str]:
    """Simulate a few steps of the FMU's own length; return exit code, output and errors."""
    options: list[str] = []
    try:
        own = read_description(fmu)
    except WiringError:
        pass  # the command says so too
    else:
        step = own.step_s or own.capabilities.fixed_step_s or (own.stop_time_s or 1.0) / 100
        options = ["--step", repr(step), "--stop", repr(STEPS * step)]
    done = subprocess.run(
        [sys.executable, "-m", "linetwin.cli", "fmu", "simulate", str(fmu), "--json", *options],
        env={**os.environ, "PYTHONPATH": str(SOURCE)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    return done.returncode, done.stdout, done.stderr


def check(fmu: Path) -> str:
    """Return what became of an FMU, "runs" or the reason; fail on everything else."""
    code, out, errors = run(fmu)
    if code == REFUSED:
        assert fmu.name in errors, "a refusal names the file"
        return errors.strip()
    assert code == 0, f"exit code {code}: {errors.strip()}"
    assert len(json.loads(out)["columns"]["time"]) == STEPS + 1
    return "runs"


@pytest.mark.skipif(VARIABLE not in os.environ, reason=f"{VARIABLE} names no folder of FMUs")
@pytest.mark.parametrize("fmu", found(), ids=lambda path: path.stem)
def test_every_fmu_runs_or_is_refused(fmu: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What became of each is printed."""
    outcome = check(fmu)
    with capsys.disabled():
        sys.stdout.write(f"\n{fmu.name}: {outcome}\n")


def test_the_check_tells_them_apart(decay: Path, tmp_path: Path) -> None:
    """One that runs, one that is refused, and one whose process fails."""
    assert check(decay) == "runs"
    nothing = tmp_path / "nothing.fmu"
    nothing.write_bytes((HERE / "types2.xml").read_bytes())
    assert "it is not an FMU" in check(nothing)
