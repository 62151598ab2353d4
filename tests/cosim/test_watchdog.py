"""A call that does not return is given up once, after its limit; others never are."""

from __future__ import annotations

import gc
import threading
import time
import weakref

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linetwin.cosim import watchdog
from linetwin.cosim.watchdog import Watch

FAR = 1e6
"""A limit that is never reached (s)."""
LOOK_S = 1.0


@given(
    calls=st.lists(st.tuples(st.floats(0.0, 30.0), st.floats(0.0, 5.0)), max_size=20),
    limit=st.integers(2, 20),
)
def test_only_what_takes_longer_than_its_limit_is_given_up(
    calls: list[tuple[float, float]], limit: int
) -> None:
    """Calls of any length, with any pause after them, looked at every second.

    One shorter than the limit is never given up, one longer than it and two looks always is; a
    call's own end says which it was.
    """
    given_up: list[str] = []
    watch = Watch(limit, given_up.append)
    watchdog._THREAD._watches.discard(watch)  # the test looks by itself
    now, looked = 0.0, 0.0
    for number, (length, pause) in enumerate(calls):
        watch.begin(f"call {number}")
        now += length
        while looked + LOOK_S <= now:
            looked += LOOK_S
            watch.look(looked)
        in_time = watch.end()
        assert in_time == (f"call {number}" not in given_up)
        if length < limit:
            assert in_time
        if length > limit + 2 * LOOK_S:
            assert not in_time
        now += pause
        while looked + LOOK_S <= now:
            looked += LOOK_S
            watch.look(looked)
    assert len(given_up) == len(set(given_up))


def test_the_thread_gives_up_by_itself() -> None:
    """What hangs is named once, while it hangs; a call beside it that returns is left alone."""
    told: list[str] = []
    rung = threading.Event()

    def give_up(call: str) -> None:
        told.append(call)
        rung.set()

    watch, other = Watch(0.02, give_up), Watch(FAR, give_up)
    other.begin("slow")
    watch.begin("quick")
    assert watch.end()
    watch.begin("hangs")
    assert rung.wait(20.0)
    assert not watch.end()
    assert other.end()
    assert told == ["hangs"]


def test_a_watch_goes_with_its_model() -> None:
    """The thread keeps nothing alive that nobody else wants."""
    watch = Watch(FAR, print)
    gone = weakref.ref(watch)
    del watch
    for _ in range(200):  # it may be looking at it just now
        gc.collect()
        if gone() is None:
            return
        time.sleep(0.01)
    pytest.fail("the watch is still there")
