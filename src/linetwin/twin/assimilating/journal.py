"""The journal of an estimator: what it was given, in the order of time, and states of it.

What comes late is put into its place: the estimator is taken up from a state before it, and all
that followed is served again. So is a jump of the plant, which shows only when it has been.
"""

from __future__ import annotations

import bisect
from typing import TYPE_CHECKING, Any

from linetwin.twin.assimilating.entries import (
    Entry,
    Given,
    Judged,
    Reading,
    Widened,
    loaded,
    saved,
)
from linetwin.twin.assimilating.estimator import DAY_TICKS

if TYPE_CHECKING:
    from collections import Counter

    from linetwin.twin.assimilating.estimator import Estimator

DENSE = 12
"""Snapshots that are kept of the last entries, one each."""
SPARSE_TICKS = DAY_TICKS // 4
"""Older ones are kept so far apart."""
KEPT_DAYS = 14
"""A value that comes later than this is counted, not learnt from: days."""


class Journal:
    """Serves an estimator; `counts`: how often something was late, or a jump was found."""

    def __init__(self, estimator: Estimator, counts: Counter[str]) -> None:
        self.entries: list[Entry] = []
        self.first = 0
        """Tick before which nothing can be put any more."""
        self._estimator, self._counts = estimator, counts
        self._snapshots: list[tuple[int, dict[str, Any]]] = [(0, estimator.save())]
        self._judged: dict[tuple[str, str], Judged] = {}
        """Instrument and lot -> what became of readings, of all that was served for the last."""

    def learn(self, reading: Reading) -> Judged:
        """Put a reading into its place; one more of the same lot makes a mean of them.

        Return what became of all readings of its lot by its instrument.
        """
        self._judged.clear()
        place = self._place_of(reading)
        if place is None:
            self.put(reading)
            return self._judged[reading.instrument, reading.lot]
        known = self.entries[place]
        assert isinstance(known, Reading)  # noqa: S101  as `place_of` has found it
        self.entries[place] = known.with_another(reading)
        self._counts["late"] += 1
        self._serve_from(self._forget_jumps(known.instrument, known.tick, place))
        return self._judged[reading.instrument, reading.lot]

    def correct(self, place: int, corrected: Reading | None) -> Judged | None:
        """Put a reading into the place of one that was wrong, or nothing; serve again from there.

        Return what became of it.
        """
        self._judged.clear()
        wrong = self.entries[place]
        assert isinstance(wrong, Reading)  # noqa: S101  as who corrects has found it
        self.entries[place : place + 1] = [] if corrected is None else [corrected]
        self._serve_from(self._forget_jumps(wrong.instrument, wrong.tick, place))
        return self._judged.get((wrong.instrument, wrong.lot))

    def _forget_jumps(self, instrument: str, tick: int, place: int) -> int:
        """Forget jumps of an instrument from a tick on; return where it is served again from.

        What has shown them is told anew, and a reading that was wrong has shown none.
        """
        gone = [
            number
            for number, each in enumerate(self.entries)
            if isinstance(each, Widened) and each.instrument == instrument and each.tick >= tick
        ]
        self.entries = [each for number, each in enumerate(self.entries) if number not in gone]
        return min([place, *gone])

    def _place_of(self, reading: Reading) -> int | None:
        """Return where a reading of the same lot by the same instrument stands; None without."""
        same = reading.instrument, reading.lot
        for place, each in enumerate(self.entries):
            if isinstance(each, Reading) and (each.instrument, each.lot) == same:
                return place
        return None

    def put(self, entry: Given | Reading) -> None:
        """Serve an entry; one that belongs before others is served with them again."""
        place = bisect.bisect_right(self.entries, entry.tick, key=lambda each: each.tick)
        self.entries.insert(place, entry)
        if place < len(self.entries) - 1:
            self._counts["late"] += 1
        self._serve_from(place)

    def _serve_from(self, place: int) -> None:
        """Serve all entries from one on; the estimator is taken up before it if it is further."""
        number = place if self._snapshots[-1][0] == place else self._take_up(place)
        while number < len(self.entries):
            number = self._serve(number)
        self._thin()

    def _take_up(self, place: int) -> int:
        """Take the estimator up at or before an entry; return which one comes next."""
        self._snapshots = [each for each in self._snapshots if each[0] <= place]
        begin, state = self._snapshots[-1]
        self._estimator.load(state)
        return begin

    def _serve(self, number: int) -> int:
        """Serve one entry; return which one comes next: an earlier one where a jump has shown."""
        entry, jump = self.entries[number], None
        if isinstance(entry, Given):
            self._estimator.give(entry)
        elif isinstance(entry, Reading):
            judged = self._estimator.read(entry)
            self._judged[entry.instrument, entry.lot], jump = judged, judged.jump
        else:
            self._estimator.widen(entry)
        if jump is not None and not self._is_known(jump):
            self._counts["jumps"] += 1
            place = bisect.bisect_left(self.entries, jump.tick, key=lambda each: each.tick)
            self.entries.insert(place, jump)
            return self._take_up(place)
        self._snapshots.append((number + 1, self._estimator.save()))
        return number + 1

    def _is_known(self, jump: Widened) -> bool:
        """Whether a jump of an instrument's readings has been met already, or cannot be."""
        return jump.tick < self.first or any(
            isinstance(each, Widened)
            and each.instrument == jump.instrument
            and each.tick >= jump.tick
            for each in self.entries
        )

    def _thin(self) -> None:
        """Keep the last snapshots, older ones some hours apart, and forget what is too old."""
        dense, older = self._snapshots[-DENSE:], self._snapshots[:-DENSE]
        kept: list[tuple[int, dict[str, Any]]] = []
        for each in older:
            if not kept or each[1]["tick"] - kept[-1][1]["tick"] >= SPARSE_TICKS:
                kept.append(each)
        end = self._estimator.tick - KEPT_DAYS * DAY_TICKS
        while len(kept) > 1 and kept[1][1]["tick"] <= end:
            kept.pop(0)
        self._snapshots = [*kept, *dense]
        gone = self._snapshots[0][0]
        if gone:
            self.first = self.entries[gone - 1].tick + 1
            del self.entries[:gone]
            self._snapshots = [(number - gone, state) for number, state in self._snapshots]

    def save(self) -> dict[str, Any]:
        """Return the journal as plain data."""
        return {
            "entries": [saved(each) for each in self.entries],
            "snapshots": [[number, state] for number, state in self._snapshots],
            "first": self.first,
        }

    def load(self, data: dict[str, Any]) -> None:
        """Continue from a saved journal."""
        self.entries = [loaded(each) for each in data["entries"]]
        self._snapshots = [(number, state) for number, state in data["snapshots"]]
        self.first = data["first"]
