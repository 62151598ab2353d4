"""From one communication point to the next through a model that only gives its derivatives.

RK45 (scipy's; Dormand and Prince, order 5) integrates from event to event, and Radau (IIA, order 5,
implicit) takes over for the rest of an arc that turns out to be stiff. State events are found where
an event indicator changes its sign between two of its steps, and located by bisection on its
interpolation; time events end an arc at their own time.

An arc begins with nothing but the model's state, so what is saved and restored goes on with the
same bits. Both methods are one-step: beginning anew at every communication point costs no accuracy,
where a multistep method begins at order 1 and adds the error of that start at each.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

DEFAULT_TOLERANCE: Final = 1e-6
"""Relative, where neither the FMU nor the line asks for one."""
_ABSOLUTE: Final = 0.01
"""The absolute tolerance of a state is this part of relative tolerance times nominal value."""
_CROWD: Final = 1000
"""Events that together gain no time, or iterations of one event, before the model is given up."""
_LEAST_GAIN: Final = 1e-9
"""Part of a communication step that is no time: a ball whose bounces add up to less lies still."""
_MOST_STEPS: Final = 1_000_000
"""Steps of the integrator within one arc, before the model is given up: some minutes."""
_SMALLEST_GAIN: Final = 4.0 * sys.float_info.epsilon
_STABLE: Final = 3.25
"""Where RK45's region of stability ends on the negative real axis (Hairer and Wanner, dopri5)."""
_STIFF_STEPS: Final = 15
"""Steps at that edge that make a model stiff (dopri5's IASTI)."""
_CALM_STEPS: Final = 6
"""Steps in a row away from it that begin the count anew (dopri5's NONSTI)."""


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
    at = since = begin
    crowd = 0
    found = iterate_event(model)
    while not found.terminated and at < end:
        stop = end if found.next_time is None else min(end, max(at, found.next_time))
        reached = Reached(at, event=True, terminated=False)
        if stop > at:
            model.enter_continuous()
            reached = _arc(model, at, stop, tolerance)
            model.enter_event()
        crowd += 1
        if reached.time > since + max(since * _SMALLEST_GAIN, (end - begin) * _LEAST_GAIN):
            since, crowd = reached.time, 0
        if crowd > _CROWD:
            raise IntegrationError(f"{_CROWD} events in a row gained no time", reached.time)
        at = reached.time
        found = iterate_event(model)
        if reached.terminated:
            return Reached(at, event=True, terminated=True)
    return Reached(at, event=False, terminated=found.terminated)


def _arc(model: Dynamics, begin: float, end: float, tolerance: float) -> Reached:
    """Integrate in continuous-time mode from `begin` to the next event, at most to `end` (s)."""
    model.move(begin, model.read_states())
    # before the solver, which moves the model to choose its first step
    signs = model.indicate() > 0.0
    solver = _Solver(model, begin, end, tolerance)
    for _ in range(_MOST_STEPS):
        before = solver.time
        solver.step()
        model.move(solver.time, solver.states)
        if ((model.indicate() > 0.0) != signs).any():
            return _locate(model, solver, before, signs)
        event, terminated = model.complete_step()
        if event or terminated:
            return Reached(solver.time, event, terminated)
        if solver.finished:
            return Reached(end, event=False, terminated=False)
    reason = f"{_MOST_STEPS} steps did not lead from {begin:g} s to {end:g} s"
    raise IntegrationError(f"the integrator gave up: {reason}", solver.time)


class _Solver:
    """RK45 over one arc, and Radau from where the model turns out to be stiff."""

    def __init__(self, model: Dynamics, begin: float, end: float, tolerance: float) -> None:
        """Begin at `begin` (s), where the model stands; IntegrationError where it cannot."""
        self._model = model
        self._end = end
        self._count = model.state_count
        # the methods want a state: one that stands still
        states = model.read_states() if self._count else np.zeros(1)
        nominals = np.abs(model.read_nominals()) if self._count else np.ones(1)
        nominals[nominals == 0.0] = 1.0
        if not np.isfinite(states).all():
            raise IntegrationError("the integrator gave up: the states are not finite", begin)
        self._tolerances = {"rtol": tolerance, "atol": _ABSOLUTE * tolerance * nominals}
        from scipy.integrate import RK45, Radau

        self._explicit, self._implicit = RK45, Radau
        self._watched = True
        self._edge = self._calm = 0
        whole = None if self._count else end - begin
        with np.errstate(all="ignore"):
            self._method = self._explicit(
                self._derivatives, begin, states, end, first_step=whole, **self._tolerances
            )
        # it would look for a step without end
        if not np.isfinite(self._method.f).all():
            raise IntegrationError("the integrator gave up: the derivatives are not finite", begin)

    def _derivatives(self, time: float, values: np.ndarray) -> np.ndarray:
        self._model.move(time, values[: self._count])
        return self._model.derive() if self._count else np.zeros(1)

    @property
    def time(self) -> float:
        """The time reached (s)."""
        return float(self._method.t)

    @property
    def states(self) -> np.ndarray:
        """The states reached, shape (state_count,)."""
        reached: np.ndarray = self._method.y[: self._count]
        return reached

    @property
    def finished(self) -> bool:
        """Whether the end of the arc is reached."""
        return bool(self._method.status == "finished")

    def step(self) -> None:
        """Take one step; IntegrationError where the method gives up."""
        if self._edge >= _STIFF_STEPS:
            self._edge, self._watched = 0, False
            self._method = self._implicit(
                self._derivatives, self._method.t, self._method.y, self._end, **self._tolerances
            )
        before = self.time
        try:
            # a trial step may go where the model has no finite rates; it is refused, and shortened
            with np.errstate(all="ignore"):
                reason = self._method.step()
        except ValueError as error:  # of linear algebra, from numbers that are not finite
            raise IntegrationError(f"the integrator gave up: {error}", before) from error
        if self._method.status == "failed":
            raise IntegrationError(f"the integrator gave up: {reason}", before)
        if self._watched:
            self._watch()

    def _watch(self) -> None:
        """Count steps that stability bounds: step times the fastest rate is at its limit.

        That rate is estimated from the last two stages, both at the end of the step (Hairer and
        Wanner, Solving Ordinary Differential Equations II, IV.2).
        """
        method = self._method
        stages, last = method.K, method.n_stages - 1
        length = method.t - method.t_old
        other = method.y_old + length * (stages[:last].T @ method.A[last, :last])
        apart = float(np.linalg.norm(method.y - other))
        if length * float(np.linalg.norm(stages[last + 1] - stages[last])) > _STABLE * apart > 0.0:
            self._edge, self._calm = self._edge + 1, 0
        elif self._edge:
            self._calm += 1
            if self._calm == _CALM_STEPS:
                self._edge = self._calm = 0

    def interpolation(self) -> Callable[[float], np.ndarray]:
        """Return the states, shape (state_count,), as a function of time within the last step."""
        inside = self._method.dense_output()
        return lambda time: inside(time)[: self._count]


def _locate(model: Dynamics, solver: _Solver, before: float, signs: np.ndarray) -> Reached:
    """Bring the model to the first time after which an indicator has another sign."""
    inside = solver.interpolation()
    low, high, states = before, solver.time, solver.states
    while high - low > _SMALLEST_GAIN * max(abs(low), abs(high)):
        middle = 0.5 * (low + high)
        if not low < middle < high:
            break
        there = inside(middle)
        model.move(middle, there)
        if ((model.indicate() > 0.0) != signs).any():
            high, states = middle, there
        else:
            low = middle
    model.move(high, states)
    _, terminated = model.complete_step()
    return Reached(high, event=True, terminated=terminated)
