"""The steps by which people change what becomes of cells, each checked and then written.

What is checked (`standing`) still holds when it is written: one at a time stands at a run's desk.
Nothing is written of a step that is refused.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING

import numpy as np

from linetwin.errors import Problem, ScenarioError
from linetwin.results.audit import person
from linetwin.surrogates.review.decisions import (
    ACCEPTED,
    LET_THROUGH,
    OVERRIDE,
    SCRAP,
    Decision,
    Second,
    decision_of,
)
from linetwin.surrogates.review.holds import DISPOSITION, DISPOSITIONS, ENDED, HOLD
from linetwin.surrogates.review.log import check_person, check_words, desk, log_of, recorded
from linetwin.surrogates.review.quarantine import DRAWN, drawn_of
from linetwin.surrogates.review.standing import standing

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from linetwin.surrogates.review.decisions import Asked, Foretold
    from linetwin.surrogates.review.holds import Held, Traced
    from linetwin.surrogates.review.quarantine import Drawn, Pool, Rule
    from linetwin.surrogates.review.standing import Standing


def decide(
    folder: Path,
    cells: Mapping[str, Asked],
    foretold: Mapping[str, Sequence[Foretold]],
    reviewer: str,
    data: str,
    second: Second | None = None,
) -> list[Decision]:
    """Write what a reviewer decided of cells.

    `foretold`: cell -> what each predictor said; `data`: SHA-256 of what is known of the run's
    cells.
    ScenarioError for a grade that is none, an empty reason or name, for accepting what was refused
    (of such a cell nothing was predicted), where a second person lacks, and for letting through
    what was scrapped.
    """
    check_person("--reviewer", reviewer)
    beside = second or Second()
    beside.check(reviewer, (cell for cell, each in cells.items() if each.grade in LET_THROUGH))
    for each in cells.values():
        check_words("--reason", each.reason)
        each.check_grade()
    with desk(folder):
        _check_decided(cells, foretold, standing(recorded(folder)))
        log, written = log_of(folder), []
        for cell, each in cells.items():
            entry = log.append(
                reviewer,
                OVERRIDE if each.grade else ACCEPTED,
                about=cell,
                before={"data": data, "foretold": [asdict(own) for own in foretold[cell]],
                        "safety": list(beside.needed.get(cell, ())), "policy": beside.policy},
                after={"grade": each.grade, "reason": each.reason, "account": person(),
                       "second": beside.name.strip()},
            )  # fmt: skip
            written.append(decision_of(entry))
    return written


def _check_decided(
    cells: Mapping[str, Asked], foretold: Mapping[str, Sequence[Foretold]], now: Standing
) -> None:
    """Raise ScenarioError for what cannot be accepted or let through, by the lines of a list."""
    found = []
    for cell, each in cells.items():
        if not each.grade and all(own.value is None for own in foretold[cell]):
            key, hint = "--accept", "--override GRADE with a --reason"
            if each.file:
                key, hint = "grade", "a grade in its row, with a reason"
            message = f"{cell}: nothing was predicted, every predictor refused it"
            found.append(Problem(message, key, hint, each.file, each.line))
        elif each.grade in LET_THROUGH and (why := now.not_let_through(cell) or each.gone):
            hint = "a cell that is there"
            found.append(Problem(f"{cell} {why}", "CELL", hint, each.file, each.line))
    if found:
        raise ScenarioError(found)


def draw(folder: Path, pool: Pool, rule: Rule, seed: int, who: tuple[str, str]) -> Drawn:
    """Draw among the stopped cells of a run and write it to its log; `who`: by whom, and why.

    ScenarioError where none is left that may be drawn, or fewer than the rule's number, and for an
    empty name or reason.
    """
    by, reason = who
    check_person("--by", by)
    check_words("--reason", reason)
    with desk(folder):
        now = standing(recorded(folder))
        stopped, waiting = now.drawable(pool.stopped), now.waiting
        if not stopped:
            before = f", {len(pool.stopped):,} were drawn or decided about before, or are on hold"
            message = f"no cell is stopped that could be drawn{before if pool.stopped else ''}"
            raise ScenarioError([Problem(message, "quarantine", "see `surrogate review`")])
        if rule.cells is not None and rule.cells > len(stopped):
            message = f"{rule.cells:,} cells cannot be drawn of {len(stopped):,} that are stopped"
            raise ScenarioError([Problem(message, "--cells", f"{len(stopped):,} at most")])
        expected = float(np.mean([pool.risks[cell] for cell in stopped]))
        sample = rule.sample(stopped, seed, expected)
        kept = [cell for cell, own in zip(stopped, sample.chosen, strict=True) if own]
        scrapped = sorted({*stopped} - {*kept})
        entry = log_of(folder).append(
            by, DRAWN, about=f"{len(stopped)} cells stopped",
            before={"data": pool.data, "policy": pool.policy, "models": dict(pool.models),
                    "expected": expected},
            after={"seed": seed, "cells": dict.fromkeys(kept, sample.inclusion),
                   "scrapped": scrapped, "shipped": sorted(pool.shipped.intersection(scrapped)),
                   "held": sum(cell in waiting for cell in pool.stopped),
                   "reason": reason, "account": person()},
        )  # fmt: skip
    return drawn_of(entry)


def hold(folder: Path, found: Traced, reason: str, by: str) -> Held:
    """Put a lot on hold with what was made of it.

    ScenarioError where it is on hold already, or nothing of it is left.
    """
    check_words("--reason", reason)
    check_person("--by", by)
    where = Counter(each.where for each in found.everything if each.kind == "cell")
    after = {
        "reason": reason,
        "cells": list(found.cells),
        "ended": list(found.ended),
        "shipped": list(found.shipped),
        "where": dict(sorted(where.items())),
        "account": person(),
    }
    with desk(folder):
        now = standing(recorded(folder))
        before = now.held(found.lot)
        if before is not None and before.is_open:
            message = f"'{found.lot}' is on hold since {before.time}"
            raise ScenarioError([Problem(message, "--lot", "--disposition decides about it")])
        ended = [each.kind == "cell" and (each.where in ENDED or each.lot in now.scrapped)
                 for each in found.everything]  # fmt: skip
        if ended and all(ended):
            message = f"all that is left of '{found.lot}' was scrapped or taken as a sample before"
            raise ScenarioError([Problem(message, "--lot", "there is nothing to hold")])
        now.add(log_of(folder).append(by, HOLD, about=found.lot, after=after))
    return _newest(now, found.lot)


def settle(
    folder: Path, lot: str, disposition: str, reason: str, by: str, cells: Iterable[str] = ()
) -> Held:
    """Write what becomes of a lot on hold: all that is still open, or the cells named.

    ScenarioError for a lot that is not on hold, a cell that is not of it or is decided, and for
    keeping what is scrap.
    """
    check_words("--reason", reason)
    check_person("--by", by)
    if disposition not in DISPOSITIONS:
        hint = f"allowed: {', '.join(DISPOSITIONS)}"
        raise ScenarioError([Problem(f"'{disposition}' is none", "--disposition", hint)])
    with desk(folder):
        now = standing(recorded(folder))
        held = now.held(lot)
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
        if disposition != SCRAP:
            _check_kept(chosen, now)
        after = {
            "disposition": disposition, "cells": chosen, "reason": reason, "account": person(),
        }  # fmt: skip
        now.add(log_of(folder).append(by, DISPOSITION, about=lot, after=after))
    return _newest(now, lot)


def _newest(now: Standing, lot: str) -> Held:
    """Return the hold of a lot that was just written about."""
    held = now.held(lot)
    assert held is not None  # noqa: S101 - its callers have written it
    return held


def _check_kept(cells: Iterable[str], now: Standing) -> None:
    """Raise ScenarioError where a cell that is to be kept is scrap."""
    lost = [(cell, why) for cell in cells if (why := now.not_kept(cell))]
    if lost:
        (cell, why), rest = lost[0], len(lost) - 1
        message = f"{cell} {why}" + (f" (and {rest:,} cells more)" if rest else "")
        hint = "name the other cells by --cell, or decide about these anew: surrogate decide"
        raise ScenarioError([Problem(message, "--disposition", hint)])
