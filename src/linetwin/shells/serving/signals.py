"""Signals that a server adds to shells: elements whose values are looked up when they are asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from basyx.aas import model
from basyx.aas.model import datatypes

from linetwin.shells import building, terms
from linetwin.shells.naming import id_short

if TYPE_CHECKING:
    from collections.abc import Iterable

    from linetwin.shells.environment import Environment
    from linetwin.shells.naming import Named


@dataclass(frozen=True)
class Signal:
    """An element by its address; `means`: name of its term; `unit`: as UCUM; else it is a text."""

    address: str
    means: str = "signal"
    unit: str = ""
    is_number: bool = False


def add_signals(found: Environment, named: Named, short: str, signals: Iterable[Signal]) -> None:
    """Add a submodel of signals to a shell, where the shell is there."""
    shell = found.objects.get(named.shell)
    if not isinstance(shell, model.AssetAdministrationShell):
        return
    elements = [_element(each) for each in signals]
    own = building.submodel(named.submodel(short), short, terms.meaning("signals"), elements)
    shell.submodel.add(building.to_submodel(own.id))
    found.objects.add(own)


def _element(signal: Signal) -> model.Property:
    value_type = datatypes.Double if signal.is_number else datatypes.String
    name, means = id_short(signal.address), terms.meaning(signal.means)
    return building.prop(name, None, means, signal.unit, value_type=value_type)
