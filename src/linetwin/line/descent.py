"""Which lots and cells contain a lot that is, or will be, on hold.

A lot says in `sources` which holds concern it, and where: metres of a web, an empty list for all of
it. Cells are known by number, in runs, because they end up on trays that also hold others. What is
passed on is what the genealogy's links say, as they are written.

A hold is followed on two tracks: `0` is what surely contains the lot, `0?` what may, for positions
on a web are uncertain: each step down widens the stretch as `linetwin trace` does on its way up.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from linetwin.line.kinds.grading import GRADED
from linetwin.results.ancestry import COVERAGE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from linetwin.line.lots import Lot, Stretches
    from linetwin.scenario.resolved import HoldConfig

CELL = "cell-"
NEAR = 1e-9
"""Metres below which two positions on a web are the same."""
CARRIERS = ("tray", GRADED, "box")
"""Kinds of lots that hold cells, which are concerned one by one."""
PERHAPS = "?"
"""How the name of a track ends that follows what may contain the lot."""


class Traced(Protocol):
    """What a hold is noted at: a lot."""

    sources: dict[str, Stretches]


class Known(Protocol):
    """The lots that holds are noted at."""

    def __getitem__(self, name: str) -> Traced: ...

    def __contains__(self, name: object) -> bool: ...


def tracks_of(holds: Sequence[HoldConfig]) -> dict[str, HoldConfig]:
    """Return the tracks of holds, the certain one of each first."""
    found = {}
    for number, hold in enumerate(holds):
        found[str(number)] = hold
        if hold.include_possible:
            found[f"{number}{PERHAPS}"] = hold
    return found


class Descent:
    """Follows holds from parent to child; `cells`: track -> [[first, last], ...] by number."""

    def __init__(
        self, tracks: Mapping[str, HoldConfig], lots: Known, cells: dict[str, Stretches]
    ) -> None:
        self.tracks = tracks
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
        names = ("start_m", "end_m", "child_start_m", "child_end_m", "position_uncertainty")
        numbers = np.array(
            [np.broadcast_to(details.get(name, math.nan), len(children)) for name in names]
        )
        spreads = COVERAGE * np.nan_to_num(numbers[4])
        for row, (child, parent) in enumerate(zip(children, own, strict=True)):
            for track, stretches in found[parent].items():
                spread = float(spreads[row]) if track.endswith(PERHAPS) else 0.0
                wide = [[start - spread, end + spread] for start, end in stretches]
                part = carried(wide, numbers[:2, row].tolist(), numbers[2:4, row].tolist())
                if part is not None:
                    self._note(child, track, part)

    def is_affected(self, track: str, lot: Lot) -> bool:
        """Whether a track has come to a lot, or to cells on it."""
        if lot.kind in CARRIERS:
            return bool(self.cells_of(track, lot).any())
        return track in lot.sources or lot.name == self.tracks[track].lot

    def cells_of(self, track: str, lot: Lot) -> np.ndarray:
        """Return which cells on a tray or in a box a track concerns: Boolean, shape (items,).

        Cells that surely contain the lot are not among those that perhaps do.
        """
        mask = self._cells(track, lot)
        if track.endswith(PERHAPS):
            mask &= ~self._cells(track.removesuffix(PERHAPS), lot)
        return mask

    def _cells(self, track: str, lot: Lot) -> np.ndarray:
        whole = track in lot.sources or lot.name == self.tracks[track].lot
        if whole or lot.is_asleep or not lot.items:  # no cell of the stock has known parents
            return np.full(lot.items, whole)
        numbers = lot.columns["number"]
        mask = np.zeros(len(numbers), dtype=bool)
        for first, last in self.cells.get(track, []):
            mask |= (numbers >= first) & (numbers <= last)
        return mask

    def metres_of(self, track: str, lot: Lot) -> Stretches:
        """Return which metres of a web a track concerns; an empty list for all of it."""
        return self._sources(lot.name).get(track, [])

    def _sources(self, name: str) -> dict[str, Stretches]:
        found: dict[str, Stretches] = {}
        if name in self._lots:
            found.update(self._lots[name].sources)
        for track, hold in self.tracks.items():
            if hold.lot == name:
                found[track] = [] if math.isinf(hold.to_m) else [[hold.from_m, hold.to_m]]
        return found

    def _note(self, child: str, track: str, part: Stretches) -> None:
        if child in self._lots:
            sources = self._lots[child].sources
            sources[track] = joined(sources[track], part) if track in sources else part
        elif child.startswith(CELL):
            number = float(child.removeprefix(CELL))
            runs = self.cells.setdefault(track, [])
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
