"""The data report names the unit that a column, or some rows of it, seem to be in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from linetwin.surrogates.data.checks.scales import likely_unit
from linetwin.surrogates.data.dataset import ColumnSpec
from linetwin.surrogates.data.reading import read_dataset
from linetwin.surrogates.data.review import review

if TYPE_CHECKING:
    from pathlib import Path

DATASET = """\
schema: 1
dataset: made
file: table.csv
source: made for a test
licence: CC0-1.0
columns:
  thickness: {{column: value, quantity: {quantity}, unit: {unit}, role: feature}}
"""
DRAWS = np.random.default_rng(4).uniform(0.8, 1.0, 40)


def said(folder: Path, values: np.ndarray, quantity: str, unit: str) -> str:
    """Return what is wrong with the units of a column of a table, as it is read."""
    lines = "\n".join(f"{value:.9g}" for value in values)
    (folder / "table.csv").write_text(f"value\n{lines}\n", encoding="utf-8")
    (folder / "data.yaml").write_text(
        DATASET.format(quantity=quantity, unit=unit), encoding="utf-8"
    )
    found = review(read_dataset(folder / "data.yaml")).findings
    return "; ".join(each.text for each in found if each.topic == "unit")


@pytest.mark.parametrize(
    ("size", "quantity", "wrong", "right"),
    [
        (70.0, "coating_thickness", "mm", "um"),  # 70 um, read as mm
        (70e3, "coating_thickness", "µm", "nm"),
        (35.0, "porosity", "1", "%"),
        (60.0, "roll_temperature", "K", "Cel"),
        (600.0, "line_load", "kN/mm", "N/mm"),
    ],
)
def test_the_unit_to_be_written_is_named(
    tmp_path: Path, size: float, quantity: str, wrong: str, right: str
) -> None:
    """Written so the column is left in peace."""
    values = size * DRAWS
    assert f"`unit: {right}`" in said(tmp_path, values, quantity, f"'{wrong}'")
    assert said(tmp_path, values, quantity, f"'{right}'") == ""


def test_rows_are_told_with_the_unit_that_they_seem_to_be_in(tmp_path: Path) -> None:
    """Too high and too low, read in a unit that is not the canonical one."""
    high, low = 70 * DRAWS, 70 * DRAWS
    high[[3, 8]] *= 1e3
    low[[3, 8]] /= 1e3
    for values, unit in ((high, "nm"), (low, "mm")):
        text = said(tmp_path, values, "coating_thickness", "um")
        assert "line 5, line 10 differ from the rest by a factor of 1,000 (mm and m)" in text
        assert f"as if in {unit}" in text


def test_of_two_columns_both_units_that_may_be_meant_are_named(tmp_path: Path) -> None:
    """Micrometres beside the same in millimetres, both read as micrometres."""
    lines = "\n".join(f"{70 * value:.9g},{0.07 * value:.9g}" for value in DRAWS)
    (tmp_path / "table.csv").write_text(f"one,other\n{lines}\n", encoding="utf-8")
    columns = "".join(
        f"  {name}: {{column: {name}, unit: um, role: feature}}\n" for name in ("one", "other")
    )
    text = DATASET.split("  thickness", maxsplit=1)[0] + columns
    (tmp_path / "data.yaml").write_text(text, encoding="utf-8")
    (found,) = (
        each.text
        for each in review(read_dataset(tmp_path / "data.yaml")).findings
        if each.topic == "unit"
    )
    assert found.endswith("perhaps `unit: nm` of one or `unit: mm` of other")


def test_shares_that_are_told_as_per_cent_are_doubtful(tmp_path: Path) -> None:
    """Porosity of 0.2 to 0.4 %: may be; 20 to 40 %, or 0.01 % of moisture, are left in peace."""
    values = np.linspace(0.2, 0.4, 30)
    assert "shares of 1, by a factor of 100" in said(tmp_path, values, "porosity", '"%"')
    assert said(tmp_path, 100 * values, "porosity", '"%"') == ""
    assert said(tmp_path, values / 30, "porosity", '"%"') == ""


def test_no_unit_is_named_where_none_in_use_fits() -> None:
    """A factor between units that dataset files cannot write, and one of another dimension."""
    assert likely_unit(ColumnSpec("x", "target", "m", written="mm"), 25.4) == ""
    assert likely_unit(ColumnSpec("x", "target", "m", written="cm3/g"), 1e-3) == ""
    assert likely_unit(ColumnSpec("x", "target", "1/m2", written="1/m2"), 1e-3) == ""
    assert likely_unit(ColumnSpec("x", "target", "EUR/J", written="EUR/J"), 1e-3) == ""
