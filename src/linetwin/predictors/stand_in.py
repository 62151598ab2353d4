"""A stand-in at work: answers calls of a Transform from what an FMU was seen to answer.

A call is one matrix product: its varying quantities, standardised, their products and bends, times
the coefficients of all outputs at once. It is answered only where every condition is met and every
item lies in the box that designed points filled.
"""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from linetwin.contracts import Phase
from linetwin.errors import OutOfDomainError
from linetwin.predictors.stand_in_asking import (
    Asking,
    boxes_of,
    items,
    numbers_are_met,
    pattern_of,
)
from linetwin.predictors.stand_in_plan import Layout

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from linetwin.contracts import Columns
    from linetwin.predictors.links import Link
    from linetwin.predictors.stand_in_asking import Given
    from linetwin.predictors.stand_in_card import Regime, Weights
    from linetwin.predictors.stand_in_plan import Plan

WHERE: Final = (
    "where the line's items lie",
    "near to what the line showed",
    "in the rest of the box",
)
"""Regions of a call, in words: that of the item that lies farthest out counts."""
SMALL: Final = 4096
"""Bytes of all answers of a call up to which they share their memory: it takes less time."""


class Answer(NamedTuple):
    """What a regime makes of items: linked outputs of shape (outputs, rows), and their region.

    `linked`: learnt outputs first, then constants; `variables`: shape (variables, rows).
    """

    linked: np.ndarray
    variables: np.ndarray
    region: int


class RegimeAtWork:
    """Answers the calls of one form."""

    def __init__(self, regime: Regime, weights: Weights) -> None:
        """Take what `stand_in_store.read` has checked."""
        self.regime = regime
        self.asking = Asking(regime)
        self._layout = Layout(regime, weights)
        self._plans: dict[tuple[int, ...], Plan] = {}
        self._count = len(regime.variables)
        self._midway = boxes_of(regime.variables)[0]
        self._links = _grouped([each.link for each in regime.learnt])
        # what is cut is cut at 0
        least = [0.0 if each.bounded else -np.inf for each in regime.learnt]
        least += [-np.inf] * len(regime.constants)
        self._least = np.array(least)[:, None] if 0.0 in least else None
        self._copies = [(copied.factor, copied.variable) for copied in regime.copies]
        self._phases = [self._phase(place) for place in range(len(regime.phases))]

    def answer(self, given: Given) -> tuple[Answer | None, np.ndarray]:
        """Return what comes of a call, None where an item is not known; and which items are."""
        key = pattern_of(given)
        plan = self._plans.get(key)
        if plan is None:
            plan = self._plans[key] = self._layout.plan(self.asking.pattern(key))
        pattern = plan.pattern
        matrix = self._layout.matrix(given, plan, items(given, pattern))
        room = self._layout.made(plan, matrix)
        good = room[: len(plan.least)] >= plan.least
        met = numbers_are_met(given, pattern)
        region = 0
        if not (met and _all(good)):
            if not (met and _all(good[: plan.asked])):  # which is strict about ties
                known = self.asking.known(given, pattern, matrix[1:])
                if not known.all():
                    return None, known
            if not _all(good[plan.asked :]):
                region = 1 if _within(matrix[1 : 1 + self._count], self._midway) else 2
        linked = self._layout.outputs(plan, room)
        return Answer(linked, matrix[1 : 1 + self._count], region), good[0]

    def natural(self, linked: np.ndarray) -> np.ndarray:
        """Return what stands for numbers on the outputs' scales, shape (outputs, rows)."""
        found = linked
        if self._links:
            found = linked.copy()
            for link, chosen in self._links:
                found[chosen] = link.back(linked[chosen])
        return found if self._least is None else np.maximum(found, self._least)

    def columns(self, answer: Answer) -> list[Columns]:
        """Return what a Transform returns: a table of outputs for each phase."""
        natural = self.natural(answer.linked)
        # a lot keeps few of them for long: in larger calls each has memory of its own
        found = [*natural] if natural.nbytes <= SMALL else [row.copy() for row in natural]
        found += [factor * answer.variables[variable] for factor, variable in self._copies]
        return [dict(zip(names, pick(found), strict=True)) for names, pick in self._phases]

    def _phase(self, place: int) -> tuple[tuple[str, ...], Callable[[list[np.ndarray]], Any]]:
        """Return the names of a phase's outputs, and what picks them out of all."""
        own = [(at, each) for at, each in enumerate(self.regime.outputs) if each.phase == place]
        names = tuple(each.name for _, each in own)
        if len(own) > 1:
            return names, itemgetter(*[at for at, _ in own])
        return names, lambda found: [found[at] for at, _ in own]


class Part(NamedTuple):
    """What a regime answers of a call: for the items of `rows`, all of them where it is None."""

    regime: RegimeAtWork
    answer: Answer
    rows: np.ndarray | None = None

    def columns(self) -> list[Columns]:
        """Return the outputs of these items for each phase."""
        return self.regime.columns(self.answer)


class Answered(NamedTuple):
    """A call's parts; `left`: items that no regime knows, None for none, and why not."""

    parts: list[Part]
    left: np.ndarray | None = None
    reason: str = ""


class StandIn:
    """Fulfils `contracts.Transform` with the regimes of a station's process."""

    def __init__(self, regimes: Sequence[RegimeAtWork]) -> None:
        """Take the regimes, the likeliest first."""
        self._forms: dict[tuple[int, ...], list[RegimeAtWork]] = {}
        for each in regimes:
            self._forms.setdefault(each.asking.counts, []).append(each)

    def apply(
        self, start: Mapping[str, float | np.ndarray], phases: Sequence[Phase]
    ) -> list[Columns]:
        """Take items through phases; OutOfDomainError, with the reason, where none was seen."""
        if not phases:
            return []
        found = self.answered(start, phases)
        if found.left is not None:
            raise OutOfDomainError(found.reason)
        return joined([(part.rows, part.columns()) for part in found.parts])

    def answered(
        self, start: Mapping[str, float | np.ndarray], phases: Sequence[Phase]
    ) -> Answered:
        """Return who answers a call: one regime for all items, else several, each for its own.

        OutOfDomainError where no call of this form was seen.
        """
        refused: list[tuple[RegimeAtWork, Given, np.ndarray]] = []
        for each in self._forms.get((len(start), *[len(phase.inputs) for phase in phases]), ()):
            try:
                given = each.asking.given(start, phases)
            except KeyError:  # as many quantities, but others
                continue
            answer, known = each.answer(given)
            if answer is not None:
                return Answered([Part(each, answer)])
            refused.append((each, given, known))
        if not refused:
            raise OutOfDomainError("no call that gives these quantities was seen")
        return _parts(refused)


def _parts(refused: Sequence[tuple[RegimeAtWork, Given, np.ndarray]]) -> Answered:
    """Return a call's parts: each item is answered by the first regime that knows it."""
    left = np.ones(len(refused[0][2]), dtype=bool)
    parts = []
    for regime, given, known in refused:
        own = left & known
        if own.any():
            answer, _ = regime.answer(_some(given, own))
            assert answer is not None  # noqa: S101 - it knows each of them
            parts.append(Part(regime, answer, own))
            left &= ~own
    if not left.any():
        return Answered(parts)
    regime, given, _ = refused[0]
    return Answered(parts, left, regime.asking.reason(_some(given, left)))


def _some(given: Given, rows: np.ndarray) -> Given:
    """Return what is given of some items; what is one and the same array stays so."""
    cut: dict[int, np.ndarray] = {}
    found: Given = []
    for value in given:
        if isinstance(value, np.ndarray) and value.ndim:
            if id(value) not in cut:
                cut[id(value)] = value[rows]
            found.append(cut[id(value)])
        else:
            found.append(value)
    return found


def some_of(
    start: Mapping[str, float | np.ndarray], phases: Sequence[Phase], rows: np.ndarray
) -> tuple[dict[str, float | np.ndarray], list[Phase]]:
    """Return a call with some of its items only, `rows` of shape (items,)."""
    values = _some([*start.values()], rows)
    return dict(zip(start, values, strict=True)), [
        Phase(
            dict(zip(phase.inputs, _some([*phase.inputs.values()], rows), strict=True)),
            _some([phase.duration_s], rows)[0],
        )
        for phase in phases
    ]


def joined(parts: Sequence[tuple[np.ndarray | None, list[Columns]]]) -> list[Columns]:
    """Return the outputs of all items of a call, for each phase.

    `parts`: which rows, all where it is None, and what comes of them.
    """
    rows, answer = parts[0]
    if rows is None:
        return answer
    results: list[Columns] = []
    for phase, first in enumerate(answer):
        columns = {name: np.empty(len(rows)) for name in first}
        for own, other in parts:
            for name, column in columns.items():
                column[own] = other[phase][name]
        results.append(columns)
    return results


def _all(found: np.ndarray) -> bool:
    """Whether all is true; counting takes a fifth of the time of `all`."""
    return bool(np.count_nonzero(found) == found.size)


def _within(matrix: np.ndarray, ends: tuple[np.ndarray, np.ndarray]) -> bool:
    inside = matrix >= ends[0]
    inside &= matrix <= ends[1]
    return _all(inside)


def _grouped(links: Sequence[Link]) -> list[tuple[Link, slice | np.ndarray]]:
    """Return each scale that is not the quantity's own, with the outputs that have it."""
    found: dict[str, tuple[Link, list[int]]] = {}
    for at, link in enumerate(links):
        if link.kind != "identity":
            found.setdefault(link.model_dump_json(), (link, []))[1].append(at)
    return [(link, _together(chosen)) for link, chosen in found.values()]


def _together(chosen: list[int]) -> slice | np.ndarray:
    """Return some numbers of rows, as a slice where they follow each other: it takes no copy."""
    if chosen[-1] - chosen[0] == len(chosen) - 1:
        return slice(chosen[0], chosen[-1] + 1)
    return np.array(chosen)
