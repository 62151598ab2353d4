"""Whether a predictor still fits new data: what it is asked, its intervals, its errors.

Nothing is changed by it: where the data have moved away, training anew is proposed. A training of
few groups is off by chance, and its intervals hold a little less or more often than promised: so
much is no sign that anything has changed. The tests: `watched_checks`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from linetwin.errors import Problem, ScenarioError
from linetwin.predictors.domain import INSIDE, OUTSIDE
from linetwin.predictors.levels import LEAST_GROUPS
from linetwin.results import display
from linetwin.surrogates.data.checks.finding import listed
from linetwin.surrogates.goals import spec_of
from linetwin.surrogates.learning.labels import Inspection
from linetwin.surrogates.predicting import features_of, groups_in_training, standing_of, trained_on
from linetwin.surrogates.strange_outcomes import (
    beyond_errors,
    beyond_law,
    groups_apart,
    in_other_unit,
    law_words,
)
from linetwin.surrogates.watched_checks import TRUE_LABELS, Check, Outcomes, checks

if TYPE_CHECKING:
    from collections.abc import Iterator

    from linetwin.predictors.card import Card, Feature
    from linetwin.predictors.evaluating import Predicted, Predictor
    from linetwin.surrogates.data.dataset import Dataset

CENTRAL: Final = 0.9
"""Part of the training points within which the median of new rows is looked for [A]."""
MOST_OUTSIDE: Final = 0.05
"""Share of rows outside of the domain from which it is to be looked at [A]."""
_NAMED: Final = 3
KEEP, LOOK, RETRAIN = "keep", "look", "retrain"


@dataclass(frozen=True)
class Watched:
    """How a predictor stands with new data.

    `verdict`: KEEP, LOOK (it is asked what it has hardly seen, or off in ways that chance may do)
    or RETRAIN (what it says does not come true); `look`: the how many-th; `group`: what holds rows
    together, `groups` so many; `domain`: rows inside, near and outside; `moved`: what is said of
    each feature that has moved; `strange`: of outcomes that cannot be, and count for nothing;
    `apart`: of groups that are far off; `errs`: how the labels of a probability err, as these data
    state.
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
    apart: tuple[str, ...] = ()
    errs: Inspection = TRUE_LABELS

    @property
    def verdict(self) -> str:
        """What is to be done."""
        if self.strange:
            return LOOK
        if any(check.fails for check in self.checks):
            return RETRAIN
        off = any(check.off for check in self.checks) or bool(self.apart)
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
            "label_error": None
            if self.errs == TRUE_LABELS
            else {"missed": self.errs.miss, "false_alarm": self.errs.false_alarm},
            "domain": {"inside": inside, "near": near, "outside": outside},
            "moved": list(self.moved),
            "strange": list(self.strange),
            "groups_apart": list(self.apart),
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
    truth, errs = _truth(card, data), _errs(card, data)
    beyond = beyond_law(card, truth)
    other, unit = in_other_unit(card, told, truth)
    labels = beyond_errors(truth, errs)
    judged = np.isfinite(truth) & (told.domain != OUTSIDE) & ~beyond & ~other & (not labels)
    group, codes = _grouped(data, judged)
    outcomes = Outcomes(truth, judged, codes, errs)
    names = data.labels(group) if group else [data.row(at) for at in range(len(truth))]
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
        checks=tuple(checks(card, told, outcomes, look)),
        strange=tuple(text for text in (unit, law_words(card, beyond & ~other), labels) if text),
        apart=tuple(groups_apart(card, told, outcomes, names)),
        errs=errs,
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
    found = data.numbers(name)
    stray = np.flatnonzero(np.isfinite(found) & (found != 0) & (found != 1))
    if card.target.chance and len(stray):
        rows = listed([data.row(at) for at in stray.tolist()])
        message = f"{len(stray):,} outcomes are neither 0 nor 1: {rows}"
        raise ScenarioError([Problem(message, name, "1 for what happened, else 0", data.file)])
    return found


def _errs(card: Card, data: Dataset) -> Inspection:
    """Return how the labels of a probability err, as the dataset states; not at all else."""
    spec = data.columns.get(card.target.name)
    if spec is None or spec.label_error is None or not card.target.chance:
        return TRUE_LABELS
    return Inspection(*spec.label_error)


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
    told += [f"Apart: {text}." for text in found.apart[:_NAMED]]
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
        "It is to be looked at: asked what it has hardly seen, off in ways that so few groups "
        "cannot tell from chance, or far off in some groups. Measure more, and look again."
    ),
    RETRAIN: (
        "Training anew is proposed; nothing was changed. Join these rows to the training's data, "
        "then: linetwin surrogate train FILE --registry FOLDER. The new version takes over only "
        "if it is better on groups that both held out."
    ),
}
