"""`linetwin bench week`: a week of the gigafactory against its limits of time and memory."""

from __future__ import annotations

import math
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from linetwin.bench.line import watch
from linetwin.results import read
from linetwin.scenario.loading import find_scenario

if TYPE_CHECKING:
    from collections.abc import Sequence

SCENARIO = "gigafactory_week"
TIME_LIMIT_S = 120.0
FORMATION_LIMIT_MS = 1.0
MEMORY_LIMIT_MB = 1500.0
GROWTH_LIMIT = 0.01
"""What flat means: after the first day, memory that no lot takes grows by 1 % a day at most [A].

Lots of the line itself take more until the sleeping stock has been replaced by cells with columns:
in the gigafactory for the 14 days of ageing. That is told, and not held against a limit.
"""
SETTLED = 1
"""Day from which growth is counted: by then every table and pool has been used."""


@dataclass(frozen=True)
class Week:
    """One run of the command; `formation_ms` is CPU time in formation's FMU for a cell formed.

    `memory_by_day_mb`: resident memory at the start and at the end of each day of the line;
    `lots_by_day_mb`: what of it the columns of open lots take.
    """

    graded: int
    wall_s: float
    cpu_s: float
    memory_mb: float
    formation_ms: float
    parts_s: dict[str, float]
    memory_by_day_mb: tuple[float, ...]
    lots_by_day_mb: tuple[float, ...]

    @property
    def growth_mb(self) -> float:
        """Growth of memory that no lot takes per day after the first (MB); NaN if not known."""
        return _growth(self.memory_by_day_mb) - _growth(self.lots_by_day_mb)


def _growth(levels: Sequence[float]) -> float:
    """Return the growth a day after the first, by least squares; NaN where there are too few."""
    later = levels[SETTLED:]
    if len(later) < 2 or not all(map(math.isfinite, later)):  # noqa: PLR2004 - two ends
        return math.nan
    return float(np.polyfit(np.arange(len(later)), later, 1)[0])


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
            memory_by_day_mb=tuple(found["memory_by_day_mb"]),
            lots_by_day_mb=tuple(found["lots_by_day_mb"]),
        )


def describe(week: Week) -> str:
    """Return the figures of the run as text."""
    parts = ", ".join(f"{part} {seconds:.2f}" for part, seconds in week.parts_s.items())
    return (
        f"{week.graded} cells graded: {week.wall_s:.1f} s of wall time, {week.cpu_s:.1f} s of CPU,"
        f" {week.memory_mb:.0f} MB at most\n              CPU: {parts} s\n"
        f"              {_memory(week)}"
    )


def _memory(week: Week) -> str:
    """Return resident memory on the start, every other day and the end."""
    days = len(week.memory_by_day_mb) - 1
    shown = sorted({0, *range(1, days, 2), days})
    levels = ", ".join(f"day {day}: {week.memory_by_day_mb[day]:.0f}" for day in shown)
    if math.isnan(week.growth_mb):
        return f"resident memory {levels} MB; too short a run to tell its growth"
    total, lots = _growth(week.memory_by_day_mb), _growth(week.lots_by_day_mb)
    return (
        f"resident memory {levels} MB; after day {SETTLED} {total:+.2f} MB a day, of it {lots:+.2f}"
        " in lots that take the place of sleeping stock"
    )


def verdicts(week: Week) -> dict[str, tuple[float, float]]:
    """Return what is held against a limit: text -> (figure, the most that it may be)."""
    limits = {
        "wall time of the week in s": (week.wall_s, TIME_LIMIT_S),
        "formation of a cell in ms": (week.formation_ms, FORMATION_LIMIT_MS),
        "memory of the week in MB": (week.memory_mb, MEMORY_LIMIT_MB),
    }
    if not math.isnan(week.growth_mb):
        most = GROWTH_LIMIT * week.memory_by_day_mb[SETTLED]
        limits[f"growth of memory beside lots after day {SETTLED} in MB a day"] = (
            week.growth_mb,
            most,
        )
    return limits
