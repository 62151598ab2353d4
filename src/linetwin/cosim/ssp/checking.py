"""Whether a component's connectors are those of its FMU."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from linetwin.cosim.ssp.structure import GIVES, SOURCES
from linetwin.scenario.problems import nearest

if TYPE_CHECKING:
    from linetwin.cosim.description import Description, Variable
    from linetwin.cosim.ssp.findings import Findings
    from linetwin.cosim.ssp.structure import Component, Connector

_REAL: Final = frozenset({"Real", "Float64", "Float32"})
_WHOLE: Final = frozenset(
    {"Integer", "Enumeration"}
    | {f"{sign}Int{bits}" for sign in ("", "U") for bits in (8, 16, 32, 64)}
)


def check_component(component: Component, description: Description, findings: Findings) -> None:
    """Note connectors that the FMU does not have, or that it has as something else."""
    _check_implementation(component, description, findings)
    for connector in component.connectors.values():
        variable = description.variables.get(connector.name)
        if variable is None:
            hint = nearest(connector.name, description.variables, "variable")
            message = f"{description.name} has no variable '{connector.name}'"
            findings.wrong(connector.place, message, hint)
        else:
            _check_connector(connector, variable, findings)


def _check_implementation(
    component: Component, description: Description, findings: Findings
) -> None:
    wanted = component.implementation
    own = "ModelExchange" if description.exchange else "CoSimulation"
    if wanted in {"any", own}:
        return
    if wanted == "ModelExchange":
        text = "model exchange is asked for; the FMU's co-simulation is run"
        findings.note("implementation", text, component.place)
        return
    hint = f"any, or {own}, which {description.name} has"
    findings.wrong(component.place, f"implementation '{wanted}' cannot be run", hint)


def _check_connector(connector: Connector, variable: Variable, findings: Findings) -> None:
    takes = variable.causality in SOURCES
    if connector.kind in GIVES | SOURCES and (connector.kind in SOURCES) != takes:
        message = f"it is of kind {connector.kind}, the FMU's variable is of causality"
        hint = f"kind {variable.causality}"
        findings.wrong(connector.place, f"{message} {variable.causality}", hint)
    elif connector.kind not in {variable.causality, "inout", "unspecified"}:
        text = f"kind {connector.kind} where the FMU says {variable.causality}"
        findings.note("kind", text, connector.place)
    if connector.type is not None and _class(connector.type) != _class(variable.type):
        message = f"it is of type {connector.type}, the FMU's variable of type {variable.type}"
        findings.wrong(connector.place, message, f"type {variable.type}")
    if connector.dimensions and not variable.dimensions:
        message = f"it has {len(connector.dimensions)} dimensions, the FMU's variable none"
        findings.wrong(connector.place, message, "no Dimension")


def _class(name: str) -> str:
    """Return what types have in common between which a value passes as it is."""
    return "Real" if name in _REAL else "Integer" if name in _WHOLE else name
