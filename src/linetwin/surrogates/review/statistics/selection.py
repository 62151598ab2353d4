"""Cells scrapped on a prediction have no outcome: an audit sample finishes in quarantine.

Without it a model that scraps is judged by the cells it let through, and looks the better the more
it scraps. A random part of what it would scrap is kept, its inclusion probability written down,
and each outcome weighs 1 / that probability (Horvitz and Thompson 1952; a ratio of sums, Hajek).
Intervals are exact binomial ones of the effective number of cells (Korn and Graubard 1998 [V]).
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

from linetwin.errors import Problem, ScenarioError
from linetwin.surrogates.gauges import CONFIDENCE, Estimate
from linetwin.surrogates.review.statistics.fewest import fewest
from linetwin.surrogates.shares import clopper_pearson

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True)
class AuditSample:
    """Cells that finish in quarantine though a prediction would scrap them.

    `chosen`: shape (n,); `inclusion`: probability with which each was chosen.
    """

    chosen: np.ndarray
    inclusion: float
    seed: int


@dataclass(frozen=True)
class WeightedShare:
    """A share over all cells from those with an outcome.

    `naive`: without weights, beside it; `effective`: number of cells it is worth; `audited`: how
    many outcomes carry a weight above 1.
    """

    share: Estimate
    naive: float
    effective: float
    cells: int
    audited: int


def audit_sample(
    cells: Sequence[str], share: float, seed: int, fewest: int = 0
) -> AuditSample:  # fmt: skip
    """Return which of the cells to be scrapped are kept: a share of them, `fewest` at least.

    By the hash of seed and cell: the same whatever the order of the cells, and nobody's choice.
    """
    if not 0 <= share <= 1:
        raise ScenarioError([Problem(f"a share of {share:g}", "audit share", "0 to 100 %")])
    count = min(len(cells), max(fewest, math.ceil(share * len(cells) - 1e-9)))
    marks = [hashlib.sha256(f"{seed}\n{cell}".encode()).digest() for cell in cells]
    order = sorted(range(len(cells)), key=marks.__getitem__)
    chosen = np.zeros(len(cells), dtype=np.bool_)
    chosen[order[:count]] = True
    return AuditSample(chosen, count / len(cells) if cells else math.nan, seed)


def audit_size(
    half_width: float, expected: float, total: int | None = None, confidence: float = CONFIDENCE
) -> int:
    """Return how many audited cells tell a share to `half_width`, if it is about `expected`.

    Half the width of the exact interval; of `total` cells at hand fewer do (finite population),
    never more than all.
    """
    if not (0 < half_width < 1 and 0 <= expected <= 1):
        raise ScenarioError([Problem("a width or share is out of 0 to 1", "audit", "shares")])
    found = fewest(lambda count: _half(expected, count, confidence) <= half_width)
    return found if total is None else min(total, math.ceil(found / (1 + (found - 1) / total)))


def weighted_share(
    outcomes: np.ndarray, inclusion: np.ndarray, lots: Sequence[str] = ()
) -> WeightedShare:
    """Return the share of bad cells in the whole process, from cells with an outcome.

    `outcomes` (0 or 1), `inclusion`: shape (n,), 1 for cells that no prediction stopped; lots:
    cells of one count together. ScenarioError for an inclusion that is no probability.
    """
    found, chance = np.asarray(outcomes, dtype=np.float64), np.asarray(inclusion, dtype=np.float64)
    if not (found.size and ((chance > 0) & (chance <= 1)).all()):
        hint = "above 0, at most 1, of each cell with an outcome"
        raise ScenarioError([Problem("an inclusion is no probability", "inclusion", hint)])
    weights = 1 / chance
    total = float(weights.sum())
    share = float((weights * found).sum()) / total
    kinds, places = np.unique(
        np.asarray(lots) if len(lots) else np.arange(found.size), return_inverse=True
    )
    effective = total**2 / float((weights**2).sum())
    freedom = math.inf
    sums = np.bincount(places, weights=weights * (found - share))
    if kinds.size > 1 and 0 < share < 1:
        variance = float((sums**2).sum()) * kinds.size / (kinds.size - 1) / total**2
        effective = min(float(found.size), share * (1 - share) / variance)
        freedom = kinds.size - 1.0
    tail = (1 + CONFIDENCE) / 2
    worth = effective * (float(stats.norm.ppf(tail)) / float(stats.t.ppf(tail, freedom))) ** 2
    told = clopper_pearson(share * worth, worth)
    return WeightedShare(
        told, float(found.mean()), effective, found.size, int((chance < 1).sum())
    )  # fmt: skip


def _half(expected: float, count: int, confidence: float) -> float:
    told = clopper_pearson(expected * count, count, confidence)
    return (told.high - told.low) / 2
