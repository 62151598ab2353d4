"""What a regime asks of a call, and whether a call gives that.

Quantities are looked up once and kept in a flat list. Which of them are arrays, and which are one
and the same array in several places, is alike in nearly all calls of a station: for each such
pattern it is laid down once what is left to look at. An array that is given in each phase is looked
at once, and numbers are compared as numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from linetwin.predictors.stand_in_card import DURATION, START, Slot
from linetwin.quantities import vocabulary
from linetwin.scenario.units import display

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from linetwin.contracts import Phase
    from linetwin.predictors.stand_in_card import Condition, Regime, Tie, Variable

Given = list["float | np.ndarray"]
ALIKE: Final = 1e-9
"""Relative difference up to which two numbers are the same but for rounding."""
_NUMBER: Final = -1


@dataclass(frozen=True)
class Pattern:
    """What is to be looked at in calls whose arrays stand in the same places.

    `rows`: which of what is given are rows of the call's matrix: variables, conditions that are
    arrays, ties; `low`, `high`: between which ends they lie, shape (rows, 1); `ties`: numbers of
    rows that are the factor times another one; `numbers`: conditions that are numbers, with their
    ends; `counted`: which array tells the number of items, None where there is none.
    """

    rows: tuple[int, ...]
    low: np.ndarray
    high: np.ndarray
    ties: tuple[tuple[int, int, float], ...]
    numbers: tuple[tuple[int, float, float], ...]
    counted: int | None


class Asking:
    """Looks up what a regime asks of a call; values are in the order of `slots`."""

    def __init__(self, regime: Regime) -> None:
        """Lay down where everything stands."""
        asked: list[Variable | Condition | Tie] = [
            *regime.variables,
            *regime.conditions,
            *regime.ties,
        ]
        told = [Slot(each.place, each.name) for each in asked]
        named = [slot for slot in told if slot.name != DURATION]
        timed = [slot for slot in told if slot.name == DURATION]
        at = {slot: number for number, slot in enumerate((*named, *timed))}
        self._named = tuple(named)
        self._timed = tuple(slot.place for slot in timed)
        self._variables = [at[slot] for slot in told[: len(regime.variables)]]
        self._box = [(at[Slot(v.place, v.name)], v) for v in regime.variables]
        self._conditions = [(at[Slot(c.place, c.name)], c) for c in regime.conditions]
        self._ties = [
            (at[Slot(t.place, t.name)], self._variables[t.variable], t) for t in regime.ties
        ]
        self._regime = regime
        self._low, self._high = ends_of([(each.low, each.high) for each in regime.variables])
        self.counts = (len(regime.start), *map(len, regime.phases))

    def given(self, start: Mapping[str, float | np.ndarray], phases: Sequence[Phase]) -> Given:
        """Return all that is asked for; KeyError where a call does not give something of it."""
        tables = [*[phase.inputs for phase in phases], start]  # START is the last one
        found = [tables[place][name] for place, name in self._named]
        found += [phases[place].duration_s for place in self._timed]
        return found

    def known(self, given: Given, pattern: Pattern, matrix: np.ndarray) -> np.ndarray:
        """Tell of each item whether it meets all that is asked, shape (items,).

        `matrix`: what the pattern's rows are, shape (rows or more, items).
        """
        asked = matrix[: len(pattern.rows)]
        found = np.asarray(((asked >= pattern.low) & (asked <= pattern.high)).all(axis=0))
        for own, base, factor in pattern.ties:
            found &= _alike(asked[own], factor * asked[base])
        return found & numbers_are_met(given, pattern)

    def reason(self, given: Given) -> str:
        """Return the first condition, tie or range that an item does not meet; "" for none."""
        for at, each in self._conditions:
            (low,), (high,) = ends_of([(each.value, each.value)])
            if (worst := _first_outside(given[at], low, high)) is not None:
                told = _told(each.name, worst)
                return f"{_where(each)} {told}, it was {_told(each.name, each.value)}"
        for at, base, tie in self._ties:
            if not np.all(_alike(given[at], tie.factor * given[base])):
                other = self._regime.variables[tie.variable]
                return f"{_where(tie)} is not {tie.factor:.6g} times {_where(other)}"
        for row, (at, variable) in enumerate(self._box):
            worst = _first_outside(given[at], self._low[row], self._high[row])
            if worst is not None:
                name = variable.name
                range_ = f"{_told(name, variable.low)} to {_told(name, variable.high)}"
                return f"{_where(variable)} {_told(name, worst)}, known from {range_}"
        return ""

    def pattern(self, key: tuple[int, ...]) -> Pattern:
        """Return what is to be looked at in calls of which `pattern_of` tells `key`."""
        rows, low, high = list(self._variables), [self._low], [self._high]
        numbers: list[tuple[int, float, float]] = []
        done: set[tuple[int, float]] = set()
        for at, each in self._conditions:
            own_low, own_high = ends_of([(each.value, each.value)])
            if key[at] == _NUMBER:
                numbers.append((at, float(own_low[0, 0]), float(own_high[0, 0])))
            elif (key[at], each.value) not in done:
                done.add((key[at], each.value))
                rows.append(at)
                low.append(own_low)
                high.append(own_high)
        ties = []
        for at, _, tie in self._ties:
            same = key[at] != _NUMBER and key[at] == key[self._variables[tie.variable]]
            if not same or tie.factor != 1.0:
                ties.append((len(rows), tie.variable, tie.factor))
                rows.append(at)
                low.append(np.full((1, 1), -np.inf))
                high.append(np.full((1, 1), np.inf))
        counted = next((at for at, kind in enumerate(key) if kind != _NUMBER), None)
        ends = np.concatenate(low), np.concatenate(high)
        return Pattern(tuple(rows), *ends, tuple(ties), tuple(numbers), counted)


def pattern_of(given: Given) -> tuple[int, ...]:
    """Return which of what is given are arrays, and which of these are one and the same."""
    seen: dict[int, int] = {}
    return tuple(
        [
            seen.setdefault(id(value), len(seen))
            if isinstance(value, np.ndarray) and value.ndim
            else _NUMBER
            for value in given
        ]
    )


def items(given: Given, pattern: Pattern) -> int:
    """Return the number of items: the length of the first array, 1 where all are numbers."""
    return 1 if pattern.counted is None else np.shape(given[pattern.counted])[0]


def numbers_are_met(given: Given, pattern: Pattern) -> bool:
    """Whether conditions that are numbers are met; all the rest is in the call's matrix."""
    return all(low <= given[at] <= high for at, low, high in pattern.numbers)


def ends_of(ends: Sequence[tuple[float, float]]) -> tuple[np.ndarray, np.ndarray]:
    """Return lower and upper ends, a rounding error wider, each of shape (count, 1)."""
    low, high = (np.array(own, dtype=float)[:, None] for own in zip(*ends, strict=True))
    slack = ALIKE * np.maximum(np.abs(low), np.abs(high))
    return low - slack, high + slack


def boxes_of(variables: Sequence[Variable]) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return the ends, of shape (variables, 1), of the box midway, and of the whole one."""
    return [
        ends_of([each.midway for each in variables]),
        ends_of([(each.low, each.high) for each in variables]),
    ]


def _where(slot: Condition | Tie | Variable) -> str:
    """Return where a quantity stands in a call, as people read it."""
    at = "at the start" if slot.place == START else f"in phase {slot.place + 1}"
    return f"{slot.name} {at}"


def _first_outside(values: float | np.ndarray, low: np.ndarray, high: np.ndarray) -> float | None:
    """Return the first of some values that does not lie between two ends; None for none."""
    found = np.atleast_1d(values)
    bad = found[~((found >= low) & (found <= high))]
    return float(bad[0]) if bad.size else None


def _alike(values: float | np.ndarray, wanted: float | np.ndarray) -> np.ndarray:
    return np.asarray(np.abs(values - wanted) <= ALIKE * np.abs(wanted))


def _told(name: str, value: float) -> str:
    """Return a value as people read it."""
    words = vocabulary()
    name = "process_time" if name == DURATION else name
    return display(value, words[name]) if name in words else f"{value:.6g}"
