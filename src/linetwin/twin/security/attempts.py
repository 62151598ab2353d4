"""A limit on guessing: after a few wrong passwords each further one costs waiting."""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

FREE = 5
"""Wrong passwords in a row that cost nothing: people mistype [A]."""

FIRST_WAIT_S = 2.0
LONGEST_WAIT_S = 300.0
REMEMBERED = 10_000
"""Names and addresses that are remembered: who invents names may not fill the memory [A]."""


@dataclass
class _Record:
    failures: int = 0
    until_s: float = 0.0


class Attempts:
    """Counts failures by key (a user's name, an address); the wait doubles with each, s.

    The clock is monotonic, so that setting the machine's clock frees nobody.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._records: OrderedDict[str, _Record] = OrderedDict()

    def wait_s(self, *keys: str) -> float:
        """Return the time until any of the keys may try again, s; 0 where all may now."""
        now = self._clock()
        records = (self._records.get(key) for key in keys)
        return max((each.until_s - now for each in records if each is not None), default=0.0)

    def failed(self, *keys: str) -> None:
        """Count a wrong password against each key."""
        for key in keys:
            record = self._records.setdefault(key, _Record())
            self._records.move_to_end(key)
            record.failures += 1
            if record.failures >= FREE:
                wait = FIRST_WAIT_S * 2.0 ** min(record.failures - FREE, 30)
                record.until_s = self._clock() + min(wait, LONGEST_WAIT_S)
        while len(self._records) > REMEMBERED:
            self._records.popitem(last=False)

    def succeeded(self, *keys: str) -> None:
        """Forget the failures of each key."""
        for key in keys:
            self._records.pop(key, None)
