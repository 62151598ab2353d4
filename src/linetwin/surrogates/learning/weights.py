"""Weights of rows: how much they leave to learn from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from linetwin.predictors.levels import LEAST_GROUPS
from linetwin.surrogates.shares import effective_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from linetwin.scenario.problems import Place, Problems

LEAST_EFFECTIVE: Final = 10.0
"""Rows of equal weight below which a model is not told from chance [A]."""


def weight_warnings(
    weights: np.ndarray, groups: np.ndarray, rows: Sequence[str], place: Place, problems: Problems
) -> tuple[str, ...]:
    """Return a warning where weights leave fewer rows than groups, and less than half of all.

    `weights`, `groups`: shape (rows,), weights above 0; `rows`: their names. Noted as a problem at
    `place`: fewer than ten rows are left, or too few groups where there are enough by count.
    """
    if not len(weights):
        return ()
    codes = np.unique(groups, return_inverse=True)[1].ravel()
    left, of_groups = effective_rows(weights), effective_rows(np.bincount(codes, weights))
    top, count = int(np.argmax(weights)), int(codes.max()) + 1
    text = (
        f"weights leave of {len(weights):,} rows as much as {left:.3g} of equal weight tell, and of"
        f" {count:,} groups {of_groups:.3g}: {rows[top]} alone has "
        f"{100 * weights[top] / weights.sum():.4g} % of all weight"
    )
    enough = effective_rows(np.bincount(codes).astype(np.float64)) >= LEAST_GROUPS
    if left < LEAST_EFFECTIVE or (enough and of_groups < LEAST_GROUPS):
        hint = f"at least {LEAST_EFFECTIVE:g} rows and {LEAST_GROUPS} groups; mend the weights"
        problems.add(place, text, hint)
    elif left < min(count, len(weights) / 2):
        return (text,)
    return ()
