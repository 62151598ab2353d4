"""From which risk on a cell is stopped: a ceiling of escapes for safety, else by cost.

Safety: escapes among the cells let through stay below a ceiling in ppm with 95 % confidence, and
no cost is weighed against it. Thresholds are tried upwards until one fails, from several starts:
the strictest that could show it, twice as many cells, and so on. Testing in a fixed order, the
starts sharing the 5 %, keeps the confidence (Angelopoulos and others 2021, learn then test [V]).
Few cells cannot show a low ceiling at all, however good the model is: without one escape it takes
about 3 / ceiling cells (rule of three).
Elsewhere: the threshold of least cost. Its saving is counted on lots that had no part in choosing
it, with an interval over lots, since cells of a lot fail together.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from linetwin.errors import Problem, ScenarioError
from linetwin.surrogates.gauges import CONFIDENCE, Estimate
from linetwin.surrogates.review.statistics.fewest import fewest
from linetwin.surrogates.shares import bootstrap, upper_share

if TYPE_CHECKING:
    from collections.abc import Sequence

PPM: Final = 1e6
PER: Final = 1000.0
"""Savings are told for so many cells."""
_STEP: Final = 1.1
"""Growth of the number of cells let through from one threshold tried to the next [A]."""
_FOLDS: Final = 5
_DRAWS: Final = 1000


@dataclass(frozen=True)
class SafetyThreshold:
    """Cells of this risk or less are let through: None where no threshold can be shown to do.

    `passed`, `escapes`: cells let through and the bad ones among them; `escapes_ppm`: their upper
    bound, 95 % over all that was tried; `stopped`: good cells stopped; `needed`: cells without an
    escape it takes to show the ceiling; `reason`: in words.
    """

    threshold: float | None
    passed: int
    escapes: int
    escapes_ppm: float
    stopped: int
    needed: int
    reason: str


@dataclass(frozen=True)
class CostThreshold:
    """Cells of this risk or more are stopped: the threshold of least cost.

    `by_odds`: false alarm / (escape + false alarm), the best one where risks are calibrated;
    `saving`: for 1,000 cells against letting all through, on lots that had no part in the choice;
    `escapes`, `false_alarms`: for 1,000 cells, likewise.
    """

    threshold: float
    by_odds: float
    saving: Estimate
    escapes: float
    false_alarms: float
    lots: int


def cells_needed(ceiling_ppm: float, escapes: int = 0, confidence: float = CONFIDENCE) -> int:
    """Return how many cells with so many escapes show that the share is below the ceiling."""
    ceiling = ceiling_ppm / PPM
    if not 0 < ceiling < 1:
        raise ScenarioError([Problem(f"a ceiling of {ceiling_ppm:g} ppm", "ceiling", "above 0")])
    return fewest(lambda count: upper_share(escapes, count, confidence) <= ceiling, escapes)


def safety_threshold(
    risks: np.ndarray, bad: np.ndarray, ceiling_ppm: float, design_effect: float = 1.0
) -> SafetyThreshold:
    """Return the highest threshold whose escapes are shown to stay below the ceiling.

    `risks`, `bad` (0 or 1): shape (n,), of cells that no part of the model has seen;
    `design_effect` as of `reliability`: cells of a lot that fail together show less.
    """
    order = np.argsort(np.asarray(risks, dtype=np.float64), kind="stable")
    sorted_risks = np.asarray(risks, dtype=np.float64)[order]
    escapes = np.cumsum(np.asarray(bad, dtype=np.float64)[order])
    total = sorted_risks.size
    needed = math.ceil(cells_needed(ceiling_ppm) * design_effect)
    starts = 1 + math.floor(math.log2(total / needed)) if total >= needed else 0
    level = 1 - (1 - CONFIDENCE) / max(1, starts)
    first = math.ceil(cells_needed(ceiling_ppm, 0, level) * design_effect)
    best, reached = 0, 1.0
    for start in range(starts):
        for count in _counts(sorted_risks, first * 2**start):
            bound = upper_share(escapes[count - 1] / design_effect, count / design_effect, level)
            if bound > ceiling_ppm / PPM:
                break
            if count > best:
                best, reached = count, bound
    found = int(escapes[best - 1]) if best else 0
    stopped = int(total - best - (escapes[-1] - found)) if total else 0
    if best:
        words = f"{found} escapes in {best} cells show at most {reached * PPM:.3g} ppm"
        threshold: float | None = float(sorted_risks[best - 1])
    else:
        threshold = None
        words = f"{ceiling_ppm:g} ppm takes {needed} cells without an escape, there are {total}"
        if total >= needed:
            words = f"too many of the {first} cells of least risk and more were bad"
    return SafetyThreshold(threshold, best, found, reached * PPM, stopped, needed, words)


def cost_threshold(
    risks: np.ndarray, bad: np.ndarray, lots: Sequence[str], escape: float, false_alarm: float
) -> CostThreshold:
    """Return the threshold of least cost of `escape` against `false_alarm` (one currency).

    `risks`, `bad` (0 or 1), `lots`: shape (n,). ScenarioError with one lot, or costs below zero.
    """
    if not (escape > 0 and false_alarm > 0):
        raise ScenarioError([Problem("a cost is not above 0", "costs", "amounts above 0")])
    values, found = np.asarray(risks, dtype=np.float64), np.asarray(bad, dtype=np.float64)
    kinds, places = np.unique(np.asarray(lots), return_inverse=True)
    if kinds.size == 1:
        raise ScenarioError([Problem("all cells are of one lot", "threshold", "two or more lots")])
    folds = np.random.default_rng(0).permutation(kinds.size)[places] % min(_FOLDS, kinds.size)
    stopped = np.zeros(values.size, dtype=np.bool_)
    for fold in np.unique(folds):
        own = folds == fold
        stopped[own] = values[own] >= cheapest(values[~own], found[~own], escape, false_alarm)
    gain = np.where(stopped, np.where(found > 0, escape, -false_alarm), 0.0) * PER
    low, high = bootstrap(places, lambda rows: float(gain[rows].mean()), _DRAWS)
    return CostThreshold(
        cheapest(values, found, escape, false_alarm),
        false_alarm / (escape + false_alarm),
        Estimate(float(gain.mean()), low, high),
        escapes=float((~stopped & (found > 0)).mean()) * PER,
        false_alarms=float((stopped & (found == 0)).mean()) * PER,
        lots=kinds.size,
    )


def cheapest(
    risks: np.ndarray, bad: np.ndarray, escape: float, false_alarm: float
) -> float:  # fmt: skip
    """Return the risk from which on to stop, of all that were stated; infinite: stop none."""
    order = np.argsort(-risks, kind="stable")
    gains = np.cumsum(np.where(bad[order] > 0, escape, -false_alarm))
    last = np.append(np.diff(risks[order]) != 0, [True])
    best = int(np.argmax(np.where(last, gains, -math.inf)))
    return float(risks[order][best]) if gains[best] > 0 else math.inf


def _counts(risks: np.ndarray, first: int) -> list[int]:
    """Return the numbers of cells let through that are tried, whole groups of equal risk."""
    found, count = [], first
    while count <= risks.size:
        end = int(np.searchsorted(risks, risks[count - 1], side="right"))
        found.append(end)
        count = max(end + 1, math.ceil(count * _STEP))
    return [*found, *([risks.size] if found and found[-1] < risks.size else [])]
