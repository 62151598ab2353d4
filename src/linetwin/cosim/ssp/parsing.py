"""Reading a system structure from its files: every element is read, refused, or noted."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from linetwin.cosim.ssp.archive import MAIN, Package, check_size, entry_of
from linetwin.cosim.ssp.parameters import ParameterReader
from linetwin.cosim.ssp.structure import (
    Component,
    Connector,
    Link,
    Reference,
    Structure,
    System,
)
from linetwin.cosim.ssp.words import Words, boolean, dimension, number, transformation
from linetwin.cosim.ssp.xml import ANNOTATION, OWN, SSD, TYPES, Node, parse
from linetwin.errors import Problem, WiringError
from linetwin.scenario.problems import nearest

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from linetwin.cosim.ssp.findings import Findings
    from linetwin.cosim.ssp.structure import Element

_FMU: Final = "application/x-fmu-sharedlibrary"
_SSD: Final = "application/x-ssp-definition"
_SSP: Final = "application/x-ssp-package"
_DEEPEST: Final = 8
"""Structures within structures."""
_KINDS: Final = (
    *("input", "output", "inout", "parameter", "calculatedParameter"),
    *("structuralParameter", "local", "constant", "unspecified"),
)
_INFORMATION: Final = (
    *("author", "fileversion", "copyright", "license"),
    *("generationTool", "generationDateAndTime"),
)


def read_structure(package: Package, folder: Path, findings: Findings, main: str) -> Structure:
    """Return the structure of an archive; its FMUs are unpacked under `folder`.

    Raises WiringError where a file is missing or no XML; other problems go to `findings`.
    """
    if main not in package.names:
        others = [name for name in package.names if name.endswith(".ssd")]
        hint = f"there is {', '.join(others)}" if others else "an .ssp has one at its top"
        raise package.refuse(f"it has no {main}", hint)
    for name in package.names:
        if name.endswith(".ssd") and name != main and "/" not in name:
            findings.note("variant", f"another variant, not read: {name}")
    return _FileReader(package, folder, findings, main, 0).structure()


@dataclass
class _FileReader:
    """Reads one .ssd; `depth`: structures around it."""

    package: Package
    folder: Path
    findings: Findings
    entry: str
    depth: int

    def structure(self) -> Structure:
        """Return the whole structure."""
        root = parse(self.package.read(self.entry), self.package.path / self.entry)
        self._root = root
        self._words = Words.of(root, self.findings, "SystemStructureDescription", SSD)
        self._parameters = ParameterReader(self.package, self.findings, self.entry)
        system = root.one("System")
        if system is None:
            place, hint = root.place, "a SystemStructureDescription has one"
            problem = Problem("it has no System", hint=hint, file=place.file, line=place.line)
            raise WiringError([problem])
        start, stop = self._experiment(root.one("DefaultExperiment"))
        return Structure(
            name=root.get("name"),
            version=root.get("version"),
            meaning=root.get("description") or system.get("description"),
            system=self._system(system),
            start=start,
            stop=stop,
            step=self._step(system),
            information={k: root.get(k) for k in _INFORMATION if root.has(k)},
            own=self._own(root),
            place=root.place,
        )

    def _experiment(self, node: Node | None) -> tuple[float | None, float | None]:
        if node is None:
            return None, None
        times = [
            number(node, name, self.findings) if node.has(name) else None
            for name in ("startTime", "stopTime")
        ]
        start, stop = times
        if stop is not None and not stop > max(0.0, start or 0.0):
            message = f"stopTime='{node.get('stopTime')}' is no end"
            self.findings.wrong(node.place, message, f"more than {max(0.0, start or 0.0):g} s")
            stop = None
        return start, stop

    def _step(self, system: Node) -> float | None:
        """Return the communication step that OMSimulator has left in the system's annotations."""
        for annotation in system.within("Annotations", "Annotation"):
            for element in annotation.element.iter():
                if str(element.tag).endswith("}FixedStepMaster") and element.get("stepSize"):
                    master = Node(element, annotation.file, f"{annotation.key}.FixedStepMaster")
                    return number(master, "stepSize", self.findings)
        return None

    def _own(self, root: Node) -> dict[str, object] | None:
        """Return what a linetwin export added; None where it did not."""
        for annotation in root.within("Annotations", "Annotation"):
            for content in annotation:
                if annotation.get("type") == ANNOTATION and content.namespace == OWN:
                    return self._left(content)
        return None

    def _left(self, node: Node) -> dict[str, object] | None:
        """Return the content of our own annotation; None, and a problem, where it is another."""
        try:
            found = json.loads(node.text)
        except (ValueError, RecursionError):
            found = None
        tables = found if isinstance(found, dict) else {"members": None}
        members = tables.get("members", {})
        parts = [tables.get(key, {}) for key in ("connections", "inputs", "outputs", "parameters")]
        said = {"schema", "name", "meaning"} & tables.keys()  # SSP has words for it
        if isinstance(members, dict):
            own = [member for member in members.values() if isinstance(member, dict)]
            parts += [*members.values(), *(member.get("values", {}) for member in own)]
            said |= {"fmu" for member in own if "fmu" in member}
        if said or not all(isinstance(part, dict) for part in (members, *parts)):
            hint = "leave this annotation out, or export the group again"
            self.findings.wrong(node.place, "it is not what an export of linetwin writes", hint)
            return None
        return tables

    def _system(self, node: Node) -> System:
        elements: dict[str, Element] = {}
        found = node.one("Elements")
        for child in found or ():
            element = self._element(child)
            if element is None:
                continue
            if element.name in elements:
                self.findings.wrong(
                    child.place, f"'{element.name}' is there already", "a name once"
                )
            elements[element.name] = element
        return System(
            name=self._name(node),
            place=node.place,
            connectors=self._connectors(node),
            settings=self._parameters.settings(node, None),
            elements=elements,
            links=tuple(self._link(c) for c in node.within("Connections", "Connection")),
            dictionaries={
                child.get("name"): self._dictionary(child)
                for child in node.within("SignalDictionaries", "SignalDictionary")
            },
        )

    def _name(self, node: Node) -> str:
        if not node.get("name"):
            self.findings.wrong(node.place, f"a {node.name} without a name", 'name="..."')
        return node.get("name")

    def _element(self, node: Node) -> Element | None:
        self.findings.count(node.place)
        if node.name == "System":
            return self._system(node)
        if node.name == "Component":
            return self._component(node)
        if node.name == "SignalDictionaryReference":
            return Reference(
                self._name(node), node.place, node.get("dictionary"), self._connectors(node)
            )
        return None  # an unknown element was told

    def _component(self, node: Node) -> Component | System | None:
        kind, source = node.get("type", _FMU), node.get("source")
        if kind in {_SSD, _SSP}:
            return self._nested(node, kind, source)
        if kind != _FMU:
            hint = f"{_FMU}, {_SSD} or {_SSP}"
            self.findings.wrong(node.place, f"a component of type '{kind}' cannot be run", hint)
            return None
        if not source:
            self.findings.wrong(node.place, "it names no FMU", 'source="resources/machine.fmu"')
            return None
        try:
            entry = entry_of(source, self.entry)
            fmu = self.package.extract(entry, self.folder)
            check_size(fmu)
        except ValueError as error:
            self.findings.wrong(node.place, f"source '{source}' is not read", str(error))
            return None
        except WiringError as error:
            self.findings.adopt(error, node.place)
            return None
        connectors = self._connectors(node)
        settings = self._parameters.settings(node, fmu)
        implementation = node.get("implementation", "any")
        return Component(
            self._name(node), node.place, fmu, entry, implementation, connectors, settings
        )

    def _nested(self, node: Node, kind: str, source: str) -> System | None:
        """Return the system of another structure file, as if it stood here."""
        if self.depth >= _DEEPEST:
            hint = f"at most {_DEEPEST} structures within each other"
            self.findings.wrong(node.place, "it lies too deep", hint)
            return None
        path, _, fragment = source.partition("#")
        try:
            if not path:
                system = self._same_file(node, fragment)
            elif kind == _SSD:
                entry = entry_of(path, self.entry)
                inner = _FileReader(self.package, self.folder, self.findings, entry, self.depth + 1)
                system = inner.structure().system
            else:
                system = self._package(entry_of(path, self.entry), fragment or MAIN)
        except ValueError as error:
            self.findings.wrong(node.place, f"source '{source}' is not read", str(error))
            return None
        except WiringError as error:
            self.findings.adopt(error, node.place)
            return None
        if system is None:
            return None
        own = self._parameters.settings(node, None)
        return replace(
            system,
            name=self._name(node),
            settings=(*system.settings, *own),
            connectors={**system.connectors, **self._connectors(node)},
        )

    def _same_file(self, node: Node, identity: str) -> System | None:
        """Return a system of this file by its id."""
        self.depth += 1
        try:
            for element in self._root.element.iter():
                if element.get("id") == identity and str(element.tag).endswith("}System"):
                    return self._system(replace(self._root, element=element, key=f"#{identity}"))
        finally:
            self.depth -= 1
        self.findings.wrong(node.place, f"no System has the id '{identity}'", "the id of a System")
        return None

    def _package(self, entry: str, main: str) -> System:
        file = self.package.extract(entry, self.folder)
        inside = self.folder / f"{entry}.unpacked"
        with Package(file) as package:
            reader = _FileReader(package, inside, self.findings, main, self.depth + 1)
            return reader.structure().system

    def _connectors(self, node: Node) -> dict[str, Connector]:
        found: dict[str, Connector] = {}
        for child in node.within("Connectors", "Connector"):
            connector = self._connector(child)
            if connector.kind not in _KINDS:
                self.findings.wrong(
                    child.place, f"kind '{connector.kind}' is unknown", ", ".join(_KINDS)
                )
            if connector.name in found:
                self.findings.wrong(child.place, "it is there already", "a name once")
            found[connector.name] = connector
        return {name: self._sized(connector, found) for name, connector in found.items()}

    def _sized(self, connector: Connector, known: Mapping[str, Connector]) -> Connector:
        """Return a connector; a problem where what decides its size is no connector beside it."""
        for part in connector.dimensions:
            if isinstance(part, str) and part not in known:
                text = f"sizeConnector '{part}' of its Dimension: no such connector beside it"
                self.findings.wrong(connector.place, text, nearest(part, known, "connector"))
        parts = connector.dimensions
        kept = (part if isinstance(part, int) or part in known else None for part in parts)
        return replace(connector, dimensions=tuple(kept))

    def _connector(self, node: Node, words: Words | None = None) -> Connector:
        """Return a connector, or an entry of a signal dictionary (which has no kind)."""
        words = words or self._words
        kind = next((child for child in node if child.name in TYPES), None)
        unit = None
        if kind is not None and kind.has("unit"):
            unit = words.unit(kind.get("unit"), kind.place)
        return Connector(
            name=self._name(node),
            kind=node.get("kind", "inout"),
            place=node.place,
            type=None if kind is None else kind.name,
            unit=unit,
            unit_name="" if kind is None else kind.get("unit"),
            enumeration=self._enumeration(words, kind),
            dimensions=tuple(dimension(child, self.findings) for child in node.all("Dimension")),
        )

    def _enumeration(self, words: Words, kind: Node | None) -> Mapping[str, int]:
        if kind is None or kind.name != "Enumeration":
            return {}
        return words.enumeration(kind.get("name"), kind.place)

    def _link(self, node: Node) -> Link:
        names = [node.get(name) for name in ("startElement", "endElement")]
        ends = [node.get(name) for name in ("startConnector", "endConnector")]
        if not all(ends):
            hint = "startConnector and endConnector"
            self.findings.wrong(node.place, "a connection without both ends", hint)
        return Link(
            ends=((names[0], ends[0]), (names[1], ends[1])),
            suppress=boolean(node, "suppressUnitConversion", self.findings),
            transformation=transformation(node, self.findings),
            place=node.place,
            indexed=node.has("startIndices") or node.has("endIndices"),
        )

    def _dictionary(self, node: Node) -> dict[str, Connector]:
        """Return the entries of a signal dictionary by name."""
        try:
            found = self._parameters.document(node, "SignalDictionary", None)
        except WiringError as error:
            self.findings.adopt(error, node.place)
            return {}
        if found is None:
            return {}
        root, words = found
        entries = [self._connector(entry, words) for entry in root.all("DictionaryEntry")]
        return {entry.name: entry for entry in entries}
