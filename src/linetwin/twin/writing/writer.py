"""The writer: asks a plant for one approved change, if all that was laid down allows it.

It alone holds the credential that may write. All that is asked, refused and answered stands in the
hash-chained log of its security folder before and after it is done. A twin may have several
writers: what one asks for is over before the next looks at the plant; what they watch goes on
beside it. What was asked for and has no end in the log is settled by what the plant tells of it.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol

from linetwin.errors import OpcUaError, RefusedError
from linetwin.quantities.packml import STATES
from linetwin.results.audit import locked
from linetwin.twin.approval import check_signature
from linetwin.twin.security.reasons import Reason, refusal
from linetwin.twin.writing.asking import (
    CLOCKS_S,
    ROLLBACK,
    WRITE,
    Asked,
    Open,
    open_request,
    rollback_name,
    write_name,
)
from linetwin.twin.writing.foretold import told
from linetwin.twin.writing.record import Record
from linetwin.twin.writing.status import check_plant, check_station, check_status, check_twin

if TYPE_CHECKING:
    from collections.abc import Callable

    from linetwin.results.audit import AuditLog
    from linetwin.twin.approval import Approval, ApprovalDesk
    from linetwin.twin.writing.policy import Enabled, WritePolicy
    from linetwin.twin.writing.status import Status
    from linetwin.twin.writing.times import Times

_PUBLISHED_S = 2.0
"""After which a plant has published an answer that it had as it fell silent [A]."""
_STATES = {number: name for name, number in STATES.items()}


class PlantLink(Protocol):
    """What a writer does at a plant."""

    def plant(self) -> str:
        """Return the application URI of the plant that is connected."""
        ...

    def state(self, station: str) -> int:
        """Return the PackML state of a station, as its number."""
        ...

    def setpoint(self, station: str, name: str) -> float:
        """Return a set value as the plant has it."""
        ...

    def ask(self, asked: Asked) -> str | None:
        """Hand a request in; return why it was refused, "" if accepted, None without an answer."""
        ...

    def answer(self, station: str, name: str) -> str | None:
        """Return what the plant has answered to a request: as `ask`; None where nothing is told."""
        ...

    def clock(self) -> datetime:
        """Return the plant's clock (UTC)."""
        ...


@dataclass(frozen=True)
class Written:
    """A change that the plant has accepted."""

    approval: Approval
    request: str
    before: float
    after: float


@dataclass
class Writer:
    """Writes by a policy; `beat`: what the running twin says of itself, None where nothing.

    `check_wanted`: raises where the change is not wanted any more when its turn has come.
    """

    policy: WritePolicy
    link: PlantLink
    desk: ApprovalDesk
    log: AuditLog
    times: Times
    beat: Callable[[], Status | None]
    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))
    check_wanted: Callable[[], None] = field(default=lambda: None)

    @property
    def record(self) -> Record:
        """What the log has of changes."""
        return Record(self.log, self.policy)

    def write(self, approval: Approval) -> Written:
        """Ask the plant for what was approved; RefusedError with the reason, which the log has."""
        with locked(self.times.file):  # until the plant has answered: the next waits its turn
            self.check_wanted()
            return self._write(approval)

    def _write(self, approval: Approval) -> Written:
        change = approval.change
        about = approval.about
        self.record.check_whole()
        try:
            check_signature(approval)
            enabled = self._enabled(change.address)
            self._check_unspent(enabled, approval)  # first of all: trying again later is no help
            self._check_policy(approval)
            current = self.link.setpoint(enabled.station, enabled.tag)
            self._check(enabled, current, approval)
            self._check_rate(enabled)
            self._check_unanswered(enabled, approval)
        except RefusedError as error:
            if error.reason != Reason.NO_ANSWER.text:  # that is open, not refused
                self.record.tell("write refused", about, change.after, str(error))
            raise
        except OpcUaError as error:
            raise self.record.unreached(approval, error) from error.__cause__
        self.desk.redeem(approval, current, change.after, self.now())
        request = self._ask(enabled, change.after, approval, (WRITE, write_name(approval)))
        return Written(approval, request, current, change.after)

    def roll_back(self, written: Written) -> None:
        """Take a change back, where that was approved with it; no limit but the state holds.

        Where it was asked for before, and the plant has accepted it, that is noted.
        """
        with locked(self.times.file):
            self.record.check_whole()
            self._settle(written.approval)
            self._roll_back(written.approval)

    def _roll_back(self, approval: Approval) -> None:
        change = approval.change
        enabled = self._enabled(change.address)
        self._check_not_back(approval)
        try:
            self._check_state(enabled)
        except RefusedError as error:
            self.record.tell_once("rollback refused", approval, change.before, str(error))
            raise
        current = self.link.setpoint(enabled.station, enabled.tag)
        name = rollback_name(approval, self.record.of(approval))
        value = self.desk.redeem_rollback(approval, current, self.now(), name)
        self._ask(enabled, value, approval, (ROLLBACK, name))

    def written(self, approval: Approval) -> Written:
        """Return a change that was made before; RefusedError by how it came out instead.

        One of which the log has no end, as a kill or a silent plant leaves it, is settled first.
        """
        change = approval.change
        with locked(self.times.file):
            self.record.check_whole()
            enabled = self._enabled(change.address)
            self._check_policy(approval)
            self.desk.check_spent(approval)
            self._settle(approval)
        self._check_not_back(approval)
        own = self.record.check_accepted(approval)  # of what was not made no set value tells
        current = self.link.setpoint(enabled.station, enabled.tag)
        self.desk.check_made(approval, current)
        return Written(approval, str(own.after["why"]), change.before, change.after)

    def _check_not_back(self, approval: Approval) -> None:
        if self.record.is_back(approval):
            message = f"the plant has taken {approval.change.address} back already"
            raise refusal(Reason.OTHER_CHANGE, message, "there is nothing to watch or to take back")

    def log_of(self, approval: Approval) -> list[tuple[str, Any]]:
        """Return what the log has of an approved change: what, and the detail, in order."""
        return [(each.what, each.after) for each in self.record.of(approval)]

    # ------------------------------------------------------------------------------- checks
    def _enabled(self, address: str) -> Enabled:
        found = self.policy.enabled.get(address)
        if found is None:
            names = ", ".join(self.policy.enabled) or "nothing"
            message = f"{address} may not be written: version {self.policy.version} of the policy"
            remedy = f"it enables {names}; its owner is {self.policy.owner}"
            raise refusal(Reason.NOT_ENABLED, message, remedy)
        return found

    def _check_unspent(self, enabled: Enabled, approval: Approval) -> None:
        """Refuse what was spent, by how it came out; what is open is settled first."""
        if not self.desk.is_spent(approval):
            return
        self._settle(approval)
        spent = f"approval {approval.nonce} was spent"
        if self.record.is_back(approval):
            message = f"{spent}: the plant has accepted the change, and has taken it back"
        elif self.record.has_asked(approval):
            try:
                self.record.check_accepted(approval)
            except RefusedError as error:
                raise refusal(Reason.REPLAYED, f"{spent} already", str(error)) from None
            message = f"{spent}: the plant has accepted the change"
            remedy = "to watch it: the same command with --watch TIME --watch-only"
            raise refusal(Reason.REPLAYED, message, remedy)
        else:
            how = self._told_by_plant(enabled, approval)
            message = f"{spent} already; this log has no request of it, {how}"
        raise refusal(Reason.REPLAYED, message, "have the change approved anew")

    def _told_by_plant(self, enabled: Enabled, approval: Approval) -> str:
        """Return what the plant tells of a change that another writer may have asked for."""
        answer = self.link.answer(enabled.station, write_name(approval))
        if answer is None:
            return "nor does the plant tell of one"
        return f"the plant has refused it: {answer}" if answer else "the plant has accepted it"

    def _check_unanswered(self, enabled: Enabled, approval: Approval) -> None:
        """Refuse what the plant has answered: a writer of another twin has used the approval."""
        name = write_name(approval)
        if self.link.answer(enabled.station, name) is not None:
            message = f"the plant has answered request {name} before"
            raise refusal(Reason.REPLAYED, message, "have the change approved anew")

    def _settle(self, approval: Approval) -> None:
        """Note what came of a request that the log has open.

        RefusedError while the plant has no answer and may still accept it, by its own clock.
        """
        request = open_request(self.record.of(approval))
        if request is None:
            return
        enabled = self._enabled(approval.change.address)
        clock = self.link.clock()  # before the answers are read: none that counts comes later
        answer = self.link.answer(enabled.station, request.name)
        if answer is None and clock <= request.expiry + timedelta(seconds=CLOCKS_S):
            until = f"{request.expiry:%Y-%m-%d %H:%M:%S} UTC"
            message = f"request {request.name} has no answer yet; it is open until {until}"
            remedy = f"the same command with --watch-only, {CLOCKS_S:g} s after that, tells"
            raise refusal(Reason.NO_ANSWER, message, remedy)
        if answer is None:  # a plant that has just come to itself publishes what it has accepted
            time.sleep(_PUBLISHED_S)
            answer = self.link.answer(enabled.station, request.name)
        self.record.tell_answer(approval, request, answer)

    def _check_policy(self, approval: Approval) -> None:
        """Refuse what was approved when the policy was another, whatever version it names."""
        if approval.limits.policy != self.policy.digest:
            message = f"{self.policy.file.name} is not the policy under which it was approved"
            raise refusal(Reason.OTHER_POLICY, message, "have the change approved anew")

    def _check(self, enabled: Enabled, current: float, approval: Approval) -> None:
        """Refuse what the policy does not allow now."""
        value = approval.change.after
        plant = self.link.plant()
        if plant != self.policy.plant:
            message = f"{plant} answers, the policy is for {self.policy.plant}"
            raise refusal(Reason.OTHER_CHANGE, message, "look at the endpoint of the policy")
        name = enabled.address
        if not enabled.low <= value <= enabled.high:
            ends = f"{told(name, enabled.low)} to {told(name, enabled.high)}"
            message = f"{told(name, value)} is outside {ends}"
            raise refusal(Reason.BOUNDS, message, f"{self.policy.owner} may widen the policy")
        enabled.check_step(current, value)
        self._check_spans(approval)
        self._check_state(enabled)
        check_station(self.check_beat(approval), enabled.station)

    def _check_spans(self, approval: Approval) -> None:
        """Refuse what is good for longer than the policy allows."""
        limits, most = approval.limits, self.now() + timedelta(seconds=self.policy.longest_s)
        for instant in (limits.until, limits.rollback_until):
            if instant is not None and instant > most:
                hours = f"{self.policy.longest_s / 3600:g} h"
                message = f"it is good until {instant:%Y-%m-%d %H:%M} UTC; at most {hours} from now"
                raise refusal(Reason.TOO_LONG, message, "have the change approved for less")

    def _check_state(self, enabled: Enabled) -> None:
        number = self.link.state(enabled.station)
        state = _STATES.get(number, f"code {number}")
        if state not in enabled.states:
            message = f"{enabled.station} is {state}"
            remedy = f"it may be written in {', '.join(enabled.states)}"
            raise refusal(Reason.STATE, message, remedy)

    def check_beat(self, approval: Approval) -> Status:
        """Return what the twin says; refuse to go on where it is silent or not in step.

        So too where it follows another plant, or is not the one by which the change was approved.
        """
        status = check_status(self.beat(), self.policy.heartbeat_s, self.now())
        check_plant(status, self.policy.plant)
        check_twin(status, approval.change.twin)
        return status

    def _check_rate(self, enabled: Enabled) -> None:
        last = self.times.all().get(enabled.address)
        if last is None:
            return
        due = datetime.fromisoformat(last) + timedelta(seconds=enabled.every_s)
        if self.now() < due:
            message = (
                f"{enabled.address} was written at {last}{self.record.holder(enabled.address)}; "
                f"once in {enabled.every_s:g} s"
            )
            raise refusal(Reason.RATE, message, f"not before {due.isoformat(timespec='seconds')}")

    # ------------------------------------------------------------------------------- asking
    def _ask(
        self, enabled: Enabled, value: float, approval: Approval, named: tuple[str, str]
    ) -> str:
        """Hand a request in, with its time and entry on the disk before it is; `named`: what, name.

        From then on nobody but the plant knows what becomes of it: it answers, or it is open.
        """
        now, (what, name) = self.now(), named
        about, before = approval.about, self.times.all().get(enabled.address)
        expiry = now + timedelta(seconds=enabled.expiry_s)
        request = Open(what, name, value, expiry)
        who = f"linetwin for {approval.who}"
        asked = Asked(enabled.station, enabled.tag, value, who, name, expiry)
        self.times.note(enabled.address, now.isoformat(timespec="milliseconds"))
        self.record.tell(f"{what} asked", about, value, name, expiry=expiry.isoformat())
        try:
            answer = self.link.ask(asked)
        except RefusedError as error:  # its user may not fill in a request: there is none
            self.times.note(enabled.address, before)
            self.record.tell(f"{what} not handed in", about, value, str(error))
            raise
        if answer is None:
            message = f"request {name} was not answered until its expiry"
            self.record.tell(f"{what} unanswered", about, value, message)
            remedy = "the same command with --watch-only asks the plant what came of it"
            raise refusal(Reason.NO_ANSWER, message, remedy)
        self.record.tell_answer(approval, request, answer)
        if answer:
            raise refusal(Reason.PLANT, answer, "see why, then have another change approved")
        return name
