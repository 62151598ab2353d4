"""Predictions with intervals, for rows of features; refused where nothing like them was seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from linetwin.errors import Problem, ScenarioError, SurrogateError
from linetwin.predictors.card import half_widths
from linetwin.predictors.domain import OUTSIDE
from linetwin.predictors.graph import ROWS
from linetwin.predictors.physics import PhysicsModel
from linetwin.predictors.store import read

if TYPE_CHECKING:
    from pathlib import Path

    import onnxruntime

    from linetwin.predictors.card import Card
    from linetwin.predictors.store import Stored


@dataclass(frozen=True)
class Predicted:
    """Predictions in the target's canonical unit, each of shape (rows,).

    `value`, `low`, `high` are NaN where a row is outside; `domain`: INSIDE, NEAR or OUTSIDE;
    `widened`: the factor by which the interval was widened on the target's scale.
    """

    value: np.ndarray
    low: np.ndarray
    high: np.ndarray
    domain: np.ndarray
    widened: np.ndarray


class Predictor:
    """A predictor at work: one thread, no learning, the same bits for the same rows."""

    def __init__(self, stored: Stored) -> None:
        """Take what `read` has checked."""
        self.card: Card = stored.card
        self._names = [feature.name for feature in self.card.features]
        self._domain = self.card.domain()
        self._session = open_graph(stored.graph) if self.card.learnt else None
        terms = self.card.physics
        self._physics = PhysicsModel(terms, self._names) if terms is not None else None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Free the physics."""
        if self._physics is not None:
            self._physics.close()

    def predict(self, features: np.ndarray, unseen: np.ndarray | None = None) -> Predicted:
        """Predict rows, shape (rows, features), in the card's order and canonical units.

        `unseen`, shape (rows, levels) or (levels,): of which levels of the card a row's group is
        new, as `levels.standing` tells; its interval is the widest of theirs.
        ScenarioError for another number of features; SurrogateError where the graph fails,
        FmuError where the physics does.
        """
        if features.ndim != 2 or features.shape[1] != len(self._names):  # noqa: PLR2004
            hint = f"the predictor takes {', '.join(self._names)}"
            message = f"rows of {features.shape[-1]} features"
            raise ScenarioError([Problem(message, hint=hint)])
        domain, widened = self._domain.judge(features)
        kept = domain != OUTSIDE
        value, low, high = (np.full(len(features), np.nan) for _ in range(3))
        if kept.any():
            link = self.card.target.link
            linked = self.linked(features[kept])
            if not np.isfinite(linked).all():
                raise SurrogateError("it gives no number within its domain", self.card.name)
            half = half_widths(linked, self.card.regions)
            if unseen is not None:
                new = np.broadcast_to(unseen, (len(features), len(self.card.levels)))[kept]
                half = self._beyond(half, linked, new)
            half = half * widened[kept]
            value[kept] = link.back(linked)
            low[kept], high[kept] = link.back(linked - half), link.back(linked + half)
        return Predicted(value, low, high, domain, widened)

    def _beyond(self, half: np.ndarray, linked: np.ndarray, new: np.ndarray) -> np.ndarray:
        """Return half-widths, widened where a row's group of a level is new."""
        for at, level in enumerate(self.card.levels):
            if level.regions:
                wider = np.maximum(half, half_widths(linked, level.regions))
                half = np.where(new[:, at], wider, half)
        return half

    def linked(self, features: np.ndarray) -> np.ndarray:
        """Return predictions on the target's scale, whatever the domain says; shape (rows,)."""
        found = np.zeros(len(features))
        if self._physics is not None:
            found += self.card.target.link.to(self._physics.fitted(features))
        if self._session is not None:
            taken = logged(features, [feature.log for feature in self.card.features])
            for at in range(0, len(taken), ROWS):
                found[at : at + ROWS] += self._run(taken[at : at + ROWS])
        return found

    def _run(self, rows: np.ndarray) -> np.ndarray:
        assert self._session is not None  # noqa: S101 - it is asked only where there is one
        try:
            return np.asarray(self._session.run(None, {"x": rows})[0])[:, 0]
        except Exception as error:  # its errors share no other base
            reason = str(error).splitlines()[0]
            raise SurrogateError(f"its graph fails: {reason}", self.card.name) from error


def load(file: Path) -> Predictor:
    """Read a predictor's file and make it ready; ScenarioError where it is not to be used."""
    return Predictor(read(file))


def logged(features: np.ndarray, logs: list[bool]) -> np.ndarray:
    """Return features with the logarithm taken of some columns."""
    found = np.array(features, dtype=float)
    for column in np.flatnonzero(logs):
        found[:, column] = np.log(found[:, column])
    return found


def open_graph(graph: bytes) -> onnxruntime.InferenceSession:
    """Return a checked graph ready to run; ScenarioError where it cannot be."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    # its rewriting folds scalars into 32-bit attributes
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    try:
        return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its errors share no other base
        raise ScenarioError([Problem(f"model.onnx cannot be run: {error}")]) from error
