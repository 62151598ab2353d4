"""Nested, grouped cross-validation: what is held out is never used to choose anything.

Outer folds hold out one group each (or parts of the groups, where there are many). Within the
other groups inner folds choose each candidate's setting, and give the errors from which intervals
for the held-out group are made: so that these too are tested on what they have not seen.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from linetwin.surrogates.learning.classes import calibrated, candidates_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from linetwin.surrogates.learning.candidates import Candidate, Fitted, Setting
    from linetwin.surrogates.learning.task import Learning

    Telling = Callable[[str, int, int], None]

MANY_ROWS: Final = 300
"""Rows above which fewer parts do: there is enough to learn from in each."""
MOST_OUTER: Final = (25, 10)
"""Groups up to which each is held out by itself, of few and of many rows; else as many parts."""
MOST_INNER: Final = (5, 3)


@dataclass(frozen=True)
class Inner:
    """A candidate within some groups: the setting that did best there, and its held-out errors.

    `linked`: held-out predictions of shape (rows,); `error`: their mean squared error or log loss.
    """

    setting: Setting
    linked: np.ndarray
    error: float


@dataclass(frozen=True)
class Crossed:
    """A candidate held against what it has not seen.

    `linked`: predictions on the target's scale, shape (rows,), each by the candidate trained
    without the row's group; `inner`: of each outer fold; `fits`: the candidate without each fold.
    """

    candidate: Candidate
    linked: np.ndarray
    inner: tuple[Inner, ...]
    fits: tuple[Fitted, ...] = ()


@dataclass(frozen=True)
class Crossing:
    """All candidates on the same folds; `folds`: the rows that each holds out.

    `skipped`: candidates that were not tried -> why.
    """

    learning: Learning
    folds: tuple[np.ndarray, ...]
    tried: tuple[Crossed, ...]
    skipped: dict[str, str]


def parts(groups: np.ndarray, most: int) -> tuple[np.ndarray, ...]:
    """Return rows of folds that split no group: a group each, or `most` parts of like size."""
    names, counts = np.unique(groups, return_counts=True)
    if len(names) <= most:
        return tuple(np.flatnonzero(groups == name) for name in names)
    sizes = np.zeros(most, dtype=int)
    fold_of = {}
    for at in np.argsort(-counts, kind="stable"):
        least = int(np.argmin(sizes))
        fold_of[names[at]] = least
        sizes[least] += counts[at]
    which = np.array([fold_of[group] for group in groups])
    return tuple(np.flatnonzero(which == fold) for fold in range(most))


def inner_parts(learning: Learning) -> tuple[np.ndarray, ...]:
    """Return the parts by which settings are chosen."""
    return parts(learning.groups, MOST_INNER[learning.rows > MANY_ROWS])


def cross(learning: Learning, wanted: Sequence[str], tell: Telling) -> Crossing:
    """Hold each candidate against each fold; `wanted`: their names, all where none is given."""
    folds = parts(learning.groups, MOST_OUTER[learning.rows > MANY_ROWS])
    tried: list[Crossed] = []
    skipped: dict[str, str] = {}
    able = candidates_of(learning)
    if learning.chance:
        skipped = dict.fromkeys({*wanted} - {each.name for each in able}, "gives no probability")
    for candidate in able:
        if wanted and candidate.name not in {*wanted, "mean"}:
            continue
        reason = candidate.why_not(learning)
        if not reason:
            found = _crossed(candidate, learning, folds, tell)
            if np.isfinite(learning.errors(found.linked)).all():
                tried.append(found)
                continue
            reason = "it gives no numbers for some held-out rows"
        skipped[candidate.name] = reason
    return Crossing(learning, folds, tuple(tried), skipped)


def choose_setting(candidate: Candidate, learning: Learning, folds: Sequence[np.ndarray]) -> Inner:
    """Return the setting with the least error on held-out parts of a task."""
    found = []
    for setting in candidate.settings:
        linked = np.zeros(learning.rows)
        for held in folds:
            rest = np.setdiff1d(np.arange(learning.rows), held)
            fitted = candidate.fit(learning.cut(rest), setting)
            linked[held] = fitted.linked(learning.features[held], learning)
        losses = learning.losses(linked)
        loss = learning.mean(losses) if np.isfinite(losses).all() else np.inf
        found.append(Inner(setting, linked, loss))
    best = min(found, key=lambda each: each.error)
    return calibrated(best, learning, folds) if learning.chance else best


def _crossed(
    candidate: Candidate, learning: Learning, folds: Sequence[np.ndarray], tell: Telling
) -> Crossed:
    linked = np.zeros(learning.rows)
    inner, fits = [], []
    for index, held in enumerate(folds):
        tell(candidate.name, index, len(folds))
        rest = learning.cut(np.setdiff1d(np.arange(learning.rows), held))
        best = choose_setting(candidate, rest, inner_parts(rest))
        fitted = candidate.fit(rest, best.setting)
        linked[held] = fitted.linked(learning.features[held], learning)
        inner.append(best)
        fits.append(fitted)
    return Crossed(candidate, linked, tuple(inner), tuple(fits))
