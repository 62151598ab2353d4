"""Calibration: the scatter that few values do not tell, and which of equal fits is taken."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from calibrations import (
    GAP,
    LOAD,
    LOADS,
    POINTS,
    compacted,
    fitted,
    noisy,
    task_of,
    value_of,
    write_table,
)

from linetwin.estimation.calibrating.solving import calibrate
from linetwin.estimation.calibrating.telling import warnings_of
from linetwin.estimation.calibrating.writing import parameter_text

if TYPE_CHECKING:
    from pathlib import Path

COLUMNS = ("load", "before", "after")
needs_points = pytest.mark.skipif(not POINTS.is_file(), reason=f"no ../shared/data/{POINTS.name}")


@needs_points
def test_one_value_of_an_output_does_not_tell_its_scatter(tmp_path: Path) -> None:
    """One line load (520 N/mm), which the stiffness meets by itself: its interval is not +-0.

    The load's scatter is that of the porosities relative to their size, 5 %, and that is told.
    """
    lines = POINTS.read_text("utf-8").splitlines()
    table = [f"{lines[0]};load", *(f"{line};" for line in lines[1:])]
    table[4] += "520"
    data = tmp_path / "points.csv"
    data.write_text("\n".join(table) + "\n", "utf-8")
    text = GAP.replace(
        "settled_porosity: porosity",
        "settled_porosity: porosity\n  nip_line_load: {column: load, unit: N/mm}",
    )
    made = fitted(text, data, tmp_path)
    assert made.fit.pooled == (1,)
    assert any("too few values of nip_line_load" in told for told in warnings_of(made))
    errors = (made.predicted - made.targets)[made.output_of == 0]
    relative = math.sqrt(float(np.sum(errors**2)) / 11) / math.sqrt(
        float(np.mean(made.targets[made.output_of == 0] ** 2))
    )
    assert made.fit.scatter[-1] / 520e3 == pytest.approx(relative, rel=0.1)
    assert made.intervals[-1].high / made.intervals[-1].low > 1 + 2 * relative


def test_as_many_parameters_as_values_have_no_interval(tmp_path: Path) -> None:
    """Two outputs of two rows, met by two parameters: nothing tells how exact the data are."""
    rows = compacted(24.0, 400.0)[[2, 6]]
    rows = np.column_stack([rows, rows[:, 2]])
    data = write_table(tmp_path / "table.csv", (*COLUMNS, "same"), rows)
    text = LOAD.replace("outputs:", 'outputs:\n  porosity: {column: same, unit: "%"}')
    made = fitted(text, data, tmp_path)
    assert [found.state for found in made.intervals] == ["no scatter"] * 2
    assert any("scatter:" in told for told in warnings_of(made))
    assert "no interval" in parameter_text(made)


def test_copied_rows_are_told(tmp_path: Path) -> None:
    """Rows pasted twice agree to the last digit, as no replicates do: a warning says so."""
    data = noisy(tmp_path, (24.0, 400.0), 3)
    assert not any("copies" in told for told in warnings_of(fitted(LOAD, data, tmp_path)))
    lines = data.read_text("utf-8").splitlines()
    data.write_text("\n".join([*lines, *lines[1:]]) + "\n", "utf-8")
    assert any("copies" in told for told in warnings_of(fitted(LOAD, data, tmp_path)))


@pytest.mark.parametrize("sign", ["\u00b5", "\u03bc"])
def test_micro_signs_and_per_cent_are_read(tmp_path: Path, sign: str) -> None:
    """A unit with either micro sign, and a confidence in per cent, mean what they say."""
    text = LOAD.replace("unit: N/mm}", f"unit: {sign}N/nm}}")
    task = task_of(f"{text}confidence: 90 %\n", noisy(tmp_path, (24.0, 400.0), 3), tmp_path)
    assert task.file.confidence == 0.9
    loads = task.phases[0].settings["line_load"]
    assert np.asarray(loads)[0] == pytest.approx(LOADS[0] * 1e3)


def test_many_rows_take_no_square_of_them(tmp_path: Path) -> None:
    """6000 rows: intervals shrink as one over the root of the rows, and each part is told."""
    rows = np.tile(compacted(24.0, 400.0), (375, 1))
    rows[:, 2] += np.random.default_rng(6).normal(0, 0.8, len(rows))
    data = write_table(tmp_path / "table.csv", COLUMNS, rows)
    heard: list[str] = []
    made = calibrate(task_of(LOAD, data, tmp_path), lambda part, _done, _of: heard.append(part))
    assert list(dict.fromkeys(heard)) == ["fit", "intervals", "score"]
    assert made.ways == {"settled_porosity": "differences"}
    slopes = made.fit.slopes
    spread = math.sqrt(np.linalg.inv(slopes.T @ slopes)[0, 0]) * 0.35
    width = made.intervals[0].high - made.intervals[0].low
    assert width == pytest.approx(2 * 1.96 * spread, rel=0.02)


@needs_points
def test_of_what_is_not_told_apart_the_nearest_to_before_is_taken(tmp_path: Path) -> None:
    """Along the ridge the earlier pair stands unless the ratio differs; the fit is as good.

    The nearest point to (400 N/mm, 14.89 kN/mm2) in logarithms at the ratio that is told.
    """
    plain = fitted(GAP, POINTS, tmp_path)
    values = [value_of(plain, name) for name in ("compaction_resistance", "nip_stiffness")]
    assert values == pytest.approx([400e3, 14.89e9], rel=1e-3)
    narrow = GAP.replace("low: 50 N/mm, high: 2000", "low: 500 N/mm, high: 2000")
    moved = fitted(narrow, POINTS, tmp_path)  # the earlier resistance is outside: its bound is near
    assert value_of(moved, "compaction_resistance") == pytest.approx(500e3, rel=0.1)
    ratio = value_of(moved, "compaction_resistance") / value_of(moved, "nip_stiffness")
    assert ratio * 1e6 == pytest.approx(26.86, abs=0.05)
    assert moved.scores[0].fitted == pytest.approx(plain.scores[0].fitted, rel=1e-6)
    assert "of equal fits the nearest to the earlier value" in parameter_text(moved)
