"""What the stop that is in force does to a run's cells: how many, how many wrongly, what it saves.

In force are the policy's thresholds, each predictor by itself, a cell stopped once by any of them.
The cheapest threshold of a run (`statistics.thresholds`) is another one, and nobody uses it yet.
A cell is stopped wrongly where it has none of the faults for which it is stopped. That is known
where all of these are known to be absent; that it is stopped rightly, where one is known to be
there; else it is not known. A cell counts once: a right stop saves the dearest escape among those
faults, a wrong one costs the dearest false alarm.

Savings are those of the cells that have a risk, and of which each predictor that gives one knows
the outcome, stopped or passed alike. Of the others a fault may be known where a sound outcome is
still to come: with these, cells would count the sooner the worse they are. Refused cells have no
risk, and cells that the line scraps early have no outcome of what is read later: they are left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from linetwin.surrogates.data.runs import INCLUSION_WEIGHT
from linetwin.surrogates.gauges import Estimate
from linetwin.surrogates.review.statistics.thresholds import PER
from linetwin.surrogates.review.weighing import TRAINED_HERE, UNSEEN, failures, lots_of
from linetwin.surrogates.shares import bootstrap

if TYPE_CHECKING:
    from collections.abc import Sequence

    from linetwin.surrogates.data.dataset import Dataset
    from linetwin.surrogates.review.risks import Told

_DRAWS: Final = 1000


@dataclass(frozen=True)
class Stop:
    """What stopping by the policy does: cells `stopped`, and what is known of them.

    `target`: of one predictor, empty for all together; `known`: stopped cells of which it is known
    whether they have a fault for which they are stopped, `sound`: those without any; `saving`: for
    1,000 cells against letting all through, 95 % interval over trays, None of safety, which has no
    costs; `base`: cells that it is told from, with a risk and all outcomes, None without a saving;
    `refused`: why `known`, `sound` and `saving` are not told.
    """

    target: str
    stopped: int
    known: int | None = None
    sound: int | None = None
    saving: Estimate | None = None
    base: int | None = None
    refused: str = ""


@dataclass(frozen=True)
class _Ruled:
    """A predictor's stops and outcomes, each of shape (cells,), and its costs, NaN of safety.

    `judged`: it gives a risk; `known`: and the outcome is known; `failed`: and it is a fault.
    """

    stops: np.ndarray
    judged: np.ndarray
    known: np.ndarray
    failed: np.ndarray
    escape: float
    false_alarm: float


def in_force(told: Sequence[Told], halted: Sequence[np.ndarray], data: Dataset) -> tuple[Stop, ...]:
    """Return what the stop in force does: all predictors together first, then each by itself.

    `halted`: by predictor, which cells it stops, shape (cells,). Empty without predictors that the
    policy has a class for.
    """
    ruling = [(each, stops) for each, stops in zip(told, halted, strict=True)
              if each.weighs is not None]  # fmt: skip
    if not ruling:
        return ()
    ruled = {each.target: _ruled(each, stops, data) for each, stops in ruling}
    why = {each.target: _refused(each, data) for each, _ in ruling}
    own = [_stop(name, [rule], data, why[name]) for name, rule in ruled.items()]
    every = next((text for text in why.values() if text), "")
    return (_stop("", list(ruled.values()), data, every), *own)


def _ruled(told: Told, stops: np.ndarray, data: Dataset) -> _Ruled:
    known, failed = failures(told, data)
    weighs = told.weighs
    costs = (None, None) if weighs is None else (weighs.cost_of_escape, weighs.cost_of_false_alarm)
    escape, alarm = (np.nan if cost is None else cost for cost in costs)
    return _Ruled(stops, np.isfinite(told.risk), known, failed & known, escape, alarm)


def _refused(told: Told, data: Dataset) -> str:
    if told.trained_here:
        return TRAINED_HERE
    return UNSEEN if INCLUSION_WEIGHT in data.columns else ""


def _stop(target: str, ruled: Sequence[_Ruled], data: Dataset, refused: str) -> Stop:
    stops = np.any([each.stops for each in ruled], axis=0)
    if refused:
        return Stop(target, int(stops.sum()), refused=refused)
    known, right = _judged(ruled)
    saving, base, why = _saving([each for each in ruled if np.isfinite(each.escape)], data)
    return Stop(
        target, int(stops.sum()), int(known.sum()), int((known & ~right).sum()), saving, base, why
    )  # fmt: skip


def _judged(ruled: Sequence[_Ruled]) -> tuple[np.ndarray, np.ndarray]:
    """Return which stopped cells are known to be stopped rightly or wrongly, and which rightly.

    Rightly: one of the faults for which they are stopped is known; wrongly: all are known absent.
    """
    stops = np.any([each.stops for each in ruled], axis=0)
    right = np.any([each.stops & each.failed for each in ruled], axis=0)
    absent = np.all([~each.stops | (each.known & ~each.failed) for each in ruled], axis=0)
    return right | (stops & absent), right


def _saving(ruled: Sequence[_Ruled], data: Dataset) -> tuple[Estimate | None, int | None, str]:
    """Return what the stops save for 1,000 cells, of how many cells, or why it is not told."""
    if not ruled:
        return None, None, ""
    base = np.all([each.known | ~each.judged for each in ruled], axis=0)
    base &= np.any([each.judged for each in ruled], axis=0)
    stops = np.any([each.stops for each in ruled], axis=0)
    right = np.any([each.stops & each.failed for each in ruled], axis=0)
    escapes = np.max([np.where(e.stops & e.failed, e.escape, 0.0) for e in ruled], axis=0)
    alarms = np.max([np.where(e.stops, e.false_alarm, 0.0) for e in ruled], axis=0)
    rows = np.flatnonzero(base)
    lots = lots_of(data)[rows]
    if len({*lots.tolist()}) <= 1:
        none = "no cell has a risk and all outcomes"
        return None, None, "all cells are of one lot" if rows.size else none
    gain = np.where(right, escapes, np.where(stops, -alarms, 0.0))[rows] * PER
    low, high = bootstrap(lots, lambda own: float(gain[own].mean()), _DRAWS)
    return Estimate(float(gain.mean()), low, high), int(rows.size), ""
