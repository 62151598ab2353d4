"""Conditions: alarms as events of OPC UA, told by the machine and by the server object alike.

Each is an `OffNormalAlarmType` with an object of its own, retained while it is active or has not
been acknowledged. asyncua answers ConditionRefresh, for those who watch the server object;
Acknowledge is answered here. Shelving, confirming and suppressing are not offered.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from asyncua import ua

from linetwin.twin.plant.nodes import stamp

if TYPE_CHECKING:
    from asyncua import Server

    from linetwin.twin.plant.changes import AlarmChange
    from linetwin.twin.plant.model import Alarm, InformationModel
    from linetwin.twin.plant.nodes import Nodes

NORMAL_SEVERITY = 1
"""Severity of the event by which a condition becomes inactive."""
ACKNOWLEDGE = ua.NodeId(ua.Int32(ua.ObjectIds.AcknowledgeableConditionType_Acknowledge))
REFRESH = (
    ua.NodeId(ua.Int32(ua.ObjectIds.ConditionType_ConditionRefresh)),
    ua.NodeId(ua.Int32(ua.ObjectIds.ConditionType_ConditionRefresh2)),
)


class _Condition:
    """One condition as it stands; `latest` are the identifiers of the events that told it last."""

    def __init__(self, alarm: Alarm, generator: Any) -> None:  # noqa: ANN401  asyncua's
        self.alarm, self.generator = alarm, generator
        self.active = False
        self.acknowledged = True
        self.text = ""
        self.latest: list[bytes] = []


class Conditions:
    """The conditions of a server while it runs."""

    def __init__(self, server: Server, nodes: Nodes, model: InformationModel) -> None:
        self._server, self._nodes = server, nodes
        self._alarms = {alarm.node: alarm for alarm in model.alarms()}
        self._conditions: dict[str, _Condition] = {}

    async def build(self) -> None:
        """Let every machine send events; answer ConditionRefresh and Acknowledge."""
        await self._server.iserver.setup_condition_methods()
        for node, alarm in self._alarms.items():
            source = self._nodes.id_of(alarm.owner)
            kind = ua.ObjectIds.OffNormalAlarmType
            generator = await self._server.get_event_generator(kind, source)
            event = generator.event
            event.NodeId = self._nodes.id_of(node)
            event.ConditionName = alarm.name
            event.SourceNode, event.SourceName = source, alarm.owner
            event.EnabledState = ua.LocalizedText("Enabled")
            setattr(event, "EnabledState/Id", True)
            self._conditions[node] = _Condition(alarm, generator)
        self._server.link_method(self._server.get_node(ACKNOWLEDGE), self._acknowledge)

    async def tell(self, change: AlarmChange, at: datetime) -> None:
        """Send the event, and write the condition's object."""
        condition = self._conditions[change.node]
        condition.active = change.active
        if change.active:
            condition.acknowledged = False
            condition.text = _text(condition.alarm, change)
        await self._send(change.node, at)

    async def _acknowledge(
        self, parent: ua.NodeId, event_id: ua.Variant, comment: ua.Variant
    ) -> ua.StatusCode:
        """Note that a person has seen a condition; `parent` is its object."""
        node = str(parent.Identifier)
        condition = self._conditions.get(node)
        if condition is None:
            return _status(ua.StatusCodes.BadNodeIdInvalid)
        if event_id.Value not in condition.latest:
            return _status(ua.StatusCodes.BadEventIdUnknown)
        if condition.acknowledged:
            return _status(ua.StatusCodes.BadConditionBranchAlreadyAcked)
        condition.acknowledged = True
        condition.generator.event.Comment = comment.Value
        await self._send(node, datetime.now(UTC))
        return _status(ua.StatusCodes.Good)

    async def _send(self, node: str, at: datetime) -> None:
        """Send an event of what holds, from the machine and from the server; write the object."""
        condition = self._conditions[node]
        alarm, active, seen = condition.alarm, condition.active, condition.acknowledged
        event = condition.generator.event
        event.Severity = alarm.severity if active else NORMAL_SEVERITY
        event.Retain = active or not seen
        event.ActiveState = ua.LocalizedText("Active" if active else "Inactive")
        event.AckedState = ua.LocalizedText("Acknowledged" if seen else "Unacknowledged")
        setattr(event, "ActiveState/Id", active)
        setattr(event, "AckedState/Id", seen)
        event.Message = ua.LocalizedText(condition.text)
        condition.latest = []
        # The server comes last: a refresh sends what was sent last.
        for source in (self._nodes.id_of(alarm.owner), _SERVER):
            event.emitting_node = source
            await condition.generator.trigger(at)
            condition.latest.append(event.EventId.Value)
        parts = (
            ("Active", active, ua.VariantType.Boolean),
            ("Acknowledged", seen, ua.VariantType.Boolean),
            ("Message", condition.text if active else "", ua.VariantType.String),
        )
        for name, value, variant in parts:
            told = ua.DataValue(ua.Variant(value, variant), SourceTimestamp=stamp(at))
            part = self._nodes.id_of(f"{node}/{name}")
            await self._server.write_attribute_value(part, told)


_SERVER = ua.NodeId(ua.Int32(ua.ObjectIds.Server))


def _status(code: int) -> ua.StatusCode:
    return ua.StatusCode(ua.UInt32(code))


def _text(alarm: Alarm, change: AlarmChange) -> str:
    return f"{alarm.owner} {alarm.meaning}: {change.message}"
