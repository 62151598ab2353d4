"""Candidates: each learns a target, on its scale, from features; one seed, one thread."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

import numpy as np

from linetwin.predictors.evaluating import logged
from linetwin.surrogates.learning.ridge import Ridge

if TYPE_CHECKING:
    from collections.abc import Callable

    from linetwin.surrogates.learning.task import Learning

MOST_GAUSSIAN: Final = 600
"""Rows above which a Gaussian process is not tried: its cost grows with their cube."""
PROCESSES: Final = ("hybrid", "gaussian")
"""Candidates with a Gaussian process, which takes a variance of each row, and no weights."""
MOST_QUADRATIC: Final = 14
"""Features above which a quadratic is not tried: it has 119 terms then."""
Setting = dict[str, float]


class Estimator(Protocol):
    """What scikit-learn calls a regressor."""

    def predict(self, X: np.ndarray) -> np.ndarray:  # noqa: N803 - scikit-learn's name
        """Return predictions of rows."""


@dataclass(frozen=True)
class Fitted:
    """A candidate that has learnt: centre + scale * estimator, and the physics where it has any.

    `logs`: which features are taken as logarithms; `values`: the physics' fitted parameters.
    """

    name: str
    setting: Setting
    centre: float
    scale: float
    estimator: Any
    logs: tuple[bool, ...]
    values: tuple[float, ...] = ()

    def linked(self, features: np.ndarray, learning: Learning) -> np.ndarray:
        """Return predictions on the target's scale, shape (rows,)."""
        found = self.learnt(features)
        if self.values and learning.physics is not None:
            found = found + learning.physics.linked(features, self.values, learning.link)
        return found

    def learnt(self, features: np.ndarray) -> np.ndarray:
        """Return what is learnt, without the physics."""
        found = np.full(len(features), self.centre)
        if self.estimator is None:
            return found
        taken = logged(features, list(self.logs))
        return np.asarray(found + self.scale * self.estimator.predict(taken))


@dataclass(frozen=True)
class Candidate:
    """A kind of model. Candidates are listed from the simplest on.

    `make`: setting, learning -> an untrained estimator (None: nothing beyond the mean);
    `settings`: what is chosen among within the training groups.
    """

    name: str
    words: str
    make: Callable[[Setting, Learning], Any] | None
    settings: tuple[Setting, ...] = ({},)
    physics: bool = False
    logs: bool = False
    lawful: bool = False

    def why_not(self, learning: Learning) -> str:
        """Return why a candidate is not tried, "" where it is."""
        if self.physics and learning.physics is None:
            return "no physics is named"
        if self.name in PROCESSES and learning.rows > MOST_GAUSSIAN:
            return f"more than {MOST_GAUSSIAN} rows"
        if self.name in PROCESSES and learning.weights is not None:
            return "it takes no weights"
        if self.name == "quadratic" and len(learning.names) > MOST_QUADRATIC:
            return f"more than {MOST_QUADRATIC} features"
        return ""

    def fit(self, learning: Learning, setting: Setting) -> Fitted:
        """Return the candidate trained on a task; rows count by their certainty, where told."""
        variances = learning.variances
        if self.name not in PROCESSES:
            learning = learning.precise()
        goal = learning.linked
        values: tuple[float, ...] = ()
        if self.physics and learning.physics is not None:
            values = learning.physics.fit(learning)
            goal = goal - learning.physics.linked(learning.features, values, learning.link)
        none = (False,) * len(learning.names)
        logs = learning.logs if self.logs else none
        if self.name == "physics":
            return Fitted(self.name, setting, 0.0, 1.0, None, none, values)
        centre = learning.mean(goal)
        scale = learning.mean((goal - centre) ** 2) ** 0.5 or 1.0
        if self.make is None:
            return Fitted(self.name, setting, centre, scale, None, none, values)
        estimator = self.make(setting, learning)
        if self.name in PROCESSES and variances is not None:
            estimator[-1].alpha = 1e-10 + variances / scale**2
        taken = logged(learning.features, list(logs))
        fit_estimator(estimator, taken, (goal - centre) / scale, learning.weights)
        return Fitted(self.name, setting, centre, scale, estimator, logs, values)


def fit_estimator(
    estimator: Any,  # noqa: ANN401 - scikit-learn is untyped
    features: np.ndarray,
    goal: np.ndarray,
    weights: np.ndarray | None,
) -> None:
    """Train an estimator, of a pipeline the last step by weights where there are any."""
    given: dict[str, np.ndarray] = {}
    if weights is not None:
        steps = getattr(estimator, "steps", None)
        given = {f"{steps[-1][0]}__sample_weight" if steps else "sample_weight": weights}
    with warnings.catch_warnings():
        # an optimiser that stops at a bound or at its last step is judged by its errors
        warnings.simplefilter("ignore")
        estimator.fit(features, goal, **given)


def _linear(setting: Setting, learning: Learning) -> Ridge:  # noqa: ARG001 - as all are made
    return Ridge(setting["ridge"])


def _quadratic(setting: Setting, learning: Learning) -> Ridge:  # noqa: ARG001 - as all are made
    return Ridge(setting["ridge"], quadratic=True)


def _gaussian(setting: Setting, learning: Learning) -> Any:  # noqa: ANN401, ARG001 - a pipeline
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import RBF, ConstantKernel, DotProduct, WhiteKernel
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    # a straight part, so that it goes on where data end; bumps of a length by feature; noise
    bumps = ConstantKernel(1.0, (1e-4, 1e3)) * RBF([2.0] * len(learning.names), (0.2, 1e3))
    straight = ConstantKernel(0.1, (1e-4, 1e2)) * DotProduct(1.0, "fixed")
    noise = WhiteKernel(0.05, (1e-6, 2.0))
    process = GaussianProcessRegressor(
        bumps + straight + noise, n_restarts_optimizer=1, random_state=learning.seed
    )
    return make_pipeline(StandardScaler(), process)


def boosting(setting: Setting, learning: Learning) -> dict[str, Any]:
    """Return how trees are boosted, of numbers as of what is 0 or 1."""
    return {
        "learning_rate": 0.1,
        "max_iter": int(setting["trees"]),
        "max_leaf_nodes": 8,
        "min_samples_leaf": int(setting["leaf"]),
        "monotonic_cst": list(learning.monotonic),
        "early_stopping": False,
        "random_state": learning.seed,
    }


def _trees(setting: Setting, learning: Learning) -> Any:  # noqa: ANN401 - scikit-learn is untyped
    from sklearn.ensemble import HistGradientBoostingRegressor

    return HistGradientBoostingRegressor(**boosting(setting, learning))


def layered(setting: Setting, learning: Learning) -> dict[str, Any]:
    """Return how a network is built, of numbers as of what is 0 or 1."""
    return {
        "hidden_layer_sizes": (8,),
        "activation": "tanh",
        "solver": "lbfgs",
        "alpha": setting["decay"],
        "random_state": learning.seed,
    }


def _network(setting: Setting, learning: Learning) -> Any:  # noqa: ANN401 - a pipeline
    from sklearn.neural_network import MLPRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    network = MLPRegressor(**layered(setting, learning), max_iter=500)
    return make_pipeline(StandardScaler(), network)


CANDIDATES: Final = (
    Candidate("mean", "the mean", None, lawful=True),
    Candidate("physics", "the physics alone, its parameters fitted", None, physics=True),
    Candidate("linear", "linear", _linear, tuple({"ridge": r} for r in (1e-3, 0.1, 10.0))),
    Candidate(
        "quadratic",
        "quadratic in logarithms",
        _quadratic,
        tuple({"ridge": r} for r in (1e-4, 1e-2, 1.0)),
        logs=True,
    ),
    Candidate("hybrid", "physics and a Gaussian process for its error", _gaussian, physics=True),
    Candidate("gaussian", "Gaussian process", _gaussian),
    Candidate(
        "trees",
        "boosted trees",
        _trees,
        tuple({"leaf": leaf, "trees": 100.0} for leaf in (2.0, 5.0, 15.0)),
        lawful=True,
    ),
    Candidate("network", "small network", _network, ({"decay": 0.1}, {"decay": 1.0})),
)
"""From the simplest on; settings were chosen before any of the public data was scored."""
