"""What a regime asks of a call, and which of its items meet that.

A call is laid out as one matrix: a row for each quantity that a regime asks for, in the order
variables, conditions, ties, each with its value for every item.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from linetwin.predictors.stand_in_card import DURATION, START, Slot
from linetwin.quantities import vocabulary
from linetwin.scenario.units import display

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from linetwin.contracts import Phase
    from linetwin.predictors.stand_in_card import Condition, Regime, Tie, Variable

ALIKE: Final = 1e-9
"""Relative difference up to which two numbers are the same but for rounding."""


class Asking:
    """Looks up what a regime asks of a call, and tells which items are known."""

    def __init__(self, regime: Regime) -> None:
        """Lay down where everything stands."""
        self.regime = regime
        self._asked: list[Variable | Condition | Tie] = [
            *regime.variables,
            *regime.conditions,
            *regime.ties,
        ]
        slots = [(row, Slot(each.place, each.name)) for row, each in enumerate(self._asked)]
        self._named = [(row, *slot) for row, slot in slots if slot.name != DURATION]
        self._timed = [(row, slot.place) for row, slot in slots if slot.name == DURATION]
        self.counts = (len(regime.start), *map(len, regime.phases))
        ends = [(each.low, each.high) for each in regime.variables]
        ends += [(each.value, each.value) for each in regime.conditions]
        self.low, self.high = ends_of(ends)

    @property
    def size(self) -> int:
        """The number of quantities."""
        return len(self._asked)

    def fill(
        self, matrix: np.ndarray, start: Mapping[str, float | np.ndarray], phases: Sequence[Phase]
    ) -> None:
        """Lay out a call in a matrix of shape (size, items); KeyError where it lacks something."""
        tables = [*[phase.inputs for phase in phases], start]  # START is the last one
        for row, place, name in self._named:
            matrix[row] = tables[place][name]
        for row, place in self._timed:
            matrix[row] = phases[place].duration_s

    def known(self, matrix: np.ndarray) -> np.ndarray:
        """Tell of each item whether it meets all that is asked, shape (items,)."""
        ended = matrix[: len(self.low)]
        found = np.asarray(((ended >= self.low) & (ended <= self.high)).all(axis=0))
        for row, tie in enumerate(self.regime.ties, start=len(self.low)):
            found &= _alike(matrix[row], tie.factor * matrix[tie.variable])
        return found

    def reason(self, matrix: np.ndarray) -> str:
        """Return the first condition, tie or range that an item does not meet; "" for none."""
        variables = len(self.regime.variables)
        ended = matrix[: len(self.low)]
        bad = ~((ended >= self.low) & (ended <= self.high))
        worst = {
            int(row): float(ended[row, bad[row]][0]) for row in np.flatnonzero(bad.any(axis=1))
        }
        for row, each in enumerate(self.regime.conditions, start=variables):
            if row in worst:
                told = _told(each.name, worst[row])
                return f"{_where(each)} {told}, it was {_told(each.name, each.value)}"
        for row, tie in enumerate(self.regime.ties, start=len(self.low)):
            if not np.all(_alike(matrix[row], tie.factor * matrix[tie.variable])):
                other = self.regime.variables[tie.variable]
                return f"{_where(tie)} is not {tie.factor:.6g} times {_where(other)}"
        for row, variable in enumerate(self.regime.variables):
            if row in worst:
                name = variable.name
                range_ = f"{_told(name, variable.low)} to {_told(name, variable.high)}"
                return f"{_where(variable)} {_told(name, worst[row])}, known from {range_}"
        return ""


def items_of(start: Mapping[str, float | np.ndarray], phases: Sequence[Phase]) -> int:
    """Return the number of items: the length of the first array, 1 where all are numbers."""
    for value in start.values():
        if isinstance(value, np.ndarray) and value.ndim:
            return len(value)
    for phase in phases:
        for value in (*phase.inputs.values(), phase.duration_s):
            if isinstance(value, np.ndarray) and value.ndim:
                return len(value)
    return 1


def ends_of(ends: Sequence[tuple[float, float]]) -> tuple[np.ndarray, np.ndarray]:
    """Return lower and upper ends, a rounding error wider, each of shape (count, 1)."""
    low, high = (np.array(own, dtype=float)[:, None] for own in zip(*ends, strict=True))
    slack = ALIKE * np.maximum(np.abs(low), np.abs(high))
    return low - slack, high + slack


def inner_ends_of(variables: Sequence[Variable]) -> tuple[np.ndarray, np.ndarray]:
    """Return the ends half way from what was seen to the box, each of shape (variables, 1)."""
    return ends_of([each.midway for each in variables])


def _where(slot: Condition | Tie | Variable) -> str:
    """Return where a quantity stands in a call, as people read it."""
    at = "at the start" if slot.place == START else f"in phase {slot.place + 1}"
    return f"{slot.name} {at}"


def _alike(values: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    return np.asarray(np.abs(values - wanted) <= ALIKE * np.abs(wanted))


def _told(name: str, value: float) -> str:
    """Return a value as people read it."""
    words = vocabulary()
    name = "process_time" if name == DURATION else name
    return display(value, words[name]) if name in words else f"{value:.6g}"
