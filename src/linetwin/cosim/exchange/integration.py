"""From one communication point to the next through a model that only gives its derivatives.

LSODA (scipy's; Adams methods, and BDF where it finds the model stiff) integrates from event to
event. State events are found where an event indicator changes its sign between two of its steps,
and located by bisection on its interpolation; time events end an arc at their own time. An arc
begins with nothing but the model's state, so what is saved and restored goes on with the same bits.
"""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

import numpy as np

from linetwin.errors import FmuError

if TYPE_CHECKING:
    from collections.abc import Callable

DEFAULT_TOLERANCE: Final = 1e-6
"""Relative, where neither the FMU nor the line asks for one."""
_ABSOLUTE: Final = 0.01
"""The absolute tolerance of a state is this part of relative tolerance times nominal value."""
_CROWD: Final = 1000
"""Events in a row that gain no time, or iterations of one event, before the model is given up."""
_MOST_STEPS: Final = 1_000_000
"""Steps of the integrator within one arc, before the model is given up: half a minute."""
_SMALLEST_GAIN: Final = 4.0 * sys.float_info.epsilon
_LSODA: Final = threading.Lock()
"""LSODA keeps its state in one place for the whole process."""


class IntegrationError(Exception):
    """The integration cannot go on from `time` (s); becomes an FmuError of the instance."""

    def __init__(self, message: str, time: float | None = None) -> None:
        super().__init__(message)
        self.time = time


class Discrete(NamedTuple):
    """What an event brought: another iteration, an end, and the time (s) of the next one."""

    again: bool
    terminated: bool
    next_time: float | None


class Dynamics(Protocol):
    """A model in event mode or in continuous-time mode; `state_count` may be 0."""

    state_count: int

    def update_discrete(self) -> Discrete:
        """Iterate an event once, in event mode."""
        ...

    def enter_continuous(self) -> None:
        """Leave event mode."""
        ...

    def enter_event(self) -> None:
        """Go back to event mode."""
        ...

    def read_states(self) -> np.ndarray:
        """Return a copy of the continuous states, shape (state_count,)."""
        ...

    def read_nominals(self) -> np.ndarray:
        """Return the states' nominal values, shape (state_count,)."""
        ...

    def move(self, time: float, states: np.ndarray) -> None:
        """Set time (s) and states."""
        ...

    def derive(self) -> np.ndarray:
        """Return a copy of the derivatives, shape (state_count,)."""
        ...

    def indicate(self) -> np.ndarray:
        """Return a copy of the event indicators."""
        ...

    def complete_step(self) -> tuple[bool, bool]:
        """Tell that an integrator step is done; return whether an event, or the end, is asked."""
        ...


class Reached(NamedTuple):
    """Where a model stands (s), whether an event is due there, and whether it wants to end."""

    time: float
    event: bool
    terminated: bool


def load_integrator() -> Callable[..., Any]:
    """Return scipy's LSODA; FmuError where scipy is not installed."""
    try:
        from scipy.integrate import LSODA
    except ModuleNotFoundError as error:
        raise FmuError(
            "a model-exchange FMU needs scipy: pip install linetwin[exchange]"
        ) from error
    integrator: Callable[..., Any] = LSODA
    return integrator


def iterate_event(model: Dynamics) -> Discrete:
    """Iterate the event at the present time until nothing changes any more.

    Raises IntegrationError where that does not end.
    """
    for _ in range(_CROWD):
        found = model.update_discrete()
        if found.terminated or not found.again:
            return found
    raise IntegrationError(f"an event did not settle in {_CROWD} iterations")


def integrate(model: Dynamics, begin: float, end: float, tolerance: float) -> Reached:
    """Take a model in event mode from `begin` to `end` (s), through all events on the way.

    It is in event mode again afterwards, with the events at the time reached settled. Raises
    FmuError where the integrator gives up, or where events gain no time.
    """
    at = begin
    crowd = 0
    found = iterate_event(model)
    while not found.terminated and at < end:
        stop = end if found.next_time is None else min(end, max(at, found.next_time))
        reached = Reached(at, event=True, terminated=False)
        if stop > at:
            model.enter_continuous()
            reached = _arc(model, at, stop, tolerance)
            model.enter_event()
        crowd = 0 if reached.time > at * (1.0 + _SMALLEST_GAIN) else crowd + 1
        if crowd > _CROWD:
            raise IntegrationError(f"{_CROWD} events in a row gained no time", reached.time)
        at = reached.time
        found = iterate_event(model)
        if reached.terminated:
            return Reached(at, event=True, terminated=True)
    return Reached(at, event=False, terminated=found.terminated)


def _arc(model: Dynamics, begin: float, end: float, tolerance: float) -> Reached:
    """Integrate in continuous-time mode from `begin` to the next event, at most to `end` (s)."""
    count = model.state_count
    # LSODA wants a state: one that stands still
    states = model.read_states() if count else np.zeros(1)
    nominals = np.abs(model.read_nominals()) if count else np.ones(1)
    nominals[nominals == 0.0] = 1.0

    def derivatives(time: float, values: np.ndarray) -> np.ndarray:
        model.move(time, values[:count])
        return model.derive() if count else np.zeros(1)

    with _LSODA:
        solver = load_integrator()(
            derivatives,
            begin,
            states,
            end,
            rtol=tolerance,
            atol=_ABSOLUTE * tolerance * nominals,
        )
        signs = model.indicate() > 0.0
        for _ in range(_MOST_STEPS):
            before = solver.t
            reason = solver.step()
            if solver.status == "failed" or not np.isfinite(solver.y).all():
                cause = reason or "the states are not finite"
                raise IntegrationError(f"the integrator gave up: {cause}", before)
            model.move(solver.t, solver.y[:count])
            changed = (model.indicate() > 0.0) != signs
            if changed.any():
                return _locate(model, solver, before, signs)
            event, terminated = model.complete_step()
            if event or terminated:
                return Reached(solver.t, event, terminated)
            if solver.status == "finished":
                return Reached(end, event=False, terminated=False)
    reason = f"{_MOST_STEPS} steps did not lead from {begin:g} s to {end:g} s"
    raise IntegrationError(f"the integrator gave up: {reason}", solver.t)


def _locate(model: Dynamics, solver: Any, before: float, signs: np.ndarray) -> Reached:  # noqa: ANN401
    """Bring the model to the first time after which an indicator has another sign."""
    count = model.state_count
    inside = solver.dense_output()
    low, high, states = before, solver.t, solver.y
    while high - low > _SMALLEST_GAIN * max(abs(low), abs(high)):
        middle = 0.5 * (low + high)
        if not low < middle < high:
            break
        there = inside(middle)
        model.move(middle, there[:count])
        if ((model.indicate() > 0.0) != signs).any():
            high, states = middle, there
        else:
            low = middle
    model.move(high, states[:count])
    _, terminated = model.complete_step()
    return Reached(high, event=True, terminated=terminated)
