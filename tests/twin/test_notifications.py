"""Decoding notifications: what asyncua encodes is read as it was meant, whatever it holds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from asyncua import ua
from asyncua.common.utils import Buffer
from asyncua.ua.ua_binary import struct_to_binary
from hypothesis import given, settings
from hypothesis import strategies as st

from linetwin.twin.columns import NO_TIME
from linetwin.twin.opcua.notifications import read_response, times_ns

MOMENT = datetime(2026, 11, 21, 12, 0, 0, 123456, tzinfo=UTC)
VARIANTS = st.one_of(
    st.floats(allow_nan=False).map(lambda v: (ua.Variant(v, ua.VariantType.Double), v)),
    st.integers(-(2**31), 2**31 - 1).map(lambda v: (ua.Variant(v, ua.VariantType.Int32), float(v))),
    st.booleans().map(lambda v: (ua.Variant(v, ua.VariantType.Boolean), float(v))),
    st.integers(0, 2**16 - 1).map(lambda v: (ua.Variant(v, ua.VariantType.UInt16), float(v))),
    st.text(max_size=20).map(lambda v: (ua.Variant(v, ua.VariantType.String), v)),
    st.just((ua.Variant([1.0, 2.0], ua.VariantType.Double), None)),
    st.just((ua.Variant(ua.LocalizedText("run"), ua.VariantType.LocalizedText), "run")),
    st.just((None, None)),
)
STATUSES = st.sampled_from([0, 0x80000000, 0x40000000, 0x00000480])
TIMES = st.one_of(
    st.none(), st.integers(0, 10**12).map(lambda us: MOMENT + timedelta(microseconds=us))
)


def encoded(items: list[tuple[int, Any, int, datetime | None, datetime | None]]) -> Buffer:
    """A publish response as a server sends it."""
    notification = ua.DataChangeNotification()
    for handle, variant, status, source, server in items:
        item = ua.MonitoredItemNotification()
        item.ClientHandle = handle
        item.Value = ua.DataValue(
            variant,
            ua.StatusCode(status),
            SourceTimestamp=source.replace(tzinfo=None) if source else None,
            ServerTimestamp=server.replace(tzinfo=None) if server else None,
        )
        notification.MonitoredItems.append(item)
    response = ua.PublishResponse()
    response.Parameters.SubscriptionId = 7
    response.Parameters.AvailableSequenceNumbers = [3, 4]
    response.Parameters.MoreNotifications = True
    response.Parameters.NotificationMessage.SequenceNumber = 4
    response.Parameters.NotificationMessage.NotificationData = [notification]
    return Buffer(struct_to_binary(response))


def nanoseconds(moment: datetime | None) -> int:
    """Whole nanoseconds of UTC, by hand."""
    if moment is None:
        return int(NO_TIME)
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (since // timedelta(microseconds=1)) * 1000


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 2**32 - 1), VARIANTS, STATUSES, TIMES, TIMES),
        min_size=1,
        max_size=12,
    )
)
def test_every_mixture_is_read_as_it_was_meant(items: list[Any]) -> None:
    """Handles, values, texts, status codes and both times, in order."""
    rows = [(handle, variant[0], *rest) for handle, variant, *rest in items]
    message = read_response(encoded(rows))
    (changes,) = message.parts
    assert changes.handle.tolist() == [item[0] for item in items]
    assert changes.status.tolist() == [item[2] for item in items]
    assert times_ns(changes.source).tolist() == [nanoseconds(item[3]) for item in items]
    assert times_ns(changes.server).tolist() == [nanoseconds(item[4]) for item in items]
    for row, (_, (_, expected), *_) in enumerate(items):
        if isinstance(expected, str):
            assert changes.texts[row] == expected
        elif expected is None:
            assert np.isnan(changes.value[row])
        else:
            assert changes.value[row] == expected


@pytest.mark.parametrize("status", [0, 0x80000000])
def test_many_of_one_form_are_read_as_one_array(status: int) -> None:
    """A thousand numbers come through, head and sequence number too."""
    rows = [
        (n, ua.Variant(n / 8, ua.VariantType.Double), status, MOMENT, None) for n in range(1000)
    ]
    message = read_response(encoded(rows))
    assert (message.subscription, message.sequence) == (7, 4)
    assert (message.available, message.more) == ((3, 4), True)
    assert message.parts[0].value.tolist() == [n / 8 for n in range(1000)]


def test_a_keep_alive_and_an_end_are_told_apart() -> None:
    """No notification is a sign of life; a status change ends the subscription."""
    response = ua.PublishResponse()
    response.Parameters.NotificationMessage.SequenceNumber = 9
    assert read_response(Buffer(struct_to_binary(response))).is_keep_alive
    end = ua.StatusChangeNotification(Status=ua.StatusCode(ua.StatusCodes.BadTimeout))
    response.Parameters.NotificationMessage.NotificationData = [end]
    assert read_response(Buffer(struct_to_binary(response))).ended == ua.StatusCodes.BadTimeout
