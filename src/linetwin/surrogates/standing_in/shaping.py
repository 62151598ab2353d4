"""What of a form's quantities is a condition, what is tied to another one, and what varies.

A value, or a ratio, that nearly all items share is what the line does by rule; the few others (a
web that stood still, a cell with a soft short) are left to the FMU.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from linetwin.predictors.stand_in_asking import ALIKE
from linetwin.predictors.stand_in_card import Condition, Slot, Tie

if TYPE_CHECKING:
    from linetwin.surrogates.standing_in.table import Table

RULE: Final = 0.9
"""Share of the items from which on a value, or a ratio, is a rule of the line [A]."""
ALWAYS: Final = 1.0
"""The same where only what never varies is a condition."""


@dataclass(frozen=True)
class Shape:
    """How a form's calls are met; `varying`: slots in order; `kept`: rows that meet all of it."""

    conditions: tuple[Condition, ...]
    ties: tuple[Tie, ...]
    varying: tuple[Slot, ...]
    kept: np.ndarray

    def given(self, values: np.ndarray) -> dict[Slot, np.ndarray]:
        """Return all that a call gives, for varying values of shape (rows, variables)."""
        found = {slot: values[:, at].copy() for at, slot in enumerate(self.varying)}
        for each in self.conditions:
            found[Slot(each.place, each.name)] = np.full(len(values), each.value)
        for tie in self.ties:
            found[Slot(tie.place, tie.name)] = tie.factor * values[:, tie.variable]
        return found


def shape_of(table: Table, rule: float) -> Shape:
    """Return conditions, ties and varying quantities of a table of calls.

    `rule`: share of the items that have to share a value for it to be a condition.
    """
    kept = np.ones(len(table), dtype=bool)
    conditions, varied = [], []
    for slot, column in table.given.items():
        value, share = _commonest(column)
        if share >= rule:
            conditions.append(Condition(place=slot.place, name=slot.name, value=value))
            kept &= alike(column, value)
        else:
            varied.append(slot)
    ties: list[Tie] = []
    varying: list[Slot] = []
    for slot in varied:
        own = table.given[slot]
        for at, other in enumerate(varying):
            factor = _ratio(own, table.given[other])
            if factor is not None:
                ties.append(Tie(place=slot.place, name=slot.name, variable=at, factor=factor))
                kept &= alike(own, factor * table.given[other])
                break
        else:
            varying.append(slot)
    return _settled(table, Shape(tuple(conditions), tuple(ties), tuple(varying), kept))


def _settled(table: Table, shape: Shape) -> Shape:
    """Make a condition of what no longer varies among the rows that are kept."""
    steady = {
        at: float(column[0])
        for at, slot in enumerate(shape.varying)
        if len(column := table.given[slot][shape.kept]) and alike(column, column[0]).all()
    }
    if not steady:
        return shape
    left = [at for at in range(len(shape.varying)) if at not in steady]
    conditions = [
        *shape.conditions,
        *(
            Condition(place=slot.place, name=slot.name, value=steady[at])
            for at, slot in enumerate(shape.varying)
            if at in steady
        ),
    ]
    ties = []
    for tie in shape.ties:
        if tie.variable in steady:
            value = tie.factor * steady[tie.variable]
            conditions.append(Condition(place=tie.place, name=tie.name, value=value))
        else:
            ties.append(tie.model_copy(update={"variable": left.index(tie.variable)}))
    varying = tuple(shape.varying[at] for at in left)
    return Shape(tuple(conditions), tuple(ties), varying, shape.kept)


def alike(column: np.ndarray, value: float | np.ndarray) -> np.ndarray:
    """Tell which values are the same but for rounding."""
    return np.asarray(np.abs(column - value) <= ALIKE * np.abs(value))


def _commonest(column: np.ndarray) -> tuple[float, float]:
    """Return the commonest value, and the share of rows that have it."""
    values, counts = np.unique(column, return_counts=True)
    value = float(values[counts.argmax()])
    return value, float(alike(column, value).mean())


def _ratio(own: np.ndarray, other: np.ndarray) -> float | None:
    """Return the factor between two columns where nearly all rows share it."""
    usable = other != 0.0
    if not usable.any():
        return None
    ratio = own[usable] / other[usable]
    factor = float(np.median(ratio))
    if factor == 0.0 or (alike(own, factor * other)).mean() < RULE:
        return None
    return factor
