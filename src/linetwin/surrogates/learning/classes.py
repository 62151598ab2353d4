"""What is 1 or 0 is learnt as a probability: candidates, and their calibration.

All give log odds. A probability is calibrated where a straight line of the log odds (Platt 1999)
lessens the log loss of groups that took no part in drawing it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from scipy.optimize import minimize

from linetwin.surrogates.learning.candidates import (
    CANDIDATES,
    Candidate,
    Fitted,
    boosting,
    fit_estimator,
    layered,
)
from linetwin.surrogates.learning.labels import corrected_fit
from linetwin.surrogates.learning.ridge import Ridge

if TYPE_CHECKING:
    from collections.abc import Sequence

    from linetwin.surrogates.learning.candidates import Setting
    from linetwin.surrogates.learning.crossing import Inner
    from linetwin.surrogates.learning.labels import Inspection
    from linetwin.surrogates.learning.task import Learning

_STEEPEST: Final = 5.0
"""Slope up to which log odds are stretched [A]: more is no model, but a step."""


@dataclass(frozen=True)
class ClassCandidate(Candidate):
    """A kind of model that gives a probability; `slope` and `level` of a setting calibrate it."""

    def why_not(self, learning: Learning) -> str:
        """Return why it is not tried: of labels that err those that know no such likelihood."""
        if learning.inspection is not None and self.name not in {"mean", "linear"}:
            return "it takes no labels that err"
        return ""

    def fit(self, learning: Learning, setting: Setting) -> Fitted:
        """Return the candidate trained on rows; the rate alone where all of them are the same."""
        none = (False,) * len(learning.names)
        same = learning.share(learning.mean(learning.target)) in {0.0, 1.0}
        if self.make is None or same:
            return Fitted(self.name, setting, _rate(learning), 1.0, None, none)
        estimator = self.make(setting, learning)
        fit_estimator(estimator, learning.features, learning.target, learning.weights)
        level, slope = setting.get("level", 0.0), setting.get("slope", 1.0)
        return Fitted(self.name, setting, level, slope, estimator, none)


@dataclass
class Logistic:
    """Straight lines for log odds, with a penalty on the slopes of standardised features."""

    penalty: float
    line: Ridge | None = None
    inspection: Inspection | None = None

    def fit(
        self, features: np.ndarray, target: np.ndarray, sample_weight: np.ndarray | None = None
    ) -> Logistic:
        """Learn; features of shape (rows, features), target of 0 and 1."""
        from sklearn.linear_model import LogisticRegression

        if self.inspection is not None:
            return self._behind_labels(features, target, sample_weight)
        mean, spread = features.mean(axis=0), features.std(axis=0)
        scale = np.where(spread > 1e-12 * np.abs(mean), spread, 1.0)
        model = LogisticRegression(C=1 / self.penalty, max_iter=500)
        model.fit((features - mean) / scale, target, sample_weight)
        self.line = Ridge(
            self.penalty, mean=mean, scale=scale, slopes=model.coef_[0], level=model.intercept_[0]
        )
        return self

    def _behind_labels(
        self, features: np.ndarray, labels: np.ndarray, weights: np.ndarray | None
    ) -> Logistic:
        """Learn the fault behind labels that err, by their likelihood."""
        assert self.inspection is not None  # noqa: S101 - it was looked at
        found = corrected_fit(
            features, labels, self.inspection, weights=weights, penalty=self.penalty
        )
        none, one = np.zeros(features.shape[1]), np.ones(features.shape[1])
        self.line = Ridge(
            self.penalty, mean=none, scale=one, slopes=found.slopes, level=found.intercept
        )
        return self

    def predict(self, features: np.ndarray) -> np.ndarray:
        """Return log odds, shape (rows,)."""
        assert self.line is not None  # noqa: S101 - fitted before it is asked
        return self.line.predict(features)


@dataclass
class Odds:
    """A classifier of scikit-learn that is asked for log odds."""

    classifier: Any

    def fit(
        self, features: np.ndarray, target: np.ndarray, sample_weight: np.ndarray | None = None
    ) -> Odds:
        """Learn; features of shape (rows, features), target of 0 and 1."""
        fit_estimator(self.classifier, features, target, sample_weight)
        return self

    def predict(self, features: np.ndarray) -> np.ndarray:
        """Return log odds, shape (rows,)."""
        steps = getattr(self.classifier, "steps", None)
        if steps is None:
            return np.asarray(self.classifier.decision_function(features))
        (_, scaler), (_, network) = steps
        at = (features - scaler.mean_) / scaler.scale_
        for index, (slopes, bias) in enumerate(
            zip(network.coefs_, network.intercepts_, strict=True)
        ):
            at = (np.tanh(at) if index else at) @ slopes + bias
        return np.asarray(at[:, 0])


def candidates_of(learning: Learning) -> tuple[Candidate, ...]:
    """Return what may learn a task, from the simplest on."""
    return CLASS_CANDIDATES if learning.chance else CANDIDATES


def calibrated(inner: Inner, learning: Learning, folds: Sequence[np.ndarray]) -> Inner:
    """Return held-out log odds calibrated, where that helps groups that took no part in it.

    `inner.linked`: held-out log odds; `folds`: the parts that were held out together.
    """
    if np.ptp(inner.linked) == 0 or np.ptp(learning.target) == 0:
        return inner
    crossed = np.empty(learning.rows)
    for held in folds:
        rest = np.setdiff1d(np.arange(learning.rows), held)
        level, slope = platt(inner.linked[rest], learning.cut(rest))
        crossed[held] = level + slope * inner.linked[held]
    loss = learning.mean(learning.losses(crossed))
    if loss >= inner.error:
        return inner
    level, slope = platt(inner.linked, learning)
    return replace(
        inner, setting={**inner.setting, "level": level, "slope": slope}, linked=crossed, error=loss
    )


def platt(linked: np.ndarray, learning: Learning) -> tuple[float, float]:
    """Return level and slope by which log odds fit best; the slope is not negative.

    Both are held near 0 and 1 as ten rows would hold them that say so [A].
    """
    weights = learning.weight

    def loss(line: np.ndarray) -> tuple[float, np.ndarray]:
        odds = line[0] + line[1] * linked
        off, _ = learning.scores(odds)
        away = line - np.array([0.0, 1.0])
        value = float((weights * learning.losses(odds)).sum())
        slopes = away - np.array([off.sum(), (off * linked).sum()])
        return value + 0.5 * float(away @ away), slopes

    found = minimize(
        loss, np.array([0.0, 1.0]), jac=True, method="L-BFGS-B",
        bounds=[(None, None), (0.0, _STEEPEST)],
    )  # fmt: skip
    return float(found.x[0]), float(found.x[1])


def _rate(learning: Learning) -> float:
    """Return the log odds of 1, with half a row added to either side: never infinite."""
    ones = learning.share(learning.mean(learning.target)) * learning.rows
    return float(np.log((ones + 0.5) / (learning.rows - ones + 0.5)))


def _logistic(setting: Setting, learning: Learning) -> Logistic:
    return Logistic(setting["ridge"], inspection=learning.inspection)


def _trees(setting: Setting, learning: Learning) -> Odds:
    from sklearn.ensemble import HistGradientBoostingClassifier

    return Odds(HistGradientBoostingClassifier(**boosting(setting, learning)))


def _network(setting: Setting, learning: Learning) -> Odds:
    from sklearn.neural_network import MLPClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    network = MLPClassifier(**layered(setting, learning), max_iter=300)
    return Odds(make_pipeline(StandardScaler(), network))


CLASS_CANDIDATES: Final = (
    ClassCandidate("mean", "the rate alone", None, lawful=True),
    ClassCandidate(
        "linear", "logistic", _logistic, tuple({"ridge": r} for r in (1.0, 10.0, 100.0))
    ),
    ClassCandidate(
        "trees",
        "boosted trees",
        _trees,
        ({"leaf": 20.0, "trees": 50.0},),
        lawful=True,
    ),
    ClassCandidate("network", "small network", _network, ({"decay": 1.0}, {"decay": 10.0})),
)
"""From the simplest on; settings were chosen before any data was scored."""
