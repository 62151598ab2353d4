"""Who gets into a guarded server over loopback, and the reason that each side is given."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

import pytest
from asyncua import ua
from asyncua.crypto import security_policies, uacrypto
from authority import CA, DAY, NOW, Sheet, installed, put, revocation_list

from linetwin.errors import OpcUaError, RefusedError, ScenarioError
from linetwin.twin.security import users as users_module
from linetwin.twin.security.connecting import Credentials, Terms, open_session, prepared_client
from linetwin.twin.security.folders import SecurityFolder
from linetwin.twin.security.policies import BROKEN, SECURE, policy_uri
from linetwin.twin.security.roles import Right, Role
from linetwin.twin.security.serving import Guard, guarded_server
from linetwin.twin.security.trust import Trust
from linetwin.twin.security.users import Users

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator
    from pathlib import Path

    from asyncua import Client, Server

    from linetwin.twin.security.certificates import Certificate

PASSWORD = "correct horse battery"  # noqa: S105  of a test
PATIENCE_S = 60.0
_Result = TypeVar("_Result")
PLANT = Sheet("plant", uri="urn:test:plant", hosts=("localhost",))
TWIN = Sheet("twin", uri="urn:test:twin")


@dataclass
class Plant:
    """A guarded server that runs in a thread of its own."""

    folder: SecurityFolder
    guard: Guard
    loop: asyncio.AbstractEventLoop
    port: int = 0
    speed: Any = None
    start: Any = None
    reset: Any = None

    def run(self, work: Coroutine[Any, Any, _Result]) -> _Result:
        """Run something in the server's thread and return what it returns."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(PATIENCE_S)

    def url(self, host: str = "localhost") -> str:
        """Return the endpoint."""
        return f"opc.tcp://{host}:{self.port}/plant"

    @property
    def last(self) -> RefusedError:
        """Return the newest refusal as the server's log has it."""
        return self.guard.refusals[-1].error


@pytest.fixture(scope="module")
def plant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plant]:
    """A server with users of all roles, a setpoint, a request tag and a method."""
    folder = SecurityFolder(tmp_path_factory.mktemp("plant"))
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(users_module, "_P", 1)
        guard = Guard(installed(folder, PLANT), Trust(folder), Users(folder.users))
        for name, role in (("ann", "observer"), ("otto", "operator"), ("eve", "engineer")):
            guard.users.add(name, Role(role), PASSWORD)
        put(folder, "trusted", TWIN.signed())
        made = Plant(folder, guard, loop)
        server = made.run(serve(made))
        try:
            yield made
        finally:
            made.run(server.stop())
            loop.call_soon_threadsafe(loop.stop)
            thread.join(PATIENCE_S)
            loop.close()


async def serve(plant: Plant) -> Server:
    """Start the server."""
    server = await guarded_server(plant.guard)
    server.set_endpoint("opc.tcp://127.0.0.1:0/plant")
    index = await server.register_namespace("urn:test")
    objects = server.nodes.objects
    plant.speed = await objects.add_variable(index, "speed", 1.0)
    plant.start = await objects.add_variable(index, "start", False)  # noqa: FBT003  its value
    for node in (plant.speed, plant.start):
        await node.set_writable()
    plant.reset = await objects.add_method(index, "reset", lambda _: [], [], [])
    plant.guard.rights[plant.start.nodeid] = Right.COMMAND
    await server.start()
    assert server.bserver is not None
    plant.port = server.bserver.port
    return server


@pytest.fixture
def terms(plant: Plant, tmp_path: Path) -> Terms:
    """The terms of a client that trusts the plant and is trusted."""
    folder = SecurityFolder(tmp_path / "twin")
    identity = installed(folder, TWIN)
    put(folder, "trusted", plant.guard.identity.certificate)
    put(plant.folder, "trusted", identity.certificate)
    return Terms(identity, Trust(folder), credentials=Credentials("ann", PASSWORD))


async def connected(plant: Plant, terms: Terms, host: str = "localhost") -> Client:
    """Return a client in a session."""
    client = await prepared_client(plant.url(host), terms, PATIENCE_S)
    await open_session(client, PATIENCE_S)
    return client


async def visit(plant: Plant, terms: Terms, host: str = "localhost") -> float:
    """Connect, read the setpoint, leave."""
    client = await connected(plant, terms, host)
    try:
        return float(await client.get_node(plant.speed.nodeid).read_value())
    finally:
        await client.disconnect()


def refused(plant: Plant, terms: Terms, host: str = "localhost") -> RefusedError:
    """Return why a client does not get in."""
    with pytest.raises(RefusedError) as caught:
        plant.run(visit(plant, terms, host))
    return caught.value


def other(terms: Terms, tmp_path: Path, sheet: Sheet) -> Terms:
    """Return the terms of a client with another certificate of its own."""
    folder = SecurityFolder(tmp_path / "other")
    return replace(terms, identity=installed(folder, sheet))


# ------------------------------------------------------------------------------ who gets in
@pytest.mark.parametrize("policy", SECURE)
def test_a_trusted_client_with_a_user_gets_in(plant: Plant, terms: Terms, policy: str) -> None:
    """Under each policy that is offered."""
    assert plant.run(visit(plant, replace(terms, policy=policy))) == 1.0


def test_only_what_signs_and_encrypts_is_offered(plant: Plant) -> None:
    """Three policies, each signed and encrypted; anonymous is no kind of user here."""
    endpoints = plant.speed.session.iserver.endpoints
    assert sorted(each.SecurityPolicyUri for each in endpoints) == sorted(map(policy_uri, SECURE))
    assert {each.SecurityMode for each in endpoints} == {ua.MessageSecurityMode.SignAndEncrypt}
    kinds = {token.TokenType for each in endpoints for token in each.UserIdentityTokens}
    assert kinds == {ua.UserTokenType.UserName, ua.UserTokenType.Certificate}


def test_a_user_may_be_a_certificate(plant: Plant, terms: Terms, tmp_path: Path) -> None:
    """Its owner proves to hold the key; a certificate of nobody is refused."""
    robot = installed(SecurityFolder(tmp_path / "robot"), Sheet("robot"))
    as_robot = replace(terms, credentials=Credentials(identity=robot))
    assert refused(plant, as_robot).reason == "wrong user or password"
    plant.guard.users.add("robot", Role.OBSERVER, robot.certificate)
    assert plant.run(visit(plant, as_robot)) == 1.0
    plant.guard.users.remove("robot")


# ------------------------------------------------------------- the server refuses the client
def test_an_unknown_client_is_refused(plant: Plant, terms: Terms, tmp_path: Path) -> None:
    """Its certificate is put aside for a person."""
    stranger = other(terms, tmp_path, Sheet("stranger", uri="urn:test:stranger"))
    error = refused(plant, stranger)
    assert error.status == "BadCertificateUntrusted"
    assert plant.last.reason == "unknown certificate"
    thumbprint = stranger.identity.certificate.thumbprint
    assert plant.guard.trust.find(thumbprint).place == "rejected"


def test_an_expired_client_is_refused(plant: Plant, terms: Terms, tmp_path: Path) -> None:
    """Though it is trusted."""
    late = other(terms, tmp_path, Sheet("late", ends=NOW - DAY / 2))
    put(plant.folder, "trusted", late.identity.certificate)
    assert refused(plant, late).reason == "expired certificate"
    assert plant.last.reason == "expired certificate"


def test_a_revoked_client_is_refused(plant: Plant, terms: Terms, tmp_path: Path) -> None:
    """It gets in until the list names it, without a restart of the server."""
    issued = other(terms, tmp_path, Sheet("issued", issuer="ca", uri="urn:test:issued"))
    put(plant.folder, "trusted", CA.signed())
    file = plant.folder.revoked / "ca.crl"
    file.write_bytes(revocation_list("ca", []))
    assert plant.run(visit(plant, issued)) == 1.0
    serial = issued.identity.certificate.parsed.serial_number
    file.write_bytes(revocation_list("ca", [serial]))
    assert refused(plant, issued).reason == "revoked certificate"
    assert plant.last.status == "BadCertificateRevoked"


def test_a_wrong_password_is_refused(plant: Plant, terms: Terms) -> None:
    """The log names the user, the wire tells no more than that access is denied."""
    error = refused(plant, replace(terms, credentials=Credentials("ann", "guess")))
    assert (error.reason, error.status) == ("wrong user or password", "BadUserAccessDenied")
    assert "'ann'" in str(plant.last)
    assert PASSWORD not in str(plant.last)
    assert "guess" not in str(plant.last)


def test_nobody_gets_in_without_a_name(plant: Plant, terms: Terms) -> None:
    """Anonymous is taken only where it was asked for."""
    assert refused(plant, replace(terms, credentials=Credentials())).reason == "no user"


# ------------------------------------------------------------- the client refuses the server
def test_an_unknown_server_is_refused_before_a_channel(
    plant: Plant, terms: Terms, tmp_path: Path
) -> None:
    """The client's log has its thumbprint; accepted, the next connection is made."""
    trust = Trust(SecurityFolder(tmp_path / "empty"))
    doubting = replace(terms, trust=trust)
    before = len(plant.guard.refusals)
    error = refused(plant, doubting)
    thumbprint = plant.guard.identity.certificate.thumbprint
    assert error.reason == "unknown certificate"
    assert thumbprint in str(error)
    assert len(plant.guard.refusals) == before  # it never asked for a session
    trust.accept(thumbprint)
    assert plant.run(visit(plant, doubting)) == 1.0


def test_a_wrong_host_name_is_refused(plant: Plant, terms: Terms) -> None:
    """The certificate is for localhost: by its number the server is another, unless named."""
    assert refused(plant, terms, "127.0.0.1").reason == "wrong host name"
    assert plant.run(visit(plant, replace(terms, host_override="localhost"), "127.0.0.1")) == 1.0


@pytest.mark.parametrize("policy", BROKEN)
def test_withdrawn_policies_are_refused_by_name(plant: Plant, terms: Terms, policy: str) -> None:
    """Before anything is sent, with the reason and what to use."""
    with pytest.raises(ScenarioError, match=f"{policy} is withdrawn.*use Basic256Sha256"):
        plant.run(visit(plant, replace(terms, policy=policy)))


def test_a_server_without_the_policy_is_refused(
    plant: Plant, terms: Terms, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client takes no other than the one it was told, and says what there is."""
    endpoints = plant.speed.session.iserver.endpoints
    left = [each for each in endpoints if each.SecurityPolicyUri.endswith("RsaPss")]
    monkeypatch.setattr(plant.speed.session.iserver, "endpoints", left)
    error = refused(plant, terms)
    assert error.reason == "wrong policy"
    assert "it offers Aes256_Sha256_RsaPss" in error.remedy


def test_a_password_is_not_sent_in_the_clear(plant: Plant, terms: Terms) -> None:
    """Without protection no user is told, before a connection is made."""
    assert refused(plant, replace(terms, policy="None")).reason == "password in the clear"


def test_a_server_that_is_not_there_is_a_failed_link(terms: Terms, plant: Plant) -> None:
    """It is no refusal: exit code 4, with the endpoint."""
    with pytest.raises(OpcUaError, match="does not answer") as caught:
        plant.run(prepared_client("opc.tcp://localhost:1/plant", terms, 5.0))
    assert not isinstance(caught.value, RefusedError)
    with pytest.raises(ScenarioError, match="no endpoint"):
        plant.run(prepared_client("http://localhost", terms))


# --------------------------------------------------------------------------- what roles may
async def written(plant: Plant, terms: Terms) -> list[str]:
    """Return what a user is told who writes a setpoint, a request tag, and calls a method."""
    client = await connected(plant, terms)
    told = []
    try:
        for work in (
            client.get_node(plant.speed.nodeid).write_value(1.0),
            client.get_node(plant.start.nodeid).write_value(True),  # noqa: FBT003  its value
            client.nodes.objects.call_method(plant.reset.nodeid),
        ):
            try:
                await work
            except ua.UaStatusCodeError as error:
                told.append(ua.StatusCode(ua.UInt32(error.code)).name)
            else:
                told.append("done")
    finally:
        await client.disconnect()
    return told


DENIED = "BadUserAccessDenied"


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("ann", [DENIED, DENIED, DENIED]),
        ("otto", [DENIED, "done", "done"]),
        ("eve", ["done", "done", "done"]),
    ],
)
def test_each_role_does_what_it_may(plant: Plant, terms: Terms, name: str, told: list[str]) -> None:
    """An observer that writes is refused, with its name and the node in the log."""
    plant.guard.refusals.clear()
    assert (
        plant.run(written(plant, replace(terms, credentials=Credentials(name, PASSWORD)))) == told
    )
    refusals = [entry.error for entry in plant.guard.refusals]
    assert [each.reason for each in refusals] == ["role"] * told.count(DENIED)
    assert all(name in str(each) and "ns=2" in str(each) for each in refusals)


def test_nobody_changes_the_address_space(plant: Plant, terms: Terms) -> None:
    """Not even an engineer adds or deletes a node, or writes another attribute than the value."""

    async def change() -> None:
        client = await connected(plant, replace(terms, credentials=Credentials("eve", PASSWORD)))
        try:
            node = client.get_node(plant.speed.nodeid)
            with pytest.raises(ua.uaerrors.BadUserAccessDenied):
                await client.delete_nodes([node])
            with pytest.raises(ua.uaerrors.BadUserAccessDenied):
                await client.nodes.objects.add_folder(2, "mine")
            with pytest.raises(ua.uaerrors.BadUserAccessDenied):
                await node.write_attribute(
                    ua.AttributeIds.DisplayName, ua.DataValue(ua.LocalizedText("mine"))
                )
        finally:
            await client.disconnect()

    plant.run(change())


def test_a_removed_user_may_write_no_longer(plant: Plant, terms: Terms) -> None:
    """Its session goes on, its writes do not."""
    plant.guard.users.add("gus", Role.ENGINEER, PASSWORD)

    async def stay() -> None:
        client = await connected(plant, replace(terms, credentials=Credentials("gus", PASSWORD)))
        try:
            node = client.get_node(plant.speed.nodeid)
            await node.write_value(1.0)
            plant.guard.users.remove("gus")
            with pytest.raises(ua.uaerrors.BadUserAccessDenied):
                await node.write_value(2.0)
        finally:
            await client.disconnect()

    plant.run(stay())
    assert "removed user 'gus'" in str(plant.last)


# ------------------------------------------------------- what asyncua alone would let through
async def channel(plant: Plant, client: Client) -> None:
    """Open a channel, without a session."""
    await client.connect_socket()
    await client.send_hello()
    await client.open_secure_channel()


def session_request(certificate: Certificate | None, uri: str) -> ua.CreateSessionParameters:
    """Return a request for a session that shows a certificate."""
    request = ua.CreateSessionParameters()
    request.ClientCertificate = None if certificate is None else certificate.der
    request.ClientDescription.ApplicationUri = uri
    request.ClientNonce = b"n" * 32
    request.RequestedSessionTimeout = 60_000
    return request


async def break_in(plant: Plant, client: Client, shown: Certificate | None, uri: str) -> str:
    """Ask for a session and a user on a channel; return the status of the refusal."""
    await channel(plant, client)
    try:
        answer = await client.uaclient.create_session(session_request(shown, uri))
        client._server_nonce = answer.ServerNonce
        client._policy_ids = answer.ServerEndpoints[0].UserIdentityTokens
        await client.activate_session("eve", PASSWORD)
    except ua.UaStatusCodeError as error:
        return ua.StatusCode(ua.UInt32(error.code)).name
    finally:
        client.disconnect_socket()
    return "got in"


def test_a_borrowed_certificate_is_refused(plant: Plant, terms: Terms, tmp_path: Path) -> None:
    """A certificate is public: showing a trusted one on a channel of one's own lets nobody in.

    Nor does showing none.
    """
    thief = other(terms, tmp_path, Sheet("thief"))
    trusted = terms.identity

    async def attack(shown: Certificate | None) -> str:
        client = await prepared_client(plant.url(), thief)
        return await break_in(plant, client, shown, trusted.application_uri)

    assert plant.run(attack(trusted.certificate)) == "BadSecurityChecksFailed"
    assert plant.last.reason == "certificate of another channel"
    assert plant.run(attack(None)) == "BadSecurityPolicyRejected"


@pytest.mark.parametrize("borrowed", [False, True])
def test_a_channel_without_protection_is_refused(
    plant: Plant, terms: Terms, *, borrowed: bool
) -> None:
    """asyncua opens it for everybody to list the endpoints; no session runs over it."""
    shown = terms.identity.certificate if borrowed else None

    async def attack() -> str:
        plain = replace(terms, policy="None", credentials=Credentials())
        client = await prepared_client(plant.url(), plain)
        return await break_in(plant, client, shown, terms.identity.application_uri)

    wanted = "BadSecurityChecksFailed" if borrowed else "BadSecurityPolicyRejected"
    assert plant.run(attack()) == wanted


def test_a_session_is_not_taken_over(plant: Plant, terms: Terms, tmp_path: Path) -> None:
    """The token of another's session, which can be guessed, opens nothing on one's own channel."""
    insider = other(terms, tmp_path, Sheet("insider"))
    put(plant.folder, "trusted", insider.identity.certificate)

    async def attack() -> str:
        victim = await connected(plant, terms)
        client = await prepared_client(plant.url(), insider)
        try:
            await channel(plant, client)
            token = victim.uaclient.session.authentication_token
            client.uaclient.session.restore_authentication_token(token)
            client._server_nonce = victim._server_nonce
            client._policy_ids = victim._policy_ids
            await client.activate_session("ann", PASSWORD)
        except ua.UaStatusCodeError as error:
            return ua.StatusCode(ua.UInt32(error.code)).name
        finally:
            client.disconnect_socket()
            await victim.disconnect()
        return "got in"

    assert plant.run(attack()) == "BadSecurityChecksFailed"
    assert plant.last.reason == "certificate of another channel"


class Heard:
    """Waits for a value that a subscription sends."""

    def __init__(self, wanted: float) -> None:
        self.wanted = wanted
        self.came = asyncio.Event()

    def datachange_notification(self, _node: object, value: float, _data: object) -> None:
        """Look at a value."""
        if value == self.wanted:
            self.came.set()


async def meddled(client: Client, subscription: int, item: int) -> list[str]:
    """Return what a user is told who does all that can be done to a subscription."""
    ids = [subscription]
    create = ua.CreateMonitoredItemsParameters(SubscriptionId=subscription)
    delete = ua.DeleteMonitoredItemsParameters(SubscriptionId=subscription, MonitoredItemIds=[item])
    mode = ua.SetMonitoringModeParameters(
        SubscriptionId=subscription,
        MonitoringMode=ua.MonitoringMode.Disabled,
        MonitoredItemIds=[item],
    )
    transfer = ua.TransferSubscriptionsParameters(SubscriptionIds=ids)
    pause = ua.SetPublishingModeParameters(PublishingEnabled=False, SubscriptionIds=ids)
    session = client.uaclient
    told = []
    for work in (
        session.create_monitored_items(create),
        session.delete_monitored_items(delete),
        session.set_monitoring_mode(mode),
        session.set_publishing_mode(pause),
        session.transfer_subscriptions(transfer),
        session.delete_subscriptions(ids),
    ):
        try:
            [answer] = await work
        except ua.UaStatusCodeError as error:
            answer = ua.StatusCode(ua.UInt32(error.code))
        told.append(getattr(answer, "StatusCode", answer).name)
    return told


def test_the_subscription_of_another_user_is_out_of_reach(plant: Plant, terms: Terms) -> None:
    """Nobody stops another's data by its number; the same user may take it over."""

    async def meddle() -> tuple[list[str], list[str]]:
        heard = Heard(5.0)
        victim = await connected(plant, terms)
        thief = await connected(plant, replace(terms, credentials=Credentials("otto", PASSWORD)))
        same = await connected(plant, terms)
        try:
            made = await victim.create_subscription(20, heard)
            item = await made.subscribe_data_change(victim.get_node(plant.speed.nodeid))
            number = made.subscription_id
            told = await meddled(thief, number, item)
            await plant.speed.write_value(5.0)
            await asyncio.wait_for(heard.came.wait(), PATIENCE_S)
            await plant.speed.write_value(1.0)
            take = ua.TransferSubscriptionsParameters(SubscriptionIds=[number])
            [taken] = await same.uaclient.transfer_subscriptions(take)
            [deleted] = await same.uaclient.delete_subscriptions([number])
        finally:
            for client in (same, thief, victim):
                await client.disconnect()
        return told, [taken.StatusCode.name, deleted.name]

    told, taken = plant.run(meddle())
    assert told == ["BadSubscriptionIdInvalid"] * 6
    assert taken == ["Good", "Good"]


def test_a_password_in_weak_encryption_is_refused(plant: Plant, terms: Terms) -> None:
    """RSA with the padding of PKCS 1.5 can be decrypted by asking often enough."""
    server = plant.speed.session.iserver
    session = server.create_session(("10.0.0.7", 1), external=True)
    session.nonce = b"n" * 32
    key = server.certificate.public_key()
    secret = PASSWORD.encode() + session.nonce
    packed = len(secret).to_bytes(4, "little") + secret
    weak = uacrypto.encrypt_rsa15(key, packed)
    strong, algorithm = security_policies.encrypt_asymmetric(
        key, packed, security_policies.SecurityPolicyBasic256Sha256.URI
    )

    def token(password: bytes, cipher: str | None) -> ua.UserNameIdentityToken:
        return ua.UserNameIdentityToken(
            UserName="eve", Password=password, EncryptionAlgorithm=cipher
        )

    assert server.decrypt_user_token(session, token(strong, algorithm)) == ("eve", PASSWORD)
    with pytest.raises(RefusedError, match="encrypted in a way"):
        server.decrypt_user_token(session, token(weak, "http://www.w3.org/2001/04/xmlenc#rsa-1_5"))
    with pytest.raises(RefusedError, match="in the clear"):
        server.decrypt_user_token(session, token(PASSWORD.encode(), None))
    session.nonce = b"m" * 32
    with pytest.raises(RefusedError, match="encrypted in a way"):  # overheard in another session
        server.decrypt_user_token(session, token(strong, algorithm))


def test_no_server_is_registered(plant: Plant, terms: Terms) -> None:
    """asyncua takes a server's registration from anybody; a plant is no directory."""

    async def register() -> None:
        client = await prepared_client(plant.url(), terms)
        await channel(plant, client)
        try:
            with pytest.raises(ua.uaerrors.BadServiceUnsupported):
                await client.uaclient.register_server(ua.RegisteredServer())
        finally:
            client.disconnect_socket()

    plant.run(register())
