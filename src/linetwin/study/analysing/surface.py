"""A quadratic response surface: what a figure is between the points, and how sure that is."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np

from linetwin.results.inference import CONFIDENCE, student_quantile

SPARE = 3
"""Points more than a surface has coefficients, before it is believed [A]."""


@dataclass(frozen=True)
class Surface:
    """A polynomial of factors coded -1 to 1, fitted to the points' means.

    `terms`: factors of each coefficient's product; `covariance`: of the coefficients; `apart`: root
    mean square of what each point differs from a fit without it (leave one out); `of_seeds`:
    standard deviation of single runs at a point, 0 where points have one replication; `explained`:
    share of the variance of points left out that the surface foretells, 1 for a perfect one;
    `missed`: what each point differs from a fit without it, shape (points,).
    """

    terms: tuple[tuple[int, ...], ...]
    coefficients: np.ndarray
    covariance: np.ndarray
    apart: float
    of_seeds: float
    explained: float
    missed: np.ndarray

    @property
    def factors(self) -> set[int]:
        """Numbers of the factors that it depends on."""
        return {number for term in self.terms for number in term}

    def at(self, shares: np.ndarray) -> np.ndarray:
        """Return the foretold mean at points, shape (points,)."""
        found: np.ndarray = _columns(shares, self.terms) @ self.coefficients
        return found

    def drawn(self, shares: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
        """Return means that the coefficients' uncertainty allows, shape (count, points)."""
        drawn = rng.multivariate_normal(self.coefficients, self.covariance, count, method="eigh")
        found: np.ndarray = drawn @ _columns(shares, self.terms).T
        return found

    def half(self, place: np.ndarray) -> float:
        """Return half of the 95 % interval of a single run at one place, shape (factors,).

        It holds what points left out are missed by, the coefficients' uncertainty there, and seeds.
        """
        row = _columns(place[None], self.terms)[0]
        spread = math.hypot(self.of_a_run, math.sqrt(max(0.0, float(row @ self.covariance @ row))))
        return student_quantile(len(self.missed) - len(self.terms), CONFIDENCE) * spread

    @property
    def of_a_run(self) -> float:
        """Standard deviation of a single run around the foretold mean."""
        return math.hypot(self.apart, self.of_seeds)


def fitted(shares: np.ndarray, values: np.ndarray) -> Surface | None:
    """Return the surface of a figure; None for too few points, or where it does not vary.

    `shares`: (points, factors); `values`: (points, replications). A plane where a quadratic form
    has too many coefficients, or foretells points left out less well. Factors without which it
    foretells them no worse are left out.
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
    best = max(usable, key=lambda each: each.explained, default=None)
    return None if best is None else _without_idle(best, shares[known], seen)


def _without_idle(whole: Surface, shares: np.ndarray, seen: np.ndarray) -> Surface:
    """Return the surface without factors that do not help to foretell points left out."""
    idle = {
        number
        for number in whole.factors
        if not _worse(_fit(shares, seen, _lacking(whole, {number})), whole)
    }
    if not idle or idle == whole.factors:
        return whole
    found = _fit(shares, seen, _lacking(whole, idle))
    return whole if found is None or _worse(found, whole) else found


def _lacking(whole: Surface, factors: set[int]) -> list[tuple[int, ...]]:
    return [term for term in whole.terms if not factors.intersection(term)]


def _worse(other: Surface | None, whole: Surface) -> bool:
    """Whether a surface misses points left out by clearly more than the whole one does."""
    if other is None:
        return True
    more = other.missed**2 - whole.missed**2
    return bool(more.mean() > _CLEAR * more.std(ddof=1) / math.sqrt(len(more)))


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
        missed=without,
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
_CLEAR = 2.0
"""Standard errors by which points left out are missed by more, before a factor counts [A]."""
