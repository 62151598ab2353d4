"""The types of DI, Machinery and PackML, where a folder with their nodesets is at hand.

All tags keep their addresses. What comes beside them: `PackML` of each station is a
`PackMLBaseObjectType` that follows its status; identifications are of `MachineIdentificationType`,
with browse names of DI; machines are listed under `Machines` of Machinery. Methods of PackML are
there because the type wants them, and refuse: set values change by requests only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from asyncua import ua

from linetwin.errors import Problem, ScenarioError
from linetwin.twin.plant.model import LINE
from linetwin.twin.plant.nodes import stamp

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from asyncua import Server

    from linetwin.twin.plant.changes import Change
    from linetwin.twin.plant.model import InformationModel
    from linetwin.twin.plant.nodes import Nodes

FILES = tuple(f"Opc.Ua.{name}.NodeSet2.xml" for name in ("Di", "IA", "Machinery", "PackML"))
"""In the order in which one needs the other."""
DI, MACHINERY, PACKML = (
    f"http://opcfoundation.org/UA/{name}/" for name in ("DI", "Machinery", "PackML")
)
BASE_OBJECT_TYPE, EXECUTE_MACHINE, STOPPING_MACHINE, BASE_MACHINE = 6, 1, 2, 3
IDENTIFICATION_TYPE, MACHINES = 1012, 1001
OF_DI = ("Manufacturer", "Model", "SerialNumber", "ProductInstanceUri", "ComponentName")
STARVED, BLOCKED = "starved", "blocked"
Told = tuple[str, ua.Variant]


def check_nodesets(folder: Path) -> None:
    """Raise ScenarioError where a file is missing."""
    missing = [name for name in FILES if not (folder / name).is_file()]
    if missing:
        message = f"{folder} has no {', '.join(missing)}"
        hint = "nodeset files of the OPC Foundation, as published"
        raise ScenarioError([Problem(message, "--nodesets", hint)])


class Standards:
    """Brings the standard types into a server, and lets PackML's objects follow the tags."""

    def __init__(self, server: Server, nodes: Nodes, model: InformationModel) -> None:
        self._server, self._nodes, self._model = server, nodes, model
        self._states: dict[int, dict[str, ua.NodeId]] = {}
        self._index: dict[str, int] = {}

    async def build(self, folder: Path) -> None:
        """Read the nodesets, and give the objects of the model their types."""
        for name in FILES:
            await self._server.import_xml(str(folder / name))
        for uri in (DI, MACHINERY, PACKML):
            self._index[uri] = await self._server.get_namespace_index(uri)
        for kind in (EXECUTE_MACHINE, STOPPING_MACHINE, BASE_MACHINE):
            found = await self._server.get_node(self._of(PACKML, kind)).get_children()
            self._states[kind] = {
                (await each.read_browse_name()).Name: each.nodeid for each in found
            }
        for path, machine in self._model.machines.items():
            await self._identify(path)
            if machine.kind != LINE and machine.setpoints + machine.alarms:
                await self._add_packml(path)

    async def follow(self, change: Change, at: datetime) -> None:
        """Write what a change of a tag means in PackML."""
        owner, _, rest = change.node.partition("/")
        if change.fault or owner not in self._model.machines:
            return
        for part, value in self._meant(rest, change.value):
            node = self._nodes.id_of(f"{owner}/PackML.{part}")
            if node in self._server.iserver.aspace:
                told = ua.DataValue(value, SourceTimestamp=stamp(at))
                await self._server.write_attribute_value(node, told)

    def _meant(self, tag: str, value: Any) -> list[Told]:  # noqa: ANN401  value of a tag
        """Return what a tag's value means: variables below the PackML object and their values."""
        match tag:
            case "Status/StateText":
                return self._state(str(value))
            case "Status/StopReason":
                boolean = ua.VariantType.Boolean
                return [
                    ("Status.EquipmentStarved", ua.Variant(value == STARVED, boolean)),
                    ("Status.EquipmentBlocked", ua.Variant(value == BLOCKED, boolean)),
                ]
            case "Status/UnitMode":
                return [("Status.UnitModeCurrent", ua.Variant(value, ua.VariantType.Int32))]
            case "Measurements/web_speed" | "Setpoints/web_speed":
                name = "CurMachSpeed" if tag.startswith("M") else "MachSpeed"
                return [(f"Status.{name}", ua.Variant(value, ua.VariantType.Float))]
            case _:
                return []

    def _state(self, state: str) -> list[Told]:
        """Return the present state of each of the three nested state machines."""
        machine = "" if state in self._states[BASE_MACHINE] else state
        base = state if not machine else "Cleared"
        running = bool(machine) and machine not in self._states[STOPPING_MACHINE]
        levels = (
            ("BaseStateMachine", BASE_MACHINE, base),
            ("BaseStateMachine.MachineState", STOPPING_MACHINE, "Running" if running else machine),
            (
                "BaseStateMachine.MachineState.ExecuteState",
                EXECUTE_MACHINE,
                machine if running else "",
            ),
        )
        told: list[Told] = []
        for place, kind, name in levels:
            text = ua.Variant(ua.LocalizedText(name), ua.VariantType.LocalizedText)
            known = self._states[kind].get(name, ua.NodeId())
            told.append((f"{place}.CurrentState", text))
            told.append((f"{place}.CurrentState.Id", ua.Variant(known, ua.VariantType.NodeId)))
        return told

    def _of(self, uri: str, number: int) -> ua.NodeId:
        return ua.NodeId(ua.Int32(number), ua.Int16(self._index[uri]))

    async def _identify(self, path: str) -> None:
        """Give an identification its type, and its properties the names of DI."""
        folder = self._server.get_node(self._nodes.id_of(f"{path}/Identification"))
        has_type = ua.NodeId(ua.Int32(ua.ObjectIds.HasTypeDefinition))
        await folder.delete_reference(ua.ObjectIds.FolderType, has_type)
        await folder.add_reference(self._of(MACHINERY, IDENTIFICATION_TYPE), has_type)
        for name in OF_DI:
            node = self._nodes.id_of(f"{path}/Identification/{name}")
            qualified = ua.QualifiedName(name, ua.UInt16(self._index[DI]))
            told = ua.DataValue(ua.Variant(qualified, ua.VariantType.QualifiedName))
            await self._server.write_attribute_value(node, told, ua.AttributeIds.BrowseName)
        machines = self._server.get_node(self._of(MACHINERY, MACHINES))
        await machines.add_reference(self._nodes.id_of(path), ua.ObjectIds.Organizes)

    async def _add_packml(self, path: str) -> None:
        machine = self._server.get_node(self._nodes.id_of(path))
        name = ua.QualifiedName("PackML", ua.UInt16(self._nodes.index))
        kind = self._of(PACKML, BASE_OBJECT_TYPE)
        node = self._nodes.id_of(f"{path}/PackML")
        await machine.add_object(node, name, objecttype=kind, instantiate_optional=False)
