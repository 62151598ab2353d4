"""What feeds a twin: a process that is started again when it dies, and one and the same plant."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from linetwin.errors import LinetwinError, LinkError
from linetwin.twin.feed.process import LiveFeed
from linetwin.twin.following.plant_time import NS_PER_TICK
from linetwin.twin.opcua.played import played_clock
from linetwin.twin.opcua.visiting import history_of, variables_of
from linetwin.twin.security.connecting import Credentials, Terms
from linetwin.twin.security.folders import SecurityFolder
from linetwin.twin.security.identity import identity
from linetwin.twin.security.trust import Trust

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from linetwin.scenario.mapped import Mapping, SignalConfig, SourceConfig
    from linetwin.twin.columns import Raw
    from linetwin.twin.feed.parcels import Parcel
    from linetwin.twin.feed.process import FeedOrder
    from linetwin.twin.opcua.health import Health

WAIT_S = 0.1
_RESTART_S = 5.0
_SAME_S = 1.0
"""Difference below which two instants of a plant's beginning are one."""
_AGAIN_S, _MOST_TRIES = 2.0, 5
_CLOCK = ("line", "Clock")
_FAR_NS = 4_000_000_000_000_000_000
"""Later than any plant's time, be it played ahead of ours: the year 2096."""


class TwinFeed:
    """A live feed that is started again where its process has died."""

    def __init__(self, order: FeedOrder, note: Callable[[str], None]) -> None:
        self._order, self._note = order, note
        self._feed: LiveFeed | None = LiveFeed(order)
        self._again = 0.0
        self.restarts = 0

    def take(self) -> Parcel | None:
        """Return the next parcel; None where there is none, or no feed."""
        if self._feed is None:
            if time.monotonic() < self._again:
                time.sleep(WAIT_S)
                return None
            self._feed = LiveFeed(self._order)
            self.restarts += 1
        try:
            return self._feed.take(WAIT_S)
        except LinkError as error:
            self._note(f"{error}; it is started again in {_RESTART_S:g} s")
            self.close()
            self._again = time.monotonic() + _RESTART_S
            return None

    def close(self) -> None:
        """End the feed's process."""
        if self._feed is not None:
            feed, self._feed = self._feed, None
            feed.close()


class Beginning:
    """Looks at each new link whether a played plant is still the one that was mapped.

    A plant that linetwin plays has its line begin anew when it is started anew, which it tells by
    `Clock/begun`. A plant whose mapping has no `line_start` is never asked.
    """

    def __init__(self, mapping: Mapping, order: FeedOrder) -> None:
        self._mapping, self._order = mapping, order
        self._links: dict[str, int] = {}
        self._tries: dict[str, int] = {}
        self._again = 0.0

    def forget(self) -> None:
        """Look at every link anew: another feed counts its links from one."""
        self._links.clear()

    def look(self, health: Iterable[Health]) -> int | None:
        """Return the instant [ns UTC] of the line's tick 0 that a newly linked plant tells."""
        found = None
        if self._mapping.line_start is None or time.monotonic() < self._again:
            return None
        for each in health:
            known = self._links.get(each.source) == each.connections
            if known or each.state not in {"live", "recalling"} or not _is_asked(each):
                continue
            told = self._ask(self._mapping.sources[each.source], each.endpoint)
            tries = self._tries[each.source] = self._tries.get(each.source, 0) + 1
            played = self._mapping.sources[each.source].played
            if told is None and (played or tries < _MOST_TRIES):  # such as before its clock runs
                self._again = time.monotonic() + _AGAIN_S
                continue
            self._links[each.source], self._tries[each.source] = each.connections, 0
            found = told or found
        return found

    def unsure(self, health: Iterable[Health]) -> set[str]:
        """Return sources of which is not known whether their plant is still the one mapped."""
        if self._mapping.line_start is None:
            return set()
        linked = {each.source for each in health if each.state not in {"connecting", "down"}}
        sure = {
            each.source
            for each in health
            if self._links.get(each.source) == each.connections or not _is_asked(each)
        }
        named = {each.source for each in health}
        servers = {name for name in named if self._mapping.sources[name].is_server}
        return servers - (linked & sure)

    def past(
        self, health: Iterable[Health], signals: Sequence[tuple[int, SignalConfig]], begin: int
    ) -> tuple[list[Raw], dict[int, str]]:
        """Return what servers that are linked remember of signals since a time [ns UTC].

        And, by number of the signal, why nothing is known of it.
        """
        found, refused = [], dict.fromkeys((number for number, _ in signals), "no history")
        for each in health:
            own = [(number, signal) for number, signal in signals if signal.source == each.source]
            if not own or each.state != "live" or not _is_asked(each):
                continue
            try:
                terms = self._terms(self._mapping.sources[each.source])
                rows, without = history_of(each.endpoint, terms, own, (begin, _FAR_NS))
            except LinetwinError as error:
                refused |= dict.fromkeys((number for number, _ in own), str(error))
                continue
            found.append(rows)
            for number in set(rows.signal.tolist()):
                refused.pop(number, None)
            refused |= without
        return found, refused

    def _terms(self, source: SourceConfig) -> Terms:
        folder, security = SecurityFolder(self._order.security), source.security
        user = Credentials(security.user, self._order.passwords.get(source.name, ""))
        host = security.host or None
        return Terms(identity(folder), Trust(folder), security.policy, user, host)

    def _ask(self, source: SourceConfig, endpoint: str) -> int | None:
        try:
            terms = self._terms(source)
            begun, _ = played_clock(variables_of(endpoint, terms, _CLOCK, len(_CLOCK) + 1))
        except LinetwinError:
            return None  # the feed has a link, and tells what is wrong with it
        return (
            round(datetime.fromisoformat(begun).timestamp() * 1e3) * NS_PER_TICK if begun else None
        )


def _is_asked(health: Health) -> bool:
    """Whether a source is a server that can be asked."""
    return health.endpoint.startswith("opc.tcp")


def is_same(told: int, kept: int) -> bool:
    """Whether two instants of a plant's beginning [ns UTC] are one."""
    return abs(told - kept) < _SAME_S * 1e9


def instant(time_ns: int) -> str:
    """Return an instant [ns UTC] as people read it."""
    return f"{datetime.fromtimestamp(time_ns / 1e9, UTC):%Y-%m-%d %H:%M:%S} UTC"
