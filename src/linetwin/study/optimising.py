"""Optimisation by Optuna: it proposes points, the study runs them, the folder remembers.

Nothing is stored but the folder: with the same seed and the same answers the same points are
proposed again, and those that were run are not run twice. So a study that was broken off goes on,
and one with more trials begins with those of the shorter one.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from linetwin.study.analysing.aims import aim_of, missed_by
from linetwin.study.analysing.observing import FAILED, share_of
from linetwin.study.analysing.optimum import FINALISTS, FRESH, chosen
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
        told: list[tuple[np.ndarray, float]] = []
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
    values = np.array([value for value, _ in told])
    missed = np.array([each for _, each in told])
    count = spec.design.finalists or (FINALISTS[len(spec.objectives) > 1])
    best = chosen(values, missed, count)
    again = list(dict.fromkeys(points[number] for number in best))
    own = points[0] if _own(spec.factors) is not None else (None,) * len(spec.factors)
    if own not in again:
        again.append(own)  # the scenario as it is, to tell what is gained, seed by seed
    carried.results(_planned(spec, again), spec.replications + (spec.design.fresh or FRESH))


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


def _planned(spec: Spec, points: Sequence[Point]) -> list[Planned]:
    return [Planned(spec.settings_of(point), point) for point in points]


def _by_point(rows: pd.DataFrame) -> list[pd.DataFrame]:
    return [runs for _, runs in rows.groupby("point", sort=False)]


def _tell(
    search: Any,  # noqa: ANN401 - Optuna's study
    trial: Any,  # noqa: ANN401
    runs: pd.DataFrame,
    carried: StudyRun,
) -> tuple[np.ndarray, float]:
    """Tell the search what came of a trial; return its objectives and how far it misses bounds."""
    from optuna.trial import TrialState

    spec, known = carried.spec, runs[runs["status"] != FAILED]
    figures = [aim_of(each) for each in spec.objectives]
    values = np.array(
        [
            sign * float(np.nanmean(known[name])) if known[name].notna().any() else np.nan
            for name, sign in figures
        ]
    )
    missed = [missed_by(c, known[c.figure].to_numpy(float)) for c in carried.constraints]
    if not (np.isfinite(values).all() and np.isfinite(missed).all()):
        trial.set_user_attr(_MISSED, [1e300] * len(spec.constraints))
        search.tell(trial, state=TrialState.FAIL)
        return values, np.inf
    trial.set_user_attr(_MISSED, missed)
    plain = [value * sign for value, (_, sign) in zip(values, figures, strict=True)]
    search.tell(trial, [float(value) for value in plain])
    return values, max(missed, default=0.0)
