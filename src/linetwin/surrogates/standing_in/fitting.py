"""Candidates for a stand-in's outputs, compared on held-out lots and points, all outputs at once.

All candidates are sums of terms, so that held-out errors come from products of terms alone: a
candidate is fitted without some rows by taking their products off those of all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from scipy import linalg

from linetwin.predictors.stand_in_card import Weights
from linetwin.predictors.stand_in_terms import Bases

if TYPE_CHECKING:
    from collections.abc import Iterator

PARTS: Final = 5
"""Parts of lots and points, each held out once."""
SLOPES: Final = (1.0, 3.0)
"""Scatter of the arguments of gentle and of sharp bends among the rows [A]."""
SHARPER: Final = (1.0, 3.0, 8.0)
"""The same of up to `FEW` variables: fewer ways to bend, so that each can be followed closer."""
FEW: Final = 4
HIDDEN: Final = 160
"""Bends of each slope of the widest candidate [A]; they are drawn, always the same ones."""
HIDDEN_OF_FEW: Final = 240
GENTLE: Final = 48
"""Bends of the candidate before the widest: the first ones, all of them gentle [A]."""
NEGLIGIBLE: Final = 1e-3
"""Error of an output over its scatter that is as good as none [A]."""
ROWS_PER_BEND: Final = 5
"""Items and points that each bend has at least [A]."""
PENALTIES: Final = (1e-10, 1e-8, 1e-5)
"""Of a term's mean square, added for each term's coefficient [A]."""


@dataclass(frozen=True)
class Candidate:
    """A choice of terms, from the simplest on, and a penalty on their coefficients."""

    name: str
    terms: int
    penalty: float


@dataclass(frozen=True)
class Fitted:
    """Outputs on their scales, each by the candidate that won: held-out predictions included.

    `wanted`: shape (outputs, rows), what was fitted to; `held_out`: the same by what was fitted and
    chosen without the row's part; `parts`: of each row; `chosen`: a name per output;
    `coefficients`: shape (outputs, terms).
    """

    weights: Weights
    wanted: np.ndarray
    held_out: np.ndarray
    parts: np.ndarray
    chosen: tuple[str, ...]
    coefficients: np.ndarray


def blank(matrix: np.ndarray) -> Weights:
    """Return the terms of all candidates, no coefficients yet; `matrix`: (variables, rows)."""
    count, rows = matrix.shape
    spreads = matrix.std(axis=1)
    drawn = np.random.default_rng(20260701)  # the same in each training
    slopes = SHARPER if count <= FEW else SLOPES
    most = HIDDEN_OF_FEW if count <= FEW else HIDDEN
    sharp = np.repeat(slopes, min(most, rows // (ROWS_PER_BEND * len(slopes))))[:, None]
    hidden = drawn.normal(size=(len(sharp), count)) * sharp / np.sqrt(count)
    return Weights(
        centres=matrix.mean(axis=1).tolist(),
        spreads=np.where(spreads > 0, spreads, 1.0).tolist(),
        quadratic=True,
        hidden=hidden.tolist(),
        offsets=(drawn.normal(size=sharp.shape) * sharp)[:, 0].tolist(),
        axes=[],
        low=[],
        high=[],
        coefficients=[],
    )


def candidates(variables: int, bends: int) -> list[Candidate]:
    """Return the candidates, from the simplest on."""
    linear = 1 + variables
    quadratic = linear + variables * (variables + 1) // 2
    sizes = {"linear": linear, "quadratic": quadratic}
    sizes |= {"bends": quadratic + min(GENTLE, bends), "network": quadratic + bends}
    return [Candidate(n, size, penalty) for n, size in sizes.items() for penalty in PENALTIES]


def fit(matrix: np.ndarray, outputs: np.ndarray, groups: np.ndarray) -> Fitted:
    """Fit outputs of shape (outputs, rows) to variables of shape (variables, rows).

    `matrix`: on the variables' scales; `groups`: of each row, held out together.
    """
    weights = blank(matrix)
    terms = Bases(weights)(matrix)
    level = outputs.mean(axis=1, keepdims=True)
    spread = outputs.std(axis=1, keepdims=True)
    wanted = (outputs - level) / spread
    parts = _parts(groups)
    products = _Products.of(terms, wanted, parts)
    known = candidates(len(matrix), len(weights.hidden))
    held_out = np.empty_like(wanted)
    for part in range(PARTS):
        errors = _errors(products, known, [p for p in range(PARTS) if p != part], terms, wanted)
        winners = _winners(errors)
        rows = parts == part
        for at, own in _by_winner(winners):
            fitted = products.without(known[at], {part}, own)
            held_out[np.ix_(own, rows)] = fitted @ terms[: known[at].terms, rows]
    winners = _winners(_errors(products, known, list(range(PARTS)), terms, wanted))
    coefficients = np.zeros((len(outputs), len(terms)))
    for at, own in _by_winner(winners):
        coefficients[own, : known[at].terms] = products.without(known[at], set(), own)
    coefficients *= spread
    coefficients[:, :1] += level
    names = tuple(known[at].name for at in winners)
    return Fitted(weights, outputs, held_out * spread + level, parts, names, coefficients)


@dataclass(frozen=True)
class _Products:
    """Products of terms with terms and with outputs, by part."""

    own: np.ndarray
    cross: np.ndarray
    parts: np.ndarray

    @classmethod
    def of(cls, terms: np.ndarray, wanted: np.ndarray, parts: np.ndarray) -> _Products:
        own = np.array([terms[:, parts == p] @ terms[:, parts == p].T for p in range(PARTS)])
        cross = np.array([terms[:, parts == p] @ wanted[:, parts == p].T for p in range(PARTS)])
        return cls(own, cross, parts)

    def without(self, candidate: Candidate, left: set[int], outputs: np.ndarray) -> np.ndarray:
        """Return coefficients (outputs, terms) of a candidate fitted without some parts."""
        size = candidate.terms
        kept = [part for part in range(PARTS) if part not in left]
        own = self.own[kept].sum(axis=0)[:size, :size]
        cross = self.cross[kept].sum(axis=0)[:size][:, outputs]
        scale = 1.0 / np.sqrt(np.maximum(np.diag(own), np.finfo(float).tiny))
        own[np.diag_indices(size)] *= 1.0 + candidate.penalty
        factor = linalg.cho_factor(own * scale * scale[:, None])
        solved = linalg.cho_solve(factor, cross * scale[:, None])
        return np.asarray((solved * scale[:, None]).T)


def _errors(
    products: _Products,
    known: list[Candidate],
    kept: list[int],
    terms: np.ndarray,
    wanted: np.ndarray,
) -> np.ndarray:
    """Return mean squared held-out errors of (candidates, outputs, parts) within some parts."""
    every = np.arange(len(wanted))
    found = np.zeros((len(known), len(wanted), len(kept)))
    outer = set(range(PARTS)) - set(kept)
    for at, candidate in enumerate(known):
        for column, part in enumerate(kept):
            rows = products.parts == part
            fitted = products.without(candidate, outer | {part}, every)
            missed = fitted @ terms[: candidate.terms, rows] - wanted[:, rows]
            found[at, :, column] = (missed**2).mean(axis=1)
    return found


def _winners(errors: np.ndarray) -> np.ndarray:
    """Return for each output the simplest candidate within one standard error of the best.

    One whose error is negligible is good enough: what is left is less than the FMU is sure of.
    """
    mean = errors.mean(axis=2)
    best = mean.argmin(axis=0)
    picked = errors[best, np.arange(errors.shape[1])]
    spread = (errors - picked).std(axis=2, ddof=1) / np.sqrt(errors.shape[2])
    good = (mean <= mean.min(axis=0) + spread) | (mean <= NEGLIGIBLE**2)
    return np.asarray(good.argmax(axis=0))


def _by_winner(winners: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    for at in np.unique(winners):
        yield int(at), np.flatnonzero(winners == at)


def _parts(groups: np.ndarray) -> np.ndarray:
    """Return a part for each row; rows of a group share theirs."""
    _, which = np.unique(groups, return_inverse=True)
    order = np.random.default_rng(20260702).permutation(which.max() + 1)
    return np.asarray(order[which] % PARTS)
