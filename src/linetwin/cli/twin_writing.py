"""`linetwin live write`: an approved change is asked for at the plant, and watched."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

from linetwin.cli.feeding import SECURITY as FEED_SECURITY
from linetwin.cli.interruption import Interruption
from linetwin.cli.locking import HeldError, held
from linetwin.cli.printing import say, say_aside
from linetwin.cli.twin_approving import span_of
from linetwin.cli.twin_forking import origin_of, read_kept
from linetwin.cli.twin_run import MAPPING
from linetwin.cli.visiting import password_of
from linetwin.errors import OpcUaError, Problem, RefusedError, ResultsError, ScenarioError
from linetwin.results.audit import AuditLog
from linetwin.results.display import counted
from linetwin.scenario.mapping import load_mapping
from linetwin.twin.approval import ApprovalDesk, check_signature, read_approval
from linetwin.twin.security.connecting import Credentials, Terms
from linetwin.twin.security.folders import SecurityFolder
from linetwin.twin.security.identity import identity
from linetwin.twin.security.reasons import Reason, refusal
from linetwin.twin.security.trust import Trust
from linetwin.twin.security.users import Users
from linetwin.twin.writing.foretold import told, told_span
from linetwin.twin.writing.link import OpcUaPlant
from linetwin.twin.writing.policy import load_policy
from linetwin.twin.writing.record import WHO, Record
from linetwin.twin.writing.status import StatusFile, check_status
from linetwin.twin.writing.times import Times
from linetwin.twin.writing.watching import BEGUN, READ, Watch, taken_up
from linetwin.twin.writing.writer import Writer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from linetwin.twin.approval import Approval, Change
    from linetwin.twin.writing.policy import WritePolicy
    from linetwin.twin.writing.watching import Seen
    from linetwin.twin.writing.writer import Written

COMMON = "writing"
"""Folder of the twin's in which its writers note what is spent, and when each address was asked."""
_LOOK_S = 0.2
_TRY_AGAIN_S = 1.0
"""Between two tries of a rollback that a passing state holds back [A]."""
_AGAIN = "linetwin: to watch it again: the same command with --watch-only\n"


@dataclass(frozen=True)
class Order:
    """An approved change that is to be made; `watch`: for how long it is watched.

    `made`: it was asked for before, is only settled, and watched where there is a time; `back`: it
    was made, and is taken back.
    """

    twin: Path
    policy: Path
    approval: Path
    security: Path
    watch: str | None = None
    made: bool = False
    back: bool = False


def write(order: Order) -> None:
    """Make an approved change, and watch it; others may be made meanwhile."""
    if order.back and (order.made or order.watch is not None):
        raise ScenarioError([Problem("goes alone", "--take-back", "without --watch")])
    _check_apart(order)
    _, found = read_kept(order.twin)
    scenario = origin_of(found).load()
    policy = load_policy(order.policy, scenario)
    _check_user(order, policy)
    approval = _read(order, policy)
    seconds = None if order.watch is None else span_of(order.watch, "--watch").total_seconds()
    folder = SecurityFolder(order.security)
    user = Credentials(policy.user, password_of(policy.user))
    host = policy.host or None
    terms = Terms(identity(folder), Trust(folder), policy.security_policy, user, host)
    with Interruption().watched() as interruption:
        link = _linked(order, policy, terms, approval)
        try:
            writer = _writer(order, policy, link)
            writer.check_wanted = interruption.check
            if order.back:
                _roll_back(Watching(writer, link, writer.written(approval)), interruption)
                return
            written = writer.written(approval) if order.made else writer.write(approval)
            if seconds is None or not order.made:
                say(f"accepted: {_change(written)}")
            if seconds is None:
                return
            with watched_alone(_folder(order) / COMMON, approval):
                if order.made:
                    say(f"watched again: {_change(written)}")
                watch_change(Watching(writer, link, written), seconds, interruption)
        finally:
            link.close()


def _change(written: Written) -> str:
    """Return a change as people read it: `ADDRESS 600 N/mm -> 620 N/mm`."""
    address = written.approval.change.address
    return f"{address} {told(address, written.before)} -> {told(address, written.after)}"


def _read(order: Order, policy: WritePolicy) -> Approval:
    """Return the approval of a file, as it was signed.

    ResultsError where it cannot be read, RefusedError, which the log has, where it was changed.
    """
    file, about = order.approval, order.approval.name
    try:
        approval = read_approval(file.read_text(encoding="utf-8"))
        about = approval.about
        check_signature(approval)
    except (OSError, UnicodeDecodeError) as error:
        raise ResultsError(f"{file} cannot be read: {error}") from error
    except RefusedError as error:
        _record(order, policy).log.append(
            WHO, "write refused", about=about, after={"why": str(error)}
        )
        raise
    return approval


def _linked(order: Order, policy: WritePolicy, terms: Terms, approval: Approval) -> OpcUaPlant:
    """Return a link to the plant; where there is none the log has why.

    The twin is asked first, and once more where the plant does not answer: it may know why. Not
    so of a change that was asked for before: that the plant alone settles.
    """
    record = _record(order, policy)
    is_new = not (order.made or order.back or _desk(order, policy, record).is_spent(approval))
    try:
        if is_new:
            _check_twin(order, policy)
    except RefusedError as error:
        record.log.append(WHO, "write refused", about=approval.about, after={"why": str(error)})
        raise
    try:
        return OpcUaPlant(policy.endpoint, terms)
    except OpcUaError as error:
        unreached = record.unreached(approval, error)
        if is_new and not isinstance(error, RefusedError):
            try:
                _check_twin(order, policy)
            except RefusedError as told:
                say_aside(str(unreached))
                raise told from error
        raise unreached from error.__cause__


def _check_twin(order: Order, policy: WritePolicy) -> None:
    """Refuse to go on where the twin does not run or follow."""
    check_status(_status_file(order).read(), policy.heartbeat_s, datetime.now(UTC))


def _status_file(order: Order) -> StatusFile:
    return StatusFile(_folder(order))


def _folder(order: Order) -> Path:
    """Return the twin's folder."""
    return order.twin if order.twin.is_dir() else order.twin.parent


def _check_apart(order: Order) -> None:
    """Refuse to write with what the reading feed connects with."""
    if order.security.resolve() == FEED_SECURITY.resolve():
        hint = "a folder of its own, such as security/writer: the feed holds no write credential"
        raise ScenarioError([Problem("is the feed's", f"--security {order.security}", hint)])


def _check_user(order: Order, policy: WritePolicy) -> None:
    """Refuse a user under which the twin reads too."""
    file = order.twin / MAPPING
    if not file.is_file():
        return
    readers = {source.security.user for source in load_mapping(file).sources.values()}
    if policy.user in readers:
        hint = "the writer has a user of its own: the feed holds no write credential"
        raise ScenarioError([Problem(f"the twin reads as '{policy.user}'", "plant.user", hint)])


def _record(order: Order, policy: WritePolicy) -> Record:
    return Record(AuditLog(SecurityFolder(order.security).log), policy)


def _desk(order: Order, policy: WritePolicy, record: Record) -> ApprovalDesk:
    users = Users(SecurityFolder(order.security).users)
    return ApprovalDesk(policy.plant, _folder(order) / COMMON, users, record.log)


def _writer(order: Order, policy: WritePolicy, link: OpcUaPlant) -> Writer:
    record = _record(order, policy)
    desk = _desk(order, policy, record)
    times = Times(_folder(order) / COMMON)  # all writers of the twin meet there
    return Writer(policy, link, desk, record.log, times, _status_file(order).read)


@contextmanager
def watched_alone(common: Path, approval: Approval) -> Iterator[None]:
    """Hold the watch of a change; ResultsError where another process has it."""
    folder = common / f"{approval.nonce}.watch"
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with held(folder):
            yield
    except HeldError as error:
        message = f"{approval.change.address} is being watched by another process: leave it to that"
        raise ResultsError(message) from error


class WatchedPlant(Protocol):
    """What is looked at of a plant."""

    def seen(self, station: str, instruments: Sequence[str]) -> Seen:
        """Return how many lots a station has handed over, and what instruments show."""
        ...


@dataclass(frozen=True)
class Watching:
    """A change that was made, and who watches it."""

    writer: Writer
    link: WatchedPlant
    written: Written

    @property
    def change(self) -> Change:
        """What was approved, with what was foretold of it: as it was signed."""
        return self.written.approval.change

    @property
    def back(self) -> str:
        """Return how the set value was, as a person writes it."""
        return f"{self.change.address}={told(self.change.address, self.change.before)}"

    @property
    def can_go_back(self) -> bool:
        """Whether a person has approved that it is taken back, and that is still good."""
        until = self.written.approval.limits.rollback_until
        return until is not None and self.writer.now() <= until

    def tell(self, what: str, detail: dict[str, object]) -> None:
        """Write into the log what was seen."""
        self.writer.log.append(WHO, what, about=self.written.approval.about, after=detail)


def watch_change(of: Watching, seconds: float, interruption: Interruption) -> None:
    """Compare what comes with what was foretold; take it back where that was approved with it."""
    station = of.change.effect[0].station
    given = of.link.seen(station, ()).given
    watches = _watches(of, given)
    if not watches:
        say("nothing that the plant reads shows what was foretold: it is not watched")
        return
    of.tell(BEGUN, {"lots": given, "for": seconds})
    end = time.monotonic() + seconds
    try:
        while time.monotonic() < end and not interruption.asked:
            of.writer.check_beat(of.written.approval)
            _look(of, station, watches)
            if all(each.is_settled for each in watches.values()):
                break
            time.sleep(_LOOK_S)
    except OpcUaError as error:  # the plant, or the twin, is not heard any more
        of.tell("watching ended", {"why": str(error)})
        _propose(of, "it is not watched any more")
        sys.stderr.write(_AGAIN)
        raise
    for quantity, each in watches.items():
        _tell_verdict(of, quantity, each)
    if any(each.verdict() == "not as foretold" for each in watches.values()):
        _take_back(of, interruption)
    elif not all(each.is_settled for each in watches.values()):
        sys.stderr.write(_AGAIN)


def _watches(of: Watching, given: int) -> dict[str, Watch]:
    """Return quantity -> its watch, with the readings that were recorded before it was ended."""
    begun, recorded = taken_up(of.writer.log_of(of.written.approval), given)
    watches = {
        each.quantity: Watch(each.shown, begun, recorded.get(each.quantity, {}))
        for each in of.change.effect
        if each.shown is not None
    }
    if lots := max((len(each.readings) for each in watches.values()), default=0):
        say(f"going on from {counted(lots, 'recorded lot')}")
    return watches


def _look(of: Watching, station: str, watches: Mapping[str, Watch]) -> None:
    """Take what the instruments show now, and record what is news."""
    seen = of.link.seen(station, [each.instrument for each in watches.values()])
    for quantity, each in watches.items():
        for lot in each.take(seen):
            of.tell(READ, {"quantity": quantity, "lots": lot, "value": each.readings[lot]})


def _tell_verdict(of: Watching, quantity: str, watch: Watch) -> None:
    """Say and log what has come of a quantity."""
    (low, high), lots = watch.allowed, len(watch.readings)
    detail: dict[str, object] = {
        "quantity": quantity,
        "verdict": watch.verdict(),
        "lots": lots,
        "mean": watch.mean if lots else None,
        "allowed": [low, high],
    }
    of.tell("change watched", detail)
    seen = (
        f"{told(quantity, watch.mean, 4)} in the mean of {counted(lots, 'lot')}"
        if lots
        else "no lot yet"
    )
    foretold = told_span(quantity, (watch.shown.then[0], low, high))
    before = told(quantity, watch.shown.now[0], 4)
    say(f"{quantity}: {watch.verdict()}: {seen}, foretold {foretold}, before {before}")


def _roll_back(of: Watching, interruption: Interruption) -> None:
    """Take a change back, as soon as the plant's state lets it, until the rollback's time ends."""
    waits, known = "", of.writer.record.changed_since(of.written.approval)
    while True:
        try:
            others = of.writer.record.changed_since(of.written.approval)[len(known) :]
            if others:
                message = f"{', '.join(others)} was set meanwhile"
                raise refusal(Reason.OTHER_CHANGE, message, "see what came of that first")
            of.writer.roll_back(of.written)
        except RefusedError as error:
            if error.reason != Reason.STATE.text or not of.can_go_back or interruption.asked:
                raise
            if str(error) != waits:
                waits = str(error)
                say_aside(f"not taken back yet: {waits}; it is tried again, Ctrl-C ends that")
            time.sleep(_TRY_AGAIN_S)
        else:
            say(f"taken back: {of.back}")
            return


def _take_back(of: Watching, interruption: Interruption) -> None:
    """Take a change back, or propose it to a person."""
    if of.written.approval.limits.rollback_until is None:
        _propose(of, "taking it back was not approved with it")
        return
    if others := of.writer.record.changed_since(of.written.approval):
        _propose(of, f"it was not taken back: {', '.join(others)} was set since, it may be that")
        return
    try:
        _roll_back(of, interruption)
    except RefusedError as error:
        _propose(of, f"it was not taken back: {error}")
        raise


def _propose(of: Watching, why: str) -> None:
    """Propose to a person to take a change back."""
    of.tell("rollback proposed", {"set": of.back, "why": why})
    if of.can_go_back:
        say_aside(
            f"{why}; taking it back was approved with it: "
            "the same command with --take-back in place of --watch"
        )
        return
    say_aside(f"{why}; to take it back: linetwin live approve --set '{of.back}'")
