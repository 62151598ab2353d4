"""The share of cells that are scrapped for what nobody foresees: a rate, and its doubt.

A beta distribution that begins with the long run and learns from the cells of each tray that has
been graded; what is old counts less, for a plant changes.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

PRIOR_CELLS = 400.0
"""Cells that the long run counts as [A: ten trays, so that a day can correct it]."""
KEPT_TICKS = 5 * 86_400_000
"""Time after which a tray counts 1/e [A: a lot of active material lasts some days]."""
LEAST = 0.1
"""Cells that scrap counts as at the least [A: a long run without any proves none impossible]."""
ALIKE = 4.0
"""Cells that say as much as one [A: neighbours share web, tool and channel]."""


class Losses:
    """Scrap that is counted, against the long run's share of it."""

    def __init__(self, long_run: float) -> None:
        scrap = max(PRIOR_CELLS * long_run, LEAST)
        self._begins = (scrap, max(PRIOR_CELLS - scrap, LEAST))
        self._scrap = self._kept = 0.0
        self._tick = 0

    def graded(self, scrap: int, cells: int, tick: int) -> None:
        """Learn from a tray of so many cells, of which so many were scrapped."""
        fading = math.exp(-max(0, tick - self._tick) / KEPT_TICKS)
        self._scrap = self._scrap * fading + scrap / ALIKE
        self._kept = self._kept * fading + (cells - scrap) / ALIKE
        self._tick = max(tick, self._tick)

    @property
    def mean(self) -> float:
        """Share of cells."""
        scrap, kept = self._counts()
        return scrap / (scrap + kept)

    def draw(self, chance: np.random.Generator) -> float:
        """Draw a share."""
        return float(chance.beta(*self._counts()))

    def _counts(self) -> tuple[float, float]:
        return self._begins[0] + self._scrap, self._begins[1] + self._kept

    def save(self) -> dict[str, Any]:
        """Return everything as plain data."""
        return {"scrap": self._scrap, "kept": self._kept, "tick": self._tick}

    def load(self, data: dict[str, Any]) -> None:
        """Continue from saved data."""
        self._scrap, self._kept, self._tick = data["scrap"], data["kept"], data["tick"]
