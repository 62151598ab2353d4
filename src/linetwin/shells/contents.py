"""What a collection holds, stated on it: what somebody takes out by hand is missed.

A line may have any number of causes of failure, gauges, parameters of a model, proven ranges and
machines; that one is gone does not show in those that are left. The qualifier `Contains` names
them. What is added beside them is read as any other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from basyx.aas import model

from linetwin.scenario.sections import SECTIONS
from linetwin.shells import building
from linetwin.shells.reading.walking import CHILDREN, elements
from linetwin.shells.terms import meaning

if TYPE_CHECKING:
    from collections.abc import Iterator

    from linetwin.shells.environment import Environment

CONTAINS: Final = "Contains"
_OWN: Final = (
    *("processes", "process.parameters", "adjustable_ranges", "materials", "deviations"),
    *("buffers", "calendars", "crews"),
)
_IDS: Final = frozenset(
    {
        *map(meaning, (*SECTIONS, *_OWN)),
        "https://admin-shell.io/idta/ProcessParameters/Processes/1/0",
        "https://admin-shell.io/idta/ProcessParameters/ProcessParameters/1/0",
        "https://admin-shell.io/idta/HierarchicalStructures/EntryNode/1/0",
        "https://admin-shell.io/idta/HierarchicalStructures/Node/1/0",
    }
)
"""Meanings of what may hold any number of things."""


def state_contents(submodel: model.Submodel) -> None:
    """Write on each collection of any number of things which these are."""
    for _, element in elements(submodel):
        if building.meaning_of(element) in _IDS and (names := _names(element)):
            element.qualifier.add(building.qualifier(CONTAINS, " ".join(names)))


def missing(environment: Environment) -> Iterator[str]:
    """Yield the ways to what collections of an environment's shells say that they hold."""
    for shell in environment.shells():
        for reference in sorted(shell.submodel, key=lambda each: each.key[0].value):
            submodel = environment.objects.get(reference.key[0].value)
            if not isinstance(submodel, model.Submodel):
                continue
            for way, element in elements(submodel, f"{shell.id_short}/{submodel.id_short}"):
                said = [str(q.value) for q in element.qualifier if q.type == CONTAINS]
                there = set(_names(element)) if said else set()
                for name in said[0].split() if said else ():
                    if name not in there:
                        yield f"{way}/{name}"


def _names(holder: model.SubmodelElement) -> list[str]:
    """Return the idShorts of what a collection holds; of the relations between nodes none."""
    attributes = CHILDREN.get(type(holder).__name__, {}).values()
    found = (each for attribute in attributes for each in getattr(holder, attribute))
    return [str(e.id_short) for e in found if not isinstance(e, model.RelationshipElement)]
