"""The recommended window: where the foretold figures keep the constraints, and how surely."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from linetwin.study.analysing.aims import aim_of, bounds_of
from linetwin.study.analysing.box import Room, at_levels, even, largest_box
from linetwin.study.analysing.inferring import Estimate
from linetwin.study.analysing.surface import fitted, least_points
from linetwin.study.analysing.telling import TOLD, telling_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Literal

    from linetwin.study.analysing.observing import Observed
    from linetwin.study.analysing.surface import Surface
    from linetwin.study.analysing.telling import Telling
    from linetwin.study.factors import Factor
    from linetwin.study.schema import Constraint

CANDIDATES, CLOSER, ROUNDS, DRAWS = 4096, 2048, 3, 400
ENOUGH = 0.75
"""Share of what differs between points left out that a surface must foretell [A]."""
_NEAR = 0.05
"""How far below its best an objective may be, as share of its span in all that was varied [A]."""
_GIVING = (0.1, 0.2, 0.3)
"""Shares of its span with which room is looked for where there is none so near the best [A]."""
_BACK = 0.25
"""How far the best place stays off the sides of the window, as share of its width [A]."""


@dataclass(frozen=True)
class Window:
    """A box of factors in which every foretold place is nearly the best one.

    `low`, `high`, `best`: shares of the spans, a number a factor, `best` the best place that has
    room on both sides, but for ends of what was varied; `matters`: numbers of the factors
    that the surfaces depend on, the rest is not narrowed; `figure`: the objective, '' for none,
    `value`: foretold at the best point, with the interval of a single run there; `chance`: least
    and mean chance in the box that a single run keeps all constraints (1 where there are none);
    `loss`: by how much the best place may be better, on average over what the surfaces'
    uncertainty allows; `worst`: by how much the objective is worse at the worst place in the box;
    `told`: share of all runs that told what is aimed at, others keep nothing;
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
    told: float


class Refused(NamedTuple):
    """No window, and why.

    `foretold`: the surface of `figure` foretells only `share` of what points left out differ by;
    `nowhere`: the highest chance of keeping all constraints is `share`, and `many` were the seeds
    many, `needed` is asked; `narrow`: around `best`, the best place, there is no box with width,
    unless the objective may lose `share` of its span (NaN: nor then); `few`: fewer than `points`
    points are there, without which there is no surface; `same`: `figure` is the same in all runs;
    `untold`: nowhere does a run tell what is aimed at with more than `share`, `needed` is wanted.
    """

    why: Literal["foretold", "nowhere", "narrow", "few", "same", "untold"]
    seeds: int
    figure: str = ""
    share: float = math.nan
    many: float = math.nan
    needed: float = math.nan
    best: np.ndarray | None = None
    matters: frozenset[int] = frozenset()
    points: int = 0


@dataclass(frozen=True)
class _Foretold:
    """Surfaces of the objective and of what is bound; places are those of factors that matter."""

    objective: Surface | None
    figure: str
    sign: float
    bound: list[tuple[Constraint, Surface]]
    telling: Telling
    factors: int

    @property
    def surfaces(self) -> dict[str, Surface]:
        """Each figure's surface."""
        found = {each.figure: surface for each, surface in self.bound}
        return found | ({self.figure: self.objective} if self.objective else {})

    @property
    def matters(self) -> list[int]:
        """Numbers of the factors that a surface depends on, or whether runs tell anything."""
        return _factors_of(self.surfaces.values(), self.telling.narrowing)

    @property
    def seeds(self) -> int:
        """How many seeds a chance rests on."""
        return min(surface.seeds.count for surface in self.surfaces.values())

    @property
    def needed(self) -> float:
        """The chance that is asked for; without constraints that a run tells the objective."""
        return max((each.chance for each, _ in self.bound), default=TOLD)

    def whole(self, places: np.ndarray) -> np.ndarray:
        """Return places with all factors, in the middle of those that do not matter."""
        found = np.full((len(places), self.factors), 0.5)
        found[:, self.matters] = places
        return found

    def chance(self, places: np.ndarray, *, many: bool = False) -> np.ndarray:
        """Return the chance at places that a run tells all and keeps the constraints: at least.

        Bonferroni: however the figures hang together, no more runs miss than those that miss one.
        """
        whole = self.whole(places)
        missed = 1.0 - self.telling.at(whole)
        for constraint, surface in self.bound:
            low, high = bounds_of(constraint)
            missed += 1.0 - surface.inside(whole, low, high, many=many)
        return np.clip(1.0 - missed, 0.0, 1.0)

    def value(self, places: np.ndarray) -> np.ndarray:
        """Return the objective at places, so that more is better; zeros where there is none."""
        if self.objective is None:
            return np.zeros(len(places))
        return self.sign * self.objective.at(self.whole(places))


class _Searched(NamedTuple):
    """Places that were looked at, whether each keeps what is asked, and what each gives.

    `first`: how many of them are spread over all that was varied; `least`: what the objective must
    give to be nearly the best.
    """

    places: np.ndarray
    kept: np.ndarray
    values: np.ndarray
    first: int
    least: float

    def good(self, least: float) -> np.ndarray:
        """Return the places that keep what is asked and give so much."""
        return self.places[self.kept & (self.values >= least)]


def window(observed: Observed) -> Window | Refused | None:
    """Return the window, or why there is none; None where nothing single is aimed at."""
    foretold = _foretold(observed)
    if foretold is None:
        return _unknown(observed)
    surfaces = foretold.surfaces
    deciding = [foretold.figure] if foretold.objective else list(surfaces)
    weakest = min(deciding, key=lambda name: surfaces[name].explained)
    if surfaces[weakest].explained < ENOUGH:
        return Refused("foretold", foretold.seeds, weakest, surfaces[weakest].explained)
    steps = _steps(observed.factors, foretold.matters)
    searched = _searched(foretold, steps)
    if not searched.kept.any():
        telling = float(foretold.telling.at(foretold.whole(searched.places)).max())
        if telling < foretold.needed:
            return Refused(
                "untold",
                foretold.seeds,
                share=telling,
                needed=foretold.needed,
                matters=frozenset(foretold.telling.factors),
            )
        now, many = (float(foretold.chance(searched.places, many=m).max()) for m in (False, True))
        return Refused("nowhere", foretold.seeds, "", now, many, foretold.needed)

    room = _room(foretold, steps, searched.least)
    box = largest_box(room, searched.good(searched.least))
    if box is None:
        return _narrow(foretold, steps, searched)
    return _told(foretold, room, searched, *box)


def _room(foretold: _Foretold, steps: np.ndarray, least: float) -> Room:
    """Return what places must keep, with an objective of `least` or more."""

    def keeps(places: np.ndarray) -> np.ndarray:
        enough = foretold.chance(places) >= foretold.needed
        return enough & (foretold.value(places) >= least)

    return Room(keeps, steps)


def _narrow(foretold: _Foretold, steps: np.ndarray, searched: _Searched) -> Refused:
    """Say what the objective would have to give away for a window."""
    kept = np.where(searched.kept, searched.values, -np.inf)
    best, giving = int(np.argmax(kept)), math.nan
    for share in _GIVING if foretold.objective else ():
        least = float(kept[best]) - share * float(np.ptp(searched.values[: searched.first]))
        if largest_box(_room(foretold, steps, least), searched.good(least)) is not None:
            giving = share
            break
    where = foretold.whole(searched.places[best, None])[0]
    matters = frozenset(foretold.matters)
    figure = foretold.figure
    return Refused("narrow", foretold.seeds, figure, giving, best=where, matters=matters)


def _told(
    foretold: _Foretold, room: Room, searched: _Searched, low: np.ndarray, high: np.ndarray
) -> Window:
    """Return what is told of a box."""
    inside = low + room.tried * (high - low)
    there, values = foretold.chance(inside), foretold.value(inside)
    best = _best(foretold, room, low, high)
    own, where = float(foretold.value(best[None])[0]), foretold.whole(best[None])[0]
    half = foretold.objective.half(where) if foretold.objective else math.nan
    value, ends = foretold.sign * own, (np.zeros(foretold.factors), np.ones(foretold.factors))
    for end, edge in zip(ends, (low, high), strict=True):
        end[foretold.matters] = edge
    return Window(
        low=ends[0],
        high=ends[1],
        best=where,
        matters=frozenset(foretold.matters),
        figure=foretold.figure,
        value=Estimate(value, value - half, value + half),
        chance=(float(there.min()), float(there.mean())),
        loss=_loss(foretold, searched.places[searched.kept], best),
        worst=max(0.0, own - float(values.min())),
        explained={name: surface.explained for name, surface in foretold.surfaces.items()},
        share=float(searched.kept[: searched.first].mean()),
        seeds=foretold.seeds,
        told=foretold.telling.everywhere,
    )


def _factors_of(surfaces: Iterable[Surface], others: Iterable[int]) -> list[int]:
    return sorted({*others, *(n for surface in surfaces for n in surface.factors)})


def _foretold(observed: Observed) -> _Foretold | None:
    if len(observed.study.points) < 2 or not observed.factors:  # noqa: PLR2004
        return None

    def surface(figure: str) -> Surface | None:
        return fitted(observed.shares, observed.values(figure))

    bound = [(each, surface(each.figure)) for each in observed.constraints]
    objective, figure, sign = None, "", 1.0
    if len(observed.objectives) == 1:
        figure, sign = aim_of(observed.objectives[0])
        objective = surface(figure)
    known = [(each, found) for each, found in bound if found is not None]
    if len(known) < len(bound) or (not known and objective is None):
        return None
    surfaces = [found for _, found in known] + ([objective] if objective else [])
    aimed = [each.figure for each, _ in known] + ([figure] if objective else [])
    telling = telling_of(observed, aimed, _factors_of(surfaces, ()))
    name = figure if objective else ""
    return _Foretold(objective, name, sign, known, telling, len(observed.factors))


def _unknown(observed: Observed) -> Refused | None:
    """Say why there is no surface of what is aimed at; None where no window was to be had."""
    objectives = observed.objectives if len(observed.objectives) == 1 else ()
    aimed = [*(aim_of(each)[0] for each in objectives), *(c.figure for c in observed.constraints)]
    if not aimed or not observed.factors:
        return None
    count = len(observed.factors)
    for figure in aimed:
        values = observed.values(figure)
        if fitted(observed.shares, values) is None:
            seen = np.isfinite(values).any(axis=1) & np.isfinite(observed.shares).all(axis=1)
            if int(seen.sum()) < least_points(count):
                return Refused("few", 0, figure, points=least_points(count))
            if not np.ptp(np.nanmean(values[seen], axis=1)):
                return Refused("same", 0, figure)
    return None


def _steps(factors: list[Factor], matters: list[int]) -> np.ndarray:
    """Return the share of its span from level to level of each factor; 0 where it has none."""
    counts = [
        len(f.levels) or (round(f.high - f.low) + 1 if f.whole else 0)
        for f in (factors[n] for n in matters)
    ]
    return np.array([1.0 / (count - 1) if count > 1 else 0.0 for count in counts])


def _searched(foretold: _Foretold, steps: np.ndarray) -> _Searched:
    """Look all over what was varied, then closer where it is nearly the best, or most sure."""
    count = len(foretold.matters)
    low, high, near = np.zeros(count), np.ones(count), 0.0
    looked: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    for number in range(ROUNDS):
        spread = even(CLOSER if number else CANDIDATES, count)
        places = at_levels(np.clip(low + spread * (high - low), 0.0, 1.0), steps)
        chances, values = foretold.chance(places), foretold.value(places)
        kept = chances >= foretold.needed
        if not number and foretold.objective:
            near = max(_NEAR * float(np.ptp(values)), foretold.objective.apart)
        looked.append((places, kept, values))
        good = chances >= np.quantile(chances, _SUREST)
        if kept.any():
            good = kept & (values >= values[kept].max() - near)
        low, high = places[good].min(axis=0), places[good].max(axis=0)
        wider = np.maximum(_WIDER * (high - low), _LEAST)
        low, high = low - wider, high + wider
    whole, kept, values = (np.concatenate(each) for each in zip(*looked, strict=True))
    least = float(values[kept].max()) - near if kept.any() else math.nan
    return _Searched(whole, kept, values, CANDIDATES, least)


def _best(foretold: _Foretold, room: Room, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Return the best place of a box with room on both sides, but for ends of what was varied."""
    back = _BACK * (high - low)
    inner = low + np.where(low > 0.0, back, 0.0), high - np.where(high < 1.0, back, 0.0)
    places = at_levels(inner[0] + room.tried * (inner[1] - inner[0]), room.steps)
    worth = foretold.value(places) if foretold.objective else foretold.chance(places)
    found: np.ndarray = places[int(np.argmax(worth))]
    return found


def _loss(foretold: _Foretold, places: np.ndarray, chosen: np.ndarray) -> float:
    """Return by how much the best place beats the chosen one, on average over the uncertainty."""
    if foretold.objective is None:
        return math.nan
    rng = np.random.default_rng(0)
    some = np.concatenate([chosen[None], places[:: max(1, len(places) // 1024)]])
    drawn = foretold.sign * foretold.objective.drawn(foretold.whole(some), DRAWS, rng)
    return float((drawn.max(axis=1) - drawn[:, 0]).mean())


_SUREST = 0.98
_WIDER, _LEAST = 0.1, 0.01
