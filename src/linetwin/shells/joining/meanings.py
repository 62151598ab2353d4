"""What another maker's elements mean, and in what unit, by ids alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from basyx.aas import model

from linetwin.quantities import vocabulary
from linetwin.shells.joining.units import ucum_of
from linetwin.shells.reading.walking import elements
from linetwin.shells.terms import named

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from basyx.aas.model.concept import ConceptDescription

    from linetwin.shells.environment import Environment

_DEEPEST: Final = 5
_UNIT_QUALIFIERS: Final = {"unit", "einheit", "unitid"}


@dataclass(frozen=True)
class Meanings:
    """Reads the meanings of one environment's elements, by its concept descriptions too."""

    environment: Environment
    _concepts: dict[str, ConceptDescription] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for concept in self.environment.concepts():
            self._concepts[concept.id.strip()] = concept

    def ids(self, element: model.HasSemantics) -> list[str]:
        """Return the ids of what an element means: its own first, then supplemental ones."""
        references = [element.semantic_id, *element.supplemental_semantic_id]
        return [last(each) for each in references if each is not None and each.key]

    def quantities(self, ids: Iterable[str]) -> list[str]:
        """Return the quantities of the vocabulary that ids stand for, each once."""
        return [name for name in self.terms(ids) if name in vocabulary()]

    def terms(self, ids: Iterable[str]) -> list[str]:
        """Return the names of quantities and ideas that ids stand for, each once.

        An id stands for one that is linetwin's, or whose concept description says by `isCaseOf`
        that it is a case of one that does.
        """
        known = (named(case) for each in ids for case in self._cases(each, 0))
        return list(dict.fromkeys(term.name for term in known if term is not None))

    def _cases(self, id_: str, depth: int) -> Iterator[str]:
        yield id_
        concept = self._concepts.get(id_)
        if concept is not None and depth < _DEEPEST:
            for reference in concept.is_case_of:
                if reference.key:
                    yield from self._cases(last(reference), depth + 1)

    def units(self, element: model.SubmodelElement) -> list[str]:
        """Return the units that an element states, as they are written.

        Those at the element (data specification, qualifier); without, those of its concepts.
        """
        own = list(self._specified(element.embedded_data_specifications))
        for each in element.qualifier:
            if each.type.casefold() in _UNIT_QUALIFIERS:
                ids = [last(each.value_id)] if each.value_id is not None else []
                own += [str(each.value)] if each.value else ids
        if own:
            return own
        return [unit for id_ in self.ids(element) for unit in self.of_concept(id_)]

    def of_concept(self, id_: str) -> list[str]:
        """Return the units that a concept description states."""
        concept = self._concepts.get(id_)
        return (
            [] if concept is None else list(self._specified(concept.embedded_data_specifications))
        )

    def _specified(
        self, specifications: Iterable[model.EmbeddedDataSpecification]
    ) -> Iterator[str]:
        for each in specifications:
            content = each.data_specification_content
            if isinstance(content, model.DataSpecificationIEC61360):
                if content.unit:
                    yield content.unit
                elif content.unit_id is not None and content.unit_id.key:
                    yield last(content.unit_id)

    def understood(self, text: str) -> str | None:
        """Return a written unit as UCUM; one by its id also as its concept description says it."""
        found = ucum_of(text)
        concept = self._concepts.get(text.strip())
        if found is not None or concept is None:
            return found
        said = [*self.of_concept(text.strip()), *_names(concept)]
        return next((unit for unit in map(ucum_of, said) if unit is not None), None)


def _names(concept: ConceptDescription) -> Iterator[str]:
    """Yield what a concept description of a unit calls it."""
    for each in concept.embedded_data_specifications:
        content = each.data_specification_content
        if isinstance(content, model.DataSpecificationIEC61360):
            if content.symbol:
                yield content.symbol
            for names in (content.short_name, content.preferred_name):
                yield from (names or {}).values()


def last(reference: model.Reference) -> str:
    """Return the last key's value of a reference, stripped."""
    return reference.key[-1].value.strip()


def is_of(meanings: Meanings, element: model.SubmodelElement, prefix: str, id_short: str) -> bool:
    """Say whether an element means what begins so, or, without any meaning, is called so."""
    ids = meanings.ids(element)
    return any(each.startswith(prefix) for each in ids) or element.id_short == id_short


def below(
    meanings: Meanings, holder: model.Referable, prefix: str, id_short: str, way: str
) -> list[tuple[str, model.SubmodelElement]]:
    """Return the elements below `holder` that mean or are called so, with the ways to them."""
    return [
        (place, element)
        for place, element in elements(holder, way)
        if is_of(meanings, element, prefix, id_short)
    ]


def text_of(element: object) -> str:
    """Return an element's value as text, English before German before any; "" without one."""
    value = getattr(element, "value", None)
    if isinstance(element, model.MultiLanguageProperty):
        texts = dict((value or {}).items())
        chosen = texts.get("en") or texts.get("de") or next(iter(texts.values()), "")
        return str(chosen).strip()
    return "" if value is None else str(value).strip()


def first_text(found: Sequence[tuple[str, model.SubmodelElement]]) -> str:
    """Return the text of the first of some elements, "" where there are none."""
    return next((text_of(element) for _, element in found), "")
