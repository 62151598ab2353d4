"""Which variables of a group's members SSP can connect."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from linetwin.cosim.description import Variable
    from linetwin.cosim.groups.definition import Group, Terminal


def variable_of(group: Group, terminal: Terminal) -> Variable:
    """Return the variable of a terminal."""
    return group.member(terminal.member).description.variables[terminal.variable]


def connectable(group: Group, terminal: Terminal, version: str) -> bool:
    """Tell whether a variable can be an end of a connection that carries a signal."""
    causality = variable_of(group, terminal).causality
    return causality in {"input", "output"} or (causality == "local" and version == "2.0")


def parameter_connectable(group: Group, terminal: Terminal) -> bool:
    """Tell whether a variable can be connected to a parameter of the whole system."""
    return variable_of(group, terminal).causality == "parameter"
