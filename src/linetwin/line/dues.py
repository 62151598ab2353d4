"""The places of a chamber in the order in which they are due."""

from __future__ import annotations

from bisect import bisect_left, insort
from typing import Final, NamedTuple

Place = list[str | int | float]
"""Lot name, due tick, entry tick, watts."""
NEVER: Final = 1 << 62
"""A tick that no line lives to see."""


class Due(NamedTuple):
    """When a place is due, and which in the order of entry it is: no two are alike in both."""

    tick: int
    order: int
    place: Place


class Dues:
    """An aid that is not saved: a store has thousands of places, and one at a time is due.

    It knows them as long as nobody else adds one, takes one out or changes a due tick.
    """

    def __init__(self, places: list[Place]) -> None:
        self._places = places
        self._next = len(places)
        self._sorted = sorted(Due(int(each[1]), at, each) for at, each in enumerate(places))
        self._watts = [float(each[3]) for each in places]

    def are_of(self, places: list[Place]) -> bool:
        """Whether these are the places it knows, as far as their number says."""
        return places is self._places and len(places) == len(self._sorted)

    @property
    def watts(self) -> float:
        """What all of them draw [W]."""
        return sum(self._watts)

    def up_to(self, tick: int) -> list[Due]:
        """Return what is due by then, in the order of entry."""
        found = self._sorted[: bisect_left(self._sorted, Due(tick + 1, -1, []))]
        return sorted(found, key=lambda due: due.order)

    def enter(self, place: Place) -> None:
        """Add a place behind all others."""
        self._places.append(place)
        self._watts.append(float(place[3]))
        insort(self._sorted, Due(int(place[1]), self._next, place))
        self._next += 1

    def leave(self, due: Due) -> None:
        """Take a place out."""
        at = self._places.index(due.place)
        del self._places[at], self._watts[at], self._sorted[bisect_left(self._sorted, due)]

    def defer(self, due: Due) -> None:
        """Let a place have the due tick that it now names."""
        del self._sorted[bisect_left(self._sorted, due)]
        insort(self._sorted, Due(int(due.place[1]), due.order, due.place))
