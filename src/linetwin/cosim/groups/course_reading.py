"""Reading what a group file says of the steps that the group chooses for itself."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from linetwin.cosim.groups.course import NANOSECONDS, Adaptive, Course, Crossing, Iterate
from linetwin.cosim.groups.definition import Terminal
from linetwin.cosim.groups.grid import parse_step
from linetwin.cosim.groups.valuing import own_number
from linetwin.cosim.limits import not_taken
from linetwin.cosim.units import conversion, unit_of
from linetwin.errors import ScenarioError
from linetwin.quantities.ucum import parse_unit
from linetwin.scenario import units
from linetwin.scenario.problems import nearest

if TYPE_CHECKING:
    from linetwin.cosim.description import Variable
    from linetwin.cosim.groups.course import Direction
    from linetwin.cosim.groups.definition import Group
    from linetwin.cosim.groups.written import Amount, WrittenAdaptive, WrittenEvent, WrittenGroup
    from linetwin.scenario.document import Document, KeyPath
    from linetwin.scenario.problems import Problems


class CourseReader:
    """Turns keys of a group file into a `Course` that its members can follow."""

    def __init__(self, source: Document, problems: Problems, group: Group) -> None:
        self._document = source
        self._problems = problems
        self._group = group

    def read(self, written: WrittenGroup) -> Course:
        """Return what the group does; what does not fit is noted."""
        adaptive = None if written.adaptive is None else self._adaptive(written.adaptive)
        events = [self._event(name, event) for name, event in written.events.items()]
        again = written.iterate
        course = Course(
            adaptive=adaptive,
            events=tuple(event for event in events if event is not None),
            within_ns=self._nanoseconds(("within",), written.within),
            early_return=written.early_return,
            iterate=None if again is None else Iterate(again.tolerance, again.most),
        )
        if again is not None and written.order != "jacobi":
            hint = "leave `order` out: all inputs of a step are found together"
            self._add(("order",), f"`iterate` has no order {written.order}", hint)
        keys = {
            "adaptive": written.adaptive is not None,
            "events": bool(written.events),
            "early_return": written.early_return
            and not any(member.description.event_mode for member in self._group.members),
            "iterate": written.iterate is not None,
        }
        self._able(next((key for key, asked in keys.items() if asked), ""))
        return course

    def _add(self, path: KeyPath, message: str, hint: str = "") -> None:
        self._problems.add(self._document.place(path), message, hint)

    def _able(self, key: str) -> None:
        """Note members that cannot take steps back, or not at any time, as a key asks."""
        for member in self._group.members if key else ():
            able = member.description.capabilities
            if not able.save_state:
                message = f"member '{member.name}' cannot get and set its state"
                self._add((key,), message, "steps are taken back: every member must be able to")
            if not able.variable_step and key != "iterate":
                message = f"member '{member.name}' takes only steps of one length"
                self._add((key,), message, f"leave `{key}` out")
            if member.every != 1:
                message = f"member '{member.name}' steps once in {member.every} steps"
                self._add((key,), message, f"with `{key}` all members step together: every: 1")

    def _adaptive(self, written: WrittenAdaptive) -> Adaptive:
        path = ("adaptive",)
        least = self._nanoseconds((*path, "least"), written.least)
        most = self._nanoseconds((*path, "most"), written.most)
        if least > most:
            self._add((*path, "least"), f"{written.least} is more than most: {written.most}")
        absolute = []
        for text, amount in written.absolute.items():
            terminal = self._shown((*path, "absolute", text), text)
            number = terminal and self._difference((*path, "absolute", text), terminal, amount)
            if terminal is not None and number is not None:
                absolute.append((terminal, number))
        return Adaptive(written.relative, tuple(absolute), least, most)

    def _event(self, name: str, written: WrittenEvent) -> Crossing | None:
        """Return an event; None, and a problem, where it names what is not there."""
        path = ("events", name)
        levels: dict[Direction, Amount | None] = {
            "rises": written.rises,
            "falls": written.falls,
            "crosses": written.crosses,
        }
        given = {way: level for way, level in levels.items() if level is not None}
        if len(given) != 1:
            hint = "one of rises, falls and crosses, with a level"
            self._add(path, f"it has {len(given)} levels to pass", hint)
            return None
        source = self._terminal((*path, "of"), written.of, "output")
        ((direction, amount),) = given.items()
        level = self._level((*path, direction), source, amount)
        sets = []
        for text, value in written.sets.items():
            target = self._terminal((*path, "set", text), text, "input")
            number = target and self._number((*path, "set", text), target, value)
            if target is not None and number is not None:
                hint = not_taken(self._version(target), self._group.variable(target), number)
                if hint:
                    self._add((*path, "set", text), f"'{value}' does not fit '{target}'", hint)
                sets.append((target, number))
        if source is None or level is None:
            return None
        return Crossing(name, source, direction, level, tuple(sets), written.stop)

    def _terminal(self, path: KeyPath, text: str, need: str) -> Terminal | None:
        """Return a number of a member that may be watched, or changed by nobody else."""
        joined = {connection.target for connection in self._group.connections}
        joined |= {t for taken in self._group.inputs.values() for t, _ in taken.targets}
        known = {
            str(terminal): terminal
            for member in self._group.members
            for variable in member.variables.values()
            if variable.numeric and not variable.shape
            if (terminal := Terminal(member.name, variable.name)) not in joined
            if (_watched(variable) if need == "output" else _changeable(variable))
        }
        if text not in known:
            hint = nearest(text, known, need)
            self._add(path, f"there is no {need} '{text}' that nobody else sets", hint)
        return known.get(text)

    def _level(self, path: KeyPath, source: Terminal | None, amount: Amount) -> float | None:
        number = None if source is None else self._number(path, source, amount)
        return None if number is None else float(number)

    def _number(self, path: KeyPath, terminal: Terminal, amount: Amount) -> float | None:
        """Return a value in a variable's own unit, a whole number as an int.

        None, and a problem, where it is none.
        """
        variable = self._group.variable(terminal)
        try:
            number = own_number(self._group.member(terminal.member).description, variable, amount)
        except (ScenarioError, ValueError) as error:
            unit = variable.unit or "1"
            self._add(path, f"'{amount}': {error}", f"a number in {unit}, or text with a unit")
            return None
        if not abs(number) <= sys.float_info.max:  # whole numbers have no end, NaN fits nothing
            self._add(path, f"'{amount}' is no value to pass or to set", "a finite number")
            return None
        return number

    def _version(self, terminal: Terminal) -> int:
        return self._group.member(terminal.member).description.version

    def _nanoseconds(self, path: KeyPath, text: str) -> int:
        """Return a length of time in whole ns."""
        try:
            return max(1, int(parse_step(text) * NANOSECONDS))
        except ValueError as error:
            self._add(path, f"'{text}' is no length of a step", f"allowed: {error}")
            return 1

    def _shown(self, path: KeyPath, text: str) -> Terminal | None:
        """Return the output that a text names: one that a member takes, or that the group gives."""
        group = self._group
        known = {str(c.source): c.source for c in group.connections}
        known |= {str(output.source): output.source for output in group.outputs.values()}
        if text not in known:
            hint = nearest(text, known, "output that is connected or given")
            self._add(path, f"nobody takes '{text}'", hint)
        return known.get(text)

    def _difference(self, path: KeyPath, terminal: Terminal, amount: Amount) -> float | None:
        """Return a positive difference in a variable's own unit; None, and a problem, if none."""
        description = self._group.member(terminal.member).description
        variable = self._group.variable(terminal)
        shown = variable.unit or "1"
        try:
            number, unit = units.si(amount) if isinstance(amount, str) else (float(amount), "")
            if unit:
                own = replace(unit_of(variable, description.units, None), offset=0.0)
                number *= conversion(replace(parse_unit(unit), offset=0.0), own).factor
        except (ScenarioError, ValueError) as error:
            self._add(path, f"'{amount}': {error}", f"a number in {shown}, or text with a unit")
            return None
        if not 0.0 < number < float("inf"):
            self._add(path, f"{number:g} {shown} is no tolerance", "more than 0")
            return None
        return number


def _watched(variable: Variable) -> bool:
    return variable.causality in {"output", "local"}


def _changeable(variable: Variable) -> bool:
    """Tell whether a scalar may be set between two steps."""
    tunable = variable.causality == "parameter" and variable.variability == "tunable"
    return (variable.causality == "input" or tunable) and not variable.array
