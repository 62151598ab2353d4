"""Which candidate is best, by how much, and which is the simplest that is as good."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from scipy import special
from scipy.stats import t

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from linetwin.surrogates.learning.crossing import Crossing
    from linetwin.surrogates.learning.task import Learning

LEVEL: Final = 0.95
"""Confidence of intervals of differences."""


@dataclass(frozen=True)
class Difference:
    """A difference of two mean squared errors (first less second) and its standard error.

    `low`, `high`: 95 % interval of t over groups.
    """

    mean: float
    error: float
    low: float
    high: float


@dataclass(frozen=True)
class Scored:
    """A candidate's errors on held-out groups, on the scored scale.

    `squares`: squared errors of the rows; `error`: their root mean; `spread`: its standard error
    over groups; `r2`: of the target on its scale, against its mean; `refused`: the law it breaks.
    Of a chance `squares` are log losses, `error` their mean, and `r2` the part by which they are
    less than those of the rate alone; `brier`: the mean squared error of the probability.
    """

    name: str
    squares: np.ndarray
    error: float
    spread: float
    r2: float
    refused: str = ""
    brier: float | None = None


def over_groups(
    values: np.ndarray, groups: np.ndarray, weights: np.ndarray | None = None
) -> Difference:
    """Return the mean of values over rows with its standard error, rows of a group as one."""
    mean = float(np.average(values, weights=weights))
    names, which = np.unique(groups, return_inverse=True)
    count = len(names)
    if count < 2:  # noqa: PLR2004 - nothing to spread over
        return Difference(mean, np.inf, -np.inf, np.inf)
    own = values - mean if weights is None else weights * (values - mean)
    sums = np.bincount(which, own)
    whole = len(values) if weights is None else float(weights.sum())
    error = float(np.sqrt((sums**2).sum() * count / (count - 1)) / whole)
    reach = float(t.ppf(0.5 + LEVEL / 2, count - 1)) * error
    return Difference(mean, error, mean - reach, mean + reach)


def score(name: str, linked: np.ndarray, learning: Learning, refused: str = "") -> Scored:
    """Return the score of held-out predictions."""
    squares = learning.losses(linked)
    found = over_groups(squares, learning.groups, learning.weights)
    if learning.chance:
        rate = learning.mean(learning.target)
        alone = -(special.xlogy(rate, rate) + special.xlogy(1 - rate, 1 - rate))
        brier = learning.mean(learning.errors(linked) ** 2)
        gain = 1 - found.mean / float(alone)
        return Scored(name, squares, found.mean, found.error, gain, refused, brier)
    root = float(np.sqrt(found.mean))
    spread = found.error / (2 * root) if root else 0.0
    truth = learning.scored(learning.target)
    whole = learning.mean((truth - learning.mean(truth)) ** 2)
    return Scored(name, squares, root, spread, 1 - found.mean / whole, refused)


def choose(scored: Sequence[Scored], learning: Learning) -> tuple[Scored, Scored]:
    """Return the winner and the best: the winner is the first within one standard error of it.

    `scored` from the simplest on; what breaks a law can be neither. The standard error is that of
    the paired difference over groups.
    """
    able = [each for each in scored if not each.refused]
    best = min(able, key=lambda each: each.error)
    for each in able:
        difference = over_groups(each.squares - best.squares, learning.groups, learning.weights)
        if each is best or difference.mean <= difference.error:
            return each, best
    return best, best


def chosen_within(
    crossing: Crossing, fold: int, rows: np.ndarray, refused: Mapping[str, str]
) -> int:
    """Return which candidate wins by the inner folds of one outer fold, whose rows it leaves out.

    `rows`: those within; the choice is made as `choose` does, without the held-out group.
    """
    rest = crossing.learning.cut(rows)
    names = [each.candidate.name for each in crossing.tried]
    scored = [
        score(name, each.inner[fold].linked, rest, refused.get(name, ""))
        for name, each in zip(names, crossing.tried, strict=True)
        if np.isfinite(each.inner[fold].error)
    ]
    return names.index(choose(scored, rest)[0].name)
