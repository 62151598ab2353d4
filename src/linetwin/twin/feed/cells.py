"""Cells of dropped files: what each holds, and by what a row is known again."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from pandas.api.types import is_scalar

from linetwin.scenario.mapped import NUMBERS
from linetwin.twin.feed.numerals import number_in

if TYPE_CHECKING:
    from linetwin.scenario.mapped import SignalKind


def keys_of(rows: pd.DataFrame) -> np.ndarray:
    """Return a number for each row: rows that differ have others, but for chance (1 in 1e19)."""
    plain = rows.astype(object).where(rows.notna(), None)
    plain = plain.where(plain != -1, "minus one")  # to Python's hash -1 and -2 are the same
    return np.array([hash(row) for row in plain.itertuples(index=False, name=None)], np.int64)


def cell_of(cell: object, kind: SignalKind) -> tuple[float, str | None]:
    """Return a number, or NaN and text; a lot is never a number, true and false no amount."""
    if kind == "lot" or (kind in NUMBERS and isinstance(cell, (bool, np.bool_))):
        if isinstance(cell, float) and cell.is_integer():  # a column with NULL has floats
            cell = int(cell)
        return math.nan, str(cell).strip()
    if isinstance(cell, (int, float, np.number, np.bool_)):
        return _float(cell), None
    text = str(cell).strip()
    return number_in(text), text


def _float(number: Any) -> float:  # noqa: ANN401  any number of Python or numpy
    try:
        return float(number)
    except OverflowError:  # whole numbers of a database or of Parquet may have no end
        return math.nan


def is_empty(cell: object) -> bool:
    """Say whether a cell holds nothing: NULL, NaN, or text without a sign."""
    return not cell.strip() if isinstance(cell, str) else is_scalar(cell) and bool(pd.isna(cell))
