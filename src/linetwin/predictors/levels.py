"""What intervals promise of rows whose run, delivery or batch no training has seen.

Held-out groups tell how far a predictor is off in a group of their kind that nobody has seen. What
they share with training rows, such as the one delivery that all batches were mixed of, they cannot
tell: there intervals are of groups of that kind, held out by themselves, or nothing is promised.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from linetwin.predictors.card import Card, Level

LEAST_GROUPS: Final = 4
"""Groups of a kind below which nothing is said of a new one [A]: Student's t of 3 degrees."""
COVERAGE: Final = 0.9
"""Of intervals where a training says no other [A]."""
PROVEN, UNPROVEN, NOT_TOLD = "proven", "unproven", "not told"
EQUAL: Final = "rows with equal features"
"""What is held out together where no groups are told."""
LONGEST: Final = 200
"""Letters by which groups are told apart."""
_NAMED: Final = 3


@dataclass(frozen=True)
class Standing:
    """Where rows stand among the groups of a training, by the levels of its card.

    `unseen`, `known` of shape (rows, levels): whether a row's group is new, and whether it is told.
    """

    levels: tuple[Level, ...]
    unseen: np.ndarray
    known: np.ndarray

    @cached_property
    def words(self) -> tuple[str, ...]:
        """PROVEN, UNPROVEN or NOT_TOLD of each row's interval."""
        bare = [at for at, level in enumerate(self.levels) if not level.regions]
        found = np.full(len(self.unseen), PROVEN, dtype=object)
        found[(~self.known[:, bare]).any(axis=1)] = NOT_TOLD
        found[self.unseen[:, bare].any(axis=1)] = UNPROVEN
        return tuple(found.tolist())

    def row(self, row: int) -> Standing:
        """Return where one row stands."""
        return Standing(self.levels, self.unseen[[row]], self.known[[row]])

    def new(self, row: int) -> tuple[str, ...]:
        """Return of which kinds a row's group is new; of those without a promise alone, if any."""
        own = [level for at, level in enumerate(self.levels) if self.unseen[row, at]]
        bare = [level.column for level in own if not level.regions]
        return tuple(bare or [level.column for level in own])

    def said(self, row: int) -> str:
        """Return what is to be known of a row's interval; "" where it is as promised."""
        new = ", ".join(self.new(row))
        if self.words[row] == UNPROVEN:
            return f"{UNPROVEN} level: new {new}"
        return f"interval for a new {new}" if new else ""

    def notes(self, coverage: float) -> list[str]:
        """Return what stands above answers: how many are unproven, and what cannot be told."""
        words, share = self.words, f"{100 * coverage:g} %"
        found = []
        if UNPROVEN in words:
            kinds = self._bare(self.unseen)
            found.append(
                f"{UNPROVEN} level: {words.count(UNPROVEN):,} of {len(words):,} rows (new {kinds})."
                f" Intervals held within those of the training: here they are no {share} intervals"
            )
        if NOT_TOLD in words:
            found.append(
                f"which {self._bare(~self.known)} is {NOT_TOLD} of {words.count(NOT_TOLD):,} of"
                f" {len(words):,} rows: of a new one these are no {share} intervals"
            )
        return found

    def _bare(self, where: np.ndarray) -> str:
        """Return the kinds without a promise that any row has, as words."""
        return ", ".join(
            level.column
            for at, level in enumerate(self.levels)
            if where[:, at].any() and not level.regions
        )


def standing(card: Card, labels: Mapping[str, Sequence[str]], rows: int) -> Standing:
    """Return where rows stand; `labels`: column -> each row's group, "" where it is not told."""
    unseen = np.zeros((rows, len(card.levels)), dtype=np.bool_)
    known = np.zeros_like(unseen)
    for at, level in enumerate(card.levels):
        own = [label[:LONGEST] for label in labels.get(level.column, [""] * rows)]
        seen = {*level.seen}
        known[:, at] = [bool(label) for label in own]
        unseen[:, at] = [bool(label) and label not in seen for label in own]
    return Standing(tuple(card.levels), unseen, known)


def enough(coverage: float) -> int:
    """Return the groups from which on intervals need no assumption: 9 for 90 %."""
    return math.ceil(coverage / (1 - coverage) - 1e-9)


def promises(card: Card) -> list[str]:
    """Return for which new groups intervals hold, for which wider ones do, and for which none."""
    if card.data.group == EQUAL and not card.levels:
        return []
    new = "row with other features" if card.data.group == EQUAL else card.data.group
    found = [f"Intervals are for a new {new}: {card.data.groups:,} were held out."]
    wider = [f"{each.column} ({each.groups:,})" for each in card.levels if each.regions]
    if wider:
        found.append(
            f"Rows of a new {', '.join(wider)} have intervals of their own, these held out."
        )
    bare = [each for each in card.levels if not each.regions]
    if bare:
        kinds = ", ".join(f"{each.column} ({_named(each)})" for each in bare)
        found.append(
            f"Of a new {kinds} nothing is promised: that takes {enough(card.coverage)} of them, or"
            f" {LEAST_GROUPS} with errors taken as normal."
        )
    return found


def _named(level: Level) -> str:
    """Return how many groups of a kind were seen, and of a few which."""
    few = level.seen if level.groups <= _NAMED else []
    return f"{level.groups:,} seen{': ' * bool(few)}{', '.join(few)}"
