"""Limits of readings from several runs: how orders differ is part of what is expected."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from linetwin.errors import Problem, ScenarioError
from linetwin.surrogates.gauges import Estimate
from linetwin.surrogates.review.statistics.autocorrelation import (
    HIGHEST,
    Process,
    ewma_variance,
)
from linetwin.surrogates.review.statistics.charts import EWMA_WEIGHT, Subgroups, smoothed
from linetwin.surrogates.review.statistics.limits import FEWEST, Limits, Orders, data_hash
from linetwin.surrogates.review.statistics.orders import levels_of, processes_of
from linetwin.surrogates.review.statistics.spreads import spread_of_runs

if TYPE_CHECKING:
    from collections.abc import Sequence


def phase_one_of_runs(stream: str, runs: Sequence[Subgroups]) -> Limits:
    """Return limits from the subgroups of two runs or more, to be looked at and approved.

    Nothing is set aside: what sound runs do is usual, and tails are as heavy as they show.
    ScenarioError where a run has fewer than 10 subgroups, drifts or does not scatter.
    """
    for number, own in enumerate(runs, 1):
        if len(own.labels) < FEWEST:
            message = f"{stream}: {len(own.labels)} subgroups of run {number} are too few"
            raise ScenarioError([Problem(message, "limits", f"{FEWEST} or more of each run")])
    processes = processes_of([own.means for own in runs])
    _check(stream, processes)
    phi = _phi(processes)
    variances = [ewma_variance(phi.value, EWMA_WEIGHT, own.means.size) for own in runs]
    weighted = [smoothed(own.means, each.mean)
                for own, each in zip(runs, processes, strict=True)]  # fmt: skip
    means = levels_of([own.means for own in runs], processes)
    spread, differing = spread_of_runs(runs)
    joined = _joined(runs)
    return Limits(
        stream, "between", f"{len(runs)} runs, whose levels differ",
        centre=means.centre, sigma=means.scale, freedom=means.freedom,
        mean_variance=(means.sigma / means.scale) ** 2,
        autocorrelation=phi,
        spread=spread.sigma, spread_freedom=spread.freedom,
        subgroups=len(joined.labels), readings=int(joined.counts.sum()),
        set_aside=(), spread_set_aside=(), data=data_hash(joined),
        spread_subgroups=int((joined.counts > 1).sum()),
        orders=Orders(means, levels_of(weighted, processes, variances), differing),
    )  # fmt: skip


def _check(stream: str, processes: Sequence[Process]) -> None:
    for number, each in enumerate(processes, 1):
        if not each.sigma > 0:
            message = f"{stream}: readings of run {number} do not scatter"
            raise ScenarioError([Problem(message, "limits", "a gauge of finer resolution")])
        if each.autocorrelation.value >= HIGHEST:
            message = f"{stream}: the subgroups of run {number} drift"
            raise ScenarioError([Problem(message, "limits", "longer runs, or the drift's cause")])


def _phi(processes: Sequence[Process]) -> Estimate:
    """Return the mean autocorrelation of runs, 0 or more: below zero it narrows no limits."""
    weights = [each.freedom for each in processes]
    told = np.array([each.autocorrelation for each in processes])
    value, low, high = np.average(told, axis=0, weights=weights).tolist()
    reach = (high - low) / 2 / len(processes) ** 0.5
    value = max(0.0, value)
    return Estimate(value, max(-1.0, value - reach), min(1.0, value + reach))


def _joined(runs: Sequence[Subgroups]) -> Subgroups:
    """Return the subgroups of runs one after the other, labelled by run: "2: tray-0001"."""
    return Subgroups(
        tuple(f"{number}: {label}" for number, own in enumerate(runs, 1) for label in own.labels),
        np.concatenate([own.means for own in runs]),
        np.concatenate([own.deviations for own in runs]),
        np.concatenate([own.counts for own in runs]),
        sum(own.missing for own in runs),
    )
