"""Chance of a twin's line: what scatters in the plant is left out, so that the line is its mean.

Scatter that the twin drew itself would only be added to the plant's. How far a lot of the plant
may be from the mean is said by `scatter` of the estimates.
"""

from __future__ import annotations

import numpy as np

from linetwin.line.drivers import StochasticDriver


class ExpectedDriver(StochasticDriver):
    """A stochastic driver whose normal numbers are all zero."""

    def normal(self, unit: str, cause: str, size: int) -> np.ndarray:
        """Return the mean of `size` standard normal numbers."""
        del unit, cause
        return np.zeros(size)
