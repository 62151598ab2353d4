"""Whether a predictor still fits new data: what it is asked, its intervals, its errors.

Nothing is changed by it: where the data have moved away, training anew is proposed. Looks at one
predictor share one chance of a false proposal, however many there are: the k-th look may take
6 / (pi k)^2 of it, which adds up to 1. A training of few groups is off by chance, and its intervals
hold a little less or more often than promised: so much is no sign that anything has changed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from scipy import stats

from linetwin.errors import Problem, ScenarioError
from linetwin.predictors.domain import INSIDE, OUTSIDE
from linetwin.predictors.levels import LEAST_GROUPS
from linetwin.results import display
from linetwin.surrogates.goals import spec_of
from linetwin.surrogates.predicting import features_of, groups_in_training, standing_of, trained_on
from linetwin.surrogates.strange_outcomes import beyond_law, in_other_unit, law_words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from linetwin.predictors.card import Card, Feature
    from linetwin.predictors.evaluating import Predicted, Predictor
    from linetwin.surrogates.data.dataset import Dataset

FALSE_PROPOSALS: Final = 0.05
"""Chance that training anew is ever proposed of a predictor whose data have not changed [A]."""
MATTERS: Final = 0.25
"""Part of an interval's half-width from which a mean error matters [A]."""
UNLUCKY: Final = 0.05
"""Share of trainings whose intervals may hold less often than what is taken as a sign [A]."""
CENTRAL: Final = 0.9
"""Part of the training points within which the median of new rows is looked for [A]."""
MOST_OUTSIDE: Final = 0.05
"""Share of rows outside of the domain from which it is to be looked at [A]."""
_NAMED: Final = 3
KEEP, LOOK, RETRAIN = "keep", "look", "retrain"


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
class Watched:
    """How a predictor stands with new data.

    `verdict`: KEEP, LOOK (it is asked what it has hardly seen, or off in ways that chance may do)
    or RETRAIN (what it says does not come true); `look`: the how many-th; `group`: what holds rows
    together, `groups` so many; `domain`: rows inside, near and outside; `moved`: what is said of
    each feature that has moved; `strange`: of outcomes that cannot be, and count for nothing.
    """

    predictor: str
    model: str
    data: str
    digest: str
    look: int
    rows: int
    known: int
    group: str
    groups: int
    domain: tuple[int, int, int]
    moved: tuple[str, ...]
    checks: tuple[Check, ...]
    strange: tuple[str, ...] = ()

    @property
    def verdict(self) -> str:
        """What is to be done."""
        if self.strange:
            return LOOK
        if any(check.fails for check in self.checks):
            return RETRAIN
        off = any(check.off for check in self.checks)
        return LOOK if off or self.moved or self.domain[2] > MOST_OUTSIDE * self.rows else KEEP

    def content(self) -> dict[str, Any]:
        """Return plain data."""
        inside, near, outside = self.domain
        return {
            "predictor": self.predictor,
            "model_sha256": self.model,
            "data": self.data,
            "data_sha256": self.digest,
            "look": self.look,
            "verdict": self.verdict,
            "rows": self.rows,
            "outcomes": self.known,
            "group": self.group,
            "groups": self.groups,
            "domain": {"inside": inside, "near": near, "outside": outside},
            "moved": list(self.moved),
            "strange": list(self.strange),
            "checks": {
                each.name: {
                    "said": each.said,
                    "chance": each.chance,
                    "off": each.off,
                    "fails": each.fails,
                }
                for each in self.checks
            },
        }


def watch(predictor: Predictor, data: Dataset, look: int = 1) -> Watched:
    """Hold a predictor against a dataset; `look`: how many data it has been held against by now.

    ScenarioError where a feature is not in the dataset, or the predictor was trained on it.
    """
    card = predictor.card
    if trained_on(card, data):
        known = sorted(groups_in_training(card, data))
        few = ", ".join(known[:_NAMED]) + (", ..." if len(known) > _NAMED else "")
        which = f"rows of {few}" if data.digest != card.data.digest else "these very rows"
        message = f"{card.name} was trained on {which}: they show nothing"
        raise ScenarioError([Problem(message, hint="data that came later", file=data.file)])
    features = features_of(card, data)
    told = predictor.predict(features, standing_of(card, data).unseen)
    truth = _truth(card, data)
    beyond = beyond_law(card, truth)
    other, unit = in_other_unit(card, told, truth)
    judged = np.isfinite(truth) & (told.domain != OUTSIDE) & ~beyond & ~other
    group, codes = _grouped(data, judged)
    return Watched(
        predictor=card.name,
        model=card.model_digest,
        data=data.name,
        digest=data.digest,
        look=look,
        rows=len(features),
        known=int(judged.sum()),
        group=group,
        groups=len(np.unique(codes[judged])),
        domain=_counted(told),
        moved=tuple(_moved(card, features)),
        checks=tuple(_checks(card, told, truth, judged, codes, look)),
        strange=tuple(text for text in (unit, law_words(card, beyond & ~other)) if text),
    )


def _truth(card: Card, data: Dataset) -> np.ndarray:
    """Return what came true, NaN where it is not known, shape (rows,)."""
    name = card.target.name
    if name not in data.columns:
        return np.full(len(data.frame), np.nan)
    spec = data.spec(name, "target", "outcome")
    if spec.unit != card.target.unit:
        message = f"'{name}' is in {spec.unit}, the predictor tells {card.target.unit}"
        raise ScenarioError([Problem(message, name, "", data.file)])
    return data.numbers(name)


def _grouped(data: Dataset, judged: np.ndarray) -> tuple[str, np.ndarray]:
    """Return the coarsest group of which there are enough, and its codes; else that with most.

    Rows of one lot share what is wrong with it, and count as one observation.
    """
    found = [(len(np.unique(data.codes(name)[judged])), name) for name in data.groups]
    if not found:
        return "", data.codes()
    enough = [each for each in found if each[0] >= LEAST_GROUPS]
    _, name = min(enough) if enough else max(found)
    return name, data.codes(name)


def _counted(told: Predicted) -> tuple[int, int, int]:
    inside, outside = int((told.domain == INSIDE).sum()), int((told.domain == OUTSIDE).sum())
    return inside, len(told.domain) - inside - outside, outside


def _moved(card: Card, features: np.ndarray) -> Iterator[str]:
    """Yield what is said of each feature whose median has left the middle of the training."""
    ends = np.quantile(np.array(card.seen.points), [(1 - CENTRAL) / 2, (1 + CENTRAL) / 2], axis=0)
    for at, feature in enumerate(card.features):
        known = features[np.isfinite(features[:, at]), at]
        if not len(known):
            yield f"{display.name(feature.name)} is not known of any row"
            continue
        middle, span = float(np.median(known)), feature.high - feature.low
        low, high = (feature.low + span * float(end) for end in ends[:, at])
        if not low <= middle <= high:
            yield _shift(feature, middle, low, high)


def _shift(feature: Feature, middle: float, low: float, high: float) -> str:
    spec = spec_of(feature)
    return (
        f"{display.name(feature.name)}: half of the rows are beyond {spec.shown(middle)}, "
        f"{display.share(CENTRAL)} of the training between {spec.shown(low)} and {spec.shown(high)}"
    )


def _checks(
    card: Card,
    told: Predicted,
    truth: np.ndarray,
    judged: np.ndarray,
    codes: np.ndarray,
    look: int,
) -> Iterator[Check]:
    """Yield what the known outcomes tell; with fewer than four groups they prove nothing."""
    _, groups = np.unique(codes[judged], return_inverse=True)
    count = len(np.unique(groups))
    if not count:
        return
    value, known = told.value[judged], truth[judged]
    level = FALSE_PROPOSALS * 6 / (math.pi * look) ** 2
    if card.target.chance:
        yield _rate(value, known, groups, card, level)
        return
    link = card.target.link
    half = (link.to(told.high[judged]) - link.to(told.low[judged])) / 2
    errors = (link.to(known) - link.to(value)) / half
    yield _error(errors, groups, card, level / 2)
    if count >= LEAST_GROUPS:
        yield _held(errors, groups, card, level / 2)


def _rate(
    stated: np.ndarray, found: np.ndarray, groups: np.ndarray, card: Card, level: float
) -> Check:
    """Hold the rate of what came true against the mean probability, over groups.

    What matters is more than the training's own interval of its rate, and of fewer than four groups
    more than two standard errors of as many rows drawn by themselves.
    """
    chance, means = _over_groups(found - stated, groups), _means(found - stated, groups)
    off, least = float(means.mean()), 0.0
    if card.calibrated:
        least = (card.calibrated[0].high - card.calibrated[0].low) / 2
    if chance is None:
        least += 2 * math.sqrt(float((stated * (1 - stated)).mean()) / len(stated))
    said = (
        f"{display.share(float(found.mean()))} came true, "
        f"{display.share(float(stated.mean()))} were said"
    )
    return Check("rate", said, chance, level, off=bool(abs(off) > least))


def _error(errors: np.ndarray, groups: np.ndarray, card: Card, level: float) -> Check:
    """Hold the mean error, in half-widths of the intervals, against none.

    What matters is more than two standard errors of a mean of the training's groups, too, and of
    fewer than four groups those of their own mean with it.
    """
    means = _means(errors, groups)
    off = float(means.mean())
    of_one = 1 / stats.norm.ppf((1 + card.coverage) / 2)  # a group's scatter in half-widths
    chance = _over_groups(errors, groups)
    few = 1 / len(means) if chance is None else 0.0
    least = max(MATTERS, 2 * of_one * math.sqrt(1 / max(card.data.groups, 1) + few))
    said = (
        f"on average {abs(off):.2f} half-widths of an interval too {'low' if off > 0 else 'high'}"
    )
    if chance is None:
        inside = int((np.abs(errors) <= 1).sum())
        of = display.share(card.coverage)
        said += f", {inside:,} of {len(errors):,} inside of {of} intervals"
    return Check("error", said, chance, level, off=bool(abs(off) > least))


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


def _over_groups(values: np.ndarray, groups: np.ndarray) -> float | None:
    """Return the chance of so large a mean where it is none, a group an observation (t-test).

    None for fewer than four groups: their scatter says too little.
    """
    means = _means(values, groups)
    if len(means) < LEAST_GROUPS:
        return None
    error = float(means.std(ddof=1)) / math.sqrt(len(means))
    if error == 0.0:
        return 1.0 if means.mean() == 0.0 else 0.0
    return float(2 * stats.t.sf(abs(float(means.mean())) / error, len(means) - 1))


def sentences(found: Watched) -> list[str]:
    """Return what is said of it."""
    inside, near, outside = found.domain
    of = f" in {found.groups:,} {display.name(found.group)}" if found.group else ""
    head = (
        f"{found.predictor} and {found.data}: {found.rows:,} rows, {inside:,} inside its domain, "
        f"{near:,} near, {outside:,} outside; outcomes of {found.known:,}{of}."
    )
    told = [head, *(f"Moved: {text}." for text in found.moved)]
    told += [f"Strange: {text}." for text in found.strange]
    told += [_said(each, found.groups) for each in found.checks]
    if found.groups < LEAST_GROUPS:
        told.append(
            f"Whether it comes true cannot be told: that takes outcomes in {LEAST_GROUPS} groups."
        )
    return [*told, _MEND if found.strange else _ADVICE[found.verdict]]


def _said(check: Check, groups: int) -> str:
    """Return what is said of a check."""
    text = f"{check.name.capitalize()}: {check.said}"
    if check.chance is not None:
        fails = ", fails" if check.fails else ""
        text += f" (chance {check.chance:.2g} if nothing has changed{fails})"
    told = f" {groups} groups cannot tell this from chance." if check.off != check.fails else ""
    return f"{text}.{told}"


_MEND: Final = (
    "It is to be looked at: strange outcomes were left out, and tell nothing of the predictor. "
    "Mend the table, and look again."
)
_ADVICE: Final = {
    KEEP: "Nothing speaks for training anew.",
    LOOK: (
        "It is to be looked at: asked what it has hardly seen, or off in ways that so few groups "
        "cannot tell from chance. Measure more, and look again."
    ),
    RETRAIN: (
        "Training anew is proposed; nothing was changed. Join these rows to the training's data, "
        "then: linetwin surrogate train FILE --registry FOLDER. The new version takes over only "
        "if it is better on groups that both held out."
    ),
}
