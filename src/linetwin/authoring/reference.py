"""The same model integrated by scipy, as an independent check of the C runtime.

Nothing is shared with the runtime but the symbolic equations: Radau instead of a Rosenbrock
method, algebraic variables eliminated by Newton inside the right-hand side, scipy's root finder
for events. scipy and NumPy are needed for tests only and are imported where they are used.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from linetwin.authoring.model import Model
from linetwin.authoring.numerics import build_functions
from linetwin.authoring.variables import Kind
from linetwin.errors import ModelError

_TRANSITIONS_AT_ONE_INSTANT = 100


class ReferenceModel:
    """A model integrated by scipy's Radau; `events` lists (time in s, name) of the last run."""

    def __init__(self, model: Model) -> None:
        model.check()
        self.model = model
        self.events: list[tuple[float, str]] = []
        self._functions = build_functions(model)
        self._states = model.of_kind(Kind.STATE)
        self._algebraics = model.of_kind(Kind.ALGEBRAIC)
        self._discretes = model.of_kind(Kind.DISCRETE)

    def simulate(
        self,
        start: Mapping[str, float],
        phases: Sequence[tuple[Mapping[str, float], float]],
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
        self._check_names(start, phases, parameters or {})
        run = _Run(self, start, parameters or {}, rtol)
        results = []
        for inputs, duration in phases:
            run.set_inputs(inputs)
            run.advance(duration)
            results.append(run.values())
        self.events = run.events
        return results

    def _check_names(
        self,
        start: Mapping[str, float],
        phases: Sequence[tuple[Mapping[str, float], float]],
        parameters: Mapping[str, float],
    ) -> None:
        allowed = [v.name for v in self._states + self._algebraics + self._discretes]
        inputs = [v.name for v in self.model.of_kind(Kind.INPUT)]
        known = [v.name for v in self.model.of_kind(Kind.PARAMETER)]
        groups = [(start, allowed), (parameters, known)] + [(given, inputs) for given, _ in phases]
        for given, names in groups:
            unknown = sorted(set(given) - set(names))
            if unknown:
                raise ModelError(f"model {self.model.name!r} has no {', '.join(unknown)} to set")


class _Run:
    """One simulation: time, values, and the steps between events."""

    def __init__(
        self,
        reference: ReferenceModel,
        start: Mapping[str, float],
        parameters: Mapping[str, float],
        rtol: float,
    ) -> None:
        import numpy as np

        self.model = reference.model
        self.functions = reference._functions
        self.rtol = rtol
        self.time = 0.0
        self.events: list[tuple[float, str]] = []
        self.n_states = len(reference._states)

        def vector(kind: Kind, given: Mapping[str, float]) -> Any:
            return np.array([given.get(v.name, v.start) for v in self.model.of_kind(kind)], float)

        self.x, self.a = vector(Kind.STATE, start), vector(Kind.ALGEBRAIC, start)
        self.d, self.u = vector(Kind.DISCRETE, start), vector(Kind.INPUT, {})
        self.p = vector(Kind.PARAMETER, parameters)
        self.nominal = np.array([v.nominal for v in reference._states])
        self.nominal_a = np.array([v.nominal for v in reference._algebraics])

    def set_inputs(self, inputs: Mapping[str, float]) -> None:
        for index, variable in enumerate(self.model.of_kind(Kind.INPUT)):
            if variable.name in inputs:
                self.u[index] = inputs[variable.name]

    def advance(self, duration: float) -> None:
        """Go on by `duration` s, from event to event."""
        from scipy.integrate import solve_ivp

        end, standing = self.time + duration, 0
        self._settle()
        while self.time < end:
            events = [self._guard(index) for index in range(len(self.model.transitions))]
            if not self.n_states and not events:
                self.time = end
                break
            dummy = self.x if self.n_states else [0.0]
            result = solve_ivp(
                self._rhs if self.n_states else lambda t, x: [0.0],
                (self.time, end),
                dummy,
                method="Radau",
                rtol=self.rtol,
                atol=self.rtol * self.nominal if self.n_states else 1.0,
                jac=self._jacobian if self.n_states else None,
                events=events or None,
            )
            if result.status < 0:
                raise ModelError(f"reference: {result.message}", self.model.name, self.time)
            before, self.time = self.time, float(result.t[-1])
            self.x = result.y[: self.n_states, -1].copy()
            if result.status == 1:
                fired = next(i for i, times in enumerate(result.t_events) if len(times))
                self._fire(fired)
                standing = standing + 1 if self.time == before else 0
                if standing > _TRANSITIONS_AT_ONE_INSTANT:
                    raise ModelError("reference: event chatter", self.model.name, self.time)
            self._settle()
        self.a = self._algebraic(self.time, self.x)

    def values(self) -> dict[str, float]:
        z = [*self.x, *self.a]
        y = self.functions.outputs(self.time, z, self.d, self.u, self.p)
        names = self.model.of_kind(Kind.STATE, Kind.ALGEBRAIC, Kind.DISCRETE, Kind.OUTPUT)
        numbers = [*z, *self.d, *_flat(y)]
        return {"time": self.time} | {v.name: float(x) for v, x in zip(names, numbers, strict=True)}

    def _rhs(self, t: float, x: Any) -> Any:
        z = [*x, *self._algebraic(t, x)]
        return _flat(self.functions.rhs(t, z, self.d, self.u, self.p))[: self.n_states]

    def _jacobian(self, t: float, x: Any) -> Any:
        import numpy as np

        z, n = [*x, *self._algebraic(t, x)], self.n_states
        full = np.array(self.functions.jacobian(t, z, self.d, self.u, self.p)[1])
        if full.shape[0] == n:
            return full
        return full[:n, :n] - full[:n, n:] @ np.linalg.solve(full[n:, n:], full[n:, :n])

    def _algebraic(self, t: float, x: Any) -> Any:
        """Return the algebraic variables at (t, x) by damped Newton from the last solution."""
        import numpy as np

        n, a = self.n_states, self.a.copy()
        if not a.size:
            return a
        for _ in range(100):
            f, jacobian, _dt = self.functions.jacobian(t, [*x, *a], self.d, self.u, self.p)
            residual = _flat(f)[n:]
            step = -np.linalg.solve(np.array(jacobian)[n:, n:], residual)
            if np.max(np.abs(step) / (self.nominal_a + np.abs(a))) < 1e-13:
                self.a = a + step
                return self.a
            norm, fraction = np.linalg.norm(residual), 1.0
            while fraction > 1e-9:
                trial = a + fraction * step
                new = _flat(self.functions.rhs(t, [*x, *trial], self.d, self.u, self.p))[n:]
                if np.linalg.norm(new) <= norm or fraction * np.max(np.abs(step)) < 1e-14:
                    break
                fraction *= 0.5
            a = trial
        # the last digits may go on flickering; a step below 1e-10 counts as solved
        if np.max(np.abs(step) / (self.nominal_a + np.abs(a))) < 1e-10:
            self.a = a
            return a
        raise ModelError("reference: Newton's method does not converge", self.model.name, t)

    def _guards(self, t: float, x: Any) -> Any:
        z = [*x[: self.n_states], *self._algebraic(t, x[: self.n_states])]
        return _flat(self.functions.guards(t, z, self.d, self.u, self.p))

    def _guard(self, index: int) -> Any:
        def guard(t: float, x: Any) -> float:
            return float(self._guards(t, x)[index])

        guard.terminal = True  # type: ignore[attr-defined]
        guard.direction = 1.0  # type: ignore[attr-defined]
        return guard

    def _fire(self, index: int) -> None:
        z = [*self.x, *self._algebraic(self.time, self.x)]
        jump = self.functions.jump(self.time, z, self.d, self.u, self.p)
        column = _flat(jump[:, index])
        self.x, self.d = column[: self.n_states].copy(), column[self.n_states :].copy()
        self.events.append((self.time, self.model.transitions[index].name))

    def _settle(self) -> None:
        for _ in range(_TRANSITIONS_AT_ONE_INSTANT):
            guards = self._guards(self.time, self.x)
            due = next((i for i, g in enumerate(guards) if g > 0.0), None)
            if due is None:
                return
            if math.isnan(guards[due]):
                raise ModelError("reference: a guard is not a number", self.model.name, self.time)
            self._fire(due)
        raise ModelError("reference: event chatter", self.model.name, self.time)


def _flat(matrix: Any) -> Any:
    import numpy as np

    return np.array(matrix, float).reshape(-1)
