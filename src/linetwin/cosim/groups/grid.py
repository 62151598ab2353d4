"""The instants at which the members of a group exchange signals, exact in time."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

TICKS_PER_SECOND: Final = 1000
LARGEST: Final = 10**6
"""The largest numerator and denominator (s) of a communication step: products stay exact."""
_WRITTEN: Final = re.compile(
    r"\s*(?P<number>\d+(?:\.\d+)?)\s*(?:/\s*(?P<divisor>\d+))?\s*(?P<unit>us|ms|s|min|h)\s*"
)
_UNITS: Final = {
    "us": Fraction(1, 1_000_000),
    "ms": Fraction(1, 1000),
    "s": Fraction(1),
    "min": Fraction(60),
    "h": Fraction(3600),
}


def parse_step(text: str) -> Fraction:
    """Return a communication step in s from text such as `10 ms`, `0.01 s` or `1/60 s`.

    Raises ValueError, with what is allowed, where it is none.
    """
    found = _WRITTEN.fullmatch(text)
    if found is None or int(found["divisor"] or 1) == 0:
        raise ValueError(
            "a number without exponent, perhaps over a whole number, and us, ms, s, min or h,"
            f" in all up to {LARGEST:,} s: 1/60 s"
        )
    step = Fraction(found["number"]) / int(found["divisor"] or 1) * _UNITS[found["unit"]]
    if step == 0 or step.numerator > LARGEST or step.denominator > LARGEST:
        raise ValueError(
            f"more than 0 s, as a fraction of whole numbers of s up to {LARGEST:,}: 1/60 s"
        )
    return step


@dataclass(frozen=True)
class Grid:
    """Communication points k * `step` (s) of a group's own time, which counts from its start."""

    step: Fraction

    def time(self, index: int) -> float:
        """Return the time (s) of a point: the exact one, rounded once."""
        return index * self.step.numerator / self.step.denominator

    def index(self, tick: int) -> int | None:
        """Return the number of the point that lies on a tick; None where none does."""
        number = Fraction(tick, TICKS_PER_SECOND) / self.step
        return number.numerator if number.denominator == 1 else None

    def between(self, begin: int, end: int) -> range:
        """Return the numbers of the points after tick `begin` and before tick `end`."""
        ticks = self.step * TICKS_PER_SECOND
        first = begin * ticks.denominator // ticks.numerator + 1
        return range(first, -(-end * ticks.denominator // ticks.numerator))

    def points(self, begin: int, end: int) -> Iterator[tuple[int | None, float]]:
        """Yield number and time (s) of the points after tick `begin` up to `end`.

        `end` is always the last of them, with number None where it lies off the grid.
        """
        for index in self.between(begin, end):
            yield index, self.time(index)
        yield self.index(end), end / TICKS_PER_SECOND
