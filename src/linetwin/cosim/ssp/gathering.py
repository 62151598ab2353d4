"""What of a group SSP has words for, and what is left for linetwin alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from linetwin.cosim.groups.definition import Terminal
from linetwin.cosim.units import SAME, Affine

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from linetwin.cosim.description import Variable
    from linetwin.cosim.groups.definition import Group, Member
    from linetwin.cosim.ssp.findings import Findings

_SIGNALS: Final = frozenset({"input", "output"})
_KEYS: Final = frozenset({"from", "to", "scale", "offset", "from_unit", "to_unit", "map"})
_WHOLE: Final = frozenset({"Boolean"})
_TOLD: Final = ("schema", "name", "meaning", "members", "connections")
_PORTS: Final = ("inputs", "outputs", "parameters")
SEQUENCE: Final = "sequence"
"""Key of the connections in their order, where some of them are left."""


class Join(NamedTuple):
    """A connection to be written; an end without a member is the group's own.

    `unit_of`: the variable whose unit the source's connector has.
    """

    source: Terminal
    target: Terminal
    unit_of: Terminal
    affine: Affine = SAME
    table: Mapping[float, float] = {}


class Port(NamedTuple):
    """A connector of the group itself, of the type and unit of a member's variable."""

    name: str
    kind: str
    like: Terminal


class Amount(NamedTuple):
    """A value of a member's variable, in its own unit; of an array the elements, row by row."""

    member: Member
    variable: Variable
    value: Any


@dataclass
class Said:
    """What is said of a group in SSP's words; `left` is laid over it when it is read again."""

    joins: list[Join] = field(default_factory=list)
    ports: list[Port] = field(default_factory=list)
    amounts: list[Amount] = field(default_factory=list)
    left: dict[str, Any] = field(default_factory=dict)


def gather(group: Group, raw: Mapping[str, Any], version: str, findings: Findings) -> Said:
    """Go through a group file; `raw` is its content. What others will miss is noted."""
    gatherer = _Gatherer(group, version)
    gatherer.top(raw)
    gatherer.connections(raw.get("connections") or {})
    gatherer.inputs(raw.get("inputs") or {})
    gatherer.members(raw["members"])
    gatherer.outputs(raw.get("outputs") or {})
    gatherer.parameters(raw.get("parameters") or {})
    left = gatherer.said.left = dict(sorted(gatherer.said.left.items()))
    for text in _missed(group, left, version):
        findings.note("group-only", text)
    return gatherer.said


@dataclass
class _Gatherer:
    group: Group
    version: str
    said: Said = field(default_factory=Said)

    def top(self, raw: Mapping[str, Any]) -> None:
        """Leave what SSP has no word for: the step, orders, loops."""
        told = (*_TOLD, *_PORTS)
        self.said.left = {key: value for key, value in raw.items() if key not in told}

    def _leave(self, *path: str, value: object) -> None:
        """Leave something under its key path of the group file."""
        at = self.said.left
        for key in path[:-1]:
            at = at.setdefault(key, {})
        at[path[-1]] = value

    def _terminal(self, text: str) -> Terminal:
        member, _, variable = text.partition(".")
        return Terminal(member, variable)

    def _first(self, terminal: Terminal) -> Terminal:
        """Return the first element of an array; a scalar is its own only one."""
        if not self.group.variable(terminal).shape:
            return terminal
        variables = self.group.member(terminal.member).variables.values()
        name = next(v.name for v in variables if v.array == terminal.variable)
        return Terminal(terminal.member, name)

    def _sayable(self, terminal: Terminal, causalities: Iterable[str]) -> bool:
        """Tell whether a variable can be an end of a connection.

        Nothing says from which number SSP counts the elements of an array, so none is named.
        """
        variable = self.group.variable(terminal)
        late = bool(variable.shape) or variable.type == "Clock" or variable.causality == "local"
        known = variable.causality in {
            *causalities,
            *(("local",) if "output" in causalities else ()),
        }
        return known and not variable.array and (self.version != "1.0" or not late)

    def members(self, raw: Mapping[str, Mapping[str, Any]]) -> None:
        """Gather the values of all members, and leave the rest of what is said of them.

        Values stand in the FMU's order, as an import has them, in whatever order they were written.
        """
        for member in self.group.members:
            place = {name: number for number, name in enumerate(member.variables)}
            for key, value in raw[member.name].items():
                if key not in {"fmu", "values", "start"}:
                    self._leave("members", member.name, key, value=value)
            given = [
                (place[name], key, name, value)
                for key in ("values", "start")
                for name, value in (raw[member.name].get(key) or {}).items()
            ]
            for _, key, name, value in sorted(given, key=lambda one: one[0]):
                self._amount(member, key, name, value)

    def _amount(self, member: Member, key: str, name: str, value: object) -> None:
        """Gather one value; of an input with a source it is what the input begins with."""
        variable = member.variables[name]
        late = bool(variable.shape) or variable.causality == "structuralParameter"
        joined = {join.target for join in self.said.joins}
        alone = key == "start" and Terminal(member.name, name) not in joined
        if variable.array or (late and self.version == "1.0") or alone:
            self._leave("members", member.name, key, name, value=value)
        else:
            self.said.amounts.append(Amount(member, variable, _value(member, variable)))

    def connections(self, raw: Mapping[str, Any]) -> None:
        """Gather the connections between members."""
        group = self.group
        known = {c.target: c for c in (*group.connections, *group.clocked, *group.ticks)}
        for text, written in raw.items():
            table = written if isinstance(written, dict) else {"from": written}
            target, source = self._terminal(text), self._terminal(table["from"])
            found = known[self._first(target)]
            sayable = self._sayable(source, ("output",)) and self._sayable(target, ("input",))
            if sayable and set(table) <= _KEYS and self._tabled(source, target, found.table):
                joined = Join(source, target, source, found.affine, found.table)
                self.said.joins.append(joined)
            else:
                self._leave("connections", text, value=written)
        if "connections" in self.said.left:
            self._leave(SEQUENCE, value=list(raw))

    def _tabled(self, source: Terminal, target: Terminal, table: Mapping[float, float]) -> bool:
        """Tell whether SSP has such a table: of Booleans, or of whole numbers."""
        kinds = {self.group.variable(end).type in _WHOLE for end in (source, target)}
        return not table or len(kinds) == 1

    def inputs(self, raw: Mapping[str, Any]) -> None:
        """Gather what the group takes."""
        for name, written in raw.items():
            listed = written if isinstance(written, list) else [written]
            ways = [way if isinstance(way, dict) else {"to": way} for way in listed]
            ends = [self._terminal(way["to"]) for way in ways]
            own = self.group.inputs
            found = own.get(name) or next(p for n, p in own.items() if n.startswith(f"{name}["))
            known = all(set(way) <= _KEYS for way in ways)
            if not known or not all(self._sayable(end, ("input",)) for end in ends):
                self._leave("inputs", name, value=written)
                continue
            self.said.ports.append(Port(name, "input", ends[0]))
            for end, (_, affine) in zip(ends, found.targets, strict=True):
                self.said.joins.append(Join(Terminal("", name), end, ends[0], affine))

    def outputs(self, raw: Mapping[str, str]) -> None:
        """Gather what the group gives."""
        for name, text in raw.items():
            source = self._terminal(text)
            if self._sayable(source, ("output",)):
                self.said.ports.append(Port(name, "output", source))
                self.said.joins.append(Join(source, Terminal("", name), source))
            else:
                self._leave("outputs", name, value=text)

    def parameters(self, raw: Mapping[str, str]) -> None:
        """Gather what can be set before the start."""
        for name, text in raw.items():
            target = self._terminal(text)
            if self._sayable(target, ("parameter",)):
                self.said.ports.append(Port(name, "parameter", target))
                self.said.joins.append(Join(Terminal("", name), target, target))
            else:
                self._leave("parameters", name, value=text)


def _value(member: Member, variable: Variable) -> Any:  # noqa: ANN401 - numbers, texts, lists
    """Return what a member's variable is set to."""
    for given in (member.preset.structural, member.preset.others):
        if variable.name in given:
            return given[variable.name]
    if not variable.shape:
        return member.values[variable.name]
    elements = [v.name for v in member.variables.values() if v.array == variable.name]
    return [member.values[name] for name in elements]


def _missed(group: Group, left: Mapping[str, Any], version: str) -> list[str]:
    """Return what another tool will not know, a text for each."""
    later = "; SSP 2.0 has words for arrays, clocks and local variables" if version == "1.0" else ""
    found = [
        f"{key} {', '.join(left[key])}: SSP has no such connection{later}"
        for key in ("connections", *_PORTS)
        if left.get(key)
    ]
    for name, member in left.get("members", {}).items():
        if "values" in member:
            found.append(f"values {', '.join(member['values'])} of {name}{later}")
    if any(member.every > 1 for member in group.members):
        found.append("steps of different length (every)")
    found += [f"{key}: {left[key]}" for key in ("order", "extrapolate") if key in left]
    silent = {"step", "order", "extrapolate", "members", "loops", "connections", SEQUENCE, *_PORTS}
    return [*found, *(key for key in left if key not in silent)]
