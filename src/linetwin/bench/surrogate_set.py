"""How long training the shipped set takes: processes from designs, cells from two runs.

The runs are two orders of `baseline`, made first and not counted.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from linetwin.errors import ResultsError
from linetwin.surrogates.shipped.training import train_shipped

if TYPE_CHECKING:
    from collections.abc import Callable

SCENARIO: Final = "baseline"
SEEDS: Final = (1, 2)
LONGEST_S: Final = 300.0


@dataclass(frozen=True)
class Trained:
    """What training took: processor time, wall time (s); `refused`: what the data did not bear."""

    made: tuple[str, ...]
    refused: tuple[str, ...]
    cpu_s: float
    wall_s: float
    slowest: str
    slowest_s: float


def measure_set(tell: Callable[[str], None]) -> Trained:
    """Make the runs, train the set; some minutes. ResultsError where nothing was learnt."""
    with tempfile.TemporaryDirectory(prefix="linetwin-bench-") as name:
        folder = Path(name)
        for seed in SEEDS:
            tell(f"shipped set: a run of {SCENARIO} to learn from, seed {seed}")
            _run(seed, folder / f"run-{seed}")
        begun, started = time.process_time(), time.perf_counter()
        times: dict[str, float] = {}
        made: list[str] = []
        refused: list[str] = []
        runs = [folder / f"run-{seed}" for seed in SEEDS]
        for each in train_shipped(runs, folder / "set", (), lambda *_: None):
            (refused if each.file is None else made).append(each.name)
            times[each.name] = each.seconds
            tell(f"shipped set: {each.name}, {each.seconds:.0f} s")
        taken = time.process_time() - begun, time.perf_counter() - started
    if not made:
        raise ResultsError("bench: nothing of the shipped set could be learnt")
    slowest = max(times, key=times.__getitem__)
    return Trained(tuple(made), tuple(refused), *taken, slowest, times[slowest])


def _run(seed: int, folder: Path) -> None:
    """Run the line in a process of its own; ResultsError where it fails."""
    command = [sys.executable, "-m", "linetwin.cli", "run", SCENARIO, "--seed", str(seed)]
    ended = subprocess.run(
        [*command, "-o", str(folder)], capture_output=True, text=True, check=False
    )
    if ended.returncode:
        raise ResultsError(f"bench: the run of {SCENARIO} failed: {ended.stderr.strip()}")


def describe_set(found: Trained) -> str:
    """Return the figures as text."""
    text = (
        f"shipped set: {len(found.made)} predictors in {found.cpu_s:.0f} s of processor time, "
        f"{found.wall_s:.0f} s by the clock; the slowest, {found.slowest}, {found.slowest_s:.0f} s"
    )
    if found.refused:
        text += f"; what {len(SEEDS)} runs do not bear: {', '.join(found.refused)}"
    return text
