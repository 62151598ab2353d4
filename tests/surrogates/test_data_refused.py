"""Datasets that are refused: columns that are not there, factors and numbers that are none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from neighbours import module_of

from linetwin.errors import ScenarioError
from linetwin.surrogates.data.reading import read_dataset

if TYPE_CHECKING:
    from pathlib import Path

learners = module_of("surrogates", "learners")


def refused(folder: Path, table: list[str], dataset: str) -> str:
    """Return what is said of a dataset that is refused with exit code 2."""
    learners.written(folder, table, dataset=dataset)
    with pytest.raises(ScenarioError) as caught:
        read_dataset(folder / "data.yaml")
    assert caught.value.exit_code == 2
    return str(caught.value)


def test_only_by_a_column_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """Key and the columns there are, and no traceback."""
    dataset = learners.DATASET.replace("columns:", "only: {roll: 'zz*'}\ncolumns:")
    said = refused(tmp_path, learners.rows(), dataset)
    assert "data.yaml:6: only.roll: table.csv has no column 'roll'" in said
    assert "allowed: after, before, electrode, load, said" in said
    known = dataset.replace("roll: 'zz*'", "electrode: 'zz*'")
    assert "only: no row is left" in refused(tmp_path, learners.rows(), known)


@pytest.mark.parametrize(
    ("factor", "what"), [("0", "wipe out"), ("-1", "turn"), ("-2.5 %", "turn")]
)
def test_a_factor_is_above_zero(tmp_path: Path, factor: str, what: str) -> None:
    """0 makes a column level, a negative one turns its laws round."""
    dataset = learners.DATASET.replace('"%", role: target', f'"%", factor: {factor}, role: target')
    said = refused(tmp_path, learners.rows(), dataset)
    assert "data.yaml:10: columns.porosity.factor: " in said
    assert f"would {what} all values (a factor above 0)" in said


def test_a_number_that_cannot_be_squared_is_refused(tmp_path: Path) -> None:
    """With its line and column; a large one that can be is read."""
    table = learners.rows()
    first = table[4]
    table[4] = first.replace("1000,", "1e300,", 1)
    assert table[4] != first
    said = refused(tmp_path, table, learners.DATASET)
    assert "table.csv:6: load: 1e+303 is too large a number to be reckoned with" in said
    table[4] = first.replace("1000,", "1e50,", 1)
    learners.written(tmp_path, table)
    assert read_dataset(tmp_path / "data.yaml").numbers("line_load")[4] == pytest.approx(1e53)
