"""Tests of a predictor against what came true: mean error, share in intervals, rate, relation.

Looks at one predictor share one chance of a false proposal, however many there are: the k-th look
may take 6 / (pi k)^2 of it, which adds up to 1. Groups are the observations. Labels that err are
held against the chance with which a label reads 1: (1 - miss) p + false alarm (1 - p).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from scipy import optimize, stats

from linetwin.predictors.levels import LEAST_GROUPS
from linetwin.results import display
from linetwin.surrogates.learning.labels import Inspection, label_losses, label_scores

if TYPE_CHECKING:
    from collections.abc import Iterator

    from linetwin.predictors.card import Card
    from linetwin.predictors.evaluating import Predicted

FALSE_PROPOSALS: Final = 0.05
"""Chance that training anew is ever proposed of a predictor whose data have not changed [A]."""
MATTERS: Final = 0.25
"""Part of an interval's half-width from which a mean error matters [A]."""
UNLUCKY: Final = 0.05
"""Share of trainings whose intervals may hold less often than what is taken as a sign [A]."""
RELATED: Final = 0.5
"""Part of what probabilities were said to differ by which they may differ more or less [A]."""
STEEPEST: Final = 10.0
"""Slope over stated log odds beyond which none is looked for [A]."""
_SHARP: Final = 1e-12
"""Half-width, relative to the prediction, below which no interval is taken to be [A]."""
_FARTHEST: Final = 30.0
"""Log odds beyond which a probability is 0 or 1 [A]."""
TRUE_LABELS: Final = Inspection(miss=0.0, false_alarm=0.0)
"""Labels that do not err."""


@dataclass(frozen=True)
class Check:
    """A test of what came true.

    `off`: by more than matters; `chance` of what was seen if nothing had changed, below `level` of
    this look it fails; None where there are too few groups to tell: then it never does.
    """

    name: str
    said: str
    chance: float | None
    level: float
    off: bool

    @property
    def fails(self) -> bool:
        """Whether it is off by more than chance."""
        return self.off and self.chance is not None and self.chance < self.level


@dataclass(frozen=True)
class Outcomes:
    """What came true, each of shape (rows,): `values`, which are `judged`, `codes` of groups.

    `errs`: how labels of 0 and 1 err.
    """

    values: np.ndarray
    judged: np.ndarray
    codes: np.ndarray
    errs: Inspection = TRUE_LABELS


def checks(card: Card, told: Predicted, found: Outcomes, look: int) -> Iterator[Check]:
    """Yield what the known outcomes tell; with fewer than four groups they prove nothing."""
    _, groups = np.unique(found.codes[found.judged], return_inverse=True)
    count = len(np.unique(groups))
    if not count:
        return
    value, known = told.value[found.judged], found.values[found.judged]
    level = FALSE_PROPOSALS * 6 / (math.pi * look) ** 2
    if card.target.chance:
        yield _rate(value, known, groups, card, level / 2, found.errs)
        if np.ptp(value) > 0:
            yield _relation(value, known, groups, level / 2, found.errs)
        return
    errors = errors_of(card, told, found)
    yield _error(errors, groups, card, level / 2)
    if count >= LEAST_GROUPS:
        yield _held(errors, groups, card, level / 2)


def errors_of(card: Card, told: Predicted, found: Outcomes) -> np.ndarray:
    """Return the errors of the judged rows in half-widths of their intervals, shape (judged,)."""
    link, value = card.target.link, told.value[found.judged]
    half = (link.to(told.high[found.judged]) - link.to(told.low[found.judged])) / 2
    said = link.to(value)
    sharp = _SHARP * np.maximum(np.abs(said), 1.0)
    return np.asarray((link.to(found.values[found.judged]) - said) / np.maximum(half, sharp))


def _rate(
    stated: np.ndarray,
    labels: np.ndarray,
    groups: np.ndarray,
    card: Card,
    level: float,
    errs: Inspection,
) -> Check:
    """Hold the rate of what came true against the mean probability, over groups.

    What matters is more than the training's own interval of its rate by a standard error, and of
    fewer than four groups by two standard errors of as many rows drawn by themselves.
    """
    found = (labels - errs.false_alarm) / errs.power  # on average the share behind the labels
    off, least = float(_means(found - stated, groups).mean()), 0.0
    if card.calibrated:  # ends may be cut off at 0 or 1: the longer side
        rate = card.calibrated[0]
        least = max(rate.high - rate.observed, rate.observed - rate.low)
    chance = _over_groups(found - stated, groups, least)
    if chance is None:
        reads = errs.false_alarm + errs.power * stated
        least += 2 * math.sqrt(float((reads * (1 - reads)).mean()) / len(reads)) / errs.power
    came = f"{display.share(min(1.0, max(0.0, float(found.mean()))))} came true"
    if errs != TRUE_LABELS:
        came += f", corrected for labels that err ({display.share(float(labels.mean()))} read 1)"
    said = f"{came}, {display.share(float(stated.mean()))} were said"
    matters = abs(off) > least + _own_error(found - stated, groups)
    return Check("rate", said, chance, level, off=bool(matters))


def _relation(
    stated: np.ndarray, labels: np.ndarray, groups: np.ndarray, level: float, errs: Inspection
) -> Check:
    """Hold how what came true goes with what was said against what was said, over groups.

    The slope over stated log odds, by the likelihood of labels that err: 1 where log odds differ as
    they were said to, 0 where what came true has nothing to do with them, below where it is the
    other way round. What matters is more than half off, by two standard errors of as many rows; the
    chance is that of the score at 1, beside any rate.
    """
    ends = -_FARTHEST, _FARTHEST
    with np.errstate(divide="ignore"):
        odds = np.clip(np.log(stated) - np.log1p(-stated), *ends)
    scores, information = label_scores(odds, labels, errs)
    apart = odds - np.average(odds, weights=information)  # no rate that is off moves the score
    slope = _slope(odds, labels, errs)
    spread = float((information * apart**2).sum())
    error = 1 / math.sqrt(spread) if spread > 0 else math.inf
    said = f"where log odds were said to differ by 1 they differ by about {slope:.2g}"
    matters = abs(slope - 1) > RELATED + 2 * error
    chance = _over_groups(scores * apart, groups)
    return Check("relation", said, chance, level, off=bool(matters))


def _slope(odds: np.ndarray, labels: np.ndarray, errs: Inspection) -> float:
    """Return the likeliest slope of log odds of faults over stated ones, at the likeliest level."""

    def loss(line: np.ndarray) -> tuple[float, np.ndarray]:
        at = line[0] + line[1] * odds
        scores, _ = label_scores(at, labels, errs)
        down = -np.array([scores.mean(), (scores * odds).mean()])
        return float(label_losses(at, labels, errs).mean()), down

    bounds = [(-_FARTHEST, _FARTHEST), (-STEEPEST, STEEPEST)]
    found = optimize.minimize(loss, np.array([0.0, 1.0]), jac=True, method="L-BFGS-B",
                              bounds=bounds)  # fmt: skip
    return float(found.x[1])


def _error(errors: np.ndarray, groups: np.ndarray, card: Card, level: float) -> Check:
    """Hold the mean error, in half-widths of the intervals, against none.

    What matters is more than two standard errors of a mean of the training's groups, too, by one of
    their own mean; of fewer than four groups by two of it. A training may be off by so much, in all
    data that come: the test is against that.
    """
    means = _means(errors, groups)
    off = float(means.mean())
    of_one = 1 / float(stats.norm.ppf((1 + card.coverage) / 2))  # a group's scatter in half-widths
    few = 1 / len(means) if len(means) < LEAST_GROUPS else 0.0
    least = max(MATTERS, 2 * of_one * math.sqrt(1 / max(card.data.groups, 1) + few))
    chance = _over_groups(errors, groups, least)
    said = (
        f"on average {abs(off):.2f} half-widths of an interval too {'low' if off > 0 else 'high'}"
    )
    if chance is None:
        inside = int((np.abs(errors) <= 1).sum())
        of = display.share(card.coverage)
        said += f", {inside:,} of {len(errors):,} inside of {of} intervals"
    matters = abs(off) > least + _own_error(errors, groups)
    return Check("error", said, chance, level, off=bool(matters))


def _held(errors: np.ndarray, groups: np.ndarray, card: Card, level: float) -> Check:
    """Hold the share of outcomes inside of intervals against what the training can promise.

    The mean share of groups, by a t-test in which groups scatter no less than chance makes them.
    Conformal intervals of n groups hold in a share that is drawn anew with each training, by a beta
    distribution (Vovk 2012); below its lower end they do worse than an unlucky training.
    """
    inside = (np.abs(errors) <= 1).astype(np.float64)
    shares, promised = _means(inside, groups), card.coverage
    trained, count = max(card.data.groups, 1), len(shares)
    left_out = max(math.floor((trained + 1) * (1 - promised)), 1)
    least = float(stats.beta.ppf(UNLUCKY, trained + 1 - left_out, left_out))
    by_chance = math.sqrt(promised * (1 - promised) * count / len(inside))
    error = max(float(shares.std(ddof=1)), by_chance) / math.sqrt(count)
    mean = float(shares.mean())
    chance = float(stats.t.cdf((mean - min(least, promised)) / error, count - 1))
    said = (
        f"{int(inside.sum()):,} of {len(inside):,} inside of {display.share(promised)} intervals, "
        f"{display.share(mean)} of a group on average ({display.share(least)} is an unlucky "
        f"training of {trained:,} groups)"
    )
    return Check("intervals", said, chance, level, off=bool(mean < min(least, promised)))


def _means(values: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Return the mean of each group."""
    return np.asarray(np.bincount(groups, weights=values) / np.bincount(groups))


def _over_groups(values: np.ndarray, groups: np.ndarray, least: float = 0.0) -> float | None:
    """Return the chance of so large a mean where it is `least`, a group an observation (t-test).

    None for fewer than four groups: their scatter says too little.
    """
    means = _means(values, groups)
    if len(means) < LEAST_GROUPS:
        return None
    error = _own_error(values, groups)
    beyond = max(abs(float(means.mean())) - least, 0.0)
    if error == 0.0:
        return 1.0 if beyond == 0.0 else 0.0
    return float(2 * stats.t.sf(beyond / error, len(means) - 1))


def _own_error(values: np.ndarray, groups: np.ndarray) -> float:
    """Return the standard error of the mean of groups; 0 for fewer than four, told otherwise."""
    means = _means(values, groups)
    if len(means) < LEAST_GROUPS:
        return 0.0
    return float(means.std(ddof=1)) / math.sqrt(len(means))
