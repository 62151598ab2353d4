"""The share of cells of a tray that are scrapped for more than capacity and resistance.

Two parts. What the twin's line foresees: cells that leak, for its knives and tools wear as the
plant's do. Which tray has how many is the twin's own dice, so a tray's share is drawn from those of
its neighbours in the twin's line: this has the mean, and by how much trays differ. And the rest: a
rate, and its doubt. It begins with the long run less what is foreseen, and learns from the cells of
each tray that has been graded; what is old counts less, for a plant changes.
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
AROUND = 25
"""Trays before and after that count as neighbours [A: half a day of the pilot line]."""
REMEMBERED = 4096
"""Trays whose foreseen share is kept: more than lie between charging and grading."""


class Losses:
    """Scrap that is foreseen or counted, against the long run's share of it."""

    def __init__(self, long_run: float) -> None:
        self._long_run = long_run
        self._reckoned: dict[str, float] = {}
        self._usual = 0.0
        self._learnt = 0
        self._beyond = self._cells = 0.0
        self._tick = 0

    def reckoned(self, tray: str, share: float) -> None:
        """Note the share of a tray's cells that leak in the twin's line, in the order of trays."""
        self._reckoned[tray] = share
        if self._learnt < AROUND:  # what the long run has of it, as long as tools are as they were
            self._learnt += 1
            self._usual += (share - self._usual) / self._learnt
        while len(self._reckoned) > REMEMBERED:
            del self._reckoned[next(iter(self._reckoned))]

    def around(self, tray: str) -> list[float]:
        """Return what is foreseen of a tray and its neighbours; of the last ones for a stranger."""
        names = list(self._reckoned)
        place = names.index(tray) if tray in self._reckoned else len(names) - 1
        near = names[max(0, place - AROUND) : place + AROUND + 1]
        return [self._reckoned[each] for each in near] or [0.0]

    def graded(self, tray: str, scrap: int, cells: int, tick: int) -> None:
        """Learn from a tray of so many cells, of which so many were scrapped."""
        near = self.around(tray)
        fading = math.exp(-max(0, tick - self._tick) / KEPT_TICKS)
        beyond = scrap - cells * sum(near) / len(near)
        self._beyond = self._beyond * fading + beyond / ALIKE
        self._cells = self._cells * fading + cells / ALIKE
        self._tick = max(tick, self._tick)

    @property
    def mean(self) -> float:
        """Share of cells beyond what is foreseen."""
        scrap, kept = self._counts()
        return scrap / (scrap + kept)

    def draw(self, near: list[float], chance: np.random.Generator) -> float:
        """Draw the share of a tray with such neighbours."""
        share = near[int(chance.integers(len(near)))] + float(chance.beta(*self._counts()))
        return min(1.0, share)

    def _counts(self) -> tuple[float, float]:
        scrap = PRIOR_CELLS * (self._long_run - self._usual) + self._beyond
        cells = PRIOR_CELLS + self._cells
        scrap = min(max(scrap, LEAST), cells - LEAST)
        return scrap, cells - scrap

    def save(self) -> dict[str, Any]:
        """Return everything as plain data."""
        return {
            "reckoned": dict(self._reckoned),
            "usual": self._usual,
            "learnt": self._learnt,
            "beyond": self._beyond,
            "cells": self._cells,
            "tick": self._tick,
        }

    def load(self, data: dict[str, Any]) -> None:
        """Continue from saved data."""
        self._reckoned = dict(data["reckoned"])
        self._usual, self._learnt = data["usual"], data["learnt"]
        self._beyond, self._cells = data["beyond"], data["cells"]
        self._tick = data["tick"]
