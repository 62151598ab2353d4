"""The members of a running group: their instances, and the numbers that pass between them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, NoReturn

import numpy as np

from linetwin.cosim.binary import Binary, load_binary
from linetwin.cosim.groups.definition import Loops, Terminal
from linetwin.cosim.groups.dependence import Dependence, Visit, starting_order
from linetwin.cosim.groups.grid import Grid
from linetwin.cosim.groups.slots import Slot, SlotTable, TextSlot, slot_table
from linetwin.cosim.instance import Instance, instantiate
from linetwin.cosim.units import SAME, Affine
from linetwin.errors import FmuError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from linetwin.cosim.groups.course import Course
    from linetwin.cosim.groups.definition import Connection, Group, Member, Order
    from linetwin.cosim.port import Cell
    from linetwin.cosim.texts import TextCell


class Copy(NamedTuple):
    """target = affine.factor * source + affine.offset, whenever a member takes its inputs.

    `followed`: place of the source among its giver's earlier values; None where it is held.
    `exact`: bit by bit, since a float does not hold the numbers.
    """

    source: Slot
    target: Slot
    affine: Affine
    giver: RunningMember
    variable: str
    followed: int | None
    exact: bool

    def converted(self, value: float) -> float:
        """Return the source's number as the target's."""
        if self.affine is SAME:
            return value
        return self.affine.factor * value + self.affine.offset


class TextCopy(NamedTuple):
    """A text, or bytes, that a member takes."""

    source: TextSlot
    target: TextSlot
    giver: RunningMember
    variable: str


def unfit_text(instance: Instance, size: int, variable: str) -> NoReturn:
    """Let an instance fail for a content that a variable does not take."""
    instance.fail(f"{size} bytes do not fit '{variable}': it takes less")


def unfit(instance: Instance, value: float, variable: str) -> NoReturn:
    """Let an instance fail for a value that an integer variable cannot hold."""
    instance.fail(f"value {value:g} does not fit integer variable '{variable}'")


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
    text_copies: list[TextCopy] = field(default_factory=list)
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
        self.member.preset.apply(instance)
        self.values.to_start(self.member.values)
        instance.set(self.values.table)
        return instance

    def set_once(self, values: Mapping[str, float]) -> None:
        """Set variables before the initialisation, in their own units."""
        chosen = slot_table(self.binary, self.member.variables, values)
        chosen.to_start(self.member.values)
        for name, number in values.items():
            self.fill(self.running, chosen.slots[name], name, number)
        self.running.set(chosen.table)

    def to_start(self) -> None:
        """Put start values in for all inputs that others set."""
        for part in (self.given, self.taken):
            part.to_start(self.member.values)

    def give(self, variable: str, number: float) -> None:
        """Write an input from outside; the instance fails where its type cannot hold it."""
        slots = self.given.slots if variable in self.given.slots else self.taken.slots
        self.fill(self.running, slots[variable], variable, number)

    def give_text(self, variable: str, content: str | bytes) -> None:
        """Write a text from outside; the instance fails where the variable does not take it."""
        texts = self.given.texts if variable in self.given.texts else self.taken.texts
        if variable not in texts:
            self.running.fail(f"'{variable}' takes numbers")
        try:
            texts[variable].write(content)
        except ValueError as error:
            unfit_text(self.running, error.args[0], variable)

    def begin(self, done: Collection[str]) -> None:
        """Set the inputs before the initialisation: start values where a source is not `done`."""
        for copy in self.copies:
            if copy.giver.member.name in done:
                self.copy(self.running, copy)
        for text in self.text_copies:
            if text.giver.member.name in done:
                self.copy_text(self.running, text)
        self.running.set(self.taken.table)

    def copy(self, instance: Instance, copy: Copy, middle: float | None = None) -> None:
        """Carry one value over, extrapolated to a time `middle` (s) where that is given."""
        if copy.exact:
            copy.target.take(copy.source)
            return
        value, giver = copy.source.read(), copy.giver
        if middle is not None and copy.followed is not None and giver.before < giver.at:
            slope = (middle - giver.at) / (giver.at - giver.before)
            value += (value - float(giver.previous[copy.followed])) * slope
        self.fill(instance, copy.target, copy.variable, copy.converted(value))

    @staticmethod
    def copy_text(instance: Instance, copy: TextCopy) -> None:
        """Carry one text over; the instance fails where the variable does not take it."""
        try:
            copy.target.take(copy.source)
        except ValueError as error:
            unfit_text(instance, error.args[0], copy.variable)

    def follow(self) -> None:
        """Keep the values of this point: a step begins."""
        self.before = self.at
        for place, slot in enumerate(self.followed):
            self.previous[place] = slot.read()

    def take(self, instance: Instance, middle: float | None = None) -> None:
        """Copy what others give into the inputs, and set them; see `copy`."""
        for copy in self.copies:
            self.copy(instance, copy, middle)
        for text in self.text_copies:
            self.copy_text(instance, text)
        instance.set(self.taken.table)

    @staticmethod
    def fill(instance: Instance, slot: Slot, variable: str, value: float) -> None:
        """Write a value; the instance fails where the variable's type cannot hold it."""
        try:
            slot.write(value)
        except ValueError:
            unfit(instance, value, variable)

    def buffers(self) -> list[Cell | TextCell]:
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
    `compared`: numbers that tell whether a step was good: what others take or the group gives, and
    where steps are adaptive all continuous outputs.
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
    compared: Mapping[Terminal, Slot]
    course: Course


def plan(group: Group, recorded: Sequence[Terminal] = ()) -> Plan:
    """Load the FMUs of a group and lay out its tables; FmuError where one does not load."""
    sources = [connection.source for connection in group.connections]
    sources += [output.source for output in group.outputs.values()]
    read: dict[str, dict[str, None]] = {member.name: {} for member in group.members}
    for terminal in [*sources, *_compared(group), *recorded]:
        read[terminal.member][terminal.variable] = None
    given = [target for found in group.inputs.values() for target, _ in found.targets]
    members = tuple(_running(group, member, given, read[member.name]) for member in group.members)
    by_name = {found.member.name: found for found in members}
    for connection in group.connections:
        _join(by_name, connection)
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
        compared={
            terminal: by_name[terminal.member].outputs.slots[terminal.variable]
            for terminal in dict.fromkeys([*sources, *_compared(group)])
            if terminal.variable in by_name[terminal.member].outputs.slots
        },
        course=group.course,
    )


def _join(members: Mapping[str, RunningMember], connection: Connection) -> None:
    """Add what a connection carries over to the member that takes it."""
    taker, giver = members[connection.target.member], members[connection.source.member]
    name, given = connection.target.variable, connection.source.variable
    if given in giver.outputs.texts:
        texts = (giver.outputs.texts[given], taker.taken.texts[name])
        taker.text_copies.append(TextCopy(*texts, giver, name))
        return
    source, target = giver.outputs.slots[given], taker.taken.slots[name]
    same = connection.affine.identity
    copy = Copy(
        source=source,
        target=target,
        affine=SAME if same else connection.affine,
        giver=giver,
        variable=name,
        followed=giver.followed.index(source) if source in giver.followed else None,
        exact=same and target.long(source),
    )
    taker.copies.append(copy)


def _compared(group: Group) -> list[Terminal]:
    """Return what tells the error of adaptive steps: all continuous outputs of the members."""
    if group.course.adaptive is None:
        return []
    return [
        Terminal(member.name, variable.name)
        for member in group.members
        for variable in member.variables.values()
        if variable.causality == "output" and variable.continuous and not variable.shape
    ]


def _planned(
    members: Mapping[str, RunningMember], visits: Iterable[Visit]
) -> tuple[PlannedVisit, ...]:
    """Return visits with running members, and with the copies into the inputs of loops."""
    found = []
    for visit in visits:
        own = tuple(members[name] for name in visit.members)
        wanted = {(terminal.member, terminal.variable) for terminal in visit.inputs}
        chosen = [
            (m.member.name, c)
            for m in own
            for c in m.copies
            if (m.member.name, m.member.array(c.variable)) in wanted
        ]
        title = ", ".join(f"{name}.{c.variable}" for name, c in chosen)
        found.append(PlannedVisit(own, tuple(c for _, c in chosen), title))
    return tuple(found)


def _running(
    group: Group, member: Member, given: Iterable[Terminal], read: Iterable[str]
) -> RunningMember:
    binary = load_binary(member.description.path)
    variables = member.variables
    taken = slot_table(binary, variables, [c.target.variable for c in group.sources(member.name)])
    own = [t.variable for t in given if t.member == member.name]
    # an array of which a part comes from other members is set with what these give
    own = [name for name in own if name not in taken.slots and name not in taken.texts]
    outputs = slot_table(binary, variables, read)
    followed = tuple(
        s for s in outputs.slots.values() if group.linear and s.cell.block.type is np.float64
    )
    return RunningMember(
        member=member,
        binary=binary,
        length_s=float(group.step * member.every),
        taken=taken,
        given=slot_table(binary, variables, own),
        outputs=outputs,
        values=slot_table(binary, variables, member.values),
        followed=followed,
        previous=np.zeros(len(followed)),
    )
