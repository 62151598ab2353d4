"""`linetwin bench line`: time and memory of the whole command, each run in a process of its own."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML

from linetwin.errors import LinetwinError, ResultsError
from linetwin.results import read
from linetwin.scenario.loading import find_scenario

if TYPE_CHECKING:
    from collections.abc import Sequence

TIME_LIMIT_S = 4.0
"""For the first of CELLS: what `linetwin run baseline` may take."""
MEMORY_LIMIT_MB = 1000.0
GROWTH_LIMIT = 1.2
PROPORTION_LIMIT = 1.1
"""What proportional means where the processor is shared: repeats differ by some percent."""
CELLS = (1000, 4000, 16000)
REPEATS = 3
"""Runs of the first size: the quickest counts, for the processor may be shared."""
_MS_PER_DAY = 86_400_000


@dataclass(frozen=True)
class Measured:
    """One run of the command, from the start of Python to the written report.

    `parts_s`: CPU time (s) of parts of the run, each second in one of them; `models` is that inside
    FMUs, calls included.
    """

    cells: int
    wall_s: float
    cpu_s: float
    memory_mb: float
    parts_s: dict[str, float]
    events: int
    days: float

    @property
    def model_share(self) -> float:
        """Share of the CPU time that went into the models: the rest is the line, and results."""
        return self.parts_s["models"] / self.cpu_s

    @property
    def cell_ms(self) -> float:
        """CPU time per cell (ms)."""
        return self.cpu_s / self.cells * 1000


def measure(cells: int) -> Measured:
    """Run the baseline for `cells` in a fresh process and return what it took.

    Of the first of CELLS the quickest of some runs. Raises LinetwinError where a run fails.
    """
    repeats = REPEATS if cells == CELLS[0] else 1
    return min((_measure_once(cells) for _ in range(repeats)), key=lambda run: run.wall_s)


def _measure_once(cells: int) -> Measured:
    with tempfile.TemporaryDirectory(prefix="linetwin-bench-") as name:
        folder = Path(name)
        scenario, run = folder / "bench.yaml", folder / "run"
        _write_scenario(scenario, cells)
        return _measured(cells, *watch(scenario, run, f"{cells} cells"), run)


def watch(scenario: Path, run: Path, what: str) -> tuple[float, dict[str, Any]]:
    """Run a scenario in a fresh process; return wall time (s) and what was seen from inside.

    Raises LinetwinError where that run, called `what`, fails.
    """
    figures = run.with_name("figures.json")
    command = [sys.executable, "-m", "linetwin.bench.watched"]
    command += [str(path) for path in (scenario, run, figures)]
    start = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    wall = time.perf_counter() - start
    if done.returncode or not figures.is_file():
        raise LinetwinError(f"the run of {what} failed:\n{done.stderr[-2000:]}")
    return wall, json.loads(figures.read_text(encoding="utf-8"))


def _measured(cells: int, wall: float, found: dict[str, Any], run: Path) -> Measured:
    manifest = read(run).manifest
    graded = read(run).kpis["order"]["cells_graded"]["value"]
    if graded < cells or not (run / "report.html").is_file():
        raise ResultsError(f"the run that was measured graded {graded} of {cells} cells")
    return Measured(
        cells=cells,
        wall_s=wall,
        cpu_s=found["cpu_s"],
        memory_mb=found["memory_mb"],
        parts_s=found["parts_s"],
        events=manifest["events"],
        days=manifest["end_tick"] / _MS_PER_DAY,
    )


def _write_scenario(target: Path, cells: int) -> None:
    """Write the baseline with an order of `cells`, and time enough to make them."""
    source = find_scenario("baseline")
    content = YAML(typ="safe").load(source.read_text(encoding="utf-8"))
    for key in content.keys() & {"line", "recipe", "prices"}:
        content[key] = str((source.parent / content[key]).resolve())
    content |= {"order": {"cells": cells}, "limit": "365 d"}
    with target.open("w", encoding="utf-8") as file:
        YAML(typ="safe").dump(content, file)


def describe(run: Measured) -> str:
    """Return the figures of one run as text."""
    parts = ", ".join(f"{part} {seconds:.2f}" for part, seconds in run.parts_s.items())
    return (
        f"{run.cells:6d} cells: {run.wall_s:.1f} s of wall time, {run.cpu_s:.1f} s of CPU, "
        f"{run.memory_mb:.0f} MB at most; {run.events} events in {run.days:.1f} days\n"
        f"              CPU: {run.cell_ms:.2f} ms a cell, {run.model_share:.0%} in models; "
        f"{parts} s"
    )


def verdicts(found: Sequence[Measured]) -> dict[str, tuple[float, float]]:
    """Return what is held against a limit: text -> (figure, the most that it may be)."""
    first, last = found[0], found[-1]
    size = f"{first.cells} cells"
    limits = {
        f"wall time for {size} over {TIME_LIMIT_S:g} s": (first.wall_s / TIME_LIMIT_S, 1.0),
        f"memory for {size} in MB": (first.memory_mb, MEMORY_LIMIT_MB),
    }
    if len(found) > 1:
        pair = f"{last.cells} over {first.cells} cells"
        limits[f"memory, {pair}"] = (last.memory_mb / first.memory_mb, GROWTH_LIMIT)
        limits[f"CPU time a cell, {pair}"] = (last.cell_ms / first.cell_ms, PROPORTION_LIMIT)
    if len(found) > 2:  # noqa: PLR2004 - what does not depend on the size cancels out
        steps = [_further_ms(*pair) for pair in pairwise(found)]
        name = f"CPU time of each further cell ({' and '.join(f'{step:.2f}' for step in steps)} ms)"
        limits[name] = (steps[-1] / steps[0], PROPORTION_LIMIT)
    return limits


def _further_ms(small: Measured, large: Measured) -> float:
    """Return the CPU time (ms) of each cell that the larger run makes more."""
    return (large.cpu_s - small.cpu_s) / (large.cells - small.cells) * 1000


def machine() -> str:
    """Return what was measured on: processor, cores, system, Python and what else was running."""
    text = f"{_processor()}, {os.cpu_count()} cores, {platform.system()}"
    text += f", Python {platform.python_version()}"
    if hasattr(os, "getloadavg"):
        text += f"; load average {os.getloadavg()[0]:.1f} when it began"
    return text


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
