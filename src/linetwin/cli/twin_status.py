"""What a running twin says of itself, every second: for who writes to the plant."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np

from linetwin.twin.columns import Flag
from linetwin.twin.writing.status import Status, StatusFile, doubts, identity_of, unheard

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from linetwin.cli.twin_clock import WallClock
    from linetwin.cli.twin_state import State
    from linetwin.scenario.resolved import Scenario
    from linetwin.twin.feed.parcels import Latest
    from linetwin.twin.session import Session

EVERY_S = 1.0


class Telling:
    """Tells how a twin is, in wall time; `state`: how it stands to its plant just now."""

    def __init__(
        self, folder: Path, clock: WallClock, scenario: Scenario, state: Callable[[], State]
    ) -> None:
        assert scenario.twin is not None  # noqa: S101  a twin's scenario has one
        self._file, self._clock, self._scenario, self._state = (
            StatusFile(folder),
            clock,
            scenario,
            state,
        )
        self._config = scenario.twin
        self._told = -EVERY_S

    def tell(self, session: Session | None, latest: Latest, quiet_s: float | None) -> None:
        """Tell, if it is time; `quiet_s`: for how long the plant has been silent."""
        steady = self._clock.steady_s()
        if steady - self._told < EVERY_S:
            return
        self._told = steady
        now = self._clock.utc_s()
        behind, found = {}, {}
        if session is not None:
            behind = session.follower.leader.apart()
            found = doubts(session.findings(), self._config)
        held = unheard(*_unheard(latest, self._clock.utc_ns()), behind) | found
        heard = None if quiet_s is None else now - quiet_s
        state = self._state()
        age_s = None if state.word == "joining" else state.age_s
        twin = identity_of(self._scenario, latest.mapping)
        plants = sorted({each.application for each in latest.health.values()} - {""})
        waiting = _waiting(session)
        self._file.tell(Status(now, state.told, heard, held, age_s, twin, tuple(plants), waiting))

    def end(self) -> None:
        """Say nothing any more."""
        self._file.end()


def _waiting(session: Session | None) -> dict[str, list[str]]:
    """Return instrument -> lots that its readings name and that have not been handed over."""
    found: dict[str, list[str]] = defaultdict(list)
    for each in [] if session is None else session.parts.assimilator.waiting():
        found[each.instrument].append(each.lot)
    return dict(found)


def _unheard(latest: Latest, now: int) -> tuple[list[str], dict[str, list[str]]]:
    """Return stations that are suspended, and station -> signals that have become stale."""
    signals = latest.mapping.signals
    suspended = {
        signals[n].station
        for n in np.flatnonzero(latest.flags & np.uint32(Flag.SUSPENDED)).tolist()
    }
    stale: dict[str, list[str]] = defaultdict(list)
    for n in np.flatnonzero(latest.stale(now) & (latest.changes > 0)).tolist():
        stale[signals[n].station].append(signals[n].name)
    return sorted(suspended), dict(stale)
