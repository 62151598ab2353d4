"""Numbers of a column as checks compare them: known ones, without the noise of rounding."""

from __future__ import annotations

from typing import Final

import numpy as np

_DIGITS: Final = 10


def known(values: np.ndarray) -> np.ndarray:
    """Return the values that are there."""
    return np.asarray(values[np.isfinite(values)])


def levels_of(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the levels of values that are all there, and the level's number of each.

    What differs by less than the tenth digit of the largest is one level.
    """
    largest = float(np.abs(values).max()) if len(values) else 0.0
    coarse = np.round(values / largest, _DIGITS) if largest else values
    _, first, codes = np.unique(coarse, return_index=True, return_inverse=True)
    return np.asarray(values[first]), np.asarray(codes)
