"""The interval of a cell's risk stands beside it on the page."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from linetwin.surrogates.review.assembling import Cell
from linetwin.surrogates.review.page_cells import risk_interval, risk_text

NOTHING = np.full(2, np.nan)


def review() -> SimpleNamespace:
    """Return what two predictors say of two cells: a probability, a chance beyond limits."""
    chance = SimpleNamespace(low=np.array([0.541, 0.0]), high=np.array([0.9993, 0.02]))
    return SimpleNamespace(told=(chance, SimpleNamespace(low=NOTHING, high=NOTHING)))


def cell(row: int, risk: float, driver: int) -> Cell:
    """Return a cell by its row, risk and predictor."""
    return Cell(f"cell-{row}", row, risk, driver, "inside", "in the line", None)


def test_a_probability_has_the_interval_of_its_own_cell() -> None:
    """Row by row, in per cent, the ends in order."""
    found = review()
    assert risk_text(found, cell(0, 0.986, 0)) == "98.6 % (54.1 % to 99.9 %)"
    assert risk_text(found, cell(1, 0.004, 0)) == "0.4 % (0 % to 2 %)"


def test_what_has_no_interval_names_none() -> None:
    """A chance beyond limits is computed from an interval; a refused cell has no risk."""
    found = review()
    assert risk_text(found, cell(0, 0.3, 1)) == "30 %"
    assert risk_interval(found, cell(0, np.nan, -1)) == ""
    assert risk_text(found, cell(0, np.nan, -1)) == "not known"
