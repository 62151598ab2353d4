"""Of many models called at once the one that does not return is named, after its own limit."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NoReturn

from linetwin.cli.hanging import Alarm, ModelWatch, TogetherWatch
from linetwin.cosim import watchdog

if TYPE_CHECKING:
    from linetwin.errors import FmuError


class Rung(Alarm):
    """An alarm that remembers whom it was rung for, and leaves the process alone."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[str] = []

    def ring(self, error: FmuError) -> NoReturn:  # type: ignore[misc]  # it ends nothing here
        """Remember the error."""
        self.told.append(str(error))


def test_each_model_has_its_own_time() -> None:
    """A call through three models may take longer than any limit; one that stays is named."""
    alarm = Rung()
    limits = (2.0, math.inf, 3.0)
    watches = [ModelWatch(f"line.s{n}", f"m{n}", limit, alarm) for n, limit in enumerate(limits)]
    place = 0
    together = TogetherWatch(watches, lambda: place, alarm)
    for watch in (*watches, together):
        watchdog._THREAD._watches.discard(watch)  # the test looks by itself
    together.begin("advance")
    for now, place in [(0.0, 0), (1.9, 0), (2.5, 1), (99.0, 1), (100.0, 2), (102.9, 2)]:
        together.look(now)
        assert together.under_way() == f"line.s{place}: m{place}: advance"
    assert alarm.told == []
    together.look(103.1)
    assert len(alarm.told) == 1
    assert "line.s2" in alarm.told[0]
    assert "m2: advance had not returned after 3 s" in alarm.told[0]
    assert together.under_way() is None
