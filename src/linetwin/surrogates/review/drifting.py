"""Cells whose voltage falls faster than their tray does: K-values held against the tray's limit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from linetwin.errors import ScenarioError
from linetwin.results.schemas import MEASURED
from linetwin.surrogates.review.statistics.ageing import limit_factor, tray_limit
from linetwin.surrogates.review.statistics.limits import FALSE_ALARM

if TYPE_CHECKING:
    from linetwin.surrogates.data.dataset import Dataset

READ: Final = f"{MEASURED}ocv_drift"


@dataclass(frozen=True)
class Beyond:
    """A cell beyond the limit of its tray; `drift`, `median` and `limit` in V/s.

    `sigmas`: how many of the tray's robust sigma it lies above its median.
    """

    cell: str
    tray: str
    drift: float
    median: float
    limit: float
    sigmas: float


@dataclass(frozen=True)
class Drifting:
    """Cells beyond, the worst first; `cells`: judged; `trays`: with a limit, and `refused` none."""

    beyond: tuple[Beyond, ...]
    cells: int
    trays: int
    refused: int

    @property
    def by_chance(self) -> float:
        """How many sound cells would be beyond their limits, on average."""
        return FALSE_ALARM * self.cells


def drifting(data: Dataset) -> Drifting | None:
    """Return which cells lie beyond their tray's limit; None where no drift was read by tray."""
    if READ not in data.columns or "tray" not in data.columns:
        return None
    values, trays = data.numbers(READ), data.frame["tray"].to_numpy()
    names = data.frame.index.to_numpy()
    found: list[Beyond] = []
    judged = limited = refused = 0
    for tray in dict.fromkeys(str(each) for each in trays if each):
        rows = np.flatnonzero((trays == tray) & np.isfinite(values))
        if not rows.size:
            continue
        try:
            own = tray_limit(values[rows], limit_factor(FALSE_ALARM, rows.size))
        except ScenarioError:  # too few cells for a scatter of their own: counted
            refused += 1
            continue
        judged, limited = judged + rows.size, limited + 1
        for row in rows[values[rows] > own.limit].tolist():
            above = (values[row] - own.median) / own.sigma if own.sigma else np.inf
            found.append(Beyond(str(names[row]), tray, float(values[row]), own.median,
                                own.limit, float(above)))  # fmt: skip
    found.sort(key=lambda each: -each.sigmas)
    return Drifting(tuple(found), judged, limited, refused)
