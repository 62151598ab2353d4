"""What a server is called, and can do at once: operation limits, and calls cut to fit them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from asyncua import ua

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from asyncua import Client

_MOST_A_CALL = 1000
"""Where a server names no limit [A]: larger calls gain nothing and may not fit in a message."""
_NODES = {
    "items": ua.ObjectIds.Server_ServerCapabilities_OperationLimits_MaxMonitoredItemsPerCall,
    "read": ua.ObjectIds.Server_ServerCapabilities_OperationLimits_MaxNodesPerRead,
    "browse": ua.ObjectIds.Server_ServerCapabilities_OperationLimits_MaxNodesPerBrowse,
    "translate": (
        ua.ObjectIds.Server_ServerCapabilities_OperationLimits_MaxNodesPerTranslateBrowsePathsToNodeIds
    ),
}
Item = TypeVar("Item")
Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Limits:
    """How many nodes a call may name, by what it does."""

    items: int = _MOST_A_CALL
    read: int = _MOST_A_CALL
    browse: int = _MOST_A_CALL
    translate: int = _MOST_A_CALL


async def limits_of(client: Client) -> Limits:
    """Return a server's operation limits; what it does not say, or says as 0, is unlimited."""
    nodes = [client.get_node(ua.NodeId(ua.Int32(each))) for each in _NODES.values()]
    found: dict[str, int] = {}
    try:
        answers = await client.read_attributes(nodes)
    except ua.UaStatusCodeError:  # it lets nobody read so many at once
        answers = [await node.read_data_value(raise_on_bad_status=False) for node in nodes]
    for name, answer in zip(_NODES, answers, strict=True):
        value = answer.Value.Value if answer.Value is not None else None
        if isinstance(value, int) and value > 0:
            found[name] = min(value, _MOST_A_CALL)
    return Limits(**found)


async def application_of(client: Client) -> str:
    """Return the application URI that a server gives for itself, "" where it gives none."""
    node = client.get_node(ua.NodeId(ua.Int32(ua.ObjectIds.Server_ServerArray)))
    answer = await node.read_data_value(raise_on_bad_status=False)
    found = answer.Value.Value if answer.Value is not None else None
    return str(found[0]) if isinstance(found, list) and found else ""


async def in_batches(
    items: Sequence[Item], most: int, call: Callable[[list[Item]], Awaitable[Sequence[Answer]]]
) -> list[Answer]:
    """Return the answers to all items, asked for at most `most` at a time.

    A server that finds even that too many is asked for half as many from then on.
    """
    answers: list[Answer] = []
    while len(answers) < len(items):
        batch = list(items[len(answers) : len(answers) + most])
        try:
            answers += await call(batch)
        except (ua.uaerrors.BadTooManyOperations, ua.uaerrors.BadRequestTooLarge):
            if most == 1:
                raise
            most = max(most // 2, 1)
    return answers
