"""Conditions: alarms as events of OPC UA, told by the machine and by the server object alike.

Each is an `OffNormalAlarmType` with an object of its own. asyncua keeps no list of conditions:
`ConditionRefresh`, acknowledging and shelving are not offered; a client that comes later reads
`Active` of the condition's object.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from asyncua import ua

from linetwin.twin.plant.nodes import stamp

if TYPE_CHECKING:
    from datetime import datetime

    from asyncua import Server

    from linetwin.twin.plant.changes import AlarmChange
    from linetwin.twin.plant.model import Alarm, InformationModel
    from linetwin.twin.plant.nodes import Nodes

NORMAL_SEVERITY = 1
"""Severity of the event by which a condition becomes inactive."""


class Conditions:
    """The conditions of a server while it runs."""

    def __init__(self, server: Server, nodes: Nodes, model: InformationModel) -> None:
        self._server, self._nodes = server, nodes
        self._alarms = {alarm.node: alarm for alarm in model.alarms()}
        self._generators: dict[str, Any] = {}

    async def build(self) -> None:
        """Let every machine send events."""
        for node, alarm in self._alarms.items():
            source = self._nodes.id_of(alarm.owner)
            kind = ua.ObjectIds.OffNormalAlarmType
            generator = await self._server.get_event_generator(kind, source)
            event = generator.event
            event.NodeId = self._nodes.id_of(node)
            event.ConditionName = alarm.name
            event.SourceNode, event.SourceName = source, alarm.owner
            event.AckedState = ua.LocalizedText("Unacknowledged")
            event.EnabledState = ua.LocalizedText("Enabled")
            setattr(event, "AckedState/Id", False)
            setattr(event, "EnabledState/Id", True)
            self._generators[node] = generator

    async def tell(self, change: AlarmChange, at: datetime) -> None:
        """Send the event, and write the condition's object."""
        alarm, active = self._alarms[change.node], change.active
        generator = self._generators[change.node]
        event = generator.event
        event.Severity = alarm.severity if active else NORMAL_SEVERITY
        event.Retain = active
        event.ActiveState = ua.LocalizedText("Active" if active else "Inactive")
        setattr(event, "ActiveState/Id", active)
        text = _text(alarm, change)
        event.Message = ua.LocalizedText(text)
        own = event.emitting_node
        for source in (own, ua.NodeId(ua.Int32(ua.ObjectIds.Server))):
            event.emitting_node = source
            await generator.trigger(at)
        event.emitting_node = own
        parts = (
            ("Active", active, ua.VariantType.Boolean),
            ("Message", text, ua.VariantType.String),
        )
        for name, value, variant in parts:
            told = ua.DataValue(ua.Variant(value, variant), SourceTimestamp=stamp(at))
            node = self._nodes.id_of(f"{change.node}/{name}")
            await self._server.write_attribute_value(node, told)


def _text(alarm: Alarm, change: AlarmChange) -> str:
    if not change.active:
        return ""
    return f"{alarm.owner} {alarm.meaning}: {change.message}"
