"""What was found in a study, each thing computed once, for the sections of its page."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from linetwin.study.analysing.aims import aim_of
from linetwin.study.analysing.comparing import Comparison, comparison
from linetwin.study.analysing.effects import Effects, effects
from linetwin.study.analysing.following import Swing, tornado
from linetwin.study.analysing.inferring import Estimate, Noise, noise
from linetwin.study.analysing.optimum import Optimum, optimum
from linetwin.study.analysing.screened import Screened, screened
from linetwin.study.analysing.sensitivity import Morris, Sobol, morris, sobol
from linetwin.study.analysing.window import Refused, Window, window

if TYPE_CHECKING:
    from linetwin.study.analysing.observing import Observed

_FITTED = {"full", "latin_hypercube", "sobol", "optimise"}


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
        aims = [aim_of(each)[0] for each in self.observed.objectives]
        aims += [each.figure for each in self.observed.constraints]
        names = list(dict.fromkeys((*aims, *self.observed.figures)))
        values = {name: self.observed.values(name) for name in names}
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
    def window(self) -> Window | Refused | None:
        """The recommended window, or why there is none."""
        return window(self.observed) if self.kind in _FITTED else None

    @cached_property
    def noise(self) -> dict[str, Noise]:
        """What the seed decides, of each figure, by the replications that all points have."""
        common = int(self.observed.study.plan["replications"].min())
        return {name: noise(self.observed.values(name)[:, :common]) for name in self.varying}

    def clear(self) -> list[int]:
        """Return the factors that do more to the first figure than chance, as they are ranked.

        All of them where no interval is known.
        """
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
        known = any(math.isfinite(e.low) for found in told.values() for e in found)
        return [n for n in self.ranked() if not known or any(e.clear for e in told.get(n, []))]

    def ranked(self) -> list[int]:
        """Return the factors, what matters most for the first figure first."""
        count = len(self.observed.factors)
        weights = dict.fromkeys(range(count), 0.0)
        first = self.varying[0] if self.varying else ""
        if first in self.effects:
            for each in self.effects[first].effects:
                for factor in each.factors:
                    weights[factor] = max(weights[factor], abs(each.change.value))
        elif first in self.indices:
            weights |= {n: e.value for n, e in enumerate(self.indices[first].total)}
        elif first in self.screening:
            weights |= {n: e.value for n, e in enumerate(self.screening[first].mu_star)}
        elif first in self.screened:
            weights |= {n: abs(e.value) for n, e in self.screened[first].factors}
        elif first in self.swings:
            weights |= {swing.factor: swing.widest for swing in self.swings[first]}
        return sorted(weights, key=lambda n: -weights[n])
