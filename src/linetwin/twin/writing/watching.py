"""Whether a change that was made does what was foretold of it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from linetwin.estimation.scores import NORMAL_95

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from linetwin.twin.writing.foretold import Shown, Span

Verdict = Literal["as foretold", "not as foretold", "not told apart yet", "not known yet"]
BEGUN, READ = "watch begun", "lot read"
"""Entries of the log from which a watch that was ended goes on."""
LEAST_LOTS = 3
"""Lots made with the new set value whose readings are waited for [A]."""
_UNDER_WAY = 1
"""Lots that were in hand when it was changed: they are partly of the old one."""


def taken_up(
    told: Iterable[tuple[str, Mapping[str, Any]]], given: int
) -> tuple[int, dict[str, dict[int, float]]]:
    """Return since how many lots a change is watched, and the readings that were recorded of it.

    told: what the log has of the change, its `what` and `after`, in order; given: the lots that
    the station has handed over by now. Quantity -> lot -> reading. A station that has handed over
    fewer than were read counts anew, and so does the watch.
    """
    begun, most = None, 0
    readings: dict[str, dict[int, float]] = {}
    for what, after in told:
        if what == BEGUN and (begun is None or int(after["lots"]) < most):
            begun, readings, most = int(after["lots"]), {}, int(after["lots"])
        elif what == READ and begun is not None:
            lot = int(after["lots"])
            readings.setdefault(str(after["quantity"]), {})[lot] = float(after["value"])
            most = max(most, lot)
    return (given, {}) if begun is None or most > given else (begun, readings)


@dataclass(frozen=True)
class Seen:
    """What a station shows at once; instants as the plant stamps them [s UTC].

    `given`: lots handed over, the last at `given_at`; `readings`: instrument -> value and instant,
    of those that show anything good.
    """

    given: int
    given_at: float
    readings: Mapping[str, tuple[float, float]] = field(default_factory=dict)


@dataclass
class Watch:
    """Takes readings of lots; `begun`: lots that the station had handed over at the change.

    A reading belongs to the lot that was handed over at its instant, else to the one that was made
    then; that of a lot is the mean of all, and is known once the next lot has begun or the lot was
    read as it was handed over. `readings`: of lots that are over.
    """

    shown: Shown
    begun: int
    readings: dict[int, float] = field(default_factory=dict)
    _samples: dict[int, list[float]] = field(default_factory=dict)
    _ends: dict[int, float] = field(default_factory=dict)
    _last: float = -math.inf

    @property
    def instrument(self) -> str:
        """The instrument's name in its station."""
        return self.shown.signal.rpartition(".")[2]

    def take(self, seen: Seen) -> list[int]:
        """Take what the instrument shows now; return lots whose reading is known by that."""
        self._ends[seen.given] = seen.given_at
        value, at = seen.readings.get(self.instrument, (math.nan, self._last))
        if math.isfinite(value) and at != self._last:
            self._last = at
            lot = self._lot(seen, at)
            if lot > self.begun + _UNDER_WAY and lot not in self.readings:
                self._samples.setdefault(lot, []).append(value)
        over = [lot for lot in sorted(self._samples) if self._is_over(lot, seen.given)]
        for lot in over:
            samples = self._samples.pop(lot)
            self.readings[lot] = sum(samples) / len(samples)
        return over

    def _lot(self, seen: Seen, at: float) -> int:
        """Return the lot of an instant, counted as the station does; 0 where it is long over."""
        if at > seen.given_at:
            return seen.given + 1
        is_last = at == seen.given_at or at > self._ends.get(seen.given - 1, math.inf)
        return seen.given if is_last else 0

    def _is_over(self, lot: int, given: int) -> bool:
        return given > lot or (given == lot and self._last >= self._ends[lot])

    @property
    def mean(self) -> float:
        """Mean of the lots' readings; NaN where there is none."""
        values = list(self.readings.values())
        return sum(values) / len(values) if values else math.nan

    @property
    def allowed(self) -> tuple[float, float]:
        """Between what the mean lies in 95 of 100 cases if all is as foretold."""
        return self._around(self.shown.then)

    def _around(self, span: Span) -> tuple[float, float]:
        median, low, high = span
        scatter = self.shown.scatter / math.sqrt(max(1, len(self.readings)))
        reach = math.hypot((high - low) / 2, NORMAL_95 * scatter)
        return median - reach, median + reach

    def verdict(self) -> Verdict:
        """Return whether it came as foretold.

        A mean that lies where it was foretold says nothing while it may be that of before as well.
        """
        if len(self.readings) < LEAST_LOTS:
            return "not known yet"
        low, high = self.allowed
        if not low <= self.mean <= high:
            return "not as foretold"
        before = self._around(self.shown.now)
        return "not told apart yet" if before[0] <= self.mean <= before[1] else "as foretold"

    @property
    def is_settled(self) -> bool:
        """Whether more lots are not needed."""
        return self.verdict() in {"as foretold", "not as foretold"}
