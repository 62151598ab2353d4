"""Values that are put into shells when they are asked for: signals have none of their own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from linetwin.errors import ScenarioError
from linetwin.quantities import vocabulary
from linetwin.scenario.units import linear
from linetwin.shells.building import UNIT
from linetwin.shells.naming import name_of
from linetwin.shells.running.values import told
from linetwin.shells.serving.catalogue import meaning_of
from linetwin.shells.terms import meaning, named

if TYPE_CHECKING:
    from collections.abc import Collection

    from linetwin.shells.serving.asking import Tree

_SIGNALS: Final = meaning("signals")


RECORDED: Final = "recorded"
"""Quality of what stands in a run folder."""
TIME: Final = "Time"
QUALITY: Final = "Quality"


@dataclass(frozen=True)
class Reading:
    """What a signal is worth in its canonical unit: since which tick, and how far it is trusted.

    `value`: None where it is known that there is none; `tick`: None where that is not told.
    """

    value: float | str | None
    tick: int | None = None
    quality: str = ""


class ValueSource(Protocol):
    """Knows what signals are worth just now: at the end of a run, or by a twin.

    `is_slow`: whether it may have to read files to say so; it is asked by several threads then.
    """

    is_slow: bool

    def value(self, address: str) -> Reading | None:
        """Return the value of an address, None where nothing is known of it."""
        ...


class NoValues:
    """Knows nothing: a file or a scenario is served as it is written."""

    is_slow = False

    def value(self, address: str) -> Reading | None:  # noqa: ARG002
        """Return None."""
        return None


def takes_values(submodel: Tree) -> bool:
    """Say whether a submodel's properties are signals."""
    return meaning_of(submodel) == _SIGNALS


def filled(submodel: Tree, source: ValueSource, without: Collection[str] = ()) -> Tree:
    """Return a submodel of signals with their values; any other as it is.

    `without`: kinds of qualifiers that are left out.
    """
    if not takes_values(submodel):
        return submodel
    elements = [signal(each, source, without) for each in submodel.get("submodelElements", [])]
    return {**submodel, "submodelElements": elements} if elements else submodel


def signal(element: Tree, source: ValueSource, without: Collection[str] = ()) -> Tree:
    """Return a signal with its value; one that has a value, or of which none is known, as it is.

    Time and quality of the value are qualifiers: Part 2 has no other place for them. A number is
    in the unit that the element states; where that does not measure its meaning there is none.
    """
    if element.get("modelType") != "Property" or "value" in element:
        return element
    try:
        found = source.value(name_of(element["idShort"]))
    except ValueError:  # another maker's name: no address
        return element
    if found is None:
        return element
    try:
        value, quality = _in_unit(found.value, element), found.quality
    except ScenarioError as error:
        value, quality = None, f"bad: its unit: {error}"
    said = {TIME: "" if found.tick is None else told(found.tick), QUALITY: quality}
    new = [_qualifier(kind, text) for kind, text in said.items() if text and kind not in without]
    qualifiers = [*element.get("qualifiers", []), *new]
    filled = {**element, "qualifiers": qualifiers} if qualifiers else element
    if value is None:
        return filled
    return {**filled, "value": _text(value, element["valueType"])}


def _in_unit(value: float | str | None, element: Tree) -> float | str | None:
    """Return a value in the unit that an element states; ScenarioError for none of its meaning.

    A plant's mapping may have other units than the vocabulary's, in which values are known.
    """
    stated = [each["value"] for each in element.get("qualifiers", []) if each["type"] == UNIT]
    known = named(meaning_of(element))
    if value is None or isinstance(value, str) or not stated or known is None:
        return value
    if known.name not in vocabulary() or stated[0] == known.unit:
        return value
    scale, offset = linear(stated[0], vocabulary()[known.name])
    return (value - offset) / scale


def _qualifier(kind: str, text: str) -> Tree:
    """Return a qualifier as JSON has it; see `building.qualifier`."""
    return {"kind": "ValueQualifier", "type": kind, "valueType": "xs:string", "value": text}


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
