"""What `live write` says of a change that was asked for before, whoever is silent by then."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from authority import NOW, Sheet, installed
from test_watching import Measured
from test_writing import AFTER, BEFORE, FILLED, MINUTE, TWIN, URI, Killed, Room, policy_of

from linetwin.cli import twin_writing
from linetwin.cli.twin_writing import COMMON, Order, watched_alone, write
from linetwin.errors import OpcUaError, RefusedError, ResultsError
from linetwin.results.audit_check import verify
from linetwin.twin.security.folders import SecurityFolder
from linetwin.twin.security.roles import Role
from linetwin.twin.security.users import Users
from linetwin.twin.writing.status import Status, StatusFile

if TYPE_CHECKING:
    from pathlib import Path

    from linetwin.twin.approval import Approval

CHANGE = "cathode.calender.line_load 600 N/mm -> 620 N/mm"
GONE = OpcUaError("opc.tcp://plant: ConnectionError: Connection is closed")


@dataclass
class Served(Measured):
    """A panel to which a command connects."""

    closed: int = 0

    def close(self) -> None:
        """End the session."""
        self.closed += 1


@dataclass
class KilledServed(Killed, Served):
    """One at which the writer is ended while it waits."""


@dataclass
class Desk:
    """A person at the command: a room, and whether the twin and the plant are there."""

    room: Room
    panel: Served = field(default_factory=Served)
    twin_runs: bool = True

    def write(self, approval: Approval, **order: Any) -> None:  # noqa: ANN401
        """Give the command."""
        folder = self.room.folder
        file, now = folder / "c.approval", time.time()
        file.write_text(approval.text(), encoding="utf-8")
        status = StatusFile(folder)
        status.end()
        if self.twin_runs:
            status.tell(Status(now, "in step", now, twin=TWIN, plants=(URI,)))
        write(Order(folder, self.room.policy.file, file, folder, **order))

    def refused(self, approval: Approval, **order: Any) -> str:  # noqa: ANN401
        """Return what is said where it is refused; the log is sound."""
        with pytest.raises(RefusedError) as caught:
            self.write(approval, **order)
        verify(self.room.folder / "audit.jsonl")
        return str(caught.value)

    def told(self) -> list[str]:
        """Return what the log has, without its beginning and what the desk has spent."""
        left_out = {"log opened", "approval spent"}
        return [what for what, _ in self.room.told() if what not in left_out]

    def left_open(self, *, takes: bool) -> Approval:
        """Return an approval whose writer was killed before the answer; the twin has gone too."""
        approval, served = self.room.approved(), self.panel
        self.panel = KilledServed(takes=takes)
        with pytest.raises(KeyboardInterrupt):
            self.write(approval)
        self.panel = replace(served, value=self.panel.value, answers=self.panel.answers)
        self.twin_runs = False
        return approval


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """Eve may approve; the command reaches the panel in place of a served plant."""
    users = Users(tmp_path / "users.json")
    eve = installed(SecurityFolder(tmp_path / "eve"), Sheet("eve"))
    users.add("eve", Role.ENGINEER, eve.certificate)
    found = Desk(Room(tmp_path, policy_of(tmp_path), eve))
    origin = SimpleNamespace(load=lambda: FILLED)
    for name, made in {
        "read_kept": lambda _: (None, None),
        "origin_of": lambda _: origin,
        "password_of": lambda _: "",
        "identity": lambda _: None,
        "OpcUaPlant": lambda *_: found.panel,
        "_LOOK_S": 0.0,
    }.items():
        monkeypatch.setattr(twin_writing, name, made)
    monkeypatch.setattr("linetwin.twin.writing.writer._PUBLISHED_S", 0.0)
    return found


@pytest.mark.parametrize("order", [{}, {"made": True}, {"made": True, "watch": "1 s"}])
def test_what_the_plant_accepted_is_settled_without_the_twin(
    desk: Desk, order: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    """By each command: the log has it accepted; `write` again says so and asks for nothing."""
    approval = desk.left_open(takes=True)
    if order:
        desk.twin_runs = "watch" in order
        desk.write(approval, **order)
        first = capsys.readouterr().out.splitlines()[0]
        assert first == f"{'watched again' if 'watch' in order else 'accepted'}: {CHANGE}"
    else:
        said = desk.refused(approval)
        assert "the plant has accepted the change; to watch it: the same command with" in said
    assert desk.told()[:2] == ["write asked", "write accepted"]
    assert desk.panel.asked == []


def test_what_was_never_made_is_said_each_time(desk: Desk) -> None:
    """Open until its expiry by the plant's clock; then never made, however often it is asked."""
    approval = desk.left_open(takes=False)
    desk.panel.at = datetime.now(UTC)
    orders: list[dict[str, Any]] = [{}, {"made": True}, {"back": True}]
    for order in orders:
        assert "it is open until" in desk.refused(approval, **order)
    assert desk.told() == ["write asked"]
    desk.panel.at = datetime.now(UTC) + timedelta(minutes=5)
    assert "was spent already; never made: the plant has no request" in desk.refused(approval)
    for order in [*orders[1:], {"made": True, "watch": "1 s"}]:
        assert desk.refused(approval, **order).startswith("never made: the plant has no request")
    assert desk.told() == ["write asked", "write never made", "write refused"]


def test_what_the_plant_refused_is_said_each_time(desk: Desk) -> None:
    """With its reason, also where the answer came after a kill."""
    approval = desk.left_open(takes=False)
    desk.panel.answers[f"{approval.nonce}-write"] = "it expired at 02:00:00"
    for _ in range(2):
        for key in ("made", "back"):
            said = desk.refused(approval, **{key: True})
            assert said.startswith("refused by the plant: it expired at 02:00:00")
    assert "already; refused by the plant: it expired" in desk.refused(approval)
    assert desk.told()[:2] == ["write asked", "write refused by the plant"]


def test_what_was_taken_back_is_said(desk: Desk) -> None:
    """`write` again of a change that the plant has taken back names nothing to watch."""
    approval = desk.room.approved(rollback_until=NOW + 60 * MINUTE)
    desk.write(approval)
    desk.write(approval, back=True)
    said = desk.refused(approval)
    assert "has accepted the change, and has taken it back" in said
    assert "--watch" not in said


def test_what_was_spent_and_not_asked_for_is_said(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A kill between the two, or another writer's folder: what the plant tells of it is said."""
    approval = desk.room.approved()
    with monkeypatch.context() as patch:
        patch.setattr("linetwin.twin.writing.writer.Writer._ask", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            desk.write(approval)
    assert "this log has no request of it, nor does the plant tell" in desk.refused(approval)
    assert "does not say that the plant has accepted" in desk.refused(approval, made=True)
    for answer, how in (("", "accepted it"), ("in maintenance", "refused it: in maintenance")):
        desk.panel.answers[f"{approval.nonce}-write"] = answer
        assert f"no request of it, the plant has {how}" in desk.refused(approval)


def test_a_fresh_approval_needs_the_twin(desk: Desk) -> None:
    """Only what was asked for before goes without its word."""
    desk.twin_runs = False
    assert desk.refused(desk.room.approved()).startswith("heartbeat lost")


def test_a_second_watch_says_only_that_there_is_another(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is said to be watched that is not."""
    approval = desk.room.approved()
    desk.write(approval)
    capsys.readouterr()
    with (
        watched_alone(desk.room.folder / COMMON, approval),
        pytest.raises(ResultsError, match="watched by another process"),
    ):
        desk.write(approval, made=True, watch="1 s")
    assert capsys.readouterr().out == ""


def test_a_plant_that_goes_before_it_is_asked_leaves_the_approval(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While connecting, and at the first look: nothing was asked is said, and it is good still."""

    def gone(*_: object) -> None:
        raise GONE

    approval = desk.room.approved()
    for place in ("linetwin.cli.twin_writing.OpcUaPlant", f"{__name__}.Served.setpoint"):
        with monkeypatch.context() as patch:
            patch.setattr(place, gone)
            with pytest.raises(OpcUaError, match="is closed; nothing was asked of the plant"):
                desk.write(approval)
        assert desk.told()[-1] == "plant not reached"
    desk.write(approval)
    assert desk.panel.value == AFTER


def test_a_plant_that_goes_leaves_what_is_open(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not said that nothing was asked."""

    def gone(*_: object) -> None:
        raise GONE

    approval = desk.left_open(takes=True)
    monkeypatch.setattr(twin_writing, "OpcUaPlant", gone)
    for made in (False, True):
        with pytest.raises(OpcUaError, match="what was asked is open; the same command again"):
            desk.write(approval, made=made)


@pytest.mark.parametrize("order", [{}, {"made": True}, {"back": True}])
def test_a_tampered_approval_is_told_before_all_else(desk: Desk, order: dict[str, Any]) -> None:
    """Neither the twin nor the plant is asked; the log names it, text that is none too."""
    desk.twin_runs, desk.panel.value = False, BEFORE + 1.0
    good = desk.room.approved()
    other = replace(good, change=replace(good.change, after=625e3))
    said = desk.refused(other, **order)
    assert said.startswith("tampered approval: the signature of 'eve' is not of this content")
    assert desk.room.told()[-1] == ("write refused", {"why": said})
    assert desk.panel.closed == 0
    file = desk.room.folder / "c.approval"
    file.write_text(good.text().replace("600000.0", "600000"), encoding="utf-8")
    with pytest.raises(RefusedError, match="tampered approval: it is no approval"):
        write(Order(desk.room.folder, desk.room.policy.file, file, desk.room.folder, **order))
    assert desk.told() == ["write refused"] * 2
