"""What was found in a study, each thing computed once, for the sections of its page."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from linetwin.study.analysing.aims import aimed_at
from linetwin.study.analysing.beside import Beside, beside
from linetwin.study.analysing.comparing import Comparison, comparison
from linetwin.study.analysing.effects import Effects, effects
from linetwin.study.analysing.following import Swing, tornado
from linetwin.study.analysing.inferring import Estimate, Noise, noise
from linetwin.study.analysing.optimum import Optimum, optimum
from linetwin.study.analysing.screened import Screened, screened
from linetwin.study.analysing.sensitivity import (
    Morris,
    Sobol,
    chance_of_screening,
    morris,
    sobol,
)
from linetwin.study.analysing.window import Refused, Window, window

if TYPE_CHECKING:
    from linetwin.study.analysing.observing import Observed

_FITTED = {"full", "latin_hypercube", "sobol", "optimise"}

WORTH = 0.01
"""Share of the variance, or of the largest effect, from which a factor is named [A]."""


@dataclass(frozen=True)
class Findings:
    """What was found in a study, each thing computed once."""

    observed: Observed

    @property
    def kind(self) -> str:
        """Kind of the design."""
        return self.observed.design.kind

    @cached_property
    def varying(self) -> list[str]:
        """Figures that are not the same in every run; aims first."""
        observed = self.observed
        aims = aimed_at(observed.objectives, observed.constraints)
        values = {name: observed.values(name) for name in (*aims, *observed.figures)}
        return [
            n for n, v in values.items() if np.isfinite(v).any() and np.nanmax(v) > np.nanmin(v)
        ]

    @cached_property
    def effects(self) -> dict[str, Effects]:
        """Effects on each figure, where the design tells them."""
        if self.kind not in _FITTED:
            return {}
        shares = self.observed.shares
        return {n: effects(shares, self.observed.values(n)) for n in self.varying}

    @cached_property
    def indices(self) -> dict[str, Sobol]:
        """Sobol indices of each figure."""
        if self.kind != "sobol_indices":
            return {}
        found = {name: sobol(self.observed, name) for name in self.varying}
        return {name: each for name, each in found.items() if each is not None}

    @cached_property
    def screening(self) -> dict[str, Morris]:
        """Elementary effects on each figure."""
        if self.kind != "morris":
            return {}
        found = {name: morris(self.observed, name) for name in self.varying}
        return {name: each for name, each in found.items() if each is not None}

    @cached_property
    def screened(self) -> dict[str, Screened]:
        """What a screening of groups found."""
        if self.kind != "screen":
            return {}
        found = {name: screened(self.observed, name) for name in self.varying}
        return {name: each for name, each in found.items() if each is not None}

    @cached_property
    def swings(self) -> dict[str, tuple[Swing, ...]]:
        """Swings of each figure."""
        if self.kind != "one_at_a_time":
            return {}
        return {name: tornado(self.observed, name) for name in self.varying}

    @cached_property
    def optimum(self) -> Optimum | None:
        """What an optimisation found."""
        return optimum(self.observed) if self.kind == "optimise" else None

    @cached_property
    def comparison(self) -> Comparison | None:
        """What a comparison of alternatives found."""
        return comparison(self.observed) if self.kind == "compare" else None

    @cached_property
    def beside(self) -> list[Beside]:
        """What alternatives differ in besides, once the first round has ended."""
        return [] if self.comparison is None else beside(self.observed)

    @cached_property
    def window(self) -> Window | Refused | None:
        """The recommended window, or why there is none."""
        return window(self.observed) if self.kind in _FITTED else None

    @property
    def replications(self) -> int:
        """Replications that all points have."""
        return int(self.observed.study.plan["replications"].min())

    @cached_property
    def noise(self) -> dict[str, Noise]:
        """What the seed decides, of each figure, by the replications that all points have."""
        common = self.replications
        return {name: noise(self.observed.values(name)[:, :common]) for name in self.varying}

    def clear(self) -> list[int]:
        """Return the factors that are worth naming for the first figure, as they are ranked.

        Their interval is clear of what a factor gives that does nothing, and their share is at
        least `WORTH`: of the variance for Sobol indices, else of the largest. By share alone where
        no interval is known; of a fitted surface without a point to spare nothing is.
        """
        told = self._weighed
        found = [each for changes in told.values() for each in changes]
        known = any(math.isfinite(each.low) for each in found)
        first = self.varying[0] if self.varying else ""
        least = WORTH * max((abs(e.value) for e in found if math.isfinite(e.value)), default=0.0)
        idle = 0.0
        if not known and self.kind in _FITTED:
            return []
        if self.kind == "sobol_indices":
            least = WORTH
        elif first in self.screening:
            idle = chance_of_screening(self.observed, first)

        def named(each: Estimate) -> bool:
            clear = not known or each.low > idle or each.high < -idle
            return clear and abs(each.value) >= least > 0

        return [n for n in self.ranked() if any(map(named, told.get(n, ())))]

    @cached_property
    def still(self) -> list[int]:
        """Factors of which nothing is known of the first figure: no runs that told differ in it."""
        if not self.varying:
            return []
        told = np.isfinite(self.observed.values(self.varying[0])).any(axis=1)
        shares = self.observed.shares[told]
        return [
            n
            for n in range(shares.shape[1])
            if not np.nanmax(shares[:, n]) > np.nanmin(shares[:, n])
        ]

    def ranked(self) -> list[int]:
        """Return the factors, what matters most for the first figure first."""
        weights = dict.fromkeys(range(len(self.observed.factors)), 0.0)
        for number, changes in self._weighed.items():
            known = (abs(each.value) for each in changes if math.isfinite(each.value))
            weights[number] = max(known, default=0.0)
        return sorted(weights, key=lambda n: -weights[n])

    @cached_property
    def _weighed(self) -> dict[int, list[Estimate]]:
        """What each factor does to the first figure, as the design tells it."""
        first = self.varying[0] if self.varying else ""
        told: dict[int, list[Estimate]] = {}
        if first in self.effects:
            for each in self.effects[first].effects:
                for factor in each.factors:
                    told.setdefault(factor, []).append(each.change)
        elif first in self.indices:
            told = {n: [e] for n, e in enumerate(self.indices[first].total)}
        elif first in self.screening:
            told = {n: [e] for n, e in enumerate(self.screening[first].mu_star)}
        elif first in self.screened:
            told = {n: [e] for n, e in self.screened[first].factors}
        elif first in self.swings:
            told = {s.factor: [e for _, e in s.changes] for s in self.swings[first]}
        return told
