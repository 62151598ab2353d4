"""Alarms over many charts at once: which points out of their limits are worth a walk.

Two hundred streams of ten points at three sigma raise five false alarms a shift. The points of all
streams are judged together, so that of the alarms a stated share at most is false on average
(Benjamini and Hochberg 1995); while nothing has changed anywhere, the chance of any alarm is that
share. Why this and no family-wise level: of many true alarms a few false ones cost a look each,
while a family-wise level misses true ones. Lanes, rolls and channels go together, for which the
procedure holds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from scipy import stats

if TYPE_CHECKING:
    from collections.abc import Mapping

    from linetwin.surrogates.review.statistics.charts import Chart

FALSE_SHARE: Final = 0.05
"""Largest mean share of false alarms among the alarms [A]."""


@dataclass(frozen=True)
class Alarm:
    """A point that holds over all streams: `adjusted` is the least share at which it would."""

    stream: str
    chart: str
    label: str
    value: float
    chance: float
    adjusted: float


def alarms(charts: Mapping[str, Chart], share: float = FALSE_SHARE) -> tuple[Alarm, ...]:
    """Return the alarms of all charts (stream -> chart), the surest first.

    Charts without chances (textbook lines) raise none. Judge one review at once: a shift, a run.
    """
    rows = [
        (stream, chart, index)
        for stream, chart in charts.items()
        for index in np.flatnonzero(np.isfinite(chart.chances)).tolist()
    ]
    if not rows:
        return ()
    chances = np.array([chart.chances[index] for _, chart, index in rows])
    adjusted = stats.false_discovery_control(np.clip(chances, 0.0, 1.0))
    order = np.argsort(adjusted, kind="stable")
    found = []
    for place in order[adjusted[order] <= share].tolist():
        stream, chart, index = rows[place]
        value, label = float(chart.points[index]), chart.labels[index]
        found.append(
            Alarm(stream, chart.kind, label, value, float(chances[place]), float(adjusted[place]))
        )
    return tuple(found)
