"""Capability of what has limits: Cpk and Ppk apart, with intervals, or why there is none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from linetwin.errors import ScenarioError
from linetwin.surrogates.review.risks import limited_of, target_of
from linetwin.surrogates.review.statistics.capability import Capability, Tolerance, capability

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from linetwin.results.kpis import Facts
    from linetwin.results.reader import Run
    from linetwin.surrogates.review.policy import Policy
    from linetwin.surrogates.review.streams import Stream


@dataclass(frozen=True)
class Capable:
    """One characteristic with limits, canonical units; `refused` says why nothing is told."""

    name: str
    quantity: str
    unit: str
    low: float | None
    high: float | None
    found: Capability | None
    refused: str = ""


def capable(streams: Sequence[Stream], run: Run, facts: Facts, policy: Policy) -> Iterator[Capable]:
    """Yield the capability of each characteristic that has limits.

    Of cells those of the policy, else of grade A; of webs the window of the coater or calender.
    What has limits and is read by nobody is told too: it has none.
    """
    for stream in streams:
        if stream.by not in {"tray", "side"}:
            continue
        low, high = stream.limits
        if stream.by == "tray":
            low, high = _limits(stream, run, policy)
        if low is not None or high is not None:
            yield _judged(stream, low, high)
    read = {stream.name.split(" by ", 1)[0] for stream in streams}
    for group in facts.plan.members:
        if facts.plan.kind(group) == "calender":
            web = group.split(".", 1)[0]
            name = f"{web} porosity"
            if name not in read:
                yield _unread(facts, web, name)


def _limits(stream: Stream, run: Run, policy: Policy) -> tuple[float | None, float | None]:
    weighs = policy.characteristics.get(stream.quantity)
    found = limited_of(target_of(stream.quantity, stream.unit), weighs, run)
    if found is None:
        return None, None
    low, high = found.goal.low, found.goal.high
    return low if low > float("-inf") else None, high if high < float("inf") else None


def _judged(stream: Stream, low: float | None, high: float | None) -> Capable:
    try:
        found = capability(
            stream.name, stream.values, stream.labels, Tolerance(low, high), stream.gauge
        )
    except ScenarioError as error:
        why = error.problems[0].message.removeprefix(f"{stream.name}: ")
        return Capable(stream.name, stream.quantity, stream.unit, low, high, None, why)
    return Capable(stream.name, stream.quantity, stream.unit, low, high, found)


def _unread(facts: Facts, web: str, name: str) -> Capable:
    from linetwin.quantities import vocabulary
    from linetwin.results.report_sections import window_of

    low, high = window_of(facts.plan, web, "porosity") or (None, None)
    unit = vocabulary()["porosity"].unit
    return Capable(name, "porosity", unit, low, high, None, "nothing reads it: no gauge")
