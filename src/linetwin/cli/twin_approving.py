"""`linetwin live approve`: a person's change of a set value, foretold, shown and signed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import typer

from linetwin.cli.printing import print_json, print_table, say
from linetwin.cli.twin_advising import TwinAtHand
from linetwin.cli.twin_forking import OLD_S
from linetwin.errors import Problem, ScenarioError
from linetwin.quantities import Quantity, vocabulary
from linetwin.results.audit import AuditLog
from linetwin.scenario import units
from linetwin.twin.advising.levers import lever_of
from linetwin.twin.approval import Change, Limits, approve
from linetwin.twin.security.folders import PUBLIC_FILE, SecurityFolder, replace
from linetwin.twin.security.identity import identity
from linetwin.twin.security.reasons import Reason, refusal
from linetwin.twin.writing.contact import IN_STEP, OUT_OF_STEP, check_contact
from linetwin.twin.writing.foretold import quantity_at, told, told_change, told_span
from linetwin.twin.writing.policy import load_policy
from linetwin.twin.writing.status import StatusFile, check_plant, check_station, check_status

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from linetwin.twin.writing.foretold import Expected
    from linetwin.twin.writing.policy import Enabled, WritePolicy

Spans = tuple[timedelta, timedelta | None]
"""For how long an approval is good, and for how long the change may be taken back by it."""
_SPAN = Quantity("time", "s", "wall time", minimum=1.0, maximum=31 * 86_400.0)


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


def one_of(settings: Sequence[str]) -> str:
    """Return the one change of `--set`, "" without any; ScenarioError for several."""
    if len(settings) > 1:
        hint = "one address each approval: approve and write them one after the other"
        raise ScenarioError([Problem(f"is given {len(settings)} times", "--set", hint)])
    return settings[0] if settings else ""


def approve_change(wish: Wish, *, as_json: bool) -> None:
    """Show what a change would do, ask the person, and sign."""
    twin = TwinAtHand(wish.twin)
    try:
        policy = load_policy(wish.policy, twin.scenario)
        enabled, after, why = _asked(wish, twin, policy)
        spans = _spans(wish, policy)
        now = datetime.now(UTC)
        check_contact(twin.kept.contact, OLD_S, now, (IN_STEP, OUT_OF_STEP))
        status = check_status(StatusFile(twin.file.parent).read(), policy.heartbeat_s, now)
        check_plant(status, policy.plant)
        check_station(status, enabled.station)
        before = twin.set_now(enabled.station, enabled.tag)
        enabled.check_step(before, after)
        lever = lever_of(enabled.address, twin.kind, before, after)
        effect = tuple(twin.foresight().effect(lever)) if lever else ()
    finally:
        twin.close()
    if not effect:
        message = f"{enabled.address}: no effect on the next lots is foretold, or it may be none"
        remedy = "no approval without what it does: try it in linetwin live fork"
        raise refusal(Reason.NOT_SIMULATED, message, remedy)
    change = Change(
        policy.plant, enabled.address, enabled.unit, before, after, effect, status.twin, why
    )
    _show(change, as_json=as_json)
    if not wish.yes and not typer.confirm("Approve this change?", default=False, err=True):
        raise ScenarioError([Problem("was not approved: nothing is signed", change.address)])
    _sign(wish, policy, change, spans)


def _sign(wish: Wish, policy: WritePolicy, change: Change, spans: Spans) -> None:
    """Sign a change and write the approval; the log of who approves has it."""
    now, enabled = datetime.now(UTC), policy.enabled[change.address]
    back = None if spans[1] is None else now + spans[1]
    until = now + spans[0]
    limits = Limits(enabled.low, enabled.high, until, back, policy.digest)
    folder = SecurityFolder(wish.security)
    signed = approve(wish.who, identity(folder), change, limits)
    about = f"{change.address} {signed.nonce}"
    effect = [each.plain() for each in change.effect]
    after = {"value": change.after, "why": change.why, "effect": effect}
    AuditLog(folder.log).append(
        wish.who, "change approved", about=about, before=change.before, after=after
    )
    replace(wish.output, signed.text().encode(), PUBLIC_FILE)
    say(
        f"{wish.output}: approved by {wish.who} until {until:%Y-%m-%d %H:%M} UTC\n"
        f"make it: linetwin live write {wish.twin} {wish.policy} {wish.output}",
        err=True,
    )


def _spans(wish: Wish, policy: WritePolicy) -> Spans:
    """Return for how long it is good, and may be taken back; within what the policy allows."""
    asked = {"--until": wish.until, "--rollback": wish.rollback}
    found = {key: None if text is None else span_of(text, key) for key, text in asked.items()}
    longest = timedelta(seconds=policy.longest_s)
    for key, span in found.items():
        if span is not None and span > longest:
            hint = f"at most {policy.longest_s / 3600:g} h: good_for"
            raise ScenarioError(
                [Problem("is too long", f"{key} '{asked[key]}'", hint, policy.file)]
            )
    until = found["--until"]
    assert until is not None  # noqa: S101  it has a default
    return until, found["--rollback"]


def span_of(text: str, option: str) -> timedelta:
    """Return a wall time that was given for an option."""
    try:
        seconds = units.parse(text, _SPAN)
    except ScenarioError as error:
        problems = [Problem(each.message, option, each.hint) for each in error.problems]
        raise ScenarioError(problems) from error
    if not _SPAN.minimum <= seconds <= _SPAN.maximum:
        raise ScenarioError([Problem(f"'{text}' is out of range", option, "1 s to 31 d")])
    return timedelta(seconds=seconds)


def _asked(wish: Wish, twin: TwinAtHand, policy: WritePolicy) -> tuple[Enabled, float, str]:
    """Return what is to be set, to what, and why: as the person says, or as is advised."""
    if bool(wish.setting) == bool(wish.advice):
        raise ScenarioError([Problem("needs a change", "--set", "or --advice NAME, one of them")])
    if not wish.advice:
        address, _, text = wish.setting.partition("=")
        word = vocabulary()[quantity_at(_enabled(address, policy).address)]
        return *_within(address, units.parse(text.strip(), word), policy), wish.why
    advice = twin.advised(wish.advice)
    lever = advice.lever
    return *_within(lever.address, lever.after, policy), wish.why or advice.why


def _enabled(address: str, policy: WritePolicy) -> Enabled:
    enabled = policy.enabled.get(address.strip())
    if enabled is None:
        hint = f"ADDRESS=VALUE of {', '.join(policy.enabled) or 'nothing: none is enabled'}"
        raise ScenarioError([Problem("is not enabled", address.strip(), hint, policy.file)])
    return enabled


def _within(address: str, value: float, policy: WritePolicy) -> tuple[Enabled, float]:
    """Return what is to be set, and to what; refused here as it would be by the writer."""
    enabled = _enabled(address, policy)
    if not enabled.low <= value <= enabled.high:
        ends = f"{told(enabled.address, enabled.low)} to {told(enabled.address, enabled.high)}"
        what = f"{enabled.address}={told(enabled.address, value)}"
        raise ScenarioError([Problem("is out of bounds", what, ends, policy.file)])
    return enabled, value


# --------------------------------------------------------------------------------------- showing
def _show(change: Change, *, as_json: bool) -> None:
    """Print what is set, and what is foretold."""
    if as_json:
        print_json(vars(change) | {"effect": [each.plain() for each in change.effect]})
        return
    before, after = told(change.address, change.before), told(change.address, change.after)
    say(f"{change.address}: {before} -> {after}  {change.why}")
    headings = ["of the next lots", "as set", "95 %", "changed", "95 %", "by", "95 %", "read by"]
    print_table(change.effect[0].station, headings, [_row(each) for each in change.effect], 1)


def _row(each: Expected) -> list[str]:
    name = each.quantity
    median, low, high = each.change
    return [
        name,
        told(name, each.now[0], 4),
        told_span(name, each.now),
        told(name, each.then[0], 4),
        told_span(name, each.then),
        told_change(name, median),
        f"{told_change(name, low)} to {told_change(name, high)}",
        each.shown.signal.rpartition(".")[2] if each.shown is not None else "-",
    ]
