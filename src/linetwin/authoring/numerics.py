"""The functions of a model, as CasADi functions shared by the C code and by the reference.

All take (t, z, d, u, p): time, unknowns z = (states, algebraics), discretes, inputs, parameters.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import casadi as ca

from linetwin.authoring.variables import Kind, Variable

if TYPE_CHECKING:
    from linetwin.authoring.model import Model


@dataclass(frozen=True)
class Functions:
    """A model's functions f = (derivatives, residuals), their derivatives, outputs and events.

    Attributes:
        rhs: -> f.
        jacobian: -> f, sparse df/dz, dense df/dt.
        outputs: -> y.
        guards: -> g, a transition is due while its guard is positive.
        jump: -> matrix, column e holds (states, discretes) after transition e.
        directional: (..., dz, dd, du, dp) -> df, dy.
        constants: (d, u, p) -> what the steps need and no step changes.
        stepping: rhs, jacobian and guards as (t, z, d, u, p, constants) -> the same, for C.
        sparsity: of df/dz.
        depends_on_time: whether df/dt is structurally other than zero.
    """

    rhs: ca.Function
    jacobian: ca.Function
    outputs: ca.Function
    guards: ca.Function
    jump: ca.Function
    directional: ca.Function
    constants: ca.Function
    stepping: tuple[ca.Function, ...]
    sparsity: ca.Sparsity
    depends_on_time: bool

    def all(self) -> list[ca.Function]:
        """Return the functions in the order in which C code is generated."""
        return [self.constants, *self.stepping, self.outputs, self.jump, self.directional]


def build_functions(model: Model) -> Functions:
    """Build the functions of a checked model."""
    z = _symbols(model.of_kind(Kind.STATE, Kind.ALGEBRAIC))
    d, u, p = (_symbols(model.of_kind(k)) for k in (Kind.DISCRETE, Kind.INPUT, Kind.PARAMETER))
    arguments = [model.time, z, d, u, p]
    f = ca.vertcat(
        *(model.derivatives[v.name] for v in model.of_kind(Kind.STATE)),
        *(model.residuals[v.name] for v in model.of_kind(Kind.ALGEBRAIC)),
    )
    f = ca.cse(_column(f))  # formulas built twice are then differentiated and computed once
    y = _column(ca.vertcat(*(model.outputs[v.name] for v in model.of_kind(Kind.OUTPUT))))
    g = _column(ca.vertcat(*(transition.guard for transition in model.transitions)))
    dfdz, dfdt = ca.jacobian(f, z), ca.jacobian(f, model.time)
    seeds = [ca.SX.sym(f"d{k}", s.numel()) for k, s in zip("zdup", (z, d, u, p), strict=True)]
    point, seed = ca.vertcat(z, d, u, p), ca.vertcat(*seeds)
    df, dy = (ca.densify(ca.jtimes(e, point, seed)) for e in (f, y))
    jacobian, once = [f, dfdz, ca.densify(dfdt)], {"cse": True}
    constants, stepping = _hoisted(arguments, [*jacobian, g])
    return Functions(
        rhs=ca.Function("model_rhs", arguments, [f], once),
        jacobian=ca.Function("model_jacobian", arguments, jacobian, once),
        outputs=ca.Function("model_outputs", arguments, [y], once),
        guards=ca.Function("model_guards", arguments, [g], once),
        jump=ca.Function("model_jump", arguments, [_jump(model)], once),
        directional=ca.Function("model_directional", arguments + seeds, [df, dy], once),
        constants=constants,
        stepping=stepping,
        sparsity=dfdz.sparsity(),
        depends_on_time=dfdt.nnz() > 0,
    )


def _hoisted(
    arguments: list[ca.SX], results: list[ca.SX]
) -> tuple[ca.Function, tuple[ca.Function, ...]]:
    """Take out of (f, df/dz, df/dt, g) whatever follows from discretes, inputs and parameters.

    Return the function of these constants, and rhs, jacobian and guards that are given them.
    """
    (f, dfdz, dfdt, g), symbols, parts = ca.extract_parametric(ca.cse(results), arguments[2:])
    given, once = [*arguments, _column(ca.vertcat(*symbols))], {"cse": True}
    constants = _column(ca.vertcat(*parts))
    return ca.Function("model_constants", arguments[2:], [constants], once), (
        ca.Function("model_rhs", given, [f], once),
        ca.Function("model_jacobian", given, [f, dfdz, dfdt], once),
        ca.Function("model_guards", given, [g], once),
    )


def _jump(model: Model) -> ca.SX:
    targets = model.of_kind(Kind.STATE, Kind.DISCRETE)
    columns = []
    for transition in model.transitions:
        assigned = dict(transition.assignments)
        columns.append(ca.vertcat(*(assigned.get(v.name, v.symbol) for v in targets)))
    return ca.densify(ca.horzcat(*columns)) if columns else ca.SX(len(targets), 0)


def _symbols(variables: list[Variable]) -> ca.SX:
    return _column(ca.vertcat(*(v.symbol for v in variables)))


def _column(expression: ca.SX) -> ca.SX:
    """Return a dense column; CasADi's empty vertcat is 0x0, which jacobian() would not take."""
    return ca.densify(ca.reshape(ca.SX(expression), expression.numel(), 1))


def input_dependencies(model: Model, functions: Functions) -> dict[str, list[str]]:
    """Return, for each output and algebraic variable, the inputs it depends on at once.

    The dependence runs through the algebraic variables, all of which are taken as coupled.
    """
    z, u = functions.jacobian.size1_in(1), functions.jacobian.size1_in(3)
    inputs = [v.name for v in model.of_kind(Kind.INPUT)]
    states = len(model.of_kind(Kind.STATE))
    through: set[int] = set()
    f_u = functions.rhs.jac_sparsity(0, 3)
    for row, column in zip(*f_u.get_triplet(), strict=True):
        if row >= states:
            through.add(column)
    found = {v.name: sorted(through) for v in model.of_kind(Kind.ALGEBRAIC)}
    y_u, y_z = functions.outputs.jac_sparsity(0, 3), functions.outputs.jac_sparsity(0, 1)
    for index, variable in enumerate(model.of_kind(Kind.OUTPUT)):
        direct = {c for r, c in zip(*y_u.get_triplet(), strict=True) if r == index and c < u}
        coupled = any(
            r == index and states <= c < z for r, c in zip(*y_z.get_triplet(), strict=True)
        )
        found[variable.name] = sorted(direct | through) if coupled else sorted(direct)
    return {name: [inputs[i] for i in indices] for name, indices in found.items()}
