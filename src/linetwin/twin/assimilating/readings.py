"""Readings of the last lots: whether those of one quantity of one lot can all be right."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from linetwin.estimation.agreement import Disagreement, disagreement

if TYPE_CHECKING:
    from collections.abc import Sequence

    from linetwin.scenario.twin import ReaderConfig

KEPT = 48
"""Quantities of lots that are kept."""


class Corrected(NamedTuple):
    """A reading less its instrument's known bias, with its standard deviation."""

    instrument: str
    value: float
    deviation: float


class Contradiction(NamedTuple):
    """Readings of a quantity of a lot that cannot all be right; `odd`: instrument, or ""."""

    quantity: str
    readings: tuple[Corrected, ...]
    odd: str


class Readings:
    """Keeps readings of the last lots, and which instruments were the odd one out last."""

    def __init__(self) -> None:
        self._kept: dict[str, list[Corrected]] = {}
        self._odd: list[str] = []

    def meet(
        self, instrument: ReaderConfig, lot: str, reading: Corrected, limit: float
    ) -> Contradiction | None:
        """Take one reading of a lot; return what it contradicts."""
        name = f"{instrument.station}|{lot}|{instrument.key}"
        others = [e for e in self._kept.pop(name, []) if e.instrument != instrument.name]
        own = self._kept[name] = [*others, reading]
        while len(self._kept) > KEPT:
            del self._kept[next(iter(self._kept))]
        found = disagreement([e.value for e in own], [e.deviation for e in own], limit)
        return self._contradiction(instrument, own, found)

    def both(self, instrument: ReaderConfig, other: str) -> list[tuple[float, float]]:
        """Return what an instrument and another one read of each lot that both have read."""
        found = []
        begin, end = f"{instrument.station}|", f"|{instrument.key}"
        for name, own in self._kept.items():
            if not (name.startswith(begin) and name.endswith(end)):
                continue
            values = {each.instrument: each.value for each in own}
            if instrument.name in values and other in values:
                found.append((values[instrument.name], values[other]))
        return found

    def is_first(self, odd: str) -> bool:
        """Whether an instrument that is the odd one out was not so the last time."""
        again = odd in self._odd
        self._odd = [*(each for each in self._odd if each != odd), odd]
        return not again

    def _contradiction(
        self,
        instrument: ReaderConfig,
        own: list[Corrected],
        found: Disagreement | None,
    ) -> Contradiction | None:
        odd = own[found.odd].instrument if found is not None and found.odd is not None else ""
        if odd != instrument.name and instrument.name in self._odd:
            self._odd.remove(instrument.name)
        if found is None:
            return None
        return Contradiction(instrument.quantity, tuple(own), odd)

    def save(self) -> dict[str, Any]:
        """Return the readings as plain data."""
        kept = {name: [list(each) for each in own] for name, own in self._kept.items()}
        return {"kept": kept, "odd": list(self._odd)}

    def load(self, data: dict[str, Any]) -> None:
        """Continue from saved readings."""
        self._kept = {n: [Corrected(*each) for each in own] for n, own in data["kept"].items()}
        self._odd = list(data["odd"])


def agreeing(
    values: Sequence[float], deviations: Sequence[float], limit: float
) -> tuple[float, ...]:
    """Return the values that agree with one another; none where nobody knows which are right.

    They are the most that agree with one of them by `limit` deviations of their difference, two
    at least, and no others are as many.
    """
    row, spread = np.asarray(values), np.asarray(deviations)
    near = np.abs(row[:, None] - row) <= limit * np.hypot(spread[:, None], spread)
    counts = near.sum(axis=1)
    best = int(counts.argmax())
    rivals = (counts == counts[best]) & ~near[best]
    alone = counts[best] == 1
    return () if alone or rivals.any() else tuple(row[near[best]].tolist())
