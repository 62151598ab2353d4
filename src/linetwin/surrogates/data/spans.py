"""Values over spans of time: each holds until the next one, so means are weighted by time."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

STATISTICS: Final = ("mean", "min", "max", "last", "covered")


class Span(NamedTuple):
    """A time from `begin` to `end` [ns UTC]."""

    begin: int
    end: int


@dataclass(frozen=True)
class Course:
    """Values of one signal in the order of their times; arrays of shape (values,).

    time: ns UTC; value: canonical; good: whether it counts. A value holds until the next one, good
    or not, `longest` [ns] at most; the last one until `end` [ns UTC].
    """

    time: np.ndarray
    value: np.ndarray
    good: np.ndarray
    end: int
    longest: int | None = None

    def over(self, spans: list[Span]) -> tuple[float, ...]:
        """Return mean, least, greatest and last value over spans, and the share that is covered.

        NaN where nothing good was there; a span without length has the value of its instant.
        """
        held, values, last = [], [], math.nan
        for begin, end in spans:
            first = max(0, int(np.searchsorted(self.time, begin, "right")) - 1)
            until = max(int(np.searchsorted(self.time, end, "left")), first + 1)
            part = slice(first, until)
            low, high = self.time[part], self._ends()[part]
            weight = np.minimum(high, end) - np.maximum(low, begin)
            there = self.good[part] & (
                (weight > 0) | ((begin == end) & (low <= begin) & (begin <= high))
            )
            if there.any():
                held.append(weight[there].astype(np.float64))
                values.append(self.value[part][there])
                last = float(values[-1][-1])
        if not values:
            return math.nan, math.nan, math.nan, math.nan, 0.0
        every, weights = np.concatenate(values), np.concatenate(held)
        whole = float(sum(end - begin for begin, end in spans))
        mean = np.average(every, weights=weights) if weights.sum() > 0 else every[-1]
        covered = weights.sum() / whole if whole > 0 else 1.0
        return float(mean), float(every.min()), float(every.max()), last, float(covered)

    def _ends(self) -> np.ndarray:
        """Return until when each value holds [ns UTC]."""
        ends = np.append(self.time[1:], max(self.end, int(self.time[-1])))
        if self.longest is None:
            return ends
        return np.asarray(np.minimum(ends, self.time + self.longest))


def named_spans(
    time: np.ndarray, names: list[str], end: int
) -> tuple[dict[str, list[Span]], set[str]]:
    """Return the spans of each name that a signal told, and the names that were not seen whole.

    `time`: ns UTC, in order, of shape (values,); "" is no name. A name holds until another one. The
    first may have begun before the recording, the last goes on after its `end`.
    """
    found: dict[str, list[Span]] = {}
    changes = [at for at in range(len(names)) if at == 0 or names[at] != names[at - 1]]
    for number, at in enumerate(changes):
        last = number + 1 == len(changes)
        until = max(end, int(time[at])) if last else int(time[changes[number + 1]])
        if names[at]:
            found.setdefault(names[at], []).append(Span(int(time[at]), until))
    cut = {names[at] for at in (changes[0], changes[-1]) if names[at]} if changes else set()
    return found, cut


def windows(begin: int, end: int, length: int) -> list[Span]:
    """Return the whole windows of a length [ns] between two times, as if counted from 1970."""
    first = -(-begin // length)
    return [Span(n * length, (n + 1) * length) for n in range(first, end // length)]
