"""An ensemble Kalman filter: N members of p states that wander, updated by measurements.

The update is the ensemble transform filter with the symmetric square root (Hunt, Kostelich and
Szunyogh 2007), chosen over perturbed observations because nothing is drawn in it: an update can be
replayed, and for a linear measurement mean and covariance are those of the Kalman filter. What is
drawn elsewhere is second-order exact (Pham 2001): of the mean and the covariance that were asked
for, and uncorrelated with what the members hold already. So no spurious correlation arises,
and neither inflation nor localisation is wanted. It takes N >= 2p + 2 members.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from linetwin.errors import SimulationError

if TYPE_CHECKING:
    from collections.abc import Sequence

WIDER = 20.0
"""A prior is set aside by making it so many times as wide [A]."""


@dataclass(frozen=True)
class Innovation:
    """What measurements differ from what was predicted of them.

    `values`: observed less predicted, shape (m,); `covariance`: as expected, shape (m, m).
    """

    values: np.ndarray
    covariance: np.ndarray

    @property
    def nis(self) -> float:
        """Normalised innovation squared: chi-squared of m degrees of freedom if all holds."""
        return float(self.values @ np.linalg.solve(self.covariance, self.values))

    @property
    def normalised(self) -> np.ndarray:
        """Each innovation over its standard deviation, shape (m,)."""
        found: np.ndarray = self.values / np.sqrt(np.diag(self.covariance))
        return found


@dataclass
class Ensemble:
    """Members of states by name.

    `values`: shape (members, states); `carried`: what else belongs to the members, such as a
    quantity of a lot in process, each of shape (members,): it is updated as the states are. So is
    `begun`, what the states were at the beginning: shape (members, states).
    """

    names: tuple[str, ...]
    values: np.ndarray
    begun: np.ndarray
    carried: dict[str, np.ndarray] = field(default_factory=dict)

    @classmethod
    def begin(
        cls, deviations: dict[str, float], members: int, chance: np.random.Generator
    ) -> Ensemble:
        """Return an ensemble of mean 0 and of these standard deviations, uncorrelated.

        SimulationError where there are too few members.
        """
        count = len(deviations)
        if members < least_members(count):
            message = f"{members} members are too few for {count} states: {least_members(count)}"
            raise SimulationError(message)
        nothing = np.zeros((members, count))
        found = cls(tuple(deviations), nothing, nothing)
        found.values = found.begun = found._exact(np.array([*deviations.values()]), chance)
        return found

    @property
    def members(self) -> int:
        """How many members there are."""
        return len(self.values)

    @property
    def mean(self) -> np.ndarray:
        """Mean of the states, shape (states,)."""
        found: np.ndarray = self.values.mean(axis=0)
        return found

    @property
    def covariance(self) -> np.ndarray:
        """Covariance of the states, shape (states, states)."""
        return np.atleast_2d(np.cov(self.values, rowvar=False))

    def of(self, name: str) -> np.ndarray:
        """Return one state of all members, shape (members,)."""
        found: np.ndarray = self.values[:, self.names.index(name)]
        return found

    def spread(self, name: str) -> float:
        """Return the standard deviation of one state."""
        return float(self.of(name).std(ddof=1))

    def set_aside(
        self, name: str, prior: float, wider: float = WIDER
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return mean and covariance as if one state had begun with a prior `wider` times as wide.

        `prior`: its standard deviation at the beginning. What the prior said of the state then is
        taken out of what is known of it now; linear, so exact where measurements are.
        """
        begun = self.begun[:, self.names.index(name)]
        away = begun - begun.mean()
        known = float(away @ away) / (self.members - 1)
        if not (prior > 0 and known > 0):
            return self.mean, self.covariance
        free = 1 / (1 / min(known, prior**2) - (1 - wider**-2) / prior**2)
        slope = (self.values - self.mean).T @ away / (self.members - 1) / known
        mean = self.mean + slope * (free / known - 1) * float(begun.mean())
        return mean, self.covariance + np.outer(slope, slope) * (free - known)

    def rests_on(self, name: str, other: str) -> bool:
        """Return whether what is known of a state has to do with what `other` began with.

        By more than a correlation among so many members is by chance: one standard deviation.
        """
        now, begun = self.of(name), self.begun[:, self.names.index(other)]
        spread = float(now.std() * begun.std())
        shared = float((now - now.mean()) @ (begun - begun.mean())) / self.members
        return shared**2 * (self.members - 1) > spread**2

    def forecast(self, deviations: np.ndarray, chance: np.random.Generator) -> None:
        """Let each state wander by a step of this standard deviation, shape (states,)."""
        if np.any(deviations > 0):
            self.values = self.values + self._exact(deviations, chance)

    def draw(self, deviation: float, chance: np.random.Generator) -> np.ndarray:
        """Return a deviation for each member, unlike anything that they hold: shape (members,)."""
        return self._exact(np.array([deviation]), chance)[:, 0]

    def update(
        self, predicted: np.ndarray, observed: Sequence[float] | np.ndarray, variance: np.ndarray
    ) -> Innovation:
        """Learn from m measurements at once, and return their innovation.

        `predicted`: what each member would measure but for the instruments' scatter, shape
        (members, m); `observed` and `variance` of that scatter: shape (m,). SimulationError
        where a number is not finite or a variance not positive.
        """
        row, spread = np.asarray(observed, dtype=np.float64), np.asarray(variance)
        if not (np.isfinite(predicted).all() and np.isfinite(row).all() and (spread > 0).all()):
            message = "measurements and predictions must be finite, their variance positive"
            raise SimulationError(message)
        middle = predicted.mean(axis=0)
        anomalies = (predicted - middle) / np.sqrt(self.members - 1)
        innovation = Innovation(row - middle, anomalies.T @ anomalies + np.diag(spread))
        scaled = anomalies / np.sqrt(spread)
        left, singular, right = np.linalg.svd(scaled, full_matrices=False)
        ahead = right @ (innovation.values / np.sqrt(spread))
        weights = left @ (singular / (1 + singular**2) * ahead)
        shrinkage = 1 - 1 / np.sqrt(1 + singular**2)

        def updated(values: np.ndarray) -> np.ndarray:
            center = values.mean(axis=0)
            away = values - center
            step = weights @ away / np.sqrt(self.members - 1)
            found: np.ndarray = center + step + away - (left * shrinkage) @ (left.T @ away)
            return found

        self.values, self.begun = updated(self.values), updated(self.begun)
        self.carried = {name: updated(each) for name, each in self.carried.items()}
        return innovation

    def save(self) -> dict[str, Any]:
        """Return the ensemble as plain data."""
        return {
            "names": list(self.names),
            "members": self.members,
            "values": self.values.astype("<f8").tobytes(),
            "begun": self.begun.astype("<f8").tobytes(),
            "carried": {name: each.astype("<f8").tobytes() for name, each in self.carried.items()},
        }

    @classmethod
    def load(cls, data: dict[str, Any]) -> Ensemble:
        """Make an ensemble from saved data."""
        names = tuple(data["names"])
        values, begun = (
            _thawed(data[each]).reshape(data["members"], len(names)) for each in ("values", "begun")
        )
        carried = {name: _thawed(each) for name, each in data["carried"].items()}
        return cls(names, values, begun, carried)

    def _exact(self, deviations: np.ndarray, chance: np.random.Generator) -> np.ndarray:
        """Draw for each member: mean 0, these deviations, no correlation with what it holds."""
        count = len(deviations)
        draws = chance.standard_normal((self.members, count))
        basis = self._basis(self.members - 1 - count)
        draws -= basis @ (basis.T @ draws)
        left, _, right = np.linalg.svd(draws, full_matrices=False)
        found: np.ndarray = left @ right * np.sqrt(self.members - 1) * deviations
        return found

    def _basis(self, room: int) -> np.ndarray:
        """Return orthonormal directions of the mean and of what the members hold."""
        held = [np.ones(self.members)[:, None], self.values - self.mean]
        others = [*self.begun.T, *[*self.carried.values()][::-1]]  # the newest lots first
        held += [(e - e.mean())[:, None] for e in others[: max(0, room - len(self.names))]]
        columns = np.hstack(held)
        sizes = np.linalg.norm(columns, axis=0)
        columns = columns[:, sizes > 0] / sizes[sizes > 0]
        found: np.ndarray = np.linalg.qr(columns)[0]  # of what is held twice, a direction more
        return found


def least_members(states: int) -> int:
    """Return how many members so many states take."""
    return 2 * states + 2


def _thawed(data: bytes) -> np.ndarray:
    return np.frombuffer(data, dtype="<f8").astype(np.float64)
