"""The terms of which a stand-in's outputs are sums: 1, variables, their products, bends."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from linetwin.predictors.stand_in_card import Weights


class Bases:
    """Computes terms of variables on their scales; `pairs`: both factors of each product."""

    def __init__(self, weights: Weights) -> None:
        """Take a regime's numbers."""
        self._centres = np.array(weights.centres)
        self._factors = 1.0 / np.array(weights.spreads)
        count = len(weights.centres)
        self._hidden = np.array(weights.hidden, dtype=float).reshape(-1, count)
        self._offsets = np.array(weights.offsets, dtype=float)[:, None]
        pairs = np.triu_indices(count) if weights.quadratic else ((), ())
        self.pairs = np.concatenate(pairs).astype(np.intp)
        self.terms = 1 + count + len(self.pairs) // 2 + len(self._hidden)

    def straight(self) -> np.ndarray:
        """Return what makes 1, standardised variables and arguments of bends of 1 and variables.

        Shape (1 + variables + bends, 1 + variables).
        """
        own = np.diag(np.concatenate([[1.0], self._factors]))
        own[1:, 0] = -self._centres * self._factors
        return np.concatenate([own, np.column_stack([self._offsets, self._hidden]) @ own])

    def __call__(self, matrix: np.ndarray) -> np.ndarray:
        """Return the terms of variables of shape (variables, rows); shape (terms, rows)."""
        own = (matrix - self._centres[:, None]) * self._factors[:, None]
        half = len(self.pairs) // 2
        products = own[self.pairs[:half]] * own[self.pairs[half:]]
        bends = np.tanh(self._hidden @ own + self._offsets)
        return np.concatenate([np.ones((1, matrix.shape[1])), own, products, bends])
