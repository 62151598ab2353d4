"""Stepping a group so that steps may be taken back: their ends follow from what they show.

Times are whole numbers of a unit that divides nanoseconds, milliseconds and the grid's step, so a
point is exact however it was found.
"""

from __future__ import annotations

import logging
import math
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final, NamedTuple, NoReturn

from linetwin.cosim.groups.adaptive import Counts, StepControl, largest_error
from linetwin.cosim.groups.course import NANOSECONDS
from linetwin.cosim.groups.crossings import Bracket, Crossings, Happening
from linetwin.cosim.groups.grid import TICKS_PER_SECOND
from linetwin.cosim.groups.iterating import IteratedEngine, UnsettledError
from linetwin.cosim.groups.rollback import Snapshot
from linetwin.errors import FmuError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from linetwin.cosim.groups.recorder import Recorder
    from linetwin.cosim.groups.rollback import Mover
    from linetwin.cosim.groups.running import Plan
    from linetwin.cosim.groups.slots import Slot

_HELD: Final = 2
"""Power of its length with which a step errs where inputs are held; extrapolated: one more."""
_CROWD: Final = 1000
"""Events at one instant, or one hard after the other, before the group is given up."""


class _Origin(NamedTuple):
    """What an engine knew where it began to seek; `happened`: how many events."""

    at: int
    before: list[float] | None
    crowd: int
    happened: int
    state: dict[str, Any]


class RollingEngine:
    """Fulfils `Engine`: takes steps with another engine, and takes them back where it must."""

    def __init__(
        self,
        plan: Plan,
        mover: Mover,
        recorder: Recorder | None,
        begin: int,
        sought: Collection[str] = (),
    ) -> None:
        """Step the members of `plan`, which stand at tick `begin`, by `mover`.

        `sought`: events at which `seek` ends; of a member's name: where it ends a step early.
        """
        self._plan = plan
        self._mover = mover
        self._iterated = mover if isinstance(mover, IteratedEngine) else None
        self._recorder = recorder
        gridded = plan.course.adaptive is None
        self._second = math.lcm(NANOSECONDS, plan.grid.step.denominator if gridded else 1)
        self._nanosecond = self._second // NANOSECONDS
        self._step = int(plan.grid.step * self._second)
        self._at = begin * (self._second // TICKS_PER_SECOND)
        self._snapshot = Snapshot(plan, mover)
        self._sought = sought
        self._beginning = Snapshot(plan, mover)
        self._origin: _Origin | None = None
        self._early: list[tuple[int, str]] = []
        self._untold: list[str] = []
        self._compared = _compared(plan)
        self._crossings = Crossings(plan)
        self._before: list[float] | None = None
        self._crowd = 0
        self.counts = Counts()
        self.happenings: list[Happening] = []
        self.ended = False
        self._log = logging.getLogger(f"linetwin.fmu.{plan.name}")
        self._control: StepControl | None = None
        if plan.course.adaptive is not None:
            first = int(plan.grid.step * NANOSECONDS)
            self._control = StepControl(plan.course.adaptive, first, _HELD + plan.linear)

    def advance(self, end: int) -> None:
        """Step all members to tick `end`, or to an event that ends the group.

        Raises FmuError where a member fails, or events gain no time.
        """
        self._tell()
        goal = end * (self._second // TICKS_PER_SECOND)
        try:
            while self._at < goal and not self.ended:
                self._go_on(goal)
        finally:
            self._tell()

    def seek(self, end: int) -> None:
        """Go on as `advance` does, to the first tick after an event that is sought at the most.

        Until the next call, `back` undoes it. Errors as `advance`.
        """
        self._tell()
        self._beginning.keep(self._at / self._second, self._index(self._at))
        seen = len(self.happenings)
        self._origin = _Origin(self._at, self._before, self._crowd, seen, self.state())
        tick = self._second // TICKS_PER_SECOND
        goal = end * tick
        while self._at < goal and not self.ended:
            self._go_on(goal)
            if any(found.name in self._sought for found in self.happenings[seen:]):
                goal = min(goal, self.tick * tick)

    def back(self) -> None:
        """Return to where the last `seek` began: what it met has not happened."""
        if self._origin is None:
            return
        origin, self._origin = self._origin, None
        self._beginning.back()
        self.restore(origin.state)
        self._at, self._before, self._crowd = origin.at, origin.before, origin.crowd
        del self.happenings[origin.happened :]
        self._untold.clear()

    def _go_on(self, goal: int) -> None:
        """Go to the next point: `goal` at the latest, an event before it."""
        self._snapshot.keep(self._at / self._second, self._index(self._at))
        self._before = self._before or self._crossings.values()
        self._early.clear()
        stop = self._adapted(self._control, goal) if self._control else self._next(goal)
        places: list[int] = []
        if self._crossings.events:
            stop, places = self._located(self._before, stop)
        if self._iterated:
            self.counts.passes = self._iterated.passes
        self.counts.take((stop - self._at) // self._nanosecond)
        self._watch_crowd(stop - self._at, places)
        self._at = stop
        self._record()
        for member in dict.fromkeys(name for at, name in self._early if at == stop):
            if member in self._sought:
                self._note(member)
        if places:
            self._happen(places)

    def settle(self) -> None:
        """Let inputs from outside pass through at once; what they cause happens now."""
        self._mover.settle()
        before, self._before = self._before, self._crossings.values()
        try:
            if before:
                self._happen(self._crossings.happened(before, self._before))
        finally:
            self._tell()

    @property
    def tick(self) -> int:
        """The tick at or after the instant at which all members stand."""
        return -(-self._at * TICKS_PER_SECOND // self._second)

    def befores(self) -> list[float]:
        """Return the times (s) of the points before, along which members extrapolate."""
        return self._mover.befores()

    def state(self) -> dict[str, Any]:
        """Return what the next steps depend on beside the members, and the counts."""
        return {
            "control": self._control.state() if self._control else None,
            "counts": dict(vars(self.counts)),  # ten times as quick as `asdict`
            "ended": self.ended,
            "inverse": [list(row) for row in self._iterated.inverse] if self._iterated else None,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a state, with the members' values as they were."""
        if self._control:
            self._control.restore(state["control"])
        self.counts = Counts(**state["counts"])
        if self._iterated:
            self._iterated.inverse, self._iterated.passes = state["inverse"], self.counts.passes
        self.ended = state["ended"]
        self._before = self._crossings.values()

    def under_way(self) -> str:
        """Return the member whose step was begun last."""
        return self._mover.under_way()

    def close(self) -> None:
        """Give the memory of states inside the FMUs back, and tell what was done."""
        self._snapshot.free()
        self._beginning.free()
        self._mover.close()
        if self.counts.taken:
            self._log.info("%s", self.counts)

    def _index(self, at: int) -> int | None:
        """Return the number of the grid's point at a time; None where none is, or is kept to."""
        return None if self._control or at % self._step else at // self._step

    def _next(self, goal: int) -> int:
        """Go to the next point of the grid, or to `goal`; return where members stand."""
        return self._go(min((self._at // self._step + 1) * self._step, goal))

    def _adapted(self, control: StepControl, goal: int) -> int:
        """Take a step whose error is within tolerance; return where it ends."""
        while True:
            length = control.length((goal - self._at) // self._nanosecond)
            stop = self._at + length * self._nanosecond
            try:
                early, error = self._compare(stop)
            except FmuError as failed:
                short = isinstance(failed, UnsettledError) or self._refused()
                if length <= control.least_ns or not short:
                    raise
                early, error = None, math.inf
            if early is not None:  # a member ended its step there: a step to that point is tried
                goal = early
            elif control.judge(length, error):
                self.counts.beyond += not error <= 1.0
                return stop
            else:
                self.counts.refused += 1
            self._snapshot.back()

    def _refused(self) -> bool:
        """Tell whether a member has discarded a step, which it may take where it is shorter."""
        return any(member.running.refused for member in self._plan.members)

    def _compare(self, stop: int) -> tuple[int | None, float]:
        """Go to `stop` whole and in halves; return the error, or where a member ended its step."""
        early = self._move(stop)
        whole = [slot.read() for slot, _ in self._compared]
        if early is None:
            self._snapshot.back()
            early = self._path(stop)
        halves = [slot.read() for slot, _ in self._compared]
        return early, largest_error(whole, halves, [scale for _, scale in self._compared])

    def _go(self, end: int) -> int:
        """Go from the snapshot to `end`, or to where a member ends its step; return where."""
        early = self._path(end)
        while early is not None:
            end = early
            self._snapshot.back()
            early = self._path(end)
        return end

    def _path(self, end: int) -> int | None:
        """Try to go from the snapshot to `end`; return where a member ended its step before."""
        middle = (self._at + end) // 2
        if self._control is None or middle == self._at:
            return self._move(end)
        early = self._move(middle)
        return self._move(end) if early is None else early

    def _move(self, end: int) -> int | None:
        """Try a single step; return where a member ended it before, in whole ns and past that."""
        early = self._mover.move(end / self._second, self._index(end))
        if early is None:
            self._early += [(end, name) for name in self._mover.arrived]
            return None
        nanoseconds = math.ceil(Fraction(early) * NANOSECONDS) * self._nanosecond
        stop = min(max(nanoseconds, self._at + 1), end - 1)
        self._early.append((stop, self._mover.under_way()))
        return stop

    def _located(self, start: list[float], stop: int) -> tuple[int, list[int]]:
        """Find the first event on the way that was gone; return where it is, and which events.

        Members then stand there, at most `within` after it.
        """
        crossings = self._crossings
        bracket = Bracket(self._at, stop, self._plan.course.within_ns * self._nanosecond)
        low, high = start, crossings.values()
        places, there = crossings.happened(start, high), stop
        while places and bracket.wide:
            share = crossings.share(low, high, places)
            self._snapshot.back()
            there = self._go(bracket.guess(share))
            numbers = crossings.values()
            found = crossings.happened(start, numbers)
            bracket.narrow(there, beyond=bool(found))
            if found:
                high, places = numbers, found
            else:
                low = numbers
        if there != bracket.last:
            self._snapshot.back()
            self._go(bracket.last)
        self._before = high
        return bracket.last, places

    def _happen(self, places: list[int]) -> None:
        """Do what events do, and what follows from that at the same instant."""
        for _ in range(_CROWD):
            for place in places:
                event = self._crossings.events[place]
                self._note(event.name)
                self.ended = self.ended or event.stop
            if not self._crossings.apply(places):
                return
            self._mover.settle()
            before = self._before or []
            self._before = self._crossings.values()
            self._record()
            places = self._crossings.happened(before, self._before)
        self._give_up(f"{_CROWD} events in a row happened at one instant")

    def _note(self, name: str) -> None:
        """Note an event that happens now."""
        time = self._at / self._second
        self.happenings.append(Happening(name, time))
        self.counts.events += 1
        self._untold.append(f"event '{name}' at {self._offset() + time:.9g} s")

    def _tell(self) -> None:
        """Log the events that stand: nothing takes them back any more."""
        self._origin = None
        for text in self._untold:
            self._log.info("%s", text)
        self._untold.clear()

    def _watch_crowd(self, length: int, places: list[int]) -> None:
        """Give up where every step only leads to the next event, hardly later than the last one."""
        near = bool(places) and length <= 2 * self._plan.course.within_ns * self._nanosecond
        self._crowd = self._crowd + 1 if near else 0
        if self._crowd > _CROWD:
            name = self._crossings.events[places[0]].name
            self._give_up(
                f"event '{name}' happens {_CROWD} times in a row with hardly any time between"
            )

    def _give_up(self, reason: str) -> NoReturn:
        raise FmuError(reason, self._plan.name, self._offset() + self._at / self._second)

    def _offset(self) -> float:
        """Return when the group's time began, in s of the line."""
        return self._plan.members[0].running.offset_s

    def _record(self) -> None:
        if self._recorder is not None:
            self._recorder.reserve(1)
            self._recorder.note(self._at / self._second)


def _compared(plan: Plan) -> list[tuple[Slot, tuple[float, float]]]:
    """Return the numbers that tell a step's error, and what of it is allowed (see `Adaptive`)."""
    rule = plan.course.adaptive
    if rule is None:
        return []
    named = dict(rule.absolute)
    found = []
    members = {member.member.name: member for member in plan.members}
    for terminal, slot in plan.compared.items():
        variable = members[terminal.member].member.variables[terminal.variable]
        if variable.continuous:
            absolute = named.get(terminal, rule.relative * variable.nominal)
            found.append((slot, (rule.relative, absolute)))
    return found
