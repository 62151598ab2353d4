"""A stand-in's regime laid out as two matrices, so that a call takes few steps.

A line calls its stand-ins between thousands of other things: each step of a call is found cold in
the processor, and the number of steps decides what a call on ten items costs. The first matrix
makes of a call at once what is compared with limits (quantities, ties, where the line's items lie;
upper limits as lower ones of the negative), and the arguments of all terms; the second makes all
outputs of all phases of the terms.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from linetwin.predictors.stand_in_asking import ALIKE
from linetwin.predictors.stand_in_terms import Bases

if TYPE_CHECKING:
    from linetwin.predictors.stand_in_asking import Given, Pattern
    from linetwin.predictors.stand_in_card import Regime, Weights


@dataclass(frozen=True)
class Plan:
    """What is done with calls of one pattern.

    A call's matrix has the rows 1, all that is looked at, and variables on scales of their own.
    `first`: makes of it, shape (made, rows), what is compared with `least`, shape (compared, 1),
    and the straight terms and the bends' arguments; `asked`: how many of the compared decide
    whether a call is known, the others where it lies.
    """

    pattern: Pattern
    first: np.ndarray
    least: np.ndarray
    asked: int


class Layout:
    """A regime's numbers, laid out."""

    def __init__(self, regime: Regime, weights: Weights) -> None:
        """Take what `stand_in_store.read` has checked."""
        self.scaled = [
            (at, v.scale) for at, v in enumerate(regime.variables) if v.scale != "identity"
        ]
        self._count = len(regime.variables)
        self._low = [v.low for v in regime.variables]
        self._ends = [
            0.0 if v.low <= 0.0 <= v.high else min(abs(v.low), abs(v.high))
            for v in regime.variables
        ]
        self._axes = np.array(weights.axes)
        self._cloud = np.concatenate([weights.low, -np.array(weights.high)])[:, None]
        bases = Bases(weights)
        self._straight = bases.straight()
        straight, terms = 1 + self._count, bases.terms
        self._bends = len(weights.hidden)
        self._pairs = bases.pairs
        self._terms = terms
        learnt = np.array(weights.coefficients, dtype=float).reshape(-1, terms)
        constants = np.zeros((len(regime.constants), terms))
        constants[:, 0] = [each.value for each in regime.constants]
        second = np.concatenate([learnt, constants])
        # products come last: they are made of terms that stand before them
        products = np.arange(straight, terms - self._bends)
        order = np.r_[:straight, terms - self._bends : terms, products].astype(int)
        self._second = np.ascontiguousarray(second[:, order])
        self._room = np.empty(0)

    def plan(self, pattern: Pattern) -> Plan:
        """Lay out what is done with calls of a pattern."""
        looked, more = len(pattern.rows), len(self.scaled)
        given = np.eye(1 + looked + more)
        asked = given[1 : 1 + looked]
        ties = np.zeros((len(pattern.ties), len(given)))
        slack = np.zeros((len(ties), 1))
        for row, (own, base, factor) in enumerate(pattern.ties):
            ties[row, 1 + own], ties[row, 1 + base] = 1.0, -factor
            slack[row] = ALIKE * abs(factor) * self._ends[base]
        variables = given[1 : 1 + self._count].copy()
        for number, (at, _) in enumerate(self.scaled):
            variables[at] = given[1 + looked + number]
        cloud = self._axes @ variables
        straight = self._straight @ np.concatenate([given[:1], variables])
        first = np.concatenate([asked, -asked, ties, -ties, cloud, -cloud, straight])
        least = np.concatenate([pattern.low, -pattern.high, -slack, -slack, self._cloud])
        return Plan(pattern, first, least, 2 * (looked + len(ties)))

    def matrix(self, given: Given, plan: Plan, rows: int) -> np.ndarray:
        """Return what a call gives as the plan's first matrix takes it."""
        found = np.empty((plan.first.shape[1], rows))
        found[0] = 1.0
        for row, at in enumerate(plan.pattern.rows, start=1):
            found[row] = given[at]
        begin = 1 + len(plan.pattern.rows)
        for row, (at, scale) in enumerate(self.scaled, start=begin):
            found[row] = rescaled(np.maximum(found[1 + at], self._low[at]), scale)
        return found

    def made(self, plan: Plan, matrix: np.ndarray) -> np.ndarray:
        """Return what the first matrix makes, with room for products behind it.

        It is memory that the next call fills anew: fresh memory costs more than all of the rest.
        """
        rows, products = matrix.shape[1], len(self._pairs) // 2
        made = len(plan.first)
        size = (made + 3 * products) * rows
        if self._room.size < size:
            self._room = np.empty(size)
        room = self._room[:size].reshape(-1, rows)
        with np.errstate(invalid="ignore", over="ignore"):  # what is not finite is refused next
            np.matmul(plan.first, matrix, out=room[:made])
        return room

    def outputs(self, plan: Plan, room: np.ndarray) -> np.ndarray:
        """Return the outputs on their scales, constants last, shape (outputs, rows)."""
        made, products = len(plan.first), len(self._pairs) // 2
        if self._bends:
            bends = room[made - self._bends : made]
            np.tanh(bends, out=bends)
        straight = made - self._bends - self._count
        if products:
            factors = room[made + products :]
            # "clip" writes straight into memory; no index is out of bounds
            room[straight:].take(self._pairs, axis=0, out=factors, mode="clip")
            np.multiply(factors[:products], factors[products:], out=room[made : made + products])
        return np.asarray(self._second @ room[straight - 1 : made + products])


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
