"""What the order in which lots are taken tells of names that are one slip from another's.

Where lots are taken in the order in which they came into being, a name belongs between those that
were read before and after it. Whether that is so at a place is seen by its readings: all but a few
must follow one another. Where each lot is read once, one that was read by its own name is no
other's. What could be wrong unseen then is two readings next to one another with the same slip, and
a lot that was taken out of order just where its name was read as one in order.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping as ReadOnly
    from collections.abc import Sequence

    from linetwin.twin.reconciliation import Register, Resolution

LEAST_READINGS, LEAST_LOTS = 20, 3
"""Readings, and lots among them, from which an order is believed [A]."""
MOST_ASIDE = 0.01
"""Share of readings that may stand out of the order [A]."""


def in_order(known: ReadOnly[str, Register], found: Sequence[Resolution]) -> list[Resolution]:
    """Return resolutions; a settled name keeps those it may have been that fit into the order."""
    places: dict[tuple[str, str], list[int]] = defaultdict(list)
    for number, each in enumerate(found):
        if each.settled:
            places[each.use.kind, each.use.role].append(number)
    kept = list(found)
    for (kind, _), numbers in places.items():
        readings = _readings(found, sorted(numbers, key=lambda number: found[number].use.begin))
        _look(known[kind], readings, kept)
    return kept


def _readings(found: Sequence[Resolution], ordered: Sequence[int]) -> list[list[int]]:
    """Return the uses of each reading: one name that was read once may stand for many."""
    readings: list[list[int]] = []
    for number in ordered:
        each = found[number]
        before = found[readings[-1][-1]] if readings else None
        same = before is not None and each.use.read is not None and (
            (before.use.read, before.lot) == (each.use.read, each.lot)
        )  # fmt: skip
        if same:
            readings[-1].append(number)
        else:
            readings.append([number])
    return readings


def _look(register: Register, readings: Sequence[Sequence[int]], kept: list[Resolution]) -> None:
    """Put what fits in place of what is confusable, at one place where lots are taken."""
    begins = [register.lots[kept[numbers[0]].lot].begin for numbers in readings]
    follow = following(begins)
    aside = len(readings) - len(follow)
    if len(readings) < LEAST_READINGS or len(set(begins)) < LEAST_LOTS:
        return
    if aside > MOST_ASIDE * len(readings):
        return
    times = Counter(kept[numbers[0]].lot for numbers in readings)
    once = sum(count > 1 for count in times.values()) <= MOST_ASIDE * len(times)
    for place in range(1, len(follow) - 1):
        first, last = begins[follow[place - 1]], begins[follow[place + 1]]
        for number in readings[follow[place]]:
            each = kept[number]
            fit = [n for n in each.confusable if first <= register.lots[n].begin <= last]
            if once and times[each.lot] == 1:
                fit = [name for name in fit if name not in times]
            kept[number] = replace(each, confusable=tuple(fit))


def following(values: Sequence[int]) -> list[int]:
    """Return the places of a longest part of the values that never falls."""
    ends: list[int] = []
    places: list[int] = []
    before: list[int] = []
    for place, value in enumerate(values):
        length = bisect_right(ends, value)
        before.append(places[length - 1] if length else -1)
        ends[length : length + 1] = [value]
        places[length : length + 1] = [place]
    found: list[int] = []
    place = places[-1] if places else -1
    while place >= 0:
        found.append(place)
        place = before[place]
    return found[::-1]
