"""Calibration files and tables for tests, and the laws that the tables follow, written anew."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from linetwin.estimation.calibrating.reading import read_task
from linetwin.estimation.calibrating.schema import CalibrationFile
from linetwin.estimation.calibrating.solving import Calibration, calibrate
from linetwin.scenario.validation import read_checked

if TYPE_CHECKING:
    from collections.abc import Sequence

    from linetwin.estimation.calibrating.task import Task

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
POINTS = DATA / "calendering_nmc_artistic.csv"
SLURRIES = DATA / "slurry_rheology_graphite.csv"

LOAD = """\
schema: 1
name: load
starts: 1
fit:
  minimum_porosity: {low: 5 %, high: 40 %}
  compaction_resistance: {low: 50 N/mm, high: 3000 N/mm, scale: log}
set: {roll_temperature: 298 K, active_mass_fraction: 0.95, coating_thickness_before: 100 um}
inputs:
  line_load: {column: load, unit: N/mm}
  porosity_before: {column: before, unit: "%"}
outputs:
  settled_porosity: {column: after, unit: "%"}
"""
"""Compaction by line load: eps = low + (before - low) exp(-q/gamma), a coating of 100 um, 298 K."""

GAP = """\
schema: 1
name: gap
fit:
  minimum_porosity: {low: 10 %, high: 35 %}
  minimum_porosity_slope: {low: -5, high: 5}
  compaction_resistance: {low: 50 N/mm, high: 2000 N/mm, scale: log}
  nip_stiffness: {low: 2 kN/mm2, high: 200 kN/mm2, scale: log}
set: {gap_control: 1, coated_sides: 1, foil_thickness: 22 um, roll_temperature: 298 K}
inputs:
  roll_gap: {column: calender.gap.um, unit: um}
  coating_thickness_before: {column: thickness_before, unit: um, offset: -22 um}
  porosity_before: porosite_before
  active_mass_fraction: X.NMC
outputs:
  settled_porosity: porosity
groups: [X.NMC, S.to.L]
"""

LOADS = (100.0, 200.0, 350.0, 500.0, 700.0, 900.0, 1200.0, 1600.0)  # N/mm
BEFORE = (42.0, 48.0)  # %


def compacted(low: float, resistance: float) -> np.ndarray:
    """Return load (N/mm), porosity before and after (%), shape (rows, 3): the closed form."""
    rows = [(load, before) for before in BEFORE for load in LOADS]
    return np.array(
        [(load, before, low + (before - low) * np.exp(-load / resistance)) for load, before in rows]
    )


def write_table(file: Path, names: Sequence[str], rows: np.ndarray) -> Path:
    """Write a table of numbers."""
    lines = [",".join(f"{number:.12g}" for number in row) for row in rows]
    file.write_text("\n".join([",".join(names), *lines]) + "\n", encoding="utf-8")
    return file


def noisy(folder: Path, truth: tuple[float, float], seed: int, scatter: float = 0.8) -> Path:
    """Write a table of the closed form with normal scatter (% porosity)."""
    rows = compacted(*truth)
    rows[:, 2] += np.random.default_rng(seed).normal(0, scatter, len(rows))
    return write_table(folder / "table.csv", ("load", "before", "after"), rows)


def task_of(text: str, data: Path, folder: Path, model: str = "calendering") -> Task:
    """Return the task of a calibration file's text."""
    file = folder / "fit.yaml"
    file.write_text(text, encoding="utf-8")
    return read_task(model, None, read_checked(file, CalibrationFile), data)


def fitted(text: str, data: Path, folder: Path, model: str = "calendering") -> Calibration:
    """Return what a calibration file's text and a table lead to."""
    return calibrate(task_of(text, data, folder, model))


def value_of(made: Calibration, name: str) -> float:
    """Return a fitted value."""
    return made.values[[axis.name for axis in made.task.axes].index(name)]
