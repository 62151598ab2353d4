"""`linetwin bench week`: a week of the gigafactory against its limits of time and memory."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from linetwin.bench.line import watch
from linetwin.results import read
from linetwin.scenario.loading import find_scenario

SCENARIO = "gigafactory_week"
TIME_LIMIT_S = 120.0
FORMATION_LIMIT_MS = 1.0
MEMORY_LIMIT_MB = 1500.0


@dataclass(frozen=True)
class Week:
    """One run of the command; `formation_ms` is CPU time in formation's FMU for a cell formed."""

    graded: int
    wall_s: float
    cpu_s: float
    memory_mb: float
    formation_ms: float
    parts_s: dict[str, float]


def measure(scenario: str = SCENARIO) -> Week:
    """Run a scenario in a fresh process and return what it took.

    Raises LinetwinError where that run fails.
    """
    with tempfile.TemporaryDirectory(prefix="linetwin-bench-") as name:
        run = Path(name, "run")
        wall, found = watch(find_scenario(scenario), run, scenario)
        formed = found["formation"]
        return Week(
            graded=int(read(run).kpis["order"]["cells_graded"]["value"]),
            wall_s=wall,
            cpu_s=found["cpu_s"],
            memory_mb=found["memory_mb"],
            formation_ms=formed["cpu_s"] / max(formed["cells"], 1) * 1000,
            parts_s=found["parts_s"],
        )


def describe(week: Week) -> str:
    """Return the figures of the run as text."""
    parts = ", ".join(f"{part} {seconds:.2f}" for part, seconds in week.parts_s.items())
    return (
        f"{week.graded} cells graded: {week.wall_s:.1f} s of wall time, {week.cpu_s:.1f} s of CPU,"
        f" {week.memory_mb:.0f} MB at most\n              CPU: {parts} s"
    )


def verdicts(week: Week) -> dict[str, tuple[float, float]]:
    """Return what is held against a limit: text -> (figure, the most that it may be)."""
    return {
        "wall time of the week in s": (week.wall_s, TIME_LIMIT_S),
        "formation of a cell in ms": (week.formation_ms, FORMATION_LIMIT_MS),
        "memory of the week in MB": (week.memory_mb, MEMORY_LIMIT_MB),
    }
