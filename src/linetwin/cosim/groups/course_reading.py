"""Reading what a group file says of the steps that the group chooses for itself."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from linetwin.cosim.groups.course import NANOSECONDS, Adaptive, Course
from linetwin.cosim.groups.grid import parse_step
from linetwin.cosim.units import conversion, unit_of
from linetwin.errors import ScenarioError
from linetwin.quantities.ucum import parse_unit
from linetwin.scenario import units
from linetwin.scenario.problems import nearest

if TYPE_CHECKING:
    from linetwin.cosim.groups.definition import Group, Terminal
    from linetwin.cosim.groups.written import Amount, WrittenAdaptive, WrittenGroup
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
        if written.adaptive is None:
            return Course()
        self._able("adaptive")
        return Course(adaptive=self._adaptive(written.adaptive))

    def _add(self, path: KeyPath, message: str, hint: str = "") -> None:
        self._problems.add(self._document.place(path), message, hint)

    def _able(self, key: str) -> None:
        """Note members that cannot take steps back, or not at any time."""
        for member in self._group.members:
            able = member.description.capabilities
            if not able.save_state:
                message = f"member '{member.name}' cannot get and set its state"
                self._add((key,), message, "steps are taken back: every member must be able to")
            if not able.variable_step:
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
