"""What an order that starts empty took its time with: the path back from its last cell.

From the end of the run back in time: a station at work is on the path; where it was starved the
path goes on at the station that gave what it waited for, or where something was lost that had to
be made anew; where it was blocked or its places were full, at the one that made room; where it was
closed, it waited for its shift. So every millisecond belongs to one station. Nothing off the path
can make the order end sooner, and what is shortened on it brings no more than the path itself,
replayed with its calendars, gives: other paths may take over, and the order of work may change.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from linetwin.results.shifts import after_staffed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import pandas as pd

    from linetwin.results.kpis import Facts
    from linetwin.results.run_times import RunTimes

WORK = ("working", "setting up", "failed", "micro-stop", "maintenance")
_STEPS = 100_000


class Stretch(NamedTuple):
    """A part of the path: what a station did between two ticks (an activity, or `waiting`)."""

    station: str
    what: str
    start: int
    end: int


class _Point(NamedTuple):
    """Where the path goes on: at a station, from a tick back; `lot`: what it had given then."""

    station: str
    tick: int
    lot: str = ""


@dataclass
class CriticalPath:
    """The path of one run; `stretches` from the begin of the run to the end of its last work."""

    facts: Facts
    run_times: RunTimes

    @cached_property
    def stretches(self) -> list[Stretch]:
        """Follow the path back from the last grade."""
        graded = self.facts.graded
        if graded.empty or self.facts.spans.empty:
            return []
        found: list[Stretch] = []
        last = graded.iloc[-1]
        point: _Point | None = _Point(str(last["station"]), int(last["ended"]))
        for _ in range(_STEPS):
            if point is None or point.tick <= 0:
                break
            many = point.station in self._stays
            new, point = (self._chamber if many else self._machine)(point)
            found += [each for each in new if each.end > each.start]
        return found[::-1]

    def times(self) -> dict[str, dict[str, float]]:
        """Return group -> activity -> time on the path [s], the group with most first."""
        found: dict[str, dict[str, float]] = {}
        for each in self.stretches:
            own = found.setdefault(self.facts.plan.family(each.station), {})
            own[each.what] = own.get(each.what, 0.0) + (each.end - each.start) / 1000
        return dict(sorted(found.items(), key=lambda entry: -sum(entry[1].values())))

    def sooner(self, group: str, factor: float, what: tuple[str, ...] = ("working",)) -> float:
        """Return how much sooner the path ends [s] where a group takes `factor` of its time."""

        def scaled(each: Stretch) -> float:
            own = self.facts.plan.family(each.station) == group and each.what in what
            return (each.end - each.start) * (factor if own else 1.0)

        plain = self._replay(lambda each: float(each.end - each.start))
        return max(0.0, plain - self._replay(scaled)) / 1000

    def _replay(self, length: Callable[[Stretch], float]) -> float:
        """Return when the path ends [ms] with other lengths: closed stations wait for shifts."""
        at = 0.0
        for each in self.stretches:
            if each.what == "off shift":
                continue
            week = self.facts.plan.week(each.station)
            bound = each.station not in self._stays and each.what in {"working", "setting up"}
            if each.station in self._stays and each.what == "working":
                at = after_staffed(week, at, 0.0)
            at = after_staffed(week, at, length(each)) if bound else at + length(each)
        return at

    def _machine(self, point: _Point) -> tuple[list[Stretch], _Point | None]:
        """Go back over one interval of a station that works on one thing at a time."""
        station, tick, _ = point
        start, activity, before = self._interval(station, tick)
        if activity in {"starved", ""}:
            came = self._arrival(station, 0, tick)
            lost = None if came is not None and came.tick == tick else self._loss(station, tick)
            if lost is not None:
                return [], lost
            if came is not None:
                return [Stretch(station, "waiting", came.tick, tick)], came
            return [Stretch(station, "waiting", 0, tick)], None
        if activity == "blocked":
            room = self._room(station, tick)
            if room is not None:
                return [], room
        if activity == "off shift" and before in {"starved", ""}:
            came = self._arrival(station, start, tick, first=True)
            if came is not None:
                return [Stretch(station, activity, came.tick, tick)], came
        return [Stretch(station, activity or "waiting", start, tick)], _Point(station, start)

    def _chamber(self, point: _Point) -> tuple[list[Stretch], _Point | None]:
        """Go back over the stay of the lot that a station of many places gave."""
        station, tick, lot = point
        stays = self._stays[station]
        if lot not in stays.index:
            return [Stretch(station, "waiting", 0, tick)], None
        begun, due = int(stays.loc[lot, "in"]), stays.loc[lot, "due"]
        held = self._interval(station, tick)[1] == "blocked" and not np.isnan(due)
        done = min(tick, int(due)) if held else tick
        if done < tick:
            room = self._room(station, tick)
            if room is not None and room.station != station:
                return [], room
        found = [Stretch(station, "blocked", done, tick), Stretch(station, "working", begun, done)]
        came = self._given_before(station, lot, begun)
        if came is None:
            return [*found, Stretch(station, "waiting", 0, begun)], None
        if came.tick < begun:
            left = self._moves(station, "give", begun)
            if left is not None:
                return found, left
            closed = self._interval(station, begun)[1] == "off shift"
            why = "off shift" if closed else "waiting"
            found.append(Stretch(station, why, came.tick, begun))
        return found, came

    @property
    def at_work(self) -> dict[str, float]:
        """Group -> time at work on the path [s], the most first."""
        sums = {
            group: sum(own.get(name, 0.0) for name in WORK) for group, own in self.times().items()
        }
        return dict(sorted(sums.items(), key=lambda entry: -entry[1]))

    def _interval(self, station: str, tick: int) -> tuple[int, str, str]:
        """Return begin and activity of the interval before a tick, and the activity before it."""
        starts, activities = self._spans.get(station, (np.zeros(0), []))
        at = int(np.searchsorted(starts, tick, "left")) - 1
        if at < 0:
            return 0, "", ""
        return int(starts[at]), activities[at], activities[at - 1] if at else ""

    def _arrival(
        self, station: str, after: int, until: int, *, first: bool = False
    ) -> _Point | None:
        """Return the last (or first) hand-over to a station between two ticks."""
        found = [
            point
            for giver in self._neighbours.get(station, ([], []))[0]
            for point in [self._between(giver, "give", after, until, first=first)]
            if point is not None
        ]
        choose = min if first else max
        return choose(found, key=lambda each: each.tick) if found else None

    def _loss(self, station: str, tick: int) -> _Point | None:
        """Return where something was scrapped at a tick, so that a station had to make it anew."""
        for other, (ticks, lots) in self._scrapped.items():
            rows = np.flatnonzero(ticks == tick)
            if other != station and len(rows):
                return _Point(other, tick, str(lots[rows[-1]]))
        return None

    @cached_property
    def _scrapped(self) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        scraps = self.facts.told.get("scrap", {})
        return {name: (rows["tick"], rows["lot"]) for name, rows in scraps.items()}

    def _room(self, station: str, tick: int) -> _Point | None:
        """Return the station that took from behind a station at a tick, and so made room."""
        for taker in self._neighbours.get(station, ([], []))[1]:
            taken = self._moves(taker, "take", tick)
            if taken is None:
                continue
            if taker not in self._stays:
                return _Point(taker, tick)
            left = self._moves(taker, "give", tick)
            if left is not None:
                return left
        return None

    def _given_before(self, station: str, lot: str, tick: int) -> _Point | None:
        """Return who gave a lot to a station, and when."""
        for giver in self._neighbours.get(station, ([], []))[0]:
            ticks, lots = self._ticks("give", giver)
            rows = np.flatnonzero((lots == lot) & (ticks <= tick))
            if len(rows):
                return _Point(giver, int(ticks[rows[-1]]), lot)
        return None

    def _between(
        self, station: str, event: str, after: int, until: int, *, first: bool
    ) -> _Point | None:
        ticks, lots = self._ticks(event, station)
        low, high = np.searchsorted(ticks, after, "left"), np.searchsorted(ticks, until, "right")
        if low >= high:
            return None
        row = int(low if first else high - 1)
        return _Point(station, int(ticks[row]), str(lots[row]))

    def _moves(self, station: str, event: str, tick: int) -> _Point | None:
        return self._between(station, event, tick, tick, first=False)

    def _ticks(self, event: str, station: str) -> tuple[np.ndarray, np.ndarray]:
        rows = self.facts.told.get(event, {}).get(station)
        return (np.zeros(0), np.zeros(0)) if rows is None else (rows["tick"], rows["lot"])

    @cached_property
    def _stays(self) -> Mapping[str, pd.DataFrame]:
        plan = self.facts.plan
        many = [name for name in plan.stations if (plan.number(name, "parallel_places") or 1) > 1]
        return {name: self.run_times.stays(name) for name in many}

    @cached_property
    def _spans(self) -> dict[str, tuple[np.ndarray, list[str]]]:
        return {
            name: (spans["start"], spans["activity"].tolist())
            for name, spans in self.facts.spans_at.items()
        }

    @cached_property
    def _neighbours(self) -> dict[str, tuple[list[str], list[str]]]:
        """Station -> stations that give to it, stations that take from it."""
        stations = self.facts.plan.stations
        takes, gives = (
            {name: set((about.get(side) or {}).values()) for name, about in stations.items()}
            for side in ("takes", "gives")
        )
        return {
            name: (
                [other for other in stations if gives[other] & takes[name]],
                [other for other in stations if takes[other] & gives[name]],
            )
            for name in stations
        }
