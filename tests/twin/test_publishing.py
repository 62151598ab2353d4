"""The twin's own server: what it shows reaches a client, with times and doubts; read-only."""

from __future__ import annotations

import asyncio
import math
import shutil
import subprocess
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from asyncua import Client, ua
from cryptography.hazmat.primitives.serialization import Encoding
from plant_support import guard_of
from small_server import free_port

from linetwin.scenario import load
from linetwin.scenario.twin import AlertConfig
from linetwin.twin.assimilating.rows import Estimated, Finding, Innovations, Prediction
from linetwin.twin.board.alerts import Alerts
from linetwin.twin.board.signs import Sign
from linetwin.twin.board.tally import Score
from linetwin.twin.plant.server import Opening
from linetwin.twin.publishing.model import NAMESPACE, twin_model
from linetwin.twin.publishing.publisher import Publisher
from linetwin.twin.publishing.shown import Measured, Shown, SourceShown, StationShown
from linetwin.twin.publishing.telling import Teller
from linetwin.twin.security import users as users_module
from linetwin.twin.security.certificates import read_certificate
from linetwin.twin.security.connecting import Credentials, Terms, open_session, prepared_client
from linetwin.twin.security.folders import SecurityFolder
from linetwin.twin.security.identity import Wish, create_identity
from linetwin.twin.security.policies import SECURE
from linetwin.twin.security.roles import Role
from linetwin.twin.security.trust import Trust
from linetwin.twin.sensing import Sensed

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from linetwin.scenario.resolved import Scenario

LIVE_TWIN = Path(__file__).resolve().parents[2] / "scenarios" / "live_twin.yaml"
ORIGIN = datetime(2026, 11, 16, tzinfo=UTC)
HOUR = 3_600_000
PASSWORD = "correct horse battery"  # noqa: S105  of a test
PATIENCE_S = 60.0
POROSITY = Prediction(
    "p1", 9 * HOUR, "cathode.calender", "roll-7", "porosity", "1", 0.30, 0.29, 0.31, math.nan
)
SOLVENT = replace(
    POROSITY,
    id="p2",
    station="cathode.coater",
    quantity="solvent_loading",
    unit="kg/m2",
    open_loop=0.3,
    place=2,
    kind="drying",
)
ROLLS = Estimated("cathode_rolls", "factor", "a", "1", 0.95, 0.93, 0.97, 0.1, 0.02)
THICKNESS = Measured(
    "cathode.calender", "coating_thickness", 0, "cathode_thickness", "roll-6", 6.15e-5, 8 * HOUR
)
INNOVATIONS = Innovations(
    20,
    0.1,
    0.9,
    -0.05,
    9.5,
    12,
    0.3,
    "cathode_thickness",
    "cathode.calender.thickness",
    9 * HOUR,
    20,
)
SCORE = Score(
    "cathode.calender", "coating_thickness", 0, "lot", "m", "cathode_thickness", "30 d", 5, 40, 38,
    0.95, 0.83, 0.99, 1e-7, 4e-7, 4.0, 1e-7, math.nan, math.nan,
)  # fmt: skip


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    """The shipped twin of the pilot line."""
    return load(LIVE_TWIN)


def shown(**changes: object) -> Shown:
    """Return a twin in step at 10 h."""
    alerts = Alerts(AlertConfig())
    alerts.look([Sign("drift rolls", "drift", "rolls drift", "look at them", 0)], 0, 0)
    return replace(
        Shown(
            10 * HOUR,
            "in step",
            10 * HOUR - 2000,
            {"cathode.calender": StationShown("Execute", "Suspended", 1)},
            {"plc": SourceShown("live", 0.2)},
            [POROSITY, SOLVENT],
            [ROLLS],
            [Finding("drift", ("cathode_rolls",), 0, "too little", "check the rolls")],
            alerts.shown(),
            [SCORE],
            12.0,
            age_s=2.0,
            reason="clock",
            unconfirmed="nobody",
            measured=[THICKNESS],
            innovations=[INNOVATIONS],
        ),
        **changes,  # type: ignore[arg-type]
    )


@pytest.fixture(scope="module")
def served(
    scenario: Scenario, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Publisher, str]]:
    """A twin's server that anybody may read, with a user who may do all elsewhere."""
    guard = guard_of(tmp_path_factory.mktemp("twin"), anonymous=True, insecure=True)
    endpoint = f"opc.tcp://127.0.0.1:{free_port()}/twin"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(users_module, "_P", 1)
        guard.users.add("erna", Role.ENGINEER, PASSWORD)
        publisher = Publisher(scenario, ["plc"], Opening(endpoint, guard, 0.02))
        publisher.start()
        try:
            yield publisher, endpoint
        finally:
            publisher.stop()


def talk(
    endpoint: str,
    work: Callable[[Client], Awaitable[Any]],
    terms: Terms | None = None,
) -> Any:  # noqa: ANN401  what the work returns
    """Connect, do some work and disconnect; without terms as nobody."""

    async def whole() -> Any:  # noqa: ANN401  as above
        async with asyncio.timeout(PATIENCE_S):
            client = Client(endpoint) if terms is None else await prepared_client(endpoint, terms)
            await open_session(client)
            try:
                return await work(client)
            finally:
                await client.disconnect()

    return asyncio.run(whole())


def values(publisher: Publisher, endpoint: str, *names: str) -> list[ua.DataValue]:
    """Return values as a client reads them, once all that was handed over has been written."""

    async def read(client: Client) -> list[ua.DataValue]:
        index = await client.get_namespace_index(NAMESPACE)
        nodes = [ua.NodeId(name, index) for name in names]  # type: ignore[arg-type]
        found: list[ua.DataValue] = await client.uaclient.read_attributes(
            nodes, ua.AttributeIds.Value
        )
        return found

    before = publisher.counts.values
    time.sleep(0.1)
    while publisher.counts.values != before:
        before = publisher.counts.values
        time.sleep(0.1)
    found: list[ua.DataValue] = talk(endpoint, read)
    return found


def test_what_the_twin_shows_reaches_a_client(served: tuple[Publisher, str]) -> None:
    """Values, times at which they were made, and no number where there is none."""
    publisher, endpoint = served
    publisher.publish(shown(), ORIGIN)
    names = [
        "cathode.calender/Predictions/porosity_low",
        "cathode.calender/Predictions/porosity_lot",
        "cathode.calender/Predictions/porosity_open_loop",
        "cathode.coater/Predictions/solvent_loading_after_2_median",
        "cathode.calender/Estimates/cathode_rolls_high",
        "cathode.calender/Status/lots_behind",
        "cathode.calender/Scores/coating_thickness_by_cathode_thickness_ratio",
        "line/Twin/state",
        "line/Twin/data_age",
        "line/Feed/plc_age",
        "anode.calender/Predictions/porosity_low",
        "cathode.calender/Predictions/coating_thickness_by_cathode_thickness_measured",
        "cathode.calender/Predictions/coating_thickness_by_cathode_thickness_lot",
        "line/Twin/reason",
        "line/Twin/unconfirmed",
        "line/Twin/line_time",
        "cathode.calender/Scores/cathode_thickness_innovation_chi_squared",
        "cathode.calender/Scores/cathode_thickness_innovation_limit",
    ]
    found = dict(zip(names, values(publisher, endpoint, *names), strict=True))
    told = [None if each.Value is None else each.Value.Value for each in found.values()]
    expected = [29.0, "roll-7", None, 300.0, -3.0, 1, 4.0, "in step", 2.0, 0.2, None]
    expected += [61.5, "roll-6", "clock", "nobody", 10.0, 9.5, 26.216967306]
    assert [round(each, 9) if isinstance(each, float) else each for each in told] == expected
    status = [each.StatusCode.name for each in found.values()]  # type: ignore[union-attr]
    assert status[2] == "BadNoData"
    assert status[10] == "BadWaitingForInitialData"
    assert {*status[:2], *status[3:10], *status[11:]} == {"Good"}
    assert found[names[0]].SourceTimestamp == ORIGIN + timedelta(hours=9)
    assert found[names[7]].SourceTimestamp == ORIGIN + timedelta(hours=10)


def test_open_loop_is_doubtful_and_ends(served: tuple[Publisher, str]) -> None:
    """The value stays with an uncertain status, for old news as well; it is good again later."""
    publisher, endpoint = served
    names = [
        "cathode.calender/Predictions/porosity_low",
        "cathode.calender/Estimates/cathode_rolls_median",
        "line/Twin/state",
    ]
    uncertain = "UncertainSubNormal"
    for state, old, status in (
        ("open loop", False, uncertain),
        ("in step", False, "Good"),
        ("out of step", True, uncertain),
        ("in step", False, "Good"),
    ):
        publisher.publish(shown(state=state, is_old=old), ORIGIN)
        low, rolls, said = values(publisher, endpoint, *names)
        assert low.Value.Value == pytest.approx(29.0)  # type: ignore[union-attr]
        assert said.Value.Value == state  # type: ignore[union-attr]
        assert {low.StatusCode.name, rolls.StatusCode.name} == {status}  # type: ignore[union-attr]


def test_of_a_refused_instrument_no_number_is_told(served: tuple[Publisher, str]) -> None:
    """Neither bias nor innovations, but their count; in open loop too, until it is right again."""
    publisher, endpoint = served
    gauge = Estimated("cathode_thickness", "bias", "a", "m", 1e-6, -1e-6, 3e-6, 2e-6, 1e-6)
    start, scores = "cathode.calender/Estimates", "cathode.calender/Scores"
    names = [f"{start}/cathode_thickness_{bound}" for bound in ("median", "low", "high")]
    names.append(f"{scores}/cathode_thickness_innovation_mean")
    others = [f"{scores}/cathode_thickness_innovation_count", f"{start}/cathode_rolls_median"]
    for why, is_old, status in (
        ("1,000 times too little", False, "BadConfigurationError"),
        ("1,000 times too little", True, "BadConfigurationError"),
        ("", False, "Good"),
    ):
        said = shown(
            estimates=[ROLLS, replace(gauge, refused=why)],
            innovations=[replace(INNOVATIONS, refused=why)],
            is_old=is_old,
        )
        publisher.publish(said, ORIGIN)
        found = values(publisher, endpoint, *names, *others)
        assert {each.StatusCode.name for each in found[:4]} == {status}  # type: ignore[union-attr]
        numbers = [each.Value is not None and each.Value.Value is not None for each in found]
        assert numbers == [not why] * 4 + [True] * 2


def test_units_types_and_an_active_condition_are_there(served: tuple[Publisher, str]) -> None:
    """A prediction has its unit; the condition of a drift is active while its alert is."""
    publisher, endpoint = served
    publisher.publish(shown(), ORIGIN)
    alarm = "line/Alarms/drift"
    active, message = values(publisher, endpoint, f"{alarm}/Active", f"{alarm}/Message")
    assert active.Value.Value is True  # type: ignore[union-attr]
    assert "look at them" in message.Value.Value  # type: ignore[union-attr]
    publisher.publish(shown(alerts=[]), ORIGIN)
    (active,) = values(publisher, endpoint, f"{alarm}/Active")
    assert active.Value.Value is False  # type: ignore[union-attr]

    async def look(client: Client) -> Any:  # noqa: ANN401  unit and name of the type
        index = await client.get_namespace_index(NAMESPACE)
        path = [f"{index}:{each}" for each in ("line", "cathode.coater", "Predictions")]
        node = await client.nodes.objects.get_child([*path, f"{index}:solvent_loading_after_2_low"])
        unit = await (await node.get_child("0:EngineeringUnits")).read_value()
        station = await client.nodes.objects.get_child(path[:2])
        kind = await station.read_type_definition()
        assert kind is not None
        return unit.UnitId, (await client.get_node(kind).read_display_name()).Text

    assert talk(endpoint, look) == (int.from_bytes(b"GM", "big"), "TwinStationType")


def test_nobody_may_write_or_command(served: tuple[Publisher, str], tmp_path: Path) -> None:
    """Not even an engineer over a protected channel: neither a value nor an acknowledgement."""
    publisher, endpoint = served
    guard = publisher.guard
    folder = SecurityFolder(tmp_path)
    identity, trust = create_identity(folder, Wish("scada")), Trust(folder)
    trust.add(read_certificate(guard.identity.certificate_file))
    guard.trust.add(read_certificate(identity.certificate_file))

    async def attempt(client: Client) -> list[str]:
        index = await client.get_namespace_index(NAMESPACE)
        node = client.get_node(f"ns={index};s=cathode.calender/Predictions/porosity_low")
        condition = client.get_node(f"ns={index};s=line/Alarms/drift")
        method = ua.NodeId(ua.ObjectIds.AcknowledgeableConditionType_Acknowledge)  # type: ignore[arg-type]
        said = []
        for asked in (
            node.write_value(1.0),
            condition.call_method(method, b"x", ua.LocalizedText("x")),
        ):
            try:
                await asked
            except ua.UaStatusCodeError as error:
                said.append(type(error).__name__)
        return said

    terms = Terms(identity, trust, SECURE[0], Credentials("erna", PASSWORD))
    assert talk(endpoint, attempt, terms) == ["BadUserAccessDenied"] * 2
    assert "for reading only" in str(guard.refusals[-1].error)


def test_every_change_has_a_tag_and_the_model_is_the_scenarios(scenario: Scenario) -> None:
    """Zones of the dryer, grades and instruments come from the scenario; names are unique."""
    model = twin_model(scenario, ["plc", "lab"])
    nodes = [tag.node for tag in model.tags()]
    assert len(nodes) == len(set(nodes))
    read = {"%", "mg/cm2", "g/m2", "g/(m2.s)", "um", "m", "h", "s", "1"}
    assert {tag.unit for tag in model.tags() if tag.is_analog} <= read
    zones = [node for node in nodes if "solvent_loading_after_" in node and "cathode" in node]
    assert len(zones) == 3 * 6
    assert "cell.grading/Predictions/grade_a_share_median" in nodes
    assert "cathode.coater/Scores/loading_by_cathode_scale_ratio" in nodes
    assert "line/Feed/lab_state" in nodes
    assert scenario.twin is not None
    teller = Teller(model, scenario.twin)
    wetted = [
        Sensed("cell.soak", name, "wetting_saturation", "1", 0.5, 0.4, 0.6, 0.0, 0.0)
        for name in ("tray-1", "tray-2")
    ]
    changes = teller.changes(shown(sensed=wetted))
    said = {each.node: each.value for each in changes}
    assert said["cell.soak/Predictions/wetting_saturation_now_lot"] == "tray-1"
    assert {"cathode.calender/Estimates/cathode_rolls_median"} <= {each.node for each in changes}
    assert len(teller.alarms(shown())) == 1
    assert teller.alarms(shown()) == []


@pytest.mark.slow
def test_node_opcua_reads_the_twin(served: tuple[Publisher, str], tmp_path: Path) -> None:
    """Another vendor's client sees values with their status and source times."""
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm is None or node is None:
        pytest.skip("node and npm are not installed")
    package = "node-opcua-client@2.182"
    done = subprocess.run(
        [npm, "install", "--no-audit", "--no-fund", "--prefix", str(tmp_path), package],
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    if done.returncode:
        pytest.skip(f"{package} cannot be installed: {done.stderr[-200:]}")
    publisher, endpoint = served
    publisher.publish(shown(state="open loop"), ORIGIN)
    values(publisher, endpoint, "line/Twin/state")
    identity = create_identity(SecurityFolder(tmp_path / "scada"), Wish("scada"))
    publisher.guard.trust.add(read_certificate(identity.certificate_file))
    certificate = tmp_path / "certificate.pem"
    certificate.write_bytes(identity.certificate.parsed.public_bytes(Encoding.PEM))
    own = [str(certificate), str(identity.key_file), identity.application_uri]
    asked = subprocess.run(
        [node, "-e", _NODE, endpoint, str(tmp_path), NAMESPACE, *own],
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert asked.returncode == 0, asked.stderr
    made = ORIGIN + timedelta(hours=10)
    assert asked.stdout.split() == ["29", "UncertainSubNormal", str(int(made.timestamp() * 1000))]


_NODE = """
const path = require("path");
const [endpoint, folder, uri, certificateFile, privateKeyFile, applicationUri] =
  process.argv.slice(1);
const modules = path.join(folder, "node_modules");
const opcua = require(path.join(modules, "node-opcua-client"));
const { OPCUACertificateManager } = require(path.join(modules, "node-opcua-certificate-manager"));
(async () => {
  const client = opcua.OPCUAClient.create({
    applicationName: "scada", applicationUri, certificateFile, privateKeyFile,
    clientCertificateManager: new OPCUACertificateManager({
      rootFolder: path.join(folder, "pki"), automaticallyAcceptUnknownCertificate: true,
    }),
    securityMode: opcua.MessageSecurityMode.SignAndEncrypt,
    securityPolicy: opcua.SecurityPolicy.Basic256Sha256,
    endpointMustExist: false, connectionStrategy: { maxRetry: 0 },
  });
  await client.connect(endpoint);
  const session = await client.createSession();
  const index = (await session.readNamespaceArray()).indexOf(uri);
  const found = await session.read({
    nodeId: `ns=${index};s=cathode.calender/Predictions/porosity_low`,
    attributeId: opcua.AttributeIds.Value,
  });
  console.log(found.value.value, found.statusCode.name, found.sourceTimestamp.getTime());
  await session.close();
  await client.disconnect();
  process.exit(0);
})().catch((error) => { console.error(error); process.exit(1); });
"""
