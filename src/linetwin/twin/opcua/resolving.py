"""From the names of a mapping file to the nodes of a server as it is today.

The index of a namespace is looked up on each connection. Where a signal has a path of browse names
the path decides: a NodeId that a PLC has given to something else would be read without a word.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from asyncua import ua

from linetwin.twin.opcua.limits import in_batches

if TYPE_CHECKING:
    from collections.abc import Sequence

    from asyncua import Client

    from linetwin.scenario.mapped import SignalConfig
    from linetwin.twin.opcua.limits import Limits


@dataclass
class Resolved:
    """Number of the signal -> its node; and what a person should know: name -> words."""

    nodes: dict[int, ua.NodeId] = field(default_factory=dict)
    moved: dict[str, str] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)


async def resolve(
    client: Client, signals: Sequence[tuple[int, SignalConfig]], limits: Limits
) -> Resolved:
    """Return the nodes of the signals of one source, found on the server that is connected."""
    uris = {uri: index for index, uri in enumerate(await client.get_namespace_array())}
    found = Resolved()
    by_path = await _by_path(client, signals, uris, limits)
    for number, signal in signals:
        written = _written(signal, uris)
        there = by_path.get(number)
        if there is not None:
            found.nodes[number] = there
            if written is not None and written != there:
                found.moved[signal.name] = f"{written.to_string()} is {there.to_string()} now"
        elif written is not None:
            found.nodes[number] = written
            if signal.path:
                found.moved[signal.name] = f"no longer at its path; read by {written.to_string()}"
        else:
            found.missing[signal.name] = _why_missing(signal, uris)
    return found


def _written(signal: SignalConfig, uris: dict[str, int]) -> ua.NodeId | None:
    """Return the NodeId of the mapping file, with the index its namespace has today."""
    node = signal.node
    if node is None or (node.uri and node.uri not in uris):
        return None
    return ua.NodeId.from_string(f"ns={uris[node.uri] if node.uri else 0};{node.identifier}")


async def _by_path(
    client: Client,
    signals: Sequence[tuple[int, SignalConfig]],
    uris: dict[str, int],
    limits: Limits,
) -> dict[int, ua.NodeId]:
    asked = [
        (number, signal)
        for number, signal in signals
        if signal.path and all(not uri or uri in uris for uri, _ in signal.path)
    ]

    async def ask(batch: list[tuple[int, SignalConfig]]) -> list[ua.BrowsePathResult]:
        paths = [_browse_path(signal, uris) for _, signal in batch]
        return list(await client.uaclient.translate_browsepaths_to_nodeids(paths))

    answers = await in_batches(asked, limits.translate, ask)
    found = {}
    for (number, _), answer in zip(asked, answers, strict=True):
        targets = [each.TargetId for each in answer.Targets or []]
        if answer.StatusCode.is_good() and len(targets) == 1:
            target = targets[0]
            found[number] = ua.NodeId(target.Identifier, target.NamespaceIndex, target.NodeIdType)
    return found


def _browse_path(signal: SignalConfig, uris: dict[str, int]) -> ua.BrowsePath:
    path = ua.BrowsePath()
    path.StartingNode = ua.NodeId(ua.Int32(ua.ObjectIds.ObjectsFolder))
    for uri, name in signal.path:
        element = ua.RelativePathElement()
        element.ReferenceTypeId = ua.NodeId(ua.Int32(ua.ObjectIds.HierarchicalReferences))
        element.IsInverse = False  # type: ignore[assignment]  # no bool can be a Boolean of asyncua's
        element.IncludeSubtypes = True  # type: ignore[assignment]
        element.TargetName = ua.QualifiedName(name, uris[uri] if uri else 0)
        path.RelativePath.Elements.append(element)
    return path


def _why_missing(signal: SignalConfig, uris: dict[str, int]) -> str:
    node = signal.node
    if node is not None and node.uri and node.uri not in uris:
        return f"the server has no namespace {node.uri}"
    return "the server has nothing at its path"
