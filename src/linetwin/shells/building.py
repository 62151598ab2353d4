"""Elements of submodels, made the one way that passes the metamodels 3.0 and 3.1.

What a value is measured in, how sure it is and where it is from travel with it as qualifiers:
`Unit` (UCUM), `Evidence` (V, D, M or A) and `Source`. A semanticId is an external reference to one
global key. Children of a list have no idShort: give None for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from basyx.aas import model
from basyx.aas.model import DataTypeDefXsd, datatypes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from linetwin.shells.naming import Named

UNIT: Final = "Unit"
EVIDENCE: Final = "Evidence"
SOURCE: Final = "Source"
ROW: Final = "Row"
"""Marks a collection that stands for a list of unlike items, with their number."""
NOT_STATED: Final = "not stated"
"""What stands where a template wants a text that linetwin does not know."""

Plain = bool | int | float | str
_LONGEST_TEXT: Final = 1023
_LONGEST_TITLE: Final = 64
_LONG_LIMIT: Final = 2**63


@dataclass(frozen=True)
class Evidence:
    """How sure a value is: its tag V, D, M or A, and where it is from."""

    tag: str
    source: str


def semantic(iri: str) -> model.ExternalReference:
    """Return the reference that says what an element means; also any other outward reference."""
    return _semantic(iri)


@cache
def _semantic(iri: str) -> model.ExternalReference:
    return model.ExternalReference((model.Key(model.KeyTypes.GLOBAL_REFERENCE, iri),))


def qualifiers(unit: str = "", evidence: Evidence | None = None) -> list[model.Qualifier]:
    """Return the qualifiers of a value: its unit (UCUM) and its evidence, where there are any."""
    found = {UNIT: unit}
    if evidence is not None:
        found |= {EVIDENCE: evidence.tag, SOURCE: evidence.source}
    return [qualifier(kind, text) for kind, text in found.items() if text]


def qualifier(kind: str, text: str) -> model.Qualifier:
    """Return one statement about a value."""
    value_kind = model.QualifierKind.VALUE_QUALIFIER
    return model.Qualifier(kind, datatypes.String, text, kind=value_kind)


def prop(
    id_short: str | None,
    value: model.ValueDataType | None,
    meaning: str,
    unit: str = "",
    evidence: Evidence | None = None,
    value_type: DataTypeDefXsd | None = None,
) -> model.Property:
    """Return a property; text, numbers and truths have their type, others need a `value_type`.

    Args:
        id_short: None within a list.
        value: None where it is left open.
        meaning: the semanticId.
        unit: as UCUM, "" for none.
        evidence: how sure the value is.
        value_type: an XSD type, such as `datatypes.AnyURI`.
    """
    chosen = value_type or _type_of(value)
    if value is not None and chosen in _PLAIN_TEXTS and type(value) is str:
        value = chosen(value)
    return model.Property(
        id_short, chosen, value, semantic_id=semantic(meaning), qualifier=qualifiers(unit, evidence)
    )


_PLAIN_TEXTS: Final = (datatypes.AnyURI,)


def _type_of(value: object) -> DataTypeDefXsd:
    """Return the XSD type of a plain value: boolean, long (integer where too large), double."""
    if isinstance(value, bool):
        return datatypes.Boolean
    if isinstance(value, int):
        return datatypes.Long if -_LONG_LIMIT <= value < _LONG_LIMIT else datatypes.Integer
    return datatypes.Double if isinstance(value, float) else datatypes.String


def numbers(
    id_short: str | None,
    values: Iterable[float],
    meaning: str,
    unit: str = "",
    evidence: Evidence | None = None,
) -> model.SubmodelElementList[Any]:
    """Return a list of numbers of one meaning and unit, in their order."""
    return model.SubmodelElementList(
        id_short,
        model.Property,
        [prop(None, float(value), meaning) for value in values],
        semantic_id_list_element=semantic(meaning),
        value_type_list_element=datatypes.Double,
        semantic_id=semantic(meaning),
        qualifier=qualifiers(unit, evidence),
    )


def multilingual(
    id_short: str | None, texts: str | Mapping[str, str], meaning: str
) -> model.MultiLanguageProperty:
    """Return a text in languages (language tag -> text); a bare text is English."""
    by_language = {"en": texts} if isinstance(texts, str) else dict(texts)
    value = model.MultiLanguageTextType(
        {tag: _cut(text, _LONGEST_TEXT) for tag, text in by_language.items()}
    )
    return model.MultiLanguageProperty(id_short, value, semantic_id=semantic(meaning))


def _cut(text: str, longest: int) -> str:
    """Return a text for people to read; what is longer than the metamodel takes ends in dots."""
    return text if len(text) <= longest else f"{text[: longest - 1]}\u2026"


def span(
    id_short: str | None, low: float | None, high: float | None, meaning: str, unit: str = ""
) -> model.Range:
    """Return a range of numbers; None where an end is open."""
    return model.Range(
        id_short, datatypes.Double, low, high, semantic_id=semantic(meaning),
        qualifier=qualifiers(unit),
    )  # fmt: skip


def ranges(
    id_short: str | None, spans: Iterable[model.Range], meaning: str
) -> model.SubmodelElementList[Any]:
    """Return a list of ranges of numbers."""
    return model.SubmodelElementList(
        id_short,
        model.Range,
        spans,
        value_type_list_element=datatypes.Double,
        semantic_id_list_element=semantic(meaning),
        semantic_id=semantic(meaning),
    )


def collection(
    id_short: str | None, meaning: str, children: Iterable[model.SubmodelElement]
) -> model.SubmodelElementCollection:
    """Return a collection of elements that have idShorts."""
    return model.SubmodelElementCollection(id_short, children, semantic_id=semantic(meaning))


def listed(
    id_short: str | None,
    meaning: str,
    children: Iterable[model.SubmodelElement],
    of: type[Any] = model.SubmodelElementCollection,
    of_meaning: str = "",
) -> model.SubmodelElementList[Any]:
    """Return a list of elements without idShorts; of properties, which are texts."""
    return model.SubmodelElementList(
        id_short,
        of,
        children,
        semantic_id_list_element=semantic(of_meaning) if of_meaning else None,
        value_type_list_element=datatypes.String if of is model.Property else None,
        semantic_id=semantic(meaning),
    )


def file(id_short: str | None, path: str, content_type: str, meaning: str) -> model.File:
    """Return a file: a path within the package (`/files/x.fmu`), or an address elsewhere."""
    return model.File(id_short, content_type, path, semantic_id=semantic(meaning))


def reference(
    id_short: str | None, target: model.Reference, meaning: str
) -> model.ReferenceElement:
    """Return an element that points at something; see `to_submodel` and `to_element`."""
    return model.ReferenceElement(id_short, target, semantic_id=semantic(meaning))


def to_submodel(submodel_id: str) -> model.ModelReference[model.Submodel]:
    """Return a reference to a submodel by its id."""
    return model.ModelReference((model.Key(model.KeyTypes.SUBMODEL, submodel_id),), model.Submodel)


def to_element(
    submodel_id: str, way: Iterable[tuple[model.KeyTypes, str]]
) -> model.ModelReference[model.SubmodelElement]:
    """Return a reference to an element: kind and idShort (number in a list) on the way to it."""
    keys = (model.Key(model.KeyTypes.SUBMODEL, submodel_id), *(model.Key(*key) for key in way))
    return model.ModelReference(keys, _class_of(keys[-1].type))


@cache
def _class_of(kind: model.KeyTypes) -> type[Any]:
    classes: dict[type[Any], model.KeyTypes] = model.KEY_TYPES_CLASSES
    return next(each for each, its in classes.items() if its is kind)


def relationship(
    id_short: str | None, first: model.Reference, second: model.Reference, meaning: str
) -> model.RelationshipElement:
    """Return a relation between two things."""
    return model.RelationshipElement(id_short, first, second, semantic_id=semantic(meaning))


def entity(
    id_short: str | None,
    meaning: str,
    statements: Iterable[model.SubmodelElement] = (),
    asset: str = "",
) -> model.Entity:
    """Return a part of something: an asset of its own by its id, or part of what it stands in."""
    managed = model.EntityType.SELF_MANAGED_ENTITY if asset else model.EntityType.CO_MANAGED_ENTITY
    return model.Entity(id_short, managed, statements, asset or None, semantic_id=semantic(meaning))


def submodel(
    submodel_id: str, id_short: str, meaning: str, elements: Iterable[model.SubmodelElement]
) -> model.Submodel:
    """Return a submodel; its id comes from `Named.submodel`."""
    return model.Submodel(submodel_id, elements, id_short=id_short, semantic_id=semantic(meaning))


def shell(
    named: Named,
    id_short: str,
    submodels: Iterable[model.Submodel],
    *,
    title: str = "",
    is_type: bool = False,
    derived_from: str = "",
) -> model.AssetAdministrationShell:
    """Return a shell of an asset, `is_type` for what others are instances of.

    `derived_from`: the id of the shell that says what this one leaves out.
    """
    asset_kind = model.AssetKind.TYPE if is_type else model.AssetKind.INSTANCE
    name = {"en": _cut(title, _LONGEST_TITLE)}
    return model.AssetAdministrationShell(
        model.AssetInformation(asset_kind, named.asset),
        named.shell,
        id_short=id_short,
        display_name=model.MultiLanguageNameType(name) if title else None,
        submodel={to_submodel(each.id) for each in submodels},
        derived_from=_to_shell(derived_from) if derived_from else None,
    )


def _to_shell(shell_id: str) -> model.ModelReference[model.AssetAdministrationShell]:
    key = model.Key(model.KeyTypes.ASSET_ADMINISTRATION_SHELL, shell_id)
    return model.ModelReference((key,), model.AssetAdministrationShell)


def unit_of(element: model.Qualifiable) -> str:
    """Return the unit that an element states, "" where it states none."""
    return _stated(element, UNIT)


def evidence_of(element: model.Qualifiable) -> Evidence | None:
    """Return the evidence that an element states, None where it states none."""
    tag = _stated(element, EVIDENCE)
    return Evidence(tag, _stated(element, SOURCE)) if tag else None


def _stated(element: model.Qualifiable, kind: str) -> str:
    for each in element.qualifier:
        if each.type == kind:
            return str(each.value or "")
    return ""


def meaning_of(element: model.HasSemantics) -> str:
    """Return the last key of an element's semanticId, stripped; "" where it has none."""
    found = element.semantic_id
    return found.key[-1].value.strip() if found is not None and found.key else ""
