"""Which lots and cells contain a lot that is, or will be, on hold.

A lot says in `sources` which holds concern it, and where: metres of a web, an empty list for all of
it. Cells are known by number, in runs, because they end up on trays that also hold others. What is
passed on is what the genealogy's links say, as they are written.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from linetwin.line.lots import Lot, LotRegister, Stretches
    from linetwin.scenario.resolved import HoldConfig

CELL = "cell-"
NEAR = 1e-9
"""Metres below which two positions on a web are the same."""


class Descent:
    """Follows holds from parent to child; `cells`: hold -> [[first, last], ...] by number."""

    def __init__(
        self, holds: Sequence[HoldConfig], lots: LotRegister, cells: dict[str, Stretches]
    ) -> None:
        self._holds = {str(number): hold for number, hold in enumerate(holds)}
        self._lots = lots
        self.cells = cells

    def pass_on(
        self, children: Sequence[str], parents: str | Sequence[str], details: Mapping[str, Any]
    ) -> None:
        """Let children have what their parents have; `details` as those of a link."""
        own = [parents] * len(children) if isinstance(parents, str) else parents
        found = {parent: self._sources(parent) for parent in dict.fromkeys(own)}
        if not any(found.values()):
            return
        names = ("start_m", "end_m", "child_start_m", "child_end_m")
        metres = np.array(
            [np.broadcast_to(details.get(name, math.nan), len(children)) for name in names]
        )
        for row, (child, parent) in enumerate(zip(children, own, strict=True)):
            for hold, stretches in found[parent].items():
                part = carried(stretches, metres[:2, row].tolist(), metres[2:, row].tolist())
                if part is not None:
                    self._note(child, hold, part)

    def is_affected(self, hold: str, lot: Lot) -> bool:
        """Whether a hold concerns a lot, or cells on it."""
        if hold in lot.sources or lot.name == self._holds[hold].lot:
            return True
        return lot.kind == "tray" and bool(self.cells_of(hold, lot).any())

    def cells_of(self, hold: str, tray: Lot) -> np.ndarray:
        """Return which cells of a tray a hold concerns: Boolean, shape (items,)."""
        whole = hold in tray.sources or tray.name == self._holds[hold].lot
        if whole or tray.is_asleep or not tray.items:  # no cell of the stock has known parents
            return np.full(tray.items, whole)
        numbers = tray.columns["number"]
        mask = np.zeros(len(numbers), dtype=bool)
        for first, last in self.cells.get(hold, []):
            mask |= (numbers >= first) & (numbers <= last)
        return mask

    def metres_of(self, hold: str, lot: Lot) -> Stretches:
        """Return which metres of a web a hold concerns; an empty list for all of it."""
        return self._sources(lot.name).get(hold, [])

    def _sources(self, name: str) -> dict[str, Stretches]:
        found: dict[str, Stretches] = {}
        if name in self._lots:
            found.update(self._lots[name].sources)
        for number, hold in self._holds.items():
            if hold.lot == name:
                found[number] = [] if math.isinf(hold.to_m) else [[hold.from_m, hold.to_m]]
        return found

    def _note(self, child: str, hold: str, part: Stretches) -> None:
        if child in self._lots:
            sources = self._lots[child].sources
            sources[hold] = joined(sources[hold], part) if hold in sources else part
        elif child.startswith(CELL):
            number = float(child.removeprefix(CELL))
            runs = self.cells.setdefault(hold, [])
            if runs and runs[-1][0] <= number <= runs[-1][1] + 1:
                runs[-1][1] = max(runs[-1][1], number)
            else:
                runs.append([number, number])


def carried(
    stretches: Stretches, on_parent: Sequence[float], on_child: Sequence[float]
) -> Stretches | None:
    """Return what of `stretches` of a parent a link carries over, in metres of the child.

    `on_parent`, `on_child`: from and to of the link, NaN where it names none. None: nothing.
    """
    whole = [] if math.isnan(on_child[0]) else [[min(on_child), max(on_child)]]
    if not stretches or math.isnan(on_parent[0]):
        return whole
    low, high = min(on_parent), max(on_parent)
    hit = [[max(a, low), min(b, high)] for a, b in stretches]
    hit = [[a, b] for a, b in hit if b - a > NEAR]
    if not hit:
        return None
    if not whole:
        return []
    scale = (on_child[1] - on_child[0]) / (on_parent[1] - on_parent[0])
    moved = [[on_child[0] + (x - on_parent[0]) * scale for x in each] for each in hit]
    return [sorted(each) for each in moved]


def joined(one: Stretches, other: Stretches) -> Stretches:
    """Return the union of stretches; an empty list is the whole lot."""
    if not one or not other:
        return []
    found: Stretches = []
    for start, end in sorted([*one, *other]):
        if found and start <= found[-1][1] + NEAR:
            found[-1][1] = max(found[-1][1], end)
        else:
            found.append([start, end])
    return found
