"""Cells that finish in quarantine though a prediction stops them, drawn at random, in the log.

The others that were stopped are scrapped: they have no outcome. Each cell that was drawn stands in
the run's review log with the probability with which it was, and weighs 1 / it for those that were
not (`statistics.selection`). A cell is drawn for once: a later draw is among cells that were not
stopped before.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from linetwin.errors import Problem, ResultsError, ScenarioError
from linetwin.results.audit import person
from linetwin.surrogates.review.decisions import (
    LET_THROUGH,
    LOG,
    check_person,
    check_words,
    decisions,
    desk,
    log_of,
    recorded,
)
from linetwin.surrogates.review.statistics.selection import audit_sample, audit_size

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from linetwin.results.audit import Entry
    from linetwin.surrogates.review.statistics.selection import AuditSample

DRAWN: Final = "quarantine drawn"
ON_PREDICTION: Final = "scrapped on a prediction"
"""Where a cell is that was stopped and not drawn."""


@dataclass(frozen=True)
class Rule:
    """How many are drawn: a `share`, and as many at least as give the interval that is wanted.

    `half_width`: of the share of faults among the stopped, None: no matter; `cells`: this many, and
    neither of both.
    """

    share: float
    half_width: float | None = None
    cells: int | None = None

    def sample(self, stopped: Sequence[str], seed: int, expected: float) -> AuditSample:
        """Return which of the stopped cells finish; `expected`: their share of faults, 0 to 1."""
        if self.cells is not None:
            return audit_sample(stopped, 0.0, seed, self.cells)
        least = 0
        if self.half_width is not None and stopped:
            least = audit_size(self.half_width, expected, len(stopped))
        return audit_sample(stopped, self.share, seed, least)


@dataclass(frozen=True)
class Pool:
    """Cells that predictors stop, with what is to stand beside the draw.

    `expected`: mean of their highest risks; `models`: SHA-256 by target; `data`, `policy`: of the
    run's table of cells and of the policy's file.
    """

    stopped: tuple[str, ...]
    risks: Mapping[str, float]
    models: Mapping[str, str]
    data: str
    policy: str


@dataclass(frozen=True)
class Drawn:
    """A draw: cells that finish with the probability of each, and those that are scrapped."""

    cells: Mapping[str, float]
    scrapped: tuple[str, ...]
    seed: int
    expected: float
    reason: str
    by: str
    time: str
    seq: int


def draw(folder: Path, pool: Pool, rule: Rule, seed: int, who: tuple[str, str]) -> Drawn:
    """Draw among the stopped cells of a run and write it to its log; `who`: by whom, and why.

    Left out are cells of an earlier draw, and those that a person let through. ScenarioError where
    none is left, or fewer than the rule's number, and for an empty name or reason.
    """
    by, reason = who
    check_person("--by", by)
    check_words("--reason", reason)
    with desk(folder):
        log = recorded(folder)
        judged = decisions(log)
        gone = {*inclusions_of(log), *(c for c, d in judged.items() if d.grade in LET_THROUGH)}
        stopped = [cell for cell in pool.stopped if cell not in gone]
        if not stopped:
            before = f", {len(gone & {*pool.stopped}):,} were drawn or let through before"
            message = f"no cell is stopped that could be drawn{before if pool.stopped else ''}"
            raise ScenarioError([Problem(message, "quarantine", "see `surrogate review`")])
        if rule.cells is not None and rule.cells > len(stopped):
            message = f"{rule.cells:,} cells cannot be drawn of {len(stopped):,} that are stopped"
            raise ScenarioError([Problem(message, "--cells", f"{len(stopped):,} at most")])
        expected = float(np.mean([pool.risks[cell] for cell in stopped]))
        sample = rule.sample(stopped, seed, expected)
        kept = [cell for cell, own in zip(stopped, sample.chosen, strict=True) if own]
        entry = log_of(folder).append(
            by, DRAWN, about=f"{len(stopped)} cells stopped",
            before={"data": pool.data, "policy": pool.policy, "models": dict(pool.models),
                    "expected": expected},
            after={"seed": seed, "cells": dict.fromkeys(kept, sample.inclusion),
                   "scrapped": sorted({*stopped} - {*kept}), "reason": reason,
                   "account": person()},
        )  # fmt: skip
    return _drawn(entry)


def draws(log: Iterable[Entry]) -> list[Drawn]:
    """Return the draws of a log; ResultsError for an entry that is none."""
    return [_drawn(entry) for entry in log if entry.what == DRAWN]


def inclusions_of(log: Iterable[Entry]) -> dict[str, float]:
    """Return cell -> the probability with which it finishes, 0 of one that was scrapped unseen.

    Cells that no draw was about are not there: nothing but chance kept them from their outcome.
    """
    found: dict[str, float] = {}
    for each in draws(log):
        found |= dict.fromkeys(each.scrapped, 0.0) | dict(each.cells)
    return found


def inclusions(folder: Path) -> dict[str, float]:
    """Return `inclusions_of` a run's folder; errors as `recorded`."""
    return inclusions_of(recorded(folder))


def _drawn(entry: Entry) -> Drawn:
    message = f"{LOG}: entry {entry.seq} is no draw of `surrogate quarantine`"
    try:
        after: dict[str, Any] = entry.after
        cells = {str(cell): float(chance) for cell, chance in after["cells"].items()}
        scrapped = tuple(str(cell) for cell in after["scrapped"])
        found = Drawn(
            cells, scrapped, int(after["seed"]), float(entry.before["expected"]), after["reason"],
            entry.who, entry.time, entry.seq,
        )  # fmt: skip
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ResultsError(message) from error
    if not all(0 < chance <= 1 for chance in cells.values()):
        raise ResultsError(message)
    return found


def scrapped(folder: Path) -> frozenset[str]:
    """Return the cells of a run that were scrapped on a prediction; errors as `recorded`."""
    return frozenset(cell for cell, chance in inclusions(folder).items() if chance == 0)
