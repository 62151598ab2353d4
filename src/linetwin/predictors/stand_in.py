"""A stand-in at work: answers calls of a Transform from what an FMU was seen to answer.

A call is one matrix product: its varying quantities, standardised, their products and bends, times
the coefficients of all outputs at once. It is answered only where every condition is met and every
item lies in the box that designed points filled.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from linetwin.errors import OutOfDomainError
from linetwin.predictors.stand_in_card import DURATION, START
from linetwin.quantities import vocabulary
from linetwin.scenario.units import display

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from linetwin.contracts import Columns, Phase
    from linetwin.predictors.links import Link
    from linetwin.predictors.stand_in_card import Regime, Variable, Weights

ALIKE: Final = 1e-9
"""Relative difference up to which two numbers are the same but for rounding."""
WHERE: Final = (
    "where the line's items lie",
    "near to what the line showed",
    "in the rest of the box",
)
"""Regions of a call, in words: that of the item that lies farthest out counts."""


class Given:
    """What a call gives, by place and name."""

    __slots__ = ("_durations", "_inputs", "_start")

    def __init__(self, start: Mapping[str, float | np.ndarray], phases: Sequence[Phase]) -> None:
        """Take what `contracts.Transform.apply` takes."""
        self._start = start
        self._inputs = [phase.inputs for phase in phases]
        self._durations = [phase.duration_s for phase in phases]

    def at(self, place: int, name: str) -> float | np.ndarray:
        """Return one quantity."""
        if place == START:
            return self._start[name]
        return self._durations[place] if name == DURATION else self._inputs[place][name]

    def items(self) -> int:
        """Return the number of items: the length of the first array, 1 where all are scalars."""
        for values in (self._start, *self._inputs):
            for value in values.values():
                if isinstance(value, np.ndarray) and value.ndim:
                    return len(value)
        return max(
            (len(d) for d in self._durations if isinstance(d, np.ndarray) and d.ndim), default=1
        )


@dataclass(frozen=True)
class Answer:
    """What a regime makes of a call: linked outputs of shape (outputs, rows), and its region."""

    linked: np.ndarray
    variables: np.ndarray
    region: int


class RegimeAtWork:
    """Answers the calls of one form."""

    def __init__(self, regime: Regime, weights: Weights) -> None:
        """Take what `stand_in_store.read` has checked."""
        self.regime = regime
        self._midway, self._box = boxes_of(regime.variables)
        self._axes = np.array(weights.axes)
        self._cloud = np.array(weights.low)[:, None], np.array(weights.high)[:, None]
        self._scaled = [
            (at, v.scale) for at, v in enumerate(regime.variables) if v.scale != "identity"
        ]
        self._bases = Bases(weights)
        self._coefficients = np.array(weights.coefficients, dtype=float).reshape(
            len(regime.learnt), self._bases.terms
        )
        self._links = _grouped([each.link for each in regime.learnt])
        # what is cut is cut at 0; an index that is a slice takes no copy
        cut = [at for at, each in enumerate(regime.learnt) if each.bounded]
        self._cut: slice | np.ndarray | None = np.array(cut) if cut else None
        if len(cut) == len(regime.learnt):
            self._cut = slice(None)
        self._conditions = [(c.place, c.name, c.value) for c in regime.conditions]
        self._places = [(v.place, v.name) for v in regime.variables]
        self._ties = [(t.place, t.name, t.factor, *self._places[t.variable]) for t in regime.ties]
        self._outputs = [(each.phase, each.name) for each in regime.learnt]
        self._constants = [(each.phase, each.name, each.value) for each in regime.constants]

    def refusal(self, given: Given) -> str:
        """Return which condition or tie a call does not meet; "" where it meets all."""
        for place, name, wanted in self._conditions:
            value = given.at(place, name)
            if not _same(value, wanted):
                told = _told(name, _first_other(value, wanted))
                return f"{_where(place, name)} {told}, it was {_told(name, wanted)}"
        for place, name, factor, other, base_name in self._ties:
            value, base = given.at(place, name), given.at(other, base_name)
            if value is base and factor == 1.0:
                continue
            expected = factor * base
            if not np.all(np.abs(value - expected) <= ALIKE * np.abs(expected)):
                there = _where(other, base_name)
                return f"{_where(place, name)} is not {factor:.6g} times {there}"
        return ""

    def matrix(self, given: Given, rows: int) -> np.ndarray:
        """Return the varying quantities of a call, shape (variables, rows)."""
        found = np.empty((len(self._places), rows))
        for at, (place, name) in enumerate(self._places):
            found[at] = given.at(place, name)
        return found

    def outside(self, matrix: np.ndarray) -> str:
        """Return the first variable of which an item lies outside the box; "" where none does."""
        low, high = self._box
        good = (matrix >= low) & (matrix <= high)
        if good.all():
            return ""
        at = int(np.flatnonzero(~good.all(axis=1))[0])
        each = self.regime.variables[at]
        worst = matrix[at][~good[at]][0]
        range_ = f"{_told(each.name, each.low)} to {_told(each.name, each.high)}"
        return f"{_where(each.place, each.name)} {_told(each.name, worst)}, known from {range_}"

    def compute(self, matrix: np.ndarray) -> Answer:
        """Return the outputs on their scales, of items inside the box."""
        scaled = matrix
        if self._scaled:
            scaled = matrix.copy()
            for at, scale in self._scaled:
                scaled[at] = rescaled(matrix[at], scale)
        region = 0
        if not _within(self._axes @ scaled, self._cloud):
            region = 1 if _within(matrix, self._midway) else 2
        return Answer(self._coefficients @ self._bases(scaled), matrix, region)

    def natural(self, linked: np.ndarray) -> np.ndarray:
        """Return what stands for numbers on the outputs' scales, shape (outputs, rows)."""
        found = linked
        if self._links:
            found = linked.copy()
            for link, chosen in self._links:
                found[chosen] = link.back(linked[chosen])
        if self._cut is not None:
            found[self._cut] = np.maximum(found[self._cut], 0.0)
        return found

    def columns(self, answer: Answer) -> list[Columns]:
        """Return what a Transform returns: a table of outputs for each phase."""
        rows = answer.variables.shape[1]
        results: list[Columns] = [{} for _ in self.regime.phases]
        natural = self.natural(answer.linked)
        for (phase, name), values in zip(self._outputs, natural, strict=True):
            results[phase][name] = values.copy()  # a lot keeps few of them for long
        for phase, name, value in self._constants:
            constant = results[phase][name] = np.empty(rows)
            constant.fill(value)
        for copied in self.regime.copies:
            values = copied.factor * answer.variables[copied.variable]
            results[copied.phase][copied.name] = values
        return results


def boxes_of(variables: Sequence[Variable]) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return the ends, of shape (variables, 1), of the box midway, and of the whole one."""
    found = []
    for ends in (
        [each.midway for each in variables],
        [(each.low, each.high) for each in variables],
    ):
        low, high = (np.array(own)[:, None] for own in zip(*ends, strict=True))
        slack = ALIKE * np.maximum(np.abs(low), np.abs(high))
        found.append((low - slack, high + slack))
    return found


class Bases:
    """The terms of which outputs are sums: 1, variables, their products, bends."""

    def __init__(self, weights: Weights) -> None:
        """Take a regime's numbers."""
        self._centres = np.array(weights.centres)[:, None]
        self._factors = 1.0 / np.array(weights.spreads)[:, None]
        count = len(weights.centres)
        self._pairs = np.triu_indices(count) if weights.quadratic else None
        self._hidden = np.array(weights.hidden, dtype=float).reshape(-1, count)
        self._offsets = np.array(weights.offsets)[:, None]
        products = count * (count + 1) // 2 if weights.quadratic else 0
        self.terms = 1 + count + products + len(self._hidden)
        self._count = count

    def __call__(self, matrix: np.ndarray) -> np.ndarray:
        """Return the terms of variables of shape (variables, rows); shape (terms, rows)."""
        found = np.empty((self.terms, matrix.shape[1]))
        found[0] = 1.0
        own = found[1 : 1 + self._count]
        np.subtract(matrix, self._centres, out=own)
        own *= self._factors
        begin = 1 + self._count
        if self._pairs is not None:
            first, second = self._pairs
            end = begin + len(first)
            np.multiply(own[first], own[second], out=found[begin:end])
            begin = end
        if len(self._hidden):
            np.tanh(self._hidden @ own + self._offsets, out=found[begin:])
        return found


class StandIn:
    """Fulfils `contracts.Transform` with the regimes of a station's process."""

    def __init__(self, regimes: Sequence[RegimeAtWork]) -> None:
        """Take the regimes, the likeliest first."""
        self._forms: dict[tuple[object, ...], list[RegimeAtWork]] = {}
        for each in regimes:
            self._forms.setdefault(_form(each.regime.start, each.regime.phases), []).append(each)

    def apply(
        self, start: Mapping[str, float | np.ndarray], phases: Sequence[Phase]
    ) -> list[Columns]:
        """Take items through phases; OutOfDomainError, with the reason, where none was seen."""
        if not phases:
            return []
        regime, answer = self.answered(start, phases)
        return regime.columns(answer)

    def answered(
        self, start: Mapping[str, float | np.ndarray], phases: Sequence[Phase]
    ) -> tuple[RegimeAtWork, Answer]:
        """Return the regime that answers a call, and its answer; OutOfDomainError for none."""
        chosen = self._forms.get(_form(start, [phase.inputs for phase in phases]), [])
        if not chosen:
            raise OutOfDomainError("no call that gives these quantities was seen")
        given = Given(start, phases)
        rows = given.items()
        reason = ""
        for each in chosen:
            own = each.refusal(given)
            if not own:
                matrix = each.matrix(given, rows)
                own = each.outside(matrix)
                if not own:
                    return each, each.compute(matrix)
            reason = reason or own
        raise OutOfDomainError(reason)


def rescaled(values: np.ndarray, scale: str) -> np.ndarray:
    """Return values on a variable's scale."""
    if scale == "log":
        return np.asarray(np.log(values))
    return 1.0 / values if scale == "inverse" else values


def unscaled(values: np.ndarray, scale: str) -> np.ndarray:
    """Return what stands for numbers on a variable's scale."""
    if scale == "log":
        return np.asarray(np.exp(values))
    return 1.0 / values if scale == "inverse" else values


def _form(
    start: Mapping[str, object] | Sequence[str],
    phases: Sequence[Mapping[str, object] | Sequence[str]],
) -> tuple[object, ...]:
    return frozenset(start), *map(frozenset, phases)


def _within(matrix: np.ndarray, ends: tuple[np.ndarray, np.ndarray]) -> bool:
    return bool(((matrix >= ends[0]) & (matrix <= ends[1])).all())


def _same(value: float | np.ndarray, wanted: float) -> bool:
    slack = ALIKE * abs(wanted)
    if isinstance(value, np.ndarray):
        return bool((np.abs(value - wanted) <= slack).all())
    return abs(value - wanted) <= slack


def _first_other(value: float | np.ndarray, wanted: float) -> float:
    values = np.atleast_1d(np.asarray(value, dtype=float))
    return float(values[~(np.abs(values - wanted) <= ALIKE * abs(wanted))][0])


def _grouped(links: Sequence[Link]) -> list[tuple[Link, np.ndarray]]:
    """Return each scale that is not the quantity's own, with the outputs that have it."""
    found: dict[str, tuple[Link, list[int]]] = {}
    for at, link in enumerate(links):
        if link.kind != "identity":
            found.setdefault(link.model_dump_json(), (link, []))[1].append(at)
    return [(link, np.array(chosen)) for link, chosen in found.values()]


def _where(place: int, name: str) -> str:
    return f"{name} at the start" if place == START else f"{name} in phase {place + 1}"


def _told(name: str, value: float) -> str:
    """Return a value as people read it."""
    words = vocabulary()
    name = "process_time" if name == DURATION else name
    return display(value, words[name]) if name in words else f"{value:.6g}"
