"""What time it is in a played plant: by what its servers tell, for rows of files beside it.

A plant that is played at another pace has a time of its own, of which our clock says nothing.
"""

from __future__ import annotations

import numpy as np

from linetwin.twin.columns import SECOND

_KEPT = 60
"""Seconds of arrivals over which the pace is reckoned [A]."""
PATIENCE_NS = 10 * SECOND
"""Wall time, at the plant's pace, by which the newest that was told may be behind it [A]."""


class Present:
    """Follows the newest time that a played plant's servers have told, second by second.

    A second counts once it is over, so that it is the same however rows are cut into batches.
    """

    def __init__(self) -> None:
        self._points: list[tuple[int, int]] = []

    def heard(self, arrival: np.ndarray, times: np.ndarray) -> None:
        """Note live values: when they came, and their times [ns UTC]."""
        seconds = arrival // SECOND
        for second in np.unique(seconds).tolist():
            newest = int(times[seconds == second].max())
            if self._points:
                newest = max(newest, self._points[-1][1])
                if second <= self._points[-1][0]:
                    self._points[-1] = self._points[-1][0], newest
                    continue
            self._points.append((second, newest))

    def forget(self) -> None:
        """Forget what is too old to reckon a pace by."""
        del self._points[: -_KEPT - 1]

    @property
    def known_from(self) -> int | None:
        """When it was known first, of what is kept [ns UTC]; None where it is not."""
        return (self._points[1][0] + 1) * SECOND if self._points[1:] else None

    def latest(self, arrival: int) -> int | None:
        """Return the latest time [ns UTC] that what came then can have; None where nobody knows."""
        over = [each for each in self._points if each[0] < arrival // SECOND][-_KEPT:]
        if len(over) < 2:  # noqa: PLR2004  two points make a pace
            return None
        (first, told), (last, newest) = over[0], over[-1]
        pace = (newest - told) / ((last - first) * SECOND)
        since = max(0, arrival - (last + 1) * SECOND)
        return newest + round(since * pace + PATIENCE_NS * max(1.0, pace))
