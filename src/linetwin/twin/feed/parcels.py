"""What a source of values hands on, live or replayed: parcels, and the latest of each signal."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from linetwin.twin.columns import NO_TIME, SECOND, Flag

if TYPE_CHECKING:
    from linetwin.scenario.mapped import Mapping
    from linetwin.twin.columns import Batch, Notice
    from linetwin.twin.opcua.health import Health, State


@dataclass(frozen=True)
class Counts:
    """What became of all rows since the start.

    dropped: rows that the engine will not see because it took none for too long; they are in the
    recording. waiting: rows that it has not taken yet. flags: how often each `Flag` was set, in
    their order. cpu_s: what the feed's process has used [s].
    """

    rows: int
    dropped: int
    waiting: int
    recorded: int
    queue_full: int
    flags: tuple[int, ...]
    cpu_s: float = 0.0


@dataclass(frozen=True)
class Parcel:
    """Rows (or none), and how the sources are; `sent`: ns UTC; `behind_s`: clocks behind ours."""

    batch: Batch | None
    health: tuple[Health, ...]
    notices: tuple[Notice, ...]
    counts: Counts
    sent: int
    behind_s: dict[str, float] = field(default_factory=dict)


class Feed(Protocol):
    """Where an engine takes values from: a live feed or a replay."""

    @property
    def mapping(self) -> Mapping:
        """What the signals stand for."""

    @property
    def ended(self) -> bool:
        """Whether nothing more will come."""

    def take(self, wait_s: float = 0.0) -> Parcel | None:
        """Return the next parcel, waited for at most `wait_s`; None where there is none."""

    def close(self) -> None:
        """End it and everything that it started."""


class Latest:
    """The latest value of each signal, and whether it is stale.

    A signal is stale where its source's link is not live, where the source has been silent for
    longer than its `stale_after`, or where the signal has for longer than its own; and where its
    value is an old one that a broker kept.
    """

    def __init__(self, mapping: Mapping) -> None:
        count = len(mapping.signals)
        self.mapping = mapping
        names = list(mapping.sources)
        self._source = np.array([names.index(each.source) for each in mapping.signals], int)
        self._stale_ns = np.array([each.stale_after_s for each in mapping.signals]) * SECOND
        self.value = np.full(count, np.nan)
        self.time = np.full(count, NO_TIME)
        self.arrival = np.full(count, NO_TIME)
        self.status = np.zeros(count, np.uint32)
        self.flags = np.zeros(count, np.uint32)
        self.text = [""] * count
        self.changes = np.zeros(count, np.int64)
        self.health: dict[str, Health] = {}
        self.counts: Counts | None = None
        self.behind_s: dict[str, float] = {}

    def take(self, parcel: Parcel) -> None:
        """Take what a parcel says; a row out of order replaces nothing."""
        self.health = {health.source: health for health in parcel.health} or self.health
        self.counts, self.behind_s = parcel.counts, parcel.behind_s
        batch = parcel.batch
        if batch is None:
            return
        signal = batch.came.signal
        np.add.at(self.changes, signal, 1)
        newer = (batch.flags & np.uint32(Flag.OUT_OF_ORDER)) == 0
        # Of several rows of a signal numpy keeps the last that is assigned, which is the newest.
        rows = np.flatnonzero(newer)
        mine = signal[rows]
        self.value[mine], self.time[mine] = batch.value[rows], batch.time[rows]
        self.status[mine], self.flags[mine] = batch.came.status[rows], batch.flags[rows]
        self.arrival[mine] = batch.came.arrival[rows]
        for row, text in batch.came.texts.items():
            if newer[row]:
                self.text[int(signal[row])] = text

    def link(self, source: str, now: int) -> State:
        """Return the state of a source's link at `now` (ns UTC).

        What its feed says of it may have waited: a live link of which nothing was heard for longer
        than its `stale_after` is silent. A file has no such time.
        """
        health, config = self.health[source], self.mapping.sources[source]
        age_s = (now - health.last_message) / SECOND
        is_silent = config.table is None and age_s > config.stale_after_s
        return "silent" if health.state == "live" and is_silent else health.state

    def stale(self, now: int) -> np.ndarray:
        """Return which signals are stale at `now` (ns UTC); one without a value is."""
        silent = np.ones(len(self.mapping.sources), bool)
        for number, name in enumerate(self.mapping.sources):
            silent[number] = name not in self.health or self.link(name, now) != "live"
        never = self.arrival == NO_TIME
        age_ns = np.where(never, 0, now - self.arrival)
        kept = (self.flags & np.uint32(Flag.RETAINED)) != 0
        found: np.ndarray = silent[self._source] | never | kept | (age_ns > self._stale_ns)
        return found

    def _clocks(self, now: int) -> dict[str, int]:
        """Return what time it is for each source: of a played one that of its newest value."""
        found = dict.fromkeys(self.mapping.sources, now)
        for name, source in self.mapping.sources.items():
            if source.played:
                mine = [n for n, each in enumerate(self.mapping.signals) if each.source == name]
                found[name] = int(self.time[mine].max(initial=NO_TIME))
        return found

    def plain(self, now: int, most: int | None = None) -> list[dict[str, Any]]:
        """Return a row a signal as plain data, of the first `most` signals; ages in s."""
        stale = self.stale(now)
        clocks = self._clocks(now)
        return [
            {
                "signal": signal.name,
                "address": signal.address,
                "value": float(self.value[number]),
                "text": self.text[number],
                "unit": signal.quantity.unit if signal.quantity else "",
                "age_s": (clocks[signal.source] - int(self.time[number])) / SECOND
                if self.time[number] != NO_TIME
                else None,
                "status": int(self.status[number]),
                "flags": int(self.flags[number]),
                "stale": bool(stale[number]),
                "changes": int(self.changes[number]),
            }
            for number, signal in enumerate(self.mapping.signals[:most])
        ]
