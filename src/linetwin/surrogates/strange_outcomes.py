"""Outcomes that cannot be what a predictor tells: beyond its target's law, or in another unit.

Or labels of which fewer or more read 1 than their stated errors leave room for.

They say nothing of the predictor: the table is to be mended first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from scipy import stats

from linetwin.results import display
from linetwin.surrogates.data.checks.scales import factors
from linetwin.surrogates.goals import spec_of
from linetwin.surrogates.watched_checks import errors_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from linetwin.predictors.card import Card
    from linetwin.predictors.evaluating import Predicted
    from linetwin.surrogates.learning.labels import Inspection
    from linetwin.surrogates.watched_checks import Outcomes

NEAR: Final = 0.2
"""Relative difference from a factor between units up to which outcomes are off by it [A]."""
FEWEST: Final = 3
"""Outcomes off by the same factor from which on it is told [A]."""
FAR: Final = 4.0
"""Mean error of a group, in half-widths of its intervals, from which it is told by name [A]."""
UNHEARD: Final = 0.001
"""Chance of labels by their stated errors alone below which the errors are other ones [A]."""


def beyond_law(card: Card, truth: np.ndarray) -> np.ndarray:
    """Tell which known outcomes the target cannot have, shape (rows,): porosity of 1.2."""
    if card.target.chance:
        return np.zeros(len(truth), dtype=np.bool_)
    return np.asarray(np.isfinite(truth) & ~card.target.link.holds(truth))


def in_other_unit(card: Card, told: Predicted, truth: np.ndarray) -> tuple[np.ndarray, str]:
    """Return which outcomes are off what was said by a unit's factor, and what is said of them.

    Those inside of their intervals are none. Shape (rows,); none and "" where they are few.
    """
    none = np.zeros(len(truth), dtype=np.bool_)
    if card.target.chance:
        return none, ""
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = truth / told.value
        outside = ~((truth >= told.low) & (truth <= told.high))
    for factor, said in factors(card.target.unit).items():
        for wanted, way in ((factor, "above"), (1 / factor, "below")):
            found = outside & (np.abs(ratio / wanted - 1) < NEAR)
            if found.sum() >= FEWEST:
                count, known = int(found.sum()), int(np.isfinite(ratio).sum())
                text = f"{count:,} of {known:,} outcomes are {way} what was said by {said}"
                return found, f"{text}, as if in another unit"
    return none, ""


def groups_apart(card: Card, told: Predicted, found: Outcomes, names: Sequence[str]) -> list[str]:
    """Return what is said of each group whose outcomes lie far off on average; none of a chance.

    One such lot among many moves no mean, and is worth a look. `names`: of each row's group.
    """
    if card.target.chance or not found.judged.any():
        return []
    rows, errors = np.flatnonzero(found.judged), errors_of(card, told, found)
    said = []
    for code in np.unique(found.codes[rows]):
        own = found.codes[rows] == code
        off = float(errors[own].mean())
        if abs(off) > FAR:
            which = names[int(rows[own][0])]
            way = "low" if off > 0 else "high"
            said.append(f"{which}: what was said is {abs(off):.3g} half-widths too {way}")
    return said


def law_words(card: Card, found: np.ndarray) -> str:
    """Return what is said of outcomes beyond the target's law; "" for none."""
    count, link = int(found.sum()), card.target.link
    if not count:
        return ""
    spec = spec_of(card.target)
    law = f"above {spec.shown(0.0)}"
    if link.kind == "logit":
        law = f"between {spec.shown(link.low)} and {spec.shown(link.high)}"
    verb = "outcome is" if count == 1 else "outcomes are"
    return f"{count:,} {verb} not {law}, as {card.target.name} has to be"


def beyond_errors(truth: np.ndarray, errs: Inspection) -> str:
    """Return what is said of labels that errors so large do not allow; "" where they may be.

    With no fault at all false alarms read 1, with nothing but faults all that are not missed.
    """
    labels = truth[np.isfinite(truth)]
    count, ones = len(labels), int((labels == 1).sum())
    least, most = errs.false_alarm, 1 - errs.miss
    read = f"{display.share(ones / count)} of {count:,} labels read 1" if count else ""
    if least > 0 and stats.binom.cdf(ones, count, least) < UNHEARD:
        return f"{read}, fewer than the {display.share(least)} of stated false alarms alone"
    if most < 1 and stats.binom.sf(ones - 1, count, most) < UNHEARD:
        return f"{read}, more than the {display.share(most)} that are stated to be found at most"
    return ""
