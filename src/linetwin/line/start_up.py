"""A coater that starts: its loading settles as pump, die and vacuum box do, and web is discarded.

The deviation falls as exp(-t / settling_time) from settling_deviation [A]; a faster web runs more
metres in that time. Discarded is at least `startup_length`, and until the loading is within its
tolerance.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable


def waste_length(value: Callable[[str], float]) -> float:
    """Return the web discarded after a start at the speed that is set [m].

    `value` gives the coater's parameters. Infinite for a tolerance of 0.
    """
    first, tolerance = abs(value("settling_deviation")), value("loading_tolerance")
    if first <= tolerance:
        return value("startup_length")
    times = math.log(first / tolerance) if tolerance > 0 else math.inf
    return max(value("startup_length"), value("web_speed") * value("settling_time") * times)


def settling(
    value: Callable[[str], float], low: np.ndarray, high: np.ndarray, starts: list[float]
) -> np.ndarray:
    """Return the mean relative deviation of the flow on segments, shape (segments,).

    `low`, `high`: their ends in metres of the pass; `starts`: metres at which the coater started.
    Each segment settles since the last start at or before it, one that holds a start from its own
    first metre.
    """
    since = np.full(len(low), np.inf)
    for start in starts:
        begun = high > start
        since[begun] = np.minimum(since[begun], np.maximum(0.0, low[begun] - start))
    away = value("settling_time") * value("web_speed")
    if away <= 0:
        return np.zeros(len(low))
    length = high - low
    found: np.ndarray = (
        value("settling_deviation")
        * away
        / length
        * (np.exp(-since / away) - np.exp(-(since + length) / away))
    )
    return found
