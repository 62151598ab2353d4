"""What a server remembers of a time in which nobody listened: historical access, raw values."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
from asyncua import ua

from linetwin.twin.columns import Mark, chosen, raw_rows
from linetwin.twin.opcua.limits import in_batches
from linetwin.twin.opcua.notifications import decoded_values, times_ns

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from asyncua import Client

    from linetwin.twin.columns import Raw
    from linetwin.twin.opcua.link import Link

_Asked = tuple[int, ua.NodeId, bytes | None]
"""Number of the signal, its node, and where the server is to go on."""
VALUES_PER_CALL = 10_000
NODES_PER_CALL = 100
"""Where a server names no limit [A]."""
_MOST_CALLS = 1_000
_LIMIT = ua.ObjectIds.Server_ServerCapabilities_OperationLimits_MaxNodesPerHistoryReadData


async def remembered(
    client: Client, nodes: Mapping[int, ua.NodeId], begin: int, end: int, arrival: int
) -> tuple[Raw, dict[int, str]]:
    """Return the rows of the nodes from `begin` to `end` (ns UTC), by their time.

    And, by number of the signal, why a server has no history of it, or not all.
    """
    reader = _Reader(client, await _nodes_per_call(client), _moment(end))
    await reader.read(nodes, _moment(begin))
    while reader.cut:
        number, node, last = reader.cut.pop()
        await reader.go_on(number, node, last)
    return _rows(reader.found, arrival), reader.refused


async def _nodes_per_call(client: Client) -> int:
    limit = client.get_node(ua.NodeId(ua.Int32(_LIMIT)))
    answer = await limit.read_data_value(raise_on_bad_status=False)
    most = answer.Value.Value if answer.Value is not None else 0
    return most if isinstance(most, int) and 0 < most < NODES_PER_CALL else NODES_PER_CALL


@dataclass
class _Reader:
    """Reads up to `end`. `found`: signal and value; `refused`: signal -> why, or why not all.

    `cut`: signals of which as many values came as were asked for, without a continuation point, and
    the time of the last one: some servers then keep the rest to themselves.
    """

    client: Client
    nodes_per_call: int
    end: datetime
    found: list[tuple[int, Any]] = field(default_factory=list)
    refused: dict[int, str] = field(default_factory=dict)
    cut: list[tuple[int, ua.NodeId, datetime]] = field(default_factory=list)

    async def read(self, nodes: Mapping[int, ua.NodeId], begin: datetime) -> None:
        """Ask for each node until it has no more to say."""
        waiting: list[_Asked] = [(number, node, None) for number, node in nodes.items()]
        for _ in range(_MOST_CALLS):
            if not waiting:
                return
            waiting = await self._some(waiting, begin)
        self.refused |= dict.fromkeys((each[0] for each in waiting), "more than can be asked for")

    async def go_on(self, number: int, node: ua.NodeId, last: datetime) -> None:
        """Ask for what follows a time; values of that time are there already."""
        known = sum(n == number and value.SourceTimestamp == last for n, value in self.found)
        before = len(self.found)
        await self.read({number: node}, last)
        again = [
            place
            for place in range(before, len(self.found))
            if self.found[place][1].SourceTimestamp == last
        ][:known]
        if len(again) == len(self.found) - before and self.cut and self.cut[-1][2] == last:
            self.cut.pop()
            self.refused[number] = f"more than {VALUES_PER_CALL:,} values of one time"
        for place in reversed(again):
            del self.found[place]

    async def _some(self, waiting: Sequence[_Asked], begin: datetime) -> list[_Asked]:
        """Ask once for each node; return those that have more to say."""

        async def ask(batch: list[_Asked]) -> list[Any]:
            return await self._ask(batch, begin)

        more: list[_Asked] = []
        answers = await in_batches(waiting, self.nodes_per_call, ask)
        for (number, node, _), answer in zip(waiting, answers, strict=True):
            if answer.StatusCode.is_bad():
                self.refused[number] = answer.StatusCode.name
                continue
            values = getattr(answer.HistoryData, "DataValues", None) or []
            self.found += [(number, value) for value in values]
            if answer.ContinuationPoint:
                more.append((number, node, answer.ContinuationPoint))
            elif len(values) >= VALUES_PER_CALL and values[-1].SourceTimestamp is not None:
                self.cut.append((number, node, values[-1].SourceTimestamp))
        return more

    async def _ask(self, batch: list[_Asked], begin: datetime) -> list[Any]:
        details = ua.ReadRawModifiedDetails()
        details.IsReadModified = False
        details.StartTime, details.EndTime = begin, self.end
        details.NumValuesPerNode = ua.UInt32(VALUES_PER_CALL)
        details.ReturnBounds = False
        parameters = ua.HistoryReadParameters()
        parameters.HistoryReadDetails = details
        parameters.TimestampsToReturn = ua.TimestampsToReturn.Both
        parameters.ReleaseContinuationPoints = False
        for _, node, point in batch:
            item = ua.HistoryReadValueId()
            item.NodeId, item.ContinuationPoint = node, point
            item.IndexRange = ""
            parameters.NodesToRead.append(item)
        try:
            return list(await self.client.uaclient.history_read(parameters))
        except ua.UaStatusCodeError as error:
            if len(batch) > 1:  # one node that cannot be read must not cost the others theirs
                half = len(batch) // 2
                return [
                    *await self._ask(batch[:half], begin),
                    *await self._ask(batch[half:], begin),
                ]
            return [ua.HistoryReadResult(StatusCode=ua.StatusCode(ua.UInt32(error.code)))]


def _moment(time_ns: int) -> Any:  # noqa: ANN401  asyncua's own
    since = timedelta(microseconds=time_ns // 1000)
    return datetime(1970, 1, 1, tzinfo=UTC) + since


def _rows(found: Sequence[tuple[int, Any]], arrival: int) -> Raw:
    changes = decoded_values([(number, value) for number, value in found])
    times = times_ns(changes.source)
    order = np.argsort(times, kind="stable")
    rows = raw_rows(
        changes.handle[order].astype(np.int64),
        arrival,
        source_time=times[order],
        server_time=times_ns(changes.server)[order],
        raw=changes.value[order],
        status=changes.status[order],
        marks=int(Mark.BACKFILL),
    )
    places = {int(row): place for place, row in enumerate(order)}
    rows.texts.update({places[row]: text for row, text in changes.texts.items()})
    return rows


async def recalled(link: Link, begin: int, end: int) -> Raw:
    """Return what a link's server remembers (ns UTC); what it has no history of is told."""
    rows, refused = await remembered(link.connected(), link.nodes, begin, end, time.time_ns())
    alike: dict[str, list[str]] = {}
    for number, signal in link.signals:
        if number in refused:
            alike.setdefault(refused[number], []).append(signal.name)
    for why, names in alike.items():
        text = f"{names[0]} and {len(names) - 1} more: {why}" if names[1:] else f"{names[0]}: {why}"
        if link.health.no_history.get(names[0]) != why:
            link.sink.notice(link.source.name, "history", text)
        link.health.no_history |= dict.fromkeys(names, why)
    return rows


def newer(rows: Raw, newest: np.ndarray) -> Raw:
    """Return the rows that are later than what each signal had before."""
    return chosen(rows, np.flatnonzero(rows.source_time > newest[rows.signal]))
