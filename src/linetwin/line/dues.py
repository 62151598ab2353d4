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

    It follows them as long as whoever adds one, takes one out or defers one says so.
    """

    def __init__(self, places: list[Place]) -> None:
        self._places = places
        self._next = len(places)
        self._sorted = sorted(Due(int(each[1]), at, each) for at, each in enumerate(places))
        self._watts: float | None = None

    def are_of(self, places: list[Place]) -> bool:
        """Whether these are the places that are followed, as far as their number says."""
        return places is self._places and len(places) == len(self._sorted)

    @property
    def watts(self) -> float:
        """What all of them draw [W]."""
        if self._watts is None:
            self._watts = sum([float(place[3]) for place in self._places])
        return self._watts

    def up_to(self, tick: int) -> list[Due]:
        """Return what is due by then, in the order of entry."""
        found = self._sorted[: bisect_left(self._sorted, Due(tick + 1, -1, []))]
        return sorted(found, key=lambda due: due.order)

    def enter(self, place: Place) -> None:
        """Follow a place that was added behind all others."""
        insort(self._sorted, Due(int(place[1]), self._next, place))
        self._next += 1
        self._watts = None

    def leave(self, due: Due) -> None:
        """Follow a place no longer that was taken out."""
        del self._sorted[bisect_left(self._sorted, due)]
        self._watts = None

    def defer(self, due: Due) -> None:
        """Follow a place whose due tick has changed."""
        self.leave(due)
        insort(self._sorted, Due(int(due.place[1]), due.order, due.place))
