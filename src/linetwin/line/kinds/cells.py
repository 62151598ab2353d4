"""Cells on trays: their rows in the cells table, their materials, and how one leaves a tray."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from linetwin.line.kinds.web import CONTENT, link_many
from linetwin.line.lots import CLOCKS, joined
from linetwin.line.materials import contents_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from linetwin.contracts import Columns
    from linetwin.line.equipment import Equipment
    from linetwin.line.lots import Lot
    from linetwin.line.world import World

PENDING = "pending:"
"""Columns so prefixed are computed already, but the cell has not got there yet."""
SOLD = "sold:"
"""Columns so prefixed hold the raw materials of graded cells, which the books have as cells."""
PLACES = ("position", "cathode_lane", "anode_lane")
"""Columns that are whole numbers in the cells table; -1 where not known."""
HIDDEN = {"number", "grade", "true_grade", "graded_by", "first_storage_time", *CLOCKS, *PLACES}
"""Columns that are no quantities of the cells table."""
DESTRUCTIVE_TEST = "destructive test"


def cell_names(lot: Lot, rows: np.ndarray) -> list[str]:
    """Return the names of cells."""
    return _named(lot.columns["number"][rows])


def _named(numbers: np.ndarray) -> list[str]:
    return [f"cell-{number:06d}" for number in numbers.astype(np.int64).tolist()]


def write_cells(  # noqa: PLR0913  where the cells are and what is written of them
    world: World,
    lot: Lot,
    rows: np.ndarray,
    status: Sequence[str],
    station: str,
    reason: Sequence[str],
    *,
    true_grade: Sequence[str] | None = None,
) -> None:
    """Write the rows of cells that have ended."""
    row: dict[str, Any] = {
        "cell": cell_names(lot, rows),
        "tray": [lot.name] * len(rows),
        "started": lot.columns["started"][rows].astype(np.int64),
        "ended": [world.now] * len(rows),
        "status": list(status),
        "station": [station] * len(rows),
        "reason": list(reason),
    }
    if true_grade is not None:
        row["true_grade"] = list(true_grade)
    world.sink.add("cells", row | _told(lot.columns, rows))


def write_open_cells(
    world: World, trays: Sequence[Lot], reasons: Sequence[str]
) -> dict[str, float]:
    """Write the cells in process on trays that are alike and in one place; return what is in them.

    `reasons`: "" or why it is held, for each cell. Contents: raw material -> amount.
    """
    columns, counts = joined(trays), [lot.items for lot in trays]
    count = sum(counts)
    row: dict[str, Any] = {
        "cell": _named(columns["number"]),
        "tray": [lot.name for lot in trays for _ in range(lot.items)],
        "started": columns["started"].astype(np.int64),
        "ended": np.full(count, -1),
        "status": ["in_process"] * count,
        "station": [trays[0].place] * count,
        "reason": reasons,
    }
    world.sink.add("cells", row | _told(columns, slice(None)))
    return {
        name.removeprefix(CONTENT): float(values.sum())
        for name, values in columns.items()
        if name.startswith(CONTENT)
    }


def _told(columns: Columns, rows: np.ndarray | slice) -> dict[str, np.ndarray]:
    """Return what of a tray's columns stands in the cells table."""
    places = {name: columns[name][rows].astype(np.int64) for name in PLACES if name in columns}
    return places | {
        name: values[rows]
        for name, values in columns.items()
        if name not in HIDDEN and not name.startswith((CONTENT, PENDING, SOLD))
    }


def scrap_cells(
    world: World,
    lot: Lot,
    bad: np.ndarray,
    station: str,
    reasons: Sequence[str],
    *,
    status: str = "scrap",
) -> None:
    """Take cells (a Boolean mask) off a tray: rows, ledger, counters; the order wants new ones.

    `reasons`: one per cell taken; `status`: "sample" for those that a laboratory takes apart. A
    tray of a line that is led keeps its cells where it would lose them all: the leader hands it on.
    """
    rows = np.flatnonzero(bad)
    if not rows.size or (world.leader is not None and bad.all()):
        return
    write_cells(world, lot, rows, [status] * len(rows), station, reasons)
    world.ledger.book(contents_of(lot, rows), station, "scrap", world.material_units)
    world.counts["scrap before grading"] += len(rows)
    if status == "sample":
        world.counts["samples"] += len(rows)
    for reason in sorted(set(reasons)):
        world.log_event(
            station, "scrap", lot=lot.name, cause=reason, amount=float(list(reasons).count(reason))
        )
    lot.keep(~bad)
    lot.amount = float(lot.items)
    world.wake_finished()


def scrap_flagged(station: Equipment, lot: Lot, flags: Sequence[tuple[np.ndarray, str]]) -> None:
    """Scrap the cells of a tray for the first reason whose flag is set."""
    reasons = first_reason(flags, lot.items)
    bad = np.array([bool(reason) for reason in reasons], dtype=bool)
    scrap_cells(station.world, lot, bad, station.name, [reason for reason in reasons if reason])


def take_samples(station: Equipment, lot: Lot) -> None:
    """Take `sample_size` of every `sample_interval` cells off a tray for a destructive test."""
    interval, job = int(station.value("sample_interval")), station.state.job
    seen = int(job.get("seen", 0))
    job["seen"] = seen + lot.items
    if interval < 1:
        return
    chosen = (seen + np.arange(lot.items)) % interval < int(station.value("sample_size"))
    reasons = [DESTRUCTIVE_TEST] * int(chosen.sum())
    scrap_cells(station.world, lot, chosen, station.name, reasons, status="sample")


def find(station: Equipment, lot: Lot, defect: str, truth: np.ndarray) -> np.ndarray:
    """Return which cells an inspection finds; misses and false alarms are written down."""
    found = station.inspect(defect, truth)
    for what, wrong in (("missed", truth & ~found), ("false alarm", found & ~truth)):
        if wrong.any():
            station.world.log_event(
                station.name,
                "note",
                lot=lot.name,
                cause=f"{defect}: {what}",
                amount=float(wrong.sum()),
            )
    return found


def give_material(station: Equipment, lot: Lot, role: str, amounts: np.ndarray) -> None:
    """Give each cell of a tray its share of a raw material, shape (items,), with its lots."""
    material = station.config.materials[role]
    names = cell_names(lot, np.arange(lot.items))
    drawn = station.world.supplies[material].draw_each(amounts)
    link_many(
        station.world,
        [names[row] for row in drawn.rows],
        drawn.lots,
        role,
        share=drawn.amounts / amounts[drawn.rows],
        amount=drawn.amounts,
        amount_unit=station.world.material_units[material],
    )
    column = lot.columns.get(CONTENT + material)
    lot.columns[CONTENT + material] = amounts.copy() if column is None else column + amounts


def settle(lot: Lot) -> None:
    """Make what was computed when a tray came in the cells' own."""
    for name in [name for name in lot.columns if name.startswith(PENDING)]:
        lot.columns[name.removeprefix(PENDING)] = lot.columns.pop(name)


def soft_short(excess: np.ndarray, at_limit: float, sound: float) -> np.ndarray:
    """Return the resistance of the leak that a burr or particle makes [Ohm].

    `excess`: its size over the size that pierces; the leak falls as its square [A]. `at_limit`:
    the leak of one that just pierces; `sound`: where none does.
    """
    return np.where(excess > 1.0, at_limit / np.maximum(excess, 1.0) ** 2, sound)


def first_reason(flags: Sequence[tuple[np.ndarray, str]], count: int) -> list[str]:
    """Return for each item the first reason whose flag is set, "" where none is."""
    reasons = [""] * count
    for flag, reason in reversed(flags):
        for row in np.flatnonzero(flag):
            reasons[row] = reason
    return reasons
