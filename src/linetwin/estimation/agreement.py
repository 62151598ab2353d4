"""Readings of one quantity of one lot: whether they can all be right, and which one cannot."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtri

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True)
class Disagreement:
    """Readings that cannot all be right; `odd`: the one that all others contradict, or None.

    None where no two others agree with one another: nobody knows then which one is wrong.
    """

    odd: int | None


def farthest(false_alarms: float) -> float:
    """Return how many deviations two readings may differ by; `false_alarms`: share that do so."""
    return float(-ndtri(false_alarms / 2))


def disagreement(
    values: Sequence[float], deviations: Sequence[float], limit: float
) -> Disagreement | None:
    """Return whether readings contradict each other by more than `limit` deviations.

    `deviations`: standard deviation of each reading, what is known of its bias included.
    """
    row, spread = np.asarray(values), np.asarray(deviations)
    apart = np.abs(row[:, None] - row) > limit * np.hypot(spread[:, None], spread)
    if not apart.any():
        return None
    count = len(row)
    odd = [each for each in range(count) if apart[each].sum() == count - 1]
    others = [each for each in range(count) if each not in odd]
    agree = all(not apart[one, other] for one, other in combinations(others, 2))
    return Disagreement(odd[0] if len(odd) == 1 and len(others) > 1 and agree else None)
