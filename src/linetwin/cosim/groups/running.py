"""The members of a running group: their instances, and the numbers that pass between them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, NoReturn

import numpy as np

from linetwin.cosim.binary import Binary, load_binary
from linetwin.cosim.groups.definition import Loops
from linetwin.cosim.groups.dependence import Dependence, Visit, starting_order
from linetwin.cosim.groups.grid import Grid
from linetwin.cosim.instance import Instance, instantiate
from linetwin.cosim.port import Cell, Port, Table
from linetwin.cosim.units import SAME, Affine
from linetwin.errors import FmuError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from linetwin.cosim.groups.definition import Group, Member, Order, Terminal


class Slot(NamedTuple):
    """A place of a table that holds one variable's value."""

    cell: Cell
    column: int

    def read(self) -> float:
        """Return the value."""
        return float(self.cell.first[self.column])

    def write(self, value: float) -> None:
        """Set the value; ValueError where its type cannot hold it."""
        self.cell.first[self.column] = self.cell.number(value)


class Copy(NamedTuple):
    """target = affine.factor * source + affine.offset, whenever a member takes its inputs.

    `followed`: place of the source among its giver's earlier values; None where it is held.
    """

    source: Slot
    target: Slot
    affine: Affine
    giver: RunningMember
    variable: str
    followed: int | None

    def converted(self, value: float) -> float:
        """Return the source's number as the target's."""
        if self.affine is SAME:
            return value
        return self.affine.factor * value + self.affine.offset


class SlotTable(NamedTuple):
    """A table of some variables, and the place of each by name."""

    table: Table
    slots: dict[str, Slot]

    def to_start(self) -> None:
        """Put the variables' own start values in."""
        for variable in self.table.port.variables:
            if isinstance(variable.start, float):
                self.slots[variable.name].write(variable.start)


def unfit(instance: Instance, value: float, variable: str) -> NoReturn:
    """Let an instance fail for a value that an integer variable cannot hold."""
    instance.fail(f"value {value:g} does not fit integer variable '{variable}'")


def slot_table(binary: Binary, names: Iterable[str]) -> SlotTable:
    """Return a table of an FMU's variables, and the place of each."""
    variables = [binary.description.variables[name] for name in names]
    table = Table(Port(binary, variables))
    slots = {
        variables[position].name: Slot(cell, column)
        for cell in table.cells
        for column, position in enumerate(cell.block.positions)
    }
    return SlotTable(table, slots)


@dataclass(eq=False)
class RunningMember:
    """A member with its instance: what it takes from others and from outside, what it gives.

    `at` (s) and `index` are the communication point that it stands at; `length_s` is the length
    of a whole step of its own. `followed` are outputs along which others extrapolate, `previous`
    their values at `before` (s), the point before; at `at` where there is none.
    """

    member: Member
    binary: Binary
    length_s: float
    taken: SlotTable
    given: SlotTable
    outputs: SlotTable
    values: SlotTable
    followed: tuple[Slot, ...] = ()
    previous: np.ndarray = field(default_factory=lambda: np.zeros(0))
    copies: list[Copy] = field(default_factory=list)
    instance: Instance | None = None
    at: float = 0.0
    before: float = 0.0
    index: int | None = 0

    @property
    def running(self) -> Instance:
        """The instance; FmuError where the group has not been started."""
        if self.instance is None:
            raise FmuError("it has not been started", self.member.name)
        return self.instance

    def renew(self) -> Instance:
        """Return an instance that has not been initialised, with the member's values set."""
        instance = self.instance
        if instance is None or instance.broken:
            self.close()
            instance = self.instance = instantiate(self.binary)
        else:
            instance.reset()
        for name, number in self.member.values.items():
            self.values.slots[name].write(number)
        instance.set(self.values.table)
        return instance

    def set_once(self, values: Mapping[str, float]) -> None:
        """Set variables before the initialisation, in their own units."""
        chosen = slot_table(self.binary, values)
        for name, number in values.items():
            self.fill(self.running, chosen.slots[name], name, number)
        self.running.set(chosen.table)

    def begin(self, done: Collection[str]) -> None:
        """Set the inputs before the initialisation: start values where a source is not `done`."""
        self.taken.to_start()
        for copy in self.copies:
            if copy.giver.member.name in done:
                self.copy(self.running, copy)
        self.running.set(self.taken.table)

    def copy(self, instance: Instance, copy: Copy, middle: float | None = None) -> None:
        """Carry one value over, extrapolated to a time `middle` (s) where that is given."""
        value, giver = copy.source.read(), copy.giver
        if middle is not None and copy.followed is not None and giver.before < giver.at:
            slope = (middle - giver.at) / (giver.at - giver.before)
            value += (value - float(giver.previous[copy.followed])) * slope
        self.fill(instance, copy.target, copy.variable, copy.converted(value))

    def follow(self) -> None:
        """Keep the values of this point: a step begins."""
        self.before = self.at
        for place, slot in enumerate(self.followed):
            self.previous[place] = slot.read()

    def take(self, instance: Instance, middle: float | None = None) -> None:
        """Copy what others give into the inputs, and set them; see `copy`."""
        for copy in self.copies:
            self.copy(instance, copy, middle)
        instance.set(self.taken.table)

    @staticmethod
    def fill(instance: Instance, slot: Slot, variable: str, value: float) -> None:
        """Write a value; the instance fails where the variable's type cannot hold it."""
        try:
            slot.write(value)
        except ValueError:
            unfit(instance, value, variable)

    def buffers(self) -> list[Cell]:
        """Return the values that belong to the group's state, in a fixed order."""
        return [
            cell for part in (self.taken, self.given, self.outputs) for cell in part.table.cells
        ]

    def close(self) -> None:
        """Free the instance."""
        if self.instance is not None:
            self.instance.free()
            self.instance = None


class PlannedVisit(NamedTuple):
    """Members to set and read again; `copies` into inputs that a loop is solved for.

    `title` names these inputs.
    """

    members: tuple[RunningMember, ...]
    copies: tuple[Copy, ...]
    title: str


@dataclass(frozen=True)
class Plan:
    """Everything that an engine needs: who, in what order, when.

    `visits`: members whose inputs are set and whose outputs are read again at the end of a step,
    since something passes through them at once; `settling`: the same after inputs from outside.
    """

    name: str
    order: Order
    linear: bool
    loops: Loops
    grid: Grid
    members: tuple[RunningMember, ...]
    visits: tuple[PlannedVisit, ...]
    settling: tuple[PlannedVisit, ...]
    starting: tuple[int, ...]


def plan(group: Group, recorded: Sequence[Terminal] = ()) -> Plan:
    """Load the FMUs of a group and lay out its tables; FmuError where one does not load."""
    sources = [connection.source for connection in group.connections]
    sources += [output.source for output in group.outputs.values()]
    read: dict[str, dict[str, None]] = {member.name: {} for member in group.members}
    for terminal in [*sources, *recorded]:
        read[terminal.member][terminal.variable] = None
    given = [target for found in group.inputs.values() for target, _ in found.targets]
    members = tuple(_running(group, member, given, read[member.name]) for member in group.members)
    by_name = {found.member.name: found for found in members}
    for connection in group.connections:
        target, giver = connection.target, by_name[connection.source.member]
        source = giver.outputs.slots[connection.source.variable]
        by_name[target.member].copies.append(
            Copy(
                source=source,
                target=by_name[target.member].taken.slots[target.variable],
                affine=SAME if connection.affine.identity else connection.affine,
                giver=giver,
                variable=target.variable,
                followed=giver.followed.index(source) if source in giver.followed else None,
            )
        )
    place = {name: index for index, name in enumerate(by_name)}
    inside = Dependence(group.members, group.connections).visits(read)
    settling = Dependence(group.members, group.connections, given).visits(read)
    starting = starting_order(group.members, group.connections)
    return Plan(
        name=group.name,
        order=group.order,
        linear=group.linear,
        loops=group.loops or Loops(1.0, 1),
        grid=Grid(group.step),
        members=members,
        visits=_planned(by_name, inside),
        settling=_planned(by_name, settling),
        starting=tuple(place[name] for name in starting),
    )


def _planned(
    members: Mapping[str, RunningMember], visits: Iterable[Visit]
) -> tuple[PlannedVisit, ...]:
    """Return visits with running members, and with the copies into the inputs of loops."""
    found = []
    for visit in visits:
        own = tuple(members[name] for name in visit.members)
        wanted = {(terminal.member, terminal.variable) for terminal in visit.inputs}
        joined = [(m.member.name, c) for m in own for c in m.copies]
        chosen = [(name, c) for name, c in joined if (name, c.variable) in wanted]
        title = ", ".join(f"{name}.{c.variable}" for name, c in chosen)
        found.append(PlannedVisit(own, tuple(c for _, c in chosen), title))
    return tuple(found)


def _running(
    group: Group, member: Member, given: Iterable[Terminal], read: Iterable[str]
) -> RunningMember:
    binary = load_binary(member.description.path)
    own = [terminal.variable for terminal in given if terminal.member == member.name]
    outputs = slot_table(binary, read)
    followed = tuple(
        s for s in outputs.slots.values() if group.linear and s.cell.block.type is np.float64
    )
    return RunningMember(
        member=member,
        binary=binary,
        length_s=float(group.step * member.every),
        taken=slot_table(binary, [c.target.variable for c in group.sources(member.name)]),
        given=slot_table(binary, own),
        outputs=outputs,
        values=slot_table(binary, member.values),
        followed=followed,
        previous=np.zeros(len(followed)),
    )
