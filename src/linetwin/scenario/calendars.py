"""Weekly working hours, `mon-fri: ["06:00-22:00"]`, as seconds from Monday 00:00, and shifts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from linetwin.scenario.problems import nearest
from linetwin.scenario.resolved import THREE_SHIFTS, CalendarConfig

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from linetwin.scenario.document import Document
    from linetwin.scenario.problems import Place, Problems

ALWAYS = "always"
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY_S = 86_400
_WEEK_S = 7 * _DAY_S
_HOURS = re.compile(r"(\d{1,2}):([0-5]\d)\s*[-\u2013]\s*(\d{1,2}):([0-5]\d)\Z")
_TIME = re.compile(r"(\d{1,2}):([0-5]\d)\Z")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_ -]*\Z")
_HINT = 'always, or days with hours: {mon-fri: ["06:00-22:00"], sat: ["06:00-14:00"]}'
_SHIFTS = "shifts"
_SHIFTS_HINT = 'beginnings by name, such as {early: "06:00", late: "14:00", night: "22:00"}'

Interval = tuple[int, int]


def read_calendars(
    written: Mapping[str, object], document: Document, problems: Problems
) -> dict[str, CalendarConfig]:
    """Return the calendars by name; `always` exists even where nobody wrote it."""
    calendars = {ALWAYS: CalendarConfig(ALWAYS, ())}
    for name, raw in written.items():
        place = document.place(("calendars", name))
        if raw == ALWAYS:
            calendars[name] = CalendarConfig(name, ())
        elif not isinstance(raw, dict) or not raw:
            problems.add(place, "not a calendar", _HINT)
        elif name == ALWAYS:
            problems.add(place, "always means always", "choose another name")
        else:
            days = {key: hours for key, hours in raw.items() if key != _SHIFTS}
            intervals = _week(days, place, document, problems)
            if days and all(hours == [] for hours in days.values()):
                problems.add(place, "never open", _HINT)
            shifts = THREE_SHIFTS
            if _SHIFTS in raw:
                shifts = _shifts(raw[_SHIFTS], place.below(_SHIFTS), problems)
            calendars[name] = CalendarConfig(name, _merged(intervals), shifts)
    return calendars


def written_hours(calendar: CalendarConfig) -> str | dict[str, object]:
    """Return a calendar as a line file has it; `read_calendars` makes the same one of it."""
    if not calendar.open_s and calendar.shifts == THREE_SHIFTS:
        return ALWAYS
    written: dict[str, object] = {}
    for day, name in enumerate(_DAYS):
        begin, end = day * _DAY_S, (day + 1) * _DAY_S
        hours = [
            f"{_clock(max(start, begin) - begin)}-{_clock(min(finish, end) - begin)}"
            for start, finish in calendar.open_s
            if start < end and finish > begin
        ]
        if hours:
            written[name] = hours
    return written | {_SHIFTS: {name: _clock(second) for name, second in calendar.shifts}}


def _clock(second: int) -> str:
    return f"{second // 3600:02}:{second % 3600 // 60:02}"


def _shifts(raw: object, place: Place, problems: Problems) -> tuple[tuple[str, int], ...]:
    """Return name and beginning of each shift, in the order of the day."""
    if not isinstance(raw, dict) or not raw:
        problems.add(place, "no shifts", _SHIFTS_HINT)
        return THREE_SHIFTS
    found: dict[int, str] = {}
    for name, text in raw.items():
        match = _TIME.match(text.strip()) if isinstance(text, str) else None
        second = _DAY_S if match is None else 3600 * int(match[1]) + 60 * int(match[2])
        if not _NAME.match(str(name)):
            problems.add(place, f"'{name}' is no name of a shift", "letters, digits, _ and -")
        elif second >= _DAY_S:
            problems.add(place.below(str(name)), f"{text!r} is no time of day", _SHIFTS_HINT)
        elif second in found:
            message = f"begins with '{found[second]}'"
            problems.add(place.below(str(name)), message, "a time of its own for each shift")
        else:
            found[second] = str(name)
    return tuple((name, second) for second, name in sorted(found.items())) or THREE_SHIFTS


def _week(
    raw: Mapping[str, object], place: Place, document: Document, problems: Problems
) -> list[Interval]:
    intervals: list[Interval] = []
    for days, hours in raw.items():
        here = document.place((*place.key.split(".", 1), days))
        items = hours if isinstance(hours, list) else [hours]
        for day in _days(days, here, problems):
            for item in items:
                intervals += _interval(item, day, here, problems)
    return intervals


def _days(text: str, place: Place, problems: Problems) -> list[int]:
    """Return the days (0 is Monday) that `mon-fri` or `sat, sun` names."""
    found: list[int] = []
    for part in text.lower().split(","):
        begin, _, end = (name.strip() for name in part.partition("-"))
        unknown = [name for name in (begin, end or begin) if name not in _DAYS]
        if unknown:
            problems.add(place, f"'{part}' names no days", nearest(unknown[0], _DAYS))
            continue
        first, last = _DAYS.index(begin), _DAYS.index(end or begin)
        found += [(first + n) % 7 for n in range((last - first) % 7 + 1)]
    return found


def _interval(item: object, day: int, place: Place, problems: Problems) -> list[Interval]:
    """Return the seconds of the week that `22:00-06:00` covers on `day`, cut at the week's end."""
    match = _HOURS.match(item.strip()) if isinstance(item, str) else None
    if match is None:
        problems.add(place, f"{item!r} is no span of hours", 'such as "06:00-22:00"')
        return []
    numbers = [int(group) for group in match.groups()]
    start, end = (3600 * hour + 60 * minute for hour, minute in (numbers[:2], numbers[2:]))
    if max(start, end) > _DAY_S:
        problems.add(place, f"{item!r} is no span of hours", "00:00 to 24:00")
        return []
    if start == end:
        problems.add(place, f"{item!r} is empty", "a whole day is 00:00-24:00")
        return []
    begin = day * _DAY_S + start
    finish = day * _DAY_S + end + (_DAY_S if end < start else 0)
    if finish <= _WEEK_S:
        return [(begin, finish)]
    return [(begin, _WEEK_S), (0, finish - _WEEK_S)]


def _merged(intervals: Iterable[Interval]) -> tuple[Interval, ...]:
    """Return the intervals in order, those that touch joined; () where they cover the week."""
    joined: list[Interval] = []
    for start, end in sorted(intervals):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return () if joined == [(0, _WEEK_S)] else tuple(joined)
