"""What an optimisation found: finalists, told only by runs that the search has not seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from linetwin.study.analysing.aims import aim_of, beyond, kept
from linetwin.study.analysing.inferring import Estimate, mean_of
from linetwin.study.analysing.observing import same_value
from linetwin.study.analysing.telling import is_rare

if TYPE_CHECKING:
    from linetwin.study.analysing.observing import Observed

FINALISTS, FRESH = (5, 12), 20
"""Trials that are run again, with one objective and with several; and with how many new seeds."""
RESAMPLES = 2000


def chosen(values: np.ndarray, missed: np.ndarray, count: int) -> list[int]:
    """Return the trials worth another look, best first.

    `values`: (trials, objectives), more is better; `missed`: by how much a trial misses a bound.
    Of those that keep all bounds the best, of several objectives the front; where none does, those
    that miss by least.
    """
    told = np.isfinite(values).all(axis=1) & np.isfinite(missed)
    good = np.flatnonzero(told & (missed <= 0))
    if not len(good):
        order = np.flatnonzero(told)
        return [int(n) for n in order[np.argsort(missed[order], kind="stable")][:count]]
    if values.shape[1] == 1:
        return [int(n) for n in good[np.argsort(-values[good, 0], kind="stable")][:count]]
    front = good[unbeaten(values[good])]
    front = front[np.argsort(-values[front, 0], kind="stable")]
    even = np.unique(np.linspace(0, len(front) - 1, min(count, len(front))).round().astype(int))
    return [int(n) for n in front[even]]


def unbeaten(values: np.ndarray) -> np.ndarray:
    """Return which rows no other row beats in all objectives, shape (n,): the Pareto front."""
    better: np.ndarray = np.all(values[None] >= values[:, None], axis=2)
    strictly: np.ndarray = np.any(values[None] > values[:, None], axis=2)
    beaten: np.ndarray = np.any(better & strictly, axis=1)
    return ~beaten


@dataclass(frozen=True)
class Finalist:
    """A trial that was run again.

    `point`: its number; `searched`: mean of each objective in the search, which is too good where
    trials were chosen for it; `figures`: the same in new runs, with interval; `gains`: how much
    more that is than in the scenario as it is, seed by seed, empty where that was not run; `kept`:
    share of new runs that keep each constraint, `keeps`: whether each as often as asked;
    `unbeaten`: how likely it belongs to the front (of one objective: is the best), over what the
    new runs leave open.
    """

    point: int
    searched: tuple[float, ...]
    figures: tuple[Estimate, ...]
    gains: tuple[Estimate, ...]
    kept: tuple[Estimate, ...]
    keeps: bool
    unbeaten: float


@dataclass(frozen=True)
class Optimum:
    """The finalists, best first (of the first objective); those that miss a bound last, by how far.

    Points of which clearly fewer than `TOLD` of the new runs tell the aims stand after the others;
    points of which none does are left out.

    The scenario as it is stands after all others where it lies outside of the factors' bounds.

    `fresh`: new seeds of each; `first`: number of the trial that is the scenario as it is; `loss`:
    by how much another finalist may be better than the first one on average, in the objective's
    unit, NaN for several objectives.
    """

    finalists: tuple[Finalist, ...]
    fresh: int
    loss: float
    trials: int


def optimum(observed: Observed) -> Optimum | None:
    """Return the finalists; None before any was run again, or where no trial tells its aims."""
    searched = observed.written.replications
    plan = observed.study.plan["replications"].to_numpy(int)
    rows = np.flatnonzero(plan > searched)
    aims = [aim_of(each) for each in observed.objectives]
    tables = [observed.values(figure) for figure, _ in aims]
    told = _told(tables, rows, searched)
    rows, told = rows[told > 0], told[told > 0]
    if not len(rows):
        return None
    fresh = [table[rows, searched:] for table in tables]
    signed = np.stack([s * each for (_, s), each in zip(aims, fresh, strict=True)], axis=2)
    outside = _outside(observed, rows)
    rare = [is_rare(count, fresh[0].shape[1]) for count in told.tolist()]
    rivals = [n for n in range(len(rows)) if n != outside]
    if not rivals:  # the scenario alone tells anything, and lies outside of the bounds
        return None
    inside = [n for n in rivals if not rare[n]] or rivals
    means, front = _resampled(signed[inside])
    likely = dict(zip(inside, front.mean(axis=0).tolist(), strict=True))
    bound = [_of_runs(observed, row, searched) for row in rows.tolist()]
    shares = [
        [kept(c, each) for c, each in zip(observed.constraints, own_runs, strict=True)]
        for own_runs in bound
    ]
    short = [_short(observed, each) for each in shares]
    away = _away(observed, bound)
    found = _finalists(observed, rows, tables, shares, likely)
    first = np.nanmean(signed[:, :, 0], axis=1)
    order = sorted(
        range(len(found)),
        key=lambda n: (n == outside, rare[n], short[n], short[n] and away[n], -first[n]),
    )
    loss = np.nan
    if len(aims) == 1:
        alike = [place for place, n in enumerate(inside) if short[n] == short[order[0]]]
        top = means[:, inside.index(order[0]), 0]
        loss = float((means[:, alike, 0].max(axis=1) - top).mean())
    return Optimum(tuple(found[n] for n in order), int(fresh[0].shape[1]), loss, len(plan))


def _finalists(
    observed: Observed,
    rows: np.ndarray,
    tables: list[np.ndarray],
    shares: list[list[Estimate]],
    likely: dict[int, float],
) -> list[Finalist]:
    """Return what is told of each row; `likely`: how likely it is unbeaten, of those in bounds."""
    searched, own = observed.written.replications, _own_row(observed, rows)
    fresh = [table[rows, searched:] for table in tables]
    return [
        Finalist(
            point=int(observed.study.points.index[row]),
            searched=tuple(mean_of(table[row, :searched]).value for table in tables),
            figures=tuple(mean_of(each[n]) for each in fresh),
            gains=tuple(mean_of(each[n] - each[own]) for each in fresh) if own is not None else (),
            kept=tuple(shares[n]),
            keeps=_short(observed, shares[n]) <= 0.0,
            unbeaten=likely.get(n, 0.0),
        )
        for n, row in enumerate(rows.tolist())
    ]


def _told(tables: list[np.ndarray], rows: np.ndarray, searched: int) -> np.ndarray:
    """Return how many new runs of each row have a value, of the aim of which fewest have one."""
    known = [np.isfinite(table[rows, searched:]).sum(axis=1) for table in tables]
    return np.asarray(np.min(known, axis=0))


def _of_runs(observed: Observed, row: int, searched: int) -> list[np.ndarray]:
    """Return each constraint's figure in new runs of a point that came back."""
    made = observed.made[row, searched:]
    return [observed.values(c.figure)[row, searched:][made] for c in observed.constraints]


def _away(observed: Observed, bound: list[list[np.ndarray]]) -> list[float]:
    """Return how far each point lies beyond its bounds, in standard deviations, together."""
    scatters = [
        float(np.nanstd(np.concatenate(each))) if np.isfinite(np.concatenate(each)).any() else 0.0
        for each in zip(*bound, strict=True)
    ]
    return [
        sum(
            beyond(c, values, scatter)
            for c, values, scatter in zip(observed.constraints, each, scatters, strict=True)
        )
        for each in bound
    ]


def _short(observed: Observed, shares: list[Estimate]) -> float:
    """Return by how much constraints are kept less often than asked, together; 0 for none."""
    pairs = zip(observed.constraints, shares, strict=True)
    return sum(max(0.0, each.chance - share.value) for each, share in pairs)


def _outside(observed: Observed, rows: np.ndarray) -> int | None:
    """Return which row is the scenario where bounds leave it out: no factor is set there."""
    own = _own_row(observed, rows)
    names = [factor.address for factor in observed.factors]
    if own is None or not observed.study.points[names].iloc[int(rows[own])].isna().all():
        return None
    return own


def _own_row(observed: Observed, rows: np.ndarray) -> int | None:
    """Return which of the finalists is the scenario as it is; None where it is none of them."""
    table = observed.study.points
    for n, row in enumerate(rows.tolist()):
        if all(same_value(f, table[f.address].iloc[row]) for f in observed.factors):
            return n
    return None


def _resampled(signed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return means over resampled seeds, (resamples, points, objectives), and who is unbeaten.

    Seeds are common to all points, so they are drawn together.
    """
    rng = np.random.default_rng(0)
    seeds = signed.shape[1]
    drawn = rng.integers(0, seeds, (RESAMPLES, seeds))
    weights = np.stack([np.bincount(row, minlength=seeds) for row in drawn]).astype(float)
    filled = np.where(np.isfinite(signed), signed, np.nanmean(signed, axis=1, keepdims=True))
    means = np.einsum("rs,psk->rpk", weights / seeds, filled)
    return means, np.stack([unbeaten(each) for each in means])
