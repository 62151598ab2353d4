"""Why a cell is at risk: what each feature adds, from which station and lot, and what helps."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

import numpy as np

from linetwin.predictors.domain import OUTSIDE
from linetwin.surrogates.explaining import background_of, counterfactuals, shapley
from linetwin.surrogates.goals import spec_of
from linetwin.surrogates.review.risks import words_of

if TYPE_CHECKING:
    from linetwin.predictors.card import Card
    from linetwin.surrogates.explaining import Counterfactual
    from linetwin.surrogates.review.origins import Origin, Origins
    from linetwin.surrogates.review.risks import Told

NEEDED: Final = 0.9
"""Chance of no fault that a counterfactual has to reach [A]."""
_PARTS: Final = 5
_OTHERS: Final = 3
_SLIGHT: Final = 1e-9


@dataclass(frozen=True)
class Part:
    """What one feature adds to the prediction, in the target's unit, and its standard error.

    `value` and `shown` (what it adds) as people read them; `worsens`: whether it adds to the risk.
    """

    feature: str
    value: str
    adds: float
    error: float
    shown: str
    worsens: bool
    origin: Origin


@dataclass(frozen=True)
class Reason:
    """Why a predictor sees a risk at a cell: the parts that add most, and what would have helped.

    `risk` of a fault; `prediction`, and `mean` of the training points, to which all parts add;
    `settings` of machines that would have helped, and why others are not told.
    """

    target: str
    risk: float
    prediction: float
    mean: float
    parts: tuple[Part, ...]
    helps: tuple[str, ...]
    settings: tuple[str, ...] = ()
    settings_not_told: tuple[str, ...] = ()


def reason_of(told: Told, row: int, cell: str, origins: Origins) -> Reason | None:
    """Return why a cell is at risk; None where the predictor refuses it, or knows no fault."""
    values = told.features[row]
    if told.predicted.domain[row] == OUTSIDE or not np.isfinite(told.risk[row]):
        return None
    card = told.predictor.card
    domain = card.domain()

    def value(rows: np.ndarray) -> np.ndarray:
        return card.target.link.back(told.predictor.linked(rows))

    found = shapley(value, values, background_of(domain))
    towards, target = _towards_risk(told), spec_of(card.target)
    order = np.argsort(-np.abs(found.parts), kind="stable")[:_PARTS].tolist()
    order = [number for number in order if abs(found.parts[number]) > _SLIGHT]
    names = [feature.name for feature in card.features]
    from_where = origins.of(cell, [names[number] for number in order])
    parts = tuple(
        Part(
            names[number],
            spec_of(card.features[number]).shown(float(values[number])),
            float(found.parts[number]),
            float(found.errors[number]),
            target.shown_difference(float(found.parts[number])),
            towards * float(found.parts[number]) > 0,
            from_where[names[number]],
        )
        for number in order
    )
    chance = partial(told.chance_of_good, cell=row)
    others = counterfactuals(chance, values, domain.low, domain.high, NEEDED)
    good = good_of(told)
    helps = tuple(_help(card, each, good) for each in others[:_OTHERS])
    return Reason(told.target, float(told.risk[row]), found.prediction, found.mean, parts, helps)


def _towards_risk(told: Told) -> float:
    """Return 1 where more of the target is more risk, -1 where it is less."""
    if told.limited is not None:
        return -1.0 if np.isfinite(told.limited.goal.low) else 1.0
    return 1.0 if told.bad else -1.0


def good_of(told: Told) -> str:
    """Return how a target without a fault is called."""
    if told.limited is not None:
        spec, goal = spec_of(told.predictor.card.target), told.limited.goal
        ends = [f"at least {spec.shown(goal.low)}"] if np.isfinite(goal.low) else []
        ends += [f"at most {spec.shown(goal.high)}"] if np.isfinite(goal.high) else []
        return f"{told.target} {' and '.join(ends)}"
    words = words_of(told.target)
    return f"no {words}" if told.bad else words


def _help(card: Card, each: Counterfactual, good: str) -> str:
    feature = card.features[each.feature]
    value = spec_of(feature).shown(each.value)
    reaches = "" if each.reached else " (the best it can do alone)"
    name = feature.name.replace("_", " ")
    return f"{good} with probability {each.chance:.2f} had {name} been {value}{reaches}"
