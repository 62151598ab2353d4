"""A group as the XML files of a system structure."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from importlib import metadata
from typing import TYPE_CHECKING, Any, Final

from linetwin.cosim.groups.definition import Terminal
from linetwin.cosim.ssp.archive import MAIN
from linetwin.cosim.ssp.kinds import variable_of
from linetwin.cosim.ssp.remainder import unsaid
from linetwin.cosim.ssp.xml import ANNOTATION, OWN, SSC, SSD, SSV
from linetwin.cosim.units import SAME, Affine, conversion, unit_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from linetwin.cosim.description import Variable
    from linetwin.cosim.groups.definition import Group, Member
    from linetwin.quantities.ucum import Unit

VALUES: Final = "resources/values.ssv"
_OLD_TYPES: Final = {
    **dict.fromkeys(("Real", "Float64", "Float32"), "Real"),
    **dict.fromkeys(("Integer", "Int8", "UInt8", "Int16", "UInt16", "Int32"), "Integer"),
    **{name: name for name in ("Boolean", "Enumeration")},
}
"""Types as SSP 1.0 calls them; of the rest it says nothing."""
_REAL: Final = frozenset({"Real", "Float64", "Float32"})


def describe(
    group: Group,
    entries: Mapping[Path, str],
    own: Mapping[str, Any],
    version: str,
    stop_s: float | None,
) -> dict[str, bytes]:
    """Return the files of a structure: its description, and the values of its members.

    `entries`: places of the FMUs in the archive; `own`: what goes into the annotation.
    """
    described = _Describer(group, entries, version).structure(own, stop_s)
    if not any(member.values for member in group.members):
        return {MAIN: described}
    return {MAIN: described, VALUES: _values(group, version)}


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
    version: str

    def structure(self, own: Mapping[str, Any], stop_s: float | None) -> bytes:
        """Return the whole file."""
        from lxml import etree

        group = self.group
        self._writer = _Writer(SSD, self.version)
        meaning = {"description": group.meaning} if group.meaning else {}
        root = self._writer.root("SystemStructureDescription", name=group.name, **meaning)
        system = self._writer.add(root, "System", name=group.name)
        self._links: list[tuple[str, str, dict[str, str], Affine]] = []
        self._gathered()
        self._ports(system)
        if any(member.values for member in group.members):
            bindings = self._writer.add(system, "ParameterBindings")
            self._writer.add(bindings, "ParameterBinding", source=VALUES)
        self._components(system)
        self._connections(system)
        self._writer.words(root)
        times = [m.description.stop_time_s for m in group.members if m.description.stop_time_s]
        stop = stop_s if stop_s is not None else max(times, default=None)
        experiment = {} if stop is None else {"stopTime": repr(float(stop))}
        self._writer.add(root, "DefaultExperiment", startTime="0.0", **experiment)
        holder = self._writer.add(root, "Annotations")
        annotation = _add(holder, SSC, "Annotation", {"type": ANNOTATION})
        content = etree.SubElement(annotation, f"{{{OWN}}}group", nsmap={"linetwin": OWN})
        content.text = json.dumps(own)
        return _text(root)

    def _said(self, key: str, ports: Mapping[str, Any]) -> dict[str, Any]:
        left = unsaid(self.group, key, self.version)
        return {name: port for name, port in ports.items() if name not in left}

    def _gathered(self) -> None:
        """Gather all connections: source, target, attributes, and what a value goes through."""
        group = self.group
        left = unsaid(group, "connections", self.version)
        for connection in group.connections:
            if str(connection.target) not in left:
                self._link(connection.source, connection.target, connection.affine)
        for name, port in self._said("inputs", group.inputs).items():
            first = port.targets[0][0]
            for target, affine in port.targets:
                self._link(first, target, affine, Terminal("", name))
        for name, output in self._said("outputs", group.outputs).items():
            self._links.append((str(output.source), f".{name}", {}, SAME))
        for name, terminal in self._said("parameters", group.parameters).items():
            self._links.append((f".{name}", str(terminal), {}, SAME))

    def _link(
        self, source: Terminal, target: Terminal, affine: Affine, start: Terminal | None = None
    ) -> None:
        """Note a connection; `start`: the system's own connector, of the unit of `source`.

        Units are converted before the factor and the offset. Where that does not give the same
        numbers, the conversion is suppressed and factor and offset say it all.
        """
        suppressed = {"suppressUnitConversion": "true"}
        ends = str(start or source), str(target)
        natural = self._natural(source, target)
        if natural == affine:
            self._links.append((*ends, {}, SAME))
            return
        if natural is not None and affine.factor:
            factor = affine.factor / natural.factor
            rest = Affine(factor, affine.offset - natural.offset * factor)
            if natural.then(rest.factor, rest.offset) == affine:
                self._links.append((*ends, {}, rest))
                return
        self._links.append((*ends, suppressed, affine))

    def _natural(self, source: Terminal, target: Terminal) -> Affine | None:
        """Return the conversion of the ends' units; None where they do not fit."""
        units = [
            unit_of(
                variable_of(self.group, end), self.group.member(end.member).description.units, None
            )
            for end in (source, target)
        ]
        try:
            return conversion(*units)
        except ValueError:
            return None

    def _ports(self, system: Any) -> None:  # noqa: ANN401 - lxml has no types
        """Write the connectors of the group itself."""
        group = self.group
        found = [
            (name, "input", port.targets[0][0])
            for name, port in self._said("inputs", group.inputs).items()
        ]
        found += [
            (name, "output", output.source)
            for name, output in self._said("outputs", group.outputs).items()
        ]
        found += [
            (name, "parameter", terminal)
            for name, terminal in self._said("parameters", group.parameters).items()
        ]
        if found:
            connectors = self._writer.add(system, "Connectors")
            for name, kind, terminal in found:
                self._connector(connectors, name, kind, terminal)

    def _connector(self, parent: Any, name: str, kind: str, terminal: Terminal) -> None:  # noqa: ANN401 - as above
        node = self._writer.add(parent, "Connector", name=name, kind=kind)
        variable = variable_of(self.group, terminal)
        member = self.group.member(terminal.member)
        type_name = variable.type if self.version != "1.0" else _OLD_TYPES.get(variable.type)
        if type_name is None or (type_name == "Enumeration" and not variable.enumeration):
            return
        attributes: dict[str, str] = {}
        if type_name in _REAL:
            attributes = self._writer.unit(member, variable)
        elif type_name == "Enumeration":
            attributes = {"name": f"{member.description.model}.{variable.name}"}
            self._writer.enumerations[attributes["name"]] = variable.enumeration
        _add(node, SSC, type_name, attributes)

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
                for terminal in used:
                    kind = variable_of(self.group, terminal).causality
                    self._connector(connectors, terminal.variable, kind, terminal)

    def _used(self, member: Member) -> list[Terminal]:
        """Return what is connected of a member, in the FMU's order."""
        ends = {end for source, target, _, _ in self._links for end in (source, target)}
        terminals = [Terminal(member.name, name) for name in member.description.variables]
        return [terminal for terminal in terminals if str(terminal) in ends]

    def _connections(self, system: Any) -> None:  # noqa: ANN401 - as above
        if not self._links:
            return
        connections = self._writer.add(system, "Connections")
        for source, target, attributes, affine in self._links:
            ends: dict[str, str] = {}
            for role, text in (("start", source), ("end", target)):
                element, _, connector = text.partition(".")
                ends |= {f"{role}Element": element} if element else {}
                ends[f"{role}Connector"] = connector
            node = self._writer.add(connections, "Connection", **ends, **attributes)
            if not affine.identity or attributes:
                linear = {"factor": repr(affine.factor), "offset": repr(affine.offset)}
                _add(node, SSC, "LinearTransformation", linear)


def _values(group: Group, version: str) -> bytes:
    """Return the .ssv with the values of all members, by hierarchical names."""
    writer = _Writer(SSV, version)
    root = writer.root("ParameterSet", name="values")
    parameters = writer.add(root, "Parameters")
    for member in group.members:
        for name, value in member.values.items():
            variable = member.description.variables[name]
            node = writer.add(parameters, "Parameter", name=f"{member.name}.{name}")
            kind, attributes = _value(variable, value, version)
            unit = writer.unit(member, variable) if kind in _REAL else {}
            writer.add(node, kind, **attributes, **unit)
    writer.words(root)
    return _text(root)


def _value(variable: Variable, value: float, version: str) -> tuple[str, dict[str, str]]:
    """Return how a value is written: the element, and its attributes."""
    if variable.type in _REAL:
        kind = variable.type if version != "1.0" else "Real"
        return kind, {"value": repr(float(value))}
    if variable.type == "Boolean":
        return "Boolean", {"value": "true" if value else "false"}
    items = {number: name for name, number in variable.enumeration.items()}
    if variable.type == "Enumeration" and int(value) in items:
        return "Enumeration", {"value": items[int(value)]}
    if version == "1.0" and not -(2**31) <= value < 2**31:
        return "Real", {"value": repr(float(value))}
    known = version != "1.0" and variable.type != "Enumeration"
    return variable.type if known else "Integer", {"value": str(int(value))}
