"""Outlying subgroups of phase I: they take no part in the limits, and are named."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from scipy import special

MOST_ASIDE: Final = 0.2
"""Share of subgroups set aside from which on phase I has no one state [A]."""
ASIDE_LEVEL: Final = 0.01
"""Chance that phase I without any disturbance sets something aside [A]."""


def outlying(points: np.ndarray, level: float = ASIDE_LEVEL) -> np.ndarray:
    """Return which of the points (n,) are outliers, by the generalised test of Rosner (1983 [V]).

    Up to a fifth of the points and one; many outliers do not hide each other.
    """
    values = np.asarray(points, dtype=np.float64)
    left, found, order = list(range(values.size)), 0, []
    result = np.zeros(values.size, dtype=np.bool_)
    if values.size < 3:  # noqa: PLR2004 - of two points none is the odd one
        return result
    steps = np.arange(1, max(1, math.ceil(MOST_ASIDE * values.size)) + 1)
    counts = values.size + 1 - steps
    quantiles = special.stdtrit(counts - 2, 1 - level / 2 / counts)
    bounds = (counts - 1) * quantiles / np.sqrt((counts - 2 + quantiles**2) * counts)
    for step, bound in zip(steps.tolist(), bounds.tolist(), strict=True):
        own = values[left]
        spread = float(own.std(ddof=1))
        if not spread > 0:
            break
        worst = int(np.argmax(np.abs(own - own.mean())))
        reached = abs(own[worst] - own.mean()) / spread
        order.append(left.pop(worst))
        if reached > bound:
            found = step
    result[order[:found]] = True
    return result
