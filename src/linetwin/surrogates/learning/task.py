"""What is learnt: numbers of features and target, groups that stay together, laws, physics."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np
from scipy.special import expit

from linetwin.surrogates.data.checks.replicates import pooled
from linetwin.surrogates.learning.labels import label_losses, label_scores
from linetwin.surrogates.learning.ridge import Ridge

_PILOT: Final = 0.1
"""Penalty of the straight line that tells how far models miss [A]."""
_LEAST: Final = 0.01
"""Of rows' mean variance: no row weighs without bounds where its own is 0 [A]."""

if TYPE_CHECKING:
    from linetwin.predictors.links import Link
    from linetwin.surrogates.learning.labels import Inspection
    from linetwin.surrogates.learning.physics import PhysicsFit


@dataclass(frozen=True)
class Kind:
    """A kind of group that held-out groups share: `codes` of shape (rows,), `labels` by code."""

    column: str
    codes: np.ndarray
    labels: tuple[str, ...]


@dataclass(frozen=True)
class Learning:
    """A task of learning, in canonical units.

    `features` of shape (rows, features) with `names` and `units`; `target` of shape (rows,);
    `groups`: a number for each row's group, held out together; `monotonic`: -1 where the target
    falls with a feature, 1 where it rises, 0 else; `logs`: whether a feature may be taken as its
    logarithm; `noise`: standard deviation between replicates on the scored scale, None without
    any; `relative`: whether errors count relative to the target; `labels`: each group's name;
    `chance`: the target is 1 or 0, and its probability is learnt, on the scale of log odds;
    `weights`: how much each row counts, shape (rows,), 1 on average; None where all count the same;
    `inspection`: how the labels of a chance err; None where they are the truth;
    `variances`: of each row's target on its scale, shape (rows,), None where nothing is said;
    `kinds`: other kinds of groups, which rows in and outside of a held-out group have in common.
    """

    features: np.ndarray
    names: tuple[str, ...]
    units: tuple[str, ...]
    target: np.ndarray
    target_name: str
    target_unit: str
    groups: np.ndarray
    labels: tuple[str, ...]
    link: Link
    monotonic: tuple[int, ...]
    logs: tuple[bool, ...]
    relative: bool = False
    noise: float | None = None
    physics: PhysicsFit | None = None
    coverage: float = 0.9
    seed: int = 1
    chance: bool = False
    weights: np.ndarray | None = None
    kinds: tuple[Kind, ...] = ()
    inspection: Inspection | None = None
    variances: np.ndarray | None = None

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return len(self.target)

    @property
    def weight(self) -> np.ndarray:
        """How much each row counts, shape (rows,)."""
        return np.ones(self.rows) if self.weights is None else self.weights

    @property
    def linked(self) -> np.ndarray:
        """The target on the scale on which it is learnt."""
        return self.link.to(self.target)

    def cut(self, rows: np.ndarray) -> Learning:
        """Return the same of some rows."""
        return replace(
            self,
            features=self.features[rows],
            target=self.target[rows],
            groups=self.groups[rows],
            weights=None if self.weights is None else self.weights[rows],
            variances=None if self.variances is None else self.variances[rows],
            kinds=(),
        )

    def precise(self) -> Learning:
        """Return the same with rows weighed by what is known of them, 1 / (own + model variance).

        The model's variance is what a straight line leaves beyond the rows' own, so that no model
        that follows its rows makes them look more certain than they are.
        """
        if self.variances is None:
            return self
        line = Ridge(_PILOT).fit(self.features, self.linked, self.weights)
        left = self.mean((line.predict(self.features) - self.linked) ** 2 - self.variances)
        own = self.weight / (self.variances + max(left, _LEAST * self.mean(self.variances)))
        return replace(self, weights=own / own.mean(), variances=None)

    def by(self, kind: Kind) -> Learning:
        """Return the same with other groups to hold out."""
        return replace(self, groups=kind.codes, labels=kind.labels, kinds=())

    def mean(self, values: np.ndarray) -> float:
        """Return the mean of values of the rows, each by its weight."""
        return float(np.average(values, weights=self.weights))

    def scored(self, values: np.ndarray) -> np.ndarray:
        """Return values on the scored scale: themselves, or their logarithms."""
        return np.asarray(np.log(values)) if self.relative else values

    def errors(self, linked: np.ndarray) -> np.ndarray:
        """Return the errors of predictions on the scored scale; of labels that err, theirs."""
        if self.inspection is not None:
            told = self.inspection.false_alarm + self.inspection.power * self.link.back(linked)
            return np.asarray(told - self.target)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(self.scored(self.link.back(linked)) - self.scored(self.target))

    def losses(self, linked: np.ndarray) -> np.ndarray:
        """Return what predictions cost, a row each: squared errors; of a chance the log loss."""
        if self.inspection is not None:
            return label_losses(linked, self.target, self.inspection)
        if self.chance:
            return np.asarray(np.logaddexp(0.0, linked) - self.target * linked)
        return self.errors(linked) ** 2

    def scores(self, linked: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return slopes of the log likelihood of 1 and 0 over log odds, and their information.

        Both of shape (rows,), each row by its weight.
        """
        if self.inspection is not None:
            slopes, information = label_scores(linked, self.target, self.inspection)
        else:
            chance = expit(linked)
            slopes, information = self.target - chance, chance * (1 - chance)
        return self.weight * slopes, self.weight * information

    def share(self, ones: float) -> float:
        """Return the share of faults behind a share of labels of 1, 0 to 1."""
        if self.inspection is None:
            return ones
        return min(1.0, max(0.0, (ones - self.inspection.false_alarm) / self.inspection.power))


def replicate_noise(features: np.ndarray, target: np.ndarray) -> float | None:
    """Return the pooled standard deviation of rows with equal features, None without any."""
    _, which = np.unique(features, axis=0, return_inverse=True)
    found = pooled("target", target, which.ravel())
    return None if found is None else found.deviation
