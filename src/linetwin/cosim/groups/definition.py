"""A group of FMUs as checked data: who is in it, what is joined to what, and when they step."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NamedTuple

from linetwin.cosim.groups.course import PLAIN, Course
from linetwin.cosim.units import SAME, Affine

if TYPE_CHECKING:
    from collections.abc import Mapping
    from fractions import Fraction
    from pathlib import Path

    from linetwin.cosim.description import Description, Variable
    from linetwin.cosim.presets import Preset

Order = Literal["jacobi", "gauss-seidel"]


class Terminal(NamedTuple):
    """A variable of a member."""

    member: str
    variable: str

    def __str__(self) -> str:
        return f"{self.member}.{self.variable}"


@dataclass(frozen=True)
class Member:
    """One FMU of a group; it steps once in `every` communication steps.

    `values`: variable -> number in its own unit, set before the start, as is what `preset` holds.
    `depends`: output -> inputs on which it depends at once. `variables`: the FMU's, and the
    elements of its arrays. `start`: names among `values` that only say what inputs with a source
    begin with.
    """

    name: str
    description: Description
    every: int
    values: Mapping[str, float]
    depends: Mapping[str, frozenset[str]]
    variables: Mapping[str, Variable]
    preset: Preset
    start: frozenset[str] = frozenset()

    def array(self, name: str) -> str:
        """Return the FMI variable behind a name: the array of an element, else itself."""
        return self.variables[name].array or name

    def feedthrough(self, output: str) -> frozenset[str]:
        """Return the inputs on which an output depends at once.

        What the group file says counts before what the FMU says; where neither says anything, it
        is every input.
        """
        known = self.depends.get(output)
        if known is None:
            known = self.description.dependencies.get(output)
        inputs = frozenset(variable.name for variable in self.description.of("input"))
        return inputs if known is None else known & inputs


@dataclass(frozen=True)
class Connection:
    """target = affine.factor * source + affine.offset, each in its own unit.

    `table`: source -> target, for whole numbers; what is not in it goes over as it is.
    """

    source: Terminal
    target: Terminal
    affine: Affine = SAME
    table: Mapping[float, float] = field(default_factory=dict)


@dataclass(frozen=True)
class GroupInput:
    """What a group takes: a number in the unit of its first target, and where it goes."""

    name: str
    variable: Variable
    targets: tuple[tuple[Terminal, Affine], ...]


@dataclass(frozen=True)
class GroupOutput:
    """What a group gives: a number in the unit of the variable that it comes from."""

    name: str
    variable: Variable
    source: Terminal


@dataclass(frozen=True)
class Loops:
    """How algebraic loops are solved: until inputs change by less than `tolerance` (relative)."""

    tolerance: float
    most: int


@dataclass(frozen=True)
class Group:
    """FMUs that exchange signals at the points k * `step` (s) of their common time.

    `linear`: an input is held at what a straight line through its source's last two values says of
    the middle of the step; otherwise at the source's present value.
    `course`: what it does beside going from point to point.
    `connections` carry values over at communication points, `clocked` those of variables that
    change with a clock when it ticks; `ticks` join clocks.
    `members` stand in their order, which counts for Gauss-Seidel. `parameters` are names under
    which variables of members can be set from outside before the start. All names and units fit,
    every input has one source, and there is no algebraic loop without `loops`: `read_group` sees to
    that.
    """

    name: str
    file: Path
    meaning: str
    step: Fraction
    order: Order
    linear: bool
    loops: Loops | None
    members: tuple[Member, ...]
    connections: tuple[Connection, ...]
    inputs: Mapping[str, GroupInput]
    outputs: Mapping[str, GroupOutput]
    parameters: Mapping[str, Terminal]
    clocked: tuple[Connection, ...] = ()
    ticks: tuple[Connection, ...] = ()
    course: Course = PLAIN

    def member(self, name: str) -> Member:
        """Return a member by name."""
        return next(member for member in self.members if member.name == name)

    def variable(self, terminal: Terminal) -> Variable:
        """Return the variable, or the element of one, that a terminal names."""
        return self.member(terminal.member).variables[terminal.variable]

    def sources(self, member: str) -> list[Connection]:
        """Return the connections to a member's inputs, in the order of the file."""
        return [c for c in self.connections if c.target.member == member]
