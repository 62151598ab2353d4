"""FMI 3.0 co-simulation with event mode: for FMUs that have clocks."""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, Any, ClassVar, Final, final

from linetwin.cosim.clocks import Schedule
from linetwin.cosim.fmi3 import Fmi3Instance
from linetwin.cosim.instance import WARNING, Step

if TYPE_CHECKING:
    from collections.abc import Sequence

    from linetwin.cosim.clocks import Clock

_TRUE: Final = ctypes.c_bool(True)  # noqa: FBT003 - a C Boolean
_CROWD: Final = 1000
"""Iterations of one event, or events without a gain of time, before the FMU is given up."""
_CHANGED: Final = 2
_NOT_KNOWN: Final = 0
"""Of FMI's interval qualifiers."""


@final
class Fmi3EventInstance(Fmi3Instance):
    """An FMI 3.0 instance in event mode between its steps, so that everything may be set there.

    A step goes from event to event: to the ticks of clocks, to the FMU's own next event, and to
    where it returns early. `ticks` counts how often each clock has ticked since the start.
    """

    _event_mode: ClassVar = _TRUE

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

    def initialise(self, tolerance: float | None = None) -> None:
        """Enter and leave initialisation at local time 0, and go through its first event."""
        super().initialise(tolerance)
        self._learn(0.0)
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
            stop = self._schedule.stop(at, end)
            if self._next_time is not None:
                stop = min(stop, max(at, self._next_time))
            before = at
            if stop > at:
                self._done(self._to_steps, "EnterStepMode")
                reached = super().step(at, stop - at)
                at, ended = reached.time if reached.early else stop, reached.terminated
                self._done(self._to_events, "EnterEventMode")
            crowd = 0 if at > before else crowd + 1
            if crowd > _CROWD:
                self.fail(f"{_CROWD} events in a row gained no time")
            ended = self._go_through(at) or ended
        self.time = at
        return Step(at, early=ended, terminated=ended)

    def _go_through(self, time: float) -> bool:
        """Iterate the event at `time` (s) until it settles; tell whether the FMU wants to end."""
        due = self._schedule.take_due(time) + self._waiting
        self._waiting = []
        self._activate(due)
        for _ in range(_CROWD):
            self._count_given()
            self._done(self._update, "UpdateDiscreteStates", *self._found)
            again, ended, _, _, defined = (flag.value for flag in self._flags)
            self._next_time = self._next.value if defined else None
            if not again or ended:
                break
        else:
            self.fail(f"an event did not settle in {_CROWD} iterations")
        self._learn(time)
        return bool(ended)

    def _activate(self, clocks: Sequence[Clock]) -> None:
        if not clocks:
            return
        for clock in clocks:
            self.ticks[clock.name] += 1
        active = (ctypes.c_bool * len(clocks))(*(True for _ in clocks))
        self._clocks_call("SetClock", clocks, active)

    def _count_given(self) -> None:
        """Ask which output clocks tick in this iteration; the FMU says so once."""
        if self._given:
            active = (ctypes.c_bool * len(self._given))()
            self._clocks_call("GetClock", self._given, active)
            for clock, ticks in zip(self._given, active, strict=True):
                self.ticks[clock.name] += bool(ticks)

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
