"""Replicate noise: how much a target differs between rows with the same features."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd
from scipy import stats

from linetwin.surrogates.data.checks.finding import Finding

if TYPE_CHECKING:
    from linetwin.surrogates.data.dataset import Dataset

CONFIDENCE: Final = 0.95
_DIGITS: Final = 12
_LEAST_FREEDOM: Final = 5
_COPIES: Final = 2
"""Rows that share a value of the finest column, from which on levels may repeat by chance [A]."""


@dataclass(frozen=True)
class Noise:
    """Pooled standard deviation of replicates of a target, canonical unit, with its interval.

    `sets` of rows with equal features, `freedom` degrees in all; `relative`: that of the
    logarithm, NaN where a value is not above zero; `share`: of the variance of all rows.
    """

    name: str
    sets: int
    freedom: int
    deviation: float
    low: float
    high: float
    relative: float
    share: float


def replicate_sets(data: Dataset) -> np.ndarray:
    """Return a number for each row's set, shape (rows,): rows alike in all features.

    Rows with a feature that was not measured are alone.
    """
    if not data.features:
        return np.arange(len(data.frame))
    values = np.column_stack([data.numbers(name) for name in data.features])
    keys = [
        tuple(float(f"{value:.{_DIGITS}g}") for value in row) if np.isfinite(row).all() else (i,)
        for i, row in enumerate(values.tolist())
    ]
    return np.asarray(pd.factorize(pd.Series(keys, dtype=object))[0], dtype=np.int64)


def noises(data: Dataset) -> list[Noise]:
    """Return the noise of each target that has replicates."""
    sets = replicate_sets(data)
    found = [pooled(name, data.numbers(name), sets) for name in data.targets]
    return [each for each in found if each is not None]


def pooled(name: str, values: np.ndarray, sets: np.ndarray) -> Noise | None:
    """Return the pooled deviation of values, shape (rows,), within sets; None without replicates.

    Interval of 95 % by chi-square.
    """
    known = np.isfinite(values)
    values, codes = values[known], np.unique(sets[known], return_inverse=True)[1]
    counts = np.bincount(codes)
    freedom = int((counts - 1).sum())
    if not freedom:
        return None
    squares = _within(values, codes)
    bounds = stats.chi2.ppf([(1 + CONFIDENCE) / 2, (1 - CONFIDENCE) / 2], freedom)
    low, high = (math.sqrt(squares / bound) for bound in bounds)
    relative = math.nan
    if (values > 0).all():
        relative = math.sqrt(_within(np.log(values), codes) / freedom)
    spread = float(values.var(ddof=1))
    share = squares / freedom / spread if spread > 0 else math.nan
    sets_with = int((counts > 1).sum())
    deviation = math.sqrt(squares / freedom)
    return Noise(name, sets_with, freedom, deviation, low, high, relative, share)


def _within(values: np.ndarray, codes: np.ndarray) -> float:
    means = np.bincount(codes, values) / np.bincount(codes)
    return float(((values - means[codes]) ** 2).sum())


def _is_copied(data: Dataset) -> bool:
    """Tell whether every row has a copy, of columns fine enough for that to be no chance."""
    if not data.features or not data.targets:
        return False
    rows = data.frame[[*data.features, *data.targets]]
    if not rows.duplicated(keep=False).all():
        return False
    return bool(rows.nunique().max() * _COPIES > len(rows.drop_duplicates()))


def noise_findings(data: Dataset, found: list[Noise]) -> list[Finding]:
    """Say what replicates tell, or that there are none."""
    if not data.simulated and _is_copied(data):
        text = (
            "every row is there twice, or more often, targets included: copies? They tell nothing"
            " of noise; keep each once"
        )
        return [Finding("noise", "doubtful", text, data.targets)]
    told = {each.name for each in found}
    without = [name for name in data.targets if name not in told]
    findings = []
    if without and data.features:
        names = "targets" if len(without) == len(data.targets) else ", ".join(without)
        text = f"no two rows have the same features: what of the {names} is noise is not known"
        findings.append(Finding("noise", "note", text, tuple(without)))
    for each in found:
        spec = data.columns[each.name]
        relative = "" if math.isnan(each.relative) else f", {each.relative:.1%} of the value"
        text = (
            f"replicates of {each.name} differ by {spec.shown_difference(each.deviation)}{relative}"
            f" ({each.sets:,} sets, {each.freedom:,} degrees of freedom, 95 %: "
            f"{spec.shown_difference(each.low)} to {spec.shown_difference(each.high)}): no model "
            "can do better"
        )
        weight = "note"
        if each.freedom < _LEAST_FREEDOM:
            text += "; so few replicates hardly tell"
        findings.append(Finding("noise", weight, text, (each.name,)))  # type: ignore[arg-type]
    return findings
