"""The same model integrated by scipy, as an independent check of the C runtime.

Nothing is shared with the runtime but the symbolic equations: Radau instead of a Rosenbrock
method, algebraic variables eliminated by Newton inside the right-hand side, scipy's root finder
for events. For tests: this module, unlike the rest of the package, needs NumPy and scipy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from linetwin.authoring.numerics import build_functions
from linetwin.authoring.variables import Kind
from linetwin.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from linetwin.authoring.model import Model

    Vector = NDArray[np.floating[Any]]
    Phase = tuple[Mapping[str, float], float]

_TRANSITIONS_AT_ONE_INSTANT = 100
_SOLVED = 1e-13  # Newton's step relative to the variable
_NEARLY_ZERO = 1e-300
_FLICKER = 1e-10  # accepted where rounding hinders further progress


class ReferenceModel:
    """A model integrated by scipy's Radau; `events` lists (time in s, name) of the last run."""

    def __init__(self, model: Model) -> None:
        model.check()
        self.model = model
        self.events: list[tuple[float, str]] = []

    def simulate(
        self,
        start: Mapping[str, float],
        phases: Sequence[Phase],
        parameters: Mapping[str, float] | None = None,
        rtol: float = 1e-9,
    ) -> list[dict[str, float]]:
        """Integrate phase by phase.

        Args:
            start: start values of states, algebraics (guesses) and discretes; others by default.
            phases: (inputs, duration in s); an input keeps its value until it is given again.
            parameters: values other than the defaults.
            rtol: relative tolerance; the absolute one is rtol times the nominal value.

        Returns:
            One dict at the end of each phase, with every state, algebraic, discrete, output and
            `time` in s.

        Raises:
            ModelError: for unknown names, or where scipy or Newton's method fails.
        """
        self._refuse_unknown(start, Kind.STATE, Kind.ALGEBRAIC, Kind.DISCRETE)
        self._refuse_unknown(parameters or {}, Kind.PARAMETER)
        for inputs, _ in phases:
            self._refuse_unknown(inputs, Kind.INPUT)
        system = _System(self.model, {**start, **(parameters or {})})
        run = _Run(self.model, system, rtol)
        results = []
        for inputs, duration in phases:
            system.set_inputs(inputs)
            run.advance(duration)
            results.append(run.values())
        self.events = run.events
        return results

    def _refuse_unknown(self, given: Mapping[str, float], *kinds: Kind) -> None:
        unknown = sorted(set(given) - {v.name for v in self.model.of_kind(*kinds)})
        if unknown:
            raise ModelError(f"no {kinds[0].value} {', '.join(unknown)} to set", self.model.name)


class _System:
    """The model with its inputs, discretes and parameters filled in: an ODE for the states."""

    def __init__(self, model: Model, given: Mapping[str, float]) -> None:
        def vector(kind: Kind) -> Vector:
            return np.array([given.get(v.name, v.start) for v in model.of_kind(kind)], float)

        self.model = model
        self.functions = build_functions(model)
        self.start = vector(Kind.STATE)
        self.algebraics = vector(Kind.ALGEBRAIC)
        self.discretes = vector(Kind.DISCRETE)
        self.inputs = vector(Kind.INPUT)
        self.parameters = vector(Kind.PARAMETER)
        self.nominal = np.array([v.nominal for v in model.of_kind(Kind.ALGEBRAIC)])

    def set_inputs(self, given: Mapping[str, float]) -> None:
        for index, variable in enumerate(self.model.of_kind(Kind.INPUT)):
            self.inputs[index] = given.get(variable.name, self.inputs[index])

    def rhs(self, t: float, x: Vector) -> Vector:
        f = self.functions.rhs(*self._at(t, x, self.solve(t, x)))
        return _flat(f)[: x.size]

    def jacobian(self, t: float, x: Vector) -> Vector:
        """Return d(rhs)/dx with the algebraic variables eliminated."""
        full = np.array(self.functions.jacobian(*self._at(t, x, self.solve(t, x)))[1])
        n = x.size
        if full.shape[0] == n:
            return full
        reduced: Vector = full[:n, :n] - full[:n, n:] @ np.linalg.solve(full[n:, n:], full[n:, :n])
        return reduced

    def solve(self, t: float, x: Vector) -> Vector:
        """Return the algebraic variables at (t, x) by damped Newton from the last solution."""
        a, size = self.algebraics.copy(), np.inf
        for _ in range(100 if a.size else 0):
            f, jacobian, _f_t = self.functions.jacobian(*self._at(t, x, a))
            residual = _flat(f)[x.size :]
            step: Vector = -np.linalg.solve(np.array(jacobian)[x.size :, x.size :], residual)
            size = float(np.max(np.abs(step) / (self.nominal + np.abs(a))))
            a = a + step if size < _SOLVED else self._damped(t, x, a, step)
            if size < _SOLVED:
                break
        if a.size and not size < _FLICKER:
            raise ModelError("reference: Newton's method does not converge", self.model.name, t)
        self.algebraics = a
        return a

    def _damped(self, t: float, x: Vector, a: Vector, step: Vector) -> Vector:
        def norm(trial: Vector) -> float:
            residual = _flat(self.functions.rhs(*self._at(t, x, trial)))[x.size :]
            return float(np.linalg.norm(residual))

        before, fraction = norm(a), 1.0
        for _ in range(30):
            if norm(a + fraction * step) <= before:
                break
            fraction *= 0.5
        return a + fraction * step

    def guards(self, t: float, x: Vector) -> Vector:
        return _flat(self.functions.guards(*self._at(t, x, self.solve(t, x))))

    def jump(self, t: float, x: Vector, transition: int) -> Vector:
        """Take a transition: change the discretes, return the states."""
        column = _flat(self.functions.jump(*self._at(t, x, self.solve(t, x)))[:, transition])
        self.discretes = column[x.size :].copy()
        return column[: x.size].copy()

    def outputs(self, t: float, x: Vector) -> Vector:
        return _flat(self.functions.outputs(*self._at(t, x, self.solve(t, x))))

    def _at(self, t: float, x: Vector, a: Vector) -> list[float | Vector]:
        return [t, np.concatenate([x, a]), self.discretes, self.inputs, self.parameters]


class _Run:
    """One simulation: steps from event to event."""

    def __init__(self, model: Model, system: _System, rtol: float) -> None:
        self.model, self.system, self.rtol = model, system, rtol
        self.time, self.x = 0.0, system.start.copy()
        self.atol = rtol * np.array([v.nominal for v in model.of_kind(Kind.STATE)])
        self.events: list[tuple[float, str]] = []

    def advance(self, duration: float) -> None:
        """Go on by `duration` s."""
        end, standing = self.time + duration, 0
        self._settle()
        while self.time < end:
            before = self.time
            transition = self._integrate(end)
            if transition is not None:
                self._fire(transition)
            standing = standing + 1 if self.time == before else 0
            if standing > _TRANSITIONS_AT_ONE_INSTANT:
                raise ModelError("reference: event chatter", self.model.name, self.time)
            self._settle()

    def values(self) -> dict[str, float]:
        y = self.system.outputs(self.time, self.x)
        kinds = (Kind.STATE, Kind.ALGEBRAIC, Kind.DISCRETE, Kind.OUTPUT)
        names = [v.name for v in self.model.of_kind(*kinds)]
        numbers = [*self.x, *self.system.algebraics, *self.system.discretes, *y]
        return {"time": self.time, **dict(zip(names, map(float, numbers), strict=True))}

    def _integrate(self, end: float) -> int | None:
        """Integrate to `end` or to the next event; return the transition met."""
        from scipy.integrate import solve_ivp

        n = self.x.size  # scipy needs a state: a model without one gets a constant

        def rhs(t: float, x: Vector) -> Vector:
            return self.system.rhs(t, x) if n else np.zeros_like(x)

        def jacobian(t: float, x: Vector) -> Vector:
            return self.system.jacobian(t, x) if n else np.zeros((1, 1))

        result = solve_ivp(
            rhs,
            (self.time, end),
            self.x if n else np.zeros(1),
            method="Radau",
            rtol=self.rtol,
            atol=self.atol if n else self.rtol,
            jac=jacobian,
            events=[self._guard(index) for index in range(len(self.model.transitions))],
        )
        if result.status < 0:
            raise ModelError(f"reference: {result.message}", self.model.name, self.time)
        self.time, self.x = float(result.t[-1]), result.y[:n, -1].copy()
        met = [i for i, times in enumerate(result.t_events or []) if len(times)]
        return met[0] if met else None

    def _guard(self, index: int) -> Callable[[float, Vector], float]:
        def guard(t: float, x: Vector) -> float:
            value = float(self.system.guards(t, x[: self.x.size])[index])
            # scipy takes a guard that rests at zero for a crossing; only a positive one is due
            return -_NEARLY_ZERO if value == 0.0 else value

        guard.terminal = True  # type: ignore[attr-defined]
        guard.direction = 1.0  # type: ignore[attr-defined]
        return guard

    def _fire(self, transition: int) -> None:
        self.x = self.system.jump(self.time, self.x, transition)
        self.events.append((self.time, self.model.transitions[transition].name))

    def _settle(self) -> None:
        for _ in range(_TRANSITIONS_AT_ONE_INSTANT):
            guards = self.system.guards(self.time, self.x)
            if np.any(np.isnan(guards)):
                raise ModelError("reference: a guard is not a number", self.model.name, self.time)
            due = np.flatnonzero(guards > 0.0)
            if not due.size:
                return
            self._fire(int(due[0]))
        raise ModelError("reference: event chatter", self.model.name, self.time)


def _flat(matrix: object) -> Vector:
    return np.array(matrix, float).reshape(-1)
