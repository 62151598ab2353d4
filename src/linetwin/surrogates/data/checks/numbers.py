"""Numbers of a column as checks compare them: known ones, without the noise of rounding."""

from __future__ import annotations

from typing import Final

import numpy as np

_DIGITS: Final = 10


def known(values: np.ndarray) -> np.ndarray:
    """Return the values that are there."""
    return np.asarray(values[np.isfinite(values)])


def rounded(values: np.ndarray) -> np.ndarray:
    """Return values, shape (n,), to ten digits of the largest: what differs less is equal."""
    there = known(values)
    largest = float(np.abs(there).max()) if len(there) else 0.0
    if not largest:
        return values
    return np.asarray(np.round(values / largest, _DIGITS) * largest)
