"""Predictors of a made-up law as FMUs, for tests of exporting."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np
from surrogates.learners import learning_of
from threadpoolctl import threadpool_limits

from linetwin.bench.surrogate_cells import card_of
from linetwin.predictors.card import Region
from linetwin.predictors.links import Link
from linetwin.predictors.store import Stored
from linetwin.surrogates.fmu.writing import evaluators, fmu_of, write_fmu
from linetwin.surrogates.learning.candidates import CANDIDATES
from linetwin.surrogates.learning.exporting import graph_of

if TYPE_CHECKING:
    from pathlib import Path

LINKS = {
    "identity": Link(),
    "log": Link(kind="log"),
    "logit": Link(kind="logit", low=0.0, high=12.0),
}
WIDTHS = ((5.0, 0.3), (7.0, 0.1), (None, 0.4))


def made(
    kind: str, link: str = "identity", wide: int = 3, *, logs: bool = False, rows: int = 60
) -> Stored:
    """Return a predictor of a smooth target between 3 and 11, learnt from `rows` points."""
    rng = np.random.default_rng(wide)
    features = rng.uniform(0.5, 3.0, (rows, wide))
    # with some scatter: a Gaussian process of none sums up large numbers that cancel
    target = 6 + 2 * np.sin(features[:, 0]) + 0.3 * features[:, -1] ** 2
    target += rng.normal(0.0, 0.1, rows)
    learning = learning_of(features, target, np.arange(rows), logs=(logs,) * wide, link=LINKS[link])
    candidate = next(each for each in CANDIDATES if each.name == kind)
    with threadpool_limits(1):  # threads that wait for a busy machine take far longer than one
        fitted = candidate.fit(learning, candidate.settings[-1])
    graph = graph_of(fitted, wide)
    return with_graph(card_of(kind, learning, graph), graph, fitted.logs, link)


def with_graph(
    card: object, graph: bytes, logs: tuple[bool, ...], link: str = "identity"
) -> Stored:
    """Return a predictor with another graph, its card made to fit."""
    to = LINKS[link].to
    regions = [
        Region(
            below=None if below is None else float(to(np.array(below))),
            half_width=width,
            how="conformal",
            rows=1,
            groups=1,
        )
        for below, width in WIDTHS
    ]
    features = [
        each.model_copy(update={"log": log})
        for each, log in zip(card.features, logs, strict=True)  # type: ignore[attr-defined]
    ]
    target = card.target.model_copy(update={"link": LINKS[link]})  # type: ignore[attr-defined]
    changed = card.model_copy(  # type: ignore[attr-defined]
        update={
            "features": features,
            "target": target,
            "regions": regions,
            "model_digest": hashlib.sha256(graph).hexdigest(),
        }
    )
    return Stored(changed, graph)


def written(stored: Stored, folder: Path, fmi: str = "3") -> Path:
    """Write the FMU of a predictor."""
    file = folder / f"predictor_{fmi}.fmu"
    write_fmu(fmu_of(stored, fmi, evaluators(fmi)), file)
    return file


def asked(stored: Stored, count: int) -> np.ndarray:
    """Return rows to ask for: inside, at every edge to the bit, near, and far outside."""
    domain = stored.card.domain()
    span = domain.high - domain.low
    rng = np.random.default_rng(5)
    corners = [domain.low + share * span for share in (0.0, 1.0, -0.1, 1.1, -0.1001, 1.1001, 9.0)]
    points = domain.low + domain.points * span
    spread = domain.low + span * rng.uniform(-0.12, 1.12, (count, len(span)))
    return np.concatenate([corners, points, spread])
