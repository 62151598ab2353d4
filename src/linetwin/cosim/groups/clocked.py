"""Stepping a group whose FMUs have clocks in common: all of them stand still where one ticks."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, NamedTuple

from linetwin.cosim.events import CROWD
from linetwin.cosim.groups.crossings import Happening
from linetwin.cosim.groups.engine import PythonEngine
from linetwin.cosim.groups.grid import TICKS_PER_SECOND
from linetwin.cosim.groups.rollback import Snapshot
from linetwin.errors import FmuError

if TYPE_CHECKING:
    from collections.abc import Collection

    from linetwin.cosim.groups.clockwork import ClockedMember
    from linetwin.cosim.groups.recorder import Recorder
    from linetwin.cosim.groups.running import Plan, RunningMember
    from linetwin.cosim.instance import State


_DIGITS: Final = 6
"""Of a time in ms: what comes after is rounding."""


class _Ahead(NamedTuple):
    """A member that has stepped, and the state from which it did; None where it cannot go back."""

    clocked: ClockedMember
    state: State | None


class ClockedEngine(PythonEngine):
    """Fulfils `Engine` in Python: each event is a communication point of its own.

    The next one is where a clock ticks, or where a member with clocks returns early. Members that
    had stepped beyond it are taken back. At an event, members go through its iterations together:
    what an output clock starts happens at the same instant, in the order of the file.
    """

    def __init__(
        self, plan: Plan, recorder: Recorder | None, begin: int, sought: Collection[str] = ()
    ) -> None:
        """Step the members of `plan`, which stand at tick `begin`.

        `sought`: events at which `seek` ends: a member, where it has one of its own, or an output
        clock `member.clock`, where it ticks.
        """
        super().__init__(plan, recorder, begin)
        self._sought = sought
        self._origin = Snapshot(plan, self)
        self._sought_from = begin
        self.happenings: list[Happening] = []
        self._seen = 0
        self._clocked = plan.clockwork
        inside = {found.member for found in self._clocked}
        # who cannot go back steps when the next event is known from those who can
        self._order = sorted(self._clocked, key=_rank)
        self._earliest = self._clocked[0]
        self._others = [member for member in plan.members if member not in inside]

    @property
    def tick(self) -> int:
        """The tick at which all members stand."""
        return self._tick

    def seek(self, end: int) -> None:
        """Go on as `advance` does, to the first tick after an event that is sought at the most.

        The way is gone to its end, and once more where an event lies on it. Until the next call,
        `back` undoes it. Errors as `advance`.
        """
        first, self._sought_from = self._plan.members[0], self._tick
        self._origin.keep(first.at, first.index)
        seen = self._seen = len(self.happenings)
        self.advance(end)
        if len(self.happenings) == seen:
            return
        tick = math.ceil(round(self.happenings[seen].time * TICKS_PER_SECOND, _DIGITS))
        self.back()
        while len(self.happenings) == seen and self._tick < end:
            tick = max(tick, self._tick + 1)
            self.advance(tick)

    def back(self) -> None:
        """Return to where the last `seek` began."""
        self._origin.back()
        self._tick = self._sought_from
        del self.happenings[self._seen :]

    def close(self) -> None:
        """Give back the states inside the members."""
        self._origin.free()

    def settle(self) -> None:
        """Let inputs from outside pass through at once, and go through the events they cause."""
        super().settle()
        try:
            self._event(self._plan.members[0].at)
        except FmuError as error:
            raise self._named(error) from error

    def _communicate(
        self, now: float, index: int | None, time: float, due: tuple[RunningMember, ...]
    ) -> None:
        """Go from one point to the next, from event to event; all members are `due`."""
        at, crowd = now, 0
        while at < time:
            for member in due:
                member.take(member.running)
            self._event(at)
            reached = self._reach(at, time, index)
            self._read()
            self._event(reached)
            if self._recorder is not None and reached > at:
                self._recorder.reserve(1)
                self._recorder.note(reached)
            crowd = 0 if reached > at else crowd + 1
            if crowd > CROWD:
                self._earliest.instance.fail(f"{CROWD} events in a row gained no time")
            at = reached

    def _read(self) -> None:
        for member in self._plan.members:
            member.running.get(member.outputs.table)
            member.check()
        self._visit(self._plan.visits)

    def _reach(self, at: float, time: float, index: int | None) -> float:
        """Step all members from `at` to the next event, or to `time` (s); return where they are."""
        self._earliest = min(self._clocked, key=lambda one: one.instance.next_event(at, time))
        reached = self._earliest.instance.next_event(at, time)
        early: ClockedMember | None = None
        ahead: list[_Ahead] = []
        for found in self._order:
            instance = found.instance
            self._begun = found.member.member.name
            saves = found.saves and len(self._clocked) > 1
            state = instance.save_state() if saves else None
            step = instance.until_event(at, reached)
            if step.terminated:
                instance.fail("it asked to end the simulation")
            if step.time < reached:
                reached, self._earliest = step.time, found
                early = found
                self._take_back(ahead, found, at, reached)
            ahead.append(_Ahead(found, state))
        for found, state in ahead:
            if state is not None:
                found.instance.free_state(state)
            found.member.at, found.member.index = reached, index if reached == time else None
            found.instance.time = reached
        for member in self._others if reached > at else ():
            self._step(member, index if reached == time else None, reached)
        for found in self._clocked:
            if found is early or found.instance.has_event(reached):
                self._note(found.member.member.name, reached)
        return reached

    def _note(self, event: str, time: float) -> None:
        if event in self._sought:
            self.happenings.append(Happening(event, time))

    @staticmethod
    def _take_back(ahead: list[_Ahead], early: ClockedMember, at: float, reached: float) -> None:
        """Let members that stand beyond an event step only up to it."""
        for found, state in ahead:
            instance = found.instance
            if state is None:
                instance.fail(
                    f"'{early.member.member.name}' has an event at {reached:g} s, and it cannot"
                    " save its state to go back there"
                )
            instance.restore_state(state)
            if instance.until_event(at, reached).time < reached:
                instance.fail(f"taken back to {at:g} s, it took another course")

    def _event(self, at: float) -> None:
        """Go through the events at `at` (s) until all have settled and no clock is due."""
        due = self._clocked
        for _ in range(CROWD):
            self._settle_event(at)
            due = tuple(found for found in self._clocked if found.instance.due(at))
            if not due:
                return
        due[0].instance.fail(f"{CROWD} events in a row gained no time")

    def _settle_event(self, at: float) -> None:
        """Go through one event at `at` (s) until all have settled."""
        for found in self._clocked:
            found.ticked(found.instance.begin_event(at))
        asking = self._clocked
        for _ in range(CROWD):
            self._pass_on(at)
            answers = [(found, *found.instance.update()) for found in self._clocked]
            for found, _, ended in answers:
                if ended:
                    found.instance.fail("it asked to end the simulation")
            self._read()
            asking = tuple(found for found, again, _ in answers if again)
            if not asking:
                break
        else:
            reason = f"an event did not settle in {CROWD} iterations"
            asking[0].instance.fail(f"{reason}, and it asks for another")
        for found in self._clocked:
            found.instance.end_event(at)

    def _pass_on(self, at: float) -> None:
        """Let clocks tick that output clocks start, until none does."""
        seen: set[tuple[int, str]] = set()
        moving = True
        while moving:
            moving = False
            for found in self._clocked:
                names = found.instance.ticking()
                for name in names:
                    self._note(f"{found.member.member.name}.{name}", at)
                found.read(names)
                for taker, clock in [t for name in names for t in found.takers.get(name, ())]:
                    key = (id(taker), clock)
                    if key in seen:
                        taker.instance.fail(f"clock '{clock}' ticks twice at one instant")
                    seen.add(key)
                    taker.instance.tick(clock)
                    taker.ticked([clock])
                    moving = True


def _rank(found: ClockedMember) -> int:
    """Return a member's turn: those that can go back, those that start others, the rest."""
    if found.saves:
        return 0
    return 1 if found.takers else 2
