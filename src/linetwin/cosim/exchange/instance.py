"""A running copy of a model-exchange FMU: an `Instance` whose step integrates."""

from __future__ import annotations

import ctypes
from abc import abstractmethod
from typing import TYPE_CHECKING, Any, Final, NoReturn

import numpy as np

from linetwin.cosim.exchange.integration import (
    DEFAULT_TOLERANCE,
    Discrete,
    IntegrationError,
    integrate,
    iterate_event,
)
from linetwin.cosim.instance import WARNING, Instance, State, Step

if TYPE_CHECKING:
    from linetwin.cosim.binary import CFunction

_MOVING: Final = ("SetTime", "SetContinuousStates", "GetContinuousStates", "GetEventIndicators")
_MODES: Final = ("EnterEventMode", "EnterContinuousTimeMode", "CompletedIntegratorStep")


class _Vector:
    """Numbers that go to and from C; `count` may be 0."""

    def __init__(self, count: int) -> None:
        self.values = np.zeros(count)
        address = int(self.values.__array_interface__["data"][0])
        self.arguments = (ctypes.c_void_p(address), ctypes.c_size_t(count))


class ExchangeInstance(Instance):
    """Fulfils `Dynamics` with the calls that both versions share.

    Between two steps it is in event mode, so that inputs of every kind may change there; every
    communication point is an event. No integrator lives longer than a step.
    """

    _derivatives_name: str
    _flag: type[Any]
    """The version's Boolean."""

    def _bind_exchange(self) -> None:
        """Look up the functions."""
        functions = self.binary.functions
        self._modes = dict(zip(_MODES, functions(*_MODES), strict=True))
        self._moving = dict(zip(_MOVING, functions(*_MOVING), strict=True))
        (self._derive,) = functions(self._derivatives_name)
        self._now = ctypes.c_double()
        self._asked_event = self._flag()
        self._asked_end = self._flag()
        self._kept = self._flag(True)  # noqa: FBT003 - a C Boolean
        self._tolerance = self.binary.description.tolerance or DEFAULT_TOLERANCE
        self._size(0, 0)

    def _size(self, states: int, indicators: int) -> None:
        """Lay out the numbers that go to and from C."""
        self.state_count = states
        self._states = _Vector(states)
        self._rates = _Vector(states)
        self._scales = _Vector(states)
        self._indicators = _Vector(indicators)

    @abstractmethod
    def _measure(self) -> None:
        """Find out how many states and event indicators there are."""

    def restore_state(self, state: State) -> None:
        """Return to a saved state, also in an instance that was never initialised."""
        super().restore_state(state)
        self._measure()

    def _begin(self, tolerance: float | None) -> None:
        """Settle the first event, after the initialisation."""
        self._measure()
        if tolerance is not None:
            self._tolerance = tolerance
        self.settle()

    def settle(self) -> None:
        """Go through the event that new inputs cause."""
        try:
            found = iterate_event(self)
        except IntegrationError as error:
            self._give_up(error)
        if found.terminated:
            self.fail("it asked to end the simulation")

    def step(self, time: float, length: float) -> Step:
        """Integrate from local `time` by `length` (s, positive).

        Raises FmuError where the FMU reports an error, or the integrator cannot go on.
        """
        self.time = time
        try:
            reached = integrate(self, time, time + length, self._tolerance)
        except IntegrationError as error:
            self._give_up(error)
        self.time = reached.time
        return Step(reached.time, early=reached.terminated, terminated=reached.terminated)

    def _give_up(self, error: IntegrationError) -> NoReturn:
        if error.time is not None:
            self.time = error.time
        self.fail(str(error))

    def _done(self, function: CFunction, name: str, *arguments: Any) -> None:  # noqa: ANN401
        status = function(self._handle, *arguments)
        if status > WARNING:
            self.fail_call(name, status)

    def enter_continuous(self) -> None:
        """Leave event mode."""
        self._done(self._modes["EnterContinuousTimeMode"], "EnterContinuousTimeMode")

    def enter_event(self) -> None:
        """Go back to event mode."""
        self._done(self._modes["EnterEventMode"], "EnterEventMode")

    def read_states(self) -> np.ndarray:
        """Return a copy of the continuous states, shape (state_count,)."""
        return self._read(self._moving["GetContinuousStates"], "GetContinuousStates", self._states)

    def read_nominals(self) -> np.ndarray:
        """Return the states' nominal values, shape (state_count,)."""
        (function,) = self.binary.functions("GetNominalsOfContinuousStates")
        return self._read(function, "GetNominalsOfContinuousStates", self._scales)

    def derive(self) -> np.ndarray:
        """Return a copy of the derivatives, shape (state_count,)."""
        return self._read(self._derive, self._derivatives_name, self._rates)

    def indicate(self) -> np.ndarray:
        """Return a copy of the event indicators."""
        return self._read(
            self._moving["GetEventIndicators"], "GetEventIndicators", self._indicators
        )

    def _read(self, function: CFunction, name: str, into: _Vector) -> np.ndarray:
        if into.values.size:
            self._done(function, name, *into.arguments)
        return into.values.copy()

    def move(self, time: float, states: np.ndarray) -> None:
        """Set time (s) and states."""
        self.time = self._now.value = time
        self._done(self._moving["SetTime"], "SetTime", self._now)
        if states.size:
            self._states.values[:] = states
            name = "SetContinuousStates"
            self._done(self._moving[name], name, *self._states.arguments)

    def complete_step(self) -> tuple[bool, bool]:
        """Tell that an integrator step is done, where the FMU wants to know."""
        if not self.binary.description.capabilities.completed_step:
            return False, False
        name = "CompletedIntegratorStep"
        event, end = self._asked_event, self._asked_end
        self._done(self._modes[name], name, self._kept, ctypes.byref(event), ctypes.byref(end))
        return bool(event.value), bool(end.value)

    @abstractmethod
    def update_discrete(self) -> Discrete:
        """Iterate an event once, in event mode."""
