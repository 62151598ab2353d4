"""A quadratic response surface: what a figure is between the points, and how sure that is."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np

from linetwin.results.inference import CONFIDENCE
from linetwin.study.analysing.seeding import Seeds, seeds_of

SPARE = 3
"""Points more than a surface has coefficients, before it is believed [A]."""


@dataclass(frozen=True)
class Surface:
    """A polynomial of factors coded -1 to 1, fitted to the points' means.

    `terms`: factors of each coefficient's product; `covariance`: of the coefficients; `apart`: root
    mean square of what each point differs from a fit without it (leave one out); `explained`:
    share of the variance of points left out that the surface foretells, 1 for a perfect one;
    `missed`: what each point differs from a fit without it, shape (points,).
    """

    terms: tuple[tuple[int, ...], ...]
    coefficients: np.ndarray
    covariance: np.ndarray
    apart: float
    seeds: Seeds
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
        """Return half of the 95 % interval of a single run at one place, shape (factors,)."""
        from scipy.special import stdtrit

        variance, freedom = self._of_a_run(place[None])
        return float(stdtrit(freedom[0], (1.0 + CONFIDENCE) / 2.0) * math.sqrt(variance[0]))

    def inside(
        self, shares: np.ndarray, low: float, high: float, *, many: bool = False
    ) -> np.ndarray:
        """Return the chance that a run of a new seed lies between bounds, shape (points,).

        It holds on average over what the seeds and points that were run may have been, as the
        bounds of an interval for one more observation do. `many`: were all variances known.
        """
        from scipy.special import ndtr, stdtr

        mean, (variance, freedom) = self.at(shares), self._of_a_run(shares)
        spread = np.sqrt(np.maximum(variance, _TINY))
        up, down = (high - mean) / spread, (low - mean) / spread
        found: np.ndarray = ndtr(up) - ndtr(down)
        return found if many else np.asarray(stdtr(freedom, up) - stdtr(freedom, down))

    def _of_a_run(self, shares: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the variance of a new seed's run around the foretold mean, and its freedom.

        Of what points left out are missed by, the coefficients' uncertainty there, what a seed
        shifts all points by (known from as many numbers as there are seeds), and the rest of
        chance; the degrees of freedom of the sum after Satterthwaite (1946).
        """
        columns = _columns(shares, self.terms)
        fit = self.apart**2 + np.einsum("ij,jk,ik->i", columns, self.covariance, columns)
        parts = [
            (np.maximum(fit, 0.0), len(self.missed) - len(self.terms)),
            (self.seeds.shifts(columns), max(self.seeds.count - 1, 1)),
            (np.full(len(shares), self.seeds.left), self.seeds.freedom),
        ]
        variance = np.maximum(sum(part for part, _ in parts), _TINY)
        weights = sum((part / variance) ** 2 / freedom for part, freedom in parts)
        return variance, 1.0 / np.maximum(weights, _ROUNDING)


def least_points(factors: int) -> int:
    """Return how many points a surface needs: those of a plane, and some that it can miss."""
    return 1 + factors + SPARE


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
        seeds=seeds_of(seen, inverse),
        explained=1.0 - float(without @ without) / around,
        missed=without,
    )


def _columns(
    shares: np.ndarray, terms: tuple[tuple[int, ...], ...] | list[tuple[int, ...]]
) -> np.ndarray:
    coded = 2.0 * shares - 1.0
    return np.column_stack([np.prod(coded[:, list(term)], axis=1) for term in terms])


_ROUNDING, _TINY = 1e-9, 1e-300
_CLEAR = 2.0
"""Standard errors by which points left out are missed by more, before a factor counts [A]."""
