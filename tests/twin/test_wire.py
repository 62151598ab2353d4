"""The wire between engine and feed: whoever is killed, the other side meets its end."""

from __future__ import annotations

import multiprocessing
import os
import struct
import sys
import time

import pytest
from reading import wait_until

from linetwin.twin.feed.parcels import Counts, Parcel
from linetwin.twin.feed.wire import EngineEnd, FeedEnd


def parcel(number: int) -> Parcel:
    """A parcel without rows."""
    return Parcel(None, (), (), Counts(number, 0, 0, 0, 0, ()), number)


def test_parcels_come_in_order_and_the_word_to_end_goes_back() -> None:
    """What waits is sent before the end; then the engine meets the end of the wire."""
    ours, theirs = multiprocessing.Pipe()
    engine, feed = EngineEnd(ours), FeedEnd(theirs, 10)
    assert all(feed.offer(parcel(n)) for n in range(5))
    found = [engine.take(5.0) for _ in range(5)]
    assert [each.sent for each in found if isinstance(each, Parcel)] == [0, 1, 2, 3, 4]
    assert engine.take(0.001) is None
    engine.end()
    wait_until(feed.over.is_set)
    feed.close(5.0, "the disk is full")
    theirs.close()
    assert engine.take(5.0) == "the disk is full"
    with pytest.raises(EOFError):
        engine.take(5.0)


def test_a_feed_without_room_says_so_and_an_engine_that_is_gone_ends_it() -> None:
    """Nothing blocks: not the offer, not the end."""
    ours, theirs = multiprocessing.Pipe()
    feed = FeedEnd(theirs, 2)
    big = parcel(1)
    big.behind_s.update({str(n): 0.0 for n in range(50_000)})  # more than the pipe holds
    wait_until(lambda: not feed.offer(big))
    EngineEnd(ours).close()
    wait_until(feed.over.is_set)
    begun = time.monotonic()
    feed.close(0.2)
    assert time.monotonic() - begun < 5.0


@pytest.mark.skipif(sys.platform == "win32", reason="writes into the pipe by its number")
def test_half_a_parcel_of_a_feed_that_was_killed_is_its_end() -> None:
    """The engine does not wait for the other half."""
    ours, theirs = multiprocessing.Pipe()
    os.write(theirs.fileno(), struct.pack("!i", 1000) + b"half a parcel")
    theirs.close()
    with pytest.raises(EOFError):
        EngineEnd(ours).take(5.0)
