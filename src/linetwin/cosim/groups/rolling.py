"""Stepping a group so that steps may be taken back: their lengths follow from what they show.

Times are whole numbers of a unit that divides nanoseconds, milliseconds and the grid's step, so a
point is exact however it was found.
"""

from __future__ import annotations

import logging
import math
from typing import TYPE_CHECKING, Any, Final

from linetwin.cosim.groups.adaptive import Counts, StepControl, largest_error
from linetwin.cosim.groups.course import NANOSECONDS
from linetwin.cosim.groups.grid import TICKS_PER_SECOND
from linetwin.cosim.groups.rollback import Snapshot

if TYPE_CHECKING:
    from collections.abc import Mapping

    from linetwin.cosim.groups.recorder import Recorder
    from linetwin.cosim.groups.rollback import Mover
    from linetwin.cosim.groups.running import Plan
    from linetwin.cosim.groups.slots import Slot

_HELD: Final = 2
"""Power of its length with which a step errs where inputs are held; extrapolated: one more."""


class RollingEngine:
    """Fulfils `Engine`: takes steps with another engine, and takes them back where it must."""

    def __init__(self, plan: Plan, mover: Mover, recorder: Recorder | None, begin: int) -> None:
        """Step the members of `plan`, which stand at tick `begin`, by `mover`."""
        self._plan = plan
        self._mover = mover
        self._recorder = recorder
        self._second = math.lcm(NANOSECONDS, plan.grid.step.denominator)
        self._nanosecond = self._second // NANOSECONDS
        self._at = begin * (self._second // TICKS_PER_SECOND)
        self._snapshot = Snapshot(plan, mover)
        self._compared = _compared(plan)
        self._control: StepControl | None = None
        if plan.course.adaptive is not None:
            first = int(plan.grid.step * NANOSECONDS)
            self._control = StepControl(plan.course.adaptive, first, _HELD + plan.linear)

    @property
    def counts(self) -> Counts:
        """How many steps were taken and taken back."""
        return self._control.counts if self._control else Counts()

    def advance(self, end: int) -> None:
        """Step all members to tick `end`; FmuError where a member fails."""
        goal = end * (self._second // TICKS_PER_SECOND)
        while self._at < goal:
            self._snapshot.keep(self._at / self._second, None)
            if self._control is not None:
                self._at = self._adapted(self._control, goal)
            if self._recorder is not None:
                self._recorder.reserve(1)
                self._recorder.note(self._at / self._second)

    def settle(self) -> None:
        """Let inputs from outside pass through at once."""
        self._mover.settle()

    def befores(self) -> list[float]:
        """Return the times (s) of the points before, along which members extrapolate."""
        return self._mover.befores()

    def state(self) -> dict[str, Any]:
        """Return what the next steps depend on beside the members."""
        return self._control.state() if self._control else {}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a state."""
        if self._control:
            self._control.restore(state)

    def close(self) -> None:
        """Give the memory of states inside the FMUs back, and tell what was done."""
        self._snapshot.free()
        if self.counts.taken:
            logging.getLogger(f"linetwin.fmu.{self._plan.name}").info("%s", self.counts)

    def _adapted(self, control: StepControl, goal: int) -> int:
        """Take a step whose error is within tolerance; return where it ends."""
        while True:
            length = control.length((goal - self._at) // self._nanosecond)
            end = self._at + length * self._nanosecond
            self._move(end)
            whole = [slot.read() for slot, _ in self._compared]
            self._snapshot.back()
            self._move((self._at + end) // 2)
            self._move(end)
            halves = [slot.read() for slot, _ in self._compared]
            scales = [scale for _, scale in self._compared]
            if control.judge(length, largest_error(whole, halves, scales)):
                return end
            self._snapshot.back()

    def _move(self, end: int) -> None:
        self._mover.move(end / self._second, None)


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
