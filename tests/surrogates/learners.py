"""Training files and tables of known laws, for tests of learning."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from linetwin.predictors.links import Link
from linetwin.surrogates.learning.reading import Training, read_training
from linetwin.surrogates.learning.task import Learning
from linetwin.surrogates.learning.training import train
from linetwin.surrogates.learning.writing import stored_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from linetwin.predictors.store import Stored

DATASET = """\
schema: 1
dataset: made
file: table.csv
source: made for a test
licence: CC0-1.0
columns:
  line_load: {column: load, unit: N/mm, role: feature}
  porosity_before: {column: before, unit: "%", role: feature}
  electrode: {column: electrode, role: group}
  porosity: {column: after, unit: "%", role: target}
  opinion: {column: said, role: judgement}
"""
TRAINING = """\
schema: 1
name: porosity
dataset: data.yaml
target: porosity
groups: [electrode]
laws: {between: [0 %, 100 %], decreases: [line_load]}
candidates: [linear]
"""
PHYSICS = """\
physics:
  model: calendering
  fit:
    minimum_porosity: {low: 5 %, high: 40 %}
    compaction_resistance: {low: 50 N/mm, high: 3000 N/mm, scale: log}
  set: {roll_temperature: 298 K, active_mass_fraction: 0.95, coating_thickness_before: 100 um}
  inputs: {line_load: line_load, porosity_before: porosity_before}
  output: settled_porosity
"""
LOADS = (100.0, 250.0, 450.0, 700.0, 1000.0, 1500.0)  # N/mm
HEAD = "load,before,electrode,after,said"


def compacted(load: np.ndarray, before: np.ndarray) -> np.ndarray:
    """Return porosity (%) at a load (N/mm): 24 + (before - 24) exp(-load / 420)."""
    return np.asarray(24 + (before - 24) * np.exp(-load / 420))


def rows(scatter: float = 0.3, electrodes: int = 8) -> list[str]:
    """Return lines of a table of the closed form with normal scatter (% porosity)."""
    rng = np.random.default_rng(7)
    found = []
    for electrode in range(electrodes):
        before = 40 + 1.1 * electrode
        for load in LOADS:
            after = float(compacted(np.array(load), np.array(before))) + rng.normal(0, scatter)
            found.append(f"{load:g},{before:.3f},E{electrode},{after:.6f},good")
    return found


def written(
    folder: Path, table: Sequence[str], training: str = TRAINING, dataset: str = DATASET
) -> Path:
    """Write a dataset, its table and a training file; return the last."""
    (folder / "table.csv").write_text("\n".join([HEAD, *table]) + "\n", encoding="utf-8")
    (folder / "data.yaml").write_text(dataset, encoding="utf-8")
    file = folder / "training.yaml"
    file.write_text(training, encoding="utf-8")
    return file


def trained(
    folder: Path, table: Sequence[str], training: str = TRAINING
) -> tuple[Training, Stored]:
    """Return a training and what its file holds."""
    found = read_training(written(folder, table, training))
    return found, stored_of(found, train(found.learning, found.file.candidates))


def learning_of(
    features: np.ndarray, target: np.ndarray, groups: np.ndarray, **more: object
) -> Learning:
    """Return a task of learning without a dataset."""
    wide = features.shape[1]
    count = len(np.unique(groups))
    given: dict[str, object] = {
        "names": tuple(f"x{index}" for index in range(wide)),
        "units": ("1",) * wide,
        "target_name": "y",
        "target_unit": "1",
        "labels": tuple(f"g{index}" for index in range(count)),
        "link": Link(),
        "monotonic": (0,) * wide,
        "logs": (False,) * wide,
        **more,
    }
    return Learning(features=features, target=target, groups=groups, **given)  # type: ignore[arg-type]
