"""`linetwin live approve` and `live write`: a person's change, foretold, signed, asked, watched."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import typer

from linetwin.cli.feeding import SECURITY as FEED_SECURITY
from linetwin.cli.interruption import Interruption
from linetwin.cli.locking import held as locked
from linetwin.cli.printing import print_json, print_table
from linetwin.cli.twin_advising import TwinAtHand
from linetwin.cli.twin_forking import origin_of, read_kept
from linetwin.cli.twin_keeping import SESSION
from linetwin.cli.twin_run import MAPPING
from linetwin.cli.visiting import password_of
from linetwin.errors import OpcUaError, Problem, RefusedError, ScenarioError
from linetwin.quantities import Quantity, vocabulary
from linetwin.results.audit import AuditLog
from linetwin.scenario import units
from linetwin.scenario.mapping import load_mapping
from linetwin.twin.advising.kept import kept
from linetwin.twin.advising.levers import lever_of
from linetwin.twin.approval import ApprovalDesk, Change, Limits, approve, read_approval
from linetwin.twin.security.connecting import Credentials, Terms
from linetwin.twin.security.folders import SecurityFolder
from linetwin.twin.security.identity import identity
from linetwin.twin.security.reasons import Reason, refusal
from linetwin.twin.security.trust import Trust
from linetwin.twin.security.users import Users
from linetwin.twin.writing.contact import check_contact
from linetwin.twin.writing.link import OpcUaPlant
from linetwin.twin.writing.policy import load_policy
from linetwin.twin.writing.proposal import Proposal, read_proposal
from linetwin.twin.writing.watching import Watch
from linetwin.twin.writing.writer import Writer

if TYPE_CHECKING:
    from linetwin.twin.writing.contact import Contact
    from linetwin.twin.writing.policy import Enabled, WritePolicy
    from linetwin.twin.writing.proposal import Expected
    from linetwin.twin.writing.writer import Written

_SPAN = Quantity("time", "s", "wall time", minimum=1.0, maximum=31 * 86_400.0)
_LOOK_S = 0.5


@dataclass(frozen=True)
class Wish:
    """A change that somebody wants approved; `rollback`: for how long it may be taken back."""

    twin: Path
    policy: Path
    who: str
    security: Path
    output: Path
    setting: str = ""
    advice: str = ""
    until: str = "1 h"
    rollback: str | None = None
    why: str = ""
    yes: bool = False


@dataclass(frozen=True)
class Order:
    """An approved change that is to be made; `watch`: for how long it is watched."""

    twin: Path
    policy: Path
    proposal: Path
    security: Path
    watch: str | None = None


# ------------------------------------------------------------------------------------- approving
def approve_change(wish: Wish, *, as_json: bool) -> None:
    """Show what a change would do, ask the person, and sign."""
    twin = TwinAtHand(wish.twin)
    try:
        policy = load_policy(wish.policy, twin.scenario)
        check_contact(twin.kept.contact, policy.heartbeat_s, datetime.now(UTC))
        enabled, after, why = _asked(wish, twin, policy)
        before = twin.set_now(enabled.station, enabled.tag)
        lever = lever_of(enabled.address, twin.kind, before, after)
        expected = tuple(twin.foresight().effect(lever)) if lever else ()
    finally:
        twin.close()
    if not expected:
        message = f"what {enabled.address} does to the next lots is not known"
        remedy = "no approval without what it does: try it in linetwin live fork"
        raise refusal(Reason.NOT_SIMULATED, message, remedy)
    now = datetime.now(UTC)
    name = f"{now:%Y%m%d-%H%M%S}-{enabled.tag}"
    found = Proposal(name, enabled.address, enabled.unit, before, after, why, expected)
    _show(found, as_json=as_json)
    if not wish.yes and not typer.confirm("Approve this change?", default=False, err=True):
        raise ScenarioError([Problem("was not approved: nothing is signed", found.address)])
    back = None if wish.rollback is None else now + _span(wish.rollback, "--rollback")
    until = now + _span(wish.until, "--until")
    limits = Limits(enabled.low, enabled.high, until, back, policy.digest)
    change = Change(policy.plant, enabled.address, enabled.unit, before, after)
    folder = SecurityFolder(wish.security)
    signed = approve(wish.who, identity(folder), change, limits)
    about = f"{change.address} {signed.nonce}"
    AuditLog(folder.log).append(
        wish.who, "change approved", about=about, before=before, after=after
    )
    found.with_approval(signed.text()).save(wish.output)
    typer.echo(
        f"{wish.output}: approved by {wish.who} until {limits.until:%Y-%m-%d %H:%M} UTC\n"
        f"make it: linetwin live write {wish.twin} {wish.policy} {wish.output}",
        err=True,
    )


def _asked(wish: Wish, twin: TwinAtHand, policy: WritePolicy) -> tuple[Enabled, float, str]:
    """Return what is to be set, to what, and why: as the person says, or as is advised."""
    if bool(wish.setting) == bool(wish.advice):
        raise ScenarioError([Problem("needs a change", "--set", "or --advice NAME, one of them")])
    if not wish.advice:
        return *_enabled(wish.setting, policy), wish.why
    advice = twin.advised(wish.advice)
    setting = f"{advice.lever.address}={advice.lever.after!r} {advice.unit}"
    return *_enabled(setting, policy), wish.why or advice.why


def _enabled(setting: str, policy: WritePolicy) -> tuple[Enabled, float]:
    """Return what is to be set, and to what; refused here as it would be by the writer."""
    address, equals, text = setting.partition("=")
    enabled = policy.enabled.get(address.strip())
    if not equals or enabled is None:
        hint = f"ADDRESS=VALUE of {', '.join(policy.enabled) or 'nothing: none is enabled'}"
        raise ScenarioError([Problem("is not enabled", setting, hint, policy.file)])
    name = enabled.tag if enabled.tag in vocabulary() else enabled.tag.rpartition("_")[0]
    value = units.parse(text.strip(), vocabulary()[name])
    if not enabled.low <= value <= enabled.high:
        hint = f"{enabled.low:g} to {enabled.high:g} {enabled.unit}"
        raise ScenarioError([Problem("is out of bounds", setting, hint, policy.file)])
    return enabled, value


def _span(text: str, option: str) -> timedelta:
    try:
        return timedelta(seconds=units.parse(text, _SPAN))
    except ScenarioError as error:
        problems = [Problem(each.message, option, each.hint) for each in error.problems]
        raise ScenarioError(problems) from error


def _show(found: Proposal, *, as_json: bool) -> None:
    """Print a proposal: what is set, and what is foretold."""
    if as_json:
        print_json(vars(found) | {"expected": [vars(each) for each in found.expected]})
        return
    unit = found.unit
    typer.echo(f"{found.address}: {found.before:g} {unit} -> {found.after:g} {unit}  {found.why}")
    rows = [_row(each) for each in found.expected]
    headings = ["of the next lots", "unit", "as set", "95 %", "changed", "95 %", "read by"]
    print_table(found.expected[0].station, headings, rows, 2)


def _row(each: Expected) -> list[str]:
    now, then = each.now, each.then
    return [
        each.quantity,
        each.unit,
        f"{now[0]:.4g}",
        f"{now[1]:.4g} to {now[2]:.4g}",
        f"{then[0]:.4g}",
        f"{then[1]:.4g} to {then[2]:.4g}",
        each.signal.rpartition(".")[2] or "-",
    ]


# --------------------------------------------------------------------------------------- writing
def write(order: Order) -> None:
    """Make an approved change, and watch it."""
    _check_apart(order)
    _, found = read_kept(order.twin)
    scenario = origin_of(found).load()
    policy = load_policy(order.policy, scenario)
    _check_user(order, policy)
    proposal = read_proposal(order.proposal)
    approval = read_approval(proposal.approval)
    seconds = None if order.watch is None else _span(order.watch, "--watch").total_seconds()
    folder = SecurityFolder(order.security)
    user = Credentials(policy.user, password_of(policy.user))
    host = policy.host or None
    terms = Terms(identity(folder), Trust(folder), policy.security_policy, user, host)
    with locked(order.security), Interruption().watched() as interruption:
        link = OpcUaPlant(policy.endpoint, terms)
        try:
            writer = _writer(order, policy, link)
            written = writer.write(approval)
            address, unit = approval.change.address, approval.change.unit
            typer.echo(f"accepted: {address} {written.before:g} -> {written.after:g} {unit}")
            if seconds is not None:
                watch_change(Watching(writer, link, proposal, written), seconds, interruption)
        finally:
            link.close()


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


def _writer(order: Order, policy: WritePolicy, link: OpcUaPlant) -> Writer:
    folder = SecurityFolder(order.security)
    log = AuditLog(folder.log)
    desk = ApprovalDesk(policy.plant, folder.root / "approvals", Users(folder.users), log)
    return Writer(policy, link, desk, log, folder.root / "writing", Pulse(order.twin))


class Pulse:
    """Tells how a saved twin stood to its plant; it is read again only once it was saved anew."""

    def __init__(self, twin: Path) -> None:
        self._file = twin / SESSION if twin.is_dir() else twin
        self._stamp = 0
        self._contact: Contact | None = None

    def __call__(self) -> Contact | None:
        """Return its contact; what was read last where it is just being saved."""
        try:
            stamp = self._file.stat().st_mtime_ns
            if stamp != self._stamp:
                self._contact = kept(self._file.read_bytes()).contact
                self._stamp = stamp
        except OSError:
            pass  # between two renames there is no file; what was read last grows old by itself
        return self._contact


class WatchedPlant(Protocol):
    """What is looked at of a plant."""

    def given(self, station: str) -> int:
        """Return how many lots a station has handed over."""
        ...

    def measurement(self, station: str, name: str) -> float:
        """Return what an instrument shows."""
        ...


@dataclass(frozen=True)
class Watching:
    """A change that was made, and who watches it."""

    writer: Writer
    link: WatchedPlant
    proposal: Proposal
    written: Written

    @property
    def back(self) -> str:
        """Return how the set value was."""
        change = self.written.approval.change
        return f"{change.address}={change.before:g} {change.unit}"

    def tell(self, what: str, detail: dict[str, object]) -> None:
        """Write into the log what was seen."""
        about = f"{self.proposal.address} {self.written.approval.nonce}"
        self.writer.log.append("writer", what, about=about, after=detail)


def watch_change(of: Watching, seconds: float, interruption: Interruption) -> None:
    """Compare what comes with what was foretold; take it back where that was approved with it."""
    shown = [each for each in of.proposal.expected if each.signal]
    if not shown:
        typer.echo("nothing that the plant reads shows what was foretold: it is not watched")
        return
    station = shown[0].station
    watches = [Watch(each, of.link.given(station)) for each in shown]
    end = time.monotonic() + seconds
    try:
        while time.monotonic() < end and not interruption.asked:
            of.writer.check_beat()
            given = of.link.given(station)
            for each in watches:
                name = each.expected.signal.rpartition(".")[2]
                each.take(given, of.link.measurement(station, name))
            if all(each.verdict() != "not known yet" for each in watches):
                break
            time.sleep(_LOOK_S)
    except OpcUaError as error:  # the plant, or the twin, is not heard any more
        of.tell("watching ended", {"why": str(error)})
        _propose(of, "it is not watched any more")
        raise
    for each in watches:
        low, high = each.allowed
        detail = {
            "quantity": each.expected.quantity,
            "verdict": each.verdict(),
            "lots": len(each.readings),
            "mean": None if not each.readings else each.mean,
            "allowed": [low, high],
        }
        of.tell("change watched", detail)
        unit, lots = each.expected.unit, len(each.readings)
        seen = f"{each.mean:.4g} {unit} of {lots} lots" if lots else "no lot yet"
        foretold = f"{low:.4g} to {high:.4g} {unit}"
        typer.echo(f"{each.expected.quantity}: {each.verdict()}: {seen}, foretold {foretold}")
    if any(each.verdict() == "not as foretold" for each in watches):
        _take_back(of)


def _take_back(of: Watching) -> None:
    """Take a change back, or propose it to a person."""
    if of.written.approval.limits.rollback_until is None:
        _propose(of, "taking it back was not approved with it")
        return
    try:
        of.writer.roll_back(of.written)
    except RefusedError as error:
        _propose(of, f"it was not taken back: {error}")
        raise
    typer.echo(f"taken back: {of.back}")


def _propose(of: Watching, why: str) -> None:
    """Propose to a person to take a change back."""
    of.tell("rollback proposed", {"set": of.back, "why": why})
    sys.stderr.write(f"linetwin: {why}; to take it back: linetwin live approve --set '{of.back}'\n")
