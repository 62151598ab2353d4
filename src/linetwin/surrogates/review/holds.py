"""Containment: a lot on hold with all that was made of it, where it is, and what became of it.

HOLD and disposition stand in the run's review log. They are what people decided about the run that
was looked at; the line of the simulation is not stopped by them (`holds` of a scenario does that).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from linetwin.errors import Problem, ResultsError, ScenarioError
from linetwin.results.genealogy import Descendant, Genealogy
from linetwin.surrogates.review.decisions import SCRAP
from linetwin.surrogates.review.log import LOG
from linetwin.surrogates.review.quarantine import ON_PREDICTION

if TYPE_CHECKING:
    from collections.abc import Container

    from linetwin.results.audit import Entry
    from linetwin.results.reader import Run

HOLD, DISPOSITION = "hold", "disposition"
DISPOSITIONS: Final = ("release", "rework", SCRAP, "use as is")
KEPT: Final = ("release", "use as is")
"""Dispositions by which cells stay where they are."""
SHIPPED: Final = "shipped"
SHIPPED_STOPPED: Final = f"{SHIPPED}, {ON_PREDICTION}"
"""Where a cell is that a draw scrapped when it had left: it is to be recalled all the same."""
HAVE_LEFT: Final = (SHIPPED, SHIPPED_STOPPED)
ENDED: Final = (SCRAP, "sample", ON_PREDICTION, SHIPPED_STOPPED)
"""Where cells are of which nothing is left to decide."""


@dataclass(frozen=True)
class Settled:
    """A disposition: of the whole hold, or of the cells named."""

    what: str
    cells: tuple[str, ...]
    reason: str
    by: str
    time: str


@dataclass(frozen=True)
class Held:
    """A lot on hold; `cells`: made of it, as traced then; `where`: how many are where.

    `shipped`: those that had left, `to_recall`: of these those that may not stay; `ended`: those
    that were scrapped or taken as samples, and that this hold has not decided about; `open_cells`:
    of the others those of which nothing has been decided.
    """

    lot: str
    reason: str
    by: str
    time: str
    cells: tuple[str, ...]
    where: dict[str, int]
    settled: tuple[Settled, ...] = ()
    ended: tuple[str, ...] = ()
    shipped: tuple[str, ...] = ()
    to_recall: tuple[str, ...] = ()

    @property
    def open_cells(self) -> tuple[str, ...]:
        """The cells that are left and have no disposition."""
        done = {*self.ended, *(cell for each in self.settled for cell in each.cells)}
        return tuple(cell for cell in self.cells if cell not in done)

    @property
    def is_open(self) -> bool:
        """Whether something is still to be decided."""
        return bool(self.open_cells) or not self.settled


@dataclass(frozen=True)
class Traced:
    """Everything that contains a lot or lay in it, each once, by kind and where it is."""

    lot: str
    everything: tuple[Descendant, ...]

    @property
    def cells(self) -> tuple[str, ...]:
        """The cells, by name."""
        return tuple(sorted(each.lot for each in self.everything if each.kind == "cell"))

    @property
    def shipped(self) -> tuple[str, ...]:
        """The cells that have left."""
        gone = (e for e in self.everything if e.kind == "cell" and e.where in HAVE_LEFT)
        return tuple(sorted(each.lot for each in gone))

    @property
    def ended(self) -> tuple[str, ...]:
        """The cells that were scrapped or taken as samples."""
        gone = (each for each in self.everything if each.kind == "cell" and each.where in ENDED)
        return tuple(sorted(each.lot for each in gone))

    def counted(self) -> dict[str, int]:
        """Return `kind, where` -> how many."""
        pairs = Counter((each.kind, each.where) for each in self.everything)
        return {
            f"{kind.replace('_', ' ')}, {where}": n for (kind, where), n in sorted(pairs.items())
        }


def traced(run: Run, lot: str, unseen: Container[str]) -> Traced:
    """Return what a lot went into; a cell is its own. ScenarioError for a lot the run has not.

    `unseen`: cells that were scrapped on a prediction. One that the run says has left is still to
    be recalled.
    """
    genealogy = Genealogy(run)
    try:
        found = genealogy.forward(lot)
    except ResultsError as error:
        hint = "a lot of `linetwin trace RUN CELL`, such as cathode.slurry-0001"
        raise ScenarioError([Problem(str(error), "--lot", hint)]) from error
    once = {each.lot: each for each in reversed(found)}
    if len(run.table("cells", ["cell"], only={"cell": [lot]})):
        once[lot] = Descendant(lot, "cell", "carried_in", "", 1.0, "", "", genealogy.where(lot))
    return Traced(lot, tuple(_stopped(e, unseen) for e in reversed(once.values())))


def _stopped(each: Descendant, unseen: Container[str]) -> Descendant:
    """Return a descendant where it is after a draw."""
    if each.lot not in unseen:
        return each
    return replace(each, where=SHIPPED_STOPPED if each.where == SHIPPED else ON_PREDICTION)


def hold_of(entry: Entry) -> Held:
    """Return the hold that an entry begins; ResultsError where it begins none."""
    try:
        after = entry.after
        return Held(
            entry.about, after["reason"], entry.who, entry.time, tuple(after["cells"]),
            dict(after["where"]), (), tuple(after["ended"]), tuple(after["shipped"]),
        )  # fmt: skip
    except (KeyError, TypeError) as error:
        raise ResultsError(_none_of(entry)) from error


def settled_of(entry: Entry) -> Settled:
    """Return the disposition that an entry tells; ResultsError where it tells none."""
    try:
        after = entry.after
        return Settled(
            after["disposition"], tuple(after["cells"]), after["reason"], entry.who, entry.time
        )
    except (KeyError, TypeError) as error:
        raise ResultsError(_none_of(entry)) from error


def _none_of(entry: Entry) -> str:
    return f"{LOG}: entry {entry.seq} is no hold or disposition of `surrogate contain`"
