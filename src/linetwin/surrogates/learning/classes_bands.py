"""How far a learnt probability may be off, from groups that took no part in learning it.

Outcomes are 1 or 0, so an interval cannot be seen to hold row by row. What can be seen is by how
much groups of held-out rows differ from their predictions, beyond what chance gives: on the scale
of log odds their variance is taken after DerSimonian and Laird (1986), each group by its
information. Beside it stand what is off on average and its standard error over groups, and how much
the model itself moves when groups are left out (jackknife). Venn-Abers predictors promise
calibration too, but of rows that come from no groups.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit
from scipy.stats import t

from linetwin.predictors.card import Calibrated, Region
from linetwin.surrogates.learning.comparing import over_groups

if TYPE_CHECKING:
    from collections.abc import Iterator

    from linetwin.surrogates.learning.crossing import Crossed
    from linetwin.surrogates.learning.task import Learning

MOST_REGIONS: Final = 3
_LEAST_ONES: Final = 5.0
"""Rows of 1, and of 0, that are foretold for a region, below which it is none of its own [A]."""
_LEAST_GROUPS: Final = 5
_FARTHEST: Final = 30.0


def bands(linked: np.ndarray, learning: Learning, moved: np.ndarray) -> tuple[Region, ...]:
    """Return half-widths of log odds by predicted level: up to 3 regions of equal information.

    `linked`: held-out log odds; `moved`: the model's own variance at each row, of `jackknife`.
    """
    which, edges = next(_divisions(linked, learning))
    between = between_groups(linked, learning)
    found = []
    for region, below in enumerate((*edges, None)):
        own = np.flatnonzero(which == region)
        rows = learning.cut(own)
        groups = len(np.unique(rows.groups))
        reach = float(t.ppf(0.5 + learning.coverage / 2, max(1, groups - 1)))
        variance = between + _off(linked[own], rows) + rows.mean(moved[own])
        half = min(_FARTHEST, reach * float(np.sqrt(variance)))
        found.append(
            Region(below=below, half_width=half, how="groups", rows=len(own), groups=groups)
        )
    return tuple(found)


def between_groups(linked: np.ndarray, learning: Learning) -> float:
    """Return the variance of groups' log odds about their predictions, beyond chance.

    Its standard error is added: of few groups it is known badly, and too narrow is the worse error.
    """
    off, information = learning.scores(linked + _shift(linked, learning))
    which = np.unique(learning.groups, return_inverse=True)[1]
    own, off = np.bincount(which, information), np.bincount(which, off)
    freedom = len(own) - 1
    room = float(own.sum() - (own**2).sum() / own.sum())
    if freedom < 1 or room <= 0:
        return 0.0
    found = max(0.0, (float((off**2 / own).sum()) - freedom) / room)
    return found + float(np.sqrt(2 / freedom)) * (found + freedom / room)


def _off(linked: np.ndarray, learning: Learning) -> float:
    """Return by how much log odds are off on average, squared: at least its own variance."""
    shift = _shift(linked, learning)
    slopes, information = learning.scores(linked + shift)
    rest = np.bincount(np.unique(learning.groups, return_inverse=True)[1], slopes)
    count = len(rest)
    error = float((rest**2).sum()) * count / max(1, count - 1) / float(information.sum()) ** 2
    return max(error, shift**2)


def jackknife(crossed: Crossed, learning: Learning) -> np.ndarray:
    """Return the variance of a candidate's log odds over groups, at each row of shape (rows,)."""
    each = np.array([fit.linked(learning.features, learning) for fit in crossed.fits])
    count = len(each)
    return np.asarray((count - 1) / count * ((each - each.mean(axis=0)) ** 2).sum(axis=0))


def table(linked: np.ndarray, learning: Learning) -> tuple[Calibrated, ...]:
    """Return predictions of held-out rows beside what became of them: of all, and by region."""
    found = [_calibrated("all predictions", linked, learning)]
    which, edges = next(_divisions(linked, learning))
    names = {2: ("the lower half", "the upper half")}.get(
        len(edges) + 1, ("the lowest part", "the middle part", "the highest part")
    )
    if edges:
        for region, name in enumerate(names):
            own = np.flatnonzero(which == region)
            found.append(_calibrated(name, linked[own], learning.cut(own)))
    return tuple(found)


def _calibrated(where: str, linked: np.ndarray, learning: Learning) -> Calibrated:
    rate = over_groups(learning.target, learning.groups, learning.weights)
    return Calibrated(
        where=where,
        rows=learning.rows,
        ones=int(learning.target.sum()),
        weighed=learning.weights is not None,
        predicted=learning.mean(expit(linked)),
        observed=learning.share(rate.mean),
        low=learning.share(max(0.0, rate.low)),
        high=learning.share(min(1.0, rate.high)),
    )


def _divisions(linked: np.ndarray, learning: Learning) -> Iterator[tuple[np.ndarray, list[float]]]:
    """Yield rows' regions and their edges, from three regions to one, as the data bear them."""
    chance = expit(linked)
    order = np.argsort(linked, kind="stable")
    mass = np.cumsum((chance * (1 - chance))[order])
    for count in range(MOST_REGIONS, 0, -1):
        places = np.searchsorted(mass, mass[-1] * np.arange(1, count) / count)
        edges = sorted({float(linked[order[place]]) for place in places})
        which = np.searchsorted(edges, linked, side="left")
        parts = [which == region for region in range(count)]
        if count == 1 or all(_bears(chance[own], learning.groups[own]) for own in parts):
            yield which, edges


def _bears(chance: np.ndarray, groups: np.ndarray) -> bool:
    least = min(float(chance.sum()), float((1 - chance).sum()))
    return least >= _LEAST_ONES and len(np.unique(groups)) >= _LEAST_GROUPS


def _shift(linked: np.ndarray, learning: Learning) -> float:
    """Return by what all log odds would move for as many 1 as there were behind the labels."""
    weights, whole = learning.weight, float(learning.weight.sum())
    ones = learning.share(learning.mean(learning.target)) * whole

    def missing(shift: float) -> float:
        return float((weights * expit(linked + shift)).sum()) - ones

    if missing(-_FARTHEST) >= 0 or missing(_FARTHEST) <= 0:
        # none was 1, or all were: half a row stands for what was not seen
        ones = min(max(ones, 0.5), whole - 0.5)
    return float(brentq(missing, -_FARTHEST, _FARTHEST))
