"""FMI 3.0 co-simulation with event mode: for FMUs that have clocks."""

from __future__ import annotations

import copy
import ctypes
from typing import TYPE_CHECKING, Any, ClassVar, Final, NamedTuple, final

from linetwin.cosim.clocks import Schedule
from linetwin.cosim.fmi3 import SAVING, Fmi3Instance
from linetwin.cosim.instance import WARNING, State, Step

if TYPE_CHECKING:
    from collections.abc import Sequence

    from linetwin.cosim.clocks import Clock

_TRUE: Final = ctypes.c_bool(True)  # noqa: FBT003 - a C Boolean
CROWD: Final = 1000
"""Iterations of one event, or events without a gain of time, before the FMU is given up."""
_CHANGED: Final = 2
_NOT_KNOWN: Final = 0
"""Of FMI's interval qualifiers."""


class Point(NamedTuple):
    """Where an instance stood: the FMU's state, and what is known of its clocks."""

    state: State
    schedule: Schedule
    next_time: float | None
    ticks: dict[str, int]


@final
class Fmi3EventInstance(Fmi3Instance):
    """An FMI 3.0 instance in event mode between its steps, so that everything may be set there.

    A step goes from event to event: to the ticks of clocks, to the FMU's own next event, and to
    where it returns early. `ticks` counts how often each clock has ticked since the start.
    Where it is `together` with others it leaves its events to them: they take it to the next one
    with `until_event`, and through it with `begin_event`, `ticking`, `tick`, `update`, `end_event`.
    """

    _event_mode: ClassVar = _TRUE
    together: bool = False

    def _bind(self) -> None:
        super()._bind()
        functions = self.binary.functions
        names = ("EnterEventMode", "EnterStepMode", "UpdateDiscreteStates")
        self._to_events, self._to_steps, self._update = functions(*names)
        clocks = tuple(self.binary.description.clocks.values())
        self._given = tuple(clock for clock in clocks if clock.causality == "output")
        self._told = tuple(clock for clock in clocks if clock.told)
        self._flags = [ctypes.c_bool() for _ in range(5)]
        self._next = ctypes.c_double()
        flags = (ctypes.byref(flag) for flag in self._flags)
        self._found = (*flags, ctypes.byref(self._next))
        self._next_time: float | None = None
        if self.binary.description.capabilities.roll_back:
            self._get_state, self._set_state, self._free_state = functions(*SAVING)
        self._forget()

    def _forget(self) -> None:
        clocks = self.binary.description.clocks
        self.ticks = dict.fromkeys(clocks, 0)
        self._schedule = Schedule.of(clocks.values())
        self._waiting: list[Clock] = []

    def reset(self) -> None:
        """Return to the state after instantiation."""
        super().reset()
        self._forget()

    def _initialise(self, tolerance: float | None) -> None:
        super()._initialise(tolerance)
        self._learn(0.0)
        if not self.together:
            self.settle()

    def activate(self, name: str) -> None:
        """Let a triggered input clock tick in the next event."""
        self._waiting.append(self.binary.description.clocks[name])

    def settle(self) -> None:
        """Go through the events that are due at the present time."""
        if self._go_through(self.time):
            self.fail("it asked to end the simulation")

    def step(self, time: float, length: float) -> Step:
        """Advance from local `time` by `length` (s, positive), through all events on the way.

        Raises FmuError where the FMU reports an error, or where events gain no time.
        """
        at, end = time, time + length
        self.time = time
        ended = self._go_through(at)
        crowd = 0
        while at < end and not ended:
            before = at
            at, _, ended = self.until_event(at, self.next_event(at, end))
            crowd = 0 if at > before else crowd + 1
            if crowd > CROWD:
                self.fail(f"{CROWD} events in a row gained no time")
            ended = self._go_through(at) or ended
        self.time = at
        return Step(at, early=ended, terminated=ended)

    def next_event(self, at: float, end: float) -> float:
        """Return the time (s) of the next event after `at` that is known, or `end`; `at`: now."""
        stop = self._schedule.stop(at, end)
        return stop if self._next_time is None else min(stop, max(at, self._next_time))

    def until_event(self, at: float, stop: float) -> Step:
        """Go from `at` to `stop` (s), or to where the FMU has an event before; not through it."""
        if stop <= at:
            return Step(at, early=False, terminated=False)
        self._done(self._to_steps, "EnterStepMode")
        reached = super().step(at, stop - at)
        self._done(self._to_events, "EnterEventMode")
        return reached if reached.early else Step(stop, early=False, terminated=reached.terminated)

    def remember(self) -> Point | None:
        """Return the present point, to go back to; None where the FMU cannot save its state."""
        if not self.binary.description.capabilities.roll_back:
            return None
        schedule = copy.deepcopy(self._schedule)
        return Point(self.save_state(), schedule, self._next_time, dict(self.ticks))

    def go_back(self, point: Point) -> None:
        """Return to a point between two steps."""
        self.restore_state(point.state)
        self._schedule = copy.deepcopy(point.schedule)
        self._next_time, self.ticks = point.next_time, dict(point.ticks)

    def forget_point(self, point: Point) -> None:
        """Give back what a point holds inside the FMU."""
        self.free_state(point.state)

    def _go_through(self, time: float) -> bool:
        """Iterate the event at `time` (s) until it settles; tell whether the FMU wants to end."""
        self.begin_event(time)
        for _ in range(CROWD):
            self.ticking()
            again, ended = self.update()
            if not again or ended:
                break
        else:
            self.fail(f"an event did not settle in {CROWD} iterations")
        self.end_event(time)
        return ended

    def begin_event(self, time: float) -> list[str]:
        """Let the clocks tick that are due at `time` (s); return their names."""
        due = self._schedule.take_due(time) + self._waiting
        self._waiting = []
        self._activate(due)
        return [clock.name for clock in due]

    def tick(self, name: str) -> None:
        """Let an input clock tick in the event that it is in."""
        self._activate([self.binary.description.clocks[name]])

    def ticking(self) -> list[str]:
        """Return the output clocks that tick in this iteration; the FMU says so once."""
        if not self._given:
            return []
        active = (ctypes.c_bool * len(self._given))()
        self._clocks_call("GetClock", self._given, active)
        names = [c.name for c, ticks in zip(self._given, active, strict=True) if ticks]
        for name in names:
            self.ticks[name] += 1
        return names

    def update(self) -> tuple[bool, bool]:
        """End an iteration of an event; return whether it needs another, and wants to end."""
        self._done(self._update, "UpdateDiscreteStates", *self._found)
        again, ended, _, _, defined = (flag.value for flag in self._flags)
        self._next_time = self._next.value if defined else None
        return bool(again), bool(ended)

    def end_event(self, time: float) -> None:
        """Ask for the intervals that only the FMU knows: the event at `time` (s) has settled."""
        self._learn(time)

    def _activate(self, clocks: Sequence[Clock]) -> None:
        if not clocks:
            return
        for clock in clocks:
            self.ticks[clock.name] += 1
        active = (ctypes.c_bool * len(clocks))(*(True for _ in clocks))
        self._clocks_call("SetClock", clocks, active)

    def _learn(self, time: float) -> None:
        """Ask for the intervals that only the FMU knows."""
        if not self._told:
            return
        intervals = (ctypes.c_double * len(self._told))()
        qualifiers = (ctypes.c_int * len(self._told))()
        self._clocks_call("GetIntervalDecimal", self._told, intervals, qualifiers)
        for clock, interval, qualifier in zip(self._told, intervals, qualifiers, strict=True):
            if qualifier == _CHANGED:
                self._schedule.tell(clock, time, interval)
            elif qualifier == _NOT_KNOWN:
                self._schedule.tell(clock, time, None)

    def _clocks_call(self, name: str, clocks: Sequence[Clock], *values: Any) -> None:  # noqa: ANN401
        (function,) = self.binary.functions(name)
        references = (ctypes.c_uint32 * len(clocks))(*(clock.reference for clock in clocks))
        self._done(function, name, references, ctypes.c_size_t(len(clocks)), *values)

    def _done(self, function: Any, name: str, *arguments: Any) -> None:  # noqa: ANN401
        status = function(self._handle, *arguments)
        if status > WARNING:
            self.fail_call(name, status)
