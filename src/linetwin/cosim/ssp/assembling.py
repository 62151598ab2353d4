"""A flattened structure as the content of a group file."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from linetwin.cosim.ssp.carrying import Carried
from linetwin.cosim.ssp.flattening import Port
from linetwin.cosim.ssp.sizing import check_sizes
from linetwin.cosim.ssp.structure import GIVES
from linetwin.cosim.ssp.values import Settings
from linetwin.cosim.units import conversion
from linetwin.quantities.ucum import parse_unit

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from linetwin.cosim.description import Variable
    from linetwin.cosim.ssp.findings import Findings
    from linetwin.cosim.ssp.flattening import Flat, Way
    from linetwin.cosim.ssp.structure import Structure
    from linetwin.cosim.ssp.values import Given
    from linetwin.cosim.units import Affine

_BARE: Final = re.compile(r"[^A-Za-z0-9_]+")
_REAL: Final = frozenset({"Real", "Float64", "Float32"})
_TRUTH: Final = {"true": 1.0, "false": 0.0}


def assemble(structure: Structure, flat: Flat, findings: Findings) -> dict[str, Any]:
    """Return the content of a group file, without a step; problems go to `findings`."""
    settings = Settings(flat, findings)
    settings.collect(structure.system)
    assembler = _Assembler(structure, flat, findings, settings)
    content = assembler.content()
    check_sizes(flat, assembler.values())
    return content


class Names:
    """Names as a group file allows them, each given once."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def give(self, wanted: str) -> str:
        """Return a name that is like the one wanted."""
        name = _BARE.sub("_", wanted).strip("_") or "unnamed"
        if name[0].isdigit():
            name = f"_{name}"
        found, number = name, 2
        while found in self._taken:
            found, number = f"{name}_{number}", number + 1
        self._taken.add(found)
        return found


@dataclass
class _Assembler:
    """Goes through the FMUs' variables and the system's own connectors."""

    structure: Structure
    flat: Flat
    findings: Findings
    settings: Settings
    members: dict[str, dict[str, Any]] = field(default_factory=dict)
    connections: dict[str, Any] = field(default_factory=dict)
    inputs: dict[str, list[Port]] = field(default_factory=dict)
    parameters: dict[str, list[Port]] = field(default_factory=dict)

    def content(self) -> dict[str, Any]:
        """Return the whole content."""
        self._member_names = self._named_members()
        self._told = _told(self.structure.own or {})
        for path, component in self.flat.components.items():
            member: dict[str, Any] = {"fmu": _reference(component.entry), "values": {}}
            self.members[self._member_names[path]] = member
        for port in self._ports():
            self._variable(port)
        for member in self.members.values():
            if not member["values"]:
                del member["values"]
        self.settings.tell_unused()
        names = Names()
        written = {
            "inputs": self._inputs(names),
            "outputs": self._outputs(names),
            "parameters": self._parameters(names),
        }
        found: dict[str, Any] = {"name": Names().give(self.structure.name)}
        if self.structure.meaning:
            found["meaning"] = self.structure.meaning
        found |= {"members": self.members, "connections": self.connections, **written}
        return {key: value for key, value in found.items() if value or key == "members"}

    def values(self) -> dict[tuple[str, ...], Mapping[str, Any]]:
        """Return what is set in each FMU, by its path, once the content is there."""
        members = self._member_names.items()
        return {path: self.members[name].get("values", {}) for path, name in members}

    def _named_members(self) -> dict[tuple[str, ...], str]:
        names = Names()
        found = {path: names.give("_".join(path)) for path in self.flat.components}
        for path, name in found.items():
            if name != "_".join(path):
                text = f"'{'.'.join(path)}' is called {name} here"
                self.findings.note("name", text, self.flat.components[path].place)
        return found

    def _ports(self) -> Iterable[Port]:
        """Yield the variables that can be set: connected ones in the order of the connections."""
        connected = [port for port in self.flat.incoming if self.flat.variable(port) is not None]
        yield from connected
        seen = set(connected)
        for path, description in self.flat.descriptions.items():
            for variable in description.variables.values():
                port = Port(path, variable.name)
                if port not in seen and (port in self.settings.placed or _open(variable)):
                    yield port

    def _text(self, port: Port) -> str:
        return f"{self._member_names[port.path]}.{port.name}"

    def _variable(self, port: Port) -> None:
        """Place a variable: connected, given from outside, or with a value."""
        way = self.flat.way(port)
        if way.source.path in self.flat.components and way.hops:
            self._connection(port, way)
            self._start(port, way)
            return
        kind = self._kind(way.source)
        if kind == "input":
            self._start(port, way)
            self.inputs.setdefault(way.source.name, []).append(port)
            return
        if kind in {"parameter", "structuralParameter"}:
            self.parameters.setdefault(way.source.name, []).append(port)
        self._value(port, way)

    def _kind(self, port: Port) -> str:
        """Return the kind of a connector of the whole system, '' for any other."""
        connector = self.flat.connector(port) if not port.path else None
        if connector is None:
            return ""
        return "input" if connector.kind in {"inout", "unspecified"} else connector.kind

    def _value(self, port: Port, way: Way) -> None:
        """Set a variable to what a binding says; an input that nobody sets keeps its start."""
        values = self.members[self._member_names[port.path]]["values"]
        variable = self.flat.known(port)
        found = self.settings.of(port, way)
        given: Given | None = None
        if found is not None:
            placed, at = found
            given = self.settings.value(port, way, at, placed.setting)
        elif _open(variable) and self._text(port) not in self._told:
            given = _begun(variable)
        if given is not None:
            values[port.name] = _written(variable, given)

    def _start(self, port: Port, way: Way) -> None:
        """Set what an input with a source begins with, where a binding says it."""
        found = self.settings.of(port, way)
        variable = self.flat.variable(port)
        if found is None or variable is None:
            return
        placed, at = found
        if not variable.numeric:
            text = f"'{port}' begins with what its source gives, not with what is set"
            self.findings.note("start-value", text, placed.setting.place)
            return
        given = self.settings.value(port, way, at, placed.setting)
        if given is not None:
            member = self.members[self._member_names[port.path]]
            member.setdefault("start", {})[port.name] = _written(variable, given)

    def _connection(self, port: Port, way: Way) -> None:
        link = way.hops[-1].link
        ends = [self.flat.variable(end) for end in (way.source, port)]
        if not all(end is not None and end.numeric for end in ends):
            if any(hop.link.transformation is not None for hop in way.hops):
                message = "only numbers can be transformed"
                self.findings.wrong(link.place, message, "no transformation")
            self.connections[self._text(port)] = self._text(way.source)
            return
        try:
            carried = self.flat.carried(way)
        except ValueError as error:
            message = f"'{way.source}' in {self._unit(way.source)} does not fit"
            message += f" '{port}' in {self._unit(port)}: {error}"
            hint = 'units of the same kind, or suppressUnitConversion="true"'
            self.findings.wrong(link.place, message, hint)
            return
        if carried.lost:
            text = f"no conversion: '{way.source}' is in {self._unit(way.source)}, "
            text += f"'{port}' in {self._unit(port)}"
            self.findings.note("unit", text, link.place)
        if carried.affine.factor == 0.0:
            self.findings.wrong(link.place, "a factor of 0 loses the value", "any other number")
            return
        written = self._written(way, port, carried)
        if carried.table and ends[0] is not None and ends[0].type in _REAL:
            message = f"a table is for whole numbers, '{way.source}' is of type {ends[0].type}"
            self.findings.wrong(link.place, message, "a LinearTransformation")
            return
        source = self._text(way.source)
        self.connections[self._text(port)] = {"from": source, **written} if written else source

    def _unit(self, port: Port) -> str:
        connector, variable = self.flat.connector(port), self.flat.variable(port)
        declared = connector.unit_name if connector else ""
        return declared or (variable.unit if variable and variable.unit else "") or "no unit"

    def _written(self, way: Way, port: Port, carried: Carried) -> dict[str, Any]:
        """Return how a value is changed, as a group file says it; {} where nothing is to be said.

        A group file converts the FMUs' own units by itself, before scale and offset.
        """
        if carried.table:
            return {"map": {_plain(v): _plain(t) for v, t in carried.table.items()}}
        natural = self._natural(way.source, port)
        if natural == carried.affine:
            return {}
        change = way.hops[-1].link.transformation
        linear = change is not None and not change.table and not change.items
        if natural is not None and change is not None and linear:
            joined = natural.then(change.factor, change.offset)
            if joined == carried.affine:
                return _scaled(change.factor, change.offset)
        same = {"from_unit": "1", "to_unit": "1"}  # the numbers say it all
        return {**_scaled(carried.affine.factor, carried.affine.offset), **same}

    def _natural(self, source: Port, target: Port) -> Affine | None:
        """Return the conversion between the FMUs' own units; None where there is none."""
        one = parse_unit("1")
        try:
            return conversion(self.flat.own_unit(source) or one, self.flat.own_unit(target) or one)
        except ValueError:
            return None

    def _inputs(self, names: Names) -> dict[str, Any]:
        """Return what the whole system takes, as a number of its first plain target."""
        found: dict[str, Any] = {}
        for name, connector in self.structure.system.connectors.items():
            targets = self.inputs.get(name, [])
            if self._kind(Port((), name)) != "input" or Port((), name) in self.flat.incoming:
                continue
            if not targets:
                self.findings.note("connector", f"input '{name}' goes nowhere", connector.place)
                continue
            own = names.give(name)
            self._renamed(name, own, "input")
            try:
                texts = self._targets(Port((), name), targets)
            except ValueError as error:
                hint = "units of the same kind; factors, but no tables"
                self.findings.wrong(connector.place, f"input '{name}': {error}", hint)
                continue
            found[own] = texts[0] if len(texts) == 1 else texts
        return found

    def _targets(self, source: Port, targets: list[Port]) -> list[Any]:
        """Return the targets of an input; ValueError where units do not fit."""
        if not all((v := self.flat.variable(port)) is not None and v.numeric for port in targets):
            return [self._text(port) for port in targets]
        ways = {port: self.flat.way(port) for port in targets}
        plain = [p for p in targets if all(h.link.transformation is None for h in ways[p].hops)]
        ordered = [*plain, *(port for port in targets if port not in plain)]
        first, unit = ordered[0], self.flat.unit(source)
        begin = Carried(self.flat.own_unit(first)).into(unit) if plain else Carried(unit)
        if plain and unit is not None and self.flat.own_unit(first) not in {None, unit}:
            text = f"input '{source.name}' is in {self._unit(first)}, as '{first}' takes it"
            self.findings.note("unit", text, self.flat.components[first.path].place)
        texts: list[Any] = []
        for port in ordered:
            carried = self.flat.carried(ways[port], begin)
            if carried.table:
                raise ValueError("a table of values between the whole system and an FMU")
            if carried.affine == self._natural(first, port):
                texts.append(self._text(port))
            else:
                scaled = _scaled(carried.affine.factor, carried.affine.offset)
                same = {"from_unit": "1", "to_unit": "1"}
                texts.append({"to": self._text(port), **scaled, **same})
        return texts

    def _outputs(self, names: Names) -> dict[str, str]:
        """Return what the whole system gives, each in the unit of its source."""
        found = {}
        for name, connector in self.structure.system.connectors.items():
            port = Port((), name)
            entering = port in self.flat.incoming
            if connector.kind not in GIVES and not entering:
                continue
            way = self.flat.way(port)
            variable = self.flat.variable(way.source)
            if not entering or variable is None:
                text = f"nothing inside gives '{name}'"
                self.findings.note("connector", text, connector.place)
                continue
            if any(hop.link.transformation is not None for hop in way.hops):
                hint = "transformations on connections between elements"
                message = f"output '{name}' is changed on its way out of the system"
                self.findings.wrong(way.hops[-1].link.place, message, hint)
                continue
            if connector.unit is not None and connector.unit != self.flat.own_unit(way.source):
                text = f"output '{name}' is in {variable.unit or 'no unit'}, as '{way.source}' is"
                self.findings.note("unit", text, connector.place)
            own = names.give(name)
            self._renamed(name, own, "output")
            found[own] = self._text(way.source)
        return found

    def _parameters(self, names: Names) -> dict[str, str]:
        """Return parameters of the whole system that go to one variable, plainly."""
        found = {}
        for name, targets in self.parameters.items():
            way = self.flat.way(targets[0])
            place = self.structure.system.connectors[name].place
            variable = self.flat.variable(targets[0])
            changed = any(hop.link.transformation is not None for hop in way.hops)
            if len(targets) > 1 or changed or variable is None or variable.causality == "input":
                what = f"{len(targets)} variables" if len(targets) > 1 else f"'{targets[0]}'"
                text = f"parameter '{name}' goes to {what}: set there, but not as one"
                self.findings.note("parameter", text, place)
                continue
            own = names.give(name)
            self._renamed(name, own, "parameter")
            found[own] = self._text(targets[0])
        return found

    def _renamed(self, name: str, own: str, what: str) -> None:
        if name != own:
            place = self.structure.system.connectors[name].place
            self.findings.note("name", f"{what} '{name}' is called {own} here", place)


def _reference(entry: str) -> str:
    """Return an entry as a path: a bare name would mean a model of the library."""
    return entry if "/" in entry else f"./{entry}"


def _told(own: Mapping[str, Any]) -> frozenset[str]:
    """Return the inputs that a linetwin export says more of: they have a source, or values."""
    texts = [*own.get("connections", {})]
    for written in own.get("inputs", {}).values():
        listed = written if isinstance(written, list) else [written]
        texts += [str(way.get("to") if isinstance(way, dict) else way) for way in listed]
    for name, member in own.get("members", {}).items():
        texts += [f"{name}.{variable}" for variable in member.get("values", {})]
    return frozenset([*texts, *(text.partition("[")[0] for text in texts)])


def _open(variable: Variable) -> bool:
    """Tell whether something has to be said of a variable, as of every input that is a number."""
    return variable.causality == "input" and variable.numeric


def _begun(variable: Variable) -> Given:
    """Return the start value that an FMU gives an input."""
    if not variable.dimensions:
        return variable.start if isinstance(variable.start, float) else 0.0
    texts = str(variable.start or "0").split()
    numbers = [_TRUTH[text] if text in _TRUTH else float(text) for text in texts]
    return numbers[0] if len(set(numbers)) == 1 else numbers


def _written(variable: Variable, given: Given) -> Any:  # noqa: ANN401 - what YAML holds
    """Return a value as it stands in a group file."""
    if isinstance(given, list):
        return [_written(variable, one) for one in given]
    return given if isinstance(given, str) or variable.type in _REAL else int(given)


def _scaled(factor: float, offset: float) -> dict[str, float]:
    found = {"scale": factor} if factor != 1.0 else {}
    return {**found, "offset": offset} if offset != 0.0 else found


def _plain(number: float) -> float:
    return int(number) if number == int(number) else number
