"""Intervals from held-out errors, whose promise is checked on groups that made none of them.

A new row comes from a new group: each group counts as one, and one more, unseen, may be worse than
all (hierarchical conformal prediction: Lee, Barber and Willett, arXiv 2306.06342). With fewer than
coverage / (1 - coverage) groups no interval can promise that without an assumption; then group
means and rows are taken as normal, and it is said so.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy.stats import t

from linetwin.predictors.card import Covered, Region
from linetwin.surrogates.shares import clopper_pearson, effective_rows

MOST_REGIONS: Final = 3
_LEAST_ROWS: Final = 20


def half_width(
    errors: np.ndarray, groups: np.ndarray, coverage: float, weights: np.ndarray | None = None
) -> tuple[float, bool]:
    """Return the half-width that covers a row of a new group, and whether it is promised freely.

    `errors`: held-out errors on the target's scale. Groups weigh the same, rows in them by
    `weights`.
    """
    names, which = np.unique(groups, return_inverse=True)
    count = len(names)
    own = np.ones(len(errors)) if weights is None else weights
    whole = np.bincount(which, own)
    order = np.argsort(np.abs(errors), kind="stable")
    mass = np.cumsum((own / ((count + 1) * whole[which]))[order])
    enough = np.flatnonzero(mass >= coverage - 1e-12)
    if len(enough):
        return float(np.abs(errors)[order[enough[0]]]), True
    mean_square = float((np.bincount(which, own * errors**2) / whole).mean())
    reach = float(t.ppf(0.5 + coverage / 2, max(1, count - 1)))
    return reach * float(np.sqrt(mean_square * (1 + 1 / count))), False


def regions(
    linked: np.ndarray,
    errors: np.ndarray,
    groups: np.ndarray,
    coverage: float,
    weights: np.ndarray | None = None,
) -> tuple[Region, ...]:
    """Return the half-widths by predicted level: as many regions, up to 3, as the groups bear."""
    own_weights = np.ones(len(errors)) if weights is None else weights
    for count in range(MOST_REGIONS, 0, -1):
        edges = np.quantile(linked, np.arange(1, count) / count)
        which = np.searchsorted(edges, linked, side="left")
        found = [which == region for region in range(count)]
        if count > 1 and any(
            own.sum() < _LEAST_ROWS
            or not half_width(errors[own], groups[own], coverage, own_weights[own])[1]
            for own in found
        ):
            continue
        return tuple(
            _region(
                half_width(errors[own], groups[own], coverage, own_weights[own]), groups[own], edge
            )
            for own, edge in zip(found, (*map(float, edges), None), strict=True)
        )
    raise AssertionError("one region is always there")


def covered(where: str, inside: np.ndarray, weights: np.ndarray | None = None) -> Covered:
    """Return how many of the held-out rows were inside, with the binomial interval of the share.

    With weights the share is that of the weight, and the interval that of as many rows of equal
    weight as tell as much.
    """
    rows, hits = len(inside), int(inside.sum())
    if weights is None:
        _, low, high = clopper_pearson(hits, rows)
        return Covered(where=where, rows=rows, inside=hits, low=low, high=high)
    share = min(1.0, float(weights[inside].sum() / weights.sum())) if hits < rows else 1.0
    effective = effective_rows(weights)
    _, low, high = clopper_pearson(share * effective, effective)
    return Covered(where=where, rows=rows, inside=hits, low=low, high=high,
                   share=share, effective=effective)  # fmt: skip


def _region(found: tuple[float, bool], groups: np.ndarray, below: float | None) -> Region:
    half, free = found
    return Region(
        below=below,
        half_width=half,
        how="conformal" if free else "normal",
        rows=len(groups),
        groups=len(np.unique(groups)),
    )
