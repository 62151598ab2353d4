"""Three shifts a day: night from 22:00, early from 06:00, late from 14:00 [A].

A night shift counts to the day on which it ends, so a run begins in `day 1 night`.
"""

from __future__ import annotations

HOUR = 3_600_000
SHIFT = 8 * HOUR
NAMES = ("night", "early", "late")


def shift_number(tick: int) -> int:
    """Return how many shifts have begun since the run's first one."""
    return (tick + 2 * HOUR) // SHIFT


def shift_name(tick: int) -> str:
    """Return the name of the shift at a tick, such as `day 3 late`."""
    day, part = divmod(shift_number(tick), len(NAMES))
    return f"day {day + 1} {NAMES[part]}"
