"""What a screening of groups found, read from the points that were run."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from linetwin.results.inference import student_quantile
from linetwin.study.analysing.inferring import Estimate

if TYPE_CHECKING:
    from linetwin.study.analysing.observing import Observed

_TRIM = 2.5


@dataclass(frozen=True)
class Screened:
    """What single factors and groups do to a figure, from the low to the high end of their spans.

    `factors`: number -> change, largest first; `groups`: those that were not split any further,
    with what they do together, largest first; `margin`: half of each interval: what chance alone
    gives one effect with 95 % (Lenth 1989); `pairs`: how many groups were run.
    """

    factors: tuple[tuple[int, Estimate], ...]
    groups: tuple[tuple[tuple[int, ...], Estimate], ...]
    margin: float
    pairs: int


def screened(observed: Observed, figure: str) -> Screened | None:
    """Return what is known of factors and groups; None before the first round has ended.

    A single factor's change has the sign of the factor; that of a group is of its larger side.
    """
    values, shares = observed.values(figure), _moved(observed)
    means = np.array(
        [row[np.isfinite(row)].mean() if np.isfinite(row).any() else np.nan for row in values]
    )
    found: dict[tuple[int, ...], float] = {}
    for row in range(1, len(means) - 1, 2):
        group = tuple(np.flatnonzero(np.isfinite(shares[row])).tolist())
        change = means[row] - means[row + 1]
        if len(group) == 1 and shares[row, group[0]] < shares[row + 1, group[0]]:
            change = -change
        found[group] = float(change)
    told = np.array([change for change in found.values() if math.isfinite(change)])
    if len(told) < 3:  # noqa: PLR2004 - of fewer no spread is known
        return None
    margin = student_quantile(max(1, len(told) // 3)) * spread_of(told)
    leaves = {
        group: Estimate(change, change - margin, change + margin)
        for group, change in found.items()
        if not any(set(other) < set(group) for other in found)
    }
    order = sorted(leaves, key=lambda group: -abs(leaves[group].value))
    return Screened(
        tuple((group[0], leaves[group]) for group in order if len(group) == 1),
        tuple((group, leaves[group]) for group in order if len(group) > 1),
        margin,
        len(found),
    )


def spread_of(effects: np.ndarray) -> float:
    """Return the standard deviation of effects that are none, most being so: Lenth's (1989, M)."""
    sizes = np.abs(effects[np.isfinite(effects)])
    if not len(sizes):
        return 0.0
    first = 1.5 * float(np.median(sizes))
    small = sizes[sizes <= _TRIM * first]
    return 1.5 * float(np.median(small)) if len(small) else first


def _moved(observed: Observed) -> np.ndarray:
    """Return values of factors that were moved, NaN where the scenario's own stays."""
    table = observed.study.points[[factor.address for factor in observed.factors]]
    return np.asarray(table, dtype=float)
