"""Time by the calendar: how much of an interval people were planned to be at work."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

WEEK_MS = 7 * 24 * 3_600_000


def open_until(week: Sequence[tuple[int, int]] | None, ticks: np.ndarray) -> np.ndarray:
    """Return the staffed time [ms] from the start of the run until each tick.

    `week`: intervals of a week [ms] that do not overlap; None for a place that never closes. The
    run starts with the week.
    """
    at = np.asarray(ticks, dtype=np.float64)
    if week is None:
        return at
    weeks, inside = np.divmod(at, WEEK_MS)
    found = weeks * sum(until - start for start, until in week)
    for start, until in week:
        found += np.clip(inside, start, until) - start
    return np.asarray(found, dtype=np.float64)


def after_staffed(week: Sequence[tuple[int, int]] | None, begin: float, staffed_ms: float) -> float:
    """Return the tick by which so much staffed time has gone by since `begin`.

    Of no staffed time, when the place is next open. `week` as in `open_until`.
    """
    if week is None or not week:
        return begin + staffed_ms
    per_week = sum(until - start for start, until in week)
    weeks, inside = divmod(begin, WEEK_MS)
    whole, left = divmod(staffed_ms, per_week)
    if whole and not left:
        whole, left = whole - 1, float(per_week)
    at = (weeks + whole) * WEEK_MS
    for turn in (0, WEEK_MS):
        for start, until in sorted(week):
            low = max(start + turn, inside)
            if low >= until + turn:
                continue
            if left <= until + turn - low:
                return at + low + left
            left -= until + turn - low
    return begin + staffed_ms
