"""Plain data as elements of submodels: values with their evidence, and tables within tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from basyx.aas import model
from basyx.aas.model import datatypes

from linetwin.scenario.sections import quantity_of
from linetwin.scenario.values import BY_USER
from linetwin.shells import building
from linetwin.shells.building import Evidence
from linetwin.shells.naming import id_short
from linetwin.shells.terms import has_term, meaning

if TYPE_CHECKING:
    from collections.abc import Iterable

    from linetwin.scenario.resolved import Value
    from linetwin.scenario.sections import SectionName

ENTRY = "entry"


def leaf(address: str, value: Value, means: str) -> model.SubmodelElement:
    """Return a value of a scenario under its address, with unit, tag and source."""
    evidence = Evidence(value.tag, _without_folders(value.source))
    if isinstance(value.value, tuple):
        return building.numbers(id_short(address), value.value, means, value.unit, evidence)
    number = not isinstance(value.value, (str, bool))
    unit = value.unit if number else ""
    return building.prop(id_short(address), value.value, means, unit, evidence)


def _without_folders(source: str) -> str:
    """Return a source; of a user's file its name and line, as folders are his machine's."""
    head, told, place = source.partition(f"{BY_USER} in ")
    return f"{told}{place.rpartition('/')[2]}" if told and not head else source


def leaves(
    path: str, values: Mapping[str, Value], means: Mapping[str, str] | None = None
) -> list[model.SubmodelElement]:
    """Return the values of a station or part.

    `means`: name -> semanticId; what is not in it is a quantity of the vocabulary.
    """
    chosen = means or {}
    return [
        leaf(f"{path}.{name}", value, chosen.get(name) or meaning(name))
        for name, value in values.items()
    ]


def part_meaning(section: SectionName, part: str, name: str) -> str:
    """Return what a value of a cause, gauge, inspection or defect means."""
    quantity = quantity_of(section, part, name)
    return meaning(quantity.name if section != "gauges" else f"gauges.{name}")


def tree(name: str | None, value: object, idea: str) -> model.SubmodelElement:
    """Return plain data (mappings, lists, text, numbers, truths) as elements.

    A key means `IDEA.KEY` where terms have that, else `IDEA.entry`, else what its table means.
    """
    short = None if name is None else id_short(name)
    if isinstance(value, Mapping):
        children = [tree(str(key), child, below(idea, str(key))) for key, child in value.items()]
        return building.collection(short, meaning(idea), children)
    if isinstance(value, (list, tuple)):
        return _row(short, list(value), idea)
    if value is None or isinstance(value, (bool, int, float, str)):
        return building.prop(short, value, meaning(idea))
    raise TypeError(f"{value!r} is no plain data")


def below(idea: str, key: str) -> str:
    """Return the idea of what stands under a key of a table."""
    for candidate in (f"{idea}.{key}", f"{idea}.{ENTRY}"):
        if has_term(candidate):
            return candidate
    return idea


def _row(short: str | None, values: list[Any], idea: str) -> model.SubmodelElement:
    """Return a list; of unlike items it is a collection with their places as names."""
    kinds = {type(value) for value in values}
    inner = below(idea, ENTRY)
    if kinds <= {dict}:
        children: Iterable[model.SubmodelElement] = [tree(None, each, inner) for each in values]
        return building.listed(short, meaning(idea), children)
    if kinds in ({str}, {float}):
        of_type = datatypes.String if kinds == {str} else datatypes.Double
        items = [building.prop(None, each, meaning(inner)) for each in values]
        return model.SubmodelElementList(
            short,
            model.Property,
            items,
            value_type_list_element=of_type,
            semantic_id=building.semantic(meaning(idea)),
        )
    numbered = [tree(str(place), each, inner) for place, each in enumerate(values)]
    holder = building.collection(short, meaning(idea), numbered)
    holder.qualifier.add(building.qualifier(building.ROW, str(len(values))))
    return holder
