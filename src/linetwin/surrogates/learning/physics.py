"""The physics as a candidate: its parameters are fitted anew to each set of training rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np
from scipy.optimize import least_squares
from scipy.stats import qmc

from linetwin.errors import FmuError

if TYPE_CHECKING:
    from linetwin.estimation.calibrating.task import Axis
    from linetwin.predictors.card import Physics
    from linetwin.predictors.links import Link
    from linetwin.predictors.physics import PhysicsModel
    from linetwin.surrogates.learning.task import Learning

_STARTS: Final = 4
_STEP: Final = 1e-5
_REFUSED: Final = 1e3
"""Residual that stands for no number."""


@dataclass(frozen=True)
class PhysicsFit:
    """A model with the parameters that are fitted; fits are kept by their rows."""

    terms: Physics
    model: PhysicsModel
    axes: tuple[Axis, ...]
    _kept: dict[bytes, tuple[float, ...]] = field(default_factory=dict)

    def linked(self, features: np.ndarray, values: tuple[float, ...], link: Link) -> np.ndarray:
        """Return the physics on the target's scale, shape (rows,)."""
        return link.to(self.model.at(features, np.array([values]))[0])

    def fit(self, learning: Learning) -> tuple[float, ...]:
        """Return the values of least squares on the scored scale, from several starts."""
        weights = b"" if learning.weights is None else learning.weights.tobytes()
        key = learning.features.tobytes() + learning.target.tobytes() + weights
        if key not in self._kept:
            self._kept[key] = self._fit(learning)
        return self._kept[key]

    def _fit(self, learning: Learning) -> tuple[float, ...]:
        first = np.array([[axis.coordinate(axis.start) for axis in self.axes]])
        sampler = qmc.LatinHypercube(d=len(self.axes), rng=np.random.default_rng(learning.seed))
        best = None
        for start in np.vstack([first, sampler.random(_STARTS - 1)]):
            found = least_squares(
                lambda point: self._residuals(point[None, :], learning)[0],
                np.clip(start, 1e-3, 1 - 1e-3),
                lambda point: self._slopes(point, learning),
                bounds=(0.0, 1.0),
                max_nfev=100,
            )
            best = found if best is None or found.cost < best.cost else best
        assert best is not None  # noqa: S101 - there are starts
        return tuple(map(float, self._values(best.x[None, :])[0]))

    def _values(self, points: np.ndarray) -> np.ndarray:
        columns = [axis.value(points[:, at]) for at, axis in enumerate(self.axes)]
        return np.stack(columns, axis=1)

    def _residuals(self, points: np.ndarray, learning: Learning) -> np.ndarray:
        """Return residuals at coordinates (points, parameters): (points, rows)."""
        try:
            found = self.model.at(learning.features, self._values(points))
        except FmuError:
            return np.full((len(points), learning.rows), _REFUSED)
        with np.errstate(invalid="ignore", divide="ignore"):
            found = learning.scored(found) - learning.scored(learning.target)
        if learning.weights is not None:
            found = found * np.sqrt(learning.weights)
        return np.where(np.isfinite(found), found, _REFUSED)

    def _slopes(self, point: np.ndarray, learning: Learning) -> np.ndarray:
        """Return derivatives (rows, parameters), by steps into the box, in one batch."""
        step = np.where(point > 0.5, -_STEP, _STEP)  # noqa: PLR2004 - the middle of the box
        moved = self._residuals(np.vstack([point, point + np.diag(step)]), learning)
        return np.asarray(((moved[1:] - moved[0]) / step[:, None]).T)
