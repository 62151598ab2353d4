"""What a study aims at: figures with a sign, bounds, and how far runs keep them."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

from linetwin.study.analysing.inferring import Estimate, share_within

if TYPE_CHECKING:
    from collections.abc import Sequence

    from linetwin.study.schema import Constraint, Objective, WrittenConstraint


def aim_of(objective: Objective) -> tuple[str, float]:
    """Return figure and sign of an objective: +1 where more is better, -1 where less is."""
    if objective.maximise is not None:
        return objective.maximise, 1.0
    return str(objective.minimise), -1.0


def aimed_at(
    objectives: Sequence[Objective], constraints: Sequence[Constraint | WrittenConstraint]
) -> list[str]:
    """Return the figures that objectives and constraints are about, each once."""
    aims = [each.maximise or each.minimise for each in objectives]
    return list(dict.fromkeys([*filter(None, aims), *(each.figure for each in constraints)]))


def bounds_of(constraint: Constraint) -> tuple[float, float]:
    """Return the bounds of a constraint, infinite where it has none."""
    low = -math.inf if constraint.at_least is None else constraint.at_least
    high = math.inf if constraint.at_most is None else constraint.at_most
    return low, high


def kept(constraint: Constraint, values: np.ndarray) -> Estimate:
    """Return the share of runs that keep a constraint, with its interval after Wilson.

    `values`: of runs that came back, NaN where one failed or cannot tell: it does not keep it.
    """
    low, high = bounds_of(constraint)
    return share_within(int(((values >= low) & (values <= high)).sum()), len(values))


def beyond(constraint: Constraint, values: np.ndarray, scatter: float) -> float:
    """Return how far runs lie beyond a bound, in `scatter`; infinite where none can tell."""
    low, high = bounds_of(constraint)
    known = values[np.isfinite(values)]
    away = np.maximum(np.maximum(low - known, known - high), 0.0)
    return float(away.mean()) / (scatter or 1.0) if len(known) else math.inf


def missed_by(constraint: Constraint, values: np.ndarray) -> float:
    """Return by how much a point misses a constraint, in the figure's unit; 0 or less keeps it.

    Over replications, the distance at which a normal figure of this mean and spread keeps its
    bound with the chance that is asked for: a guide for the search, no statement of a chance.
    """
    known = values[np.isfinite(values)]
    if not len(known):
        return math.inf
    mean = float(known.mean())
    spread = float(known.std(ddof=1)) if len(known) > 1 else 0.0
    reach = NormalDist().inv_cdf(min(constraint.chance, _SUREST)) * spread
    low, high = bounds_of(constraint)
    return max(low - mean, mean - high) + max(reach, 0.0)


_SUREST = 0.9999
