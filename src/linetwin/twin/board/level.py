"""How far the capacity of all trays lies from what the twin's line reckons: a level, and its doubt.

Two things tell of it: what formation has read of a tray, and how many of its cells were good. The
second is no Gaussian (of a tray that is all good it says only that it is not low), so the level is
a distribution over a grid.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy.special import ndtr, xlog1py, xlogy

_GRID = np.linspace(-0.04, 0.04, 161)
"""Levels, as logarithms of a ratio [A: a capacity that is off by more is another recipe]."""
_STEP = float(_GRID[1] - _GRID[0])
ALIKE = 40.0
"""Trays that say as much as one [A: 88 share a lot of active material and 4 to 5 a lane of a roll,
which make 0.39 % and 0.35 % of the 0.6 % by which trays differ]."""
WANDERS = 0.0003
"""Standard deviation that a day adds [A: of the whole plant; lots of powder are in `ALIKE`]."""
_DAY_TICKS = 86_400_000
_LEAST = -500.0
"""Logarithm of a chance that is as good as none, so that it stays a number."""
_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(15)


class Level:
    """A level of mean 0 and of standard deviation `scatter`; trays scatter about it as much."""

    def __init__(self, scatter: float) -> None:
        self._scatter = max(scatter, _STEP)
        self._chances = _whole(np.exp(-((_GRID / self._scatter) ** 2) / 2))
        self._tick = -1

    def begin(self, mean: float, deviation: float) -> None:
        """Begin with what is known before the first tray."""
        self._chances = _whole(np.exp(-(((_GRID - mean) / deviation) ** 2) / 2))

    @property
    def mean(self) -> float:
        """Logarithm of true over reckoned capacity."""
        return float(self._chances @ _GRID)

    @property
    def deviation(self) -> float:
        """Standard deviation of it."""
        return math.sqrt(float(self._chances @ (_GRID - self.mean) ** 2))

    def read(self, away: float, tick: int) -> None:
        """Learn from a tray whose capacity was read; `away`: logarithm of read over reckoned."""
        if abs(away) > _GRID[-1]:  # of another recipe, or misread
            return
        self._wander(tick)
        self._learn(-(((away - _GRID) / self._scatter) ** 2) / 2)

    def graded(self, good: int, cells: int, margin: float, spread: float, tick: int) -> None:
        """Learn from a tray of so many cells, of which so many have enough capacity.

        `margin`: logarithm of reckoned capacity over the limit; `spread` of cells within a tray.
        """
        self._wander(tick)
        trays = _GRID[:, None] + self._scatter * _NODES
        share = ndtr((margin + trays) / max(spread, _STEP))
        odds = np.maximum(xlogy(good, share) + xlog1py(cells - good, -share), _LEAST)
        self._learn(np.log(np.exp(odds) @ (_WEIGHTS / _WEIGHTS.sum())))

    def _learn(self, odds: np.ndarray) -> None:
        self._chances = _whole(self._chances * np.exp((odds - odds.max()) / ALIKE))

    def _wander(self, tick: int) -> None:
        """Let the level wander until `tick`, in steps that the grid can hold."""
        if self._tick < 0:
            self._tick = tick
        away = WANDERS * math.sqrt(max(0, tick - self._tick) / _DAY_TICKS)
        if away < _STEP:
            return
        self._tick = tick
        spread = np.exp(-(((_GRID[:, None] - _GRID) / away) ** 2) / 2)
        self._chances = _whole(spread @ self._chances)

    def save(self) -> dict[str, Any]:
        """Return everything as plain data."""
        return {"chances": self._chances.tolist(), "tick": self._tick}

    def load(self, data: dict[str, Any]) -> None:
        """Continue from saved data."""
        self._chances = np.array(data["chances"], dtype=np.float64)
        self._tick = int(data["tick"])


def _whole(values: np.ndarray) -> np.ndarray:
    found: np.ndarray = values / values.sum()
    return found
