"""What a server has to read: its variables with path, unit, range and present value."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from asyncua import ua

from linetwin.scenario.mapped import NodeAddress
from linetwin.twin.opcua.limits import in_batches, limits_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from asyncua import Client

    from linetwin.twin.opcua.limits import Limits

MOST_NODES = 200_000
DEEPEST = 12
_SERVER = 2253
_ATTRIBUTES = (ua.AttributeIds.Value, ua.AttributeIds.AccessLevel, ua.AttributeIds.DataType)
_TYPES: dict[object, str] = {kind.value: kind.name for kind in ua.VariantType}
UNIT, RANGE = "EngineeringUnits", "EURange"


@dataclass(frozen=True)
class Variable:
    """One variable: browse names from Objects down, each with the URI of its namespace."""

    node: NodeAddress
    path: tuple[tuple[str, str], ...]
    type: str = ""
    value: object = None
    unit: str = ""
    unit_code: str = ""
    low: float | None = None
    high: float | None = None
    writable: bool = False

    @property
    def name(self) -> str:
        """The path in words."""
        return "/".join(name for _, name in self.path)


@dataclass
class _Found:
    node_id: ua.NodeId
    path: tuple[tuple[str, str], ...]
    properties: dict[str, ua.NodeId] = field(default_factory=dict)


async def browse(client: Client, below: Sequence[str] = (), depth: int = DEEPEST) -> list[Variable]:
    """Return the variables below Objects, or below browse names from there; not the Server object.

    Read only: a value that cannot be read is None.
    """
    limits = await limits_of(client)
    uris = list(await client.get_namespace_array())
    start: list[tuple[ua.NodeId, tuple[tuple[str, str], ...]]] = [
        (ua.NodeId(ua.Int32(ua.ObjectIds.ObjectsFolder)), ())
    ]
    variables: dict[ua.NodeId, _Found] = {}
    seen = {start[0][0]}
    level = 0
    while start and level < depth:
        children = await _children([node for node, _ in start], client, limits)
        following = []
        for (parent, path), references in zip(start, children, strict=True):
            for reference in references:
                node, name = reference.NodeId, reference.BrowseName
                target = ua.NodeId(node.Identifier, node.NamespaceIndex, node.NodeIdType)
                if _is_property(reference):
                    if parent in variables:
                        variables[parent].properties[name.Name] = target
                    continue
                here = (
                    *path,
                    (uris[name.NamespaceIndex] if name.NamespaceIndex else "", name.Name),
                )
                if target in seen or len(seen) > MOST_NODES or not _leads(here, below, target):
                    continue
                seen.add(target)
                if reference.NodeClass == ua.NodeClass.Variable:
                    variables[target] = _Found(target, here)
                following.append((target, here))
        start, level = following, level + 1
    found = [each for each in variables.values() if len(each.path) > len(below)]
    return await _read(found, uris, client, limits)


def _leads(path: tuple[tuple[str, str], ...], below: Sequence[str], target: ua.NodeId) -> bool:
    """Say whether a node lies below the names asked for, or leads there."""
    if target.NamespaceIndex == 0 and target.Identifier == _SERVER:
        return False
    return all(name == wanted for (_, name), wanted in zip(path, below, strict=False))


def _is_property(reference: Any) -> bool:  # noqa: ANN401  asyncua's own
    return bool(
        reference.ReferenceTypeId.NamespaceIndex == 0
        and reference.ReferenceTypeId.Identifier == ua.ObjectIds.HasProperty
    )


async def _children(nodes: list[ua.NodeId], client: Client, limits: Limits) -> list[list[Any]]:
    """Return the references of each node, continued where the server cuts them."""

    async def ask(batch: list[ua.NodeId]) -> list[Any]:
        parameters = ua.BrowseParameters()
        parameters.RequestedMaxReferencesPerNode = 0
        for node in batch:
            description = ua.BrowseDescription()
            description.NodeId = node
            description.BrowseDirection = ua.BrowseDirection.Forward
            description.ReferenceTypeId = ua.NodeId(ua.Int32(ua.ObjectIds.HierarchicalReferences))
            description.IncludeSubtypes = True
            description.NodeClassMask = ua.NodeClass.Object | ua.NodeClass.Variable
            description.ResultMask = ua.BrowseResultMask.All
            parameters.NodesToBrowse.append(description)
        return list(await client.uaclient.browse(parameters))

    found = []
    for result in await in_batches(nodes, limits.browse, ask):
        references = list(result.References or [])
        point = result.ContinuationPoint
        while point:
            more = ua.BrowseNextParameters()
            more.ContinuationPoints = [point]
            (following,) = await client.uaclient.browse_next(more)
            references += following.References or []
            point = following.ContinuationPoint
        found.append(references)
    return found


async def _read(
    found: list[_Found], uris: list[str], client: Client, limits: Limits
) -> list[Variable]:
    """Return the variables with what their attributes and properties say."""
    asked: list[tuple[ua.NodeId, ua.AttributeIds]] = []
    for each in found:
        asked += [(each.node_id, attribute) for attribute in _ATTRIBUTES]
        asked += [
            (each.properties[name], ua.AttributeIds.Value)
            for name in (UNIT, RANGE)
            if name in each.properties
        ]

    async def ask(batch: list[tuple[ua.NodeId, ua.AttributeIds]]) -> list[ua.DataValue]:
        parameters = ua.ReadParameters()
        for node, attribute in batch:
            item = ua.ReadValueId()
            item.NodeId, item.AttributeId = node, attribute
            parameters.NodesToRead.append(item)
        return list(await client.uaclient.read(parameters))

    answers = iter(await in_batches(asked, limits.read, ask))
    variables = []
    for each in found:
        value, access, kind = next(answers), next(answers), next(answers)
        index = each.node_id.NamespaceIndex
        identifier = each.node_id.to_string().split(";", 1)[-1]
        variable = Variable(NodeAddress(uris[index] if index else "", identifier), each.path)
        variable = replace(
            variable,
            type=_type(value, _plain(kind)),
            value=value.Value.Value if value.Value is not None else None,
            writable=bool((_plain(access) or 0) & ua.AccessLevel.CurrentWrite.mask),
        )
        if UNIT in each.properties:
            variable = _with_unit(variable, _plain(next(answers)))
        if RANGE in each.properties:
            span = _plain(next(answers))
            if isinstance(span, ua.Range):
                variable = replace(variable, low=float(span.Low), high=float(span.High))
        variables.append(variable)
    return variables


def _plain(value: ua.DataValue) -> Any:  # noqa: ANN401  whatever a variant holds
    return value.Value.Value if value.Value is not None else None


def _type(value: ua.DataValue, data_type: object) -> str:
    """Return the type that the variable is of, or where that is the server's own, its value."""
    number = data_type.Identifier if isinstance(data_type, ua.NodeId) else None
    if isinstance(data_type, ua.NodeId) and not data_type.NamespaceIndex and number in _TYPES:
        return _TYPES[number]
    return str(value.Value.VariantType.name) if value.Value is not None else ""


def _with_unit(variable: Variable, about: object) -> Variable:
    if not isinstance(about, ua.EUInformation):
        return variable
    text, code = unit_of(about)
    return replace(variable, unit=text, unit_code=code)


def unit_of(about: ua.EUInformation) -> tuple[str, str]:
    """Return a unit as its server writes it, and its code of UN/ECE; "" where it says none."""
    number = max(int(about.UnitId), 0)
    code = number.to_bytes(4, "big").lstrip(b"\0").decode("ascii", "replace")
    return about.DisplayName.Text or "", code
