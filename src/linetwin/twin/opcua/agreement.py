"""Whether what a server says of its units and ranges agrees with a mapping.

The mapping is a person's word and is what counts: a difference is told, nothing is changed.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from asyncua import ua

from linetwin.errors import ScenarioError
from linetwin.quantities.unece import UCUM_OF
from linetwin.scenario import units
from linetwin.twin.opcua.browsing import RANGE, UNIT, unit_of
from linetwin.twin.opcua.limits import in_batches, limits_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from asyncua import Client

    from linetwin.quantities import Quantity
    from linetwin.scenario.mapped import SignalConfig

_SAME = 1e-6
"""Relative difference of scales that is rounding."""


async def disagreements(
    client: Client, signals: Sequence[tuple[int, SignalConfig]], nodes: Mapping[int, ua.NodeId]
) -> dict[str, str]:
    """Return signal -> what its node says of unit or range that the mapping says otherwise.

    What a server does not say, or in words that nobody knows, is no difference; nor is what it
    counts: lots are kg to one and pieces to another.
    """
    limits = await limits_of(client)
    asked = [
        (signal, nodes[number], name)
        for number, signal in signals
        if signal.quantity is not None and signal.kind != "counter" and number in nodes
        for name in (UNIT, RANGE)
    ]

    async def find(batch: list[tuple[SignalConfig, ua.NodeId, str]]) -> list[ua.BrowsePathResult]:
        paths = [_property(node, name) for _, node, name in batch]
        return list(await client.uaclient.translate_browsepaths_to_nodeids(paths))

    async def read(batch: list[ua.NodeId]) -> list[ua.DataValue]:
        parameters = ua.ReadParameters()
        for node in batch:
            item = ua.ReadValueId()
            item.NodeId, item.AttributeId = node, ua.AttributeIds.Value
            parameters.NodesToRead.append(item)
        return list(await client.uaclient.read(parameters))

    there = [
        (signal, answer.Targets[0].TargetId)
        for (signal, _, _), answer in zip(
            asked, await in_batches(asked, limits.translate, find), strict=True
        )
        if answer.StatusCode.is_good() and answer.Targets
    ]
    wanted = [ua.NodeId(n.Identifier, n.NamespaceIndex, n.NodeIdType) for _, n in there]
    answers = await in_batches(wanted, limits.read, read)
    found: dict[str, str] = {}
    for (signal, _), answer in zip(there, answers, strict=True):
        said = answer.Value.Value if answer.Value is not None else None
        text = difference(signal, said)
        if text and signal.name not in found:  # its unit comes first, by which its range is read
            found[signal.name] = text
    return found


def difference(signal: SignalConfig, said: object) -> str:
    """Return what a server's EUInformation or Range contradicts of a signal, "" where nothing."""
    quantity = signal.quantity
    if quantity is None:
        return ""
    if isinstance(said, ua.EUInformation):
        text, code = unit_of(said)
        return _of_units(signal, quantity, [text, UCUM_OF.get(code, "")])
    if isinstance(said, ua.Range):
        return _of_ranges(signal, quantity, (float(said.Low), float(said.High)))
    return ""


def _of_units(signal: SignalConfig, quantity: Quantity, said: Sequence[str]) -> str:
    """Return how units differ; where one of a server's two words agrees they do not."""
    other = factor = ""
    for unit in filter(None, said):
        try:
            scale, offset = units.linear(unit, quantity)
        except ScenarioError:
            other = other or (unit if _is_unit(unit) else "")
            continue
        if not math.isclose(scale, signal.scale, rel_tol=_SAME):
            factor = factor or f"{unit}: {scale / signal.scale:.4g} times as much"
        elif not math.isclose(offset, signal.offset, rel_tol=_SAME, abs_tol=_SAME * abs(scale)):
            factor = factor or f"{unit}: its zero lies elsewhere"
        else:
            return ""
    mapped = f"the mapping takes it as {_taken(signal, quantity)}, the server says"
    if factor:
        return f"{mapped} {factor}"
    return f"{mapped} {other}: that is no unit of {quantity.name}" if other else ""


def _taken(signal: SignalConfig, quantity: Quantity) -> str:
    """Return the unit of a mapping, and whether its scale or offset comes to it."""
    scale, offset = units.linear(signal.unit, quantity)
    plain = math.isclose(scale, signal.scale, rel_tol=_SAME) and math.isclose(
        offset, signal.offset, rel_tol=_SAME
    )
    return signal.unit if plain else f"{signal.unit} by its scale and offset"


def _is_unit(word: str) -> bool:
    try:
        units.si(f"1 {word}")
    except ScenarioError:
        return False
    return True


def _of_ranges(signal: SignalConfig, quantity: Quantity, said: tuple[float, float]) -> str:
    """Return how ranges differ that have nothing in common; 0 to 0 is a range that none gave."""
    if not (math.isfinite(said[0]) and math.isfinite(said[1])) or said[0] >= said[1]:
        return ""
    low, high = sorted(signal.scale * each + signal.offset for each in said)
    if low <= signal.maximum and high >= signal.minimum:
        return ""
    shown = [units.display(each, quantity) for each in (low, high, signal.minimum, signal.maximum)]
    return (
        f"the server's range is {shown[0]} to {shown[1]}, "
        f"the mapping has {shown[2]} to {shown[3]}: they have nothing in common"
    )


def _property(node: ua.NodeId, name: str) -> ua.BrowsePath:
    path = ua.BrowsePath()
    path.StartingNode = node
    element = ua.RelativePathElement()
    element.ReferenceTypeId = ua.NodeId(ua.Int32(ua.ObjectIds.HasProperty))
    element.IsInverse = False  # type: ignore[assignment]  # no bool can be a Boolean of asyncua's
    element.IncludeSubtypes = True  # type: ignore[assignment]
    element.TargetName = ua.QualifiedName(name, 0)
    path.RelativePath.Elements.append(element)
    return path
