"""Points at which the FMU itself is asked, so that a stand-in knows more than one run's lots.

A box around what the line showed is filled evenly (Latin hypercubes): a third of the points where
its items lie (`clouds`), a third up to half way to the box's ends, a third in all of it. Items of
another run differ from those seen as lots do: the fewer lots there were, and the more they differ,
the farther the box goes beyond. Where the FMU fails in the box, or leaves its range of validity, or
an output jumps, the box is drawn in.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import numpy as np
from scipy.stats import qmc

from linetwin.errors import ModelError
from linetwin.predictors.stand_in_terms import rescaled, unscaled
from linetwin.surrogates.standing_in.clouds import cloud_of, margin_of
from linetwin.surrogates.standing_in.table import answers_of, call_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from linetwin.contracts import Transform
    from linetwin.predictors.stand_in_card import Slot
    from linetwin.surrogates.standing_in.clouds import Cloud
    from linetwin.surrogates.standing_in.shaping import Shape
    from linetwin.surrogates.standing_in.table import Table

Scale = Literal["identity", "log", "inverse"]
LEAST_MARGIN: Final = 2.5e-3
"""Of the quantity's magnitude: what the box goes beyond at least [A]."""
TINY: Final = 1e-6
"""Of what the FMU answers of the same quantity: what an item may bring of it at least [A]."""
WIDE: Final = 4.0
"""Ratio of a range's ends from which on its logarithm and inverse are tried [A]."""
_SCAN: Final = 33
_SHRINKS: Final = (1.0, 0.5, 0.25, 0.1, 0.0)
_FLAG_VALUES: Final = 2


@dataclass(frozen=True)
class Box:
    """Ranges of the varying quantities, shape (variables,): the box, and what was seen of them.

    `cloud`: where the line's own items lie, on the variables' scales.
    """

    low: np.ndarray
    high: np.ndarray
    seen_low: np.ndarray
    seen_high: np.ndarray
    scales: tuple[Scale, ...]
    cloud: Cloud


@dataclass(frozen=True)
class Design:
    """Points, shape (points, variables), and what the FMU answers there, by place and name."""

    box: Box
    points: np.ndarray
    answers: Mapping[Slot, np.ndarray]
    drawn_in: float


def design(
    model: Transform,
    shape: Shape,
    table: Table,
    wanted: Mapping[Slot, tuple[float, float]],
    size: tuple[int, float],
) -> Design | str:
    """Return designed points with their answers, or why there is no box in which they make sense.

    `table`: recorded rows that meet the shape; `wanted`: ranges that the box is to hold;
    `size`: number of points, and share of the margins that is taken.
    """
    reason = ""
    count, most = size
    for share in _SHRINKS:
        try:
            box = _box(model, shape, table, wanted, share * most)
            points = _points(box, count)
            answers = asked(model, shape, points)
        except ModelError as error:
            reason = f"the FMU fails there: {error}"
            continue
        reason = _jump(table, answers)
        if not reason:
            return Design(box, points, answers, 1.0 - share)
    return reason


def asked(model: Transform, shape: Shape, points: np.ndarray) -> dict[Slot, np.ndarray]:
    """Return what the FMU answers at points, shape (points, variables)."""
    return answers_of(model.apply(*call_of(shape.given(points))))


def _box(
    model: Transform,
    shape: Shape,
    table: Table,
    wanted: Mapping[Slot, tuple[float, float]],
    share: float,
) -> Box:
    """Return the box; `share` of the margins is taken."""
    _, lots = np.unique(table.lots, return_inverse=True)
    values = np.array([table.given[slot] for slot in shape.varying])
    low, high = values.min(axis=1), values.max(axis=1)
    margins = _margins(table, values)
    begin, end = low.copy(), high.copy()
    for at, slot in enumerate(shape.varying):
        told = [c for s, c in table.answers.items() if s.name == slot.name]
        tiny = TINY * max((float(np.abs(c).max()) for c in told), default=0.0)
        magnitude = max(abs(low[at]), abs(high[at]))
        margin = share * max(margins[at], LEAST_MARGIN * magnitude, tiny)
        begin[at], end[at] = low[at] - margin, high[at] + margin
        if low[at] >= 0.0:  # what is never negative stays so
            begin[at] = max(begin[at], 0.5 * low[at]) if magnitude > tiny else 0.0
        if slot in wanted:
            begin[at] = min(begin[at], wanted[slot][0])
            end[at] = max(end[at], wanted[slot][1])
    scales = _scales(model, shape, np.median(values, axis=1), (begin, end))
    scaled = np.array([rescaled(own, scale) for own, scale in zip(values, scales, strict=True)])
    return Box(begin, end, low, high, scales, cloud_of(scaled, lots, share))


def _margins(table: Table, values: np.ndarray) -> np.ndarray:
    """Return how far another run's items may lie beyond those seen, shape (variables,).

    Lots of one value of a sweep differ as lots do; those of different ones differ by intent.
    """
    found = []
    for node in np.unique(table.nodes):
        own = values[:, table.nodes == node]
        _, lots = np.unique(table.lots[table.nodes == node], return_inverse=True)
        means = np.array([np.bincount(lots, each) / np.bincount(lots) for each in own])
        found.append(margin_of(own, means))
    return np.asarray(np.max(found, axis=0))


def _scales(
    model: Transform, shape: Shape, middle: np.ndarray, ends: tuple[np.ndarray, np.ndarray]
) -> tuple[Scale, ...]:
    """Return for each range the scale on which the FMU's outputs run straightest."""
    scales: list[Scale] = []
    for at in range(len(shape.varying)):
        low, high = float(ends[0][at]), float(ends[1][at])
        if low <= 0.0 or high < WIDE * low:
            scales.append("identity")
            continue
        points = np.tile(middle, (_SCAN, 1))
        points[:, at] = np.geomspace(low, high, _SCAN)
        answers = asked(model, shape, points)
        bends = {scale: _bend(rescaled(points[:, at], scale), answers) for scale in _SCALES}
        scales.append(min(_SCALES, key=bends.__getitem__))
    return tuple(scales)


_SCALES: Final[tuple[Scale, ...]] = ("identity", "log", "inverse")


def _bend(along: np.ndarray, answers: Mapping[Slot, np.ndarray]) -> float:
    """Return the mean share of the outputs' variance that a straight line leaves."""
    left = []
    for column in answers.values():
        spread = float(column.std())
        if spread > 1e-9 * float(np.abs(column).max()):
            line = np.polyval(np.polyfit(along - along.mean(), column, 1), along - along.mean())
            left.append(float(((column - line) ** 2).mean()) / spread**2)
    return float(np.mean(left)) if left else 0.0


def _points(box: Box, count: int) -> np.ndarray:
    """Return points: a third in the cloud, a third up to midway, a third in the whole box."""
    parts = []
    ends = [_scaled_ends(box, share) for share in (0.5, 1.0)]
    parts.append(box.cloud.points(count // 3, *ends[-1]))
    for part, (low, high) in enumerate(ends):
        evenly = qmc.LatinHypercube(len(low), rng=np.random.default_rng(part)).random(count // 3)
        parts.append(low + (high - low) * evenly)
    found = np.concatenate(parts)
    for at, scale in enumerate(box.scales):
        found[:, at] = unscaled(found[:, at], scale)
    return np.asarray(np.clip(found, box.low, box.high))


def _scaled_ends(box: Box, share: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the ends of a part of the box on the variables' scales, the lower one first."""
    low = box.seen_low + share * (box.low - box.seen_low)
    high = box.seen_high + share * (box.high - box.seen_high)
    ends = [
        [rescaled(np.array([edge[at]]), scale)[0] for at, scale in enumerate(box.scales)]
        for edge in (low, high)
    ]
    return np.minimum(*np.array(ends)), np.maximum(*np.array(ends))


def _jump(table: Table, answers: Mapping[Slot, np.ndarray]) -> str:
    """Return which output jumps, as flags do, or leaves the range of validity; "" where none."""
    for slot, column in answers.items():
        seen = np.unique(np.concatenate([column, table.answers[slot]]))
        if slot.name == "valid" and seen[0] < 1.0:
            return "inputs leave the range that the FMU declares"
        if len(seen) == _FLAG_VALUES and np.array_equal(seen, seen.round()):
            return f"{slot.name} jumps between {seen[0]:g} and {seen[1]:g}"
    return ""
