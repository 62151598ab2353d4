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
    """Add signals to a submodel of a shell, where the shell is there.

    The submodel is made where there is none; elements that it has stay as they are.
    """
    shell = found.objects.get(named.shell)
    if not isinstance(shell, model.AssetAdministrationShell):
        return
    own = found.objects.get(named.submodel(short))
    if own is None:
        own = building.submodel(named.submodel(short), short, terms.meaning("signals"), [])
        shell.submodel.add(building.to_submodel(own.id))
        found.objects.add(own)
    if isinstance(own, model.Submodel):
        there = {each.id_short for each in own.submodel_element}
        for each in map(_element, signals):
            if each.id_short not in there:
                own.submodel_element.add(each)


def tags_of(found: Environment) -> set[str]:
    """Return the idShorts of all signals: into these elements values are put."""
    means = terms.meaning("signals")
    signals = (each for each in found.submodels() if building.meaning_of(each) == means)
    return {str(element.id_short) for own in signals for element in own.submodel_element}


def _element(signal: Signal) -> model.Property:
    value_type = datatypes.Double if signal.is_number else datatypes.String
    name, means = id_short(signal.address), terms.meaning(signal.means)
    return building.prop(name, None, means, signal.unit, value_type=value_type)
