"""What a message says: a plain number or text, or JSON in which a path leads to it.

A path is keys with dots between them, the places of a list counted from 0: `data.readings.0.v`. A
key that has dots itself is found too. Nothing is made up: what cannot be read is a row without a
value and with a bad status, its beginning kept as text.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from linetwin.scenario.mapped import NUMBERS
from linetwin.twin.columns import BAD, NO_TIME, NO_VALUE, SECOND, status_code
from linetwin.twin.feed.numerals import is_numeral, number_in
from linetwin.twin.feed.zones import parse_times, readable

if TYPE_CHECKING:
    from linetwin.scenario.mapped import BrokerConfig, SignalConfig, SignalKind

UNREADABLE = 0x80070000
"""Bad_DecodingError (OPC 10000-6, A.2 [M])."""
LARGEST_BYTES = 1_000_000
"""A message that is longer is not parsed [A]."""
_KEPT = 200
_UNITS = ((10**17, 1), (10**14, 10**3), (10**11, 10**6))
"""A number of this size counts ns, us, ms since 1970; a smaller one s: 1e11 s is the year 5138."""
_MOST = 2**63
_ABSENT = object()


@dataclass(frozen=True)
class Reading:
    """One value of a message.

    number: NaN for text; time: ns of UTC, or of local time where not `is_utc`; `NO_TIME` for none.
    """

    number: float
    text: str | None = None
    status: int = 0
    time: int = NO_TIME
    is_utc: bool = True


class Message:
    """The payload of a message, parsed once for all signals of its topic."""

    def __init__(self, payload: bytes, broker: BrokerConfig) -> None:
        self._broker = broker
        self._payload = payload
        self._content = _content(payload)
        self.is_structured = isinstance(self._content, (dict, list))
        self._time, self._is_utc = self._stamp()

    def reading(self, signal: SignalConfig) -> Reading | None:
        """Return what it says of a signal; None where it says nothing of it."""
        found: Any = self._content
        if self.is_structured:
            found = at(self._content, signal.field or self._broker.value)
            if found is _ABSENT:
                return None
        elif signal.field:
            found = _ABSENT  # a path into what is no JSON leads nowhere
        status = 0
        if self._broker.status and self.is_structured:
            told = at(self._content, self._broker.status)
            code = 0 if told is _ABSENT else status_code(told)
            status = BAD if code is None else code
        if found is None:
            return Reading(math.nan, None, max(status, NO_VALUE), self._time, self._is_utc)
        number, text = _value(found, signal.kind)
        if text is None and number is None:
            kept = self._payload[:_KEPT].decode("utf-8", "replace")
            return Reading(math.nan, kept, max(status, UNREADABLE), self._time, self._is_utc)
        number = math.nan if number is None else number
        return Reading(number, text, status, self._time, self._is_utc)

    def text_at(self, path: str) -> str:
        """Return the text at a path, or all of it where it is plain; "" where there is none."""
        found: Any = self._content
        if self.is_structured:
            found = at(self._content, path)
        return "" if found is _ABSENT or isinstance(found, (dict, list)) else str(found).strip()

    def _stamp(self) -> tuple[int, bool]:
        if not self.is_structured or not self._broker.time:
            return NO_TIME, True
        return moment_of(at(self._content, self._broker.time))


def at(content: object, path: str) -> Any:  # noqa: ANN401  whatever JSON can hold
    """Return what a path leads to, `_ABSENT` where it leads nowhere."""
    if not path:
        return content
    head, _, rest = path.partition(".")
    if isinstance(content, dict):
        if path in content:
            return content[path]
        return at(content[head], rest) if head in content and rest else _ABSENT
    if isinstance(content, list) and head.isdecimal() and int(head) < len(content):
        return at(content[int(head)], rest)
    return _ABSENT


def moment_of(stamp: object) -> tuple[int, bool]:
    """Return ns and whether they are UTC: of a number since 1970, or of ISO 8601."""
    if isinstance(stamp, bool) or not isinstance(stamp, (int, float, str)):
        return NO_TIME, True
    if isinstance(stamp, str) and not is_numeral(stamp):
        times, known = parse_times([stamp])
        return int(times[0]), bool(known[0])
    try:
        number = Decimal(str(stamp).strip())  # a float would be off by 100 ns
    except (ArithmeticError, ValueError):
        return NO_TIME, True
    if not number.is_finite() or abs(number) >= _MOST:
        return NO_TIME, True
    ns = next((ns for least, ns in _UNITS if abs(number) >= least), SECOND)
    return readable(int((number * ns).to_integral_value())), True


def _content(payload: bytes) -> object:
    """Return JSON, a number or text; `_ABSENT` where it is none of them."""
    try:
        text = payload.decode("utf-8").strip()
    except UnicodeDecodeError:
        return _ABSENT
    if text[:1] not in {"{", "["}:
        return text or None
    if len(payload) > LARGEST_BYTES:
        return _ABSENT
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return _ABSENT


def _value(found: object, kind: SignalKind) -> tuple[float | None, str | None]:
    """Return number and text of a value; neither where it is no value. A lot is never a number."""
    if isinstance(found, str):
        number = math.nan if kind == "lot" else number_in(found)
        is_number = not math.isnan(number)
        text = None if kind in NUMBERS and is_number else found.strip()
        return number if is_number else None, text
    if isinstance(found, bool) and kind in NUMBERS:
        return None, None  # a word, and no amount of anything
    if isinstance(found, (bool, int, float)):
        return (None, str(found)) if kind == "lot" else (_float(found), None)
    return None, None


def _float(number: float) -> float | None:
    try:
        return float(number)
    except OverflowError:  # JSON's whole numbers have no end
        return None
