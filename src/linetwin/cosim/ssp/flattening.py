"""Nested systems as one: FMUs by their paths, and what each of their inputs comes from."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

from linetwin.cosim.binary import check_platform
from linetwin.cosim.description import read_description
from linetwin.cosim.ssp.carrying import Carried
from linetwin.cosim.ssp.checking import check_component
from linetwin.cosim.ssp.structure import GIVES, SOURCES, Component, Reference, System
from linetwin.cosim.units import unit_of
from linetwin.errors import WiringError
from linetwin.scenario.problems import nearest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from linetwin.cosim.description import Description, Variable
    from linetwin.cosim.ssp.findings import Findings
    from linetwin.cosim.ssp.structure import Connector, Link, Transformation
    from linetwin.quantities.ucum import Unit

_DICTIONARY = "dictionary of"


class Port(NamedTuple):
    """A connector of the element at a path; the path of the whole system is ()."""

    path: tuple[str, ...]
    name: str

    def __str__(self) -> str:
        return ".".join((*self.path, self.name))


class Hop(NamedTuple):
    """One connection on the way of a value."""

    source: Port
    target: Port
    link: Link


class Way(NamedTuple):
    """Where a value comes from, and how."""

    source: Port
    hops: tuple[Hop, ...]


@dataclass
class Flat:
    """A structure without its nesting.

    `components` and `descriptions` by path; `systems` by path; `incoming`: what enters a connector.
    """

    findings: Findings
    components: dict[tuple[str, ...], Component] = field(default_factory=dict)
    descriptions: dict[tuple[str, ...], Description] = field(default_factory=dict)
    systems: dict[tuple[str, ...], System] = field(default_factory=dict)
    entries: dict[Port, Connector] = field(default_factory=dict)
    incoming: dict[Port, Hop] = field(default_factory=dict)

    def variable(self, port: Port) -> Variable | None:
        """Return the FMU's variable behind a connector of a component."""
        description = self.descriptions.get(port.path)
        return None if description is None else description.variables.get(port.name)

    def known(self, port: Port) -> Variable:
        """Return the FMU's variable behind a connector that is known to have one."""
        return self.descriptions[port.path].variables[port.name]

    def connector(self, port: Port) -> Connector | None:
        """Return a connector as the structure declares it."""
        if port.path in self.components:
            return self.components[port.path].connectors.get(port.name)
        if port.path in self.systems:
            return self.systems[port.path].connectors.get(port.name)
        return self.entries.get(port)

    def way(self, port: Port) -> Way:
        """Return the way of the value that enters a connector, from its very source."""
        hops: list[Hop] = []
        source = port
        while source in self.incoming and len(hops) <= len(self.incoming):
            hop = self.incoming[source]
            hops.insert(0, hop)
            source = hop.source
            if source.path in self.components:
                break
        return Way(source, tuple(hops))

    def own_unit(self, port: Port) -> Unit | None:
        """Return the unit of an FMU's variable; None where it says none, or none understood."""
        variable = self.variable(port)
        if variable is None or variable.unit is None:
            return None
        try:
            return unit_of(variable, self.descriptions[port.path].units, None)
        except ValueError:
            text = f"the FMU's unit '{variable.unit}' of '{port}' is not understood"
            self.findings.note("unit", text, self.components[port.path].place)
            return None

    def unit(self, port: Port) -> Unit | None:
        """Return the unit that a connector declares, else its variable's."""
        connector = self.connector(port)
        if connector is not None and connector.unit is not None:
            variable = self.variable(port)
            relative = variable is not None and variable.relative
            return replace(connector.unit, offset=0.0) if relative else connector.unit
        return self.own_unit(port)

    def carried(self, way: Way, begin: Carried | None = None) -> Carried:
        """Return what becomes of a value on its way, from and to the FMUs' own units.

        `begin`: the value as it is at the first connector. ValueError where units do not fit.
        """
        value = begin or self._leaving(way)
        for hop in way.hops:
            end = self.unit(hop.target)
            value = value.taken(end) if hop.link.suppress else value.into(end)
            value = value.changed(self._numbers(hop))
        last = way.hops[-1] if way.hops else None
        if last is None or not last.link.suppress:
            target = last.target if last else way.source
            value = value.into(self.own_unit(target))
        return value

    def _leaving(self, way: Way) -> Carried:
        """Return a value as an FMU gives it, in the unit of its connector."""
        source = way.source
        if way.hops and way.hops[0].link.suppress:
            return Carried(self.unit(source))
        return Carried(self.own_unit(source)).into(self.unit(source))

    def _numbers(self, hop: Hop) -> Transformation | None:
        """Return a hop's transformation with numbers in the place of enumeration items."""
        change = hop.link.transformation
        if change is None or not change.items:
            return change
        return numbered(change, self.items(hop.source), self.items(hop.target))

    def items(self, port: Port) -> Mapping[str, int]:
        """Return the items of a connector's enumeration."""
        connector, variable = self.connector(port), self.variable(port)
        if variable is not None and variable.enumeration:
            return variable.enumeration
        return {} if connector is None else connector.enumeration


def numbered(
    change: Transformation, source: Mapping[str, int], target: Mapping[str, int]
) -> Transformation:
    """Return a transformation of items as one of numbers; ValueError for an unknown item."""
    for name in change.items.values():
        if name not in target:
            raise ValueError(f"no item '{name}' in the target's enumeration")
    table = {
        float(source[old]): float(target[new]) for old, new in change.items.items() if old in source
    }
    same = {float(n): float(target[name]) for name, n in source.items() if name in target}
    return replace(change, items={}, table={**same, **table} if same else table)


def flatten(system: System, findings: Findings) -> Flat:
    """Return a system without its nesting; what does not fit goes to `findings`."""
    flat = Flat(findings)
    _Flattener(flat, findings).system(system, (), {})
    return flat


@dataclass
class _Flattener:
    """Goes down through systems."""

    flat: Flat
    findings: Findings

    def system(
        self,
        system: System,
        path: tuple[str, ...],
        around: Mapping[str, tuple[str, ...]],
    ) -> None:
        """Take in a system; `around`: place of each signal dictionary that can be seen."""
        self.flat.systems[path] = system
        seen = dict(around)
        for name, entries in system.dictionaries.items():
            seen[name] = (_DICTIONARY, *path, name)
            for entry in entries.values():
                self.flat.entries[Port(seen[name], entry.name)] = entry
        for element in system.elements.values():
            inside = (*path, element.name)
            if isinstance(element, System):
                self.system(element, inside, seen)
            elif isinstance(element, Component):
                self._component(element, inside)
        for link in system.links:
            self._link(system, path, link, seen)

    def _component(self, component: Component, path: tuple[str, ...]) -> None:
        try:
            description = read_description(component.fmu)
            check_platform(description)
        except WiringError as error:
            self.findings.adopt(error, component.place)
            return
        self.flat.components[path] = component
        self.flat.descriptions[path] = description
        check_component(component, description, self.findings)

    def _link(
        self,
        system: System,
        path: tuple[str, ...],
        link: Link,
        seen: Mapping[str, tuple[str, ...]],
    ) -> None:
        """Take in a connection, in the direction that the kinds of its ends say."""
        ends = [self._end(system, path, link, end, seen) for end in link.ends]
        if link.indexed:
            message = "a connection of single elements of an array is not read"
            self.findings.wrong(link.place, message, "connections of scalar connectors")
            return
        if ends[0] is None or ends[1] is None:
            return
        (first, gives), (second, takes) = ends[0], ends[1]
        if gives is None and takes is None:
            message = "nothing says which end gives the value"
            self.findings.wrong(link.place, message, "an output at one end, an input at the other")
            return
        forward = gives if gives is not None else not takes
        if takes is not None and takes == forward:
            what = "give" if forward else "take"
            hint = "an output at one end, an input at the other"
            self.findings.wrong(link.place, f"both ends {what} a value", hint)
            return
        hop = Hop(first, second, link) if forward else Hop(second, first, link)
        other = self.flat.incoming.setdefault(hop.target, hop)
        if other is not hop:
            hint = f"line {other.link.place.line} connects it to '{other.source}'"
            self.findings.wrong(link.place, f"'{hop.target}' has two sources", hint)

    def _end(
        self,
        system: System,
        path: tuple[str, ...],
        link: Link,
        end: tuple[str, str],
        seen: Mapping[str, tuple[str, ...]],
    ) -> tuple[Port, bool | None] | None:
        """Return an end of a connection, and whether it gives the value (None: either).

        None, and a problem, where there is no such connector.
        """
        owner, name = end
        if not owner:
            own = system.connectors.get(name)
            if own is None:
                hint = nearest(name, system.connectors, "connector")
                self.findings.wrong(link.place, f"the system has no connector '{name}'", hint)
                return None
            gives = True if own.kind in SOURCES else False if own.kind in GIVES else None
            return Port(path, name), gives
        element = system.elements.get(owner)
        if element is None:
            hint = nearest(owner, system.elements, "element")
            self.findings.wrong(link.place, f"there is no element '{owner}'", hint)
            return None
        connector = element.connectors.get(name)
        if connector is None and not self._undeclared((*path, owner), link, name):
            hint = nearest(name, element.connectors, "connector")
            self.findings.wrong(link.place, f"'{owner}' has no connector '{name}'", hint)
            return None
        if isinstance(element, Reference):
            return self._entry(element, link, name, seen)
        kind = connector.kind if connector else self._kind(Port((*path, owner), name))
        gives = True if kind in GIVES else False if kind in SOURCES else None
        return Port((*path, owner), name), gives

    def _undeclared(self, path: tuple[str, ...], link: Link, name: str) -> bool:
        """Tell whether an FMU has a variable for which no connector is declared."""
        if self.flat.variable(Port(path, name)) is None:
            return False
        text = f"connector '{name}' is not declared; the FMU has such a variable"
        self.findings.note("connector", text, link.place)
        return True

    def _kind(self, port: Port) -> str:
        variable = self.flat.variable(port)
        return "" if variable is None else variable.causality

    def _entry(
        self,
        reference: Reference,
        link: Link,
        name: str,
        seen: Mapping[str, tuple[str, ...]],
    ) -> tuple[Port, bool | None] | None:
        place = seen.get(reference.dictionary)
        if place is None:
            hint = nearest(reference.dictionary, seen, "signal dictionary")
            message = f"there is no signal dictionary '{reference.dictionary}'"
            self.findings.wrong(reference.place, message, hint)
            return None
        port = Port(place, name)
        if port not in self.flat.entries:
            known = [entry.name for entry in self.flat.entries if entry.path == place]
            message = f"signal dictionary '{reference.dictionary}' has no '{name}'"
            self.findings.wrong(link.place, message, nearest(name, known, "entry"))
            return None
        kind = reference.connectors[name].kind
        # as a connector of an element: an input of the dictionary takes what is outside of it
        return port, True if kind in GIVES else False if kind in SOURCES else None
