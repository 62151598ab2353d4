"""A quadratic response surface: what a figure is between the points, and how sure that is."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np

SPARE = 3
"""Points more than a surface has coefficients, before it is believed [A]."""


@dataclass(frozen=True)
class Surface:
    """A polynomial of factors coded -1 to 1, fitted to the points' means.

    `terms`: factors of each coefficient's product; `covariance`: of the coefficients; `apart`: root
    mean square of what each point differs from a fit without it (leave one out); `of_seeds`:
    standard deviation of single runs at a point, 0 where points have one replication; `explained`:
    share of the variance of points left out that the surface foretells, 1 for a perfect one.
    """

    terms: tuple[tuple[int, ...], ...]
    coefficients: np.ndarray
    covariance: np.ndarray
    apart: float
    of_seeds: float
    explained: float

    @property
    def is_quadratic(self) -> bool:
        """Whether it has products and squares; else it is a plane."""
        return any(len(term) > 1 for term in self.terms)

    def at(self, shares: np.ndarray) -> np.ndarray:
        """Return the foretold mean at points, shape (points,)."""
        found: np.ndarray = _columns(shares, self.terms) @ self.coefficients
        return found

    def drawn(self, shares: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
        """Return means that the coefficients' uncertainty allows, shape (count, points)."""
        drawn = rng.multivariate_normal(self.coefficients, self.covariance, count, method="eigh")
        found: np.ndarray = drawn @ _columns(shares, self.terms).T
        return found

    @property
    def of_a_run(self) -> float:
        """Standard deviation of a single run around the foretold mean."""
        return math.hypot(self.apart, self.of_seeds)


def fitted(shares: np.ndarray, values: np.ndarray) -> Surface | None:
    """Return the surface of a figure; None for too few points, or where it does not vary.

    `shares`: (points, factors); `values`: (points, replications). A plane where a quadratic form
    has too many coefficients, or foretells points left out less well.
    """
    known = np.isfinite(shares).all(axis=1) & np.isfinite(values).any(axis=1)
    seen = values[known]
    if not known.any() or not np.ptp(np.nanmean(seen, axis=1)):
        return None
    count = shares.shape[1]
    linear: list[tuple[int, ...]] = [(), *((n,) for n in range(count))]
    squares = list(itertools.combinations_with_replacement(range(count), 2))
    found = [_fit(shares[known], seen, terms) for terms in (linear, [*linear, *squares])]
    usable = [surface for surface in found if surface is not None]
    return max(usable, key=lambda each: each.explained, default=None)


def _fit(shares: np.ndarray, seen: np.ndarray, terms: list[tuple[int, ...]]) -> Surface | None:
    design = _columns(shares, terms)
    count, rank = len(design), int(np.linalg.matrix_rank(design))
    if count < len(terms) + SPARE or rank < len(terms):
        return None
    means = np.nanmean(seen, axis=1)
    inverse = np.linalg.pinv(design)
    coefficients = inverse @ means
    left = means - design @ coefficients
    leverage = np.einsum("ij,ji->i", design, inverse)
    without = left / np.maximum(1.0 - leverage, _ROUNDING)
    around = float(((means - means.mean()) ** 2).sum()) * (count / (count - 1)) ** 2
    spread = float(left @ left) / (count - rank)
    return Surface(
        terms=tuple(terms),
        coefficients=coefficients,
        covariance=spread * (inverse @ inverse.T),
        apart=math.sqrt(float(without @ without) / count),
        of_seeds=_of_seeds(seen),
        explained=1.0 - float(without @ without) / around,
    )


def _columns(
    shares: np.ndarray, terms: tuple[tuple[int, ...], ...] | list[tuple[int, ...]]
) -> np.ndarray:
    coded = 2.0 * shares - 1.0
    return np.column_stack([np.prod(coded[:, list(term)], axis=1) for term in terms])


def _of_seeds(seen: np.ndarray) -> float:
    """Return the standard deviation of single runs at a point, pooled over points."""
    counts = np.isfinite(seen).sum(axis=1)
    several = counts > 1
    if not several.any():
        return 0.0
    means = np.nanmean(seen[several], axis=1, keepdims=True)
    squares = np.nansum((seen[several] - means) ** 2)
    return math.sqrt(float(squares) / int((counts[several] - 1).sum()))


_ROUNDING = 1e-9
