"""Jumps: which states may have jumped where readings have shifted at once, and how far.

A random walk is too slow for a jump: the filter would spread it over states that cannot have moved
so, and be sure of it. Each state that may have made the shift is let loose by as much as it would
take alone; the readings after it tell which one it was, or leave it open.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

LEAST_PART = 0.1
"""A state whose prior deviation makes less than this part of the shift is not suspected [A]."""
FARTHEST = 3.0
"""No state but the instrument's own is let loose by more of its prior deviations than this [A]."""


def sensitivities(values: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """Return by how much a prediction changes with each state: shape (states,).

    `values`: members of the states, shape (members, states); `predicted`: shape (members,).
    """
    anomalies = values - values.mean(axis=0)
    scale = np.linalg.norm(anomalies, axis=0)
    scale = np.where(scale > 0, scale, 1.0)
    solved = np.linalg.lstsq(anomalies / scale, predicted - predicted.mean(), rcond=1e-9)[0]
    found: np.ndarray = solved / scale
    return found


def loosened(
    sensitivity: np.ndarray, shift: float, priors: Sequence[float], own: int
) -> dict[int, float]:
    """Return state -> standard deviation by which it is let loose, for what may have jumped.

    `own`: the bias of the instrument whose readings have shifted, which is always suspected.
    """
    found = {}
    for state, prior in enumerate(priors):
        effect = abs(float(sensitivity[state]))
        if state == own:
            found[state] = abs(shift) / effect if effect > 0 else prior
        elif effect * prior >= LEAST_PART * abs(shift):
            found[state] = min(abs(shift) / effect, FARTHEST * prior)
    return found
