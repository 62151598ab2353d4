"""What stopping cells by their risk would save or show: thresholds from the cells of this run.

Counted on cells that the predictor was not trained on, with outcomes that are known. Cells of a
tray fail together: intervals are over trays.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from linetwin.errors import ScenarioError
from linetwin.surrogates.data.runs import INCLUSION_WEIGHT
from linetwin.surrogates.review.statistics.reliability import (
    Reliability,
    design_effect,
    reliability,
)
from linetwin.surrogates.review.statistics.thresholds import (
    PPM,
    CostThreshold,
    SafetyThreshold,
    cells_needed,
    cost_threshold,
    safety_threshold,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from linetwin.surrogates.data.dataset import Dataset
    from linetwin.surrogates.review.policy import Policy
    from linetwin.surrogates.review.risks import Told


TRAINED_HERE: Final = "the predictor was trained on these cells"
UNSEEN: Final = "of most of the stopped cells no outcome is known: see Quarantine"


@dataclass(frozen=True)
class Weighed:
    """What thresholds do with one characteristic; `refused` says why nothing can be told.

    `cells`: with an outcome; `needed`: cells without an escape that show the ceiling of safety.
    """

    target: str
    severity: str
    cells: int
    cost: CostThreshold | None = None
    safety: SafetyThreshold | None = None
    needed: int | None = None
    refused: str = ""


def weighed(told: Iterable[Told], data: Dataset, policy: Policy) -> Iterator[Weighed]:
    """Yield what thresholds do with each predictor's characteristic, then safety without any."""
    predicted = set()
    for each in told:
        if each.weighs is not None and (each.limited is not None or each.is_yes_or_no):
            predicted.add(each.target)
            yield _of(each, data)
    for own in policy.characteristics.values():
        if own.ceiling_ppm is not None and own.name not in predicted:
            needed = cells_needed(own.ceiling_ppm)
            cells = _known(data, own.name)
            yield Weighed(own.name, own.severity, cells, needed=needed, refused="no predictor")


def failures(told: Told, data: Dataset) -> tuple[np.ndarray, np.ndarray]:
    """Return which cells have a risk and an outcome, and of all whether they failed, (cells,)."""
    if told.target not in data.columns:
        none = np.zeros(len(data.frame), dtype=np.bool_)
        return none, none
    values = data.numbers(told.target)
    if told.limited is not None:
        failed = (values < told.limited.goal.low) | (values > told.limited.goal.high)
    else:
        failed = values == told.bad
    return np.isfinite(values) & np.isfinite(told.risk), failed


def reliabilities(told: Iterable[Told], data: Dataset) -> dict[str, Reliability | str]:
    """Return by target how far its risks hold on this run's cells, or why that is not told."""
    found: dict[str, Reliability | str] = {}
    drawn = data.numbers(INCLUSION_WEIGHT) if INCLUSION_WEIGHT in data.columns else None
    for each in told:
        rows, failed = failures(each, data)
        if each.trained_here:
            found[each.target] = TRAINED_HERE
            continue
        try:
            lots = lots_of(data)[rows].tolist()
            weights = None if drawn is None else drawn[rows]
            found[each.target] = reliability(each.risk[rows], failed[rows], lots, weights)
        except ScenarioError as error:
            found[each.target] = error.problems[0].message
    return found


def lots_of(data: Dataset) -> np.ndarray:
    """Return the tray of each cell, shape (cells,), or the cell itself where there is none."""
    column = data.frame["tray"] if "tray" in data.columns else data.frame.index
    return np.asarray([str(each) for each in column], dtype=object)


def stopped(told: Told, safety: SafetyThreshold | None) -> np.ndarray:
    """Return which cells a predictor stops, shape (cells,); none of what the policy has no class.

    By cost from the policy's threshold on. Of safety: above the threshold that was shown to keep
    the ceiling; without one its tests stay for all cells, and those are stopped before whose risk
    is above the ceiling and above that of the mean cell, even at its low end.
    """
    weighs, risk = told.weighs, told.risk
    if weighs is None:
        return np.zeros(len(risk), dtype=np.bool_)
    if weighs.threshold is not None:
        return np.asarray(risk >= weighs.threshold)
    if safety is not None and safety.threshold is not None:
        return np.asarray(risk > safety.threshold)
    least = np.where(np.isfinite(told.low), told.low, risk)
    usual = float(np.nanmean(risk)) if np.isfinite(risk).any() else 0.0
    return np.asarray(least > max((weighs.ceiling_ppm or 0.0) / PPM, usual))


def _of(told: Told, data: Dataset) -> Weighed:
    assert told.weighs is not None  # noqa: S101 - its only caller asks
    severity, ceiling = told.weighs.severity, told.weighs.ceiling_ppm
    needed = None if ceiling is None else cells_needed(ceiling)
    rows, failed = failures(told, data)
    count = int(rows.sum())
    if told.trained_here or not count:
        why = TRAINED_HERE if count else "no outcome is known"
        return Weighed(told.target, severity, count, needed=needed, refused=why)
    if INCLUSION_WEIGHT in data.columns:
        return Weighed(told.target, severity, count, needed=needed, refused=UNSEEN)
    risks, bad, lots = told.risk[rows], failed[rows], lots_of(data)[rows]
    if ceiling is not None:
        effect = design_effect(risks, bad.astype(np.float64), lots)
        found = safety_threshold(risks, bad, ceiling, effect)
        return Weighed(told.target, severity, count, safety=found, needed=needed)
    escape, alarm = told.weighs.cost_of_escape, told.weighs.cost_of_false_alarm
    try:
        cost = cost_threshold(risks, bad, lots.tolist(), escape or math.nan, alarm or math.nan)
    except ScenarioError as error:
        return Weighed(told.target, severity, count, refused=error.problems[0].message)
    return Weighed(told.target, severity, count, cost=cost)


def _known(data: Dataset, name: str) -> int:
    return int(np.isfinite(data.numbers(name)).sum()) if name in data.columns else 0
