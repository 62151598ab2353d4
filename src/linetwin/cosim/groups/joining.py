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
from linetwin.cosim.units import conversion, unit_of
from linetwin.scenario.problems import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from linetwin.cosim.description import Variable
    from linetwin.cosim.groups.definition import Member
    from linetwin.cosim.groups.written import WrittenConnection, WrittenGroup
    from linetwin.cosim.units import Affine
    from linetwin.quantities.ucum import Unit
    from linetwin.scenario.document import Document, KeyPath
    from linetwin.scenario.problems import Problems

_GIVES = frozenset({"output", "local", "calculatedParameter"})


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
            if target is None or source is None or not self._take(path, target):
                continue
            if connection.scale == 0.0:
                self._add(path, "a scale of 0 loses the value", "any other number")
            affine = self._affine(
                path, (source, connection.from_unit), (target, connection.to_unit)
            )
            if affine is not None:
                affine = affine.then(connection.scale, connection.offset)
                found.append(Connection(source, target, affine))
        return tuple(found)

    def inputs(self, written: Mapping[str, list[str]]) -> dict[str, GroupInput]:
        """Return what the group takes, with its targets; the first one's unit is the input's."""
        found = {}
        for name, texts in written.items():
            path = ("inputs", name)
            ends = [self._terminal(path, text, "input") for text in texts]
            targets = [t for t in ends if t is not None and self._take(path, t)]
            if not targets:
                continue
            fitting = [self._affine(path, (targets[0], None), (t, None)) for t in targets]
            joined = tuple(
                (target, affine)
                for target, affine in zip(targets, fitting, strict=True)
                if affine is not None
            )
            variable = replace(self._variable(targets[0]), name=name, causality="input")
            found[name] = GroupInput(name, variable, joined)
        return found

    def outputs(self, written: Mapping[str, str], inputs: Iterable[str]) -> dict[str, GroupOutput]:
        """Return what the group gives."""
        found = {}
        for name, text in written.items():
            path = ("outputs", name)
            if name in inputs:
                self._add(path, "a group cannot take and give under one name", "another name")
            source = self._terminal(path, text, "output")
            if source is not None:
                variable = replace(self._variable(source), name=name, causality="output")
                found[name] = GroupOutput(name, variable, source)
        return found

    def parameters(self, written: WrittenGroup) -> dict[str, Terminal]:
        """Return what can be set from outside before the start, by name."""
        found = {}
        for name, text in written.parameters.items():
            path = ("parameters", name)
            if name in written.inputs or name in written.outputs:
                self._add(path, "it is an input or an output already", "another name")
            terminal = self._terminal(path, text, "start value")
            if terminal in self._taken:
                self._add(
                    path, f"'{terminal}' is set by {self._taken[terminal]} too", "one of both"
                )
            elif terminal is not None:
                found[name] = terminal
        return found

    def check(self, group: Group) -> None:
        """Note inputs that nobody sets, values that are set twice, and algebraic loops."""
        for member in group.members:
            for variable in member.description.of("input"):
                terminal = Terminal(member.name, variable.name)
                lacking = terminal not in self._taken and variable.name not in member.values
                if lacking and variable.numeric and not variable.shape:
                    hint = f"connect it, put it under inputs, or under members.{member.name}.values"
                    self._add(("members", member.name), f"nobody sets input '{terminal}'", hint)
            for name in member.values:
                taken = self._taken.get(Terminal(member.name, name))
                if taken:
                    path = ("members", member.name, "values", name)
                    self._add(path, f"'{name}' is set by {taken} too", "keep one of the two")
        dependence = Dependence(group.members, group.connections)
        for loop in dependence.loops:
            self._check_loop(group, dependence, loop)

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
        return self._members[terminal.member].description.variables[terminal.variable]

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
        variables = member.description.variables
        variable = variables.get(variable_name)
        fitting = [v.name for v in variables.values() if _is(v, need)]
        if variable is None:
            hint = nearest(variable_name, fitting, need)
            self._add(path, f"'{name}' has no {need} '{variable_name}'", hint)
        elif not _is(variable, need):
            hint = nearest(variable_name, fitting, need)
            self._add(path, f"'{text}' is no {need}: its causality is {variable.causality}", hint)
        elif variable.shape or not variable.numeric:
            self._add(path, f"'{text}' is no scalar number", f"it is a {variable.type}")
        else:
            return Terminal(name, variable_name)
        return None

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
        return variable.causality in _GIVES
    if need == "start value":
        return variable.settable and variable.causality != "input"
    tunable = variable.causality == "parameter" and variable.variability == "tunable"
    return variable.causality == "input" or tunable
