"""The writer: asks a plant for one approved change, if all that was laid down allows it.

It alone holds the credential that may write. All that is asked, refused and answered stands in the
hash-chained log of its security folder before and after it is done. Several writers may share that
folder: what one asks for is over before the next looks at the plant; what they watch goes on
beside it.
"""

from __future__ import annotations

import json
import math
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol

from linetwin.errors import OpcUaError, RefusedError, ResultsError
from linetwin.quantities.packml import STATES
from linetwin.results.audit import entries, head_file, locked
from linetwin.results.audit_check import verify
from linetwin.twin.security.folders import PRIVATE_FILE, replace
from linetwin.twin.security.reasons import Reason, refusal
from linetwin.twin.writing.foretold import told
from linetwin.twin.writing.status import check_plant, check_station, check_status, check_twin

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from linetwin.results.audit import AuditLog, Entry
    from linetwin.twin.approval import Approval, ApprovalDesk
    from linetwin.twin.writing.policy import Enabled, WritePolicy
    from linetwin.twin.writing.status import Status

WHO = "writer"
TIMES = "written.json"
"""File of the writer's folder that holds when each address was last asked for."""
_STATES = {number: name for name, number in STATES.items()}
_ASKED = ("write asked", "rollback asked")
_NOT_HANDED_IN = ("write not handed in", "rollback not handed in")
_ACCEPTED = ("write accepted", "rollback accepted")


@dataclass(frozen=True)
class Asked:
    """What is handed in at a station's request tags; `expiry` in UTC."""

    station: str
    setpoint: str
    value: float
    requester: str
    name: str
    expiry: datetime


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
    folder: Path
    beat: Callable[[], Status | None]
    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))
    check_wanted: Callable[[], None] = field(default=lambda: None)

    def write(self, approval: Approval) -> Written:
        """Ask the plant for what was approved; RefusedError with the reason, which the log has."""
        with locked(self.folder / TIMES):  # until the plant has answered: the next waits its turn
            self.check_wanted()
            return self._write(approval)

    def _write(self, approval: Approval) -> Written:
        change = approval.change
        about = approval.about
        self._check_log()
        try:
            enabled = self._enabled(change.address)
            self._check_policy(approval)
            self._check_unspent(approval, enabled)  # first of all: trying again later is no help
            current = self.link.setpoint(enabled.station, enabled.tag)
            self._check(enabled, current, approval)
            self._check_rate(enabled)
        except RefusedError as error:
            self._tell("write refused", about, change.after, str(error))
            raise
        self.desk.redeem(approval, current, change.after, self.now())
        request = self._ask(enabled, change.after, approval, "write")
        return Written(approval, request, current, change.after)

    def roll_back(self, written: Written) -> None:
        """Take a change back, where that was approved with it; no limit but the state holds."""
        with locked(self.folder / TIMES):
            self._roll_back(written.approval)

    def _roll_back(self, approval: Approval) -> None:
        change = approval.change
        self._check_log()
        enabled = self._enabled(change.address)
        try:
            self._check_state(enabled)
        except RefusedError as error:
            self._tell("rollback refused", approval.about, change.before, str(error))
            raise
        current = self.link.setpoint(enabled.station, enabled.tag)
        value = self.desk.redeem_rollback(approval, current, self.now())
        self._ask(enabled, value, approval, "rollback")

    def written(self, approval: Approval) -> Written:
        """Return a change that was made before; RefusedError where the plant does not have it."""
        change = approval.change
        self._check_log()
        enabled = self._enabled(change.address)
        self._check_policy(approval)
        current = self.link.setpoint(enabled.station, enabled.tag)
        self.desk.check_made(approval, current)
        own = next((each for each in self._accepted() if each.about == approval.about), None)
        if own is None:
            message = f"the log does not say that the plant has accepted {change.address}"
            raise refusal(Reason.OTHER_CHANGE, message, "look at the set value in the plant")
        return Written(approval, str(own.after["why"]), change.before, change.after)

    def changed_since(self, approval: Approval) -> list[str]:
        """Return what else was set in the same part of the line since a change was made.

        Addresses; the part is the first word of an address, such as an electrode.
        """
        abouts = [each.about for each in self._accepted()]
        later = abouts[abouts.index(approval.about) + 1 :]
        part = approval.change.address.partition(".")[0]
        found = {about.partition(" ")[0]: None for about in later if about != approval.about}
        return [each for each in found if each.partition(".")[0] == part]

    def log_of(self, approval: Approval) -> list[tuple[str, Any]]:
        """Return what the log has of an approved change: what, and the detail, in order."""
        about = approval.about
        with locked(self.log.file):
            found = [each for each in entries(self.log.file) if each.about == about]
        return [(each.what, each.after) for each in found]

    def _accepted(self) -> list[Entry]:
        """Return what the log has of changes that the plant has accepted."""
        with locked(self.log.file):
            return [each for each in entries(self.log.file) if each.what in _ACCEPTED]

    # ------------------------------------------------------------------------------- checks
    def _check_log(self) -> None:
        """Refuse to go on where the log is not whole; that cannot be logged."""
        try:
            begun = (self.log.file, head_file(self.log.file), self.folder / TIMES)
            if any(each.exists() for each in begun):
                with locked(self.log.file):  # no entry of another writer is half there
                    verify(self.log.file)
        except ResultsError as error:
            remedy = "find out who changed it; nothing is written until then"
            raise refusal(Reason.LOG, str(error), remedy) from error

    def _enabled(self, address: str) -> Enabled:
        found = self.policy.enabled.get(address)
        if found is None:
            names = ", ".join(self.policy.enabled) or "nothing"
            message = f"{address} may not be written: version {self.policy.version} of the policy"
            remedy = f"it enables {names}; its owner is {self.policy.owner}"
            raise refusal(Reason.NOT_ENABLED, message, remedy)
        return found

    def _check_unspent(self, approval: Approval, enabled: Enabled) -> None:
        try:
            self.desk.check_unspent(approval)
        except RefusedError:
            self._check_not_open(approval, enabled)
            raise

    def _check_not_open(self, approval: Approval, enabled: Enabled) -> None:
        """Refuse what was asked for by a process that ended before it noted what came of it."""
        about = approval.about
        with locked(self.log.file):
            own = [each for each in entries(self.log.file) if each.about == about]
        told = [each for each in own if each.what.startswith("write ") and not _is_refusal(each)]
        if not told or told[-1].what != "write asked":
            return
        expiry = datetime.fromisoformat(told[-1].time) + timedelta(seconds=enabled.expiry_s)
        name, until = told[-1].after["why"], f"{expiry:%Y-%m-%d %H:%M:%S} UTC"
        message = f"request {name} was asked for, and the log has no answer: the writer was ended"
        is_open = self.now() < expiry
        message += f"; it may be open at the plant until {until}" if is_open else ""
        remedy = "look at the set value in the plant, then have it approved anew if it is not made"
        raise refusal(Reason.NO_ANSWER, message, remedy)

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
        last = self._times().get(enabled.address)
        if last is None:
            return
        due = datetime.fromisoformat(last) + timedelta(seconds=enabled.every_s)
        if self.now() < due:
            message = (
                f"{enabled.address} was written at {last}{self._holder(enabled.address)}; "
                f"once in {enabled.every_s:g} s"
            )
            raise refusal(Reason.RATE, message, f"not before {due.isoformat(timespec='seconds')}")

    def _holder(self, address: str) -> str:
        """Return by which request an address was asked for last, as the log has it."""
        with locked(self.log.file):
            asked = [e for e in entries(self.log.file) if e.about.partition(" ")[0] == address]
        names: list[str] = []
        for each in asked:
            if each.what in _ASKED:
                names.append(str(each.after["why"]))
            elif each.what in _NOT_HANDED_IN:
                names.pop()
        return f" by {names[-1]}" if names else ""

    # ------------------------------------------------------------------------------- asking
    def _ask(self, enabled: Enabled, value: float, approval: Approval, what: str) -> str:
        """Hand a request in, with its time and entry on the disk before it is."""
        now, name = self.now(), f"{approval.nonce[:12]}-{what}-{secrets.token_hex(2)}"
        about, before = approval.about, self._times().get(enabled.address)
        self._note_time(enabled.address, now.isoformat(timespec="milliseconds"))
        asked = Asked(
            enabled.station,
            enabled.tag,
            value,
            f"linetwin for {approval.who}",
            name,
            now + timedelta(seconds=enabled.expiry_s),
        )
        self._tell(f"{what} asked", about, value, name)
        try:
            answer = self.link.ask(asked)
        except RefusedError as error:  # its user may not fill in a request: there is none
            self._note_time(enabled.address, before)
            self._tell(f"{what} not handed in", about, value, str(error))
            raise
        except OpcUaError as error:
            self._tell(f"{what} failed", about, value, str(error))
            raise
        if answer is None:
            message = f"request {name} was not answered in {enabled.expiry_s:g} s"
            self._tell(f"{what} unanswered", about, value, message)
            remedy = "look at the set value in the plant before anything else is tried"
            raise refusal(Reason.NO_ANSWER, message, remedy)
        if answer:
            self._tell(f"{what} refused by the plant", about, value, answer)
            raise refusal(Reason.PLANT, answer, "see why, then have another change approved")
        self._tell(f"{what} accepted", about, value, name)
        return name

    def _tell(self, what: str, about: str, value: float, why: Any) -> None:  # noqa: ANN401  any JSON
        plain = value if math.isfinite(value) else str(value)
        policy = f"{self.policy.owner}, version {self.policy.version}"
        after = {"value": plain, "why": why, "policy": policy}
        self.log.append(WHO, what, about=about, after=after)

    def _times(self) -> dict[str, str]:
        """Return when each address was last asked for."""
        file = self.folder / TIMES
        if not file.exists():
            return {}
        try:
            found: dict[str, str] = json.loads(file.read_text(encoding="utf-8"))
        except ValueError as error:
            raise ResultsError(f"{file} is damaged: the times of writing are not known") from error
        return found

    def _note_time(self, address: str, time: str | None) -> None:
        """Note when an address was last asked for; None: never."""
        self.folder.mkdir(parents=True, exist_ok=True)
        noted = self._times() | {address: time}
        times = {name: each for name, each in noted.items() if each is not None}
        replace(self.folder / TIMES, json.dumps(times).encode(), PRIVATE_FILE)


def _is_refusal(entry: Entry) -> bool:
    """Whether an entry says that the writer itself has refused: nothing was asked by that."""
    return entry.what == "write refused"
