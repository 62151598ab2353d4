"""A person's approval of one change: signed, bounded in value and time, good for one use.

The person signs with the key of a user's certificate whose role may set. Signed is everything:
who, which plant, which address, from what to what and why, what that was foretold to do and by
which twin, within which bounds, until when, and a nonce. What may do nothing for all that is known
is not approved.
A desk accepts an approval once: its nonce is spent on the disk before the change is made, so that
neither a restart nor a second process accepts it again. Approvals and refusals stand in the log; of
one that is refused as tampered the log has the name that it claims.
"""

from __future__ import annotations

import json
import math
import re
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from linetwin.errors import Problem, RefusedError, ScenarioError
from linetwin.results.audit import canonical
from linetwin.twin.security.certificates import Certificate
from linetwin.twin.security.folders import PRIVATE_FILE, sync_folder, write_new
from linetwin.twin.security.reasons import Reason, refusal
from linetwin.twin.security.roles import Right, may
from linetwin.twin.writing.foretold import expected_of, told

if TYPE_CHECKING:
    from pathlib import Path

    from linetwin.results.audit import AuditLog
    from linetwin.twin.security.identity import Identity
    from linetwin.twin.security.users import Users
    from linetwin.twin.writing.foretold import Expected

_DOMAIN = b"linetwin approval 1\n"
_NONCE = re.compile(r"[0-9a-f]{32}")
_LONGEST_TEXT = 65_536
_TOLERANCE = 1e-9
"""Relative difference below which the setpoint that was seen is the one that is there [A]."""


@dataclass(frozen=True)
class Change:
    """One setpoint from `before` to `after`, in `unit` (UCUM), at a plant's application URI.

    `effect`: what it was foretold to do; `twin`: by which twin; `why`: what it is for.
    """

    plant: str
    address: str
    unit: str
    before: float
    after: float
    effect: tuple[Expected, ...]
    twin: str = ""
    why: str = ""


@dataclass(frozen=True)
class Limits:
    """Bounds of the value in the change's unit; UTC until which it may be made and taken back.

    Without `rollback_until` taking it back needs an approval of its own. `policy`: SHA-256 of the
    write policy under which it was approved.
    """

    low: float
    high: float
    until: datetime
    rollback_until: datetime | None = None
    policy: str = ""


@dataclass(frozen=True)
class Approval:
    """What was signed, with the certificate (DER) and the signature of who approves."""

    who: str
    change: Change
    limits: Limits
    nonce: str
    certificate: bytes
    signature: bytes

    @property
    def about(self) -> str:
        """By what logs name the change and its approval."""
        return f"{self.change.address} {self.nonce}"

    def text(self) -> str:
        """Return the approval as a JSON text that `read_approval` reads."""
        fields = {
            **_fields(self.who, self.change, self.limits, self.nonce),
            "certificate": self.certificate.hex(),
            "signature": self.signature.hex(),
        }
        return canonical(fields).decode("ascii")


def approve(who: str, identity: Identity, change: Change, limits: Limits) -> Approval:
    """Return the approval, signed with the key of the user's certificate.

    Raises ScenarioError for bounds that do not hold the value, and a value that is no number;
    RefusedError where no effect is foretold, or one whose interval holds zero.
    """
    numbers = (change.before, change.after, limits.low, limits.high)
    if not all(map(math.isfinite, numbers)) or not limits.low <= change.after <= limits.high:
        message = _not_within(change, limits, change.after)
        raise ScenarioError([Problem(message, change.address, "widen the bounds or the change")])
    _check_effect(change)
    nonce = secrets.token_hex(16)
    content = _signed(_fields(who, change, limits, nonce))
    signature = identity.key().sign(content, _padding(), hashes.SHA256())
    return Approval(who, change, limits, nonce, identity.certificate.der, signature)


def read_approval(text: str) -> Approval:
    """Return the approval of a text; RefusedError where it is none, in the one encoding."""
    try:
        approval = _parsed(json.loads(text[:_LONGEST_TEXT]))
        if approval.text() == text:
            return approval
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        pass
    raise refusal(Reason.FORGED, "it is no approval", "have the change approved anew")


class ApprovalDesk:
    """Accepts the approvals for one plant, each once; what it spent is in `folder`."""

    def __init__(self, plant: str, folder: Path, users: Users, log: AuditLog) -> None:
        self._plant = plant
        self._folder = folder
        self._users = users
        self._log = log

    def redeem(
        self, approval: Approval, current: float, asked: float, now: datetime | None = None
    ) -> None:
        """Spend an approval for one change; when this returns the change may be made, once.

        `current` is the setpoint that the plant has, `asked` the one to be written, both in the
        approval's unit. Raises RefusedError with the reason, which the log has too.
        """
        moment = now or datetime.now(UTC)
        try:
            self._check(approval, approval.limits.until, moment)
            if self.is_spent(approval):  # told before what the change has changed
                raise _replayed(approval.nonce)
            _check_values(approval, current, asked)
            self._spend(approval.nonce)
        except RefusedError as error:
            wanted = {"asked": _plain(asked), "why": str(error)}
            self._tell("approval refused", approval, current, wanted)
            raise
        self._tell("approval spent", approval, current, asked)

    def redeem_rollback(
        self, approval: Approval, current: float, now: datetime | None = None, name: str = ""
    ) -> float:
        """Spend the rollback approved with a change; return the setpoint to go back to.

        Only after the change itself, once by each name, and while the plant still has what was
        written. `name`: of the request; another once it is known that one came to nothing.
        """
        moment = now or datetime.now(UTC)
        try:
            until = approval.limits.rollback_until
            if until is None:
                message = f"taking {approval.change.address} back was not approved with the change"
                raise refusal(Reason.OTHER_CHANGE, message, "have it approved as a change")
            self._check(approval, until, moment)
            self.check_spent(approval)
            _check_same(approval.change.after, current, approval.change)
            self._spend(name or f"{approval.nonce}-rollback")
        except RefusedError as error:
            self._tell("rollback refused", approval, current, {"why": str(error)})
            raise
        self._tell("rollback spent", approval, current, approval.change.before)
        return approval.change.before

    def is_spent(self, approval: Approval) -> bool:
        """Return whether an approval was spent before; one whose signature was checked."""
        return self._spent(approval.nonce).exists()

    def check_made(self, approval: Approval, current: float) -> None:
        """Raise RefusedError unless the plant has what an approval of this desk has changed."""
        self.check_spent(approval)
        _check_same(approval.change.after, current, approval.change)

    def check_spent(self, approval: Approval) -> None:
        """Raise RefusedError where an approval was not spent, or was changed."""
        check_signature(approval)
        if not self.is_spent(approval):
            message = f"{approval.change.address} was not changed by this approval"
            raise refusal(Reason.OTHER_CHANGE, message, "there is nothing to watch or to take back")

    def _check(self, approval: Approval, until: datetime, now: datetime) -> None:
        """Raise RefusedError unless who signed may approve, here and still."""
        check_signature(approval)
        user = self._users.by_certificate(Certificate(approval.certificate), now)
        if user.name != approval.who:
            message = f"{approval.who!r} is said to approve, {user.name!r} has signed"
            raise refusal(Reason.FORGED, message, "have the change approved anew")
        if not may(user.role, Right.SET):
            message = f"{user.role} {user.name!r} may not approve a change"
            raise refusal(Reason.ROLE, message, "a role with the right to set is needed")
        if approval.change.plant != self._plant:
            message = f"it is for {approval.change.plant}, this is {self._plant}"
            raise refusal(Reason.OTHER_CHANGE, message, "have the change approved for this plant")
        _check_effect(approval.change)
        if now > until:
            message = f"it was good until {until}, it is {now}"
            raise refusal(Reason.LATE, message, "have the change approved anew")

    def _spend(self, name: str) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        try:
            write_new(self._spent(name), b"", PRIVATE_FILE)
        except FileExistsError as error:
            raise _replayed(name) from error
        sync_folder(self._folder)

    def _spent(self, name: str) -> Path:
        return self._folder / f"{name}.spent"

    def _tell(self, what: str, approval: Approval, before: object, after: object) -> None:
        self._log.append(
            approval.who, what, about=approval.about, before=_plain(before), after=after
        )


def _replayed(name: str) -> RefusedError:
    message = f"approval {name} was spent already"
    return refusal(Reason.REPLAYED, message, "have the change approved anew")


def check_signature(approval: Approval) -> None:
    """Raise RefusedError where an approval is not as the holder of its certificate signed it."""
    remedy = "have the change approved anew"
    try:
        key = Certificate(approval.certificate).parsed.public_key()
        if not isinstance(key, rsa.RSAPublicKey) or _NONCE.fullmatch(approval.nonce) is None:
            raise refusal(Reason.FORGED, "it has no RSA key or no nonce", remedy)
        fields = _fields(approval.who, approval.change, approval.limits, approval.nonce)
        key.verify(approval.signature, _signed(fields), _padding(), hashes.SHA256())
    except (InvalidSignature, UnsupportedAlgorithm, ValueError, TypeError) as error:
        message = f"the signature of {approval.who!r} is not of this content"
        raise refusal(Reason.FORGED, message, remedy) from error


def _check_effect(change: Change) -> None:
    """Refuse a change of which nothing is foretold, or something that may be nothing."""
    unsure = [each.quantity for each in change.effect if not each.is_sure]
    if change.effect and not unsure:
        return
    what = f"{unsure[0]} may stay as it is" if unsure else "it is not known what it does"
    message = f"{change.address}: {what}"
    raise refusal(Reason.NOT_SIMULATED, message, "try it in linetwin live fork")


def _not_within(change: Change, limits: Limits, value: float) -> str:
    low, high = told(change.address, limits.low), told(change.address, limits.high)
    return f"{told(change.address, value)} is not within {low} to {high}"


def _check_values(approval: Approval, current: float, asked: float) -> None:
    change, limits = approval.change, approval.limits
    if not limits.low <= asked <= limits.high:
        message = _not_within(change, limits, asked)
        raise refusal(Reason.BOUNDS, message, "have another change approved")
    if asked != change.after:
        approved, wanted = told(change.address, change.after), told(change.address, asked)
        message = f"{approved} was approved, {wanted} was asked for"
        raise refusal(Reason.OTHER_CHANGE, message, "write what was approved")
    _check_same(change.before, current, change)


def _check_same(seen: float, current: float, change: Change) -> None:
    if not math.isclose(seen, current, rel_tol=_TOLERANCE, abs_tol=0.0):
        then, now = told(change.address, seen), told(change.address, current)
        message = f"{change.address} was {then} then and is {now} now"
        raise refusal(Reason.OTHER_CHANGE, message, "look at the plant, then approve anew")


def _fields(who: str, change: Change, limits: Limits, nonce: str) -> dict[str, Any]:
    rollback = limits.rollback_until
    bounds = {
        "low": float(limits.low),
        "high": float(limits.high),
        "until": limits.until.astimezone(UTC).isoformat(),
        "rollback_until": None if rollback is None else rollback.astimezone(UTC).isoformat(),
        "policy": limits.policy,
    }
    numbers = {"before": float(change.before), "after": float(change.after)}
    content = {**vars(change), **numbers, "effect": [each.plain() for each in change.effect]}
    return {"who": who, "change": content, "limits": bounds, "nonce": nonce}


def _parsed(fields: dict[str, Any]) -> Approval:
    """Return the approval of these fields; ValueError, TypeError, KeyError for others."""
    change, bounds = fields["change"], fields["limits"]
    rollback = bounds["rollback_until"]
    return Approval(
        str(fields["who"]),
        Change(
            plant=str(change["plant"]),
            address=str(change["address"]),
            unit=str(change["unit"]),
            before=float(change["before"]),
            after=float(change["after"]),
            effect=tuple(expected_of(each) for each in change["effect"]),
            twin=str(change["twin"]),
            why=str(change["why"]),
        ),
        Limits(
            float(bounds["low"]),
            float(bounds["high"]),
            datetime.fromisoformat(bounds["until"]),
            None if rollback is None else datetime.fromisoformat(rollback),
            str(bounds["policy"]),
        ),
        str(fields["nonce"]),
        bytes.fromhex(fields["certificate"]),
        bytes.fromhex(fields["signature"]),
    )


def _signed(fields: dict[str, Any]) -> bytes:
    return _DOMAIN + canonical(fields)


def _padding() -> padding.PSS:
    return padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.DIGEST_LENGTH)


def _plain(value: object) -> object:
    """Return a value as JSON holds it: a number that is none is told as text."""
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value
