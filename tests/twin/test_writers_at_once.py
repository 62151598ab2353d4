"""Several writers share one folder: writes come one after another, watches run beside them."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pytest
from authority import Sheet, installed
from foretelling import EXPECTED
from test_watching import Measured
from test_writing import AFTER, BEFORE, LOAD, MINUTE, TWIN, URI, Room, policy_of

from linetwin.cli.interruption import Interrupted, Interruption
from linetwin.cli.twin_writing import (
    _TRY_AGAIN_S,
    Order,
    Watching,
    _linked,
    watch_change,
    watched_alone,
)
from linetwin.errors import OpcUaError, RefusedError, ResultsError
from linetwin.quantities.packml import STATES
from linetwin.results.audit import entries
from linetwin.results.audit_check import verify
from linetwin.twin.approval import Approval, Change, Limits, approve
from linetwin.twin.security.folders import SecurityFolder
from linetwin.twin.security.roles import Role
from linetwin.twin.security.users import Users
from linetwin.twin.writing.status import Status, StatusFile
from linetwin.twin.writing.watching import taken_up

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from linetwin.twin.writing.asking import Asked
    from linetwin.twin.writing.watching import Seen
    from linetwin.twin.writing.writer import Written

ZONE = "cathode.coater.zone_temperatures_2"


@dataclass
class Slow(Measured):
    """A panel of calender and coater that takes its time; `answered`: spans of its answers [s]."""

    takes_s: float = 0.0
    zone: float = 390.0
    answered: list[tuple[float, float]] = field(default_factory=list)

    def state(self, station: str) -> int:
        """Return the state."""
        assert station in {"cathode.calender", "cathode.coater"}
        return STATES[self.mode]

    def setpoint(self, station: str, name: str) -> float:
        """Return the set value."""
        return self.zone if name == "zone_temperatures_2" else super().setpoint(station, name)

    def ask(self, asked: Asked) -> str | None:
        """Take a request, and note from when to when."""
        begun = time.monotonic()
        time.sleep(self.takes_s)
        self.asked.append(asked)
        if asked.setpoint == "line_load":
            self.value = asked.value
        else:
            self.zone = asked.value
        self.answered.append((begun, time.monotonic()))
        return ""


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Room:
    """Eve may approve; nobody waits between two looks."""
    monkeypatch.setattr("linetwin.cli.twin_writing._LOOK_S", 0.0)
    users = Users(tmp_path / "users.json")
    eve = installed(SecurityFolder(tmp_path / "eve"), Sheet("eve"))
    users.add("eve", Role.ENGINEER, eve.certificate)
    return Room(tmp_path, policy_of(tmp_path), eve, Slow())


def of_the_zone(room: Room) -> Approval:
    """Return an approved change of a zone of the coater."""
    limits = Limits(383.15, 403.15, room.at + 60 * MINUTE, None, room.policy.digest)
    return approve("eve", room.eve, Change(URI, ZONE, "K", 390.0, 392.0, (EXPECTED,), TWIN), limits)


def watching(room: Room, approval: Approval) -> Watching:
    """Make a change that is to be watched."""
    assert isinstance(room.panel, Slow)
    writer = room.writer()
    return Watching(writer, room.panel, writer.write(approval))


def test_a_change_is_made_while_another_is_watched(room: Room) -> None:
    """Another writer of the folder writes in the midst of a watch; the chain of hashes is whole."""
    first = watching(room, room.approved())
    made: list[Written] = []

    @dataclass
    class Between(Slow):
        def seen(self, station: str, instruments: Sequence[str]) -> Seen:
            if not made:
                made.append(room.writer().write(of_the_zone(room)))
            return super().seen(station, instruments)

    watch_change(replace(first, link=Between()), 30.0, Interruption())
    assert isinstance(room.panel, Slow)
    assert (room.panel.zone, room.panel.value) == (392.0, AFTER)
    told = [what for what, _ in room.told()]
    assert told.count("write accepted") == 2
    assert told[-1] == "change watched"
    verify(room.folder / "audit.jsonl")


def test_writes_come_one_after_another(room: Room) -> None:
    """Two addresses: neither is asked for before the other was answered. One address: too soon."""
    assert isinstance(room.panel, Slow)
    room.panel.takes_s = 0.1
    approvals = [room.approved(), of_the_zone(room), room.approved(610e3)]
    refused: list[str] = []

    def attempt(approval: Approval) -> None:
        try:
            room.writer().write(approval)
        except RefusedError as error:
            refused.append(error.reason)

    writers = [threading.Thread(target=attempt, args=(each,)) for each in approvals]
    for each in writers:
        each.start()
    for each in writers:
        each.join(30.0)
    assert len(refused) == 1
    assert refused[0] in {"too soon", "approval of another change", "step too great"}
    (_, ended), (begun, _) = sorted(room.panel.answered)
    assert ended <= begun
    verify(room.folder / "audit.jsonl")


def test_a_change_is_watched_by_one_process(room: Room, tmp_path: Path) -> None:
    """The second is told so; another change, and the next after the end, are watched."""
    first, other = room.approved(), room.approved()
    with watched_alone(tmp_path, first):
        with (
            pytest.raises(ResultsError, match="watched by another process"),
            watched_alone(tmp_path, first),
        ):
            pass
        with watched_alone(tmp_path, other):
            pass
    with watched_alone(tmp_path, first):
        pass


def test_a_rollback_waits_for_a_passing_state(
    room: Room, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Starting, then Execute: it is taken back; that it waits is said once."""
    assert isinstance(room.panel, Slow)
    panel = room.panel
    panel.thickness = 60e-6  # not as foretold
    modes = iter(["Starting", "Starting", "Execute"])

    def passing(span_s: float) -> None:
        if span_s == _TRY_AGAIN_S:
            panel.mode = next(modes)

    made = watching(room, room.approved(rollback_until=room.at + 60 * MINUTE))
    panel.mode = "Starting"
    monkeypatch.setattr("linetwin.cli.twin_writing.time.sleep", passing)
    watch_change(made, 30.0, Interruption())
    assert panel.value == BEFORE
    assert capsys.readouterr().err.count("not taken back yet") == 1


def test_a_change_that_is_not_wanted_any_more_is_not_made(room: Room) -> None:
    """Whoever ends the command while it waits for its turn has asked for nothing."""
    interruption = Interruption()
    interruption.asked = True
    writer = replace(room.writer(), check_wanted=interruption.check)
    with pytest.raises(Interrupted):
        writer.write(room.approved())
    assert room.panel.asked == []
    room.writer().write(room.approved())


def test_a_watch_that_was_ended_is_taken_up_again(
    room: Room, capsys: pytest.CaptureFixture[str]
) -> None:
    """By another process, with the rollback that was approved: also long after the approval."""
    assert isinstance(room.panel, Slow)
    room.panel.thickness = 60e-6  # not as foretold
    approval = room.approved(rollback_until=room.at + 300 * MINUTE)
    ended = Interruption()
    ended.asked = True
    watch_change(watching(room, approval), 30.0, ended)
    told = capsys.readouterr()
    assert "not known yet" in told.out
    assert "--watch-only" in told.err
    room.at += 120 * MINUTE
    room.beat = room.at
    writer = room.writer()
    again = Watching(writer, room.panel, writer.written(approval))
    assert (again.written.before, again.written.after) == (BEFORE, AFTER)
    watch_change(again, 30.0, Interruption())
    assert room.panel.value == BEFORE
    assert room.told()[-1][0] == "rollback accepted"
    with pytest.raises(RefusedError, match="line_load back already"):
        room.writer().written(approval)


def test_a_watch_goes_on_from_what_was_recorded(
    room: Room, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two lots before the plant went, one after: the third settles it, none is read twice."""
    assert isinstance(room.panel, Slow)
    made = watching(room, room.approved())
    room.panel.breaks_at = room.panel.lots + 4  # the first look, a lot under way, two lots
    with pytest.raises(OpcUaError, match="has gone"):
        watch_change(made, 30.0, Interruption())
    room.panel.breaks_at, looked = 1000, room.panel.lots
    watch_change(replace(made, writer=room.writer()), 30.0, Interruption())
    assert "going on from 2 recorded lots" in capsys.readouterr().out
    assert room.panel.lots - looked == 2
    seen = next(after for what, after in room.told() if what == "change watched")
    assert (seen["verdict"], seen["lots"]) == ("as foretold", 3)
    assert sum(what == "lot read" for what, _ in room.told()) == 3
    verify(room.folder / "audit.jsonl")


def test_a_plant_that_counts_anew_is_watched_anew() -> None:
    """Recorded lots are those of a line that is no more; without an entry nothing is recorded."""
    told = [("watch begun", {"lots": 10}), ("lot read", {"quantity": "q", "lots": 12, "value": 1})]
    assert taken_up(told, 12) == (10, {"q": {12: 1.0}})
    assert taken_up(told, 3) == (3, {})
    anew = [*told, ("watch begun", {"lots": 2})]
    assert taken_up(anew, 13) == (2, {})
    assert taken_up([("write accepted", {})], 7) == (7, {})


def test_who_comes_second_at_one_address_is_told_who_was_first(room: Room) -> None:
    """Refused by the rate, with the request that holds it."""
    room.writer().write(room.approved())
    with pytest.raises(RefusedError, match="too soon") as caught:
        room.writer().write(room.approved(AFTER, AFTER))
    (name,) = [after["why"] for what, after in room.told() if what == "write asked"]
    assert f"by {name}; once in" in str(caught.value)


@pytest.mark.parametrize("other", [ZONE, "anode.coater.vacuum_pressure"])
def test_a_change_is_not_taken_back_for_what_another_may_have_done(
    room: Room, other: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Something else was set in that electrode since: a person is asked; of the other, it goes."""
    assert isinstance(room.panel, Slow)
    room.panel.thickness = 60e-6  # not as foretold
    made = watching(room, room.approved(rollback_until=room.at + 60 * MINUTE))
    made.writer.log.append("writer", "write accepted", about=f"{other} {'0' * 32}")
    watch_change(made, 30.0, Interruption())
    is_near = other == ZONE
    assert room.panel.value == (AFTER if is_near else BEFORE)
    assert (f"{ZONE} was set since" in capsys.readouterr().err) == is_near


def without_its_answer(room: Room, approval: Approval) -> Approval:
    """Spend an approval of a change that the plant refuses, and that somebody then sets."""
    room.panel = replace(Measured(), reply="in maintenance")
    with pytest.raises(RefusedError):
        room.writer().write(approval)
    room.panel.value = AFTER
    return approval


def test_a_plant_that_is_silent_is_not_waited_for(
    room: Room, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The twin is asked first; where the plant does not answer it is asked again, and tells why."""
    now, approval = time.time(), room.approved()
    order = Order(tmp_path, room.policy.file, tmp_path / "c.approval", tmp_path)
    file = StatusFile(tmp_path)
    file.tell(Status(now, "open loop", now))
    with pytest.raises(RefusedError, match="the twin is: open loop"):
        _linked(order, room.policy, None, approval)  # type: ignore[arg-type]
    file.tell(Status(now, "in step", now))

    def stopped(*_: object) -> None:
        file.tell(Status(now, "open loop", now))
        raise OpcUaError("opc.tcp://plant has not answered for 10 s")

    monkeypatch.setattr("linetwin.cli.twin_writing.OpcUaPlant", stopped)
    with pytest.raises(RefusedError, match="the twin is: open loop"):
        _linked(order, room.policy, None, approval)  # type: ignore[arg-type]
    told = [(what, about) for what, about, _ in logged(tmp_path)]
    assert told[-2:] == [("write refused", approval.about), ("plant not reached", approval.about)]


def logged(folder: Path) -> list[tuple[str, str, Any]]:
    """Return what the log of a writer's folder says."""
    return [(e.what, e.about, e.after) for e in entries(SecurityFolder(folder).log)]


WRONG: dict[str, Any] = {
    "was not changed by this approval": lambda _, approval: approval,
    "is not of this content": lambda _, approval: replace(approval, who="otto"),
    "refused by the plant: in maintenance": without_its_answer,
    "is not the policy": lambda room, _: room.approved(policy=""),
}


@pytest.mark.parametrize("why", WRONG)
def test_what_was_not_made_is_not_watched(room: Room, why: str) -> None:
    """An approval that was not used, was changed, was refused, or is of another policy."""
    approval = WRONG[why](room, room.approved())
    with pytest.raises(RefusedError, match=why):
        room.writer().written(approval)
    assert LOAD in approval.change.address
