"""Cells that have been graded and are still in store: what a hold may take their grade away by."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from linetwin.line.kinds.cells import SOLD, write_cells
from linetwin.line.kinds.grading import GRADED, GRADES
from linetwin.line.lots import Lot

if TYPE_CHECKING:
    from linetwin.line.world import World


def packed(tray: Lot) -> tuple[list[str], np.ndarray]:
    """Return the names of a tray's columns, and the columns as a table of shape (items, names)."""
    return list(tray.columns), np.column_stack(list(tray.columns.values()))


def unpacked(name: str, columns: list[str], rows: bytes) -> Lot:
    """Return cells that were packed as a graded tray of this name, outside of the line."""
    table = np.frombuffer(rows, dtype="<f8").reshape(-1, len(columns))
    found = {column: table[:, number].copy() for number, column in enumerate(columns)}
    return Lot(name, GRADED, "", 0, float(len(table)), "1", "", _columns=found)


def revoke(world: World, tray: Lot, bad: np.ndarray, reason: str) -> dict[str, int]:
    """Scrap graded cells of a tray (a Boolean mask); return grade -> how many had it.

    They get a new row at the station that graded them; there the books take their materials from
    the cells to the scrap, and the counts of grades follow.
    """
    rows, columns = np.flatnonzero(bad), tray.columns
    graders = columns["graded_by"][rows].astype(int)
    machines = [unit.name for unit in world.stations_of("grading")]
    for number in np.unique(graders):
        mine, station = rows[graders == number], machines[number]
        truth = [GRADES[int(code)] for code in columns["true_grade"][mine]]
        scrap, reasons = ["scrap"] * len(mine), [reason] * len(mine)
        write_cells(world, tray, mine, scrap, station, reasons, true_grade=truth)
        for name, values in columns.items():
            if name.startswith(SOLD):
                material, amount = name.removeprefix(SOLD), float(values[mine].sum())
                for entry, booked in (("cells", -amount), ("scrap", amount)):
                    world.ledger.book({material: booked}, station, entry, world.material_units)
    lost = {}
    for code, grade in enumerate(GRADES):
        if count := int((columns["grade"][rows] == code).sum()):
            lost[grade] = count
            world.counts[grade] -= count
            world.counts["scrap at grading"] += count
    tray.keep(~bad)
    tray.amount = float(tray.items)
    return lost


Part = list[Any]
"""Cells of one tray in a box, as plain data: name of the tray, number of its layout, rows."""


def revoke_in_box(
    world: World, parts: list[Part], layouts: list[list[str]], bad: np.ndarray, reason: str
) -> tuple[list[Part], dict[str, int]]:
    """Scrap cells of a box (a Boolean mask over its parts); return what is left, and `revoke`'s.

    `layouts`: names of columns, which few trays have otherwise than the one before.
    """
    left, lost, at = [], dict.fromkeys(GRADES, 0), 0
    for name, layout, rows in parts:
        tray = unpacked(name, layouts[layout], rows)
        mask, at = bad[at : at + tray.items], at + tray.items
        if mask.any():
            for grade, count in revoke(world, tray, mask, reason).items():
                lost[grade] += count
        if tray.items:
            left.append([name, layout, packed(tray)[1].tobytes()])
    return left, {grade: count for grade, count in lost.items() if count}
