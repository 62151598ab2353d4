"""When lots came to the places of a line that has long been running: for the stock of a first day.

Material comes as fast as the stations before a place give it, at the hours in which they work; it
waits where the next station is closed, or slower.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from linetwin.line.crew import WEEK_S

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from linetwin.scenario.resolved import Scenario, StationConfig

ALIKE = 0.05
"""Paces that differ by less are alike: either may set the pace of the line [A]."""
LONGEST_S = 400 * 86_400.0
"""Nothing has lain in a line for longer [A]."""


class Arrivals:
    """Paces and hours before and behind each place.

    `paces`: family of stations -> cells a second; `stay_s`: the time that a lot stays in a family
    of chambers [s], 0 for other stations.
    """

    def __init__(
        self, scenario: Scenario, paces: Mapping[str, float], stay_s: Callable[[str], float]
    ) -> None:
        self._scenario = scenario
        self._paces = paces
        self._stay_s = stay_s

    def pressure(self, path: str) -> int:
        """Return 1 where lots come to a buffer faster than the rest of the line takes them.

        -1 where they come slower, 0 where both are alike.
        """
        before = {config.family for config in self._before(path)}
        comes = min((self._paces.get(family, math.inf) for family in before), default=math.inf)
        others = (pace for family, pace in self._paces.items() if family not in before)
        goes = min(others, default=math.inf)
        if math.isinf(comes) and math.isinf(goes):
            return 0
        if comes > goes * (1 + ALIKE):
            return 1
        return -1 if comes * (1 + ALIKE) < goes else 0

    def ages(self, chamber: StationConfig, role: str, seconds_a_lot: float) -> Iterator[float]:
        """Yield for how long each lot of a family of chambers has been there, latest first [s].

        `role`: of the buffers that it takes from and gives to; `seconds_a_lot`: of the whole week,
        from lot to lot. A lot that is older than its stay waits for its turn: what comes next is
        closed, or slower.
        """
        taken, given = chamber.takes[role], chamber.gives[role]
        spans, delay = self._hours_before(taken)
        waits = math.inf if self.pressure(given) > 0 else self._closed_s(given)
        held_up = self._closed_s(taken)  # so long, lots have stayed in the chamber before this one
        opened = sum(end - start for start, end in spans) / WEEK_S
        step = seconds_a_lot * opened
        oldest = min(self._stay_s(chamber.family) + waits, LONGEST_S)
        due = 0.5 * step
        for start, length in _open_again(spans, held_up + delay):
            age, left = start - delay, length
            while due <= left:
                age, left = age + due, left - due
                if age >= oldest:
                    return
                yield age
                due = step
            due -= left

    def _before(self, path: str) -> list[StationConfig]:
        """Return all stations whose work gets to a buffer, the last ones first."""
        found: dict[str, StationConfig] = {}
        buffers, seen = [path], {path}
        while buffers:
            here = buffers.pop(0)
            for config in self._scenario.stations.values():
                if here in config.gives.values() and config.path not in found:
                    found[config.path] = config
                    more = [each for each in config.takes.values() if each not in seen]
                    seen.update(more)
                    buffers += more
        return list(found.values())

    def _hours_before(self, path: str) -> tuple[tuple[tuple[int, int], ...], float]:
        """Return the hours of the last station before a buffer that has some, and the way [s]."""
        delay, seen = 0.0, set[str]()
        while path not in seen:
            seen.add(path)
            givers = [c for c in self._scenario.stations.values() if path in c.gives.values()]
            if not givers:
                break
            spans = self._scenario.calendars[givers[0].calendar].open_s
            if not self._stay_s(givers[0].family) and spans:
                return spans, delay
            delay += self._stay_s(givers[0].family)
            path = next(iter(givers[0].takes.values()), path)
        return ((0, WEEK_S),), delay

    def _closed_s(self, path: str) -> float:
        """Return for how long the next station with hours is closed when the run begins [s].

        0 where a lot is on its way there, through chambers, for longer.
        """
        way, seen = 0.0, set[str]()
        while path not in seen:
            seen.add(path)
            takers = [c for c in self._scenario.stations.values() if path in c.takes.values()]
            if not takers:
                break
            spans = self._scenario.calendars[takers[0].calendar].open_s
            if not self._stay_s(takers[0].family) and spans:
                closed = next(_open_again(spans, 0.0))[0]
                return closed if way < closed else 0.0
            way += self._stay_s(takers[0].family)
            path = next(iter(takers[0].gives.values()), path)
        return 0.0


def _open_again(spans: tuple[tuple[int, int], ...], since: float) -> Iterator[tuple[float, float]]:
    """Yield (age at its end, length) of the spans of every week before the run began [s].

    Only what is older than `since`. The run begins with a week.
    """
    for week in range(1, math.ceil(LONGEST_S / WEEK_S) + 1):
        for start, end in sorted(spans, reverse=True):
            earliest, latest = float(week * WEEK_S - start), max(since, week * WEEK_S - end)
            if earliest > latest:
                yield latest, earliest - latest
