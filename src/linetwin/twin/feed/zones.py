"""Local times of files, made UTC: what happens when clocks are changed is stated, not guessed.

In autumn an hour occurs twice. By `order` (the default) rows mean the first, summer time, until
their time goes back, and the second from there on; where it never goes back within that hour the
first is taken and the rows are flagged. `first` and `second` settle it for a file. In spring an
hour does not exist: such a time is read as if the clock had not been changed, and flagged.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from linetwin.twin.columns import NO_TIME, SECOND

if TYPE_CHECKING:
    from collections.abc import Sequence

Ambiguous = Literal["order", "first", "second"]
_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]*)?([eE][+-]?[0-9]+)?")
_ISO = re.compile(
    r"[0-9]{4}-?[0-9]{2}-?[0-9]{2}"
    r"([T ][0-9]{2}(:?[0-9]{2}(:?[0-9]{2}([.,][0-9]+)?)?)?(Z|[+-][0-9]{2}(:?[0-9]{2})?)?)?"
)
_EARLIEST = -2_208_988_800 * SECOND
_LATEST = 7_258_118_400 * SECOND
"""1900 and 2200 [A]: what lies outside is no time of a plant, and none that ns could be sure of."""


def to_utc(
    local: np.ndarray, zone: str, rule: Ambiguous, groups: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return ns of UTC, and which rows nobody can be sure of.

    local: ns of local time, `NO_TIME` where there is none; groups: rows of one group are in the
    order of time.
    """
    utc = np.full(len(local), NO_TIME)
    doubtful = np.zeros(len(local), bool)
    there = local != NO_TIME
    if not there.any():
        return utc, doubtful
    naive = pd.DatetimeIndex(local[there].astype("datetime64[ns]"))
    first, second = (_localised(naive, zone, summer=summer) for summer in (True, False))
    twice = first != second
    never = _back(first, zone) != naive.asi8
    later, unsure = _second_pass(local[there], twice, rule, groups[there])
    utc[there] = np.where(later, second, first)
    doubtful[there] = never | unsure
    return utc, doubtful


def parse_times(texts: Sequence[object], form: str = "") -> tuple[np.ndarray, np.ndarray]:
    """Return ns, and which of them are UTC already, because they were written with a zone.

    Text as ISO 8601, or by `form` of `strptime` and not otherwise; a number counts seconds of UTC
    since 1970; what is neither, or before 1900 or after 2200, is `NO_TIME`.
    """
    times = np.full(len(texts), NO_TIME)
    known = np.zeros(len(texts), bool)
    for row, text in enumerate(texts):
        times[row], known[row] = _parsed(text, form)
    return times, known


def readable(ns: int) -> int:
    """Return a time since 1970, `NO_TIME` where no plant can have meant it."""
    return ns if _EARLIEST <= ns < _LATEST else NO_TIME


def _parsed(cell: object, form: str) -> tuple[int, bool]:
    try:
        if isinstance(cell, (int, float, np.number)):
            return readable(round(float(cell) * 1e9)), True
        moment = _moment(cell.strip(), form) if isinstance(cell, str) else cell
        if isinstance(moment, float):
            return readable(round(moment * 1e9)), True
        moment = pd.Timestamp(moment)
        if pd.isna(moment):
            return NO_TIME, False
        return readable(moment.as_unit("ns").value), moment.tzinfo is not None
    except (ValueError, TypeError, OverflowError):  # such as the year 1, which ns do not reach
        return NO_TIME, False


def _moment(text: str, form: str) -> object:
    """Return what text means: nothing is guessed, for pandas reads 05.11. as the 11th of May."""
    if form:
        return datetime.strptime(text, form)  # noqa: DTZ007  its zone is that of the clock
    if _NUMBER.fullmatch(text):
        return float(text)
    if not _ISO.fullmatch(text):
        return None
    datetime.fromisoformat(text)  # ValueError where no calendar has it
    return text.replace(",", ".")


def _localised(naive: pd.DatetimeIndex, zone: str, *, summer: bool) -> np.ndarray:
    mask = np.full(len(naive), summer)
    there = naive.tz_localize(zone, ambiguous=mask, nonexistent=pd.Timedelta(hours=1))
    result: np.ndarray = there.as_unit("ns").asi8
    return result


def _back(utc: np.ndarray, zone: str) -> np.ndarray:
    moments = pd.DatetimeIndex(utc.astype("datetime64[ns]")).tz_localize("UTC")
    result: np.ndarray = moments.tz_convert(zone).tz_localize(None).as_unit("ns").asi8
    return result


def _second_pass(
    local: np.ndarray, twice: np.ndarray, rule: Ambiguous, groups: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return which rows mean the second of two hours, and which are not sure."""
    later = np.zeros(len(local), bool)
    unsure = np.zeros(len(local), bool)
    if rule != "order" or not twice.any():
        later[twice] = rule == "second"
        return later, unsure
    for group in np.unique(groups[twice]):
        block: list[int] = []
        rows = np.flatnonzero(groups == group)
        for row in [*rows.tolist(), None]:
            if row is not None and twice[row]:
                block.append(row)
            elif block:
                _settle(block, local, later, unsure)
                block = []
    return later, unsure


def _settle(block: list[int], local: np.ndarray, later: np.ndarray, unsure: np.ndarray) -> None:
    """Settle one run of rows within an hour that occurs twice."""
    back = [n for n in range(1, len(block)) if local[block[n]] < local[block[n - 1]]]
    if back:
        later[block[back[0] :]] = True
    else:
        unsure[block] = True
