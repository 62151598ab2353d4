"""Chance of a template run: rare defects are drawn more often than they occur, and weighed for it.

A pool of some thousand cells holds too few of a defect of one in a thousand, and too few kinds of
it. So a set part of the cells gets each defect, and a cell's weight says how often it stands for
one of the line: importance sampling, by strata, so that the weighted rate is the configured one.
What becomes of a defect (found, missed, its effect on the cell) is computed as in any run.
"""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

from linetwin.line.drivers import StochasticDriver
from linetwin.line.kinds.stacker import PARTICLE_SPREAD, Stacker
from linetwin.scenario.resolved import address_part

if TYPE_CHECKING:
    from linetwin.line.streams import Streams
    from linetwin.line.world import World

BLOCK = 32
"""Of so many cells, one gets each rare defect: with five of them, most cells stay sound [A]."""
SOUGHT = 1 / BLOCK
PARTICLE, DEFECT = "particle", "defect "
"""Causes for which stations draw: the largest particle of a cell; how a defect's cause begins."""


class Rarities(StochasticDriver):
    """Draws as any driver, but for defects of cells that are rarer than `SOUGHT`.

    `weights`: number of a cell -> chance of its draws in the line over that in the template run;
    1 where none is said.
    """

    def __init__(self, streams: Streams) -> None:
        super().__init__(streams)
        self.weights: dict[int, float] = {}
        self._turns: dict[str, tuple[int, list[int]]] = {}
        self._world: World | None = None

    def watch(self, world: World) -> None:
        """Know the line whose cells are drawn."""
        self._world = world

    def uniform(self, unit: str, cause: str, size: int) -> np.ndarray:
        """Draw numbers between 0 and 1; those of a rare defect by strata."""
        draws = super().uniform(unit, cause, size)
        numbers = self._cells(unit, cause, size)
        if numbers is None or not 0 < (chance := self._chance(unit, cause)) < SOUGHT:
            return draws
        sought = self._turn(f"{unit}|{cause}", size)
        for number, has_it in zip(numbers.astype(int).tolist(), sought.tolist(), strict=True):
            weight = chance / SOUGHT if has_it else (1 - chance) / (1 - SOUGHT)
            self.weights[number] = self.weights.get(number, 1.0) * weight
        strata = np.where(sought, chance * draws, chance + (1 - chance) * draws)
        return 1 - strata if cause == PARTICLE else strata  # few particles are large: near 1

    def weight(self, numbers: np.ndarray) -> np.ndarray:
        """Return the weights of cells, shape (items,)."""
        return np.array([self.weights.get(number, 1.0) for number in numbers.astype(int).tolist()])

    def mean_weight(self) -> float:
        """Return the mean weight of all cells that were started."""
        world = self._world
        started = world.lots.number("cell", 0) - 1 if world is not None else 0
        if not started:
            return 1.0
        return (sum(self.weights.values()) + started - len(self.weights)) / started

    def _turn(self, name: str, size: int) -> np.ndarray:
        """Return whose turn it is among the next cells: one of each block, chosen by chance."""
        seen, chosen = self._turns.setdefault(name, (0, []))
        while len(chosen) * BLOCK < seen + size:
            within = super().uniform("stock", f"turn of {name}", 1)[0]
            chosen.append(len(chosen) * BLOCK + int(within * BLOCK))
        self._turns[name] = (seen + size, chosen)
        return np.isin(np.arange(seen, seen + size), chosen)

    def _cells(self, unit: str, cause: str, size: int) -> np.ndarray | None:
        """Return the numbers of the cells that are drawn for; None where it is not for cells."""
        world = self._world
        if world is None or unit not in world.units:
            return None
        if cause == PARTICLE and isinstance(world.units[unit], Stacker):
            last = world.lots.number("cell", 0) - 1
            return np.arange(last - size + 1, last + 1)
        tray = world.units[unit].state.job.get("tray")
        if not cause.startswith(DEFECT) or tray is None or world.lots[tray].items != size:
            return None
        return world.lots[tray].columns["number"]

    def _chance(self, unit: str, cause: str) -> float:
        """Return how rare a defect is; of a particle, that it may pierce the separator."""
        world = self._world
        if world is None:
            return 0.0
        if cause != PARTICLE:
            return world.value(unit, f"{address_part(cause.removeprefix(DEFECT))}.rate")
        size, limit = (world.value(unit, name) for name in ("particle_size", "particle_limit"))
        # the separator of a cell is larger than its electrodes: no piercing particle is left out
        number = world.value(unit, "particle_rate") * world.value(unit, "separator_area")
        if min(size, limit) <= 0:
            return 0.0
        larger = 1 - NormalDist().cdf(math.log(limit / size) / PARTICLE_SPREAD)
        return 1 - math.exp(-number * larger)
