"""How much of each submodel has a meaning, and which meanings lead to nothing."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from basyx.aas import model

from linetwin.shells import terms
from linetwin.shells.reading.walking import elements

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from linetwin.shells.environment import Environment

_DICTIONARIES: Final = re.compile(
    r"0173-1(#|---)"  # ECLASS
    r"|0112/2///"  # IEC Common Data Dictionary
    r"|https?://(www\.)?admin-shell[.-]io/"  # IDTA; one template prints a hyphen for the dot
    r"|urn:samm:io\.admin-shell\.idta\."  # IDTA's semantic models, of the battery passport too
    r"|https?://(www\.)?w3id\.org/hsu-aut/"  # ontology of ISO 22400-2, in IDTA 02066
    r"|https://w3id\.org/emmo"
    r"|https?://(www\.w3\.org|opcfoundation\.org|schema\.org)/"
)
"""Ids that somebody else explains in public, by what they begin with."""


@dataclass(frozen=True)
class Coverage:
    """How many of a submodel's elements have a semanticId.

    `elements` counts the submodel itself; `unmarked`: the places of those without.
    """

    name: str
    id: str
    elements: int
    unmarked: tuple[str, ...]

    @property
    def marked(self) -> int:
        """Elements with a semanticId of their own, or of the list that they stand in."""
        return self.elements - len(self.unmarked)

    @property
    def share(self) -> float:
        """Share of the elements that have a semanticId, in 1."""
        return self.marked / self.elements


@dataclass(frozen=True)
class Term:
    """A semanticId of a file: how often it is used, where first, and who explains it.

    `explained`: by a concept description of the `file`, a public `dictionary`, `linetwin`, or ''.
    """

    iri: str
    uses: int
    place: str
    explained: str


def coverage(submodel: model.Submodel) -> Coverage:
    """Return how much of a submodel has a meaning."""
    marks = list(_marks(submodel))
    unmarked = tuple(place for place, reference in marks if reference is None)
    return Coverage(str(submodel.id_short or ""), submodel.id, len(marks), unmarked)


def used_terms(environment: Environment) -> list[Term]:
    """Return the semanticIds of all submodels, those that nothing explains first."""
    uses: Counter[str] = Counter()
    places: dict[str, str] = {}
    for submodel in environment.submodels():
        for place, reference in _marks(submodel):
            if reference is not None:
                iri = reference.key[-1].value.strip()
                uses[iri] += 1
                places.setdefault(iri, place)
    described = {
        iri.strip()
        for each in environment.concepts()
        for iri in (each.id, *_cases(each.is_case_of))
    }
    found = [
        Term(iri, count, places[iri], _explained(iri, described)) for iri, count in uses.items()
    ]
    return sorted(found, key=lambda each: (each.explained != "", each.iri))


def _cases(references: Iterable[model.Reference]) -> Iterator[str]:
    return (reference.key[-1].value for reference in references)


def _explained(iri: str, described: set[str]) -> str:
    if iri in described:
        return "file"
    if terms.named(iri) is not None:
        return "linetwin"
    return "dictionary" if _DICTIONARIES.match(iri) else ""


def _marks(submodel: model.Submodel) -> Iterator[tuple[str, model.Reference | None]]:
    """Yield the submodel and its elements: the place and the semanticId, its list's where it is.

    A child of a list means what the list says its children mean (constraint AASd-115).
    """
    name = str(submodel.id_short or submodel.id)
    yield name, submodel.semantic_id
    for place, element in elements(submodel, name):
        reference = element.semantic_id
        parent = element.parent
        if reference is None and isinstance(parent, model.SubmodelElementList):
            reference = parent.semantic_id_list_element
        yield place, reference
