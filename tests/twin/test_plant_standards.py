"""With the nodesets at hand, PackML, DI and Machinery describe the plant; addresses stay."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from asyncua import Client, ua
from plant_support import HOUR, Running, guard_of, scenario_of

from linetwin.errors import ScenarioError
from linetwin.quantities.packml import STATES
from linetwin.twin.plant.model import NAMESPACE
from linetwin.twin.plant.standards import DI, FILES, MACHINERY, PACKML, check_nodesets

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "opcua_nodesets"
PATIENCE_S = 60.0
NEVER_SHOWN = {"Clearing", "Stopping", "Aborting"}

shared = pytest.mark.skipif(
    not FOLDER.is_dir(), reason="no folder with nodesets beside the checkout"
)


def test_a_folder_without_nodesets_is_told(tmp_path: Path) -> None:
    """Every file that is missing is named."""
    with pytest.raises(ScenarioError, match="--nodesets") as told:
        check_nodesets(tmp_path)
    assert all(name in str(told.value) for name in FILES)


@pytest.fixture(scope="module")
def plant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The pilot line held at 12 h, with the standard types."""
    scenario = scenario_of(order_cells=None, duration_ticks=24 * HOUR, recording_ticks=HOUR)
    guard = guard_of(tmp_path_factory.mktemp("plant"), anonymous=True, insecure=True)
    running = Running(scenario, guard, 12 * HOUR, nodesets=FOLDER).begin()
    try:
        yield running
    finally:
        running.end()


def talk(plant: Running, work: Callable[[Client], Awaitable[Any]]) -> Any:  # noqa: ANN401
    """Connect, do some work and disconnect."""

    async def whole() -> Any:  # noqa: ANN401  what the work returns
        async with asyncio.timeout(PATIENCE_S), Client(plant.endpoint) as client:
            return await work(client)

    return asyncio.run(whole())


@shared
@pytest.mark.slow
def test_packml_follows_the_status_of_each_station(plant: Running) -> None:
    """The three nested states are those that PackML has for the state; waits are flags."""

    async def look(client: Client) -> dict[str, list[Any]]:
        ours = await client.get_namespace_index(NAMESPACE)
        packml = await client.get_namespace_index(PACKML)
        found = {}
        for path in plant.scenario.stations:
            machine = client.get_node(ua.NodeId(f"{path}/PackML", ours))  # type: ignore[arg-type]
            assert await machine.read_type_definition() == ua.NodeId(6, packml)  # type: ignore[arg-type]
            base = await machine.get_child([f"{packml}:BaseStateMachine"])
            levels = [base, await base.get_child([f"{packml}:MachineState"])]
            levels.append(await levels[1].get_child([f"{packml}:ExecuteState"]))
            states = []
            for each in levels:
                state = await each.get_child(["0:CurrentState"])
                states.append((await state.read_value()).Text)
            status = await machine.get_child([f"{packml}:Status"])
            starved = await status.get_child([f"{packml}:EquipmentStarved"])
            mode = await status.get_child([f"{packml}:UnitModeCurrent"])
            text = client.get_node(ua.NodeId(f"{path}/Status/StateText", ours))  # type: ignore[arg-type]
            reason = client.get_node(ua.NodeId(f"{path}/Status/StopReason", ours))  # type: ignore[arg-type]
            found[path] = [
                *states, await starved.read_value(), await mode.read_value(),
                await text.read_value(), await reason.read_value(),
            ]  # fmt: skip
        return found

    found = talk(plant, look)
    assert len(found) == len(plant.scenario.stations)
    for base, machine, execute, starved, mode, text, reason in found.values():
        assert starved == (reason == "starved")
        assert mode in {1, 2}
        if text == "Aborted":
            assert (base, machine or "", execute or "") == ("Aborted", "", "")
        elif text == "Stopped":
            assert (base, machine, execute or "") == ("Cleared", "Stopped", "")
        else:
            assert text in STATES.keys() - NEVER_SHOWN
            assert (base, machine, execute) == ("Cleared", "Running", text)
    assert {each[5] for each in found.values()} >= {"Execute", "Suspended"}


@shared
@pytest.mark.slow
def test_identification_is_machinerys_and_addresses_stay(plant: Running) -> None:
    """Machines stand under Machinery's Machines, with DI's names; every tag is where it was."""

    async def look(client: Client) -> tuple[Any, ...]:
        ours, di, machinery = [
            await client.get_namespace_index(uri) for uri in (NAMESPACE, DI, MACHINERY)
        ]
        machines = client.get_node(ua.NodeId(1001, machinery))  # type: ignore[arg-type]
        names = {(await each.read_browse_name()).Name for each in await machines.get_children()}
        path = [f"{ours}:line", f"{ours}:cathode.coater", f"{ours}:Identification"]
        identification = await client.nodes.objects.get_child(path)
        serial = await identification.get_child([f"{di}:SerialNumber"])
        nodes = [
            ua.NodeId(tag.node, ours)  # type: ignore[arg-type]
            for tag in plant.model.tags()
        ]
        values = await client.uaclient.read_attributes(nodes, ua.AttributeIds.Value)
        statuses = {each.StatusCode.name for each in values}
        kind = await identification.read_type_definition()
        expected = ua.NodeId(1012, machinery)  # type: ignore[arg-type]
        return names, kind == expected, await serial.read_value(), statuses

    names, is_machinerys, serial, statuses = talk(plant, look)
    assert {"line", *plant.scenario.stations} <= names
    assert is_machinerys
    assert serial == "baseline-cathode.coater"
    assert "BadNodeIdUnknown" not in statuses
