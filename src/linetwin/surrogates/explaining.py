"""Why a prediction is what it is: Shapley values, sensitivities, and what would have helped.

A Shapley value is what a feature adds to the prediction of a row, on average over all orders in
which the features of the row take the place of those of other rows (the background). They sum to
the prediction less the mean prediction of the background. They tell what the model does, not what
the plant would do: features that go together share out what either may have done.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from linetwin.predictors.domain import Domain

    Evaluate = Callable[[np.ndarray], np.ndarray]
    """Rows of features, shape (rows, features) -> a number for each, shape (rows,)."""

BACKGROUND: Final = 100
"""Training points, evenly taken, against which a row is explained [A]."""
MOST_EXACT: Final = 10
"""Features up to which all subsets are looked at; of more, orders are drawn."""
_ORDERS: Final = 64
_AT_ONCE: Final = 50_000
_SEED: Final = 1
STEP: Final = 0.05
"""Part of a feature's range by which it is moved for its sensitivity."""
_PLACES: Final = 201
_WORTH: Final = 0.05
"""Gain of the chance from which on what does not reach it is told."""
_HALVINGS: Final = 40


@dataclass(frozen=True)
class Explanation:
    """What each feature adds to a prediction; `parts` and `errors` have shape (features,).

    `mean`: of the background; `parts` sum to `prediction` less `mean`; `errors`: standard error of
    each, zero where all subsets were looked at.
    """

    prediction: float
    mean: float
    parts: np.ndarray
    errors: np.ndarray


@dataclass(frozen=True)
class Sensitivity:
    """Change of the prediction from `low` to `high` of a feature, all others left as they are."""

    low: float
    high: float
    change: float

    @property
    def slope(self) -> float:
        """Change of the prediction with the feature, in units of both."""
        return self.change / (self.high - self.low) if self.high > self.low else 0.0


@dataclass(frozen=True)
class Counterfactual:
    """What one feature alone would have had to be: `value`, with the chance of the goal there.

    `reached`: whether that chance is as asked; else it is the best that the feature can do.
    """

    feature: int
    value: float
    chance: float
    reached: bool


def background_of(domain: Domain) -> np.ndarray:
    """Return the training points against which rows are explained, shape (points, features)."""
    points = domain.low + domain.points * (domain.high - domain.low)
    chosen = np.linspace(0, len(points) - 1, min(BACKGROUND, len(points))).astype(int)
    return np.asarray(points[chosen])


def shapley(evaluate: Evaluate, row: np.ndarray, background: np.ndarray) -> Explanation:
    """Return the Shapley values of a row, shape (features,), against (rows, features).

    Exact up to ten features that differ from the background; of more, 64 orders are drawn, each
    with its reverse, always the same.
    """
    prediction = float(evaluate(row[None])[0])
    base = evaluate(background)
    mean = float(base.mean())
    parts, errors = np.zeros(len(row)), np.zeros(len(row))
    moving = np.flatnonzero((background != row).any(axis=0))
    if len(moving):
        own = _subsets if len(moving) <= MOST_EXACT else _orders
        parts[moving], errors[moving] = own(evaluate, row, background, moving)
    return Explanation(prediction, mean, parts, errors)


def _subsets(
    evaluate: Evaluate, row: np.ndarray, background: np.ndarray, moving: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return exact values: weighted sums over all subsets of the features."""
    count = len(moving)
    members = (np.arange(2**count)[:, None] >> np.arange(count)) & 1 == 1
    means = _means(evaluate, row, background, moving, members)
    sizes = members.sum(axis=1)
    weights = [
        math.factorial(size) * math.factorial(count - size - 1) / math.factorial(count)
        for size in range(count)
    ]
    parts = np.empty(count)
    for number in range(count):
        without = np.flatnonzero(~members[:, number])
        steps = means[without + (1 << number)] - means[without]
        parts[number] = float((np.array(weights)[sizes[without]] * steps).sum())
    return parts, np.zeros(count)


def _orders(
    evaluate: Evaluate, row: np.ndarray, background: np.ndarray, moving: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return means over drawn orders; the steps of each sum to the whole, so their means do."""
    draws, count = np.random.default_rng(_SEED), len(moving)
    found = []
    for _ in range(_ORDERS):
        order = draws.permutation(count)
        pair = []
        for each in (order, order[::-1]):
            members = np.zeros((count + 1, count), dtype=np.bool_)
            for step, feature in enumerate(each.tolist()):
                members[step + 1 :, feature] = True
            steps = np.diff(_means(evaluate, row, background, moving, members))
            own = np.empty(count)
            own[each] = steps
            pair.append(own)
        found.append(np.mean(pair, axis=0))
    values = np.array(found)
    return values.mean(axis=0), values.std(axis=0, ddof=1) / math.sqrt(_ORDERS)


def _means(
    evaluate: Evaluate,
    row: np.ndarray,
    background: np.ndarray,
    moving: np.ndarray,
    members: np.ndarray,
) -> np.ndarray:
    """Return the mean prediction of the background with some features those of the row.

    `members` of shape (subsets, moving): which; returns (subsets,).
    """
    found = [part for block in _blocks(members, len(background))
             for part in _block_means(evaluate, row, background, moving, block)]  # fmt: skip
    return np.array(found)


def _blocks(members: np.ndarray, rows: int) -> Iterator[np.ndarray]:
    step = max(1, _AT_ONCE // rows)
    for at in range(0, len(members), step):
        yield members[at : at + step]


def _block_means(
    evaluate: Evaluate,
    row: np.ndarray,
    background: np.ndarray,
    moving: np.ndarray,
    members: np.ndarray,
) -> np.ndarray:
    mixed = np.repeat(background[None], len(members), axis=0)
    mixed[:, :, moving] = np.where(members[:, None, :], row[moving], background[None][:, :, moving])
    values = evaluate(mixed.reshape(-1, len(row)))
    return np.asarray(values.reshape(len(members), len(background)).mean(axis=1))


def sensitivities(
    evaluate: Evaluate, row: np.ndarray, low: np.ndarray, high: np.ndarray
) -> list[Sensitivity]:
    """Return how the prediction of a row changes with each feature, within its range.

    Each is moved by a twentieth of its range to either side, as far as that goes.
    """
    reach = STEP * (high - low)
    ends = np.clip([row - reach, row + reach], np.minimum(low, row), np.maximum(high, row))
    moved = np.repeat(row[None], 2 * len(row), axis=0)
    for number in range(len(row)):
        moved[2 * number : 2 * number + 2, number] = ends[:, number]
    values = evaluate(moved)
    return [
        Sensitivity(float(ends[0, n]), float(ends[1, n]), float(values[2 * n + 1] - values[2 * n]))
        for n in range(len(row))
    ]


def counterfactuals(
    chance: Evaluate, row: np.ndarray, low: np.ndarray, high: np.ndarray, needed: float
) -> list[Counterfactual]:
    """Return what each feature alone would have had to be for a chance, the nearest value.

    `chance`: of the goal at rows; `low`, `high`: between which a feature may be moved. Features
    that hardly help are left out; those that reach it come first, the smallest move of all.
    """
    own = float(chance(row[None])[0])
    found: list[Counterfactual] = []
    if own >= needed:
        return found
    for number in np.flatnonzero(high > low).tolist():
        places = np.linspace(low[number], high[number], _PLACES)
        moved = np.repeat(row[None], _PLACES, axis=0)
        moved[:, number] = places
        chances = chance(moved)
        good = np.flatnonzero(chances >= needed)
        if len(good):
            nearest = int(good[np.argmin(np.abs(places[good] - row[number]))])
            value = _edge(chance, row, number, float(places[nearest]), needed)
        else:
            value = float(places[int(np.argmax(chances))])
        at = row.copy()
        at[number] = value
        reached = float(chance(at[None])[0])
        if len(good) or reached > own + _WORTH:
            found.append(Counterfactual(number, value, reached, len(good) > 0))
    span = np.where(high > low, high - low, 1.0)
    return sorted(
        found,
        key=lambda each: (
            not each.reached,
            abs(each.value - row[each.feature]) / span[each.feature] if each.reached else 0.0,
            -each.chance,
        ),
    )


def _edge(chance: Evaluate, row: np.ndarray, number: int, good: float, needed: float) -> float:
    """Return the value between the row's own and a good one where the chance is just reached."""
    at, inside, outside = row.copy(), good, float(row[number])
    for _ in range(_HALVINGS):
        middle = (inside + outside) / 2
        at[number] = middle
        if float(chance(at[None])[0]) >= needed:
            inside = middle
        else:
            outside = middle
    return inside
