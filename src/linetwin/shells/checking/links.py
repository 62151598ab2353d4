"""References and files of an environment that lead to nothing within it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from basyx.aas import model

from linetwin.shells.reading.walking import elements

if TYPE_CHECKING:
    from collections.abc import Iterator

    from linetwin.shells.environment import Environment

_ELSEWHERE: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")
"""Begins a name that leads out of the package: `https:`, `mailto:`."""


def dangling(environment: Environment) -> list[str]:
    """Return each reference to a model that is not there: its place and its keys."""
    return [
        f"{place}: {' / '.join(key.value for key in reference.key)}"
        for place, reference in _references(environment)
        if isinstance(reference, model.ModelReference) and not _leads(reference, environment)
    ]


def absent_files(environment: Environment) -> list[str]:
    """Return each file that an element names and the package does not hold."""
    return [
        f"{place}: {name}"
        for place, name in file_names(environment)
        if not _ELSEWHERE.match(name) and name not in environment.files
    ]


def _leads(reference: model.ModelReference[model.Referable], environment: Environment) -> bool:
    """Return whether the keys of a reference lead to something, one after another."""
    found: model.Referable | None = environment.objects.get(reference.key[0].value)
    for key in reference.key[1:]:
        if found is None:
            return False
        if key.type is model.KeyTypes.FRAGMENT_REFERENCE:
            return True
        found = _within(found, key.value)
    return found is not None


def _within(holder: model.Referable, name: str) -> model.Referable | None:
    """Return the child of a name; children of a list are named by their index from 0."""
    if isinstance(holder, model.SubmodelElementList):
        index = int(name) if name.isdecimal() else len(holder.value)
        return holder.value[index] if index < len(holder.value) else None
    if isinstance(holder, model.UniqueIdShortNamespace):
        for children in holder.namespace_element_sets:
            for child in children:
                if isinstance(child, model.Referable) and child.id_short == name:
                    return child
    return None


def _references(environment: Environment) -> Iterator[tuple[str, model.Reference]]:
    """Yield each reference that a shell, an element or a concept description makes."""
    for item in environment.objects:
        place = str(item.id_short or item.id)
        if isinstance(item, model.AssetAdministrationShell):
            for submodel in item.submodel:
                yield f"{place}: submodels", submodel
            if item.derived_from is not None:
                yield f"{place}: derivedFrom", item.derived_from
        elif isinstance(item, model.Submodel):
            if item.semantic_id is not None:
                yield f"{place}: semanticId", item.semantic_id
            for where, element in elements(item, place):
                yield from _made_by(element, where)


def _made_by(element: model.SubmodelElement, place: str) -> Iterator[tuple[str, model.Reference]]:
    if element.semantic_id is not None:
        yield f"{place}: semanticId", element.semantic_id
    if isinstance(element, model.ReferenceElement) and element.value is not None:
        yield place, element.value
    elif isinstance(element, model.RelationshipElement):
        for name, reference in (("first", element.first), ("second", element.second)):
            if reference is not None:
                yield f"{place}: {name}", reference
    elif isinstance(element, model.BasicEventElement):
        yield f"{place}: observed", element.observed


def file_names(environment: Environment) -> Iterator[tuple[str, str]]:
    """Yield each file that shells and submodels name: where, and its name."""
    for item in environment.objects:
        place = str(item.id_short or item.id)
        if isinstance(item, model.AssetAdministrationShell):
            thumbnail = item.asset_information.default_thumbnail
            if thumbnail is not None:
                yield f"{place}: defaultThumbnail", thumbnail.path
        elif isinstance(item, model.Submodel):
            for where, element in elements(item, place):
                if isinstance(element, model.File) and element.value:
                    yield where, element.value
