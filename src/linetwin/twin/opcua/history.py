"""What a server remembers of a time in which nobody listened: historical access, raw values."""

from __future__ import annotations

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

VALUES_PER_CALL = 10_000
NODES_PER_CALL = 100
"""Where a server names no limit [A]."""
_MOST_CALLS = 1_000
_LIMIT = ua.ObjectIds.Server_ServerCapabilities_OperationLimits_MaxNodesPerHistoryReadData


async def remembered(
    client: Client, nodes: Mapping[int, ua.NodeId], begin: int, end: int, arrival: int
) -> tuple[Raw, dict[int, str]]:
    """Return the rows of the nodes from `begin` to `end` (ns UTC), by their time.

    And, by number of the signal, why a server has no history of it.
    """
    limit = client.get_node(ua.NodeId(ua.Int32(_LIMIT)))
    answer = await limit.read_data_value(raise_on_bad_status=False)
    most = answer.Value.Value if answer.Value is not None else 0
    most = most if isinstance(most, int) and 0 < most < NODES_PER_CALL else NODES_PER_CALL
    waiting: list[tuple[int, ua.NodeId, bytes | None]] = [
        (number, node, None) for number, node in nodes.items()
    ]
    found: list[tuple[int, Any]] = []
    refused: dict[int, str] = {}
    for _ in range(_MOST_CALLS):
        if not waiting:
            break
        waiting = await _some(client, waiting, most, (begin, end), found, refused)
    return _rows(found, arrival), refused


async def _some(
    client: Client,
    waiting: Sequence[tuple[int, ua.NodeId, bytes | None]],
    most: int,
    span: tuple[int, int],
    found: list[tuple[int, Any]],
    refused: dict[int, str],
) -> list[tuple[int, ua.NodeId, bytes | None]]:
    """Ask once for each node; return those that have more to say."""

    async def ask(batch: list[tuple[int, ua.NodeId, bytes | None]]) -> list[Any]:
        details = ua.ReadRawModifiedDetails()
        details.IsReadModified = False
        details.StartTime, details.EndTime = (_moment(each) for each in span)
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
            return list(await client.uaclient.history_read(parameters))
        except ua.UaStatusCodeError as error:
            if len(batch) > 1:  # one node that cannot be read must not cost the others theirs
                half = len(batch) // 2
                return [*await ask(batch[:half]), *await ask(batch[half:])]
            return [ua.HistoryReadResult(StatusCode=ua.StatusCode(ua.UInt32(error.code)))]

    more = []
    for (number, node, _), answer in zip(
        waiting, await in_batches(waiting, most, ask), strict=True
    ):
        if answer.StatusCode.is_bad():
            refused[number] = answer.StatusCode.name
            continue
        data = answer.HistoryData
        found += [(number, value) for value in getattr(data, "DataValues", None) or []]
        if answer.ContinuationPoint:
            more.append((number, node, answer.ContinuationPoint))
    return more


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


def newer(rows: Raw, newest: np.ndarray) -> Raw:
    """Return the rows that are later than what each signal had before."""
    return chosen(rows, np.flatnonzero(rows.source_time > newest[rows.signal]))
