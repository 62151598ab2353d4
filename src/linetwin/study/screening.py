"""Which of very many factors matter: groups are moved together, and those that do much are split.

Sequential bifurcation (Bettonvil and Kleijnen 1997, M) with mirrored pairs: each factor has a sign
drawn from the seed; a group's two runs move all its factors by their signs, and against them. Half
of the difference is what they do together, without whatever is alike on both sides.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from linetwin.study.analysing.observing import FAILED
from linetwin.study.keeping import Planned

if TYPE_CHECKING:
    from collections.abc import Sequence

    from linetwin.study.designs import Point
    from linetwin.study.executing import StudyRun
    from linetwin.study.factors import Factor

GROUPS, AT_ONCE = 30, 4
"""Groups of the first round, and how many are split at once [A]."""
Group = tuple[int, ...]


class _Screening:
    """What is known of groups: `told`: measured, `guessed`: what is left of a parent."""

    def __init__(self, carried: StudyRun) -> None:
        self.carried = carried
        self.factors = carried.spec.factors
        self.signs = np.random.default_rng(carried.spec.seed).choice([-1, 1], len(self.factors))
        self.figures = carried.spec.wanted.names
        self.told: dict[Group, np.ndarray] = {}
        self.guessed: dict[Group, np.ndarray] = {}
        self.split: set[Group] = set()

    @property
    def points(self) -> int:
        """How many points have been run."""
        return 1 + 2 * len(self.told)

    def measure(self, groups: Sequence[Group]) -> None:
        """Run the pairs of groups."""
        spec = self.carried.spec
        points = [moved(self.factors, self.signs, g, side) for g in groups for side in (1, -1)]
        planned = [Planned(spec.settings_of(point), point) for point in points]
        rows = self.carried.results(planned, spec.replications)
        known = rows[list(self.figures)].where(rows["status"] != FAILED)
        means = known.groupby(rows["point"], sort=False).mean().to_numpy(float)
        for number, group in enumerate(groups):
            self.told[group] = (means[2 * number] - means[2 * number + 1]) / 2
            self.guessed.pop(group, None)

    def next(self) -> list[Group]:
        """Return the groups to run next; of a parent only one half, the other is what is left.

        Those without figures first, then by their place in each figure's own order, so that a
        figure of large effects does not keep the others from being known.
        """
        effects = {**self.guessed, **self.told}
        leaves = [group for group in effects if group not in self.split]
        placed = _places(np.array([effects[group] for group in leaves]))
        order = sorted(zip(placed, leaves, strict=True), key=lambda each: each[0])
        chosen = [
            group
            for place, group in order
            if place < len(leaves) and (len(group) > 1 or group in self.guessed)
        ][:AT_ONCE]
        found: list[Group] = []
        for group in chosen:
            if len(group) == 1:
                found.append(group)
                continue
            self.split.add(group)
            found.append(group[: len(group) // 2])
        return found

    def infer(self, halves: Sequence[Group]) -> None:
        """Note what a parent leaves for the half that was not run."""
        for parent in self.split:
            half, other = parent[: len(parent) // 2], parent[len(parent) // 2 :]
            if half in halves and other not in self.told:
                whole = self.told.get(parent, self.guessed.get(parent))
                if whole is not None:
                    self.guessed[other] = whole - self.told[half]


def _places(effects: np.ndarray) -> list[int]:
    """Return the best place of each row in the orders of the columns, the largest effect first.

    -1 where an effect is not known; the number of rows where a row does nothing to any column.
    """
    sizes = np.where(np.isfinite(effects), np.abs(effects), 0.0)
    places = np.argsort(np.argsort(-sizes, axis=0, kind="stable"), axis=0, kind="stable")
    places[sizes == 0.0] = len(effects)
    found = places.min(axis=1)
    found[~np.isfinite(effects).all(axis=1)] = -1
    return [int(place) for place in found]


def screen(carried: StudyRun) -> None:
    """Run groups of factors, and parts of those that do most, until the points are used up.

    It ends earlier where what is left of the groups does nothing.
    """
    spec, found = carried.spec, _Screening(carried)
    count = len(spec.factors)
    most = spec.design.points or 0
    carried.results([Planned(spec.settings, (None,) * count)], spec.replications)
    parts = np.array_split(np.arange(count), min(count, spec.design.groups or GROUPS))
    found.measure([tuple(part.tolist()) for part in parts])
    while found.points + 2 <= most:
        halves = found.next()[: (most - found.points) // 2]
        if not halves:
            return
        found.measure(halves)
        found.infer(halves)


def moved(factors: Sequence[Factor], signs: np.ndarray, group: Group, side: int) -> Point:
    """Return the point at which a group's factors are moved, all others as they are."""
    point: list[object] = [None] * len(factors)
    for number in group:
        point[number] = factors[number].at(1.0 if signs[number] * side > 0 else 0.0)
    return tuple(point)  # type: ignore[arg-type]
