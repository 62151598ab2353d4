"""A client that is let in sees what the line's own tables say; writes go through requests only."""

from __future__ import annotations

import asyncio
import math
import socket
import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from asyncua import Client, ua
from plant_support import HOUR, Running, guard_of, scenario_of, with_plant

from linetwin.errors import OpcUaError, RefusedError
from linetwin.scenario.hiding import Hiding
from linetwin.twin.plant.making import HIDDEN_SIGNALS
from linetwin.twin.plant.model import NAMESPACE, InformationModel
from linetwin.twin.plant.nodes import UNECE_URI
from linetwin.twin.plant.outbox import Outbox
from linetwin.twin.plant.server import Opening, PlantServer
from linetwin.twin.security import users as users_module
from linetwin.twin.security.certificates import first_of, read_certificate
from linetwin.twin.security.connecting import Credentials, Terms, open_session, prepared_client
from linetwin.twin.security.folders import SecurityFolder
from linetwin.twin.security.identity import Wish, create_identity
from linetwin.twin.security.policies import SECURE
from linetwin.twin.security.roles import Role
from linetwin.twin.security.trust import Trust

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from pathlib import Path

HELD_AT = 20 * HOUR
PASSWORD = "correct horse battery"  # noqa: S105  of a test
PATIENCE_S = 60.0
FAILURE = 800
SKEW_S = 3600


@pytest.fixture(scope="module")
def plant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The pilot line held at 20 h; the mixer's clock is an hour ahead; users of two roles."""
    wrong = Hiding("cathode.mixer/Energy/*", "clock", offset_ticks=SKEW_S * 1000)
    frail = "cathode.coater.breakdown.time_between_failures=1 h"
    scenario = scenario_of(frail, order_cells=None, duration_ticks=48 * HOUR)
    scenario = with_plant(scenario, hides=(wrong,))
    guard = guard_of(tmp_path_factory.mktemp("plant"), anonymous=True, insecure=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(users_module, "_P", 1)
        guard.users.add("olga", Role.OBSERVER, PASSWORD)
        guard.users.add("otto", Role.OPERATOR, PASSWORD)
        running = Running(scenario, guard, HELD_AT, opens=6 * HOUR).begin()
        try:
            yield running
        finally:
            running.end()
        with socket.socket() as again:  # its port is free once more
            again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            again.bind(("127.0.0.1", running.port))


@pytest.fixture(scope="module")
def terms(plant: Running, tmp_path_factory: pytest.TempPathFactory) -> Terms:
    """A client and the plant that trust each other."""
    folder = SecurityFolder(tmp_path_factory.mktemp("twin"))
    identity = create_identity(folder, Wish("twin"))
    trust = Trust(folder)
    trust.add(read_certificate(plant.guard.identity.certificate_file))
    plant.guard.trust.add(read_certificate(identity.certificate_file))
    return Terms(identity, trust)


def as_user(terms: Terms, name: str, policy: str = SECURE[0]) -> Terms:
    """Return the terms on which a user connects."""
    return Terms(terms.identity, terms.trust, policy, Credentials(name, PASSWORD))


def talk(plant: Running, terms: Terms | None, work: Callable[[Client], Awaitable[Any]]) -> Any:  # noqa: ANN401
    """Connect, do some work and disconnect; without terms as nobody, without protection."""

    async def whole() -> Any:  # noqa: ANN401  what the work returns
        client = Client(plant.endpoint) if terms is None else None
        if client is None and terms is not None:
            client = await prepared_client(plant.endpoint, terms)
        assert client is not None
        await open_session(client)
        try:
            return await work(client)
        finally:
            await client.disconnect()

    async def bounded() -> Any:  # noqa: ANN401  as above
        async with asyncio.timeout(PATIENCE_S):
            return await whole()

    return asyncio.run(bounded())


async def identifier(client: Client, node: str) -> ua.NodeId:
    """Return the identifier of a tag, by the URI of its namespace."""
    return ua.NodeId(node, await client.get_namespace_index(NAMESPACE))  # type: ignore[arg-type]


async def values(client: Client, nodes: list[str]) -> dict[str, ua.DataValue]:
    """Return the values of tags, with status and times."""
    found = {}
    for begin in range(0, len(nodes), 500):
        part = nodes[begin : begin + 500]
        asked = [client.get_node(await identifier(client, node)) for node in part]
        read = await client.uaclient.read_attributes(
            [each.nodeid for each in asked], ua.AttributeIds.Value
        )
        found.update(zip(part, read, strict=True))
    return found


def test_all_that_the_model_promises_is_there_with_the_values_of_the_truth(plant: Running) -> None:
    """Every analogue value equals the last row of the line's own table; every tag can be read."""
    nodes = [tag.node for tag in plant.model.tags()]
    shown = talk(plant, None, lambda client: values(client, nodes))
    assert all(each.StatusCode.name != "BadNodeIdUnknown" for each in shown.values())
    compared = 0
    last: dict[tuple[str, str], float] = {}
    for row in plant.rows.of("signals"):
        for name, value in row.items():
            if name not in {"tick", "station", "packml_state"} and not math.isnan(value):
                last[row["station"], name] = value
    for (station, name), value in last.items():
        for folder in ("Measurements", "Energy"):
            node = f"{station}/{folder}/{name}"
            if node in shown and not node.endswith("/loading"):
                assert shown[node].Value.Value == value, node
                compared += 1
        assert name not in HIDDEN_SIGNALS or f"{station}/Measurements/{name}" not in shown
    assert compared > 150
    states = {row["station"]: row for row in plant.rows.of("events") if row["event"] == "state"}
    for station in plant.scenario.stations:
        if station in states:
            assert shown[f"{station}/Status/StateText"].Value.Value == states[station]["state"]
            assert shown[f"{station}/Status/StopReason"].Value.Value == states[station]["cause"]


def test_times_are_the_plants_and_a_wrong_clock_is_ahead(plant: Running) -> None:
    """Source times are the opening plus line time; those of the mixer's meters an hour more."""
    nodes = ["line/Clock/begun", "cathode.coater/Energy/electric_energy"]
    nodes += ["cathode.mixer/Energy/electric_energy"]
    begun, right, wrong = talk(plant, None, lambda client: values(client, nodes)).values()
    assert right.SourceTimestamp - begun.Value.Value == timedelta(milliseconds=HELD_AT)
    assert wrong.SourceTimestamp - right.SourceTimestamp == timedelta(seconds=SKEW_S)
    rows = [row for row in plant.hidden if row["node"] == nodes[2]]
    assert all(row["told_tick"] - row["tick"] == SKEW_S * 1000 for row in rows)
    assert abs(begun.Value.Value + timedelta(hours=6) - datetime.now(UTC)) < timedelta(minutes=5)


def test_a_measurement_has_unit_and_ranges(plant: Running) -> None:
    """The loading is an analogue item in kg/m2 with UN/ECE code 28, found by its browse path."""

    async def look(client: Client) -> list[Any]:
        index = await client.get_namespace_index(NAMESPACE)
        path = [f"{index}:{name}" for name in ("line", "cathode.coater", "Measurements", "loading")]
        node = await client.nodes.objects.get_child(path)
        properties = {
            (await each.read_browse_name()).Name: await each.read_value()
            for each in await node.get_properties()
        }
        machine = await client.nodes.objects.get_child(path[:2])
        kind = client.get_node(await machine.read_type_definition())
        return [await node.read_type_definition(), properties, await kind.read_display_name()]

    kind, properties, machine = talk(plant, None, look)
    assert kind == ua.NodeId(ua.ObjectIds.AnalogUnitRangeType)  # type: ignore[arg-type]
    assert machine.Text == "BatteryMachineType"
    unit = properties["EngineeringUnits"]
    assert (unit.NamespaceUri, unit.DisplayName.Text) == (UNECE_URI, "kg/m2")
    assert unit.UnitId.to_bytes(2, "big") == b"28"
    assert (properties["EURange"].Low, properties["EURange"].High) == (0.0, 2.0)
    assert set(properties) == {"EngineeringUnits", "EURange", "InstrumentRange"}


@pytest.mark.parametrize("policy", SECURE)
def test_each_policy_lets_a_known_user_read(plant: Running, terms: Terms, policy: str) -> None:
    """Signed and encrypted with each policy, an observer reads."""
    node = "cathode.coater/Identification/SerialNumber"
    shown = talk(plant, as_user(terms, "olga", policy), lambda client: values(client, [node]))
    assert shown[node].Value.Value == "baseline-cathode.coater"


async def ask(client: Client, request: dict[str, Any]) -> None:
    """Write request tags in one go, the name last."""
    kinds = {"Value": ua.VariantType.Double, "Expiry": ua.VariantType.DateTime}
    nodes = [
        client.get_node(await identifier(client, f"cathode.coater/Commands/{name}"))
        for name in request
    ]
    written = [
        ua.DataValue(ua.Variant(value, kinds.get(name, ua.VariantType.String)))
        for name, value in request.items()
    ]
    await client.write_values(nodes, written)


def request(name: str, **changes: Any) -> dict[str, Any]:  # noqa: ANN401  values of tags
    """Return what a good request writes."""
    good = {"Setpoint": "web_speed", "Value": 0.03, "Requester": "desk"}
    expiry = datetime.now(UTC) + timedelta(minutes=10)
    return good | {"Expiry": expiry} | changes | {"RequestId": name}


async def answered(client: Client, name: str) -> dict[str, Any]:
    """Wait for the answer to a request and return it, with the set value."""
    nodes = [f"cathode.coater/Commands/{part}" for part in ("AnsweredId", "Accepted", "Reason")]
    nodes += ["cathode.coater/Setpoints/web_speed"]
    while True:
        found = {
            node.rpartition("/")[2]: each.Value.Value
            for node, each in (await values(client, nodes)).items()
        }
        if found["AnsweredId"] == name:
            return found
        await asyncio.sleep(0.01)


def test_an_operator_asks_and_is_answered_while_the_line_waits(
    plant: Running, terms: Terms
) -> None:
    """A request in range changes the set value; one out of range is refused and changes nothing."""

    async def work(client: Client) -> list[dict[str, Any]]:
        await ask(client, request("good"))
        first = await answered(client, "good")
        await ask(client, request("fast", Value=0.5))
        return [first, await answered(client, "fast")]

    good, fast = talk(plant, as_user(terms, "otto"), work)
    assert (good["Accepted"], good["Reason"], good["web_speed"]) == (True, "", 0.03)
    assert (fast["Accepted"], fast["web_speed"]) == (False, 0.03)
    assert "outside" in fast["Reason"]
    assert plant.world.parameters["cathode.coater.web_speed"] == 0.03
    assert [each.request.user for each in plant.answers] == ["otto", "otto"]


def test_nobody_writes_a_measurement_and_an_observer_writes_nothing(
    plant: Running, terms: Terms
) -> None:
    """Set values, measurements and, for an observer, request tags refuse a write."""

    async def write(client: Client, node: str) -> str:
        try:
            await client.get_node(await identifier(client, node)).write_value(1.0)
        except ua.UaStatusCodeError as error:
            return ua.StatusCode(error.code).name  # type: ignore[arg-type]
        return "Good"

    async def all_of(client: Client) -> list[str]:
        tags = ("Measurements/loading", "Setpoints/web_speed", "Commands/Value")
        return [await write(client, f"cathode.coater/{tag}") for tag in tags]

    denied = "BadUserAccessDenied"
    assert talk(plant, as_user(terms, "otto"), all_of) == [denied, denied, "Good"]
    assert talk(plant, as_user(terms, "olga"), all_of) == [denied, denied, denied]
    assert talk(plant, None, all_of) == [denied, denied, denied]


def test_an_unknown_client_is_refused(plant: Running, tmp_path: Path) -> None:
    """A certificate that the plant does not know is refused, and put aside for a person."""
    folder = SecurityFolder(tmp_path)
    identity = create_identity(folder, Wish("stranger"))
    trust = Trust(folder)
    trust.add(read_certificate(plant.guard.identity.certificate_file))
    stranger = Terms(identity, trust, credentials=Credentials("olga", PASSWORD))
    with pytest.raises((RefusedError, OpcUaError)):
        talk(plant, stranger, lambda client: values(client, ["line/Status/shift"]))
    aside = [read_certificate(file) for file in plant.guard.trust.folder.rejected.iterdir()]
    assert first_of(identity.certificate.der) in [each.der for each in aside]


def test_alarms_are_events_of_the_machine_and_of_the_server(plant: Running) -> None:
    """The line goes on: each alarm comes twice, with the time and the reason of the event log."""
    keeper = Keeper()
    until_tick = HELD_AT + 6 * HOUR

    def expected() -> list[dict[str, Any]]:
        return [
            row
            for row in plant.rows.of("events")
            if row["event"] == "failure" and row["tick"] > HELD_AT
        ]

    def raised() -> list[Any]:
        return [each for each in keeper.seen if each.Severity == FAILURE]

    async def listen(client: Client) -> datetime:
        subscription = await client.create_subscription(20, keeper)
        kind = ua.ObjectIds.OffNormalAlarmType
        index = await client.get_namespace_index(NAMESPACE)
        machines = [
            client.get_node(ua.NodeId(path, index))  # type: ignore[arg-type]
            for path, machine in plant.model.machines.items()
            if machine.alarms
        ]
        for source in (client.nodes.server, *machines):
            await subscription.subscribe_events(source, kind)
        plant.pace.until = until_tick
        # The line's thread knows no event of this loop.
        while plant.world.now < until_tick - HOUR or len(raised()) < 2 * len(expected()):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        begun = (await values(client, ["line/Clock/begun"]))["line/Clock/begun"]
        found: datetime = begun.Value.Value
        return found

    begun = talk(plant, None, listen)
    rows = expected()
    assert rows
    for row in rows:
        own = [each for each in raised() if each.SourceName == row["station"]]
        at = begun + timedelta(milliseconds=row["tick"])
        told = [each for each in own if abs(each.Time - at) < timedelta(milliseconds=1)]
        assert len(told) == 2
        assert all(row["cause"] in each.Message.Text for each in told)


class Keeper:
    """Keeps the events of a subscription."""

    def __init__(self) -> None:
        self.seen: list[Any] = []

    def event_notification(self, event: Any) -> None:  # noqa: ANN401  asyncua's event
        """Keep one."""
        self.seen.append(event)

    async def alarm(self, wanted: Callable[[Any], bool]) -> Any:  # noqa: ANN401  an event
        """Wait for an event and return it."""
        while not (found := [each for each in self.seen if wanted(each)]):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        return found[-1]


async def acknowledge(client: Client, node: ua.NodeId, event_id: bytes) -> str:
    """Acknowledge a condition; return the status that the plant answers."""
    asked = ua.CallMethodRequest(
        ObjectId=node,
        MethodId=ua.NodeId(ua.ObjectIds.AcknowledgeableConditionType_Acknowledge),  # type: ignore[arg-type]
        InputArguments=[
            ua.Variant(event_id, ua.VariantType.ByteString),
            ua.Variant(ua.LocalizedText("seen"), ua.VariantType.LocalizedText),
        ],
    )
    (result,) = await client.uaclient.call([asked])
    return str(result.StatusCode.name)


def is_acknowledged(event: Any) -> bool:  # noqa: ANN401  asyncua's event
    """Whether an event tells a condition that has been acknowledged."""
    return hasattr(event, "AckedState") and event.AckedState.Text == "Acknowledged"


def test_an_operator_acknowledges_what_a_refresh_tells(plant: Running, terms: Terms) -> None:
    """Who comes later asks for a refresh; an observer may, but only an operator acknowledges."""

    async def work(client: Client, *, may: bool) -> list[str]:
        keeper = Keeper()
        subscription = await client.create_subscription(20, keeper)
        kind = ua.ObjectIds.OffNormalAlarmType
        await subscription.subscribe_events(client.nodes.server, kind)
        types = client.get_node(ua.ObjectIds.ConditionType)
        number = ua.Variant(subscription.subscription_id, ua.VariantType.UInt32)
        await types.call_method("0:ConditionRefresh", number)
        alarm = await keeper.alarm(lambda each: getattr(each, "ConditionName", "") == "failure")
        node = await identifier(client, f"{alarm.SourceName}/Alarms/failure")
        answers = [await acknowledge(client, node, b"another"), "", ""]
        if may:
            answers[1] = await acknowledge(client, node, alarm.EventId)
            seen = await keeper.alarm(is_acknowledged)
            assert (seen.SourceName, seen.Comment.Text) == (alarm.SourceName, "seen")
            answers[2] = await acknowledge(client, node, seen.EventId)
        return answers

    plant.pace.until = max(plant.pace.until, HELD_AT + 6 * HOUR)
    denied = talk(plant, as_user(terms, "olga"), lambda client: work(client, may=False))
    assert denied[0] == "BadUserAccessDenied"
    told = talk(plant, as_user(terms, "otto"), lambda client: work(client, may=True))
    assert told == ["BadEventIdUnknown", "Good", "BadConditionBranchAlreadyAcked"]


def test_a_port_in_use_is_told_and_nothing_is_left(tmp_path: Path) -> None:
    """A plant that cannot open its port ends with an OpcUaError, and leaves no thread."""
    before = set(threading.enumerate())
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = int(taken.getsockname()[1])
        model = InformationModel("none", "a plant without machines", {})
        opening = Opening(f"opc.tcp://127.0.0.1:{port}/plant", guard_of(tmp_path))
        server = PlantServer(model, opening, Outbox(model))
        with pytest.raises(OpcUaError, match="cannot be served"):
            server.start()
    assert not {each for each in threading.enumerate() if each.is_alive()} - before
