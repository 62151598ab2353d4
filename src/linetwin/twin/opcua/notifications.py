"""Decoding what a server publishes, as columns.

asyncua makes several Python objects a value. Here the values of one notification are read as one
array where they are of one form, which they nearly always are; what is rare is left to asyncua.
Encoding: OPC 10000-6, 5.2 [M]; DataValue and Variant begin with a mask, time counts 100 ns from
1601.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from asyncua import ua
from asyncua.common.utils import Buffer
from asyncua.ua.ua_binary import nodeid_from_binary, struct_from_binary

from linetwin.twin.columns import NO_TIME

if TYPE_CHECKING:
    from collections.abc import Sequence

_EPOCH = 116_444_736_000_000_000
"""100 ns from 1601 to 1970."""
_MOST = (2**63 - 1) // 100
_DATA_CHANGE, _STATUS_CHANGE = 811, 820
_TEXT_TYPES = {12, 16}  # String, XmlElement
# Builtin type -> numpy's code, all little-endian.
_NUMBERS = {1: "?", 2: "b", 3: "B", 4: "<h", 5: "<H", 6: "<i", 7: "<I", 8: "<q", 9: "<Q"} | {
    10: "<f",
    11: "<d",
    13: "<q",
    19: "<I",
}
_TIME_TYPE = 13
_VALUE, _STATUS, _SOURCE, _SERVER, _SOURCE_FINE, _SERVER_FINE = 1, 2, 4, 8, 16, 32
_FEWEST = 4  # rows below which an array costs more than a loop


@dataclass
class Changes:
    """Changes of values: handle, value, status and 100 ns times (0: none) row by row; texts."""

    handle: np.ndarray
    value: np.ndarray
    status: np.ndarray
    source: np.ndarray
    server: np.ndarray
    texts: dict[int, str] = field(default_factory=dict)


@dataclass
class Message:
    """One publish response; a keep-alive has no parts. `ended`: the status code that ended it."""

    subscription: int
    sequence: int
    available: tuple[int, ...]
    more: bool
    parts: list[Changes]
    ended: int | None = None

    @property
    def is_keep_alive(self) -> bool:
        """Whether nothing changed: its number is the next message's."""
        return not self.parts and self.ended is None


def times_ns(filetimes: np.ndarray) -> np.ndarray:
    """Return 100 ns since 1601 as ns since 1970; `NO_TIME` where there is none or nonsense."""
    ticks = filetimes.astype(np.int64) - _EPOCH
    sound = (filetimes > 0) & (np.abs(ticks) < _MOST)
    times: np.ndarray = np.where(sound, ticks * 100, NO_TIME)
    return times


def read_response(data: Buffer) -> Message:
    """Return a PublishResponse; ua.UaError or struct.error where it is none."""
    nodeid_from_binary(data)
    header = struct_from_binary(ua.ResponseHeader, data)
    header.ServiceResult.check()
    return _message(bytes(data))


def read_message(message: Any, subscription: int) -> Message:  # noqa: ANN401  asyncua's own
    """Return a message that asyncua has decoded: an answer to Republish."""
    parts = [
        _decoded(each)
        for each in message.NotificationData or []
        if isinstance(each, ua.DataChangeNotification)
    ]
    return Message(subscription, int(message.SequenceNumber), (), more=False, parts=parts)


def _message(data: bytes) -> Message:
    subscription, count = struct.unpack_from("<Ii", data, 0)
    at = 8
    available = struct.unpack_from(f"<{max(count, 0)}I", data, at)
    at += 4 * max(count, 0)
    more, sequence, _, notifications = struct.unpack_from("<?Iqi", data, at)
    at += 17
    message = Message(subscription, sequence, available, more, [])
    for _ in range(max(notifications, 0)):
        buffer = Buffer(data, at)
        kind = nodeid_from_binary(buffer).Identifier
        at = len(data) - len(buffer)
        (length,) = struct.unpack_from("<i", data, at + 1)
        body = data[at + 5 : at + 5 + length]
        at += 5 + max(length, 0)
        if kind == _DATA_CHANGE:
            message.parts.append(_changes(body))
        elif kind == _STATUS_CHANGE:
            (message.ended,) = struct.unpack_from("<I", body, 0)
    return message


def _changes(body: bytes) -> Changes:
    (count,) = struct.unpack_from("<i", body, 0)
    if count >= _FEWEST:
        uniform = _uniform(body, count)
        if uniform is not None:
            return uniform
    try:
        return _one_by_one(body, max(count, 0))
    except _UnusualError:
        return _decoded(struct_from_binary(ua.DataChangeNotification, Buffer(body)))


class _UnusualError(Exception):
    """A value of a form that is left to asyncua."""


@cache
def _layout(mask: int, kind: int) -> np.dtype[Any] | None:
    """Return the form of an item with this mask and type of value; None for an unusual one."""
    if mask & ~0x3F or (mask & _VALUE and kind not in _NUMBERS):
        return None
    fields: list[tuple[str, str]] = [("handle", "<u4"), ("mask", "u1")]
    if mask & _VALUE:
        fields += [("kind", "u1"), ("value", _NUMBERS[kind])]
    for bit, name, code in (
        (_STATUS, "status", "<u4"),
        (_SOURCE, "source", "<i8"),
        (_SOURCE_FINE, "source_fine", "<u2"),
        (_SERVER, "server", "<i8"),
        (_SERVER_FINE, "server_fine", "<u2"),
    ):
        if mask & bit:
            fields.append((name, code))
    return np.dtype(fields)


def _uniform(body: bytes, count: int) -> Changes | None:
    """Return items that all have the form of the first; None where they have not."""
    mask, kind = body[8], body[9]
    layout = _layout(mask, kind)
    if layout is None or len(body) < 4 + count * layout.itemsize:
        return None
    rows = np.frombuffer(body, layout, count, 4)
    if (rows["mask"] != mask).any() or (mask & _VALUE and (rows["kind"] != kind).any()):
        return None
    names = layout.names or ()
    value = rows["value"].astype(np.float64) if "value" in names else np.full(count, np.nan)
    if kind == _TIME_TYPE and "value" in names:
        value = (value - _EPOCH) / 1e7
    zero = np.zeros(count, np.int64)
    return Changes(
        rows["handle"].copy(),
        value,
        rows["status"].copy() if "status" in names else zero.astype(np.uint32),
        rows["source"].copy() if "source" in names else zero,
        rows["server"].copy() if "server" in names else zero,
    )


@cache
def _struct(mask: int, kind: int) -> tuple[struct.Struct, bool]:
    layout = _layout(mask, kind)
    if layout is None:
        raise _UnusualError
    codes = {"handle": "I", "mask": "B", "kind": "B"} | {"status": "I", "source": "q"}
    codes |= {"server": "q", "source_fine": "H", "server_fine": "H"}
    if mask & _VALUE:
        codes["value"] = _NUMBERS[kind].lstrip("<")
    form = "<" + "".join(codes[name] for name in layout.names or ())
    return struct.Struct(form), bool(mask & _VALUE)


def _one_by_one(body: bytes, count: int) -> Changes:
    rows: list[tuple[int, float, int, int, int]] = []
    texts: dict[int, str] = {}
    at = 4
    for row in range(count):
        mask, kind = body[at + 4], body[at + 5]
        if mask & _VALUE and kind in _TEXT_TYPES:
            at = _text_row(body, at, rows, texts)
            continue
        form, has_value = _struct(mask, kind if mask & _VALUE else 0)
        found = list(form.unpack_from(body, at))
        at += form.size
        value = float(found[3]) if has_value else float("nan")
        if has_value and kind == _TIME_TYPE:
            value = (value - _EPOCH) / 1e7
        rows.append((found[0], value, *_tail(mask, found[4 if has_value else 2 :])))
        del row
    return _columns(rows, texts)


def _tail(mask: int, found: Sequence[int]) -> tuple[int, int, int]:
    """Return status and times of what follows the value."""
    rest = iter(found)
    status = next(rest) if mask & _STATUS else 0
    source = next(rest) if mask & _SOURCE else 0
    if mask & _SOURCE_FINE:
        next(rest)
    server = next(rest) if mask & _SERVER else 0
    return status, source, server


def _text_row(
    body: bytes, at: int, rows: list[tuple[int, float, int, int, int]], texts: dict[int, str]
) -> int:
    """Add an item whose value is text; return where the next begins."""
    handle, mask, _, length = struct.unpack_from("<IBBi", body, at)
    at += 10
    texts[len(rows)] = body[at : at + max(length, 0)].decode("utf-8", "replace")
    at += max(length, 0)
    form, _ = _struct(mask & ~_VALUE, 0)
    # What follows a value is laid out as in an item without one, whose head is 5 bytes.
    found = form.unpack_from(b"\0\0\0\0\0" + body[at : at + form.size - 5], 0)
    rows.append((handle, float("nan"), *_tail(mask, found[2:])))
    return at + form.size - 5


def _columns(rows: list[tuple[int, float, int, int, int]], texts: dict[int, str]) -> Changes:
    handle, value, status, source, server = zip(*rows, strict=True) if rows else ((),) * 5
    return Changes(
        np.array(handle, np.uint32),
        np.array(value, np.float64),
        np.array(status, np.uint32),
        np.array(source, np.int64),
        np.array(server, np.int64),
        texts,
    )


def _decoded(notification: Any) -> Changes:  # noqa: ANN401  asyncua's own
    """Return what asyncua decoded: any type; what is neither number nor text has no value."""
    items = notification.MonitoredItems
    return decoded_values([(int(item.ClientHandle), item.Value) for item in items])


def decoded_values(values: Sequence[tuple[int, Any]]) -> Changes:
    """Return handles with asyncua's DataValues as columns."""
    rows: list[tuple[int, float, int, int, int]] = []
    texts: dict[int, str] = {}
    for handle, data in values:
        value = data.Value.Value if data.Value is not None else None
        number, text = _plain(value)
        if text is not None:
            texts[len(rows)] = text
        status = data.StatusCode.value if data.StatusCode is not None else 0
        times = (_filetime(data.SourceTimestamp), _filetime(data.ServerTimestamp))
        rows.append((handle, number, int(status), *times))
    return _columns(rows, texts)


def _plain(value: Any) -> tuple[float, str | None]:  # noqa: ANN401  whatever a variant holds
    if isinstance(value, ua.LocalizedText):
        return float("nan"), value.Text or ""
    if isinstance(value, str):
        return float("nan"), value
    if isinstance(value, ua.QualifiedName):
        return float("nan"), value.Name
    if isinstance(value, (bool, int, float)):
        return float(value), None
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC).timestamp(), None
    return float("nan"), None


def _filetime(moment: datetime | None) -> int:
    if moment is None:
        return 0
    since = moment.replace(tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 10_000_000 + since.microseconds * 10 + _EPOCH
