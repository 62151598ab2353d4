"""Joining the members of a group: names, causalities, units, what is left open, and loops."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from linetwin.cosim.groups.definition import (
    Connection,
    Group,
    GroupInput,
    GroupOutput,
    Terminal,
)
from linetwin.cosim.groups.dependence import Dependence
from linetwin.cosim.groups.tables import read_table
from linetwin.cosim.limits import not_taken
from linetwin.cosim.texts import TEXTUAL
from linetwin.cosim.units import SAME, conversion, unit_of
from linetwin.errors import WiringError
from linetwin.scenario.problems import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from linetwin.cosim.description import Variable
    from linetwin.cosim.groups.definition import Member
    from linetwin.cosim.groups.written import (
        WrittenConnection,
        WrittenGroup,
        WrittenTarget,
        WrittenWay,
    )
    from linetwin.cosim.units import Affine
    from linetwin.quantities.ucum import Unit
    from linetwin.scenario.document import Document, KeyPath
    from linetwin.scenario.problems import Problems

GIVES = frozenset({"output", "local", "calculatedParameter"})
"""Causalities of what a member gives to others."""


class Joiner:
    """Turns the names of a group file into terminals that fit, and notes those that do not."""

    def __init__(self, source: Document, problems: Problems, members: Sequence[Member]) -> None:
        self._document = source
        self._problems = problems
        self._members = {member.name: member for member in members}
        self._taken: dict[Terminal, str] = {}

    def _add(self, path: KeyPath, message: str, hint: str = "") -> None:
        self._problems.add(self._document.place(path), message, hint)

    def connections(self, written: Mapping[str, WrittenConnection]) -> tuple[Connection, ...]:
        """Return the connections whose ends and units fit."""
        found = []
        for text, connection in written.items():
            path = ("connections", text)
            target = self._terminal(path, text, "input")
            source = self._terminal(path, connection.source, "output")
            if target is None or source is None:
                continue
            taken = [self._take(path, part) for part in self._parts(target)]
            if not all(taken) or not self._fit(path, source, target):
                continue
            if connection.scale == 0.0:
                self._add(path, "a scale of 0 loses the value", "any other number")
            affine = self._carried(path, source, target, connection)
            if affine is not None:
                table = self._table(path, source, target, connection)
                ends = zip(self._parts(source), self._parts(target), strict=True)
                found += [Connection(*pair, affine, table) for pair in ends]
        return tuple(found)

    def _table(
        self, path: KeyPath, source: Terminal, target: Terminal, written: WrittenConnection
    ) -> dict[float, float]:
        """Return a connection's table; problems where a value in it is none of its end."""
        if not written.map:
            return {}
        taker = self._variable(target)
        try:
            table = read_table(self._variable(source), taker, written)
        except ValueError as error:
            self._add((*path, "map"), str(error), "numbers, true, false or items of enumerations")
            return {}
        except WiringError as error:
            self._problems.adopt(error, self._document.place((*path, "map")))
            return {}
        version = self._members[target.member].description.version
        for number in table.values():
            hint = not_taken(version, taker, number)
            if hint:
                self._add((*path, "map"), f"{number!r} does not fit '{target}'", hint)
        return table

    def _carried(
        self, path: KeyPath, source: Terminal, target: Terminal, written: WrittenWay
    ) -> Affine | None:
        """Return what becomes of a value on its way; None, and a problem, where that is nothing."""
        if self._variable(source).numeric:
            ends = (source, written.from_unit), (target, written.to_unit)
            affine = self._affine(path, *ends)
            return None if affine is None else affine.then(written.scale, written.offset)
        if written.model_fields_set - {"source", "to"}:
            kind = self._variable(source).type
            self._add(path, f"a {kind} has no scale, offset or unit", "it goes over as it is")
        return SAME

    def _fit(self, path: KeyPath, source: Terminal, target: Terminal) -> bool:
        """Tell whether kind and size of two ends fit each other."""
        ends = self._variable(source), self._variable(target)
        if ends[0].shape != ends[1].shape:
            sizes = ["x".join(map(str, end.shape)) or "one value" for end in ends]
            message = f"'{source}' of {sizes[0]} does not fit '{target}' of {sizes[1]}"
            self._add(path, message, "one size, or elements of them: y[2], A[1,3]")
            return False
        kinds = [None if end.numeric else end.type for end in ends]
        if kinds[0] != kinds[1]:
            message = f"'{source}' is a {ends[0].type} and '{target}' a {ends[1].type}"
            self._add(
                path, message, "numbers to numbers, text to text, bytes to bytes, clocks to clocks"
            )
            return False
        if not ends[0].content.fits(ends[1].content):
            mimes = [end.content.mime for end in ends]
            message = f"'{source}' holds {mimes[0]} and '{target}' takes {mimes[1]}"
            self._add(path, message, "one MIME type, or none declared")
            return False
        return True

    def _parts(self, terminal: Terminal) -> list[Terminal]:
        """Return the elements of an array, row by row; a scalar is its own only one."""
        variables = self._members[terminal.member].variables
        if not variables[terminal.variable].shape:
            return [terminal]
        names = [v.name for v in variables.values() if v.array == terminal.variable]
        return [Terminal(terminal.member, name) for name in names]

    def inputs(self, written: Mapping[str, list[WrittenTarget]]) -> dict[str, GroupInput]:
        """Return what the group takes, with its targets; the first one's unit is the input's.

        An array is an input for each of its elements.
        """
        found = {}
        for name, ways in written.items():
            path = ("inputs", name)
            named = [(self._terminal(path, way.to, "input"), way) for way in ways]
            ends = [(end, way) for end, way in named if end is not None]
            ends = [(end, way) for end, way in ends if self._fit(path, ends[0][0], end)]
            for parts in zip(*(self._parts(end) for end, _ in ends), strict=True):
                pairs = zip(parts, (way for _, way in ends), strict=True)
                targets = [(part, way) for part, way in pairs if self._take(path, part)]
                if targets:
                    own = self._named(name, ends[0][0], parts[0])
                    found[own] = self._input(path, own, targets)
        return found

    def _input(
        self, path: KeyPath, name: str, targets: list[tuple[Terminal, WrittenTarget]]
    ) -> GroupInput:
        giver = targets[0][0]
        first = self._variable(giver)
        fitting = [(t, self._carried(path, giver, t, way)) for t, way in targets]
        joined = tuple((target, affine) for target, affine in fitting if affine is not None)
        return GroupInput(name, replace(first, name=name, causality="input", array=""), joined)

    @staticmethod
    def _named(name: str, whole: Terminal, part: Terminal) -> str:
        """Return a port's name with the place that an element has in its array: `heat[2]`."""
        return name + part.variable.removeprefix(whole.variable)

    def outputs(self, written: Mapping[str, str], inputs: Iterable[str]) -> dict[str, GroupOutput]:
        """Return what the group gives."""
        found = {}
        for name, text in written.items():
            path = ("outputs", name)
            if name in inputs:
                self._add(path, "a group cannot take and give under one name", "another name")
            source = self._terminal(path, text, "output")
            for part in [] if source is None else self._parts(source):
                own = self._named(name, source or part, part)
                variable = replace(self._variable(part), name=own, causality="output", array="")
                found[own] = GroupOutput(own, variable, part)
        return found

    def parameters(self, written: WrittenGroup) -> dict[str, Terminal]:
        """Return what can be set from outside before the start, by name."""
        found = {}
        for name, text in written.parameters.items():
            path = ("parameters", name)
            if name in written.inputs or name in written.outputs:
                self._add(path, "it is an input or an output already", "another name")
            terminal = self._terminal(path, text, "start value")
            for part in [] if terminal is None else self._parts(terminal):
                if part in self._taken:
                    self._add(path, f"'{part}' is set by {self._taken[part]} too", "one of both")
                elif not self._variable(part).numeric:
                    hint = "text is set under `values` of its member"
                    self._add(path, f"'{part}' is no number", hint)
                else:
                    found[self._named(name, terminal or part, part)] = part
        return found

    def check(self, group: Group) -> None:
        """Note inputs that nobody sets, values that are set twice, and algebraic loops."""
        for member in group.members:
            self._check_inputs(member)
            taken_by = {
                member.array(t.variable): by
                for t, by in self._taken.items()
                if t.member == member.name
            }
            for name in [*member.values, *member.preset.others]:
                whole = taken_by.get(name) if name in member.preset.others else None
                taken = self._taken.get(Terminal(member.name, name), whole)
                if {name, member.array(name)} & member.start:
                    self._check_start(member, name, taken)
                elif taken:
                    path = ("members", member.name, "values", name)
                    self._add(path, f"'{name}' is set by {taken} too", "keep one of the two")
        dependence = Dependence(group.members, group.connections)
        for loop in dependence.loops:
            self._check_loop(group, dependence, loop)

    def _check_start(self, member: Member, name: str, taken: str | None) -> None:
        """Note a start value of what is no number, or has no source."""
        path = ("members", member.name, "start", name)
        if name in member.preset.others:
            self._add(path, f"'{name}' is no number", "text begins with what its source gives")
        elif taken is None:
            self._add(path, f"'{name}' has no source to begin before", "put it under values")

    def _check_inputs(self, member: Member) -> None:
        """Note numbers that nobody sets; text may keep its start value, but not in part."""
        taken = {t.variable for t in self._taken if t.member == member.name}
        touched = {member.variables[name].array for name in taken} - {""}
        for variable in member.variables.values():
            if variable.shape or variable.name in taken or variable.name in member.values:
                continue
            own = variable.causality == "input" and variable.numeric
            if own or (variable.array in touched and variable.start is None):
                hint = f"connect it, put it under inputs, or under members.{member.name}.values"
                message = f"nobody sets input '{member.name}.{variable.name}'"
                self._add(("members", member.name), message, hint)

    def _check_loop(self, group: Group, dependence: Dependence, loop: list[Terminal]) -> None:
        """Note a loop that is not to be solved, or that cannot be."""
        message = f"algebraic loop: {' -> '.join(map(str, dependence.path(loop)))}"
        if group.loops is None:
            hint = (
                "an output of which the FMU says nothing depends on every input; "
                "`depends: {output: []}` under its member says that it does not; "
                "`loops: {tolerance: 1e-10}` has it solved"
            )
            self._add(("connections",), message, hint)
            return
        if len({self._members[output.member].every for output in loop}) > 1:
            self._add(("loops",), message, "its members must have the same `every`")
        for terminal in [*loop, *dependence.inputs(loop)]:
            kind = self._variable(terminal).type
            if kind not in {"Real", "Float64"}:
                hint = f"'{terminal}' is of type {kind}: only real numbers can be solved for"
                self._add(("loops",), message, hint)

    def _take(self, path: KeyPath, target: Terminal) -> bool:
        """Note that an input has a source; False, and a problem, where it has one already."""
        where = ".".join(map(str, path))
        other = self._taken.setdefault(target, where)
        if other != where:
            self._add(path, f"input '{target}' is set by {other} too", "one source for each input")
        return other == where

    def _variable(self, terminal: Terminal) -> Variable:
        return self._members[terminal.member].variables[terminal.variable]

    def _terminal(self, path: KeyPath, text: str, need: str) -> Terminal | None:
        """Return the terminal that a text names; None, and a problem, where it does not fit."""
        name, dot, variable_name = text.partition(".")
        if not dot or not variable_name:
            self._add(path, f"'{text}' names no variable of a member", "member.variable")
            return None
        member = self._members.get(name)
        if member is None:
            self._add(path, f"there is no member '{name}'", nearest(name, self._members))
            return None
        variables = member.variables
        variable = variables.get(variable_name)
        fitting = [v.name for v in variables.values() if _is(v, need)]
        if variable is None:
            hint = nearest(variable_name, fitting, need)
            self._add(path, f"'{name}' has no {need} '{variable_name}'", hint)
        elif not _is(variable, need):
            hint = nearest(variable_name, fitting, need)
            self._add(path, f"'{text}' is no {need}: its causality is {variable.causality}", hint)
        elif not variable.numeric and variable.type not in self._kinds(path):
            self._add(path, f"'{text}' has no value", f"it is a {variable.type}")
        elif variable.causality == "structuralParameter":
            hint = f"under members.{name}.values"
            self._add(path, f"'{text}' decides the size of arrays: set it {hint}")
        else:
            return Terminal(name, variable_name)
        return None

    @staticmethod
    def _kinds(path: KeyPath) -> frozenset[str]:
        """Return the types without numbers that may stand at a place; clocks are only connected."""
        return TEXTUAL | {"Clock"} if path[0] == "connections" else TEXTUAL

    def _unit(self, terminal: Terminal, override: str | None) -> Unit:
        description = self._members[terminal.member].description
        return unit_of(self._variable(terminal), description.units, override)

    def _affine(
        self,
        path: KeyPath,
        source: tuple[Terminal, str | None],
        target: tuple[Terminal, str | None],
    ) -> Affine | None:
        """Return the conversion from one end to the other; None, and a problem, if none fits."""
        shown = [own or self._variable(end).unit or "no unit" for end, own in (source, target)]
        try:
            return conversion(self._unit(*source), self._unit(*target))
        except ValueError as error:
            self._add(
                path,
                f"'{source[0]}' in {shown[0]} does not fit '{target[0]}' in {shown[1]}: {error}",
                "`from_unit` and `to_unit` override what the FMUs declare",
            )
            return None


def _is(variable: Variable, need: str) -> bool:
    """Tell whether a variable can be an input or an output, or has a start value to be set."""
    if need == "output":
        return variable.causality in GIVES
    if need == "start value":
        return variable.settable and variable.causality != "input"
    tunable = variable.causality == "parameter" and variable.variability == "tunable"
    return variable.causality == "input" or tunable
