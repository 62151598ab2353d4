"""What comes by a new link waits until its plant is known to be the one that the twin knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from linetwin.cli.twin_clock import WallClock
    from linetwin.scenario.mapped import Mapping
    from linetwin.twin.columns import Batch

MOST_HELD = 600
"""Batches that wait at most [A: minutes]; the oldest are given up, counters make up for them."""
SAID_AFTER_S = 10.0
"""Wall time after which it is said that a plant does not say which it is [A]."""


class Holding:
    """Batches in the order in which they came, until their sources are known."""

    def __init__(self, mapping: Mapping, clock: WallClock, note: Callable[[str], None]) -> None:
        self._source = np.array([each.source for each in mapping.signals])
        self._clock, self._note = clock, note
        self._held: list[tuple[Batch, int]] = []
        self._since: float | None = None

    def released(
        self, batch: Batch | None, came: int, unsure: Collection[str]
    ) -> list[tuple[Batch, int]]:
        """Take what has come, and return what may be worked in now, each with its `came`.

        `unsure`: sources of which is not known whether their plant is still the one mapped.
        """
        if batch is not None and len(batch):
            self._held.append((batch, came))
        sources = sorted(unsure)
        found = [each for each in self._held if not self._is_of(each[0], sources)]
        self._held = [each for each in self._held if self._is_of(each[0], sources)][-MOST_HELD:]
        self._tell(sources)
        return found

    def _is_of(self, batch: Batch, sources: list[str]) -> bool:
        return bool(sources) and bool(np.isin(self._source[batch.came.signal], sources).any())

    def _tell(self, unsure: list[str]) -> None:
        """Say once of each time that what has come still waits."""
        now = self._clock.steady_s()
        if not self._held:
            self._since = None
        elif self._since is None:
            self._since = now
        elif now - self._since > SAID_AFTER_S:
            self._since = float("inf")
            named = ", ".join(unsure)
            self._note(f"{named}: values wait until the plant's clock says that it is the same one")
