"""A virtual plant and what feeds a twin of it, in one process: no server, no sockets.

The plant publishes as its server does; what it told is judged by the rules of the feed and handed
on in parcels. Time is the plant's: a month passes as fast as plant and twin run.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from linetwin.line import stock
from linetwin.line.readable import load_line_mapping
from linetwin.scenario.mapped import NodeAddress
from linetwin.twin.columns import BAD, Mark, Raw
from linetwin.twin.feed.parcels import Counts, Parcel
from linetwin.twin.feed.rules import Rules
from linetwin.twin.opcua.browsing import Variable
from linetwin.twin.opcua.drafting import Draft, draft
from linetwin.twin.opcua.health import Health
from linetwin.twin.opcua.proposing import propose
from linetwin.twin.plant.carrying import Carrier
from linetwin.twin.plant.changes import Change
from linetwin.twin.plant.making import information_model
from linetwin.twin.plant.model import LINE
from linetwin.twin.plant.outbox import Outbox
from linetwin.twin.plant.panel import Panel
from linetwin.twin.plant.requests import Clerk
from linetwin.twin.plant.unserved import UnservedPlant

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from linetwin.line.world import Sink, World
    from linetwin.scenario.mapped import Mapping as SignalMapping
    from linetwin.scenario.resolved import Scenario
    from linetwin.twin.plant.model import InformationModel
    from linetwin.twin.plant.unserved import Told

    MakeWorld = Callable[[Scenario, Sink], World]

BEGUN = datetime(2026, 1, 5, tzinfo=UTC)
"""The line's tick 0: some Monday, 00:00."""
BEGUN_NS = round(BEGUN.timestamp()) * 1_000_000_000
NS_PER_TICK = 1_000_000
PUBLISHED_TICKS = 500
"""The server's publication interval."""
PARCEL_TICKS = 300_000
"""Time that a parcel holds: a feed hands on more often; parcels so large cost less."""
SOURCE = "plant"


def written_mapping(model: InformationModel, scenario: Scenario, file: Path) -> SignalMapping:
    """Write the mapping that would be proposed to whoever browsed the plant's server, and read it.

    `scenario`: the twin's.
    """
    root = model.namespace, LINE
    variables = [
        Variable(
            NodeAddress(model.namespace, f"s={tag.node}"),
            (
                root,
                *([(model.namespace, tag.owner)] if tag.owner != LINE else []),
                (model.namespace, tag.folder),
                (model.namespace, tag.name),
            ),
            type=tag.type,
            unit=tag.unit,
            unit_code=tag.unece,
        )
        for tag in model.tags()
    ]
    about = Draft(
        scenario.name,
        "linetwin bench",
        "opc.tcp://in-process:4840",
        scenario.name,
        "Basic256Sha256",
        line_start=BEGUN.isoformat(),
    )
    file.write_text(draft(about, propose(variables, scenario)), encoding="utf-8")
    return load_line_mapping(file, scenario)


class Given:
    """A sink that counts lots handed over by station: the plant's own account."""

    def __init__(self) -> None:
        self.lots: Counter[str] = Counter()
        self._last: dict[str, str] = {}

    def add(self, table: str, columns: Mapping[str, Sequence[Any]]) -> None:
        """Count gives; a grader tells several of one tray."""
        if table != "events":
            return
        rows = zip(columns["station"], columns["event"], columns["lot"], strict=True)
        for station, event, lot in rows:
            if event == "give" and self._last.get(station) != lot:
                self._last[station] = lot
                self.lots[station] += 1


class InProcessPlant:
    """A plant that is played from its opening on; `make` gives a line of a scenario and a sink.

    `given`: lots that its stations have handed over.
    """

    def __init__(self, scenario: Scenario, make: MakeWorld) -> None:
        self.model = information_model(scenario)
        self.opens = scenario.plant.opens_tick
        self.given = Given()
        panel = Panel(self.model, scenario, self.given, scenario.plant.starved_after)
        self.world = make(scenario, panel)
        stock.fill(self.world)
        nodes = [tag.node for tag in self.model.tags()]
        carrier = Carrier(nodes, scenario.plant.hides, scenario.seed)
        self._plant = UnservedPlant(self.world, panel, carrier, Clerk(self.model))
        self._outbox = Outbox(self.model)

    def parcels(self, mapping: SignalMapping, until: int) -> Iterator[tuple[int, Parcel]]:
        """Yield parcels with the tick at which each is handed on, from the opening to a tick."""
        feed = _Feed(mapping)
        told = self._open(feed)
        published, due = self.opens, self.opens
        while told is not None and told.tick < until:
            if told.tick >= due:
                feed.take(self._outbox.take()[0], published)
                yield told.tick, feed.parcel(told.tick)
                due = told.tick + PARCEL_TICKS
            if told.tick >= published + PUBLISHED_TICKS:
                feed.take(self._outbox.take()[0], published)
                published = told.tick
            self._outbox.post(told.changes)
            told = self._plant.step()

    def _open(self, feed: _Feed) -> Told | None:
        """Play up to the opening, and tell what holds then."""
        begun = {
            tag.node: Change(tag.node, 0, tag.constant)
            for tag in self.model.tags()
            if tag.constant is not None
        }
        told: Told | None = self._plant.begin()
        while told is not None and told.tick <= self.opens:
            begun |= {each.node: each for each in told.changes}
            told = self._plant.step()
        feed.take(list(begun.values()), self.opens, Mark.FIRST)
        return told


class _Feed:
    """What has been published becomes rows, and rows a parcel."""

    def __init__(self, mapping: SignalMapping) -> None:
        self._rules = Rules(mapping)
        self._numbers = {
            each.node.identifier.removeprefix("s="): number
            for number, each in enumerate(mapping.signals)
            if each.node is not None
        }
        self._rows: list[tuple[int, int, int, float, int, int]] = []
        self._texts: dict[int, str] = {}
        self._count = 0

    def take(self, changes: Sequence[Change], tick: int, mark: int = 0) -> None:
        """Take what was published at a tick."""
        arrival = BEGUN_NS + tick * NS_PER_TICK
        for change in changes:
            number = self._numbers.get(change.node)
            if number is None:
                continue
            value = np.nan
            if isinstance(change.value, str):
                self._texts[len(self._rows)] = change.value
            elif isinstance(change.value, (int, float)):
                value = float(change.value)
            status = BAD if change.fault else 0
            stamp = BEGUN_NS + change.told_tick * NS_PER_TICK
            self._rows.append((number, stamp, arrival, value, status, mark))

    def parcel(self, tick: int) -> Parcel:
        """Return all that was taken, judged."""
        now = BEGUN_NS + tick * NS_PER_TICK
        columns = list(zip(*self._rows, strict=True)) or [()] * 6
        arrival = np.array(columns[2], np.int64)
        came = Raw(
            np.array(columns[0], np.int32),
            np.array(columns[1], np.int64),
            arrival,
            arrival,
            np.array(columns[3], np.float64),
            np.array(columns[4], np.uint32),
            np.array(columns[5], np.uint8),
            self._texts,
        )
        self._rows, self._texts = [], {}
        batch = self._rules.judge(came)
        self._count += len(came)
        notices, self._rules.notices = tuple(self._rules.notices), []
        health = Health(SOURCE, "live", "in process", now, connections=1)
        counts = Counts(self._count, 0, 0, 0, 0, tuple(self._rules.counts.sum(axis=0).tolist()))
        return Parcel(batch, (health,), notices, counts, now)
