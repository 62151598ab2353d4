"""The information model as nodes of an OPC UA server; types are made here, by code.

A plant's machines are objects of `BatteryMachineType`, its line of `BatteryLineType`; what the twin
serves has types of its own. Each has its folders.
A tag is a variable with a stable string identifier in the namespace of the model, one with a unit
an `AnalogUnitRangeType` or `AnalogUnitType`; units are those of UN/ECE Recommendation 20 where one
exists, as OPC 10000-8, 5.6.4.3 asks.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

from asyncua import ua

from linetwin.twin.plant.model import LINE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from asyncua import Server

    from linetwin.twin.plant.model import Alarm, InformationModel, Machine, Plain, Tag

UNECE_URI = "http://www.opcfoundation.org/UA/units/un/cefact"
UCUM_URI = "http://unitsofmeasure.org"
NO_CODE = -1
VARIANTS = {
    "Double": ua.VariantType.Double,
    "Int64": ua.VariantType.Int64,
    "Int32": ua.VariantType.Int32,
    "String": ua.VariantType.String,
    "Boolean": ua.VariantType.Boolean,
    "DateTime": ua.VariantType.DateTime,
}
EMPTY_TIME = datetime(1601, 1, 1, tzinfo=UTC)
"""What stands for no instant: the beginning of the time that OPC UA counts."""


class Nodes:
    """Makes the nodes of a model in a server's address space, and knows their identifiers.

    `index`: that of the model's namespace, once the nodes are made.
    """

    def __init__(self, server: Server, model: InformationModel) -> None:
        self._server = server
        self._model = model
        self.index = 0
        self._written: list[Any] = []

    async def build(self) -> None:
        """Make all types, objects and variables."""
        self.index = await self._server.register_namespace(self._model.namespace)
        for name, folders in self._model.types.items():
            self._object_type(name, folders)
        for machine in self._model.machines.values():
            self._machine(machine)
        results = await self._server.iserver.isession.add_nodes(self._written)
        for result in results:
            result.StatusCode.check()
        self._written.clear()

    def id_of(self, node: str) -> ua.NodeId:
        """Return the identifier of a tag, alarm or object."""
        return ua.NodeId(ua.String(node), ua.Int16(self.index))

    def _machine(self, machine: Machine) -> None:
        line_type, machine_type = self._model.types
        type_name = line_type if machine.path == LINE else machine_type
        kind = self.id_of(type_name)
        objects = ua.NodeId(ua.Int32(ua.ObjectIds.ObjectsFolder))
        parent = objects if machine.path == LINE else self.id_of(LINE)
        about = ua.ObjectAttributes(
            DisplayName=ua.LocalizedText(machine.title),
            Description=ua.LocalizedText(machine.kind),
            EventNotifier=ua.Byte(1),
        )
        how = ua.ObjectIds.Organizes if machine.path == LINE else ua.ObjectIds.HasComponent
        self._add(machine.path, machine.path, parent, how, ua.NodeClass.Object, about, kind)
        used = {tag.folder for tag in machine.tags} | ({"Alarms"} if machine.alarms else set())
        for folder in self._model.types[type_name]:
            if folder in used:
                self._folder(machine.path, folder)
        for tag in machine.tags:
            self._variable(tag)
        for alarm in machine.alarms:
            self._condition(alarm)

    def _object_type(self, name: str, folders: Sequence[str]) -> None:
        base = ua.NodeId(ua.Int32(ua.ObjectIds.BaseObjectType))
        about = ua.ObjectTypeAttributes(DisplayName=ua.LocalizedText(name))
        self._add(name, name, base, ua.ObjectIds.HasSubtype, ua.NodeClass.ObjectType, about)
        for folder in folders:
            self._folder(name, folder)

    def _folder(self, owner: str, name: str) -> None:
        about = ua.ObjectAttributes(DisplayName=ua.LocalizedText(name))
        kind = ua.NodeId(ua.Int32(ua.ObjectIds.FolderType))
        how, node_class = ua.ObjectIds.HasComponent, ua.NodeClass.Object
        self._add(f"{owner}/{name}", name, self.id_of(owner), how, node_class, about, kind)

    def _variable(self, tag: Tag) -> None:
        parent = self.id_of(f"{tag.owner}/{tag.folder}")
        kind = ua.ObjectIds.BaseDataVariableType
        if tag.is_analog:
            ranged = math.isfinite(tag.low) and math.isfinite(tag.high)
            kind = ua.ObjectIds.AnalogUnitRangeType if ranged else ua.ObjectIds.AnalogUnitType
        identifies = tag.folder == "Identification"
        how = ua.ObjectIds.HasProperty if identifies else ua.ObjectIds.HasComponent
        kind = ua.ObjectIds.PropertyType if identifies else kind
        about = _attributes(tag)
        about.Value = value_of(tag, tag.constant)
        node_class = ua.NodeClass.Variable
        typed = ua.NodeId(ua.Int32(kind))
        self._add(tag.node, tag.name, parent, how, node_class, about, typed)
        if tag.is_analog:
            self._property(tag, "EngineeringUnits", unit_of(tag), ua.ObjectIds.EUInformation)
            for name, low, high in (
                ("EURange", tag.low, tag.high),
                ("InstrumentRange", tag.floor, tag.ceiling),
            ):
                if math.isfinite(low) and math.isfinite(high):
                    found = ua.Range(Low=ua.Double(low), High=ua.Double(high))
                    self._property(tag, name, found, ua.ObjectIds.Range)

    def _property(self, tag: Tag, name: str, value: object, data_type: int) -> None:
        about = _readable(name, data_type)
        about.Value = ua.Variant(value, ua.VariantType.ExtensionObject)
        kind = ua.NodeId(ua.Int32(ua.ObjectIds.PropertyType))
        how, node_class = ua.ObjectIds.HasProperty, ua.NodeClass.Variable
        name_of = ua.QualifiedName(name, ua.Int16(0))  # a name of the standard
        here = self.id_of(tag.node)
        self._add(f"{tag.node}/{name}", name_of, here, how, node_class, about, kind)

    def _condition(self, alarm: Alarm) -> None:
        """Make an off-normal alarm with what a panel needs of it."""
        about = ua.ObjectAttributes(
            DisplayName=ua.LocalizedText(alarm.name),
            Description=ua.LocalizedText(alarm.meaning),
        )
        kind = ua.NodeId(ua.Int32(ua.ObjectIds.OffNormalAlarmType))
        parent, how = self.id_of(f"{alarm.owner}/Alarms"), ua.ObjectIds.HasComponent
        node_class = ua.NodeClass.Object
        self._add(alarm.node, alarm.name, parent, how, node_class, about, kind)
        for name, value, variant in (
            ("Active", False, ua.VariantType.Boolean),
            ("Acknowledged", True, ua.VariantType.Boolean),
            ("Message", "", ua.VariantType.String),
            ("Severity", alarm.severity, ua.VariantType.UInt16),
        ):
            part = _readable(name, variant.value)
            part.Value = ua.Variant(value, variant)
            typed = ua.NodeId(ua.Int32(ua.ObjectIds.BaseDataVariableType))
            here, one = self.id_of(alarm.node), ua.NodeClass.Variable
            self._add(f"{alarm.node}/{name}", name, here, how, one, part, typed)

    def _add(  # noqa: PLR0913, PLR0917  the fields of the item
        self,
        node: str,
        name: str | ua.QualifiedName,
        parent: ua.NodeId,
        reference: int,
        node_class: ua.NodeClass,
        attributes: Any,  # noqa: ANN401  one of several kinds
        kind: ua.NodeId | None = None,
    ) -> None:
        item = ua.AddNodesItem()
        item.RequestedNewNodeId = self.id_of(node)
        browse = name if not isinstance(name, str) else ua.QualifiedName(name, self.index)
        item.BrowseName = browse
        item.ParentNodeId = parent
        item.ReferenceTypeId = ua.NodeId(ua.Int32(reference))
        item.NodeClass = node_class
        item.NodeAttributes = attributes
        if kind is not None:
            item.TypeDefinition = kind
        self._written.append(item)


def value_of(tag: Tag, value: Plain) -> ua.Variant:
    """Return a value as OPC UA holds it; nothing is known yet where it is None."""
    if value is None:
        if tag.type == "DateTime":
            return ua.Variant(EMPTY_TIME, ua.VariantType.DateTime)
        return ua.Variant(None, ua.VariantType.Null)
    return ua.Variant(value, VARIANTS[tag.type])


def stamp(instant: datetime) -> ua.DateTime:
    """Return an instant as asyncua's own type of it, which is a datetime like any other."""
    return cast("ua.DateTime", instant)


def unit_of(tag: Tag) -> ua.EUInformation:
    """Return the unit of a tag: its code of UN/ECE as a number, or -1 with its UCUM text."""
    code = NO_CODE
    for letter in tag.unece:
        code = (max(code, 0) << 8) | ord(letter)
    return ua.EUInformation(
        NamespaceUri=ua.String(UNECE_URI if tag.unece else UCUM_URI),
        UnitId=ua.Int32(code),
        DisplayName=ua.LocalizedText(tag.unit),
        Description=ua.LocalizedText(tag.unit),
    )


def _attributes(tag: Tag) -> ua.VariableAttributes:
    about = _readable(tag.name, VARIANTS[tag.type].value)
    about.Description = ua.LocalizedText(tag.meaning)
    if tag.writable:
        both = ua.Byte(ua.AccessLevel.CurrentRead.mask | ua.AccessLevel.CurrentWrite.mask)
        about.AccessLevel = about.UserAccessLevel = both
    if tag.remembered:
        past = ua.Byte(ua.AccessLevel.CurrentRead.mask | ua.AccessLevel.HistoryRead.mask)
        about.AccessLevel = about.UserAccessLevel = past
        about.Historizing = True
    return about


def _readable(name: str, data_type: int) -> ua.VariableAttributes:
    level = ua.Byte(ua.AccessLevel.CurrentRead.mask)
    return ua.VariableAttributes(
        DisplayName=ua.LocalizedText(name),
        DataType=ua.NodeId(ua.Int32(data_type)),
        ValueRank=ua.Int32(ua.ValueRank.Scalar),
        AccessLevel=level,
        UserAccessLevel=level,
        Historizing=False,
    )
