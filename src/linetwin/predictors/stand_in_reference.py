"""What a regime makes of items, by numpy: what the compiled code does, to be read and compared.

It works where the kernel is not built or switched off.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from linetwin.predictors.stand_in_asking import inner_ends_of
from linetwin.predictors.stand_in_terms import Bases, rescaled

if TYPE_CHECKING:
    from linetwin.predictors.stand_in_asking import Asking
    from linetwin.predictors.stand_in_card import Weights
    from linetwin.predictors.stand_in_limits import Limits


class Answer(NamedTuple):
    """What a regime makes of items.

    `made`: outputs in the order of the card, shape (outputs, items); `region`: of `limits.WHERE`;
    `wide`: the first learnt output whose interval is too wide, how many there are if none is.
    """

    made: np.ndarray
    region: int
    wide: int


class Reference:
    """Answers calls of one regime."""

    def __init__(self, asking: Asking, weights: Weights, limits: Limits) -> None:
        """Take what `stand_in_store.read` has checked."""
        self._asking = asking
        self._regime = asking.regime
        self._limits = limits
        self._bases = Bases(weights)
        self._inner = inner_ends_of(self._regime.variables)
        self._axes = np.array(weights.axes).reshape(-1, len(self._regime.variables))
        self._cloud = np.array(weights.low)[:, None], np.array(weights.high)[:, None]
        self._coefficients = np.array(weights.coefficients).reshape(-1, self._bases.terms)

    def matrix(self, items: int) -> np.ndarray:
        """Return where a call is laid out, shape (asked, items)."""
        return np.empty((self._asking.size, items))

    def answer(self, matrix: np.ndarray) -> Answer | None:
        """Return what comes of a call's items; None where one is not known."""
        if not self._asking.known(matrix).all():
            return None
        given = matrix[: len(self._regime.variables)]
        scaled = np.array(
            [
                rescaled(np.maximum(own, each.low) if each.scale != "identity" else own, each.scale)
                for own, each in zip(given, self._regime.variables, strict=True)
            ]
        )
        region = self._region(given, self._axes @ scaled)
        linked = self._coefficients @ self._bases(scaled)
        learnt = [
            np.maximum(each.link.back(own), 0.0) if each.bounded else each.link.back(own)
            for own, each in zip(linked, self._regime.learnt, strict=True)
        ]
        constants = [np.full(matrix.shape[1], each.value) for each in self._regime.constants]
        copies = [each.factor * given[each.variable] for each in self._regime.copies]
        made = np.array([*learnt, *constants, *copies])
        return Answer(made, region, self._limits.first_broken(linked, region))

    def _region(self, given: np.ndarray, along: np.ndarray) -> int:
        """Return the region of the item that lies farthest out; `along`: the axes."""
        if _between(along, *self._cloud):
            return 0
        return 1 if _between(given, *self._inner) else 2


def _between(values: np.ndarray, low: np.ndarray, high: np.ndarray) -> bool:
    return bool(((values >= low) & (values <= high)).all())
