"""Carrying out a design: point after point, written as it goes, so that nothing is run twice."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from linetwin.study.designs import shares_of
from linetwin.study.schema import Design
from linetwin.surrogates.designs.adaptive import BATCH, next_shares
from linetwin.surrogates.designs.folder import Sheet
from linetwin.surrogates.designs.trials import Trials

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import numpy as np

    from linetwin.surrogates.designs.task import DesignTask

    Tell = Callable[[str, int, int], None]

_QUICK_S: Final = 1.0
_MOST_AT_ONCE: Final = 4096


def carry_out(task: DesignTask, folder: Path, tell: Tell) -> Sheet:
    """Run the points of a design that the folder does not hold yet; errors as `Sheet`.

    A design that ends early goes on with the same call. With more points than before one of
    Sobol's goes on in its sequence, an adaptive one chooses more.
    """
    sheet = Sheet(task, folder)
    with Trials(task) as trials:
        at_once = 1
        while True:
            if not len(sheet.planned):
                amounts = _next(sheet)
                if not len(amounts):
                    break
                sheet.plan(amounts)
                sheet.write()
            rows = sheet.planned[:at_once]
            begun = time.monotonic()
            sheet.note(rows.tolist(), trials.run(sheet.amounts[rows]))
            # what a kill can lose is a second of work
            quick = time.monotonic() - begun < _QUICK_S
            at_once = min(2 * at_once, _MOST_AT_ONCE) if quick else max(1, at_once // 2)
            sheet.write()
            tell("points", len(sheet) - len(sheet.planned), max(task.points, len(sheet)))
    sheet.write()
    return sheet


def _next(sheet: Sheet) -> np.ndarray:
    """Return the points that come after those of the sheet, none where it is complete."""
    task, there = sheet.task, len(sheet)
    filling = task.kind != "adaptive"
    until = task.points if filling else min(sheet.first, task.points)
    if there < until:
        design = Design(kind="sobol" if task.kind == "adaptive" else task.kind, points=until)
        shares = shares_of(design, len(task.varied), task.seed)
        return task.amounts(shares[there:])
    count = 0 if filling else min(BATCH, task.points - there)
    if count <= 0:
        return sheet.amounts[:0]
    found = next_shares(task.shares(sheet.amounts), sheet.target(), count, task.seed)
    return task.amounts(found)
