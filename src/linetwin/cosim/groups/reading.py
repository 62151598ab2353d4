"""Reading a group file: everything that is wrong with it is told at once, with line and key."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Final

from linetwin.cosim.binary import check_platform
from linetwin.cosim.description import read_description
from linetwin.cosim.groups.clocks import check_clocks, sort_out
from linetwin.cosim.groups.course_reading import CourseReader
from linetwin.cosim.groups.definition import Group, Loops, Member
from linetwin.cosim.groups.grid import parse_step
from linetwin.cosim.groups.joining import GIVES, Joiner
from linetwin.cosim.groups.valuing import Valuer
from linetwin.cosim.groups.written import WrittenGroup
from linetwin.cosim.library import find_fmu
from linetwin.errors import ScenarioError, WiringError
from linetwin.scenario import document, validation
from linetwin.scenario.problems import Problems, nearest

if TYPE_CHECKING:
    from linetwin.cosim.description import Description
    from linetwin.cosim.groups.written import WrittenMember

SUFFIXES: Final = (".yaml", ".yml")
_ROUNDING: Final = 1e-9


def is_group(reference: str | Path) -> bool:
    """Tell whether a model that is named so is a group file."""
    return Path(reference).suffix in SUFFIXES


def read_group(path: Path) -> Group:
    """Return the group of a file; WiringError with all problems where its parts do not fit."""
    path = Path(path)
    try:
        return _Reader(document.read(path, path.name)).read()
    except WiringError:
        raise
    except ScenarioError as error:
        raise WiringError(error.problems) from error


class _Reader:
    """Goes through one file and collects problems."""

    def __init__(self, source: document.Document) -> None:
        self._document = source
        self._problems = Problems()
        self._problems.keep(source.problems)

    def read(self) -> Group:
        checked = validation.validate(self._document, WrittenGroup, self._problems)
        self._problems.check()
        if checked is None:  # what could not be validated was told
            raise WiringError(f"{self._document.file}: it is no group file")
        written = checked.model
        step = self._step(written.step)
        found = [self._member(name, member, step) for name, member in written.members.items()]
        if not found:
            self._add(("members",), "a group needs a member", "members: {oven: {fmu: oven.fmu}}")
        members = [member for member in found if member is not None]
        self._once(members)
        self._problems.check()
        joiner = Joiner(self._document, self._problems, members)
        connections = sort_out(joiner.connections(written.connections), members)
        group = Group(
            name=written.name,
            file=self._document.file.resolve(),
            meaning=written.meaning,
            step=step,
            order=written.order,
            linear=written.extrapolate == "linear",
            loops=Loops(written.loops.tolerance, written.loops.most) if written.loops else None,
            members=tuple(members),
            connections=connections.plain,
            clocked=connections.clocked,
            ticks=connections.ticks,
            inputs=joiner.inputs(written.inputs),
            outputs=joiner.outputs(written.outputs, written.inputs),
            parameters=joiner.parameters(written),
        )
        joiner.check(group)
        course = CourseReader(self._document, self._problems, group).read(written)
        group = replace(group, course=course)
        check_clocks(group, self._add)
        self._problems.check()
        return group

    def _add(self, path: document.KeyPath, message: str, hint: str = "") -> None:
        self._problems.add(self._document.place(path), message, hint)

    def _step(self, text: str) -> Fraction:
        try:
            return parse_step(text)
        except ValueError as error:
            self._add(("step",), f"'{text}' is no communication step", f"allowed: {error}")
            return Fraction(1)

    def _member(self, name: str, written: WrittenMember, step: Fraction) -> Member | None:
        """Return a member; None, and problems, where its FMU cannot take part."""
        path = ("members", name)
        try:
            description = read_description(find_fmu(written.fmu, self._document.file))
            check_platform(description)
        except WiringError as error:
            self._problems.adopt(error, self._document.place((*path, "fmu")))
            return None
        self._fixed_step(path, description, float(step * written.every))
        valuer = Valuer(self._document, self._problems, path, description)
        values = valuer.read(written.values, written.start)
        depends = {
            output: frozenset(inputs)
            for output, inputs in written.depends.items()
            if self._depends((*path, "depends", output), description, inputs)
        }
        return Member(
            name=name,
            description=description,
            every=written.every,
            values=values.numbers,
            depends=depends,
            variables=values.variables,
            preset=values.preset,
            start=frozenset(written.start),
        )

    def _once(self, members: list[Member]) -> None:
        """Note FMUs that live only once in a process and are to be several members."""
        seen: dict[Path, str] = {}
        for member in members:
            description = member.description
            if description.capabilities.once_per_process:
                other = seen.setdefault(description.path, member.name)
                if other != member.name:
                    message = f"{description.name} can be instantiated only once in a process"
                    self._add(("members", member.name, "fmu"), message, f"it is '{other}' already")

    def _fixed_step(self, path: document.KeyPath, description: Description, own: float) -> None:
        able = description.capabilities
        if able.variable_step:
            return
        needed = able.fixed_step_s or description.step_s
        if needed is None:
            hint = "export it with a variable step, or with a default step size"
            self._add(path, "it takes only one fixed step and does not say which", hint)
        elif not math.isclose(needed, own, rel_tol=_ROUNDING):
            hint = f"choose `step` and `every` so that step * every is {needed:g} s"
            self._add(path, f"it takes only steps of {needed:g} s, here they are {own:g} s", hint)

    def _depends(self, path: document.KeyPath, description: Description, inputs: list[str]) -> bool:
        """Tell whether a member's `depends` names an output and inputs that it has."""
        outputs = [v.name for v in description.variables.values() if v.causality in GIVES]
        takes = [variable.name for variable in description.of("input")]
        if path[-1] not in outputs:
            hint = nearest(str(path[-1]), outputs, "output")
            self._add(path, f"{description.name} has no output '{path[-1]}'", hint)
            return False
        unknown = [name for name in inputs if name not in takes]
        for name in unknown:
            hint = nearest(name, takes, "input")
            self._add(path, f"{description.name} has no input '{name}'", hint)
        return not unknown
