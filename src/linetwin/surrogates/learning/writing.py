"""A training's result as a predictor's file: the card and the graph."""

from __future__ import annotations

import hashlib
import platform
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

import numpy as np

from linetwin.predictors.card import (
    MOST_HELD_OUT,
    CandidateScore,
    Card,
    Data,
    Feature,
    HeldOut,
    Pair,
    Physics,
    Seen,
    Target,
    digest_of_targets,
)
from linetwin.predictors.domain import domain_of
from linetwin.predictors.levels import EQUAL, LEAST_GROUPS
from linetwin.predictors.store import UNSEALED, sealed
from linetwin.results.manifest import version_of
from linetwin.surrogates.learning import classes_words, laws, words
from linetwin.surrogates.learning.comparing import over_groups
from linetwin.surrogates.learning.exporting import graph_of
from linetwin.surrogates.shares import effective_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from linetwin.predictors.store import Stored
    from linetwin.surrogates.learning.reading import Training
    from linetwin.surrogates.learning.training import Trained

_LIBRARIES = ("linetwin", "numpy", "onnx", "scikit-learn")
_LONGEST = 2_000
"""Letters of a sentence that a card holds."""


def stored_of(training: Training, trained: Trained) -> Stored:
    """Return what the file of a training's winner holds, sealed."""
    learning, fitted = trained.learning, trained.fitted
    learnt = fitted.name != "physics"
    graph = graph_of(fitted, len(learning.names)) if learnt else b""
    data = _data(training)
    domain = domain_of(learning.features)
    card = Card(
        format=1,
        name=training.file.name,
        made=datetime.now(UTC).isoformat(timespec="seconds"),
        target=Target(
            name=learning.target_name,
            unit=learning.target_unit,
            link=learning.link,
            chance=learning.chance,
        ),
        features=_features(trained),
        physics=_physics(trained),
        learnt=learnt,
        winner=fitted.name,
        said=_said(training, trained, data),
        levels=list(trained.levels),
        seen=Seen(points=domain.points.tolist(), reach=domain.reach),
        coverage=learning.coverage,
        regions=list(trained.regions),
        covered=list(trained.covered),
        calibrated=list(trained.calibrated),
        score=_score(trained),
        procedure_error=trained.procedure.error,
        noise=learning.noise,
        candidates=_candidates(trained),
        pairs=_pairs(trained),
        held_out=_held_out(trained),
        laws=laws.words(trained.candidate, learning),
        data=data,
        versions={"python": platform.python_version()}
        | {name: version_of(name) or "not installed" for name in _LIBRARIES},
        model_digest=UNSEALED,
    )
    return sealed(card, graph)


def _features(trained: Trained) -> list[Feature]:
    learning, logs = trained.learning, trained.fitted.logs
    low, high = learning.features.min(axis=0), learning.features.max(axis=0)
    return [
        Feature(name=name, unit=unit, low=float(low[at]), high=float(high[at]), log=log)
        for at, (name, unit, log) in enumerate(
            zip(learning.names, learning.units, logs, strict=True)
        )
    ]


def _said(training: Training, trained: Trained, data: Data) -> list[str]:
    """Return what the training led to, why its groups were held out, weights and warnings."""
    told = classes_words if trained.learning.chance else words
    found: list[str] = told.sentences(training, trained)
    if training.file.groups is None and training.group != EQUAL:
        least = f"{LEAST_GROUPS} groups or more"
        found.append(f"Held out: each {training.group}, the coarsest kind with {least}.")
    found += words.weighing(data)
    return found + [f"Warning: {each}."[:_LONGEST] for each in training.warnings]


def _physics(trained: Trained) -> Physics | None:
    """Return the physics with the values that were fitted to all rows."""
    fit = trained.learning.physics
    if fit is None or not trained.candidate.physics:
        return None
    values = dict(zip(fit.terms.fitted, trained.fitted.values, strict=True))
    return fit.terms.model_copy(update={"fitted": values})


def _score(trained: Trained) -> Literal["absolute", "relative", "log_loss"]:
    if trained.learning.chance:
        return "log_loss"
    return "relative" if trained.learning.relative else "absolute"


def _candidates(trained: Trained) -> list[CandidateScore]:
    return [
        CandidateScore(
            name=each.name,
            error=each.error,
            spread=each.spread,
            r2=each.r2,
            setting=trained.settings[each.name],
            law=each.refused,
            brier=each.brier,
        )
        for each in trained.scored
    ]


def _pairs(trained: Trained) -> list[Pair]:
    """Return the difference of each pair of candidates."""
    found = []
    for index, first in enumerate(trained.scored):
        for second in trained.scored[index + 1 :]:
            learning = trained.learning
            apart = first.squares - second.squares
            made = over_groups(apart, learning.groups, learning.weights)
            found.append(
                Pair(
                    first=first.name,
                    second=second.name,
                    difference=made.mean,
                    low=made.low,
                    high=made.high,
                )
            )
    return found


def _held_out(trained: Trained) -> list[HeldOut]:
    """Return the winner's squared errors by group: what a later version is held against."""
    learning = trained.learning
    squares = trained.winner.squares * (1.0 if learning.weights is None else learning.weights)
    order = np.argsort(learning.groups, kind="stable")
    ends = np.searchsorted(learning.groups[order], np.arange(len(learning.labels) + 1))
    found = []
    for code in _kept(learning.labels):
        own = order[ends[code] : ends[code + 1]]
        found.append(
            HeldOut(
                group=learning.labels[code][:200],
                digest=digest_of_targets(learning.target[own]),
                rows=len(own),
                squares=float(squares[own].sum()),
            )
        )
    return found


def _kept(labels: Sequence[str]) -> list[int]:
    """Return which groups a card keeps: all, or of too many those of the lowest hashes."""
    codes = range(len(labels))
    if len(labels) <= MOST_HELD_OUT:
        return list(codes)
    low = sorted(codes, key=lambda code: hashlib.sha256(labels[code].encode()).digest())
    return sorted(low[:MOST_HELD_OUT])


def _data(training: Training) -> Data:
    dataset, weights = training.dataset, training.learning.weights
    return Data(
        name=dataset.title,
        source=dataset.source + (" (simulated)" if dataset.simulated else ""),
        licence=dataset.licence,
        digest=dataset.digest,
        rows=training.learning.rows,
        groups=len(training.learning.labels),
        group=training.group,
        weight="" if weights is None else training.weight,
        effective=None if weights is None else effective_rows(weights),
    )
