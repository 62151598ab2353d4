"""Calls of one form as a table: a row an item, a column a quantity at one place of a call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from linetwin.contracts import Phase
from linetwin.predictors.stand_in_card import DURATION, START, Slot

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from linetwin.contracts import Columns
    from linetwin.surrogates.standing_in.recording import Call


@dataclass(frozen=True)
class Table:
    """`given` and `answers`: columns of shape (rows,) by place and name; `lots`: of each row.

    `nodes`: which value of a sweep each row was recorded at.
    """

    given: Mapping[Slot, np.ndarray]
    answers: Mapping[Slot, np.ndarray]
    lots: np.ndarray
    nodes: np.ndarray

    def __len__(self) -> int:
        return len(self.lots)

    def phases(self) -> list[int]:
        """Return the phases that answers are of."""
        return sorted({slot.place for slot in self.answers})

    def some(self, rows: np.ndarray) -> Table:
        """Return some rows, by a mask or by number."""
        return Table(
            {slot: column[rows] for slot, column in self.given.items()},
            {slot: column[rows] for slot, column in self.answers.items()},
            self.lots[rows],
            self.nodes[rows],
        )


def table_of(calls: Sequence[Call]) -> Table:
    """Return the table of calls that share their form."""
    given: dict[Slot, list[np.ndarray]] = {}
    answers: dict[Slot, list[np.ndarray]] = {}
    for call in calls:
        for slot, value in slots_of(call.start, call.phases).items():
            given.setdefault(slot, []).append(np.broadcast_to(value, call.items))
        for slot, column in answers_of(call.results).items():
            answers.setdefault(slot, []).append(column)
    return Table(
        {slot: np.concatenate(parts) for slot, parts in given.items()},
        {slot: np.concatenate(parts) for slot, parts in answers.items()},
        np.concatenate([np.full(call.items, call.lot) for call in calls]),
        np.concatenate([np.full(call.items, call.node) for call in calls]),
    )


def slots_of(
    start: Mapping[str, float | np.ndarray], phases: Sequence[Phase]
) -> dict[Slot, float | np.ndarray]:
    """Return what a call gives, by place and name."""
    found: dict[Slot, float | np.ndarray] = {Slot(START, n): v for n, v in start.items()}
    for place, phase in enumerate(phases):
        found |= {Slot(place, name): value for name, value in phase.inputs.items()}
        found[Slot(place, DURATION)] = phase.duration_s
    return found


def answers_of(results: Sequence[Columns]) -> dict[Slot, np.ndarray]:
    """Return what a call answers, by phase and name."""
    return {
        Slot(place, name): column
        for place, result in enumerate(results)
        for name, column in result.items()
    }


def call_of(given: Mapping[Slot, np.ndarray]) -> tuple[dict[str, float | np.ndarray], list[Phase]]:
    """Return start and phases of a call that gives these columns."""
    start: dict[str, float | np.ndarray] = {
        slot.name: column for slot, column in given.items() if slot.place == START
    }
    places = sorted({slot.place for slot in given} - {START})
    phases = [
        Phase(
            {s.name: c for s, c in given.items() if s.place == place and s.name != DURATION},
            given[Slot(place, DURATION)],
        )
        for place in places
    ]
    return start, phases
