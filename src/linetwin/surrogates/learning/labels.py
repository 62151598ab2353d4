"""Labels that err: an inspection misses bad cells and raises false alarms.

What is learnt is the label; what is wanted is the fault. With miss rate m and false-alarm rate f a
label is bad with probability (1 - m) p + f (1 - p). The share of faults is corrected after Rogan
and Gladen (1978), with the interval of Lang and Reiczigel (2014) where the rates come from trials
[V]; fits use that likelihood. Nothing of this is possible with m + f >= 1: such labels tell
nothing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from scipy import optimize, special, stats

from linetwin.errors import Problem, ScenarioError
from linetwin.surrogates.gauges import CONFIDENCE, Estimate
from linetwin.surrogates.shares import clopper_pearson

if TYPE_CHECKING:
    from collections.abc import Sequence

_Z: Final = float(stats.norm.ppf((1 + CONFIDENCE) / 2))
_LEAST: Final = 1e-12
_LEAST_SHARE: Final = 1e-6
"""Share of faults from which on a fit starts, and one less it [A]."""


@dataclass(frozen=True)
class Inspection:
    """An inspection: shares of bad cells missed and of good cells called bad.

    `bad_tried`, `good_tried`: how many pieces of either kind the rates come from; 0: as stated.
    """

    miss: float
    false_alarm: float
    bad_tried: int = 0
    good_tried: int = 0

    @property
    def power(self) -> float:
        """How far a label goes with the fault: 1 - miss - false alarm."""
        return 1 - self.miss - self.false_alarm


@dataclass(frozen=True)
class LogisticFit:
    """Log odds of a fault: `intercept` + features x `slopes`, with standard errors.

    `intercept_error`, `slope_errors`: over lots where there are lots, else over cells.
    """

    intercept: float
    slopes: np.ndarray
    intercept_error: float
    slope_errors: np.ndarray

    def probabilities(self, features: np.ndarray) -> np.ndarray:
        """Return the probability of a fault (n,) for features (n, features)."""
        return np.asarray(special.expit(self.intercept + features @ self.slopes))


def label_losses(odds: np.ndarray, labels: np.ndarray, inspection: Inspection) -> np.ndarray:
    """Return the negative log likelihood of labels 0 or 1 (n,), given log odds of faults (n,)."""
    chance, _ = _parts(odds, inspection)
    return np.asarray(-(labels * np.log(chance) + (1 - labels) * np.log1p(-chance)))


def label_scores(
    odds: np.ndarray, labels: np.ndarray, inspection: Inspection
) -> tuple[np.ndarray, np.ndarray]:
    """Return the slopes of the log likelihood over the log odds (n,), and their information."""
    chance, slope = _parts(odds, inspection)
    inner = slope / (chance * (1 - chance))
    return np.asarray((labels - chance) * inner), np.asarray(slope * inner)


def corrected_share(found: int, count: int, inspection: Inspection) -> Estimate:
    """Return the share of faults behind `found` bad labels of `count`, with 95 % interval.

    Rates as stated: the exact interval of the labels, put through the correction. Rates from
    trials: their scatter is in the interval.
    """
    check(inspection)
    value = _faults(found / count, inspection.miss, inspection.false_alarm)
    if not (inspection.bad_tried and inspection.good_tried):
        labels = clopper_pearson(found, count)
        low, high = (
            _faults(bound, inspection.miss, inspection.false_alarm)
            for bound in (labels.low, labels.high)
        )
        return Estimate(_share(value), _share(low), _share(high))
    many, bads, goods = count + _Z**2, inspection.bad_tried + 2, inspection.good_tried + 2
    label = (found + _Z**2 / 2) / many
    hit = ((1 - inspection.miss) * inspection.bad_tried + 1) / bads
    clear = ((1 - inspection.false_alarm) * inspection.good_tried + 1) / goods
    power = hit + clear - 1
    if not power > 0:
        return Estimate(_share(value), 0.0, 1.0)
    middle = (label + clear - 1) / power
    of_hit, of_clear = hit * (1 - hit) / bads, clear * (1 - clear) / goods
    error = label * (1 - label) / many + middle**2 * of_hit + (1 - middle) ** 2 * of_clear
    middle += 2 * _Z**2 * (middle * of_hit - (1 - middle) * of_clear)
    reach = _Z * math.sqrt(error) / power
    return Estimate(_share(value), _share(middle - reach), _share(middle + reach))


def corrected_fit(
    features: np.ndarray,
    labels: np.ndarray,
    inspection: Inspection,
    lots: Sequence[str] = (),
    weights: np.ndarray | None = None,
    penalty: float = 0.0,
) -> LogisticFit:
    """Return the logistic fit of the fault to features (n, features), by labels 0 or 1 (n,).

    Maximum likelihood of the labels; `weights`: 1 / inclusion probability where cells were
    selected; `penalty`: half of it times the squared slopes of standardised features is added.
    Errors from the scores summed by lot. ScenarioError where all labels are equal, or where the
    fit does not end (labels that a feature separates).
    """
    check(inspection)
    told = np.asarray(labels, dtype=np.float64)
    if np.unique(told).size == 1:
        raise ScenarioError([Problem("all labels are equal", "fit", "labels of both kinds")])
    middle, scale = features.mean(axis=0), features.std(axis=0)
    if not (scale > 0).all() and not penalty:
        raise ScenarioError([Problem("a feature is constant", "fit", "leave it out")])
    scale = np.where(scale > 0, scale, 1.0)
    table = np.column_stack([np.ones(told.size), (features - middle) / scale])
    weight = np.ones(told.size) if weights is None else np.asarray(weights, dtype=np.float64)
    model = _Likelihood(table, told, weight / weight.mean(), inspection, penalty)
    start = np.zeros(table.shape[1])
    share = corrected_share(int(told.sum()), told.size, inspection).value
    start[0] = float(special.logit(min(max(share, _LEAST_SHARE), 1 - _LEAST_SHARE)))
    found = optimize.minimize(model.loss, start, jac=True, method="BFGS",
                              options={"gtol": 1e-6 * told.size})  # fmt: skip
    if not np.isfinite(found.x).all() or np.abs(found.x).max() > _FARTHEST:
        raise ScenarioError([Problem("the fit does not end", "fit", "more cells of both kinds")])
    spread = model.spread(found.x, lots)
    slopes = found.x[1:] / scale
    back = np.diag(np.concatenate([[1.0], 1 / scale]))
    back[0, 1:] = -middle / scale
    errors = np.sqrt(np.diag(back @ spread @ back.T))
    intercept = float(found.x[0] - slopes @ middle)
    return LogisticFit(intercept, slopes, float(errors[0]), errors[1:])


_FARTHEST: Final = 30.0
"""Log odds for a standard deviation of a feature from which on a fit has run away [A]."""


@dataclass(frozen=True)
class _Likelihood:
    """Likelihood of labels given the log odds of the fault."""

    table: np.ndarray
    labels: np.ndarray
    weights: np.ndarray
    inspection: Inspection
    penalty: float

    def loss(self, factors: np.ndarray) -> tuple[float, np.ndarray]:
        """Return the negative log likelihood with the penalty, and its gradient."""
        odds, slopes = self.table @ factors, np.concatenate([[0.0], factors[1:]])
        losses = label_losses(odds, self.labels, self.inspection)
        score, _ = label_scores(odds, self.labels, self.inspection)
        value = float((self.weights * losses).sum() + self.penalty / 2 * (slopes @ slopes))
        return value, self.penalty * slopes - self.table.T @ (self.weights * score)

    def spread(self, factors: np.ndarray, lots: Sequence[str]) -> np.ndarray:
        """Return the covariance: expected information around the scores summed by lot."""
        score, information = label_scores(self.table @ factors, self.labels, self.inspection)
        inner = np.diag(np.concatenate([[0.0], np.full(factors.size - 1, self.penalty)]))
        inner += self.table.T @ ((self.weights * information)[:, None] * self.table)
        bread = np.linalg.pinv(inner)
        scores = (self.weights * score)[:, None] * self.table
        kinds, places = np.unique(
            np.asarray(lots) if len(lots) else np.arange(self.labels.size), return_inverse=True
        )
        summed = np.zeros((kinds.size, scores.shape[1]))
        np.add.at(summed, places, scores)
        few = kinds.size / max(1, kinds.size - 1)
        return np.asarray(bread @ (summed.T @ summed) @ bread * few)


def _parts(odds: np.ndarray, inspection: Inspection) -> tuple[np.ndarray, np.ndarray]:
    """Return the chance of a bad label, and its slope over the log odds of the fault."""
    fault = special.expit(odds)
    chance = inspection.false_alarm + inspection.power * fault
    inside = np.clip(chance, _LEAST, 1 - _LEAST)
    return inside, inspection.power * fault * (1 - fault)


def _faults(label: float, miss: float, false_alarm: float) -> float:
    return (label - false_alarm) / (1 - miss - false_alarm)


def _share(value: float) -> float:
    return min(1.0, max(0.0, value))


def check(inspection: Inspection) -> None:
    """Raise ScenarioError for rates that are none, or of labels that tell nothing."""
    rates = inspection.miss, inspection.false_alarm
    if not all(0 <= rate <= 1 for rate in rates):
        raise ScenarioError([Problem("a rate is out of 0 to 1", "inspection", "shares of cells")])
    if not inspection.power > 0:
        message = f"an inspection that misses {rates[0]:.0%} and alarms at {rates[1]:.0%} of good"
        raise ScenarioError(
            [Problem(f"{message} cells tells nothing", "inspection", "together below 100 %")]
        )
