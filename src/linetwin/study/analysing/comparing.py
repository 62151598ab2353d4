"""What a comparison of alternatives found, read from the study's folder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from linetwin.study.analysing.aims import aim_of
from linetwin.study.analysing.inferring import Estimate, mean_of
from linetwin.study.racing import Race, race_of

if TYPE_CHECKING:
    from linetwin.study.analysing.observing import Observed


@dataclass(frozen=True)
class Alternative:
    """One alternative: `behind`: by how much it is worse than the best, with same seeds.

    `runs`: of those `made` that came back, how many tell the figure.
    """

    name: str
    runs: int
    made: int
    mean: Estimate
    behind: Estimate
    fate: str


@dataclass(frozen=True)
class Comparison:
    """All alternatives, the best first.

    `decided`: whether one is left; `loss`: by how much the best of the others may be better than
    the one on top, on average over what runs leave open, in the figure's unit.
    """

    figure: str
    confidence: float
    alternatives: tuple[Alternative, ...]
    decided: bool
    alike: bool
    loss: float

    @property
    def best(self) -> str:
        """Name of the one on top."""
        return self.alternatives[0].name


def comparison(observed: Observed) -> Comparison | None:
    """Return how the alternatives stand; None before the first round has ended."""
    figure, sign = aim_of(observed.objectives[0])
    plan = observed.study.plan
    values = observed.values(figure)
    ready = race_of(observed.design, len(plan), observed.matters(figure))
    race = _raced(ready, plan["replications"].to_numpy(int), sign * values)
    if not race.seen:
        return None
    means = [_mean(sign * row[: race.seen]) for row in values]
    best = max(race.alive, key=lambda number: means[number])
    order = [best, *sorted((n for n in range(len(plan)) if n != best), key=lambda n: -means[n])]
    names = plan["name"].to_list()
    told = tuple(
        Alternative(
            name=names[number],
            runs=int(np.isfinite(values[number]).sum()),
            made=int(observed.made[number].sum()),
            mean=mean_of(values[number]),
            behind=race.interval(sign * values, best, number) if number != best else Estimate(0.0),
            fate=_fate(race, number, best, names),
        )
        for number in order
    )
    return Comparison(
        figure,
        race.confidence,
        told,
        decided=len(race.alive) == 1,
        alike=race.alike,
        loss=_loss(sign * values, best, race.alive),
    )


def _mean(values: np.ndarray) -> float:
    """Return the mean of what is known; the worst of all where nothing is."""
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else -np.inf


def _raced(race: Race, had: np.ndarray, values: np.ndarray) -> Race:
    """Repeat the race with the runs that are there."""
    while race.due and all(had[number] >= race.due for number in race.alive):
        race.judge(values[:, : race.due])
    return race


def _fate(race: Race, number: int, best: int, names: list[str]) -> str:
    if number in race.dropped:
        by, after = race.dropped[number]
        return f"dropped after {after} runs: {names[by]} is better"
    if len(race.alive) == 1:
        return "best"
    if race.alike:
        return "no difference that matters"
    return "best so far" if number == best else "not decided"


def _loss(values: np.ndarray, best: int, alive: list[int]) -> float:
    rivals = [number for number in alive if number != best]
    if not rivals:
        return 0.0
    rng = np.random.default_rng(0)
    ahead = np.zeros(2000)
    for rival in rivals:
        differences = values[rival] - values[best]
        known = differences[np.isfinite(differences)]
        if len(known) < 2:  # noqa: PLR2004 - a spread needs two
            continue
        spread = float(known.std(ddof=1)) / np.sqrt(len(known))
        drawn = known.mean() + spread * rng.standard_t(len(known) - 1, len(ahead))
        ahead = np.maximum(ahead, drawn)
    return float(ahead.mean())
