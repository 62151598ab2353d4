"""A stand-in at work: answers calls of a Transform from what an FMU was seen to answer.

Outputs are sums of terms of a call's varying quantities: see `stand_in_terms`. A call is answered
only where every condition is met and every item lies in the box that designed points filled.
"""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from linetwin.contracts import Phase
from linetwin.cosim.kernel.library import kernel
from linetwin.errors import OutOfDomainError
from linetwin.predictors.stand_in_asking import Asking, items_of
from linetwin.predictors.stand_in_compiled import Compiled
from linetwin.predictors.stand_in_limits import WHERE, Limits
from linetwin.predictors.stand_in_reference import Reference
from linetwin.results.fidelity import TOO_WIDE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from linetwin.contracts import Columns
    from linetwin.predictors.stand_in_card import Regime, Weights
    from linetwin.predictors.stand_in_reference import Answer

SMALL: Final = 4096
"""Bytes of all answers of a call up to which they share their memory: it takes less time."""


class RegimeAtWork:
    """Answers the calls of one form, by the kernel where there is one."""

    def __init__(
        self, regime: Regime, weights: Weights, widest: Mapping[str, float] | None = None
    ) -> None:
        """Take what `stand_in_store.read` has checked; `widest`: as `Limits.of` has it."""
        self.regime = regime
        self.asking = Asking(regime)
        limits = Limits.of(regime.learnt, widest)
        library = kernel().kernel
        self._engine = (
            Reference(self.asking, weights, limits)
            if library is None
            else Compiled(library.library, self.asking, weights, limits)
        )
        self._phases = [self._phase(place) for place in range(len(regime.phases))]

    def given(
        self, start: Mapping[str, float | np.ndarray], phases: Sequence[Phase], items: int
    ) -> np.ndarray:
        """Return a call laid out, shape (asked, items); KeyError where it lacks something.

        The next call may fill it anew.
        """
        matrix = self._engine.matrix(items)
        self.asking.fill(matrix, start, phases)
        return matrix

    def answer(self, given: np.ndarray) -> Answer | None:
        """Return what comes of a call, None where an item is not known."""
        return self._engine.answer(given)

    def too_wide(self, answer: Answer) -> str:
        """Return which output is told too widely for some item; "" for none."""
        learnt = self.regime.learnt
        if answer.wide == len(learnt):
            return ""
        return f"{TOO_WIDE}{learnt[answer.wide].name} is too wide {WHERE[answer.region]}"

    def columns(self, answer: Answer) -> list[Columns]:
        """Return what a Transform returns: a table of outputs for each phase."""
        made = answer.made
        # a lot keeps few of them for long: in larger calls each has memory of its own
        found = [*made] if made.nbytes <= SMALL else [row.copy() for row in made]
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

    @property
    def too_wide(self) -> str:
        """Which output is told too widely for some item; "" for none."""
        return self.regime.too_wide(self.answer)

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
        refused: list[tuple[RegimeAtWork, np.ndarray]] = []
        items = items_of(start, phases)
        for each in self._forms.get((len(start), *[len(phase.inputs) for phase in phases]), ()):
            try:
                given = each.given(start, phases, items)
            except KeyError:  # as many quantities, but others
                continue
            answer = each.answer(given)
            if answer is not None:
                return Answered([Part(each, answer)])
            refused.append((each, given))
        if not refused:
            raise OutOfDomainError("no call that gives these quantities was seen")
        return _parts(refused)


def _parts(refused: Sequence[tuple[RegimeAtWork, np.ndarray]]) -> Answered:
    """Return a call's parts: each item is answered by the first regime that knows it."""
    first, whole = refused[0]
    left = np.ones(whole.shape[1], dtype=bool)
    whole = whole.copy()  # an answer to a part is made where it lies
    parts = []
    for regime, given in refused:
        own = left & regime.asking.known(given)
        if own.any():
            answer = regime.answer(given[:, own])
            assert answer is not None  # noqa: S101 - it knows each of them
            parts.append(Part(regime, answer, own))
            left &= ~own
    if not left.any():
        return Answered(parts)
    return Answered(parts, left, first.asking.reason(whole[:, left]))


def some_of(
    start: Mapping[str, float | np.ndarray], phases: Sequence[Phase], rows: np.ndarray
) -> tuple[dict[str, float | np.ndarray], list[Phase]]:
    """Return a call with some of its items only, `rows` of shape (items,)."""

    def some(value: float | np.ndarray) -> float | np.ndarray:
        return value[rows] if isinstance(value, np.ndarray) and value.ndim else value

    return {name: some(value) for name, value in start.items()}, [
        Phase({name: some(value) for name, value in phase.inputs.items()}, some(phase.duration_s))
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
