"""Reliability of stated probabilities: does a third of the cells fail that are said to, by a third.

Bins of equal count; the Brier score with its parts (Murphy 1973, and what varies within bins:
Stephenson and others 2008 [V]); the expected calibration error with an interval over lots, beside
the error that a perfectly calibrated model would show of so few cells. Cells of a lot fail
together: intervals of bins have the effective number of cells (Korn and Graubard 1998 [V]).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from linetwin.errors import Problem, ScenarioError
from linetwin.surrogates.gauges import CONFIDENCE, Estimate
from linetwin.surrogates.shares import bootstrap, clopper_pearson, effective_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

BINS: Final = 10
FEWEST_CELLS: Final = 50
"""Cells below which no reliability is told [A]."""
_DRAWS: Final = 500
_SEED: Final = 20_261_122


@dataclass(frozen=True)
class Bin:
    """Cells of like probability: `stated` mean, `observed` share with its interval, their count."""

    low: float
    high: float
    stated: float
    observed: Estimate
    count: int


@dataclass(frozen=True)
class Reliability:
    """How far stated probabilities hold.

    `brier` = `miscalibration` - `resolution` + `uncertainty` + `within_bins`; `error`: expected
    calibration error with its interval over lots; `error_by_chance`: the 95 % quantile of it for
    a model that is perfectly calibrated; `lots`: how many; `design_effect`: variance of the share
    of failures over that of independent cells, 1 or more.
    """

    bins: tuple[Bin, ...]
    brier: float
    miscalibration: float
    resolution: float
    uncertainty: float
    within_bins: float
    error: Estimate
    error_by_chance: float
    cells: int
    lots: int
    design_effect: float


def reliability(
    probabilities: np.ndarray,
    outcomes: np.ndarray,
    lots: Sequence[str],
    weights: np.ndarray | None = None,
    bins: int = BINS,
) -> Reliability:
    """Return how far probabilities hold: `outcomes` 0 or 1, both (n,), `lots` the cells' lots.

    `weights`: 1 / inclusion probability (n,), where cells without an outcome were selected.
    ScenarioError with fewer than 50 cells, or values out of 0 to 1.
    """
    stated, found = _checked(probabilities, outcomes)
    weight = np.ones(stated.size) if weights is None else np.asarray(weights, dtype=np.float64)
    names, places = np.asarray(lots), binned(stated, bins)
    effect = design_effect(stated, found, names, weight)
    members = [np.flatnonzero(places == place) for place in np.unique(places)]
    shown = tuple(_bin(stated[rows], found[rows], weight[rows], effect) for rows in members)
    parts = np.array([float(weight[rows].sum()) for rows in members]) / weight.sum()
    share = float(np.average(found, weights=weight))
    means = np.array([each.stated for each in shown])
    seen = np.array([each.observed.value for each in shown])
    brier = float(np.average((stated - found) ** 2, weights=weight))
    miss = float((parts * (means - seen) ** 2).sum())
    apart, base = float((parts * (seen - share) ** 2).sum()), share * (1 - share)

    def error(rows: np.ndarray) -> float:
        return _calibration_error(weight[rows], (stated - found)[rows], places[rows])

    low, high = bootstrap(names, error, _DRAWS)
    draws = np.random.default_rng(_SEED)
    chance = [
        _calibration_error(weight, stated - (draws.random(stated.size) < stated), places)
        for _ in range(_DRAWS)
    ]
    return Reliability(
        shown, brier, miss, apart, base, brier - miss + apart - base,
        Estimate(error(np.arange(found.size)), low, high), float(np.quantile(chance, CONFIDENCE)),
        found.size, np.unique(names).size, effect,
    )  # fmt: skip


def binned(stated: np.ndarray, bins: int = BINS) -> np.ndarray:
    """Return the bin of each probability (n,): of equal count, equal values in one bin."""
    edges = np.unique(np.quantile(stated, np.arange(1, bins) / bins))
    return np.asarray(np.searchsorted(edges, stated, side="left"))


def design_effect(
    stated: np.ndarray, found: np.ndarray, lots: np.ndarray, weights: np.ndarray | None = None
) -> float:
    """Return the variance of the mean error over that of independent cells, 1 or more.

    From the sums of errors of the lots; 1 where there is one lot.
    """
    _, places = np.unique(lots, return_inverse=True)
    weight = np.ones(stated.size) if weights is None else weights
    sums = np.bincount(places, weights=weight * (found - stated))
    if sums.size == 1:
        return 1.0
    squares, share = weight**2, float(np.average(found, weights=weight))
    expected = float((squares * stated * (1 - stated)).sum())
    alone = max(expected, float((squares * (found - share) ** 2).sum()))
    together = float(((sums - sums.mean()) ** 2).sum()) * sums.size / (sums.size - 1)
    return max(1.0, together / alone) if alone > 0 else 1.0


def _calibration_error(weights: np.ndarray, off: np.ndarray, places: np.ndarray) -> float:
    """Return the expected calibration error of errors (n,) in bins `places` (n,)."""
    sums = np.bincount(places, weights=weights * off)
    return float(np.abs(sums).sum() / weights.sum())


def _bin(stated: np.ndarray, found: np.ndarray, weights: np.ndarray, effect: float) -> Bin:
    """Return a bin; its interval is that of the effective number of cells."""
    share = float(np.average(found, weights=weights))
    worth = effective_rows(weights) / effect
    observed = clopper_pearson(share * worth, worth)._replace(value=share)
    mean = float(np.average(stated, weights=weights))
    return Bin(float(stated.min()), float(stated.max()), mean, observed, found.size)


def _checked(probabilities: np.ndarray, outcomes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    stated = np.asarray(probabilities, dtype=np.float64)
    found = np.asarray(outcomes, dtype=np.float64)
    problems = []
    if stated.size < FEWEST_CELLS:
        message = f"{stated.size} cells are too few for a reliability"
        problems.append(Problem(message, "reliability", f"{FEWEST_CELLS} or more"))
    if not ((stated >= 0) & (stated <= 1)).all():
        problems.append(Problem("a probability is out of 0 to 1", "reliability"))
    if not np.isin(found, [0.0, 1.0]).all():
        problems.append(Problem("an outcome is neither 0 nor 1", "reliability"))
    if problems:
        raise ScenarioError(problems)
    return stated, found
