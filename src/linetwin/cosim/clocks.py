"""When the clocks of an FMI 3.0 FMU tick that the importer has to activate.

A periodic clock ticks at shift + k * interval, held as fractions and rounded once, so that it does
not drift. Of an aperiodic one the FMU tells after each event how long it is to the next tick.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

LEAST_INTERVAL_S: Final = 1e-9
"""Between two ticks of a clock, as between two points that a group finds for itself."""
TICKS_A_STEP: Final = 1_000_000
"""In a group a clock ticks at most so often in one of its member's steps."""
_TOLD: Final = {"tunable", "changing", "countdown"}
_SLACK: Final = 1e-12
"""Times nearer to each other than this part of them (or of 1 s) are the same."""


@dataclass(frozen=True)
class Clock:
    """A clock: `kind` is FMI's intervalVariability, interval and shift are in s.

    `interval` is None where only the FMU knows it.
    """

    name: str
    reference: int
    causality: str
    kind: str
    interval: Fraction | None = None
    shift: Fraction = Fraction(0)

    @property
    def activated_here(self) -> bool:
        """Whether the importer activates it at times that are known beforehand."""
        return self.causality == "input" and self.kind != "triggered"

    @property
    def told(self) -> bool:
        """Whether the FMU is asked for its interval."""
        return self.activated_here and (self.kind in _TOLD or self.interval is None)

    def wrong(self, interval: float, least: float = LEAST_INTERVAL_S) -> str:
        """Say what is wrong with an interval (s) where it is below `least`, or no number; else ''.

        A countdown of 0 s is none of these: it ticks at once.
        """
        if least <= interval < math.inf or (self.kind == "countdown" and interval == 0.0):
            return ""
        allowed = f"at least {least:g} s" + (", or 0 s" if self.kind == "countdown" else "")
        return f"clock '{self.name}' has an interval of {interval:g} s (allowed: {allowed})"


def read_clocks(description: bytes) -> dict[str, Clock]:
    """Return the clocks of a modelDescription.xml by name.

    Raises ValueError and KeyError where a number or a name is missing or wrong.
    """
    from lxml import etree

    if b"<Clock" not in description:
        return {}
    elements = etree.fromstring(description).iterfind("ModelVariables/Clock")
    clocks = [_clock(element.attrib) for element in elements]
    return {clock.name: clock for clock in clocks}


def _clock(attributes: Mapping[str, str]) -> Clock:
    """Return the clock of an element `Clock` of modelDescription.xml."""
    name = attributes["name"]
    try:
        interval, shift = _seconds(attributes, "interval"), _seconds(attributes, "shift")
    except (ValueError, ZeroDivisionError) as error:
        raise ValueError(f"clock '{name}': {error}") from error
    clock = Clock(
        name=name,
        reference=int(attributes["valueReference"]),
        causality=attributes.get("causality", "local"),
        kind=attributes["intervalVariability"],
        interval=interval,
        shift=shift or Fraction(0),
    )
    wrong = "" if interval is None else clock.wrong(float(interval))
    if clock.shift < 0:
        wrong = f"clock '{name}' has a shift of {float(clock.shift):g} s (allowed: 0 s and more)"
    if wrong:
        raise ValueError(wrong)
    return clock


def _seconds(attributes: Mapping[str, str], what: str) -> Fraction | None:
    """Return an interval or a shift (s), None where none is declared; ValueError for no number."""
    if f"{what}Decimal" in attributes:
        return Fraction(attributes[f"{what}Decimal"])
    if f"{what}Counter" in attributes:
        resolution = int(attributes.get("resolution", "1"))
        return Fraction(int(attributes[f"{what}Counter"]), resolution)
    return None


def same(one: float, other: float) -> bool:
    """Tell whether two times (s) are the same but for rounding."""
    return abs(one - other) <= _SLACK * max(1.0, abs(one))


@dataclass
class Schedule:
    """The next tick of each clock that the importer activates (s), None where none is known."""

    clocks: tuple[Clock, ...]
    _number: dict[str, int] = field(default_factory=dict)
    _next: dict[str, float | None] = field(default_factory=dict)
    _intervals: dict[str, float] = field(default_factory=dict)

    @classmethod
    def of(cls, clocks: Iterable[Clock]) -> Schedule:
        """Return the schedule from time 0 on."""
        found = cls(tuple(clock for clock in clocks if clock.activated_here))
        for clock in found.clocks:
            found._next[clock.name] = None if clock.told else found._periodic(clock)
        return found

    def _periodic(self, clock: Clock) -> float:
        """Return the next tick of a clock whose interval the description says."""
        number = self._number.get(clock.name, 0)
        self._number[clock.name] = number + 1
        return float(clock.shift + number * (clock.interval or 0))

    def take_due(self, time: float) -> list[Clock]:
        """Return the clocks that tick at `time` (s), and go on to their next ticks."""
        due = []
        for clock in self.clocks:
            planned = self._next[clock.name]
            if planned is None or not (planned <= time or same(planned, time)):
                continue
            due.append(clock)
            if not clock.told:
                self._next[clock.name] = self._periodic(clock)
            elif clock.kind == "countdown":
                self._next[clock.name] = None
            else:
                self._next[clock.name] = planned + self._intervals[clock.name]
        return due

    def tell(self, clock: Clock, time: float, interval: float | None) -> None:
        """Take what the FMU says at `time`: seconds to the next tick, None: not known.

        A fixed or tunable clock that is told for the first time begins at its shift.
        """
        if interval is None:
            self._next[clock.name] = None
            return
        first = clock.name not in self._intervals and clock.kind in {"fixed", "tunable"}
        self._intervals[clock.name] = interval
        self._next[clock.name] = time + (float(clock.shift) if first else interval)

    def due(self, time: float) -> bool:
        """Tell whether a clock ticks at `time` (s), or should have before."""
        return any(planned is not None and planned <= time for planned in self._next.values())

    def stop(self, begin: float, end: float) -> float:
        """Return the time of the first tick after `begin` (s), or `end` where that is earlier.

        It is `begin` where one was told to come at once.
        """
        planned = [max(time, begin) for time in self._next.values() if time is not None]
        first = min(planned, default=end)
        return end if first >= end or same(first, end) else first

    def state(self) -> dict[str, Any]:
        """Return what the next ticks depend on, as plain data: numbers of ticks, and times (s)."""
        return {
            "number": dict(self._number),
            "next": dict(self._next),
            "intervals": dict(self._intervals),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a state."""
        self._number, self._next = dict(state["number"]), dict(state["next"])
        self._intervals = dict(state["intervals"])
