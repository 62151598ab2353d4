"""Keys of a mapping file that say nothing, or nothing that can be meant."""

from __future__ import annotations

from datetime import UTC, datetime

_DAY = datetime(2026, 11, 5, tzinfo=UTC)


def is_time_format(form: str) -> bool:
    """Return whether a format of `strptime` reads the day that it writes."""
    try:
        read = datetime.strptime(_DAY.strftime(form), form)  # noqa: DTZ007  the day counts
    except ValueError:
        return False
    return read.date() == _DAY.date()
