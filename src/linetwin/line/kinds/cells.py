"""Cells on trays: their rows in the cells table, and what happens when one is scrapped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from linetwin.line.kinds.web import CONTENT
from linetwin.line.materials import contents_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from linetwin.line.lots import Lot
    from linetwin.line.world import World

PENDING = "pending:"
"""Columns so prefixed are computed already, but the cell has not got there yet."""


def cell_names(lot: Lot, rows: np.ndarray) -> list[str]:
    """Return the names of cells."""
    return [f"cell-{int(number):06d}" for number in lot.columns["number"][rows]]


def write_cells(
    world: World,
    lot: Lot,
    rows: np.ndarray,
    status: Sequence[str],
    station: str,
    reason: Sequence[str],
) -> None:
    """Write the rows of cells that have ended (or, at the run's end, are still in process)."""
    hidden = {"number", "started"}
    row: dict[str, Any] = {
        "cell": cell_names(lot, rows),
        "tray": [lot.name] * len(rows),
        "started": lot.columns["started"][rows].astype(np.int64),
        "ended": [-1 if each == "in_process" else world.now for each in status],
        "status": list(status),
        "station": [station] * len(rows),
        "reason": list(reason),
    }
    quantities = {
        name: values[rows]
        for name, values in lot.columns.items()
        if name not in hidden and not name.startswith((CONTENT, PENDING))
    }
    world.sink.add("cells", row | quantities)


def scrap_cells(
    world: World, lot: Lot, bad: np.ndarray, station: str, reasons: Sequence[str]
) -> None:
    """Take cells (a Boolean mask) off a tray: rows, ledger, counters; the order wants new ones.

    `reasons`: one per scrapped cell.
    """
    rows = np.flatnonzero(bad)
    if not rows.size:
        return
    write_cells(world, lot, rows, ["scrap"] * len(rows), station, reasons)
    world.ledger.book(contents_of(lot, rows), station, "scrap", world.material_units)
    world.counts["scrap before grading"] += len(rows)
    for reason in sorted(set(reasons)):
        world.log_event(
            station, "scrap", lot=lot.name, cause=reason, amount=float(list(reasons).count(reason))
        )
    lot.keep(~bad)
    lot.amount = float(lot.items)
    world.wake_finished()


def first_reason(flags: Sequence[tuple[np.ndarray, str]], count: int) -> list[str]:
    """Return for each item the first reason whose flag is set, "" where none is."""
    reasons = [""] * count
    for flag, reason in reversed(flags):
        for row in np.flatnonzero(flag):
            reasons[row] = reason
    return reasons
