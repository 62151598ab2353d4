"""A graph says what scikit-learn said, and passes the check of what is run here."""

from __future__ import annotations

import numpy as np
import pytest
from surrogates.learners import learning_of
from threadpoolctl import threadpool_limits

from linetwin.predictors.evaluating import logged, open_graph
from linetwin.predictors.graph import refusal
from linetwin.surrogates.learning.candidates import CANDIDATES
from linetwin.surrogates.learning.exporting import graph_of

_OWN = [each for each in CANDIDATES if not each.physics]


@pytest.mark.parametrize("candidate", _OWN, ids=lambda each: each.name)
@pytest.mark.parametrize("wide", [1, 3])
def test_the_graph_says_what_was_learnt(candidate: object, wide: int) -> None:
    """To 1e-9 of the target's range, within the data and beyond."""
    rng = np.random.default_rng(wide)
    features = rng.uniform(0.5, 3.0, (40, wide))
    target = 5 + np.sin(2 * features[:, 0]) + features[:, -1] ** 2
    learning = learning_of(features, target, np.arange(40), logs=(True,) * wide)
    with threadpool_limits(1):
        fitted = candidate.fit(learning, candidate.settings[-1])  # type: ignore[attr-defined]
    graph = graph_of(fitted, wide)
    assert refusal(graph, wide) == ""
    session = open_graph(graph)
    asked = rng.uniform(0.2, 4.0, (300, wide))
    found = session.run(None, {"x": logged(asked, list(fitted.logs))})[0][:, 0]
    assert found == pytest.approx(fitted.learnt(asked), abs=1e-9 * np.ptp(target))


def test_trees_without_a_split_are_a_level() -> None:
    """Too few rows for a leaf on either side: the mean is all that trees say."""
    features = np.random.default_rng(1).normal(0, 1, (14, 2))
    learning = learning_of(features, features[:, 0], np.arange(14))
    trees = next(each for each in CANDIDATES if each.name == "trees")
    fitted = trees.fit(learning, {"leaf": 15.0, "trees": 5.0})
    graph = graph_of(fitted, 2)
    assert refusal(graph, 2) == ""
    session = open_graph(graph)
    found = session.run(None, {"x": features})[0][:, 0]
    assert found == pytest.approx(np.full(14, features[:, 0].mean()), abs=1e-12)
