"""`linetwin bench line`: wall time and memory of whole runs, each in a process of its own."""

from __future__ import annotations

import json
import platform
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from linetwin.errors import LinetwinError

TIME_LIMIT_S = 10.0
MEMORY_LIMIT_MB = 1000.0
GROWTH_LIMIT = 1.2
CELLS = (1000, 4000, 16000)

_SCRIPT = """
import json, sys, time
from dataclasses import replace
from pathlib import Path
from linetwin.cli.compose import make_world
from linetwin.line import run
from linetwin.results.writer import RunWriter
from linetwin.scenario import load
from linetwin.scenario.loading import find_scenario

cells, folder = int(sys.argv[1]), Path(sys.argv[2])
start = time.perf_counter()
file = find_scenario("baseline")
scenario = replace(load(file), order_cells=cells, limit_ticks=365 * 86_400_000)
writer = RunWriter(folder, {"scenario": "bench", "seed": scenario.seed}, scenario.text)
world = make_world(scenario, file.parent / scenario.files[1], writer)
world.begin()
while world.step():
    if world.events % 5000 == 0:
        writer.flush()
run.close(world)
writer.finish("complete")
seconds = time.perf_counter() - start
try:
    import resource
    scale = 1024 if sys.platform == "darwin" else 1
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 / scale
except ImportError:
    memory = float("nan")
print(json.dumps({"cells": cells, "seconds": seconds, "memory_mb": memory,
                  "events": world.events, "days": world.now / 86_400_000}))
"""


@dataclass(frozen=True)
class Measured:
    """One run: wall time from loading to the merged tables, and peak memory."""

    cells: int
    seconds: float
    memory_mb: float
    events: int
    days: float


def measure(cells: int) -> Measured:
    """Run the baseline for `cells` in a fresh process and return what it took."""
    with tempfile.TemporaryDirectory(prefix="linetwin-bench-") as folder:
        done = subprocess.run(
            [sys.executable, "-c", _SCRIPT, str(cells), str(Path(folder) / "run")],
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode:
        message = f"the run of {cells} cells failed:\n{done.stderr[-2000:]}"
        raise LinetwinError(message)
    return Measured(**json.loads(done.stdout.splitlines()[-1]))


def report(found: list[Measured]) -> list[str]:
    """Return the figures as lines, each with its limit."""
    first, last = found[0], found[-1]
    growth = last.memory_mb / first.memory_mb
    proportion = (last.seconds / last.cells) / (first.seconds / first.cells)
    lines = [
        f"machine: {platform.processor() or platform.machine()}, Python {platform.python_version()}"
    ]
    lines += [
        f"{run.cells:6d} cells: {run.seconds:7.2f} s, {run.memory_mb:6.0f} MB, "
        f"{run.events} events, {run.days:.1f} days simulated"
        for run in found
    ]
    lines.append(
        f"{first.cells} cells: {first.seconds / TIME_LIMIT_S:.2f} of {TIME_LIMIT_S:.0f} s, "
        f"{first.memory_mb / MEMORY_LIMIT_MB:.2f} of {MEMORY_LIMIT_MB:.0f} MB"
    )
    lines.append(
        f"memory at {last.cells} over {first.cells} cells: {growth:.2f} (limit {GROWTH_LIMIT}); "
        f"time per cell: {proportion:.2f}"
    )
    return lines
