"""The terms of which a stand-in's outputs are sums: 1, variables, their products, bends.

Variables enter on scales of their own, standardised.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from linetwin.predictors.stand_in_card import Weights


class Bases:
    """Computes terms of variables on their scales; `terms`: how many there are."""

    def __init__(self, weights: Weights) -> None:
        """Take a regime's numbers."""
        self._centres = np.array(weights.centres)
        self._factors = 1.0 / np.array(weights.spreads)
        count = len(weights.centres)
        self._hidden = np.array(weights.hidden, dtype=float).reshape(-1, count)
        self._offsets = np.array(weights.offsets, dtype=float)[:, None]
        pairs = np.triu_indices(count) if weights.quadratic else ((), ())
        self._pairs = np.concatenate(pairs).astype(np.intp)
        self.terms = 1 + count + len(self._pairs) // 2 + len(self._hidden)

    def __call__(self, matrix: np.ndarray) -> np.ndarray:
        """Return the terms of variables of shape (variables, rows); shape (terms, rows)."""
        own = (matrix - self._centres[:, None]) * self._factors[:, None]
        half = len(self._pairs) // 2
        products = own[self._pairs[:half]] * own[self._pairs[half:]]
        bends = np.tanh(self._hidden @ own + self._offsets)
        return np.concatenate([np.ones((1, matrix.shape[1])), own, products, bends])


def rescaled(values: np.ndarray, scale: str) -> np.ndarray:
    """Return values on a variable's scale."""
    if scale == "log":
        return np.asarray(np.log(values))
    return 1.0 / values if scale == "inverse" else values


def unscaled(values: np.ndarray, scale: str) -> np.ndarray:
    """Return what stands for numbers on a variable's scale."""
    if scale == "log":
        return np.asarray(np.exp(values))
    return 1.0 / values if scale == "inverse" else values
