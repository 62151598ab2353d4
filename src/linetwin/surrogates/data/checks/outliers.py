"""Rows that lie far from the others: by the median and the median deviation from it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from linetwin.surrogates.data.checks.finding import Finding, listed
from linetwin.surrogates.data.checks.numbers import known, levels_of

if TYPE_CHECKING:
    from linetwin.surrogates.data.dataset import Dataset

_FAR: Final = 6.0
"""Standard deviations, as the median deviation tells them, from which on a value is far away."""
_TO_SIGMA: Final = 0.6745
"""Median deviation of a normal distribution in its standard deviations."""
_KIND: Final = 0.1
"""Share of the rows from which on what lies apart is no outlier but another kind."""
_FEWEST: Final = 10
_FEWEST_LEVELS: Final = 6


def outlier_findings(data: Dataset) -> list[Finding]:
    """Return, by column, the rows whose value lies far from all others.

    Of values that are all above zero only what is far both as it is and as its logarithm:
    a skewed distribution is no outlier.
    """
    found = []
    for name in data.of_role("feature", "target", "inspection", "outcome"):
        spec = data.columns[name]
        if not spec.is_number:
            continue
        values = data.numbers(name)
        rows = far(values)
        if len(rows) > _KIND * np.isfinite(values).sum():
            share = len(rows) / np.isfinite(values).sum()
            text = f"{name} has a second kind of rows, apart from the others: {share:.0%} of them"
            found.append(Finding("outlier", "note", text, (name,)))
        elif len(rows):
            labels = [f"{data.row(row)}: {spec.shown(float(values[row]))}" for row in rows.tolist()]
            middle = spec.shown(float(np.nanmedian(values)))
            text = f"{name} lies far from its median {middle} at {listed(labels)}"
            named = tuple(data.row(row) for row in rows.tolist())
            found.append(Finding("outlier", "doubtful", text, (name,), named))
    return found


def far(values: np.ndarray) -> np.ndarray:
    """Return the rows of values, shape (n,), that lie far from the others, the farthest first."""
    there = known(values)
    if len(there) < _FEWEST or len(levels_of(there)[0]) < _FEWEST_LEVELS:
        return np.array([], dtype=np.int64)
    distance = _distance(values)
    if (there > 0).all():
        distance = np.minimum(distance, _distance(np.log(values)))
    rows = np.flatnonzero(distance > _FAR)
    return np.asarray(rows[np.argsort(-distance[rows], kind="stable")])


def _distance(values: np.ndarray) -> np.ndarray:
    """Return how many robust standard deviations each value lies from the median.

    Where over half of the values are equal, the mean deviation stands for the median one.
    """
    away = np.abs(values - np.nanmedian(values))
    scale = float(np.nanmedian(away)) / _TO_SIGMA
    if not scale > 0:
        scale = float(np.nanmean(away)) * np.sqrt(np.pi / 2)
    with np.errstate(invalid="ignore"):
        return np.nan_to_num(away / scale) if scale > 0 else np.zeros(len(values))
