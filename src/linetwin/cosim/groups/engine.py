"""Stepping a group through its communication points, in Python.

The compiled kernel (`compiled.py`) does the same, call by call, to the same bits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from linetwin.cosim.groups.grid import TICKS_PER_SECOND
from linetwin.cosim.groups.loops import solve_loop, unsolved
from linetwin.errors import FmuError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from linetwin.cosim.groups.recorder import Recorder
    from linetwin.cosim.groups.running import Plan, PlannedVisit, RunningMember
    from linetwin.cosim.instance import Instance, Step


_GRACE: Final = 1.5e-9
"""A member that ends a step so little (s) before its end goes on: points lie on whole ns."""
_STALLS: Final = 1000
"""Early returns in a row that gain no time, before the FMU is given up."""


class EarlyError(Exception):
    """A member ended a step early, at `time` (s)."""

    def __init__(self, time: float) -> None:
        super().__init__(time)
        self.time = time


class Engine(Protocol):
    """What steps a group from one tick to the next; they count from the group's start."""

    def advance(self, end: int) -> None:
        """Step all members to tick `end`, which is later than where they stand.

        Raises FmuError with the member and the time of the first failure.
        """
        ...

    def settle(self) -> None:
        """Let inputs from outside pass through at once, so that outputs fit them.

        They may have jumped, so nothing is extrapolated in the next step.
        """
        ...

    def befores(self) -> list[float]:
        """Return the times (s) of the points before, along which members extrapolate."""
        ...

    def under_way(self) -> str:
        """Return the member whose step was begun last, as another thread may ask; empty: none."""
        ...

    def close(self) -> None:
        """Give back what it holds inside the members."""
        ...


class PythonEngine:
    """Fulfils `Engine` with a Python call for each FMI call."""

    def __init__(self, plan: Plan, recorder: Recorder | None, begin: int) -> None:
        """Step the members of `plan`, which stand at tick `begin`.

        Each communication point becomes a row of `recorder`.
        """
        self._plan = plan
        self._recorder = recorder
        self._tick = begin
        self._stop, self._last = 0, 0.0
        for member in plan.members:
            member.at = begin / TICKS_PER_SECOND
        self._jacobi = plan.order == "jacobi"
        self._begun = ""
        self.arrived: list[str] = []

    def advance(self, end: int) -> None:
        """Step all members to tick `end`."""
        plan, begin = self._plan, self._tick
        now, index = begin / TICKS_PER_SECOND, plan.grid.index(begin)
        for member in plan.members:
            member.at, member.index = now, index
        last = end / TICKS_PER_SECOND
        try:
            self._stop = plan.grid.between(begin, end).stop
            self._last = last
            for index, time in plan.grid.points(begin, end):
                due = plan.members
                if time != last:
                    due = tuple(m for m in due if index is not None and not index % m.member.every)
                self._communicate(now, index, time, due)
                now = time
        except FmuError as error:
            raise self._named(error) from error
        self._tick = end

    def move(self, time: float, index: int | None) -> float | None:
        """Take one communication step of all members to `time` (s); see `Mover`."""
        now, self._stop, self._last = self._plan.members[0].at, index or 0, time
        self.arrived.clear()
        try:
            self._communicate(now, index, time, self._plan.members)
        except EarlyError as early:
            return early.time
        except FmuError as error:
            raise self._named(error) from error
        return None

    def stand(self, at: float, index: int | None, befores: list[float]) -> None:
        """Take it that all members stand at `at` (s) again."""
        for member, before in zip(self._plan.members, befores, strict=True):
            member.at, member.index, member.before = at, index, before

    def under_way(self) -> str:
        """Return the member whose step was begun last."""
        return self._begun

    def close(self) -> None:
        """Do nothing: it holds nothing inside the members."""

    def settle(self) -> None:
        """Let inputs from outside pass through at once."""
        for member in self._plan.members:
            member.before = member.at
        try:
            self._visit(self._plan.settling)
        except FmuError as error:
            raise self._named(error) from error

    def _communicate(
        self, now: float, index: int | None, time: float, due: tuple[RunningMember, ...]
    ) -> None:
        """Go from one communication point to the next; those that are `due` step there."""
        if self._jacobi:
            for member in self._plan.members:
                if member.at == now:
                    member.take(member.running, self._middle(member, index))
        for member in due:
            instance = member.running
            if not self._jacobi:
                member.take(instance, (member.at + time) / 2 if self._plan.linear else None)
            self._step(member, index, time)
            instance.get(member.outputs.table)
            member.check()
        self._visit([v for v in self._plan.visits if v.members[0].at == time])
        if self._recorder is not None:
            self._recorder.note(time)

    def _middle(self, member: RunningMember, index: int | None) -> float | None:
        """Return the middle (s) of a member's next step; None where inputs are just held."""
        if not self._plan.linear:
            return None
        every, coming = member.member.every, self._stop if index is None else index
        own = -(-coming // every) * every
        end = self._plan.grid.time(own) if own < self._stop else self._last
        return (member.at + end) / 2

    def befores(self) -> list[float]:
        """Return the times (s) of the points before, along which members extrapolate."""
        return [member.before for member in self._plan.members]

    def _step(self, member: RunningMember, index: int | None, time: float) -> None:
        whole = None not in {index, member.index} and (
            (index or 0) - (member.index or 0) == member.member.every
        )
        length = member.length_s if whole else time - member.at
        instance = member.running
        self._begun = member.member.name
        if self._plan.linear:
            member.follow()
        reached = instance.step(member.at, length)
        if reached.early and not reached.terminated and member.early_return:
            self._go_on(instance, member.at, reached.time, time)
        else:
            check_step(instance, reached, length)
        instance.time = member.at = time
        member.index = index

    def _go_on(self, instance: Instance, begin: float, reached: float, end: float) -> None:
        """Let a member go on that ended a step early, where it gained nothing or is nearly there.

        Otherwise the step of all is to be taken back: EarlyError says to when (s).
        """
        stalls = 0
        while reached < end:
            if begin < reached < end - _GRACE:
                raise EarlyError(reached)
            if begin < reached:
                self.arrived.append(self._begun)
            step = instance.step(reached, end - reached)
            if step.terminated or not step.early:
                check_step(instance, step, end - reached)
                return
            stalls = 0 if step.time > reached else stalls + 1
            if stalls > _STALLS:
                instance.fail(f"it returned early {stalls} times without gaining time")
            reached = max(reached, step.time)

    def _visit(self, visits: Iterable[PlannedVisit]) -> None:
        for visit in visits:
            for member in visit.members:
                member.take(member.running)
            if visit.copies:
                left = solve_loop(visit, self._plan.loops)
                if left:
                    unsolved(visit, left)
            else:
                visit.members[0].running.get(visit.members[0].outputs.table)
            for member in visit.members:
                member.check()

    def _named(self, error: FmuError) -> FmuError:
        return named(self._plan, error)


def check_step(instance: Instance, reached: Step, length: float) -> None:
    """Let an instance fail that did not go through a step of `length` (s) to its end."""
    if reached.terminated:
        instance.fail("it asked to end the simulation")
    if reached.early:
        instance.fail(
            f"it ended a step of {length:g} s before its time; members of a group step together"
        )


def check_members(plan: Plan) -> None:
    """Let the first member fail that gives a value which is no finite number, and is used."""
    try:
        for member in plan.members:
            member.check()
    except FmuError as error:
        raise named(plan, error) from error


def named(plan: Plan, error: FmuError) -> FmuError:
    """Return the error of one of a group's instances as one that names group and member."""
    members = plan.members
    failed = next((m for m in members if m.instance and m.instance.broken), members[0])
    return failure(plan.name, failed, error)


def failure(group: str, member: RunningMember, error: FmuError) -> FmuError:
    """Return the error of a member's instance as one that names group and member."""
    reason = (member.instance.failure if member.instance else "") or str(error)
    return FmuError(f"member '{member.member.name}': {reason}", group, error.time_s, error.moment)
