"""A hold that begins in a branch: what the past has made of the lot is read from its links.

The links of the run folder are followed in the order in which they were written, as a hold that had
been known from the beginning would have followed them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np

from linetwin.line.descent import CELL, PERHAPS, Descent, tracks_of
from linetwin.line.kinds.grading import GRADED, GRADES
from linetwin.line.lots import Lot

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from linetwin.line.lots import Stretches
    from linetwin.line.world import World
    from linetwin.results.reader import Run
    from linetwin.scenario.resolved import Scenario

DETAILS = ("start_m", "end_m", "child_start_m", "child_end_m", "position_uncertainty")


@dataclass
class _Trace:
    """What a hold is noted at for a lot of the past."""

    sources: dict[str, Stretches] = field(default_factory=dict)


class _Past:
    """Every lot that there has been."""

    def __init__(self) -> None:
        self.known: dict[str, _Trace] = {}

    def __contains__(self, name: object) -> bool:
        return not str(name).startswith(CELL)

    def __getitem__(self, name: str) -> _Trace:
        return self.known.setdefault(name, _Trace())


def look_back(world: World, origin: Scenario, past: Run) -> None:
    """Let the holds that `origin` did not have know what was made before the branch."""
    known = len(origin.holds)
    new = {
        track: hold
        for track, hold in tracks_of(world.scenario.holds).items()
        if int(track.removesuffix(PERHAPS)) >= known
    }
    if not new or world.holds is None:
        return
    links = past.table("links")
    lots = _Past()
    descent = Descent(new, lots, {})
    _follow(descent, links, {hold.lot for hold in new.values()})
    for lot in world.lots.open_lots():
        if lot.name in lots.known:
            lot.sources.update(lots.known[lot.name].sources)
    gone: dict[str, list[list[Any]]] = {}
    for name, place, numbers in _departed(world, links, past):
        cells = Lot(name, GRADED, "", 0, 0.0, "1", place, _columns={"number": numbers})
        for track in new:
            if count := int(descent.cells_of(track, cells).sum()):
                gone.setdefault(track, []).append([name, place, float(count)])
    world.holds.adopt(descent.cells, gone)


def _follow(descent: Descent, links: pd.DataFrame, held: set[str]) -> None:
    """Pass holds on along the links that lead down from the lots held."""
    made = links[links["relation"] == "made_from"]
    reached, rows = set(held), []
    for row, (child, parent) in enumerate(zip(made["child"], made["parent"], strict=True)):
        if parent in reached:
            reached.add(child)
            rows.append(row)
    below = made.iloc[rows]
    metres = {name: below[name].to_numpy(dtype=np.float64) for name in DETAILS if name in below}
    children = below["child"].tolist()
    at = 0
    for parent, same in groupby(below["parent"]):  # a lot is no child of its own
        end = at + len(list(same))
        descent.pass_on(children[at:end], parent, {n: v[at:end] for n, v in metres.items()})
        at = end


def _departed(
    world: World, links: pd.DataFrame, past: Run
) -> Iterator[tuple[str, str, np.ndarray]]:
    """Yield box or tray, place and cells (by number) of what has left the line as good."""
    boxed = links[links["role"] == "box"]
    lots = past.table("lots", ["lot", "status", "place"])
    shipped = lots[lots["status"] == "shipped"].set_index("lot")["place"]
    here = {
        number
        for lot in world.lots.open_lots()
        if lot.kind == GRADED
        for number in lot.columns["number"].tolist()
    }
    for box, names in boxed.groupby("parent", sort=False)["child"]:
        if box in shipped.index:
            yield str(box), str(shipped[box]), _numbers(names)
    cells = past.table("cells", ["cell", "tray", "status", "station"])
    loose = cells[cells["status"].isin(GRADES[:2]) & ~cells["cell"].isin(boxed["child"])]
    for (tray, place), names in loose.groupby(["tray", "station"], sort=False)["cell"]:
        numbers = np.array([n for n in _numbers(names) if n not in here])
        if numbers.size:
            yield str(tray), str(place), numbers


def _numbers(names: pd.Series) -> np.ndarray:
    numbers: np.ndarray = names.str.removeprefix(CELL).to_numpy(dtype=np.float64)
    return numbers
