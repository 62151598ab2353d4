"""The recommended window: where the foretold figures keep the constraints, and how surely."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from linetwin.study.analysing.aims import aim_of, bounds_of
from linetwin.study.analysing.inferring import Estimate
from linetwin.study.analysing.surface import fitted

if TYPE_CHECKING:
    from linetwin.study.analysing.observing import Observed
    from linetwin.study.analysing.surface import Surface
    from linetwin.study.schema import Constraint

CANDIDATES, INSIDE, DRAWS = 4096, 256, 400
STEP = 0.05
ENOUGH = 0.75
"""Share of what differs between points left out that a surface must foretell [A]."""
_NEAR = 0.05
"""How far below its best an objective may be, as share of its span among what is allowed [A]."""


@dataclass(frozen=True)
class Window:
    """A box of factors around the best foretold point.

    `low`, `high`, `best`: shares of the spans, a number a factor; `matters`: numbers of the factors
    that the surfaces depend on, the rest is not narrowed; `figure`: the objective, '' for none,
    `value`: foretold at the best point, with the interval of a single run there; `chance`: least
    and mean chance in the box that a single run keeps all constraints (1 where there are none);
    `loss`: by how much the best place may be better, on average over what the surfaces'
    uncertainty allows; `worst`: by how much the objective is worse at the worst place in the box;
    `explained`: of each surface, by leaving points out; `share`: of the whole span that keeps the
    constraints; `seeds`: how many the chance rests on, 1 where what another does is not known.
    """

    low: np.ndarray
    high: np.ndarray
    best: np.ndarray
    matters: frozenset[int]
    figure: str
    value: Estimate
    chance: tuple[float, float]
    loss: float
    worst: float
    explained: dict[str, float]
    share: float
    seeds: int


class Refused(NamedTuple):
    """No window, for a surface foretells too little: the figure, and what it explains."""

    figure: str
    explained: float


@dataclass(frozen=True)
class _Foretold:
    """Surfaces of the objective and of what is bound."""

    objective: Surface | None
    sign: float
    bound: list[tuple[Constraint, Surface]]

    def chance(self, shares: np.ndarray) -> np.ndarray:
        """Return the chance at points that a run keeps all constraints: at least so much.

        Bonferroni: however the figures hang together, no more runs miss than those that miss one.
        """
        missed = np.zeros(len(shares))
        for constraint, surface in self.bound:
            missed += 1.0 - surface.inside(shares, *bounds_of(constraint))
        return np.clip(1.0 - missed, 0.0, 1.0)

    def value(self, shares: np.ndarray) -> np.ndarray:
        """Return the objective at points, so that more is better; zeros where there is none."""
        if self.objective is None:
            return np.zeros(len(shares))
        return self.sign * self.objective.at(shares)


def window(observed: Observed) -> Window | Refused | None:
    """Return the window; None without aims, surfaces or a place that keeps the constraints.

    `Refused` where the surface of the objective, or of a constraint where there is none, misses
    points left out by more than half of how they spread.
    """
    foretold = _foretold(observed)
    if foretold is None:
        return None
    objective = aim_of(observed.objectives[0])[0] if foretold.objective else ""
    surfaces = {c.figure: s for c, s in foretold.bound}
    if foretold.objective:
        surfaces[objective] = foretold.objective
    deciding = [objective] if objective else list(surfaces)
    weakest = min(deciding, key=lambda name: surfaces[name].explained)
    if surfaces[weakest].explained < ENOUGH:
        return Refused(weakest, surfaces[weakest].explained)
    count = len(observed.factors)
    places = _even(CANDIDATES, count)
    chances, values = foretold.chance(places), foretold.value(places)
    needed = max((each.chance for each, _ in foretold.bound), default=0.0)
    kept = chances >= needed
    if not kept.any():
        return None
    order = np.where(kept, values if foretold.objective else chances, -np.inf)
    start = places[int(np.argmax(order))]
    apart = foretold.objective.apart if foretold.objective else 0.0
    near = max(_NEAR * float(np.ptp(values[kept])), apart)
    least = float(foretold.value(start[None])[0]) - near
    low, high = _grown(foretold, start, needed, least)
    inside = low + _even(INSIDE, count) * (high - low)
    there = foretold.chance(inside)
    own = foretold.value(start[None])[0]
    half = foretold.objective.half(start) if foretold.objective else math.nan
    value = foretold.sign * float(own)
    return Window(
        low=low,
        high=high,
        best=start,
        matters=frozenset(n for surface in surfaces.values() for n in surface.factors),
        figure=objective,
        value=Estimate(value, value - half, value + half),
        chance=(float(there.min()), float(there.mean())),
        loss=_loss(foretold, places[kept], start),
        worst=max(0.0, float(own - foretold.value(inside).min())),
        explained={name: surface.explained for name, surface in surfaces.items()},
        share=float(kept.mean()),
        seeds=min(surface.seeds.count for surface in surfaces.values()),
    )


def _foretold(observed: Observed) -> _Foretold | None:
    if len(observed.study.points) < 2 or not observed.factors:  # noqa: PLR2004
        return None

    def surface(figure: str) -> Surface | None:
        return fitted(observed.shares, observed.values(figure))

    bound = [(each, surface(each.figure)) for each in observed.constraints]
    objective, sign = None, 1.0
    if len(observed.objectives) == 1:
        figure, sign = aim_of(observed.objectives[0])
        objective = surface(figure)
    known = [(each, found) for each, found in bound if found is not None]
    if len(known) < len(bound) or (not known and objective is None):
        return None
    return _Foretold(objective, sign, known)


def _grown(
    foretold: _Foretold, start: np.ndarray, needed: float, least: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return the box that grows from a point as long as every place in it keeps what is needed."""
    low, high = start.copy(), start.copy()
    even = _even(INSIDE, len(start))
    corners = np.round(even)  # half of the places that are tried lie at corners
    tried = np.concatenate([even, corners])
    open_sides = [(number, side) for number in range(len(start)) for side in (-1, 1)]
    while open_sides:
        still = []
        for number, side in open_sides:
            new_low, new_high = low.copy(), high.copy()
            edge = new_low if side < 0 else new_high
            edge[number] = min(1.0, max(0.0, edge[number] + side * STEP))
            places = new_low + tried * (new_high - new_low)
            kept = foretold.chance(places) >= needed
            if (kept & (foretold.value(places) >= least)).all():
                low, high = new_low, new_high
                if 0.0 < edge[number] < 1.0:
                    still.append((number, side))
        open_sides = still
    return low, high


def _loss(foretold: _Foretold, places: np.ndarray, chosen: np.ndarray) -> float:
    """Return by how much the best place beats the chosen one, on average over the uncertainty."""
    if foretold.objective is None:
        return math.nan
    rng = np.random.default_rng(0)
    some = np.concatenate([chosen[None], places[:: max(1, len(places) // 1024)]])
    drawn = foretold.sign * foretold.objective.drawn(some, DRAWS, rng)
    return float((drawn.max(axis=1) - drawn[:, 0]).mean())


def _even(count: int, factors: int) -> np.ndarray:
    """Return places spread evenly over the unit cube."""
    from scipy.stats import qmc

    found: np.ndarray = qmc.Sobol(factors, rng=0).random(count)
    return found
