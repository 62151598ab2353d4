"""Candidates for a stand-in's outputs, compared on held-out lots and points, all outputs at once.

All candidates are sums of terms, so that held-out errors come from products of terms alone: a
candidate is fitted without some rows by taking their products off those of all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from scipy import linalg

from linetwin.predictors.stand_in import Bases
from linetwin.predictors.stand_in_card import Weights

if TYPE_CHECKING:
    from collections.abc import Iterator

PARTS: Final = 5
"""Parts of lots and points, each held out once."""
HIDDEN: Final = 160
"""Bends of the widest candidate [A]; their slopes are drawn, always the same."""
SLOPE: Final = 0.7
"""Standard deviation of a bend's argument at a standardised variable of 1 [A]."""
PENALTIES: Final = (1e-11, 1e-8, 1e-5)
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

    `coefficients`: shape (outputs, terms); `held_out`: shape (outputs, rows), each by what was
    fitted and chosen without the row's part; `parts`: of each row; `chosen`: a name per output.
    """

    weights: Weights
    held_out: np.ndarray
    parts: np.ndarray
    chosen: tuple[str, ...]
    coefficients: np.ndarray


def blank(matrix: np.ndarray) -> Weights:
    """Return the terms of all candidates, no coefficients yet; `matrix`: (variables, rows)."""
    count = len(matrix)
    spreads = matrix.std(axis=1)
    drawn = np.random.default_rng(20260701)  # the same in each training
    slopes = drawn.normal(scale=SLOPE / np.sqrt(count), size=(HIDDEN, count)) * np.sqrt(2.0)
    return Weights(
        centres=matrix.mean(axis=1).tolist(),
        spreads=np.where(spreads > 0, spreads, 1.0).tolist(),
        quadratic=True,
        hidden=slopes.tolist(),
        offsets=drawn.uniform(-1.5, 1.5, HIDDEN).tolist(),
        coefficients=[],
    )


def candidates(variables: int) -> list[Candidate]:
    """Return the candidates, from the simplest on."""
    linear = 1 + variables
    quadratic = linear + variables * (variables + 1) // 2
    sizes = {"linear": linear, "quadratic": quadratic, "network": quadratic + HIDDEN}
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
    known = candidates(len(matrix))
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
    return Fitted(weights, held_out * spread + level, parts, names, coefficients)


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
        own[np.diag_indices(size)] *= 1.0 + candidate.penalty
        cross = self.cross[kept].sum(axis=0)[:size][:, outputs]
        scale = 1.0 / np.sqrt(np.diag(own))
        solved = linalg.lstsq(own * scale * scale[:, None], cross * scale[:, None])[0]
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
    """Return for each output the simplest candidate within one standard error of the best."""
    mean = errors.mean(axis=2)
    best = mean.argmin(axis=0)
    picked = errors[best, np.arange(errors.shape[1])]
    spread = (errors - picked).std(axis=2, ddof=1) / np.sqrt(errors.shape[2])
    good = mean <= mean.min(axis=0) + spread
    return np.asarray(good.argmax(axis=0))


def _by_winner(winners: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    for at in np.unique(winners):
        yield int(at), np.flatnonzero(winners == at)


def _parts(groups: np.ndarray) -> np.ndarray:
    """Return a part for each row; rows of a group share theirs."""
    _, which = np.unique(groups, return_inverse=True)
    order = np.random.default_rng(20260702).permutation(which.max() + 1)
    return np.asarray(order[which] % PARTS)
