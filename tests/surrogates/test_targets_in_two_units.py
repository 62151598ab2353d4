"""A target of which groups of rows are in another unit is refused; what may be right is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from linetwin.errors import ScenarioError
from linetwin.surrogates.learning.reading import read_training

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

DATASET = """\
schema: 1
dataset: made
file: table.csv
source: made for a test
licence: CC0-1.0
columns:
  speed: {column: speed, unit: m/min, role: feature}
  roll: {column: roll, role: group}
  burr: {column: burr, unit: um, role: target}
"""
TRAINING = """\
schema: 1
name: burr
dataset: data.yaml
target: burr
candidates: [linear]
"""


def written(
    folder: Path, rows: Sequence[int], factor: float, dataset: str = DATASET, rolls: int = 8
) -> Path:
    """Write 48 rows of rolls, the burr of some rows times a factor; return the training file."""
    draws = np.random.default_rng(5)
    lines = ["speed,roll,burr"]
    for row in range(48):
        speed = draws.uniform(10, 30)
        burr = (10 + 0.2 * speed + draws.normal(0, 0.5)) * (factor if row in rows else 1)
        lines.append(f"{speed:.4f},R{row % rolls},{burr:.8g}")
    (folder / "table.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "data.yaml").write_text(dataset, encoding="utf-8")
    (folder / "training.yaml").write_text(TRAINING, encoding="utf-8")
    return folder / "training.yaml"


@pytest.mark.parametrize(
    ("factor", "said"),
    [(1e3, "1,000 (mm and m)"), (1e-3, "1,000"), (1e6, "1,000,000"), (1e-2, "100 (cm and m)")],
)
def test_whole_rolls_in_another_unit_are_refused(tmp_path: Path, factor: float, said: str) -> None:
    """One roll of eight: its rows, its name, the factor, the key of the dataset file."""
    file = written(tmp_path, range(3, 48, 8), factor)
    with pytest.raises(ScenarioError) as told:
        read_training(file)
    for text in ("line 5, line 13", f"factor of {said}", "all rows of roll R3", "columns.burr",
                 "between: [LOW, HIGH]", "data.yaml"):  # fmt: skip
        assert text in str(told.value)


def test_times_in_minutes_and_hours(tmp_path: Path) -> None:
    """Of a time 60 and 3,600 are a unit's factors; over a tenth of the rows is no slip."""
    times = DATASET.replace("unit: um", "unit: s")
    for factor, said in ((1 / 60, "minutes and seconds"), (3600.0, "hours and seconds")):
        with pytest.raises(ScenarioError, match=said):
            read_training(written(tmp_path, range(6), factor, times))


def test_what_may_be_right_is_a_warning(tmp_path: Path) -> None:
    """Three rows of several rolls, a roll 25.4 times as high; stated limits, what models say."""
    (said,) = read_training(written(tmp_path, (1, 10, 20), 1e3)).warnings
    assert "line 3, line 12, line 22 differ from the rest by a factor of 1,000" in said
    roll = range(3, 48, 8)
    (said,) = read_training(written(tmp_path, roll, 25.4)).warnings
    assert "a factor of 25.4 (inch and mm)" in said
    limits = "between: [1 um, 1 m], role: target"
    stated = DATASET.replace("unit: um, role: target", f"unit: um, {limits}")
    models = DATASET.replace("source:", "simulated: true\nsource:")
    for dataset in (stated, models):
        (said,) = read_training(written(tmp_path, roll, 1e3, dataset)).warnings
        assert "a factor of 1,000" in said


def test_limits_leave_the_other_unit_out(tmp_path: Path) -> None:
    """With `between` around one part the training goes on with that."""
    limits = "between: [1 um, 100 um], role: target"
    stated = DATASET.replace("unit: um, role: target", f"unit: um, {limits}")
    training = read_training(written(tmp_path, range(3, 48, 8), 1e3, stated))
    assert training.warnings == ()
    assert training.learning.rows == 42
