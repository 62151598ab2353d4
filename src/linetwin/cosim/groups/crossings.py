"""The events of a group: which have happened between two points, and what they do."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, NamedTuple

from linetwin.cosim.groups.slots import slot_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from linetwin.cosim.groups.course import Crossing
    from linetwin.cosim.groups.running import Plan, RunningMember
    from linetwin.cosim.groups.slots import Slot, SlotTable

_DRAWN: Final = 0.2
"""How far guesses are drawn to the middle, of the width squared over the first one (k1 of ITP)."""


class Happening(NamedTuple):
    """An event that has happened, at a time (s) of the group."""

    name: str
    time: float


class Bracket:
    """Whole times between which an event lies: it has not happened at `first`, it has at `last`.

    Guesses are those of ITP (Oliveira, Takahashi, ACM Trans. Math. Softw. 47 (2020)): a straight
    line's, drawn towards the middle so that both ends close in, and never so far from it that more
    guesses than bisection's and one would be needed.
    """

    def __init__(self, first: int, last: int, within: int) -> None:
        """Narrow it down to `within`."""
        self.first, self.last = first, last
        self._within = within
        self._begun = last - first
        self._left = max(0, math.ceil(math.log2(max(1, last - first) / within))) + 1

    @property
    def wide(self) -> bool:
        """Whether it is wider than it may be."""
        return self.last - self.first > self._within

    def guess(self, share: float) -> int:
        """Return the time to try next; `share` (0 to 1): where a straight line puts the event."""
        width = self.last - self.first
        aside = (0.5 - share) * width
        drawn = max(_DRAWN * width * width / self._begun, self._within / 2)
        aside = 0.0 if drawn >= abs(aside) else aside - math.copysign(drawn, aside)
        most = max(0.0, self._within * 2.0 ** (self._left - 1) - width / 2)
        aside = math.copysign(min(abs(aside), most), aside)
        return min(max(self.first + int(width / 2 - aside), self.first + 1), self.last - 1)

    def narrow(self, there: int, *, beyond: bool) -> None:
        """Take it that the event has happened at a time between the ends, or that it has not."""
        self._left -= 1
        if beyond:
            self.last = there
        else:
            self.first = there


class _Setting(NamedTuple):
    """What an event sets in one member."""

    member: RunningMember
    table: SlotTable
    values: dict[str, float]

    def do(self) -> None:
        """Set it; FmuError where the member refuses."""
        for name, value in self.values.items():
            self.member.fill(self.member.running, self.table.slots[name], name, value)
        self.member.running.set(self.table.table)


class Crossings:
    """The events of a group, and the numbers in which they show."""

    def __init__(self, plan: Plan) -> None:
        """Find the places of the numbers; the members need no instances yet."""
        self.events = plan.course.events
        members = {member.member.name: member for member in plan.members}
        self._slots: list[Slot] = [
            members[e.source.member].outputs.slots[e.source.variable] for e in self.events
        ]
        self._settings = [_settings(members, event) for event in self.events]

    def values(self) -> list[float]:
        """Return the present numbers, one for each event."""
        return [slot.read() for slot in self._slots]

    def happened(self, before: Sequence[float], after: Sequence[float]) -> list[int]:
        """Return the places of the events that lie between these numbers."""
        return [
            place
            for place, event in enumerate(self.events)
            if event.passed(before[place], after[place])
        ]

    def share(
        self,
        before: Sequence[float],
        after: Sequence[float],
        places: Sequence[int],
    ) -> float:
        """Return where between two points (0 to 1) a straight line puts the first of events."""
        shares = [1.0]
        for place in places:
            level = self.events[place].level
            old, new = before[place], after[place]
            share = (level - old) / (new - old) if new != old else 0.0
            if 0.0 <= share <= 1.0:  # not where one of them is no number
                shares.append(share)
        return min(shares)

    def apply(self, places: Sequence[int]) -> bool:
        """Do what events do; tell whether anything was set. FmuError where a member refuses."""
        settings = [setting for place in places for setting in self._settings[place]]
        for setting in settings:
            setting.do()
        return bool(settings)


def _settings(members: dict[str, RunningMember], event: Crossing) -> list[_Setting]:
    found: dict[str, dict[str, float]] = {}
    for terminal, value in event.sets:
        found.setdefault(terminal.member, {})[terminal.variable] = value
    return [
        _Setting(
            members[name],
            slot_table(members[name].binary, members[name].member.variables, values),
            values,
        )
        for name, values in found.items()
    ]
