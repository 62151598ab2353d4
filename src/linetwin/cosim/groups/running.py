"""The members of a running group: their instances, and the numbers that pass between them."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, NoReturn

import numpy as np

from linetwin.cosim.clocks import TICKS_A_STEP
from linetwin.cosim.events import Fmi3EventInstance
from linetwin.cosim.groups.slots import Slot, SlotTable, TextSlot, slot_table
from linetwin.cosim.instance import Instance, instantiate
from linetwin.cosim.units import SAME, Affine
from linetwin.errors import FmuError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from linetwin.cosim.binary import Binary
    from linetwin.cosim.groups.clockwork import ClockedMember
    from linetwin.cosim.groups.course import Course
    from linetwin.cosim.groups.definition import Loops, Member, Order, Terminal
    from linetwin.cosim.groups.grid import Grid
    from linetwin.cosim.port import Cell
    from linetwin.cosim.texts import TextCell


class Copy(NamedTuple):
    """target = affine.factor * source + affine.offset, whenever a member takes its inputs.

    `followed`: place of the source among its giver's earlier values; None where it is held.
    `exact`: bit by bit, since a float does not hold the numbers. `table` comes first; its sources
    are whole numbers, which are looked up as such.
    """

    source: Slot
    target: Slot
    affine: Affine
    giver: RunningMember
    variable: str
    followed: int | None
    exact: bool
    table: Mapping[float, float]

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
    their values at `before` (s), the point before; at `at` where there is none. `ticking`: outputs
    that change with a clock, each in a table of its own. `together`: it goes through its events
    with others. `used`: real outputs that somebody takes, which must be finite.
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
    ticking: dict[str, SlotTable] = field(default_factory=dict)
    used: Mapping[str, Slot] = field(default_factory=dict)
    together: bool = False
    early_return: bool = False
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
            instance = self.instance = instantiate(self.binary, early_return=self.early_return)
            if isinstance(instance, Fmi3EventInstance):
                instance.together = self.together
                least = self.length_s / TICKS_A_STEP
                instance.least_interval_s = max(instance.least_interval_s, least)
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
        if copy.table:
            whole = copy.source.read_exactly()
            self.fill(instance, copy.target, copy.variable, copy.table.get(whole, whole))
            return
        value, giver = copy.source.read(), copy.giver
        if middle is not None and copy.followed is not None and giver.before < giver.at:
            slope = (middle - giver.at) / (giver.at - giver.before)
            value += (value - float(giver.previous[copy.followed])) * slope
        self.fill(instance, copy.target, copy.variable, copy.converted(value))

    def carry(self, instance: Instance, copy: Copy | TextCopy) -> None:
        """Carry one value or text over as it is now."""
        if isinstance(copy, Copy):
            self.copy(instance, copy)
        else:
            self.copy_text(instance, copy)

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

    def check(self) -> None:
        """Let the instance fail where a used output, as it was last read, is NaN or infinite."""
        for name in self.used:
            self.read(name)

    def read(self, variable: str) -> float:
        """Return an output as it was last read; the instance fails for NaN and infinity."""
        value = self.outputs.slots[variable].read()
        if not math.isfinite(value):
            self.running.fail_value(variable, value)
        return value

    def buffers(self) -> list[Cell | TextCell]:
        """Return the values that belong to the group's state, in a fixed order."""
        parts = (self.taken, self.given, self.outputs, *self.ticking.values())
        return [cell for part in parts for cell in part.table.cells]

    def givers(self) -> set[RunningMember]:
        """Return the members from which it takes values."""
        return {copy.giver for copy in self.copies} | {text.giver for text in self.text_copies}

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
    `clockwork`: members that have clocks in common.
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
    clockwork: tuple[ClockedMember, ...]
    compared: Mapping[Terminal, Slot]
    course: Course
