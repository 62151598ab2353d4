"""Amounts and times of disturbances: which a kind has, and what they are in canonical units."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from linetwin.quantities import Quantity
from linetwin.scenario.deviations import KNOWN_ONLY
from linetwin.scenario.plan import TICKS_PER_SECOND, read_instant, read_span
from linetwin.scenario.values import read_scalar

if TYPE_CHECKING:
    from collections.abc import Iterator

    from linetwin.scenario.entries import Entry
    from linetwin.scenario.problems import Problems
    from linetwin.scenario.subjects import Aim

AMOUNTS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "value": (("value",), ()),
    "offset": (("offset",), ()),
    "drift": ((), ("per_hour", "per_day")),
    "noise": (("deviation",), ("correlation_time",)),
    "stuck": ((), ("value",)),
    "dropout": ((), ("share",)),
    "delay": (("delay",), ()),
    "stop": (("cause",), ()),
    "slow": (("speed",), ()),
    "tool_break": ((), ()),
    "hazard": (("factor",), ()),
}
"""Kind -> amounts that it needs, and those that it may have."""
TIMES = ("from", "until", "at", "for")
_FREE = {"name", "address", "kind", *TIMES}
_HOUR_S, _DAY_S = 3600.0, 86_400.0
_SHARE = Quantity("share", "1", "share of readings that are lost", minimum=0.0, maximum=1.0)
_SPEED = Quantity("speed", "1", "speed over that when sound", minimum=0.01, maximum=1.0)
_FACTOR = Quantity("factor", "1", "failures over those when sound", minimum=1e-3, maximum=1e4)
_SHORTEST_CORRELATION_S = 1.0


def contradictions(entry: Entry) -> Iterator[tuple[str, str, str]]:
    """Yield (key, message, hint) for keys that a kind lacks or does not have."""
    kind = entry.written.kind
    needs, may = AMOUNTS[kind]
    written = entry.written.model_dump(by_alias=True, exclude_unset=True)
    if "kind" in entry.cut:
        return
    allowed = f"{kind} has {', '.join((*needs, *may)) or 'no amounts'}; {', '.join(TIMES)}"
    for key in needs:
        if written.get(key) is None and key not in entry.cut:
            yield key, "missing key", allowed
    for key in written:
        if key not in {*_FREE, *needs, *may}:
            yield key, f"{kind} has no {key}", allowed
    if kind == "drift" and ("per_hour" in written) == ("per_day" in written):
        yield "per_hour", "how fast does it drift?", "per_hour: 0.1 K, or per_day: 2 um"
    if "at" in written and "from" in written:
        yield "at", "both at and from are given", "from: 1 d, or at: 1 d"
    if "for" in written and "until" in written:
        yield "for", "both for and until are given", "until: 2 d, or for: 24 h"
    if kind == "tool_break" and ("for" in written or "until" in written):
        yield "for", "a tool break lasts until the tool has been changed", "leave it out"


@dataclass(frozen=True)
class AmountReader:
    """Reads the numbers of one disturbance; what is wrong is noted."""

    entry: Entry
    problems: Problems

    def times(self, whole: int) -> tuple[int, int | None] | None:
        """Return begin and end in ticks of 1 ms; None where they are wrong. `whole`: of the run."""
        written, problems = self.entry.written, self.problems
        first = "at" if written.at is not None else "from"
        begin = written.at if written.at is not None else written.begin
        start = 0 if begin is None else read_instant(begin, self.entry.place(first), problems)
        last = "for" if written.lasting is not None else "until"
        bound = written.lasting if written.lasting is not None else written.end
        end = read_span(bound, self.entry.place(last), problems)
        if start is None or (end is None and bound is not None):
            return None
        if end is not None and last == "for":
            end += start
        if end is not None and end <= start:
            hint = f"later than {start / TICKS_PER_SECOND / _DAY_S:.2f} d, when it begins"
            problems.add(self.entry.place(last), "ends before it begins", hint)
            return None
        if start >= whole:
            hint = f"the run takes {whole / TICKS_PER_SECOND / _DAY_S:g} d at most"
            problems.add(self.entry.place(first), "begins after the run has ended", hint)
            return None
        return start, end

    def number(self, key: str, quantity: Quantity) -> float | None:
        """Return an amount in the canonical unit of a quantity; None where it is no such."""
        raw = getattr(self.entry.written, key)
        found = read_scalar(raw, quantity, self.entry.place(key), self.problems)
        return None if found is None or isinstance(found, (str, tuple)) else float(found)

    def ticks(self, key: str, shortest_s: float = 1e-3) -> int | None:
        """Return a length of time in ticks."""
        time = Quantity("time", "s", "simulated time", display="d", minimum=shortest_s, maximum=1e9)
        seconds = self.number(key, time)
        return None if seconds is None else round(seconds * TICKS_PER_SECOND)

    def speed(self) -> float | None:
        """Return the share of its speed at which a machine works."""
        return self.number("speed", _SPEED)

    def factor(self) -> float | None:
        """Return how much more often failures come."""
        return self.number("factor", _FACTOR)

    def amounts(self, aim: Aim) -> dict[str, float] | None:
        """Return the amounts of a deviation; None where one is wrong."""
        written, kind = self.entry.written, self.entry.written.kind
        found: dict[str, float | None] = {}
        if kind == "offset":
            found["offset"] = self.number("offset", difference(aim.needed))
        elif kind == "drift":
            key, seconds = (
                ("per_hour", _HOUR_S) if written.per_hour is not None else ("per_day", _DAY_S)
            )
            rate = self.number(key, replace(difference(aim.needed), type="float"))
            found["rate"] = None if rate is None else rate / seconds
        elif kind == "noise":
            spread = replace(difference(aim.needed), type="float", minimum=0.0)
            found["deviation"] = self.number("deviation", spread)
            if written.correlation_time is not None:
                found["correlation_time"] = self.ticks("correlation_time", _SHORTEST_CORRELATION_S)
        elif kind == "delay":
            found["delay"] = self.ticks("delay")
        elif kind == "dropout" and written.share is not None:
            found["share"] = self.number("share", _SHARE)
        if None in found.values():
            return None
        return {name: value for name, value in found.items() if value is not None}


def amounts_problem(entry: Entry, aim: Aim) -> tuple[str, str, str] | None:
    """Return (key, message, hint) where an address cannot take a kind of deviation."""
    written, kind = entry.written, entry.written.kind
    known_only = aim.subject in KNOWN_ONLY
    if kind in {"drift", "noise"} and aim.needed.type == "int":
        hint = "allowed: offset, stuck, dropout, delay"
        return "kind", f"{aim.what} is a whole number and has no {kind}", hint
    if kind == "noise" and not known_only and written.correlation_time is None:
        hint = "such as correlation_time: 10 min; only what is measured may scatter without"
        return "correlation_time", "missing key", hint
    if kind == "dropout" and not known_only and written.share is not None:
        return "share", "a share of readings belongs to what is measured", "leave it out"
    return None


def difference(quantity: Quantity) -> Quantity:
    """Return the quantity of a difference: no zero of a scale, at most the range it has."""
    span = quantity.maximum - quantity.minimum
    return replace(
        quantity,
        meaning=f"difference of: {quantity.meaning}",
        display="K" if quantity.display == "Cel" else quantity.display,
        minimum=-span,
        maximum=span,
    )
