"""Who held the line back, and when: the active-period method (shifting bottleneck).

At each instant the station with the longest uninterrupted active period is the momentary
bottleneck; where the period of the one overlaps that of the next, the bottleneck is shifting
between them (Roser, Nakano, Tanaka 2002, from memory [M]). Active is whatever is not waiting for
material or room: work, set-up, repair. A group of like machines is active while none of them
waits, a station that holds many lots while every place is taken and no finished lot waits for
room behind: else the next one limits. Time off shift takes the activity before it: a station that
closes with work in hand holds the line back while it is closed.

A group behind which work piles up cannot limit: it gives more than is taken. Where a buffer behind
it, at any distance, is full for most of the window, it is left out.
"""

from __future__ import annotations

import heapq
import math
from collections import defaultdict
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from linetwin.results import timeline
from linetwin.results.rows import Rows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from linetwin.results.kpis import Facts

Periods = list[tuple[int, int]]
_FULL = 0.98
ALWAYS = 0.95
_MOSTLY = 0.5
_IDLE = {"starved", "blocked", ""}


def active_periods(facts: Facts) -> dict[str, Periods]:
    """Return group -> uninterrupted active periods [ms], in order."""
    by_station = facts.spans_at
    members: dict[str, list[str]] = defaultdict(list)
    for station in dict.fromkeys([*facts.plan.stations, *by_station]):
        if station in by_station:
            members[facts.plan.family(station)].append(station)
    found = {}
    for group, stations in members.items():
        each = [_periods(facts, name, by_station[name]) for name in stations]
        found[group] = each[0] if len(each) == 1 else _all_active(each)
    return found


def piled_up(facts: Facts, window: tuple[int, int]) -> set[str]:
    """Return the groups with a buffer behind them that was full for most of a window.

    Full is 98 % of its capacity or more, at the recording instants.
    """
    full = set()
    for path, about, ticks, level in facts.levels:
        inside = level[(ticks >= window[0]) & (ticks <= window[1])]
        capacity = about.get("capacity")
        if capacity and len(inside) and float((inside >= _FULL * capacity).mean()) > _MOSTLY:
            full.add(path)
    return {group for group, buffers in facts.plan.behind.items() if buffers & full}


def able_to_limit(facts: Facts, window: tuple[int, int]) -> dict[str, Periods]:
    """Return the active periods of the groups behind which no work piles up; of all if none is."""
    periods, piled = active_periods(facts), piled_up(facts, window)
    able = {group: own for group, own in periods.items() if group not in piled}
    inside = (e > window[0] and s < window[1] for own in able.values() for s, e in own)
    return able if any(inside) else periods


def _periods(facts: Facts, station: str, spans: Rows) -> Periods:
    places = facts.plan.number(station, "parallel_places") or 1.0
    if places > 1:
        taken = timeline.occupancy(facts.run_times.inside(station), facts.end)
        full = taken["places"] >= _FULL * places
        held = spans[spans["activity"] == "blocked"]
        return _without(_merged(taken, full), [*_pairs(held)])
    active, before = np.zeros(len(spans), dtype=bool), False
    for row, activity in enumerate(spans["activity"]):
        # Off shift inherits; before the first work of the run nothing is inherited.
        if activity != "off shift":
            before = activity not in _IDLE
        active[row] = before
    return _merged(spans, active)


def _pairs(spans: Rows) -> Iterator[tuple[int, int]]:
    return zip(spans["start"].tolist(), spans["end"].tolist(), strict=True)


def _merged(spans: Rows, active: np.ndarray) -> Periods:
    """Return the times that chosen intervals cover; those that touch are one."""
    merged: Periods = []
    for start, end in _pairs(spans[active]):
        if merged and merged[-1][1] == start:
            merged[-1] = (merged[-1][0], end)
        else:
            merged.append((start, end))
    return merged


def _without(periods: Periods, blocked: Periods) -> Periods:
    """Return the parts of periods that lie in no other ones; both in order, none overlapping."""
    found: Periods = []
    for begin, end in periods:
        at = begin
        for start, until in blocked:
            if until <= at or start >= end:
                continue
            if start > at:
                found.append((at, start))
            at = until
        if at < end:
            found.append((at, end))
    return found


def _all_active(each: list[Periods]) -> Periods:
    """Return when every machine of a group is active."""
    edges = sorted(
        [(start, 1) for periods in each for start, _ in periods]
        + [(end, -1) for periods in each for _, end in periods]
    )
    count, since, found = 0, 0, []
    for tick, change in edges:
        if count == len(each) and change < 0 and tick > since:
            found.append((since, tick))
        count += change
        if count == len(each) and change > 0:
            since = tick
    return found


def shifting(periods: dict[str, Periods], window: tuple[int, int]) -> dict[str, dict[str, float]]:
    """Return group -> `sole` and `shifting`: shares of the window as the bottleneck.

    First comes who held the line for most of the time.

    `periods` in the order of the flow: of several groups active for (nearly) the whole window, the
    last is the bottleneck, for what leaves the line passes it and those before it build up stock.
    """
    chain = _chain(periods, window)
    length = window[1] - window[0]
    found: dict[str, dict[str, float]] = {}
    shared: dict[str, list[tuple[int, int]]] = defaultdict(list)
    total: dict[str, float] = defaultdict(float)
    for (group, period, painted), (after, following, _) in zip(
        chain, [*chain[1:], ("", (0, 0), (0, 0))][: len(chain)], strict=True
    ):
        total[group] += painted[1] - painted[0]
        start, end = max(period[0], following[0]), min(period[1], following[1])
        overlap = (max(start, window[0]), min(end, window[1]))
        if after and after != group and overlap[1] > overlap[0]:
            shared[group].append(overlap)
            shared[after].append(overlap)
    for group, held in total.items():
        both = _rows(_union(shared[group]))
        own = np.array([painted for name, _, painted in chain if name == group])
        covered = timeline.covered_until(both, own[:, 1]) - timeline.covered_until(both, own[:, 0])
        found[group] = {
            "sole": max(0.0, held - float(covered.sum())) / length,
            "shifting": float((both["end"] - both["start"]).sum()) / length,
        }
    return dict(sorted(found.items(), key=lambda entry: -total[entry[0]]))


def _chain(
    periods: dict[str, Periods], window: tuple[int, int]
) -> list[tuple[str, tuple[int, int], tuple[int, int]]]:
    """Return the momentary bottlenecks in order: group, its period, the time it held the line."""
    whole = ALWAYS * (window[1] - window[0])
    flow = {group: -place for place, group in enumerate(periods)}
    begun = sorted(
        (*(window if min(end, window[1]) - max(start, window[0]) >= whole else (start, end)), group)
        for group, own in periods.items()
        for start, end in own
        if end > window[0] and start < window[1]
    )
    edges = {window[0], window[1]} | {max(start, window[0]) for start, _, _ in begun}
    edges |= {min(end, window[1]) for _, end, _ in begun}
    marks = sorted(edges)
    waiting = iter(begun)
    upcoming = next(waiting, None)
    heap: list[tuple[float, int, int, int, str]] = []
    chain: list[tuple[str, tuple[int, int], tuple[int, int]]] = []
    for tick, until in pairwise(marks):
        while upcoming is not None and upcoming[0] <= tick:
            start, end, group = upcoming
            always = (start, end) == window
            rank = -math.inf if always else float(start - end)
            heapq.heappush(heap, (rank, flow[group], end, start, group))
            upcoming = next(waiting, None)
        while heap and heap[0][2] <= tick:
            heapq.heappop(heap)
        if not heap:
            continue
        _, _, end, start, group = heap[0]
        if chain and chain[-1][:2] == (group, (start, end)) and chain[-1][2][1] == tick:
            chain[-1] = (group, (start, end), (chain[-1][2][0], until))
        else:
            chain.append((group, (start, end), (tick, until)))
    return chain


def _union(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found


def _rows(spans: list[tuple[int, int]]) -> Rows:
    edges = np.array(spans, dtype=np.int64).reshape(-1, 2)
    return Rows({"start": edges[:, 0], "end": edges[:, 1]})
