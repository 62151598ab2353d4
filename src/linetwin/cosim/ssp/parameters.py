"""Reading parameter bindings: sets of values, mappings of their names, prefixes."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from linetwin.cosim.ssp.archive import Package, entry_of
from linetwin.cosim.ssp.structure import Setting
from linetwin.cosim.ssp.words import Words, boolean, dimension, transformation
from linetwin.cosim.ssp.xml import SSB, SSM, SSV, TYPES, parse
from linetwin.errors import WiringError

if TYPE_CHECKING:
    from pathlib import Path

    from linetwin.cosim.ssp.findings import Findings
    from linetwin.cosim.ssp.xml import Node

_NAMESPACES: Final = {"ParameterSet": SSV, "ParameterMapping": SSM, "SignalDictionary": SSB}
_MEDIA: Final = {
    "ParameterSet": "application/x-ssp-parameter-set",
    "ParameterMapping": "application/x-ssp-parameter-mapping",
    "SignalDictionary": "application/x-ssp-signal-dictionary",
}


@dataclass
class ParameterReader:
    """Reads what the .ssd `entry` binds, from the file itself and from others."""

    package: Package
    findings: Findings
    entry: str

    def settings(self, node: Node, fmu: Path | None) -> tuple[Setting, ...]:
        """Return what the bindings of an element set, later ones last.

        `fmu`: the component's, in which sources may lie.
        """
        found: list[Setting] = []
        for binding in node.within("ParameterBindings", "ParameterBinding"):
            try:
                found += self._binding(binding, fmu)
            except WiringError as error:
                self.findings.adopt(error, binding.place)
        return tuple(found)

    def _binding(self, node: Node, fmu: Path | None) -> list[Setting]:
        values = node.one("ParameterValues")
        if node.has("source") and values is not None:
            hint = "a source, or ParameterValues"
            self.findings.wrong(node.place, "its values are given twice", hint)
        holder = node if node.has("source") or values is None else values
        document = self.document(holder, "ParameterSet", fmu)
        if document is None:
            return []
        prefix = node.get("prefix")
        found = [replace(s, name=prefix + s.name) for s in self._set(*document)]
        mapping = node.one("ParameterMapping")
        if mapping is None:
            return found
        mapped = self.document(mapping, "ParameterMapping", fmu)
        return [] if mapped is None else self._mapped(found, mapped[0])

    def document(self, node: Node, name: str, fmu: Path | None) -> tuple[Node, Words] | None:
        """Return the root of what an element names or holds, and its words.

        Raises WiringError where a file is missing or no XML.
        """
        media = node.get("type", _MEDIA[name])
        if media != _MEDIA[name]:
            self.findings.wrong(node.place, f"content of type '{media}'", _MEDIA[name])
            return None
        if not node.has("source"):
            root = node.one(name)
            if root is None:
                self.findings.wrong(node.place, f"it holds no {name}", "a source, or one inline")
                return None
        else:
            root = self._file(node, fmu)
            if root is None:
                return None
        return root, Words.of(root, self.findings, name, _NAMESPACES[name])

    def _file(self, node: Node, fmu: Path | None) -> Node | None:
        source = node.get("source")
        base = node.get("sourceBase", "SSD")
        try:
            if base == "component" and fmu is not None:
                with Package(fmu) as inside:
                    entry = entry_of(source)
                    return parse(inside.read(entry), fmu / entry)
            if base != "SSD":
                raise ValueError("sourceBase SSD, or component for an FMU")  # noqa: TRY301 - one way to tell
            entry = entry_of(source, self.entry)
            return parse(self.package.read(entry), self.package.path / entry)
        except ValueError as error:
            self.findings.wrong(node.place, f"source '{source}' is not read", str(error))
            return None

    def _set(self, root: Node, words: Words) -> list[Setting]:
        """Return the values of a parameter set."""
        found: dict[str, Setting] = {}
        for node in root.within("Parameters", "Parameter"):
            kind = next((child for child in node if child.name in TYPES), None)
            name = node.get("name")
            if kind is None:
                self.findings.wrong(
                    node.place, "a parameter without a type", "<ssv:Real value=.../>"
                )
                continue
            if name in found:
                self.findings.wrong(node.place, f"'{name}' stands in the set twice", "a name once")
            unit = words.unit(kind.get("unit"), kind.place) if kind.has("unit") else None
            values = _values(kind, array=bool(node.all("Dimension")))
            self._check_size(node, len(values))
            found[name] = Setting(
                name=name,
                type=kind.name,
                values=values,
                place=node.place,
                unit=unit,
                unit_name=kind.get("unit"),
                origin=root.get("name"),
            )
        return list(found.values())

    def _check_size(self, node: Node, count: int) -> None:
        """Note a value of another number of elements than its dimensions say."""
        parts = [dimension(child, self.findings) for child in node.all("Dimension")]
        sizes = [part for part in parts if isinstance(part, int)]
        if parts and len(sizes) == len(parts) and math.prod(sizes) != count:
            shown = "x".join(map(str, sizes))
            text = f"its Dimension is {shown}, its value is of {count}"
            self.findings.wrong(node.place, text, f"{math.prod(sizes)} values, blanks between them")

    def _mapped(self, found: list[Setting], root: Node) -> list[Setting]:
        """Return the settings under the names that a mapping gives them; others are left out."""
        by_name = {setting.name: setting for setting in found}
        mapped = []
        for entry in root.all("MappingEntry"):
            setting = by_name.get(entry.get("source"))
            if setting is None:
                message = f"the parameter set has no '{entry.get('source')}'"
                self.findings.note("parameter", message, entry.place)
                continue
            mapped.append(
                replace(
                    setting,
                    name=entry.get("target"),
                    place=entry.place,
                    suppress=boolean(entry, "suppressUnitConversion", self.findings),
                    transformation=transformation(entry, self.findings),
                )
            )
        sources = {entry.get("source") for entry in root.all("MappingEntry")}
        left = [setting.name for setting in found if setting.name not in sources]
        if left:
            message = f"not in the mapping, so not set: {', '.join(left)}"
            self.findings.note("parameter", message, root.place)
        return mapped


def _values(kind: Node, *, array: bool) -> tuple[str, ...]:
    """Return the texts of a value: of an array one for each element, row by row."""
    inside = kind.all("Value")
    if inside:
        return tuple(child.get("value") for child in inside)
    text = kind.get("value")
    if array and kind.name not in {"String", "Enumeration", "Binary"}:
        return tuple(text.split())
    return (text,)
