"""A group as the XML files of a system structure."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from importlib import metadata
from typing import TYPE_CHECKING, Any, Final

from linetwin.cosim.groups.definition import Terminal
from linetwin.cosim.ssp.archive import MAIN
from linetwin.cosim.ssp.gathering import Port
from linetwin.cosim.ssp.xml import ANNOTATION, OWN, SSC, SSD, SSV
from linetwin.cosim.units import SAME, Affine, conversion, unit_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from linetwin.cosim.description import Variable
    from linetwin.cosim.groups.definition import Group, Member
    from linetwin.cosim.ssp.gathering import Amount, Join, Said
    from linetwin.quantities.ucum import Unit

VALUES: Final = "resources/values.ssv"
_OLD_TYPES: Final = {
    **dict.fromkeys(("Real", "Float64", "Float32"), "Real"),
    **dict.fromkeys(("Integer", "Int8", "UInt8", "Int16", "UInt16", "Int32"), "Integer"),
    **{name: name for name in ("Boolean", "Enumeration", "String", "Binary")},
}
"""Types as SSP 1.0 calls them; of the rest it says nothing."""
_BY_CHILDREN: Final = frozenset({"String", "Enumeration", "Binary"})
"""Types of which an array has an element for each value."""
_REAL: Final = frozenset({"Real", "Float64", "Float32"})


def describe(
    group: Group,
    entries: Mapping[Path, str],
    said: Said,
    version: str,
    stop_s: float | None,
) -> dict[str, bytes]:
    """Return the files of a structure: its description, and the values of its members.

    `entries`: places of the FMUs in the archive.
    """
    described = _Describer(group, entries, said, version).structure(stop_s)
    if not said.amounts:
        return {MAIN: described}
    return {MAIN: described, VALUES: _values(said.amounts, version)}


@dataclass
class _Writer:
    """Begins an XML file; `units` and `enumerations` are what it has to define, by name."""

    namespace: str
    version: str
    units: dict[str, Unit] = field(default_factory=dict)
    enumerations: dict[str, Mapping[str, int]] = field(default_factory=dict)

    def root(self, name: str, /, **attributes: str) -> Any:  # noqa: ANN401 - lxml has no types
        """Return the root element."""
        from lxml import etree

        prefixes = {"ssc": SSC, {SSD: "ssd", SSV: "ssv"}[self.namespace]: self.namespace}
        made = {"version": self.version, "generationTool": _tool()}
        tag = f"{{{self.namespace}}}{name}"
        return etree.Element(tag, {**made, **attributes}, nsmap=prefixes)

    def add(self, parent: Any, name: str, /, **attributes: str) -> Any:  # noqa: ANN401 - as above
        """Add an element of the file's own namespace."""
        return _add(parent, self.namespace, name, attributes)

    def unit(self, member: Member, variable: Variable) -> dict[str, str]:
        """Return the attribute that names a variable's unit, which gets defined; {} for none.

        Where two FMUs mean different things by one name, the second gets another.
        """
        if variable.unit is None:
            return {}
        try:
            unit = unit_of(variable, member.description.units, None)
        except ValueError:  # the FMU names what nobody understands
            return {}
        name, number = variable.unit, 2
        while self.units.get(name, unit) != unit:
            name, number = f"{variable.unit}_{number}", number + 1
        self.units[name] = unit
        return {"unit": name}

    def words(self, root: Any) -> None:  # noqa: ANN401 - as above
        """Write the definitions of enumerations and units."""
        if self.enumerations:
            enumerations = self.add(root, "Enumerations")
            for name, items in self.enumerations.items():
                node = _add(enumerations, SSC, "Enumeration", {"name": name})
                for item, number in items.items():
                    _add(node, SSC, "Item", {"name": item, "value": str(number)})
        if self.units:
            units = self.add(root, "Units")
            for name, unit in self.units.items():
                node = _add(units, SSC, "Unit", {"name": name})
                _add(node, SSC, "BaseUnit", unit.attributes())


def _add(parent: Any, namespace: str, name: str, attributes: Mapping[str, str]) -> Any:  # noqa: ANN401 - as above
    from lxml import etree

    return etree.SubElement(parent, f"{{{namespace}}}{name}", dict(attributes))


def _text(root: Any) -> bytes:  # noqa: ANN401 - as above
    from lxml import etree

    found: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)
    return found


def _tool() -> str:
    try:
        return f"linetwin {metadata.version('linetwin')}"
    except metadata.PackageNotFoundError:
        return "linetwin"


@dataclass
class _Describer:
    """Writes the .ssd of a group."""

    group: Group
    entries: Mapping[Path, str]
    said: Said
    version: str

    def structure(self, stop_s: float | None) -> bytes:
        """Return the whole file."""
        from lxml import etree

        group = self.group
        self._writer = _Writer(SSD, self.version)
        meaning = {"description": group.meaning} if group.meaning else {}
        root = self._writer.root("SystemStructureDescription", name=group.name, **meaning)
        system = self._writer.add(root, "System", name=group.name)
        if self.said.ports:
            connectors = self._writer.add(system, "Connectors")
            for port in self.said.ports:
                self._connector(connectors, port)
        if self.said.amounts:
            bindings = self._writer.add(system, "ParameterBindings")
            self._writer.add(bindings, "ParameterBinding", source=VALUES)
        self._components(system)
        if self.said.joins:
            connections = self._writer.add(system, "Connections")
            for join in self.said.joins:
                self._connection(connections, join)
        self._writer.words(root)
        times = [m.description.stop_time_s for m in group.members if m.description.stop_time_s]
        stop = stop_s if stop_s is not None else max(times, default=None)
        experiment = {} if stop is None else {"stopTime": repr(float(stop))}
        self._writer.add(root, "DefaultExperiment", startTime="0.0", **experiment)
        holder = self._writer.add(root, "Annotations")
        annotation = _add(holder, SSC, "Annotation", {"type": ANNOTATION})
        content = etree.SubElement(annotation, f"{{{OWN}}}group", nsmap={"linetwin": OWN})
        content.text = json.dumps(self.said.left)
        return _text(root)

    def _connector(self, parent: Any, port: Port) -> None:  # noqa: ANN401 - lxml has no types
        node = self._writer.add(parent, "Connector", name=port.name, kind=port.kind)
        variable = self.group.variable(port.like)
        member = self.group.member(port.like.member)
        kind = variable.type if self.version != "1.0" else _OLD_TYPES.get(variable.type)
        if kind is not None and (kind != "Enumeration" or variable.enumeration):
            attributes: dict[str, str] = {}
            if kind in _REAL:
                attributes = self._writer.unit(member, variable)
            elif kind == "Enumeration":
                attributes = {"name": f"{member.description.model}.{variable.name}"}
                self._writer.enumerations[attributes["name"]] = variable.enumeration
            _add(node, SSC, kind, attributes)
        for size in variable.shape:
            _add(node, SSC, "Dimension", {"size": str(size)})

    def _components(self, system: Any) -> None:  # noqa: ANN401 - as above
        elements = self._writer.add(system, "Elements")
        for member in self.group.members:
            component = self._writer.add(
                elements,
                "Component",
                name=member.name,
                type="application/x-fmu-sharedlibrary",
                source=self.entries[member.description.path],
            )
            used = self._used(member)
            if used:
                connectors = self._writer.add(component, "Connectors")
                for port in used:
                    self._connector(connectors, port)

    def _used(self, member: Member) -> list[Port]:
        """Return what is connected of a member, in the FMU's order."""
        ends = {end for join in self.said.joins for end in (join.source, join.target)}
        return [
            Port(variable.name, variable.causality, terminal)
            for variable in member.description.variables.values()
            if (terminal := Terminal(member.name, variable.name)) in ends
        ]

    def _connection(self, parent: Any, join: Join) -> None:  # noqa: ANN401 - as above
        """Write a connection.

        Units are converted before the factor and the offset. Where that does not give the same
        numbers, the conversion is suppressed, and factor and offset say it all.
        """
        natural, affine = self._natural(join), join.affine
        suppress: dict[str, str] = {}
        if natural is not None and natural != affine and affine.factor:
            factor = affine.factor / natural.factor
            rest = Affine(factor, affine.offset - natural.offset * factor)
            fits = natural.then(rest.factor, rest.offset) == affine
            natural, affine = (affine, rest) if fits else (None, affine)
        elif natural == affine:
            affine = SAME
        if natural is None:
            suppress = {"suppressUnitConversion": "true"}
        ends: dict[str, str] = {}
        for role, (element, connector) in (("start", join.source), ("end", join.target)):
            ends |= {f"{role}Element": element} if element else {}
            ends[f"{role}Connector"] = connector
        node = self._writer.add(parent, "Connection", **ends, **suppress)
        if join.table:
            self._table(node, join)
        elif not affine.identity or suppress:
            linear = {"factor": repr(affine.factor), "offset": repr(affine.offset)}
            _add(node, SSC, "LinearTransformation", linear)

    def _natural(self, join: Join) -> Affine | None:
        """Return the conversion of the ends' units; None where they do not fit."""
        if not join.target.member or not join.unit_of.member:
            return SAME
        first, second = (
            unit_of(self.group.variable(end), self.group.member(end.member).description.units, None)
            for end in (join.unit_of, join.target)
        )
        try:
            return conversion(first, second)
        except ValueError:
            return None

    def _table(self, node: Any, join: Join) -> None:  # noqa: ANN401 - as above
        boolean = self.group.variable(join.target).type == "Boolean"
        kind = "Boolean" if boolean else "Integer"
        table = _add(node, SSC, f"{kind}MappingTransformation", {})
        for source, target in join.table.items():
            texts = [str(int(value)) for value in (source, target)]
            if boolean:
                texts = ["true" if value else "false" for value in (source, target)]
            _add(table, SSC, "MapEntry", {"source": texts[0], "target": texts[1]})


def _values(amounts: Iterable[Amount], version: str) -> bytes:
    """Return the .ssv with the values of all members, by hierarchical names."""
    writer = _Writer(SSV, version)
    root = writer.root("ParameterSet", name="values")
    parameters = writer.add(root, "Parameters")
    for member, variable, value in amounts:
        node = writer.add(parameters, "Parameter", name=f"{member.name}.{variable.name}")
        listed = value if isinstance(value, list) else [value]
        pairs = [_value(variable, one, version) for one in listed]
        kind = next((k for k, _ in pairs if k != "Enumeration"), pairs[0][0] if pairs else "Real")
        texts = [text for _, text in pairs]
        unit = writer.unit(member, variable) if kind in _REAL else {}
        if kind in _BY_CHILDREN and variable.shape:
            holder = writer.add(node, kind, **unit)
            for text in texts:
                writer.add(holder, "Value", value=text)
        else:
            writer.add(node, kind, value=" ".join(texts), **unit)
        for size in variable.shape:
            _add(node, SSC, "Dimension", {"size": str(size)})
    writer.words(root)
    return _text(root)


def _value(variable: Variable, value: Any, version: str) -> tuple[str, str]:  # noqa: ANN401 - any
    """Return how one value is written: the element, and the text."""
    if isinstance(value, str | bytes):
        return variable.type, value if isinstance(value, str) else value.hex()
    if variable.type in _REAL:
        return (variable.type if version != "1.0" else "Real"), repr(float(value))
    if variable.type == "Boolean":
        return "Boolean", "true" if value else "false"
    items = {number: name for name, number in variable.enumeration.items()}
    if variable.type == "Enumeration" and int(value) in items:
        return "Enumeration", items[int(value)]
    if version == "1.0" and not -(2**31) <= value < 2**31:
        return "Real", repr(float(value))
    known = version != "1.0" and variable.type != "Enumeration"
    return variable.type if known else "Integer", str(int(value))
