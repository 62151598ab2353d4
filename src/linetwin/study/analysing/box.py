"""The largest box in which every place keeps what is asked, with width in every factor."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

FLOOR = 0.02
"""Least width in each factor that has no levels, as share of its span [A]."""
_INSIDE, _CENTRES, _HALVINGS = 128, 256, 8
_CORNERS = 8
"""Factors up to which all corners of a box are tried; with more, 256 of them."""
_STEP = 0.05
"""Step by which a side of the box grows, as share of all that keeps what is asked."""


@dataclass(frozen=True)
class Room:
    """What a place must keep: `keeps` takes (places, factors), gives (places,).

    `steps`: share of its span from level to level of each factor, 0 where it has none.
    """

    keeps: Callable[[np.ndarray], np.ndarray]
    steps: np.ndarray

    @cached_property
    def tried(self) -> np.ndarray:
        """Places of a unit box at which it is tried: spread evenly, and its corners."""
        count = len(self.steps)
        if count <= _CORNERS:
            corners = np.indices((2,) * count).reshape(count, -1).T.astype(float)
        else:
            corners = np.round(even(2 * _INSIDE, count))
        return np.concatenate([even(_INSIDE, count), corners])

    def holds(self, low: np.ndarray, high: np.ndarray) -> bool:
        """Whether all of a box keeps what is asked, as far as it is tried."""
        return bool(self.keeps(low + self.tried * (high - low)).all())


def at_levels(places: np.ndarray, steps: np.ndarray) -> np.ndarray:
    """Return places at the nearest levels of factors that have some; `steps`: as in `Room`."""
    distances = np.where(steps > 0, steps, 1.0)
    found: np.ndarray = np.where(steps > 0, np.round(places / distances) * distances, places)
    return found


def even(count: int, factors: int) -> np.ndarray:
    """Return places spread evenly over the unit cube, shape (count, factors)."""
    from scipy.stats import qmc

    found: np.ndarray = qmc.Sobol(factors, rng=0).random(count)
    return found


def largest_box(room: Room, places: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """Return the box around one of `places`, all of which keep what is asked; None for none.

    Its widths are those of all `places` in proportion, so that no factor takes the room of
    another, and nowhere less than `FLOOR`; then sides grow in turn as far as they can.
    """
    extent = np.ptp(places, axis=0)
    floor = np.where(room.steps > 0, 0.0, FLOOR)
    reach, found = 0.0, None
    for centre in places[:: max(1, len(places) // _CENTRES)]:
        box = _around(centre, np.maximum(floor, reach * extent))
        if not room.holds(*box):
            continue
        most = 1.0
        for _ in range(_HALVINGS):
            middle = (reach + most) / 2.0
            wider = _around(centre, np.maximum(floor, middle * extent))
            if room.holds(*wider):
                reach, box = middle, wider
            else:
                most = middle
        found = box
    if found is None:
        return None
    return _within_levels(room, *_grown(room, *found, _STEP * np.maximum(extent, floor)))


def _around(centre: np.ndarray, widths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the box of these widths around a place, moved so that it lies within all spans."""
    low = np.clip(centre - widths / 2.0, 0.0, 1.0 - widths)
    return low, low + widths


def _grown(
    room: Room, low: np.ndarray, high: np.ndarray, steps: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    open_sides = [(n, side) for n in range(len(low)) if steps[n] > 0 for side in (-1, 1)]
    while open_sides:
        still = []
        for number, side in open_sides:
            new_low, new_high = low.copy(), high.copy()
            edge = new_low if side < 0 else new_high
            edge[number] = np.clip(edge[number] + side * steps[number], 0.0, 1.0)
            if room.holds(new_low, new_high):
                low, high = new_low, new_high
                if 0.0 < edge[number] < 1.0:
                    still.append((number, side))
        open_sides = still
    return low, high


def _within_levels(room: Room, low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the box from level to level where factors have some."""
    levels, steps = room.steps > 0, np.where(room.steps > 0, room.steps, 1.0)
    first = np.ceil(low / steps - _ROUNDING) * steps
    last = np.floor(high / steps + _ROUNDING) * steps
    return np.where(levels, first, low), np.where(levels, last, high)


_ROUNDING = 1e-9
