"""A write happens only as laid down, approved and answered; all else is refused by its reason."""

from __future__ import annotations

import json
import signal
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from authority import NOW, Sheet, installed
from foretelling import EXPECTED
from plant_support import scenario_of
from twinned import LIVE_TWIN

from linetwin.errors import RefusedError, ScenarioError
from linetwin.quantities.packml import STATES
from linetwin.results.audit import AuditLog, head_file
from linetwin.results.audit_check import verify
from linetwin.scenario import load
from linetwin.scenario.mapped import SourceConfig
from linetwin.twin.approval import Approval, ApprovalDesk, Change, Limits, approve
from linetwin.twin.assimilating.rows import Finding
from linetwin.twin.security.folders import SecurityFolder
from linetwin.twin.security.reasons import Reason, refusal
from linetwin.twin.security.roles import Role
from linetwin.twin.security.users import Users
from linetwin.twin.writing.policy import WritePolicy, load_policy
from linetwin.twin.writing.status import (
    Status,
    StatusFile,
    check_status,
    doubts,
    identity_of,
    unheard,
)
from linetwin.twin.writing.times import Times
from linetwin.twin.writing.writer import Writer

if TYPE_CHECKING:
    from pathlib import Path

    from linetwin.twin.security.identity import Identity
    from linetwin.twin.writing.asking import Asked

URI = "urn:test:plant"
LOAD = "cathode.calender.line_load"
BEFORE, AFTER = 600e3, 620e3
MINUTE = timedelta(minutes=1)
FILLED = scenario_of()
SCENARIOS = LIVE_TWIN.parent
POLICY = """\
schema: 1
owner: cathode process engineering
version: 3
plant: {uri: "urn:test:plant", endpoint: "opc.tcp://127.0.0.1:4840/plant", user: writer}
heartbeat: 10 s
writeback:
  - {address: cathode.calender.line_load, low: 540 N/mm, high: 690 N/mm, step: 30 N/mm,
     every: 2 h, states: [Execute, Suspended], expiry: 30 s}
  - {address: cathode.coater.zone_temperatures_2, low: 110 Cel, high: 130 Cel, step: 5 K,
     every: 1 h, states: [Execute]}
"""


FREE = """\
writeback:
  - {address: cathode.calender.roll_temperature, low: 20 Cel, high: 60 Cel, step: 10 K,
     every: 1 h, states: [Execute]}
"""
RECIPE = "recipes/nmc622_graphite_5ah.yaml"


def policy_of(folder: Path, text: str = POLICY) -> WritePolicy:
    """Return a policy for the pilot line."""
    file = folder / "writeback.yaml"
    file.write_text(text, encoding="utf-8")
    return load_policy(file, FILLED)


TWIN = "7" * 64
IN_STEP = Status(NOW.timestamp(), "in step", NOW.timestamp(), twin=TWIN, plants=(URI,))


@dataclass
class Panel:
    """A plant's panel of one station, as a link."""

    value: float = BEFORE
    mode: str = "Execute"
    uri: str = URI
    reply: str | None = ""
    asked: list[Asked] = field(default_factory=list)
    answers: dict[str, str | None] = field(default_factory=dict)
    at: datetime = NOW

    def plant(self) -> str:
        """Return the plant's URI."""
        return self.uri

    def state(self, station: str) -> int:
        """Return the state."""
        assert station == "cathode.calender"
        return STATES[self.mode]

    def setpoint(self, station: str, name: str) -> float:
        """Return the set value."""
        assert (station, name) == ("cathode.calender", "line_load")
        return self.value

    def ask(self, asked: Asked) -> str | None:
        """Take a request."""
        self.asked.append(asked)
        if self.reply == "":
            self.value = asked.value
        self.answers[asked.name] = self.reply
        return self.reply

    def answer(self, _: str, name: str) -> str | None:
        """Return what was answered to a request."""
        return self.answers.get(name)

    def clock(self) -> datetime:
        """Return the present instant."""
        return self.at


@dataclass
class Room:
    """A writer, its panel and its log, and who may approve; `at`: the present instant."""

    folder: Path
    policy: WritePolicy
    eve: Identity
    panel: Panel = field(default_factory=Panel)
    at: datetime = NOW
    beat: datetime | None = NOW
    status: Status = IN_STEP

    def writer(self) -> Writer:
        """Return the writer as a process that was just started has it."""
        users, log = Users(self.folder / "users.json"), AuditLog(self.folder / "audit.jsonl")
        desk = ApprovalDesk(URI, self.folder, users, log)
        return Writer(
            self.policy, self.panel, desk, log, Times(self.folder), self._heard, lambda: self.at
        )

    def _heard(self) -> Status | None:
        """Return how the twin stands, that said so and heard the plant at `beat`."""
        if self.beat is None:
            return None
        return replace(self.status, told=self.beat.timestamp(), heard=self.beat.timestamp())

    def approved(self, after: float = AFTER, before: float = BEFORE, **limits: Any) -> Approval:  # noqa: ANN401
        """Return a change that Eve has approved for an hour."""
        change = Change(URI, LOAD, "N/m", before, after, (EXPECTED,), TWIN)
        until = limits.pop("until", self.at + 60 * MINUTE)
        limits = {"policy": self.policy.digest} | limits
        return approve("eve", self.eve, change, Limits(500e3, 800e3, until, **limits))

    def refused(self, approval: Approval) -> str:
        """Return the reason for which nothing was written; the log tells it and is sound."""
        asked = len(self.panel.asked)
        with pytest.raises(RefusedError) as caught:
            self.writer().write(approval)
        assert len(self.panel.asked) == asked
        what, after = self.told()[-1]
        assert what in {"write refused", "approval refused"}
        assert after["why"] == str(caught.value)
        verify(self.folder / "audit.jsonl")
        return caught.value.reason

    def told(self) -> list[tuple[str, Any]]:
        """Return what the log says."""
        lines = (self.folder / "audit.jsonl").read_text("utf-8").splitlines()
        return [(entry["what"], entry["after"]) for entry in map(json.loads, lines)]


@pytest.fixture
def room(tmp_path: Path) -> Room:
    """Eve is an engineer, Otto an operator."""
    users = Users(tmp_path / "users.json")
    eve = installed(SecurityFolder(tmp_path / "eve"), Sheet("eve"))
    users.add("eve", Role.ENGINEER, eve.certificate)
    return Room(tmp_path, policy_of(tmp_path), eve)


def test_an_approved_change_is_asked_for_and_told(room: Room) -> None:
    """The request has station, tag, value, who, and an expiry; the log has it before and after."""
    written = room.writer().write(room.approved())
    asked = room.panel.asked[0]
    assert (asked.station, asked.setpoint, asked.value) == ("cathode.calender", "line_load", AFTER)
    assert asked.expiry == NOW + timedelta(seconds=30)
    assert "eve" in asked.requester
    assert (written.before, written.after) == (BEFORE, AFTER)
    assert [what for what, _ in room.told()] == [
        "log opened",
        "approval spent",
        "write asked",
        "write accepted",
    ]
    assert room.told()[-1][1]["policy"] == "cathode process engineering, version 3"
    verify(room.folder / "audit.jsonl")


def test_what_the_policy_forbids_is_refused(room: Room) -> None:
    """Bounds, step, state, another plant, a silent twin; the approval is not spent by it."""
    room.panel.value = 680e3
    assert room.refused(room.approved(691e3, 680e3)) == "out of bounds"
    room.panel.value = BEFORE
    assert room.refused(room.approved(631e3)) == "step too great"
    good = room.approved()
    room.panel.mode = "Held"
    assert room.refused(good) == "wrong PackML state"
    room.panel.mode = "Execute"
    room.panel.uri = "urn:test:other"
    assert room.refused(good) == "approval of another change"
    room.panel.uri = URI
    for beat in (None, NOW - timedelta(seconds=11), NOW + MINUTE):
        room.beat = beat
        assert room.refused(good) == "heartbeat lost"
    room.beat = NOW
    room.writer().write(good)


@pytest.mark.parametrize("state", ["catching up", "open loop", "joining", "stale: it is old"])
def test_a_twin_that_does_not_follow_the_plant_asks_nothing(room: Room, state: str) -> None:
    """A word that was said just now is no sign that the plant is heard; it is not asked."""
    room.status = replace(room.status, state=state)
    assert room.refused(room.approved()) == "twin not in step with the plant"


@pytest.mark.parametrize("place", ["twin", "cathode.calender"])
def test_a_twin_in_doubt_of_the_station_asks_nothing(room: Room, place: str) -> None:
    """What holds there or everywhere is told; what holds elsewhere does not count."""
    room.status = replace(room.status, held={place: "the twin finds: ambiguous: this or that"})
    assert room.refused(room.approved()) == "twin in doubt of the station"
    room.status = replace(room.status, held={"anode.calender": "stale: thickness"})
    room.writer().write(room.approved())


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"plants": ("urn:other:plant",)}, "the twin follows urn:other:plant; the policy is for"),
        ({"plants": ()}, "no OPC UA server that has told its URI"),
        ({"twin": "8" * 64}, "it was approved by twin 777777777777, this is 888888888888"),
    ],
)
def test_the_word_of_another_twin_does_not_count(
    room: Room, wrong: dict[str, Any], said: str
) -> None:
    """A twin that follows another plant, none, or is not the one by which it was approved."""
    room.status = replace(IN_STEP, **wrong)
    approval = room.approved()
    with pytest.raises(RefusedError, match=said):
        room.writer().check_beat(approval)
    assert room.refused(approval) == "another twin"


def test_a_twin_is_its_scenario_and_its_endpoints() -> None:
    """Its identity changes with either; not with the order of its sources."""
    one, two = (SourceConfig(name, endpoints=(f"opc.tcp://{name}:4840",)) for name in "ab")

    def of(*sources: SourceConfig, text: str = FILLED.text) -> str:
        mapping = SimpleNamespace(sources={each.name: each for each in sources})
        return identity_of(replace(FILLED, text=text), mapping)  # type: ignore[arg-type]

    assert of(one, two) == of(two, one)
    assert len({of(one, two), of(one), of(one, text="other")}) == 3


def test_a_station_that_follows_is_written_while_another_is_behind(room: Room) -> None:
    """A twin out of step names the stations that are behind: they alone are not written."""
    held = {"cathode.calender": "the twin is 2 lots behind"}
    room.status = replace(room.status, state="out of step", held=held)
    assert room.refused(room.approved()) == "twin in doubt of the station"
    room.status = replace(room.status, held={"anode.calender": "the twin is 2 lots behind"})
    room.writer().write(room.approved())


def test_a_word_is_good_for_seconds(tmp_path: Path) -> None:
    """It is read as it was said; damaged, old, or of one who heard nothing it is none.

    What a killed twin has left says until when it was good; later there is no word.
    """
    file, now = StatusFile(tmp_path), NOW.timestamp()
    assert file.read() is None
    said = Status(now, "in step", now - 1.0, {"cathode.coater": "stale: loading"}, 90.0)
    file.tell(said)
    assert file.read() == said
    left = json.loads((tmp_path / "twin.status").read_text())
    assert (left["age_s"], left["good_until"]) == (90.0, now + 5.0)
    assert said.said(now + 4.0) == "in step"
    assert said.said(now + 7.0) == "no word for 7 s"
    with pytest.raises(RefusedError, match="no word of it for 11 s; at most 10 s are allowed"):
        check_status(said, 10.0, NOW + timedelta(seconds=11))
    assert check_status(said, 10.0, NOW + timedelta(seconds=8)) == said
    for old in (None, replace(said, told=now - 11), replace(said, heard=None)):
        with pytest.raises(RefusedError):
            check_status(old, 10.0, NOW)
    (tmp_path / "twin.status").write_text('{"told": 1', encoding="utf-8")
    assert file.read() is None
    file.end()
    assert list(tmp_path.iterdir()) == []


def test_what_is_not_explained_holds_a_station() -> None:
    """A drift or a bias that is named does not; what has no cause named holds all."""
    config = FILLED.twin or load(LIVE_TWIN).twin
    assert config is not None
    kinds = ("drift", "bias", "ambiguous", "change")
    found = [Finding(kind, ("cathode_rolls",), 0, "so") for kind in kinds]
    assert doubts(found[:2], config) == {}
    assert list(doubts(found[2:], config)) == ["cathode.calender"]
    assert list(doubts([Finding("mismatch", (), 0, "so")], config)) == ["twin"]
    held = unheard(["a"], {"a": ["x"], "b": list("vwxyz"), "c": []}, {"d": 1, "e": 0})
    assert held == {
        "a": "suspended by the plant's state or mode",
        "b": "stale: v, w, x and 2 more",
        "d": "the twin is 1 lot behind",
    }


def test_an_approval_is_good_for_a_day_at_most(room: Room) -> None:
    """Neither it nor its rollback, as the policy says or as is usual."""
    day = 24 * 60 * MINUTE
    for limits in ({"until": NOW + day + MINUTE}, {"rollback_until": NOW + day + MINUTE}):
        assert room.refused(room.approved(**limits)) == "approval good for too long"
    room.policy = policy_of(room.folder, f"good_for: 30 min\n{POLICY}")
    assert room.refused(room.approved()) == "approval good for too long"
    room.writer().write(room.approved(until=NOW + 30 * MINUTE))


def test_an_approval_is_good_under_its_own_policy_alone(room: Room) -> None:
    """Other bounds under the same version: what was approved before is not written."""
    good = room.approved()
    other = POLICY.replace("high: 690 N/mm", "high: 680 N/mm")
    room.policy = policy_of(room.folder, other)
    assert room.refused(good) == "approval under another policy"
    room.policy = policy_of(room.folder)
    assert room.refused(room.approved(policy="")) == "approval under another policy"
    room.writer().write(good)


def test_an_address_that_is_not_enabled_is_refused(room: Room) -> None:
    """Only what the policy names can be written, whoever approves it."""
    change = Change(URI, "cathode.calender.web_speed", "m/s", 0.08, 0.09, (EXPECTED,), TWIN)
    limits = Limits(0.0, 1.0, NOW + MINUTE)
    assert room.refused(approve("eve", room.eve, change, limits)) == "not enabled"


class Denying(Panel):
    """A panel whose plant lets the writer's user fill in no request."""

    def ask(self, asked: Asked) -> str | None:
        """Refuse the user."""
        assert asked.setpoint == "line_load"
        raise refusal(Reason.ROLE, "otto may not write", "give him a role")


def test_what_was_not_handed_in_counts_for_no_time(room: Room) -> None:
    """The next change is refused by no rate; the one after it names the request that was made."""
    room.panel = Denying()
    with pytest.raises(RefusedError, match="otto may not write"):
        room.writer().write(room.approved())
    assert room.told()[-1][0] == "write not handed in"
    room.panel = Panel()
    made = room.writer().write(room.approved())
    with pytest.raises(RefusedError, match=f"by {made.request}; once in"):
        room.writer().write(room.approved(BEFORE, AFTER))


@dataclass
class Killed(Panel):
    """A panel at which the writer is ended while it waits for the answer; `takes`: it is made."""

    takes: bool = False

    def ask(self, asked: Asked) -> str | None:
        """Take it or not, and end the writer."""
        if self.takes:
            super().ask(asked)
        raise KeyboardInterrupt


def left_open(room: Room, *, takes: bool, **limits: Any) -> Approval:  # noqa: ANN401
    """Return the approval of a change whose writer was ended before it had noted the answer."""
    room.panel, approval = Killed(takes=takes), room.approved(**limits)
    with pytest.raises(KeyboardInterrupt):
        room.writer().write(approval)
    room.panel = replace(Panel(), value=room.panel.value, answers=room.panel.answers)
    assert room.told()[-1][0] == "write asked"
    return approval


def test_what_the_plant_accepted_unheard_is_settled_and_can_be_taken_back(room: Room) -> None:
    """A writer was killed before the answer: the plant tells it by the request's name."""
    approval = left_open(room, takes=True, rollback_until=NOW + 60 * MINUTE)
    written = room.writer().written(approval)
    assert (written.before, written.after) == (BEFORE, AFTER)
    assert room.told()[-1][0] == "write accepted"
    with pytest.raises(RefusedError, match=r"the plant has accepted the change; .*--watch-only"):
        room.writer().write(approval)
    room.writer().roll_back(written)
    assert room.panel.value == BEFORE
    assert room.told()[-1][0] == "rollback accepted"
    with pytest.raises(RefusedError, match=r"taken .* back already"):
        room.writer().written(approval)
    verify(room.folder / "audit.jsonl")


def test_a_request_that_never_came_is_open_until_its_expiry_by_the_plants_clock(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody can know before; after it, and what clocks may differ, it was never made."""
    monkeypatch.setattr("linetwin.twin.writing.writer._PUBLISHED_S", 0.0)
    approval = left_open(room, takes=False)
    name = room.told()[-1][1]["why"]
    for attempt in (room.writer().write, room.writer().written):
        for after_s in (0, 34):
            room.panel.at = NOW + timedelta(seconds=after_s)
            with pytest.raises(RefusedError, match=f"request {name} has no answer yet") as caught:
                attempt(approval)
            assert caught.value.reason == "no answer of the plant"
    room.panel.at = NOW + timedelta(seconds=36)
    for _ in range(2):  # each time it is asked again
        with pytest.raises(RefusedError, match=f"^never made: the plant has no request {name}"):
            room.writer().written(approval)
    assert [what for what, _ in room.told() if what.startswith("write never")] == [
        "write never made"
    ]
    assert room.refused(approval) == "replayed approval"
    assert "spent already; never made: the plant has no" in room.told()[-1][1]["why"]
    assert room.panel.asked == []


def test_a_rollback_that_came_to_nothing_may_be_asked_for_again(room: Room) -> None:
    """The plant refuses it at first, by a name of its own; accepted once, it is over."""
    written = room.writer().write(room.approved(rollback_until=NOW + 60 * MINUTE))
    room.panel.reply = "the machine is in Maintenance: rollers"
    with pytest.raises(RefusedError, match="in Maintenance"):
        room.writer().roll_back(written)
    room.panel.reply = ""
    room.writer().roll_back(written)
    assert room.panel.value == BEFORE
    names = [each.name for each in room.panel.asked]
    nonce = written.approval.nonce
    assert names == [f"{nonce}-write", f"{nonce}-rollback", f"{nonce}-rollback-2"]


def test_a_rollback_that_was_spent_and_not_asked_for_is_not_lost(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A kill between the two: the plant was asked for nothing, and the next number is good."""
    written = room.writer().write(room.approved(rollback_until=NOW + 60 * MINUTE))
    with monkeypatch.context() as patch:
        patch.setattr(Writer, "_ask", lambda *_: signal.raise_signal(signal.SIGINT))
        with pytest.raises(KeyboardInterrupt):
            room.writer().roll_back(written)
    assert room.told()[-1][0] == "rollback spent"
    room.writer().roll_back(written)
    assert room.panel.value == BEFORE
    assert room.panel.asked[-1].name == f"{written.approval.nonce}-rollback-2"


def test_a_state_that_holds_a_rollback_back_is_told_once(room: Room) -> None:
    """However often it is tried."""
    written = room.writer().write(room.approved(rollback_until=NOW + 60 * MINUTE))
    room.panel.mode = "Starting"
    for _ in range(3):
        with pytest.raises(RefusedError, match="wrong PackML state"):
            room.writer().roll_back(written)
    assert sum(what == "rollback refused" for what, _ in room.told()) == 1


def test_an_approval_is_good_once_whoever_writes(room: Room, tmp_path: Path) -> None:
    """A second folder of a writer meets what is spent, and the rate, at the twin; else the plant.

    A copied folder of another twin's writer is caught by the request's name alone.
    """

    def second(common: Path) -> Writer:
        log = AuditLog(tmp_path / "second" / "audit.jsonl")
        desk = ApprovalDesk(URI, common, Users(tmp_path / "users.json"), log)
        return replace(room.writer(), desk=desk, log=log, times=Times(common))

    first = room.approved()
    room.writer().write(first)
    room.panel.value = BEFORE  # as somebody has set it back
    for folder, why in ((room.folder, "was spent already"), (tmp_path / "copy", "has answered")):
        with pytest.raises(RefusedError, match=why) as caught:
            second(folder).write(first)
        assert caught.value.reason == "replayed approval"
    with pytest.raises(RefusedError, match="too soon"):
        second(room.folder).write(room.approved(610e3))
    assert len(room.panel.asked) == 1


def test_two_changes_soon_after_one_another_are_refused(room: Room) -> None:
    """Also by a writer that was started anew; once the time is over the next may come."""
    room.writer().write(room.approved())
    room.at += 119 * MINUTE
    room.beat = room.at
    assert room.refused(room.approved(640e3, AFTER)) == "too soon"
    room.at += 2 * MINUTE
    room.beat = room.at
    room.writer().write(room.approved(640e3, AFTER))


def test_an_approval_is_not_good_twice_late_or_changed(room: Room) -> None:
    """Replayed, expired, tampered with, of a set value that has changed since: each by name."""
    late = room.approved(until=NOW - MINUTE)
    assert room.refused(late) == "expired approval"
    other = replace(room.approved(), change=replace(late.change, after=625e3))
    assert room.refused(other) == "tampered approval"
    assert room.refused(room.approved(610e3, 590e3)) == "approval of another change"
    good = room.approved()
    room.writer().write(good)
    room.at += 121 * MINUTE
    room.beat, room.panel.value = room.at, BEFORE
    again = replace(good, limits=good.limits)
    assert room.refused(again) == "replayed approval"
    lasting = room.approved(until=room.at + 600 * MINUTE)
    room.writer().write(lasting)
    room.at += 121 * MINUTE
    room.beat = room.at
    assert room.panel.value == AFTER
    assert room.refused(lasting) == "replayed approval"


def test_who_may_not_set_may_not_approve(room: Room) -> None:
    """An operator's signature and a stranger's are refused."""
    for name, reason in (("otto", "role"), ("mallory", "wrong user or password")):
        own = installed(SecurityFolder(room.folder / name), Sheet(name))
        if name == "otto":
            Users(room.folder / "users.json").add("otto", Role.OPERATOR, own.certificate)
        change = Change(URI, LOAD, "N/m", BEFORE, AFTER, (EXPECTED,), TWIN)
        approval = approve(
            name, own, change, Limits(500e3, 800e3, NOW + MINUTE, None, room.policy.digest)
        )
        assert room.refused(approval) == reason


@pytest.mark.parametrize("harm", ["changed", "cut", "gone", "unanchored"])
def test_nothing_is_written_while_the_log_is_not_whole(room: Room, harm: str) -> None:
    """A log that was changed, cut or taken away: the plant is not asked."""
    room.writer().write(room.approved())
    file = room.folder / "audit.jsonl"
    if harm == "changed":
        file.write_bytes(file.read_bytes().replace(b"620000", b"610000"))
    elif harm == "unanchored":
        head_file(file).unlink()
    elif harm == "cut":
        file.write_bytes(b"".join(file.read_bytes().splitlines(keepends=True)[:-1]))
    else:
        file.unlink()
        head_file(file).unlink()
    room.at += 121 * MINUTE
    room.beat = room.at
    with pytest.raises(RefusedError, match="tampered audit log"):
        room.writer().write(room.approved(630e3, AFTER))
    assert len(room.panel.asked) == 1


def test_what_the_plant_says_is_told(room: Room) -> None:
    """It refuses, with its reason, or does not answer: the log has it."""
    room.panel.reply = "the machine is in Maintenance: rollers"
    with pytest.raises(RefusedError, match="in Maintenance") as caught:
        room.writer().write(room.approved())
    assert caught.value.reason == "refused by the plant"
    assert room.told()[-1][0] == "write refused by the plant"
    room.panel.reply, room.at = None, room.at + 121 * MINUTE
    room.beat = room.at
    with pytest.raises(RefusedError, match="not answered") as caught:
        room.writer().write(room.approved())
    assert caught.value.reason == "no answer of the plant"
    assert room.told()[-1][0] == "write unanswered"


def test_a_change_is_taken_back_only_where_that_was_approved(room: Room) -> None:
    """At once, although the next change would be too soon; once; else it is for a person."""
    written = room.writer().write(room.approved())
    with pytest.raises(RefusedError, match="not approved"):
        room.writer().roll_back(written)
    assert room.panel.value == AFTER
    room.at += 121 * MINUTE
    room.beat, room.panel.value = room.at, BEFORE
    both = room.approved(rollback_until=room.at + 120 * MINUTE)
    written = room.writer().write(both)
    room.writer().roll_back(written)
    assert room.panel.value == BEFORE
    assert room.told()[-1][0] == "rollback accepted"
    with pytest.raises(RefusedError):
        room.writer().roll_back(written)


WRONG = {
    "validated recipe": ("calender.line_load", "calender.porosity_tolerance"),
    "is no set value of a panel": ("calender.line_load", "calender.emergency_stop"),
    "no PackML state": ("Suspended", "Working"),
    "not above low": ("low: 540 N/mm", "low: 740 N/mm"),
    "at least 1|must be|owner": ("owner: cathode process engineering\n", ""),
}


@pytest.mark.parametrize("why", WRONG)
def test_a_wrong_policy_is_refused(tmp_path: Path, why: str) -> None:
    """Recipe values and what is on no panel cannot be enabled; every fault names its place."""
    with pytest.raises(ScenarioError, match=why):
        policy_of(tmp_path, POLICY.replace(*WRONG[why]))


DOSE = "cell.filler.electrolyte_dose"


@pytest.mark.parametrize("over", [(), (f"{DOSE}=11.5 g",)])
def test_what_the_recipe_has_validated_cannot_be_enabled(
    tmp_path: Path, over: tuple[str, ...]
) -> None:
    """It is named with file and line of the recipe, also where the scenario sets it otherwise."""
    entry = f"writeback:\n  - {{address: {DOSE}, low: 11 g, high: 12 g, step: 1 g,"
    file = tmp_path / "writeback.yaml"
    text = FREE.replace(
        "writeback:\n  - {address: cathode.calender.roll_temperature, low: 20 Cel, high: 60 Cel,"
        " step: 10 K,",
        entry,
    )
    assert DOSE in text
    file.write_text(POLICY.partition("writeback:")[0] + text, encoding="utf-8")
    with pytest.raises(ScenarioError) as caught:
        load_policy(file, scenario_of(*over))
    assert place_in_recipe(DOSE) in str(caught.value)
    file.write_text(POLICY.partition("writeback:")[0] + FREE, encoding="utf-8")
    assert "cathode.calender.roll_temperature" in load_policy(file, FILLED).enabled


@pytest.mark.parametrize(
    ("wide", "said", "address"),
    [
        ("high: 691 N/mm", "691 N/mm", LOAD),
        ("low: 539 N/mm", "539 N/mm", LOAD),
        ("high: 131 Cel", "131 °C", "cathode.coater.zone_temperatures"),
    ],
)
def test_bounds_lie_in_the_proven_range(tmp_path: Path, wide: str, said: str, address: str) -> None:
    """A bound beyond what the recipe's validation covers is refused; both are named."""
    key = wide.partition(":")[0]
    (entry,) = (e for e in POLICY.split("  - {address: ")[1:] if e.startswith(address))
    old = entry[entry.index(f"{key}: ") :].partition(",")[0]
    with pytest.raises(ScenarioError, match="outside the proven acceptable range") as caught:
        policy_of(tmp_path, POLICY.replace(entry, entry.replace(old, wide)))
    assert said in str(caught.value)
    assert place_in_recipe(address) in str(caught.value)


def place_in_recipe(address: str) -> str:
    """Return file and line where the shipped recipe sets an address."""
    lines = (SCENARIOS / RECIPE).read_text("utf-8").splitlines()
    (number,) = (n for n, line in enumerate(lines, 1) if line.strip().startswith(f"{address}:"))
    return f"{RECIPE}:{number}"


def test_one_number_of_a_row_can_be_enabled(tmp_path: Path) -> None:
    """A zone of a dryer has an address of its own; bounds in canonical units."""
    zone = policy_of(tmp_path).enabled["cathode.coater.zone_temperatures_2"]
    assert (zone.low, zone.high, zone.step) == pytest.approx((383.15, 403.15, 5.0))
    assert zone.states == ("Execute",)
