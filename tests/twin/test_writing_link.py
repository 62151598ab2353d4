"""The writer at a served plant: what is approved is set, and who may not is refused on the wire."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from asyncua import ua
from authority import NOW, Sheet, installed
from foretelling import EXPECTED
from plant_support import HOUR, Running, guard_of, scenario_of

from linetwin.errors import OpcUaError, RefusedError
from linetwin.results.audit import AuditLog
from linetwin.results.audit_check import verify
from linetwin.twin.approval import Approval, ApprovalDesk, Change, Limits, approve
from linetwin.twin.security import users as users_module
from linetwin.twin.security.certificates import read_certificate
from linetwin.twin.security.connecting import Credentials, Terms
from linetwin.twin.security.folders import SecurityFolder
from linetwin.twin.security.identity import Wish, create_identity
from linetwin.twin.security.policies import SECURE
from linetwin.twin.security.roles import Role
from linetwin.twin.security.trust import Trust
from linetwin.twin.security.users import Users
from linetwin.twin.writing.asking import Asked
from linetwin.twin.writing.link import OpcUaPlant
from linetwin.twin.writing.policy import load_policy
from linetwin.twin.writing.status import Status
from linetwin.twin.writing.times import Times
from linetwin.twin.writing.writer import Writer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PASSWORD = "correct horse battery"  # noqa: S105  of a test
TWIN = "7" * 64
SPEED = "cathode.coater.web_speed"
POLICY = """\
schema: 1
owner: coating
version: 1
plant: {{uri: "{uri}", endpoint: "{endpoint}", user: otto}}
writeback:
  - {{address: cathode.coater.web_speed, low: 1.6 m/min, high: 2.1 m/min, step: 1 m/min, every: 1 s,
     states: [Execute, Suspended, Stopped, Held, Aborted], expiry: 20 s}}
  - {{address: cathode.coater.vacuum_pressure, low: 1 mbar, high: 9 mbar, step: 9 mbar, every: 1 s,
     states: [Execute, Suspended, Stopped, Held, Aborted], expiry: 20 s}}
"""


@pytest.fixture(scope="module")
def plant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The pilot line held at an hour, with users of two roles."""
    guard = guard_of(tmp_path_factory.mktemp("plant"))
    guard = replace(guard, policies=SECURE[:1])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(users_module, "_P", 1)
        guard.users.add("olga", Role.OBSERVER, PASSWORD)
        guard.users.add("otto", Role.OPERATOR, PASSWORD)
        running = Running(scenario_of(order_cells=None, duration_ticks=9 * HOUR), guard, HOUR)
        running.begin()
        try:
            yield running
        finally:
            running.end()


@pytest.fixture(scope="module")
def terms(plant: Running, tmp_path_factory: pytest.TempPathFactory) -> Terms:
    """A writer and the plant that trust each other."""
    folder = SecurityFolder(tmp_path_factory.mktemp("writer"))
    identity = create_identity(folder, Wish("writer"))
    trust = Trust(folder)
    trust.add(read_certificate(plant.guard.identity.certificate_file))
    plant.guard.trust.add(read_certificate(identity.certificate_file))
    return Terms(identity, trust)


def as_user(terms: Terms, name: str, password: str = PASSWORD, policy: str = "") -> Terms:
    """Return the terms on which a user connects."""
    policy = policy or terms.policy
    return Terms(terms.identity, terms.trust, policy, Credentials(name, password))


def heard(uri: str) -> Status:
    """Return the word of a twin in step."""
    return Status(time.time(), "in step", time.time(), twin=TWIN, plants=(uri,))


class Office:
    """A writer of the plant in a folder, and an engineer who approves."""

    def __init__(self, folder: Path, plant: Running, link: OpcUaPlant) -> None:
        self.uri = plant.guard.identity.application_uri
        file = folder / "writeback.yaml"
        file.write_text(POLICY.format(uri=self.uri, endpoint=plant.endpoint), encoding="utf-8")
        self.log = AuditLog(folder / "audit.jsonl")
        users = Users(folder / "users.json")
        self.eve = installed(SecurityFolder(folder / "eve"), Sheet("eve"))
        users.add("eve", Role.ENGINEER, self.eve.certificate)
        desk = ApprovalDesk(self.uri, folder / "approvals", users, self.log)
        policy = load_policy(file, plant.scenario)
        self.link = link
        self.writer = Writer(policy, link, desk, self.log, Times(folder), lambda: heard(self.uri))

    def approved(
        self, after: float, name: str = "web_speed", unit: str = "m/s", *, rollback: bool = False
    ) -> Approval:
        """Return a change from what the plant has; rollback: it may be taken back by it."""
        before = self.link.setpoint("cathode.coater", name)
        change = Change(self.uri, f"cathode.coater.{name}", unit, before, after, (EXPECTED,), TWIN)
        until = NOW + timedelta(hours=1)
        back = until if rollback else None
        limits = Limits(0.0, 1000.0, until, back, self.writer.policy.digest)
        return approve("eve", self.eve, change, limits)


def test_an_approved_change_reaches_the_line(plant: Running, terms: Terms, tmp_path: Path) -> None:
    """Its set value is the one that was approved; what the plant refuses is told."""
    link = OpcUaPlant(plant.endpoint, as_user(terms, "otto"))
    try:
        office = Office(tmp_path, plant, link)
        before = link.setpoint("cathode.coater", "web_speed")
        office.writer.write(office.approved(before * 1.05))
        assert plant.world.parameters[SPEED] == pytest.approx(before * 1.05)
        assert plant.answers[-1].request.user == "otto"
        assert "eve" in plant.answers[-1].request.requester
        seen = link.seen("cathode.coater", ["loading"])
        assert seen.given >= 0
        assert all(value > 0 and at > 1e9 for value, at in seen.readings.values())
        with pytest.raises(RefusedError, match="is outside") as caught:
            office.writer.write(office.approved(800.0, "vacuum_pressure", "Pa"))
        assert caught.value.reason == "refused by the plant"
        verify(office.log.file)
    finally:
        link.close()


def test_a_change_and_its_rollback_approved_together_both_reach_the_line(
    plant: Running, terms: Terms, tmp_path: Path
) -> None:
    """The same approval takes the change back, once: the set value is as it was before."""
    link = OpcUaPlant(plant.endpoint, as_user(terms, "otto"))
    try:
        office = Office(tmp_path, plant, link)
        before = link.setpoint("cathode.coater", "web_speed")
        written = office.writer.write(office.approved(before * 1.02, rollback=True))
        assert plant.world.parameters[SPEED] == pytest.approx(before * 1.02)
        office.writer.roll_back(written)
        assert plant.world.parameters[SPEED] == pytest.approx(before)
        with pytest.raises(RefusedError):
            office.writer.roll_back(written)
        log = office.log.file.read_text("utf-8")
        assert log.count('"write accepted"') == log.count('"rollback accepted"') == 1
        verify(office.log.file)
    finally:
        link.close()


def test_an_answer_that_was_not_heard_is_asked_for_by_the_requests_name(
    plant: Running, terms: Terms, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The link breaks as the request is handed in: the writer connects again and hears the answer.

    Later the plant still tells it, though another request was answered since; a name is good once.
    """
    link = OpcUaPlant(plant.endpoint, as_user(terms, "otto"))
    try:
        office = Office(tmp_path, plant, link)
        before = link.setpoint("cathode.coater", "web_speed")
        handed_in = link._hand_in

        def broken(asked: Asked) -> None:
            handed_in(asked)
            link._do(link._leave(link._session()))
            raise OpcUaError("it has gone")

        monkeypatch.setattr(link, "_hand_in", broken)
        approval = office.approved(before * 1.01)
        written = office.writer.write(approval)
        assert written.request == f"{approval.nonce}-write"
        assert plant.world.parameters[SPEED] == pytest.approx(before * 1.01)
        asked = Asked("cathode.coater", "web_speed", before, "ann", "other", later(20))
        assert link.ask(asked) == ""
        assert link.answer("cathode.coater", written.request) == ""
        assert link.answer("cathode.coater", "never") is None
        assert abs((link.clock() - later(0)).total_seconds()) < 60
        handed_in(replace(asked, name=written.request, value=before * 1.02))
        link.ask(replace(asked, name="last"))
        assert plant.world.parameters[SPEED] == pytest.approx(before)
        assert "answered before" in plant.answers[-2].reason
        assert link.answer("cathode.coater", written.request) == ""
    finally:
        link.close()


def later(seconds: float) -> datetime:
    """Return an instant from now."""
    return datetime.now(UTC) + timedelta(seconds=seconds)


def test_an_observer_that_writes_is_refused(plant: Running, terms: Terms, tmp_path: Path) -> None:
    """The plant lets nobody write whose role may not command; the line stays as it is."""
    before, answers = plant.world.parameters[SPEED], len(plant.answers)
    link = OpcUaPlant(plant.endpoint, as_user(terms, "olga"))
    try:
        office = Office(tmp_path, plant, link)
        with pytest.raises(RefusedError, match="does not let olga write") as caught:
            office.writer.write(office.approved(0.034))
        assert caught.value.reason == "role"
        log = office.log.file.read_text("utf-8")
        assert '"write not handed in"' in log
        with pytest.raises(RefusedError, match="does not let olga write"):
            office.writer.write(office.approved(0.034))  # the first counts for no `every`
    finally:
        link.close()
    assert plant.world.parameters[SPEED] == before
    assert len(plant.answers) == answers


def test_an_array_is_no_value_of_a_request(plant: Running, terms: Terms) -> None:
    """It is answered by its own status; the session goes on."""
    link = OpcUaPlant(plant.endpoint, as_user(terms, "otto"))
    try:
        node = link._id("cathode.coater", "Commands", "Value")
        with pytest.raises(OpcUaError, match="BadTypeMismatch"):
            link._do(link._write(node, ua.Variant([1.0, 2.0], ua.VariantType.Double)))
        assert link.state("cathode.coater") >= 0
    finally:
        link.close()


def test_a_writer_that_is_not_let_in_says_why(plant: Running, terms: Terms, tmp_path: Path) -> None:
    """Wrong password, a policy that is not offered, none, an unknown certificate, no server."""
    with pytest.raises(RefusedError, match="wrong user or password"):
        OpcUaPlant(plant.endpoint, as_user(terms, "otto", "no such word"))
    with pytest.raises(RefusedError, match="wrong policy"):
        OpcUaPlant(plant.endpoint, as_user(terms, "otto", policy=SECURE[-1]))
    with pytest.raises(RefusedError, match="password in the clear"):
        OpcUaPlant(plant.endpoint, as_user(terms, "otto", policy="None"))
    folder = SecurityFolder(tmp_path)
    stranger = Terms(create_identity(folder, Wish("stranger")), Trust(folder))
    with pytest.raises(RefusedError, match="unknown certificate"):
        OpcUaPlant(plant.endpoint, as_user(stranger, "otto"))
    with pytest.raises(OpcUaError):
        OpcUaPlant("opc.tcp://127.0.0.1:9/plant", as_user(terms, "otto"))
