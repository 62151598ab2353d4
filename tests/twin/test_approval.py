"""A person's approval: good for what was signed, once, in time, and for nothing else."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from authority import DAY, NOW, Sheet, installed
from foretelling import EXPECTED
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from linetwin.errors import RefusedError, ScenarioError
from linetwin.results.audit import AuditLog, head_file
from linetwin.results.audit_check import verify
from linetwin.twin.approval import (
    Approval,
    ApprovalDesk,
    Change,
    Limits,
    approve,
    read_approval,
)
from linetwin.twin.security.folders import SecurityFolder
from linetwin.twin.security.roles import Role
from linetwin.twin.security.users import Users

if TYPE_CHECKING:
    from pathlib import Path

    from linetwin.twin.security.identity import Identity

HOUR = timedelta(hours=1)
CHANGE = Change(
    "urn:test:plant", "cathode.coater.web_speed", "m/s", 0.03, 0.035, (EXPECTED,), "drift"
)
LIMITS = Limits(0.02, 0.04, NOW + HOUR, NOW + 2 * HOUR)


@dataclass
class Office:
    """A desk, its log, and who may approve there."""

    folder: Path
    users: Users
    log: AuditLog
    eve: Identity

    def desk(self, plant: str = "urn:test:plant") -> ApprovalDesk:
        """Return the desk as a process that was just started has it."""
        return ApprovalDesk(plant, self.folder / "approvals", self.users, self.log)

    def told(self) -> list[tuple[str, Any]]:
        """Return what the log says that was done and asked, without its beginning."""
        lines = self.log.file.read_text("utf-8").splitlines()[1:]
        return [(entry["what"], entry["after"]) for entry in map(json.loads, lines)]


@pytest.fixture
def office(tmp_path: Path) -> Office:
    """Eve is an engineer with a certificate."""
    users = Users(tmp_path / "users.json")
    eve = installed(SecurityFolder(tmp_path / "eve"), Sheet("eve"))
    users.add("eve", Role.ENGINEER, eve.certificate)
    return Office(tmp_path, users, AuditLog(tmp_path / "audit.jsonl"), eve)


@pytest.fixture
def signed(office: Office) -> Approval:
    """An approval that is right."""
    return approve("eve", office.eve, CHANGE, LIMITS)


def refused(office: Office, approval: Approval, **changes: Any) -> str:  # noqa: ANN401
    """Return the reason for which an approval is refused; the log has it, and is sound."""
    wanted: dict[str, Any] = {"current": 0.03, "asked": 0.035, "now": NOW, **changes}
    with pytest.raises(RefusedError) as caught:
        office.desk().redeem(approval, **wanted)
    what, after = office.told()[-1]
    assert what == "approval refused"
    assert after["why"] == str(caught.value)
    verify(office.log.file)
    return caught.value.reason


def test_an_approval_is_good_once(office: Office) -> None:
    """Spent by one process it is refused by the next: what was spent is on the disk."""
    approval = read_approval(approve("eve", office.eve, CHANGE, LIMITS).text())
    office.desk().redeem(approval, 0.03, 0.035, NOW)
    assert office.told() == [("approval spent", 0.035)]
    assert refused(office, approval) == "replayed approval"
    again = approve("eve", office.eve, CHANGE, LIMITS)
    office.desk().redeem(again, 0.03, 0.035, NOW)


def test_an_approval_is_good_for_what_was_approved(office: Office) -> None:
    """Its value, its plant, its time, the setpoint that the person saw; nothing was spent."""
    approval = approve("eve", office.eve, CHANGE, LIMITS)
    assert refused(office, approval, asked=0.041) == "out of bounds"
    assert refused(office, approval, asked=float("nan")) == "out of bounds"
    assert refused(office, approval, asked=0.034) == "approval of another change"
    assert refused(office, approval, current=0.031) == "approval of another change"
    assert refused(office, approval, now=NOW + HOUR + timedelta(seconds=1)) == "expired approval"
    elsewhere = approve("eve", office.eve, replace(CHANGE, plant="urn:test:other"), LIMITS)
    assert refused(office, elsewhere) == "approval of another change"
    office.desk().redeem(approval, 0.03, 0.035, NOW)


TAMPERED = {
    "who": {"who": "ann"},
    "address": {"change": replace(CHANGE, address="cathode.coater.oven")},
    "value": {"change": replace(CHANGE, after=0.039)},
    "plant": {"change": replace(CHANGE, plant="urn:test:other")},
    "unit": {"change": replace(CHANGE, unit="m/min")},
    "bounds": {"limits": replace(LIMITS, high=1.0)},
    "time": {"limits": replace(LIMITS, until=NOW + 9 * DAY)},
    "rollback": {"limits": replace(LIMITS, rollback_until=NOW + 9 * DAY)},
    "nonce": {"nonce": "0" * 32},
    "path": {"nonce": "../../etc/passwd"},
    "signature": {"signature": b"\0" * 256},
    "certificate": {"certificate": Sheet("mallory").signed().der},
    "bytes": {"certificate": b"none"},
}


@pytest.mark.parametrize("what", TAMPERED)
def test_a_tampered_approval_is_refused(office: Office, what: str) -> None:
    """Whatever of it was changed after the signature."""
    approval = approve("eve", office.eve, CHANGE, LIMITS)
    changed = replace(approval, **TAMPERED[what])
    assert refused(office, read_approval(changed.text())) == "tampered approval"


def test_only_who_may_set_approves(office: Office, tmp_path: Path) -> None:
    """An operator, a stranger, somebody in another's name, and one who was removed do not."""
    otto = installed(SecurityFolder(tmp_path / "otto"), Sheet("otto"))
    assert refused(office, approve("otto", otto, CHANGE, LIMITS)) == "wrong user or password"
    office.users.add("otto", Role.OPERATOR, otto.certificate)
    assert refused(office, approve("otto", otto, CHANGE, LIMITS)) == "role"
    assert refused(office, approve("eve", otto, CHANGE, LIMITS)) == "tampered approval"
    approval = approve("eve", office.eve, CHANGE, LIMITS)
    office.users.remove("eve")
    assert refused(office, approval) == "wrong user or password"


def test_a_rollback_runs_only_where_it_was_approved(office: Office) -> None:
    """After the change, once, while the plant has what was written, and in its own time."""
    desk = office.desk()
    approval = approve("eve", office.eve, CHANGE, LIMITS)
    with pytest.raises(RefusedError, match="was not changed by this approval"):
        desk.redeem_rollback(approval, 0.035, NOW)
    desk.redeem(approval, 0.03, 0.035, NOW)
    with pytest.raises(RefusedError, match="is 3 m/min now"):
        desk.redeem_rollback(approval, 0.05, NOW)
    with pytest.raises(RefusedError, match="expired approval"):
        desk.redeem_rollback(approval, 0.035, NOW + 3 * HOUR)
    assert desk.redeem_rollback(approval, 0.035, NOW + 1.5 * HOUR) == 0.03
    with pytest.raises(RefusedError, match="replayed approval"):
        office.desk().redeem_rollback(approval, 0.035, NOW)
    alone = approve("eve", office.eve, CHANGE, replace(LIMITS, rollback_until=None))
    desk.redeem(alone, 0.03, 0.035, NOW)
    with pytest.raises(RefusedError, match="was not approved with the change"):
        desk.redeem_rollback(alone, 0.035, NOW)
    verify(office.log.file)


@pytest.mark.parametrize("after", [0.05, float("nan"), float("inf")])
def test_what_its_own_bounds_do_not_hold_is_not_signed(office: Office, after: float) -> None:
    """A mistake of who approves is told before anything is signed."""
    with pytest.raises(ScenarioError, match=r"cathode\.coater\.web_speed"):
        approve("eve", office.eve, replace(CHANGE, after=after), LIMITS)


@pytest.mark.parametrize("text", ["", "{}", "[]", "null", '{"who": 1}', "[" * 100_000])
def test_anything_else_is_no_approval(text: str) -> None:
    """A text that is none, or not in the one encoding, is refused without a trace of Python."""
    with pytest.raises(RefusedError, match="it is no approval"):
        read_approval(text)


def test_an_approval_has_one_encoding(office: Office) -> None:
    """A blank more, and it is no approval: what is shown to a person is what was signed."""
    text = approve("eve", office.eve, CHANGE, LIMITS).text()
    assert read_approval(text).text() == text
    with pytest.raises(RefusedError, match="it is no approval"):
        read_approval(text + " ")


@pytest.mark.parametrize("change", [(1e-6, -1e-7, 2e-6), (0.0, 0.0, 0.0)])
def test_what_may_do_nothing_is_not_approved(
    office: Office, signed: Approval, change: tuple[float, float, float]
) -> None:
    """Nothing foretold, or an interval that holds zero: neither signed nor accepted."""
    for effect in ((), (EXPECTED, replace(EXPECTED, change=change))):
        with pytest.raises(RefusedError, match="not simulated"):
            approve("eve", office.eve, replace(CHANGE, effect=effect), LIMITS)
        forged = replace(signed, change=replace(CHANGE, effect=effect))
        assert refused(office, forged) == "tampered approval"


def test_what_was_foretold_is_signed(office: Office, signed: Approval) -> None:
    """An effect made smaller after the signature is found, as any other change is."""
    assert read_approval(signed.text()).change.effect == (EXPECTED,)
    other = replace(EXPECTED, change=(-1e-6, -1.1e-6, -0.9e-6))
    forged = replace(signed, change=replace(CHANGE, effect=(other,)))
    assert refused(office, forged) == "tampered approval"


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_changed_character_is_refused(
    office: Office, signed: Approval, data: st.DataObject
) -> None:
    """Whatever character of the text, whatever its new value."""
    text = signed.text()
    at = data.draw(st.integers(0, len(text) - 1))
    other = data.draw(st.characters(max_codepoint=127).filter(lambda each: each != text[at]))
    with pytest.raises(RefusedError):
        office.desk().redeem(read_approval(text[:at] + other + text[at + 1 :]), 0.03, 0.035, NOW)


def test_a_log_that_cannot_go_on_spends_without_a_change(office: Office) -> None:
    """What the log cannot tell is not done: the approval is lost, the plant untouched."""
    approval = approve("eve", office.eve, CHANGE, LIMITS)
    office.log.append("ann", "set")
    head_file(office.log.file).unlink()  # the kill came before it was written
    office.log.file.write_bytes(office.log.file.read_bytes()[:-5])
    with pytest.raises(Exception, match="torn line"):
        office.desk().redeem(approval, 0.03, 0.035, NOW)
    office.log.set_torn_line_aside("ann")
    assert refused(office, approval) == "replayed approval"
