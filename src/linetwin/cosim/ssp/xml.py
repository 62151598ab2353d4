"""XML files of a system structure, read without entities, and with the line of every element."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from linetwin.errors import Problem, WiringError
from linetwin.scenario.problems import Place

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from linetwin.cosim.ssp.findings import Reason

_ROOT: Final = "http://ssp-standard.org/SSP1/SystemStructure"
SSC: Final = f"{_ROOT}Common"
SSD: Final = f"{_ROOT}Description"
SSV: Final = f"{_ROOT}ParameterValues"
SSM: Final = f"{_ROOT}ParameterMapping"
SSB: Final = f"{_ROOT}SignalDictionary"
OWN: Final = "urn:linetwin:ssp:1"
"""Namespace of what SSP has no word for."""
ANNOTATION: Final = "linetwin.group"
"""Type of the annotation that holds it."""

TYPES: Final = frozenset(
    {"Real", "Float64", "Float32", "Integer", "Boolean", "String", "Enumeration", "Binary", "Clock"}
    | {f"{sign}Int{bits}" for sign in ("", "U") for bits in (8, 16, 32, 64)}
)
"""Elements that say what type something has."""
TRANSFORMATIONS: Final = (
    "LinearTransformation",
    "BooleanMappingTransformation",
    "IntegerMappingTransformation",
    "EnumerationMappingTransformation",
)
_STRUCTURE: Final = frozenset(
    {
        *("SystemStructureDescription", "System", "Elements", "Component", "Connectors"),
        *("SignalDictionaryReference", "Connector", "Connections", "Connection", "Dimension"),
        *("ParameterBindings", "ParameterBinding", "ParameterValues", "ParameterMapping"),
        *("ParameterSet", "Parameters", "Parameter", "Value", "MappingEntry", "MapEntry"),
        *("SignalDictionaries", "SignalDictionary", "DictionaryEntry", "DefaultExperiment"),
        *("Enumerations", "Enumeration", "Item", "Units", "Unit", "BaseUnit"),
    }
)
UNREAD: Final[Mapping[str, Reason]] = {
    "Annotations": "annotation",
    "Annotation": "annotation",
    "ElementGeometry": "drawing",
    "ConnectorGeometry": "drawing",
    "ConnectionGeometry": "drawing",
    "SystemGeometry": "drawing",
    "GraphicalElements": "drawing",
    "Note": "drawing",
    "MetaData": "signature",
    "Signature": "signature",
    "Content": "signature",
}
"""Elements that are not read, and the reason by which that is noted."""
KNOWN: Final = _STRUCTURE | TYPES | frozenset(TRANSFORMATIONS) | frozenset(UNREAD)


@dataclass(frozen=True, eq=False)
class Node:
    """An element; `key` says in words where it stands: `System plant.Component oven`."""

    element: Any
    file: Path
    key: str

    @property
    def name(self) -> str:
        """The name without its namespace."""
        return str(self.element.tag).rpartition("}")[2]

    @property
    def namespace(self) -> str:
        """The namespace."""
        return str(self.element.tag).rpartition("}")[0].lstrip("{")

    @property
    def place(self) -> Place:
        """Where the element stands."""
        return Place(self.key, self.file, self.element.sourceline)

    def get(self, name: str, otherwise: str = "") -> str:
        """Return an attribute."""
        return str(self.element.get(name, otherwise))

    def has(self, name: str) -> bool:
        """Tell whether an attribute is there."""
        return self.element.get(name) is not None

    @property
    def attributes(self) -> list[str]:
        """The names of the attributes."""
        return list(self.element.keys())

    @property
    def text(self) -> str:
        """The text within."""
        return str(self.element.text or "")

    def __iter__(self) -> Iterator[Node]:
        """Yield the elements within."""
        for child in self.element:
            yield self._below(child)

    def all(self, name: str) -> list[Node]:
        """Return the elements within of a name."""
        return [child for child in self if child.name == name]

    def within(self, group: str, name: str) -> list[Node]:
        """Return the elements of a name in the first element of another: Connectors, Connector."""
        found = self.one(group)
        return [] if found is None else found.all(name)

    def one(self, name: str) -> Node | None:
        """Return the first element within of a name; None where there is none."""
        return next(iter(self.all(name)), None)

    def _below(self, child: Any) -> Node:  # noqa: ANN401 - lxml has no types
        local = str(child.tag).rpartition("}")[2]
        title = child.get("name") or child.get("endConnector") or child.get("source") or ""
        listed = local.endswith("s") and not title  # Elements, Connections: they say nothing
        own = "" if listed else f"{local} {title}".strip()
        key = ".".join(part for part in (self.key, own) if part)
        return Node(child, self.file, key)


def parse(content: bytes, file: Path) -> Node:
    """Return the root of an XML file; WiringError where it is none, or not a safe one.

    No document type is allowed: without one there are no entities, and nothing to be fetched.
    """
    from lxml import etree

    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    if b"<!DOCTYPE" in content or b"<!ENTITY" in content:
        raise _refuse(file, 1)
    try:
        root = etree.fromstring(content, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None)
        problem = Problem(f"it is no XML: {error}", hint="XML 1.0", file=file, line=line)
        raise WiringError([problem]) from error
    if root.getroottree().docinfo.doctype:  # written in an encoding that hid it
        raise _refuse(file, 1)
    return Node(root, file, "")


def _refuse(file: Path, line: int) -> WiringError:
    hint = "no <!DOCTYPE> and no <!ENTITY>"
    return WiringError([Problem("it has a document type", hint=hint, file=file, line=line)])
