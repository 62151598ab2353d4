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
from small_fmus import SOURCE, rewritten, run_python

from linetwin.cosim.description import read_description
from linetwin.errors import WiringError

VARIABLE = "LINETWIN_FMU_FOLDER"
REFUSED = 2
FAILED = 3
NO_INSTANCE = "cannot be instantiated"
"""What is told where an FMU itself refuses to begin: its token, its licence, what it needs."""
STEPS = 3


def found() -> list[Path]:
    """Return the FMUs in the folder, in order; none where it is not named."""
    folder = os.environ.get(VARIABLE)
    return sorted(Path(folder).rglob("*.fmu")) if folder else []


def run(fmu: Path) -> tuple[int, str, str]:
    """Simulate a few steps of the FMU's own length; return exit code, output and errors."""
    options: list[str] = []
    try:
        step = own_step(fmu)
    except WiringError:
        pass  # the command says so too
    else:
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


TWINS = """
import math, sys
from pathlib import Path
from linetwin.cosim.instance import instantiate
from linetwin.cosim.port import Port, Table
from linetwin.cosim.stepping import advance_fully, step_rule

path, step, steps = Path(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])
first, second = instantiate(path), instantiate(path)
binary = first.binary
outputs = [v for v in binary.description.of("output") if v.numeric and not v.shape]
rule = step_rule(binary.description, None)
found = []
for others in ((first, second), (first,)):
    tables = [Table(Port(binary, outputs)) for _ in others]
    for one in others:
        one.initialise()
    for index in range(steps):
        for one in others:
            advance_fully(one, index * step, (index + 1) * step, rule)
    for one, table in zip(others, tables):
        one.get(table)
        found.append([repr(value) for value in table.read_row()])
    first.reset()
assert found[0] == found[1], f"two side by side differ: {found[:2]}"
assert found[0] == found[2], f"one alone differs from two side by side: {found}"
"""


def own_step(fmu: Path) -> float:
    """Return a communication step (s) that suits an FMU."""
    own = read_description(fmu)
    return own.step_s or own.capabilities.fixed_step_s or (own.stop_time_s or 1.0) / 100


def check_twins(fmu: Path, temporary: Path) -> None:
    """Expect that two instances stepped in turns give what one gives alone, bit by bit."""
    if not read_description(fmu).capabilities.once_per_process:
        run_python(TWINS, str(fmu), repr(own_step(fmu)), str(STEPS), temporary=temporary)


def check(fmu: Path) -> str:
    """Return what became of an FMU, "runs" or the reason; fail on everything else."""
    code, out, errors = run(fmu)
    if code == REFUSED:
        assert fmu.name in errors, "a refusal names the file"
        return errors.strip()
    if code == FAILED and NO_INSTANCE in errors:
        assert fmu.stem in errors, "an FMU that gives no instance is named"
        return errors.strip()
    assert code == 0, f"exit code {code}: {errors.strip()}"
    assert len(json.loads(out)["columns"]["time"]) == STEPS + 1
    return "runs"


@pytest.mark.skipif(VARIABLE not in os.environ, reason=f"{VARIABLE} names no folder of FMUs")
@pytest.mark.parametrize("fmu", found(), ids=lambda path: path.stem)
def test_every_fmu_runs_or_is_refused(
    fmu: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What became of each is printed; what runs also runs twice at once."""
    outcome = check(fmu)
    if outcome == "runs":
        check_twins(fmu, tmp_path)
    with capsys.disabled():
        sys.stdout.write(f"\n{fmu.name}: {outcome}\n")


def test_the_check_tells_them_apart(decay: Path, tmp_path: Path) -> None:
    """One that runs, one that gives no instance, and one that is no FMU."""
    assert check(decay) == "runs"
    check_twins(decay, tmp_path)
    unwilling = rewritten(
        decay, tmp_path / decay.name, lambda text: text.replace("{decay-1}", "{decay-2}")
    )
    assert "cannot be instantiated" in check(unwilling)
    nothing = tmp_path / "nothing.fmu"
    nothing.write_bytes((HERE / "types2.xml").read_bytes())
    assert "it is not an FMU" in check(nothing)
