"""Values that are put into shells when they are asked for: signals have none of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from linetwin.shells.naming import name_of
from linetwin.shells.serving.catalogue import meaning_of
from linetwin.shells.terms import meaning

if TYPE_CHECKING:
    from linetwin.shells.serving.asking import Tree

_SIGNALS: Final = meaning("signals")


class ValueSource(Protocol):
    """Knows what signals are worth just now: a run's last recorded values, or a twin's."""

    def value(self, address: str) -> float | str | None:
        """Return the value of an address in its canonical unit, None where it is not known."""
        ...


class NoValues:
    """Knows nothing: a file or a scenario is served as it is written."""

    def value(self, address: str) -> float | str | None:  # noqa: ARG002
        """Return None."""
        return None


def takes_values(submodel: Tree) -> bool:
    """Say whether a submodel's properties are signals."""
    return meaning_of(submodel) == _SIGNALS


def filled(submodel: Tree, source: ValueSource) -> Tree:
    """Return a submodel of signals with their values; any other as it is."""
    if not takes_values(submodel):
        return submodel
    elements = [signal(each, source) for each in submodel.get("submodelElements", [])]
    return {**submodel, "submodelElements": elements} if elements else submodel


def signal(element: Tree, source: ValueSource) -> Tree:
    """Return a signal with its value; one that has a value, or of which none is known, as it is."""
    if element.get("modelType") != "Property" or "value" in element:
        return element
    try:
        found = source.value(name_of(element["idShort"]))
    except ValueError:  # another maker's name: no address
        return element
    return element if found is None else {**element, "value": _text(found, element["valueType"])}


def _text(value: float | str, kind: str) -> str:
    """Return a value as XSD writes it in the element's type."""
    if isinstance(value, str):
        return value
    if kind == "xs:boolean":
        return "true" if value else "false"
    if kind == "xs:long" and float(value).is_integer():
        return str(int(value))
    text = repr(float(value))
    return {"nan": "NaN", "inf": "INF", "-inf": "-INF"}.get(text, text)
