"""Intervals that take a group as one observation hold with few groups too."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from calibrations import LOAD, compacted, fitted, write_table
from scipy.optimize import least_squares
from scipy.stats import t

from linetwin.errors import ScenarioError
from linetwin.estimation.calibrating.telling import interval_note, warnings_of

if TYPE_CHECKING:
    from pathlib import Path

COLUMNS = ("load", "before", "after", "roll")
GROUPED = f"{LOAD}groups: [roll]\nintervals: bootstrap\nresamples: 60\n"
TRUE = (0.24, 400e3)  # minimum porosity, resistance (N/m)


def rolls(rng: np.random.Generator, count: int, share: float = 1.0) -> np.ndarray:
    """Return rows of rolls that differ in both parameters, as many of each."""
    found = []
    for roll in range(count):
        low, load = 24.0 + share * rng.normal(0, 1.5), 400.0 * np.exp(share * rng.normal(0, 0.1))
        own = compacted(low, load)
        own[:, 2] += rng.normal(0, 0.2, len(own))
        found.append(np.column_stack([own, np.full(len(own), roll)]))
    return np.vstack(found)


def held(folder: Path, count: int, cases: int) -> np.ndarray:
    """Return in how many cases the intervals of each parameter hold the truth."""
    rng = np.random.default_rng(5)
    found = np.zeros(2, dtype=int)
    for _ in range(cases):
        made = fitted(
            GROUPED, write_table(folder / "table.csv", COLUMNS, rolls(rng, count)), folder
        )
        pairs = zip(made.intervals, TRUE, strict=True)
        found += [each.low <= true <= each.high for each, true in pairs]
    return found


@pytest.mark.slow
@pytest.mark.parametrize("count", [3, 4, 6, 10])
def test_intervals_of_few_groups_hold_as_often_as_they_say(tmp_path: Path, count: int) -> None:
    """60 cases, 95 %: 53 or more of them; percentiles of drawn groups hold it in three of four."""
    found = held(tmp_path, count, 60)
    assert (found >= 53).all(), found


def law(parameters: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return by how much the closed form misses rows (% porosity)."""
    low, load = parameters
    return np.asarray(low + (rows[:, 1] - low) * np.exp(-rows[:, 0] / load) - rows[:, 2])


@pytest.mark.parametrize("count", [3, 5])
def test_few_groups_give_students_interval_of_their_own_fits(tmp_path: Path, count: int) -> None:
    """Each roll fitted by itself, by scipy: mean and t-interval of their porosities, to 15 %."""
    for seed in range(3):
        rows = rolls(np.random.default_rng(seed), count)
        made = fitted(GROUPED, write_table(tmp_path / "table.csv", COLUMNS, rows), tmp_path)
        lows = np.array(
            [
                least_squares(
                    law, [24.0, 400.0], x_scale=[1, 10], args=(rows[rows[:, 3] == roll],)
                ).x[0]
                for roll in range(count)
            ]
        )
        half = t.ppf(0.975, count - 1) * lows.std(ddof=1) / np.sqrt(count)
        assert 50 * (made.intervals[0].high - made.intervals[0].low) == pytest.approx(
            half, rel=0.15
        )
        assert 100 * made.values[0] == pytest.approx(lows.mean(), abs=0.15)
    assert f"{count} groups each, Student's t of {count - 1}" in interval_note(made)


def test_one_group_is_refused(tmp_path: Path) -> None:
    """An interval of no width would be told; what another roll would be is not known."""
    table = write_table(tmp_path / "table.csv", COLUMNS, rolls(np.random.default_rng(1), 1))
    with pytest.raises(ScenarioError, match=r"groups: all rows are one group.*two groups"):
        fitted(GROUPED, table, tmp_path)


def test_many_groups_are_drawn(tmp_path: Path) -> None:
    """From twenty on percentiles, said so."""
    table = write_table(tmp_path / "table.csv", COLUMNS, rolls(np.random.default_rng(1), 21))
    made = fitted(GROUPED, table, tmp_path)
    assert interval_note(made) == "Intervals: 60 draws of 21 whole groups with replacement."
    assert all(
        low < true < high
        for (low, high), true in zip(
            [(each.low, each.high) for each in made.intervals], TRUE, strict=True
        )
    )


def test_residuals_beyond_the_stated_scatter_are_told(tmp_path: Path) -> None:
    """Rolls that differ by 1.5 %, a scatter of 0.1 % stated: how many times too narrow.

    The ratio is the square root of chi-square over its freedom, 1 where the statement is right.
    """
    rows = rolls(np.random.default_rng(3), 4)[:, :3]
    stated = LOAD.replace('after, unit: "%"}', 'after, unit: "%", scatter: 0.1 %}')
    table = write_table(tmp_path / "table.csv", COLUMNS[:3], rows)
    made = fitted(stated, table, tmp_path)
    (lack,) = made.beyond
    errors = made.targets - made.predicted
    assert lack.times == pytest.approx(float(np.sqrt((errors**2).sum() / (len(rows) - 2))) / 1e-3)
    told = [each for each in warnings_of(made) if "times the stated scatter" in each]
    assert len(told) == 1
    same = rolls(np.random.default_rng(3), 4, 0.0)[:, :3]
    right = LOAD.replace('after, unit: "%"}', 'after, unit: "%", scatter: 0.2 %}')
    assert not fitted(right, write_table(tmp_path / "t.csv", COLUMNS[:3], same), tmp_path).beyond


def test_a_law_that_is_another_is_told_by_equal_rows(tmp_path: Path) -> None:
    """Rows that agree to 0.1 %, and a fit that misses them by far more: something is lacking."""
    rng = np.random.default_rng(2)
    one = compacted(24.0, 400.0)
    one[:, 2] = 20 + (one[:, 1] - 20) / (1 + (one[:, 0] / 300.0) ** 2)
    rows = np.vstack([one] * 3)
    rows[:, 2] += rng.normal(0, 0.1, len(rows))
    made = fitted(LOAD, write_table(tmp_path / "table.csv", COLUMNS[:3], rows), tmp_path)
    assert [each.stated for each in made.beyond] == [False]
    assert any("times the scatter of rows with equal inputs" in each for each in warnings_of(made))
    right = np.vstack([compacted(24.0, 400.0)] * 3)
    right[:, 2] += rng.normal(0, 0.1, len(right))
    assert not fitted(LOAD, write_table(tmp_path / "t.csv", COLUMNS[:3], right), tmp_path).beyond
