"""What is handed on between the parts of a plant: changes of tags and of alarms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from linetwin.twin.plant.model import Plain

Fault = Literal["", "sensor", "link", "unknown", "refused", "open loop"]
"""Why there is no value: the sensor gives none, it was lost, nothing is known, or what
an instrument tells is refused: its unit or place is wrong. In open loop there is one, but it rests
on nothing that was heard lately."""


@dataclass(frozen=True, slots=True)
class Change:
    """A tag has another value since `tick` of the line; with a fault none, or a doubtful one.

    `source_tick`: what its source takes for the tick, where its clock is wrong; `again`: it is
    told though nothing has changed.
    """

    node: str
    tick: int
    value: Plain
    fault: Fault = ""
    source_tick: int | None = None
    again: bool = False

    @property
    def told_tick(self) -> int:
        """The tick that stands in the source timestamp."""
        return self.tick if self.source_tick is None else self.source_tick

    def says_as(self, other: Change | None) -> bool:
        """Whether it says the same as another, whenever that was."""
        return other is not None and (self.value, self.fault) == (other.value, other.fault)


@dataclass(frozen=True)
class AlarmChange:
    """A condition has become active, or is so no longer, at `tick` of the line."""

    node: str
    tick: int
    active: bool
    message: str
