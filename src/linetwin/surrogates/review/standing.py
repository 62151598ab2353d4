"""What became of the cells of a run, folded from its log, and which steps are left to each.

One place knows what excludes what: decisions, draws and dispositions are checked here before they
are written (`steps`), and read from here by page, report and training.

| step | refused of a cell that |
|---|---|
| let through (decide A or B) | was scrapped, on a prediction or with a lot |
| kept (any disposition but scrap) | was scrapped, or a person decided to be scrap |
| drawn into quarantine | was drawn for, let through, or scrapped |

A person's "scrap" alone is a judgement, as is an acceptance: the cell is still there, and may be
drawn; a draw without the cells that people found worst would look too good.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from linetwin.errors import ResultsError
from linetwin.surrogates.review.decisions import (
    DECISIONS,
    LET_THROUGH,
    SCRAP,
    Decision,
    decision_of,
)
from linetwin.surrogates.review.holds import DISPOSITION, HOLD, Held, hold_of, settled_of
from linetwin.surrogates.review.quarantine import DRAWN, Drawn, drawn_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from linetwin.results.audit import Entry


@dataclass(frozen=True)
class Scrapped:
    """How a cell was scrapped first: with a `lot`, or on a prediction where that is empty."""

    lot: str
    seq: int

    @property
    def text(self) -> str:
        """As it is said after "was scrapped"."""
        return f"with {self.lot}" if self.lot else "on a prediction"


@dataclass
class Standing:
    """What a log tells of a run's cells.

    `decided`: the newest decision about each; `chances`: of each cell of a draw the probability
    with which it finishes, 0 of one that was scrapped unseen; cells that no draw was about are not
    there, as nothing but chance kept them from their outcome. `scrapped`: how those were that are
    no more; `holds`: the newest of each lot.
    """

    decided: dict[str, Decision] = field(default_factory=dict)
    draws: list[Drawn] = field(default_factory=list)
    chances: dict[str, float] = field(default_factory=dict)
    scrapped: dict[str, Scrapped] = field(default_factory=dict)
    _held: dict[str, Held] = field(default_factory=dict)

    @property
    def holds(self) -> dict[str, Held]:
        """The newest hold of each lot; what was scrapped otherwise has ended in it."""
        return {lot: self._with_ended(each) for lot, each in self._held.items()}

    @property
    def unseen(self) -> frozenset[str]:
        """The cells that were scrapped on a prediction: what they would be nobody knows."""
        return frozenset(cell for cell, chance in self.chances.items() if chance == 0)

    def not_let_through(self, cell: str) -> str:
        """Return why a person cannot let a cell through; empty where that may be."""
        gone = self.scrapped.get(cell)
        return f"was scrapped {gone.text}" if gone else ""

    def not_kept(self, cell: str) -> str:
        """Return why a disposition cannot keep a cell of its hold; empty where it may."""
        own = self.decided.get(cell)
        by_hand = f"is scrap, as {own.reviewer} decided" if own and own.grade == SCRAP else ""
        return self.not_let_through(cell) or by_hand

    def not_drawn(self, cell: str) -> str:
        """Return why a cell is in no draw; empty where it may be."""
        if cell in self.chances:
            return "was drawn for"
        own = self.decided.get(cell)
        let = f"was let through by {own.reviewer}" if own and own.grade in LET_THROUGH else ""
        return self.not_let_through(cell) or let

    def add(self, entry: Entry) -> None:
        """Take what an entry tells; ResultsError where it should tell something and does not."""
        if entry.what in DECISIONS:
            self.decided[entry.about] = decision_of(entry)
        elif entry.what == DRAWN:
            drawn = drawn_of(entry)
            self.draws.append(drawn)
            self.chances |= dict.fromkeys(drawn.scrapped, 0.0) | dict(drawn.cells)
            self._scrap(drawn.scrapped, Scrapped("", entry.seq))
        elif entry.what == HOLD:
            self._held[entry.about] = hold_of(entry)
        elif entry.what == DISPOSITION:
            self._settle(entry)

    def _settle(self, entry: Entry) -> None:
        held, own = self._held.get(entry.about), settled_of(entry)
        if held is None:
            raise ResultsError(f"entry {entry.seq} of the log decides about a lot not on hold")
        self._held[entry.about] = replace(held, settled=(*held.settled, own))
        if own.what == SCRAP:
            self._scrap(own.cells, Scrapped(entry.about, entry.seq))

    def _scrap(self, cells: Iterable[str], how: Scrapped) -> None:
        for cell in cells:
            self.scrapped.setdefault(cell, how)

    def _with_ended(self, held: Held) -> Held:
        """Return a hold with what was scrapped before it, or afterwards otherwise than by it."""
        own = ((cell, self.scrapped.get(cell)) for cell in held.cells)
        gone = (cell for cell, how in own if how and (how.lot != held.lot or how.seq < held.seq))
        return replace(held, ended=tuple(dict.fromkeys([*held.ended, *gone])))


def standing(log: Iterable[Entry]) -> Standing:
    """Return what became of the cells; ResultsError for an entry that tells not what it should."""
    found = Standing()
    for entry in log:
        found.add(entry)
    return found
