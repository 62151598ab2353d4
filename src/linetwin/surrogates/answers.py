"""What is said of a prediction that was explained, and of settings that reach a goal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from linetwin.predictors.domain import WORDS
from linetwin.predictors.levels import UNPROVEN, standing
from linetwin.surrogates.explaining import (
    Counterfactual,
    Explanation,
    Sensitivity,
    background_of,
    counterfactuals,
    sensitivities,
    shapley,
)
from linetwin.surrogates.goals import Chance, Goal, heading, spec_of
from linetwin.surrogates.inverting import FRESH, Inversion, invert

if TYPE_CHECKING:
    from linetwin.predictors.card import Card
    from linetwin.predictors.evaluating import Predicted, Predictor
    from linetwin.predictors.levels import Standing

PART_HEADS: Final = ("feature", "is", "adds", "+-", "moved from", "to", "changes it by")
SETTING_HEADS: Final = ("feature", "limit", "window from", "best", "to", "limit")
NEAREST_HEADS: Final = ("feature", "limit", "nearest", "limit")
_SLIGHT: Final = 1e-9


@dataclass(frozen=True)
class Explained:
    """A row explained: its values, prediction, parts, sensitivities, and what would have helped.

    `chance` of the goal, where there is one, `needed` what is asked of it; `standing` of the row
    among the groups of the training.
    """

    card: Card
    row: np.ndarray
    standing: Standing
    predicted: Predicted
    explanation: Explanation
    sensitivities: list[Sensitivity]
    goal: Goal | None
    needed: float
    chance: float
    others: list[Counterfactual]


@dataclass(frozen=True)
class Inverted:
    """Settings that reach a goal: limits, the window, and the prediction at the best place."""

    card: Card
    goal: Goal
    needed: float
    low: np.ndarray
    high: np.ndarray
    found: Inversion
    predicted: Predicted


def explained(
    predictor: Predictor,
    row: np.ndarray,
    goal: Goal | None,
    needed: float,
    stands: Standing | None = None,
) -> Explained:
    """Explain the prediction of a row, shape (features,), against the training points.

    With a goal: what each feature alone would have had to be for it, within the trained range.
    `stands`: where the row stands among the groups of the training; None where nothing tells it.
    """
    card = predictor.card
    stands = stands or standing(card, {}, 1)
    link, domain = card.target.link, card.domain()

    def value(rows: np.ndarray) -> np.ndarray:
        return link.back(predictor.linked(rows))

    own, others = 0.0, []
    if goal is not None:
        chance = Chance(predictor, goal, stands.unseen)
        own = float(chance(row[None])[0])
        others = counterfactuals(chance, row, domain.low, domain.high, needed)
    return Explained(
        card, row, stands, predictor.predict(row[None], stands.unseen),
        shapley(value, row, background_of(domain)),
        sensitivities(value, row, domain.low, domain.high), goal, needed, own, others,
    )  # fmt: skip


def inverted(
    predictor: Predictor, goal: Goal, low: np.ndarray, high: np.ndarray, needed: float
) -> Inverted:
    """Find the settings between limits, shape (features,), that reach a goal with a chance."""
    found = invert(Chance(predictor, goal).judge, low, high, needed)
    predicted = predictor.predict(found.best[None])
    return Inverted(predictor.card, goal, needed, low, high, found, predicted)


def part_rows(found: Explained) -> list[tuple[str, ...]]:
    """Return a row for each feature, those that add most first."""
    target = spec_of(found.card.target)
    rows: list[tuple[str, ...]] = []
    order = np.argsort(-np.abs(found.explanation.parts), kind="stable")
    for number in order.tolist():
        feature = found.card.features[number]
        spec, moved = spec_of(feature), found.sensitivities[number]
        error = float(found.explanation.errors[number])
        rows.append(
            (
                feature.name,
                spec.shown(float(found.row[number])),
                target.shown_difference(float(found.explanation.parts[number])),
                target.shown_difference(error) if error > _SLIGHT else "",
                spec.shown(moved.low),
                spec.shown(moved.high),
                target.shown_difference(moved.change),
            )
        )
    return rows


def explained_sentences(found: Explained) -> list[str]:
    """Say what is predicted, where it differs from the mean, and what would have helped."""
    target, own = spec_of(found.card.target), found.explanation
    domain = WORDS[int(found.predicted.domain[0])]
    card = found.card
    value = f"{card.target.name} {_amount(card, own.prediction)}"
    low, high = (float(each[0]) for each in (found.predicted.low, found.predicted.high))
    kept = found.standing.words[0] == UNPROVEN
    what = found.standing.said(0) if kept else f"{found.card.coverage:.0%}"
    span = f" ({what}: {_amount(card, low)} to {_amount(card, high)})"
    away = own.prediction - own.mean
    said = [
        f"{value}{span if np.isfinite(low) else ', refused'}; {domain} of what was seen",
        (
            f"that is {target.shown_difference(abs(away))} {'above' if away >= 0 else 'below'} the "
            f"mean {target.shown(own.mean)} of the training points, which the parts sum to"
        ),
        *found.standing.notes(found.card.coverage),
    ]
    if found.goal is None:
        return said
    sure = sureness(found.card)
    within = ", by the interval of that probability" if found.card.target.chance else ""
    said.append(f"{goal_text(found.card, found.goal)}: {sure} {found.chance:.2f}{within}")
    for each in found.others:
        feature = found.card.features[each.feature]
        reaches = "" if each.reached else ", the best that it can do alone"
        said.append(
            f"{sure} {each.chance:.2f} had {feature.name} been "
            f"{spec_of(feature).shown(each.value)}{reaches}"
        )
    if not found.others and found.chance < found.needed:
        said.append("no feature alone would have helped")
    return said


def setting_rows(found: Inverted) -> list[tuple[str, ...]]:
    """Return a row for each feature; those that were given have no window."""
    rows: list[tuple[str, ...]] = []
    window = found.found
    for number, feature in enumerate(found.card.features):
        spec = spec_of(feature)
        best = spec.shown(float(window.best[number]))
        if found.low[number] == found.high[number]:
            rows.append((feature.name, "", "", best, "", ""))
            continue
        ends = (found.low[number], window.low[number], window.high[number], found.high[number])
        first, low, high, last = (spec.shown(float(end)) for end in ends)
        rows.append((feature.name, first, low, best, high, last))
    return rows


def nearest_rows(found: Inverted) -> list[tuple[str, ...]]:
    """Return a row for each feature at the best place found; none where nothing is predicted."""
    if not np.isfinite(found.predicted.value[0]):
        return []
    rows = setting_rows(found)
    return [(name, first, best, last) for name, first, _, best, _, last in rows]


def inverted_sentences(found: Inverted) -> list[str]:
    """Say what is reached, how surely, and where."""
    target, window = spec_of(found.card.target), found.found
    ends = (found.predicted.value, found.predicted.low, found.predicted.high)
    value, low, high = (float(each[0]) for each in ends)
    goal, sure = goal_text(found.card, found.goal), sureness(found.card)
    at_best = (
        f"{found.card.target.name} {target.shown(value)} ({found.card.coverage:.0%}: "
        f"{target.shown(low)} to {target.shown(high)})"
    )
    if not window.reached and not np.isfinite(value):
        return [
            (
                f"{goal}: not reached, for nothing is predicted within these limits: no place there"
                " is like what was seen"
            )
        ]
    if not window.reached:
        return [
            (
                f"{goal}: not reached with a {sure} of {found.needed:g} within these limits; the "
                f"best place found has {window.chance:.2g}: {at_best}"
            )
        ]
    said = [
        *standing(found.card, {}, 1).notes(found.card.coverage),
        f"{goal}: {sure} {window.chance:.2f} at the best place, {at_best}",
        (
            f"in the window at least {window.least:.2f}, {window.mean:.2f} on average, of "
            f"{FRESH:,} places never tried before; {window.share:.0%} of the limits reach "
            f"{found.needed:g}"
        ),
    ]
    if (window.low == window.high).all() and (found.low < found.high).any():
        said.append("no window around it: the next place tried does not reach it")
    return said


def explained_content(found: Explained) -> dict[str, Any]:
    """Return an explanation as JSON holds it, in canonical units."""
    own = found.explanation
    return {
        **heading(found.card),
        "prediction": own.prediction,
        "low": float(found.predicted.low[0]),
        "high": float(found.predicted.high[0]),
        "domain": WORDS[int(found.predicted.domain[0])],
        "level": found.standing.words[0],
        "new": list(found.standing.new(0)),
        "notes": found.standing.notes(found.card.coverage),
        "mean": own.mean,
        "features": [
            {
                "name": feature.name,
                "unit": feature.unit,
                "value": float(found.row[number]),
                "adds": float(own.parts[number]),
                "standard_error": float(own.errors[number]),
                "slope": found.sensitivities[number].slope,
            }
            for number, feature in enumerate(found.card.features)
        ],
        "chance": None if found.goal is None else found.chance,
        "would_have_helped": [
            {
                "feature": found.card.features[each.feature].name,
                "value": each.value,
                "chance": each.chance,
                "reached": each.reached,
            }
            for each in found.others
        ],
    }


def inverted_content(found: Inverted) -> dict[str, Any]:
    """Return settings that reach a goal as JSON holds them, in canonical units.

    No window where the goal is not reached, and no best place where nothing is predicted.
    """
    window, told = found.found, bool(np.isfinite(found.predicted.value[0]))
    chances = {"least": window.least, "mean": window.mean, "places": FRESH}
    return {
        **heading(found.card),
        "goal": {"low": found.goal.low, "high": found.goal.high},
        "notes": standing(found.card, {}, 1).notes(found.card.coverage),
        "reached": window.reached,
        "needed": found.needed,
        "chance": window.chance,
        "window_chance": chances if window.reached else None,
        "share_of_limits": window.share,
        "prediction": float(found.predicted.value[0]),
        "low": float(found.predicted.low[0]),
        "high": float(found.predicted.high[0]),
        "features": [
            {
                "name": feature.name,
                "unit": feature.unit,
                "best": float(window.best[number]) if told else None,
                "low": float(window.low[number]) if window.reached else None,
                "high": float(window.high[number]) if window.reached else None,
            }
            for number, feature in enumerate(found.card.features)
        ],
    }


def goal_text(card: Card, goal: Goal) -> str:
    """Return a goal as people read it."""
    name = card.target.name
    low, high = (_amount(card, end) for end in (goal.low, goal.high))
    name = f"a probability of {name} of" if card.target.chance else name
    if not np.isfinite(goal.low):
        return f"{name} at most {high}"
    if not np.isfinite(goal.high):
        return f"{name} at least {low}"
    return f"{name} {low} to {high}"


def sureness(card: Card) -> str:
    """Return what is told of a goal: its chance; of a goal for a probability the confidence.

    A probability is one already: how far its interval lies within the goal is no chance of a cell.
    """
    return "confidence" if card.target.chance else "chance"


def _amount(card: Card, value: float) -> str:
    if card.target.chance:
        return f"{100 * value:.4g} %"
    return spec_of(card.target).shown(value)
