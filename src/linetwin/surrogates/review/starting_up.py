"""The start-up of a run: trays of cells from before the line was full, which no limits hold to.

A line that began empty is full when the first cell comes out graded: trays that were begun before
saw lots, rooms and machines as they came into use. A line that began filled is full at once: its
start-up are the cells of its stock, begun before the run, which are drawn from few.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from linetwin.results.assumptions import plan
from linetwin.surrogates.review.statistics.limits import FEWEST

if TYPE_CHECKING:
    from linetwin.results.reader import Run
    from linetwin.surrogates.data.dataset import Dataset

_GRADED: Final = ("A", "B")


@dataclass(frozen=True)
class StartUp:
    """Trays of a start-up; `every`: how many there are; `filled`: whether the line began so."""

    trays: frozenset[str]
    every: int
    filled: bool

    @property
    def left_out(self) -> bool:
        """Whether charts go without them: where enough trays are left for limits."""
        return bool(self.trays) and self.every - len(self.trays) >= FEWEST

    @property
    def text(self) -> str:
        """What is to be known of it; "" where there is none."""
        if not self.trays:
            return ""
        when = "the run" if self.filled else "the line was full"
        many = f"{len(self.trays):,} of {self.every:,} trays were begun before {when}"
        if self.left_out:
            return f"{many}: charts and capability of cells are without them."
        return f"{many}: too few others, so the start-up is in the limits of cells."

    def without(self, data: Dataset) -> Dataset:
        """Return the data with no tray told of cells of the start-up, where it is left out."""
        if not self.left_out:
            return data
        trays = data.frame["tray"].where(~data.frame["tray"].isin(self.trays), "")
        return replace(data, frame=data.frame.assign(tray=trays))


def start_up(run: Run, data: Dataset) -> StartUp:
    """Return the trays that were begun before the line was full."""
    filled = plan(run).filled
    if "tray" not in data.columns:
        return StartUp(frozenset(), 0, filled)
    trays = {str(tray) for tray in data.frame["tray"]} - {""}
    cells = run.table("cells")
    begun = cells[cells["tray"].isin(trays)].groupby("tray")["started"].min()
    graded = cells.loc[cells["status"].isin(_GRADED), "ended"]
    full = 0.0 if filled else float(graded.min()) if len(graded) else np.inf
    early = begun.index[begun <= full]
    return StartUp(frozenset(str(tray) for tray in early), len(begun), filled)
