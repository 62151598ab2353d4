"""A model as symbolic equations: what an author writes in `fmus/<name>/model.py`."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Unpack

import casadi as ca

from linetwin.authoring.variables import Facts, Fields, Kind, Variable, make_variable
from linetwin.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Mapping

Expression = ca.SX | float | int


@dataclass(frozen=True)
class Transition:
    """What happens while a guard is positive: assignments from old values, maybe a stop."""

    name: str
    guard: ca.SX
    assignments: tuple[tuple[str, ca.SX], ...]
    stop: bool


class Model:
    """A differential-algebraic model with events, built up by calls and checked by `check`.

    Each method that declares a variable returns its CasADi symbol, a scalar SX, and takes the
    `Facts` about it as keywords: minimum, maximum, meaning, tag (V, D, M or A) and source.
    """

    def __init__(
        self,
        name: str,
        *,
        title: str = "",
        description: str = "",
        version: str = "1.0",
        validity: str = "",
    ) -> None:
        if not name.isidentifier() or not name.isascii():
            raise ModelError(f"model {name!r}: the name must be a plain identifier")
        self.name = name
        self.title = title or name
        self.description = description
        self.version = version
        self.validity = validity
        self.time = ca.SX.sym("time")
        self.variables: dict[str, Variable] = {}
        self.derivatives: dict[str, ca.SX] = {}
        self.residuals: dict[str, ca.SX] = {}
        self.outputs: dict[str, ca.SX] = {}
        self.transitions: list[Transition] = []

    def input(
        self,
        name: str,
        unit: str,
        *,
        start: float = 0.0,
        integer: bool = False,
        enumeration: Mapping[str, int] | None = None,
        **facts: Unpack[Facts],
    ) -> ca.SX:
        """Declare a value set from outside and held over a step; out of range clears `valid`."""
        if enumeration:
            facts = {"minimum": min(enumeration.values()), **facts}
            facts = {"maximum": max(enumeration.values()), **facts}
        fields = Fields(start, integer=integer or bool(enumeration), enumeration=enumeration)
        return self._declare(name, Kind.INPUT, unit, fields, facts)

    def parameter(
        self, name: str, unit: str, value: float, *, tunable: bool = False, **facts: Unpack[Facts]
    ) -> ca.SX:
        """Declare a constant of a simulation; `tunable` ones may change between steps."""
        return self._declare(name, Kind.PARAMETER, unit, Fields(value, tunable=tunable), facts)

    def state(
        self,
        name: str,
        unit: str,
        *,
        start: float = 0.0,
        nominal: float = 1.0,
        **facts: Unpack[Facts],
    ) -> ca.SX:
        """Declare a continuous state; `nominal` is its typical size, the measure of its error."""
        return self._declare(name, Kind.STATE, unit, Fields(start, nominal), facts)

    def algebraic(
        self,
        name: str,
        unit: str,
        *,
        start: float = 0.0,
        nominal: float = 1.0,
        **facts: Unpack[Facts],
    ) -> ca.SX:
        """Declare an unknown of a residual; `start` is where the first Newton iteration begins."""
        return self._declare(name, Kind.ALGEBRAIC, unit, Fields(start, nominal), facts)

    def discrete(
        self, name: str, unit: str, *, start: float = 0.0, **facts: Unpack[Facts]
    ) -> ca.SX:
        """Declare a value that changes at events only."""
        return self._declare(name, Kind.DISCRETE, unit, Fields(start), facts)

    def output(
        self,
        name: str,
        unit: str,
        expression: Expression,
        *,
        nominal: float = 1.0,
        **facts: Unpack[Facts],
    ) -> ca.SX:
        """Declare a computed value; the expression itself is returned for further use."""
        scalar = _scalar(expression, f"output {name!r}")
        self._declare(name, Kind.OUTPUT, unit, Fields(math.nan, nominal), facts)
        self.outputs[name] = scalar
        return scalar

    def der(self, state: ca.SX, expression: Expression) -> None:
        """State that d(state)/dt = expression; once for each state."""
        self._equation(state, expression, Kind.STATE, self.derivatives)

    def residual(self, algebraic: ca.SX, expression: Expression) -> None:
        """State that 0 = expression determines the algebraic variable; once for each."""
        self._equation(algebraic, expression, Kind.ALGEBRAIC, self.residuals)

    def when(
        self,
        name: str,
        guard: Expression,
        assignments: Mapping[ca.SX, Expression],
        *,
        stop: bool = False,
    ) -> None:
        """Make the assignments whenever `guard` > 0 (a level, not an edge).

        The assignments must make the guard non-positive, otherwise the runtime reports chatter.
        Transitions due at the same instant are taken one after another in order of declaration.

        Args:
            name: what messages call the transition.
            guard: its zero crossing is located in time.
            assignments: new values of discrete variables and states, from the old values.
            stop: return early from the step at that instant, where the importer allows it.
        """
        if any(transition.name == name for transition in self.transitions):
            raise ModelError(f"model {self.name!r}: two transitions are called {name!r}")
        if not assignments:
            raise ModelError(
                f"transition {name!r} assigns nothing, so it would stay due for ever;"
                " assign a discrete variable that switches its guard off"
            )
        found = []
        for symbol, expression in assignments.items():
            variable = self._variable_of(symbol, f"transition {name!r}")
            if variable.kind not in (Kind.DISCRETE, Kind.STATE):
                raise ModelError(
                    f"transition {name!r} assigns {variable.name!r}, which is"
                    f" {variable.kind.value}; only discrete variables and states can be assigned"
                )
            found.append((variable.name, _scalar(expression, f"transition {name!r}")))
        scalar = _scalar(guard, f"guard of transition {name!r}")
        self.transitions.append(Transition(name, scalar, tuple(found), stop))

    def of_kind(self, *kinds: Kind) -> list[Variable]:
        """Return the variables of the given kinds, kind by kind, in order of declaration."""
        return [v for kind in kinds for v in self.variables.values() if v.kind is kind]

    def check(self) -> None:
        """Check that the model is complete.

        Raises:
            ModelError: when an equation is missing, or uses a symbol the model does not know.
        """
        for kind, equations, verb in (
            (Kind.STATE, self.derivatives, "der"),
            (Kind.ALGEBRAIC, self.residuals, "residual"),
        ):
            missing = [v.name for v in self.of_kind(kind) if v.name not in equations]
            if missing:
                raise ModelError(f"model {self.name!r}: no {verb}() for {', '.join(missing)}")
        if not self.variables:
            raise ModelError(f"model {self.name!r} has no variables")
        known = {v.name for v in self.variables.values()} | {"time"}
        for where, expression in self._expressions():
            for symbol in ca.symvar(expression):
                declared = self.time if symbol.name() == "time" else self._symbol(symbol.name())
                if symbol.name() not in known or declared is None or not _same(symbol, declared):
                    raise ModelError(
                        f"model {self.name!r}: {where} uses the symbol {symbol.name()!r},"
                        " which the model did not declare"
                    )

    def _expressions(self) -> list[tuple[str, ca.SX]]:
        found = [(f"the derivative of {n!r}", e) for n, e in self.derivatives.items()]
        found += [(f"the residual of {n!r}", e) for n, e in self.residuals.items()]
        found += [(f"output {n!r}", e) for n, e in self.outputs.items()]
        for transition in self.transitions:
            where = f"transition {transition.name!r}"
            found.append((where, transition.guard))
            found += [(where, expression) for _, expression in transition.assignments]
        return found

    def _symbol(self, name: str) -> ca.SX | None:
        variable = self.variables.get(name)
        return None if variable is None or variable.kind is Kind.OUTPUT else variable.symbol

    def _declare(self, name: str, kind: Kind, unit: str, fields: Fields, facts: Facts) -> ca.SX:
        if any(name.lower() == other.lower() for other in self.variables):
            raise ModelError(f"model {self.name!r}: two variables are called {name!r}")
        variable = make_variable(name, kind, unit, fields, facts)
        self.variables[name] = variable
        return variable.symbol

    def _variable_of(self, symbol: ca.SX, where: str) -> Variable:
        if symbol.is_scalar() and symbol.is_symbolic():
            declared = self.variables.get(symbol.name())
            if declared is not None and _same(symbol, declared.symbol):
                return declared
        raise ModelError(f"{where}: {symbol} is not a variable of model {self.name!r}")

    def _equation(
        self, symbol: ca.SX, expression: Expression, kind: Kind, equations: dict[str, ca.SX]
    ) -> None:
        variable = self._variable_of(symbol, "equation")
        if variable.kind is not kind:
            raise ModelError(f"{variable.name!r} is {variable.kind.value}, not {kind.value}")
        if variable.name in equations:
            raise ModelError(f"{variable.name!r} has two equations")
        equations[variable.name] = _scalar(expression, f"equation of {variable.name!r}")


def _scalar(expression: Expression, where: str) -> ca.SX:
    try:
        scalar = ca.SX(expression)
    except (NotImplementedError, TypeError) as error:
        raise ModelError(f"{where}: {expression!r} is not a CasADi SX expression") from error
    if not scalar.is_scalar():
        raise ModelError(f"{where}: the expression is {scalar.size1()}x{scalar.size2()}")
    return ca.densify(scalar)


def _same(left: ca.SX, right: ca.SX) -> bool:
    return bool(ca.is_equal(left, right, 0))
