"""The way from a sensor to the server: values come late, not at all, out of order, twice, misdated.

Chance is drawn for each value from streams of the plant's own, named by tag and cause: what is
hidden depends on the scenario alone, not on pace or clients, and the line's streams do not shift.
Every value that is hidden is noted; of a wrong clock the first one of each tag, as the scenario
tells the others.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from linetwin.line.streams import Streams
from linetwin.scenario.problems import Place, Problems, nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from linetwin.scenario.hiding import Hiding
    from linetwin.twin.plant.changes import Change

HiddenRow = dict[str, Any]
NEVER = -1
"""Arrival of a value that was lost."""
_USE = "plant"


@dataclass
class _Way:
    """What one value meets on its way; `again`: ticks after which it comes once more."""

    shown: Change
    arrival: int
    again: int = 0
    overtaken: bool = False
    kinds: list[str] = field(default_factory=list)

    def meet(self, hiding: Hiding) -> None:
        """Let one thing happen to the value."""
        if hiding.kind == "missing":
            self.shown = replace(self.shown, value=None, fault="link")
        elif hiding.kind == "clock":
            since = self.shown.tick - hiding.start_tick
            away = hiding.offset_ticks + round(hiding.rate * since)
            self.shown = replace(self.shown, source_tick=self.shown.told_tick + away)
        elif hiding.kind == "duplicate":
            self.again = hiding.delay_ticks
        else:
            self.arrival += hiding.delay_ticks
            self.overtaken = self.overtaken or hiding.kind == "out_of_order"


class Carrier:
    """Takes changes when they happen and gives them out when they arrive.

    ScenarioError where tags of a hiding match no tag of the plant.
    """

    def __init__(self, nodes: Sequence[str], hides: Sequence[Hiding], seed: int) -> None:
        self._streams = Streams(seed)
        self._hides: dict[str, list[tuple[int, Hiding]]] = {}
        self._under_way: list[tuple[int, int, Change]] = []
        self._count = 0
        self._last: dict[str, int] = {}
        self._hidden: list[HiddenRow] = []
        self._misdated: set[tuple[int, str]] = set()
        problems = Problems()
        for number, hiding in enumerate(hides, start=1):
            matching = [node for node in nodes if fnmatchcase(node, hiding.tags)]
            for node in matching:
                self._hides.setdefault(node, []).append((number, hiding))
            if not matching:
                where = (hiding.place or Place("plant.hides")).below("tags")
                problems.add(
                    where, f"no tag is called '{hiding.tags}'", nearest(hiding.tags, nodes)
                )
        problems.check()

    def send(self, changes: Iterable[Change]) -> None:
        """Let changes set out."""
        for change in changes:
            hides = self._hides.get(change.node)
            if hides is None:
                self._push(change.tick, change)
            else:
                self._send_hidden(change, hides)

    def arrived(self, tick: int) -> list[Change]:
        """Return what has arrived until a tick, in the order of arrival."""
        found = []
        while self._under_way and self._under_way[0][0] <= tick:
            found.append(heapq.heappop(self._under_way)[2])
        return found

    def hidden(self) -> list[HiddenRow]:
        """Return what was hidden since this was asked last: rows of the table `hidden`."""
        found, self._hidden = self._hidden, []
        return found

    def _send_hidden(self, change: Change, hides: Sequence[tuple[int, Hiding]]) -> None:
        struck = [
            (number, hiding)
            for number, hiding in hides
            if hiding.acts_at(change.tick) and self._strikes(number, hiding, change.node)
        ]
        if not struck and self._last.get(change.node, change.tick) <= change.tick:
            self._last[change.node] = change.tick
            self._push(change.tick, change)
            return
        way = _Way(change, change.tick)
        for number, hiding in struck:
            way.meet(hiding)
            if hiding.kind != "clock" or (number, change.node) not in self._misdated:
                way.kinds.append(hiding.kind)
            if hiding.kind == "clock":
                self._misdated.add((number, change.node))
        if not way.overtaken:  # what is late holds up what comes behind it
            way.arrival = max(way.arrival, self._last.get(change.node, way.arrival))
            self._last[change.node] = way.arrival
        shown = replace(way.shown, again=way.overtaken)
        self._push(way.arrival, shown)
        if way.again:
            self._push(way.arrival + way.again, replace(shown, again=True))
        if way.kinds or way.arrival > change.tick:
            self._note(change, shown, "+".join(way.kinds) or "held up", way.arrival)

    def _strikes(self, number: int, hiding: Hiding, node: str) -> bool:
        if hiding.share >= 1:
            return True
        stream = self._streams.get(node, f"{number} {hiding.kind}", _USE)
        return bool(stream.random() < hiding.share)

    def _push(self, arrival: int, change: Change) -> None:
        self._count += 1
        heapq.heappush(self._under_way, (arrival, self._count, change))

    def _note(self, true: Change, shown: Change, kind: str, arrival: int) -> None:
        number = float(true.value) if isinstance(true.value, (int, float)) else float("nan")
        self._hidden.append(
            {
                "tick": true.tick,
                "node": true.node,
                "kind": kind,
                "value": number,
                "text": true.value if isinstance(true.value, str) else "",
                "told_tick": shown.told_tick,
                "arrived": NEVER if shown.fault == "link" else arrival,
            }
        )
