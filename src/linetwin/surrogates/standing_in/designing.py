"""Points at which the FMU itself is asked, so that a stand-in knows more than one run's lots.

A box around what the line showed is filled evenly (Sobol' points, scrambled): half of them within
what was seen, half in the whole box. The fewer values a quantity took, the less is known of its
range, and the farther the box goes beyond. Where the FMU fails in the box, or leaves its range of
validity, or an output jumps, the box is drawn in.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import numpy as np
from scipy.stats import qmc

from linetwin.errors import ModelError
from linetwin.predictors.stand_in import rescaled, unscaled
from linetwin.surrogates.standing_in.table import answers_of, call_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from linetwin.contracts import Transform
    from linetwin.predictors.stand_in_card import Slot
    from linetwin.surrogates.standing_in.shaping import Shape
    from linetwin.surrogates.standing_in.table import Table

Scale = Literal["identity", "log", "inverse"]
MARGIN: Final = 1.0
"""Share of the seen range by which the box goes beyond it on either side [A]: rolls and batches of
another run differ by more than cells of one."""
FEW: Final = 6.0
"""Over the number of values seen: what is added to the margin [A]; 6 values double the range."""
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
    """Ranges of the varying quantities, shape (variables,): the box, and what was seen of them."""

    low: np.ndarray
    high: np.ndarray
    seen_low: np.ndarray
    seen_high: np.ndarray
    scales: tuple[Scale, ...]


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
    count: int,
) -> Design | str:
    """Return designed points with their answers, or why there is no box in which they make sense.

    `table`: recorded rows that meet the shape; `wanted`: ranges that the box is to hold.
    """
    reason = ""
    for share in _SHRINKS:
        box = _box(shape, table, wanted, share)
        try:
            box = _scaled(model, shape, table, box)
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
    shape: Shape, table: Table, wanted: Mapping[Slot, tuple[float, float]], share: float
) -> Box:
    """Return the box; `share` of the margins is taken."""
    rows = []
    for slot in shape.varying:
        values = table.given[slot]
        low, high = float(values.min()), float(values.max())
        magnitude = max(abs(low), abs(high))
        told = [c for s, c in table.answers.items() if s.name == slot.name]
        tiny = TINY * max((float(np.abs(c).max()) for c in told), default=0.0)
        margin = (MARGIN + FEW / len(np.unique(values))) * (high - low)
        margin = share * max(margin, LEAST_MARGIN * magnitude, tiny)
        begin, end = low - margin, high + margin
        if low >= 0.0:  # what is never negative stays so
            begin = max(begin, 0.5 * low) if magnitude > tiny else 0.0
        if slot in wanted:
            begin, end = min(begin, wanted[slot][0]), max(end, wanted[slot][1])
        rows.append((begin, end, low, high))
    begin, end, low, high = np.array(rows).T
    return Box(begin, end, low, high, ("identity",) * len(rows))


def _scaled(model: Transform, shape: Shape, table: Table, box: Box) -> Box:
    """Choose for each wide range the scale on which the FMU's outputs run straightest."""
    middle = np.array([np.median(table.given[slot]) for slot in shape.varying])
    scales: list[Scale] = []
    for at in range(len(shape.varying)):
        low, high = float(box.low[at]), float(box.high[at])
        if low <= 0.0 or high < WIDE * low:
            scales.append("identity")
            continue
        points = np.tile(middle, (_SCAN, 1))
        points[:, at] = np.geomspace(low, high, _SCAN)
        answers = asked(model, shape, points)
        scales.append(min(_SCALES, key=lambda s: _bend(rescaled(points[:, at], s), answers)))
    return Box(box.low, box.high, box.seen_low, box.seen_high, tuple(scales))


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
    """Return points: the first half within what was seen, the others in the whole box."""
    half = 1 << max(count // 2 - 1, 1).bit_length()  # Sobol' points come in powers of 2
    parts = []
    for seed, (low, high) in enumerate(((box.seen_low, box.seen_high), (box.low, box.high))):
        evenly = qmc.Sobol(len(low), rng=np.random.default_rng(seed)).random(half)
        columns = []
        for at, scale in enumerate(box.scales):
            begin, end = (rescaled(np.array([edge[at]]), scale)[0] for edge in (low, high))
            columns.append(unscaled(begin + (end - begin) * evenly[:, at], scale))
        parts.append(np.clip(np.column_stack(columns), low, high))
    return np.concatenate(parts)


def _jump(table: Table, answers: Mapping[Slot, np.ndarray]) -> str:
    """Return which output jumps, as flags do, or leaves the range of validity; "" where none."""
    for slot, column in answers.items():
        seen = np.unique(np.concatenate([column, table.answers[slot]]))
        if slot.name == "valid" and seen[0] < 1.0:
            return "inputs leave the range that the FMU declares"
        if len(seen) == _FLAG_VALUES and np.array_equal(seen, seen.round()):
            return f"{slot.name} jumps between {seen[0]:g} and {seen[1]:g}"
    return ""
