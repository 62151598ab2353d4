"""Names of lots in a recording: what was made when, and what was taken for it.

Readings are put in the order of their times, not of their arrival: a late one belongs to the time
that it tells of. A reading counts until the next of its signal, for `lasts` at most; a blank one
says that nothing is there, a bad one that nobody knows. What is made is made from its reading to
the next, for `made_in` at most.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from linetwin.twin.columns import NO_TIME, SECOND, Flag, code_of
from linetwin.twin.feed.replay import Replay
from linetwin.twin.reconciliation import Made, Register, Use, registers

if TYPE_CHECKING:
    from collections.abc import Mapping as ReadOnly
    from collections.abc import Sequence
    from pathlib import Path

    from linetwin.scenario.mapped import LotConfig, Mapping
    from linetwin.twin.columns import Batch

_FOREVER_S = 1e9
_PASSED_OVER = np.uint32(Flag.DUPLICATE | Flag.RETAINED)


@dataclass(frozen=True)
class Reading:
    """A name that was read at a time (ns of UTC); "": nothing is there; None: nobody knows."""

    time: int
    arrival: int
    text: str | None
    late: bool


@dataclass(frozen=True)
class Stretch:
    """A lot or cell while it was made, from `begin` to `end` (ns of UTC)."""

    name: str
    begin: int
    end: int


@dataclass(frozen=True)
class LotRecords:
    """What a recording tells of lots; `cells`: names of the cells that were made."""

    registers: dict[str, Register]
    uses: list[Use]
    cells: list[str]


def read_lots(folder: Path, mapping: Path | None = None) -> tuple[Mapping, LotRecords]:
    """Return mapping and lots of a recording; ResultsError where it is none."""
    feed = Replay(folder, 0.0, mapping)
    readings: dict[str, list[Reading]] = {each.name: [] for each in feed.mapping.signals}
    newest = NO_TIME
    lots = np.array([each.kind == "lot" for each in feed.mapping.signals], bool)
    while (parcel := feed.take()) is not None:
        if parcel.batch is not None and len(parcel.batch):
            newest = max(newest, int(parcel.batch.time.max()))
            _collect(parcel.batch, lots, feed.mapping, readings)
    feed.close()
    told = {name: _told(each) for name, each in readings.items()}
    return feed.mapping, records(feed.mapping, told, newest)


def _collect(
    batch: Batch, lots: np.ndarray, mapping: Mapping, readings: dict[str, list[Reading]]
) -> None:
    wanted = lots[batch.came.signal] & ((batch.flags & _PASSED_OVER) == 0)
    for row in np.flatnonzero(wanted).tolist():
        text: str | None = None
        if not batch.flags[row] & Flag.BAD:
            nothing = row not in batch.came.texts and np.isnan(batch.came.raw[row])
            text = "" if nothing else code_of(row, batch.came).strip()
        reading = Reading(
            int(batch.time[row]),
            int(batch.came.arrival[row]),
            text,
            bool(batch.flags[row] & Flag.LATE),
        )
        readings[mapping.signals[int(batch.came.signal[row])].name].append(reading)


def _told(readings: Sequence[Reading]) -> list[Reading]:
    """Return readings by their times; of several of one time the last that came, each text once."""
    found: list[Reading] = []
    for each in sorted(readings, key=lambda one: (one.time, one.arrival)):
        if found and found[-1].time == each.time:
            found.pop()
        if not found or found[-1].text != each.text:
            found.append(each)
    return found


def records(mapping: Mapping, readings: ReadOnly[str, Sequence[Reading]], until: int) -> LotRecords:
    """Return registers, uses and cells of readings by signal, in the order of their times."""
    made = {
        signal: [
            (Made(kind.name, each.text or "", each.time), index)
            for index, each in enumerate(readings[signal])
            if each.text != ""
        ]
        for kind in mapping.lots
        for signal in kind.made
    }
    known, names = registers(mapping.lots, [one for each in made.values() for one, _ in each])
    stretches = {
        signal: [
            _stretch(names[one], readings[signal], index, (until, kind.made_in_s))
            for one, index in made[signal]
        ]
        for kind in mapping.lots
        for signal in kind.made
    }
    uses: list[Use] = []
    for kind in mapping.lots:
        for signal, into in kind.used.items():
            source = next(each.source for each in mapping.signals if each.name == signal)
            grace = round(mapping.sources[source].late_after_s * SECOND)
            place = _Place(kind, signal, readings[signal])
            for stretch in stretches[into]:
                uses += place.taken(stretch, grace)
    cells = [
        stretch.name
        for kind in mapping.lots
        if kind.cells
        for signal in kind.made
        for stretch in stretches[signal]
    ]
    return LotRecords(known, uses, cells)


def _stretch(
    name: str, readings: Sequence[Reading], index: int, limits: tuple[int, float]
) -> Stretch:
    """Return how long something was made; limits: ns of the end of all, and the longest in s."""
    begin = readings[index].time
    end = readings[index + 1].time if index + 1 < len(readings) else limits[0]
    return Stretch(name, begin, max(min(end, begin + _ns(limits[1])), begin + 1))


def _ns(seconds: float) -> int:
    return round(min(seconds, _FOREVER_S) * SECOND)


class _Place:
    """What was read where lots are taken."""

    def __init__(self, kind: LotConfig, signal: str, readings: Sequence[Reading]) -> None:
        self._kind = kind
        self._signal = signal
        self._readings = readings
        self._times = [each.time for each in readings]

    def taken(self, stretch: Stretch, grace: int) -> list[Use]:
        """Return what was taken for one lot or cell; a time without a name is a use without one.

        Not one that is shorter than `grace` (ns) while something else was read.
        """
        found: list[Use] = []
        covered, open_since, open_ns = stretch.begin, stretch.begin, 0
        index = max(bisect_right(self._times, stretch.begin) - 1, 0)
        while index < len(self._times) and self._times[index] < stretch.end:
            each, index = self._readings[index], index + 1
            following = self._times[index] if index < len(self._times) else stretch.end
            begin = max(each.time, stretch.begin)
            end = min(following, each.time + _ns(self._kind.lasts_s), stretch.end)
            if not each.text or begin >= end:
                continue
            found.append(self._use(stretch, each.text, begin, each))
            if begin - covered > open_ns:
                open_since, open_ns = covered, begin - covered
            covered = end
        if stretch.end - covered > open_ns:
            open_since, open_ns = covered, stretch.end - covered
        if not found or open_ns > grace:
            found.append(self._use(stretch, "", open_since))
        return found

    def _use(self, stretch: Stretch, text: str, begin: int, reading: Reading | None = None) -> Use:
        kind, signal = self._kind.name, self._signal
        if reading is None:
            before = bisect_right(self._times, begin) - 1
            since = self._times[before] if before >= 0 else 0
            return Use(kind, signal, stretch.name, text, begin, read=since)
        return Use(kind, signal, stretch.name, text, begin, reading.late, reading.time)
