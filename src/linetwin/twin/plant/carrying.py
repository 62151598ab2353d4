"""The way from a sensor to the server: values come late, not at all, out of order, twice, misdated.

Chance is drawn for each value from streams of the plant's own, named by tag and cause: what is
hidden depends on the scenario alone, not on pace or clients, and the line's streams do not shift.
"""

from __future__ import annotations

import heapq
from dataclasses import replace
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
        arrival, shown, kinds, again = change.tick, change, [], 0
        overtaken = False
        for number, hiding in hides:
            if not hiding.acts_at(change.tick) or not self._strikes(number, hiding, change.node):
                continue
            kinds.append(hiding.kind)
            if hiding.kind == "missing":
                shown = replace(shown, value=None, fault="link")
            elif hiding.kind == "clock":
                since = change.tick - hiding.start_tick
                away = hiding.offset_ticks + round(hiding.rate * since)
                shown = replace(shown, source_tick=shown.told_tick + away)
            elif hiding.kind == "duplicate":
                again = hiding.delay_ticks
            else:
                arrival += hiding.delay_ticks
                overtaken = overtaken or hiding.kind == "out_of_order"
        if not overtaken:  # what is late holds up what comes behind it
            arrival = max(arrival, self._last.get(change.node, arrival))
            self._last[change.node] = arrival
        self._push(arrival, replace(shown, again=overtaken or shown.again))
        if again:
            self._push(arrival + again, replace(shown, again=True))
        if kinds or arrival > change.tick:
            self._note(change, shown, "+".join(kinds) or "held up", arrival)

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
