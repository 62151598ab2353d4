"""One link: messages that are missing are asked for again, or told as lost."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from asyncua import ua
from reading import signal, source

from linetwin.twin.opcua.health import Health
from linetwin.twin.opcua.link import Link
from linetwin.twin.opcua.notifications import Changes, Message

if TYPE_CHECKING:
    from linetwin.twin.columns import Raw
    from linetwin.twin.security.connecting import Terms


class Kept:
    """Keeps what a link gives."""

    def __init__(self) -> None:
        self.values: list[float] = []
        self.notices: list[str] = []

    def rows(self, rows: Raw) -> None:
        """Keep values."""
        self.values += rows.raw.tolist()

    def notice(self, source: str, kind: str, text: str) -> None:
        """Keep a notice."""
        self.notices.append(f"{source} {kind} {text}")


def message(number: int, available: tuple[int, ...] = ()) -> Message:
    """A message whose value is its number."""
    zero = np.zeros(1, np.int64)
    change = Changes(np.array([1], np.uint32), np.array([float(number)]), zero, zero, zero)
    return Message(7, number, available, more=False, parts=[change])


class Server:
    """Answers Republish for what it still has."""

    async def republish(self, subscription: int, number: int) -> ua.NotificationMessage:
        """Return a message again; message 4 has just been dropped."""
        assert subscription == 7
        if number == 4:
            raise ua.UaStatusCodeError(ua.StatusCodes.BadMessageNotAvailable)
        item = ua.MonitoredItemNotification()
        item.ClientHandle = ua.UInt32(1)
        item.Value = ua.DataValue(ua.Variant(float(number), ua.VariantType.Double))
        change = ua.DataChangeNotification(MonitoredItems=[item])
        return ua.NotificationMessage(SequenceNumber=number, NotificationData=[change])


@pytest.fixture
def kept() -> Kept:
    """What came."""
    return Kept()


def made(kept: Kept, terms: Terms | None = None) -> Link:
    """A link that is connected to nothing but a list."""
    where, newest = "opc.tcp://x:1", np.zeros(1, np.int64)
    told = (kept, Health("plc"), newest)
    link = Link(source(where), where, terms, [(0, signal("a"))], *told)
    link.client = SimpleNamespace(uaclient=SimpleNamespace(session=Server()))
    link.subscription, link._seen = 7, np.zeros(1, bool)
    return link


def take(link: Link, *messages: Message) -> None:
    """Let a link deal with messages."""

    async def all_of_them() -> None:
        for each in messages:
            await link._take(each)

    asyncio.run(all_of_them())


def test_a_gap_is_filled_in_order_and_what_is_gone_is_told(kept: Kept) -> None:
    """Message 3 comes again, 4 is gone when asked for, 5 was never kept."""
    link = made(kept)
    take(link, message(1), message(2), message(6, (3, 4)))
    assert kept.values == [1.0, 2.0, 3.0, 6.0]
    assert (link.health.missed_messages, link.health.recovered_messages) == (3, 1)
    assert kept.notices == [f"plc lost message {n} of the server" for n in (4, 5)]
    assert set(link._acknowledged) == {(7, 1), (7, 2), (7, 3), (7, 6)}


def test_keep_alives_take_no_number_and_numbers_wrap(kept: Kept) -> None:
    """A keep-alive carries the number of the next message; after 2^32 - 1 comes 1."""
    link = made(kept)
    alive = Message(7, 2, (), more=False, parts=[])
    take(link, message(1), alive, message(2))
    link._expected = 2**32 - 1
    take(link, message(2**32 - 1), message(1))
    assert (len(kept.values), link.health.missed_messages) == (4, 0)
