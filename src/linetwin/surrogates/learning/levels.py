"""Which groups are held out, and what that cannot tell: kinds of groups that are never left out.

Rows of one run were mixed of one delivery: whoever holds out batches learns nothing of the next
delivery. So the coarsest kind is held out that has groups enough; every other kind that held-out
groups share with training rows is held out by itself, for the winner alone, or has no intervals.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from linetwin.predictors.card import MOST_SEEN, Level
from linetwin.predictors.levels import LEAST_GROUPS, LONGEST
from linetwin.surrogates.learning.crossing import MANY_ROWS, MOST_OUTER, Crossed, parts
from linetwin.surrogates.learning.task import Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from linetwin.predictors.card import Region
    from linetwin.surrogates.data.dataset import Dataset
    from linetwin.surrogates.learning.candidates import Candidate, Fitted
    from linetwin.surrogates.learning.task import Learning

    Intervals = Callable[[Crossed, Learning], tuple[Region, ...]]

SHARED: Final = 0.5
"""Share of rows whose group of a kind must stand in other held-out groups too, to count [A].

Below it a kind is the finer one: the few trays that two batches share.
"""


def coarsest(data: Dataset, rows: np.ndarray, features: np.ndarray) -> str:
    """Return the column with the fewest groups, of those with enough; "" for equal features.

    `rows`: which of the dataset's rows are learnt from, with `features` of shape (rows, features).
    """
    counts = {"": len(np.unique(features, axis=0))}
    for name in data.groups:
        found = _kind(data, name, rows)
        if len(found.labels) > 1 and all(found.labels):
            counts = {name: len(found.labels), **counts}
    able = {name: count for name, count in counts.items() if count >= LEAST_GROUPS}
    order = {name: at for at, name in enumerate(data.groups)}
    return min(able, key=lambda name: (able[name], order.get(name, len(order))), default="")


def kinds_of(data: Dataset, rows: np.ndarray, groups: np.ndarray) -> tuple[Kind, ...]:
    """Return the kinds of groups that rows of different held-out groups share; few groups first.

    `groups`: the held-out group of each row, shape (rows,).
    """
    every = (_kind(data, name, rows) for name in data.groups)
    found = [kind for kind in every if _shared(kind, groups) > SHARED]
    return tuple(sorted(found, key=lambda kind: len(kind.labels)))


def levels_of(
    candidate: Candidate, fitted: Fitted, learning: Learning, intervals: Intervals
) -> Iterator[Level]:
    """Yield the intervals of each kind of group, each group held out once from the winner's fit.

    The winner's setting is that of all rows: it is not chosen again.
    """
    for kind in learning.kinds:
        own, told = learning.by(kind), [each[:LONGEST] for each in kind.labels if each]
        found: tuple[Region, ...] = ()
        if len(told) >= LEAST_GROUPS:
            crossed = _held_out(candidate, fitted, own)
            if np.isfinite(crossed.linked).all():
                found = intervals(crossed, own)
        seen = told if len(told) <= MOST_SEEN else []
        yield Level(column=kind.column, groups=len(told), seen=seen, regions=list(found))


def _held_out(candidate: Candidate, fitted: Fitted, learning: Learning) -> Crossed:
    linked, fits = np.zeros(learning.rows), []
    for held in parts(learning.groups, MOST_OUTER[learning.rows > MANY_ROWS]):
        rest = learning.cut(np.setdiff1d(np.arange(learning.rows), held))
        fits.append(candidate.fit(rest, fitted.setting))
        linked[held] = fits[-1].linked(learning.features[held], learning)
    return Crossed(candidate, linked, (), tuple(fits))


def _kind(data: Dataset, name: str, rows: np.ndarray) -> Kind:
    """Return a group column's codes and names; rows whose group is not told are one group, ""."""
    labels, codes = np.unique(np.array(data.labels(name), dtype=str)[rows], return_inverse=True)
    return Kind(name, codes.ravel(), tuple(map(str, labels)))


def _shared(kind: Kind, groups: np.ndarray) -> float:
    """Return the share of rows whose group of a kind stands in several held-out groups."""
    pairs = np.unique(np.stack([kind.codes, groups]), axis=1)
    several = np.bincount(pairs[0], minlength=len(kind.labels)) > 1
    told = np.array([bool(label) for label in kind.labels])
    return float((several & told)[kind.codes].mean()) if len(groups) else 0.0
