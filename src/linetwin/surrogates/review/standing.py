"""What became of the cells of a run, folded from its log, and which steps are left to each.

One place knows what excludes what: decisions, draws and dispositions are checked here before they
are written (`steps`), and read from here by page, report and training.

| step | refused of a cell that |
|---|---|
| let through (decide A or B) | was scrapped: by the line, on a prediction or with a lot |
| kept (any disposition but scrap) | was scrapped, or a person decided to be scrap |
| drawn into quarantine | was drawn for, let through, kept or scrapped with a lot, or is on hold |

A person's "scrap" alone is a judgement, as is an acceptance: the cell is still there, and may be
drawn; a draw without the cells that people found worst would look too good. A draw is about the
moment of the prediction: what the line did with a cell afterwards does not matter to it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from linetwin.errors import ResultsError
from linetwin.surrogates.review.decisions import (
    DECISIONS,
    LET_THROUGH,
    SCRAP,
    Decision,
    decision_of,
)
from linetwin.surrogates.review.holds import DISPOSITION, HOLD, KEPT, Held, hold_of, settled_of
from linetwin.surrogates.review.quarantine import DRAWN, Drawn, drawn_of

if TYPE_CHECKING:
    from collections.abc import Container, Iterable

    from linetwin.results.audit import Entry

_UNSEEN: Final = "on a prediction"


@dataclass
class Standing:
    """What a log tells of a run's cells.

    `decided`: the newest decision about each; `chances`: of each cell of a draw the probability
    with which it finishes, 0 of one that was scrapped unseen; cells that no draw was about are not
    there, as nothing but chance kept them from their outcome. `scrapped`: cell -> how, "with LOT"
    or "on a prediction"; `kept`: cell -> its newest disposition but scrap, and the lot.
    """

    decided: dict[str, Decision] = field(default_factory=dict)
    draws: list[Drawn] = field(default_factory=list)
    chances: dict[str, float] = field(default_factory=dict)
    scrapped: dict[str, str] = field(default_factory=dict)
    kept: dict[str, tuple[str, str]] = field(default_factory=dict)
    _holds: list[Held] = field(default_factory=list)
    _newest: dict[str, int] = field(default_factory=dict)

    @property
    def holds(self) -> tuple[Held, ...]:
        """All holds, a lot that was held again more than once; what was scrapped has ended."""
        stay = self._staying()
        return tuple(self._as_it_stands(each, stay) for each in self._holds)

    def held(self, lot: str) -> Held | None:
        """Return the newest hold of a lot; None of one that never was."""
        place = self._newest.get(lot)
        return None if place is None else self._as_it_stands(self._holds[place], self._staying())

    @property
    def waiting(self) -> dict[str, str]:
        """Cell -> a lot with which it is on hold, of all that wait for a disposition."""
        holds = map(self._with_ended, reversed(self._holds))
        return {cell: held.lot for held in holds for cell in held.open_cells}

    @property
    def unseen(self) -> frozenset[str]:
        """The cells that were scrapped on a prediction: what they would be nobody knows."""
        return frozenset(cell for cell, chance in self.chances.items() if chance == 0)

    @property
    def contained(self) -> dict[str, str]:
        """Cell -> what containment did with it, in words."""
        lots = {cell: how for cell, how in self.scrapped.items() if how != _UNSEEN}
        scrapped = {cell: f"scrapped {how}" for cell, how in lots.items()}
        waiting = {cell: f"on hold with {lot}" for cell, lot in self.waiting.items()}
        kept = {cell: f"{what} with {lot}" for cell, (what, lot) in self.kept.items()}
        return kept | waiting | scrapped

    @property
    def taken(self) -> frozenset[str]:
        """The cells that people let through, or that containment did something with."""
        let = {cell for cell, each in self.decided.items() if each.grade in LET_THROUGH}
        lots = (cell for cell, how in self.scrapped.items() if how != _UNSEEN)
        return frozenset({*self.kept, *self.waiting, *lots, *let})

    def to_recall(self, shipped: Iterable[str]) -> tuple[str, ...]:
        """Return which cells that have left may not stay where they are.

        One may that the newest disposition of any lot lets be there, that waits for none, and that
        no person has decided to be scrap since.
        """
        stay = self._staying()
        return tuple(cell for cell in shipped if cell not in stay)

    def not_let_through(self, cell: str) -> str:
        """Return why a person cannot let a cell through; empty where that may be."""
        how = self.scrapped.get(cell)
        return f"was scrapped {how}" if how else ""

    def not_kept(self, cell: str) -> str:
        """Return why a disposition cannot keep a cell of its hold; empty where it may."""
        own = self.decided.get(cell)
        by_hand = f"is scrap, as {own.reviewer} decided" if own and own.grade == SCRAP else ""
        return self.not_let_through(cell) or by_hand

    def drawable(self, cells: Iterable[str]) -> list[str]:
        """Return the cells that may be drawn, in their order."""
        taken = self.taken
        return [cell for cell in cells if cell not in taken and cell not in self.chances]

    def add(self, entry: Entry) -> None:
        """Take what an entry tells; ResultsError where it should tell something and does not."""
        if entry.what in DECISIONS:
            self.decided[entry.about] = decision_of(entry)
        elif entry.what == DRAWN:
            drawn = drawn_of(entry)
            self.draws.append(drawn)
            self.chances |= dict.fromkeys(drawn.scrapped, 0.0) | dict(drawn.cells)
            self._scrap(drawn.scrapped, _UNSEEN)
        elif entry.what == HOLD:
            self._newest[entry.about] = len(self._holds)
            self._holds.append(hold_of(entry))
        elif entry.what == DISPOSITION:
            self._settle(entry)

    def _settle(self, entry: Entry) -> None:
        place, own = self._newest.get(entry.about), settled_of(entry)
        if place is None:
            raise ResultsError(f"entry {entry.seq} of the log decides about a lot not on hold")
        held = self._holds[place]
        self._holds[place] = replace(held, settled=(*held.settled, own))
        if own.what == SCRAP:
            self._scrap(own.cells, f"with {held.lot}")
        else:
            self.kept |= dict.fromkeys(own.cells, (own.what, held.lot))

    def _scrap(self, cells: Iterable[str], how: str) -> None:
        for cell in cells:
            self.scrapped.setdefault(cell, how)
            self.kept.pop(cell, None)

    def _staying(self) -> set[str]:
        """Return the cells that may stay where they are, if they have left."""
        scrap = {cell for cell, each in self.decided.items() if each.grade == SCRAP}
        stay = {cell for cell, (what, _) in self.kept.items() if what in KEPT}
        return stay - {*self.waiting, *scrap}

    def _as_it_stands(self, held: Held, stay: Container[str]) -> Held:
        """Return a hold with what has ended, and what is to be recalled."""
        recalled = tuple(cell for cell in held.shipped if cell not in stay)
        return replace(self._with_ended(held), to_recall=recalled)

    def _with_ended(self, held: Held) -> Held:
        """Return a hold with what was scrapped otherwise, of what it has not decided about."""
        own = {cell for each in held.settled for cell in each.cells}
        gone = (cell for cell in held.cells if cell in self.scrapped and cell not in own)
        return replace(held, ended=tuple(dict.fromkeys([*held.ended, *gone])))


def standing(log: Iterable[Entry]) -> Standing:
    """Return what became of the cells; ResultsError for an entry that tells not what it should."""
    found = Standing()
    for entry in log:
        found.add(entry)
    return found
