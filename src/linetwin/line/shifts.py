"""Shifts by name: those of a calendar, three a day unless it says otherwise.

A shift lasts until the next one begins. One that goes on past midnight counts to the day on which
it ends, so a run with the usual shifts begins in `day 1 night`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from linetwin.scenario.resolved import CalendarConfig

DAY = 86_400_000
TICKS_PER_SECOND = 1000


def shift_number(tick: int, calendar: CalendarConfig) -> int:
    """Return how many shifts have begun since the run's first one."""
    day, since = divmod(tick, DAY)
    starts = [second * TICKS_PER_SECOND for _, second in calendar.shifts]
    begun = sum(start <= since for start in starts)
    return day * len(starts) + begun - (starts[0] == 0)


def shift_name(tick: int, calendar: CalendarConfig) -> str:
    """Return the name of the shift at a tick, such as `day 3 late`."""
    names = [name for name, _ in calendar.shifts]
    if calendar.shifts[0][1] > 0:  # the day begins in the last shift of the day before
        names = [names[-1], *names[:-1]]
    day, part = divmod(shift_number(tick, calendar), len(names))
    return f"day {day + 1} {names[part]}"
