"""Who is still in question among alternatives: a test that may be looked at after every round.

Paired differences are judged by an anytime-valid t-test: a confidence sequence, which holds at all
numbers of replications at once, so that one may stop when it is clear.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from linetwin.results.inference import CONFIDENCE
from linetwin.study.analysing.inferring import Estimate

if TYPE_CHECKING:
    from linetwin.study.schema import Design

FIRST, GROWTH, MOST = 5, 1.25, 100
"""Replications of the first round, growth from round to round, and where it ends [A]."""
_SCALE = 1.0
"""Spread of true differences that the test looks for, in standard deviations [A]: any value keeps
its guarantee, this one decides how soon which difference is clear."""


def clear_difference(differences: np.ndarray, error: float) -> Estimate:
    """Return the mean of differences, with an interval that holds it at all n at once.

    With at least 1 - `error`, for independent normal differences, whatever their variance: the
    right-Haar Bayes factor of a t-test with a normal prior on the effect in standard deviations
    exceeds 1 / error at some n with a chance of at most that (Ville 1939; Rouder et al. 2009 for
    the factor, Hendriksen, de Heide and Grünwald 2021 for optional stopping; M).
    """
    known = differences[np.isfinite(differences)]
    count = len(known)
    mean = float(known.mean()) if count else math.nan
    if count < 2:  # noqa: PLR2004 - a spread needs two
        return Estimate(mean, -math.inf, math.inf, count)
    grown = 1.0 + count * _SCALE
    factor = (math.sqrt(grown) / error) ** (2.0 / count)
    if factor >= grown:
        return Estimate(mean, -math.inf, math.inf, count)
    squared = (factor - 1.0) / (1.0 - factor / grown) * (count - 1)
    half = math.sqrt(squared / count) * float(known.std(ddof=1))
    return Estimate(mean, mean - half, mean + half, count)


@dataclass
class Race:
    """Who is still in question; more is better.

    The chance that the best alternative is ever dropped is at most 1 - `confidence`: each of its
    rivals has an equal part of that. `matters`: differences up to it are none; `dropped`: name's
    number -> who was clearly better, and after how many replications.
    """

    count: int
    most: int = MOST
    confidence: float = CONFIDENCE
    matters: float = 0.0
    seen: int = 0
    alike: bool = False
    dropped: dict[int, tuple[int, int]] = field(default_factory=dict)

    @property
    def alive(self) -> list[int]:
        """Those still in question."""
        return [number for number in range(self.count) if number not in self.dropped]

    @property
    def due(self) -> int:
        """Replications that those still in question need next; 0 where it is over."""
        if len(self.alive) < 2 or self.alike or self.seen >= self.most:  # noqa: PLR2004
            return 0
        return min(self.most, max(FIRST, math.ceil(self.seen * GROWTH)))

    def interval(self, values: np.ndarray, one: int, other: int) -> Estimate:
        """Return by how much one is better than another."""
        error = (1.0 - self.confidence) / (self.count - 1)
        return clear_difference(values[one] - values[other], error)

    def judge(self, values: np.ndarray) -> None:
        """Look at values, shape (alternatives, replications); NaN where a run is not there."""
        self.seen = values.shape[1]
        alive = self.alive
        ahead = {
            other: one
            for other in alive
            for one in alive
            if one != other and self.interval(values, one, other).low > 0
        }
        for other, one in ahead.items():
            self.dropped[other] = (one, self.seen)
        self.alike = self._all_alike(values)

    def _all_alike(self, values: np.ndarray) -> bool:
        """Whether no two of those left differ by anything that matters."""
        if not self.matters:
            return False
        pairs = [(a, b) for a in self.alive for b in self.alive if a < b]
        found = [self.interval(values, *pair) for pair in pairs]
        return all(-self.matters <= each.low and each.high <= self.matters for each in found)


def race_of(design: Design, count: int, matters: float) -> Race:
    """Return the race of a design; `matters` in the figure's canonical unit."""
    return Race(
        count,
        most=design.most or MOST,
        confidence=design.confidence or CONFIDENCE,
        matters=matters,
    )
