"""Containment: a lot on hold with all that was made of it, where it is, and what became of it.

HOLD and disposition stand in the run's review log. They are what people decided about the run that
was looked at; the line of the simulation is not stopped by them (`holds` of a scenario does that).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from linetwin.errors import Problem, ResultsError, ScenarioError
from linetwin.results.audit import person
from linetwin.results.genealogy import Descendant, Genealogy
from linetwin.surrogates.review.decisions import (
    check_person,
    check_words,
    decisions,
    desk,
    log_of,
    recorded,
)
from linetwin.surrogates.review.quarantine import ON_PREDICTION, inclusions_of, scrapped

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from linetwin.results.audit import Entry
    from linetwin.results.reader import Run

HOLD, DISPOSITION = "hold", "disposition"
DISPOSITIONS: Final = ("release", "rework", "scrap", "use as is")
KEPT: Final = ("release", "use as is")
"""Dispositions by which cells stay where they are."""
SHIPPED: Final = "shipped"
ENDED: Final = ("scrap", "sample", ON_PREDICTION)
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

    `ended`: of them scrapped or taken as samples before; `open_cells`: of the others those of
    which nothing has been decided.
    """

    lot: str
    reason: str
    by: str
    time: str
    cells: tuple[str, ...]
    where: dict[str, int]
    settled: tuple[Settled, ...]
    ended: tuple[str, ...] = ()

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
        gone = (each for each in self.everything if each.kind == "cell" and each.where == SHIPPED)
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


def traced(run: Run, lot: str) -> Traced:
    """Return what a lot went into; a cell is its own. ScenarioError for a lot the run has not."""
    genealogy = Genealogy(run)
    try:
        found = genealogy.forward(lot)
    except ResultsError as error:
        hint = "a lot of `linetwin trace RUN CELL`, such as cathode.slurry-0001"
        raise ScenarioError([Problem(str(error), "--lot", hint)]) from error
    once = {each.lot: each for each in reversed(found)}
    if len(run.table("cells", ["cell"], only={"cell": [lot]})):
        once[lot] = Descendant(lot, "cell", "carried_in", "", 1.0, "", "", genealogy.where(lot))
    gone = scrapped(run.path)
    return Traced(
        lot,
        tuple(
            replace(each, where=ON_PREDICTION) if each.lot in gone else each
            for each in reversed(once.values())
        ),
    )


def hold(folder: Path, found: Traced, reason: str, by: str) -> Held:
    """Put a lot on hold with what was made of it; ScenarioError where it is on hold already."""
    check_words("--reason", reason)
    check_person("--by", by)
    ended = [each.kind == "cell" and each.where in ENDED for each in found.everything]
    if ended and all(ended):
        message = f"all that is left of '{found.lot}' was scrapped or taken as a sample before"
        raise ScenarioError([Problem(message, "--lot", "there is nothing to hold")])
    where = Counter(each.where for each in found.everything if each.kind == "cell")
    after = {
        "reason": reason,
        "cells": list(found.cells),
        "ended": list(found.ended),
        "where": dict(sorted(where.items())),
        "account": person(),
    }
    with desk(folder):
        now = {each.lot: each for each in holds(recorded(folder))}.get(found.lot)
        if now is not None and now.is_open:
            message = f"'{found.lot}' is on hold since {now.time}"
            raise ScenarioError([Problem(message, "--lot", "--disposition decides about it")])
        entry = log_of(folder).append(by, HOLD, about=found.lot, after=after)
    return _held(entry, entry.after)


def settle(
    folder: Path, lot: str, disposition: str, reason: str, by: str, cells: Iterable[str] = ()
) -> Held:
    """Write what becomes of a lot on hold: all that is still open, or the cells named.

    ScenarioError for a lot that is not on hold, and a cell that is not of it or is decided.
    """
    check_words("--reason", reason)
    check_person("--by", by)
    if disposition not in DISPOSITIONS:
        hint = f"allowed: {', '.join(DISPOSITIONS)}"
        raise ScenarioError([Problem(f"'{disposition}' is none", "--disposition", hint)])
    with desk(folder):
        held = {each.lot: each for each in holds(recorded(folder))}.get(lot)
        if held is None or not held.is_open:
            state = "is not on hold" if held is None else "has been decided about"
            raise ScenarioError([Problem(f"'{lot}' {state}", "--lot", "put it on hold first")])
        chosen = list(dict.fromkeys(cells)) or list(held.open_cells)
        strange = sorted({*chosen} - {*held.open_cells})
        if strange:
            what = "not of the hold, decided about, or scrapped or a sample before"
            message = f"{', '.join(strange[:5])}: {what}"
            hint = "a cell of the lot that is still open"
            raise ScenarioError([Problem(message, "--cell", hint)])
        if disposition != "scrap":
            _check_decided(chosen, folder)
        after = {
            "disposition": disposition, "cells": chosen, "reason": reason, "account": person(),
        }  # fmt: skip
        entry = log_of(folder).append(by, DISPOSITION, about=lot, after=after)
    return _with(held, _settled(entry, entry.after))


def _check_decided(cells: Iterable[str], folder: Path) -> None:
    """Raise ScenarioError where a person decided to scrap one of the cells to be kept."""
    judged = decisions(recorded(folder))
    scrapped = [cell for cell in cells if cell in judged and judged[cell].grade == "scrap"]
    if scrapped:
        who = judged[scrapped[0]].reviewer
        message = f"{', '.join(scrapped[:5])}: {len(scrapped):,} scrap, as {who} decided"
        hint = "name the other cells by --cell, or decide about these anew: surrogate decide"
        raise ScenarioError([Problem(message, "--disposition", hint)])


def holds(log: Iterable[Entry]) -> list[Held]:
    """Return the lots that are or were on hold, the newest hold of each.

    A cell that was scrapped with another lot, or on a prediction, has ended. ResultsError for
    entries that are none.
    """
    told = list(log)
    found, gone = _read(told)
    gone |= {cell: ON_PREDICTION for cell, chance in inclusions_of(told).items() if chance == 0}
    return [
        replace(each, ended=tuple(dict.fromkeys([*each.ended, *_elsewhere(each, gone)])))
        for each in found.values()
    ]


def scrapped_in(folder: Path) -> dict[str, str]:
    """Return the cells of a run that a disposition scrapped, with the lot; errors as `recorded`."""
    return _read(recorded(folder))[1]


def _elsewhere(held: Held, gone: Mapping[str, str]) -> list[str]:
    """Return a hold's cells that were scrapped with another lot, or on a prediction."""
    return [cell for cell in held.cells if gone.get(cell, held.lot) != held.lot]


def _read(log: Iterable[Entry]) -> tuple[dict[str, Held], dict[str, str]]:
    """Return the newest hold of each lot, and cell -> the lot with which it was first scrapped."""
    found: dict[str, Held] = {}
    gone: dict[str, str] = {}
    for entry in log:
        try:
            if entry.what == HOLD:
                found[entry.about] = _held(entry, entry.after)
            elif entry.what == DISPOSITION and entry.about in found:
                own = _settled(entry, entry.after)
                found[entry.about] = _with(found[entry.about], own)
                if own.what == "scrap":
                    gone = dict.fromkeys(own.cells, entry.about) | gone
        except (KeyError, TypeError) as error:
            message = f"entry {entry.seq} of the log is no hold of `surrogate contain`"
            raise ResultsError(message) from error
    return found, gone


def _held(entry: Entry, after: dict[str, Any]) -> Held:
    return Held(
        entry.about, after["reason"], entry.who, entry.time, tuple(after["cells"]),
        dict(after["where"]), (), tuple(after.get("ended", ())),
    )  # fmt: skip


def _settled(entry: Entry, after: dict[str, Any]) -> Settled:
    return Settled(
        after["disposition"], tuple(after["cells"]), after["reason"], entry.who, entry.time
    )


def _with(held: Held, settled: Settled) -> Held:
    return Held(
        held.lot, held.reason, held.by, held.time, held.cells, held.where,
        (*held.settled, settled), held.ended,
    )  # fmt: skip
