"""The members of a running group that have clocks in common: what is set and read at a tick."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from linetwin.cosim.events import Fmi3EventInstance
from linetwin.errors import FmuError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from linetwin.cosim.groups.running import Copy, RunningMember, TextCopy
    from linetwin.cosim.groups.slots import SlotTable


class ClockedInput(NamedTuple):
    """An input that is set when a clock ticks: its table, and where its value comes from."""

    table: SlotTable
    copy: Copy | TextCopy


@dataclass(eq=False)
class ClockedMember:
    """A member that goes through its events together with others; all by the names of clocks.

    `takers`: output clock -> members and their input clocks that tick with it.
    """

    member: RunningMember
    inputs: dict[str, list[ClockedInput]] = field(default_factory=dict)
    outputs: dict[str, list[SlotTable]] = field(default_factory=dict)
    takers: dict[str, list[tuple[ClockedMember, str]]] = field(default_factory=dict)

    @property
    def saves(self) -> bool:
        """Whether it can go back to a state."""
        return self.member.member.description.capabilities.save_state

    @property
    def instance(self) -> Fmi3EventInstance:
        """The member's instance; FmuError where the group has not been started."""
        found = self.member.running
        if not isinstance(found, Fmi3EventInstance):
            raise FmuError("it has no event mode", self.member.member.name)
        return found

    def ticked(self, clocks: Iterable[str]) -> None:
        """Take the values that come with input clocks, and read those that go with them."""
        instance, names = self.instance, list(clocks)
        due = [one for name in names for one in self.inputs.get(name, ())]
        for found in due:
            self.member.carry(instance, found.copy)
        for table in {id(found.table.table): found.table.table for found in due}.values():
            instance.set(table)
        self.read(names)

    def read(self, clocks: Iterable[str]) -> None:
        """Read the values that go with clocks."""
        for found in [one for name in clocks for one in self.outputs.get(name, ())]:
            self.instance.get(found.table)
            self.member.check()
