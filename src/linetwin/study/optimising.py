"""Optimisation by Optuna: it proposes points, the study runs them, the folder remembers.

Nothing is stored but the folder: with the same seed and the same answers the same points are
proposed again, and those that were run are not run twice. So a study that was broken off goes on,
and one with more trials begins with those of the shorter one.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from linetwin.study.analysing.aims import aim_of, aimed_at, kept, missed_by
from linetwin.study.analysing.observing import FAILED, share_of
from linetwin.study.analysing.optimum import FINALISTS, FRESH, chosen
from linetwin.study.analysing.telling import TOLD, by_place, is_rare
from linetwin.study.designs import needed
from linetwin.study.keeping import Planned

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from linetwin.study.designs import Point
    from linetwin.study.executing import StudyRun
    from linetwin.study.factors import Factor
    from linetwin.study.reading import Spec

BATCH = 8
"""Trials proposed at once [A]: of the study, not of the machine, for it decides the points."""
LOOKS = (0.0, 0.75, 1.0)
"""How often trials are chosen to be run again, where none of those before keeps all bounds, and the
least chance then that a run tells all aims, up to what is asked for [A]."""
_NEIGHBOURS = 2
"""Runs that what neighbours say of a trial is worth beside its own [A]."""
_MISSED = "missed"


def optimise(carried: StudyRun) -> None:
    """Run all trials, then the best of them again with seeds that the search has not seen."""
    spec = carried.spec
    needed("optuna")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Optuna warns that parts of it may change
        search = _search(spec)
        trials = spec.design.trials or 0
        points: dict[int, Point] = {}
        told: list[tuple[np.ndarray, np.ndarray, float]] = []
        while len(told) < trials:
            asked = [
                search.ask(_spaces(spec.factors))
                for _ in range(min(spec.design.batch or BATCH, trials - len(told)))
            ]
            proposed = [_point(spec.factors, trial.params) for trial in asked]
            rows = carried.results(_planned(spec, proposed), spec.replications)
            for trial, point, runs in zip(asked, proposed, _by_point(rows), strict=True):
                points[len(told)] = point
                told.append(_tell(search, trial, runs, carried))
    values, missed, tells = (np.array(each) for each in zip(*told, strict=True))
    again = _run_again(carried, [*points.values()], values, missed, tells)
    own = points[0] if _own(spec.factors) is not None else (None,) * len(spec.factors)
    # the scenario as it is, too, to tell what is gained, seed by seed
    total = spec.replications + (spec.design.fresh or FRESH)
    carried.results(_planned(spec, [*dict.fromkeys([*again, own])]), total)


def _run_again(
    carried: StudyRun,
    points: list[Point],
    values: np.ndarray,
    missed: np.ndarray,
    tells: np.ndarray,
) -> list[Point]:
    """Run the best trials with new seeds; others too, where none of those keeps all bounds.

    Return those that were run. `values`: (trials, objectives), more is better; `missed`: (trials,
    constraints), above 0 where the search's runs miss one; `tells`: share of a trial's runs that
    told all aims. What new seeds show to be missed beyond that, on average over those that were
    run again, is then expected of all, and trials near those that failed are expected to fail.
    """
    spec = carried.spec
    total = spec.replications + (spec.design.fresh or FRESH)
    count = spec.design.finalists or (FINALISTS[len(spec.objectives) > 1])
    again: dict[Point, int] = {}
    beyond = np.zeros(missed.shape[1])
    places = np.array([_place(spec.factors, point) for point in points])
    most = max((each.chance for each in carried.constraints), default=TOLD)
    for least in LOOKS:
        runs_of = np.full(len(points), spec.replications)
        runs_of[[*again.values()]] = total
        short = min(least, most) - _likely_to_tell(places, tells, runs_of)
        expected = np.maximum((missed + beyond).max(axis=1, initial=0.0), short)
        best = [n for n in chosen(values, expected, count) if points[n] not in again]
        again |= {points[n]: n for n in best}
        if not best:
            break
        rows = _by_point(carried.results(_planned(spec, [*again]), total))
        seen = [runs[runs["replication"] >= spec.replications] for runs in rows]
        for number, runs in zip(again.values(), rows, strict=True):
            tells[number] = _telling(carried, runs)
        if any(_keeps_all(carried, runs) and not _rarely(carried, runs) for runs in seen):
            break
        wrong = np.stack([_missed_of(carried, runs) for runs in seen]) - missed[[*again.values()]]
        if len(known := wrong[np.isfinite(wrong).all(axis=1)]):
            beyond = known.mean(axis=0)
    return [*again]


def _likely_to_tell(places: np.ndarray, tells: np.ndarray, runs_of: np.ndarray) -> np.ndarray:
    """Return the chance that a run of each trial tells all aims: its own share, and neighbours'.

    `places`: (trials, factors), shares of spans; `tells`: of each trial's `runs_of` runs.
    """
    near = by_place(places, tells, ()).at(places)
    return np.asarray((_NEIGHBOURS * near + runs_of * tells) / (_NEIGHBOURS + runs_of))


def _telling(carried: StudyRun, runs: pd.DataFrame) -> float:
    """Return the share of runs that told all that is aimed at."""
    names = aimed_at(carried.spec.objectives, carried.constraints)
    return float(runs[names].notna().all(axis=1).mean())


def _rarely(carried: StudyRun, runs: pd.DataFrame) -> bool:
    return is_rare(round(_telling(carried, runs) * len(runs)), len(runs))


def _keeps_all(carried: StudyRun, runs: pd.DataFrame) -> bool:
    """Whether runs keep each constraint as often as is asked."""
    return all(
        kept(each, runs[each.figure].to_numpy(float)).value >= each.chance
        for each in carried.constraints
    )


def _missed_of(carried: StudyRun, runs: pd.DataFrame) -> np.ndarray:
    """Return by how much a point misses each constraint, shape (constraints,)."""
    known = runs[runs["status"] != FAILED]
    return np.array([missed_by(c, known[c.figure].to_numpy(float)) for c in carried.constraints])


def _search(spec: Spec) -> Any:  # noqa: ANN401 - Optuna's study, imported only here
    import optuna
    from optuna.study import StudyDirection

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    sampler = optuna.samplers.TPESampler(
        seed=spec.seed % 2**32,
        multivariate=True,
        n_startup_trials=max(10, 3 * len(spec.factors)),
        constraints_func=_missed if spec.constraints else None,
    )
    aims = [aim_of(each) for each in spec.objectives]
    sides = (StudyDirection.MINIMIZE, StudyDirection.MAXIMIZE)
    directions = [sides[sign > 0] for _, sign in aims]
    search = optuna.create_study(directions=directions, sampler=sampler)
    own = _own(spec.factors)
    if own is not None:
        search.enqueue_trial(own)
    return search


def _missed(trial: Any) -> Sequence[float]:  # noqa: ANN401 - Optuna's
    found: Sequence[float] = trial.user_attrs[_MISSED]
    return found


def _own(factors: Sequence[Factor]) -> dict[str, Any] | None:
    """Return the scenario as it is, the first trial; None where it lies outside of the bounds."""
    found: dict[str, Any] = {}
    for factor in factors:
        if factor.base is None:
            return None
        if factor.levels:
            if factor.base not in factor.levels:
                return None
            found[factor.address] = factor.levels.index(factor.base)
            continue
        share = share_of(factor, factor.base)
        if not 0.0 <= share <= 1.0:
            return None
        found[factor.address] = int(factor.base) if factor.whole else share  # type: ignore[arg-type]
    return found


def _spaces(factors: Sequence[Factor]) -> dict[str, Any]:
    from optuna.distributions import (
        CategoricalDistribution,
        FloatDistribution,
        IntDistribution,
    )

    found: dict[str, Any] = {}
    for factor in factors:
        if factor.levels:
            found[factor.address] = CategoricalDistribution(tuple(range(len(factor.levels))))
        elif factor.whole:
            found[factor.address] = IntDistribution(int(factor.low), int(factor.high))
        else:
            found[factor.address] = FloatDistribution(0.0, 1.0)
    return found


def _point(factors: Sequence[Factor], parameters: Mapping[str, Any]) -> Point:
    found = []
    for factor in factors:
        value = parameters[factor.address]
        if factor.levels:
            found.append(factor.levels[value])
        else:
            found.append(int(value) if factor.whole else factor.at(value))
    return tuple(found)


def _place(factors: Sequence[Factor], point: Point) -> list[float]:
    return [share_of(factor, value) for factor, value in zip(factors, point, strict=True)]


def _planned(spec: Spec, points: Sequence[Point]) -> list[Planned]:
    return [Planned(spec.settings_of(point), point) for point in points]


def _by_point(rows: pd.DataFrame) -> list[pd.DataFrame]:
    return [runs for _, runs in rows.groupby("point", sort=False)]


def _tell(
    search: Any,  # noqa: ANN401 - Optuna's study
    trial: Any,  # noqa: ANN401
    runs: pd.DataFrame,
    carried: StudyRun,
) -> tuple[np.ndarray, np.ndarray, float]:
    """Tell the search what came of a trial; return its objectives and how far it misses bounds.

    And the share of its runs that told all of that.
    """
    from optuna.trial import TrialState

    spec, known = carried.spec, runs[runs["status"] != FAILED]
    figures = [aim_of(each) for each in spec.objectives]
    values = np.array(
        [
            sign * float(np.nanmean(known[name])) if known[name].notna().any() else np.nan
            for name, sign in figures
        ]
    )
    missed = _missed_of(carried, runs)
    if not (np.isfinite(values).all() and np.isfinite(missed).all()):
        trial.set_user_attr(_MISSED, [1e300] * len(spec.constraints))
        search.tell(trial, state=TrialState.FAIL)
        return values, np.full(len(spec.constraints), np.inf), _telling(carried, runs)
    trial.set_user_attr(_MISSED, missed.tolist())
    plain = [value * sign for value, (_, sign) in zip(values, figures, strict=True)]
    search.tell(trial, [float(value) for value in plain])
    return values, missed, _telling(carried, runs)
