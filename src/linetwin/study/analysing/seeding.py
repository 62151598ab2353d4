"""What seeds do to a figure: a seed shifts all points alike, so few seeds tell little of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Seeds:
    """What seeds do, told by points with two replications or more.

    `count`: of seeds; `offset`: variance of what a seed shifts all points by; `left`: variance of
    what a single run has beside that, of `freedom` degrees; `fresh`: by how much a new seed varies
    around the mean of these more than around the true one, 1/n for n of them; `own`: coefficients
    of the surface of each seed's deviations, shape (terms, seeds).
    """

    count: int
    offset: float
    left: float
    freedom: int
    fresh: float
    own: np.ndarray

    def shifts(self, columns: np.ndarray) -> np.ndarray:
        """Return the variance of a seed's shift at places, shape (places,); `columns`: of terms.

        Seeds whose surfaces cross look alike there by chance: nowhere less than on average.
        """
        if self.count < 2:  # noqa: PLR2004 - a variance needs two
            return np.zeros(len(columns))
        there = (columns @ self.own).var(axis=1, ddof=1)
        found: np.ndarray = (1.0 + self.fresh) * np.maximum(there, self.offset)
        return found


def seeds_of(seen: np.ndarray, inverse: np.ndarray) -> Seeds:
    """Return what seeds do; `seen`: (points, replications), NaN where there is no run.

    `inverse`: gives a surface's coefficients from a number a point, shape (terms, points).
    """
    counts = np.isfinite(seen).sum(axis=1)
    fresh = float(np.mean(1.0 / counts))
    several = seen[counts > 1]
    used = np.isfinite(several).any(axis=0)
    count = int(used.sum())
    if count < 2:  # noqa: PLR2004 - a variance needs two
        return Seeds(1, 0.0, 0.0, 1, fresh, np.zeros((len(inverse), 1)))
    apart = several[:, used] - np.nanmean(several, axis=1, keepdims=True)
    shifts = np.nanmean(apart, axis=0)
    rest = apart - shifts
    freedom = max(int(np.isfinite(rest).sum()) - len(rest) - count + 1, 1)
    whole = np.tile(shifts, (len(seen), 1))  # a run that is not there: as its seed on average
    whole[counts > 1] = np.where(np.isfinite(apart), apart, shifts)
    return Seeds(
        count=count,
        offset=float(shifts.var(ddof=1)),
        left=float(np.nansum(rest**2)) / freedom,
        freedom=freedom,
        fresh=fresh,
        own=inverse @ whole,
    )
