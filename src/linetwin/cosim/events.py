"""FMI 3.0 co-simulation with event mode: for FMUs that have clocks."""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, Any, ClassVar, Final, final

import msgpack

from linetwin.cosim.clocks import LEAST_INTERVAL_S, Schedule
from linetwin.cosim.fmi3 import Fmi3Instance
from linetwin.cosim.instance import WARNING, State, Step

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from linetwin.cosim.clocks import Clock

_TRUE: Final = ctypes.c_bool(True)  # noqa: FBT003 - a C Boolean
CROWD: Final = 1000
"""Iterations of one event, or events without a gain of time, before the FMU is given up."""
_CHANGED: Final = 2
_NOT_KNOWN: Final = 0
"""Of FMI's interval qualifiers."""


@final
class Fmi3EventInstance(Fmi3Instance):
    """An FMI 3.0 instance in event mode between its steps, so that everything may be set there.

    A step goes from event to event: to the ticks of clocks, to the FMU's own next event, and to
    where it returns early. `ticks` counts how often each clock has ticked since the start.
    Where it is `together` with others it leaves its events to them: they take it to the next one
    with `until_event`, and through it with `begin_event`, `ticking`, `tick`, `update`, `end_event`.
    When its clocks tick next belongs to a saved state. An interval below `least_interval_s` fails.
    """

    _event_mode: ClassVar = _TRUE
    together: bool = False
    least_interval_s: float = LEAST_INTERVAL_S

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
        self._kept: dict[int, dict[str, Any]] = {}
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

    def has_event(self, time: float) -> bool:
        """Tell whether it has an event of its own at `time` (s), where its last step has ended."""
        return bool(self._event.value) or self._next_time == time

    def until_event(self, at: float, stop: float) -> Step:
        """Go from `at` to `stop` (s), or to where the FMU has an event before; not through it."""
        self._event.value = False
        if stop <= at:
            return Step(at, early=False, terminated=False)
        self._done(self._to_steps, "EnterStepMode")
        reached = super().step(at, stop - at)
        self._done(self._to_events, "EnterEventMode")
        return reached if reached.early else Step(stop, early=False, terminated=reached.terminated)

    def save_state(self, state: State | None = None) -> State:
        """Save the state inside the FMU, and what is known of its clocks."""
        before = None if state is None else state.value
        found = super().save_state(state)
        self._kept.pop(before or 0, None)
        self._kept[found.value or 0] = self._clock_state()
        return found

    def restore_state(self, state: State) -> None:
        """Return to a saved state; see `Instance`."""
        super().restore_state(state)
        self._put_back(self._kept[state.value or 0])

    def free_state(self, state: State) -> None:
        """Give a saved state's memory back; harmless where it is already free."""
        self._kept.pop(state.value or 0, None)
        super().free_state(state)

    def serialise(self, state: State) -> bytes:
        """Return a saved state as bytes that another process can restore."""
        content = {"fmu": super().serialise(state), "clocks": self._kept[state.value or 0]}
        packed: bytes = msgpack.packb(content)
        return packed

    def deserialise(self, content: bytes) -> State:
        """Make a saved state from bytes; free it with `free_state`."""
        unpacked = msgpack.unpackb(content)
        state = super().deserialise(unpacked["fmu"])
        self._kept[state.value or 0] = unpacked["clocks"]
        return state

    def _clock_state(self) -> dict[str, Any]:
        """Return what is known of the clocks, as plain data."""
        return {
            "schedule": self._schedule.state(),
            "next_time": self._next_time,
            "ticks": dict(self.ticks),
            "waiting": [clock.name for clock in self._waiting],
        }

    def _put_back(self, known: Mapping[str, Any]) -> None:
        self._schedule.restore(known["schedule"])
        self._next_time, self.ticks = known["next_time"], dict(known["ticks"])
        self._waiting = [self.binary.description.clocks[name] for name in known["waiting"]]

    def due(self, time: float) -> bool:
        """Tell whether a clock is to tick at `time` (s) still, as a countdown of 0 s does."""
        return self._schedule.due(time)

    def _go_through(self, time: float) -> bool:
        """Iterate the events at `time` (s) until they settle; tell whether the FMU wants to end."""
        ended = False
        for _ in range(CROWD):
            ended = self._settled(time)
            if ended or not self.due(time):
                break
        else:
            self.fail(f"{CROWD} events in a row gained no time")
        return ended

    def _settled(self, time: float) -> bool:
        """Iterate one event until it settles; tell whether the FMU wants to end."""
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
                wrong = clock.wrong(interval, self.least_interval_s)
                if wrong:
                    self.fail(wrong)
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
