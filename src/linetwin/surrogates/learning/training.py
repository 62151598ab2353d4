"""Training: candidates against each other, the winner on all rows, its intervals and its checks."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from linetwin.predictors.card import half_widths
from linetwin.surrogates.learning import classes_bands, laws
from linetwin.surrogates.learning.comparing import choose, chosen_within, score
from linetwin.surrogates.learning.conforming import covered, regions
from linetwin.surrogates.learning.crossing import choose_setting, cross, inner_parts
from linetwin.surrogates.learning.levels import levels_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from linetwin.predictors.card import Calibrated, Covered, Level, Region
    from linetwin.surrogates.learning.candidates import Candidate, Fitted
    from linetwin.surrogates.learning.comparing import Scored
    from linetwin.surrogates.learning.crossing import Crossed, Crossing
    from linetwin.surrogates.learning.task import Learning

    Telling = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Trained:
    """What came of a training.

    `scored` from the simplest on; `winner` is the simplest within one standard error of `best`;
    `fitted` and `candidate`: the winner, on all rows; `linked`: its held-out predictions;
    `regions`: its intervals; `covered`: how often these held on groups that made none of them;
    `procedure`: the score of choosing and fitting together, each group held out of both. Of a
    chance nothing is `covered`: `calibrated` tells what was predicted beside what came true;
    `levels`: what is known of new groups of other kinds.
    """

    crossing: Crossing
    scored: tuple[Scored, ...]
    winner: Scored
    best: Scored
    candidate: Candidate
    fitted: Fitted
    settings: dict[str, str]
    linked: np.ndarray
    regions: tuple[Region, ...]
    covered: tuple[Covered, ...]
    procedure: Scored
    calibrated: tuple[Calibrated, ...] = ()
    levels: tuple[Level, ...] = ()

    @property
    def learning(self) -> Learning:
        """What was learnt."""
        return self.crossing.learning


def silent(part: str, done: int, of: int) -> None:
    """Tell nobody."""


def train(learning: Learning, wanted: Sequence[str] = (), tell: Telling = silent) -> Trained:
    """Compare candidates (all where none is wanted) and train the winner; one thread."""
    with _one_thread():
        crossing = cross(learning, wanted, tell)
        whole = _on_all_rows(crossing, tell)
    refused = {
        each.candidate.name: laws.broken(each.candidate, whole[each.candidate.name], learning)
        for each in crossing.tried
    }
    scored = tuple(
        score(each.candidate.name, each.linked, learning, refused[each.candidate.name])
        for each in crossing.tried
    )
    winner, best = choose(scored, learning)
    index = scored.index(winner)
    crossed = crossing.tried[index]
    linked, fitted = crossed.linked, whole[winner.name]
    with _one_thread():
        levels = tuple(levels_of(crossed.candidate, fitted, learning, _regions_of))
    return Trained(
        crossing=crossing,
        scored=scored,
        winner=winner,
        best=best,
        candidate=crossed.candidate,
        fitted=fitted,
        settings={name: _setting(fitted.setting) for name, fitted in whole.items()},
        linked=linked,
        regions=_regions_of(crossed, learning),
        covered=() if learning.chance else _coverage(crossing, index, refused),
        procedure=_procedure(crossing, refused)[0],
        calibrated=classes_bands.table(linked, learning) if learning.chance else (),
        levels=levels,
    )


@contextmanager
def _one_thread() -> Iterator[None]:
    """Keep to one thread: the same bits whatever the machine; settings are checked already."""
    import sklearn.ensemble
    import sklearn.gaussian_process
    from threadpoolctl import threadpool_limits

    checked = sklearn.config_context(assume_finite=True, skip_parameter_validation=True)
    with threadpool_limits(1), checked:
        yield


def _regions_of(crossed: Crossed, learning: Learning) -> tuple[Region, ...]:
    """Return the intervals of a candidate, from its held-out predictions."""
    linked = crossed.linked
    if learning.chance:
        return classes_bands.bands(linked, learning, classes_bands.jackknife(crossed, learning))
    return _conformal(linked, learning)


def _conformal(linked: np.ndarray, learning: Learning) -> tuple[Region, ...]:
    errors = linked - learning.linked
    return regions(linked, errors, learning.groups, learning.coverage, learning.weights)


def _on_all_rows(crossing: Crossing, tell: Telling) -> dict[str, Fitted]:
    """Return each candidate trained on all rows, its setting chosen as within each fold."""
    learning = crossing.learning
    folds = inner_parts(learning)
    found = {}
    for index, each in enumerate(crossing.tried):
        tell("all rows", index, len(crossing.tried))
        best = choose_setting(each.candidate, learning, folds)
        found[each.candidate.name] = each.candidate.fit(learning, best.setting)
    return found


def _intervals_held(crossing: Crossing, fold: int, index: int) -> np.ndarray:
    """Return which held-out rows of a fold lie in intervals made of the other groups' errors."""
    learning, held = crossing.learning, crossing.folds[fold]
    rest = learning.cut(np.setdiff1d(np.arange(learning.rows), held))
    inner = crossing.tried[index].inner[fold]
    if not np.isfinite(inner.error):
        return np.zeros(len(held), dtype=np.bool_)
    made = _conformal(inner.linked, rest)
    linked = crossing.tried[index].linked[held]
    return np.asarray(np.abs(linked - learning.linked[held]) <= half_widths(linked, made))


def _procedure(crossing: Crossing, refused: dict[str, str]) -> tuple[Scored, np.ndarray]:
    """Return the score of the whole procedure, and which rows lie in its intervals.

    In each fold the candidate is chosen without the group that is held out.
    """
    learning = crossing.learning
    linked, inside = np.zeros(learning.rows), np.zeros(learning.rows, dtype=np.bool_)
    for fold, held in enumerate(crossing.folds):
        rest = np.setdiff1d(np.arange(learning.rows), held)
        index = chosen_within(crossing, fold, rest, refused)
        linked[held] = crossing.tried[index].linked[held]
        if not learning.chance:
            inside[held] = _intervals_held(crossing, fold, index)
    return score("procedure", linked, learning), inside


def _coverage(crossing: Crossing, index: int, refused: dict[str, str]) -> tuple[Covered, ...]:
    """Return how often intervals held: the winner's, by its level; and the procedure's."""
    inside = np.zeros(crossing.learning.rows, dtype=np.bool_)
    weights = crossing.learning.weights
    for fold, held in enumerate(crossing.folds):
        inside[held] = _intervals_held(crossing, fold, index)
    linked = crossing.tried[index].linked
    edges = np.quantile(linked, [1 / 3, 2 / 3])
    third = np.searchsorted(edges, linked, side="left")
    found = [covered("all predictions", inside, weights)]
    for at, where in enumerate(("the lowest third", "the middle third", "the highest third")):
        own = third == at
        if own.any():
            found.append(covered(where, inside[own], None if weights is None else weights[own]))
    anew = _procedure(crossing, refused)[1]
    found.append(covered("choosing anew in each fold", anew, weights))
    return tuple(found)


def _setting(setting: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:g}" for name, value in setting.items())
